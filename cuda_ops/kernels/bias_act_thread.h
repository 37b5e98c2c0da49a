// bias_act as a thread function: four vectors per thread, all loaded before the first is used.
#pragma once
#include "activation.h"
#include "cuda_types.h"

namespace ops {

enum Mode { kBend, kBendGradient, kAny };   // linear, relu and lrelu; their gradient at the output; everything

template <class T, int MODE, int N>
struct BiasActThread {
  typedef typename Accumulator<T>::type A;
  typedef Vector<T, N> V;
  static constexpr int kBatch = 4;

  const T *x, *b, *grad;
  T* y;
  Activation a;
  int64_t vectors, stride;   // vectors in all; vectors between two of one thread
  bool vector_bias;          // channels_last: N neighbours have N biases
  bool short_index;          // all indices fit in 32 bits, whose division is cheap

  OPS_INLINE int64_t channel(int64_t value) const {
    if (short_index) return (int64_t)((uint32_t)value / (uint32_t)a.step % (uint32_t)a.size);
    return value / a.step % a.size;
  }

  OPS_INLINE A one(A v, A g) const {
    const A alpha = (A)a.alpha, gain = (A)a.gain, clamp = (A)a.clamp;
    if (MODE == kBend) {
      A slope = a.act == kLinear ? A(1) : (a.act == kRelu ? A(0) : alpha);
      A bent = v > 0 ? v : (slope == 0 && v == v ? A(0) : v * slope);
      bent *= gain;
      if (clamp >= 0) bent = bent > clamp ? clamp : (bent < -clamp ? -clamp : bent);
      return bent;
    }
    if (MODE == kBendGradient) {
      A slope = a.act == kLinear ? A(1) : (a.act == kRelu ? A(0) : alpha);
      A d = g * (v > 0 ? A(1) : slope) * gain;
      return clamp >= 0 && !(v < clamp && v > -clamp) ? A(0) : d;
    }
    switch (a.act * 3 + a.order) {
#define OPS_CASE(ACT)                                                                              \
  case ACT * 3: return bias_act_value<A, ACT, 0, false>(v, g, alpha, gain, clamp);                 \
  case ACT * 3 + 1: return bias_act_value<A, ACT, 1, false>(v, g, alpha, gain, clamp);             \
  case ACT * 3 + 2: return bias_act_value<A, ACT, 2, false>(v, g, alpha, gain, clamp);
      OPS_CASE(kLinear) OPS_CASE(kRelu) OPS_CASE(kLrelu) OPS_CASE(kTanh) OPS_CASE(kSigmoid)
      OPS_CASE(kElu) OPS_CASE(kSelu) OPS_CASE(kSoftplus) OPS_CASE(kSwish)
#undef OPS_CASE
      default: return A(0);
    }
  }

  OPS_INLINE void operator()(int64_t thread) const {
    // Threads of one group of `stride` take neighbouring vectors, and come back `stride` further on.
    int64_t first = thread / stride * stride * kBatch + thread % stride;
    V in[kBatch], up[kBatch];
    OPS_UNROLL for (int k = 0; k < kBatch; ++k) {
      int64_t i = first + k * stride;
      if (i < vectors) in[k] = ((const V*)x)[i];
      if (a.order > 0 && i < vectors) up[k] = ((const V*)grad)[i];
    }
    OPS_UNROLL for (int k = 0; k < kBatch; ++k) {
      int64_t i = first + k * stride;
      if (i >= vectors) continue;
      int64_t c = b ? channel(i * N) : 0;
      V bias;
      A same = A(0);
      if (b && vector_bias) bias = *(const V*)(b + c);
      if (b && !vector_bias) same = widen(b[c]);
      V out;
      OPS_UNROLL for (int j = 0; j < N; ++j) {
        A shift = b && vector_bias ? A(widen(bias.v[j])) : same;
        narrow(out.v[j], one(A(widen(in[k].v[j])) + shift, a.order > 0 ? A(widen(up[k].v[j])) : A(0)));
      }
      ((V*)y)[i] = out;
    }
  }
};

// Whether vectors of N values can be used, and how the bias lies in them.
OPS_INLINE bool vectors_fit(const Activation& a, bool has_bias, int n, bool* vector_bias) {
  *vector_bias = false;
  if (a.count % n) return false;
  if (!has_bias || a.step % n == 0) return true;
  *vector_bias = a.step == 1 && a.size % n == 0;
  return *vector_bias;
}

template <class T, int MODE, int N>
BiasActThread<T, MODE, N> bias_act_work(const void* x, const void* b, const void* grad, void* y, const Activation& a,
                                        bool vector_bias, int64_t* threads) {
  BiasActThread<T, MODE, N> w = {(const T*)x, (const T*)b, (const T*)grad, (T*)y, a, a.count / N, 256, vector_bias,
                                 a.count <= 0x7fffffff};
  int64_t batch = w.stride * w.kBatch;
  *threads = (w.vectors + batch - 1) / batch * w.stride;
  return w;
}

}  // namespace ops
