// The formulas and their order of operations are PyTorch's.
#include "optim.h"

#include <bit>
#include <cmath>

namespace flambeau::FLAMBEAU_ISA {
namespace {

inline float square_root(float x) { return ::sqrtf(x); }
inline double square_root(double x) { return ::sqrt(x); }

enum class Decay { kNone, kGradient, kParameter };

template <class T, bool kMomentum>
void sgd_loop(int64_t n, const SgdNumbers& numbers, T* p, const T* g, T* buffer) {
  const T sign = numbers.maximize ? -1 : 1;
  const T step = static_cast<T>(-numbers.lr);
  const T decay = static_cast<T>(numbers.weight_decay);
  const T momentum = static_cast<T>(numbers.momentum);
  const T share = static_cast<T>(1 - numbers.dampening);
  const bool decays = numbers.weight_decay != 0;
  const bool first = numbers.first;
  const bool nesterov = numbers.nesterov;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T grad = g[i] * sign;
    if (decays) grad += decay * p[i];
    if constexpr (kMomentum) {
      const T moved = first ? grad : buffer[i] * momentum + share * grad;
      buffer[i] = moved;
      grad = nesterov ? grad + momentum * moved : moved;
    }
    p[i] += step * grad;
  }
}

template <class T>
void sgd(int64_t n, const SgdNumbers& numbers, T* p, const T* g, T* buffer) {
  if (buffer) {
    sgd_loop<T, true>(n, numbers, p, g, buffer);
  } else {
    sgd_loop<T, false>(n, numbers, p, g, buffer);
  }
}

template <class T, Decay kDecay, bool kLargest>
void adam_loop(int64_t n, const AdamNumbers& numbers, T* p, const T* g, T* m, T* v, T* largest) {
  const T sign = numbers.maximize ? -1 : 1;
  const T shrink = static_cast<T>(1 - numbers.lr * numbers.weight_decay);
  const T decay = static_cast<T>(numbers.weight_decay);
  const T beta1 = static_cast<T>(numbers.beta1);
  const T rest1 = static_cast<T>(1 - numbers.beta1);
  const T beta2 = static_cast<T>(numbers.beta2);
  const T rest2 = static_cast<T>(1 - numbers.beta2);
  const T root = static_cast<T>(::sqrt(numbers.correction2));
  const T eps = static_cast<T>(numbers.eps);
  const T step = static_cast<T>(-(numbers.lr / numbers.correction1));
  const bool near_start = 1 - numbers.beta1 < 0.5;  // of the two ways to interpolate, the exact one
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T value = p[i];
    T grad = g[i] * sign;
    if constexpr (kDecay == Decay::kParameter) value *= shrink;
    if constexpr (kDecay == Decay::kGradient) grad += decay * value;
    const T change = grad - m[i];
    const T mean = near_start ? m[i] + rest1 * change : grad - change * beta1;
    const T square = v[i] * beta2 + rest2 * grad * grad;
    m[i] = mean;
    v[i] = square;
    T scale = square;
    if constexpr (kLargest) {
      const T before = largest[i];
      scale = (square > before) | (square != square) ? square : before;
      largest[i] = scale;
    }
    const T denominator = square_root(scale) / root + eps;
    p[i] = value + step * (mean / denominator);
  }
}

template <class T, Decay kDecay>
void adam_decayed(int64_t n, const AdamNumbers& numbers, T* p, const T* g, T* m, T* v, T* largest) {
  if (largest) {
    adam_loop<T, kDecay, true>(n, numbers, p, g, m, v, largest);
  } else {
    adam_loop<T, kDecay, false>(n, numbers, p, g, m, v, largest);
  }
}

template <class T>
void adam(int64_t n, const AdamNumbers& numbers, T* p, const T* g, T* m, T* v, T* largest) {
  if (numbers.weight_decay == 0) {
    adam_decayed<T, Decay::kNone>(n, numbers, p, g, m, v, largest);
  } else if (numbers.decoupled) {
    adam_decayed<T, Decay::kParameter>(n, numbers, p, g, m, v, largest);
  } else {
    adam_decayed<T, Decay::kGradient>(n, numbers, p, g, m, v, largest);
  }
}

