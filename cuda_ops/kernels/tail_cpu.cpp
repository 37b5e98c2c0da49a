// Tails of the synthesis layers on the CPU; inference only.
#include "tail.h"

#include "cpu.h"
#include "index.h"

#define OPS_BODY "tail_body.h"
#include "foreach_isa.h"

namespace ops {

void modulated_tail_cpu(int32_t kind, const void* y, void* out, int64_t n, int64_t c, int64_t h, int64_t w, bool last,
                        const Tail& t) {
  OPS_CALL(modulated_tail, kind, y, out, n, c, h, w, last, t);
}

void fir_tail_cpu(int32_t kind, const void* y, void* out, const float* fx, const float* fy, const Resampling& r,
                  const Tail& t) {
  OPS_CALL(fir_tail, kind, y, out, fx, fy, r, t);
}

void skip_add_cpu(const float* image, float* out, const float* fx, const float* fy, const Resampling& r, const Addend& a) {
  OPS_CALL(skip_add, image, out, fx, fy, r, a);
}

}  // namespace ops
