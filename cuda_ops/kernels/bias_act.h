// The launch functions of bias_act and its derivatives: plain pointers and sizes, no torch header.
#pragma once
#include <stdint.h>

namespace ops {

enum Act : int32_t { kLinear, kRelu, kLrelu, kTanh, kSigmoid, kElu, kSelu, kSoftplus, kSwish };

// Values lie densely; the bias index of value i is (i / step) % size.
struct Activation {
  int64_t count, step, size;
  int32_t act;
  int32_t order;      // 0: the function; 1, 2: grad times the derivative of that order
  bool at_output;     // order 1 of linear, relu, lrelu: x holds the outputs
  double alpha, gain, clamp;   // clamp < 0: none
};

// b may be null; grad only for order > 0; y may be x.
void bias_act_cpu(int32_t kind, const void* x, const void* b, const void* grad, void* y, const Activation& a);

}  // namespace ops
