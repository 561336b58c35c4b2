// Running sums for other kernels.
#pragma once

#include "call.h"

namespace flambeau::cuda {

// data[i] = data[0] + … + data[i] for i < n. (cumulative.cu)
void running_sums(Call& call, int64_t* data, int64_t n);

}  // namespace flambeau::cuda
