// Kernels that sum up axes: y has x's axes without those named by the last parameters, or with size
// 1 in their place. Any strides; without axes to reduce, every element is a sum of its own. Nothing
// to sum gives what an empty sum is (0, 1, false, NaN …).
#include <cmath>
#include <limits>

#include "iterate.h"
#include "reduce_driver.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ReduceTable, reduce_table)
FLAMBEAU_SIMD_TABLE(ReducePairTable, reduce_pair_table)

namespace {

using Numbers = ReduceNumbers;
using Finish = decltype(ReduceTask::finish);

// y[j] = F(accumulator j)
template <class A, class Y, class F>
void finish_single(char* const* outs, const char* acc, int64_t, int64_t n, const Numbers& numbers) {
  Y* y = reinterpret_cast<Y*>(outs[0]);
  const A* a = reinterpret_cast<const A*>(acc);
  for (int64_t j = 0; j < n; ++j) y[j] = static_cast<Y>(F::of(a[j], numbers));
}
// y_i[j] = F_i(both numbers of accumulator j)
template <class Y, class... F>
void finish_pair(char* const* outs, const char* acc, int64_t plane, int64_t n,
                 const Numbers& numbers) {
  const double* a = reinterpret_cast<const double*>(acc);
  int i = 0;
  const auto write = [&](auto f) {
    Y* y = reinterpret_cast<Y*>(outs[i++]);
    for (int64_t j = 0; j < n; ++j)
      y[j] = static_cast<Y>(decltype(f)::of(a[j], a[plane + j], numbers));
  };
  (write(F{}), ...);
}

struct Itself {
  template <class A>
  static A of(A a, const Numbers&) {
    return a;
  }
};
struct Average {
  static double of(double a, const Numbers& numbers) {
    return a / static_cast<double>(numbers.count);
  }
};
struct IsAny {
  static bool of(int64_t a, const Numbers&) { return a > 0; }
};
struct IsAll {
  static bool of(int64_t a, const Numbers& numbers) { return a == numbers.count; }
};
struct Root {
  static double of(double a, const Numbers&) { return std::sqrt(a); }
};
struct PowerRoot {
  static double of(double a, const Numbers& numbers) { return std::pow(a, 1 / numbers.param); }
};
struct Mean {
  static double of(double mean, double, const Numbers& numbers) {
    return numbers.count > 0 ? mean : std::numeric_limits<double>::quiet_NaN();
  }
};
struct Variance {
  static double of(double, double spread, const Numbers& numbers) {
    return spread / std::fmax(0, static_cast<double>(numbers.count) - numbers.param);
  }
};
struct Deviation {
  static double of(double mean, double spread, const Numbers& numbers) {
    return std::sqrt(Variance::of(mean, spread, numbers));
  }
};
struct LogSum {
  static double of(double high, double sum, const Numbers&) {
    return (std::isinf(high) ? 0 : high) + std::log(sum);
  }
};

// The end for an output of `dtype`, floating or not as the sum is.
template <class F>
Finish wide_finish(DType in, DType out) {
  if (is_floating(in) != is_floating(out))
    throw Failure("ERR_INTERNAL", "a sum of floats is one of floats");
  Finish finish = nullptr;
  with_type(out, [&](auto zero) {
    using Y = decltype(zero);
    using A = std::conditional_t<std::is_floating_point_v<Y>, double, int64_t>;
    if constexpr (std::is_same_v<F, Itself> || std::is_same_v<A, double>) {
      finish = finish_single<A, Y, F>;
    } else {
      throw Failure("ERR_INTERNAL", "only floats have a mean");
    }
  });
  return finish;
}
template <class F>
Finish float_finish(DType out) {
  return out == DType::kFloat64 ? finish_single<double, double, F>
                                : finish_single<double, float, F>;
}
template <class F>
Finish flag_finish(DType out) {
  if (out == DType::kUInt8) return finish_single<int64_t, uint8_t, F>;
  if (out != DType::kBool) throw Failure("ERR_INTERNAL", "the result is of bools or bytes");
  return finish_single<int64_t, bool, F>;
}
// Of the element type itself, bools as bytes.
Finish same_finish(DType in, DType out) {
  if (in != out) throw Failure("ERR_INTERNAL", "the result has the type of the input");
  Finish finish = nullptr;
  with_type(in, [&](auto zero) {
    using T = std::conditional_t<std::is_same_v<decltype(zero), bool>, uint8_t, decltype(zero)>;
    finish = finish_single<T, T, Itself>;
  });
  return finish;
}

// Costly terms are worth a second thread earlier.
constexpr int64_t kCostlyGrain = kGrain / 4;

void reduce(Call& call, const ReducerRow& row, Finish finish, int first_axis, double param = 0,
            int64_t grain = kGrain) {
  const Tensor& x = call.in(0);
  const Reducer& reducer = row.by_type[static_cast<int>(x.dtype)];
  if (!reducer.rows) throw Failure("ERR_INTERNAL", std::string("not for ") + dtype_name(x.dtype));
  const uint32_t mask = reduced_axes(call, first_axis, x);
  const ReducePlan plan(x, mask);
  Tensor* outs[2] = {};
  for (int i = 0; i < call.num_outputs() && i < 2; ++i) outs[i] = &reduce_output(call, i, x, mask);
  run_reduction(x, plan, {&reducer, finish, {plan.count, param}, grain}, outs, call.num_outputs());
}

template <class... F>
void reduce_moments(Call& call) {
  require_outputs(call, sizeof...(F));
  require_floats(call);
  const Finish finish =
      call.in(0).dtype == DType::kFloat64 ? finish_pair<double, F...> : finish_pair<float, F...>;
  reduce(call, active::reduce_pair_table().moments, finish, 1, call.param(0));
}

}  // namespace

