// Reductions whose accumulator is two numbers. Each block of rows is passed over twice while it is
// in the cache, for its own mean or maximum first; the results of the blocks are then merged.
#include "reduce_rows.h"

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "exp.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

inline float exponential(float x) { return formulas::exp_f(x); }
inline double exponential(double x) { return formulas::exp_d(x); }

// --- mean and sum of squared deviations ---

// Merges the moments of `count` elements into those of `before` others. Chan, Golub and LeVeque,
// "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
void merge_moments(double* __restrict mean, double* __restrict spread,
                   const double* __restrict other_mean, const double* __restrict other_spread,
                   int64_t n, int64_t before, int64_t count) {
  const double weight = static_cast<double>(count) / static_cast<double>(before + count);
  const double between = static_cast<double>(before) * weight;
  for (int64_t j = 0; j < n; ++j) {
    const double delta = other_mean[j] - mean[j];
    mean[j] += delta * weight;
    spread[j] += other_spread[j] + delta * delta * between;
  }
}

template <class T>
struct Moments {
  static void clear(char* acc, int64_t plane, int64_t n) {
    clear_row<Plus>(as<double>(acc), n);
    clear_row<Plus>(as<double>(acc) + plane, n);
  }
  [[gnu::noinline]] static void sum_rows(double* sum, const T* x, int64_t stride, int64_t rows,
                                         int64_t n) {
    take_rows<Plus, 4>(sum, x, stride, rows, n,
                       [](T v, int64_t) { return static_cast<double>(v); });
  }
  [[gnu::noinline]] static void spread_rows(double* spread, const T* x, int64_t stride,
                                            int64_t rows, int64_t n, const double* mean) {
    take_rows<Plus, 4>(spread, x, stride, rows, n, [mean](T v, int64_t j) {
      const double deviation = static_cast<double>(v) - mean[j];
      return deviation * deviation;
    });
  }
  static void rows(char* acc, int64_t plane, const char* x, int64_t stride, int64_t rows, int64_t n,
                   int64_t before, double) {
    alignas(64) double block[2 * kReduceColumns];
    double* mean = block;
    double* spread = block + kReduceColumns;
    clear_row<Plus>(mean, n);
    clear_row<Plus>(spread, n);
    sum_rows(mean, as<T>(x), stride, rows, n);
    for (int64_t j = 0; j < n; ++j) mean[j] /= static_cast<double>(rows);
    spread_rows(spread, as<T>(x), stride, rows, n, mean);
    combine(acc, plane, reinterpret_cast<char*>(block), kReduceColumns, n, before, rows);
  }
  static void run(char* acc, int64_t plane, const char* x, int64_t n, int64_t before, double) {
    alignas(64) double center[kLanes];
    const double sum = take_run<Plus, double>(as<T>(x), n, sum_rows);
    const double mean = sum / static_cast<double>(n);
    for (double& lane : center) lane = mean;
    const double spread = take_run<Plus, double>(
        as<T>(x), n,
        [&center](double* lanes, const T* from, int64_t stride, int64_t count, int64_t width) {
          spread_rows(lanes, from, stride, count, width, center);
        });
    merge_moments(as<double>(acc), as<double>(acc) + plane, &mean, &spread, 1, before, n);
  }
  static void runs(char* acc, int64_t plane, const char* x, int64_t pitch, int64_t n, int64_t count,
                   int64_t before, double power) {
    for (int64_t j = 0; j < n; ++j)
      run(acc + j * static_cast<int64_t>(sizeof(double)), plane, x + j * pitch, count, before,
          power);
  }
  static void combine(char* acc, int64_t plane, const char* other, int64_t other_plane, int64_t n,
                      int64_t before, int64_t count) {
    merge_moments(as<double>(acc), as<double>(acc) + plane, as<double>(other),
                  as<double>(other) + other_plane, n, before, count);
  }
  static constexpr Reducer reducer() {
    return {2, sizeof(double), false, clear, rows, run, runs, combine};
  }
};

// --- maximum and sum of exponentials ---

