// bias_act and its derivatives on the CPU.
#include "bias_act.h"

#include "activation.h"
#include "cpu.h"

#define OPS_BODY "bias_act_body.h"
#include "foreach_isa.h"

namespace ops {

void bias_act_cpu(int32_t kind, const void* x, const void* b, const void* grad, void* y, const Activation& a) {
  OPS_CALL(bias_act, kind, x, b, grad, y, a);
}

}  // namespace ops
