// The allocators of the devices, and copies between host and device memory.
#pragma once

#include <cstddef>

#include "allocator.h"
#include "launch.h"

namespace flambeau::cuda {

Allocator& allocator_of(int device);

// Copies host memory to the device. When it returns, `from` may be changed; the copy itself happens
// in the order of the stream.
void upload(int device, cudaStream_t stream, void* to, const void* from, size_t bytes);
// Copies device memory to the host, and waits until it has arrived.
void download(int device, cudaStream_t stream, void* to, const void* from, size_t bytes);
// Copies between devices, in the order of the current streams of both.
void copy_across(int to_device, void* to, int from_device, const void* from, size_t bytes);

}  // namespace flambeau::cuda
