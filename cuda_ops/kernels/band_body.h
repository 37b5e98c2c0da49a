// A band of rows: the filter behind a transposed convolution, and the end of a layer in the same pass.
#include "scalar_body.h"

using ops::Finish;
using ops::Phases;

// One pixel's end: v [c] to r [c].
OPS_FORCE void end_pixel(const float* __restrict v, int64_t c, const Finish& f, const float* __restrict scale,
                         const float* __restrict bias, float shift, bool limit, float* __restrict r) {
  const float slope = f.slope, gain = f.gain, clamp = f.clamp;
#pragma GCC ivdep
  for (int64_t k = 0; k < c; ++k) {
    float a = v[k] * scale[k] + (bias[k] + shift);
    a = (a > 0.0f ? a : a * slope) * gain;
    if (limit) a = limited(a, clamp);
    r[k] = a;
  }
}

typedef float Four __attribute__((vector_size(16)));

// Σ_k r[k] · weight[k] for four colours: weight holds four channels of the first colour, of the second, ..., then the next
// four channels. r has zeros behind its c channels.
OPS_FORCE void colours_of(const float* r, const float* weight, int64_t c, float* sums) {
#ifdef __AVX512F__
  __m512 even = _mm512_setzero_ps(), odd = even;
  int64_t k = 0;
  for (; k + 4 < c; k += 8) {
    even = _mm512_fmadd_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(r + k)), _mm512_loadu_ps(weight + 4 * k), even);
    odd = _mm512_fmadd_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(r + k + 4)), _mm512_loadu_ps(weight + 4 * k + 16), odd);
  }
  if (k < c) even = _mm512_fmadd_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(r + k)), _mm512_loadu_ps(weight + 4 * k), even);
  even = _mm512_add_ps(even, odd);
  even = _mm512_add_ps(even, _mm512_permute_ps(even, 0xb1));
  even = _mm512_add_ps(even, _mm512_permute_ps(even, 0x4e));
  float lanes[16];
  _mm512_storeu_ps(lanes, even);
  for (int q = 0; q < 4; ++q) sums[q] = lanes[4 * q];
#else
  Four total[4] = {{0}, {0}, {0}, {0}};
  for (int64_t k = 0; k < c; k += 4) {
    Four some, w[4];
    __builtin_memcpy(&some, r + k, 16);
    __builtin_memcpy(w, weight + 4 * k, 64);
    total[0] += some * w[0], total[1] += some * w[1], total[2] += some * w[2], total[3] += some * w[3];
  }
  for (int q = 0; q < 4; ++q) sums[q] = (total[q][0] + total[q][1]) + (total[q][2] + total[q][3]);
#endif
}

// Where the end of a layer finds its constants for one image; ones and zeros stand in for what is absent.
struct Row {
  const float *scale, *bias, *next, *weight, *noise;
  float* rgb;
};

template <class T>
OPS_FORCE void end_row(const float* v, int64_t stride, T* out, T* keep, int64_t out_stride, int64_t pixels, int64_t c,
                       const Finish& f, const Row& row, int64_t pixel_step, float* r) {
  const bool limit = f.clamp >= 0;
  for (int64_t p = 0; p < pixels; ++p) {
    float shift = row.noise ? row.noise[p * pixel_step] * f.strength : 0.0f;
    if (limit)
      end_pixel(v + p * stride, c, f, row.scale, row.bias, shift, true, r);
    else
      end_pixel(v + p * stride, c, f, row.scale, row.bias, shift, false, r);
    if (out) {
      T* __restrict to = out + p * out_stride;
      if (row.next) {
#pragma GCC ivdep
        for (int64_t k = 0; k < c; ++k) store(to + k, r[k] * row.next[k]);
      } else {
#pragma GCC ivdep
        for (int64_t k = 0; k < c; ++k) store(to + k, r[k]);
      }
    }
    if (keep) {
      T* __restrict to = keep + p * out_stride;
#pragma GCC ivdep
      for (int64_t k = 0; k < c; ++k) store(to + k, r[k]);
    }
    if (row.rgb) {
      float values[4];
      colours_of(r, row.weight, c, values);
      for (int64_t k = 0; k < f.colours; ++k) row.rgb[k * f.rgb_colour + p * pixel_step] = values[k];
    }
  }
}

OPS_FORCE Row row_of(const Finish& f, int64_t image, int64_t line, int64_t column, int64_t c, const float* ones) {
  Row row;
  row.scale = f.scale ? f.scale + image * c : ones;
  row.bias = f.bias;
  row.next = f.next ? f.next + image * c : nullptr;
  row.weight = f.weight ? f.weight + image * 4 * ((c + 3) / 4 * 4) : nullptr;
  row.noise = f.noise ? f.noise + image * f.noise_n + line * f.noise_row + column : nullptr;
  row.rgb = f.rgb ? f.rgb + image * f.rgb_n + line * f.rgb_row + column : nullptr;
  return row;
}

template <class T>
struct BandTail {
  const T* y;
  int64_t n, rows, w, c;
  Finish f;
  const float* ones;

