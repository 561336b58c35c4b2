// sin, cos, tan and their inverses. Float: good to the last bits for every argument, up to 3.4e38.
// Double calls libm, so that loops over it do not vectorise, but for sin_easy and cos_easy.
#pragma once

#include "portable.h"

FLAMBEAU_FORMULAS_BEGIN

// x = n·π/2 + r, |r| <= π/4 (n modulo 4).
struct QuarterTurns {
  float r;
  uint32_t n;
};

// Payne and Hanek's reduction in double. 1/2π is cut into pieces of 29 bits, so that each product
// with a float (24 bits) is exact and its whole turns can be dropped exactly. Four pieces reach far
// enough; from |x| = 2^83 on the first two give whole turns only, and the window moves down by two.
// x = ±inf and NaN give r = NaN.
FLAMBEAU_HD QuarterTurns reduce_turns_f(float x) {
  const bool far = magnitude(x) >= 0x1p83f;
  const double wide = static_cast<double>(x);
  const double p0 = wide * (far ? 0x1.4fe13abp-61 : 0x1.45f306dp-3);
  const double p1 = wide * (far ? 0x1.d1f534dp-90 : 0x1.9391054p-32);
  const double p2 = wide * (far ? 0x1.b81b6c5p-119 : 0x1.4fe13abp-61);
  const double t3 = wide * (far ? 0x1.5993c439041fep-150 : 0x1.d1f534ddc0db6p-90);
  const double t0 = p0 - round_even(p0);
  const double t1 = p1 - round_even(p1);
  const double t2 = p2 - round_even(p2);
  const double n = round_even(4.0 * (t0 + t1 + t2));
  // Largest first: where the sum cancels, the partial sums are exact.
  const double quarters = (((4.0 * t0 - n) + 4.0 * t1) + 4.0 * t2) + 4.0 * t3;
  return {static_cast<float>(quarters * 0x1.921fb54442d18p0),
          bits_of(static_cast<float>(n) + 0x1.8p23f)};
}

// sin and cos on [-π/4, π/4].
FLAMBEAU_HD float sin_core_f(float r) {
  const float z = r * r;
  return r +
         r * z * polynomial(z, -0x1.555556p-3f, 0x1.111198p-7f, -0x1.a08322p-13f, 0x1.877dd8p-19f);
}
FLAMBEAU_HD float cos_core_f(float r) {
  const float z = r * r;
  return (1.0f - 0.5f * z) +
         z * z * polynomial(z, 0x1.555554p-5f, -0x1.6c129ep-10f, 0x1.9bc73ap-16f);
}

// sin(r + n·π/2)
FLAMBEAU_HD float sin_turned_f(float r, uint32_t n) {
  const float y = (n & 1u) != 0 ? cos_core_f(r) : sin_core_f(r);
  return float_of(bits_of(y) ^ ((n & 2u) << 30));
}

// Sine; ±inf gives NaN, -0 stays -0. max 1.65 / 1.64 ulp.
FLAMBEAU_HD float sin_f(float x) {
  const QuarterTurns q = reduce_turns_f(x);
  const float y = sin_turned_f(q.r, q.n);
  return x == 0.0f ? x : y;
}
FLAMBEAU_HD double sin_d(double x) { return ::sin(x); }

// Cosine; ±inf gives NaN. max 1.62 / 1.62 ulp.
FLAMBEAU_HD float cos_f(float x) {
  const QuarterTurns q = reduce_turns_f(x);
  return sin_turned_f(q.r, q.n + 1u);
}
FLAMBEAU_HD double cos_d(double x) { return ::cos(x); }

// Tangent; ±inf gives NaN, -0 stays -0. max 3.68 / 3.65 ulp.
FLAMBEAU_HD float tan_f(float x) {
  const QuarterTurns q = reduce_turns_f(x);
  const bool odd = (q.n & 1u) != 0;
  const float s = sin_core_f(q.r);
  const float c = cos_core_f(q.r);
  const float y = (odd ? -c : s) / (odd ? s : c);
  return x == 0.0f ? x : y;
}
FLAMBEAU_HD double tan_d(double x) { return ::tan(x); }

