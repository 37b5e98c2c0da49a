// filtered_lrelu: two streaming resamplers, the rows of the first bent and handed to the second; see stream_body.h.
#include "stream_body.h"

using ops::Filtered;

template <class T>
struct FilteredPart {
  typedef typename Sum<T>::type A;
  const Filtered* f;
  Stage<A> up;
  Image<T, A> image;
  A bias[64];
  const A* bias_of;              // per channel of the block
  int64_t from, to, x0, x1, block, first_plane;   // columns wanted by the second stage; those that the first makes

  // The image with the bias on its own pixels, zeros outside.
  void row(int64_t i, A* out) {
    image.row(i, out);
    if (!bias_of) return;
    int64_t a = image.from < 0 ? 0 : image.from, z = image.to > image.width ? image.width : image.to;
    for (int64_t x = a; x < z; ++x)
      for (int64_t c = 0; c < block; ++c) out[(x - image.from) * block + c] += bias_of[c];
  }
};

template <class T>
struct Between {
  typedef typename Sum<T>::type A;
  FilteredPart<T>* part;

  void row(int64_t i, A* __restrict out) {
    FilteredPart<T>& p = *part;
    const Filtered& f = *p.f;
    int64_t block = p.block, before = (p.x0 - p.from) * block, n = (p.x1 - p.x0) * block, end = (p.to - p.from) * block;
    for (int64_t j = 0; j < before; ++j) out[j] = A(0);
    for (int64_t j = before + n; j < end; ++j) out[j] = A(0);
    A* values = out + before;
    stage_row(p.up, i, p, values);
    if (f.mask_in) return masked(i, values);
    const A slope = (A)f.slope, gain = (A)f.gain, clamp = (A)f.clamp;
    if (f.mask_out) remember(i, values);
    if (clamp >= 0) {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) values[j] = limited(A((values[j] > 0 ? values[j] : values[j] * slope) * gain), clamp);
    } else {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) values[j] = (values[j] > 0 ? values[j] : values[j] * slope) * gain;
    }
  }

  void remember(int64_t i, const A* values) {
    const FilteredPart<T>& p = *part;
    const Filtered& f = *p.f;
    const A slope = (A)f.slope, gain = (A)f.gain, clamp = (A)f.clamp;
    for (int64_t c = 0; c < p.block; ++c) {
      uint8_t* __restrict to = f.mask_out + ((p.first_plane + c) * f.up.out_h + i) * f.up.out_w + p.x0;
      for (int64_t x = 0; x < p.x1 - p.x0; ++x) {
        A v = values[x * p.block + c], bent = (v > 0 ? v : v * slope) * gain;
        uint8_t code = v > 0 ? ops::kPositive : ops::kNegative;
        to[x] = clamp >= 0 && !(bent < clamp && bent > -clamp) ? (uint8_t)ops::kClamped : code;
      }
    }
  }

  void masked(int64_t i, A* values) {
    const FilteredPart<T>& p = *part;
    const Filtered& f = *p.f;
    const A slopes[4] = {(A)f.slope, A(1), A(0), A(0)};
    int64_t y = i + f.mask_y;
    for (int64_t c = 0; c < p.block; ++c) {
      const uint8_t* codes = f.mask_in + ((p.first_plane + c) * f.mask_h + y) * f.mask_w;
      for (int64_t x = p.x0; x < p.x1; ++x) {
        int64_t at = x + f.mask_x;
        bool inside = y >= 0 && y < f.mask_h && at >= 0 && at < f.mask_w;
        values[(x - p.x0) * p.block + c] *= inside ? slopes[codes[at] & 3] : A(0);
      }
    }
  }
};

template <class T>
struct FilteredJob {
  typedef typename Sum<T>::type A;
  const T* x;
  T* y;
  const Filtered* f;
  Filter<A> up, down;
  Cut cut;

  void run(int64_t job) const {
    const Resampling &u = f->up, &d = f->down;
    Part p = part_of(cut, job, d.out_w, d.out_h);
    Stage<A> second;
    int64_t need = stage_plan(second, &down, p.block, p.x0, p.x1), n = (p.x1 - p.x0) * p.block;
    FilteredPart<T> part;
    part.f = f, part.block = p.block, part.from = second.from, part.to = second.to;
    part.x0 = second.from < 0 ? 0 : second.from, part.x1 = second.to > u.out_w ? u.out_w : second.to;
    need += stage_plan(part.up, &up, p.block, part.x0, part.x1);
    A* row = stage_place(part.up, stage_place(second, (A*)ops::scratch(sizeof(A) * (need + padded(n)))));

    int64_t pixel = u.last ? u.c : 1, line = pixel * u.w, line_out = pixel * d.out_w;
    int64_t plane = u.last ? p.channel : p.channel * u.h * u.w;
    int64_t plane_out = u.last ? p.channel : p.channel * d.out_h * d.out_w;
    part.first_plane = p.image * u.c + p.channel;
    part.image = {x + p.image * u.c * u.h * u.w + plane, pixel, line, u.w, p.block, part.up.from, part.up.to};
    part.bias_of = f->bias ? part.bias : nullptr;
    if (f->bias)
      for (int64_t c = 0; c < p.block; ++c) part.bias[c] = load((const T*)f->bias + p.channel + c);

    Between<T> between = {&part};
    T* out = y + p.image * u.c * d.out_h * d.out_w + plane_out + p.x0 * pixel;
    for (int64_t o = p.y0; o < p.y1; ++o) {
      stage_row(second, o, between, row);
      T* to = out + o * line_out;
      for (int64_t i = 0; i < p.x1 - p.x0; ++i)
        for (int64_t c = 0; c < p.block; ++c) store(to + i * pixel + c, row[i * p.block + c]);
    }
  }
};

template <class T>
static void filtered_job(int64_t job, void* context) {
  ((const FilteredJob<T>*)context)->run(job);
}

template <class T>
static void filtered_typed(const void* x, void* y, const Filtered& f) {
  typedef typename Sum<T>::type A;
  FilteredJob<T> k;
  k.x = (const T*)x, k.y = (T*)y, k.f = &f;
  A* up = make_filter(k.up, f.up, (const A*)f.up_x, (const A*)f.up_y);
  A* down = make_filter(k.down, f.down, (const A*)f.down_x, (const A*)f.down_y);
  k.cut = cut_jobs(f.up.n, f.up.c, false, f.down.out_w, f.down.out_h, 2048);
  if (f.up.last) {
    k.cut.block = f.up.c < 16 ? f.up.c : 16;
    k.cut.blocks = (f.up.c + k.cut.block - 1) / k.cut.block;
  }
  if (f.mask_out) k.cut.strips = 1, k.cut.strip = f.down.out_w, k.cut.bands = 1, k.cut.band = f.down.out_h;
  ops::run_jobs(k.cut.jobs(), f.up.n * f.up.c * f.up.out_h * f.up.out_w > 16384, filtered_job<T>, &k);
  free(up), free(down);
}

static void filtered_lrelu(int32_t kind, const void* x, void* y, const Filtered& f) {
  if (kind == ops::kDouble) return filtered_typed<double>(x, y, f);
  if (kind == ops::kBfloat16) return filtered_typed<bfloat16>(x, y, f);
  filtered_typed<float>(x, y, f);
}
