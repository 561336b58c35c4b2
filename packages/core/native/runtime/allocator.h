#pragma once

#include <cstddef>
#include <cstdint>

namespace flambeau {

// The memory of every tensor storage comes from here. One allocator per process, safe to call from
// any thread, usable until the very end of process exit. See docs/decisions/0002-allocator.md.

#if defined(__SANITIZE_ADDRESS__)
#define FLAMBEAU_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLAMBEAU_ASAN 1
#endif
#endif

// False under AddressSanitizer, where each block is its own heap block of exactly the requested
// size, so that a kernel which writes past a tensor is caught. Only reuse, trimming and
// `cached_bytes` depend on it.
#ifdef FLAMBEAU_ASAN
inline constexpr bool kAllocatorCaches = false;
#else
inline constexpr bool kAllocatorCaches = true;
#endif

// A block of uninitialised memory, 64-byte aligned. `bytes` is the usable capacity, at least what
// was asked for.
struct Block {
  void* ptr = nullptr;
  size_t bytes = 0;
};

struct AllocatorStats {
  size_t live_bytes;       // capacity of the blocks handed out
  size_t cached_bytes;     // memory that was handed out before and is kept for reuse
  size_t peak_live_bytes;  // maximum of live_bytes since the start or the last reset_peak()
  size_t reserved_bytes;   // address space mapped; pages never touched count here and cost nothing
  uint64_t allocations;    // calls of allocate() that succeeded
  uint64_t cache_hits;     // of these, answered without fresh pages
};

// Returns a block of at least `bytes` bytes; 0 gives a valid block of at least 64.
// Throws std::bad_alloc if the system refuses even after the cache was emptied, or if `bytes`
// exceeds 2^47.
Block allocate(size_t bytes);

// Takes back a block exactly as allocate() returned it. An empty Block is ignored. Terminates the
// process on a block of 1 to 16 MiB that is not live: memory is corrupt then.
void deallocate(Block block) noexcept;

AllocatorStats allocator_stats();
size_t live_bytes() noexcept;  // lock-free, for budget checks in every op
void reset_peak();

// Gives cached memory back to the system until at most `keep_bytes` are cached. What shares a 2 MiB
// page with a live block stays.
void trim_cache(size_t keep_bytes);

}  // namespace flambeau
