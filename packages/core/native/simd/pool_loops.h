// Pooling loops over channels-last tensors, one row at a time.
#pragma once

#include <cstdint>

#include "pool_windows.h"

namespace flambeau {

// Row `row` of the output from image x. Each window covers an input position at least.
//
// max: the largest value, NaN if there is one; where taps is not null, also the number kh · w.size
// + kw of the window's place that holds it: the last NaN, else the first largest. avg: the sum of
// what the window covers over `divisor`, or where that is 0 over the number of positions covered,
// padding counted if count_pad is set.
struct PoolRow {
  const PoolShape* shape;
  int64_t row;
  const void* x;
  void* y;         // [w.output, channels]
  void* taps;      // the same, or null
  bool wide_taps;  // int32 taps, else uint8
  bool count_pad;
  double divisor;
};

// Row `row` of the input's gradient, from the gradient dy [h.output, w.output, channels] of the
// image's output; for max also from the taps of the forward pass.
struct PoolGradRow {
  const PoolShape* shape;
  int64_t row;
  const void* dy;
  const void* taps;
  bool wide_taps;
  bool count_pad;
  double divisor;
  void* dx;  // [w.input, channels]
};

struct PoolTable {
  void (*max_f32)(const PoolRow&);
  void (*max_f64)(const PoolRow&);
  void (*max_i64)(const PoolRow&);
  void (*max_i32)(const PoolRow&);
  void (*max_u8)(const PoolRow&);
  void (*max_grad_f32)(const PoolGradRow&);
  void (*max_grad_f64)(const PoolGradRow&);
  void (*avg_f32)(const PoolRow&);
  void (*avg_f64)(const PoolRow&);
  void (*avg_grad_f32)(const PoolGradRow&);
  void (*avg_grad_f64)(const PoolGradRow&);
};

}  // namespace flambeau
