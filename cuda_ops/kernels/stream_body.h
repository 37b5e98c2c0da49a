// The streaming resampler: rows of one strip of one plane go through a horizontal filter into a ring of rows, and output
// rows are sums over that ring. All of it stays in the first and second level caches; every input row is read once.
//
// A row holds pixels of `block` values each: 1 for contiguous images, several channels for channels_last.
#include "scalar_body.h"

using ops::Resampling;

template <class A, int K, bool ADD>
static void fir_taps(A* __restrict out, const A* __restrict in, int64_t n, int64_t shift, const A* __restrict t) {
  A tap[K];
  for (int k = 0; k < K; ++k) tap[k] = t[k];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    A sum = ADD ? out[i] : A(0);
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) sum += tap[k] * in[i + k * shift];
    out[i] = sum;
  }
}

template <class A, bool ADD>
static void fir_some(A* out, const A* in, int64_t n, int64_t shift, const A* taps, int count) {
  switch (count) {
    case 1: return fir_taps<A, 1, ADD>(out, in, n, shift, taps);
    case 2: return fir_taps<A, 2, ADD>(out, in, n, shift, taps);
    case 3: return fir_taps<A, 3, ADD>(out, in, n, shift, taps);
    case 4: return fir_taps<A, 4, ADD>(out, in, n, shift, taps);
    case 5: return fir_taps<A, 5, ADD>(out, in, n, shift, taps);
    case 6: return fir_taps<A, 6, ADD>(out, in, n, shift, taps);
    case 7: return fir_taps<A, 7, ADD>(out, in, n, shift, taps);
    default: return fir_taps<A, 8, ADD>(out, in, n, shift, taps);
  }
}

// out[i] (+)= Σ_k taps[k] · in[i + k·shift]
template <class A>
static void fir(A* out, const A* in, int64_t n, int64_t shift, const A* taps, int count, bool add) {
  for (int from = 0; from < count; from += 8) {
    int some = count - from < 8 ? count - from : 8;
    if (add || from)
      fir_some<A, true>(out, in + from * shift, n, shift, taps + from, some);
    else
      fir_some<A, false>(out, in + from * shift, n, shift, taps + from, some);
  }
}

// out[i] (+)= Σ_k taps[k] · rows[k][i]
template <class A, int K, bool ADD>
static void mix_taps(A* __restrict out, const A* const* rows, int64_t n, const A* __restrict t) {
  A tap[K];
  const A* row[K];
  for (int k = 0; k < K; ++k) tap[k] = t[k], row[k] = rows[k];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    A sum = ADD ? out[i] : A(0);
#pragma GCC unroll 6
    for (int k = 0; k < K; ++k) sum += tap[k] * row[k][i];
    out[i] = sum;
  }
}

template <class A, bool ADD>
static void mix_some(A* out, const A* const* rows, int64_t n, const A* taps, int count) {
  switch (count) {
    case 1: return mix_taps<A, 1, ADD>(out, rows, n, taps);
    case 2: return mix_taps<A, 2, ADD>(out, rows, n, taps);
    case 3: return mix_taps<A, 3, ADD>(out, rows, n, taps);
    case 4: return mix_taps<A, 4, ADD>(out, rows, n, taps);
    case 5: return mix_taps<A, 5, ADD>(out, rows, n, taps);
    default: return mix_taps<A, 6, ADD>(out, rows, n, taps);
  }
}

struct Axis {
  int64_t in, out, up, down, pad, taps, reach;
  int64_t input(int64_t o) const { return ops::first_input(o, up, down, pad); }
  int64_t phase(int64_t o) const { return ops::first_tap(o, up, down, pad); }
};

OPS_FORCE Axis make_axis(int64_t in, int64_t up, int64_t down, int64_t pad0, int64_t pad1, int64_t taps) {
  Axis a = {in, ops::output_size(in, up, down, pad0, pad1, taps), up, down, pad0, taps, ops::reach(taps, up)};
  return a;
}

// table[phase][m] = taps[phase + m·up], zero beyond the end
template <class A>
static void fill_table(A* table, const A* taps, int64_t count, int64_t up, bool flip, A gain) {
  int64_t reach = ops::reach(count, up);
  for (int64_t p = 0; p < up; ++p)
    for (int64_t m = 0; m < reach; ++m) {
      int64_t k = p + m * up;
      table[p * reach + m] = k < count ? taps[ops::tap_at(k, count, flip)] * gain : A(0);
    }
}

template <class A>
struct Filter {       // of one resampling
  Axis x, y;
  bool separable;
  const A* across;    // table of x; for a full filter one such table per tap row (correlation order)
  const A* along;     // table of y; unused for a full filter
};

