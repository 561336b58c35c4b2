// Which elements of a tensor meet in which element of a reduction's output, with the axes in the
// order of memory. For tensors of the processor and of devices.
#pragma once

#include <algorithm>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// Neighbours along an axis are `stride` elements apart.
struct ReduceAxis {
  int64_t size = 1;
  int64_t stride = 0;
};

// Axes innermost first; those that are contiguous together are merged, those of size 1 left out.
// There is at least one.
struct ReduceAxes {
  int count = 0;
  ReduceAxis at[kMaxDims];

  void add(ReduceAxis axis);
  void finish();
  int64_t numel() const;
  // Offset of the element at linear position `index`, innermost axis first; `from` leaves out the
  // axes before it.
  int64_t offset(int64_t index, int from = 0) const;
};

struct ReducePlan {
  ReduceAxes kept;
  ReduceAxes reduced;
  bool inner_reduced = false;  // is the innermost of all axes a reduced one?
  int64_t outputs = 1;
  int64_t count = 1;  // elements for each output

  // Reduces the axes of `x` for which `mask` has a bit.
  ReducePlan(const Strided& x, uint32_t mask);
};

// The axes of x, innermost first: by stride, axes that are expanded outermost. Returns how many.
int axes_by_stride(const Strided& x, int* axes);

// The axes listed in the call's parameters from `first` on. Throws where one does not exist.
template <class Call>
uint32_t reduced_axes(const Call& call, int first, const Strided& x) {
  uint32_t mask = 0;
  for (int i = first; i < call.num_params(); ++i) {
    const int64_t axis = call.integer(i);
    if (axis < 0 || axis >= x.ndim()) throw Failure("ERR_INTERNAL", "no such axis to reduce");
    mask |= uint32_t{1} << axis;
  }
  return mask;
}

template <class Call>
void require_floats(const Call& call) {
  const DType dtype = call.in(0).dtype;
  for (int i = 0; i < call.num_outputs(); ++i)
    if (!is_floating(dtype) || call.spec(i).dtype != dtype)
      throw Failure("ERR_INTERNAL", "only for floats of one type");
}
template <class Call>
void require_outputs(const Call& call, int count) {
  if (call.num_outputs() != count) throw Failure("ERR_INTERNAL", "the wrong number of outputs");
}

// Makes output `i` of a reduction of `x`: element k is the one at linear position k of plan.kept.
// The output has x's axes without the reduced ones, or with size 1 in their place.
template <class Call>
auto& reduce_output(Call& call, int i, const Strided& x, uint32_t mask) {
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
  const int axis_count = axes_by_stride(x, axes);
  int64_t strides[kMaxDims];
  int64_t step = 1;
  for (int k = 0; k < axis_count; ++k) {
    if (place[axes[k]] < 0) continue;
    strides[place[axes[k]]] = step;
    step *= std::max<int64_t>(1, shape.sizes[place[axes[k]]]);
  }
  return call.out_strided(i, strides);
}

// What max, min and the places of both reduce. The axis is parameter 0; -1 for all axes, in
// row-major order. `values` says whether the elements themselves are the first of two outputs.
template <class Tensor>
struct PlaceReduction {
  Tensor x;
  uint32_t mask;
  ReducePlan plan;

  template <class Call>
  PlaceReduction(Call& call, bool values)
      : x(operand(call, values)), mask(axes(call, x)), plan(x, mask) {
    if (plan.count == 0 && plan.outputs > 0)
      throw Failure("ERR_INTERNAL", "there is no largest or smallest of no elements");
  }

 private:
  template <class Call>
  static Tensor operand(Call& call, bool values) {
    if (call.num_outputs() != (values ? 2 : 1) ||
        call.spec(values ? 1 : 0).dtype != DType::kInt64 ||
        (values && call.spec(0).dtype != call.in(0).dtype))
      throw Failure("ERR_INTERNAL", "places are int64, values have the type of the input");
    return call.integer(0) == -1 ? call.contiguous(call.in(0)) : call.in(0);
  }
  template <class Call>
  static uint32_t axes(const Call& call, const Strided& x) {
    if (call.integer(0) == -1) return (uint32_t{1} << x.ndim()) - 1;
    const uint32_t mask = reduced_axes(call, 0, x);
    if ((mask & (mask - 1)) != 0) throw Failure("ERR_INTERNAL", "places are along one axis");
    return mask;
  }
};

}  // namespace flambeau
