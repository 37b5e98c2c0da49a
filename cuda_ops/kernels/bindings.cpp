// Hands tensors to the launch functions. One source, two libraries: latentlab_cpu, and with LATENTLAB_CUDA latentlab_cuda.
#ifdef LATENTLAB_CUDA
#define USE_CUDA  // torch's stable header then declares what it has for streams
#endif
#include "tensors.h"

#include "bias_act.h"
#include "filtered_lrelu.h"
#include "upfirdn2d.h"
#ifdef LATENTLAB_CUDA
#include "cuda_launch.h"
#else
#include "cpu.h"
#include "tail.h"
#endif

namespace {

Tensor laid_out(const Tensor& x) { return lies_channels_last(x) ? x : dense(x); }

#ifdef LATENTLAB_CUDA
#define LIBRARY latentlab_cuda
#define DEVICE_OF(x) const torch::stable::accelerator::DeviceGuard guard(x.get_device_index())
constexpr bool half_in_float = false;
int32_t kind_of(const Tensor& x) {
  switch (x.scalar_type()) {
    case ScalarType::Float: return ops::kCudaFloat;
    case ScalarType::Double: return ops::kCudaDouble;
    case ScalarType::BFloat16: return ops::kCudaBfloat16;
    default: return ops::kCudaHalf;
  }
}
void* stream_of(const Tensor& x) {
  void* stream = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(x.get_device_index(), &stream));
  return stream;
}
void expect_none(int32_t error) { STD_TORCH_CHECK(error == 0, "the kernel failed with CUDA error ", error); }
#else
#define LIBRARY latentlab_cpu
#define DEVICE_OF(x)
constexpr bool half_in_float = true;  // no processor does better on float16 than to widen it
int32_t kind_of(const Tensor& x) {
  switch (x.scalar_type()) {
    case ScalarType::Double: return ops::kDouble;
    case ScalarType::BFloat16: return ops::kBfloat16;
    default: return ops::kFloat;
  }
}
#endif

bool widened(const Tensor& x) { return half_in_float && x.scalar_type() == ScalarType::Half; }

// A filter as the kernels take it. On the CPU an outer product becomes its two factors.
struct Taps {
  Tensor whole;
  std::vector<double> doubles[2];
  std::vector<float> floats[2];
  const void *x = nullptr, *y = nullptr;
  int64_t wide, tall;

  Taps(const Tensor& f, bool in_double) : whole(dense(f)), wide(f.size(-1)), tall(f.size(0)) {
#ifdef LATENTLAB_CUDA
    x = whole.data_ptr(), y = f.dim() == 1 ? whole.data_ptr() : nullptr;
#else
    Tensor values = converted(whole, ScalarType::Double);
    const double* v = values.const_data_ptr<double>();
    std::vector<double> across(wide), along(tall);
    bool factored = f.dim() == 1;
    if (factored) {
      across.assign(v, v + wide), along = across;
    } else {
      factored = ops::factor_filter(v, tall, wide, in_double ? 4e-16 : 2e-7, across.data(), along.data());
      if (!factored) across.assign(v, v + tall * wide), along.clear();
    }
    doubles[0] = across, doubles[1] = along;
    for (int i = 0; i < 2; ++i) floats[i].assign(doubles[i].begin(), doubles[i].end());
    x = in_double ? (const void*)doubles[0].data() : floats[0].data();
    if (factored) y = in_double ? (const void*)doubles[1].data() : floats[1].data();
#endif
  }
};

ops::Resampling resampling(const Tensor& x, const Taps& f, int64_t up_x, int64_t up_y, int64_t down_x, int64_t down_y,
                           int64_t px0, int64_t px1, int64_t py0, int64_t py1, bool flip, double gain) {
  ops::Resampling r;
  r.n = x.size(0), r.c = x.size(1), r.h = x.size(2), r.w = x.size(3);
  r.up_x = up_x, r.up_y = up_y, r.down_x = down_x, r.down_y = down_y;
  r.px0 = px0, r.px1 = px1, r.py0 = py0, r.py1 = py1;
  r.taps_x = f.wide, r.taps_y = f.tall;
  r.out_w = (r.w * up_x + px0 + px1 - f.wide) / down_x + 1;
  r.out_h = (r.h * up_y + py0 + py1 - f.tall) / down_y + 1;
  r.flip = flip, r.last = lies_channels_last(x), r.gain = gain;
  return r;
}

