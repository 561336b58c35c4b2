#include "fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(FLAMBEAU_USES_UCONTEXT)
// void flambeau_switch_stack(void** from, void* to): keeps what a call must keep on the stack that
// is left, and takes the same from the other one. Rounding modes are the same everywhere.
asm(R"(
.text
.align 16
.hidden flambeau_switch_stack
.globl flambeau_switch_stack
.type flambeau_switch_stack, @function
flambeau_switch_stack:
  .cfi_startproc
  endbr64
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size flambeau_switch_stack, .-flambeau_switch_stack
)");
extern "C" void flambeau_switch_stack(void** from, void* to);
#endif

namespace flambeau::cuda::emulation {
namespace {

// The sanitizers make frames larger, and so do structures that are kept whole.
#if defined(__SANITIZE_ADDRESS__) || defined(FLAMBEAU_RACES)
constexpr size_t kStackBytes = 256 << 10;
#else
constexpr size_t kStackBytes = 76 << 10;
#endif

Fiber* pool = nullptr;

Fiber* make_fiber() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t bytes = kStackBytes + page;
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, page, PROT_NONE);
  auto* fiber = new Fiber;
  fiber->stack = static_cast<char*>(memory) + page;
  // Stacks begin at different places of a page: their tops would compete for the same part of the
  // cache.
  static size_t made = 0;
  fiber->bytes = kStackBytes - made++ % 64 * 192;
  return fiber;
}

}  // namespace

Fiber* take_fiber(void (*entry)()) {
  Fiber* fiber = pool;
  if (fiber) {
    pool = fiber->next;
  } else {
    fiber = make_fiber();
  }
#if defined(FLAMBEAU_USES_UCONTEXT)
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = fiber->bytes;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, entry, 0);
#else
  // What flambeau_switch_stack takes: six registers and the place to return to; above that, the
  // stack is as a function finds it that was called.
  auto** top = reinterpret_cast<void**>(static_cast<char*>(fiber->stack) + fiber->bytes);
  *--top = nullptr;  // where it would return to: 8 bytes below a multiple of 16
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  fiber->top = top;
#endif
  return fiber;
}

void give_fiber(Fiber* fiber) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->bytes);
  fiber->shadow = nullptr;
#endif
  fiber->next = pool;
  pool = fiber;
}

void switch_fiber(Fiber* from, Fiber* to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from->shadow, to->stack, to->bytes);
#endif
#if defined(FLAMBEAU_USES_UCONTEXT)
  swapcontext(&from->context, &to->context);
#else
  flambeau_switch_stack(&from->top, to->top);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from->shadow, nullptr, nullptr);
#endif
}

void entered_fiber([[maybe_unused]] Fiber* from) {
#if defined(__SANITIZE_ADDRESS__)
  // The thread's own stack tells where it is when it is first left.
  const void* stack = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(nullptr, &stack, &bytes);
  if (!from->stack) {
    from->stack = const_cast<void*>(stack);
    from->bytes = bytes;
  }
#endif
}

}  // namespace flambeau::cuda::emulation
