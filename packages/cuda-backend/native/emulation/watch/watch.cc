// The functions that the compiler calls at each access of device code (-fsanitize=thread), instead
// of those of its own library; and what the rest of the emulation calls.
#include "watch.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "order.h"
#include "places.h"
#include "shadow.h"
#include "traffic.h"

namespace flambeau::cuda::emulation::watch {
namespace {

// Does this thread run device code? Kernels are launched by any thread, one at a time.
__attribute__((tls_model("initial-exec"))) thread_local bool watching = false;

bool is_on(const char* name, bool otherwise) {
  const char* const value = std::getenv(name);
  return value && *value ? std::strcmp(value, "0") != 0 : otherwise;
}
const bool looks_for_races = is_on("FLAMBEAU_EMULATED_RACES", true);
const bool counts_traffic = is_on("FLAMBEAU_EMULATED_TRAFFIC", false);
bool counting = counts_traffic;

bool writes(Access access) {
  return access == Access::kWrite || access == Access::kAtomic || access == Access::kBeginCopy;
}

void tell(const void* place, size_t bytes, Access access, const void* caller) {
  const Region* const region = region_of(place);
  if (!region) return;
  watching = false;
  const uint32_t number = number_of(caller);
  if (counting && access != Access::kEndCopy)
    traffic::access(order::running(), *region, place, bytes, writes(access), number);
  if (looks_for_races) shadow::access(*region, place, bytes, access, number);
  watching = true;
}

}  // namespace

bool count_traffic(bool wanted) { return std::exchange(counting, wanted); }

void begin_launch(const void* kernel) {
  order::begin_launch();
  shadow::begin_launch();
  if (counting) traffic::begin_launch(kernel);
}
void end_launch() {
  watching = false;
  if (counting) traffic::end_launch();
}
void begin_block(uint32_t block, int) {
  order::begin_block(block);
  shadow::begin_block();
}
void end_block() {
  watching = false;
  if (counting) traffic::end_block();
}

void enter_thread(int thread) {
  order::set_running(thread);
  watching = true;
}
void leave_thread() { watching = false; }

void passed_barrier() {
  order::passed_barrier();
  if (counting) traffic::end_block();
}
void met(int warp, unsigned lanes, bool all, bool ordered) {
  if (ordered) order::synchronised(warp, lanes);
  if (counting && all) traffic::end_warp(warp);
}

void atomic_update(const void* place, size_t bytes, const void* caller) {
  if (!watching) return;
  if (looks_for_races) order::atomic_update(place);
  tell(place, bytes, Access::kAtomic, caller);
}
void fence(Scope scope) {
  if (watching && looks_for_races) order::fence(scope);
}
void read(const void* place, size_t bytes, const void* caller) {
  if (watching) tell(place, bytes, Access::kRead, caller);
}
void begin_copy(void* to, const void* from, size_t bytes, const void* caller) {
  if (!watching) return;
  if (from) tell(from, bytes, Access::kRead, caller);
  tell(to, bytes, Access::kBeginCopy, caller);
}
void end_copy(void* to, const void* from, size_t bytes, const void* caller) {
  if (!watching) return;
  if (from && looks_for_races)
    if (const Region* const region = region_of(from))
      shadow::access(*region, from, bytes, Access::kRead, number_of(caller));
  tell(to, bytes, Access::kEndCopy, caller);
}

}  // namespace flambeau::cuda::emulation::watch

using flambeau::cuda::emulation::watch::Access;
using flambeau::cuda::emulation::watch::tell;
using flambeau::cuda::emulation::watch::watching;

#define FLAMBEAU_CALLBACK extern "C" __attribute__((visibility("hidden"), used)) void

#define FLAMBEAU_ACCESS(name, bytes, access)                               \
  FLAMBEAU_CALLBACK __tsan_##name(void* place);                            \
  FLAMBEAU_CALLBACK __tsan_##name(void* place) {                           \
    if (watching) tell(place, bytes, access, __builtin_return_address(0)); \
  }
