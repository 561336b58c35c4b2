// Which block begins at an address: a table of the kind that each allocation and each tensor that
// dies looks into, so it takes no memory of its own but when it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace flambeau::cuda {

// Block has a member `data`, its address, which is a multiple of 512 and does not change while the
// block is in the table.
template <class Block>
class BlockTable {
 public:
  size_t size() const { return size_; }

  Block* find(const void* data) const {
    for (size_t i = home_of(data);; i = (i + 1) & mask())
      if (!places_[i] || places_[i]->data == data) return places_[i];
  }

  // There is none at its address yet.
  void insert(Block* block) {
    if (2 * (size_ + 1) > places_.size()) grow();
    ++size_;
    put(block);
  }

  // The block at an address, which is no longer in the table; null where there is none.
  Block* remove(const void* data) {
    size_t hole = home_of(data);
    while (places_[hole] && places_[hole]->data != data) hole = (hole + 1) & mask();
    Block* const found = places_[hole];
    if (!found) return nullptr;
    --size_;
    // What lies behind moves up, unless that is before where it is looked for first.
    for (size_t i = hole;;) {
      i = (i + 1) & mask();
      if (!places_[i]) break;
      const size_t distance = (i - home_of(places_[i]->data)) & mask();
      if (distance < ((i - hole) & mask())) continue;
      places_[hole] = places_[i];
      hole = i;
    }
    places_[hole] = nullptr;
    return found;
  }

  template <class Body>
  void for_each(const Body& body) const {
    for (Block* block : places_)
      if (block) body(block);
  }

 private:
  size_t mask() const { return places_.size() - 1; }
  size_t home_of(const void* data) const {
    // Fibonacci hashing: the upper bits of the product are the ones that all bits have a part in.
    return static_cast<size_t>(reinterpret_cast<uintptr_t>(data) / 512 * 0x9e3779b97f4a7c15 >> 32) &
           mask();
  }
  void put(Block* block) {
    size_t i = home_of(block->data);
    while (places_[i]) i = (i + 1) & mask();
    places_[i] = block;
  }
  void grow() {
    const std::vector<Block*> before = std::exchange(places_, {});
    places_.resize(2 * before.size());
    for (Block* block : before)
      if (block) put(block);
  }

  std::vector<Block*> places_ = std::vector<Block*>(1024);  // a power of two; at most half are used
  size_t size_ = 0;
};

}  // namespace flambeau::cuda
