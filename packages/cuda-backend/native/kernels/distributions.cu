// Samples of distributions that need an unknown number of random numbers each, and of categories.
// philox.h says which numbers they are; the algorithms are those of core's
// runtime/distributions.cc.
#include <cmath>

#include "random_fill.h"

namespace flambeau::cuda {

namespace {

// ln k! for k ≥ 0 less Stirling's approximation (k + 1/2) ln(k + 1) - (k + 1) + ln(2π) / 2.
template <class C>
__device__ C stirling_rest(C k) {
  constexpr C kFirst[] = {C(0.0810614667953272),  C(0.0413406959554092), C(0.0276779256849983),
                          C(0.02079067210376509), C(0.0166446911898211), C(0.0138761288230707),
                          C(0.0118967099458917),  C(0.0104112652619720), C(0.00925546218271273),
                          C(0.00833056343336287)};
  if (k <= 9) return kFirst[static_cast<int>(k)];
  const C square = (k + 1) * (k + 1);
  return (C(1.0 / 12) - (C(1.0 / 360) - C(1.0 / 1260) / square) / square) / (k + 1);
}

// Gaps between successes are geometric: counts how many fit. For p ≤ 1/2, few successes.
template <class C>
__device__ C binomial_by_gaps(PhiloxStream& stream, C count, C p) {
  const C log_failure = std::log1p(-p);
  C position = 0;
  C successes = 0;
  while (true) {
    position += std::ceil(std::log(static_cast<C>(stream.next())) / log_failure);
    if (position > count) return successes;
    ++successes;
  }
}

// Algorithm BTRS of W. Hörmann, "The generation of binomial random variates", J. Stat. Comput.
// Simul. 46 (1993), for p ≤ 1/2 and count · p ≥ 10.
template <class C>
__device__ C binomial_by_rejection(PhiloxStream& stream, C count, C p) {
  const C spread = square_root(count * p * (1 - p));
  const C b = C(1.15) + C(2.53) * spread;
  const C a = C(-0.0873) + C(0.0248) * b + C(0.01) * p;
  const C centre = count * p + C(0.5);
  const C accepted = C(0.92) - C(4.2) / b;
  const C odds = p / (1 - p);
  const C alpha = (C(2.83) + C(5.1) / b) * spread;
  const C mode = std::floor((count + 1) * p);
  while (true) {
    const C u = static_cast<C>(stream.next() - 0.5);
    C v = static_cast<C>(stream.next());
    const C rest = C(0.5) - (u < 0 ? -u : u);
    const C k = std::floor((2 * a / rest + b) * u + centre);
    // The region that every histogram covers.
    if (rest >= C(0.07) && v <= accepted) return k;
    if (!(k >= 0 && k <= count)) continue;
    v = std::log(v * alpha / (a / (rest * rest) + b));
    const C bound = (mode + C(0.5)) * std::log((mode + 1) / (odds * (count - mode + 1))) +
                    (count + 1) * std::log((count - mode + 1) / (count - k + 1)) +
                    (k + C(0.5)) * std::log(odds * (count - k + 1) / (k + 1)) +
                    stirling_rest<C>(mode) + stirling_rest<C>(count - mode) - stirling_rest<C>(k) -
                    stirling_rest<C>(count - k);
    if (v <= bound) return k;
  }
}

template <class C>
__device__ C binomial_sample(PhiloxStream& stream, C count, C p) {
  if (count != count || p != p) return count + p;
  if (!(count > 0) || !(p > 0)) return 0;
  if (p >= 1) return count;
  const C rare = p <= C(0.5) ? p : 1 - p;
  const C drawn = count * rare >= 10 ? binomial_by_rejection<C>(stream, count, rare)
                                     : binomial_by_gaps<C>(stream, count, rare);
  return p <= C(0.5) ? drawn : count - drawn;
}

// Products of uniform numbers below 10, transformed rejection from there on.
__device__ double poisson_sample(PhiloxStream& stream, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = ::exp(-rate);
    double product = 1;
    for (double k = 0;; ++k) {
      product *= stream.next();
      if (!(product > limit)) return k;
    }
  }
  // Algorithm PTRS of W. Hörmann, "The transformed rejection method for generating Poisson random
  // variables", Insurance: Mathematics and Economics 12 (1993).
  const double root = ::sqrt(rate);
  const double log_rate = ::log(rate);
  const double b = 0.931 + 2.53 * root;
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double accepted = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = stream.next() - 0.5;
    const double v = stream.next();
    const double rest = 0.5 - ::fabs(u);
    const double k = ::floor((2 * a / rest + b) * u + rate + 0.43);
    if (rest >= 0.07 && v <= accepted) return k;
    if (k < 0 || (rest < 0.013 && v > rest)) continue;
    if (::log(v) + ::log(inverse_alpha) - ::log(a / (rest * rest) + b) <=
        -rate + k * log_rate - ::lgamma(k + 1))
      return k;
  }
}

