// The gradient of the end of a synthesis layer, in one pass over its output, or over a band of its rows. Images are
// channels_last. No torch header.
#pragma once
#include <stdint.h>

namespace ops {

// The end was y = clamp(lrelu(z) · gain) with z = v · scale[n, c] + noise[n, p] · strength + bias[c]; the next layer took
// y · next[n, c], the colours Σ_c weight[n, k, c] · y. `t` is the gradient at y · next, `colours` that at the colours; one
// of them may be null. Into `out` goes the gradient at v. sums[n, 0, c] = Σ_p t · y is the gradient at `next`,
// sums[n, 1, c] = Σ_p v · scale · gradient at z, sums[n, 2 + k, c] = Σ_p colours[k] · y. Into `at_noise`, if it is there, goes
// Σ_c strength · gradient at z: the gradient at the noise, a dense map for each image.
struct EndGradient {
  const float *scale, *bias, *next;  // [n, c], [c], [n, c]; all there
  const float* noise;                // or null; one map: noise_n is 0
  int64_t noise_n;
  float strength, slope, gain, clamp;  // slope 1: linear; clamp < 0: none
  const float *colours, *weight;       // planes of the band; [n, k, c]
  int64_t count, colours_n, colours_k;  // k, at most 4; steps in values
  float* sums;                         // [n, 2 + k, c]
  float* at_noise;                     // or null; maps lie at_noise_n values apart
  int64_t at_noise_n;
};

// t, y, out [n, pixels, c]: t is dense, the images of y and out lie y_n and out_n values apart.
void tail_gradient_cpu(int32_t kind, const void* t, const void* y, int64_t y_n, void* out, int64_t out_n, int64_t n,
                       int64_t pixels, int64_t c, const EndGradient& g);

}  // namespace ops
