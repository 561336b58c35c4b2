#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include "sampling.h"
#include "sampling_detail.h"

namespace flambeau {

using namespace sampling;

namespace {

// word % range for 32-bit words without a division (T. Granlund, P. Montgomery, "Division by
// invariant integers using multiplication", 1994, figure 4.1).
struct Reduction {
  uint32_t range, multiplier, first_shift, second_shift;

  explicit Reduction(uint32_t divisor) : range(divisor) {
    const int bits = 32 - std::countl_zero(divisor - 1);  // ceil(log2(divisor))
    const uint64_t excess = (uint64_t{1} << bits) - divisor;
    multiplier = static_cast<uint32_t>((excess << 32) / divisor + 1);
    first_shift = bits == 0 ? 0 : 1;
    second_shift = bits == 0 ? 0 : static_cast<uint32_t>(bits - 1);
  }
  FLAMBEAU_INLINE uint32_t operator()(uint32_t word) const {
    const auto t = static_cast<uint32_t>((static_cast<uint64_t>(word) * multiplier) >> 32);
    return word - ((t + ((word - t) >> first_shift)) >> second_shift) * range;
  }
};

// Integers base + word % range for range < 2^28, cast to T; Wide holds the sum exactly, or modulo
// 2^bits where T is an integer no wider.
struct SmallRange {
  template <bool has_fma, typename T, typename Wide>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, T* __restrict out, int64_t n,
                                  Reduction reduction, Wide base) {
    for (int64_t i = 0; i < n; ++i) {
      const Wide value = base + static_cast<Wide>(reduction(words[i]));
      out[i] = static_cast<T>(value);
    }
  }
};

struct LargeRange {
  template <bool has_fma, typename T>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, T* __restrict out, int64_t n,
                                  uint64_t range, int64_t base) {
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t sum = word_pair(words, i) % range + static_cast<uint64_t>(base);
      out[i] = static_cast<T>(static_cast<int64_t>(sum));
    }
  }
};

// All 64 bits, as a signed integer, after `mask`.
struct MaskedPair {
  template <bool has_fma, typename T>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, T* __restrict out, int64_t n,
                                  uint64_t mask) {
    for (int64_t i = 0; i < n; ++i) {
      out[i] = static_cast<T>(static_cast<int64_t>(word_pair(words, i) & mask));
    }
  }
};

struct MaskedWord {
  template <bool has_fma, typename T>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, T* __restrict out, int64_t n,
                                  uint32_t mask) {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(words[i] & mask);
  }
};

// range = high - low, 0 standing for 2^64.
template <typename T>
void fill_range(Generator& generator, T* out, int64_t n, uint64_t range, int64_t low) {
  if (range == 0) return fill<MaskedPair>(generator, 2, out, n, ~uint64_t{0});
  if (range >= (uint64_t{1} << 28)) return fill<LargeRange>(generator, 2, out, n, range, low);
  const Reduction reduction(static_cast<uint32_t>(range));
  const int64_t last = low + static_cast<int64_t>(range - 1);
  if (low >= std::numeric_limits<int32_t>::min() && last <= std::numeric_limits<int32_t>::max()) {
    return fill<SmallRange>(generator, 1, out, n, reduction, static_cast<int32_t>(low));
  }
  fill<SmallRange>(generator, 1, out, n, reduction, low);
}

int floor_log2(uint64_t value) { return 63 - std::countl_zero(value | 1); }

constexpr int64_t kLargestHalf = 65504;

// PyTorch's adjustment of the bounds for a floating type T: where low + 1 rounds to below low, low
// moves up to a number T represents, and high down likewise, so that few samples round to outside
// [low, high). Where low rounds to 2^63 nothing is left, and the caller sees an empty range; a high
// that rounds to 2^63 stays as it is.
template <typename T>
int64_t narrow_low(int64_t low) {
  const auto rounded = rounded_to<T>(low + 1);
  if (rounded >= 0x1p63f) return std::numeric_limits<int64_t>::max();
  const auto above = static_cast<int64_t>(rounded);
  if (above >= low) return low;
  return above + (int64_t{1} << (floor_log2(std::abs(low + 1)) - digits_of<T>() + 1));
}
template <typename T>
int64_t narrow_high(int64_t high) {
  const auto rounded = rounded_to<T>(high - 1);
  if (rounded >= 0x1p63f) return high;
  const auto below = static_cast<int64_t>(rounded);
  if (below < high) return high;
  return below - (int64_t{1} << (floor_log2(std::abs(high - 1)) - digits_of<T>() + 1));
}

