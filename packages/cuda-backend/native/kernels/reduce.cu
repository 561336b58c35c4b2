// Kernels that sum up axes: y has x's axes without those named by the last parameters, or with size
// 1 in their place. Any strides; without axes to reduce, every element is a sum of its own. Nothing
// to sum gives what an empty sum is (0, 1, false, NaN …).
#include <cmath>

#include "pow.h"
#include "reduce.h"

namespace flambeau::cuda {

namespace {

// --- terms: what an element counts for ---

struct Itself {
  template <class A, class T>
  __device__ static A of(T x, const ReduceEnd&) {
    return static_cast<A>(x);
  }
};
struct UnlessNan {
  template <class A, class T>
  __device__ static A of(T x, const ReduceEnd&) {
    return x == x ? static_cast<A>(x) : A(0);
  }
};
struct Square {
  template <class A, class T>
  __device__ static A of(T x, const ReduceEnd&) {
    return static_cast<A>(x) * static_cast<A>(x);
  }
};
struct Absolute {
  template <class A, class T>
  __device__ static A of(T x, const ReduceEnd&) {
    return static_cast<A>(formulas::magnitude(x));
  }
};
struct Power {
  template <class A, class T>
  __device__ static A of(T x, const ReduceEnd& end) {
    const T size = formulas::magnitude(x);
    if constexpr (std::is_same_v<T, float>) {
      return static_cast<A>(formulas::pow_f(size, static_cast<float>(end.param)));
    } else {
      return static_cast<A>(formulas::pow_d(size, end.param));
    }
  }
};
struct IsNonzero {
  template <class A, class T>
  __device__ static A of(T x, const ReduceEnd&) {
    return A(x != T(0));
  }
};

// --- accumulators ---

// Floats are summed in double, 16-bit floats in float; whole numbers and bools wrap in 64 bits.
template <class T>
using Accumulator =
    std::conditional_t<is_half<T>, float,
                       std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>>;

struct Plus {
  template <class A>
  __device__ static A empty() {
    return A(0);
  }
  template <class A>
  __device__ static A join(A a, A b) {
    return a + b;
  }
};
struct Times {
  template <class A>
  __device__ static A empty() {
    return A(1);
  }
  template <class A>
  __device__ static A join(A a, A b) {
    return a * b;
  }
};

template <class A, class Join>
struct Running {
  A value;
  __device__ Running() : value(Join::template empty<A>()) {}
};

template <class T, class A, class Join, class Term>
struct Terms {
  using Element = T;
  using Local = Running<A, Join>;
  using State = A;
  static constexpr int kUnroll = std::is_same_v<Term, Power> ? 1 : kShortUnroll<T>;

  __device__ static void take(Local& local, Computed<T> x, int64_t, const ReduceEnd& end) {
    local.value = Join::join(local.value, Term::template of<A>(x, end));
  }
  __device__ static State settle(const Local& local) { return local.value; }
  __device__ static State merge(State a, State b) { return Join::join(a, b); }

