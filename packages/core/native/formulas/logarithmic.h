// Operations that are a logarithm and little more, and the exponential linear unit.
#pragma once

#include "unary.h"

FLAMBEAU_FORMULAS_BEGIN

// log(e^a + e^b) without overflow: the larger one and log1p(e^-|a - b|).
struct Logaddexp {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    const T large = a > b ? a : b;
    const T apart = a == b ? T(0) : -magnitude(a - b);  // not inf - inf
    if constexpr (std::is_same_v<T, float>) {
      return large + log1p_unit_f(exp_held_f(lift(apart, -105.0f)));
    } else {
      return large + log1p_unit(exp_held(lift(apart, -746.0)));
    }
  }
};

// log2(2^a + 2^b) without overflow.
struct Logaddexp2 {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    const T large = a > b ? a : b;
    const T apart = a == b ? T(0) : -magnitude(a - b);
    if constexpr (std::is_same_v<T, float>) {
      return large + log1p_unit_f(exp2_f(apart)) * 0x1.715476p0f;
    } else {
      return large + log1p_unit(exp2_d(apart)) * 0x1.71547652b82fep0;
    }
  }
};

// x·log(y) and x·log(1 + y), 0 where x is 0 and y is not NaN.
struct Xlogy {
  template <class T>
  FLAMBEAU_HD T operator()(T x, T y) const {
    const T product = x * Log{}(y);
    return (x == T(0)) & (y == y) ? T(0) : product;
  }
};
struct Xlog1py {
  template <class T>
  FLAMBEAU_HD T operator()(T x, T y) const {
    const T product = x * Log1p{}(y);
    return (x == T(0)) & (y == y) ? T(0) : product;
  }
};

// -x·log(x): 0 at 0, -inf below.
struct Entr {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    const T product = -x * Log{}(x);
    const T low = x == T(0) ? T(0) : static_cast<T>(-kInfinity);
    return x <= T(0) ? low : product;
  }
};

// log(z/(1 - z)) with z = x held to [eps, 1 - eps]; x itself if eps is negative. Around 1/2 by
// log1p((2z - 1)/(1 - z)), which is precise near the zero.
template <class T>
struct Logit {
  T eps = T(-1);

  FLAMBEAU_HD T operator()(T x) const {
    const T held = hold(x, eps, T(1) - eps);
    const T z = eps < T(0) ? x : held;
    const T rest = T(1) - z;
    const T middle = Log1p{}((z + z - T(1)) / rest);
    return (z > T(0.25)) & (z < T(0.75)) ? middle : Log{}(z / rest);
  }
};

// above·x for x > 0, else below·(e^(scale·x) - 1).
template <class T>
struct Elu {
  T below = T(1);
  T above = T(1);
  T scale = T(1);

  FLAMBEAU_HD T operator()(T x) const {
    const T curve = below * Expm1{}(scale * x);
    return x <= T(0) ? curve : above * x;
  }
};

FLAMBEAU_FORMULAS_END
