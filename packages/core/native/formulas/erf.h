// erf, erfc and the two forms of GELU.
#pragma once

#include "hyperbolic.h"

FLAMBEAU_FORMULAS_BEGIN

// Error function: an odd polynomial below 0.92, 1 - e^q(|x|) above, with q fitted to log(erfc).
// max 1.32 / 1.10 ulp. Double calls libm, so that loops over it do not vectorise.
FLAMBEAU_HD float erf_f(float x) {
  const float a = magnitude(x);
  const float z = a * a;
  const float small =
      a + a * polynomial(z, 0x1.06eba8p-3f, -0x1.812742p-2f, 0x1.ce2decp-4f, -0x1.b80cd4p-6f,
                         0x1.54bab2p-8f, -0x1.a9dc04p-11f, 0x1.5bb366p-14f);
  const float t = cap(a, 4.0f);
  const float q = polynomial(t, -0x1.b225eap-13f, -0x1.20ac3p0f, -0x1.4647b4p-1f, -0x1.a9653ap-4f,
                             0x1.6b8e86p-6f, -0x1.8da182p-9f, 0x1.98d4bp-13f);
  const float large = 1.0f - exp_held_f(q);
  return flip_sign(a >= 0.92f ? large : small, x);
}
FLAMBEAU_HD double erf_d(double x) { return ::erf(x); }

// 1 - erf(x), precise in the tail. From 1/2 on e^-x²·p(t), t = 1/(1 + x/2), with p fitted to
// e^x²·erfc(x); x is split as s + d with 12 bits in s, so that s² is exact. max 6.46 / 5.26 ulp.
FLAMBEAU_HD float erfc_f(float x) {
  const float a = cap(magnitude(x), 10.25f);
  const float z = a * a;
  const float small =
      1.0f - flip_sign(a + a * polynomial(z, 0x1.06eba8p-3f, -0x1.812742p-2f, 0x1.ce2decp-4f,
                                          -0x1.b80cd4p-6f, 0x1.54bab2p-8f, -0x1.a9dc04p-11f,
                                          0x1.5bb366p-14f),
                       x);
  const float s = float_of(bits_of(a) & 0xfffff000u);
  const float t = 1.0f / (1.0f + 0.5f * a);
  const float p =
      polynomial(t, 0x1.efcc1p-19f, 0x1.20bf86p-2f, 0x1.22719ap-2f, 0x1.e1067cp-3f, 0x1.e1a0dcp-3f,
                 -0x1.b7efc4p-4f, 0x1.9ee1acp-2f, -0x1.382dbap-1f, 0x1.66f4f8p-2f, -0x1.301c14p-4f);
  const float body = exp_held_f(-s * s) * p;
  const float tail = body + body * expm1_core_f((s - a) * (s + a));
  return a < 0.5f ? small : (x < 0.0f ? 2.0f - tail : tail);
}
FLAMBEAU_HD double erfc_d(double x) { return ::erfc(x); }

// erf(x/√2) = 2·Φ(x) - 1 as GELU wants it: a rational function of x², faster than erf, with an
// absolute error of at most 2.97·2^-23 without and 2.54·2^-23 with fused multiply-add. Exactly ±1
// from 5.45 on. Double calls libm.
FLAMBEAU_HD float erf_of_normal_f(float x) {
  const float z = x * x;
  const float above = polynomial(z, 0x1.98845p-1f, 0x1.13a80ap-4f, 0x1.31c986p-7f, 0x1.5e074ep-12f,
                                 0x1.aa66ccp-17f, 0x1.8b45dcp-25f);
  const float below = polynomial(z, 1.0f, 0x1.010978p-2f, 0x1.d379f6p-6f, 0x1.eb25d2p-10f,
                                 0x1.32a396p-14f, 0x1.43814cp-20f);
  const float ratio = x * above / below;
  return magnitude(x) >= 5.45f ? flip_sign(1.0f, x) : ratio;
}
FLAMBEAU_HD double erf_of_normal_d(double x) { return erf_d(x * 0x1.6a09e667f3bcdp-1); }

// x·Φ(x) = x/2·(1 + erf(x/√2)). Error below |x|·2^-21.9 (with fused multiply-add 2^-22.3);
// gelu(-inf) = NaN, as in PyTorch.
FLAMBEAU_HD float gelu_f(float x) { return 0.5f * x * (1.0f + erf_of_normal_f(x)); }
FLAMBEAU_HD double gelu_d(double x) { return 0.5 * x * (1.0 + erf_of_normal_d(x)); }

// GELU's tanh form x/2·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³), as x·sigmoid(2u): the left tail
// does not cancel. Error below |x|·2^-23; gelu_tanh(-inf) = NaN, as in PyTorch.
FLAMBEAU_HD float gelu_tanh_f(float x) {
  return x * sigmoid_f(0x1.988454p0f * (x + 0.044715f * x * x * x));
}
FLAMBEAU_HD double gelu_tanh_d(double x) {
  return x * sigmoid_d(0x1.9884533d43651p0 * (x + 0.044715 * x * x * x));
}

FLAMBEAU_FORMULAS_END
