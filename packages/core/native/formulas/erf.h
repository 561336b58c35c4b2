// erf and the two forms of GELU.
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

// x·Φ(x) = x/2·(1 + erf(x/√2)). Error below |x|·2^-23; gelu(-inf) = NaN, as in PyTorch.
FLAMBEAU_HD float gelu_f(float x) { return 0.5f * x * (1.0f + erf_f(x * 0x1.6a09e6p-1f)); }
FLAMBEAU_HD double gelu_d(double x) { return 0.5 * x * (1.0 + erf_d(x * 0x1.6a09e667f3bcdp-1)); }

// GELU's tanh form x/2·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³), as x·sigmoid(2u): the left tail
// does not cancel. Error below |x|·2^-23; gelu_tanh(-inf) = NaN, as in PyTorch.
FLAMBEAU_HD float gelu_tanh_f(float x) {
  return x * sigmoid_f(0x1.988454p0f * (x + 0.044715f * x * x * x));
}
FLAMBEAU_HD double gelu_tanh_d(double x) {
  return x * sigmoid_d(0x1.9884533d43651p0 * (x + 0.044715 * x * x * x));
}

FLAMBEAU_FORMULAS_END
