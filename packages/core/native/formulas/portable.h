// What every formula is written with: the host/device macro, bit tricks, selects and polynomials.
//
// Rules for the formulas in this folder:
// - Branch-free: `cond ? a : b` over values already computed, so that `for (i) y[i] = op(x[i])`
//   vectorises under -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast. Another 10-20 %
//   come from -fno-thread-jumps, which keeps GCC from turning selects back into branches. Never
//   -ffast-math: NaN, infinities and signed zeros must come out right, and exact sums must stay so.
// - Right with and without fused multiply-add: a contraction may only remove a rounding.
// - No undefined behaviour for any bit pattern: integers wrap in unsigned arithmetic; floats become
//   integers through their bits, never through a cast that could overflow.
// - Forced inline, in an inline namespace named after the instruction set: the header is compiled
//   for several of them into one binary, and the linker must never keep the AVX-512 body of a
//   function for a caller on a machine without AVX-512.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

// FLAMBEAU_HD: what is inlined everywhere. FLAMBEAU_HD_CALLED: long functions with branches and
// loops. FLAMBEAU_TABLE: a namespace's array of numbers; device code has a copy of its own.
#if defined(__CUDACC__)
#define FLAMBEAU_HD __host__ __device__ __forceinline__
#define FLAMBEAU_HD_CALLED __host__ __device__ inline
#else
#define FLAMBEAU_HD inline __attribute__((always_inline))
#define FLAMBEAU_HD_CALLED inline
#endif
#if defined(__CUDA_ARCH__)
#define FLAMBEAU_TABLE static __device__ constexpr
#else
#define FLAMBEAU_TABLE inline constexpr
#endif

#if defined(__AVX512F__)
#define FLAMBEAU_FORMULAS_LEVEL isa_avx512
#elif defined(__AVX2__)
#define FLAMBEAU_FORMULAS_LEVEL isa_avx2
#elif defined(__SSE4_1__)
#define FLAMBEAU_FORMULAS_LEVEL isa_sse4
#else
#define FLAMBEAU_FORMULAS_LEVEL isa_baseline
#endif

#define FLAMBEAU_FORMULAS_BEGIN  \
  namespace flambeau::formulas { \
  inline namespace FLAMBEAU_FORMULAS_LEVEL {
#define FLAMBEAU_FORMULAS_END \
  }                           \
  }

FLAMBEAU_FORMULAS_BEGIN

constexpr float kInfinityF = __builtin_inff();
constexpr double kInfinity = __builtin_inf();
constexpr float kNanF = __builtin_nanf("");
constexpr double kNan = __builtin_nan("");

FLAMBEAU_HD uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

FLAMBEAU_HD uint64_t bits_of(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

FLAMBEAU_HD float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

FLAMBEAU_HD double double_of(uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// |x|: clears the sign bit, of NaN too.
FLAMBEAU_HD float magnitude(float x) { return float_of(bits_of(x) & 0x7fffffffu); }
FLAMBEAU_HD double magnitude(double x) { return double_of(bits_of(x) & 0x7fffffffffffffffu); }

// The sign bit of x, in place.
FLAMBEAU_HD uint32_t sign_bit(float x) { return bits_of(x) & 0x80000000u; }
FLAMBEAU_HD uint64_t sign_bit(double x) { return bits_of(x) & 0x8000000000000000u; }

// size with its sign flipped where `sign` has its sign bit set; for size >= 0 that is copysign.
FLAMBEAU_HD float flip_sign(float size, float sign) {
  return float_of(bits_of(size) ^ sign_bit(sign));
}
FLAMBEAU_HD double flip_sign(double size, double sign) {
  return double_of(bits_of(size) ^ sign_bit(sign));
}

// Rounding to whole numbers; one instruction each from SSE4.1 on. Halves go to even.
FLAMBEAU_HD float round_even(float x) { return ::rintf(x); }
FLAMBEAU_HD double round_even(double x) { return ::rint(x); }
FLAMBEAU_HD float round_down(float x) { return ::floorf(x); }
FLAMBEAU_HD double round_down(double x) { return ::floor(x); }
FLAMBEAU_HD float round_up(float x) { return ::ceilf(x); }
FLAMBEAU_HD double round_up(double x) { return ::ceil(x); }
FLAMBEAU_HD float round_to_zero(float x) { return ::truncf(x); }
FLAMBEAU_HD double round_to_zero(double x) { return ::trunc(x); }

// x < 0, without asking it of an unsigned type.
template <class T>
FLAMBEAU_HD bool is_negative(T x) {
  if constexpr (std::is_unsigned_v<T>) {
    return false;
  } else {
    return x < T(0);
  }
}

// a·b + c. What is fastest is left to the processor's compiler. That of a GPU is told not to join
// products and sums, as it would do so here and not there, and is asked for it where it pays.
FLAMBEAU_HD float multiply_add(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return a * b + c;
#endif
}
FLAMBEAU_HD double multiply_add(double a, double b, double c) {
#if defined(__CUDA_ARCH__)
  return __fma_rn(a, b, c);
#else
  return a * b + c;
#endif
}

// c - a·b
template <class T>
FLAMBEAU_HD T subtract_product(T c, T a, T b) {
#if defined(__CUDA_ARCH__)
  return multiply_add(-a, b, c);
#else
  return c - a * b;
#endif
}

// c0 + x·(c1 + x·(c2 + …)), Horner.
template <class T>
FLAMBEAU_HD T polynomial(T, T c0) {
  return c0;
}
template <class T, class... Rest>
FLAMBEAU_HD T polynomial(T x, T c0, T c1, Rest... rest) {
  return multiply_add(x, polynomial(x, c1, rest...), c0);
}

// a + b = sum + error exactly (Knuth's two-sum; any order of magnitudes).
template <class T>
struct ExactSum {
  T sum;
  T error;
};
template <class T>
FLAMBEAU_HD ExactSum<T> two_sum(T a, T b) {
  const T sum = a + b;
  const T part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

FLAMBEAU_FORMULAS_END
