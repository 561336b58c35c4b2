// Which elements of a tensor meet in which element of a reduction's output, with the axes in the
// order of memory.
#pragma once

#include "kernel.h"

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
  ReducePlan(const Tensor& x, uint32_t mask);
};

// The axes listed in the call's parameters from `first` on. Throws where one does not exist.
uint32_t reduced_axes(const Call& call, int first, const Tensor& x);

// Makes output `i` of a reduction of `x`: element k is the one at linear position k of plan.kept.
// The output has x's axes without the reduced ones, or with size 1 in their place.
Tensor& reduce_output(Call& call, int i, const Tensor& x, uint32_t mask);

}  // namespace flambeau
