// What kernels ask of their calls, and say where a call does not have it. For calls on the
// processor and on devices.
#pragma once

#include <string>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// The shape of output `i`; throws where the call lacks it, or wants it written in place.
template <class Call>
const Shape& output_shape(const Call& call, int i) {
  if (i >= call.num_outputs()) throw Failure("ERR_INTERNAL", "the kernel lacks an output");
  if (call.in_place(i)) throw Failure("ERR_INTERNAL", "the kernel does not work in place");
  return call.spec(i).shape;
}

// Are all tensors of the call of this type?
template <class Call>
bool all_of_type(const Call& call, DType dtype) {
  for (int i = 0; i < call.num_inputs(); ++i)
    if (call.has(i) && call.in(i).dtype != dtype) return false;
  for (int i = 0; i < call.num_outputs(); ++i)
    if (call.spec(i).dtype != dtype) return false;
  return true;
}

// Are they of one 16-bit floating type?
template <class Call>
bool all_of_16bit_type(const Call& call) {
  const DType dtype = call.spec(0).dtype;
  return is_16bit_float(dtype) && all_of_type(call, dtype);
}

// Output `i` of `dtype`, row-major.
template <class Call>
auto& row_major_output(Call& call, int i, DType dtype) {
  output_shape(call, i);
  if (call.spec(i).dtype != dtype) throw Failure("ERR_INTERNAL", "the output has another type");
  return call.out(i);
}

// Parameter `i`, a whole number in [least, 2^31], so that sums and products of two do not overflow.
template <class Call>
int64_t size_param(const Call& call, int i, int64_t least, const char* what) {
  constexpr int64_t kMost = int64_t{1} << 31;
  const int64_t value = call.integer(i);
  if (value < least || value > kMost)
    throw Failure("ERR_VALUE", std::string(what) + " of " + std::to_string(value) +
                                   " is outside [" + std::to_string(least) + ", 2^31]");
  return value;
}

// A 64-bit integer from two parameters, its upper (signed) and lower 32 bits.
template <class Call>
int64_t integer64(const Call& call, int i) {
  const int64_t high = call.integer(i);
  const int64_t low = call.integer(i + 1);
  if (high < INT32_MIN || high > INT32_MAX || low < 0 || low > UINT32_MAX)
    throw Failure("ERR_INTERNAL", "a bound has 64 bits");
  return static_cast<int64_t>(static_cast<uint64_t>(high) << 32 | static_cast<uint64_t>(low));
}

}  // namespace flambeau
