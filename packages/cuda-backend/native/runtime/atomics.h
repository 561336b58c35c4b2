// Atomics for all types of elements. Included by primitives.h.
#pragma once

#include "primitives.h"

#if !defined(FLAMBEAU_EMULATED)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace flambeau::cuda {

// *place = combine(*place), atomically, for types of 1, 2, 4 and 8 bytes; gives what was there.
// Types of less than 4 bytes are replaced within the 32 bits that they lie in.
template <class T, class Combine>
FLAMBEAU_DEVICE T atomic_update(T* place, const Combine& combine) {
  static_assert(sizeof(T) <= 8);
  if constexpr (sizeof(T) >= 4) {
    using Word = std::conditional_t<sizeof(T) == 4, unsigned, unsigned long long>;
    Word* const words = reinterpret_cast<Word*>(place);
    Word seen = *const_cast<volatile Word*>(words);
    for (;;) {
      T old;
      memcpy(&old, &seen, sizeof old);
      const T updated = combine(old);
      Word wanted;
      memcpy(&wanted, &updated, sizeof wanted);
      const Word found = atomicCAS(words, seen, wanted);
      if (found == seen) return old;
      seen = found;
    }
  } else {
    using Bits = std::conditional_t<sizeof(T) == 1, uint8_t, uint16_t>;
    const auto address = reinterpret_cast<uintptr_t>(place);
    unsigned* const words = reinterpret_cast<unsigned*>(address & ~uintptr_t{3});
    const int shift = static_cast<int>(address & 3) * 8;
    const unsigned mask = (sizeof(T) == 1 ? 0xffu : 0xffffu) << shift;
    unsigned seen = *const_cast<volatile unsigned*>(words);
    for (;;) {
      const Bits bits = static_cast<Bits>(seen >> shift);
      T old;
      memcpy(&old, &bits, sizeof old);
      const T updated = combine(old);
      Bits wanted;
      memcpy(&wanted, &updated, sizeof wanted);
      const unsigned found =
          atomicCAS(words, seen, (seen & ~mask) | (static_cast<unsigned>(wanted) << shift));
      if (found == seen) return old;
      seen = found;
    }
  }
}

// *place += value, rounded to T; integers wrap, and bool is "or". On float types the order of
// additions, and with it the last bits, may differ from run to run.
template <class T>
FLAMBEAU_DEVICE void atomic_add(T* place, T value) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double> ||
                std::is_same_v<T, int32_t> || std::is_same_v<T, uint32_t>) {
    atomicAdd(place, value);
  } else if constexpr (sizeof(T) == 8) {
    atomicAdd(reinterpret_cast<unsigned long long*>(place), static_cast<unsigned long long>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    if (value) atomic_update(place, [](bool) { return true; });
  } else if constexpr (std::is_same_v<T, Half>) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 700
    atomicAdd(reinterpret_cast<__half*>(place), __ushort_as_half(value.bits));
#else
    atomic_update(place, [=](T old) { return narrow<T>(widen(old) + widen(value)); });
#endif
  } else if constexpr (std::is_same_v<T, BFloat16>) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    atomicAdd(reinterpret_cast<__nv_bfloat16*>(place), __ushort_as_bfloat16(value.bits));
#else
    atomic_update(place, [=](T old) { return narrow<T>(widen(old) + widen(value)); });
#endif
  } else {
    atomic_update(place, [=](T old) { return static_cast<T>(old + value); });
  }
}

// *place *= value.
template <class T>
FLAMBEAU_DEVICE void atomic_multiply(T* place, T value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value) atomic_update(place, [](bool) { return false; });
  } else {
    atomic_update(place, [=](T old) { return narrow<T>(Compute<T>(widen(old) * widen(value))); });
  }
}

// *place = the greater of both; NaN wins. The result does not depend on the order.
template <class T>
FLAMBEAU_DEVICE void atomic_max(T* place, T value) {
  if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, uint32_t>) {
    atomicMax(place, value);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    atomicMax(reinterpret_cast<long long*>(place), static_cast<long long>(value));
  } else {
    atomic_update(place, [=](T old) {
      const auto a = widen(old);
      const auto b = widen(value);
      return a > b || a != a ? old : value;
    });
  }
}
// *place = the lesser of both; NaN wins.
template <class T>
FLAMBEAU_DEVICE void atomic_min(T* place, T value) {
  if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, uint32_t>) {
    atomicMin(place, value);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    atomicMin(reinterpret_cast<long long*>(place), static_cast<long long>(value));
  } else {
    atomic_update(place, [=](T old) {
      const auto a = widen(old);
      const auto b = widen(value);
      return a < b || a != a ? old : value;
    });
  }
}

}  // namespace flambeau::cuda
