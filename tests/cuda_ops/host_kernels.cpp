// Runs the CUDA kernels' thread and block functions in loops on the CPU, for the tests; float and double.
#include <stdlib.h>

#include <vector>

#include "bias_act_thread.h"
#include "filtered_lrelu_block.h"
#include "upfirdn2d_thread.h"

using namespace ops;

extern "C" {

int64_t host_first_tap(int64_t o, int64_t up, int64_t down, int64_t pad) { return first_tap(o, up, down, pad); }
int64_t host_first_input(int64_t o, int64_t up, int64_t down, int64_t pad) { return first_input(o, up, down, pad); }
int64_t host_reach(int64_t taps, int64_t up) { return reach(taps, up); }
int64_t host_output_size(int64_t in, int64_t up, int64_t down, int64_t pad0, int64_t pad1, int64_t taps) {
  return output_size(in, up, down, pad0, pad1, taps);
}
}

template <class Work>
static void all(const Work& work, int64_t threads) {
  for (int64_t t = 0; t < threads; ++t) work(t);
}

template <class T, int MODE, int N>
static void bias_act_mode(const void* x, const void* b, const void* grad, void* y, const Activation& a, bool vector_bias) {
  int64_t threads;
  auto work = bias_act_work<T, MODE, N>(x, b, grad, y, a, vector_bias, &threads);
  all(work, threads);
}

template <class T>
static int bias_act_host(const void* x, const void* b, const void* grad, void* y, const Activation& a, int mode) {
  constexpr int N = 16 / sizeof(T);
  bool vector_bias, fits = vectors_fit(a, b != nullptr, N, &vector_bias);
  if (mode == 0) fits ? bias_act_mode<T, 0, N>(x, b, grad, y, a, vector_bias) : bias_act_mode<T, 0, 1>(x, b, grad, y, a, false);
  if (mode == 1) fits ? bias_act_mode<T, 1, N>(x, b, grad, y, a, vector_bias) : bias_act_mode<T, 1, 1>(x, b, grad, y, a, false);
  if (mode == 2) fits ? bias_act_mode<T, 2, N>(x, b, grad, y, a, vector_bias) : bias_act_mode<T, 2, 1>(x, b, grad, y, a, false);
  return fits;
}

template <class T, int UP, int DOWN, bool LAST>
static bool stream_host(const void* x, void* y, const DeviceFilter<T>& f, const Resampling& r, int64_t busy) {
  StreamThread<T, UP, DOWN, LAST> work;
  if (!stream_work(work, x, y, f, r, true, busy)) return false;
  all(work, work.threads());
  return true;
}

// 1: a streaming kernel ran; 0: the gathering one.
template <class T>
static int upfirdn2d_host(const void* x, void* y, const void* fx, const void* fy, const Resampling& r, int64_t busy) {
  DeviceFilter<T> f = {(const T*)fx, (const T*)fy, r.taps_x, r.taps_y, r.flip};
  if (busy >= 0) {
    if (stream_host<T, 1, 1, false>(x, y, f, r, busy) || stream_host<T, 2, 1, false>(x, y, f, r, busy) ||
        stream_host<T, 1, 2, false>(x, y, f, r, busy) || stream_host<T, 1, 1, true>(x, y, f, r, busy) ||
        stream_host<T, 2, 1, true>(x, y, f, r, busy) || stream_host<T, 1, 2, true>(x, y, f, r, busy))
      return 1;
  }
  GatherThread<T> gather = {(const T*)x, (T*)y, f, r};
  all(gather, r.n * r.c * r.out_h * r.out_w);
  return 0;
}

template <class T>
static int filtered_host(const void* x, void* y, const Filtered& f, int64_t bytes) {
  FilteredBlock<T> work;
  if (!filtered_block(work, x, y, f, bytes)) return 0;
  std::vector<T> memory(work.room());
  for (int64_t block = 0; block < work.blocks(); ++block) {
    for (auto& v : memory) v = (T)NAN;   // a block finds no tidy memory
    for (int phase = 0; phase < FilteredBlock<T>::kPhases; ++phase)
      for (int64_t thread = 0; thread < 64; ++thread) work.phase(phase, block, thread, 64, memory.data());
  }
  return 1;
}

extern "C" {

int host_bias_act(int wide, const void* x, const void* b, const void* grad, void* y, int64_t count, int64_t step,
                  int64_t size, int act, int order, int at_output, double alpha, double gain, double clamp, int mode) {
  Activation a = {count, step, size, act, order, at_output != 0, alpha, gain, clamp};
  return wide ? bias_act_host<double>(x, b, grad, y, a, mode) : bias_act_host<float>(x, b, grad, y, a, mode);
}

int host_upfirdn2d(int wide, const void* x, void* y, const void* fx, const void* fy, const int64_t* g, double gain, int64_t busy) {
  Resampling r = {g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9],
                  g[10], g[11], g[12], g[13], g[14], g[15], g[16] != 0, g[17] != 0, gain};
  return wide ? upfirdn2d_host<double>(x, y, fx, fy, r, busy) : upfirdn2d_host<float>(x, y, fx, fy, r, busy);
}

// g: n c h w, between h w, out h w, up, down, px0 px1 py0 py1, up taps x y, down taps x y, flip, last, mask h w x y
int host_filtered_lrelu(int wide, const void* x, void* y, const void* ux, const void* uy, const void* dx, const void* dy,
                        const void* bias, uint8_t* mask_out, const uint8_t* mask_in, const int64_t* g, double up_gain,
                        double gain, double slope, double clamp, int64_t bytes) {
  Filtered f = {};
  f.up = {g[0], g[1], g[2], g[3], g[4], g[5], g[8], g[8], 1, 1, g[10], g[11], g[12], g[13], g[14], g[15], g[18] != 0, g[19] != 0, up_gain};
  f.down = {g[0], g[1], g[4], g[5], g[6], g[7], 1, 1, g[9], g[9], 0, 0, 0, 0, g[16], g[17], g[18] != 0, g[19] != 0, 1.0};
  f.up_x = ux, f.up_y = uy, f.down_x = dx, f.down_y = dy, f.bias = bias;
  f.gain = gain, f.slope = slope, f.clamp = clamp, f.mask_out = mask_out, f.mask_in = mask_in;
  f.mask_h = g[20], f.mask_w = g[21], f.mask_x = g[22], f.mask_y = g[23];
  return wide ? filtered_host<double>(x, y, f, bytes) : filtered_host<float>(x, y, f, bytes);
}
}
