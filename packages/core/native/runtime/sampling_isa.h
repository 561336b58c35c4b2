// Runs the random generator's inner loops compiled for the best instruction set of the machine.
// Internal to generator.cc and sampling*.cc, and to their test.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>

#define FLAMBEAU_INLINE inline __attribute__((always_inline))

namespace flambeau::sampling {

enum class Isa { baseline, avx2, avx512 };

inline Isa best_isa() noexcept {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::baseline;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return Isa::avx512;
  }
  return Isa::avx2;
#else
  return Isa::baseline;
#endif
}

inline std::atomic<Isa> isa{best_isa()};

// For tests: use no more than this level. The numbers must not depend on it.
inline void limit_isa(Isa highest) noexcept { isa = std::min(highest, best_isa()); }

// run<Body>(args...) calls Body::run<has_fma>(args...), an always-inlined function, inside a
// function compiled for the level in use. One copy of Body, whatever the level.
#if defined(__x86_64__)
template <typename Body, typename... Args>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512"))) void
run_avx512(Args... args) {
  Body::template run<true>(args...);
}
template <typename Body, typename... Args>
__attribute__((target("avx2,fma"))) void run_avx2(Args... args) {
  Body::template run<true>(args...);
}
#endif

template <typename Body, typename... Args>
void run_baseline(Args... args) {
#if defined(FP_FAST_FMAF) && defined(FP_FAST_FMA)
  Body::template run<true>(args...);
#else
  Body::template run<false>(args...);
#endif
}

template <typename Body, typename... Args>
void run(Args... args) {
#if defined(__x86_64__)
  switch (isa.load(std::memory_order_relaxed)) {
    case Isa::avx512: return run_avx512<Body>(args...);
    case Isa::avx2: return run_avx2<Body>(args...);
    case Isa::baseline: break;
  }
#endif
  run_baseline<Body>(args...);
}

}  // namespace flambeau::sampling