template <class T>
__global__ void __launch_bounds__(kRandomThreads)
    poisson_fill(Philox given, int64_t n, const T* rates, const Fault* fault, T* out) {
  const Philox philox = given.now();
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const double rate = static_cast<double>(widened(rates[i]));
    double value = formulas::kNan;
    // The loop would not end for NaN and infinity.
    if (!(rate >= 0)) {
      report_number(fault, kFaultRate, rate, i);
    } else if (rate - rate == 0) {
      PhiloxStream stream(philox, static_cast<uint64_t>(i));
      value = poisson_sample(stream, rate);
    }
    out[i] = narrowed<T>(static_cast<Computed<T>>(value));
  }
}

template <class T>
__global__ void __launch_bounds__(kRandomThreads)
    binomial_fill(Philox given, int64_t n, const T* counts, const T* p, T* out) {
  using C = Computed<T>;
  const Philox philox = given.now();
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    PhiloxStream stream(philox, static_cast<uint64_t>(i));
    const C count = widened(counts[i]);
    const C finite = count - count == 0 ? count : static_cast<C>(formulas::kNan);
    out[i] = narrowed<T>(binomial_sample<C>(stream, finite, widened(p[i])));
  }
}

// sums[row][i] = the weights up to category i over their total; a block has a row.
template <class T>
__global__ void __launch_bounds__(kRandomThreads)
    cumulate(const T* weights, int64_t categories, const Fault* fault, Computed<T>* sums) {
  using C = Computed<T>;
  const T* const from = weights + blockIdx.x * categories;
  C* const to = sums + blockIdx.x * categories;
  C before = 0;
  for (int64_t first = 0; first < categories; first += kRandomThreads) {
    const int64_t i = first + threadIdx.x;
    C weight = i < categories ? widened(from[i]) : C(0);
    if (!(weight >= 0) || weight - weight != 0) {
      report_number(fault, kFaultWeight, static_cast<double>(weight), i);
      weight = 0;
    }
    C total;
    const C sum = block_scan<Sum>(weight, &total);
    if (i < categories) to[i] = before + sum;
    before += total;
  }
  if (!(before > 0)) {
    if (threadIdx.x == 0) report(fault, kFaultWeights, 0, 0);
    before = 1;
  }
  for (int64_t i = threadIdx.x; i < categories; i += kRandomThreads)
    to[i] = i + 1 < categories ? to[i] / before : C(1);
}

// The first category whose sum is at least u, which no category of weight 0 is but for u = 0.
template <class C>
struct CategorySample {
  const C* sums;
  int64_t categories;
  int64_t samples;  // of a row

  __device__ __forceinline__ int64_t operator()(uint64_t bits, int64_t i) const {
    const C* const row = sums + i / samples * categories;
    const double wanted = unit_double(bits);
    int64_t low = 0;
    int64_t high = categories - 1;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (static_cast<double>(row[middle]) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

}  // namespace

// rates floating [*] -> Poisson samples in a new row-major tensor; parameters: generator.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(poisson) {
  const Tensor rates = call.contiguous(call.in(0));
  const Tensor& out = call.out(0);
  require_internal(out.shape == rates.shape && out.dtype == rates.dtype,
                   "poisson's output does not fit");
  const int64_t n = out.numel();
  if (n == 0) return;
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(poisson_fill<T>, grid_for(n, 1, call.properties(), kRandomThreads), kRandomThreads, 0,
           call.stream(), draw_words(call, n, 4), n, rates.as<T>(), call.fault(), out.as<T>());
  });
}

// count, p, floating, of one shape -> binomial samples in a new row-major tensor; parameters:
// generator. NaN for an infinite count.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(binomial) {
  const Tensor counts = call.contiguous(call.in(0));
  const Tensor p = call.contiguous(call.in(1));
  const Tensor& out = call.out(0);
  require_internal(out.shape == counts.shape && out.shape == p.shape && out.dtype == counts.dtype &&
                       out.dtype == p.dtype,
                   "binomial's operands do not fit");
  const int64_t n = out.numel();
  if (n == 0) return;
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(binomial_fill<T>, grid_for(n, 1, call.properties(), kRandomThreads), kRandomThreads, 0,
           call.stream(), draw_words(call, n, 4), n, counts.as<T>(), p.as<T>(), out.as<T>());
  });
}

// weights floating [rows, categories ≥ 1] -> int64 [rows, samples]: categories, each drawn with the
// probability of its weight over the row's sum, independently. Parameters: generator.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(multinomial) {
  const Tensor weights = call.contiguous(call.in(0));
  const Tensor& out = call.out(0);
  require_internal(weights.ndim() == 2 && weights.size(1) >= 1 && out.ndim() == 2 &&
                       out.size(0) == weights.size(0) && out.dtype == DType::kInt64,
                   "multinomial's output does not fit");
  const int64_t rows = weights.size(0);
  if (rows == 0) return;
  with_float_type(weights.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    C* const sums = call.scratch_of<C>(weights.numel());
    launch(cumulate<T>, static_cast<unsigned>(rows), kRandomThreads, 0, call.stream(),
           weights.as<T>(), weights.size(1), call.fault(), sums);
    fill_random<2, int64_t>(call, out, CategorySample<C>{sums, weights.size(1), out.size(1)});
  });
}

}  // namespace flambeau::cuda