// The gradient as an algorithm sees it: turned around to go up, with the weight decay.
template <class T>
struct Gradient {
  explicit Gradient(const double* numbers)
      : sign(static_cast<T>(numbers[0])), decay(static_cast<T>(numbers[1])) {}
  T operator()(T grad, T value) const { return grad * sign + decay * value; }
  T sign, decay;
};

// numbers: lr, alpha, eps, momentum, centered. State: mean square, [buffer], [mean gradient].
template <class T>
void rmsprop(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T lr = static_cast<T>(numbers[2]), alpha = static_cast<T>(numbers[3]);
  const T rest = static_cast<T>(1 - numbers[3]), eps = static_cast<T>(numbers[4]);
  const T momentum = static_cast<T>(numbers[5]);
  const bool centered = numbers[6] != 0;
  const bool moves = numbers[5] > 0;
  T *p = at[0], *square = at[2];
  const T* g = at[1];
  T* buffer = moves ? at[3] : nullptr;
  T* mean = centered ? at[moves ? 4 : 3] : nullptr;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T grad = gradient(g[i], p[i]);
    const T squared = square[i] * alpha + rest * grad * grad;
    square[i] = squared;
    T spread = squared;
    if (centered) {
      const T average = mean[i] + rest * (grad - mean[i]);
      mean[i] = average;
      spread = squared - average * average;
    }
    const T change = grad / (square_root(spread) + eps);
    if (moves) {
      const T moved = buffer[i] * momentum + change;
      buffer[i] = moved;
      p[i] -= lr * moved;
    } else {
      p[i] -= lr * change;
    }
  }
}

// numbers: lr of this step, eps. State: sum of squares.
template <class T>
void adagrad(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T lr = static_cast<T>(numbers[2]), eps = static_cast<T>(numbers[3]);
  T *p = at[0], *sum = at[2];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T grad = gradient(g[i], p[i]);
    const T total = sum[i] + grad * grad;
    sum[i] = total;
    p[i] -= lr * (grad / (square_root(total) + eps));
  }
}

// numbers: lr, rho, eps. State: mean square of the gradients, of the changes.
template <class T>
void adadelta(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T lr = static_cast<T>(numbers[2]), rho = static_cast<T>(numbers[3]);
  const T rest = static_cast<T>(1 - numbers[3]), eps = static_cast<T>(numbers[4]);
  T *p = at[0], *square = at[2], *changes = at[3];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T grad = gradient(g[i], p[i]);
    const T squared = square[i] * rho + rest * grad * grad;
    const T change = square_root(changes[i] + eps) / square_root(squared + eps) * grad;
    square[i] = squared;
    changes[i] = changes[i] * rho + rest * change * change;
    p[i] -= lr * change;
  }
}

// numbers: corrected lr, beta1, beta2, eps. State: mean, largest gradient.
template <class T>
void adamax(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T lr = static_cast<T>(numbers[2]), rest1 = static_cast<T>(1 - numbers[3]);
  const T beta2 = static_cast<T>(numbers[4]), eps = static_cast<T>(numbers[5]);
  T *p = at[0], *mean = at[2], *largest = at[3];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T grad = gradient(g[i], p[i]);
    const T average = mean[i] + rest1 * (grad - mean[i]);
    const T size = (grad < 0 ? -grad : grad) + eps;
    const T before = largest[i] * beta2;
    const T norm = before > size ? before : size;
    mean[i] = average;
    largest[i] = norm;
    p[i] -= lr * (average / norm);
  }
}

// numbers: factor of the gradient, of the mean, beta1, beta2, eps, 1 - beta2^step, shrink.
// State: mean, mean square.
template <class T>
void nadam(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T of_grad = static_cast<T>(numbers[2]), of_mean = static_cast<T>(numbers[3]);
  const T rest1 = static_cast<T>(1 - numbers[4]), beta2 = static_cast<T>(numbers[5]);
  const T rest2 = static_cast<T>(1 - numbers[5]), eps = static_cast<T>(numbers[6]);
  const T correction = static_cast<T>(numbers[7]), shrink = static_cast<T>(numbers[8]);
  T *p = at[0], *mean = at[2], *square = at[3];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T value = p[i] * shrink;
    const T grad = gradient(g[i], value);
    const T average = mean[i] + rest1 * (grad - mean[i]);
    const T squared = square[i] * beta2 + rest2 * grad * grad;
    const T denominator = square_root(squared / correction) + eps;
    mean[i] = average;
    square[i] = squared;
    p[i] = value - of_grad * (grad / denominator) - of_mean * (average / denominator);
  }
}

