// How reductions are cut into launches. Only for reduce*.cu.
#pragma once

#include <vector>

#include "call.h"
#include "reduce_axes.h"
#include "reduce_kernels.h"

namespace flambeau::cuda {

struct ReduceWork {
  Call& call;
  const ReducePlan& plan;
  const char* data;
  ReduceEnd end;
};
using ReduceLaunch = void (*)(const ReduceWork& work);
// By the type of the input; null where the type is not among the reduction's.
struct ReduceRow {
  ReduceLaunch by_type[kNumDTypes];
};

// How the blocks of a reduction are cut.
struct ReduceCut {
  bool rows = false;
  int lanes = kReduceThreads;  // of rows
  dim3 block;                  // of columns
  int64_t blocks = 1;
  uint32_t piece = 1;
  uint32_t splits = 1;
};
// A part of a plan that is one launch.
struct ReduceRange {
  ReduceAxes kept, reduced;
  int64_t offset = 0;  // of its first element
  int64_t output = 0;  // its first output
  int64_t place = 0;   // its first reduced position
};
// The ranges of a plan, the largest one first; those with the same outputs follow each other.
std::vector<ReduceRange> reduce_ranges(const ReducePlan& plan);
// `pack`: elements of an access.
ReduceCut cut_reduction(const Call& call, const ReduceRange& range, bool rows, int pack);
Geometry<1> geometry_of(const ReduceAxes& axes);

// Do the V neighbours along the innermost kept axis lie together, everywhere?
bool packs_columns(const ReducePlan& plan, const char* data, int64_t item, int count);
// Is each row made of packs that lie together (but for the end of a single line)?
bool packs_rows(const ReducePlan& plan, const char* data, int64_t item, int count);

template <class R>
void launch_reduction(const ReduceWork& work) {
  using T = typename R::Element;
  using State = typename R::State;
  constexpr int V = kReducePack<R>;
  Call& call = work.call;
  const ReducePlan& plan = work.plan;
  const bool packed = plan.inner_reduced ? packs_rows(plan, work.data, sizeof(T), V)
                                         : packs_columns(plan, work.data, sizeof(T), V);
  const std::vector<ReduceRange> ranges = reduce_ranges(plan);
  const ReduceCut cut = cut_reduction(call, ranges[0], plan.inner_reduced, packed ? V : 1);
  // How many ranges share their outputs; all alike.
  uint32_t sharing = 0;
  while (sharing < ranges.size() && ranges[sharing].output == 0) ++sharing;
  const uint32_t slots = cut.splits * sharing;
  char* const partial =
      slots == 1 ? nullptr
                 : static_cast<char*>(
                       call.scratch(sizeof(State) * slots * static_cast<size_t>(plan.outputs)));
  uint32_t shared = 0;
  for (const ReduceRange& range : ranges) {
    const auto outputs = static_cast<uint32_t>(range.kept.numel());
    const ReducePart part = {geometry_of(range.kept),
                             geometry_of(range.reduced),
                             cut.piece,
                             cut.splits,
                             range.output,
                             range.place,
                             shared * cut.splits,
                             slots,
                             partial};
    if (++shared == sharing) shared = 0;
    const auto* x = reinterpret_cast<const Stored<T>*>(work.data) + range.offset;
    if (cut.rows) {
      const dim3 grid(static_cast<unsigned>(ceil_divide(outputs, kReduceThreads / cut.lanes)),
                      cut.splits);
      launch(reduce_rows<R>, grid, kReduceThreads, 0, call.stream(), part, x, cut.lanes, packed,
             work.end);
      continue;
    }
    const size_t shared_bytes = sizeof(State) * kReduceThreads;
    if (packed) {
      launch(reduce_columns<R, V>,
             dim3(static_cast<unsigned>(ceil_divide(outputs, cut.block.x * V)), cut.splits),
             cut.block, shared_bytes, call.stream(), part, x, work.end);
    } else {
      launch(reduce_columns<R, 1>,
             dim3(static_cast<unsigned>(ceil_divide(outputs, cut.block.x)), cut.splits), cut.block,
             shared_bytes, call.stream(), part, x, work.end);
    }
  }
  if (!partial) return;
  const int lanes = plan.outputs < 256 && slots > 64 ? kReduceThreads : kWarp;
  launch(reduce_partial<R>,
         static_cast<unsigned>(ceil_divide(plan.outputs, kReduceThreads / lanes)), kReduceThreads,
         0, call.stream(), partial, slots, plan.outputs, lanes, work.end);
}

// Runs a row over the axes named by the call's parameters from `first_axis` on, into its outputs.
void run_reduction(Call& call, const ReduceRow& row, Finish finish, int first_axis,
                   double param = 0);

// One launcher for each of the types.
template <template <class> class R, class... T>
constexpr ReduceRow reduce_row() {
  ReduceRow row = {};
  ((row.by_type[static_cast<int>(dtype_of<T>)] = launch_reduction<R<T>>), ...);
  return row;
}

// The types that reductions know as they are: not the narrow integers.
inline bool knows_reduced(const Call& call) {
  for (int i = 0; i < call.num_outputs(); ++i)
    if (is_narrow(call.spec(i).dtype) && !is_16bit_float(call.spec(i).dtype)) return false;
  return !is_narrow(call.in(0).dtype) || is_16bit_float(call.in(0).dtype);
}

}  // namespace flambeau::cuda
