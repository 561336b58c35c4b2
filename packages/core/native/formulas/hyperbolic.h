// sinh, cosh, tanh, sigmoid, softplus, silu: everything that is an exponential and a division.
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
  return flip_sign(b - b * (b / (h + 1.0f)), x);
}
FLAMBEAU_HD double tanh_d(double x) {
  const double h = half_expm1(2.0 * cap(magnitude(x), 20.0));
  const double b = cap(h, 1.0);
  return flip_sign(b - b * (b / (h + 1.0)), x);
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
  return b - b * (e / (1.0f + e));
}
FLAMBEAU_HD double sigmoid_d(double x) {
  const double e = exp_held(lift(-magnitude(x), -746.0));
  const double b = x < 0.0 ? e : 1.0;
  return b - b * (e / (1.0 + e));
}

// log(1+e^x) = max(x, 0) + log1p(e^-|x|). max 2.00 / 2.02 ulp (double: 1.58 / 1.69).
FLAMBEAU_HD float softplus_f(float x) {
  return (x < 0.0f ? 0.0f : x) + log1p_unit_f(exp_held_f(lift(-magnitude(x), -105.0f)));
}
FLAMBEAU_HD double softplus_d(double x) {
  return (x < 0.0 ? 0.0 : x) + log1p_unit(exp_held(lift(-magnitude(x), -746.0)));
}

// x·sigmoid(x). silu(-inf) = NaN, as in PyTorch. max 2.68 / 2.68 ulp (double: 2.59 / 2.59) where
// sigmoid is not denormal.
FLAMBEAU_HD float silu_f(float x) { return x * sigmoid_f(x); }
FLAMBEAU_HD double silu_d(double x) { return x * sigmoid_d(x); }

FLAMBEAU_FORMULAS_END
