// Optimizer steps over contiguous elements.
#pragma once

#include <cstdint>

namespace flambeau {

struct SgdNumbers {
  double lr, momentum, dampening, weight_decay;
  bool nesterov;
  bool maximize;
  bool first;  // the momentum starts as the gradient
};

struct AdamNumbers {
  double lr, beta1, beta2, eps, weight_decay;
  bool decoupled;  // weight decay of AdamW: shrinks the parameter, not the gradient
  bool maximize;
  double correction1, correction2;  // 1 - beta^step
};

// The algorithms of a step on each element by itself, in the order of their codes
// (src/ops/optim.ts). numbers[0] is the gradient's factor (-1 to go up), numbers[1] the weight
// decay that is added to it; what follows is said at each loop in optim.cc. at[0] is the parameter,
// at[1] its gradient, then the state.
enum class StepRule {
  kRmsprop,
  kAdagrad,
  kAdadelta,
  kAdamax,
  kNadam,
  kRadam,
  kAsgd,
  kRprop,
  kAverage
};
inline constexpr int kNumStepRules = 9;

template <class T>
struct OptimFunctions {
  // Without momentum, `buffer` is null.
  void (*sgd)(int64_t n, const SgdNumbers& numbers, T* p, const T* g, T* buffer);
  // `largest` is null without AMSGrad.
  void (*adam)(int64_t n, const AdamNumbers& numbers, T* p, const T* g, T* m, T* v, T* largest);
  void (*rules[kNumStepRules])(int64_t n, const double* numbers, T* const* at);
  // x *= factor; true if an element was infinite or NaN before.
  bool (*unscale)(int64_t n, T factor, T* x);
};

struct OptimTable {
  OptimFunctions<float> f32;
  OptimFunctions<double> f64;
};

}  // namespace flambeau
