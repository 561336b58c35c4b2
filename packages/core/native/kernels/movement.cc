// Kernels that put elements somewhere else: concatenation, and gradients of windows.
#include <cstring>

#include "iterate.h"

namespace flambeau {
namespace {

void clear(Tensor& t) {
  if (t.numel() > 0) std::memset(t.data, 0, static_cast<size_t>(t.numel()) * t.item_bytes());
}

// The part of `t` at positions start, start + step, … of an axis, `count` of them.
Tensor window(const Tensor& t, int axis, int64_t start, int64_t step, int64_t count) {
  Tensor part = t;
  part.shape.sizes[axis] = count;
  if (count > 0) part.data += start * t.stride(axis) * static_cast<int64_t>(t.item_bytes());
  if (count > 1) part.strides[axis] *= step;
  return part;
}

void require_axis(const Tensor& t, int64_t axis) {
  if (axis < 0 || axis >= t.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
}

}  // namespace

// grad [.., count, ..], axis, start, step -> zeros of spec's shape with grad at the positions.
FLAMBEAU_KERNEL_ALL_TYPES(windowGrad) {
  const Tensor& grad = call.in(0);
  const int64_t axis = call.integer(0), start = call.integer(1), step = call.integer(2);
  Tensor& out = call.out_like(0, grad);
  require_axis(grad, axis);
  require_axis(out, axis);
  const int at = static_cast<int>(axis);
  const int64_t count = grad.size(at);
  if (step < 1 || start < 0 ||
      (count > 0 && (start >= out.size(at) || step > INT64_MAX / 2 / count ||
                     start + (count - 1) * step >= out.size(at))))
    throw Failure("ERR_INTERNAL", "the window leaves the axis");
  clear(out);
  if (grad.numel() > 0) copy_into(window(out, at, start, step, count), grad);
}

// Inputs [.., n_i, ..] equal but for one axis, axis -> [.., Σ n_i, ..] in the given order.
FLAMBEAU_KERNEL_ALL_TYPES(cat) {
  const int64_t axis = call.integer(0);
  if (call.num_inputs() == 0) throw Failure("ERR_INTERNAL", "cat needs an input");
  Tensor& out = call.out_like(0, call.in(0));
  require_axis(out, axis);
  const int at = static_cast<int>(axis);
  int64_t start = 0;
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& part = call.in(i);
    require_axis(part, axis);
    const int64_t count = part.size(at);
    if (part.dtype != out.dtype || count > out.size(at) - start)
      throw Failure("ERR_INTERNAL", "the inputs do not fit the output");
    if (part.numel() > 0) copy_into(window(out, at, start, 1, count), part);
    start += count;
  }
  if (start != out.size(at)) throw Failure("ERR_INTERNAL", "the inputs do not fill the output");
}

}  // namespace flambeau
