// Sorting on the device: by CUB on a GPU, by the standard library on the emulation.
#pragma once

#include "call.h"

namespace flambeau::cuda {

// Keys and what belongs to them, in device memory.
template <class Key>
struct Pairs {
  Key* keys = nullptr;
  uint32_t* values = nullptr;

  Pairs() = default;
  // Room for n of them that dies with the call.
  Pairs(Call& call, int64_t n)
      : keys(call.scratch_of<Key>(n)), values(call.scratch_of<uint32_t>(n)) {}
};

// Sorts n pairs by their keys, stably; only the lowest `bits` bits of keys count. `pairs` becomes
// the one of both that has the result; the other one is overwritten. Key: uint32_t or uint64_t.
template <class Key>
void sort_pairs(Call& call, Pairs<Key>& pairs, Pairs<Key>& other, int64_t n, int bits);

// The bits of numbers up to `largest`.
inline int bits_up_to(uint64_t largest) {
  int bits = 1;
  while (bits < 64 && largest >> bits != 0) ++bits;
  return bits;
}

}  // namespace flambeau::cuda
