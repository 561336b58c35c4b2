// Tensors that share their input's storage. Nothing here touches an element, except where a tensor
// in channels-last order must become row-major to be viewed.
#include <algorithm>
#include <vector>

#include "iterate.h"

namespace flambeau {
namespace {

// Strides of `t` seen with another shape of as many elements; false where one stride per axis
// cannot say it. Works through groups of axes: each group of t's axes that lies without gaps must
// be matched by a group of new axes with the same product.
bool view_strides(const Tensor& t, const Shape& shape, int64_t* strides) {
  if (t.numel() == 0) {
    contiguous_strides(shape, strides);
    return true;
  }
  if (t.ndim() == 0) {
    for (int i = 0; i < shape.ndim; ++i) strides[i] = 1;
    return true;
  }
  int to = shape.ndim - 1;
  int64_t base = t.stride(t.ndim() - 1);
  int64_t group = 1;    // elements of t in the current group
  int64_t covered = 1;  // elements of the new axes laid over it
  for (int from = t.ndim() - 1; from >= 0; --from) {
    group *= t.size(from);
    const bool ends = from == 0 || (t.size(from - 1) != 1 && t.stride(from - 1) != group * base);
    if (!ends) continue;
    while (to >= 0 && (covered < group || shape.sizes[to] == 1)) {
      strides[to] = covered * base;
      covered *= shape.sizes[to];
      --to;
    }
    if (covered != group) return false;
    if (from > 0) {
      base = t.stride(from - 1);
      group = 1;
      covered = 1;
    }
  }
  return to == -1;
}

// Are these the same elements in the same row-major order, whatever the axes?
bool same_order(const Tensor& a, const Tensor& b) {
  int64_t strides[kMaxDims];
  if (a.data != b.data || a.dtype != b.dtype || a.numel() != b.numel()) return false;
  if (!view_strides(a, b.shape, strides)) return false;
  for (int axis = 0; axis < b.ndim(); ++axis)
    if (b.size(axis) != 1 && b.stride(axis) != strides[axis]) return false;
  return true;
}

// Gives input 0 row-major storage, so that it can be viewed like any other tensor. For results
// whose order in memory their user did not ask for. Tensors that share the storage move along;
// false if one of them sees it in another way.
bool relayout(Call& call) {
  Entry* entry = call.input_entry(0);
  if (!entry || !entry->tensor.storage || !entry->tensor.storage->turned) return false;
  const Tensor before = entry->tensor;
  if (!before.is_dense()) return false;
  // Allocated first: making room may free some of the tensors that share the storage.
  const Tensor moved = call.temporary(before.shape, before.dtype);
  const std::vector<Entry*> sharing = call.context().sharing(before.storage.get());
  for (const Entry* other : sharing)
    if (!same_order(before, other->tensor)) return false;
  copy_into(moved, before);
  moved.storage->version = before.storage->version.load();
  moved.storage->writer = before.storage->writer.load();
  moved.storage->inference = before.storage->inference.load();
  for (Entry* other : sharing) {
    other->tensor.storage = moved.storage;
    other->tensor.data = moved.data;
    contiguous_strides(other->tensor.shape, other->tensor.strides);
  }
  return true;
}

void require_numel(const Tensor& t, const Shape& shape) {
  if (t.numel() != shape.numel())
    throw Failure("ERR_INTERNAL", "a view must have as many elements as its tensor");
}

}  // namespace

// x [any] -> the same elements in row-major order under another shape, sharing storage.
FLAMBEAU_KERNEL_ANY_DEVICE(view) {
  int64_t strides[kMaxDims];
  require_numel(call.in(0), call.spec(0).shape);
  if (!view_strides(call.in(0), call.spec(0).shape, strides)) {
    if (!relayout(call)) throw Failure("ERR_VIEW", "the strides do not allow this view");
    view_strides(call.in(0), call.spec(0).shape, strides);
  }
  call.out_view(0, 0, 0, strides);
}

// As view; where that is impossible, a row-major copy.
FLAMBEAU_KERNEL_ANY_DEVICE(reshape) {
  int64_t strides[kMaxDims];
  const Shape& shape = call.spec(0).shape;
  require_numel(call.in(0), shape);
  if (view_strides(call.in(0), shape, strides)) return call.out_view(0, 0, 0, strides);
  Tensor& out = call.out(0);
  Tensor as_input = out;
  as_input.shape = call.in(0).shape;
  contiguous_strides(as_input.shape, as_input.strides);
  copy_into(as_input, call.in(0));
}

// x -> x with the same shape, storage and strides: a tensor of its own for the graph.
FLAMBEAU_KERNEL_ANY_DEVICE(alias) {
  if (!(call.spec(0).shape == call.in(0).shape))
    throw Failure("ERR_INTERNAL", "an alias has the shape of its tensor");
  call.out_view(0, 0, 0, call.in(0).strides);
}

// x, params axes… -> x with its axes in that order.
FLAMBEAU_KERNEL_ANY_DEVICE(permute) {
  const Tensor& x = call.in(0);
  int64_t strides[kMaxDims];
  bool seen[kMaxDims] = {};
  if (call.num_params() != x.ndim() || call.spec(0).shape.ndim != x.ndim())
    throw Failure("ERR_INTERNAL", "permute names each axis once");
  for (int i = 0; i < x.ndim(); ++i) {
    const int64_t axis = call.integer(i);
    if (axis < 0 || axis >= x.ndim() || seen[axis] || call.spec(0).shape.sizes[i] != x.size(axis))
      throw Failure("ERR_INTERNAL", "permute names each axis once");
    seen[axis] = true;
    strides[i] = x.stride(static_cast<int>(axis));
  }
  call.out_view(0, 0, 0, strides);
}

// x, axis, index -> x without that axis, at that position.
FLAMBEAU_KERNEL_ANY_DEVICE(select) {
  const Tensor& x = call.in(0);
  const int64_t axis = call.integer(0), index = call.integer(1);
  if (axis < 0 || axis >= x.ndim() || index < 0 || index >= x.size(static_cast<int>(axis)))
    throw Failure("ERR_INTERNAL", "select is out of range");
  int64_t strides[kMaxDims];
  for (int i = 0, to = 0; i < x.ndim(); ++i)
    if (i != axis) strides[to++] = x.stride(i);
  call.out_view(0, 0, index * x.stride(static_cast<int>(axis)), strides);
}

// x, axis, keeps, start of each part -> parts of the axis, as long as their specs say; without the
// axis, one position each, unless it keeps.
FLAMBEAU_KERNEL_ANY_DEVICE(parts) {
  const Tensor& x = call.in(0);
  const int64_t axis = call.integer(0);
  const bool keeps = call.flag(1);
  if (axis < 0 || axis >= x.ndim() || call.num_params() != 2 + call.num_outputs())
    throw Failure("ERR_INTERNAL", "parts are out of range");
  const int at = static_cast<int>(axis);
  int64_t strides[kMaxDims];
  for (int i = 0, to = 0; i < x.ndim(); ++i)
    if (keeps || i != at) strides[to++] = x.stride(i);
  for (int i = 0; i < call.num_outputs(); ++i) {
    const Shape& shape = call.spec(i).shape;
    Shape expected;
    for (int k = 0; k < x.ndim(); ++k)
      if (keeps || k != at)
        expected.sizes[expected.ndim++] = k == at && shape.ndim > at ? shape.sizes[at] : x.size(k);
    const int64_t start = call.integer(2 + i), count = keeps ? expected.sizes[at] : 1;
    if (!(shape == expected) || start < 0 || start > x.size(at) || count > x.size(at) - start)
      throw Failure("ERR_INTERNAL", "parts are out of range");
    call.out_view(i, 0, count == 0 ? 0 : start * x.stride(at), strides);
  }
}

// x, axis, start, step -> every step-th position of the axis from start; spec says how many.
FLAMBEAU_KERNEL_ANY_DEVICE(slice) {
  const Tensor& x = call.in(0);
  const int64_t axis = call.integer(0), start = call.integer(1), step = call.integer(2);
  if (axis < 0 || axis >= x.ndim() || step < 1 || start < 0 ||
      start > x.size(static_cast<int>(axis)))
    throw Failure("ERR_INTERNAL", "slice is out of range");
  int64_t strides[kMaxDims];
  for (int i = 0; i < x.ndim(); ++i) strides[i] = x.stride(i);
  const int64_t count = call.spec(0).shape.sizes[axis];
  const int64_t offset = count == 0 ? 0 : start * strides[axis];
  // With one position left the step no longer matters, and must not overflow.
  if (count > 1 && __builtin_mul_overflow(strides[axis], step, &strides[axis]))
    throw Failure("ERR_VALUE", "the slice's step overflows");
  call.out_view(0, 0, offset, strides);
}

// x -> x with axes of size 1 (and new leading ones) repeated without copying.
FLAMBEAU_KERNEL_ANY_DEVICE(expand) {
  const Tensor& x = call.in(0);
  const Shape& shape = call.spec(0).shape;
  const int lead = shape.ndim - x.ndim();
  if (lead < 0) throw Failure("ERR_INTERNAL", "expand cannot drop axes");
  int64_t strides[kMaxDims];
  for (int i = 0; i < shape.ndim; ++i) {
    const int64_t size = i < lead ? 1 : x.size(i - lead);
    if (size != 1 && size != shape.sizes[i])
      throw Failure("ERR_INTERNAL", "expand repeats axes of size 1 only");
    strides[i] = i < lead || (size == 1 && shape.sizes[i] != 1) ? 0 : x.stride(i - lead);
  }
  call.out_view(0, 0, 0, strides);
}

// x, axis a, axis b, offset -> the diagonal of the two axes as a new last axis.
FLAMBEAU_KERNEL_ANY_DEVICE(diagonal) {
  const Tensor& x = call.in(0);
  const int64_t a = call.integer(0), b = call.integer(1), offset = call.integer(2);
  if (a < 0 || b < 0 || a >= x.ndim() || b >= x.ndim() || a == b)
    throw Failure("ERR_INTERNAL", "diagonal needs two axes");
  int64_t strides[kMaxDims];
  int to = 0;
  for (int i = 0; i < x.ndim(); ++i)
    if (i != a && i != b) strides[to++] = x.stride(i);
  const int64_t step_a = x.stride(static_cast<int>(a)), step_b = x.stride(static_cast<int>(b));
  strides[to] = step_a + step_b;
  // An offset beyond the matrix shows nothing, and could overflow.
  if (call.spec(0).shape.numel() == 0) return call.out_view(0, 0, 0, strides);
  call.out_view(0, 0, offset >= 0 ? offset * step_b : -offset * step_a, strides);
}

// x, offset, strides… -> the storage of x seen in any way that stays inside of it.
FLAMBEAU_KERNEL_ANY_DEVICE(asStrided) {
  const Shape& shape = call.spec(0).shape;
  if (call.num_params() != shape.ndim + 1)
    throw Failure("ERR_INTERNAL", "asStrided needs a stride for each axis");
  int64_t strides[kMaxDims];
  for (int i = 0; i < shape.ndim; ++i) strides[i] = call.integer(i + 1);
  const Tensor& x = call.in(0);
  if (!x.storage) throw Failure("ERR_INTERNAL", "a number has no storage to view");
  const int64_t here =
      (x.data - static_cast<char*>(x.storage->block.ptr)) / static_cast<int64_t>(x.item_bytes());
  call.out_view(0, 0, call.integer(0) - here, strides);
}

// x [.., n, ..], axis, step -> windows that slide along the axis: [.., count, .., size], where spec
// says count and size. A tensor without axes counts as one of shape [1].
FLAMBEAU_KERNEL_ANY_DEVICE(unfold) {
  const Tensor& x = call.in(0);
  const Shape& shape = call.spec(0).shape;
  const int64_t axis = call.integer(0), step = call.integer(1);
  int64_t strides[kMaxDims];
  if (x.ndim() == 0) {
    if (shape.ndim != 1 || shape.sizes[0] > 1)
      throw Failure("ERR_INTERNAL", "unfold leaves the tensor");
    strides[0] = 1;
    return call.out_view(0, 0, 0, strides);
  }
  if (axis < 0 || axis >= x.ndim() || shape.ndim != x.ndim() + 1 || step < 1)
    throw Failure("ERR_INTERNAL", "unfold needs an axis and a step");
  for (int i = 0; i < x.ndim(); ++i) {
    if (i != axis && shape.sizes[i] != x.size(i))
      throw Failure("ERR_INTERNAL", "unfold changes one axis");
    strides[i] = x.stride(i);
  }
  strides[x.ndim()] = strides[axis];
  if (shape.sizes[axis] > 1 && __builtin_mul_overflow(strides[axis], step, &strides[axis]))
    throw Failure("ERR_VALUE", "the step overflows");
  call.out_view(0, 0, 0, strides);
}

// x [.., n] -> the same bytes as elements of spec's type; the last axis grows or shrinks where an
// element has another size.
FLAMBEAU_KERNEL_ANY_DEVICE(viewDtype) {
  const Tensor& x = call.in(0);
  const Shape& shape = call.spec(0).shape;
  const int64_t from = static_cast<int64_t>(x.item_bytes());
  const int64_t to = static_cast<int64_t>(element_size(call.spec(0).dtype));
  const int last = x.ndim() - 1;
  if (shape.ndim != x.ndim()) throw Failure("ERR_INTERNAL", "the axes stay");
  int64_t strides[kMaxDims];
  for (int i = 0; i <= last; ++i) {
    const bool scaled = i == last && from != to;
    if (scaled ? shape.sizes[i] * to != x.size(i) * from : shape.sizes[i] != x.size(i))
      throw Failure("ERR_INTERNAL", "the bytes stay");
    const int64_t bytes = x.stride(i) * from;
    if (scaled ? x.stride(i) != 1 && x.size(i) > 1 : x.size(i) > 1 && bytes % to != 0)
      throw Failure("ERR_VIEW", "the strides do not allow this type");
    strides[i] = scaled ? 1 : bytes / to;
  }
  call.out_view(0, 0, 0, strides, /*reinterpret=*/true);
}

// -> a tensor with unspecified contents. An input, if given, lends its memory order.
FLAMBEAU_KERNEL_ANY_DEVICE(empty) {
  if (call.has(0)) {
    call.out_like(0, call.in(0));
  } else {
    call.out(0);
  }
}

// strides -> a tensor with unspecified contents whose elements lie so far apart, or on each other.
FLAMBEAU_KERNEL_ANY_DEVICE(emptyStrided) {
  const OutputSpec& spec = call.spec(0);
  if (call.num_params() != spec.shape.ndim)
    throw Failure("ERR_INTERNAL", "a stride is needed for each axis");
  int64_t strides[kMaxDims];
  int64_t reach = 1;
  for (int i = 0; i < spec.shape.ndim; ++i) {
    strides[i] = call.integer(i);
    const int64_t steps = std::max<int64_t>(spec.shape.sizes[i] - 1, 0);
    int64_t length;
    if (strides[i] < 0 || __builtin_mul_overflow(steps, strides[i], &length) ||
        __builtin_add_overflow(reach, length, &reach) || reach > int64_t{1} << 47)
      throw Failure("ERR_VALUE", "the strides reach too far");
  }
  call.out_spread(0, spec.shape.numel() == 0 ? 0 : reach, strides);
}

}  // namespace flambeau
