// exp, exp2, expm1: Cody and Waite's reduction with ln 2 in two parts, then a minimax polynomial,
// of degree 6 for float and 11 for double. Overflow gives infinity, underflow is gradual, NaN
// stays.
//
// "max N ulp" in these headers is the largest error seen against the wider libm, in units in the
// last place, as without / with fused multiply-add; 0.5 is perfect. Float: at least every 13th of
// all 2^32 floats (exp, log, tanh, sigmoid, erf: all of them, with fma); double: millions of
// samples.
#pragma once

#include "portable.h"

FLAMBEAU_FORMULAS_BEGIN

// A float in [2^23, 2^24) (double: [2^52, 2^53)) counts in ones: x + kShift rounds x to a whole
// number n, to be read from the low bits, with no conversion that a NaN or an infinity could make
// undefined.
constexpr float kShiftF = 0x1.8p23f;
constexpr double kShift = 0x1.8p52;

// n as a wrapped integer, from n + kShift; junk, not undefined, where x was NaN.
FLAMBEAU_HD uint32_t count_of(float shifted) { return bits_of(shifted) - bits_of(kShiftF); }
FLAMBEAU_HD uint64_t count_of(double shifted) { return bits_of(shifted) - bits_of(kShift); }

// 2^n by its exponent field; n in [-126, 127] (double: [-1022, 1023]).
FLAMBEAU_HD float power_of_two_f(uint32_t n) { return float_of((n + 127u) << 23); }
FLAMBEAU_HD double power_of_two(uint64_t n) { return double_of((n + 1023u) << 52); }

// value · 2^n for value near 1 and n in [-250, 252]: two factors, the first product exact, so that
// the rounding, overflow and underflow are the second one's. Products, not sums in the exponent
// field: those would break NaN.
FLAMBEAU_HD float scale_f(float value, uint32_t n) {
  const uint32_t half = static_cast<uint32_t>(static_cast<int32_t>(n) >> 1);
  return value * power_of_two_f(half) * power_of_two_f(n - half);
}
// The same for n in [-2040, 2040]. The offset makes the shift logical: AVX2 has no arithmetic one.
FLAMBEAU_HD double scale(double value, uint64_t n) {
  const uint64_t half = ((n + 4096u) >> 1) - 2048u;
  return value * power_of_two(half) * power_of_two(n - half);
}

// x = n·ln2 + r, |r| <= ln2/2 but for rounding.
struct ReducedF {
  uint32_t n;
  float r;
};
struct Reduced {
  uint64_t n;
  double r;
};

// For |x| below about 10^5 (double: 10^6), where n·(the high part of ln2) is exact.
FLAMBEAU_HD ReducedF reduce_exp_f(float x) {
  const float shifted = multiply_add(x, 0x1.715476p0f, kShiftF);
  const float n = shifted - kShiftF;
  const float part = subtract_product(x, n, 0x1.62e4p-1f);
  return {count_of(shifted), subtract_product(part, n, 0x1.7f7d1cp-20f)};
}
FLAMBEAU_HD Reduced reduce_exp(double x) {
  const double shifted = multiply_add(x, 0x1.71547652b82fep0, kShift);
  const double n = shifted - kShift;
  const double part = subtract_product(x, n, 0x1.62e42fefa2p-1);
  return {count_of(shifted), subtract_product(part, n, 0x1.9ef35793c7673p-41)};
}

// x held to at most `high`, to at least `low`, to [low, high]; NaN passes.
template <class T>
FLAMBEAU_HD T cap(T x, T high) {
  return high < x ? high : x;
}
template <class T>
FLAMBEAU_HD T lift(T x, T low) {
  return x < low ? low : x;
}
template <class T>
FLAMBEAU_HD T hold(T x, T low, T high) {
  return lift(cap(x, high), low);
}