// remainders[i] = words[i] % (divisor - i), divisor - n >= 0 and divisor < 2^31. The quotient of
// two 32-bit integers in double is never rounded up to the next integer.
struct Remainders {
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, uint32_t* __restrict remainders,
                                  int64_t n, uint32_t divisor) {
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t d = divisor - static_cast<uint32_t>(i);
      if constexpr (has_fma) {
        const double x = std::bit_cast<double>(words[i] | 0x4330000000000000u) - 0x1p52;
        const double by = static_cast<double>(static_cast<int32_t>(d));
        remainders[i] =
            static_cast<uint32_t>(static_cast<int32_t>(fused<has_fma>(-std::trunc(x / by), by, x)));
      } else {
        remainders[i] = words[i] % d;
      }
    }
  }
};

constexpr int64_t kPrefetch = 24;  // swaps between asking for a cache line and using it

// PyTorch's switch from 32-bit to 64-bit draws, where the bias of % starts to show.
constexpr int64_t kLargePermutation = std::numeric_limits<uint32_t>::max() / 20;

// Fisher-Yates from the front: place i swaps with one of the places i .. n - 1.
template <typename T>
void shuffle_small(Generator& generator, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(i);
  Chunk chunk;
  uint32_t offset[kChunkWords];
  for (int64_t start = 0; start < n - 1; start += kChunkWords) {
    const int64_t count = std::min(kChunkWords, n - 1 - start);
    generator.random_words(chunk.words, count);
    run<Remainders>(static_cast<const uint32_t*>(chunk.words), static_cast<uint32_t*>(offset),
                    count, static_cast<uint32_t>(n - start));
    T* place = out + start;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t ahead = std::min(i + kPrefetch, count - 1);
      __builtin_prefetch(place + ahead + offset[ahead], 1);
      std::swap(place[i], place[i + offset[i]]);
    }
  }
}

// Inside-out Fisher-Yates: place i takes the value of one of the places 0 .. i, which takes i.
template <typename T>
void shuffle_large(Generator& generator, T* out, int64_t n) {
  constexpr int64_t step = kChunkWords / 2;
  Chunk chunk;
  int64_t source[step];
  for (int64_t start = 0; start < n; start += step) {
    const int64_t count = std::min(step, n - start);
    generator.random_words(chunk.words, 2 * count);
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t bits = word_pair(chunk.words, i);
      source[i] = static_cast<int64_t>(bits % static_cast<uint64_t>(start + i + 1));
    }
    for (int64_t i = 0; i < count; ++i) {
      __builtin_prefetch(out + source[std::min(i + kPrefetch, count - 1)], 1);
      const T value = static_cast<T>(start + i);
      out[start + i] = value;
      out[start + i] = out[source[i]];
      out[source[i]] = value;
    }
  }
}

}  // namespace

template <typename T, typename Stored>
void fill_randint(Generator& generator, T* out, int64_t n, int64_t low, int64_t high) {
  bool valid = low < high;
  int64_t first = low, end = high;
  if constexpr (is_float<Stored>()) {
    if constexpr (std::is_same_v<Stored, Half>)
      valid = valid && low >= -kLargestHalf && high - 1 <= kLargestHalf;
    if (valid) {
      first = narrow_low<Stored>(low);
      end = narrow_high<Stored>(high);
      valid = first < end;
    }
  } else {
    valid =
        valid && low >= std::numeric_limits<Stored>::min() && high - 1 <= largest_integer<Stored>();
  }
  if (!valid) {
    throw std::invalid_argument("randint: no integers in [low, high) = [" + std::to_string(low) +
                                ", " + std::to_string(high) + ") fit the output's dtype");
  }
  fill_range(generator, out, n, static_cast<uint64_t>(end) - static_cast<uint64_t>(first), first);
}

