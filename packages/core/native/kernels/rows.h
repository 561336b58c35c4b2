// What kernels that work on whole rows share: sorting, selecting.
#pragma once

#include "kernel.h"
#include "tensor_rows.h"

namespace flambeau {

using Rows = TensorRows<Tensor>;
using RowsOutput = TensorRowsOutput<Call, Tensor>;

template <class T>
constexpr bool is_nan(T x) {
  return x != x;
}

// The order in which NaN is the largest of all.
template <class T>
constexpr bool is_less(T a, T b) {
  return (!is_nan(a) && is_nan(b)) || a < b;
}

}  // namespace flambeau
