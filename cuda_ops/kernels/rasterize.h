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

// A vertex on the grid; inverse depth 0 marks one that cannot be drawn.
struct Corner {
  int32_t x, y;
  float inverse;
};

RASTER_INLINE Corner on_grid(const float* position) {
  float x = position[0], y = position[1], z = position[2];
  bool good = z > kNear && x > -kGuard && x < kGuard && y > -kGuard && y < kGuard;
  Corner corner;
  corner.x = good ? (int32_t)snap(x) : 0;
  corner.y = good ? (int32_t)snap(y) : 0;
  corner.inverse = good ? 1.0f / z : 0.0f;
  return corner;
}

RASTER_INLINE bool set_up(Triangle& t, const Corner& a, const Corner& b, const Corner& c) {
  if (a.inverse == 0.0f || b.inverse == 0.0f || c.inverse == 0.0f) return false;
  t.area = (int64_t)(b.x - a.x) * (c.y - a.y) - (int64_t)(b.y - a.y) * (c.x - a.x);
  if (t.area == 0) return false;
  t.swapped = t.area < 0;
  const Corner& second = t.swapped ? c : b;
  const Corner& third = t.swapped ? b : c;
  t.x[0] = a.x, t.y[0] = a.y, t.depth[0] = a.inverse;
  t.x[1] = second.x, t.y[1] = second.y, t.depth[1] = second.inverse;
  t.x[2] = third.x, t.y[2] = third.y, t.depth[2] = third.inverse;
  if (t.swapped) t.area = -t.area;
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

// First and last pixel whose centre lies in [low, high], clipped to [0, size).
RASTER_INLINE int first_pixel(int32_t low) {
  int32_t p = (low + 127) >> 8;
  return p < 0 ? 0 : p;
}
RASTER_INLINE int last_pixel(int32_t high, int size) {
  int32_t p = (high - 128) >> 8;
  return p >= size ? size - 1 : p;
}

struct Box {
  int left, right, top, bottom;
};

// The pixels whose centres a triangle can cover; false if there are none.
RASTER_INLINE bool bounds(Box& box, const Corner& a, const Corner& b, const Corner& c, int height, int width) {
  int32_t low_x = a.x < b.x ? a.x : b.x, high_x = a.x < b.x ? b.x : a.x;
  int32_t low_y = a.y < b.y ? a.y : b.y, high_y = a.y < b.y ? b.y : a.y;
  if (c.x < low_x) low_x = c.x;
  if (c.x > high_x) high_x = c.x;
  if (c.y < low_y) low_y = c.y;
  if (c.y > high_y) high_y = c.y;
  box.left = first_pixel(low_x), box.right = last_pixel(high_x, width);
  box.top = first_pixel(low_y), box.bottom = last_pixel(high_y, height);
  return box.left <= box.right && box.top <= box.bottom;
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
