// Loops of loss functions over contiguous elements.
#pragma once

#include <cstdint>

namespace flambeau {

// A loss of pairs (a, b), element by element.
template <class T>
struct PairLoss {
  // The sum of all losses; the order depends on n alone.
  double (*sum)(int64_t n, const T* a, const T* b);
  void (*each)(int64_t n, const T* a, const T* b, T* y);
  // y = grad · scale · (the slope by a), the i-th or (grad_step 0) the only gradient.
  void (*grad)(int64_t n, const T* grad, int64_t grad_step, T scale, const T* a, const T* b, T* y);
};

template <class T>
struct LossFunctions {
  // (a - b)², of which `grad` has half of the slope.
  PairLoss<T> squared;
  // Cross-entropy of the sigmoid of a with the probability b: (1 - b) · a + log(1 + exp(-a)).
  PairLoss<T> logits;
};

struct LossTable {
  LossFunctions<float> f32;
  LossFunctions<double> f64;
};

}  // namespace flambeau
