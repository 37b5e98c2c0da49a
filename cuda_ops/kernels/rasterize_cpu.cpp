// Z-buffer rasterisation and attribute interpolation on the CPU, one thread; see rasterize.h and rasterize.py.
#include <stdint.h>

#include <vector>

#include "rasterize.h"

using namespace raster;

namespace {

// Walks the box of one triangle; Whole is int32_t where the edge functions fit, which is twice as fast.
template <typename Whole>
inline void fill(const Triangle& t, const Box& box, int32_t k, int64_t width, int32_t* seen, float* nearest) {
  int64_t px = (int64_t)box.left * 256 + 128, py = (int64_t)box.top * 256 + 128;
  Whole row[3], bent[3], right_step[3], down_step[3];
  for (int i = 0; i < 3; ++i) {
    int from = (i + 1) % 3, to = (i + 2) % 3;
    row[i] = (Whole)edge(t, i, px, py);
    bent[i] = (Whole)bias(t, i);
    right_step[i] = (Whole)(-(t.y[to] - t.y[from]) * 256);
    down_step[i] = (Whole)((t.x[to] - t.x[from]) * 256);
  }
  float scale = 1.0f / (float)t.area;
  for (int y = box.top; y <= box.bottom; ++y) {
    Whole e0 = row[0], e1 = row[1], e2 = row[2];
    int64_t p = y * width + box.left;
    for (int x = box.left; x <= box.right; ++x, ++p) {
      if (((e0 + bent[0]) | (e1 + bent[1]) | (e2 + bent[2])) >= 0) {
        float z = t.depth[0] * ((float)e0 * scale) + t.depth[1] * ((float)e1 * scale) + t.depth[2] * ((float)e2 * scale);
        if (z > nearest[p]) nearest[p] = z, seen[p] = k;
      }
      e0 += right_step[0], e1 += right_step[1], e2 += right_step[2];
    }
    row[0] += down_step[0], row[1] += down_step[1], row[2] += down_step[2];
  }
}

}  // namespace

// positions [n, vertices, 3], triangles [count, 3] -> index [n, height, width] (-1: nothing), depth (1/z, 0: nothing).
extern "C" void latentlab_rasterize_cpu(const float* positions, const int32_t* triangles, int32_t* index, float* depth,
                                        int64_t n, int64_t vertices, int64_t count, int64_t height, int64_t width) {
  std::vector<Corner> grid(vertices);
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t v = 0; v < vertices; ++v) grid[v] = on_grid(positions + (image * vertices + v) * 3);
    int32_t* seen = index + image * height * width;
    float* nearest = depth + image * height * width;
    for (int64_t p = 0; p < height * width; ++p) seen[p] = -1, nearest[p] = 0.0f;

    for (int64_t k = 0; k < count; ++k) {
      const int32_t* ids = triangles + k * 3;
      const Corner &a = grid[ids[0]], &b = grid[ids[1]], &c = grid[ids[2]];
      Box box;
      if (!bounds(box, a, b, c, (int)height, (int)width)) continue;
      Triangle t;
      if (!set_up(t, a, b, c)) continue;
      // corners and walked pixels all lie within the box and a pixel round it
      bool small = box.right - box.left < 60 && box.bottom - box.top < 60 && box.left > 0 && box.top > 0 &&
                   box.right < width - 1 && box.bottom < height - 1;
      if (small)
        fill<int32_t>(t, box, (int32_t)k, width, seen, nearest);
      else
        fill<int64_t>(t, box, (int32_t)k, width, seen, nearest);
    }
  }
}

// pixels [count]: flat indices into index; attributes [attribute_images (n or 1), rows, channels] -> out [count, channels].
extern "C" void latentlab_interpolate_cpu(const float* attributes, const int32_t* corners, const float* positions,
                                          const int32_t* triangles, const int32_t* index, const int64_t* pixels, float* out,
                                          int64_t count, int64_t vertices, int64_t height, int64_t width,
                                          int64_t attribute_images, int64_t rows, int64_t channels) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t p = pixels[i], image = p / (height * width), inside = p % (height * width);
    int32_t k = index[p];
    float* to = out + i * channels;
    if (k < 0) {
      for (int64_t c = 0; c < channels; ++c) to[c] = 0.0f;
      continue;
    }
    const float* base = positions + image * vertices * 3;
    const int32_t* ids = triangles + k * 3LL;
    Triangle t;
    float w[3];
    set_up(t, on_grid(base + ids[0] * 3LL), on_grid(base + ids[1] * 3LL), on_grid(base + ids[2] * 3LL));
    weights(t, (int)(inside % width), (int)(inside / width), w);
    const float* values = attributes + (attribute_images == 1 ? 0 : image) * rows * channels;
    const int32_t* from = corners + k * 3LL;
    const float *a = values + from[0] * channels, *b = values + from[1] * channels, *d = values + from[2] * channels;
    for (int64_t c = 0; c < channels; ++c) to[c] = a[c] * w[0] + b[c] * w[1] + d[c] * w[2];
  }
}