// sin and cos on [-π/4, π/4] for double. Error below 1 ulp.
FLAMBEAU_HD double sin_core(double r) {
  const double z = r * r;
  return r + r * z *
                 polynomial(z, -0x1.5555555555555p-3, 0x1.1111111110c72p-7, -0x1.a01a019e9cd0dp-13,
                            0x1.71de37ac2b128p-19, -0x1.ae601b5009321p-26, 0x1.5e0f91b436d38p-33);
}
FLAMBEAU_HD double cos_core(double r) {
  const double z = r * r;
  return (1.0 - 0.5 * z) + z * z *
                               polynomial(z, 0x1.5555555555555p-5, -0x1.6c16c16c168c6p-10,
                                          0x1.a01a019f3721ap-16, -0x1.27e4fa01688b8p-22,
                                          0x1.1eeb563f7fdb6p-29, -0x1.90725f31d9b3fp-37);
}

// x = n·π/2 + high + low, |high| <= π/4, for |x| up to kEasyTurns: π/2 in three parts of 33 bits,
// so that their products with n are exact, and a rest. What cancels leaves no error: high + low is
// good to 2^-130, and no double comes closer to a multiple of π/2 than 2^-62.
constexpr double kEasyTurns = 0x1p20;
struct EasyTurns {
  double high;
  double low;
  uint64_t n;
};
FLAMBEAU_HD EasyTurns reduce_turns(double x) {
  const double n = round_even(x * 0x1.45f306dc9c883p-1);
  const ExactSum<double> first = two_sum(x - n * 0x1.921fb544p+0, -n * 0x1.0b4611a6p-34);
  const ExactSum<double> second = two_sum(first.sum, -n * 0x1.3198a2ep-69);
  const double rest = first.error + second.error - n * 0x1.b839a252049c1p-104;
  const double high = second.sum + rest;
  return {high, rest - (high - second.sum), bits_of(n + 0x1.8p52)};
}

// sin and cos of high + low.
FLAMBEAU_HD double sin_core(double high, double low) {
  const double z = high * high;
  const double tail =
      high * z *
      polynomial(z, -0x1.5555555555555p-3, 0x1.1111111110c72p-7, -0x1.a01a019e9cd0dp-13,
                 0x1.71de37ac2b128p-19, -0x1.ae601b5009321p-26, 0x1.5e0f91b436d38p-33);
  return high + (tail + low * (1.0 - 0.5 * z));
}
FLAMBEAU_HD double cos_core(double high, double low) {
  const double z = high * high;
  const double half = 0.5 * z;
  const double main = 1.0 - half;
  const double tail =
      z * z *
      polynomial(z, 0x1.5555555555555p-5, -0x1.6c16c16c168c6p-10, 0x1.a01a019f3721ap-16,
                 -0x1.27e4fa01688b8p-22, 0x1.1eeb563f7fdb6p-29, -0x1.90725f31d9b3fp-37);
  return main + (((1.0 - main) - half) + (tail - high * low));
}

// sin(high + low + n·π/2)
FLAMBEAU_HD double sin_turned(const EasyTurns& turns, uint64_t n) {
  const double s = sin_core(turns.high, turns.low);
  const double c = cos_core(turns.high, turns.low);
  return double_of(bits_of((n & 1u) != 0 ? c : s) ^ ((n & 2u) << 62));
}

// Sine and cosine for |x| up to kEasyTurns; -0 stays -0. max 0.82 / 0.82 ulp.
FLAMBEAU_HD double sin_easy(double x) {
  const EasyTurns turns = reduce_turns(x);
  const double y = sin_turned(turns, turns.n);
  return x == 0.0 ? x : y;
}
FLAMBEAU_HD double cos_easy(double x) {
  const EasyTurns turns = reduce_turns(x);
  return sin_turned(turns, turns.n + 1u);
}

// sin(πx)/(πx), 1 at 0 and exactly 0 at other whole x: x loses its whole turns before π comes in.
// ±inf gives NaN. max 3.81 / 3.81 ulp.
FLAMBEAU_HD float sinc_f(float x) {
  const float turned = x - 2.0f * round_even(0.5f * x);
  const float quarters = round_even(2.0f * turned);
  const float r = (turned - 0.5f * quarters) * 0x1.921fb6p1f;
  const float s = sin_turned_f(r, bits_of(quarters + 0x1.8p23f));
  return x == 0.0f ? 1.0f : s / (0x1.921fb6p1f * x);
}
FLAMBEAU_HD double sinc_d(double x) {
  const double turned = x - 2.0 * round_even(0.5 * x);
  const double quarters = round_even(2.0 * turned);
  const double r = (turned - 0.5 * quarters) * 0x1.921fb54442d18p1;
  const double size = magnitude(quarters) == 1.0 ? flip_sign(cos_core(r), quarters) : sin_core(r);
  const double s = magnitude(quarters) == 2.0 ? -size : size;
  return x == 0.0 ? 1.0 : s / (0x1.921fb54442d18p1 * x);
}

