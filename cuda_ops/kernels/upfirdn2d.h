// The launch functions of upfirdn2d: plain pointers and sizes, no torch header.
#pragma once
#include <stdint.h>

namespace ops {

struct Resampling {
  int64_t n, c, h, w;                  // input
  int64_t out_h, out_w;
  int64_t up_x, up_y, down_x, down_y;
  int64_t px0, px1, py0, py1;
  int64_t taps_x, taps_y;
  bool flip;
  bool last;                           // both images are channels_last, else both contiguous
  double gain;
};

// fx, fy: the factors of a separable filter, or fx the whole filter [taps_y, taps_x] and fy null; float or double like the sums.
void upfirdn2d_cpu(int32_t kind, const void* x, void* y, const void* fx, const void* fy, const Resampling& r);

// Splits a filter [tall, wide] into along ⊗ across if it is one; the largest relative residue allowed is `tolerance`.
bool factor_filter(const double* f, int64_t tall, int64_t wide, double tolerance, double* across, double* along);

}  // namespace ops
