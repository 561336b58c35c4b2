// log, log2, log10, log1p. With x = 2^n·(1 + f), 1 + f in [2/3, 4/3) (double: [1/√2, √2)), a
// minimax polynomial in f (double: in f/(2+f)). ±0 gives -inf, x < 0 NaN, inf inf; NaN stays.
#pragma once

#include "exp.h"

FLAMBEAU_FORMULAS_BEGIN

// x = 2^n · (1 + f).
struct SplitF {
  float n;
  float f;
};
struct Split {
  double n;
  double f;
};

// For finite x > 0, denormals included; junk, not undefined, elsewhere.
FLAMBEAU_HD SplitF split_f(float x) {
  const bool denormal = x < 0x1p-126f;
  const uint32_t bits = bits_of(denormal ? x * 0x1p23f : x) - 0x3f2aaaabu;  // 2/3
  const float n = static_cast<float>(static_cast<int32_t>(bits) >> 23);
  return {denormal ? n - 23.0f : n, float_of((bits & 0x007fffffu) + 0x3f2aaaabu) - 1.0f};
}
// The exponent becomes a double by its bits: AVX2 has no conversion of 64-bit integers.
FLAMBEAU_HD Split split(double x) {
  const bool denormal = x < 0x1p-1022;
  const uint64_t bits =
      bits_of(denormal ? x * 0x1p52 : x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  const double n = double_of((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
  return {denormal ? n - 52.0 : n,
          double_of((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0};
}

// What a logarithm gives outside (0, inf).
template <class T>
FLAMBEAU_HD T log_domain(T x, T y) {
  const T top = x < static_cast<T>(kInfinity) ? y : x;  // inf and NaN answer themselves
  const T bottom = x < T(0) ? static_cast<T>(kNan) : -static_cast<T>(kInfinity);
  return x <= T(0) ? bottom : top;
}

// (log(1+f) - f)/f²
FLAMBEAU_HD float log_tail_f(float f) {
  return polynomial(f, -0x1p-1f, 0x1.555506p-2f, -0x1.fffefp-3f, 0x1.99d05ep-3f, -0x1.559de4p-3f,
                    0x1.1ed422p-3f, -0x1.f30e34p-4f, 0x1.1e73b8p-3f, -0x1.080caap-3f);
}

// n·ln2 + log(1+f), ln2 in two parts; n·(the high part) is exact.
FLAMBEAU_HD float log_sum_f(SplitF x) {
  const float low = multiply_add(x.f * x.f, log_tail_f(x.f), x.n * 0x1.7f7d1cp-20f);
  return multiply_add(x.n, 0x1.62e4p-1f, x.f + low);
}
FLAMBEAU_HD double log_sum(Split x) {
  const double s = x.f / (2.0 + x.f);
  const double z = s * s;
  const double tail =
      z * polynomial(z, 0x1.5555555555558p-1, 0x1.99999999952b9p-2, 0x1.2492492dfb9b8p-2,
                     0x1.c71c62d649d8dp-3, 0x1.7462b925f9f72p-3, 0x1.39fdcbbcee0e7p-3,
                     0x1.2b5f5b2f7190cp-3);
  const double half = 0.5 * x.f * x.f;
  const double low = (s * (half + tail) + x.n * 0x1.9ef35793c7673p-41) - half;
  return x.n * 0x1.62e42fefa2p-1 + (x.f + low);
}

// Natural logarithm. max 0.91 / 0.94 ulp (double: 0.84 / 0.76).
FLAMBEAU_HD float log_f(float x) { return log_domain(x, log_sum_f(split_f(x))); }
FLAMBEAU_HD double log_d(double x) { return log_domain(x, log_sum(split(x))); }

// n·step + log(1+f)·base, base and step in two parts each: the high part of base has 12 bits, so
// that the leading 12 bits of log(1+f) are multiplied exactly; n·step_high is exact.
struct BaseF {
  float step_high, step_low, base_high, base_low;
};
FLAMBEAU_HD float log_base_f(float x, BaseF base) {
  const SplitF parts = split_f(x);
  const float tail = parts.f * parts.f * log_tail_f(parts.f);
  const float high = float_of(bits_of(parts.f + tail) & 0xfffff000u);
  const float low = (parts.f - high) + tail;
  const float small = parts.n * base.step_low + (low + high) * base.base_low + low * base.base_high;
  const float y = parts.n * base.step_high + (high * base.base_high + small);
  return log_domain(x, y);
}

// Base-2 logarithm; powers of two are exact. max 1.48 / 1.32 ulp.
FLAMBEAU_HD float log2_f(float x) {
  return log_base_f(x, {1.0f, 0.0f, 0x1.714p0f, 0x1.47652cp-12f});
}
FLAMBEAU_HD double log2_d(double x) { return ::log2(x); }

// Base-10 logarithm. max 1.29 / 1.25 ulp.
FLAMBEAU_HD float log10_f(float x) {
  return log_base_f(x, {0x1.344p-2f, 0x1.3509f8p-18f, 0x1.bccp-2f, -0x1.09d5b2p-15f});
}
FLAMBEAU_HD double log10_d(double x) { return ::log10(x); }

// log(1+x), precise near 0; -0 stays -0, log1p(-1) = -inf. max 1.63 / 1.63 ulp (double: 1.28
// / 1.24). 1 + x = sum + error exactly; what the sum lost rejoins f, scaled by the same power of
// two.
FLAMBEAU_HD float log1p_f(float x) {
  const ExactSum<float> u = two_sum(1.0f, x);
  const SplitF parts = split_f(u.sum);
  // n reaches 128 where the error no longer counts
  const float held = cap(parts.n, 126.0f);
  const float down = float_of((127u << 23) - ((count_of(held + kShiftF)) << 23));
  const float y = log_domain(u.sum, log_sum_f({parts.n, parts.f + u.error * down}));
  return x == 0.0f ? x : y;
}
FLAMBEAU_HD double log1p_d(double x) {
  const ExactSum<double> u = two_sum(1.0, x);
  const Split parts = split(u.sum);
  const double held = cap(parts.n, 1022.0);
  const double down = double_of((uint64_t{1023} << 52) - ((count_of(held + kShift)) << 52));
  const double y = log_domain(u.sum, log_sum({parts.n, parts.f + u.error * down}));
  return x == 0.0 ? x : y;
}

// log(1+e) for e in [0, 1], where at most one halving is due: a third of log1p's work.
FLAMBEAU_HD float log1p_unit_f(float e) {
  const bool big = e > 0x1.555556p-2f;
  const float f = big ? 0.5f * e - 0.5f : e;
  const float low = f * f * log_tail_f(f) + (big ? 0x1.7f7d1cp-20f : 0.0f);
  return (big ? 0x1.62e4p-1f : 0.0f) + (f + low);
}
FLAMBEAU_HD double log1p_unit(double e) {
  const bool big = e > 0x1.a827999fcef32p-2;  // √2 - 1
  return log_sum({big ? 1.0 : 0.0, big ? 0.5 * e - 0.5 : e});
}

FLAMBEAU_FORMULAS_END
