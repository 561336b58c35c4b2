// Gradients of asStrided: elements of a flat storage at strided positions, which may overlap.
#include <algorithm>
#include <cstring>

#include "iterate.h"
#include "overlap.h"
#include "tensor_parts.h"

namespace flambeau {
namespace {

// Can two elements share memory? May say yes where they do not.
bool may_overlap(const Tensor& t) {
  int axes[kMaxDims];
  int count = 0;
  for (int axis = 0; axis < t.ndim(); ++axis)
    if (t.size(axis) > 1) axes[count++] = axis;
  std::sort(axes, axes + count, [&](int a, int b) { return t.stride(a) < t.stride(b); });
  int64_t reach = 0;
  for (int i = 0; i < count; ++i) {
    if (t.stride(axes[i]) <= reach) return true;
    reach += t.stride(axes[i]) * (t.size(axes[i]) - 1);
  }
  return false;
}

// to += from in row-major order, one after the other: elements of `to` may be the same.
template <class T>
void add_in_order(const Tensor& to, const Tensor& from) {
  const int ndim = to.ndim();
  int64_t index[kMaxDims] = {};
  int64_t a = 0, b = 0;
  for (int64_t left = to.numel(); left > 0; --left) {
    to.as<T>()[a] = static_cast<T>(to.as<T>()[a] + from.as<T>()[b]);
    for (int axis = ndim - 1; axis >= 0; --axis) {
      a += to.stride(axis);
      b += from.stride(axis);
      if (++index[axis] < to.size(axis)) break;
      a -= to.stride(axis) * to.size(axis);
      b -= from.stride(axis) * to.size(axis);
      index[axis] = 0;
    }
  }
}

}  // namespace

// x [..], offset, a stride for each axis -> flat zeros of spec's size with each element of x added
// at its position. Positions may coincide; those that do are summed in row-major order.
FLAMBEAU_KERNEL(stridedSum) {
  const Tensor& x = call.in(0);
  Tensor& out = call.out(0);
  if (call.num_params() != x.ndim() + 1 || out.ndim() != 1 || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "stridedSum needs a stride for each axis");
  if (out.numel() > 0)
    std::memset(out.data, 0, static_cast<size_t>(out.numel()) * out.item_bytes());
  const Tensor region = region_of(call, out, x.shape, 0);
  if (x.numel() == 0) return;
  if (!may_overlap(region)) return copy_into(region, x);
  with_type(x.dtype, [&](auto zero) { add_in_order<decltype(zero)>(region, x); });
}

// x [n], rank, sizes, offset, strides -> a copy of x with zeros at the strided positions.
FLAMBEAU_KERNEL_ANY_DEVICE(stridedZero) {
  const Tensor& x = call.in(0);
  Tensor& out = call.out(0);
  const int64_t rank = call.integer(0);
  if (rank < 0 || rank > kMaxDims || call.num_params() != 2 * rank + 2 || x.ndim() != 1 ||
      !(out.shape == x.shape) || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "stridedZero needs a size and a stride for each axis");
  Shape shape;
  shape.ndim = static_cast<int>(rank);
  for (int axis = 0; axis < shape.ndim; ++axis) {
    shape.sizes[axis] = call.integer(1 + axis);
    if (shape.sizes[axis] < 0) throw Failure("ERR_INTERNAL", "a size is negative");
  }
  checked_bytes(shape, out.dtype);
  copy_into(out, x);
  const Tensor region = region_of(call, out, shape, 1 + shape.ndim);
  if (region.numel() > 0) fill_with(region, 0);
}

}  // namespace flambeau
