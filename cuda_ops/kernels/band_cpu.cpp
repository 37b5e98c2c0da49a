// The ends of synthesis layers on the CPU, as operators of latentlab_cpu; without gradients.
#include "tensors.h"

#include "band.h"
#include "cpu.h"
#include "index.h"

#ifdef OPS_X86
#include <immintrin.h>
#endif

#define OPS_BODY "band_body.h"
#include "foreach_isa.h"

namespace ops {

void band_tail_cpu(int32_t kind, const void* y, int64_t n, int64_t rows, int64_t w, int64_t c, const Finish& f) {
  OPS_CALL(band_tail, kind, y, n, rows, w, c, f);
}

void band_phases_cpu(int32_t kind, const Phases& p, int64_t n, int64_t first, int64_t rows, int64_t c, const Finish& f) {
  OPS_CALL(band_phases, kind, p, n, first, rows, c, f);
}

}  // namespace ops

namespace {

int32_t kind_of(const Tensor& x) { return x.scalar_type() == ScalarType::BFloat16 ? ops::kBfloat16 : ops::kFloat; }

const float* floats(const optional<Tensor>& t, const char* name) {
  if (!t) return nullptr;
  STD_TORCH_CHECK(t->scalar_type() == ScalarType::Float && t->is_contiguous(), name, " must be contiguous float32");
  return t->const_data_ptr<float>();
}

// Rows of pixels of c values, one after the other; images may lie apart.
void check_rows(const Tensor& x, const char* name) {
  STD_TORCH_CHECK(x.dim() == 4 && x.stride(1) == 1 && x.stride(3) == x.size(1) && x.stride(2) == x.size(1) * x.size(3), name,
              " must be channels_last");
  STD_TORCH_CHECK(x.scalar_type() == ScalarType::Float || x.scalar_type() == ScalarType::BFloat16, name, " must be float32 or bfloat16");
}

ops::Finish finish_of(int64_t n, int64_t c, int64_t rows, int64_t w, ScalarType type, const optional<Tensor>& out,
                      const optional<Tensor>& keep, const optional<Tensor>& rgb, const optional<Tensor>& weight, const optional<Tensor>& scale,
                      const optional<Tensor>& noise, double strength, const Tensor& bias, double slope, double gain,
                      double clamp, const optional<Tensor>& next) {
  ops::Finish f = {};
  f.scale = floats(scale, "scale"), f.bias = floats(bias, "bias"), f.next = floats(next, "next");
  STD_TORCH_CHECK(bias.numel() == c && (!scale || scale->numel() == n * c) && (!next || next->numel() == n * c),
              "scale, bias and next must fit the channels");
  f.strength = (float)strength, f.slope = (float)slope, f.gain = (float)gain, f.clamp = (float)clamp;
  if (noise) {
    STD_TORCH_CHECK(noise->dim() == 3 && noise->scalar_type() == ScalarType::Float && noise->stride(2) == 1 &&
                    noise->size(1) == rows && noise->size(2) == w && (noise->size(0) == n || noise->size(0) == 1),
                "noise must be float32 [n or 1, rows, w]");
    f.noise = noise->const_data_ptr<float>();
    f.noise_n = noise->size(0) > 1 ? noise->stride(0) : 0, f.noise_row = noise->stride(1);
  }
  if (out) {
    check_rows(*out, "out");
    STD_TORCH_CHECK(out->scalar_type() == type && out->size(0) == n && out->size(1) == c && out->size(2) == rows &&
                    out->size(3) == w, "out must fit the band");
    f.out = out->data_ptr(), f.out_n = out->stride(0), f.out_row = out->stride(2);
  }
  if (keep) {
    check_rows(*keep, "keep");
    STD_TORCH_CHECK(keep->scalar_type() == type && keep->size(0) == n && keep->size(1) == c && keep->size(2) == rows &&
                    keep->size(3) == w, "keep must fit the band");
    f.keep = keep->data_ptr(), f.keep_n = keep->stride(0), f.keep_row = keep->stride(2);
  }
  if (rgb) {
    STD_TORCH_CHECK(weight && rgb->dim() == 4 && rgb->scalar_type() == ScalarType::Float && rgb->stride(3) == 1 &&
                    rgb->size(0) == n && rgb->size(2) == rows && rgb->size(3) == w, "rgb must be float32 and fit the band");
    f.weight = floats(weight, "weight"), f.rgb = rgb->mutable_data_ptr<float>();
    f.rgb_n = rgb->stride(0), f.rgb_colour = rgb->stride(1), f.rgb_row = rgb->stride(2), f.colours = rgb->size(1);
    STD_TORCH_CHECK(weight->numel() == n * 4 * ((c + 3) / 4 * 4) && f.colours <= 4,
                "weight must be [n, c / 4, 4, 4]");
  }
  return f;
}

void band_tail(const Tensor& y, const optional<Tensor>& out, const optional<Tensor>& keep, const optional<Tensor>& rgb,
               const optional<Tensor>& weight, const optional<Tensor>& scale, const optional<Tensor>& noise, double strength, const Tensor& bias,
               double slope, double gain, double clamp, const optional<Tensor>& next) {
  if (y.numel() == 0) return;
  Tensor in = channels_last(y);
  int64_t n = y.size(0), c = y.size(1), rows = y.size(2), w = y.size(3);
  ops::Finish f = finish_of(n, c, rows, w, y.scalar_type(), out, keep, rgb, weight, scale, noise, strength, bias, slope, gain, clamp, next);
  ops::band_tail_cpu(kind_of(y), in.const_data_ptr(), n, rows, w, c, f);
}

void band_phases(const std::vector<Tensor>& current, const std::vector<Tensor>& previous, int64_t even_begin, int64_t odd_begin, int64_t h,
                 int64_t first, int64_t rows, const std::vector<double>& taps, int64_t before, const optional<Tensor>& out,
                 const optional<Tensor>& keep, const optional<Tensor>& rgb, const optional<Tensor>& weight, const optional<Tensor>& scale,
                 const optional<Tensor>& noise, double strength, const Tensor& bias, double slope, double gain, double clamp,
                 const optional<Tensor>& next) {
  STD_TORCH_CHECK(current.size() == 4 && (previous.size() == 4 || previous.empty()), "there are four phases");
  STD_TORCH_CHECK(!taps.empty() && taps.size() <= 8, "the filter must have 1 to 8 taps");
  int64_t n = current[0].size(0), c = current[0].size(1), w = current[1].size(3);
  std::vector<float> values(taps.begin(), taps.end());
  std::vector<Tensor> kept;
  ops::Phases p = {};
  p.h = h, p.w = w, p.taps = values.data(), p.count = (int64_t)values.size(), p.before = before;
  p.begin[0] = even_begin, p.begin[1] = odd_begin;
  for (int i = 0; i < 4; ++i) {
    int a = i / 2, b = i % 2;
    kept.push_back(channels_last(current[i]));
    const Tensor& now = kept.back();
    STD_TORCH_CHECK(now.size(0) == n && now.size(1) == c && now.size(3) == w + 1 - b && now.scalar_type() == current[0].scalar_type(),
                "the phases must fit together");
    p.current[a][b] = now.const_data_ptr(), p.step_n[a][b] = now.size(1) * now.size(2) * now.size(3);
    if (previous.empty()) continue;
    kept.push_back(channels_last(previous[i]));
    const Tensor& old = kept.back();
    STD_TORCH_CHECK(old.size(0) == n && old.size(1) == c && old.size(3) == w + 1 - b, "the phases must fit together");
    p.previous[a][b] = old.const_data_ptr(), p.previous_n[a][b] = old.size(1) * old.size(2) * old.size(3);
    p.previous_rows[a] = old.size(2);
  }
  for (int a = 0; a < 2; ++a) {  // every row that the filter meets must be there
    int64_t low = first - before < 0 ? 0 : first - before, high = first + rows - 1 - before + p.count - 1;
    high = high > 2 * h ? 2 * h : high;
    int64_t lowest = (low - a + 1) >> 1, highest = (high - a) >> 1;
    STD_TORCH_CHECK(lowest >= p.begin[a] - p.previous_rows[a] && highest < p.begin[a] + current[2 * a].size(2),
                "the band lacks rows of a phase");
  }
  ops::Finish f = finish_of(n, c, rows, 2 * w, current[0].scalar_type(), out, keep, rgb, weight, scale, noise, strength, bias, slope, gain, clamp, next);
  ops::band_phases_cpu(kind_of(current[0]), p, n, first, rows, c, f);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(latentlab_cpu, m) {
  m.def("band_tail(Tensor y, Tensor(a!)? out, Tensor(b!)? keep, Tensor(c!)? rgb, Tensor? weight, Tensor? scale, Tensor? noise, float strength, Tensor bias, float slope, float gain, float clamp, Tensor? next) -> ()");
  m.def("band_phases(Tensor[] current, Tensor[] previous, int even_begin, int odd_begin, int h, int first, int rows, float[] taps, int before, Tensor(a!)? out, Tensor(b!)? keep, Tensor(c!)? rgb, Tensor? weight, Tensor? scale, Tensor? noise, float strength, Tensor bias, float slope, float gain, float clamp, Tensor? next) -> ()");
}

STABLE_TORCH_LIBRARY_IMPL(latentlab_cpu, CompositeImplicitAutograd, m) {
  m.impl("band_tail", TORCH_BOX(&band_tail));
  m.impl("band_phases", TORCH_BOX(&band_phases));
}
