// The CUDA launch functions: plain pointers and sizes, the stream as void*, no torch header. They return a cudaError_t.
#pragma once
#include "bias_act.h"
#include "filtered_lrelu.h"
#include "upfirdn2d.h"

namespace ops {

enum CudaKind : int32_t { kCudaFloat = 0, kCudaDouble = 1, kCudaBfloat16 = 2, kCudaHalf = 3 };

int bias_act_cuda(int32_t kind, const void* x, const void* b, const void* grad, void* y, const Activation& a, void* stream);

// Filters lie on the device; a full one has a null second factor.
int upfirdn2d_cuda(int32_t kind, const void* x, void* y, const void* fx, const void* fy, const Resampling& r, void* stream);

int filtered_lrelu_cuda(int32_t kind, const void* x, void* y, const Filtered& f, void* stream);

}  // namespace ops
