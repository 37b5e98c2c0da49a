// upfirdn2d as thread functions. GatherThread: any geometry, one output pixel each. StreamThread: filters of up to 4×4 taps
// that factor, up or down by 1 or 2; a thread walks down the rows with the last filtered rows in registers, so that every
// input is read once.
#pragma once
#include "cuda_types.h"
#include "upfirdn2d.h"

namespace ops {

template <class A>
struct DeviceFilter {
  const A *x, *y;   // factors, or the whole filter and null
  int64_t taps_x, taps_y;
  bool flip;

  OPS_INLINE A tap(int64_t kx, int64_t ky) const {
    kx = tap_at(kx, taps_x, flip), ky = tap_at(ky, taps_y, flip);
    return y ? x[kx] * y[ky] : x[ky * taps_x + kx];
  }

  // Correlation-order factors, zero beyond the end; false where a whole filter is no outer product. At most 4×4 taps.
  OPS_INLINE bool factors(A gain, A* across, A* along) const {
    OPS_UNROLL for (int k = 0; k < 4; ++k) across[k] = along[k] = A(0);
    if (y) {
      OPS_UNROLL for (int k = 0; k < 4; ++k) {
        if (k < taps_x) across[k] = x[tap_at(k, taps_x, flip)];
        if (k < taps_y) along[k] = y[tap_at(k, taps_y, flip)] * gain;
      }
      return true;
    }
    A pivot = A(0);
    int64_t px = 0, py = 0;
    for (int64_t j = 0; j < taps_y; ++j)
      for (int64_t i = 0; i < taps_x; ++i) {
        A v = tap(i, j);
        if ((v < 0 ? -v : v) > (pivot < 0 ? -pivot : pivot)) pivot = v, px = i, py = j;
      }
    if (!(pivot != 0)) return false;
    OPS_UNROLL for (int k = 0; k < 4; ++k) {
      if (k < taps_x) across[k] = tap(k, py) / pivot;
      if (k < taps_y) along[k] = tap(px, k);
    }
    A most = (pivot < 0 ? -pivot : pivot) * (sizeof(A) == 8 ? A(1e-15) : A(4e-7));
    bool good = true;
    OPS_UNROLL for (int j = 0; j < 4; ++j)
      OPS_UNROLL for (int i = 0; i < 4; ++i)
        if (i < taps_x && j < taps_y) {
          A off = tap(i, j) - across[i] * along[j];
          good = good && off <= most && off >= -most;
        }
    OPS_UNROLL for (int k = 0; k < 4; ++k) along[k] *= gain;
    return good;
  }
};

template <class T>
struct GatherThread {
  typedef typename Accumulator<T>::type A;
  const T* x;
  T* y;
  DeviceFilter<A> f;
  Resampling r;

  OPS_INLINE int64_t at(int64_t n, int64_t c, int64_t row, int64_t column, int64_t h, int64_t w) const {
    return r.last ? ((n * h + row) * w + column) * r.c + c : ((n * r.c + c) * h + row) * w + column;
  }

  OPS_INLINE A pixel(int64_t n, int64_t c, int64_t oy, int64_t ox) const {
    int64_t ky0 = first_tap(oy, r.up_y, r.down_y, r.py0), iy0 = first_input(oy, r.up_y, r.down_y, r.py0);
    int64_t kx0 = first_tap(ox, r.up_x, r.down_x, r.px0), ix0 = first_input(ox, r.up_x, r.down_x, r.px0);
    A sum = A(0);
    for (int64_t ky = ky0, iy = iy0; ky < r.taps_y; ky += r.up_y, ++iy) {
      if (iy < 0 || iy >= r.h) continue;
      for (int64_t kx = kx0, ix = ix0; kx < r.taps_x; kx += r.up_x, ++ix)
        if (ix >= 0 && ix < r.w) sum += f.tap(kx, ky) * A(widen(x[at(n, c, iy, ix, r.h, r.w)]));
    }
    return sum * (A)r.gain;
  }

