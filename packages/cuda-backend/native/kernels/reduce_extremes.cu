// The largest and smallest elements of axes, and of their magnitudes.
#include "reduce.h"

namespace flambeau::cuda {

namespace {

// NaN wins; the first of equal ones stays.
template <class T, bool kLargest, bool kMagnitude>
struct Extreme {
  using Element = T;
  using State = Computed<T>;
  static constexpr int kUnroll = kShortUnroll<T>;
  struct Local {
    State value;
    __device__ Local() {
      if constexpr (kLargest) {
        value = lowest<State>();
      } else {
        value = greatest<State>();
      }
    }
  };

  __device__ static State merge(State a, State b) {
    if constexpr (kLargest) return (b > a) | (b != b) ? b : a;
    return (b < a) | (b != b) ? b : a;
  }
  __device__ static void take(Local& local, State x, int64_t, const ReduceEnd&) {
    if constexpr (kMagnitude) x = x <= State(0) ? State(0) - x : x;
    local.value = merge(local.value, x);
  }
  __device__ static State settle(const Local& local) { return local.value; }
  __device__ static void finish(State state, const ReduceEnd& end, int64_t i) {
    reinterpret_cast<T*>(end.outs[0])[i] = narrowed<T>(state);
  }
};

template <class T>
using LargestOf = Extreme<T, true, false>;
template <class T>
using SmallestOf = Extreme<T, false, false>;
template <class T>
using LargestMagnitudeOf = Extreme<T, true, true>;
template <class T>
using SmallestMagnitudeOf = Extreme<T, false, true>;

// Bools are done as bytes.
template <template <class> class R>
constexpr ReduceRow extreme_row() {
  ReduceRow row = reduce_row<R, float, double, int64_t, int32_t, uint8_t, Half, BFloat16>();
  row.by_type[static_cast<int>(DType::kBool)] = row.by_type[static_cast<int>(DType::kUInt8)];
  return row;
}

constexpr ReduceRow kLargest = extreme_row<LargestOf>();
constexpr ReduceRow kSmallest = extreme_row<SmallestOf>();
constexpr ReduceRow kLargestMagnitude =
    reduce_row<LargestMagnitudeOf, float, double, Half, BFloat16>();
constexpr ReduceRow kSmallestMagnitude =
    reduce_row<SmallestMagnitudeOf, float, double, Half, BFloat16>();

void find_extreme(Call& call, const ReduceRow& row) {
  require_outputs(call, 1);
  if (call.in(0).dtype != call.spec(0).dtype)
    throw Failure("ERR_INTERNAL", "the result has the type of the input");
  run_reduction(call, row, Finish::kItself, 0);
}

}  // namespace

const ReduceRow& largest_magnitude() { return kLargestMagnitude; }
const ReduceRow& smallest_magnitude() { return kSmallestMagnitude; }

// max x and min x; NaN where there is one.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(amax, knows_reduced(call)) { find_extreme(call, kLargest); }
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(amin, knows_reduced(call)) { find_extreme(call, kSmallest); }

}  // namespace flambeau::cuda
