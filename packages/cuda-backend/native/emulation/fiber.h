// Fibers: stacks of their own that one thread switches between.
//
// Not safe for several threads at once: whoever runs fibers holds the lock of the emulation.
#pragma once

#include <cstddef>

#if !defined(__x86_64__) || defined(FLAMBEAU_UCONTEXT)
#define FLAMBEAU_USES_UCONTEXT 1
#include <ucontext.h>
#endif

namespace flambeau::cuda::emulation {

// A fiber, or the stack that a thread came with (without `stack`).
struct Fiber {
  void* stack = nullptr;  // the lowest usable byte; below is a page that faults
  size_t bytes = 0;
#if defined(FLAMBEAU_USES_UCONTEXT)
  ucontext_t context;
#else
  void* top = nullptr;  // where it was left
#endif
  void* shadow = nullptr;  // of the address sanitizer
  Fiber* next = nullptr;   // in the pool
};

// A fiber that runs `entry`, which never returns, when it is first switched to; from the pool if
// there is one. Throws std::bad_alloc without memory for a stack.
Fiber* take_fiber(void (*entry)());
// Back to the pool. What was running there is forgotten.
void give_fiber(Fiber* fiber);
// Leaves `from`, which runs, for `to`; returns when something switches to `from`.
void switch_fiber(Fiber* from, Fiber* to);
// Each fiber calls this first, with the fiber that it was entered from.
void entered_fiber(Fiber* from);

}  // namespace flambeau::cuda::emulation
