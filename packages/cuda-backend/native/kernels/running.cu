// Running extremes and the running log Σ exp along an axis.
#include <cmath>

#include "scan.h"

namespace flambeau::cuda {

namespace {

// The last of equal extremes, or the last NaN. Places count in the direction of the scan.
template <class T, bool kLargest>
struct RunningExtreme {
  struct State {
    int64_t place;  // -1: of no elements
    T value;
  };
  __device__ static State empty() { return {-1, T(0)}; }
  __device__ static State load(const ScanArgs& args, int64_t at, int64_t i) {
    return {i, static_cast<const T*>(args.x)[at]};
  }
  __device__ static bool replaces(T x, T best) {
    return (x != x) | ((best == best) & (kLargest ? x >= best : x <= best));
  }
  __device__ static State merge(const State& a, const State& b) {
    if (a.place < 0) return b;
    if (b.place < 0) return a;
    return replaces(b.value, a.value) ? b : a;
  }
  __device__ static void store(const ScanArgs& args, int64_t at, const State& state) {
    static_cast<T*>(args.y)[at] = state.value;
    args.places[at] = state.place;
  }
};

// The largest so far, and Σ exp(x - largest).
template <class T>
struct RunningExponents {
  struct State {
    double largest, sum;
  };
  __device__ static State empty() { return {-formulas::kInfinity, 0}; }
  __device__ static State load(const ScanArgs& args, int64_t at, int64_t) {
    const double x = static_cast<double>(static_cast<const T*>(args.x)[at]);
    if (x != x) return {-formulas::kInfinity, x};
    return {x, x == -formulas::kInfinity ? 0.0 : 1.0};
  }
  __device__ static State merge(const State& a, const State& b) {
    const double largest = a.largest > b.largest ? a.largest : b.largest;
    const auto moved = [largest](const State& s) {
      return s.largest == largest ? s.sum : s.sum * ::exp(s.largest - largest);
    };
    return {largest, moved(a) + moved(b)};
  }
  __device__ static void store(const ScanArgs& args, int64_t at, const State& state) {
    static_cast<T*>(args.y)[at] = static_cast<T>(state.largest + ::log(state.sum));
  }
};

template <bool kLargest>
void running_extreme(Call& call) {
  const Tensor x = dense(call, call.in(0));
  if (x.ndim() == 0) throw Failure("ERR_INTERNAL", "no such axis");
  const DenseLines lines(x, call.integer(0));
  ScanArgs args;
  args.x = x.data;
  args.y = dense_output(call, 0, x, x.dtype).data;
  args.places = dense_output(call, 1, x, DType::kInt64).template as<int64_t>();
  with_type(x.dtype, [&](auto zero) {
    using T = Stored<decltype(zero)>;
    launch_scan<RunningExtreme<T, kLargest>>(call, args, lines);
  });
}

}  // namespace

// The largest (smallest) of x[0], …, x[i] along an axis, and its place: the last of equal ones, or
// the last NaN. The outputs have the memory order of x. Parameter: the axis.
FLAMBEAU_CUDA_KERNEL(cummax) { running_extreme<true>(call); }
FLAMBEAU_CUDA_KERNEL(cummin) { running_extreme<false>(call); }

// y[i] = log(exp(x[0]) + … + exp(x[i])) of floats along an axis, computed in double. Parameter: the
// axis.
FLAMBEAU_CUDA_KERNEL(logcumsumexp) {
  const Tensor x = dense(call, call.in(0));
  require_internal(is_floating(x.dtype), "the input is floating");
  if (x.ndim() == 0) throw Failure("ERR_INTERNAL", "no such axis");
  const DenseLines lines(x, call.integer(0));
  ScanArgs args;
  args.x = x.data;
  args.y = dense_output(call, 0, x, x.dtype).data;
  if (x.dtype == DType::kFloat64) {
    launch_scan<RunningExponents<double>>(call, args, lines);
  } else {
    launch_scan<RunningExponents<float>>(call, args, lines);
  }
}

}  // namespace flambeau::cuda
