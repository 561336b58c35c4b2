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

template <class T>
struct OptimFunctions {
  // Without momentum, `buffer` is null.
  void (*sgd)(int64_t n, const SgdNumbers& numbers, T* p, const T* g, T* buffer);
  // `largest` is null without AMSGrad.
  void (*adam)(int64_t n, const AdamNumbers& numbers, T* p, const T* g, T* m, T* v, T* largest);
};

struct OptimTable {
  OptimFunctions<float> f32;
  OptimFunctions<double> f64;
};

}  // namespace flambeau
