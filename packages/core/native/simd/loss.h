// Loops of loss functions over contiguous elements.
#pragma once

#include <cstdint>

namespace flambeau {

template <class T>
struct LossFunctions {
  // The sum of (a - b)²; the order depends on n alone.
  double (*squared_sum)(int64_t n, const T* a, const T* b);
  // y = (a - b)²
  void (*squared)(int64_t n, const T* a, const T* b, T* y);
  // y = grad · scale · (a - b), the i-th or (grad_step 0) the only gradient.
  void (*difference)(int64_t n, const T* grad, int64_t grad_step, T scale, const T* a, const T* b,
                     T* y);
};

struct LossTable {
  LossFunctions<float> f32;
  LossFunctions<double> f64;
};

}  // namespace flambeau
