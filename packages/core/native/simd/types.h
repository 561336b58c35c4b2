// The data types as the compiled loops see them, in the order of the codes in runtime/tensor.h.
#pragma once

#include <cstdint>

#include "half.h"

namespace flambeau {

inline constexpr int kLoopTypes = 10;

// A loop over n elements: operand k lies at pointers[k] + i · strides[k] (bytes), operand 0 being
// the output. The output may be one of the inputs exactly (same pointer, same stride); otherwise it
// must not overlap them. `params` are the operation's numbers.
using Loop = void (*)(char* const* pointers, const int64_t* strides, int64_t n,
                      const double* params);

template <class... T>
struct Types {
  template <class U>
  static constexpr bool has = (__is_same(U, T) || ...);
};

// What an element of type T is read as: loads of bool are not vectorised, and a byte other than 0
// and 1 would be undefined.
template <class T>
struct Stored {
  using type = T;
};
template <>
struct Stored<bool> {
  using type = uint8_t;
};
template <class T>
using StoredAs = typename Stored<T>::type;

// Loops over the narrow types (float16, bfloat16, int8, int16) only convert: what computes runs on
// blocks of float or int32.
using AnyType = Types<float, double, int64_t, int32_t, uint8_t, bool>;
// The same, bool done as uint8: for operations that only choose among their operands.
struct AnyTypeBoolAsByte : AnyType {};
using NumberType = Types<float, double, int64_t, int32_t, uint8_t>;
using FloatType = Types<float, double>;
using IntegerType = Types<int64_t, int32_t, uint8_t>;
using IntegerOrBoolType = Types<int64_t, int32_t, uint8_t, bool>;

}  // namespace flambeau
