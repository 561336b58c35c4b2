// Optimizer steps of one element, in the order of operations of core's simd/optim.cc. v holds what
// belongs to it: the parameter, its gradient, then the state.
#pragma once

#include "numbers.h"
#include "optim.h"

namespace flambeau::cuda {

template <class C>
struct SgdRule {
  C sign, step, decay, momentum, share;
  bool decays, first, nesterov;

  explicit SgdRule(const SgdNumbers& n)
      : sign(n.maximize ? C(-1) : C(1)),
        step(static_cast<C>(-n.lr)),
        decay(static_cast<C>(n.weight_decay)),
        momentum(static_cast<C>(n.momentum)),
        share(static_cast<C>(1 - n.dampening)),
        decays(n.weight_decay != 0),
        first(n.first),
        nesterov(n.nesterov) {}

  template <int kRoles>
  __device__ __forceinline__ void apply(C (&v)[kRoles]) const {
    C grad = v[1] * sign;
    if (decays) grad += decay * v[0];
    if constexpr (kRoles > 2) {
      const C moved = first ? grad : v[2] * momentum + share * grad;
      v[2] = moved;
      grad = nesterov ? grad + momentum * moved : moved;
    }
    v[0] += step * grad;
  }
};

template <class C>
struct AdamRule {
  C sign, shrink, decay, beta1, rest1, beta2, rest2, root, eps, step;
  bool decays, decoupled, near_start;

  explicit AdamRule(const AdamNumbers& n)
      : sign(n.maximize ? C(-1) : C(1)),
        shrink(static_cast<C>(1 - n.lr * n.weight_decay)),
        decay(static_cast<C>(n.weight_decay)),
        beta1(static_cast<C>(n.beta1)),
        rest1(static_cast<C>(1 - n.beta1)),
        beta2(static_cast<C>(n.beta2)),
        rest2(static_cast<C>(1 - n.beta2)),
        root(static_cast<C>(std::sqrt(n.correction2))),
        eps(static_cast<C>(n.eps)),
        step(static_cast<C>(-(n.lr / n.correction1))),
        decays(n.weight_decay != 0),
        decoupled(n.decoupled),
        near_start(1 - n.beta1 < 0.5) {}

  template <int kRoles>
  __device__ __forceinline__ void apply(C (&v)[kRoles]) const {
    C value = v[0];
    C grad = v[1] * sign;
    if (decays && decoupled) value *= shrink;
    if (decays && !decoupled) grad += decay * value;
    const C change = grad - v[2];
    const C mean = near_start ? v[2] + rest1 * change : grad - change * beta1;
    const C square = v[3] * beta2 + rest2 * grad * grad;
    v[2] = mean;
    v[3] = square;
    C scale = square;
    if constexpr (kRoles > 4) {
      scale = square > v[4] || square != square ? square : v[4];
      v[4] = scale;
    }
    v[0] = value + step * (mean / (square_root(scale) / root + eps));
  }
};

// The rules of StepRule, whose numbers optim.cc explains.
template <class C, StepRule kRule>
struct StepOf {
  C sign, decay;
  C number[7];      // those from the third on
  C rest[7];        // 1 - number
  bool flag[7];     // number != 0
  bool near_start;  // of the two ways to interpolate, the exact one

  StepOf(const double* numbers, int count)
      : sign(static_cast<C>(numbers[0])), decay(static_cast<C>(numbers[1])) {
    for (int i = 0; i < 7; ++i) {
      const double x = i + 2 < count ? numbers[i + 2] : 0;
      number[i] = static_cast<C>(x);
      rest[i] = static_cast<C>(1 - x);
      flag[i] = x != 0;
    }
    near_start = numbers[2] < 0.5;
  }

  __device__ __forceinline__ C gradient(C grad, C value) const {
    return grad * sign + decay * value;
  }