Tensor upfirdn2d(const Tensor& x, const Tensor& f, int64_t up_x, int64_t up_y, int64_t down_x, int64_t down_y, int64_t px0,
                 int64_t px1, int64_t py0, int64_t py1, bool flip, double gain) {
  if (widened(x))
    return converted(upfirdn2d(converted(x, ScalarType::Float), f, up_x, up_y, down_x, down_y, px0, px1, py0, py1, flip, gain), ScalarType::Half);
  DEVICE_OF(x);
  Tensor in = laid_out(x);
  Taps taps(f, x.scalar_type() == ScalarType::Double);
  ops::Resampling r = resampling(in, taps, up_x, up_y, down_x, down_y, px0, px1, py0, py1, flip, gain);
  Tensor out = empty_image(in, r.out_h, r.out_w);
  if (out.numel() == 0) return out;
#ifdef LATENTLAB_CUDA
  expect_none(ops::upfirdn2d_cuda(kind_of(x), in.data_ptr(), out.data_ptr(), taps.x, taps.y, r, stream_of(x)));
#else
  ops::upfirdn2d_cpu(kind_of(x), in.data_ptr(), out.data_ptr(), taps.x, taps.y, r);
#endif
  return out;
}

// A copy of x in the strides of `like`, which is dense and of the same size and type, or x itself.
Tensor strided_like(const Tensor& x, const Tensor& like) {
  if (equal(x.strides(), like.strides())) return x;
  Tensor copy = torch::stable::empty_like(like);
  torch::stable::copy_(copy, x);
  return copy;
}

Tensor bias_act(const Tensor& x, const optional<Tensor>& b, const optional<Tensor>& grad, int64_t dim, int64_t act,
                double alpha, double gain, double clamp, int64_t order, bool at_output) {
  const Tensor& model = grad ? *grad : x;
  if (widened(model)) {
    optional<Tensor> wide_b, wide_grad;
    if (b) wide_b = converted(*b, ScalarType::Float);
    if (grad) wide_grad = converted(*grad, ScalarType::Float);
    Tensor wide = converted(x, ScalarType::Float);
    return converted(bias_act(wide, wide_b, wide_grad, dim, act, alpha, gain, clamp, order, at_output), ScalarType::Half);
  }
  DEVICE_OF(x);
  Tensor out = torch::stable::empty_like(model);
  if (out.numel() == 0) return out;
  Tensor in = strided_like(converted(x, model.scalar_type()), out), bias, upstream;
  if (b) bias = dense(converted(*b, model.scalar_type()));
  if (grad) upstream = strided_like(*grad, out);
  ops::Activation a;
  a.count = out.numel(), a.size = b ? x.size(dim) : 1, a.step = b ? out.stride(dim) : 1;
  a.act = (int32_t)act, a.order = (int32_t)order, a.at_output = at_output;
  a.alpha = alpha, a.gain = gain, a.clamp = clamp;
  const void* b_data = b ? bias.data_ptr() : nullptr;
  const void* g_data = grad ? upstream.data_ptr() : nullptr;
#ifdef LATENTLAB_CUDA
  expect_none(ops::bias_act_cuda(kind_of(out), in.data_ptr(), b_data, g_data, out.data_ptr(), a, stream_of(x)));
#else
  ops::bias_act_cpu(kind_of(out), in.data_ptr(), b_data, g_data, out.data_ptr(), a);
#endif
  return out;
}

struct Sides {
  int64_t x0, x1, y0, y1;
};

// Both directions of filtered_lrelu: `f` holds what differs.
Tensor filtered(const Tensor& x, const Tensor& fu, const Tensor& fd, int64_t up, int64_t down, Sides p, double up_gain,
                bool flip, ops::Filtered& f, Tensor* mask) {
  Taps taps_up(fu, x.scalar_type() == ScalarType::Double), taps_down(fd, x.scalar_type() == ScalarType::Double);
  f.up = resampling(x, taps_up, up, up, 1, 1, p.x0, p.x1, p.y0, p.y1, flip, up_gain);
  f.down = f.up;
  f.down.h = f.up.out_h, f.down.w = f.up.out_w, f.down.taps_x = taps_down.wide, f.down.taps_y = taps_down.tall;
  f.down.up_x = f.down.up_y = 1, f.down.down_x = f.down.down_y = down, f.down.gain = 1.0;
  f.down.px0 = f.down.px1 = f.down.py0 = f.down.py1 = 0;
  f.down.out_w = (f.up.out_w - taps_down.wide) / down + 1, f.down.out_h = (f.up.out_h - taps_down.tall) / down + 1;
  f.up_x = taps_up.x, f.up_y = taps_up.y, f.down_x = taps_down.x, f.down_y = taps_down.y;
  Tensor out = empty_image(x, f.down.out_h, f.down.out_w);
  if (mask) {
    std::vector<int64_t> size = {x.size(0), x.size(1), f.up.out_h, f.up.out_w};
    *mask = torch::stable::new_zeros(x, size, ScalarType::Byte);
    f.mask_out = mask->mutable_data_ptr<uint8_t>();
  }
  if (out.numel() == 0) return out;
#ifdef LATENTLAB_CUDA
  expect_none(ops::filtered_lrelu_cuda(kind_of(x), x.data_ptr(), out.data_ptr(), f, stream_of(x)));
#else
  ops::filtered_lrelu_cpu(kind_of(x), x.data_ptr(), out.data_ptr(), f);
#endif
  return out;
}

