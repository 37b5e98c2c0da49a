// One triangle on the pixel grid: fixed-point edge functions, so that the CPU and the CUDA kernel cover the same pixels.
//
// Vertices are (x, y, z): x and y in pixels (pixel centres at .5), z the distance along the view axis. Coordinates snap to
// 1/256 of a pixel; edge functions are exact 64-bit integers (Pineda 1988); shared edges follow the top-left rule, so
// neighbours leave neither holes nor doubles. 1/z is linear on the screen; the larger wins.
#pragma once
#include <stdint.h>

#ifdef __CUDACC__
#define RASTER_INLINE __host__ __device__ __forceinline__
#else
#define RASTER_INLINE inline
#endif

namespace raster {

constexpr float kNear = 1e-3f;
constexpr float kGuard = 1.0e6f;  // pixels: anything farther out is dropped, so the products stay in 64 bits

struct Triangle {
  int64_t x[3], y[3];
  int64_t area;      // twice the area, > 0 after set-up
  float depth[3];    // 1/z of the corners, in the order of x and y
  bool swapped;      // corners 1 and 2 were exchanged to make the area positive
};

RASTER_INLINE int64_t snap(float value) {
  float scaled = value * 256.0f + 0.5f;
  int64_t whole = (int64_t)scaled;
  return whole - (scaled < (float)whole ? 1 : 0);
}

RASTER_INLINE bool set_up(Triangle& t, const float* a, const float* b, const float* c) {
  const float* corner[3] = {a, b, c};
  for (int i = 0; i < 3; ++i) {
    float x = corner[i][0], y = corner[i][1], z = corner[i][2];
    if (!(z > kNear) || !(x > -kGuard && x < kGuard && y > -kGuard && y < kGuard)) return false;
    t.x[i] = snap(x);
    t.y[i] = snap(y);
    t.depth[i] = 1.0f / z;
  }
  t.area = (t.x[1] - t.x[0]) * (t.y[2] - t.y[0]) - (t.y[1] - t.y[0]) * (t.x[2] - t.x[0]);
  if (t.area == 0) return false;
  t.swapped = t.area < 0;
  if (t.swapped) {
    int64_t x = t.x[1], y = t.y[1];
    float depth = t.depth[1];
    t.x[1] = t.x[2]; t.y[1] = t.y[2]; t.depth[1] = t.depth[2];
    t.x[2] = x; t.y[2] = y; t.depth[2] = depth;
    t.area = -t.area;
  }
  return true;
}

// Edge i lies opposite corner i; its value is area * barycentric coordinate.
RASTER_INLINE int64_t edge(const Triangle& t, int i, int64_t px, int64_t py) {
  int from = (i + 1) % 3, to = (i + 2) % 3;
  return (t.x[to] - t.x[from]) * (py - t.y[from]) - (t.y[to] - t.y[from]) * (px - t.x[from]);
}

// Pixels exactly on an edge belong to the triangle for which the edge is a top or a left one.
RASTER_INLINE int64_t bias(const Triangle& t, int i) {
  int from = (i + 1) % 3, to = (i + 2) % 3;
  int64_t dx = t.x[to] - t.x[from], dy = t.y[to] - t.y[from];
  return (dy < 0 || (dy == 0 && dx > 0)) ? 0 : -1;
}

RASTER_INLINE float inverse_depth(const Triangle& t, int64_t e0, int64_t e1, int64_t e2) {
  float scale = 1.0f / (float)t.area;
  return t.depth[0] * ((float)e0 * scale) + t.depth[1] * ((float)e1 * scale) + t.depth[2] * ((float)e2 * scale);
}

// First and last pixel whose centre lies in [low, high], clipped to [0, size).
RASTER_INLINE int first_pixel(int64_t low) {
  int64_t p = (low - 128 + 255) >> 8;
  return p < 0 ? 0 : (int)(p > (1 << 24) ? (1 << 24) : p);
}
RASTER_INLINE int last_pixel(int64_t high, int size) {
  int64_t p = (high - 128) >> 8;
  return p >= size ? size - 1 : (int)(p < -1 ? -1 : p);
}

RASTER_INLINE int64_t least(const int64_t* v) {
  int64_t m = v[0] < v[1] ? v[0] : v[1];
  return m < v[2] ? m : v[2];
}
RASTER_INLINE int64_t most(const int64_t* v) {
  int64_t m = v[0] > v[1] ? v[0] : v[1];
  return m > v[2] ? m : v[2];
}

// Perspective-correct barycentric coordinates of a pixel centre, for the corners in their original order.
RASTER_INLINE void weights(const Triangle& t, int column, int row, float* w) {
  int64_t px = (int64_t)column * 256 + 128, py = (int64_t)row * 256 + 128;
  float v0 = (float)edge(t, 0, px, py) * t.depth[0];
  float v1 = (float)edge(t, 1, px, py) * t.depth[1];
  float v2 = (float)edge(t, 2, px, py) * t.depth[2];
  float scale = 1.0f / (v0 + v1 + v2);
  w[0] = v0 * scale;
  w[t.swapped ? 2 : 1] = v1 * scale;
  w[t.swapped ? 1 : 2] = v2 * scale;
}

}  // namespace raster
