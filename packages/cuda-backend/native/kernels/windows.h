// Parts of tensors along an axis, for kernels that put tensors into others.
#pragma once

#include <algorithm>

#include "call.h"

namespace flambeau::cuda {

// The part of `t` at positions start, start + step, … of an axis, `count` of them, which must
// exist.
inline Tensor window(const Tensor& t, int64_t axis, int64_t start, int64_t step, int64_t count) {
  if (axis < 0 || axis >= t.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
  const int at = static_cast<int>(axis);
  if (step < 1 || start < 0 || count < 0 ||
      (count > 0 && (start >= t.size(at) || step > INT64_MAX / 2 / count ||
                     start + (count - 1) * step >= t.size(at))))
    throw Failure("ERR_INTERNAL", "the window leaves the axis");
  Tensor part = t;
  part.shape.sizes[at] = count;
  if (count > 0) part.data += start * t.stride(at) * static_cast<int64_t>(t.item_bytes());
  if (count > 1) part.strides[at] *= step;
  return part;
}

// One position of an axis, without that axis.
inline Tensor position(const Tensor& t, int64_t axis, int64_t index) {
  Tensor part = window(t, axis, index, 1, 1);
  for (int i = static_cast<int>(axis); i + 1 < t.ndim(); ++i) {
    part.shape.sizes[i] = t.size(i + 1);
    part.strides[i] = t.stride(i + 1);
  }
  --part.shape.ndim;
  return part;
}

}  // namespace flambeau::cuda
