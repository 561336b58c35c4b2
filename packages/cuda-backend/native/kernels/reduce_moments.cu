// Reductions whose accumulator is two numbers: variances, and sums of exponentials.
#include <cmath>

#include "exp.h"
#include "reduce.h"

namespace flambeau::cuda {

namespace {

template <class T>
using Wide = std::conditional_t<is_half<T>, float, double>;

// The mean and Σ (x - mean)². A thread sums distances from its first element and their squares,
// which needs no division; what threads know joins as Welford<> does.
template <class T>
struct Moments {
  using Element = T;
  using A = Wide<T>;
  using State = Welford<A>;
  static constexpr int kUnroll = kShortUnroll<T>;
  struct Local {
    A first = 0, sum = 0, squares = 0;
    uint32_t count = 0;
    __device__ Local() {}
  };

  __device__ static void take(Local& local, Computed<T> given, int64_t, const ReduceEnd&) {
    const A x = static_cast<A>(given);
    if (local.count == 0) local.first = x;
    const A distance = x - local.first;
    local.sum += distance;
    local.squares += distance * distance;
    ++local.count;
  }
  __device__ static State settle(const Local& local) {
    State state;
    if (local.count == 0) return state;
    state.count = static_cast<A>(local.count);
    const A mean = local.sum / state.count;
    state.mean = local.first + mean;
    // Rounding must not make it negative; NaN stays.
    const A squares = local.squares - local.sum * mean;
    state.squares = squares < A(0) ? A(0) : squares;
    return state;
  }
  __device__ static State merge(const State& a, const State& b) { return State::combine(a, b); }
  __device__ static void finish(const State& state, const ReduceEnd& end, int64_t i) {
    const double divisor = ::fmax(0.0, static_cast<double>(end.count) - end.param);
    double spread = static_cast<double>(state.squares) / divisor;
    if (end.finish == Finish::kDeviation) spread = ::sqrt(spread);
    write_real(end.outs[0], end.types[0], i, spread);
    if (!end.outs[1]) return;
    const double mean = end.count > 0 ? static_cast<double>(state.mean) : formulas::kNan;
    write_real(end.outs[1], end.types[1], i, mean);
  }
};

__device__ __forceinline__ float exponential(float x) { return formulas::exp_f(x); }
__device__ __forceinline__ double exponential(double x) { return formulas::exp_d(x); }

template <class A>
__device__ __forceinline__ A finite_or_zero(A x) {
  return formulas::magnitude(x) == static_cast<A>(formulas::kInfinity) ? A(0) : x;
}

// m = max x, and Σ exp(x - m'), where m' is m, or 0 where m is infinite.
template <class T>
struct Exponents {
  using Element = T;
  using A = Computed<T>;
  static constexpr int kUnroll = 1;
  struct State {
    A high;
    Wide<T> sum;
  };
  struct Local : State {
    __device__ Local() : State{lowest<A>(), 0} {}
  };

  __device__ static void take(Local& local, A x, int64_t, const ReduceEnd&) {
    if (x > local.high) {
      const A base = finite_or_zero(x);
      const Wide<T> before =
          local.sum == 0
              ? Wide<T>(0)
              : local.sum * static_cast<Wide<T>>(exponential(finite_or_zero(local.high) - base));
      local.sum = before + static_cast<Wide<T>>(exponential(x - base));
      local.high = x;
    } else {
      local.sum += static_cast<Wide<T>>(exponential(x - finite_or_zero(local.high)));
    }
  }
  __device__ static State settle(const Local& local) { return local; }
  // An empty accumulator has sum 0, which counts for nothing whatever its maximum is.
  __device__ static State merge(const State& a, const State& b) {
    const A high = b.high > a.high ? b.high : a.high;
    const A base = finite_or_zero(high);
    const auto moved = [base](const State& s) {
      return s.sum == 0 ? Wide<T>(0)
                        : s.sum * static_cast<Wide<T>>(exponential(finite_or_zero(s.high) - base));
    };
    return {high, moved(a) + moved(b)};
  }
  __device__ static void finish(const State& state, const ReduceEnd& end, int64_t i) {
    const double base = static_cast<double>(finite_or_zero(state.high));
    write_real(end.outs[0], end.types[0], i, base + ::log(static_cast<double>(state.sum)));
  }
};

constexpr ReduceRow kMoments = reduce_row<Moments, float, double, Half, BFloat16>();
constexpr ReduceRow kExponents = reduce_row<Exponents, float, double, Half, BFloat16>();

void reduce_moments(Call& call, Finish finish, int outputs) {
  require_outputs(call, outputs);
  require_floats(call);
  run_reduction(call, kMoments, finish, 1, call.param(0));
}

}  // namespace

// Σ (x - mean)² / max(0, n - correction) of floats, its root, and either with the mean as a second
// output; the first parameter is the correction.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(var, knows_reduced(call)) {
  reduce_moments(call, Finish::kSpread, 1);
}
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(std, knows_reduced(call)) {
  reduce_moments(call, Finish::kDeviation, 1);
}
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(varMean, knows_reduced(call)) {
  reduce_moments(call, Finish::kSpread, 2);
}
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(stdMean, knows_reduced(call)) {
  reduce_moments(call, Finish::kDeviation, 2);
}

// log Σ exp(x) of floats, without overflow.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(logsumexp, knows_reduced(call)) {
  require_outputs(call, 1);
  require_floats(call);
  run_reduction(call, kExponents, Finish::kItself, 0);
}

}  // namespace flambeau::cuda
