// Random whole numbers and permutations. philox.h says which numbers they are.
#include <limits>
#include <string>

#include "call_checks.h"
#include "random_fill.h"

namespace flambeau::cuda {

namespace {

constexpr uint64_t kSmallRange = uint64_t{1} << 28;  // from here on, 64 bits make a number

// A whole number as an element of type T.
template <class T>
__device__ __forceinline__ T whole_as(int64_t value) {
  if constexpr (is_real<T>) {
    return narrowed<T>(static_cast<Computed<T>>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else {
    return static_cast<T>(value);
  }
}

// first + word % range
template <class T>
struct SmallRangeSample {
  FastDivide range;
  int64_t first;

  __device__ __forceinline__ T operator()(uint32_t word, int64_t) const {
    return whole_as<T>(first + static_cast<int64_t>(range.remainder(word)));
  }
};
// A range of 0 stands for 2^64.
template <class T>
struct LargeRangeSample {
  uint64_t range;
  int64_t first;

  __device__ __forceinline__ T operator()(uint64_t bits, int64_t) const {
    const uint64_t value = range == 0 ? bits : bits % range;
    return whole_as<T>(static_cast<int64_t>(value + static_cast<uint64_t>(first)));
  }
};

// --- what types hold: the rules of core's samplers ---

template <class T>
constexpr int digits_of() {
  if constexpr (std::is_same_v<T, Half>) {
    return 11;
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return 8;
  } else {
    return std::numeric_limits<T>::digits;
  }
}
// The largest value of random_(): max(T), or 2^digits where T is floating.
template <class T>
constexpr int64_t largest_integer() {
  if constexpr (is_real<T>) {
    return int64_t{1} << digits_of<T>();
  } else {
    return static_cast<int64_t>(std::numeric_limits<T>::max());
  }
}
template <class T>
constexpr int64_t smallest_integer() {
  if constexpr (std::is_same_v<T, Half>) {
    return -65504;
  } else if constexpr (is_real<T>) {
    return std::numeric_limits<int64_t>::min();
  } else {
    return static_cast<int64_t>(std::numeric_limits<T>::min());
  }
}
// x rounded to a floating T, as a whole number; the largest one where it has none.
template <class T>
int64_t rounded_to(int64_t x) {
  const double y = static_cast<double>(widened(narrowed<T>(static_cast<Computed<T>>(x))));
  return y >= 0x1p63 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(y);
}
int64_t floor_log2(int64_t x) {
  int64_t bits = 0;
  for (uint64_t rest = static_cast<uint64_t>(x < 0 ? -x : x); rest > 1; rest /= 2) ++bits;
  return bits;
}
// Where low + 1 rounds to below low, low moves up to a number that T has; high down likewise.
template <class T>
int64_t narrow_low(int64_t low) {
  const int64_t above = rounded_to<T>(low + 1);
  if (above >= low) return above == std::numeric_limits<int64_t>::max() ? above : low;
  return above + (int64_t{1} << (floor_log2(low + 1) - digits_of<T>() + 1));
}
template <class T>
int64_t narrow_high(int64_t high) {
  const int64_t below = rounded_to<T>(high - 1);
  if (below < high || below == std::numeric_limits<int64_t>::max()) return high;
  return below - (int64_t{1} << (floor_log2(high - 1) - digits_of<T>() + 1));
}

// Fills `out` with first + [0, range); a range of 0 stands for 2^64.
template <class T>
void fill_range(Call& call, const Tensor& out, uint64_t range, int64_t first) {
  if (range != 0 && range < kSmallRange)
    return fill_random<1, T>(call, out,
                             SmallRangeSample<T>{FastDivide(static_cast<uint32_t>(range)), first});
  fill_random<2, T>(call, out, LargeRangeSample<T>{range, first});
}

// --- permutations ---

// A permutation of 0 … 2^bits - 1 (bits even): rounds of a Feistel network whose round function is
// Philox. Numbers of n and more are permuted again until one below n comes out, which makes it a
// permutation of 0 … n - 1 (Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002).
struct Permutation {
  uint64_t n;
  int half;  // of the bits

  FLAMBEAU_HD uint64_t of(const Philox& philox, uint64_t i) const {
    constexpr int kRounds = 8;
    const uint64_t mask = (uint64_t{1} << half) - 1;
    do {
      uint64_t left = i >> half;
      uint64_t right = i & mask;
      for (int round = 0; round < kRounds; ++round) {
        const Words words = philox_words(philox.seed, philox.offset,
                                         right | static_cast<uint64_t>(round + 1) << 56);
        const uint64_t mixed = (left ^ word_pair(words, 0)) & mask;
        left = right;
        right = mixed;
      }
      i = left << half | right;
    } while (i >= n);
    return i;
  }
};

template <class T>
__global__ void __launch_bounds__(kRandomThreads)
    permutation_fill(Philox given, Permutation permutation, int64_t n, T* out) {
  const Philox philox = given.now();
  for (int64_t i = global_thread(); i < n; i += global_threads())
    out[i] = whole_as<T>(static_cast<int64_t>(permutation.of(philox, static_cast<uint64_t>(i))));
}

}  // namespace

// Integers in [low, high); parameters: generator, low, high (two numbers each). For floating types,
// bounds that they cannot hold move inward.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(randint) {
  const Tensor& out = tensor_to_fill(call);
  const int64_t low = integer64(call, 1);
  const int64_t high = integer64(call, 3);
  with_every_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    int64_t first = low;
    int64_t end = high;
    bool valid = low < high && low >= smallest_integer<T>();
    if constexpr (is_real<T>) {
      if constexpr (std::is_same_v<T, Half>) valid = valid && high - 1 <= 65504;
      if (valid) {
        first = narrow_low<T>(low);
        end = narrow_high<T>(high);
        valid = first < end;
      }
    } else {
      valid = valid && high - 1 <= largest_integer<T>();
    }
    if (!valid)
      throw Failure("ERR_VALUE", "randint: no integers in [low, high) = [" + std::to_string(low) +
                                     ", " + std::to_string(high) + ") fit the output's dtype");
    fill_range<T>(call, out, static_cast<uint64_t>(end) - static_cast<uint64_t>(first), first);
  });
}