// numbers: lr / (1 - beta1^step), beta1, beta2, eps, factor of the adaptive step (0: none), shrink.
// State: mean, mean square.
template <class T>
void radam(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T lr = static_cast<T>(numbers[2]), rest1 = static_cast<T>(1 - numbers[3]);
  const T beta2 = static_cast<T>(numbers[4]), rest2 = static_cast<T>(1 - numbers[4]);
  const T eps = static_cast<T>(numbers[5]), adapt = static_cast<T>(numbers[6]);
  const T shrink = static_cast<T>(numbers[7]);
  const bool adaptive = numbers[6] != 0;
  T *p = at[0], *mean = at[2], *square = at[3];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T value = p[i] * shrink;
    const T grad = gradient(g[i], value);
    const T average = mean[i] + rest1 * (grad - mean[i]);
    const T squared = square[i] * beta2 + rest2 * grad * grad;
    mean[i] = average;
    square[i] = squared;
    const T factor = adaptive ? adapt / (square_root(squared) + eps) : T{1};
    p[i] = value - lr * average * factor;
  }
}

// numbers: eta, 1 - lambd · eta, mu (1: the average starts as the parameter). State: average.
template <class T>
void asgd(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T eta = static_cast<T>(numbers[2]), shrink = static_cast<T>(numbers[3]);
  const T mu = static_cast<T>(numbers[4]);
  const bool starts = numbers[4] == 1;
  T *p = at[0], *average = at[2];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T value = p[i] * shrink - eta * gradient(g[i], p[i]);
    p[i] = value;
    average[i] = starts ? value : average[i] + mu * (value - average[i]);
  }
}

// numbers: factor down, factor up, smallest and largest step. State: gradient before, step sizes.
template <class T>
void rprop(int64_t n, const double* numbers, T* const* at) {
  const Gradient<T> gradient(numbers);
  const T down = static_cast<T>(numbers[2]), up = static_cast<T>(numbers[3]);
  const T smallest = static_cast<T>(numbers[4]), largest = static_cast<T>(numbers[5]);
  T *p = at[0], *before = at[2], *size = at[3];
  const T* g = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T grad = gradient(g[i], p[i]);
    const T agreement = grad * before[i];
    const T factor = agreement > 0 ? up : (agreement < 0 ? down : T{1});
    const T scaled = size[i] * factor;
    const T step = scaled < smallest ? smallest : (scaled > largest ? largest : scaled);
    const T used = agreement < 0 ? T{0} : grad;
    size[i] = step;
    before[i] = used;
    p[i] -= used > 0 ? step : (used < 0 ? -step : T{0});
  }
}

// numbers: weight. The parameter is the average, its gradient the value that joins it; no state.
template <class T>
void average(int64_t n, const double* numbers, T* const* at) {
  const T weight = static_cast<T>(numbers[2]), rest = static_cast<T>(1 - numbers[2]);
  const bool near_start = numbers[2] < 0.5;  // of the two ways to interpolate, the exact one
  T* p = at[0];
  const T* value = at[1];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T change = value[i] - p[i];
    p[i] = near_start ? p[i] + weight * change : value[i] - change * rest;
  }
}

// The exponent of what is not finite is all ones.
inline uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }
inline uint64_t bits_of(double x) { return std::bit_cast<uint64_t>(x); }
constexpr uint32_t exponent(float) { return 0x7f800000u; }
constexpr uint64_t exponent(double) { return 0x7ff0000000000000u; }

template <class T>
bool unscale(int64_t n, T factor, T* x) {
  constexpr auto kExponent = exponent(T{});
  auto bad = kExponent ^ kExponent;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T value = x[i];
    bad |= static_cast<decltype(bad)>((bits_of(value) & kExponent) == kExponent);
    x[i] = value * factor;
  }
  return bad != 0;
}

template <class T>
constexpr OptimFunctions<T> functions() {
  return {sgd<T>,
          adam<T>,
          {rmsprop<T>, adagrad<T>, adadelta<T>, adamax<T>, nadam<T>, radam<T>, asgd<T>, rprop<T>,
           average<T>},
          unscale<T>};
}

}  // namespace

extern const OptimTable optim_table;
const OptimTable optim_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
