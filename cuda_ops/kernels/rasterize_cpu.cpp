// Z-buffer rasterisation and attribute interpolation on the CPU, one thread; see rasterize.h and rasterize.py.
#include <stdint.h>

#include <vector>

#include "rasterize.h"

using namespace raster;

namespace {

// Edge functions at the first pixel of a box, and what a step to the right or down adds.
struct Walk {
  int64_t row[3], bent[3], right[3], down[3];
  float scale;

  Walk(const Triangle& t, const Box& box) : scale(1.0f / (float)t.area) {
    int64_t px = (int64_t)box.left * 256 + 128, py = (int64_t)box.top * 256 + 128;
    for (int i = 0; i < 3; ++i) {
      int from = (i + 1) % 3, to = (i + 2) % 3;
      row[i] = edge(t, i, px, py);
      bent[i] = bias(t, i);
      right[i] = (-(t.y[to] - t.y[from]) * 256);
      down[i] = ((t.x[to] - t.x[from]) * 256);
    }
  }
};

inline void fill(const Triangle& t, const Box& box, int32_t k, int64_t width, int32_t* seen, float* nearest) {
  Walk walk(t, box);
  for (int y = box.top; y <= box.bottom; ++y) {
    int64_t e0 = walk.row[0], e1 = walk.row[1], e2 = walk.row[2];
    int64_t p = y * width + box.left;
    for (int x = box.left; x <= box.right; ++x, ++p) {
      if (((e0 + walk.bent[0]) | (e1 + walk.bent[1]) | (e2 + walk.bent[2])) >= 0) {
        float z = t.depth[0] * ((float)e0 * walk.scale) + t.depth[1] * ((float)e1 * walk.scale) +
                  t.depth[2] * ((float)e2 * walk.scale);
        if (z > nearest[p]) nearest[p] = z, seen[p] = k;
      }
      e0 += walk.right[0], e1 += walk.right[1], e2 += walk.right[2];
    }
    for (int i = 0; i < 3; ++i) walk.row[i] += walk.down[i];
  }
}

constexpr int kLanes = 8;
typedef int32_t Wholes __attribute__((vector_size(4 * kLanes), aligned(4)));
typedef float Floats __attribute__((vector_size(4 * kLanes), aligned(4)));

// The same for a box that is small (everything fits 32 bits, with eight pixels to spare) and inside the picture (so what lies
// right of it is outside the triangle, and in memory): eight pixels at a time.
inline void fill_small(const Corner& a, const Corner& b, const Corner& c, const Box& box, int32_t k, int64_t width,
                       int32_t* seen, float* nearest) {
  const Wholes ramp = {0, 1, 2, 3, 4, 5, 6, 7};
  int32_t px = box.left * 256 + 128, py = box.top * 256 + 128;
  int32_t ax = a.x - px, ay = a.y - py, bx = b.x - px, by = b.y - py, cx = c.x - px, cy = c.y - py;
  float depth_a = a.inverse, depth_b = b.inverse, depth_c = c.inverse;
  int32_t area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (area == 0) return;
  if (area < 0) {
    int32_t x = bx, y = by;
    float depth = depth_b;
    bx = cx, by = cy, depth_b = depth_c, cx = x, cy = y, depth_c = depth, area = -area;
  }
  float scale = 1.0f / (float)area;
  // edges opposite a, b and c at the first pixel, what a step to the right or down adds, and who owns pixels on the edge
  int32_t dx0 = cx - bx, dy0 = cy - by, dx1 = ax - cx, dy1 = ay - cy, dx2 = bx - ax, dy2 = by - ay;
  Wholes row0 = (dy0 * bx - dx0 * by) - ramp * (dy0 * 256), row1 = (dy1 * cx - dx1 * cy) - ramp * (dy1 * 256);
  Wholes row2 = (dy2 * ax - dx2 * ay) - ramp * (dy2 * 256);
  int32_t bent0 = (dy0 < 0 || (dy0 == 0 && dx0 > 0)) ? 0 : -1, bent1 = (dy1 < 0 || (dy1 == 0 && dx1 > 0)) ? 0 : -1;
  int32_t bent2 = (dy2 < 0 || (dy2 == 0 && dx2 > 0)) ? 0 : -1;
  for (int y = box.top; y <= box.bottom; ++y) {
    Wholes e0 = row0, e1 = row1, e2 = row2;
    int64_t p = y * width + box.left;
    for (int x = box.left; x <= box.right; x += kLanes, p += kLanes) {
      Wholes inside = ((e0 + bent0) | (e1 + bent1) | (e2 + bent2)) >= 0;
      Floats z = depth_a * (__builtin_convertvector(e0, Floats) * scale) +
                 depth_b * (__builtin_convertvector(e1, Floats) * scale) +
                 depth_c * (__builtin_convertvector(e2, Floats) * scale);
      Floats* depths = (Floats*)(nearest + p);
      Wholes* owners = (Wholes*)(seen + p);
      Wholes wins = inside & (Wholes)(z > *depths);
      *depths = (Floats)((wins & (Wholes)z) | (~wins & (Wholes)*depths));
      *owners = (wins & k) | (~wins & *owners);
      e0 -= dy0 * (256 * kLanes), e1 -= dy1 * (256 * kLanes), e2 -= dy2 * (256 * kLanes);
    }
    row0 += dx0 * 256, row1 += dx1 * 256, row2 += dx2 * 256;
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
      if (a.inverse == 0.0f || b.inverse == 0.0f || c.inverse == 0.0f) continue;
      bool small = box.right - box.left < 60 && box.bottom - box.top < 60 && box.left > 0 && box.top > 0 &&
                   box.right < width - 1 && box.bottom < height - 1 && width >= 2 * kLanes;
      if (small) {
        fill_small(a, b, c, box, (int32_t)k, width, seen, nearest);
        continue;
      }
      Triangle t;
      if (set_up(t, a, b, c)) fill(t, box, (int32_t)k, width, seen, nearest);
    }
  }
}

