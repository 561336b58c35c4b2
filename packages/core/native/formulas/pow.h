// pow for floats and whole numbers.
#pragma once

#include "exp.h"

FLAMBEAU_FORMULAS_BEGIN

// log2(x) for a float x > 0 held in a double (so never denormal), relative error 2^-37.
FLAMBEAU_HD double log2_of_float(double x) {
  const uint64_t bits = bits_of(x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  const double n = double_of((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
  const double m = double_of((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
  const double s = (m - 1.0) / (m + 1.0);
  return n + s * polynomial(s * s, 0x1.71547652bee21p1, 0x1.ec709d1291a44p-1, 0x1.27778019d6accp-1,
                            0x1.a58d7055d49b2p-2, 0x1.5cea2f3d4167p-2);
}

// 2^t for t in [-200, 200], relative error 2^-29; NaN stays.
FLAMBEAU_HD double exp2_for_float(double t) {
  const double shifted = t + kShift;
  const double r = t - (shifted - kShift);
  const double p = polynomial(r, 0x1.0000000261508p0, 0x1.62e430c7e92d5p-1, 0x1.ebfbdadcb1701p-3,
                              0x1.c6aed4b946d84p-5, 0x1.3b2dbbc066705p-7, 0x1.5f456a8ef562dp-10,
                              0x1.41d333d34ccd5p-13);
  return p * power_of_two(count_of(shifted));
}

// x^y with C99's special cases. 2^(y·log2|x|) in double, rounded once to float. max 0.53 / 0.53
// ulp.
FLAMBEAU_HD float pow_f(float x, float y) {
  const float a = magnitude(x);
  const double log_inside = log2_of_float(static_cast<double>(a));
  const double log_top = a < kInfinityF ? log_inside : static_cast<double>(a);  // inf and NaN
  const double log_a = a == 0.0f ? -kInfinity : log_top;
  const double t = hold(static_cast<double>(y) * log_a, -200.0, 200.0);
  const float size = static_cast<float>(exp2_for_float(t));

  const bool whole = round_to_zero(y) == y;
  const float half = 0.5f * y;
  const bool odd = whole & (round_to_zero(half) != half);
  const float signed_size = odd ? flip_sign(size, x) : size;
  // x < 0 has no real power unless y is whole or x is -inf
  const float real = (x < 0.0f) & (a < kInfinityF) & !whole ? kNanF : signed_size;
  const bool one = (y == 0.0f) | (x == 1.0f) | ((x == -1.0f) & (magnitude(y) == kInfinityF));
  return one ? 1.0f : real;
}
FLAMBEAU_HD double pow_d(double x, double y) { return ::pow(x, y); }

// x^y for integers, wrapping, by squaring. y < 0 truncates: 1 for x = 1, ±1 for x = -1, else 0 (x =
// 0 included); callers that must refuse negative powers do so before.
template <class T>
FLAMBEAU_HD T pow_integer(T x, T y) {
  static_assert(std::is_integral_v<T>, "pow_integer is for integers");
  using U = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
  if (is_negative(y)) {
    const T unit = (y & T(1)) != 0 ? x : T(1);
    return (x == T(1)) | (x == T(-1)) ? unit : T(0);
  }
  U base = static_cast<U>(x);
  U result = 1;
  for (U power = static_cast<U>(y); power != 0; power >>= 1) {
    result *= (power & 1u) != 0 ? base : U(1);
    base *= base;
  }
  return static_cast<T>(result);
}
FLAMBEAU_HD bool pow_integer(bool x, bool y) { return x | !y; }

FLAMBEAU_FORMULAS_END
