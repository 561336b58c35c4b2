// Kernels that put tensors into parts of others, and the gradient of unfold.
#include "call.h"
#include "primitives.h"
#include "tensor_parts.h"

namespace flambeau::cuda {

// x, src [.., count, ..] or without axes, axis, start, step, count -> x with src at the positions.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(windowScatter) {
  const Tensor& x = call.in(0);
  const Tensor& out = call.out_like(0, x);
  const Tensor part =
      window(out, call.integer(0), call.integer(1), call.integer(2), call.integer(3));
  copy_into(call, out, x);
  copy_into(call, part, call.in(1));
}

namespace {

constexpr int kThreads = 256;

// grad is [outer, count, inner, size], out [outer, n, inner]: each element of `out` is the sum of
// those of the windows that it is in, `step` apart.
template <class T>
__global__ void __launch_bounds__(kThreads)
    fold_windows(const T* grad, T* out, int64_t numel, int64_t n, int64_t inner, int64_t count,
                 int64_t size, int64_t step) {
  for (int64_t at = global_thread(); at < numel; at += global_threads()) {
    const int64_t column = at % inner;
    const int64_t place = at / inner % n;
    const int64_t outer = at / inner / n;
    T sum = T(0);
    for (int64_t i = place % step; i < size && i <= place; i += step) {
      const int64_t window = (place - i) / step;
      if (window < count)
        sum = static_cast<T>(sum + grad[((outer * count + window) * inner + column) * size + i]);
    }
    out[at] = sum;
  }
}

}  // namespace

// grad [.., count, .., size], axis, step -> zeros of spec's shape plus each window where it was.
FLAMBEAU_CUDA_KERNEL(unfoldGrad) {
  const Tensor grad = call.contiguous(call.in(0));
  const int64_t axis = call.integer(0), step = call.integer(1);
  const Tensor& out = call.out(0);
  const int last = grad.ndim() - 1;
  if (grad.dtype != out.dtype) throw Failure("ERR_INTERNAL", "the types differ");
  if (last != out.ndim() && !(out.ndim() == 0 && last == 0))
    throw Failure("ERR_INTERNAL", "windows have an axis more than their tensor");
  if (out.ndim() == 0) {
    fill_with(call, out, 0);
    if (grad.size(0) == 1) copy_into(call, out, position(grad, 0, 0));
    return;
  }
  if (axis < 0 || axis >= out.ndim() || step < 1) throw Failure("ERR_INTERNAL", "no such axis");
  const int at = static_cast<int>(axis);
  const int64_t count = grad.size(at), size = grad.size(last), n = out.size(at);
  bool fits = size <= n && (count - 1) * step + size <= n;
  int64_t inner = 1;
  for (int i = 0; i < out.ndim(); ++i) {
    fits = fits && (i == at || out.size(i) == grad.size(i));
    if (i > at) inner *= out.size(i);
  }
  if (!fits) throw Failure("ERR_INTERNAL", "the window leaves the axis");
  const int64_t numel = out.numel();
  if (numel == 0) return;
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(fold_windows<T>, grid_for(numel, 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), grad.as<T>(), out.as<T>(), numel, n, inner, count, size, step);
  });
}

}  // namespace flambeau::cuda
