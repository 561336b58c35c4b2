// Between the plain C of device_abi.h and our own types.
#pragma once

#include "call.h"

namespace flambeau::cuda {

void unborder(const FlambeauTensor& from, Tensor& to);
inline Tensor unbordered(const FlambeauTensor& from) {
  Tensor to;
  unborder(from, to);
  return to;
}

// Must the allocator be told who uses what? Only where there are several streams, or a graph is
// recorded.
bool needs_notes();
// Tells it that work on `stream` uses the tensor.
void note_use(int device, cudaStream_t stream, const Tensor& tensor);

// Core's table of functions for this kind of device.
const FlambeauDevice* device_table();

}  // namespace flambeau::cuda
