// filtered_lrelu on the CPU.
#include "filtered_lrelu.h"

#include "cpu.h"
#include "index.h"

#define OPS_BODY "filtered_lrelu_body.h"
#include "foreach_isa.h"

namespace ops {

void filtered_lrelu_cpu(int32_t kind, const void* x, void* y, const Filtered& f) {
  OPS_CALL(filtered_lrelu, kind, x, y, f);
}

}  // namespace ops
