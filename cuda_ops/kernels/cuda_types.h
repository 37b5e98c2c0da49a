// Storage types of the CUDA kernels, 16-byte vectors of them, and one kernel that runs a thread function.
//
// Kernels are written as functions of a thread number that share nothing between threads, so that a CPU test can run the
// whole of a kernel in a loop.
#pragma once
#include "index.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>
#define OPS_UNROLL _Pragma("unroll")
#else
#define OPS_UNROLL
#endif

namespace ops {

template <class T>
struct Accumulator {
  typedef float type;
};
template <>
struct Accumulator<double> {
  typedef double type;
};

OPS_INLINE float widen(float v) { return v; }
OPS_INLINE double widen(double v) { return v; }
OPS_INLINE void narrow(float& to, float v) { to = v; }
OPS_INLINE void narrow(double& to, double v) { to = v; }
#ifdef __CUDACC__
OPS_INLINE float widen(__half v) { return __half2float(v); }
OPS_INLINE float widen(__nv_bfloat16 v) { return __bfloat162float(v); }
OPS_INLINE void narrow(__half& to, float v) { to = __float2half(v); }
OPS_INLINE void narrow(__nv_bfloat16& to, float v) { to = __float2bfloat16(v); }
#endif

// N values that move as one; at most 16 bytes at once.
template <class T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Vector {
  T v[N];
};

#ifdef __CUDACC__
constexpr int kThreads = 256;

template <class Work>
__global__ void __launch_bounds__(kThreads, 2) run_threads(Work work, int64_t count) {
  int64_t thread = (int64_t)blockIdx.x * kThreads + threadIdx.x;
  if (thread < count) work(thread);
}

template <class Work>
int launch(const Work& work, int64_t count, void* stream) {
  if (count <= 0) return 0;
  run_threads<Work><<<(unsigned)((count + kThreads - 1) / kThreads), kThreads, 0, (cudaStream_t)stream>>>(work, count);
  return (int)cudaGetLastError();
}
#endif

}  // namespace ops
