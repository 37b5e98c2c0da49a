// Index arithmetic of upfirdn2d, shared by the CPU and the CUDA kernels.
//
// Output o of an axis sees the enlarged, padded row from position o·down - pad on. Of the taps k = 0, 1, ... only those meet
// an input sample for which o·down - pad + k is a multiple of `up`: k = first_tap, first_tap + up, ...; they meet the inputs
// first_input, first_input + 1, ... which may lie outside the row (zeros).
#pragma once
#include <stdint.h>

#ifdef __CUDACC__
#define OPS_INLINE __host__ __device__ __forceinline__
#else
#define OPS_INLINE inline __attribute__((always_inline))
#endif

namespace ops {

OPS_INLINE int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return q - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

OPS_INLINE int64_t remainder(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }

OPS_INLINE int64_t first_tap(int64_t o, int64_t up, int64_t down, int64_t pad) {
  return remainder(pad - o * down, up);
}

OPS_INLINE int64_t first_input(int64_t o, int64_t up, int64_t down, int64_t pad) {
  return floor_div(o * down - pad + up - 1, up);
}

// Taps that meet an input, at most, for any output.
OPS_INLINE int64_t reach(int64_t taps, int64_t up) { return (taps + up - 1) / up; }

OPS_INLINE int64_t output_size(int64_t in, int64_t up, int64_t down, int64_t pad0, int64_t pad1, int64_t taps) {
  return floor_div(in * up + pad0 + pad1 - taps, down) + 1;
}

// Where tap k of a correlation lies in the filter as given.
OPS_INLINE int64_t tap_at(int64_t k, int64_t taps, bool flip) { return flip ? k : taps - 1 - k; }

}  // namespace ops
