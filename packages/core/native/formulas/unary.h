// Unary operations as function objects: `Exp{}(x)`. T is the element type after promotion; what
// PyTorch promotes to floating point (exp, sqrt, reciprocal, …) takes float and double only.
// Predicates return bool.
#pragma once

#include "arithmetic.h"
#include "functions.h"

FLAMBEAU_FORMULAS_BEGIN

// An operation on float and double that functions.h holds as stem_f and stem_d.
#define FLAMBEAU_UNARY_FLOATING(Name, stem)                                      \
  struct Name {                                                                  \
    template <class T>                                                           \
    FLAMBEAU_HD T operator()(T x) const {                                        \
      static_assert(is_float<T>, #Name " is for floating point: promote first"); \
      if constexpr (std::is_same_v<T, float>) {                                  \
        return stem##_f(x);                                                      \
      } else {                                                                   \
        return stem##_d(x);                                                      \
      }                                                                          \
    }                                                                            \
  };

FLAMBEAU_UNARY_FLOATING(Sqrt, sqrt)
FLAMBEAU_UNARY_FLOATING(Rsqrt, rsqrt)
FLAMBEAU_UNARY_FLOATING(Exp, exp)
FLAMBEAU_UNARY_FLOATING(Exp2, exp2)
FLAMBEAU_UNARY_FLOATING(Expm1, expm1)
FLAMBEAU_UNARY_FLOATING(Log, log)
FLAMBEAU_UNARY_FLOATING(Log1p, log1p)
FLAMBEAU_UNARY_FLOATING(Log2, log2)
FLAMBEAU_UNARY_FLOATING(Log10, log10)
FLAMBEAU_UNARY_FLOATING(Sin, sin)
FLAMBEAU_UNARY_FLOATING(Cos, cos)
FLAMBEAU_UNARY_FLOATING(Tan, tan)
FLAMBEAU_UNARY_FLOATING(Asin, asin)
FLAMBEAU_UNARY_FLOATING(Acos, acos)
FLAMBEAU_UNARY_FLOATING(Atan, atan)
FLAMBEAU_UNARY_FLOATING(Sinh, sinh)
FLAMBEAU_UNARY_FLOATING(Cosh, cosh)
FLAMBEAU_UNARY_FLOATING(Tanh, tanh)
FLAMBEAU_UNARY_FLOATING(Asinh, asinh)
FLAMBEAU_UNARY_FLOATING(Acosh, acosh)
FLAMBEAU_UNARY_FLOATING(Atanh, atanh)
FLAMBEAU_UNARY_FLOATING(Sinc, sinc)
FLAMBEAU_UNARY_FLOATING(Sigmoid, sigmoid)
FLAMBEAU_UNARY_FLOATING(Erf, erf)
FLAMBEAU_UNARY_FLOATING(ErfOfNormal, erf_of_normal)
FLAMBEAU_UNARY_FLOATING(Erfc, erfc)
FLAMBEAU_UNARY_FLOATING(Gelu, gelu)
FLAMBEAU_UNARY_FLOATING(GeluTanh, gelu_tanh)
FLAMBEAU_UNARY_FLOATING(Silu, silu)

#undef FLAMBEAU_UNARY_FLOATING

// log(1 + e^(βx))/β; x itself where βx exceeds the threshold.
template <class T>
struct Softplus {
  T beta = T(1);
  T threshold = T(20);

  FLAMBEAU_HD T operator()(T x) const {
    const T z = x * beta;
    if constexpr (std::is_same_v<T, float>) {
      const float y = softplus_f(z) / beta;
      return z > threshold ? x : y;
    } else {
      const double y = softplus_d(z) / beta;
      return z > threshold ? x : y;
    }
  }
};

struct Neg {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    return negate(x);
  }
};

// The smallest integer is its own absolute value.
struct Abs {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    if constexpr (is_float<T>) {
      return magnitude(x);
    } else {
      return is_negative(x) ? negate(x) : x;
    }
  }
};

// -1, 0 or 1; NaN gives 0.
struct Sign {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    if constexpr (is_bool<T>) {
      return x;
    } else {
      const T below = is_negative(x) ? static_cast<T>(-1) : T(0);
      return x > T(0) ? T(1) : below;
    }
  }
};

struct Square {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    return multiply(x, x);
  }
};

// x less its whole part; NaN for ±inf.
struct Frac {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    return x - round_to_zero(x);
  }
};

// The angle of x as a complex number: π below 0, else 0; NaN stays.
struct Angle {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    const T turned = x < T(0) ? T(0x1.921fb54442d18p1) : T(0);
    return x != x ? x : turned;
  }
};

struct Reciprocal {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    static_assert(is_float<T>, "Reciprocal is for floating point: promote first");
    return T(1) / x;
  }
};

// max(x, 0); NaN and -0 stay.
struct Relu {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    return is_negative(x) ? T(0) : x;
  }
};

// Rounding; integers and bool are whole already. All keep NaN, ±inf and the sign of a zero result.
#define FLAMBEAU_UNARY_ROUNDING(Name, function) \
  struct Name {                                 \
    template <class T>                          \
    FLAMBEAU_HD T operator()(T x) const {       \
      if constexpr (is_float<T>) {              \
        return function(x);                     \
      } else {                                  \
        return x;                               \
      }                                         \
    }                                           \
  };

FLAMBEAU_UNARY_ROUNDING(Floor, round_down)
FLAMBEAU_UNARY_ROUNDING(Ceil, round_up)
FLAMBEAU_UNARY_ROUNDING(Trunc, round_to_zero)
FLAMBEAU_UNARY_ROUNDING(Round, round_even)  // halves to even

#undef FLAMBEAU_UNARY_ROUNDING

struct IsNan {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    return x != x;
  }
};

struct IsInf {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    if constexpr (is_float<T>) {
      return magnitude(x) == static_cast<T>(kInfinity);
    } else {
      return false;
    }
  }
};

// One of the two infinities.
struct IsPosInf {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    return is_float<T> ? x == static_cast<T>(kInfinity) : false;
  }
};
struct IsNegInf {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    return is_float<T> ? x == static_cast<T>(-kInfinity) : false;
  }
};

// Is the sign bit set? True of -0 and of some NaNs.
struct Signbit {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    if constexpr (is_float<T>) {
      return sign_bit(x) != 0;
    } else {
      return is_negative(x);
    }
  }
};

struct IsFinite {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    if constexpr (is_float<T>) {
      return magnitude(x) < static_cast<T>(kInfinity);
    } else {
      return true;
    }
  }
};

// NaN is true, ±0 false. (GCC 12 does not vectorise the negation of bool loads: read bool as
// uint8_t.)
struct LogicalNot {
  template <class T>
  FLAMBEAU_HD bool operator()(T x) const {
    return x == T(0);
  }
};

struct BitwiseNot {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    static_assert(!is_float<T>, "BitwiseNot is for integers and bool");
    if constexpr (is_bool<T>) {
      return !x;
    } else {
      return static_cast<T>(~x);
    }
  }
};

FLAMBEAU_FORMULAS_END
