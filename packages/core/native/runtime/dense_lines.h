// A dense tensor as [outer, n, inner] in memory: the lines along an axis in the middle. For tensors
// of the processor and of devices.
#pragma once

#include <algorithm>

#include "failure.h"
#include "in_place.h"
#include "layout.h"

namespace flambeau {

struct DenseLines {
  int64_t outer = 0;
  int64_t n = 1;
  int64_t inner = 1;

  DenseLines() = default;
  // A tensor without axes is one line of one element.
  DenseLines(const Strided& t, int64_t axis) {
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

// `t` if it has no gaps, else a row-major copy.
template <class Call, class Tensor>
Tensor dense(Call& call, const Tensor& t) {
  return t.is_dense() ? t : call.contiguous(t);
}

// Output `i` of `dtype`, with the shape and the order of memory of x, which is dense.
template <class Call, class Tensor>
auto& dense_output(Call& call, int i, const Tensor& x, DType dtype) {
  if (call.in_place(i) || call.spec(i).dtype != dtype || !(call.spec(i).shape == x.shape))
    throw Failure("ERR_INTERNAL", "the output is not what the input is");
  return call.out_strided(i, x.strides);
}

inline bool same_strides(const Strided& a, const Strided& b) {
  for (int axis = 0; axis < a.ndim(); ++axis)
    if (a.size(axis) > 1 && a.stride(axis) != b.stride(axis)) return false;
  return true;
}

// Memory for a tensor with the shape and the strides of a dense one.
template <class Call, class Tensor>
Tensor temporary_like(Call& call, const Tensor& like) {
  Tensor made = call.temporary(like.shape, like.dtype);
  for (int axis = 0; axis < like.ndim(); ++axis) made.strides[axis] = like.strides[axis];
  return made;
}

// A copy of `t` with the strides of `like`, a dense tensor of its shape.
template <class Call, class Tensor>
Tensor copied_as(Call& call, const Tensor& t, const Tensor& like) {
  Tensor moved = temporary_like(call, like);
  copy_into(call, moved, t);
  return moved;
}

// What softmax and its gradients work on: one or two inputs and the output, dense and in the same
// order of memory, that of the last input.
template <class Tensor>
struct SoftmaxOperands {
  Tensor inputs[2];
  Tensor y;
  DenseLines lines;

  // The axis is parameter 0.
  template <class Call>
  SoftmaxOperands(Call& call, int count) {
    const auto& spec = call.spec(0);
    for (int i = 0; i < count; ++i) {
      inputs[i] = call.in(i);
      require_internal(inputs[i].shape == spec.shape && inputs[i].dtype == spec.dtype,
                       "softmax keeps shape and type");
    }
    Tensor& like = inputs[count - 1];
    if (!like.is_dense()) like = call.contiguous(like);
    y = call.in_place(0) ? temporary_like(call, like) : call.out_like(0, like);
    for (int i = 0; i < count; ++i)
      if (!same_strides(inputs[i], y)) inputs[i] = copied_as(call, inputs[i], y);
    const int64_t axis = call.integer(0);
    require_internal(axis >= 0 && axis < std::max(y.ndim(), 1), "softmax lacks this axis");
    lines = DenseLines(y, axis);
  }
  // Once y is there.
  template <class Call>
  void finish(Call& call) const {
    if (!call.in_place(0)) return;
    require_writable(call.out(0));
    copy_into(call, call.out(0), y);
  }
};

}  // namespace flambeau
