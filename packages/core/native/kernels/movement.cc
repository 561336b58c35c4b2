// Kernels that put tensors into parts of others: joining, padding, and the gradients of windows.
#include "iterate.h"
#include "tensor_parts.h"

namespace flambeau {
namespace {

// to += from, elementwise, of one floating type and shape.
void add_into(const Tensor& to, const Tensor& from) {
  if (to.dtype != from.dtype) throw Failure("ERR_INTERNAL", "the types differ");
  const Iteration<2> iteration(to.shape, {&to, &from});
  with_type(to.dtype, [&](auto zero) {
    using T = decltype(zero);
    iteration.run(kGrain, [](const auto& pointers, const auto& strides, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        T& sum = *reinterpret_cast<T*>(pointers[0] + i * strides[0]);
        sum = static_cast<T>(sum + *reinterpret_cast<const T*>(pointers[1] + i * strides[1]));
      }
    });
  });
}

}  // namespace

// grad [.., count, ..], axis, start, step -> zeros of spec's shape with grad at the positions.
FLAMBEAU_KERNEL_ANY_DEVICE(windowGrad) {
  const Tensor& grad = call.in(0);
  const int64_t axis = call.integer(0);
  Tensor& out = call.out_like(0, grad);
  if (axis < 0 || axis >= grad.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
  const int64_t count = grad.size(static_cast<int>(axis));
  const Tensor part = window(out, axis, call.integer(1), call.integer(2), count);
  fill_with(out, 0);
  copy_into(part, grad);
}

// x, src [.., count, ..] or without axes, axis, start, step, count -> x with src at the positions.
FLAMBEAU_KERNEL_ALL_TYPES(windowScatter) {
  const Tensor& x = call.in(0);
  Tensor& out = call.out_like(0, x);
  const Tensor part =
      window(out, call.integer(0), call.integer(1), call.integer(2), call.integer(3));
  copy_into(out, x);
  copy_into(part, call.in(1));
}

// grad [.., count, .., size], axis, step -> zeros of spec's shape plus each window where it was.
FLAMBEAU_KERNEL(unfoldGrad) {
  const Tensor& grad = call.in(0);
  const int64_t axis = call.integer(0), step = call.integer(1);
  Tensor& out = call.out(0);
  fill_with(out, 0);
  const int last = grad.ndim() - 1;
  if (last != out.ndim() && !(out.ndim() == 0 && last == 0))
    throw Failure("ERR_INTERNAL", "windows have an axis more than their tensor");
  if (out.ndim() == 0) {
    if (grad.size(0) == 1) copy_into(out, position(grad, 0, 0));
    return;
  }
  if (axis < 0 || axis >= out.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
  const int64_t count = grad.size(static_cast<int>(axis));
  for (int64_t i = 0; i < grad.size(last); ++i) {
    const Tensor part = window(out, axis, i, step, count);
    const Tensor term = position(grad, last, i);
    if (step >= grad.size(last)) {
      copy_into(part, term);
    } else {
      add_into(part, term);
    }
  }
}

// Inputs [.., n_i, ..] equal but for one axis, axis -> [.., Σ n_i, ..] in the given order.
FLAMBEAU_KERNEL_ALL_TYPES(cat) {
  const int64_t axis = call.integer(0);
  if (call.num_inputs() == 0) throw Failure("ERR_INTERNAL", "cat needs an input");
  Tensor& out = call.out_like(0, call.in(0));
  int64_t start = 0;
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& input = call.in(i);
    if (input.dtype != out.dtype || input.ndim() != out.ndim() || axis < 0 || axis >= out.ndim())
      throw Failure("ERR_INTERNAL", "the inputs do not fit the output");
    const int64_t count = input.size(static_cast<int>(axis));
    copy_into(window(out, axis, start, 1, count), input);
    start += count;
  }
  if (start != out.size(static_cast<int>(axis)))
    throw Failure("ERR_INTERNAL", "the inputs do not fill the output");
}

// k inputs of one shape, axis -> [.., k, ..]: input i at position i of the new axis.
FLAMBEAU_KERNEL_ALL_TYPES(stack) {
  const int64_t axis = call.integer(0);
  Tensor& out = call.out(0);
  if (axis < 0 || axis >= out.ndim() || out.size(static_cast<int>(axis)) != call.num_inputs())
    throw Failure("ERR_INTERNAL", "the inputs do not fill the output");
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor part = position(out, axis, i);
    if (call.in(i).dtype != out.dtype || !(call.in(i).shape == part.shape))
      throw Failure("ERR_INTERNAL", "the inputs do not fit the output");
    copy_into(part, call.in(i));
  }
}

// x, value, sizes (before and after, last axis first) -> x with so many positions of the value
// added around it; negative sizes take positions away.
FLAMBEAU_KERNEL_ANY_DEVICE(constantPadNd) {
  const Tensor& x = call.in(0);
  Tensor& out = call.out(0);
  if (out.ndim() != x.ndim() || call.num_params() > 1 + 2 * x.ndim())
    throw Failure("ERR_INTERNAL", "the padding has too many axes");
  Tensor from = x;
  Tensor to = out;
  bool grows = false;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const int at = 1 + 2 * (x.ndim() - 1 - axis);
    const int64_t before = at < call.num_params() ? call.integer(at) : 0;
    const int64_t after = at + 1 < call.num_params() ? call.integer(at + 1) : 0;
    const int64_t kept = x.size(axis) + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    if (out.size(axis) != x.size(axis) + before + after)
      throw Failure("ERR_INTERNAL", "the padding does not fit the output");
    from = window(from, axis, std::max<int64_t>(-before, 0), 1, kept);
    to = window(to, axis, std::max<int64_t>(before, 0), 1, kept);
    grows |= before > 0 || after > 0;
  }
  if (grows) fill_with(out, call.param(0));
  copy_into(to, from);
}

}  // namespace flambeau
