// What the samplers share: words to values in chunks. Internal to sampling*.cc.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "generator.h"
#include "half.h"
#include "sampling_isa.h"

// A sampler takes words from the generator in chunks that stay in the L1 cache and maps each chunk
// to values with a loop the compiler vectorises, once per instruction set. So that every
// instruction set gives the same bits, a product that feeds a sum is always written as fused(),
// unless it is exact: nothing is left for the compiler to contract.

namespace flambeau::sampling {

inline constexpr int64_t kChunkWords = 4 * Generator::kBlockWords;  // a multiple of 32
inline constexpr uint64_t kMantissa53 = (uint64_t{1} << 53) - 1;

struct alignas(64) Chunk {
  uint32_t words[kChunkWords];
};

// Feeds out[0..n) to Body in chunks; per_value is 1 or 2 words for each value.
template <typename Body, typename T, typename... Args>
void fill(Generator& generator, int64_t per_value, T* out, int64_t n, Args... args) {
  Chunk chunk;
  const int64_t step = kChunkWords / per_value;
  for (int64_t i = 0; i < n; i += step) {
    const int64_t count = std::min(step, n - i);
    generator.random_words(chunk.words, count * per_value);
    run<Body>(static_cast<const uint32_t*>(chunk.words), out + i, count, args...);
  }
}

// a * b + c, rounded once. Without the instruction, the float version rounds the exact product
// plus c to odd in double, which makes the second rounding harmless (Boldo, Melquiond 2008).
template <bool has_fma>
FLAMBEAU_INLINE float fused(float a, float b, float c) {
  if constexpr (has_fma) return __builtin_fmaf(a, b, c);
  const double product = static_cast<double>(a) * b;
  const double sum = product + c;
  const double addend = sum - product;
  const double error = (product - (sum - addend)) + (c - addend);
  int64_t bits = std::bit_cast<int64_t>(sum);
  const int64_t away = ((std::bit_cast<int64_t>(error) ^ bits) < 0) ? -1 : 1;
  bits += (error != 0.0 && (bits & 1) == 0) ? away : 0;
  return static_cast<float>(std::bit_cast<double>(bits));
}
template <bool has_fma>
FLAMBEAU_INLINE double fused(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}

FLAMBEAU_INLINE uint64_t word_pair(const uint32_t* words, int64_t i) {
  return (static_cast<uint64_t>(words[2 * i]) << 32) | words[2 * i + 1];
}

FLAMBEAU_INLINE float unit_float(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word & 0xffffffu)) * 0x1p-24f;
}

// The low 53 bits as a fraction of 2^53. Both halves are placed in the mantissa of a power of two,
// which converts them without a 64-bit integer conversion instruction; every step is exact.
FLAMBEAU_INLINE double unit_double(uint64_t bits) {
  const double high = std::bit_cast<double>(((bits & kMantissa53) >> 32) | 0x4530000000000000u);
  const double low = std::bit_cast<double>((bits & 0xffffffffu) | 0x4330000000000000u);
  return ((high - 0x1.00000001p84) + low) * 0x1p-53;
}

struct Uniform {
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, float* __restrict out,
                                  int64_t n, float from, float to) {
    const float width = to - from;
    for (int64_t i = 0; i < n; ++i) {
      const float value = fused<has_fma>(unit_float(words[i]), width, from);
      out[i] = value == to ? from : value;
    }
  }
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, double* __restrict out,
                                  int64_t n, double from, double to) {
    const double width = to - from;
    for (int64_t i = 0; i < n; ++i) {
      const double value = fused<has_fma>(unit_double(word_pair(words, i)), width, from);
      out[i] = value == to ? from : value;
    }
  }
};

// Bits of a number's significand, or of an integer without its sign.
template <typename T>
constexpr int digits_of() {
  if constexpr (std::is_same_v<T, Half>) return 11;
  if constexpr (std::is_same_v<T, BFloat16>) return 8;
  return std::numeric_limits<T>::digits;
}
template <typename T>
constexpr bool is_float() {
  return std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
}
// x rounded to T, as a number.
template <typename T>
auto rounded_to(int64_t x) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(x);
  } else {
    return formulas::to_float(formulas::from_float<T>(static_cast<float>(x)));
  }
}

// The largest value of random_(): max(T), or 2^digits where T is floating.
template <typename T>
constexpr int64_t largest_integer() {
  if constexpr (is_float<T>()) {
    return int64_t{1} << digits_of<T>();
  } else {
    return static_cast<int64_t>(std::numeric_limits<T>::max());
  }
}

}  // namespace flambeau::sampling
