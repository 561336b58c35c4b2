// How kernels read and write elements of a type (element_types.h) in memory.
#pragma once

#include <cmath>
#include <type_traits>

#include "dtype.h"
#include "element_types.h"
#include "launch.h"

namespace flambeau::cuda {

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

// Calls body(T{}) with the C++ type of a floating `dtype`.
template <class Body>
void with_float_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat32: return body(float{});
    case DType::kFloat64: return body(double{});
    case DType::kFloat16: return body(Half{});
    case DType::kBFloat16: return body(BFloat16{});
    default: throw Failure("ERR_INTERNAL", "the kernel is for floating types");
  }
}
// The same for types of numbers that are not narrow integers.
template <class Body>
void with_number_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kInt64: return body(int64_t{});
    case DType::kInt32: return body(int32_t{});
    case DType::kUInt8: return body(uint8_t{});
    case DType::kBool: throw Failure("ERR_INTERNAL", "the kernel is not for bool tensors");
    default: return with_float_type(dtype, body);
  }
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
