// Z-buffer rasterisation and attribute interpolation on CUDA; covers the same pixels as rasterize_cpu.cpp.
//
// A pixel's key is its inverse depth above the complement of its triangle: the largest key is the nearest triangle, and of
// equally near ones the first. Inverse depths are positive, so their bits order as integers do.
#include <stdint.h>

#include "rasterize.h"

using namespace raster;

namespace {

constexpr int kThreads = 256;

__global__ void snap_vertices(const float* positions, Corner* grid, int64_t count) {
  int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) grid[i] = on_grid(positions + i * 3);
}

__global__ void draw_triangles(const Corner* grid, const int32_t* triangles, unsigned long long* keys, int64_t n,
                               int64_t vertices, int64_t count, int height, int width) {
  int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n * count) return;
  int64_t image = i / count, k = i % count;
  const int32_t* ids = triangles + k * 3;
  const Corner* corners = grid + image * vertices;
  Corner a = corners[ids[0]], b = corners[ids[1]], c = corners[ids[2]];
  Box box;
  if (!bounds(box, a, b, c, height, width)) return;
  Triangle t;
  if (!set_up(t, a, b, c)) return;

  int64_t px = (int64_t)box.left * 256 + 128, py = (int64_t)box.top * 256 + 128;
  int64_t row[3], bent[3], right_step[3], down_step[3];
  for (int e = 0; e < 3; ++e) {
    int from = (e + 1) % 3, to = (e + 2) % 3;
    row[e] = edge(t, e, px, py);
    bent[e] = bias(t, e);
    right_step[e] = -(t.y[to] - t.y[from]) * 256;
    down_step[e] = (t.x[to] - t.x[from]) * 256;
  }
  float scale = 1.0f / (float)t.area;
  unsigned long long* picture = keys + image * height * width;
  for (int y = box.top; y <= box.bottom; ++y) {
    int64_t e0 = row[0], e1 = row[1], e2 = row[2];
    for (int x = box.left; x <= box.right; ++x) {
      if (((e0 + bent[0]) | (e1 + bent[1]) | (e2 + bent[2])) >= 0) {
        float z = t.depth[0] * ((float)e0 * scale) + t.depth[1] * ((float)e1 * scale) + t.depth[2] * ((float)e2 * scale);
        if (z > 0.0f) {
          unsigned long long key = ((unsigned long long)__float_as_uint(z) << 32) | (0xFFFFFFFFull - (unsigned long long)k);
          atomicMax(picture + (int64_t)y * width + x, key);
        }
      }
      e0 += right_step[0], e1 += right_step[1], e2 += right_step[2];
    }
    row[0] += down_step[0], row[1] += down_step[1], row[2] += down_step[2];
  }
}

__global__ void resolve(const unsigned long long* keys, int32_t* index, float* depth, int64_t count) {
  int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  unsigned long long key = keys[i];
  index[i] = key == 0 ? -1 : (int32_t)(0xFFFFFFFFull - (key & 0xFFFFFFFFull));
  depth[i] = __uint_as_float((unsigned int)(key >> 32));
}

__global__ void interpolate_pixels(const float* attributes, const int32_t* corners, const float* positions,
                                   const int32_t* triangles, const int32_t* index, const int64_t* pixels, float* out,
                                   int64_t count, int64_t vertices, int64_t height, int64_t width, int64_t attribute_images,
                                   int64_t rows, int64_t channels) {
  int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  int64_t p = pixels[i], image = p / (height * width), inside = p % (height * width);
  int32_t k = index[p];
  float* to = out + i;
  if (k < 0) {
    for (int64_t c = 0; c < channels; ++c) to[c * count] = 0.0f;
    return;
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
  for (int64_t c = 0; c < channels; ++c) to[c * count] = a[c] * w[0] + b[c] * w[1] + d[c] * w[2];
}

unsigned int blocks(int64_t count) { return (unsigned int)((count + kThreads - 1) / kThreads); }

}  // namespace

// grid: room for n * vertices corners of 12 bytes; keys: n * height * width zeros of 64 bits. Returns the CUDA error, 0 if none.
extern "C" int latentlab_rasterize_cuda(const float* positions, const int32_t* triangles, int32_t* index, float* depth,
                                        void* grid, void* keys, int64_t n, int64_t vertices, int64_t count, int64_t height,
                                        int64_t width, void* stream) {
  cudaStream_t queue = (cudaStream_t)stream;
  Corner* corners = (Corner*)grid;
  unsigned long long* best = (unsigned long long*)keys;
  int64_t pixels = n * height * width;
  if (n * vertices > 0) snap_vertices<<<blocks(n * vertices), kThreads, 0, queue>>>(positions, corners, n * vertices);
  if (n * count > 0)
    draw_triangles<<<blocks(n * count), kThreads, 0, queue>>>(corners, triangles, best, n, vertices, count, (int)height,
                                                              (int)width);
  if (pixels > 0) resolve<<<blocks(pixels), kThreads, 0, queue>>>(best, index, depth, pixels);
  return (int)cudaGetLastError();
}

extern "C" int latentlab_interpolate_cuda(const float* attributes, const int32_t* corners, const float* positions,
                                          const int32_t* triangles, const int32_t* index, const int64_t* pixels, float* out,
                                          int64_t count, int64_t vertices, int64_t height, int64_t width,
                                          int64_t attribute_images, int64_t rows, int64_t channels, void* stream) {
  if (count > 0)
    interpolate_pixels<<<blocks(count), kThreads, 0, (cudaStream_t)stream>>>(attributes, corners, positions, triangles, index,
                                                                           pixels, out, count, vertices, height, width,
                                                                           attribute_images, rows, channels);
  return (int)cudaGetLastError();
}
