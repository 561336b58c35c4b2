// Copies by axes, for kernels that make views which tensors cannot be: with negative strides.
#pragma once

#include "call.h"
#include "geometry.h"

namespace flambeau::cuda {

// Operand 0 of `axes` = operand 1, of types `to` and `from`; there is no overlap.
void copy_axes(cudaStream_t stream, const Axes& axes, DType to, DType from);
// The same of a part that Axes::for_parts gave, for types that differ. (convert.cu)
void convert_axes(cudaStream_t stream, const Axes& axes, DType to, DType from);

}  // namespace flambeau::cuda