std::tuple<Tensor, Tensor> filtered_lrelu(const Tensor& x, const Tensor& fu, const Tensor& fd, const optional<Tensor>& b,
                                          int64_t up, int64_t down, int64_t px0, int64_t px1, int64_t py0, int64_t py1,
                                          double gain, double slope, double clamp, bool flip, bool learns) {
  if (widened(x)) {
    optional<Tensor> wide_b;
    if (b) wide_b = converted(*b, ScalarType::Float);
    auto [y, mask] = filtered_lrelu(converted(x, ScalarType::Float), fu, fd, wide_b, up, down, px0, px1, py0, py1, gain, slope, clamp, flip, learns);
    return {converted(y, ScalarType::Half), mask};
  }
  DEVICE_OF(x);
  std::vector<int64_t> nothing = {0};
  Tensor in = laid_out(x), bias, mask = torch::stable::new_empty(x, nothing, ScalarType::Byte);
  ops::Filtered f = {};
  if (b) bias = dense(converted(*b, x.scalar_type())), f.bias = bias.data_ptr();
  f.gain = gain, f.slope = slope, f.clamp = clamp;
  Tensor y = filtered(in, fu, fd, up, down, {px0, px1, py0, py1}, (double)(up * up), flip, f, learns ? &mask : nullptr);
  return {y, mask};
}

Tensor filtered_lrelu_masked(const Tensor& x, const Tensor& mask, const Tensor& fu, const Tensor& fd, int64_t up,
                             int64_t down, int64_t px0, int64_t px1, int64_t py0, int64_t py1, int64_t mask_x,
                             int64_t mask_y, double gain, double slope, bool flip) {
  if (widened(x))
    return converted(filtered_lrelu_masked(converted(x, ScalarType::Float), mask, fu, fd, up, down, px0, px1, py0, py1, mask_x, mask_y, gain, slope, flip),
                     ScalarType::Half);
  DEVICE_OF(x);
  Tensor in = laid_out(x), codes = dense(mask);
  ops::Filtered f = {};
  f.gain = 1.0, f.slope = slope, f.clamp = -1.0;
  f.mask_in = codes.const_data_ptr<uint8_t>();
  f.mask_h = mask.size(2), f.mask_w = mask.size(3), f.mask_x = mask_x, f.mask_y = mask_y;
  return filtered(in, fu, fd, up, down, {px0, px1, py0, py1}, gain, flip, f, nullptr);
}

#ifndef LATENTLAB_CUDA
const float* floats_of(const optional<Tensor>& t, Tensor& keep) {
  if (!t) return nullptr;
  keep = dense(converted(*t, ScalarType::Float));
  return keep.const_data_ptr<float>();
}

struct TailTensors {
  Tensor scale, noise, bias;
  ops::Tail tail;
};

TailTensors tail_of(const optional<Tensor>& scale, const optional<Tensor>& noise, const optional<Tensor>& bias,
                    double strength, double slope, double gain, double clamp) {
  TailTensors t;
  t.tail = {floats_of(scale, t.scale), floats_of(noise, t.noise), floats_of(bias, t.bias), 0,
            (float)strength, (float)slope, (float)gain, (float)clamp};
  if (noise && noise->dim() > 2 && noise->size(0) > 1) t.tail.noise_step = noise->size(-1) * noise->size(-2);
  return t;
}

void modulated_tail(const Tensor& y, Tensor out, const optional<Tensor>& scale, const optional<Tensor>& noise,
                    double strength, const optional<Tensor>& bias, double slope, double gain, double clamp) {
  if (out.numel() == 0) return;
  Tensor in = y;
  bool last = lies_channels_last(out);
  if (!equal(in.strides(), out.strides())) in = last ? channels_last(in) : dense(in);
  TailTensors t = tail_of(scale, noise, bias, strength, slope, gain, clamp);
  ops::modulated_tail_cpu(kind_of(out), in.data_ptr(), out.data_ptr(), y.size(0), y.size(1), y.size(2), y.size(3), last, t.tail);
}