// e^x · 2^shift for |x| <= 170 (double: 1400), not held, and a small shift.
FLAMBEAU_HD float exp_held_f(float x, int32_t shift = 0) {
  const ReducedF p = reduce_exp_f(x);
  return scale_f(polynomial(p.r, 1.0f, 1.0f, 0x1p-1f, 0x1.5554dcp-3f, 0x1.5554e8p-5f,
                            0x1.120c26p-7f, 0x1.6d4e6ep-10f),
                 p.n + static_cast<uint32_t>(shift));
}
FLAMBEAU_HD double exp_held(double x) {
  const Reduced p = reduce_exp(x);
  return scale(polynomial(p.r, 1.0, 1.0, 0x1.0000000000001p-1, 0x1.5555555555558p-3,
                          0x1.5555555553cd6p-5, 0x1.111111110f8d9p-7, 0x1.6c16c178acbaap-10,
                          0x1.a01a01afb874ap-13, 0x1.a019b8b2468dep-16, 0x1.71ddf7832088fp-19,
                          0x1.2891d915c979p-22, 0x1.af61c91546b84p-26),
               p.n);
}

// e^x. max 1.24 / 0.97 ulp (double: 1.21 / 0.92).
FLAMBEAU_HD float exp_f(float x) { return exp_held_f(hold(x, -105.0f, 89.0f)); }
FLAMBEAU_HD double exp_d(double x) { return exp_held(hold(x, -746.0, 710.0)); }

// 2^x. max 1.10 / 0.88 ulp. Whole x are exact.
FLAMBEAU_HD float exp2_f(float x) {
  const float held = hold(x, -151.0f, 129.0f);
  const float shifted = held + kShiftF;
  const float r = held - (shifted - kShiftF);
  return scale_f(polynomial(r, 1.0f, 0x1.62e43p-1f, 0x1.ebfbep-3f, 0x1.c6af9cp-5f, 0x1.3b2a48p-7f,
                            0x1.5ef5dp-10f, 0x1.442512p-13f),
                 count_of(shifted));
}
FLAMBEAU_HD double exp2_d(double x) { return ::exp2(x); }

// e^r - 1 for |r| <= ln2/2.
FLAMBEAU_HD float expm1_core_f(float r) {
  return multiply_add(r * r,
                      polynomial(r, 0x1p-1f, 0x1.555556p-3f, 0x1.5555p-5f, 0x1.110fc2p-7f,
                                 0x1.6d308p-10f, 0x1.a2d96ep-13f),
                      r);
}
FLAMBEAU_HD double expm1_core(double r) {
  return multiply_add(
      r * r,
      polynomial(r, 0x1p-1, 0x1.5555555555557p-3, 0x1.5555555555557p-5, 0x1.1111111110051p-7,
                 0x1.6c16c16c156a5p-10, 0x1.a01a01ac1de81p-13, 0x1.a01a01ab9882bp-16,
                 0x1.71de01acf7608p-19, 0x1.27e4cfaf0e5b1p-22, 0x1.af4ecab92d083p-26,
                 0x1.1f86f0b04e396p-29),
      r);
}

// (e^x - 1)/2 for x in [-18, 89] (double: [-40, 710]): with s = 2^(n-1), s·(e^r - 1) + (s - 1/2).
// Half of it, so that n = 128 (double: 1024) does not overflow early.
FLAMBEAU_HD float half_expm1_f(float x) {
  const ReducedF p = reduce_exp_f(x);
  const float s = power_of_two_f(p.n - 1u);
  return multiply_add(s, expm1_core_f(p.r), s - 0.5f);
}
FLAMBEAU_HD double half_expm1(double x) {
  const Reduced p = reduce_exp(x);
  const double s = power_of_two(p.n - 1u);
  return multiply_add(s, expm1_core(p.r), s - 0.5);
}

// e^x - 1, precise near 0; -0 stays -0. max 1.42 / 1.44 ulp (double: 1.91 / 1.80).
FLAMBEAU_HD float expm1_f(float x) {
  const float y = 2.0f * half_expm1_f(hold(x, -18.0f, 89.0f));
  return magnitude(x) < 0x1p-25f ? x : y;
}
FLAMBEAU_HD double expm1_d(double x) {
  const double y = 2.0 * half_expm1(hold(x, -40.0, 710.0));
  return magnitude(x) < 0x1p-54 ? x : y;
}

FLAMBEAU_FORMULAS_END