  void run(int64_t job) const {
    int64_t image = job / rows, line = job % rows;
    float* room = (float*)ops::scratch(sizeof(float) * 2 * (c + 16));
    float *v = room, *r = room + (c + 15) / 16 * 16;
    for (int64_t k = c; k < (c + 3) / 4 * 4; ++k) r[k] = 0.0f;
    const T* from = y + (image * rows + line) * w * c;
    T* out = f.out ? (T*)f.out + image * f.out_n + line * f.out_row : nullptr;
    T* keep = f.keep ? (T*)f.keep + image * f.keep_n + line * f.keep_row : nullptr;
    Row row = row_of(f, image, line, 0, c, ones);
    if (sizeof(T) == sizeof(float)) return end_row<T>((const float*)from, c, out, keep, c, w, c, f, row, 1, r);
    for (int64_t p = 0; p < w; ++p) {
      const T* __restrict at = from + p * c;
#pragma GCC ivdep
      for (int64_t k = 0; k < c; ++k) v[k] = load(at + k);
      Row one = row;
      if (one.noise) one.noise += p;
      if (one.rgb) one.rgb += p;
      end_row<T>(v, c, out ? out + p * c : nullptr, keep ? keep + p * c : nullptr, c, 1, c, f, one, 1, r);
    }
  }
};

template <class T>
static void band_tail_job(int64_t job, void* context) {
  ((const BandTail<T>*)context)->run(job);
}

OPS_FORCE float* ones_of(int64_t c) {
  float* values = (float*)malloc(sizeof(float) * (c > 0 ? c : 1));
  for (int64_t i = 0; i < c; ++i) values[i] = 1.0f;
  return values;
}

template <class T>
static void band_tail_typed(const void* y, int64_t n, int64_t rows, int64_t w, int64_t c, const Finish& f) {
  float* ones = ones_of(c);
  BandTail<T> k = {(const T*)y, n, rows, w, c, f, ones};
  ops::run_jobs(n * rows, n * rows * w * c > 16384, band_tail_job<T>, &k);
  free(ones);
}

static void band_tail(int32_t kind, const void* y, int64_t n, int64_t rows, int64_t w, int64_t c, const Finish& f) {
  if (kind == ops::kBfloat16) return band_tail_typed<bfloat16>(y, n, rows, w, c, f);
  band_tail_typed<float>(y, n, rows, w, c, f);
}

// out[i] (+)= tap · in[i]
template <class T, bool ADD>
OPS_FORCE void accumulate(float* __restrict out, const T* __restrict in, int64_t n, float tap) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = (ADD ? out[i] : 0.0f) + tap * load(in + i);
}

template <class T>
OPS_FORCE void four(float* __restrict out, const T* __restrict a, const T* __restrict b, const T* __restrict c,
                    const T* __restrict d, int64_t n, const float* __restrict t) {
  const float t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = t0 * load(a + i) + t1 * load(b + i) + t2 * load(c + i) + t3 * load(d + i);
}

template <class T>
struct BandPhases {
  Phases p;
  int64_t n, first, rows, c, strip, strips, chunk, chunks;
  Finish f;
  const float* ones;

  // Row i of phase (a, b) of an image, or null outside the enlarged image.
  const T* line(int64_t a, int64_t b, int64_t i, int64_t image) const {
    if (i < 0 || 2 * i + a > 2 * p.h) return nullptr;
    int64_t width = (p.w + 1 - b) * c, at = i - p.begin[a];
    if (at >= 0) return (const T*)p.current[a][b] + image * p.step_n[a][b] + at * width;
    return (const T*)p.previous[a][b] + image * p.previous_n[a][b] + (at + p.previous_rows[a]) * width;
  }

  // Columns 2j + side, j = from .. to - 1, of row y, filtered along the row.
  void across(float* out, int64_t side, const T* even, const T* odd, int64_t from, int64_t to) const {
    int64_t count = (to - from) * c;
    // tap t meets column 2j + side + t - before; columns of the same parity share one shift of the row
    if (p.count == 4 && p.before == 1) {
      int64_t low = from, high = to;
      if (side == 0 && low == 0) low = 1;
      if (side == 1 && high == p.w) high = p.w - 1;
      if (low < high) {
        int64_t at = low * c, size = (high - low) * c;
        float* inner = out + (low - from) * c;
        if (side == 0)
          four<T>(inner, odd + at - c, even + at, odd + at, even + at + c, size, p.taps);
        else
          four<T>(inner, even + at, odd + at, even + at + c, odd + at + c, size, p.taps);
      }
      if (low > from) edge(out, side, even, odd, from);
      if (high < to) edge(out + (to - 1 - from) * c, side, even, odd, to - 1);
      return;
    }
    for (int64_t i = 0; i < count; ++i) out[i] = 0.0f;
    for (int64_t t = 0; t < p.count; ++t) {
      int64_t column = side + t - p.before, b = column & 1, shift = (column - b) / 2;
      int64_t low = from, high = to, width = p.w + 1 - b;
      if (low + shift < 0) low = -shift;
      if (high + shift > width) high = width - shift;
      if (low < high)
        accumulate<T, true>(out + (low - from) * c, (b ? odd : even) + (low + shift) * c, (high - low) * c, p.taps[t]);
    }
  }

