// filtered_lrelu on CUDA: one kernel, the enlarged pixels never leave shared memory.
#include "cuda_launch.h"
#include "filtered_lrelu_block.h"

namespace ops {
namespace {

constexpr int64_t kSharedBytes = 48 * 1024;

template <class T>
__global__ void __launch_bounds__(kThreads) run_block(FilteredBlock<T> work) {
  extern __shared__ __align__(16) unsigned char memory[];
  typedef typename Accumulator<T>::type A;
  for (int phase = 0; phase < FilteredBlock<T>::kPhases; ++phase) {
    work.phase(phase, blockIdx.x, threadIdx.x, kThreads, (A*)memory);
    __syncthreads();
  }
}

template <class T>
int run(const void* x, void* y, const Filtered& f, void* stream) {
  typedef typename Accumulator<T>::type A;
  FilteredBlock<T> work;
  if (!filtered_block(work, x, y, f, kSharedBytes)) return (int)cudaErrorInvalidConfiguration;
  run_block<T><<<(unsigned)work.blocks(), kThreads, work.room() * sizeof(A), (cudaStream_t)stream>>>(work);
  return (int)cudaGetLastError();
}

}  // namespace

int filtered_lrelu_cuda(int32_t kind, const void* x, void* y, const Filtered& f, void* stream) {
  switch (kind) {
    case kCudaFloat: return run<float>(x, y, f, stream);
    case kCudaDouble: return run<double>(x, y, f, stream);
    case kCudaBfloat16: return run<__nv_bfloat16>(x, y, f, stream);
    default: return run<__half>(x, y, f, stream);
  }
}

}  // namespace ops
