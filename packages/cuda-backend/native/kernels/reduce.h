// What the kernels of reduce*.cu share.
#pragma once

#include "reduce_launch.h"

namespace flambeau::cuda {

// max |x| and min |x| of floats, NaN where there is one. (reduce_extremes.cu)
const ReduceRow& largest_magnitude();
const ReduceRow& smallest_magnitude();

}  // namespace flambeau::cuda
