// Tails of the synthesis layers: pointwise, after a filter, and the sum of the colour images.
#include "stream_body.h"

using ops::Addend;
using ops::Tail;

// Values v[i] (float or stored) of `pixels` pixels with `block` channels each; scale, bias start at the first channel.
template <class V, class T>
OPS_FORCE void finish(const V* __restrict v, T* __restrict out, int64_t pixels, int64_t block, const Tail& t,
                      const float* __restrict scale, const float* __restrict bias, const float* __restrict noise,
                      bool limit) {
  const float slope = t.slope, gain = t.gain, strength = t.strength, clamp = limit ? t.clamp : 0.0f;
#define OPS_FINISH(a, shift)                      \
  float r = (a) + (shift);                        \
  r = (r > 0.0f ? r : r * slope) * gain;          \
  if (limit) r = limited(r, clamp);
  if (block == 1) {
    const float s = scale ? *scale : 1.0f, b = bias ? *bias : 0.0f;
    if (noise) {
#pragma GCC ivdep
      for (int64_t i = 0; i < pixels; ++i) {
        OPS_FINISH(load(v + i) * s, noise[i] * strength + b)
        store(out + i, r);
      }
    } else {
#pragma GCC ivdep
      for (int64_t i = 0; i < pixels; ++i) {
        OPS_FINISH(load(v + i) * s, b)
        store(out + i, r);
      }
    }
    return;
  }
  for (int64_t p = 0; p < pixels; ++p) {
    const float m = noise ? noise[p] * strength : 0.0f;
    const V* __restrict from = v + p * block;
    T* __restrict to = out + p * block;
    int64_t c = 0;
    for (; c + 16 <= block; c += 16) {  // a known count becomes whole vectors
#pragma GCC ivdep
      for (int64_t j = c; j < c + 16; ++j) {
        OPS_FINISH(load(from + j) * scale[j], m + bias[j])
        store(to + j, r);
      }
    }
    for (; c < block; ++c) {
      OPS_FINISH(load(from + c) * scale[c], m + bias[c])
      store(to + c, r);
    }
  }
}

template <class V, class T>
static void finish_row(const V* v, T* out, int64_t pixels, int64_t block, const Tail& t, const float* scale,
                       const float* bias, const float* noise) {
  if (t.clamp >= 0)
    finish(v, out, pixels, block, t, scale, bias, noise, true);
  else
    finish(v, out, pixels, block, t, scale, bias, noise, false);
}

// In place: the same, where v and out are one.
template <class T>
static void finish_chunk(const T* v, T* out, int64_t pixels, int64_t block, const Tail& t, const float* scale,
                         const float* bias, const float* noise, float* room, int64_t capacity) {
  int64_t step = capacity / block;
  for (int64_t p = 0; p < pixels; p += step) {
    int64_t some = pixels - p < step ? pixels - p : step, n = some * block;
    const T* __restrict from = v + p * block;
    for (int64_t i = 0; i < n; ++i) room[i] = load(from + i);
    finish_row(room, out + p * block, some, block, t, scale, bias, noise ? noise + p : nullptr);
  }
}

template <class T>
struct Pointwise {
  const T* y;
  T* out;
  int64_t n, c, h, w, rows, bands;
  bool last;
  Tail t;
  const float *ones, *zeros;

  void run(int64_t job) const {
    int64_t band = job % bands, plane = job / bands;
    int64_t begin = band * rows * w, end = (band + 1) * rows < h ? begin + rows * w : h * w;
    int64_t image = last ? plane : plane / c, channel = last ? 0 : plane % c, block = last ? c : 1;
    const float* scale = t.scale ? t.scale + image * c + channel : (last ? ones : nullptr);
    const float* bias = t.bias ? t.bias + channel : (last ? zeros : nullptr);
    const float* noise = t.noise ? t.noise + image * t.noise_step + begin : nullptr;
    int64_t at = plane * h * w * block + begin * block;
    if (y != out) return finish_row(y + at, out + at, end - begin, block, t, scale, bias, noise);
    int64_t capacity = block > 4096 ? block : 4096;
    float* room = (float*)ops::scratch(capacity * 4);
    finish_chunk(y + at, out + at, end - begin, block, t, scale, bias, noise, room, capacity);
  }
};

template <class T>
static void pointwise_job(int64_t job, void* context) {
  ((const Pointwise<T>*)context)->run(job);
}

OPS_FORCE float* neutral(int64_t c) {  // c ones, then c zeros
  float* values = (float*)malloc(sizeof(float) * 2 * (c > 0 ? c : 1));
  for (int64_t i = 0; i < c; ++i) values[i] = 1.0f, values[c + i] = 0.0f;
  return values;
}

template <class T>
static void pointwise(const void* y, void* out, int64_t n, int64_t c, int64_t h, int64_t w, bool last, const Tail& t) {
  float* constants = neutral(c);
  Pointwise<T> k = {(const T*)y, (T*)out, n, c, h, w, h, 1, last, t, constants, constants + c};
  int64_t planes = last ? n : n * c, work = last ? c * h * w : h * w;
  int64_t pieces = (work + 131071) / 131072;  // jobs of about half a megabyte
  k.rows = (h + pieces - 1) / pieces;
  k.bands = k.rows ? (h + k.rows - 1) / k.rows : 0;
  ops::run_jobs(planes * k.bands, n * c * h * w > 16384, pointwise_job<T>, &k);
  free(constants);
}

static void modulated_tail(int32_t kind, const void* y, void* out, int64_t n, int64_t c, int64_t h, int64_t w, bool last,
                           const Tail& t) {
  if (kind == ops::kBfloat16) return pointwise<bfloat16>(y, out, n, c, h, w, last, t);
  pointwise<float>(y, out, n, c, h, w, last, t);
}

