// What shading reads at chosen pixels (painted maps, a shadow map) and means over squares; see lookups.py. One thread.
#include <stdint.h>

#include <vector>

namespace {

constexpr int64_t kTile = 16;  // pixels whose channels are turned round together

inline float between(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

}  // namespace

// table [side * side + 1, channels], places [2, count] (columns, then rows, in texels) -> out [channels, count].
extern "C" void latentlab_sample_cpu(const float* table, const float* places, float* out, int64_t count, int64_t side,
                                     int64_t channels) {
  std::vector<float> tile(kTile * channels);
  float last = (float)side - 1.001f;
  for (int64_t start = 0; start < count; start += kTile) {
    int64_t many = count - start < kTile ? count - start : kTile;
    const float* texels[kTile];
    float right[kTile], down[kTile];
    for (int64_t i = 0; i < many; ++i) {
      float x = between(places[start + i], 0.0f, last), y = between(places[count + start + i], 0.0f, last);
      int64_t left = (int64_t)x, top = (int64_t)y;
      right[i] = x - (float)left, down[i] = y - (float)top;
      texels[i] = table + (top * side + left) * channels;
      for (int64_t c = 0; c < 2 * channels; c += 16) {  // the table is larger than the caches
        __builtin_prefetch(texels[i] + c);
        __builtin_prefetch(texels[i] + side * channels + c);
      }
    }
    for (int64_t i = 0; i < many; ++i) {
      float fx = right[i], fy = down[i];
      const float *a = texels[i], *b = texels[i] + side * channels;
      float w0 = (1.0f - fx) * (1.0f - fy), w1 = fx * (1.0f - fy), w2 = (1.0f - fx) * fy, w3 = fx * fy;
      float* to = tile.data() + i * channels;
      for (int64_t c = 0; c < channels; ++c)
        to[c] = a[c] * w0 + a[channels + c] * w1 + b[c] * w2 + b[channels + c] * w3;
    }
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < many; ++i) out[c * count + start + i] = tile[i * channels + c];
  }
}

// height [side, side], places [3, count] (columns, rows, level), all in texels and the map's unit -> out [count].
extern "C" void latentlab_lit_cpu(const float* height, const float* places, float* out, int64_t count, int64_t side) {
  float last = (float)side - 2.0f;
  for (int64_t i = 0; i < count; ++i) {
    float x = between(places[i], 1.0f, last), y = between(places[count + i], 1.0f, last);
    float level = places[2 * count + i];
    int64_t column = (int64_t)x, row = (int64_t)y;
    float fx = x - (float)column, fy = y - (float)row;
    float sums[3];
    for (int64_t dy = -1; dy <= 1; ++dy) {
      const float* at = height + (row + dy) * side + column;
      float one = between(at[-1] - level, 0.0f, 1.0f), two = between(at[0] - level, 0.0f, 1.0f);
      float three = between(at[1] - level, 0.0f, 1.0f);
      sums[dy + 1] = one + fx * (three - one) + two;
    }
    float blocked = sums[0] + fy * (sums[2] - sums[0]) + sums[1];
    out[i] = between(1.0f - blocked / 4.0f, 0.0f, 1.0f);
  }
}

// values [n, height, width] -> out, the mean over the square of 2 reach + 1 pixels round each, as far as it lies inside.
extern "C" void latentlab_box_mean_cpu(const float* values, float* out, int64_t n, int64_t height, int64_t width,
                                       int64_t reach) {
  std::vector<double> sums(width), line(width + 1);
  std::vector<float> across(height * width);
  for (int64_t image = 0; image < n; ++image) {
    const float* from = values + image * height * width;
    for (int64_t y = 0; y < height; ++y) {
      line[0] = 0.0;
      for (int64_t x = 0; x < width; ++x) line[x + 1] = line[x] + (double)from[y * width + x];
      for (int64_t x = 0; x < width; ++x) {
        int64_t first = x - reach < 0 ? 0 : x - reach, end = x + reach + 1 > width ? width : x + reach + 1;
        across[y * width + x] = (float)((line[end] - line[first]) / (double)(end - first));
      }
    }
    for (int64_t x = 0; x < width; ++x) sums[x] = 0.0;
    for (int64_t y = 0; y < reach && y < height; ++y)
      for (int64_t x = 0; x < width; ++x) sums[x] += (double)across[y * width + x];
    for (int64_t y = 0; y < height; ++y) {
      int64_t first = y - reach < 0 ? 0 : y - reach, end = y + reach + 1 > height ? height : y + reach + 1;
      if (y + reach < height)
        for (int64_t x = 0; x < width; ++x) sums[x] += (double)across[(y + reach) * width + x];
      if (y - reach - 1 >= 0)
        for (int64_t x = 0; x < width; ++x) sums[x] -= (double)across[(y - reach - 1) * width + x];
      double share = 1.0 / (double)(end - first);
      for (int64_t x = 0; x < width; ++x) out[image * height * width + y * width + x] = (float)(sums[x] * share);
    }
  }
}
