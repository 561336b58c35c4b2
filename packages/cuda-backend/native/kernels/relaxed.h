// Stores that threads may make to one place at the same time.
#pragma once

#include <cstdint>
#include <cstring>

#include "primitives.h"

namespace flambeau::cuda {

// *place = value, where other threads may write the same value there meanwhile: a relaxed store, as
// volatile ones are on a GPU, is no race with others. Types of 16 bytes are stored as two parts.
template <class T>
FLAMBEAU_DEVICE void store_relaxed(T* place, const T& value) {
  constexpr size_t kPart = sizeof(T) < 8 ? sizeof(T) : 8;
  static_assert(sizeof(T) % kPart == 0);
  using Part = std::conditional_t<
      kPart == 1, uint8_t,
      std::conditional_t<kPart == 2, uint16_t, std::conditional_t<kPart == 4, uint32_t, uint64_t>>>;
  Part parts[sizeof(T) / kPart];
  memcpy(parts, &value, sizeof value);
#pragma unroll
  for (size_t i = 0; i < sizeof(T) / kPart; ++i)
    reinterpret_cast<volatile Part*>(place)[i] = parts[i];
}

}  // namespace flambeau::cuda
