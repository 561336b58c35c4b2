// What kernels of images share: inputs and outputs stored n, h, w, c, and checked numbers.
#pragma once

#include <algorithm>
#include <string>

#include "kernel.h"

namespace flambeau {

// Strides of [n, c, …] stored as n, …, c.
inline void pixel_strides(const Shape& shape, int64_t* strides) {
  int64_t step = 1;
  const auto place = [&](int axis) {
    strides[axis] = step;
    step *= std::max<int64_t>(shape.sizes[axis], 1);
  };
  place(1);
  for (int axis = shape.ndim - 1; axis > 1; --axis) place(axis);
  place(0);
}

// Is `t` [n, c, …] stored as n, …, c without gaps?
inline bool is_channels_last(const Tensor& t) {
  int64_t strides[kMaxDims];
  pixel_strides(t.shape, strides);
  for (int axis = 0; axis < t.ndim(); ++axis) {
    if (t.size(axis) == 0) return true;
    if (t.size(axis) != 1 && t.stride(axis) != strides[axis]) return false;
  }
  return true;
}

// `t` [n, c, …] if it is stored channels-last, else a copy that is and dies with the call.
inline Tensor channels_last(Call& call, const Tensor& t) {
  if (is_channels_last(t)) return t;
  int64_t strides[kMaxDims];
  pixel_strides(t.shape, strides);
  Tensor copy = call.temporary(t.shape, t.dtype);
  std::copy(strides, strides + t.ndim(), copy.strides);
  copy_into(copy, t);
  return copy;
}

// The shape of output `i`; throws where the call lacks it, or wants it written in place.
inline const Shape& output_shape(Call& call, int i) {
  if (i >= call.num_outputs()) throw Failure("ERR_INTERNAL", "the kernel lacks an output");
  if (call.in_place(i)) throw Failure("ERR_INTERNAL", "the kernel does not work in place");
  return call.spec(i).shape;
}

// Output `i` of `dtype`, [n, c, …] stored channels-last.
inline Tensor& channels_last_output(Call& call, int i, DType dtype) {
  int64_t strides[kMaxDims];
  pixel_strides(output_shape(call, i), strides);
  if (call.spec(i).dtype != dtype) throw Failure("ERR_INTERNAL", "the output has another type");
  return call.out_strided(i, strides);
}

// Parameter `i`, a whole number in [least, 2^31], so that sums and products of two do not overflow.
inline int64_t size_param(const Call& call, int i, int64_t least, const char* what) {
  constexpr int64_t kMost = int64_t{1} << 31;
  const int64_t value = call.integer(i);
  if (value < least || value > kMost)
    throw Failure("ERR_VALUE", std::string(what) + " of " + std::to_string(value) +
                                   " is outside [" + std::to_string(least) + ", 2^31]");
  return value;
}

}  // namespace flambeau
