// The normal distribution and its inverse, and erfcx: e^x²·erfc(x).
#pragma once

#include "log.h"
#include "special.h"

FLAMBEAU_FORMULAS_BEGIN

// Chebyshev series of (1 + 2x)·erfcx(x) in (x - K)/(x + K), K = 3.75, for x >= 0 (Shepherd and
// Laframboise 1981).
FLAMBEAU_TABLE double kErfcx[] = {
    0x1.2d75d0246cee8p0,    -0x1.2cd0564f8c1b7p-8,  -0x1.59159e8868995p-4,  0x1.e50c3e7c7dccep-5,
    -0x1.b4c68f4569326p-6,  0x1.295e991a7d82dp-7,   -0x1.3c4c54f8d419dp-9,  0x1.014ed1572209ap-11,
    -0x1.221e6f70130b5p-14, 0x1.15c3f597f0492p-18,  0x1.9f8f03ca86fc1p-21,  -0x1.d601c320c8f9cp-23,
    0x1.71e1efca86cf9p-27,  0x1.36bf2885524c9p-28,  -0x1.aa4d7b1cdf20ap-31, -0x1.15df59ca6082bp-34,
    0x1.f8af0a9aa6d31p-36,  0x1.b61b723941781p-43,  -0x1.0fc16c00b50f2p-40, 0x1.24f6a772cbc36p-45,
    0x1.2d8b49ab5f72bp-45,  -0x1.0cb63a80de2c5p-49, -0x1.6884628ace07ap-50, 0x1.561b105822235p-54,
    0x1.d3744857e262bp-55};

// e^x² for a square that is not rounded; infinite from |x| = 26.65 on.
FLAMBEAU_HD_CALLED double exp_square(double x) {
  const double square = x * x;
  if (!(square < 710)) return square * kInfinity;  // or NaN
  return ::exp(square) * (1 + ::fma(x, x, -square));
}

// e^x²·erfc(x). Error below 1e-15.
FLAMBEAU_HD_CALLED double erfcx(double x) {
  if (x < 0) return x < -26.7 ? kInfinity : 2 * exp_square(x) - erfcx(-x);
  if (x > 0x1p60) return 0x1.20dd750429b6dp-1 / x;  // 1/√π
  return chebyshev(kErfcx, (x - 3.75) / (x + 3.75)) / (1 + 2 * x);
}

// Φ(x), the standard normal's distribution function. Error x²·1e-16.
FLAMBEAU_HD_CALLED double normal_cdf(double x) { return 0.5 * ::erfc(-x * kSqrtHalf); }

// log Φ(x). Error below 1e-15.
FLAMBEAU_HD_CALLED double log_normal_cdf(double x) {
  if (x < -1) return ::log(0.5 * erfcx(-x * kSqrtHalf)) - 0.5 * x * x;
  return ::log1p(-0.5 * ::erfc(x * kSqrtHalf));
}

// Quotients of polynomials for the inverse of Φ: Wichura 1988, algorithm AS 241 (PPND16). In the
// middle, for |q| = |p - 1/2| <= 0.425, of 0.180625 - q²; in the tails of r = √(-log p), p the
// smaller tail, less 1.6 up to r = 5 and less 5 beyond.
FLAMBEAU_TABLE double kMiddleNumerator[] = {
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
    45921.95393154987,  67265.7709270087,   33430.57558358813,  2509.0809287301227};
FLAMBEAU_TABLE double kMiddleDenominator[] = {1.0,
                                              42.31333070160091,
                                              687.1870074920579,
                                              5394.196021424751,
                                              21213.794301586597,
                                              39307.89580009271,
                                              28729.085735721943,
                                              5226.495278852854};
FLAMBEAU_TABLE double kNearNumerator[] = {
    1.4234371107496835, 4.630337846156546,  5.769497221460691,    3.6478483247632045,
    1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414};
FLAMBEAU_TABLE double kNearDenominator[] = {1.0,
                                            2.053191626637759,
                                            1.6763848301838038,
                                            0.6897673349851,
                                            0.14810397642748008,
                                            0.015198666563616457,
                                            0.0005475938084995345,
                                            1.0507500716444169e-09};
FLAMBEAU_TABLE double kFarNumerator[] = {
    6.657904643501103,    5.463784911164114,     1.7848265399172913,     0.29656057182850487,
    0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-05, 2.0103343992922881e-07};
FLAMBEAU_TABLE double kFarDenominator[] = {1.0,
                                           0.599832206555888,
                                           0.1369298809227358,
                                           0.014875361290850615,
                                           0.0007868691311456133,
                                           1.8463183175100548e-05,
                                           1.421511758316446e-07,
                                           2.0442631033899397e-15};

