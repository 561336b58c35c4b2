#include "reduce_axes.h"

namespace flambeau {

int axes_by_stride(const Strided& x, int* axes) {
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

ReducePlan::ReducePlan(const Strided& x, uint32_t mask) {
  int axes[kMaxDims];
  const int axis_count = axes_by_stride(x, axes);
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

}  // namespace flambeau
