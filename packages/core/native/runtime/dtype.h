// The types of elements, and how code is chosen by them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "half.h"

namespace flambeau {

// The order is the code that crosses the JavaScript boundary (src/dtype.ts).
enum class DType : uint8_t {
  kFloat32,
  kFloat64,
  kInt64,
  kInt32,
  kUInt8,
  kBool,
  kFloat16,
  kBFloat16,
  kInt8,
  kInt16
};
inline constexpr int kNumDTypes = 10;

// Bytes of an element, by code in hexadecimal digits from the right: a table would be copied to the
// stack with every call.
constexpr size_t element_size(DType dtype) {
  return uint64_t{0x2122114884} >> (4 * static_cast<int>(dtype)) & 15;
}
const char* dtype_name(DType dtype);
// float16 and bfloat16: stored so, computed as float32.
constexpr bool is_16bit_float(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}
constexpr bool is_floating(DType dtype) {
  return dtype <= DType::kFloat64 || is_16bit_float(dtype);
}
// The narrow types, float16, bfloat16, int8 and int16: most kernels see them as their wide type,
// float32 or int32 (Call::run).
constexpr bool is_narrow(DType dtype) { return dtype >= DType::kFloat16; }
constexpr DType wide_type(DType dtype) {
  return !is_narrow(dtype) ? dtype : is_16bit_float(dtype) ? DType::kFloat32 : DType::kInt32;
}

template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "no dtype has this type");
  return DType{};
}();
template <>
inline constexpr DType dtype_of<float> = DType::kFloat32;
template <>
inline constexpr DType dtype_of<double> = DType::kFloat64;
template <>
inline constexpr DType dtype_of<int64_t> = DType::kInt64;
template <>
inline constexpr DType dtype_of<int32_t> = DType::kInt32;
template <>
inline constexpr DType dtype_of<uint8_t> = DType::kUInt8;
template <>
inline constexpr DType dtype_of<bool> = DType::kBool;
template <>
inline constexpr DType dtype_of<Half> = DType::kFloat16;
template <>
inline constexpr DType dtype_of<BFloat16> = DType::kBFloat16;
template <>
inline constexpr DType dtype_of<int8_t> = DType::kInt8;
template <>
inline constexpr DType dtype_of<int16_t> = DType::kInt16;

// Throws Failure("ERR_INTERNAL"): a kernel met a narrow type that it does not know.
[[noreturn]] void reject_narrow(DType dtype);

// Calls body(T{}) with the C++ type of `dtype`, which is not narrow.
template <class Body>
decltype(auto) with_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat64: return body(double{});
    case DType::kInt64: return body(int64_t{});
    case DType::kInt32: return body(int32_t{});
    case DType::kUInt8: return body(uint8_t{});
    case DType::kBool: return body(bool{});
    case DType::kFloat32: return body(float{});
    default: reject_narrow(dtype);
  }
}

// The same for all types. Half and BFloat16 have no arithmetic: see half.h.
template <class Body>
decltype(auto) with_every_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat16: return body(Half{});
    case DType::kBFloat16: return body(BFloat16{});
    case DType::kInt8: return body(int8_t{});
    case DType::kInt16: return body(int16_t{});
    default: return with_type(dtype, body);
  }
}

}  // namespace flambeau