void sum_rows(const Tensor& x, Tensor& to) {
  const ReducePlan plan(x, (uint32_t{1} << (x.ndim() - 1)) - 1);
  const Reducer& reducer = active::reduce_table().sum.by_type[static_cast<int>(x.dtype)];
  Tensor* const outs[] = {&to};
  run_reduction(x, plan,
                {&reducer, wide_finish<Itself>(x.dtype, to.dtype), {plan.count, 0}, kGrain}, outs,
                1);
}

// Σ x. Floats are summed in double; whole numbers and bools in int64, and then converted.
FLAMBEAU_KERNEL(sum) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().sum,
         wide_finish<Itself>(call.in(0).dtype, call.spec(0).dtype), 0);
}

// Σ x of floats without NaN.
FLAMBEAU_KERNEL(nansum) {
  require_outputs(call, 1);
  require_floats(call);
  reduce(call, active::reduce_table().number_sum, float_finish<Itself>(call.in(0).dtype), 0);
}

// Σ x / n, of floats.
FLAMBEAU_KERNEL(mean) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().sum,
         wide_finish<Average>(call.in(0).dtype, call.spec(0).dtype), 0);
}

// Π x, in the types of a sum.
FLAMBEAU_KERNEL(prod) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().product,
         wide_finish<Itself>(call.in(0).dtype, call.spec(0).dtype), 0);
}

// max x and min x; NaN where there is one.
FLAMBEAU_KERNEL(amax) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().largest, same_finish(call.in(0).dtype, call.spec(0).dtype),
         0);
}
FLAMBEAU_KERNEL(amin) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().smallest, same_finish(call.in(0).dtype, call.spec(0).dtype),
         0);
}

// Are all x (is any x) other than zero? NaN is. To bool or bytes.
FLAMBEAU_KERNEL(all) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().nonzero, flag_finish<IsAll>(call.spec(0).dtype), 0);
}
FLAMBEAU_KERNEL(any) {
  require_outputs(call, 1);
  reduce(call, active::reduce_table().nonzero, flag_finish<IsAny>(call.spec(0).dtype), 0);
}

// How many x are not zero, as int64.
FLAMBEAU_KERNEL(countNonzero) {
  require_outputs(call, 1);
  if (call.spec(0).dtype != DType::kInt64) throw Failure("ERR_INTERNAL", "counts are int64");
  reduce(call, active::reduce_table().nonzero, finish_single<int64_t, int64_t, Itself>, 0);
}

// Σ (x - mean)² / max(0, n - correction) of floats, its root, and either with the mean as a second
// output; the first parameter is the correction.
FLAMBEAU_KERNEL(var) { reduce_moments<Variance>(call); }
FLAMBEAU_KERNEL(std) { reduce_moments<Deviation>(call); }
FLAMBEAU_KERNEL(varMean) { reduce_moments<Variance, Mean>(call); }
FLAMBEAU_KERNEL(stdMean) { reduce_moments<Deviation, Mean>(call); }

// log Σ exp(x) of floats, without overflow.
FLAMBEAU_KERNEL(logsumexp) {
  require_outputs(call, 1);
  require_floats(call);
  const Finish finish = call.in(0).dtype == DType::kFloat64 ? finish_pair<double, LogSum>
                                                            : finish_pair<float, LogSum>;
  reduce(call, active::reduce_pair_table().exponents, finish, 0, 0, kCostlyGrain);
}

// (Σ |x|^p)^(1/p) of floats, p being the first parameter: ±infinity for the largest or smallest
// |x|, 0 for how many are not zero.
FLAMBEAU_KERNEL(norm) {
  require_outputs(call, 1);
  require_floats(call);
  const DType dtype = call.in(0).dtype;
  const double p = call.param(0);
  const ReduceTable& table = active::reduce_table();
  if (p == 2) return reduce(call, table.square_sum, float_finish<Root>(dtype), 1);
  if (p == 1) return reduce(call, table.absolute_sum, float_finish<Itself>(dtype), 1);
  if (std::isinf(p))
    return reduce(call, p > 0 ? table.abs_largest : table.abs_smallest, same_finish(dtype, dtype),
                  1);
  if (p == 0)
    return reduce(call, table.nonzero,
                  dtype == DType::kFloat64 ? finish_single<int64_t, double, Itself>
                                           : finish_single<int64_t, float, Itself>,
                  1);
  reduce(call, table.power_sum, float_finish<PowerRoot>(dtype), 1, p, kCostlyGrain);
}

}  // namespace flambeau