  __device__ static void finish(State state, const ReduceEnd& end, int64_t i) {
    if constexpr (std::is_floating_point_v<A>) {
      double value = static_cast<double>(state);
      if (end.finish == Finish::kAverage) {
        value /= static_cast<double>(end.count);
      } else if (end.finish == Finish::kRoot) {
        value = ::sqrt(value);
      } else if constexpr (std::is_same_v<Term, Power>) {
        value = ::pow(value, 1 / end.param);
      }
      write_real(end.outs[0], end.types[0], i, value);
    } else {
      int64_t value = static_cast<int64_t>(state);
      if (end.finish == Finish::kAny) value = value > 0;
      if (end.finish == Finish::kAll) value = value == end.count;
      if (is_floating(end.types[0])) {
        write_real(end.outs[0], end.types[0], i, static_cast<double>(value));
      } else {
        write_whole(end.outs[0], end.types[0], i, value);
      }
    }
  }
};

template <class T>
using SumOf = Terms<T, Accumulator<T>, Plus, Itself>;
template <class T>
using ProductOf = Terms<T, Accumulator<T>, Times, Itself>;
template <class T>
using CountOf = Terms<T, uint64_t, Plus, IsNonzero>;
template <class T>
using NumberSumOf = Terms<T, Accumulator<T>, Plus, UnlessNan>;
template <class T>
using SquareSumOf = Terms<T, Accumulator<T>, Plus, Square>;
template <class T>
using AbsoluteSumOf = Terms<T, Accumulator<T>, Plus, Absolute>;
template <class T>
using PowerSumOf = Terms<T, Accumulator<T>, Plus, Power>;

constexpr ReduceRow kSum =
    reduce_row<SumOf, float, double, int64_t, int32_t, uint8_t, bool, Half, BFloat16>();
constexpr ReduceRow kProduct =
    reduce_row<ProductOf, float, double, int64_t, int32_t, uint8_t, bool, Half, BFloat16>();
constexpr ReduceRow kCount =
    reduce_row<CountOf, float, double, int64_t, int32_t, uint8_t, bool, Half, BFloat16>();
constexpr ReduceRow kNumberSum = reduce_row<NumberSumOf, float, double, Half, BFloat16>();
constexpr ReduceRow kSquareSum = reduce_row<SquareSumOf, float, double, Half, BFloat16>();
constexpr ReduceRow kAbsoluteSum = reduce_row<AbsoluteSumOf, float, double, Half, BFloat16>();
constexpr ReduceRow kPowerSum = reduce_row<PowerSumOf, float, double, Half, BFloat16>();

// The output is floating where the sum is.
void sum_up(Call& call, const ReduceRow& row, Finish finish) {
  require_outputs(call, 1);
  const bool floating = is_floating(call.in(0).dtype);
  if (floating != is_floating(call.spec(0).dtype))
    throw Failure("ERR_INTERNAL", "a sum of floats is one of floats");
  if (!floating && finish == Finish::kAverage)
    throw Failure("ERR_INTERNAL", "only floats have a mean");
  run_reduction(call, row, finish, 0);
}

void find_nonzero(Call& call, Finish finish) {
  require_outputs(call, 1);
  const DType out = call.spec(0).dtype;
  if (out != DType::kUInt8 && out != DType::kBool)
    throw Failure("ERR_INTERNAL", "the result is of bools or bytes");
  run_reduction(call, kCount, finish, 0);
}

}  // namespace

void sum_columns(Call& call, const Tensor& x, const Tensor& to) {
  require_internal(x.ndim() == 2 && to.is_contiguous() && to.numel() == x.size(1),
                   "sums of columns have another shape");
  const ReduceLaunch sum = kSum.by_type[static_cast<int>(x.dtype)];
  require_internal(sum && x.dtype == to.dtype, "columns are summed in their type");
  if (to.numel() == 0) return;
  const ReducePlan plan(x, 1);
  ReduceEnd end;
  end.count = plan.count;
  end.outs[0] = to.data;
  end.types[0] = to.dtype;
  sum({call, plan, x.data, end});
}

// Σ x. Whole numbers and bools are summed in int64, and then converted.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(sum, knows_reduced(call)) { sum_up(call, kSum, Finish::kItself); }

// Σ x of floats without NaN.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(nansum, knows_reduced(call)) {
  require_outputs(call, 1);
  require_floats(call);
  run_reduction(call, kNumberSum, Finish::kItself, 0);
}

// Σ x / n, of floats.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(mean, knows_reduced(call)) {
  sum_up(call, kSum, Finish::kAverage);
}

// Π x, in the types of a sum.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(prod, knows_reduced(call)) {
  sum_up(call, kProduct, Finish::kItself);
}

// Are all x (is any x) other than zero? NaN is. To bool or bytes.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(all, knows_reduced(call)) { find_nonzero(call, Finish::kAll); }
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(any, knows_reduced(call)) { find_nonzero(call, Finish::kAny); }

// How many x are not zero, as int64.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(countNonzero, knows_reduced(call)) {
  require_outputs(call, 1);
  if (call.spec(0).dtype != DType::kInt64) throw Failure("ERR_INTERNAL", "counts are int64");
  run_reduction(call, kCount, Finish::kItself, 0);
}

// (Σ |x|^p)^(1/p) of floats, p being the first parameter: ±infinity for the largest or smallest
// |x|, 0 for how many are not zero.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(norm, knows_reduced(call)) {
  require_outputs(call, 1);
  require_floats(call);
  const double p = call.param(0);
  if (p == 2) return run_reduction(call, kSquareSum, Finish::kRoot, 1);
  if (p == 1) return run_reduction(call, kAbsoluteSum, Finish::kItself, 1);
  if (std::isinf(p))
    return run_reduction(call, p > 0 ? largest_magnitude() : smallest_magnitude(), Finish::kItself,
                         1);
  if (p == 0) return run_reduction(call, kCount, Finish::kItself, 1);
  run_reduction(call, kPowerSum, Finish::kPowerRoot, 1, p);
}

}  // namespace flambeau::cuda