// pixels [count]: flat indices into index; attributes [attribute_images (n or 1), rows, channels] -> out [channels, count].
extern "C" void latentlab_interpolate_cpu(const float* attributes, const int32_t* corners, const float* positions,
                                          const int32_t* triangles, const int32_t* index, const int64_t* pixels, float* out,
                                          int64_t count, int64_t vertices, int64_t height, int64_t width,
                                          int64_t attribute_images, int64_t rows, int64_t channels) {
  constexpr int64_t kTile = 16;  // pixels whose channels are turned round together
  std::vector<float> tile(kTile * channels);
  int64_t last_image = -1, image = 0, picture = 0, row = 0, line = 0;  // first places of the picture and of the row
  int32_t last = -1;
  Triangle t = {};
  const float *a = nullptr, *b = nullptr, *d = nullptr;
  for (int64_t start = 0; start < count; start += kTile) {
    int64_t many = count - start < kTile ? count - start : kTile;
    for (int64_t i = 0; i < many; ++i) {
      int64_t p = pixels[start + i];
      if (p < line || p >= line + width) {  // mostly the row of the pixel before
        image = p / (height * width), picture = image * height * width;
        row = (p - picture) / width, line = picture + row * width;
      }
      int32_t k = index[p];
      float* to = tile.data() + i * channels;
      if (k < 0) {
        for (int64_t c = 0; c < channels; ++c) to[c] = 0.0f;
        continue;
      }
      if (k != last || image != last_image) {  // mostly the triangle of the pixel before
        const float* base = positions + image * vertices * 3;
        const int32_t* ids = triangles + k * 3LL;
        set_up(t, on_grid(base + ids[0] * 3LL), on_grid(base + ids[1] * 3LL), on_grid(base + ids[2] * 3LL));
        const float* values = attributes + (attribute_images == 1 ? 0 : image) * rows * channels;
        const int32_t* from = corners + k * 3LL;
        a = values + from[0] * channels, b = values + from[1] * channels, d = values + from[2] * channels;
        last = k, last_image = image;
      }
      float w[3];
      weights(t, (int)(p - line), (int)row, w);
      for (int64_t c = 0; c < channels; ++c) to[c] = a[c] * w[0] + b[c] * w[1] + d[c] * w[2];
    }
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < many; ++i) out[c * count + start + i] = tile[i * channels + c];
  }
}