// π/2 as a sum of two floats.
constexpr float kHalfPiHigh = 0x1.921fb6p0f;
constexpr float kHalfPiLow = -0x1.777a5cp-25f;

// asin(s) for s in [0, 1/2], s² given.
FLAMBEAU_HD float asin_core_f(float s, float z) {
  return s * z *
         polynomial(z, 0x1.555554p-3f, 0x1.3334cep-4f, 0x1.6d3e74p-5f, 0x1.ffbd92p-6f,
                    0x1.0fec3ap-6f, 0x1.1ac0e4p-5f);
}

// Arc sine; |x| > 1 gives NaN. Above 1/2: π/2 - 2·asin(√((1-|x|)/2)). max 1.59 / 1.59 ulp.
FLAMBEAU_HD float asin_f(float x) {
  const float a = magnitude(x);
  const bool big = a > 0.5f;
  const float z = big ? 0.5f * (1.0f - a) : a * a;
  const float s = big ? ::sqrtf(z) : a;
  const float tail = asin_core_f(s, z);
  const float folded = kHalfPiHigh - (2.0f * s + (2.0f * tail - kHalfPiLow));
  return flip_sign(big ? folded : s + tail, x);
}
FLAMBEAU_HD double asin_d(double x) { return ::asin(x); }

// Arc cosine; |x| > 1 gives NaN. max 1.09 / 1.09 ulp.
FLAMBEAU_HD float acos_f(float x) {
  const float a = magnitude(x);
  const bool big = a > 0.5f;
  const float z = big ? 0.5f * (1.0f - a) : a * a;
  const float s = big ? ::sqrtf(z) : a;
  const float tail = asin_core_f(s, z);
  const float right = 2.0f * (s + tail);
  const float left = 2.0f * kHalfPiHigh - (2.0f * s + (2.0f * tail - 2.0f * kHalfPiLow));
  const float middle = kHalfPiHigh - (x - (kHalfPiLow - flip_sign(tail, x)));
  const float outer = x < 0.0f ? left : right;
  return big ? outer : middle;
}
FLAMBEAU_HD double acos_d(double x) { return ::acos(x); }

// atan(t) - t for t in [0, 1].
FLAMBEAU_HD float atan_tail_f(float t) {
  const float z = t * t;
  return t * z *
         polynomial(z, -0x1.555554p-2f, 0x1.99984cp-3f, -0x1.246f74p-3f, 0x1.c423eep-4f,
                    -0x1.636df2p-4f, 0x1.01e514p-4f, -0x1.2a759ap-5f, 0x1.c62ea6p-7f,
                    -0x1.449a16p-9f);
}

// Arc tangent; ±inf gives ±π/2. max 1.34 / 1.33 ulp.
FLAMBEAU_HD float atan_f(float x) {
  const float a = magnitude(x);
  const bool big = a > 1.0f;
  const float t = (big ? 1.0f : a) / (big ? a : 1.0f);
  const float tail = atan_tail_f(t);
  const float folded = kHalfPiHigh - (t + (tail - kHalfPiLow));
  return flip_sign(big ? folded : t + tail, x);
}
FLAMBEAU_HD double atan_d(double x) { return ::atan(x); }

// Angle of the point (x, y) in [-π, π], C99's rules for zeros and infinities. max 1.46 / 1.46 ulp.
FLAMBEAU_HD float atan2_f(float y, float x) {
  const float a = magnitude(y);
  const float b = magnitude(x);
  const bool steep = a > b;
  const float ratio = (steep ? b : a) / (steep ? a : b);
  const float diagonal = a == 0.0f ? 0.0f : 1.0f;  // 0/0 and inf/inf
  const float t = a == b ? diagonal : ratio;
  const float tail = atan_tail_f(t);
  // The angle is k·π/2 ± (t + tail), k = 0, 1 or 2.
  const bool left = sign_bit(x) != 0;
  const float k = steep ? 1.0f : (left ? 2.0f : 0.0f);
  const float sign = steep == left ? 1.0f : -1.0f;
  const float angle = k * kHalfPiHigh + (sign * t + (sign * tail + k * kHalfPiLow));
  return flip_sign(angle, y);
}
FLAMBEAU_HD double atan2_d(double y, double x) { return ::atan2(y, x); }

FLAMBEAU_FORMULAS_END
