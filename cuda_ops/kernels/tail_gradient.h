// The gradient of the end of a synthesis layer, in one pass over its output. Images are channels_last. No torch header.
#pragma once
#include <stdint.h>

namespace ops {

// The end was y = clamp(lrelu(z) · gain) with z = v · scale[n, c] + noise[n, p] · strength + bias[c]; the next layer took
// y · next[n, c], the colours Σ_c weight[n, k, c] · y. `t` is the gradient at y · next, `colours` that at the colours; one
// of them may be null. Into `out` goes the gradient at v. sums[n, 0, c] = Σ_p t · y is the gradient at `next`,
// sums[n, 1, c] = Σ_p v · scale · gradient at z, sums[n, 2 + k, c] = Σ_p colours[k] · y.
struct EndGradient {
  const float *scale, *bias, *next;  // [n, c], [c], [n, c]; all there
  const float* noise;                // [n or 1, h, w] or null; step 0 for one map
  int64_t noise_step;
  float strength, slope, gain, clamp;  // slope 1: linear; clamp < 0: none
  const float *colours, *weight;       // [n, k, h, w], [n, k, c], k at most 4
  int64_t count;                       // k
  float* sums;                         // [n, 2 + k, c]
};

// t, y, out [n, pixels, c]: t and out dense, the images of y lie `step` values apart.
void tail_gradient_cpu(int32_t kind, const void* t, const void* y, int64_t step, void* out, int64_t n, int64_t pixels,
                       int64_t c, const EndGradient& g);

}  // namespace ops
