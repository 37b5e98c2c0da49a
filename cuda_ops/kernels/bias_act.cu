// bias_act and its derivatives on CUDA: one read of each input, one write, 16 bytes at a time.
#include "bias_act_thread.h"
#include "cuda_launch.h"

namespace ops {
namespace {

template <class T, int MODE, int N>
int run(const void* x, const void* b, const void* grad, void* y, const Activation& a, bool vector_bias, void* stream) {
  int64_t threads;
  auto work = bias_act_work<T, MODE, N>(x, b, grad, y, a, vector_bias, &threads);
  return launch(work, threads, stream);
}

template <class T, int MODE>
int run_vectors(const void* x, const void* b, const void* grad, void* y, const Activation& a, void* stream) {
  constexpr int N = 16 / sizeof(T);
  bool vector_bias;
  bool aligned = ((uintptr_t)x | (uintptr_t)b | (uintptr_t)grad | (uintptr_t)y) % 16 == 0;
  if (aligned && vectors_fit(a, b != nullptr, N, &vector_bias))
    return run<T, MODE, N>(x, b, grad, y, a, vector_bias, stream);
  return run<T, MODE, 1>(x, b, grad, y, a, false, stream);
}

template <class T>
int run_mode(const void* x, const void* b, const void* grad, void* y, const Activation& a, void* stream) {
  if (a.act <= kLrelu && a.order == 0) return run_vectors<T, kBend>(x, b, grad, y, a, stream);
  if (a.act <= kLrelu && a.order == 1 && a.at_output) return run_vectors<T, kBendGradient>(x, b, grad, y, a, stream);
  return run_vectors<T, kAny>(x, b, grad, y, a, stream);
}

}  // namespace

int bias_act_cuda(int32_t kind, const void* x, const void* b, const void* grad, void* y, const Activation& a, void* stream) {
  switch (kind) {
    case kCudaFloat: return run_mode<float>(x, b, grad, y, a, stream);
    case kCudaDouble: return run_mode<double>(x, b, grad, y, a, stream);
    case kCudaBfloat16: return run_mode<__nv_bfloat16>(x, b, grad, y, a, stream);
    default: return run_mode<__half>(x, b, grad, y, a, stream);
  }
}

}  // namespace ops
