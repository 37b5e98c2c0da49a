// The gradient of the end of a synthesis layer on the CPU, as an operator of latentlab_cpu.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <optional>
#include <tuple>

#include "cpu.h"
#include "index.h"
#include "tail_gradient.h"

#define OPS_BODY "tail_gradient_body.h"
#include "foreach_isa.h"

namespace ops {

void tail_gradient_cpu(int32_t kind, const void* t, const void* y, int64_t step, void* out, int64_t n, int64_t pixels,
                       int64_t c, const EndGradient& g) {
  OPS_CALL(tail_gradient, kind, t, y, step, out, n, pixels, c, g);
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

std::tuple<Tensor, Tensor> tail_gradient(const optional<Tensor>& t, const Tensor& y, const optional<Tensor>& colours,
                                         const optional<Tensor>& weight, const Tensor& scale, const Tensor& next,
                                         const optional<Tensor>& noise, double strength, const Tensor& bias, double slope,
                                         double gain, double clamp) {
  int64_t n = y.size(0), c = y.size(1), h = y.size(2), w = y.size(3), k = colours ? colours->size(1) : 0;
  bool bf16 = y.scalar_type() == at::kBFloat16;
  TORCH_CHECK(bf16 || y.scalar_type() == at::kFloat, "y must be float32 or bfloat16");
  TORCH_CHECK(y.stride(1) == 1 && y.stride(3) == c && y.stride(2) == c * w, "y must be channels_last");
  TORCH_CHECK((t || colours) && k <= 4 && (bool)colours == (bool)weight, "there must be a gradient, of at most four colours");
  Tensor above, out = at::empty({n, c, h, w}, y.options().memory_format(at::MemoryFormat::ChannelsLast));
  Tensor sums = at::empty({n, 2 + k, c}, y.options().dtype(at::kFloat));
  if (t) {
    TORCH_CHECK(t->sizes() == y.sizes() && t->scalar_type() == y.scalar_type(), "t must be like y");
    above = t->contiguous(at::MemoryFormat::ChannelsLast);
  }
  ops::EndGradient g = {};
  g.scale = floats(scale, n * c, "scale"), g.bias = floats(bias, c, "bias"), g.next = floats(next, n * c, "next");
  g.strength = (float)strength, g.slope = (float)slope, g.gain = (float)gain, g.clamp = (float)clamp;
  if (noise) {
    bool shared = noise->size(0) == 1;
    g.noise = floats(*noise, (shared ? 1 : n) * h * w, "noise"), g.noise_step = shared ? 0 : h * w;
  }
  if (colours) g.colours = floats(*colours, n * k * h * w, "colours"), g.weight = floats(*weight, n * k * c, "weight");
  g.count = k, g.sums = sums.mutable_data_ptr<float>();
  ops::tail_gradient_cpu(bf16 ? ops::kBfloat16 : ops::kFloat, t ? above.const_data_ptr() : nullptr, y.const_data_ptr(),
                         y.stride(0), out.data_ptr(), n, h * w, c, g);
  return {out, sums};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(latentlab_cpu, m) { m.def("tail_gradient", tail_gradient); }
