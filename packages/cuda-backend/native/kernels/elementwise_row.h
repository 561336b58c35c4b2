// Elementwise operations: what the host decides (elementwise.cu) and what it chooses from, one row
// of launchers for each operation (elementwise_loops.h).
#pragma once

#include "call.h"
#include "elementwise.h"
#include "geometry.h"
#include "step.h"

namespace flambeau::cuda {

// An input of a loop: elements in device memory, or a number.
struct ElementwiseInput {
  DType dtype;
  bool is_number;
  double real;    // the number, for floating types
  int64_t whole;  // the number, for whole ones and bools
};

// A loop over the parts that Axes::for_parts gives: operand 0 is the output.
struct ElementwiseWork {
  const Axes& axes;
  const ElementwiseInput* inputs;
  DType out_type;
  const double* params;
  const Fault* fault;
  cudaStream_t stream;
};
using ElementwiseLaunch = void (*)(const ElementwiseWork& work);

// By the type of the last input; null where the type is not among the operation's.
struct ElementwiseRow {
  ElementwiseLaunch flat[kNumDTypes];     // every operand contiguous or single; may be null
  ElementwiseLaunch strided[kNumDTypes];  // any layout
  Formula formula;  // what else can compute it, with other operations; without a name: nothing
};

struct ElementwiseOperation {
  const char* name;
  Signature signature;
  Cost cost;
};

// y = f(inputs order[0], order[1], …; null: 0, 1, …), of which `operation` says how many there are.
// A new output takes the memory order of the first dense input of its shape. An output may be one
// of the inputs, or overlap them.
void run_elementwise(Call& call, const ElementwiseOperation& operation, const ElementwiseRow& row,
                     const double* params, const int* order = nullptr);
// With the operation's own numbers.
template <int kParams>
void run_elementwise(Call& call, const ElementwiseOperation& operation, const ElementwiseRow& row) {
  double params[kParams + 1] = {};
  for (int i = 0; i < kParams; ++i) params[i] = call.param(i);
  run_elementwise(call, operation, row, params);
}

// condition ? a : b, which maskedFill is as well. (elementwise_ternary.cu)
const ElementwiseRow& where_row();

}  // namespace flambeau::cuda
