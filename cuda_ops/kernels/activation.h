// Activation functions and their first two derivatives on one value, shared by the CPU and the CUDA kernels.
#pragma once
#include <math.h>

#include "bias_act.h"
#include "index.h"

namespace ops {

OPS_INLINE float exp_(float x) { return expf(x); }
OPS_INLINE double exp_(double x) { return exp(x); }
OPS_INLINE float tanh_(float x) { return tanhf(x); }
OPS_INLINE double tanh_(double x) { return tanh(x); }
OPS_INLINE float log1p_(float x) { return log1pf(x); }
OPS_INLINE double log1p_(double x) { return log1p(x); }

template <class A>
OPS_INLINE A sigmoid_(A x) {
  return A(1) / (A(1) + exp_(-x));
}

// order 0: act(x); 1, 2: its derivatives.
template <class A, int ACT, int ORDER>
OPS_INLINE A activate(A x, A alpha) {
  if (ACT == kLinear) return ORDER == 0 ? x : A(ORDER == 1);
  if (ACT == kRelu || ACT == kLrelu) {
    A slope = ACT == kLrelu ? alpha : A(0);
    if (ORDER == 0) return x > 0 ? x : (ACT == kRelu ? (x != x ? x : A(0)) : x * slope);
    return ORDER == 1 ? (x > 0 ? A(1) : slope) : A(0);
  }
  if (ACT == kTanh) {
    A t = tanh_(x);
    return ORDER == 0 ? t : (A(1) - t * t) * (ORDER == 1 ? A(1) : A(-2) * t);
  }
  if (ACT == kSigmoid) {
    A s = sigmoid_(x);
    return ORDER == 0 ? s : s * (A(1) - s) * (ORDER == 1 ? A(1) : A(1) - A(2) * s);
  }
  if (ACT == kElu || ACT == kSelu) {
    A scale = ACT == kSelu ? A(1.0507009873554804934193349852946) : A(1);
    A depth = ACT == kSelu ? scale * A(1.6732632423543772848170429916717) : A(1);
    if (x > 0) return ORDER == 0 ? scale * x : (ORDER == 1 ? scale : A(0));
    A e = exp_(x);
    return ORDER == 0 ? depth * (sizeof(A) == 8 ? A(expm1((double)x)) : A(expm1f((float)x))) : depth * e;
  }
  if (ACT == kSoftplus) {
    if (ORDER == 0) return (x > 0 ? x : (x != x ? x : A(0))) + log1p_(exp_(x > 0 ? -x : x));
    A s = sigmoid_(x);
    return ORDER == 1 ? s : s * (A(1) - s);
  }
  A s = sigmoid_(x);  // swish
  if (ORDER == 0) return x * s;
  A d = s * (A(1) - s);
  return ORDER == 1 ? s + x * d : d * (A(2) + x * (A(1) - A(2) * s));
}

// The whole of bias_act on one value: v = x + b (or the output where AT_OUTPUT), g the gradient where ORDER > 0.
template <class A, int ACT, int ORDER, bool AT_OUTPUT>
OPS_INLINE A bias_act_value(A v, A g, A alpha, A gain, A clamp) {
  if (ORDER == 0) {
    A y = activate<A, ACT, 0>(v, alpha) * gain;
    if (clamp >= 0) {
      y = y > clamp ? clamp : y;
      y = y < -clamp ? -clamp : y;
    }
    return y;
  }
  A d = g * activate<A, ACT, ORDER>(v, alpha) * gain;
  if (clamp >= 0) {
    A y = AT_OUTPUT ? v : activate<A, ACT, 0>(v, alpha) * gain;
    d = (y < clamp && y > -clamp) ? d : A(0);
  }
  return d;
}

}  // namespace ops