template <typename T, typename Stored>
void fill_random_from(Generator& generator, T* out, int64_t n, int64_t low) {
  constexpr bool floating = is_float<Stored>();
  constexpr int64_t last = largest_integer<Stored>();
  if constexpr ((floating && !std::is_same_v<Stored, Half>) || std::is_same_v<T, int64_t>) {
    if (low == std::numeric_limits<int64_t>::min()) return fill_range(generator, out, n, 0, 0);
  }
  bool valid;
  int64_t first = low;
  if constexpr (floating) {
    valid = low < last;
    if constexpr (std::is_same_v<Stored, Half>) valid = valid && low >= -kLargestHalf;
    if (valid) first = narrow_low<Stored>(low);
  } else {
    valid = low >= std::numeric_limits<Stored>::min() && low <= last;
  }
  if (!valid) {
    throw std::invalid_argument("random_: low (" + std::to_string(low) +
                                ") is outside the output's dtype, whose largest value here is " +
                                std::to_string(last));
  }
  fill_range(generator, out, n, static_cast<uint64_t>(last) - static_cast<uint64_t>(first) + 1,
             first);
}

template <typename T, typename Stored>
void fill_random(Generator& generator, T* out, int64_t n) {
  constexpr auto largest = static_cast<uint64_t>(largest_integer<Stored>());
  if constexpr (std::is_same_v<T, double>) {
    fill<LargeRange>(generator, 2, out, n, largest + 1, int64_t{0});
  } else if constexpr (std::is_same_v<T, int64_t>) {
    fill<MaskedPair>(generator, 2, out, n, largest);
  } else if constexpr (std::is_same_v<T, float>) {
    fill<SmallRange>(generator, 1, out, n, Reduction(static_cast<uint32_t>(largest + 1)), 0);
  } else {
    fill<MaskedWord>(generator, 1, out, n, static_cast<uint32_t>(largest));
  }
}

template <typename T, typename Stored>
void randperm(Generator& generator, T* out, int64_t n) {
  if (n < 0 || n - 1 > largest_integer<Stored>()) {
    throw std::invalid_argument("randperm: n (" + std::to_string(n) +
                                ") must be at least 0 and n - 1 must fit the output's dtype");
  }
  if (n < kLargePermutation) return shuffle_small(generator, out, n);
  shuffle_large(generator, out, n);
}

#define FLAMBEAU_INSTANTIATE(T, Stored)                                             \
  template void fill_randint<T, Stored>(Generator&, T*, int64_t, int64_t, int64_t); \
  template void fill_random_from<T, Stored>(Generator&, T*, int64_t, int64_t);      \
  template void fill_random<T, Stored>(Generator&, T*, int64_t);
FLAMBEAU_INSTANTIATE(float, float)
FLAMBEAU_INSTANTIATE(double, double)
FLAMBEAU_INSTANTIATE(int64_t, int64_t)
FLAMBEAU_INSTANTIATE(int32_t, int32_t)
FLAMBEAU_INSTANTIATE(uint8_t, uint8_t)
FLAMBEAU_INSTANTIATE(bool, bool)
FLAMBEAU_INSTANTIATE(float, Half)
FLAMBEAU_INSTANTIATE(float, BFloat16)
FLAMBEAU_INSTANTIATE(int32_t, int8_t)
FLAMBEAU_INSTANTIATE(int32_t, int16_t)
#undef FLAMBEAU_INSTANTIATE

template void randperm<float, float>(Generator&, float*, int64_t);
template void randperm<double, double>(Generator&, double*, int64_t);
template void randperm<int64_t, int64_t>(Generator&, int64_t*, int64_t);
template void randperm<int32_t, int32_t>(Generator&, int32_t*, int64_t);
template void randperm<uint8_t, uint8_t>(Generator&, uint8_t*, int64_t);
template void randperm<float, Half>(Generator&, float*, int64_t);
template void randperm<float, BFloat16>(Generator&, float*, int64_t);
template void randperm<int32_t, int8_t>(Generator&, int32_t*, int64_t);
template void randperm<int32_t, int16_t>(Generator&, int32_t*, int64_t);

}  // namespace flambeau
