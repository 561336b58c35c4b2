// Memory as the operating system gives it: mappings of whole huge pages. Part of the allocator.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flambeau::allocation {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;
inline constexpr size_t kHugePage = 2 * kMiB;

constexpr size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

// Makes room for `size` elements, growing geometrically, so that later push_backs cannot throw.
template <class T>
void reserve_room(std::vector<T>& list, size_t size) {
  if (size > list.capacity()) list.reserve(std::max(size, 2 * list.capacity()));
}

inline void unmap_pages(void* ptr, size_t bytes) noexcept {
  // munmap can fail only when the kernel is out of mapping slots; the address space is lost then,
  // the memory is not.
  if (bytes != 0 && munmap(ptr, bytes) != 0) madvise(ptr, bytes, MADV_DONTNEED);
}

// Maps `bytes` (a multiple of 2 MiB), aligned to 2 MiB and asking for huge pages; nullptr if the
// system refuses.
inline std::byte* map_pages(size_t bytes) noexcept {
  const size_t span = bytes + kHugePage;
  void* raw = mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* start = static_cast<std::byte*>(raw);
  const size_t head =
      round_up(reinterpret_cast<uintptr_t>(raw), kHugePage) - reinterpret_cast<uintptr_t>(raw);
  unmap_pages(start, head);
  unmap_pages(start + head + bytes, kHugePage - head);
#ifdef MADV_HUGEPAGE
  madvise(start + head, bytes, MADV_HUGEPAGE);  // only advice: without huge pages all still works
#endif
  return start + head;
}

}  // namespace flambeau::allocation
