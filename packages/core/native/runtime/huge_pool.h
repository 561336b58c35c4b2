// Large blocks, cut from mappings of whole huge pages; free ones are kept oldest first. Part of the
// allocator.
#pragma once

#include "allocator.h"
#include "memory_pages.h"

namespace flambeau::allocation {

class HugePool {
 public:
  size_t touched_bytes() const { return mapped_bytes_; }

  // Returns the best fit among the free blocks, cut to size, or a fresh mapping, or an empty Block
  // if the system refuses.
  Block take(size_t bytes) {
    const size_t size = round_up(bytes, kHugePage);
    reserve_room(free_, blocks_ + 1);  // so that give() cannot throw
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->bytes < size) continue;
      if (best == free_.end() || it->bytes <= best->bytes) best = it;
    }
    if (best != free_.end()) {
      const Block block = {best->ptr, size};
      if (best->bytes == size) {
        free_.erase(best);
      } else {
        best->ptr = static_cast<std::byte*>(best->ptr) + size;
        best->bytes -= size;
        ++blocks_;
      }
      return block;
    }
    std::byte* ptr = map_pages(size);
    if (ptr == nullptr) return {};
    ++blocks_;
    mapped_bytes_ += size;
    return {ptr, size};
  }

  // Takes a block back, and joins it with its neighbours.
  void give(Block block) noexcept {
    for (size_t i = free_.size(); i-- > 0;) {
      if (end_of(free_[i]) == block.ptr) {
        block.ptr = free_[i].ptr;
      } else if (free_[i].ptr != end_of(block)) {
        continue;
      }
      block.bytes += free_[i].bytes;
      free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
      --blocks_;
    }
    free_.push_back(block);
  }

  // Unmaps what is longest unused until `goal` bytes are gone or nothing is left.
  void release(size_t goal) noexcept {
    size_t released = 0;
    auto it = free_.begin();
    for (; it != free_.end() && released < goal; ++it) {
      unmap_pages(it->ptr, it->bytes);
      released += it->bytes;
      --blocks_;
    }
    free_.erase(free_.begin(), it);
    mapped_bytes_ -= released;
  }

 private:
  static void* end_of(const Block& block) {
    return static_cast<std::byte*>(block.ptr) + block.bytes;
  }

  std::vector<Block> free_;
  size_t blocks_ = 0;  // free and handed out
  size_t mapped_bytes_ = 0;
};

}  // namespace flambeau::allocation
