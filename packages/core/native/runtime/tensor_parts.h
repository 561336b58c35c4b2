// Parts of tensors that are strided themselves: windows and positions of an axis, diagonals,
// regions of flat storages. For tensors of the processor and of devices.
#pragma once

#include <algorithm>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// The part of `t` at positions start, start + step, … of an axis, `count` of them, which must
// exist.
template <class Tensor>
Tensor window(const Tensor& t, int64_t axis, int64_t start, int64_t step, int64_t count) {
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
template <class Tensor>
Tensor position(const Tensor& t, int64_t axis, int64_t index) {
  Tensor part = window(t, axis, index, 1, 1);
  for (int i = static_cast<int>(axis); i + 1 < t.ndim(); ++i) {
    part.shape.sizes[i] = t.size(i + 1);
    part.strides[i] = t.stride(i + 1);
  }
  --part.shape.ndim;
  return part;
}

// The diagonal of axes a and b of `t`, so many columns to the right, as a new last axis.
template <class Tensor>
Tensor diagonal_of(const Tensor& t, int64_t a, int64_t b, int64_t offset) {
  if (a < 0 || b < 0 || a >= t.ndim() || b >= t.ndim() || a == b)
    throw Failure("ERR_INTERNAL", "a diagonal needs two axes");
  const int rows = static_cast<int>(a), columns = static_cast<int>(b);
  Tensor line = t;
  int to = 0;
  for (int i = 0; i < t.ndim(); ++i) {
    if (i == rows || i == columns) continue;
    line.shape.sizes[to] = t.size(i);
    line.strides[to++] = t.stride(i);
  }
  const int64_t count =
      std::max<int64_t>(0, std::min(t.size(rows) + std::min<int64_t>(offset, 0),
                                    t.size(columns) - std::max<int64_t>(offset, 0)));
  line.shape.sizes[to] = count;
  line.strides[to] = t.stride(rows) + t.stride(columns);
  line.shape.ndim = to + 1;
  // Only now: an offset beyond the matrix could overflow.
  if (count > 0)
    line.data += (offset >= 0 ? offset * t.stride(columns) : -offset * t.stride(rows)) *
                 static_cast<int64_t>(t.item_bytes());
  return line;
}

// Throws unless `src` can be put on a diagonal: it has its shape, or is a single element.
inline void require_fitting(const Strided& line, const Strided& src) {
  if (src.ndim() != 0 && !(src.shape == line.shape))
    throw Failure("ERR_INTERNAL", "the elements do not fit the diagonal");
}

// `t`, which is not empty, seen from the other end of the axes that the parameters name: with
// negative strides, which only loops that ask for nothing else take.
template <class Tensor, class Call>
Tensor flipped(const Call& call, const Tensor& t) {
  Tensor from = t;
  bool seen[kMaxDims] = {};
  for (int i = 0; i < call.num_params(); ++i) {
    const int64_t axis = call.integer(i);
    if (axis < 0 || axis >= t.ndim() || seen[axis])
      throw Failure("ERR_INTERNAL", "flip names an axis once");
    seen[axis] = true;
    const int at = static_cast<int>(axis);
    from.data += (t.size(at) - 1) * t.stride(at) * static_cast<int64_t>(t.item_bytes());
    from.strides[at] = -t.stride(at);
  }
  return from;
}

// The elements of the flat tensor `storage` at offset and strides from the parameters at `first`.
template <class Tensor, class Call>
Tensor region_of(const Call& call, const Tensor& storage, const Shape& shape, int first) {
  Tensor region = storage;  // with what says where its memory is
  region.shape = shape;
  const int64_t offset = call.integer(first);
  int64_t last = offset;
  bool inside = offset >= 0;
  for (int axis = 0; axis < shape.ndim; ++axis) {
    const int64_t stride = call.integer(first + 1 + axis);
    int64_t reach;
    inside = inside && stride >= 0 &&
             !__builtin_mul_overflow(stride, std::max<int64_t>(shape.sizes[axis] - 1, 0), &reach) &&
             !__builtin_add_overflow(last, reach, &last);
    region.strides[axis] = stride;
  }
  if (shape.numel() > 0 && (!inside || last >= storage.numel()))
    throw Failure("ERR_INTERNAL", "the strided positions leave the storage");
  region.data =
      storage.data + (shape.numel() > 0 ? offset : 0) * static_cast<int64_t>(storage.item_bytes());
  return region;
}

}  // namespace flambeau