  OPS_INLINE void operator()(int64_t thread) const {
    int64_t i = thread, c = 0, column, row;
    if (r.last) c = i % r.c, i /= r.c;
    column = i % r.out_w, i /= r.out_w;
    row = i % r.out_h, i /= r.out_h;
    if (!r.last) c = i % r.c, i /= r.c;
    narrow(y[thread], pixel(i, c, row, column));
  }
};

// Where StreamThread applies.
OPS_INLINE bool streams(const Resampling& r, int up, int down) {
  int64_t halo = up == 1 && down == 1 ? 3 : 2;
  return r.up_x == up && r.up_y == up && r.down_x == down && r.down_y == down && r.taps_x <= 4 && r.taps_y <= 4 &&
         r.px0 >= 0 && r.px0 / up <= halo && r.out_w >= 1;
}

// N outputs of a row (contiguous) or N channels of one column (channels_last) per thread, `rows` output rows each.
template <class T, int UP, int DOWN, bool LAST>
struct StreamThread {
  typedef typename Accumulator<T>::type A;
  static constexpr int N = 16 / sizeof(T);
  static constexpr int kMain = N * DOWN / UP;              // inputs below N outputs
  static constexpr int kHalo = UP == 1 && DOWN == 1 ? 3 : 2;
  static constexpr int kSpan = kMain + kHalo;
  static constexpr int kReach = 4 / UP;
  static constexpr int kLoads = LAST ? kReach * N : kSpan;  // values of one input row per thread
  static constexpr int kAhead = kLoads * sizeof(T) >= 32 ? 2 : 4;   // input rows in flight

  const T* x;
  T* y;
  DeviceFilter<A> f;
  Resampling r;
  int64_t groups, rows, bands;   // of columns (or columns × channel vectors); output rows per thread; bands of them
  bool vector_in, vector_out;

  OPS_INLINE int64_t threads() const { return groups * bands * r.n * (LAST ? 1 : r.c); }

  OPS_INLINE void operator()(int64_t thread) const {
    int64_t group = thread % groups, i = thread / groups;
    int64_t band = i % bands, plane = i / bands;
    int64_t y0 = band * rows, y1 = y0 + rows < r.out_h ? y0 + rows : r.out_h;
    A across[4], along[4];
    if (!f.factors((A)r.gain, across, along)) return slow(group, plane, y0, y1);
    walk(group, plane, y0, y1, across, along);
  }

  OPS_INLINE void slow(int64_t group, int64_t plane, int64_t y0, int64_t y1) const {
    GatherThread<T> gather = {x, y, f, r};
    for (int64_t row = y0; row < y1; ++row)
      for (int j = 0; j < N; ++j) {
        int64_t vectors = r.c / N, column = LAST ? group / vectors : group * N + j;
        int64_t n = LAST ? plane : plane / r.c, c = LAST ? group % vectors * N + j : plane % r.c;
        if (column < r.out_w) narrow(y[gather.at(n, c, row, column, r.out_h, r.out_w)], gather.pixel(n, c, row, column));
      }
  }

  // Puts the inputs of one row below this thread's outputs into s: D before the aligned ones, the rest after.
  template <int D>
  OPS_INLINE void place(T* s, const T* row, int64_t from, bool inside) const {
    typedef Vector<T, kMain> Main;
    T zero;
    narrow(zero, A(0));
    bool whole = inside && vector_in && from + kMain <= r.w;
    Main main;
    if (whole) main = *(const Main*)(row + from);
    OPS_UNROLL for (int k = 0; k < kSpan; ++k) {
      bool middle = k >= D && k < D + kMain;
      int64_t i = from - D + k;
      if (middle && whole)
        s[k] = main.v[middle ? k - D : 0];
      else
        s[k] = inside && i >= 0 && i < r.w ? row[i] : zero;
    }
  }

