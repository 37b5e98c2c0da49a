// What every CPU kernel needs: bfloat16, threads, scratch memory, and the choice of instruction set at run time.
//
// A kernel's body is a header that foreach_isa.h includes once per instruction set, each time in a namespace of its own.
// Bodies call no library templates: one instantiated there for a new processor could be linked into the old one's code.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include <torch/csrc/stable/c/shim.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define OPS_X86 1
#else
#undef OPS_LEVEL
#define OPS_LEVEL 0
#endif

namespace ops {

struct bfloat16 {
  uint16_t bits;
};

enum Kind : int32_t { kFloat = 0, kDouble = 1, kBfloat16 = 2 };

typedef void (*Job)(int64_t job, void* context);

inline int64_t threads() {
  uint32_t count = 1;
  return torch_get_num_threads(&count) == 0 ? count : 1;
}

// Runs jobs 0 .. count-1 on the threads that PyTorch uses, the next free thread taking the next job.
inline void run_jobs(int64_t count, bool threaded, Job job, void* context) {
  struct Queue {
    std::atomic<int64_t> next;
    int64_t count;
    Job job;
    void* context;
  } queue = {{0}, count, job, context};
  auto work = [](int64_t, int64_t, void* shared) {
    Queue* q = (Queue*)shared;
    for (int64_t i = q->next++; i < q->count; i = q->next++) q->job(i, q->context);
  };
  int64_t workers = threaded ? threads() : 1;
  if (workers > count) workers = count;
  if (workers < 2 || torch_parallel_for(0, workers, 1, work, &queue) != 0) work(0, 1, &queue);
}

// Memory of this thread that grows and is kept from call to call: fresh pages would cost more than the arithmetic.
inline void* scratch(size_t bytes) {
  struct Arena {
    void* memory = nullptr;
    size_t size = 0;
    ~Arena() { free(memory); }
  };
  static thread_local Arena arena;
  if (arena.size < bytes) {
    free(arena.memory);
    arena.size = (bytes + 65535) / 65536 * 65536;
    arena.memory = aligned_alloc(64, arena.size);
    if (!arena.memory) abort();
  }
  return arena.memory;
}

// 0 baseline, 1 AVX2 with FMA, 2 AVX-512: the best that processor and library have, or less where LATENTLAB_OPS_ISA says so.
inline int instruction_set() {
#ifdef OPS_LEVEL
  return OPS_LEVEL;
#else
  static const int level = [] {
    const char* wish = getenv("LATENTLAB_OPS_ISA");
    int most = wish && *wish ? atoi(wish) : 2;
    int has = 0;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) has = 1;
    if (has && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
      has = 2;
    return has < most ? has : most;
  }();
  return level;
#endif
}

}  // namespace ops

// A library that stays on its machine is built for one level (OPS_LEVEL), one that travels for all.
#if !defined(OPS_LEVEL)
#define OPS_CALL(function, ...)                                        \
  do {                                                                 \
    int level_ = ops::instruction_set();                               \
    if (level_ == 2) return ops_avx512::function(__VA_ARGS__);         \
    if (level_ == 1) return ops_avx2::function(__VA_ARGS__);           \
    return ops_base::function(__VA_ARGS__);                            \
  } while (0)
#elif OPS_LEVEL == 2
#define OPS_CALL(function, ...) return ops_avx512::function(__VA_ARGS__)
#elif OPS_LEVEL == 1
#define OPS_CALL(function, ...) return ops_avx2::function(__VA_ARGS__)
#else
#define OPS_CALL(function, ...) return ops_base::function(__VA_ARGS__)
#endif