template <class A>
static A* make_filter(Filter<A>& f, const Resampling& r, const A* fx, const A* fy) {
  f.x = make_axis(r.w, r.up_x, r.down_x, r.px0, r.px1, r.taps_x);
  f.y = make_axis(r.h, r.up_y, r.down_y, r.py0, r.py1, r.taps_y);
  f.separable = fy != nullptr;
  int64_t one = r.up_x * f.x.reach, count = f.separable ? 1 : r.taps_y;
  A* tables = (A*)malloc(sizeof(A) * (count * one + r.up_y * f.y.reach));
  f.across = tables, f.along = tables + count * one;
  if (f.separable) {
    fill_table(tables, fx, r.taps_x, r.up_x, r.flip, A(1));
    fill_table(tables + one, fy, r.taps_y, r.up_y, r.flip, (A)r.gain);
  } else {
    for (int64_t k = 0; k < r.taps_y; ++k) {
      const A* line = fx + ops::tap_at(k, r.taps_y, r.flip) * r.taps_x;
      fill_table(tables + k * one, line, r.taps_x, r.up_x, r.flip, (A)r.gain);
    }
  }
  return tables;
}

template <class A>
struct Stage {        // one resampling of one strip
  const Filter<A>* filter;
  int64_t block, x0, x1;   // values per pixel; output columns [x0, x1)
  int64_t from, to;        // input columns that they need, zeros outside the image
  A* ring;                 // the rows kept: filtered across, or as they came for a full filter
  int64_t* kept;           // which input row a slot holds
  int64_t depth, length;   // slots; values in one
  A *row, *phases, *part;  // scratch: one padded input row, phases of one row, one partial sum
};

OPS_FORCE int64_t padded(int64_t values) { return (values + 31) / 16 * 16; }

template <class A>
OPS_FORCE int64_t stage_plan(Stage<A>& s, const Filter<A>* f, int64_t block, int64_t x0, int64_t x1) {
  s.filter = f, s.block = block, s.x0 = x0, s.x1 = x1;
  s.from = f->x.input(x0), s.to = f->x.input(x1 - 1) + f->x.reach;
  s.depth = f->y.reach;
  s.length = padded((f->separable ? x1 - x0 : s.to - s.from) * block);
  int64_t wide = padded((s.to - s.from) * block), out = padded((x1 - x0) * block);
  return s.depth * s.length + wide + (wide + out + 64 * f->x.up + 64 * f->x.down) + out + 2 * padded(s.depth);
}

template <class A>
OPS_FORCE A* stage_place(Stage<A>& s, A* memory) {
  const Filter<A>* f = s.filter;
  int64_t wide = padded((s.to - s.from) * s.block), out = padded((s.x1 - s.x0) * s.block);
  s.kept = (int64_t*)memory;
  memory += padded(s.depth) * (8 / (int64_t)sizeof(A));
  s.ring = memory, memory += s.depth * s.length;
  s.row = memory, memory += wide;
  s.phases = memory, memory += wide + out + 64 * f->x.up + 64 * f->x.down;
  s.part = memory, memory += out;
  for (int64_t i = 0; i < s.depth; ++i) s.kept[i] = -1;
  return memory;
}