// Integers up to the largest of the type; parameters: generator, and the lowest (two numbers), 0
// if left out.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(random) {
  const Tensor& out = tensor_to_fill(call);
  const bool from_zero = call.num_params() == 1;
  const int64_t low = from_zero ? 0 : integer64(call, 1);
  with_every_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    constexpr int64_t kLast = largest_integer<T>();
    constexpr bool kReal = is_real<T>;
    constexpr bool kWhole = (kReal && !std::is_same_v<T, Half>) || std::is_same_v<T, int64_t>;
    if (kWhole && low == std::numeric_limits<int64_t>::min()) return fill_range<T>(call, out, 0, 0);
    const bool valid = low >= smallest_integer<T>() && (kReal ? low < kLast : low <= kLast);
    if (!valid)
      throw Failure("ERR_VALUE", "random_: low (" + std::to_string(low) +
                                     ") is outside the output's dtype, whose largest value here "
                                     "is " +
                                     std::to_string(kLast));
    int64_t first = low;
    if constexpr (kReal) {
      if (!from_zero) first = narrow_low<T>(low);
    }
    fill_range<T>(call, out, static_cast<uint64_t>(kLast) - static_cast<uint64_t>(first) + 1,
                  first);
  });
}

// A permutation of 0 … n - 1 in a new tensor [n], not bool; parameters: generator.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(randperm) {
  const Tensor& out = call.out(0);
  const int64_t n = out.numel();
  with_every_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, bool>) {
      throw Failure("ERR_INTERNAL", "bools cannot be permuted");
    } else {
      if (n - 1 > largest_integer<T>())
        throw Failure("ERR_VALUE", "randperm: n (" + std::to_string(n) +
                                       ") must be at least 0 and n - 1 must fit the output's "
                                       "dtype");
      // Short permutations come from a larger one, which has more of them.
      Permutation permutation = {static_cast<uint64_t>(n), 4};
      while (permutation.half < 31 && (uint64_t{1} << (2 * permutation.half)) < permutation.n)
        ++permutation.half;
      fill_in_order<T>(call, out, [&](T* data) {
        launch(permutation_fill<T>, grid_for(n, 1, call.properties(), kRandomThreads),
               kRandomThreads, 0, call.stream(), call.draw(static_cast<int>(call.integer(0)), 1),
               permutation, n, data);
      });
    }
  });
}

}  // namespace flambeau::cuda
