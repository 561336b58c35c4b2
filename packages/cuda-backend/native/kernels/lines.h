// A dense tensor as [outer, n, inner] in memory: the lines along the axis in the middle.
#pragma once

#include "call.h"
#include "geometry.h"

namespace flambeau::cuda {

struct Lines {
  int64_t outer = 0;
  int64_t n = 1;
  int64_t inner = 1;

  Lines() = default;
  // A tensor without axes is one line of one element.
  Lines(const Tensor& t, int64_t axis) {
    if (axis < 0 || axis >= std::max(t.ndim(), 1)) throw Failure("ERR_INTERNAL", "no such axis");
    const int64_t numel = t.numel();
    if (t.ndim() > 0) n = t.size(static_cast<int>(axis));
    if (numel == 0 || n == 1) {
      outer = numel;
      return;
    }
    inner = t.stride(static_cast<int>(axis));
    outer = numel / (n * inner);
  }
  int64_t count() const { return outer * inner; }
};

inline bool same_strides(const Tensor& a, const Tensor& b) {
  for (int axis = 0; axis < a.ndim(); ++axis)
    if (a.size(axis) > 1 && a.stride(axis) != b.stride(axis)) return false;
  return true;
}

// Memory for a tensor with the shape and the strides of a dense one.
inline Tensor temporary_like(Call& call, const Tensor& like) {
  Tensor made = call.temporary(like.shape, like.dtype);
  for (int axis = 0; axis < like.ndim(); ++axis) made.strides[axis] = like.strides[axis];
  return made;
}

// `t`, or a copy of it with the strides of `like`, a dense tensor of its shape.
inline Tensor laid_as(Call& call, const Tensor& t, const Tensor& like) {
  if (same_strides(t, like)) return t;
  const Tensor moved = temporary_like(call, like);
  copy_into(call, moved, t);
  return moved;
}

}  // namespace flambeau::cuda
