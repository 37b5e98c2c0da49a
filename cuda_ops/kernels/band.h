// What follows the convolutions of a synthesis layer, on a band of rows that still lies in the cache; no gradient of its own.
// Images are channels_last. No torch header.
#pragma once
#include <stdint.h>

namespace ops {

// r = clamp(lrelu(v · scale[n, c] + noise[n, p] · strength + bias[c]) · gain). r · next[n, c] goes to `out`, r to `keep`, the colours
// Σ_c weight[n, c / 4, k, c % 4] · r, at most four, to `rgb`; weights of missing channels and colours are 0. Any pointer but `bias` may be null; steps are in values.
struct Finish {
  const float *scale, *bias, *next;  // [n, c], [c], [n, c]
  const float* noise;                // row 0 is the first row of the band
  int64_t noise_n, noise_row;
  float strength, slope, gain, clamp;  // slope 1: linear; clamp < 0: none
  void* out;
  int64_t out_n, out_row;
  void* keep;
  int64_t keep_n, keep_row;
  const float* weight;  // [n, (c + 3) / 4, 4, 4]
  float* rgb;
  int64_t rgb_n, rgb_colour, rgb_row, colours;
};

// The four phases of a 3×3 convolution transposed with stride 2, y[2i + a, 2j + b] = phase[a][b][i, j]: the first 2·h + 1
// rows and 2·w + 1 columns count. Row i of a phase is the (i - begin)-th of the current tensor, or the one that many rows
// before it of the previous tensor, which ends where the current one begins.
struct Phases {
  const void *current[2][2], *previous[2][2];
  int64_t begin[2], previous_rows[2];   // for a = 0, 1
  int64_t step_n[2][2], previous_n[2][2];  // from image to image
  int64_t h, w;
  const float* taps;  // the filter that follows, along both axes, and how many columns before y[0] it begins
  int64_t count, before;
};

// y [n, rows, w, c], densely packed.
void band_tail_cpu(int32_t kind, const void* y, int64_t n, int64_t rows, int64_t w, int64_t c, const Finish& f);

// Output rows first .. first + rows - 1 of the filtered enlargement.
void band_phases_cpu(int32_t kind, const Phases& p, int64_t n, int64_t first, int64_t rows, int64_t c, const Finish& f);

}  // namespace ops