  OPS_INLINE void load_row(T* s, int64_t group, int64_t plane, int64_t i) const {
    bool inside = i >= 0 && i < r.h;
    T zero;
    narrow(zero, A(0));
    if (LAST) {
      int64_t vectors = r.c / N, column = group / vectors, c = group % vectors * N;
      int64_t first = first_input(column, UP, DOWN, r.px0);
      const T* row = x + ((plane * r.h + (inside ? i : 0)) * r.w) * r.c + c;
      OPS_UNROLL for (int k = 0; k < kReach; ++k) {
        bool there = inside && first + k >= 0 && first + k < r.w;
        Vector<T, N> v;
        if (there) v = *(const Vector<T, N>*)(row + (first + k) * r.c);
        OPS_UNROLL for (int j = 0; j < N; ++j) s[k * N + j] = there ? v.v[j] : zero;
      }
      return;
    }
    const T* row = x + (plane * r.h + (inside ? i : 0)) * r.w;
    int64_t from = group * kMain;
    int before = (int)(r.px0 / UP);   // the same for all threads: one branch
    if (before == 0) place<0>(s, row, from, inside);
    if (before == 1) place<1>(s, row, from, inside);
    if (before == 2) place<2>(s, row, from, inside);
    if (kHalo == 3 && before == 3) place<(kHalo == 3 ? 3 : 0)>(s, row, from, inside);
  }

  // One input row through the horizontal filter.
  OPS_INLINE void filter_row(A* h, const T* s, const A* t, int64_t group) const {
    if (LAST) {
      int64_t k0 = first_tap(group / (r.c / N), UP, DOWN, r.px0);
      A tap[kReach];
      OPS_UNROLL for (int k = 0; k < kReach; ++k) tap[k] = UP == 1 ? t[k] : (k0 ? t[2 * k + (UP > 1)] : t[2 * k < 4 ? 2 * k : 0]);
      OPS_UNROLL for (int j = 0; j < N; ++j) {
        A sum = A(0);
        OPS_UNROLL for (int k = 0; k < kReach; ++k) sum += tap[k] * A(widen(s[k * N + j]));
        h[j] = sum;
      }
      return;
    }
    if (UP == 1) {
      OPS_UNROLL for (int j = 0; j < N; ++j) {
        A sum = A(0);
        OPS_UNROLL for (int k = 0; k < 4; ++k) sum += t[k] * A(widen(s[(j * DOWN + k) < kSpan ? j * DOWN + k : 0]));
        h[j] = sum;
      }
      return;
    }
    bool odd = r.px0 & 1;   // even outputs begin with tap `odd`, odd outputs with the other, one input later if even
    A even0 = odd ? t[1] : t[0], even1 = odd ? t[3] : t[2], odd0 = odd ? t[0] : t[1], odd1 = odd ? t[2] : t[3];
    OPS_UNROLL for (int q = 0; q < N / 2; ++q) {
      A a = A(widen(s[q])), b = A(widen(s[q + 1])), c = A(widen(s[q + 2 < kSpan ? q + 2 : 0]));
      h[2 * q] = even0 * a + even1 * b;
      h[2 * q + 1] = odd ? odd0 * a + odd1 * b : odd0 * b + odd1 * c;
    }
  }

  OPS_INLINE void put(const A* v, int64_t group, int64_t plane, int64_t row) const {
    Vector<T, N> out;
    OPS_UNROLL for (int j = 0; j < N; ++j) narrow(out.v[j], v[j]);
    if (LAST) {
      int64_t vectors = r.c / N;
      *(Vector<T, N>*)(y + ((plane * r.out_h + row) * r.out_w + group / vectors) * r.c + group % vectors * N) = out;
      return;
    }
    T* to = y + (plane * r.out_h + row) * r.out_w + group * N;
    if (vector_out) {
      *(Vector<T, N>*)to = out;
    } else {
      OPS_UNROLL for (int j = 0; j < N; ++j)
        if (group * N + j < r.out_w) to[j] = out.v[j];
    }
  }

