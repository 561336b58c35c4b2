// Which elements of a tensor meet in which element of a reduction's output, with the axes in the
// order of memory.
#pragma once

#include "call.h"

namespace flambeau::cuda {

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
  // The axis that is too long, or whose neighbours are too far apart, for one launch; or -1.
  int split_axis() const;
};

struct ReducePlan {
  ReduceAxes kept;
  ReduceAxes reduced;
  bool inner_reduced = false;  // is the innermost of all axes a reduced one?
  int64_t outputs = 1;
  int64_t count = 1;  // elements for each output

  // Reduces the axes of `x` for which `mask` has a bit.
  ReducePlan(const Tensor& x, uint32_t mask);
};

// The axes listed in the call's parameters from `first` on. Throws where one does not exist.
uint32_t reduced_axes(const Call& call, int first, const Tensor& x);

// Makes output `i` of a reduction of `x`: element k is the one at linear position k of plan.kept.
// The output has x's axes without the reduced ones, or with size 1 in their place.
Tensor& reduce_output(Call& call, int i, const Tensor& x, uint32_t mask);

}  // namespace flambeau::cuda
