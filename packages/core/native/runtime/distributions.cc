#include "distributions.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "sampling.h"

namespace flambeau {
namespace {

constexpr uint64_t kMantissa53 = (uint64_t{1} << 53) - 1;

double next_unit(Generator& generator) {
  return static_cast<double>(generator.random64() & kMantissa53) * 0x1p-53;
}

// ln k! for k ≥ 0 less Stirling's approximation (k + 1/2) ln(k + 1) - (k + 1) + ln(2π) / 2.
template <typename T>
T stirling_rest(T k) {
  constexpr T kFirst[] = {0.0810614667953272,  0.0413406959554092, 0.0276779256849983,
                          0.02079067210376509, 0.0166446911898211, 0.0138761288230707,
                          0.0118967099458917,  0.0104112652619720, 0.00925546218271273,
                          0.00833056343336287};
  if (k <= 9) return kFirst[static_cast<int>(k)];
  const T square = (k + 1) * (k + 1);
  return (T(1.0 / 12) - (T(1.0 / 360) - T(1.0 / 1260) / square) / square) / (k + 1);
}

// Gaps between successes are geometric: counts how many fit. For p ≤ 1/2, few successes.
template <typename T>
T binomial_by_gaps(Generator& generator, T count, T p) {
  const T log_failure = std::log1p(-p);
  T position = 0;
  T successes = 0;
  while (true) {
    const T u = static_cast<T>(next_unit(generator));
    position += std::ceil(std::log(u) / log_failure);
    if (position > count) return successes;
    ++successes;
  }
}

// Algorithm BTRS of W. Hörmann, "The generation of binomial random variates", J. Stat. Comput.
// Simul. 46 (1993), for p ≤ 1/2 and count · p ≥ 10.
template <typename T>
T binomial_by_rejection(Generator& generator, T count, T p) {
  const T spread = std::sqrt(count * p * (1 - p));
  const T b = T(1.15) + T(2.53) * spread;
  const T a = T(-0.0873) + T(0.0248) * b + T(0.01) * p;
  const T centre = count * p + T(0.5);
  const T accepted = T(0.92) - T(4.2) / b;
  const T odds = p / (1 - p);
  const T alpha = (T(2.83) + T(5.1) / b) * spread;
  const T mode = std::floor((count + 1) * p);
  while (true) {
    const T u = static_cast<T>(next_unit(generator) - 0.5);
    T v = static_cast<T>(next_unit(generator));
    const T rest = T(0.5) - std::abs(u);
    const T k = std::floor((2 * a / rest + b) * u + centre);
    // The region that every histogram covers.
    if (rest >= T(0.07) && v <= accepted) return k;
    if (k < 0 || k > count) continue;
    v = std::log(v * alpha / (a / (rest * rest) + b));
    const T bound = (mode + T(0.5)) * std::log((mode + 1) / (odds * (count - mode + 1))) +
                    (count + 1) * std::log((count - mode + 1) / (count - k + 1)) +
                    (k + T(0.5)) * std::log(odds * (count - k + 1) / (k + 1)) +
                    stirling_rest<T>(mode) + stirling_rest<T>(count - mode) - stirling_rest<T>(k) -
                    stirling_rest<T>(count - k);
    if (v <= bound) return k;
  }
}

}  // namespace

template <typename T>
void fill_cauchy(Generator& generator, T* out, int64_t n, double median, double sigma) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(
        std::fma(sigma, std::tan(std::numbers::pi * (next_unit(generator) - 0.5)), median));
}

template <typename T>
void fill_log_normal(Generator& generator, T* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; ++i) {
    double value;
    fill_normal_serial(generator, &value, 1, mean, std);
    out[i] = static_cast<T>(std::exp(value));
  }
}

template <typename T>
void fill_geometric(Generator& generator, T* out, int64_t n, double p) {
  const double scale = std::log(1 - p);
  for (int64_t i = 0; i < n; ++i) {
    const double value = std::ceil(std::log(next_unit(generator)) / scale);
    if constexpr (std::numeric_limits<T>::is_integer) {
      // Infinities (u = 0, or 1 - p = 1) and large numbers must not be converted: they become what
      // processors make of them.
      const bool fits = value >= -0x1p63 && value < 0x1p63;
      out[i] = static_cast<T>(fits ? static_cast<int64_t>(value) : INT64_MIN);
    } else {
      out[i] = static_cast<T>(value);
    }
  }
}

double draw_poisson(Generator& generator, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double product = 1;
    for (double k = 0;; ++k) {
      product *= next_unit(generator);
      if (!(product > limit)) return k;
    }
  }
  // Algorithm PTRS of W. Hörmann, "The transformed rejection method for generating Poisson random
  // variables", Insurance: Mathematics and Economics 12 (1993).
  const double root = std::sqrt(rate);
  const double log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * root;
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double accepted = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = next_unit(generator) - 0.5;
    const double v = next_unit(generator);
    const double rest = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / rest + b) * u + rate + 0.43);
    if (rest >= 0.07 && v <= accepted) return k;
    if (k < 0 || (rest < 0.013 && v > rest)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (rest * rest) + b) <=
        -rate + k * log_rate - std::lgamma(k + 1))
      return k;
  }
}

template <typename T>
T draw_binomial(Generator& generator, T count, T p) {
  if (std::isnan(count) || std::isnan(p)) return std::numeric_limits<T>::quiet_NaN();
  if (!(count > 0) || !(p > 0)) return 0;
  if (p >= 1) return count;
  const T rare = p <= T(0.5) ? p : 1 - p;
  const T drawn = count * rare >= 10 ? binomial_by_rejection<T>(generator, count, rare)
                                     : binomial_by_gaps<T>(generator, count, rare);
  return p <= T(0.5) ? drawn : count - drawn;
}

#define FLAMBEAU_INSTANTIATE(T)                                              \
  template void fill_cauchy<T>(Generator&, T*, int64_t, double, double);     \
  template void fill_log_normal<T>(Generator&, T*, int64_t, double, double); \
  template T draw_binomial<T>(Generator&, T, T);
FLAMBEAU_INSTANTIATE(float)
FLAMBEAU_INSTANTIATE(double)
#undef FLAMBEAU_INSTANTIATE
template void fill_geometric<float>(Generator&, float*, int64_t, double);
template void fill_geometric<double>(Generator&, double*, int64_t, double);
template void fill_geometric<int64_t>(Generator&, int64_t*, int64_t, double);
template void fill_geometric<int32_t>(Generator&, int32_t*, int64_t, double);
template void fill_geometric<uint8_t>(Generator&, uint8_t*, int64_t, double);

}  // namespace flambeau
