// The formulas and their order of operations are PyTorch's.
#include "optim.h"

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

template <class T>
constexpr OptimFunctions<T> functions() {
  return {sgd<T>, adam<T>};
}

}  // namespace

extern const OptimTable optim_table;
const OptimTable optim_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
