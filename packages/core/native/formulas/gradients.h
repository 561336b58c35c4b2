// Derivatives as function objects: g is the gradient of the output, y the output, x the input. Only
// what one pass computes better than a chain of other operations is here. T is float or double.
#pragma once

#include "unary.h"

FLAMBEAU_FORMULAS_BEGIN

// g·(1 - y²), y = tanh(x)
struct TanhBackward {
  template <class T>
  FLAMBEAU_HD T operator()(T g, T y) const {
    return g * (T(1) - y * y);
  }
};

// g·y·(1 - y), y = sigmoid(x)
struct SigmoidBackward {
  template <class T>
  FLAMBEAU_HD T operator()(T g, T y) const {
    return g * (T(1) - y) * y;
  }
};

// g where y > 0, else 0 (also at 0). y is relu's output or its input; NaN lets g pass, as in
// PyTorch.
struct ReluBackward {
  template <class T>
  FLAMBEAU_HD T operator()(T g, T y) const {
    return y <= T(0) ? T(0) : g;
  }
};

// g·(Φ(x) + x·φ(x)), Φ and φ the standard normal's distribution and density.
struct GeluBackward {
  template <class T>
  FLAMBEAU_HD T operator()(T g, T x) const {
    const T cdf = T(0.5) * (T(1) + ErfOfNormal{}(x));
    const T pdf = Exp{}(T(-0.5) * x * x) * T(0x1.9884533d43651p-2);
    return g * (cdf + x * pdf);
  }
};

// The derivative of x·s, s = sigmoid(u), u = 2·√(2/π)·(x + 0.044715·x³): g·(s + x·s·(1 - s)·u').
struct GeluTanhBackward {
  template <class T>
  FLAMBEAU_HD T operator()(T g, T x) const {
    constexpr double kScale = 0x1.9884533d43651p0;
    const T s = Sigmoid{}(T(kScale) * (x + T(0.044715) * x * x * x));
    const T slope = T(kScale) * (T(1) + T(3 * 0.044715) * x * x);
    return g * (s + x * s * (T(1) - s) * slope);
  }
};

// g·s·(1 + x·(1 - s)), s = sigmoid(x)
struct SiluBackward {
  template <class T>
  FLAMBEAU_HD T operator()(T g, T x) const {
    const T s = Sigmoid{}(x);
    return g * s * (T(1) + x * (T(1) - s));
  }
};

// g·sigmoid(βx), and g itself where βx exceeds the threshold.
template <class T>
struct SoftplusBackward {
  T beta = T(1);
  T threshold = T(20);

  FLAMBEAU_HD T operator()(T g, T x) const {
    const T z = x * beta;
    const T y = g * Sigmoid{}(z);
    return z > threshold ? g : y;
  }
};

FLAMBEAU_FORMULAS_END
