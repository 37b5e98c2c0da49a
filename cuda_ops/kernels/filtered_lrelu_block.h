// filtered_lrelu as a block function: a tile of outputs, everything between in shared memory. Phases are functions of a
// thread number with a barrier after each, so that a CPU test can run them in loops.
#pragma once
#include "cuda_types.h"
#include "filtered_lrelu.h"
#include "upfirdn2d_thread.h"

namespace ops {

template <class T>
struct FilteredBlock {
  typedef typename Accumulator<T>::type A;
  static constexpr int kPhases = 5;

  const T* x;
  T* y;
  Filtered f;
  DeviceFilter<A> up, down;
  int64_t tile_w, tile_h, tiles_x, tiles_y;

  OPS_INLINE int64_t between_w() const { return (tile_w - 1) * f.down.down_x + f.down.taps_x; }
  OPS_INLINE int64_t between_h() const { return (tile_h - 1) * f.down.down_y + f.down.taps_y; }
  // inputs below a run of pixels between the filters, wherever it begins
  OPS_INLINE int64_t input_w() const { return (between_w() + f.up.up_x - 2) / f.up.up_x + 1 + reach(f.up.taps_x, f.up.up_x); }
  OPS_INLINE int64_t input_h() const { return (between_h() + f.up.up_y - 2) / f.up.up_y + 1 + reach(f.up.taps_y, f.up.up_y); }
  OPS_INLINE int64_t first_room() const {
    int64_t in = input_h() * (input_w() + (up.y ? between_w() : 0)), out = down.y ? between_h() * tile_w : 0;
    return in > out ? in : out;
  }
  OPS_INLINE int64_t room() const { return first_room() + between_h() * between_w(); }   // values of shared memory
  OPS_INLINE int64_t blocks() const { return tiles_x * tiles_y * f.up.n * f.up.c; }

  struct Place {
    int64_t n, c, ox, oy, bx, by, ix, iy;
  };

  OPS_INLINE Place place(int64_t block) const {
    Place p;
    p.ox = block % tiles_x * tile_w, block /= tiles_x;
    p.oy = block % tiles_y * tile_h, block /= tiles_y;
    p.c = block % f.up.c, p.n = block / f.up.c;
    p.bx = p.ox * f.down.down_x, p.by = p.oy * f.down.down_y;
    p.ix = first_input(p.bx, f.up.up_x, 1, f.up.px0), p.iy = first_input(p.by, f.up.up_y, 1, f.up.py0);
    return p;
  }

  OPS_INLINE int64_t at(const Place& p, int64_t row, int64_t column, int64_t h, int64_t w) const {
    return f.up.last ? ((p.n * h + row) * w + column) * f.up.c + p.c : ((p.n * f.up.c + p.c) * h + row) * w + column;
  }

  OPS_INLINE A bend(const Place& p, int64_t by, int64_t bx, A v) const {
    int64_t row = p.by + by, column = p.bx + bx;
    if (row >= f.up.out_h || column >= f.up.out_w) return A(0);
    if (f.mask_in) {
      int64_t my = row + f.mask_y, mx = column + f.mask_x;
      if (my < 0 || my >= f.mask_h || mx < 0 || mx >= f.mask_w) return A(0);
      uint8_t code = f.mask_in[((p.n * f.up.c + p.c) * f.mask_h + my) * f.mask_w + mx];
      return code == kPositive ? v : (code == kNegative ? v * (A)f.slope : A(0));
    }
    A bent = (v > 0 ? v : v * (A)f.slope) * (A)f.gain, clamp = (A)f.clamp;
    bool open = !(clamp >= 0) || (bent < clamp && bent > -clamp);
    if (f.mask_out)
      f.mask_out[((p.n * f.up.c + p.c) * f.up.out_h + row) * f.up.out_w + column] = !open ? kClamped : (v > 0 ? kPositive : kNegative);
    if (clamp >= 0) bent = bent > clamp ? clamp : (bent < -clamp ? -clamp : bent);
    return bent;
  }