// Φ⁻¹(1/2 + q) for |q| <= 0.425.
FLAMBEAU_HD_CALLED double middle_quantile(double q) {
  const double r = 0.180625 - q * q;
  return q * power_series(kMiddleNumerator, r) / power_series(kMiddleDenominator, r);
}
// -Φ⁻¹(p) for a tail p in (0, 0.075].
FLAMBEAU_HD_CALLED double tail_quantile(double p) {
  const double r = ::sqrt(-::log(p));
  if (r <= 5) {
    return power_series(kNearNumerator, r - 1.6) / power_series(kNearDenominator, r - 1.6);
  }
  return power_series(kFarNumerator, r - 5) / power_series(kFarDenominator, r - 5);
}

// Φ⁻¹(p); NaN outside of [0, 1]. Error below 1e-15.
FLAMBEAU_HD_CALLED double normal_quantile(double p) {
  if (p == 0) return -kInfinity;
  if (p == 1) return kInfinity;
  if (!(p > 0 && p < 1)) return kNan;
  const double q = p - 0.5;
  if (magnitude(q) <= 0.425) return middle_quantile(q);
  return q < 0 ? -tail_quantile(p) : tail_quantile(1 - p);
}

// erf⁻¹(x) = Φ⁻¹((1 + x)/2)/√2; NaN outside of [-1, 1]. Error below 1e-15.
FLAMBEAU_HD_CALLED double erfinv(double x) {
  const double a = magnitude(x);
  if (a == 1) return x * kInfinity;
  if (!(a < 1)) return kNan;
  if (a <= 0.85) return middle_quantile(0.5 * x) * kSqrtHalf;
  return flip_sign(tail_quantile(0.5 * (1 - a)) * kSqrtHalf, x);
}

// erfcx for x >= 0 to float's precision, in double.
FLAMBEAU_HD double erfcx_right(double x) {
  const double a = cap(x, 1e300);
  return chebyshev_from<16>(kErfcx, 2.0 * (a - 3.75) / (a + 3.75), 0.0, 0.0) / (1.0 + 2.0 * a);
}

// e^x²·erfc(x). max 0.50 ulp.
FLAMBEAU_HD float erfcx_f(float x) {
  const double wide = static_cast<double>(x);
  const double right = erfcx_right(magnitude(wide));
  const double left = 2.0 * exp_d(wide * wide) - right;
  return static_cast<float>(x < 0.0f ? left : right);
}

// Φ(x) = e^(-x²/2)·erfcx(|x|/√2)/2 left of 0. max 0.50 ulp.
FLAMBEAU_HD float normal_cdf_f(float x) {
  const double a = magnitude(static_cast<double>(x));
  const double tail = 0.5 * exp_d(-0.5 * a * a) * erfcx_right(a * kSqrtHalf);
  return static_cast<float>(x < 0.0f ? tail : 1.0 - tail);
}

// The quotient that `erfinv` takes in the middle, |x| <= 0.85, and the one that it takes beyond:
// floats do not come as close to 1 as the third one is for. max 6.7 / 5.8 ulp.
FLAMBEAU_HD float erfinv_f(float x) {
  const float a = magnitude(x);
  const bool middle = a <= 0.85f;
  const float q = 0.5f * a;
  const float r = 0.180625f - q * q;
  const float s = ::sqrtf(-log_f(0.5f - q)) - 1.6f;
  const float above =
      middle ? q * polynomial(r, 3.3871328727963665f, 133.14166789178438f, 1971.5909503065513f,
                              13731.69376550946f, 45921.95393154987f, 67265.7709270087f,
                              33430.57558358813f, 2509.0809287301227f)
             : polynomial(s, 1.4234371107496835f, 4.630337846156546f, 5.769497221460691f,
                          3.6478483247632045f, 1.2704582524523684f, 0.2417807251774506f,
                          0.022723844989269184f, 0.0007745450142783414f);
  const float below =
      middle ? polynomial(r, 1.0f, 42.31333070160091f, 687.1870074920579f, 5394.196021424751f,
                          21213.794301586597f, 39307.89580009271f, 28729.085735721943f,
                          5226.495278852854f)
             : polynomial(s, 1.0f, 2.053191626637759f, 1.6763848301838038f, 0.6897673349851f,
                          0.14810397642748008f, 0.015198666563616457f, 0.0005475938084995345f,
                          1.0507500716444169e-09f);
  const float inside = above / below * 0x1.6a09e6p-1f;
  const float size = a == 1.0f ? kInfinityF : inside;
  return a <= 1.0f ? flip_sign(size, x) : kNanF;
}

FLAMBEAU_SPECIAL_UNARY_F(Erfcx, erfcx, erfcx_f)
FLAMBEAU_SPECIAL_UNARY_F(Erfinv, erfinv, erfinv_f)
FLAMBEAU_SPECIAL_UNARY_F(Ndtr, normal_cdf, normal_cdf_f)
FLAMBEAU_SPECIAL_UNARY(Ndtri, normal_quantile)
FLAMBEAU_SPECIAL_UNARY(LogNdtr, log_normal_cdf)

FLAMBEAU_FORMULAS_END
