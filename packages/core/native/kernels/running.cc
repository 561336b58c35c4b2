// Running extremes and the running log Σ exp along an axis.
#include <cmath>
#include <limits>

#include "lines.h"
#include "rows.h"

namespace flambeau {

namespace {

// x as it is if it is dense, else a copy in row-major order.
template <class T, bool kLargest>
bool replaces(T x, T best) {
  return is_nan(x) | (!is_nan(best) & (kLargest ? x >= best : x <= best));
}

// One step of `width` neighbouring lines: x[j] against the best so far, which become values[j] and
// its place places[j].
template <class T, bool kLargest>
void step(const T* __restrict x, int64_t row, int64_t width, T* __restrict best,
          int64_t* __restrict at, T* __restrict values, int64_t* __restrict places) {
  for (int64_t j = 0; j < width; ++j) {
    const bool takes = replaces<T, kLargest>(x[j], best[j]);
    best[j] = takes ? x[j] : best[j];
    at[j] = takes ? row : at[j];
    values[j] = best[j];
    places[j] = at[j];
  }
}

// A whole line: new extremes are rare, unless they are the rule, and both are guessed well.
template <class T, bool kLargest>
void along(const T* x, int64_t n, T* values, int64_t* places) {
  T best = x[0];
  int64_t at = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (replaces<T, kLargest>(x[i], best)) {
      best = x[i];
      at = i;
    }
    values[i] = best;
    places[i] = at;
  }
}

template <bool kLargest>
void running_extreme(Call& call) {
  const Tensor x = dense(call, call.in(0));
  const Lines lines(x, call.integer(0));
  const Tensor& values = dense_output(call, 0, x, x.dtype);
  const Tensor& places = dense_output(call, 1, x, DType::kInt64);
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    lines.for_all([&](int64_t offset, int64_t width) {
      if (lines.inner == 1) {
        return along<T, kLargest>(x.as<T>() + offset, lines.n, values.as<T>() + offset,
                                  places.as<int64_t>() + offset);
      }
      alignas(64) T best[kScanColumns];
      alignas(64) int64_t at[kScanColumns];
      std::copy_n(x.as<T>() + offset, width, best);
      std::fill_n(at, width, 0);
      for (int64_t row = 0; row < lines.n; ++row) {
        const int64_t i = offset + row * lines.inner;
        step<T, kLargest>(x.as<T>() + i, row, width, best, at, values.as<T>() + i,
                          places.as<int64_t>() + i);
      }
    });
  });
}

// Takes x into log Σ exp, which is kept as the largest so far and Σ exp(x - largest); returns it.
double take_exponent(double x, double& largest, double& sum) {
  if (x > largest) {
    sum = sum * std::exp(largest - x) + 1;
    largest = x;
  } else if (x == largest) {
    sum += std::isinf(x) && x < 0 ? 0 : 1;
  } else {
    sum += std::exp(x - largest);
  }
  return largest + std::log(sum);
}

}  // namespace

// The largest (smallest) of x[0], …, x[i] along an axis, and its place: the last of equal ones, or
// the last NaN. The outputs have the memory order of x. Parameter: the axis.
FLAMBEAU_KERNEL(cummax) { running_extreme<true>(call); }
FLAMBEAU_KERNEL(cummin) { running_extreme<false>(call); }

// y[i] = log(exp(x[0]) + … + exp(x[i])) of floats along an axis, computed in double. Parameter: the
// axis.
FLAMBEAU_KERNEL(logcumsumexp) {
  const Tensor x = dense(call, call.in(0));
  require_internal(is_floating(x.dtype), "the input is floating");
  const Lines lines(x, call.integer(0));
  const Tensor& y = dense_output(call, 0, x, x.dtype);
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      lines.for_all([&](int64_t offset, int64_t width) {
        alignas(64) double largest[kScanColumns];
        alignas(64) double sum[kScanColumns];
        std::fill_n(largest, width, -std::numeric_limits<double>::infinity());
        std::fill_n(sum, width, 0);
        for (int64_t row = 0; row < lines.n; ++row) {
          const int64_t i = offset + row * lines.inner;
          for (int64_t j = 0; j < width; ++j) {
            const double next = static_cast<double>(x.as<T>()[i + j]);
            y.as<T>()[i + j] = static_cast<T>(take_exponent(next, largest[j], sum[j]));
          }
        }
      });
    }
  });
}

}  // namespace flambeau
