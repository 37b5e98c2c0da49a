// Inference only: what follows a convolution of the synthesis network, in one pass over its output. No torch header.
#pragma once
#include <stdint.h>

#include "upfirdn2d.h"

namespace ops {

// clamp(lrelu(v · scale[n, c] + noise[n, p] · strength + bias[c]) · gain): any of the pointers may be null.
struct Tail {
  const float* scale;     // [n, c]
  const float* noise;     // [noise_n, h, w]; noise_step is 0 for one map for all images, else h·w
  const float* bias;      // [c]
  int64_t noise_step;
  float strength, slope, gain, clamp;  // slope 1: linear; clamp < 0: none
};

// y [n, c, h, w] to out of the same layout; out may be y.
void modulated_tail_cpu(int32_t kind, const void* y, void* out, int64_t n, int64_t c, int64_t h, int64_t w, bool last,
                        const Tail& t);

// The same after a separable filter (float taps); r as for upfirdn2d_cpu.
void fir_tail_cpu(int32_t kind, const void* y, void* out, const float* fx, const float* fy, const Resampling& r,
                  const Tail& t);

// out [n c H W] = filtered enlargement of image (both contiguous float) + clamp(rgb + bias); rgb has any strides.
struct Addend {
  const void* rgb;
  int32_t kind;
  int64_t step_n, step_c, step_h, step_w;
  const float* bias;
  float clamp;
};
void skip_add_cpu(const float* image, float* out, const float* fx, const float* fy, const Resampling& r, const Addend& a);

}  // namespace ops
