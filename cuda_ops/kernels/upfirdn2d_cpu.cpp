// upfirdn2d on the CPU: threads over planes, strips and bands; AVX-512, AVX2 or plain vectors chosen at run time.
#include "upfirdn2d.h"

#include "cpu.h"
#include "index.h"

#define OPS_BODY "upfirdn2d_body.h"
#include "foreach_isa.h"

namespace ops {

void upfirdn2d_cpu(int32_t kind, const void* x, void* y, const void* fx, const void* fy, const Resampling& r) {
  OPS_CALL(upfirdn2d, kind, x, y, fx, fy, r);
}

bool factor_filter(const double* f, int64_t tall, int64_t wide, double tolerance, double* across, double* along) {
  int64_t best = 0;
  for (int64_t i = 1; i < tall * wide; ++i)
    if (fabs(f[i]) > fabs(f[best])) best = i;
  double pivot = f[best];
  if (!(fabs(pivot) > 0) || !isfinite(pivot)) return false;
  for (int64_t x = 0; x < wide; ++x) across[x] = f[best / wide * wide + x] / pivot;
  for (int64_t y = 0; y < tall; ++y) along[y] = f[y * wide + best % wide];
  for (int64_t y = 0; y < tall; ++y)
    for (int64_t x = 0; x < wide; ++x)
      if (!(fabs(f[y * wide + x] - along[y] * across[x]) <= tolerance * fabs(pivot))) return false;
  return true;
}

}  // namespace ops
