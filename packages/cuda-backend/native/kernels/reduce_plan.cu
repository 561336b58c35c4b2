#include <algorithm>

#include "geometry.h"
#include "reduce_launch.h"
#include "reduce_plan.h"

namespace flambeau::cuda {

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

int ReduceAxes::split_axis() const {
  bool fits = numel() <= kMaxVisits;
  for (int i = 0; i < count; ++i) fits = fits && (at[i].size <= 1 || at[i].stride <= INT32_MAX);
  // The outermost with several positions: those before and behind the cut stay together.
  for (int i = count - 1; !fits && i >= 0; --i)
    if (at[i].size > 1) return i;
  return -1;
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

namespace {

// The positions of `axes` in one half of an axis; `offset` moves to the first of them.
ReduceAxes half_of(const ReduceAxes& axes, int axis, int half, int64_t* offset) {
  ReduceAxes part = axes;
  const int64_t size = axes.at[axis].size;
  const int64_t middle = size >= 4096 ? (size + 1) / 2 / 1024 * 1024 : (size + 1) / 2;
  const int64_t first = half == 0 ? 0 : middle;
  part.at[axis].size = half == 0 ? middle : size - middle;
  if (part.at[axis].size == 1) part.at[axis].stride = 0;
  *offset += first * axes.at[axis].stride;
  return part;
}

}  // namespace

std::vector<ReduceRange> reduce_ranges(const ReducePlan& plan) {
  std::vector<ReduceRange> ranges;
  const auto add = [&](const auto& self, const ReduceRange& range) -> void {
    for (const bool kept : {true, false}) {
      const ReduceAxes& axes = kept ? range.kept : range.reduced;
      const int axis = axes.split_axis();
      if (axis < 0) continue;
      for (int half = 0; half < 2; ++half) {
        ReduceRange part = range;
        const ReduceAxes cut = half_of(axes, axis, half, &part.offset);
        if (half == 1) (kept ? part.output : part.place) += axes.numel() - cut.numel();
        (kept ? part.kept : part.reduced) = cut;
        self(self, part);
      }
      return;
    }
    ranges.push_back(range);
  };
  add(add, {plan.kept, plan.reduced, 0, 0, 0});
  return ranges;
}

ReduceCut cut_reduction(const Call& call, const ReduceRange& range, bool rows, int pack) {
  ReduceCut cut;
  cut.rows = rows;
  const int64_t outputs = range.kept.numel(), count = range.reduced.numel();
  const Properties& device = call.properties();
  const int64_t resident = int64_t{std::max(1, device.multiprocessors)} *
                           std::max(1, device.threads_per_multiprocessor / kReduceThreads);
  const auto power_above = [](int64_t n, int most) {
    int power = 1;
    while (power < n && power < most) power *= 2;
    return power;
  };
  int64_t least;  // positions that are worth a block
  if (rows) {
    const int64_t accesses = ceil_divide(std::max<int64_t>(count, 1), pack);
    cut.lanes = accesses > kReduceThreads ? kReduceThreads : power_above(accesses, kWarp);
    cut.blocks = ceil_divide(outputs, kReduceThreads / cut.lanes);
    least = cut.lanes < kReduceThreads ? count : int64_t{kReduceThreads} * pack * 16;
  } else {
    const int64_t groups = ceil_divide(outputs, pack);
    const int columns = power_above(groups, kWarp);
    cut.block = dim3(static_cast<unsigned>(columns), kReduceThreads / columns);
    cut.blocks = ceil_divide(groups, columns);
    least = int64_t{cut.block.y} * 16;
  }
  int64_t splits = 1;
  if (cut.blocks < resident && count > least)
    splits = std::min(resident / cut.blocks, ceil_divide(count, least));
  const int64_t piece = ceil_divide(ceil_divide(std::max<int64_t>(count, 1), splits), 8) * 8;
  cut.piece = static_cast<uint32_t>(piece);
  cut.splits = static_cast<uint32_t>(ceil_divide(std::max<int64_t>(count, 1), piece));
  return cut;
}

Geometry<1> geometry_of(const ReduceAxes& axes) {
  Geometry<1> geometry;
  geometry.numel = static_cast<uint32_t>(axes.numel());
  geometry.inner = static_cast<uint32_t>(axes.at[0].size);
  geometry.ndim = axes.count;
  for (int d = 0; d < axes.count; ++d) {
    geometry.sizes[d] = FastDivide(static_cast<uint32_t>(std::max<int64_t>(1, axes.at[d].size)));
    geometry.strides[d][0] = static_cast<int32_t>(axes.at[d].stride);
  }
  return geometry;
}

namespace {

// Are the strides of the axes from `first` on multiples of `count`?
bool in_steps(const ReduceAxes& axes, int first, int count) {
  for (int i = first; i < axes.count; ++i)
    if (axes.at[i].size > 1 && axes.at[i].stride % count != 0) return false;
  return true;
}

}  // namespace

bool packs_columns(const ReducePlan& plan, const char* data, int64_t item, int count) {
  const ReduceAxis& inner = plan.kept.at[0];
  return inner.stride == 1 && inner.size % count == 0 && in_steps(plan.kept, 1, count) &&
         in_steps(plan.reduced, 0, count) && is_aligned(data, static_cast<size_t>(item * count));
}

bool packs_rows(const ReducePlan& plan, const char* data, int64_t item, int count) {
  const ReduceAxis& inner = plan.reduced.at[0];
  const bool full = plan.reduced.count == 1 ? inner.size >= count : inner.size % count == 0;
  return inner.stride == 1 && full && in_steps(plan.reduced, 1, count) &&
         in_steps(plan.kept, 0, count) && is_aligned(data, static_cast<size_t>(item * count));
}

void run_reduction(Call& call, const ReduceRow& row, Finish finish, int first_axis, double param) {
  const Tensor x = call.in(0);
  const ReduceLaunch reduce = row.by_type[static_cast<int>(x.dtype)];
  if (!reduce) throw Failure("ERR_INTERNAL", std::string("not for ") + dtype_name(x.dtype));
  const uint32_t mask = reduced_axes(call, first_axis, x);
  const ReducePlan plan(x, mask);
  ReduceEnd end;
  end.finish = finish;
  end.count = plan.count;
  end.param = param;
  for (int i = 0; i < call.num_outputs() && i < 2; ++i) {
    const Tensor& out = reduce_output(call, i, x, mask);
    end.outs[i] = out.data;
    end.types[i] = out.dtype;
  }
  if (plan.outputs > 0) reduce({call, plan, x.data, end});
}

}  // namespace flambeau::cuda