void fir_tail(const Tensor& y, Tensor out, const Tensor& f, int64_t pad0, int64_t pad1, double fir_gain,
              const optional<Tensor>& scale, const optional<Tensor>& noise, double strength, const optional<Tensor>& bias,
              double slope, double gain, double clamp) {
  if (out.numel() == 0) return;
  Tensor in = lies_channels_last(out) ? channels_last(y) : dense(y);
  Taps taps(f, false);
  ops::Resampling r = resampling(in, taps, 1, 1, 1, 1, pad0, pad1, pad0, pad1, false, fir_gain);
  r.last = lies_channels_last(out);
  TailTensors t = tail_of(scale, noise, bias, strength, slope, gain, clamp);
  ops::fir_tail_cpu(kind_of(out), in.data_ptr(), out.data_ptr(), (const float*)taps.x, (const float*)taps.y, r, t.tail);
}

void skip_add(const Tensor& image, const Tensor& rgb, Tensor out, const Tensor& f, int64_t pad0, int64_t pad1,
              double fir_gain, const optional<Tensor>& bias, double clamp) {
  if (out.numel() == 0) return;
  Tensor in = dense(image), keep;
  Taps taps(f, false);
  ops::Resampling r = resampling(in, taps, 2, 2, 1, 1, pad0, pad1, pad0, pad1, false, fir_gain);
  ops::Addend a = {rgb.data_ptr(), kind_of(rgb), rgb.stride(0), rgb.stride(1), rgb.stride(2), rgb.stride(3),
                   floats_of(bias, keep), (float)clamp};
  ops::skip_add_cpu(in.const_data_ptr<float>(), out.mutable_data_ptr<float>(), (const float*)taps.x, (const float*)taps.y, r, a);
}

int64_t instruction_set() { return ops::instruction_set(); }
#endif

}  // namespace

STABLE_TORCH_LIBRARY(LIBRARY, m) {
  m.def("upfirdn2d(Tensor x, Tensor f, int up_x, int up_y, int down_x, int down_y, int px0, int px1, int py0, int py1, bool flip, float gain) -> Tensor");
  m.def("bias_act(Tensor x, Tensor? b, Tensor? grad, int dim, int act, float alpha, float gain, float clamp, int order, bool at_output) -> Tensor");
  m.def("filtered_lrelu(Tensor x, Tensor fu, Tensor fd, Tensor? b, int up, int down, int px0, int px1, int py0, int py1, float gain, float slope, float clamp, bool flip, bool learns) -> (Tensor, Tensor)");
  m.def("filtered_lrelu_masked(Tensor x, Tensor mask, Tensor fu, Tensor fd, int up, int down, int px0, int px1, int py0, int py1, int mask_x, int mask_y, float gain, float slope, bool flip) -> Tensor");
#ifndef LATENTLAB_CUDA
  m.def("modulated_tail(Tensor y, Tensor(a!) out, Tensor? scale, Tensor? noise, float strength, Tensor? bias, float slope, float gain, float clamp) -> ()");
  m.def("fir_tail(Tensor y, Tensor(a!) out, Tensor f, int pad0, int pad1, float fir_gain, Tensor? scale, Tensor? noise, float strength, Tensor? bias, float slope, float gain, float clamp) -> ()");
  m.def("skip_add(Tensor image, Tensor rgb, Tensor(a!) out, Tensor f, int pad0, int pad1, float fir_gain, Tensor? bias, float clamp) -> ()");
  m.def("instruction_set() -> int");
#endif
}

STABLE_TORCH_LIBRARY_IMPL(LIBRARY, CompositeImplicitAutograd, m) {
  m.impl("upfirdn2d", TORCH_BOX(&upfirdn2d));
  m.impl("bias_act", TORCH_BOX(&bias_act));
  m.impl("filtered_lrelu", TORCH_BOX(&filtered_lrelu));
  m.impl("filtered_lrelu_masked", TORCH_BOX(&filtered_lrelu_masked));
#ifndef LATENTLAB_CUDA
  m.impl("modulated_tail", TORCH_BOX(&modulated_tail));
  m.impl("fir_tail", TORCH_BOX(&fir_tail));
  m.impl("skip_add", TORCH_BOX(&skip_add));
  m.impl("instruction_set", TORCH_BOX(&instruction_set));
#endif
}
