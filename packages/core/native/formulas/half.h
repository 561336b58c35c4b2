// The 16-bit floats: float16 (IEEE binary16: 5 bits of exponent, 10 of fraction) and bfloat16 (the
// upper half of a float32). They are storage only: arithmetic converts to float, computes there and
// rounds once, to nearest, ties to even.
//
// A GPU converts by instructions of its own, where it has them: the results are the same, but for
// the payload of NaN.
#pragma once

#include "portable.h"

namespace flambeau {

struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

}  // namespace flambeau

FLAMBEAU_FORMULAS_BEGIN

// Exact; NaN keeps its payload.
FLAMBEAU_HD float to_float(Half x) {
#if defined(__CUDA_ARCH__)
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
#else
  const uint32_t size = x.bits & 0x7fffu;
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000u) << 16;
  const uint32_t shifted = size << 13;
  const uint32_t normal = shifted + (112u << 23);  // the exponents' biases differ by 112
  // The unit of subnormal halves, 2^-24, is the last place of a float in [1/2, 1).
  const uint32_t small = bits_of(float_of(0x3f000000u | size) - 0.5f);
  const uint32_t finite = size < 0x0400u ? small : normal;
  return float_of(sign | (size < 0x7c00u ? finite : shifted | 0x7f800000u));
#endif
}

// To nearest, ties to even; from 65520 on infinity. NaN stays NaN, with the top of its payload.
FLAMBEAU_HD Half to_half(float x) {
#if defined(__CUDA_ARCH__)
  Half y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  const uint32_t size = bits_of(x) & 0x7fffffffu;
  const uint32_t sign = (bits_of(x) >> 16) & 0x8000u;
  const uint32_t normal = (size - (112u << 23) + 0xfffu + ((size >> 13) & 1u)) >> 13;
  const uint32_t small = bits_of(float_of(size) + 0.5f) - 0x3f000000u;  // the sum rounds
  const uint32_t finite = size < 0x38800000u ? small : normal;
  const uint32_t bounded = size < 0x477ff000u ? finite : 0x7c00u;
  const uint32_t nan = 0x7e00u | ((size >> 13) & 0x3ffu);
  return {static_cast<uint16_t>(sign | (size > 0x7f800000u ? nan : bounded))};
#endif
}

// Exact.
FLAMBEAU_HD float to_float(BFloat16 x) { return float_of(static_cast<uint32_t>(x.bits) << 16); }

// To nearest, ties to even. NaN stays NaN, with the top of its payload.
FLAMBEAU_HD BFloat16 to_bfloat16(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  BFloat16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  const uint32_t bits = bits_of(x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t nan = (bits >> 16) | 0x40u;
  return {static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded)};
#endif
}

// One name for all types that compute in float: a 16-bit float, or float itself.
template <class T>
FLAMBEAU_HD T from_float(float x) {
  if constexpr (std::is_same_v<T, Half>) {
    return to_half(x);
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return to_bfloat16(x);
  } else {
    return static_cast<T>(x);
  }
}

FLAMBEAU_FORMULAS_END
