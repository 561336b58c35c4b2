#include "reduce_plan.h"

#include <algorithm>

namespace flambeau {

namespace {

// The axes of x, innermost first: by stride, axes that are expanded outermost.
int order_axes(const Tensor& x, int* axes) {
  const auto rank = [&](int axis) {
    return x.stride(axis) == 0 || x.size(axis) == 1 ? INT64_MAX : x.stride(axis);
  };
  int count = 0;
  for (int axis = x.ndim() - 1; axis >= 0; --axis) {
    int place = count++;
    for (; place > 0 && rank(axis) < rank(axes[place - 1]); --place) axes[place] = axes[place - 1];
    axes[place] = axis;
  }
  return count;
}

}  // namespace

void ReduceAxes::add(ReduceAxis axis) {
  if (axis.size == 1) return;
  if (count > 0 && at[count - 1].stride * at[count - 1].size == axis.stride) {
    at[count - 1].size *= axis.size;
  } else {
    at[count++] = axis;
  }
}

void ReduceAxes::finish() {
  if (count == 0) at[count++] = ReduceAxis{};
}

int64_t ReduceAxes::numel() const {
  int64_t n = 1;
  for (int i = 0; i < count; ++i) n *= at[i].size;
  return n;
}

int64_t ReduceAxes::offset(int64_t index, int from) const {
  int64_t offset = 0;
  for (int i = from; i < count; ++i) {
    offset += index % at[i].size * at[i].stride;
    index /= at[i].size;
  }
  return offset;
}

ReducePlan::ReducePlan(const Tensor& x, uint32_t mask) {
  int axes[kMaxDims];
  const int axis_count = order_axes(x, axes);
  bool first = true;
  for (int i = 0; i < axis_count; ++i) {
    const ReduceAxis axis = {x.size(axes[i]), x.stride(axes[i])};
    const bool is_reduced = (mask >> axes[i] & 1) != 0;
    (is_reduced ? reduced : kept).add(axis);
    if (axis.size != 1 && first) {
      inner_reduced = is_reduced;
      first = false;
    }
  }
  kept.finish();
  reduced.finish();
  outputs = kept.numel();
  count = reduced.numel();
}

uint32_t reduced_axes(const Call& call, int first, const Tensor& x) {
  uint32_t mask = 0;
  for (int i = first; i < call.num_params(); ++i) {
    const int64_t axis = call.integer(i);
    if (axis < 0 || axis >= x.ndim()) throw Failure("ERR_INTERNAL", "no such axis to reduce");
    mask |= uint32_t{1} << axis;
  }
  return mask;
}

Tensor& reduce_output(Call& call, int i, const Tensor& x, uint32_t mask) {
  const Shape& shape = call.spec(i).shape;
  if (call.in_place(i)) throw Failure("ERR_INTERNAL", "a reduction makes a new tensor");
  const bool keepdim = shape.ndim == x.ndim();
  int place[kMaxDims];  // of x's axes in the output, -1 for none
  int ndim = 0;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const bool is_reduced = (mask >> axis & 1) != 0;
    place[axis] = is_reduced && !keepdim ? -1 : ndim++;
    if (place[axis] < 0) continue;
    if (ndim > shape.ndim || shape.sizes[place[axis]] != (is_reduced ? 1 : x.size(axis)))
      throw Failure("ERR_INTERNAL", "the output's shape is not that of the reduction");
  }
  if (ndim != shape.ndim)
    throw Failure("ERR_INTERNAL", "the output's shape is not that of the reduction");
  int axes[kMaxDims];
  const int axis_count = order_axes(x, axes);
  int64_t strides[kMaxDims];
  int64_t step = 1;
  for (int k = 0; k < axis_count; ++k) {
    if (place[axes[k]] < 0) continue;
    strides[place[axes[k]]] = step;
    step *= std::max<int64_t>(1, shape.sizes[place[axes[k]]]);
  }
  return call.out_strided(i, strides);
}

}  // namespace flambeau
