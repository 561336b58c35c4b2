// What device code is written with: keywords, barriers, exchanges within a warp, atomics, and the
// functions of CUDA C++ that C++ does not have.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "execution.h"
#include "watch/device.h"

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __constant__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)
#define __grid_constant__

using std::max;
using std::min;

// CUDA's min and max take mixed types, too.
namespace flambeau::cuda::emulation {
template <class A, class B>
using IfMixed =
    std::enable_if_t<std::is_arithmetic_v<A> && std::is_arithmetic_v<B> && !std::is_same_v<A, B>>;
}
template <class A, class B, class = flambeau::cuda::emulation::IfMixed<A, B>>
constexpr std::common_type_t<A, B> min(A a, B b) {
  return std::min<std::common_type_t<A, B>>(a, b);
}
template <class A, class B, class = flambeau::cuda::emulation::IfMixed<A, B>>
constexpr std::common_type_t<A, B> max(A a, B b) {
  return std::max<std::common_type_t<A, B>>(a, b);
}

// --- barriers ---
inline void __syncthreads(std::source_location at = std::source_location::current()) {
  flambeau::cuda::emulation::block_barrier(flambeau::cuda::emulation::Barrier::kPlain, false, at);
}
inline int __syncthreads_count(int predicate,
                               std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::block_barrier(flambeau::cuda::emulation::Barrier::kCount,
                                                  predicate != 0, at);
}
inline int __syncthreads_and(int predicate,
                             std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::block_barrier(flambeau::cuda::emulation::Barrier::kAnd,
                                                  predicate != 0, at);
}
inline int __syncthreads_or(int predicate,
                            std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::block_barrier(flambeau::cuda::emulation::Barrier::kOr,
                                                  predicate != 0, at);
}
inline void __syncwarp(unsigned mask = 0xffffffffu,
                       std::source_location at = std::source_location::current()) {
  flambeau::cuda::emulation::warp_exchange(flambeau::cuda::emulation::Exchange::kBarrier, mask, 0,
                                           0, 32, at);
}
inline void __threadfence() {
  flambeau::cuda::emulation::watch::fence(flambeau::cuda::emulation::watch::Scope::kDevice);
}
inline void __threadfence_block() {
  flambeau::cuda::emulation::watch::fence(flambeau::cuda::emulation::watch::Scope::kBlock);
}
inline void __threadfence_system() { __threadfence(); }
inline void __nanosleep(unsigned) { flambeau::cuda::emulation::atomic_step(); }
[[noreturn]] inline void __trap(std::source_location at = std::source_location::current()) {
  flambeau::cuda::emulation::trap("__trap()", at);
}
inline long long clock64() {
  return static_cast<long long>(flambeau::cuda::emulation::clock_ticks());
}

