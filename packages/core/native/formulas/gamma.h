// The logarithm of the gamma function, its derivatives, and Hurwitz' zeta function.
#pragma once

#include "log.h"
#include "special.h"
#include "trig.h"

FLAMBEAU_FORMULAS_BEGIN

// log |Γ(x)|; infinite at 0, -1, -2, …
FLAMBEAU_HD_CALLED double log_gamma(double x) {
#if defined(__CUDA_ARCH__)
  return ::lgamma(x);
#else
  int sign;
  return ::lgamma_r(x, &sign);
#endif
}

// B_2k/2k, of the asymptotic series log(x) - 1/2x - Σ B_2k/(2k·x^2k).
FLAMBEAU_TABLE double kDigamma[] = {
    0x1.5555555555555p-4, -0x1.1111111111111p-7, 0x1.041041041041p-8,  -0x1.1111111111111p-8,
    0x1.f07c1f07c1f08p-8, -0x1.5995995995996p-6, 0x1.5555555555555p-4, -0x1.c5e5e5e5e5e5ep-2};

// The derivative of log Γ(x). -inf at 0 (inf at -0), NaN at the negative whole numbers. Absolute
// error below 1e-15·max(1, |digamma|), apart from the poles.
FLAMBEAU_HD_CALLED double digamma(double x) {
  if (x == 0) return flip_sign(-kInfinity, x);
  if (x < 0) {
    const double r = x - round_even(x);
    return r == 0 || x == -kInfinity ? kNan : digamma(1 - x) - kPi / ::tan(kPi * r);
  }
  double up = 0;
  while (x < 10) {
    up += 1 / x;
    x += 1;
  }
  if (x == kInfinity) return x;
  const double z = 1 / (x * x);
  return ::log(x) - 0.5 / x - z * power_series(kDigamma, z) - up;
}

// B_2k/(2k)!
FLAMBEAU_TABLE double kBernoulli[] = {
    0x1.5555555555555p-4,  -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15, -0x1.bbd779334ef0bp-21,
    0x1.66a8f2bf70ebep-26, -0x1.22805d644267fp-31, 0x1.d6db2c4e09162p-37, -0x1.7da4e1f79955cp-42,
    0x1.355871d652e9ep-47, -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58, -0x1.497d9033a2b5cp-63,
    0x1.0b132d7c6ad06p-68};

// Σ (q + k)^-s over k >= 0, for s > 1 and q > 0: nine terms and more, then Euler and Maclaurin's
// formula for the rest. Error below 1e-15.
FLAMBEAU_HD_CALLED double zeta_right(double s, double q) {
  double sum = ::pow(q, -s);
  double term = 0;
  double at = q;
  for (int k = 0; k < 9 || at <= 9; ++k) {
    at += 1;
    term = ::pow(at, -s);
    sum += term;
    if (term <= 0x1p-54 * sum) return sum;
  }
  sum += term * at / (s - 1) - 0.5 * term;
  double rising = s;  // s·(s+1)·…·(s+2k-2)
  double power = term / at;
  int k = 0;
  for (const double bernoulli : kBernoulli) {
    const double correction = bernoulli * rising * power;
    sum += correction;
    if (magnitude(correction) <= 0x1p-54 * sum) break;
    rising *= (s + 2 * k + 1) * (s + 2 * k + 2);
    power /= at * at;
    ++k;
  }
  return sum;
}

// Hurwitz' zeta function, as in Cephes: infinite for s = 1 and at the poles q = 0, -1, -2, …; NaN
// for s < 1, and for negative q unless s is whole. There, with f the fraction of q, the sum over
// all whole k less that over the terms left of q: ζ(s, f) ± (ζ(s, 1-f) - ζ(s, 1-q)).
FLAMBEAU_HD_CALLED double hurwitz_zeta(double s, double q) {
  if (s == 1) return kInfinity;
  if (!(s > 1) || q != q) return kNan;
  if (q > 0) return zeta_right(s, q);
  const double whole = ::floor(q);
  if (q == whole) return kInfinity;
  if (s != ::floor(s)) return kNan;
  const double f = q - whole;
  const double left = zeta_right(s, 1 - f) - zeta_right(s, 1 - q);
  return zeta_right(s, f) + (::fmod(s, 2) == 0 ? left : -left);
}

