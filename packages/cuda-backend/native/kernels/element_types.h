// How elements of a type are computed with, and how types are converted: 16-bit floats are computed
// with as float, int8 and int16 as int32, everything else as itself. Kernels that are compiled at
// run time read this header, too (fusion/).
#pragma once

#include <cstdint>
#include <type_traits>

#include "half.h"

namespace flambeau::cuda {

template <class T>
inline constexpr bool is_half = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool is_real = std::is_floating_point_v<T> || is_half<T>;

// The type that elements of type T are computed with.
template <class T>
struct ComputedAs {
  using Type = T;
};
template <>
struct ComputedAs<Half> {
  using Type = float;
};
template <>
struct ComputedAs<BFloat16> {
  using Type = float;
};
template <>
struct ComputedAs<int8_t> {
  using Type = int32_t;
};
template <>
struct ComputedAs<int16_t> {
  using Type = int32_t;
};
template <class T>
using Computed = typename ComputedAs<T>::Type;

FLAMBEAU_HD float widened(Half x) { return formulas::to_float(x); }
FLAMBEAU_HD float widened(BFloat16 x) { return formulas::to_float(x); }
FLAMBEAU_HD int32_t widened(int8_t x) { return x; }
FLAMBEAU_HD int32_t widened(int16_t x) { return x; }
template <class T>
FLAMBEAU_HD T widened(T x) {
  return x;
}

// `x` as an element of type T: rounded to nearest, or the low bits.
template <class T>
FLAMBEAU_HD T narrowed(Computed<T> x) {
  if constexpr (is_half<T>) {
    return formulas::from_float<T>(x);
  } else {
    return static_cast<T>(x);
  }
}

// --- conversion between types: the rules of core's simd/copy.h ---

// The whole part of x, or the smallest T where it does not fit (and for NaN).
template <class T, class F>
FLAMBEAU_HD T whole_part(F x) {
  constexpr T kLowest = static_cast<T>(T{1} << (sizeof(T) * 8 - 2)) * -2;
  constexpr F kLimit = -static_cast<F>(kLowest);  // 2^31 or 2^63, exact
  return (x >= -kLimit) & (x < kLimit) ? static_cast<T>(x) : kLowest;
}

template <class To, class From>
FLAMBEAU_HD To converted(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (is_half<From>) {
    return converted<To>(widened(x));
  } else if constexpr (is_half<To>) {
    return narrowed<To>(converted<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if constexpr (sizeof(To) < 4) {
      return static_cast<To>(whole_part<int32_t>(x));
    } else {
      return whole_part<To>(x);
    }
  } else {
    return static_cast<To>(x);
  }
}

// What a bool is read as: a byte other than 0 and 1 would be undefined.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

}  // namespace flambeau::cuda
