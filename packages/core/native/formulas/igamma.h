// The regularised incomplete gamma functions.
#pragma once

#include "gamma.h"

FLAMBEAU_FORMULAS_BEGIN

// ζ(k) - 1 for k = 2, 3, …
FLAMBEAU_TABLE double kZetaLessOne[] = {
    0x1.4a34cc4a60fa6p-1,  0x1.9dd002780310ap-3,  0x1.51322ac7d8483p-4,  0x1.2e831d94f99b7p-5,
    0x1.1c26130249124p-6,  0x1.1196d0a679c47p-7,  0x1.0b36af86396e9p-8,  0x1.073e7b02d6ae0p-9,
    0x1.04b8ce96ee5f8p-10, 0x1.0318df2459954p-11, 0x1.020a5b2cd3042p-12, 0x1.01593a1177bd6p-13,
    0x1.00e4af2b4e156p-14, 0x1.0097bcbf11bedp-15, 0x1.0064cdeb22f0fp-16, 0x1.0043073686681p-17,
    0x1.002c9953744ccp-18, 0x1.001db08f9ba4ap-19, 0x1.0013c594466eap-20, 0x1.000d2bab28121p-21,
    0x1.0008c66cec77dp-22, 0x1.0005d8f13858cp-23, 0x1.0003e59ffde12p-24, 0x1.000298ea55633p-25,
    0x1.0001bb316ccdap-26, 0x1.0001276b90845p-27, 0x1.0000c4ed05ae3p-28, 0x1.0000834601a87p-29};

// log Γ(1 + a) for |a| <= 1/2, to full relative precision.
FLAMBEAU_HD_CALLED double log_gamma_1p(double a) {
  // a·(1 - γ) - log(1 + a) + Σ (ζ(k) - 1)·(-a)^k/k
  double sum = 0;
  double power = -a;
  int k = 2;
  for (const double zeta : kZetaLessOne) {
    power *= -a;
    sum += zeta * power / k;
    ++k;
  }
  return a * 0x1.b0ee6072093cep-2 - ::log1p(a) + sum;
}

// m - log(1 + m), precise near 0.
FLAMBEAU_HD_CALLED double less_log1p(double m) {
  if (magnitude(m) > 0.5) return m - ::log1p(m);
  const double s = m / (2 + m);
  const double z = s * s;
  double sum = 0;
  for (int k = 35; k > 1; k -= 2) sum = 1.0 / k + z * sum;
  return m * s - 2 * s * z * sum;
}

// The coefficients, by powers of η, of Temme's functions c_k(η) (DLMF 8.12.10), from their
// recurrence in exact arithmetic; as many as |η| < 0.35 and a > 20 need.
FLAMBEAU_TABLE double kTemme0[] = {
    -0x1.5555555555555p-2,  0x1.5555555555555p-4,   -0x1.e573ac901e574p-7,  0x1.2f684bda12f68p-10,
    0x1.71de3a556c734p-12,  -0x1.76e06fec7273bp-13, 0x1.48c5892f7cd83p-15,  -0x1.255370652afc1p-19,
    -0x1.f1b22f594c6b5p-20, 0x1.bd6d21e4b4109p-21,  -0x1.7b5f9a2d0465cp-23, 0x1.ccf5ceb7f0d9fp-28,
    0x1.6097d55c37c1cp-27,  -0x1.2d2197c7a2faap-28, 0x1.f6e66d24d5c8ap-31,  -0x1.c0d9b6edf2b0bp-36};
FLAMBEAU_TABLE double kTemme1[] = {
    -0x1.e573ac901e574p-10, -0x1.c71c71c71c71cp-9,  0x1.5ac056b015ac0p-9,   -0x1.0394f6f09e723p-10,
    0x1.af83440e53dbcp-13,  -0x1.af83440e53dbcp-22, -0x1.2fa4ae89e5af0p-16, 0x1.00a9cabd6b83ep-17,
    -0x1.b0bdfcc629cbap-20, 0x1.3f59230a8357cp-28,  0x1.280f2cde3f847p-23,  -0x1.ee23d0cba8aeep-25,
    0x1.9aa7a30de114cp-27,  -0x1.349fbca3a377bp-36};
