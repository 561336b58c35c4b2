// Softmax over many rows at once.
#pragma once

#include <cstdint>

namespace flambeau {

// Where `lanes` rows of length n lie: element i of row j at i · step + j · lane_step. Fast where
// one of the two is 1.
struct LaneLayout {
  int64_t n;
  int64_t lanes;  // at most kMaxLanes
  int64_t step;
  int64_t lane_step;
};
inline constexpr int64_t kMaxLanes = 64;

// Operands of one call share the layout; y may be x. Rows of -inf give NaN, as do rows with a NaN
// or with +inf. Sums of long rows are kept in double. The bits of a row do not depend on its
// neighbours' values.
template <class T>
struct SoftmaxFunctions {
  void (*softmax)(const LaneLayout& layout, const T* x, T* y);
  void (*log_softmax)(const LaneLayout& layout, const T* x, T* y);
  // dx = y · (dy - sum of dy · y), y being the softmax.
  void (*softmax_grad)(const LaneLayout& layout, const T* dy, const T* y, T* dx);
  // dx = dy - exp(y) · sum of dy, y being the log-softmax.
  void (*log_softmax_grad)(const LaneLayout& layout, const T* dy, const T* y, T* dx);
  // Per row j: high[j] = the largest x, log_sum[j] = log of the sum of exp(x - high[j]).
  void (*statistics)(const LaneLayout& layout, const T* x, T* high, T* log_sum);
  // y = scale[j] · exp(x - high[j] - log_sum[j])
  void (*scaled)(const LaneLayout& layout, const T* x, const T* high, const T* log_sum,
                 const T* scale, T* y);
};

struct SoftmaxTable {
  SoftmaxFunctions<float> f32;
  SoftmaxFunctions<double> f64;
};

}  // namespace flambeau