template <class T>
struct FirTail {
  const T* y;
  T* out;
  Resampling r;
  Tail t;
  Filter<float> filter;
  Cut cut;
  const float *ones, *zeros;

  void run(int64_t job) const {
    Part p = part_of(cut, job, r.out_w, r.out_h);
    Stage<float> s;
    int64_t need = stage_plan(s, &filter, p.block, p.x0, p.x1), pixels = p.x1 - p.x0, n = pixels * p.block;
    float* memory = (float*)ops::scratch(sizeof(float) * (need + padded(n) + padded(n)));
    float* row = stage_place(s, memory);
    T* ready = (T*)(row + padded(n));
    int64_t pixel = r.last ? r.c : 1, plane = r.last ? p.channel : p.channel * r.h * r.w;
    int64_t plane_out = r.last ? p.channel : p.channel * r.out_h * r.out_w;
    Image<T, float> in = {y + p.image * r.c * r.h * r.w + plane, pixel, pixel * r.w, r.w, p.block, s.from, s.to};
    T* base = out + p.image * r.c * r.out_h * r.out_w + plane_out + p.x0 * pixel;
    const float* scale = t.scale ? t.scale + p.image * r.c + p.channel : (r.last ? ones : nullptr);
    const float* bias = t.bias ? t.bias + p.channel : (r.last ? zeros : nullptr);
    const float* noise = t.noise ? t.noise + p.image * t.noise_step + p.x0 : nullptr;
    for (int64_t o = p.y0; o < p.y1; ++o) {
      T* to = base + o * pixel * r.out_w;
      const float* map = noise ? noise + o * r.out_w : nullptr;
      stage_row(s, o, in, row);
      if (pixel == p.block) {
        finish_row(row, to, pixels, p.block, t, scale, bias, map);
        continue;
      }
      finish_row(row, ready, pixels, p.block, t, scale, bias, map);
      for (int64_t i = 0; i < pixels; ++i)
        for (int64_t c = 0; c < p.block; ++c) to[i * pixel + c] = ready[i * p.block + c];
    }
  }
};

template <class T>
static void fir_tail_job(int64_t job, void* context) {
  ((const FirTail<T>*)context)->run(job);
}

template <class T>
static void fir_tail_typed(const void* y, void* out, const float* fx, const float* fy, const Resampling& r, const Tail& t) {
  float* constants = neutral(r.c);
  FirTail<T> k = {(const T*)y, (T*)out, r, t, {}, {}, constants, constants + r.c};
  float* tables = make_filter(k.filter, r, fx, fy);
  k.cut = cut_jobs(r.n, r.c, r.last, r.out_w, r.out_h, 8192);
  ops::run_jobs(k.cut.jobs(), r.n * r.c * r.out_h * r.out_w > 16384, fir_tail_job<T>, &k);
  free(tables), free(constants);
}

static void fir_tail(int32_t kind, const void* y, void* out, const float* fx, const float* fy, const Resampling& r,
                     const Tail& t) {
  if (kind == ops::kBfloat16) return fir_tail_typed<bfloat16>(y, out, fx, fy, r, t);
  fir_tail_typed<float>(y, out, fx, fy, r, t);
}

template <class T>
struct SkipAdd {
  const float* image;
  float* out;
  Resampling r;
  Addend a;
  Filter<float> filter;
  Cut cut;

  void run(int64_t job) const {
    Part p = part_of(cut, job, r.out_w, r.out_h);
    Stage<float> s;
    int64_t need = stage_plan(s, &filter, 1, p.x0, p.x1), n = p.x1 - p.x0;
    float* row = stage_place(s, (float*)ops::scratch(sizeof(float) * (need + padded(n))));
    Image<float, float> in = {image + (p.image * r.c + p.channel) * r.h * r.w, 1, r.w, r.w, 1, s.from, s.to};
    float* base = out + (p.image * r.c + p.channel) * r.out_h * r.out_w + p.x0;
    const T* rgb = (const T*)a.rgb + p.image * a.step_n + p.channel * a.step_c + p.x0 * a.step_w;
    const float b = a.bias ? a.bias[p.channel] : 0.0f;
    for (int64_t o = p.y0; o < p.y1; ++o) {
      stage_row(s, o, in, row);
      float* __restrict to = base + o * r.out_w;
      const T* __restrict from = rgb + o * a.step_h;
      for (int64_t i = 0; i < n; ++i) {
        float v = load(from + i * a.step_w) + b;
        to[i] = row[i] + (a.clamp >= 0 ? limited(v, a.clamp) : v);
      }
    }
  }
};

template <class T>
static void skip_add_job(int64_t job, void* context) {
  ((const SkipAdd<T>*)context)->run(job);
}

template <class T>
static void skip_add_typed(const float* image, float* out, const float* fx, const float* fy, const Resampling& r,
                           const Addend& a) {
  SkipAdd<T> k = {image, out, r, a, {}, {}};
  float* tables = make_filter(k.filter, r, fx, fy);
  k.cut = cut_jobs(r.n, r.c, false, r.out_w, r.out_h, 8192);
  ops::run_jobs(k.cut.jobs(), r.n * r.c * r.out_h * r.out_w > 16384, skip_add_job<T>, &k);
  free(tables);
}

static void skip_add(const float* image, float* out, const float* fx, const float* fy, const Resampling& r, const Addend& a) {
  if (a.kind == ops::kBfloat16) return skip_add_typed<bfloat16>(image, out, fx, fy, r, a);
  skip_add_typed<float>(image, out, fx, fy, r, a);
}