  // The output rows that input row i completes; h holds the last four filtered rows, i in slot `slot`.
  OPS_INLINE void emit(const A (*h)[N], int slot, int64_t i, const A* t, int64_t group, int64_t plane, int64_t y0, int64_t y1) const {
    A v[N];
    if (UP == 2) {
      OPS_UNROLL for (int p = 0; p < 2; ++p) {   // q = o - pad = 2(i - 1) - p: taps p and p + 2 on rows i - 1 and i
        int64_t o = r.py0 + 2 * (i - 1) - (1 - p);
        if (o < y0 || o >= y1) continue;
        OPS_UNROLL for (int j = 0; j < N; ++j) v[j] = t[1 - p] * h[(slot + 3) & 3][j] + t[3 - p] * h[slot][j];
        put(v, group, plane, o);
      }
      return;
    }
    int64_t q = i - 3 + r.py0;
    if (DOWN == 2 && (q & 1)) return;
    int64_t o = DOWN == 2 ? q >> 1 : q;
    if (o < y0 || o >= y1) return;
    OPS_UNROLL for (int j = 0; j < N; ++j)
      v[j] = t[0] * h[(slot + 1) & 3][j] + t[1] * h[(slot + 2) & 3][j] + t[2] * h[(slot + 3) & 3][j] + t[3] * h[slot][j];
    put(v, group, plane, o);
  }

  OPS_INLINE void walk(int64_t group, int64_t plane, int64_t y0, int64_t y1, const A* across, const A* along) const {
    int64_t first = first_input(y0, UP, DOWN, r.py0), end = first_input(y1 - 1, UP, DOWN, r.py0) + kReach;
    A h[4][N];
    OPS_UNROLL for (int k = 0; k < 4; ++k)
      OPS_UNROLL for (int j = 0; j < N; ++j) h[k][j] = A(0);
    for (int64_t i = first; i < end; i += 4) {
      OPS_UNROLL for (int half = 0; half < 4; half += kAhead) {
        T s[kAhead][kLoads];
        OPS_UNROLL for (int k = 0; k < kAhead; ++k) load_row(s[k], group, plane, i + half + k < end ? i + half + k : -1);
        OPS_UNROLL for (int k = 0; k < kAhead; ++k) {
          filter_row(h[half + k], s[k], across, group);
          if (i + half + k < end) emit(h, half + k, i + half + k, along, group, plane, y0, y1);
        }
      }
    }
  }
};

// False where the layout does not allow it; `aligned`: both pointers on 16 bytes.
template <class T, int UP, int DOWN, bool LAST>
bool stream_work(StreamThread<T, UP, DOWN, LAST>& w, const void* x, void* y,
                 const DeviceFilter<typename Accumulator<T>::type>& f, const Resampling& r, bool aligned, int64_t busy) {
  constexpr int N = StreamThread<T, UP, DOWN, LAST>::N, main = StreamThread<T, UP, DOWN, LAST>::kMain;
  if (!streams(r, UP, DOWN) || r.last != LAST || (LAST && (r.c % N || !aligned))) return false;
  w.x = (const T*)x, w.y = (T*)y, w.f = f, w.r = r;
  w.groups = LAST ? r.out_w * (r.c / N) : (r.out_w + N - 1) / N;
  w.vector_in = aligned && r.w % main == 0;
  w.vector_out = aligned && r.out_w % N == 0;
  w.rows = 64;   // long walks read few rows twice; shorter ones where the machine would idle
  int64_t columns = w.groups * r.n * (LAST ? 1 : r.c);
  while (w.rows > 8 && columns * ((r.out_h + w.rows - 1) / w.rows) < busy) w.rows /= 2;
  w.bands = (r.out_h + w.rows - 1) / w.rows;
  return true;
}

}  // namespace ops
