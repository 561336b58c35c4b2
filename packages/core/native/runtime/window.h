// The part of a tensor that slices with steps describe.
#pragma once

#include "failure.h"
#include "layout.h"

namespace flambeau {

// The part of `t` that parameters from `first` on describe. Four for each axis of t and each new
// one: kind (0: kept, 1: dropped at `start`, 2: new), start, step, count. `offset` is where the
// part starts, in elements.
template <class Tensor, class Call>
Tensor window_of(const Tensor& t, const Call& call, int first, int64_t* offset) {
  Tensor part = t;
  part.shape.ndim = 0;
  *offset = 0;
  int axis = 0;
  bool empty = false;
  for (int i = first; i + 3 < call.num_params(); i += 4) {
    const int64_t kind = call.integer(i), start = call.integer(i + 1), step = call.integer(i + 2),
                  count = call.integer(i + 3);
    if (part.ndim() >= kMaxDims && kind != 1) throw Failure("ERR_INTERNAL", "too many axes");
    if (kind == 2) {
      part.strides[part.ndim()] = -1;  // as if it lay around the next axis, see below
      part.shape.sizes[part.shape.ndim++] = 1;
      continue;
    }
    const int64_t size = axis < t.ndim() ? t.size(axis) : -1;
    if (size < 0 || start < 0 || step < 1 || count < 0 || (kind == 1 && count != 1) ||
        (count > 0 && (start >= size || (count - 1) > (size - 1 - start) / step)))
      throw Failure("ERR_INTERNAL", "the slice leaves the tensor");
    if (count == 0) empty = true;
    *offset += start * t.stride(axis);
    if (kind == 0) {
      part.strides[part.ndim()] = count > 1 ? t.stride(axis) * step : t.stride(axis);
      part.shape.sizes[part.shape.ndim++] = count;
    }
    ++axis;
  }
  if (axis != t.ndim()) throw Failure("ERR_INTERNAL", "the slices name other axes");
  for (int i = part.ndim() - 1; i >= 0; --i)
    if (part.strides[i] < 0)
      part.strides[i] = i + 1 < part.ndim() ? part.size(i + 1) * part.stride(i + 1) : 1;
  if (empty) *offset = 0;
  part.data += *offset * static_cast<int64_t>(t.item_bytes());
  return part;
}

}  // namespace flambeau