template <class T>
inline T finite_or_zero(T x) {
  return __builtin_fabs(x) == __builtin_inf() ? T(0) : x;
}

// An empty accumulator has sum 0, which counts for nothing whatever its maximum is.
void merge_exponents(double* __restrict high, double* __restrict sum,
                     const double* __restrict other_high, const double* __restrict other_sum,
                     int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    const double joint = Larger::join(high[j], other_high[j]);
    const double base = finite_or_zero(joint);
    const double own = sum[j] * exponential(finite_or_zero(high[j]) - base);
    const double others = other_sum[j] * exponential(finite_or_zero(other_high[j]) - base);
    sum[j] = (sum[j] == 0 ? 0 : own) + (other_sum[j] == 0 ? 0 : others);
    high[j] = joint;
  }
}

template <class T>
struct Exponents {
  static void clear(char* acc, int64_t plane, int64_t n) {
    clear_row<Larger>(as<double>(acc), n);
    clear_row<Plus>(as<double>(acc) + plane, n);
  }
  [[gnu::noinline]] static void high_rows(T* high, const T* x, int64_t stride, int64_t rows,
                                          int64_t n) {
    take_extreme_rows<Larger>(high, x, stride, rows, n, [](auto v) { return v; });
  }
  [[gnu::noinline]] static void sum_rows(double* sum, const T* x, int64_t stride, int64_t rows,
                                         int64_t n, const T* base) {
    take_rows<Plus, 1>(sum, x, stride, rows, n, [base](T v, int64_t j) {
      return static_cast<double>(exponential(v - base[j]));
    });
  }
  static void rows(char* acc, int64_t plane, const char* x, int64_t stride, int64_t rows, int64_t n,
                   int64_t before, double) {
    alignas(64) T base[kReduceColumns];
    alignas(64) double block[2 * kReduceColumns];
    double* high = block;
    double* sum = block + kReduceColumns;
    clear_row<Larger>(base, n);
    clear_row<Plus>(sum, n);
    high_rows(base, as<T>(x), stride, rows, n);
    for (int64_t j = 0; j < n; ++j) high[j] = static_cast<double>(base[j]);
    for (int64_t j = 0; j < n; ++j) base[j] = finite_or_zero(base[j]);
    sum_rows(sum, as<T>(x), stride, rows, n, base);
    combine(acc, plane, reinterpret_cast<char*>(block), kReduceColumns, n, before, rows);
  }
  static void run(char* acc, int64_t plane, const char* x, int64_t n, int64_t, double) {
    alignas(64) T base[kLanes];
    const T most = take_run<Larger, T>(as<T>(x), n, high_rows);
    for (T& lane : base) lane = finite_or_zero(most);
    const double sum = take_run<Plus, double>(
        as<T>(x), n,
        [&base](double* lanes, const T* from, int64_t stride, int64_t count, int64_t width) {
          sum_rows(lanes, from, stride, count, width, base);
        });
    const double high = static_cast<double>(most);
    merge_exponents(as<double>(acc), as<double>(acc) + plane, &high, &sum, 1);
  }
  static void runs(char* acc, int64_t plane, const char* x, int64_t pitch, int64_t n, int64_t count,
                   int64_t before, double power) {
    for (int64_t j = 0; j < n; ++j)
      run(acc + j * static_cast<int64_t>(sizeof(double)), plane, x + j * pitch, count, before,
          power);
  }
  static void combine(char* acc, int64_t plane, const char* other, int64_t other_plane, int64_t n,
                      int64_t, int64_t) {
    merge_exponents(as<double>(acc), as<double>(acc) + plane, as<double>(other),
                    as<double>(other) + other_plane, n);
  }
  static constexpr Reducer reducer() {
    return {2, sizeof(double), false, clear, rows, run, runs, combine};
  }
};

}  // namespace

extern const ReducePairTable reduce_pair_table;
constinit const ReducePairTable reduce_pair_table = {
    {{Moments<float>::reducer(), Moments<double>::reducer()}},
    {{Exponents<float>::reducer(), Exponents<double>::reducer()}},
};

}  // namespace flambeau::FLAMBEAU_ISA
