// How kernels are launched and CUDA calls are checked, in both flavours: on a GPU (nvcc), and on
// the emulation of one (FLAMBEAU_EMULATED).
#pragma once

#if defined(FLAMBEAU_EMULATED)
#include "../emulation/cuda.h"
#else
#include <cuda_runtime.h>
#endif

#include <source_location>
#include <type_traits>

#include "failure.h"

namespace flambeau::cuda {

// Throws Failure where `error` is one: "ERR_OUT_OF_MEMORY" for lack of memory, else "ERR_DEVICE".
// The text names `what`, which says what was done, such as "cudaMemcpyAsync".
void check(cudaError_t error, const char* what,
           std::source_location at = std::source_location::current());

// With FLAMBEAU_CUDA_TRACE=1 each call and each launch is printed before it happens: the last line
// is what a hanging program hangs in, or, with CUDA_LAUNCH_BLOCKING=1, what failed.
extern const bool g_tracing;
void trace_launch(const std::source_location& at, dim3 grid, dim3 block, size_t shared_bytes);
void trace_kernel(const char* name);

// A stream, and the place of the launch for messages.
struct LaunchOn {
  cudaStream_t stream;
  std::source_location at;
  LaunchOn(cudaStream_t on,  // NOLINT(google-explicit-constructor): a stream is meant
           std::source_location from = std::source_location::current())
      : stream(on), at(from) {}
};

// Launches kernel<<<grid, block, shared_bytes, stream>>>(args...); a grid without blocks is nothing
// to do. Throws Failure where the launch is not possible.
template <class... Params>
void launch(void (*kernel)(Params...), dim3 grid, dim3 block, size_t shared_bytes, LaunchOn on,
            std::type_identity_t<Params>... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  if (g_tracing) trace_launch(on.at, grid, block, shared_bytes);
#if defined(FLAMBEAU_EMULATED)
  check(emulation::launch({reinterpret_cast<const void*>(kernel), grid, block, shared_bytes,
                           [=] { kernel(args...); }, on.at},
                          on.stream),
        "a launch", on.at);
#else
  void* pointers[sizeof...(args) + 1] = {const_cast<void*>(static_cast<const void*>(&args))...};
  check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, pointers, shared_bytes,
                         on.stream),
        "a launch", on.at);
#endif
}

// Lets a kernel take at least so many bytes of dynamic shared memory on the current device, which
// it needs above 48 KB.
void allow_shared(const void* kernel, size_t bytes);
template <class... Params>
void allow_shared(void (*kernel)(Params...), size_t bytes) {
  allow_shared(reinterpret_cast<const void*>(kernel), bytes);
}

}  // namespace flambeau::cuda

// Declares `T* name`, the dynamic shared memory of the block, aligned to 16 bytes.
#if defined(FLAMBEAU_EMULATED)
#define FLAMBEAU_SHARED(T, name) \
  T* name = static_cast<T*>(flambeau::cuda::emulation::dynamic_shared())
#else
#define FLAMBEAU_SHARED(T, name)                                    \
  extern __shared__ __align__(16) unsigned char flambeau_shared_[]; \
  T* name = reinterpret_cast<T*>(flambeau_shared_)
#endif
