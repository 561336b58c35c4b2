// What device code itself tells of its accesses to memory, besides what the compiler inserts; it
// does so in builds that look for races (FLAMBEAU_RACES), and tells nothing in others.
#pragma once

#include <cstddef>

namespace flambeau::cuda::emulation::watch {

// Whom a fence makes earlier accesses visible to.
enum class Scope { kBlock, kDevice };

#if defined(FLAMBEAU_RACES)
// Marks functions whose accesses are told by hand.
#define FLAMBEAU_UNWATCHED __attribute__((noinline, no_sanitize("thread")))
// The place that called such a function.
#define FLAMBEAU_CALLER __builtin_return_address(0)

// The running thread changes `bytes` at `place` atomically.
void atomic_update(const void* place, size_t bytes, const void* caller);
void fence(Scope scope);
#else
#define FLAMBEAU_UNWATCHED
#define FLAMBEAU_CALLER nullptr
inline void atomic_update(const void*, size_t, const void*) {}
inline void fence(Scope) {}
#endif

}  // namespace flambeau::cuda::emulation::watch