FLAMBEAU_TABLE double kTemme2[] = {
    0x1.0ee643b990ee6p-8,   -0x1.5f7268edab4c8p-9,  0x1.948b0fcd6e9e0p-11,  0x1.0db20a88f4696p-19,
    -0x1.c253efaa1a932p-14, 0x1.bbf43daf4fe53p-15,  -0x1.ac2d05890f2c3p-17, 0x1.26154ae39151dp-25,
    0x1.7058929663937p-20,  -0x1.522cb05171911p-21, 0x1.32ac81c15d3d7p-23,  -0x1.c24bd0e740a6cp-33};
FLAMBEAU_TABLE double kTemme3[] = {
    0x1.547d93b34e2b6p-11,  0x1.e13ce465fa859p-13,  -0x1.ebfb188b7ca00p-12, 0x1.18b9b5bf2d984p-12,
    -0x1.3d2a3a29b5d9dp-14, -0x1.0152a1871f27ap-22, 0x1.73df462204ef4p-17,  -0x1.7cd6f27b3f020p-18,
    0x1.7e0201539310ep-20,  -0x1.ea23269c140a7p-36};
FLAMBEAU_TABLE double kTemme4[] = {
    -0x1.c3e0b02da7bf9p-11, 0x1.9b0ff6874f2c4p-11,  -0x1.3999a85a4237ap-12, -0x1.88f2ae1def9d0p-20,
    0x1.16908b48ce058p-14,  -0x1.4ce3fd902bcadp-15, 0x1.7db4c02846e81p-17,  0x1.13b3c5b7cb45ep-32};
FLAMBEAU_TABLE double kTemme5[] = {
    -0x1.6128ac5a4fa71p-12, -0x1.247604839c038p-14, 0x1.22be87360ef1fp-12, -0x1.a2042c5148e27p-13,
    0x1.1d1e9cb24760bp-14,  0x1.30bdcf208080ep-23,  -0x1.c823fc1b3cc36p-17};
FLAMBEAU_TABLE double kTemme6[] = {0x1.168ef1b0931c8p-11,  -0x1.36773bdb97b48p-11,
                                   0x1.1c0950d3ecb9dp-12,  0x1.a8411da6cab49p-21,
                                   -0x1.5600945495b37p-14, 0x1.d6bdf83130dc1p-15};
FLAMBEAU_TABLE double kTemme7[] = {0x1.691879c01efb4p-12, 0x1.b1d75d3346711p-15,
                                   -0x1.5f3385098cebfp-12, 0x1.26eeb5ece1d9fp-12,
                                   -0x1.cc642787368cep-14};
FLAMBEAU_TABLE double kTemme8[] = {-0x1.5629b3187b744p-11, 0x1.b8239c670e690p-11,
                                   -0x1.cb967b4446107p-12};
FLAMBEAU_TABLE double kTemme9[] = {-0x1.38dff1cc96982p-11};

// The lower (or upper) function near x = a > 20: Temme's uniform expansion. Error below 1e-14.
FLAMBEAU_HD_CALLED double igamma_near(double a, double x, bool upper) {
  const double m = (x - a) / a;
  const double phi = less_log1p(m);
  const double eta = flip_sign(::sqrt(2 * phi), m);
  const double c[] = {power_series(kTemme0, eta), power_series(kTemme1, eta),
                      power_series(kTemme2, eta), power_series(kTemme3, eta),
                      power_series(kTemme4, eta), power_series(kTemme5, eta),
                      power_series(kTemme6, eta), power_series(kTemme7, eta),
                      power_series(kTemme8, eta), power_series(kTemme9, eta)};
  const double rest = ::exp(-a * phi) / ::sqrt(2 * kPi * a) * power_series(c, 1 / a);
  const double z = eta * ::sqrt(0.5 * a);
  return upper ? 0.5 * ::erfc(z) + rest : 0.5 * ::erfc(-z) - rest;
}

