// What the kernels of reduce*.cu share.
#pragma once

#include "reduce_launch.h"

namespace flambeau::cuda {

// max |x| and min |x| of floats, NaN where there is one. (reduce_extremes.cu)
const ReduceRow& largest_magnitude();
const ReduceRow& smallest_magnitude();

inline void require_floats(Call& call) {
  const DType dtype = call.in(0).dtype;
  for (int i = 0; i < call.num_outputs(); ++i)
    if (!is_floating(dtype) || call.spec(i).dtype != dtype)
      throw Failure("ERR_INTERNAL", "only for floats of one type");
}
inline void require_outputs(const Call& call, int count) {
  if (call.num_outputs() != count) throw Failure("ERR_INTERNAL", "the wrong number of outputs");
}

}  // namespace flambeau::cuda
