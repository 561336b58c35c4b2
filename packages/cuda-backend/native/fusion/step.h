// An elementwise operation that a graph holds back, to be computed by one kernel with its
// neighbours.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>

#include "geometry.h"
#include "layout.h"
#include "overlap.h"

namespace flambeau::cuda {

// What is computed: a function object of core's formulas. Without a name: input 0, converted.
struct Formula {
  const char* name = nullptr;
  int numbers = 0;              // its own
  bool bools_as_bytes = false;  // bools are computed as uint8
};

namespace fusion {

// Where the elements of an operand lie, in the order of the output's memory. Axes that are one for
// both are one.
struct Walk {
  int ndim = 1;
  int64_t sizes[kMaxDims] = {1};    // innermost first
  int64_t strides[kMaxDims] = {0};  // in elements; 0 where the operand is broadcast

  Walk() = default;
  // Of `operand` along `out`, whose elements lie without gaps.
  Walk(const Strided& out, const Strided& operand);

  // Is the operand's memory in the same order, without gaps?
  bool is_flat() const { return ndim == 1 && (strides[0] == 1 || sizes[0] == 1); }
  // Is it one element?
  bool is_single() const { return ndim == 1 && strides[0] == 0; }
  bool operator==(const Walk& other) const;
};

// Elements in device memory, or a number.
struct Operand {
  DType dtype = DType::kFloat32;
  const char* data = nullptr;  // null: a number
  Extent extent = {};
  Walk walk;
  uint64_t bits = 0;  // of the number, in the type that `dtype` is computed with

  static Operand number(DType dtype, uint64_t bits);
  static Operand memory(const Strided& out, const Strided& operand);
  bool is_number() const { return data == nullptr; }
};

inline constexpr int kStepInputs = 3;
inline constexpr int kStepNumbers = 3;

struct Step {
  Formula formula;
  DType type = DType::kFloat32;  // that the formula is for
  bool is_heavy = false;         // more than a few instructions
  int count = 0;
  bool bool_first = false;  // is input 0 a bool whatever `type` is?
  Operand inputs[kStepInputs];
  uint64_t numbers[kStepNumbers] =
      {};  // the formula's own, in the type that `type` is computed with
  DType out_type = DType::kFloat32;
  char* out = nullptr;  // elements without gaps
  int64_t numel = 0;
  // Does the same by a kernel of its own.
  std::function<void(cudaStream_t)> launch;

  Extent extent() const {
    return {out, out + numel * static_cast<int64_t>(element_size(out_type))};
  }
};

// Can an operation with this output be a step?
inline bool can_hold(const Strided& out) {
  const int64_t numel = out.numel();
  return numel > 0 && numel <= kMaxVisits && out.is_dense();
}

// The bits of a number.
template <class T>
uint64_t bits_of_number(T value) {
  uint64_t bits = 0;
  static_assert(sizeof value <= sizeof bits);
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

}  // namespace fusion
}  // namespace flambeau::cuda
