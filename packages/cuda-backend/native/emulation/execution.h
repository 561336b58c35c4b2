// How a kernel runs on the processor.
//
// The threads of a block are fibers of the calling thread. A fiber runs one thread of the block
// after another; only where a thread must wait for others (a barrier, an exchange within its warp)
// it is left where it is, and the next one goes on upon another fiber. So a kernel without barriers
// costs what a loop costs. Blocks run one after another; one lock keeps launches of other threads
// out.
//
// Blocks, warps and lanes run in ascending order in one launch and in descending order in the next,
// and the direction changes with every barrier: code that relies on an order that a GPU does not
// promise does not pass by chance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>
#include <string>

#include "runtime_api.h"
#include "types.h"

// The place of the running thread.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
inline constexpr int warpSize = 32;

namespace flambeau::cuda::emulation {

struct Launch {
  const void* kernel;  // identifies it for cudaFuncSetAttribute
  dim3 grid;
  dim3 block;
  size_t shared_bytes;         // of dynamic shared memory
  std::function<void()> body;  // the kernel with a copy of its arguments
  std::source_location at;     // for messages
};

// Checks the launch against the limits of the device, then runs it, or records it while `stream`
// captures. What went wrong is printed to stderr, and kept for last_failure().
cudaError_t launch(Launch launch, cudaStream_t stream);

// Why the last launch on any thread failed; empty when none did.
std::string last_failure();

// --- for device code ---
enum class Barrier { kPlain, kCount, kAnd, kOr };
// Waits for all threads of the block; the count of those whose predicate holds, or whether all or
// any does.
int block_barrier(Barrier kind, bool predicate, const std::source_location& at);

enum class Exchange {
  kBarrier,
  kIndex,   // shuffles: the value of lane `operand`, …
  kUp,      // of the lane `operand` below, …
  kDown,    // above, …
  kXor,     // or of the lane with these bits flipped
  kBallot,  // ballots: operand = predicate
  kAll,
  kAny,
  kMatchAny,  // the lanes with an equal value
  kMatchAll,  // all lanes if they have an equal value, else none
  kAdd,       // reductions of 32-bit values
  kMinSigned,
  kMaxSigned,
  kMinUnsigned,
  kMaxUnsigned,
  kAnd,
  kOr,
  kExclusiveOr,
  kProduct,  // of tensor cores, and loads of matrices: `value` points to the lane's share (mma.h)
  kLoad
};
// Waits for all lanes of `mask`, which do the same, and answers this lane's share.
uint64_t warp_exchange(Exchange kind, unsigned mask, uint64_t value, int operand, int width,
                       const std::source_location& at);
unsigned active_lanes();
// The number of the running thread in its block.
int running_thread();

// Lets other threads of the block go on: called by atomics now and then, so that a thread that
// waits for another one does not hang.
void atomic_step();

// Ends the launch with a failure.
[[noreturn]] void trap(const char* reason, const std::source_location& at);
[[noreturn]] void stop(const std::string& reason);
// Where the kernel that runs was launched.
const std::source_location& launched_at();

// Dynamic shared memory of the block.
void* dynamic_shared();

// Ends the launch unless `place` is a multiple of `bytes`, as a GPU does.
inline void require_aligned(const void* place, size_t bytes,
                            const std::source_location& at = std::source_location::current()) {
  if (reinterpret_cast<uintptr_t>(place) % bytes != 0) trap("a misaligned address", at);
}

uint64_t clock_ticks();

}  // namespace flambeau::cuda::emulation