  OPS_INLINE void phase(int which, int64_t block, int64_t thread, int64_t threads, A* memory) const {
    const Place p = place(block);
    const int64_t iw = input_w(), ih = input_h(), bw = between_w(), bh = between_h();
    A *in = memory, *wide = memory + ih * iw, *between = memory + first_room(), *thin = memory;
    if (which == 0) {
      for (int64_t i = thread; i < ih * iw; i += threads) {
        int64_t row = p.iy + i / iw, column = p.ix + i % iw;
        bool inside = row >= 0 && row < f.up.h && column >= 0 && column < f.up.w;
        A bias = inside && f.bias ? A(widen(((const T*)f.bias)[p.c])) : A(0);
        in[i] = inside ? A(widen(x[at(p, row, column, f.up.h, f.up.w)])) + bias : A(0);
      }
    } else if (which == 1 && up.y) {
      for (int64_t i = thread; i < ih * bw; i += threads) {
        int64_t column = p.bx + i % bw, k = first_tap(column, f.up.up_x, 1, f.up.px0);
        const A* row = in + i / bw * iw + (first_input(column, f.up.up_x, 1, f.up.px0) - p.ix);
        A sum = A(0);
        for (; k < up.taps_x; k += f.up.up_x, ++row) sum += up.x[tap_at(k, up.taps_x, up.flip)] * *row;
        wide[i] = sum;
      }
    } else if (which == 2) {
      for (int64_t i = thread; i < bh * bw; i += threads) {
        int64_t bx = i % bw, by = i / bw, row = p.by + by, k = first_tap(row, f.up.up_y, 1, f.up.py0);
        int64_t first = first_input(row, f.up.up_y, 1, f.up.py0) - p.iy;
        A sum = A(0);
        for (; k < up.taps_y; k += f.up.up_y, ++first) {
          if (up.y) {
            sum += up.y[tap_at(k, up.taps_y, up.flip)] * wide[first * bw + bx];
            continue;
          }
          int64_t column = p.bx + bx, kx = first_tap(column, f.up.up_x, 1, f.up.px0);
          const A* values = in + first * iw + (first_input(column, f.up.up_x, 1, f.up.px0) - p.ix);
          for (; kx < up.taps_x; kx += f.up.up_x, ++values) sum += up.tap(kx, k) * *values;
        }
        between[i] = bend(p, by, bx, sum * (A)f.up.gain);
      }
    } else if (which == 3 && down.y) {
      for (int64_t i = thread; i < bh * tile_w; i += threads) {
        const A* row = between + i / tile_w * bw + i % tile_w * f.down.down_x;
        A sum = A(0);
        for (int64_t k = 0; k < down.taps_x; ++k) sum += down.x[tap_at(k, down.taps_x, down.flip)] * row[k];
        thin[i] = sum;
      }
    } else if (which == 4) {
      for (int64_t i = thread; i < tile_h * tile_w; i += threads) {
        int64_t tx = i % tile_w, ty = i / tile_w;
        if (p.ox + tx >= f.down.out_w || p.oy + ty >= f.down.out_h) continue;
        A sum = A(0);
        for (int64_t k = 0; k < down.taps_y; ++k) {
          int64_t row = ty * f.down.down_y + k;
          if (down.y) {
            sum += down.y[tap_at(k, down.taps_y, down.flip)] * thin[row * tile_w + tx];
            continue;
          }
          const A* values = between + row * bw + tx * f.down.down_x;
          for (int64_t kx = 0; kx < down.taps_x; ++kx) sum += down.tap(kx, k) * values[kx];
        }
        narrow(y[at(p, p.oy + ty, p.ox + tx, f.down.out_h, f.down.out_w)], sum);
      }
    }
  }
};

// The largest tile whose room fits in `bytes` of shared memory; false where not even one pixel does.
template <class T>
bool filtered_block(FilteredBlock<T>& b, const void* x, void* y, const Filtered& f, int64_t bytes) {
  typedef typename Accumulator<T>::type A;
  b.x = (const T*)x, b.y = (T*)y, b.f = f;
  b.up = {(const A*)f.up_x, (const A*)f.up_y, f.up.taps_x, f.up.taps_y, f.up.flip};
  b.down = {(const A*)f.down_x, (const A*)f.down_y, f.down.taps_x, f.down.taps_y, f.down.flip};
  for (b.tile_w = b.tile_h = 32; b.room() * (int64_t)sizeof(A) > bytes;) {
    if (b.tile_w == 1 && b.tile_h == 1) return false;
    if (b.tile_h >= b.tile_w)
      b.tile_h /= 2;
    else
      b.tile_w /= 2;
    if (b.tile_h < 1) b.tile_h = 1;
  }
  b.tiles_x = (f.down.out_w + b.tile_w - 1) / b.tile_w, b.tiles_y = (f.down.out_h + b.tile_h - 1) / b.tile_h;
  return true;
}

}  // namespace ops