// One padded input row through one row of taps.
template <class A>
static void across(const Stage<A>& s, const A* row, const A* table, A* out) {
  const Axis& x = s.filter->x;
  int64_t n = s.x1 - s.x0, b = s.block;
  int reach = (int)x.reach;
  if (x.up == 1 && x.down == 1) return fir(out, row, n * b, b, table, reach, false);
  if (b == 1 && x.down == 1) {
    for (int64_t j = 0; j < x.up && j < n; ++j) {
      int64_t count = (n - j + x.up - 1) / x.up;
      A* to = s.phases + j * padded((n + x.up - 1) / x.up);
      fir(to, row + (x.input(s.x0 + j) - s.from), count, 1, table + x.phase(s.x0 + j) * x.reach, reach, false);
      if (x.up == 2) continue;
      for (int64_t i = 0; i < count; ++i) out[j + i * x.up] = to[i];
    }
    if (x.up == 2) {
      const A *even = s.phases, *odd = s.phases + padded((n + 1) / 2);
      for (int64_t i = 0; i < n / 2; ++i) out[2 * i] = even[i], out[2 * i + 1] = odd[i];
      if (n % 2) out[n - 1] = even[n / 2];
    }
    return;
  }
  if (b == 1 && x.up == 1) {
    int64_t length = padded((s.to - s.from + x.down - 1) / x.down);
    A tap[64];
    for (int64_t j = 0; j < x.down && j < reach; ++j) {
      int64_t have = (s.to - s.from - j + x.down - 1) / x.down;
      A* part = s.phases + (j % 2) * length;
      if (x.down == 2)
        for (int64_t i = 0; i < have; ++i) part[i] = row[2 * i + j];
      else
        for (int64_t i = 0; i < have; ++i) part[i] = row[i * x.down + j];
      int64_t count = (reach - j + x.down - 1) / x.down;
      for (int64_t from = 0; from < count; from += 64) {
        int64_t some = count - from < 64 ? count - from : 64;
        for (int64_t m = 0; m < some; ++m) tap[m] = table[(from + m) * x.down + j];
        fir(out, part + from, n, 1, tap, (int)some, j > 0 || from > 0);
      }
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    const A* taps = table + x.phase(s.x0 + i) * x.reach;
    fir(out + i * b, row + (x.input(s.x0 + i) - s.from) * b, b, b, taps, reach, false);
  }
}

// Output row o of the strip; source(i, row) fills the padded input row i.
template <class A, class Source>
static void stage_row(Stage<A>& s, int64_t o, Source& source, A* out) {
  const Filter<A>& f = *s.filter;
  int64_t first = f.y.input(o), phase = f.y.phase(o), n = (s.x1 - s.x0) * s.block;
  const A* rows[6];
  A taps[6];
  int have = 0;
  bool begun = false;
  for (int64_t m = 0; m < f.y.reach; ++m) {
    int64_t i = first + m;
    if (i < 0 || i >= f.y.in || phase + m * f.y.up >= f.y.taps) continue;
    int64_t slot = i % s.depth;
    A* kept = s.ring + slot * s.length;
    if (s.kept[slot] != i) {
      if (f.separable) {
        source.row(i, s.row);
        across(s, s.row, f.across, kept);
      } else {
        source.row(i, kept);
      }
      s.kept[slot] = i;
    }
    if (!f.separable) {
      const A* table = f.across + (phase + m * f.y.up) * f.x.up * f.x.reach;
      across(s, kept, table, begun ? s.part : out);
      if (begun)
        for (int64_t j = 0; j < n; ++j) out[j] += s.part[j];
      begun = true;
      continue;
    }
    rows[have] = kept, taps[have] = f.along[phase * f.y.reach + m], ++have;
    if (have == 6) {
      if (begun)
        mix_some<A, true>(out, rows, n, taps, have);
      else
        mix_some<A, false>(out, rows, n, taps, have);
      begun = true, have = 0;
    }
  }
  if (have) {
    if (begun)
      mix_some<A, true>(out, rows, n, taps, have);
    else
      mix_some<A, false>(out, rows, n, taps, have);
    begun = true;
  }
  if (!begun)
    for (int64_t j = 0; j < n; ++j) out[j] = A(0);
}

// Rows of an image in memory: pixel step and row step in values, `block` neighbouring values per pixel.
template <class T, class A>
struct Image {
  const T* data;
  int64_t pixel, line, width, block, from, to;
  void row(int64_t i, A* __restrict out) const {
    const T* in = data + i * line;
    int64_t a = from < 0 ? 0 : from, z = to > width ? width : to;
    if (z < a) z = a;
    int64_t before = (a - from) * block, after = (to - z) * block;
    if (before > (to - from) * block) before = (to - from) * block, after = 0;
    for (int64_t j = 0; j < before; ++j) out[j] = A(0);
    A* to_ = out + before;
    if (pixel == block) {
      const T* __restrict line_in = in + a * pixel;
      int64_t n = (z - a) * block;
      for (int64_t j = 0; j < n; ++j) to_[j] = load(line_in + j);
    } else {
      for (int64_t x = a; x < z; ++x)
        for (int64_t c = 0; c < block; ++c) to_[(x - a) * block + c] = load(in + x * pixel + c);
    }
    A* end = to_ + (z - a) * block;
    for (int64_t j = 0; j < after; ++j) end[j] = A(0);
  }
};

// How a batch of images is cut into jobs: planes (or blocks of channels), strips of columns, bands of rows.
struct Cut {
  int64_t images, channels, block, blocks, strip, strips, band, bands;
  int64_t jobs() const { return images * blocks * strips * bands; }
};

OPS_FORCE Cut cut_jobs(int64_t images, int64_t channels, bool last, int64_t width, int64_t height, int64_t values) {
  Cut c = {images, channels, 1, channels, width, 1, height, 1};
  if (last) c.block = channels < 512 ? channels : 512, c.blocks = (channels + c.block - 1) / c.block;
  int64_t most = last ? values / c.block : 16 * values;
  if (most < 4) most = 4;
  if (width > most) c.strips = (width + most - 1) / most, c.strip = (width + c.strips - 1) / c.strips;
  c.strips = (width + c.strip - 1) / c.strip;
  int64_t base = images * c.blocks * c.strips, wish = 4 * ops::threads();
  if (ops::threads() > 1 && base > 0 && base < wish) {
    c.band = (height + (wish + base - 1) / base - 1) / ((wish + base - 1) / base);
    if (c.band < 16) c.band = height < 16 ? height : 16;
    c.bands = (height + c.band - 1) / c.band;
  }
  return c;
}

struct Part {
  int64_t image, channel, block, x0, x1, y0, y1;
};

OPS_FORCE Part part_of(const Cut& c, int64_t job, int64_t width, int64_t height) {
  Part p;
  int64_t band = job % c.bands;
  job /= c.bands;
  int64_t strip = job % c.strips;
  job /= c.strips;
  p.channel = job % c.blocks * c.block;
  p.image = job / c.blocks;
  p.block = c.channels - p.channel < c.block ? c.channels - p.channel : c.block;
  p.x0 = strip * c.strip, p.x1 = p.x0 + c.strip < width ? p.x0 + c.strip : width;
  p.y0 = band * c.band, p.y1 = p.y0 + c.band < height ? p.y0 + c.band : height;
  return p;
}
