// What the emulation tells in builds that look for races (FLAMBEAU_RACES); nothing in others. See
// the end of ../README.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../types.h"
#include "device.h"

namespace flambeau::cuda::emulation::watch {

#if defined(FLAMBEAU_RACES)
// Memory of a device, which all blocks see.
void add_memory(const void* data, size_t bytes);

void begin_launch(const void* kernel);
void end_launch();
// `block` is its place among those of the grid, x first.
void begin_block(uint32_t block, int threads);
void end_block();

// Device code of this thread goes on, or the emulation does.
void enter_thread(int thread);
void leave_thread();

// All threads of the block have passed a barrier.
void passed_barrier();
// Lanes of a warp have met, in `__syncwarp` or in an exchange, which orders no accesses.
void met(int warp, unsigned lanes, bool all, bool ordered);

// The running thread reads, in a function of the emulation that `caller` called.
void read(const void* place, size_t bytes, const void* caller);
// A copy of the running thread that takes place at some time between the two.
void begin_copy(void* to, const void* from, size_t bytes, const void* caller);
void end_copy(void* to, const void* from, size_t bytes, const void* caller);
#else
inline void add_memory(const void*, size_t) {}
inline void begin_launch(const void*) {}
inline void end_launch() {}
inline void begin_block(uint32_t, int) {}
inline void end_block() {}
inline void enter_thread(int) {}
inline void leave_thread() {}
inline void passed_barrier() {}
inline void met(int, unsigned, bool, bool) {}
inline void read(const void*, size_t, const void*) {}
inline void begin_copy(void*, const void*, size_t, const void*) {}
inline void end_copy(void*, const void*, size_t, const void*) {}
#endif

}  // namespace flambeau::cuda::emulation::watch
