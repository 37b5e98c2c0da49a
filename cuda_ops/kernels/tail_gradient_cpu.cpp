// The gradient of the end of a synthesis layer on the CPU, as an operator of latentlab_cpu.
#include "tensors.h"

#include "cpu.h"
#include "index.h"
#include "tail_gradient.h"

#define OPS_BODY "tail_gradient_body.h"
#include "foreach_isa.h"

namespace ops {

void tail_gradient_cpu(int32_t kind, const void* t, const void* y, int64_t y_n, void* out, int64_t out_n, int64_t n,
                       int64_t pixels, int64_t c, const EndGradient& g) {
  OPS_CALL(tail_gradient, kind, t, y, y_n, out, out_n, n, pixels, c, g);
}

}  // namespace ops

namespace {

const float* floats(const Tensor& t, int64_t count, const char* name) {
  STD_TORCH_CHECK(t.scalar_type() == ScalarType::Float && t.is_contiguous() && t.numel() == count, name,
              " must be contiguous float32 and fit the image");
  return t.const_data_ptr<float>();
}

// Rows of pixels of c values, one after the other; images may lie apart.
void check_rows(const Tensor& x, const Tensor& y, const char* name) {
  int64_t c = y.size(1);
  STD_TORCH_CHECK(equal(x.sizes(), y.sizes()) && x.scalar_type() == y.scalar_type() && (c == 1 || x.stride(1) == 1) &&
                  x.stride(3) == c && x.stride(2) == c * x.size(3), name, " must be channels_last and fit the image");
}

// Dense maps [h w] of float32, that lie apart.
const float* maps(const Tensor& t, int64_t h, int64_t w, const char* name) {
  STD_TORCH_CHECK(t.scalar_type() == ScalarType::Float && t.size(-2) == h && t.size(-1) == w && t.stride(-1) == 1 && t.stride(-2) == w,
              name, " must be float32 and fit the image");
  return t.const_data_ptr<float>();
}

Tensor tail_gradient(const optional<Tensor>& above, const Tensor& y, Tensor out, const optional<Tensor>& colours,
                     const optional<Tensor>& weight, const Tensor& scale, const Tensor& next, const optional<Tensor>& noise,
                     double strength, const Tensor& bias, double slope, double gain, double clamp, optional<Tensor> at_noise) {
  STD_TORCH_CHECK(y.dim() == 4 && (y.scalar_type() == ScalarType::BFloat16 || y.scalar_type() == ScalarType::Float),
              "y must be float32 or bfloat16 images");
  int64_t n = y.size(0), c = y.size(1), h = y.size(2), w = y.size(3), k = colours ? colours->size(1) : 0;
  check_rows(y, y, "y"), check_rows(out, y, "out");
  STD_TORCH_CHECK(k <= 4 && bool(colours) == bool(weight), "colours come with their weights, at most four");
  std::vector<int64_t> size = {n, 2 + k, c};
  Tensor t, sums = torch::stable::new_empty(y, size, ScalarType::Float);
  if (above) {
    STD_TORCH_CHECK(equal(above->sizes(), y.sizes()) && above->scalar_type() == y.scalar_type(), "above must be like y");
    t = channels_last(*above);
  }
  ops::EndGradient g = {};
  g.scale = floats(scale, n * c, "scale"), g.bias = floats(bias, c, "bias"), g.next = floats(next, n * c, "next");
  g.strength = (float)strength, g.slope = (float)slope, g.gain = (float)gain, g.clamp = (float)clamp;
  if (noise) {
    STD_TORCH_CHECK(noise->dim() == 3 && (noise->size(0) == 1 || noise->size(0) == n), "noise must be [n or 1, h, w]");
    g.noise = maps(*noise, h, w, "noise"), g.noise_n = noise->size(0) > 1 ? noise->stride(0) : 0;
  }
  if (colours) {
    STD_TORCH_CHECK(colours->dim() == 4 && colours->size(0) == n, "colours must be [n, k, h, w]");
    g.colours = maps(*colours, h, w, "colours"), g.weight = floats(*weight, n * k * c, "weight");
    g.count = k, g.colours_n = colours->stride(0), g.colours_k = colours->stride(1);
  }
  if (at_noise) {
    STD_TORCH_CHECK(at_noise->dim() == 3 && at_noise->size(0) == n, "at_noise must be [n, h, w]");
    maps(*at_noise, h, w, "at_noise");
    g.at_noise = at_noise->mutable_data_ptr<float>(), g.at_noise_n = at_noise->stride(0);
  }
  g.sums = sums.mutable_data_ptr<float>();
  if (y.numel() == 0) return torch::stable::zero_(sums);
  ops::tail_gradient_cpu(y.scalar_type() == ScalarType::BFloat16 ? ops::kBfloat16 : ops::kFloat, above ? t.const_data_ptr() : nullptr,
                         y.const_data_ptr(), y.stride(0), out.data_ptr(), out.stride(0), n, h * w, c, g);
  return sums;
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(latentlab_cpu, m) {
  m.def("tail_gradient(Tensor? above, Tensor y, Tensor(a!) out, Tensor? colours, Tensor? weight, Tensor scale, Tensor next, Tensor? noise, float strength, Tensor bias, float slope, float gain, float clamp, Tensor(b!)? at_noise) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(latentlab_cpu, CompositeImplicitAutograd, m) {
  m.impl("tail_gradient", TORCH_BOX(&tail_gradient));
}
