// What kernels are made of: division by known numbers, accesses of 16 bytes, sizes of grids;
// reductions and scans over warps and blocks (collective.h) and atomics for all types (atomics.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "half.h"
#include "launch.h"
#include "properties.h"

#if defined(__CUDACC__) || defined(FLAMBEAU_EMULATED)
#define FLAMBEAU_DEVICE_CODE 1  // the compiler at work knows device code
#define FLAMBEAU_DEVICE __device__ __forceinline__
#endif

namespace flambeau::cuda {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;

// --- division ---

// Division of 32-bit numbers by a divisor in 1 … 2^32 - 1 that is known beforehand: a
// multiplication and shifts. Exact for all dividends.
//
// Granlund and Montgomery, Division by Invariant Integers using Multiplication (1994), section 4.
class FastDivide {
 public:
  FastDivide() {}  // NOLINT(modernize-use-equals-default): arrays of them are left as they are
  explicit FastDivide(uint32_t divisor) : divisor_(divisor) {
    uint32_t bits = 0;  // smallest with 2^bits >= divisor
    while (bits < 32 && (uint64_t{1} << bits) < divisor) ++bits;
    multiplier_ = static_cast<uint32_t>((((uint64_t{1} << bits) - divisor) << 32) / divisor + 1);
    first_ = bits < 1 ? bits : 1;
    second_ = bits - first_;
  }

  FLAMBEAU_HD uint32_t divisor() const { return divisor_; }
  FLAMBEAU_HD uint32_t divide(uint32_t n) const {
    const uint32_t high = static_cast<uint32_t>(static_cast<uint64_t>(multiplier_) * n >> 32);
    return (high + ((n - high) >> first_)) >> second_;
  }
  FLAMBEAU_HD uint32_t remainder(uint32_t n) const { return n - divide(n) * divisor_; }
  // n / divisor, and n % divisor in `rest`.
  FLAMBEAU_HD uint32_t divide(uint32_t n, uint32_t* rest) const {
    const uint32_t quotient = divide(n);
    *rest = n - quotient * divisor_;
    return quotient;
  }

 private:
  uint32_t divisor_;
  uint32_t multiplier_;
  uint32_t first_;
  uint32_t second_;
};

// --- accesses ---

// n elements that are read or written as one; n is a power of two.
template <class T, int n>
struct alignas(sizeof(T) * n) Pack {
  T values[n];
  FLAMBEAU_HD T& operator[](int i) { return values[i]; }
  FLAMBEAU_HD const T& operator[](int i) const { return values[i]; }
};

// Elements of T in the 16 bytes that a thread reads or writes best.
template <class T>
inline constexpr int kPack = 16 / sizeof(T);

// The type that T is computed in.
template <class T>
using Compute =
    std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

template <class T>
FLAMBEAU_HD Compute<T> widen(T x) {
  if constexpr (std::is_same_v<Compute<T>, T>) {
    return x;
  } else {
    return formulas::to_float(x);
  }
}
// The inverse: rounds to nearest.
template <class T>
FLAMBEAU_HD T narrow(Compute<T> x) {
  if constexpr (std::is_same_v<Compute<T>, T>) {
    return x;
  } else {
    return formulas::from_float<T>(x);
  }
}

// --- grids ---

// Blocks of `threads` threads for a grid-stride loop over `numel` elements, of which a thread does
// `per_thread` at a time: as many as the device holds at once, and no more than there is work for.
inline unsigned grid_for(int64_t numel, int per_thread, const Properties& properties,
                         int threads = 256) {
  const int64_t per_block = int64_t{per_thread} * threads;
  const int64_t resident = int64_t{std::max(1, properties.multiprocessors)} *
                           std::max(1, properties.threads_per_multiprocessor / threads);
  return static_cast<unsigned>(std::min(resident, (numel + per_block - 1) / per_block));
}

// --- mean and variance ---

// The mean of some numbers and the sum of their squared distances from it (Welford 1962); two of
// them combine as Chan, Golub and LeVeque do (1979).
template <class T>
struct Welford {
  T mean = 0;
  T squares = 0;
  T count = 0;

  FLAMBEAU_HD void add(T x) {
    count += 1;
    const T delta = x - mean;
    mean += delta / count;
    squares += delta * (x - mean);
  }
  FLAMBEAU_HD static Welford combine(const Welford& a, const Welford& b) {
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    Welford both;
    both.count = a.count + b.count;
    const T delta = b.mean - a.mean;
    const T share = b.count / both.count;
    both.mean = a.mean + delta * share;
    both.squares = a.squares + b.squares + delta * delta * a.count * share;
    return both;
  }
};

#if defined(FLAMBEAU_DEVICE_CODE)

// Reads n elements at once; `from` is aligned to their size.
template <int n, class T>
FLAMBEAU_DEVICE Pack<T, n> load_pack(const T* from) {
#if defined(FLAMBEAU_EMULATED)
  emulation::require_aligned(from, sizeof(Pack<T, n>));
#endif
  return *reinterpret_cast<const Pack<T, n>*>(from);
}
// Writes n elements at once; `to` is aligned to their size.
template <class T, int n>
FLAMBEAU_DEVICE void store_pack(T* to, const Pack<T, n>& pack) {
#if defined(FLAMBEAU_EMULATED)
  emulation::require_aligned(to, sizeof(Pack<T, n>));
#endif
  *reinterpret_cast<Pack<T, n>*>(to) = pack;
}

// The place of this thread among those of the grid along x, and how many there are.
FLAMBEAU_DEVICE int64_t global_thread() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
FLAMBEAU_DEVICE int64_t global_threads() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

#endif

}  // namespace flambeau::cuda

#if defined(FLAMBEAU_DEVICE_CODE)
#include "atomics.h"
#include "collective.h"
#endif
