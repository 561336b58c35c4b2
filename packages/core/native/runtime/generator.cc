#include "generator.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "sampling_isa.h"

// The twister: M. Matsumoto, T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
// uniform pseudo-random number generator", ACM TOMACS 8(1), 1998.

namespace flambeau {
namespace {

constexpr int kWords = Generator::kBlockWords;
constexpr int kShift = 397;

FLAMBEAU_INLINE uint32_t twist(uint32_t word, uint32_t next, uint32_t far) {
  const uint32_t mixed = (word & 0x80000000u) | (next & 0x7fffffffu);
  return far ^ (mixed >> 1) ^ (-(next & 1u) & 0x9908b0dfu);
}

FLAMBEAU_INLINE uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

struct TwistBlock {
  // Both loops run forward in place: words ahead are still old, words 227 behind already new.
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(uint32_t* s) {
    for (int i = 0; i < kWords - kShift; ++i) s[i] = twist(s[i], s[i + 1], s[i + kShift]);
    for (int i = kWords - kShift; i < kWords - 1; ++i) {
      s[i] = twist(s[i], s[i + 1], s[i + kShift - kWords]);
    }
    s[kWords - 1] = twist(s[kWords - 1], s[0], s[kShift - 1]);
  }
};

struct Temper {
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict in, uint32_t* __restrict out,
                                  int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = temper(in[i]);
  }
};

// The saved state: PyTorch's struct, field by field, with the padding its compiler inserts. Each
// word of the block takes 64 bits there. A field that PyTorch leaves 0, and does not read, holds
// where the stream of devices is.
struct SavedState {
  uint64_t seed;
  int32_t left;    // words of the block not yet drawn, plus one
  int32_t seeded;  // always 1
  uint64_t next;   // index of the next word
  uint64_t block[kWords];
  double unused_x;
  double spare_normal;
  uint64_t device_offset;
  int32_t has_spare_normal;
  int32_t padding;
  float spare_normal_float;
  uint8_t has_spare_normal_float;
  uint8_t padding_end[3];
};
static_assert(sizeof(SavedState) == Generator::kStateBytes);

}  // namespace

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  device_offset_ = 0;
  block_[0] = static_cast<uint32_t>(seed);
  for (uint32_t i = 1; i < kBlockWords; ++i) {
    block_[i] = 1812433253u * (block_[i - 1] ^ (block_[i - 1] >> 30)) + i;
  }
  position_ = kBlockWords;
  seeded_block_ = true;
  spare_normal_.reset();
  spare_normal_float_.reset();
}

void Generator::next_block() {
  sampling::run<TwistBlock>(block_.data());
  position_ = 0;
  seeded_block_ = false;
}

uint32_t Generator::random() {
  if (position_ == kBlockWords) next_block();
  return temper(block_[position_++]);
}

uint64_t Generator::random64() {
  const uint64_t high = random();
  return (high << 32) | random();
}

void Generator::random_words(uint32_t* out, int64_t n) {
  while (n > 0) {
    if (position_ == kBlockWords) next_block();
    const int64_t count = std::min<int64_t>(n, kBlockWords - position_);
    sampling::run<Temper>(static_cast<const uint32_t*>(block_.data() + position_), out, count);
    position_ += static_cast<int>(count);
    out += count;
    n -= count;
  }
}

void Generator::skip(int64_t n) {
  while (n > 0) {
    if (position_ == kBlockWords) next_block();
    const int64_t count = std::min<int64_t>(n, kBlockWords - position_);
    position_ += static_cast<int>(count);
    n -= count;
  }
}

std::optional<double> Generator::take_spare_normal() {
  const std::optional<double> sample = spare_normal_;
  spare_normal_.reset();
  return sample;
}

std::array<uint8_t, Generator::kStateBytes> Generator::save_state() const {
  SavedState state{};
  state.seed = seed_;
  state.seeded = 1;
  state.left = seeded_block_ ? 1 : kBlockWords + 1 - position_;
  state.next = seeded_block_ ? 0 : static_cast<uint64_t>(position_);
  std::copy(block_.begin(), block_.end(), state.block);
  state.has_spare_normal = spare_normal_.has_value();
  state.spare_normal = spare_normal_.value_or(0.0);
  state.has_spare_normal_float = spare_normal_float_.has_value();
  state.spare_normal_float = spare_normal_float_.value_or(0.0f);
  state.device_offset = device_offset_;
  std::array<uint8_t, kStateBytes> bytes;
  std::memcpy(bytes.data(), &state, kStateBytes);
  return bytes;
}

void Generator::load_state(const uint8_t* bytes, size_t size) {
  if (size != kStateBytes) {
    throw std::invalid_argument("generator state must have 5056 bytes, got " +
                                std::to_string(size));
  }
  SavedState state;
  std::memcpy(&state, bytes, kStateBytes);
  const bool unused_seed = state.left == 1 && state.next == 0;
  const bool in_block = state.left >= 1 && state.left <= kBlockWords &&
                        state.next == static_cast<uint64_t>(kBlockWords + 1 - state.left);
  if (state.seeded != 1 || !(unused_seed || in_block)) {
    throw std::invalid_argument(
        "these bytes are not the state of a CPU generator (seeded " + std::to_string(state.seeded) +
        ", left " + std::to_string(state.left) + ", next " + std::to_string(state.next) + ")");
  }
  seed_ = state.seed;
  device_offset_ = state.device_offset;
  seeded_block_ = unused_seed;
  position_ = unused_seed ? kBlockWords : static_cast<int>(state.next);
  for (int i = 0; i < kBlockWords; ++i) block_[i] = static_cast<uint32_t>(state.block[i]);
  spare_normal_.reset();
  if (state.has_spare_normal) spare_normal_ = state.spare_normal;
  spare_normal_float_.reset();
  if (state.has_spare_normal_float) spare_normal_float_ = state.spare_normal_float;
}

}  // namespace flambeau