#define FLAMBEAU_ACCESSES(bytes)                                            \
  FLAMBEAU_ACCESS(read##bytes, bytes, Access::kRead)                        \
  FLAMBEAU_ACCESS(write##bytes, bytes, Access::kWrite)                      \
  FLAMBEAU_ACCESS(unaligned_read##bytes, bytes, Access::kRead)              \
  FLAMBEAU_ACCESS(unaligned_write##bytes, bytes, Access::kWrite)            \
  FLAMBEAU_ACCESS(volatile_read##bytes, bytes, Access::kWeakRead)           \
  FLAMBEAU_ACCESS(volatile_write##bytes, bytes, Access::kAtomic)            \
  FLAMBEAU_ACCESS(unaligned_volatile_read##bytes, bytes, Access::kWeakRead) \
  FLAMBEAU_ACCESS(unaligned_volatile_write##bytes, bytes, Access::kAtomic)
FLAMBEAU_ACCESSES(1)
FLAMBEAU_ACCESSES(2)
FLAMBEAU_ACCESSES(4)
FLAMBEAU_ACCESSES(8)
FLAMBEAU_ACCESSES(16)

#define FLAMBEAU_RANGE(name, access)                                       \
  FLAMBEAU_CALLBACK __tsan_##name(void* place, size_t bytes);              \
  FLAMBEAU_CALLBACK __tsan_##name(void* place, size_t bytes) {             \
    if (watching) tell(place, bytes, access, __builtin_return_address(0)); \
  }
FLAMBEAU_RANGE(read_range, Access::kRead)
FLAMBEAU_RANGE(write_range, Access::kWrite)

// What else the compiler calls.
FLAMBEAU_CALLBACK __tsan_init();
FLAMBEAU_CALLBACK __tsan_init() {}
FLAMBEAU_CALLBACK __tsan_func_entry(void*);
FLAMBEAU_CALLBACK __tsan_func_entry(void*) {}
FLAMBEAU_CALLBACK __tsan_func_exit();
FLAMBEAU_CALLBACK __tsan_func_exit() {}
FLAMBEAU_CALLBACK __tsan_vptr_update(void*, void*);
FLAMBEAU_CALLBACK __tsan_vptr_update(void*, void*) {}
FLAMBEAU_CALLBACK __tsan_vptr_read(void*);
FLAMBEAU_CALLBACK __tsan_vptr_read(void*) {}

// Atomics of C++ become calls; only code of the host has them. The order is the strongest.
#define FLAMBEAU_STD_FETCH(bits, name)                                                          \
  extern "C" __attribute__((visibility("hidden"), used))                                        \
  uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t* place, uint##bits##_t x, \
                                              int);                                             \
  uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t* place, uint##bits##_t x, \
                                              int) {                                            \
    return __atomic_##name(place, x, __ATOMIC_SEQ_CST);                                         \
  }
#define FLAMBEAU_STD_COMPARE(bits, strength, weak)                                               \
  extern "C" __attribute__((visibility("hidden"), used)) bool                                    \
      __tsan_atomic##bits##_compare_exchange_##strength(                                         \
          volatile uint##bits##_t* place, uint##bits##_t* expected, uint##bits##_t x, int, int); \
  bool __tsan_atomic##bits##_compare_exchange_##strength(                                        \
      volatile uint##bits##_t* place, uint##bits##_t* expected, uint##bits##_t x, int, int) {    \
    return __atomic_compare_exchange_n(place, expected, x, weak, __ATOMIC_SEQ_CST,               \
                                       __ATOMIC_SEQ_CST);                                        \
  }
#define FLAMBEAU_STD_ATOMICS(bits)                                                                \
  extern "C" __attribute__((visibility("hidden"), used))                                          \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t* place, int);           \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t* place, int) {          \
    return __atomic_load_n(place, __ATOMIC_SEQ_CST);                                              \
  }                                                                                               \
  FLAMBEAU_CALLBACK __tsan_atomic##bits##_store(volatile uint##bits##_t* place, uint##bits##_t x, \
                                                int);                                             \
  FLAMBEAU_CALLBACK __tsan_atomic##bits##_store(volatile uint##bits##_t* place, uint##bits##_t x, \
                                                int) {                                            \
    __atomic_store_n(place, x, __ATOMIC_SEQ_CST);                                                 \
  }                                                                                               \
  extern "C" __attribute__((visibility("hidden"), used))                                          \
  uint##bits##_t __tsan_atomic##bits##_exchange(volatile uint##bits##_t* place, uint##bits##_t x, \
                                                int);                                             \
  uint##bits##_t __tsan_atomic##bits##_exchange(volatile uint##bits##_t* place, uint##bits##_t x, \
                                                int) {                                            \
    return __atomic_exchange_n(place, x, __ATOMIC_SEQ_CST);                                       \
  }                                                                                               \
  FLAMBEAU_STD_FETCH(bits, fetch_add)                                                             \
  FLAMBEAU_STD_FETCH(bits, fetch_sub)                                                             \
  FLAMBEAU_STD_FETCH(bits, fetch_and)                                                             \
  FLAMBEAU_STD_FETCH(bits, fetch_or)                                                              \
  FLAMBEAU_STD_FETCH(bits, fetch_xor)                                                             \
  FLAMBEAU_STD_COMPARE(bits, strong, false)                                                       \
  FLAMBEAU_STD_COMPARE(bits, weak, true)
FLAMBEAU_STD_ATOMICS(8)
FLAMBEAU_STD_ATOMICS(16)
FLAMBEAU_STD_ATOMICS(32)
FLAMBEAU_STD_ATOMICS(64)

FLAMBEAU_CALLBACK __tsan_atomic_thread_fence(int);
FLAMBEAU_CALLBACK __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
FLAMBEAU_CALLBACK __tsan_atomic_signal_fence(int);
FLAMBEAU_CALLBACK __tsan_atomic_signal_fence(int) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
