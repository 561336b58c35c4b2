// Memory that lives as long as an object.
#pragma once

#include <cstdint>

#include "allocator.h"

namespace flambeau {

// `count` elements with unspecified contents, 64-byte aligned.
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count) : block_(allocate(static_cast<size_t>(count) * sizeof(T))) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { deallocate(block_); }
  T* data() const { return static_cast<T*>(block_.ptr); }

 private:
  Block block_;
};

}  // namespace flambeau