// --- exchanges within a warp ---
namespace flambeau::cuda::emulation {

// What shuffles take: 32 and 64 bits; smaller integers become int, as on the device.
template <class T>
auto shuffle(Exchange kind, unsigned mask, T given, int operand, int width,
             const std::source_location& at) {
  static_assert(std::is_arithmetic_v<T>);
  const auto value = +given;
  using V = std::remove_const_t<decltype(value)>;
  static_assert(sizeof(V) == 4 || sizeof(V) == 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = warp_exchange(kind, mask, bits, operand, width, at);
  V result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

template <class T>
T reduce(Exchange kind, unsigned mask, T value, const std::source_location& at) {
  static_assert(sizeof(T) == 4);
  return static_cast<T>(warp_exchange(kind, mask, static_cast<uint32_t>(value), 0, 32, at));
}

template <class T>
uint64_t bits_of_value(T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

}  // namespace flambeau::cuda::emulation

template <class T>
auto __shfl_sync(unsigned mask, T value, int lane, int width = 32,
                 std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::shuffle(flambeau::cuda::emulation::Exchange::kIndex, mask,
                                            value, lane, width, at);
}
template <class T>
auto __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                    std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::shuffle(flambeau::cuda::emulation::Exchange::kUp, mask, value,
                                            static_cast<int>(delta), width, at);
}
template <class T>
auto __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                      std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::shuffle(flambeau::cuda::emulation::Exchange::kDown, mask, value,
                                            static_cast<int>(delta), width, at);
}
template <class T>
auto __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32,
                     std::source_location at = std::source_location::current()) {
  return flambeau::cuda::emulation::shuffle(flambeau::cuda::emulation::Exchange::kXor, mask, value,
                                            bits, width, at);
}
inline unsigned __ballot_sync(unsigned mask, int predicate,
                              std::source_location at = std::source_location::current()) {
  return static_cast<unsigned>(flambeau::cuda::emulation::warp_exchange(
      flambeau::cuda::emulation::Exchange::kBallot, mask, predicate != 0, 0, 32, at));
}
inline int __all_sync(unsigned mask, int predicate,
                      std::source_location at = std::source_location::current()) {
  return static_cast<int>(flambeau::cuda::emulation::warp_exchange(
      flambeau::cuda::emulation::Exchange::kAll, mask, predicate != 0, 0, 32, at));
}
inline int __any_sync(unsigned mask, int predicate,
                      std::source_location at = std::source_location::current()) {
  return static_cast<int>(flambeau::cuda::emulation::warp_exchange(
      flambeau::cuda::emulation::Exchange::kAny, mask, predicate != 0, 0, 32, at));
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value,
                          std::source_location at = std::source_location::current()) {
  return static_cast<unsigned>(flambeau::cuda::emulation::warp_exchange(
      flambeau::cuda::emulation::Exchange::kMatchAny, mask,
      flambeau::cuda::emulation::bits_of_value(value), 0, 32, at));
}
template <class T>
unsigned __match_all_sync(unsigned mask, T value, int* same,
                          std::source_location at = std::source_location::current()) {
  const auto lanes = static_cast<unsigned>(flambeau::cuda::emulation::warp_exchange(
      flambeau::cuda::emulation::Exchange::kMatchAll, mask,
      flambeau::cuda::emulation::bits_of_value(value), 0, 32, at));
  *same = lanes != 0;
  return lanes;
}
inline unsigned __activemask() { return flambeau::cuda::emulation::active_lanes(); }

#define FLAMBEAU_WARP_REDUCTION(name, T, kind)                                                \
  inline T name(unsigned mask, T value,                                                       \
                std::source_location at = std::source_location::current()) {                  \
    return flambeau::cuda::emulation::reduce(flambeau::cuda::emulation::Exchange::kind, mask, \
                                             value, at);                                      \
  }
FLAMBEAU_WARP_REDUCTION(__reduce_add_sync, int, kAdd)
FLAMBEAU_WARP_REDUCTION(__reduce_add_sync, unsigned, kAdd)
FLAMBEAU_WARP_REDUCTION(__reduce_min_sync, int, kMinSigned)
FLAMBEAU_WARP_REDUCTION(__reduce_min_sync, unsigned, kMinUnsigned)
FLAMBEAU_WARP_REDUCTION(__reduce_max_sync, int, kMaxSigned)
FLAMBEAU_WARP_REDUCTION(__reduce_max_sync, unsigned, kMaxUnsigned)
FLAMBEAU_WARP_REDUCTION(__reduce_and_sync, unsigned, kAnd)
FLAMBEAU_WARP_REDUCTION(__reduce_or_sync, unsigned, kOr)
FLAMBEAU_WARP_REDUCTION(__reduce_xor_sync, unsigned, kExclusiveOr)
#undef FLAMBEAU_WARP_REDUCTION

// --- atomics: for the types that the device has them for ---
namespace flambeau::cuda::emulation {
template <class T, class Combine>
FLAMBEAU_UNWATCHED T atomically(T* place, Combine combine) {
  atomic_step();
  watch::atomic_update(place, sizeof(T), FLAMBEAU_CALLER);
  const T old = *place;
  *place = combine(old);
  return old;
}
}  // namespace flambeau::cuda::emulation

