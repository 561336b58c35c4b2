// Images and volumes stored n, …, c: what kernels of pixels work on. For tensors of the processor
// and of devices.
#pragma once

#include "call_checks.h"
#include "layout.h"

namespace flambeau {

// Is `t` [n, c, …] stored as n, …, c without gaps?
inline bool is_channels_last(const Strided& t) {
  int64_t strides[kMaxDims];
  channels_last_strides(t.shape, strides);
  bool last = true;
  for (int axis = 0; axis < t.ndim(); ++axis) {
    if (t.size(axis) == 0) return true;
    if (t.size(axis) != 1 && t.stride(axis) != strides[axis]) last = false;
  }
  return last;
}

// `t` [n, c, …] if it is stored channels-last, else a copy that is and dies with the call.
template <class Call, class Tensor>
Tensor channels_last(Call& call, const Tensor& t) {
  if (is_channels_last(t)) return t;
  Tensor copy = call.temporary(t.shape, t.dtype);
  channels_last_strides(t.shape, copy.strides);
  copy_into(call, copy, t);
  return copy;
}

// Output `i` of `dtype`, [n, c, …] stored channels-last.
template <class Call>
auto& channels_last_output(Call& call, int i, DType dtype) {
  int64_t strides[kMaxDims];
  channels_last_strides(output_shape(call, i), strides);
  if (call.spec(i).dtype != dtype) throw Failure("ERR_INTERNAL", "the output has another type");
  return call.out_strided(i, strides);
}

}  // namespace flambeau
