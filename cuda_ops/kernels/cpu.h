// What every CPU kernel needs: bfloat16, threads, scratch memory, and the choice of instruction set at run time.
//
// A kernel's body is a header that foreach_isa.h includes once per instruction set, each time in a namespace of its own.
// Bodies call no library templates: one instantiated there for a new processor could be linked into the old one's code.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define OPS_X86 1
#endif

namespace ops {

struct bfloat16 {
  uint16_t bits;
};

enum Kind : int32_t { kFloat = 0, kDouble = 1, kBfloat16 = 2 };

typedef void (*Job)(int64_t job, void* context);

// Runs jobs 0 .. count-1 on the threads that PyTorch uses (its OpenMP pool), the next free thread taking the next job.
inline void run_jobs(int64_t count, bool threaded, Job job, void* context) {
#ifdef _OPENMP
  if (threaded && count > 1 && omp_get_max_threads() > 1 && !omp_in_parallel()) {
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t i = 0; i < count; ++i) job(i, context);
    return;
  }
#endif
  for (int64_t i = 0; i < count; ++i) job(i, context);
}

inline int64_t threads() {
#ifdef _OPENMP
  return omp_in_parallel() ? 1 : omp_get_max_threads();
#else
  return 1;
#endif
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

// 0 baseline, 1 AVX2 with FMA, 2 AVX-512.
inline int instruction_set() {
#ifdef OPS_X86
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
#else
  return 0;
#endif
}

}  // namespace ops

#ifdef OPS_X86
#define OPS_CALL(function, ...)                                        \
  do {                                                                 \
    int level_ = ops::instruction_set();                               \
    if (level_ == 2) return ops_avx512::function(__VA_ARGS__);         \
    if (level_ == 1) return ops_avx2::function(__VA_ARGS__);           \
    return ops_base::function(__VA_ARGS__);                            \
  } while (0)
#else
#define OPS_CALL(function, ...) return ops_base::function(__VA_ARGS__)
#endif