#define FLAMBEAU_ATOMIC(name, T, expression)                                \
  __forceinline__ T name(T* place, T value) {                               \
    return flambeau::cuda::emulation::atomically(                           \
        place, [value](T old) -> T { return static_cast<T>(expression); }); \
  }
#define FLAMBEAU_ATOMIC_INTEGER(T)                                \
  FLAMBEAU_ATOMIC(atomicExch, T, (static_cast<void>(old), value)) \
  FLAMBEAU_ATOMIC(atomicMin, T, old < value ? old : value)        \
  FLAMBEAU_ATOMIC(atomicMax, T, old > value ? old : value)        \
  FLAMBEAU_ATOMIC(atomicAnd, T, old& value)                       \
  FLAMBEAU_ATOMIC(atomicOr, T, old | value)                       \
  FLAMBEAU_ATOMIC(atomicXor, T, old ^ value)
FLAMBEAU_ATOMIC_INTEGER(int)
FLAMBEAU_ATOMIC_INTEGER(unsigned)
FLAMBEAU_ATOMIC_INTEGER(unsigned long long)
FLAMBEAU_ATOMIC(atomicMin, long long, old < value ? old : value)
FLAMBEAU_ATOMIC(atomicMax, long long, old > value ? old : value)
FLAMBEAU_ATOMIC(atomicExch, float, (static_cast<void>(old), value))
FLAMBEAU_ATOMIC(atomicAdd, int, static_cast<unsigned>(old) + static_cast<unsigned>(value))
FLAMBEAU_ATOMIC(atomicAdd, unsigned, old + value)
FLAMBEAU_ATOMIC(atomicAdd, unsigned long long, old + value)
FLAMBEAU_ATOMIC(atomicAdd, float, old + value)
FLAMBEAU_ATOMIC(atomicAdd, double, old + value)
FLAMBEAU_ATOMIC(atomicSub, int, static_cast<unsigned>(old) - static_cast<unsigned>(value))
FLAMBEAU_ATOMIC(atomicSub, unsigned, old - value)
FLAMBEAU_ATOMIC(atomicInc, unsigned, old >= value ? 0 : old + 1)
FLAMBEAU_ATOMIC(atomicDec, unsigned, old == 0 || old > value ? value : old - 1)
#undef FLAMBEAU_ATOMIC_INTEGER
#undef FLAMBEAU_ATOMIC

#define FLAMBEAU_ATOMIC_CAS(T)                                             \
  __forceinline__ T atomicCAS(T* place, T expected, T value) {             \
    return flambeau::cuda::emulation::atomically(                          \
        place, [=](T old) -> T { return old == expected ? value : old; }); \
  }
FLAMBEAU_ATOMIC_CAS(int)
FLAMBEAU_ATOMIC_CAS(unsigned)
FLAMBEAU_ATOMIC_CAS(unsigned long long)
FLAMBEAU_ATOMIC_CAS(unsigned short)
#undef FLAMBEAU_ATOMIC_CAS

// --- memory with a hint ---
template <class T>
T __ldg(const T* place) {
  return *place;
}
template <class T>
T __ldcs(const T* place) {
  return *place;
}
template <class T>
T __ldcg(const T* place) {
  return *place;
}
template <class T>
void __stcs(T* place, T value) {
  *place = value;
}
template <class T>
void __stcg(T* place, T value) {
  *place = value;
}

// --- integers ---
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; ++i) y |= (x >> i & 1u) << (31 - i);
  return y;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(uint64_t{a} * b >> 32);
}
inline int __mulhi(int a, int b) { return static_cast<int>(int64_t{a} * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  const uint64_t both = uint64_t{high} << 32 | low;
  return static_cast<unsigned>(both << (shift & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  const uint64_t both = uint64_t{high} << 32 | low;
  return static_cast<unsigned>(both >> (shift & 31));
}

// --- bits of floats ---
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

// --- floats: the fast ones are exact here ---
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return powf(10.0f, x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline void sincospif(float x, float* s, float* c) {
  *s = static_cast<float>(std::sin(M_PI * x));
  *c = static_cast<float>(std::cos(M_PI * x));
}
