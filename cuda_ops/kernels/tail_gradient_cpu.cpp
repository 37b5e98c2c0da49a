// The gradient of the end of a synthesis layer on the CPU, as an operator of latentlab_cpu.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zero.h>
#include <torch/library.h>

#include <optional>

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

using at::Tensor;
using std::optional;

const float* floats(const Tensor& t, int64_t count, const char* name) {
  TORCH_CHECK(t.scalar_type() == at::kFloat && t.is_contiguous() && t.numel() == count, name,
              " must be contiguous float32 and fit the image");
  return t.const_data_ptr<float>();
}

// Rows of pixels of c values, one after the other; images may lie apart.
void check_rows(const Tensor& x, const Tensor& y, const char* name) {
  int64_t c = y.size(1);
  TORCH_CHECK(x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() && (c == 1 || x.stride(1) == 1) &&
                  x.stride(3) == c && x.stride(2) == c * x.size(3), name, " must be channels_last and fit the image");
}

// Dense maps [h w] of float32, that lie apart.
const float* maps(const Tensor& t, int64_t h, int64_t w, const char* name) {
  TORCH_CHECK(t.scalar_type() == at::kFloat && t.size(-2) == h && t.size(-1) == w && t.stride(-1) == 1 && t.stride(-2) == w,
              name, " must be float32 and fit the image");
  return t.const_data_ptr<float>();
}

Tensor tail_gradient(const optional<Tensor>& above, const Tensor& y, Tensor out, const optional<Tensor>& colours,
                     const optional<Tensor>& weight, const Tensor& scale, const Tensor& next, const optional<Tensor>& noise,
                     double strength, const Tensor& bias, double slope, double gain, double clamp) {
  TORCH_CHECK(y.dim() == 4 && (y.scalar_type() == at::kBFloat16 || y.scalar_type() == at::kFloat),
              "y must be float32 or bfloat16 images");
  int64_t n = y.size(0), c = y.size(1), h = y.size(2), w = y.size(3), k = colours ? colours->size(1) : 0;
  check_rows(y, y, "y"), check_rows(out, y, "out");
  TORCH_CHECK(k <= 4 && bool(colours) == bool(weight), "colours come with their weights, at most four");
  Tensor t, sums = at::empty({n, 2 + k, c}, y.options().dtype(at::kFloat));
  if (above) {
    TORCH_CHECK(above->sizes() == y.sizes() && above->scalar_type() == y.scalar_type(), "above must be like y");
    t = above->contiguous(at::MemoryFormat::ChannelsLast);
  }
  ops::EndGradient g = {};
  g.scale = floats(scale, n * c, "scale"), g.bias = floats(bias, c, "bias"), g.next = floats(next, n * c, "next");
  g.strength = (float)strength, g.slope = (float)slope, g.gain = (float)gain, g.clamp = (float)clamp;
  if (noise) {
    TORCH_CHECK(noise->dim() == 3 && (noise->size(0) == 1 || noise->size(0) == n), "noise must be [n or 1, h, w]");
    g.noise = maps(*noise, h, w, "noise"), g.noise_n = noise->size(0) > 1 ? noise->stride(0) : 0;
  }
  if (colours) {
    TORCH_CHECK(colours->dim() == 4 && colours->size(0) == n, "colours must be [n, k, h, w]");
    g.colours = maps(*colours, h, w, "colours"), g.weight = floats(*weight, n * k * c, "weight");
    g.count = k, g.colours_n = colours->stride(0), g.colours_k = colours->stride(1);
  }
  g.sums = sums.mutable_data_ptr<float>();
  if (y.numel() == 0) return sums.zero_();
  ops::tail_gradient_cpu(y.scalar_type() == at::kBFloat16 ? ops::kBfloat16 : ops::kFloat, above ? t.const_data_ptr() : nullptr,
                         y.const_data_ptr(), y.stride(0), out.data_ptr(), out.stride(0), n, h * w, c, g);
  return sums;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(latentlab_cpu, m) {
  m.def("tail_gradient(Tensor? above, Tensor y, Tensor(a!) out, Tensor? colours, Tensor? weight, Tensor scale, Tensor next, Tensor? noise, float strength, Tensor bias, float slope, float gain, float clamp) -> Tensor", tail_gradient);
}
