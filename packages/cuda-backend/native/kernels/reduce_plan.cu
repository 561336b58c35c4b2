#include <algorithm>

#include "geometry.h"
#include "reduce_launch.h"

namespace flambeau::cuda {

namespace {

// The axis that is too long, or whose neighbours are too far apart, for one launch; or -1.
int split_axis(const ReduceAxes& axes) {
  bool fits = axes.numel() <= kMaxVisits;
  for (int i = 0; i < axes.count; ++i)
    fits = fits && (axes.at[i].size <= 1 || axes.at[i].stride <= INT32_MAX);
  // The outermost with several positions: those before and behind the cut stay together.
  for (int i = axes.count - 1; !fits && i >= 0; --i)
    if (axes.at[i].size > 1) return i;
  return -1;
}

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
      const int axis = split_axis(axes);
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
