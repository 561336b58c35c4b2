// The CPU random generator: mt19937 with the draw order and the saved state of PyTorch's CPU
// generator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace flambeau {

// A Mersenne Twister stream of 32-bit words plus the spare normal sample that the one-at-a-time
// normal sampler keeps between calls. Same seed, same words as torch.Generator('cpu'). Copying a
// Generator forks the stream. Not thread-safe: the caller serialises use.
class Generator {
 public:
  static constexpr uint64_t kDefaultSeed = 67280421310721;  // what torch.Generator() starts from
  static constexpr int kBlockWords = 624;
  static constexpr size_t kStateBytes = 5056;

  explicit Generator(uint64_t seed = kDefaultSeed) { manual_seed(seed); }

  // Restarts the stream. The words depend on the low 32 bits of the seed only, as in PyTorch;
  // initial_seed() returns all 64.
  void manual_seed(uint64_t seed);
  uint64_t initial_seed() const { return seed_; }

  // The next word, and the next two words with the first one in the high half.
  uint32_t random();
  uint64_t random64();

  // The next n words into out[0..n); the same stream as n calls of random(). n may be 0.
  void random_words(uint32_t* out, int64_t n);
  // Drops the next n words.
  void skip(int64_t n);

  // The sample left over by the last pair of one-at-a-time normal draws; taking it clears it.
  std::optional<double> take_spare_normal();
  void set_spare_normal(double sample) { spare_normal_ = sample; }

  // The place in the stream of a device, which is Philox with the same seed: where it is, before it
  // moves on by `count` counters of 128 bits.
  uint64_t draw_on_device(uint64_t count) {
    const uint64_t before = device_offset_;
    device_offset_ += count;
    return before;
  }
  uint64_t device_offset() const { return device_offset_; }
  void set_device_offset(uint64_t offset) { device_offset_ = offset; }

  // The whole state in the byte layout of torch.get_rng_state(), little-endian.
  std::array<uint8_t, kStateBytes> save_state() const;
  // Throws std::invalid_argument, leaving the generator as it was, if the size is not kStateBytes
  // or the bytes cannot have come from a generator.
  void load_state(const uint8_t* bytes, size_t size);

 private:
  void next_block();

  alignas(64) std::array<uint32_t, kBlockWords> block_;
  int position_;       // next word of block_; kBlockWords when the block is used up
  bool seeded_block_;  // block_ holds the seed words, none of which is ever handed out
  uint64_t seed_;
  uint64_t device_offset_ = 0;
  std::optional<double> spare_normal_;
  // PyTorch's state has room for a float spare that no CPU sampler sets; kept for the round trip.
  std::optional<float> spare_normal_float_;
};

}  // namespace flambeau
