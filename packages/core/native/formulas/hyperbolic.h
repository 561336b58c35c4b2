// sinh, cosh, tanh and their inverses, sigmoid, softplus, silu: everything that is an exponential
// and a division, or a logarithm.
#pragma once

#include "exp.h"
#include "log.h"

FLAMBEAU_FORMULAS_BEGIN

// Hyperbolic tangent: h/(h+1) with h = expm1(2|x|)/2, and the sign put back. max 2.01 / 1.84 ulp
// (double: 2.08 / 1.94). Written b - b·(b/(h+1)) with b = min(h, 1), so that the rounding of h+1
// hardly counts.
FLAMBEAU_HD float tanh_f(float x) {
  const float h = half_expm1_f(2.0f * cap(magnitude(x), 10.0f));
  const float b = cap(h, 1.0f);
  return flip_sign(subtract_product(b, b, b / (h + 1.0f)), x);
}
FLAMBEAU_HD double tanh_d(double x) {
  const double h = half_expm1(2.0 * cap(magnitude(x), 20.0));
  const double b = cap(h, 1.0);
  return flip_sign(subtract_product(b, b, b / (h + 1.0)), x);
}

// e^a / 2 for a >= 0; overflows above a = 89.42, where sinh and cosh do.
FLAMBEAU_HD float half_exp_f(float a) { return exp_held_f(cap(a, 89.5f), -1); }

// Hyperbolic sine. max 1.65 / 1.61 ulp.
FLAMBEAU_HD float sinh_f(float x) {
  const float a = magnitude(x);
  const float z = a * a;
  const float small =
      a + a * z * polynomial(z, 0x1.555556p-3f, 0x1.1110c6p-7f, 0x1.a03554p-13f, 0x1.725236p-19f);
  const float h = half_exp_f(a);
  return flip_sign(a < 1.0f ? small : h - 0.25f / h, x);
}
FLAMBEAU_HD double sinh_d(double x) { return ::sinh(x); }

// Hyperbolic cosine. max 1.66 / 1.40 ulp.
FLAMBEAU_HD float cosh_f(float x) {
  const float h = half_exp_f(magnitude(x));
  return h + 0.25f / h;
}
FLAMBEAU_HD double cosh_d(double x) { return ::cosh(x); }

// 1/(1+e^-x), from e = e^-|x| so that neither tail overflows or cancels: 1 - e/(1+e), and for x < 0
// e - e·(e/(1+e)). max 1.98 / 1.82 ulp (double: 1.72 / 1.62), denormals included.
FLAMBEAU_HD float sigmoid_f(float x) {
  const float e = exp_held_f(lift(-magnitude(x), -105.0f));
  const float b = x < 0.0f ? e : 1.0f;
  return subtract_product(b, b, e / (1.0f + e));
}
FLAMBEAU_HD double sigmoid_d(double x) {
  const double e = exp_held(lift(-magnitude(x), -746.0));
  const double b = x < 0.0 ? e : 1.0;
  return subtract_product(b, b, e / (1.0 + e));
}

// log(1+e^x) = max(x, 0) + log1p(e^-|x|). max 2.00 / 2.02 ulp (double: 1.58 / 1.69).
FLAMBEAU_HD float softplus_f(float x) {
  return (x < 0.0f ? 0.0f : x) + log1p_unit_f(exp_held_f(lift(-magnitude(x), -105.0f)));
}
FLAMBEAU_HD double softplus_d(double x) {
  return (x < 0.0 ? 0.0 : x) + log1p_unit(exp_held(lift(-magnitude(x), -746.0)));
}

// Inverse hyperbolic sine: log1p(a + a²/(1 + √(1+a²))), a = |x|; log(a) + ln2 where a² would
// overflow. max 1.94 / 1.94 ulp (double: 1.80 / 1.80).
FLAMBEAU_HD float asinh_f(float x) {
  const float a = magnitude(x);
  const bool huge = a > 0x1p30f;
  const float inner = a + a * a / (1.0f + ::sqrtf(1.0f + a * a));
  const float y = log1p_f(huge ? a : inner) + (huge ? 0x1.62e43p-1f : 0.0f);
  return flip_sign(y, x);
}
FLAMBEAU_HD double asinh_d(double x) {
  const double a = magnitude(x);
  const bool huge = a > 0x1p60;
  const double inner = a + a * a / (1.0 + ::sqrt(1.0 + a * a));
  const double y = log1p_d(huge ? a : inner) + (huge ? 0x1.62e42fefa39efp-1 : 0.0);
  return flip_sign(y, x);
}

// Inverse hyperbolic cosine: log1p(t + √(2t + t²)), t = x - 1; NaN for x < 1. max 1.98 / 1.98 ulp
// (double: 2.15 / 2.15).
FLAMBEAU_HD float acosh_f(float x) {
  const float t = x - 1.0f;
  const bool huge = x > 0x1p30f;
  const float inner = t + ::sqrtf(t + t + t * t);
  const float y = log1p_f(huge ? t : inner) + (huge ? 0x1.62e43p-1f : 0.0f);
  return x < 1.0f ? kNanF : y;
}
FLAMBEAU_HD double acosh_d(double x) {
  const double t = x - 1.0;
  const bool huge = x > 0x1p60;
  const double inner = t + ::sqrt(t + t + t * t);
  const double y = log1p_d(huge ? t : inner) + (huge ? 0x1.62e42fefa39efp-1 : 0.0);
  return x < 1.0 ? kNan : y;
}

// Inverse hyperbolic tangent: log1p(2a/(1-a))/2, a = |x|; NaN for a > 1. max 2.27 / 2.18 ulp
// (double: 1.69 / 1.77).
FLAMBEAU_HD float atanh_f(float x) {
  const float a = magnitude(x);
  return flip_sign(0.5f * log1p_f((a + a) / (1.0f - a)), x);
}
FLAMBEAU_HD double atanh_d(double x) {
  const double a = magnitude(x);
  return flip_sign(0.5 * log1p_d((a + a) / (1.0 - a)), x);
}

// x·sigmoid(x). silu(-inf) = NaN, as in PyTorch. max 2.68 / 2.68 ulp (double: 2.59 / 2.59) where
// sigmoid is not denormal.
FLAMBEAU_HD float silu_f(float x) { return x * sigmoid_f(x); }
FLAMBEAU_HD double silu_d(double x) { return x * sigmoid_d(x); }

FLAMBEAU_FORMULAS_END
