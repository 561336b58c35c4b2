// What the stand-ins of NVIDIA's libraries share: numbers as they read and write them, and work on
// streams. `Type` is the enumeration of a library: each numbers the same types in its own way.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>
#include <utility>

#include "cuda.h"
#include "half.h"

namespace flambeau::cuda {

template <class Type>
double value_at(Type type, const void* data, int64_t at) {
  switch (type) {
    case Type::kFloat64: return static_cast<const double*>(data)[at];
    case Type::kFloat16: return formulas::to_float(static_cast<const Half*>(data)[at]);
    case Type::kBFloat16: return formulas::to_float(static_cast<const BFloat16*>(data)[at]);
    case Type::kFloat32: break;
  }
  return static_cast<const float*>(data)[at];
}

template <class Type>
void set_value(Type type, void* data, int64_t at, double value) {
  const auto narrow = static_cast<float>(value);
  switch (type) {
    case Type::kFloat64: static_cast<double*>(data)[at] = value; return;
    case Type::kFloat16: static_cast<Half*>(data)[at] = formulas::to_half(narrow); return;
    case Type::kBFloat16: static_cast<BFloat16*>(data)[at] = formulas::to_bfloat16(narrow); return;
    case Type::kFloat32: break;
  }
  static_cast<float*>(data)[at] = narrow;
}

// A factor of a call, which is a double for doubles alone.
template <class Type>
double factor_of(Type type, const void* factor) {
  return value_at(type == Type::kFloat64 ? type : Type::kFloat32, factor, 0);
}

// What tensor cores read of a float32 in TF32: 10 bits of fraction.
inline double tf32_of(double x) {
  const auto value = static_cast<float>(x);
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7f800000u) == 0x7f800000u) return x;
  bits = (bits + 0x1000u) & ~0x1fffu;
  float rounded;
  std::memcpy(&rounded, &bits, sizeof rounded);
  return rounded;
}

inline bool is_aligned(const void* data, uint64_t bytes) {
  return reinterpret_cast<uintptr_t>(data) % bytes == 0;
}

// Runs `body` in the order of a stream; false where it cannot be launched.
inline bool enqueue(void* stream, std::function<void()> body) {
  return emulation::launch({reinterpret_cast<const void*>(&enqueue), dim3(1), dim3(1), 0,
                            std::move(body), std::source_location::current()},
                           static_cast<cudaStream_t>(stream)) == cudaSuccess;
}

}  // namespace flambeau::cuda
