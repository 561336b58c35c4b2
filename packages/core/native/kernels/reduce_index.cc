// Kernels that find the largest or smallest elements along an axis and where they are.
#include <cstring>

#include "iterate.h"
#include "reduce_driver.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ReduceIndexTable, reduce_index_table)

namespace {

using Numbers = ReduceNumbers;
using Finish = decltype(ReduceTask::finish);

void finish_places(char* const* outs, const char* acc, int64_t plane, int64_t n, const Numbers&) {
  const int64_t* places = reinterpret_cast<const int64_t*>(acc) + plane;
  std::memcpy(outs[0], places, static_cast<size_t>(n) * sizeof(int64_t));
}
template <int kItem>
void finish_values(char* const* outs, const char* acc, int64_t plane, int64_t n, const Numbers&) {
  const int64_t* places = reinterpret_cast<const int64_t*>(acc) + plane;
  std::memcpy(outs[0], acc, static_cast<size_t>(n) * kItem);
  std::memcpy(outs[1], places, static_cast<size_t>(n) * sizeof(int64_t));
}

void find(Call& call, const ReducerRow& row, bool values) {
  const PlaceReduction<Tensor> reduction(call, values);
  const auto& [x, mask, plan] = reduction;
  Tensor* outs[2] = {};
  for (int i = 0; i < call.num_outputs(); ++i) outs[i] = &reduce_output(call, i, x, mask);
  Finish finish = finish_places;
  if (values) {
    const size_t item = x.item_bytes();
    finish = item == 8 ? finish_values<8> : item == 4 ? finish_values<4> : finish_values<1>;
  }
  const Reducer& reducer = row.by_type[static_cast<int>(x.dtype)];
  run_reduction(x, plan, {&reducer, finish, {plan.count, 0}, kGrain}, outs, call.num_outputs());
}

}  // namespace

// The largest (smallest) elements along an axis and their places: the first of equal ones, or the
// first NaN. No axis of length 0 may be reduced.
FLAMBEAU_KERNEL(max) { find(call, active::reduce_index_table().largest, true); }
FLAMBEAU_KERNEL(min) { find(call, active::reduce_index_table().smallest, true); }
FLAMBEAU_KERNEL(argmax) { find(call, active::reduce_index_table().largest, false); }
FLAMBEAU_KERNEL(argmin) { find(call, active::reduce_index_table().smallest, false); }

}  // namespace flambeau
