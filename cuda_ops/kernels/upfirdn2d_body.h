// upfirdn2d by streaming rows; see stream_body.h.
#include "stream_body.h"

template <class T>
struct Upfirdn {
  typedef typename Sum<T>::type A;
  const T* x;
  T* y;
  Resampling r;
  Filter<A> filter;
  Cut cut;

  void run(int64_t job) const {
    Part p = part_of(cut, job, r.out_w, r.out_h);
    Stage<A> s;
    int64_t need = stage_plan(s, &filter, p.block, p.x0, p.x1), n = (p.x1 - p.x0) * p.block;
    A* memory = (A*)ops::scratch(sizeof(A) * (need + padded(n)));
    A* row = stage_place(s, memory);
    int64_t pixel = r.last ? r.c : 1, line = pixel * r.w, line_out = pixel * r.out_w;
    int64_t plane = r.last ? p.channel : p.channel * r.h * r.w;
    int64_t plane_out = r.last ? p.channel : p.channel * r.out_h * r.out_w;
    Image<T, A> in = {x + p.image * r.c * r.h * r.w + plane, pixel, line, r.w, p.block, s.from, s.to};
    T* out = y + p.image * r.c * r.out_h * r.out_w + plane_out + p.x0 * pixel;
    for (int64_t o = p.y0; o < p.y1; ++o) {
      T* to = out + o * line_out;
      stage_row(s, o, in, row);
      if (pixel == p.block) {
        for (int64_t i = 0; i < n; ++i) store(to + i, row[i]);
      } else {
        for (int64_t i = 0; i < p.x1 - p.x0; ++i)
          for (int64_t c = 0; c < p.block; ++c) store(to + i * pixel + c, row[i * p.block + c]);
      }
    }
  }
};

template <class T>
static void upfirdn_job(int64_t job, void* context) {
  ((const Upfirdn<T>*)context)->run(job);
}

template <class T>
static void upfirdn_typed(const void* x, void* y, const void* fx, const void* fy, const Resampling& r) {
  typedef typename Sum<T>::type A;
  Upfirdn<T> u;
  u.x = (const T*)x, u.y = (T*)y, u.r = r;
  A* tables = make_filter(u.filter, r, (const A*)fx, (const A*)fy);
  u.cut = cut_jobs(r.n, r.c, r.last, r.out_w, r.out_h, 8192);
  ops::run_jobs(u.cut.jobs(), r.n * r.c * r.out_h * r.out_w > 16384, upfirdn_job<T>, &u);
  free(tables);
}

static void upfirdn2d(int32_t kind, const void* x, void* y, const void* fx, const void* fy, const Resampling& r) {
  if (kind == ops::kDouble) return upfirdn_typed<double>(x, y, fx, fy, r);
  if (kind == ops::kBfloat16) return upfirdn_typed<bfloat16>(x, y, fx, fy, r);
  upfirdn_typed<float>(x, y, fx, fy, r);
}