// x^a·e^-x/Γ(a). From a = 10 on by Stirling's formula, in which nothing large cancels.
FLAMBEAU_HD_CALLED double igamma_factor(double a, double x) {
  if (a < 10) return ::exp(a * ::log(x) - x - log_gamma(a));
  const double z = 1 / (a * a);
  constexpr double kStirling[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                  1.0 / 1188, -691.0 / 360360, 1.0 / 156};
  return ::sqrt(a / (2 * kPi)) *
         ::exp(-a * less_log1p((x - a) / a) - power_series(kStirling, z) / a);
}

// Below, `eps` is how small a term ends a series, relative to the sum.

// The lower function by its power series.
FLAMBEAU_HD_CALLED double igamma_series(double a, double x, double eps) {
  double sum = 1;
  double term = 1;
  for (int k = 1; k < 2000 && term > eps * sum; ++k) {
    term *= x / (a + k);
    sum += term;
  }
  return a < 0.5 ? ::exp(a * ::log(x) - x - log_gamma_1p(a)) * sum : igamma_factor(a, x) / a * sum;
}

// The upper function for x about 1 and less, where 1 less the series would cancel.
FLAMBEAU_HD_CALLED double igammac_series(double a, double x, double eps) {
  double sum = 0;
  double term = 1;
  for (int k = 1; k < 2000; ++k) {
    term *= -x / k;
    sum += term / (a + k);
    if (magnitude(term) <= eps * magnitude(sum)) break;
  }
  const double log_ratio = a * ::log(x) - (a < 0.5 ? log_gamma_1p(a) : log_gamma(1 + a));
  return -::expm1(log_ratio) - a * ::exp(log_ratio) * sum;
}

// The upper function by Legendre's continued fraction, in the form of Lentz.
FLAMBEAU_HD_CALLED double igammac_fraction(double a, double x, double eps) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / (b == 0 ? kTiny : b);
  double h = d;
  for (int k = 1; k < 5000; ++k) {
    const double numerator = -k * (k - a);
    b += 2;
    d = numerator * d + b;
    c = b + numerator / c;
    if (magnitude(d) < kTiny) d = kTiny;
    if (magnitude(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double step = d * c;
    h *= step;
    if (magnitude(step - 1) <= 8 * eps) break;
  }
  return h * igamma_factor(a, x);
}

// P(a, x), or Q(a, x) = 1 - P(a, x) if `upper`; NaN unless a >= 0, x >= 0 and one of them > 0.
// Whichever of the two is smaller is computed by itself. Error below 1e-13.
FLAMBEAU_HD_CALLED double incomplete_gamma(double a, double x, bool upper, double eps) {
  const auto answer = [upper](double value, bool value_is_upper) {
    return value_is_upper == upper ? value : 1 - value;
  };
  if (!(a >= 0 && x >= 0) || (a == 0 && x == 0) || (a == kInfinity && x == kInfinity)) return kNan;
  if (x == 0 || a == kInfinity) return answer(0, false);
  if (a == 0 || x == kInfinity) return answer(0, true);
  if (a > 20 && magnitude(x - a) < 0.3 * a) return igamma_near(a, x, upper);
  if (x > 1.1) {
    return x > a ? answer(igammac_fraction(a, x, eps), true)
                 : answer(igamma_series(a, x, eps), false);
  }
  const bool left = x <= 0.5 ? -0.4 / ::log(x) < a : 1.1 * x < a;
  return left || !upper ? answer(igamma_series(a, x, eps), false) : igammac_series(a, x, eps);
}
FLAMBEAU_HD_CALLED double lower_gamma(double a, double x) {
  return incomplete_gamma(a, x, false, 0x1p-55);
}
FLAMBEAU_HD_CALLED double upper_gamma(double a, double x) {
  return incomplete_gamma(a, x, true, 0x1p-55);
}

// Both as operations; series for float end when a float no longer feels them.
template <bool kUpper>
struct IncompleteGamma {
  template <class T>
  FLAMBEAU_HD_CALLED T operator()(T a, T x) const {
    constexpr double kEps = std::is_same_v<T, float> ? 0x1p-28 : 0x1p-55;
    return static_cast<T>(
        incomplete_gamma(static_cast<double>(a), static_cast<double>(x), kUpper, kEps));
  }
};
using Igamma = IncompleteGamma<false>;
using Igammac = IncompleteGamma<true>;

FLAMBEAU_FORMULAS_END
