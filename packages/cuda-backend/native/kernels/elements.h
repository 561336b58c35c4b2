// How kernels read and write elements of a type: 16-bit floats are computed with as float, int8 and
// int16 as int32, everything else as itself.
#pragma once

#include <cmath>
#include <type_traits>

#include "dtype.h"
#include "launch.h"

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

__host__ __device__ __forceinline__ float widened(Half x) { return formulas::to_float(x); }
__host__ __device__ __forceinline__ float widened(BFloat16 x) { return formulas::to_float(x); }
__host__ __device__ __forceinline__ int32_t widened(int8_t x) { return x; }
__host__ __device__ __forceinline__ int32_t widened(int16_t x) { return x; }
template <class T>
__host__ __device__ __forceinline__ T widened(T x) {
  return x;
}

// `x` as an element of type T: rounded to nearest, or the low bits.
template <class T>
__host__ __device__ __forceinline__ T narrowed(Computed<T> x) {
  if constexpr (is_half<T>) {
    return formulas::from_float<T>(x);
  } else {
    return static_cast<T>(x);
  }
}

// --- conversion between types: the rules of core's simd/copy.h ---

// The whole part of x, or the smallest T where it does not fit (and for NaN).
template <class T, class F>
__host__ __device__ __forceinline__ T whole_part(F x) {
  constexpr T kLowest = static_cast<T>(T{1} << (sizeof(T) * 8 - 2)) * -2;
  constexpr F kLimit = -static_cast<F>(kLowest);  // 2^31 or 2^63, exact
  return (x >= -kLimit) & (x < kLimit) ? static_cast<T>(x) : kLowest;
}

template <class To, class From>
__host__ __device__ __forceinline__ To converted(From x) {
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

template <class T>
__device__ __forceinline__ T read_element(const void* data, int64_t i) {
  if constexpr (std::is_same_v<T, bool>) {
    return static_cast<const uint8_t*>(data)[i] != 0;
  } else {
    return static_cast<const T*>(data)[i];
  }
}

// An element that is computed with as C (float, double, int64, int32, uint8, bool) and stored as
// `stored`, one of the types for which that is so.
template <class C>
__device__ __forceinline__ C read_computed(const void* data, int64_t i, DType stored) {
  if constexpr (std::is_same_v<C, float>) {
    if (stored == DType::kFloat16) return widened(static_cast<const Half*>(data)[i]);
    if (stored == DType::kBFloat16) return widened(static_cast<const BFloat16*>(data)[i]);
  } else if constexpr (std::is_same_v<C, int32_t>) {
    if (stored == DType::kInt8) return static_cast<const int8_t*>(data)[i];
    if (stored == DType::kInt16) return static_cast<const int16_t*>(data)[i];
  }
  return read_element<C>(data, i);
}
template <class C>
__device__ __forceinline__ void write_computed(void* data, int64_t i, DType stored, C value) {
  if constexpr (std::is_same_v<C, float>) {
    if (stored == DType::kFloat16) {
      static_cast<Half*>(data)[i] = narrowed<Half>(value);
      return;
    }
    if (stored == DType::kBFloat16) {
      static_cast<BFloat16*>(data)[i] = narrowed<BFloat16>(value);
      return;
    }
  } else if constexpr (std::is_same_v<C, int32_t>) {
    if (stored == DType::kInt8) {
      static_cast<int8_t*>(data)[i] = static_cast<int8_t>(value);
      return;
    }
    if (stored == DType::kInt16) {
      static_cast<int16_t*>(data)[i] = static_cast<int16_t>(value);
      return;
    }
  }
  static_cast<C*>(data)[i] = value;
}

// Calls body(T{}) with an unsigned integer type of so many bytes: 1, 2, 4 or 8.
template <class Body>
decltype(auto) with_item(size_t bytes, Body&& body) {
  switch (bytes) {
    case 1: return body(uint8_t{});
    case 2: return body(uint16_t{});
    case 4: return body(uint32_t{});
    default: return body(uint64_t{});
  }
}

}  // namespace flambeau::cuda
