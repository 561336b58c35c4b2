// The allocators of the devices (memory.cc), and copies between host and device memory
// (staging.cc).
#pragma once

#include <cstddef>

#include "allocator.h"
#include "launch.h"

namespace flambeau::cuda {

Allocator& allocator_of(int device);

// Copies host memory to the device. When it returns, `from` may be changed; the copy itself happens
// in the order of the stream.
void upload(int device, cudaStream_t stream, void* to, const void* from, size_t bytes);
// To be called before a stream is captured: from then on it cannot be asked how far uploads are.
void settle_uploads(int device, cudaStream_t stream);
// Copies device memory to the host, and waits until it has arrived.
void download(int device, cudaStream_t stream, void* to, const void* from, size_t bytes);
// Copies between devices, in the order of the current streams of both.
void copy_across(int to_device, void* to, int from_device, const void* from, size_t bytes);

}  // namespace flambeau::cuda