// The first derivative of digamma, as digamma itself: by recurrence up to 10, then asymptotically;
// left of 0 by reflection. Infinite at the poles. Relative error below 1e-15 right of 0.
FLAMBEAU_HD_CALLED double trigamma(double x) {
  if (x <= 0) {
    const double r = x - round_even(x);
    if (r == 0) return kInfinity;
    const double s = kPi / ::sin(kPi * r);
    return s * s - trigamma(1 - x);
  }
  double up = 0;
  while (x < 10) {
    up += 1 / (x * x);
    x += 1;
  }
  // B_2k, for 1/x + 1/2x² + Σ B_2k/x^(2k+1)
  constexpr double kTrigamma[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                  5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
  const double z = 1 / (x * x);
  return (1 + 0.5 / x + z * power_series(kTrigamma, z)) / x + up;
}

// The n-th derivative of digamma: (-1)^(n+1)·n!·ζ(n + 1, x).
FLAMBEAU_HD_CALLED double polygamma(double n, double x) {
  if (n == 0) return digamma(x);
  if (n == 1) return trigamma(x);
  const double zeta = hurwitz_zeta(n + 1, x);
  // From 171 on n! overflows, where the product need not.
  const double size = n < 171 ? ::tgamma(n + 1) * zeta
                              : flip_sign(::exp(log_gamma(n + 1) + ::log(magnitude(zeta))), zeta);
  return ::fmod(n, 2) == 1 ? size : -size;
}

// |sin(πx)|, NaN for infinite x.
FLAMBEAU_HD double sin_turns(double x) {
  const double r = magnitude(x - round_even(x));
  const double inner = r > 0.25 ? 0.5 - r : r;
  const double s = sin_core(kPi * inner);
  const double c = cos_core(kPi * inner);
  return r > 0.25 ? c : s;
}

// Stirling's series of log Γ(x) - (x - ½)·log x + x - log √2π in 1/x², times x: B_2k/(2k·(2k-1)).
FLAMBEAU_TABLE double kStirling[] = {
    0x1.5555555555555p-4,  -0x1.6c16c16c16c17p-9,  0x1.a01a01a01a01ap-11, -0x1.3813813813814p-11,
    0x1.b951e2b18ff23p-11, -0x1.f6ab0d9993c7dp-10, 0x1.a41a41a41a41ap-8,  -0x1.e4286cb0f5398p-6};

// log |Γ(x)| in double without branches: to the right of 0 as log Γ(x + 8) - log x·(x+1)…(x+7)
// below 8, left of it by reflection, π/(|sin πx|·Γ(1 - x)), with one logarithm for both.
// max 1.29 ulp, of that size only beside the zeros at 1 and 2; else 0.51.
FLAMBEAU_HD float log_gamma_f(float x) {
  const double wide = static_cast<double>(x);
  const bool left = x <= 0.0f;
  const double a = left ? 1.0 - wide : wide;
  const bool small = a < 8.0;
  const double b = small ? a : 1.0;
  const double pairs = b * (b + 7.0);  // (b + k)·(b + 7 - k) = pairs + k·(7 - k)
  const double product = pairs * (pairs + 6.0) * ((pairs + 10.0) * (pairs + 12.0));
  const double y = small ? a + 8.0 : a;
  const double inverse = 1.0 / y;
  const double series = inverse * power_series_from<7>(kStirling, inverse * inverse);
  const double stirling = (y - 0.5) * log_d(y) - y + (0x1.d67f1c864beb5p-1 + series);  // log √2π
  const double down = small ? product : 1.0;
  const double logarithm = log_d(left ? kPi * down / sin_turns(wide) : down);
  const double value = left ? logarithm - stirling : stirling - logarithm;
  const double near = x == 1.0f || x == 2.0f ? 0.0 : value;
  return static_cast<float>(magnitude(x) == kInfinityF ? kInfinity : near);
}

struct Lgamma {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    if constexpr (std::is_same_v<T, float>) {
      return log_gamma_f(x);
    } else {
      return log_gamma(x);
    }
  }
};
FLAMBEAU_SPECIAL_UNARY(Digamma, digamma)
FLAMBEAU_SPECIAL_BINARY(Zeta, hurwitz_zeta)

// B_2k, for 1/x + 1/2x² + Σ B_2k/x^(2k+1)
FLAMBEAU_TABLE double kTrigammaSeries[] = {1.0 / 6,   -1.0 / 30, 1.0 / 42,
                                           -1.0 / 30, 5.0 / 66,  -691.0 / 2730};

// The first derivative of digamma in double without branches: below 6 with Σ 1/(x+k)² as one
// fraction, left of 0 by reflection. max 0.50 ulp.
FLAMBEAU_HD float trigamma_f(float x) {
  const double wide = static_cast<double>(x);
  const bool left = x <= 0.0f;
  const double a = left ? 1.0 - wide : wide;
  const bool small = a < 6.0;
  const double b = small ? a : 1.0;
  // 1/b² + 1/(b+5)² = (2·p + 25)/p² with p = b·(b+5), and so on inwards.
  const double p0 = b * (b + 5.0);
  const double p1 = p0 + 4.0;
  const double p2 = p0 + 6.0;
  const double n0 = 2.0 * p0 + 25.0, n1 = 2.0 * p1 + 9.0, n2 = 2.0 * p2 + 1.0;
  const double d0 = p0 * p0, d1 = p1 * p1, d2 = p2 * p2;
  const double up = (n0 * d1 * d2 + d0 * (n1 * d2 + n2 * d1)) / (d0 * d1 * d2);
  const double inverse = 1.0 / (small ? a + 6.0 : a);
  const double z = inverse * inverse;
  const double series =
      inverse * (1.0 + 0.5 * inverse + z * power_series_from<5>(kTrigammaSeries, z));
  const double right = series + (small ? up : 0.0);
  const double slope = kPi / sin_turns(wide);
  return static_cast<float>(left ? slope * slope - right : right);
}

template <class T>
struct Polygamma {
  T n = T(0);

  FLAMBEAU_HD_CALLED T operator()(T x) const {
    return static_cast<T>(polygamma(static_cast<double>(n), static_cast<double>(x)));
  }
};

FLAMBEAU_FORMULAS_END