  void edge(float* out, int64_t side, const T* even, const T* odd, int64_t j) const {
    for (int64_t i = 0; i < c; ++i) out[i] = 0.0f;
    for (int64_t t = 0; t < p.count; ++t) {
      int64_t column = 2 * j + side + t - p.before, b = column & 1;
      if (column < 0 || column > 2 * p.w) continue;
      accumulate<T, true>(out, (b ? odd : even) + (column / 2) * c, c, p.taps[t]);
    }
  }

  void run(int64_t job) const {
    int64_t part = job % strips, block = job / strips % chunks, image = job / strips / chunks;
    int64_t from = part * strip, to = from + strip < p.w ? from + strip : p.w, size = (to - from) * c;
    int64_t step = (size + 15) / 16 * 16, ring = 1;
    while (ring < p.count) ring *= 2;
    int64_t channels = (c + 15) / 16 * 16;
    float* room = (float*)ops::scratch(sizeof(float) * (ring * 2 * step + 2 * step + channels));
    float *mixed = room + ring * 2 * step, *r = mixed + 2 * step;
    for (int64_t k = c; k < channels; ++k) r[k] = 0.0f;
    int64_t begin = first + block * chunk, end = begin + chunk < first + rows ? begin + chunk : first + rows;
    int64_t ready = begin - p.before;  // next row of y to filter
    for (int64_t o = begin; o < end; ++o) {
      for (; ready <= o - p.before + p.count - 1; ++ready) {
        float* to_row = room + (ready & (ring - 1)) * 2 * step;
        int64_t a = ready & 1, i = (ready - a) / 2;
        const T *even = line(a, 0, i, image), *odd = line(a, 1, i, image);
        for (int64_t side = 0; side < 2; ++side) {
          if (even)
            across(to_row + side * step, side, even, odd, from, to);
          else
            for (int64_t k = 0; k < size; ++k) to_row[side * step + k] = 0.0f;
        }
      }
      along(mixed, room, o - p.before, ring, step);
      T* out = f.out ? (T*)f.out + image * f.out_n + (o - first) * f.out_row + 2 * from * c : nullptr;
      T* keep = f.keep ? (T*)f.keep + image * f.keep_n + (o - first) * f.keep_row + 2 * from * c : nullptr;
      for (int64_t side = 0; side < 2; ++side) {
        Row row = row_of(f, image, o - first, 2 * from + side, c, ones);
        T *here = out ? out + side * c : nullptr, *kept = keep ? keep + side * c : nullptr;
        end_row<T>(mixed + side * step, c, here, kept, 2 * c, to - from, c, f, row, 2, r);
      }
    }
  }

  // Rows y .. y + count - 1 of the ring, weighted.
  void along(float* mixed, const float* room, int64_t y, int64_t ring, int64_t step) const {
    const float* rows_of[8];
    for (int64_t t = 0; t < p.count; ++t) rows_of[t] = room + ((y + t) & (ring - 1)) * 2 * step;
    if (p.count == 4) return four<float>(mixed, rows_of[0], rows_of[1], rows_of[2], rows_of[3], 2 * step, p.taps);
    for (int64_t t = 0; t < p.count; ++t) {
      if (t == 0)
        accumulate<float, false>(mixed, rows_of[t], 2 * step, p.taps[t]);
      else
        accumulate<float, true>(mixed, rows_of[t], 2 * step, p.taps[t]);
    }
  }
};

template <class T>
static void band_phases_job(int64_t job, void* context) {
  ((const BandPhases<T>*)context)->run(job);
}

template <class T>
static void band_phases_typed(const Phases& p, int64_t n, int64_t first, int64_t rows, int64_t c, const Finish& f) {
  float* ones = ones_of(c);
  BandPhases<T> k = {p, n, first, rows, c, 0, 0, 0, 0, f, ones};
  k.strip = 2048 / (c > 0 ? c : 1);  // a row of the ring then takes 16 KB
  if (k.strip < 4) k.strip = 4;
  if (k.strip > p.w) k.strip = p.w;
  k.strips = (p.w + k.strip - 1) / k.strip;
  int64_t jobs = n * k.strips, wanted = 4 * ops::threads();
  k.chunks = jobs >= wanted ? 1 : (wanted + jobs - 1) / jobs;
  if (k.chunks > (rows + 7) / 8) k.chunks = (rows + 7) / 8;
  k.chunk = (rows + k.chunks - 1) / k.chunks;
  k.chunks = (rows + k.chunk - 1) / k.chunk;
  ops::run_jobs(n * k.strips * k.chunks, n * rows * p.w * c > 4096, band_phases_job<T>, &k);
  free(ones);
}

static void band_phases(int32_t kind, const Phases& p, int64_t n, int64_t first, int64_t rows, int64_t c, const Finish& f) {
  if (kind == ops::kBfloat16) return band_phases_typed<bfloat16>(p, n, first, rows, c, f);
  band_phases_typed<float>(p, n, first, rows, c, f);
}
