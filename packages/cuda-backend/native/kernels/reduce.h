// What the kernels of reduce*.cu share.
#pragma once

#include "reduce_launch.h"

namespace flambeau::cuda {

// max |x| and min |x| of floats, NaN where there is one. (reduce_extremes.cu)
const ReduceRow& largest_magnitude();
const ReduceRow& smallest_magnitude();

// to [columns] = the sums of the columns of x [rows, columns] with any strides, of one type. 16-bit
// floats are rounded once. (reduce.cu)
void sum_columns(Call& call, const Tensor& x, const Tensor& to);

}  // namespace flambeau::cuda
