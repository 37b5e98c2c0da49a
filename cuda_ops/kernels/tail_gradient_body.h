// Sixteen channels at a time, a tile of pixels that stays in the first cache, sums in registers.
#include "scalar_body.h"

using ops::EndGradient;

typedef float Lanes __attribute__((vector_size(64)));
typedef int32_t Whole __attribute__((vector_size(64)));
typedef uint32_t Bits __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));
enum { kLanes = 16, kPixels = 256 };

// Up to sixteen values, zeros behind them.
template <bool FULL>
OPS_FORCE Lanes lanes(const float* p, int64_t some) {
  Lanes v = {};
  __builtin_memcpy(&v, p, FULL ? 64 : some * 4);
  return v;
}

template <bool FULL>
OPS_FORCE Lanes lanes(const bfloat16* p, int64_t some) {
  Halves h = {};
  __builtin_memcpy(&h, p, FULL ? 32 : some * 2);
  return (Lanes)(__builtin_convertvector(h, Bits) << 16);
}

template <bool FULL>
OPS_FORCE void put(float* p, Lanes v, int64_t some) {
  __builtin_memcpy(p, &v, FULL ? 64 : some * 4);
}

template <bool FULL>
OPS_FORCE void put(bfloat16* p, Lanes v, int64_t some) {
  Bits bits = (Bits)v, rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;  // to nearest, ties to even
  Bits quiet = {};
  rounded = (bits & 0x7fffffffu) > 0x7f800000u ? quiet + 0x7fc0u : rounded;
  Halves h = __builtin_convertvector(rounded, Halves);
  __builtin_memcpy(p, &h, FULL ? 32 : some * 2);
}

// What one tile of pixels needs beside its images.
struct Tile {
  const float *scale, *bias, *next, *weight, *noise, *colours;  // from the first channel, the first pixel
  float* sums;                                                  // [2 + K, c], added to
  Lanes* kept;  // the gradient at z of each pixel, summed over blocks of channels; added to
  int64_t c, pixels, plane;
};

template <class T, int K, bool LIMIT, bool NOISE, bool FULL>
OPS_FORCE void tile_lanes(const T* t, const T* y, T* out, const Tile& a, const EndGradient& f, int64_t from) {
  const int64_t c = a.c, some = FULL ? kLanes : c - from;
  const Lanes zero = {}, scale = lanes<FULL>(a.scale + from, some), bias = lanes<FULL>(a.bias + from, some);
  const Lanes next = lanes<FULL>(a.next + from, some);
  const float low = f.gain * f.slope, back = low != 0.0f ? 1.0f / low : 0.0f;
  const Lanes above = zero + f.gain, below = zero + low, above_back = zero + 1.0f / f.gain, below_back = zero + back;
  Lanes weight[K + 1], sums[K + 2];
  for (int k = 0; k < K; ++k) weight[k] = lanes<FULL>(a.weight + k * c + from, some);
  for (int k = 0; k < K + 2; ++k) sums[k] = lanes<FULL>(a.sums + k * c + from, some);
  for (int64_t p = 0; p < a.pixels; ++p) {
    const int64_t at = p * c + from;
    const Lanes seen = lanes<FULL>(y + at, some);
    Lanes g = zero;
    if (t) {
      const Lanes above_it = lanes<FULL>(t + at, some);
      sums[0] += above_it * seen;
      g = above_it * next;
    }
    for (int k = 0; k < K; ++k) {
      const float colour = a.colours[k * a.plane + p];
      g += weight[k] * colour;
      sums[2 + k] += seen * colour;
    }
    const Whole positive = seen > zero;
    g *= positive ? above : below;
    if (LIMIT) g = (seen < f.clamp) & (seen > -f.clamp) ? g : zero;
    if (NOISE) a.kept[p] += g;
    const float shift = a.noise ? a.noise[p] * f.strength : 0.0f;
    sums[1] += g * (seen * (positive ? above_back : below_back) - (bias + shift));
    put<FULL>(out + at, g * scale, some);
  }
  for (int k = 0; k < K + 2; ++k) put<FULL>(a.sums + k * c + from, sums[k], some);
}

template <class T, int K, bool LIMIT, bool NOISE>
static void tile(const T* t, const T* y, T* out, const Tile& a, const EndGradient& f) {
  int64_t from = 0;
  for (; from + kLanes <= a.c; from += kLanes) tile_lanes<T, K, LIMIT, NOISE, true>(t, y, out, a, f, from);
  if (from < a.c) tile_lanes<T, K, LIMIT, NOISE, false>(t, y, out, a, f, from);
}

