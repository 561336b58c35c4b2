// The axes that index tensors stand for: groups of axes that one of them replaces, and lanes along
// one axis. For tensors of the processor and of devices.
#pragma once

#include "failure.h"
#include "layout.h"

namespace flambeau {

// The axis that parameter `i` names.
template <class Call>
int checked_axis(const Call& call, int i, const Strided& t) {
  const int64_t axis = call.integer(i);
  if (axis < 0 || axis >= t.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
  return static_cast<int>(axis);
}

// `t` cut to `shape`, all positions of `axis` at the first one.
template <class Tensor>
Tensor lane_starts(const Tensor& t, const Shape& shape, int axis) {
  Tensor view = t;
  for (int i = 0; i < t.ndim(); ++i)
    if (i != axis && shape.sizes[i] > t.size(i))
      throw Failure("ERR_INTERNAL", "the index is larger than the tensor");
  view.shape = shape;
  view.strides[axis] = 0;
  return view;
}

// What is scattered, as a tensor of the shape of the index: `given` is at least as large, or a
// number. The index has as many axes as the written tensor.
template <class Tensor>
Tensor scattered_source(const Strided& out, const Strided& index, const Tensor& given) {
  if (index.ndim() != out.ndim() || given.dtype != out.dtype ||
      (given.ndim() != 0 && given.ndim() != out.ndim()))
    throw Failure("ERR_INTERNAL", "scatter's operands do not fit");
  Tensor source = given;
  source.shape = index.shape;
  for (int i = 0; i < index.ndim(); ++i) {
    if (given.ndim() == 0) {
      source.strides[i] = 0;
    } else if (index.size(i) > given.size(i)) {
      throw Failure("ERR_INTERNAL", "the index is larger than the source");
    }
  }
  return source;
}

// The group of axes that an index tensor replaces.
struct IndexGroup {
  int axis;
  int count;
  bool wraps;     // negative places count from the back
  int64_t label;  // the axis as its user knows it

  // Parameters first … first + 3.
  template <class Call>
  IndexGroup(const Call& call, int first, const Strided& indexed)
      : axis(static_cast<int>(call.integer(first))),
        count(static_cast<int>(call.integer(first + 1))),
        wraps(call.flag(first + 2)),
        label(call.integer(first + 3)) {
    if (call.integer(first) < 0 || call.integer(first + 1) < 1 ||
        call.integer(first) > indexed.ndim() || call.integer(first + 1) > indexed.ndim() - axis)
      throw Failure("ERR_INTERNAL", "no such group of axes");
  }
  int64_t size_in(const Strided& t) const {
    int64_t n = 1;
    for (int i = axis; i < axis + count; ++i) n *= t.size(i);
    return n;
  }
  // `shape` with the index tensor's axes in place of the group.
  Shape replaced(const Shape& shape, const Shape& index) const {
    Shape out;
    if (shape.ndim - count + index.ndim > kMaxDims) throw Failure("ERR_INTERNAL", "too many axes");
    for (int i = 0; i < axis; ++i) out.sizes[out.ndim++] = shape.sizes[i];
    for (int i = 0; i < index.ndim; ++i) out.sizes[out.ndim++] = index.sizes[i];
    for (int i = axis + count; i < shape.ndim; ++i) out.sizes[out.ndim++] = shape.sizes[i];
    return out;
  }
};

// Does one step lead from each of axes [first, first + count) to the next?
inline bool single_step(const Strided& t, int first, int count, int64_t* step) {
  int64_t expected = -1;
  *step = 0;
  for (int i = first + count - 1; i >= first; --i) {
    if (t.size(i) == 1) continue;
    if (expected < 0) {
      *step = t.stride(i);
    } else if (t.stride(i) != expected) {
      return false;
    }
    expected = t.stride(i) * t.size(i);
  }
  return true;
}

// The part at the first places of axes [first, first + count), without them.
template <class Tensor>
Tensor first_slice(const Tensor& t, int first, int count) {
  Tensor slice = t;
  slice.shape.ndim = t.ndim() - count;
  for (int i = first; i < slice.ndim(); ++i) {
    slice.shape.sizes[i] = t.size(i + count);
    slice.strides[i] = t.stride(i + count);
  }
  return slice;
}

// The values that are assigned, broadcast to the shape of the indexed part.
template <class Tensor>
Tensor broadcast_values(const Tensor& t, const Shape& shape) {
  Tensor view = t;
  view.shape = shape;
  const int lead = shape.ndim - t.ndim();
  if (lead < 0) throw Failure("ERR_INTERNAL", "the values have too many axes");
  for (int i = 0; i < shape.ndim; ++i) {
    const int64_t size = i < lead ? 1 : t.size(i - lead);
    if (size != 1 && size != shape.sizes[i])
      throw Failure("ERR_INTERNAL", "the values do not broadcast to the indexed part");
    view.strides[i] = size == 1 ? 0 : t.stride(i - lead);
  }
  return view;
}

}  // namespace flambeau
