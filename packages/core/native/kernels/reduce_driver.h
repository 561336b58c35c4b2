// Runs a Reducer over a tensor of any layout, on all threads, in an order that depends on the
// shape and strides alone.
#pragma once

#include "isa.h"
#include "kernel.h"
#include "reduce.h"
#include "reduce_axes.h"

namespace flambeau {

// What the end of a reduction may depend on.
struct ReduceNumbers {
  int64_t count = 1;  // elements for each output
  double param = 0;   // the power of a norm, the correction of a variance
};

struct ReduceTask {
  const Reducer* reducer = nullptr;
  // Writes outputs 0 … n - 1 from their accumulators; outs[i] is where output i begins.
  void (*finish)(char* const* outs, const char* acc, int64_t plane, int64_t n,
                 const ReduceNumbers& numbers) = nullptr;
  ReduceNumbers numbers;
  int64_t grain = 0;  // elements below which a second thread does not pay
};

// Reduces the axes of `x` in `mask` into outs[0], …, outs[out_count - 1] (one or two tensors made
// by reduce_output).
void run_reduction(const Tensor& x, const ReducePlan& plan, const ReduceTask& task,
                   Tensor* const* outs, int out_count);

// to = the sums of x over all axes but the last, as the operation `sum` gives them, in x's type
// (not a narrow one). (reduce.cc)
void sum_rows(const Tensor& x, Tensor& to);

}  // namespace flambeau
