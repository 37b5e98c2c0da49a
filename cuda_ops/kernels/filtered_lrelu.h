// The launch functions of filtered_lrelu: plain pointers and sizes, no torch header.
#pragma once
#include <stdint.h>

#include "upfirdn2d.h"

namespace ops {

enum MaskCode : uint8_t { kNegative = 0, kPositive = 1, kClamped = 2 };

struct Filtered {
  Resampling up, down;           // from x to the pixels between the filters, and on to y; layouts as in `up`
  const void *up_x, *up_y;       // factors of the filters, or the whole filter and null; float or double like the sums
  const void *down_x, *down_y;
  const void* bias;              // [c], of the type of x, or null
  double gain, slope, clamp;     // clamp < 0: none
  uint8_t* mask_out;             // [n, c, up.out_h, up.out_w]: slopes taken, or null
  const uint8_t* mask_in;        // slopes to take instead of the activation (gain is up's), or null
  int64_t mask_h, mask_w, mask_x, mask_y;   // its size, and the offset of pixel (0, 0) in it
};

void filtered_lrelu_cpu(int32_t kind, const void* x, void* y, const Filtered& f);

}  // namespace ops
