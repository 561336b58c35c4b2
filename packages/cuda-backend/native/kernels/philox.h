// Random numbers of the device: Philox 4x32-10, which turns a counter of 128 bits and a key of 64
// into four words. (Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3,
// 2011.)
//
// The key is the seed of the generator. A call gets counters from the generator's offset on, and
// its element i takes words of a counter that follows from i alone: the numbers depend on the seed,
// on what was drawn before and on the number of elements, and not on the GPU or its launches. With
// words counted from the call's first counter on, element i of a call has
//   word i                  where an element takes 32 bits (float32 and narrower, masks)
//   words 2 i and 2 i + 1   where it takes 64 (float64, int64, large ranges)
// Samplers that reject have for element i the counters offset + i with 1, 2, … in the upper half.
#pragma once

#include "call.h"
#include "portable.h"

namespace flambeau::cuda {

struct Words {
  uint32_t at[4];
};

FLAMBEAU_HD Words philox_words(uint64_t seed, uint64_t low, uint64_t high) {
  uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  Words c = {{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32),
              static_cast<uint32_t>(high), static_cast<uint32_t>(high >> 32)}};
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = uint64_t{0xD2511F53u} * c.at[0];
    const uint64_t second = uint64_t{0xCD9E8D57u} * c.at[2];
    c = {{static_cast<uint32_t>(second >> 32) ^ c.at[1] ^ key[0], static_cast<uint32_t>(second),
          static_cast<uint32_t>(first >> 32) ^ c.at[3] ^ key[1], static_cast<uint32_t>(first)}};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c;
}

// In [0, 1), of 24 or 53 bits.
FLAMBEAU_HD float unit_float(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
FLAMBEAU_HD double unit_double(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }
FLAMBEAU_HD uint64_t word_pair(const Words& words, int i) {
  return static_cast<uint64_t>(words.at[2 * i]) << 32 | words.at[2 * i + 1];
}

// One number after another of an element that needs an unknown number of them.
class PhiloxStream {
 public:
  FLAMBEAU_HD PhiloxStream(const Philox& philox, uint64_t element)
      : seed_(philox.seed), low_(philox.offset + element) {}
  // In [0, 1), of 53 bits.
  FLAMBEAU_HD double next() {
    if (used_ == 2) {
      words_ = philox_words(seed_, low_, ++high_);
      used_ = 0;
    }
    return unit_double(word_pair(words_, used_++));
  }

 private:
  uint64_t seed_, low_, high_ = 0;
  Words words_;
  int used_ = 2;
};

// Places of `n` elements that take `words` words each.
inline Philox draw_words(Call& call, int64_t n, int words) {
  return call.draw(static_cast<int>(call.integer(0)),
                   (static_cast<uint64_t>(n) * static_cast<uint64_t>(words) + 3) / 4);
}

}  // namespace flambeau::cuda
