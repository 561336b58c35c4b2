// Kernels that find the largest or smallest elements along an axis and where they are.
#include "reduce.h"

namespace flambeau::cuda {

namespace {

// Of equal elements the first counts; NaN counts as both larger and smaller than all numbers.
template <class T, bool kLargest>
struct Finder {
  using Element = T;
  using C = Computed<T>;
  static constexpr int kUnroll = 2;
  static constexpr int64_t kNowhere = INT64_MAX;
  struct State {
    int64_t place;
    C value;
  };
  struct Local : State {
    __device__ Local() : State{kNowhere, C(0)} {}
  };

  // Is x to replace best?
  __device__ static bool better(C x, C best) {
    if constexpr (kLargest) return (x > best) | ((x != x) & (best == best));
    return (x < best) | ((x != x) & (best == best));
  }
  // Places come in ascending order.
  __device__ static void take(Local& local, C x, int64_t place, const ReduceEnd&) {
    if (local.place != kNowhere && !better(x, local.value)) return;
    local.value = x;
    local.place = place;
  }
  __device__ static State settle(const Local& local) { return local; }
  __device__ static State merge(const State& a, const State& b) {
    if (b.place == kNowhere) return a;
    if (a.place == kNowhere || better(b.value, a.value)) return b;
    if (better(a.value, b.value)) return a;
    return b.place < a.place ? b : a;
  }
  __device__ static void finish(const State& state, const ReduceEnd& end, int64_t i) {
    char* places = end.outs[0];
    if (end.outs[1]) {
      reinterpret_cast<T*>(end.outs[0])[i] = narrowed<T>(state.value);
      places = end.outs[1];
    }
    reinterpret_cast<int64_t*>(places)[i] = state.place;
  }
};

template <class T>
using LargestOf = Finder<T, true>;
template <class T>
using SmallestOf = Finder<T, false>;

// Bools are done as bytes.
template <template <class> class R>
constexpr ReduceRow finder_row() {
  ReduceRow row = reduce_row<R, float, double, int64_t, int32_t, uint8_t, Half, BFloat16>();
  row.by_type[static_cast<int>(DType::kBool)] = row.by_type[static_cast<int>(DType::kUInt8)];
  return row;
}
constexpr ReduceRow kLargest = finder_row<LargestOf>();
constexpr ReduceRow kSmallest = finder_row<SmallestOf>();

void find(Call& call, const ReduceRow& row, bool values) {
  const PlaceReduction<Tensor> reduction(call, values);
  const auto& [x, mask, plan] = reduction;
  ReduceEnd end;
  end.count = plan.count;
  for (int i = 0; i < call.num_outputs(); ++i) {
    const Tensor& out = reduce_output(call, i, x, mask);
    end.outs[i] = out.data;
    end.types[i] = out.dtype;
  }
  const ReduceLaunch reduce = row.by_type[static_cast<int>(x.dtype)];
  if (!reduce) throw Failure("ERR_INTERNAL", std::string("not for ") + dtype_name(x.dtype));
  if (plan.outputs > 0) reduce({call, plan, x.data, end});
}

}  // namespace

// The largest (smallest) elements along an axis and their places: the first of equal ones, or the
// first NaN. No axis of length 0 may be reduced.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(max, knows_reduced(call)) { find(call, kLargest, true); }
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(min, knows_reduced(call)) { find(call, kSmallest, true); }
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(argmax, knows_reduced(call)) { find(call, kLargest, false); }
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(argmin, knows_reduced(call)) { find(call, kSmallest, false); }

}  // namespace flambeau::cuda
