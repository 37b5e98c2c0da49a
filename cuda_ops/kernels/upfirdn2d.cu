// upfirdn2d on CUDA: register-streaming kernels for the usual filters, a gathering one for everything else.
#include "cuda_launch.h"
#include "upfirdn2d_thread.h"

namespace ops {
namespace {

constexpr int64_t kBusy = 132 * 1024;   // threads that keep a large GPU busy

template <class T, int UP, int DOWN, bool LAST>
bool stream(const void* x, void* y, const DeviceFilter<typename Accumulator<T>::type>& f, const Resampling& r, bool aligned,
            void* cuda_stream, int* error) {
  StreamThread<T, UP, DOWN, LAST> work;
  if (!stream_work(work, x, y, f, r, aligned, kBusy)) return false;
  *error = launch(work, work.threads(), cuda_stream);
  return true;
}

template <class T>
int run(const void* x, void* y, const void* fx, const void* fy, const Resampling& r, void* cuda_stream) {
  typedef typename Accumulator<T>::type A;
  DeviceFilter<A> f = {(const A*)fx, (const A*)fy, r.taps_x, r.taps_y, r.flip};
  bool aligned = ((uintptr_t)x | (uintptr_t)y) % 16 == 0;
  int error = 0;
  if (stream<T, 1, 1, false>(x, y, f, r, aligned, cuda_stream, &error)) return error;
  if (stream<T, 2, 1, false>(x, y, f, r, aligned, cuda_stream, &error)) return error;
  if (stream<T, 1, 2, false>(x, y, f, r, aligned, cuda_stream, &error)) return error;
  if (stream<T, 1, 1, true>(x, y, f, r, aligned, cuda_stream, &error)) return error;
  if (stream<T, 2, 1, true>(x, y, f, r, aligned, cuda_stream, &error)) return error;
  if (stream<T, 1, 2, true>(x, y, f, r, aligned, cuda_stream, &error)) return error;
  GatherThread<T> gather = {(const T*)x, (T*)y, f, r};
  return launch(gather, r.n * r.c * r.out_h * r.out_w, cuda_stream);
}

}  // namespace

int upfirdn2d_cuda(int32_t kind, const void* x, void* y, const void* fx, const void* fy, const Resampling& r, void* stream) {
  switch (kind) {
    case kCudaFloat: return run<float>(x, y, fx, fy, r, stream);
    case kCudaDouble: return run<double>(x, y, fx, fy, r, stream);
    case kCudaBfloat16: return run<__nv_bfloat16>(x, y, fx, fy, r, stream);
    default: return run<__half>(x, y, fx, fy, r, stream);
  }
}

}  // namespace ops