// The gradient at the noise of a tile, from what its pixels kept.
static void tile_noise(const Lanes* kept, int64_t pixels, float strength, float* at_noise) {
  for (int64_t p = 0; p < pixels; ++p) {
    float sum = 0;
    for (int i = 0; i < kLanes; ++i) sum += kept[p][i];
    at_noise[p] = sum * strength;
  }
}

template <class T>
struct TailGradient {
  const T *t, *y;
  T* out;
  int64_t n, pixels, c, y_n, out_n, chunk, chunks;
  EndGradient f;
  float* parts;  // [n, chunks, 2 + k, c]

  template <int K, bool NOISE>
  void work(int64_t image, int64_t begin, int64_t end, float* sums) const {
    int64_t most = 4096 / (c > 0 ? c : 1);
    most = most < 8 ? 8 : (most > kPixels ? kPixels : most);
    Lanes kept[NOISE ? kPixels : 1];
    const float* noise = f.noise ? f.noise + image * f.noise_n : nullptr;
    for (int64_t p = begin; p < end; p += most) {
      Tile a = {f.scale + image * c, f.bias, f.next + image * c, K ? f.weight + image * K * c : nullptr,
                noise ? noise + p : nullptr, K ? f.colours + image * f.colours_n + p : nullptr, sums, kept, c,
                end - p < most ? end - p : most, f.colours_k};
      if (NOISE) __builtin_memset(kept, 0, sizeof(Lanes) * a.pixels);
      const T *above = t ? t + (image * pixels + p) * c : nullptr, *seen = y + image * y_n + p * c;
      T* to = out + image * out_n + p * c;
      if (f.clamp >= 0)
        tile<T, K, true, NOISE>(above, seen, to, a, f);
      else
        tile<T, K, false, NOISE>(above, seen, to, a, f);
      if (NOISE) tile_noise(kept, a.pixels, f.strength, f.at_noise + image * f.at_noise_n + p);
    }
  }

  template <bool NOISE>
  void with(int64_t image, int64_t begin, int64_t end, float* sums) const {
    switch (f.count) {
      case 0: return work<0, NOISE>(image, begin, end, sums);
      case 1: return work<1, NOISE>(image, begin, end, sums);
      case 2: return work<2, NOISE>(image, begin, end, sums);
      case 3: return work<3, NOISE>(image, begin, end, sums);
      default: return work<4, NOISE>(image, begin, end, sums);
    }
  }

  void run(int64_t job) const {
    int64_t image = job / chunks, begin = job % chunks * chunk, end = begin + chunk < pixels ? begin + chunk : pixels;
    float* sums = parts + job * (2 + f.count) * c;
    for (int64_t i = 0; i < (2 + f.count) * c; ++i) sums[i] = 0.0f;
    f.at_noise ? with<true>(image, begin, end, sums) : with<false>(image, begin, end, sums);
  }
};

template <class T>
static void tail_gradient_job(int64_t job, void* context) {
  ((const TailGradient<T>*)context)->run(job);
}

template <class T>
static void tail_gradient_typed(const void* t, const void* y, int64_t y_n, void* out, int64_t out_n, int64_t n,
                                int64_t pixels, int64_t c, EndGradient g) {
  if (sizeof(T) == 2 && g.clamp >= 0) {  // outputs were rounded, so was the limit
    T limit;
    store(&limit, g.clamp);
    g.clamp = load(&limit);
  }
  TailGradient<T> k = {(const T*)t, (const T*)y, (T*)out, n, pixels, c, y_n, out_n, 0, 0, g, nullptr};
  k.chunk = 131072 / (c > 0 ? c : 1);  // chunks depend on the band alone, so do the sums
  if (k.chunk < 64) k.chunk = 64;
  k.chunks = (pixels + k.chunk - 1) / k.chunk;
  const int64_t values = (2 + g.count) * c;
  k.parts = (float*)malloc(sizeof(float) * n * k.chunks * values);
  ops::run_jobs(n * k.chunks, n * pixels * c > 16384, tail_gradient_job<T>, &k);
  for (int64_t image = 0; image < n; ++image)
    for (int64_t i = 0; i < values; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < k.chunks; ++j) sum += k.parts[(image * k.chunks + j) * values + i];
      g.sums[image * values + i] = (float)sum;
    }
  free(k.parts);
}

static void tail_gradient(int32_t kind, const void* t, const void* y, int64_t y_n, void* out, int64_t out_n, int64_t n,
                          int64_t pixels, int64_t c, const EndGradient& g) {
  if (kind == ops::kBfloat16) return tail_gradient_typed<bfloat16>(t, y, y_n, out, out_n, n, pixels, c, g);
  tail_gradient_typed<float>(t, y, y_n, out, out_n, n, pixels, c, g);
}