  template <int kRoles>
  __device__ __forceinline__ void apply(C (&v)[kRoles]) const {
    if constexpr (kRule == StepRule::kRmsprop) {
      // lr, alpha, eps, momentum, centred
      const C grad = gradient(v[1], v[0]);
      const C squared = v[2] * number[1] + rest[1] * grad * grad;
      v[2] = squared;
      C spread = squared;
      const bool moves = kRoles == 5 || (kRoles == 4 && !flag[4]);
      if constexpr (kRoles > 3) {
        if (flag[4]) {
          C& mean = v[kRoles - 1];
          mean += rest[1] * (grad - mean);
          spread = squared - mean * mean;
        }
      }
      const C change = grad / (square_root(spread) + number[2]);
      if constexpr (kRoles > 3) {
        if (moves) {
          v[3] = v[3] * number[3] + change;
          v[0] -= number[0] * v[3];
          return;
        }
      }
      v[0] -= number[0] * change;
    } else if constexpr (kRule == StepRule::kAdagrad) {
      const C grad = gradient(v[1], v[0]);
      v[2] += grad * grad;
      v[0] -= number[0] * (grad / (square_root(v[2]) + number[1]));
    } else if constexpr (kRule == StepRule::kAdadelta) {
      const C grad = gradient(v[1], v[0]);
      const C squared = v[2] * number[1] + rest[1] * grad * grad;
      const C change = square_root(v[3] + number[2]) / square_root(squared + number[2]) * grad;
      v[2] = squared;
      v[3] = v[3] * number[1] + rest[1] * change * change;
      v[0] -= number[0] * change;
    } else if constexpr (kRule == StepRule::kAdamax) {
      const C grad = gradient(v[1], v[0]);
      const C average = v[2] + rest[1] * (grad - v[2]);
      const C size = (grad < 0 ? -grad : grad) + number[3];
      const C before = v[3] * number[2];
      const C norm = before > size ? before : size;
      v[2] = average;
      v[3] = norm;
      v[0] -= number[0] * (average / norm);
    } else if constexpr (kRule == StepRule::kNadam) {
      const C value = v[0] * number[6];
      const C grad = gradient(v[1], value);
      v[2] += rest[2] * (grad - v[2]);
      v[3] = v[3] * number[3] + rest[3] * grad * grad;
      const C denominator = square_root(v[3] / number[5]) + number[4];
      v[0] = value - number[0] * (grad / denominator) - number[1] * (v[2] / denominator);
    } else if constexpr (kRule == StepRule::kRadam) {
      const C value = v[0] * number[5];
      const C grad = gradient(v[1], value);
      v[2] += rest[1] * (grad - v[2]);
      v[3] = v[3] * number[2] + rest[2] * grad * grad;
      const C factor = flag[4] ? number[4] / (square_root(v[3]) + number[3]) : C(1);
      v[0] = value - number[0] * v[2] * factor;
    } else if constexpr (kRule == StepRule::kAsgd) {
      const C value = v[0] * number[1] - number[0] * gradient(v[1], v[0]);
      v[0] = value;
      v[2] = number[2] == C(1) ? value : v[2] + number[2] * (value - v[2]);
    } else if constexpr (kRule == StepRule::kRprop) {
      // factor down, factor up, smallest, largest
      const C grad = gradient(v[1], v[0]);
      const C agreement = grad * v[2];
      const C scaled = v[3] * (agreement > 0 ? number[1] : (agreement < 0 ? number[0] : C(1)));
      const C step = scaled < number[2] ? number[2] : (scaled > number[3] ? number[3] : scaled);
      const C used = agreement < 0 ? C(0) : grad;
      v[3] = step;
      v[2] = used;
      v[0] -= used > 0 ? step : (used < 0 ? -step : C(0));
    } else {
      static_assert(kRule == StepRule::kAverage);
      const C change = v[1] - v[0];
      v[0] = near_start ? v[0] + number[0] * change : v[1] - change * rest[0];
    }
  }
};

}  // namespace flambeau::cuda
