// bias_act over dense memory: rows of equal bias for contiguous tensors, rows of channels for channels_last.
#include "scalar_body.h"

using ops::Activation;

template <class T>
struct BiasAct {
  const T *x, *b, *grad;
  T* y;
  Activation a;
  int64_t chunk;
};

template <class T, int ACT, int ORDER, bool AT_OUTPUT>
static void piece(const BiasAct<T>& k, int64_t begin, int64_t end) {
  typedef typename Sum<T>::type A;
  const A alpha = (A)k.a.alpha, gain = (A)k.a.gain, clamp = (A)k.a.clamp;
  const int64_t step = k.a.step, size = k.a.size;
  int64_t i = begin;
  while (i < end) {
    int64_t run;  // values with one bias, or one row of channels
    const T* x = k.x + i;
    const T* g = ORDER ? k.grad + i : x;
    T* y = k.y + i;
    if (step == 1 && k.b) {
      int64_t c = i % size;
      const T* b = k.b + c;
      run = size - c < end - i ? size - c : end - i;
#pragma GCC ivdep
      for (int64_t j = 0; j < run; ++j)
        store(y + j, ops::bias_act_value<A, ACT, ORDER, AT_OUTPUT>(A(load(x + j) + load(b + j)), A(load(g + j)), alpha, gain, clamp));
    } else {
      run = k.b ? step - i % step : end - i;
      run = run < end - i ? run : end - i;
      A b = k.b ? A(load(k.b + i / step % size)) : A(0);
#pragma GCC ivdep
      for (int64_t j = 0; j < run; ++j)
        store(y + j, ops::bias_act_value<A, ACT, ORDER, AT_OUTPUT>(A(load(x + j) + b), A(load(g + j)), alpha, gain, clamp));
    }
    i += run;
  }
}

template <class T, int ACT>
static void piece_of(int64_t job, void* context) {
  const BiasAct<T>& k = *(const BiasAct<T>*)context;
  int64_t begin = job * k.chunk, end = begin + k.chunk < k.a.count ? begin + k.chunk : k.a.count;
  if (k.a.order == 0) return piece<T, ACT, 0, false>(k, begin, end);
  if (k.a.order == 1) {
    if (ACT <= ops::kLrelu && k.a.at_output) return piece<T, ACT, 1, true>(k, begin, end);
    return piece<T, ACT, 1, false>(k, begin, end);
  }
  piece<T, ACT, 2, false>(k, begin, end);
}

template <class T>
static void bias_act_typed(const void* x, const void* b, const void* grad, void* y, const Activation& a) {
  BiasAct<T> k = {(const T*)x, (const T*)b, (const T*)grad, (T*)y, a, 65536};
  T* tiled = nullptr;
  if (b && a.step == 1 && a.size < 256 && a.count >= 4096) {  // few channels: repeated, so that the runs are long
    k.a.size = 512 / a.size * a.size;
    tiled = (T*)malloc(sizeof(T) * k.a.size);
    for (int64_t i = 0; i < k.a.size; ++i) tiled[i] = k.b[i % a.size];
    k.b = tiled;
  }
  static const ops::Job jobs[] = {piece_of<T, 0>, piece_of<T, 1>, piece_of<T, 2>, piece_of<T, 3>, piece_of<T, 4>,
                                  piece_of<T, 5>, piece_of<T, 6>, piece_of<T, 7>, piece_of<T, 8>};
  ops::run_jobs((a.count + k.chunk - 1) / k.chunk, true, jobs[a.act], &k);
  free(tiled);
}

static void bias_act(int32_t kind, const void* x, const void* b, const void* grad, void* y, const Activation& a) {
  if (kind == ops::kDouble) return bias_act_typed<double>(x, b, grad, y, a);
  if (kind == ops::kBfloat16) return bias_act_typed<bfloat16>(x, b, grad, y, a);
  bias_act_typed<float>(x, b, grad, y, a);
}
