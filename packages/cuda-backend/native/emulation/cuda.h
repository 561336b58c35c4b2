// The device on the processor: what <cuda_runtime.h> offers to our kernels and to our runtime, for
// a C++ compiler. Blocks run one after another, and the threads of a block are fibers of one thread
// (execution.h), so that results are those of a GPU and mistakes are found: see README.md.
#pragma once

#include "device.h"
#include "runtime_api.h"
#include "types.h"
