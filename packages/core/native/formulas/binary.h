// Binary operations as function objects: `Add{}(a, b)`. Both operands have the element type T after
// promotion. Comparisons and logical operations return bool; the rest returns T. Integer rules are
// arithmetic.h's.
#pragma once

#include <limits>

#include "arithmetic.h"
#include "functions.h"
#include "unary.h"

FLAMBEAU_FORMULAS_BEGIN

// A name for `expression` over a and b of type T.
#define FLAMBEAU_BINARY(Name, Result, expression)   \
  struct Name {                                     \
    template <class T>                              \
    FLAMBEAU_HD Result operator()(T a, T b) const { \
      return expression;                            \
    }                                               \
  };

FLAMBEAU_BINARY(Add, T, add(a, b))
FLAMBEAU_BINARY(Sub, T, subtract(a, b))
FLAMBEAU_BINARY(Mul, T, multiply(a, b))
FLAMBEAU_BINARY(FloorDivide, T, floor_divide(a, b))
FLAMBEAU_BINARY(Remainder, T, floor_remainder(a, b))

// Comparisons follow IEEE 754: NaN is unequal to everything.
FLAMBEAU_BINARY(Eq, bool, a == b)
FLAMBEAU_BINARY(Ne, bool, a != b)
FLAMBEAU_BINARY(Lt, bool, a < b)
FLAMBEAU_BINARY(Le, bool, a <= b)
FLAMBEAU_BINARY(Gt, bool, a > b)
FLAMBEAU_BINARY(Ge, bool, a >= b)

// Whatever is not ±0 is true, NaN included.
FLAMBEAU_BINARY(LogicalAnd, bool, (a != T(0)) & (b != T(0)))
FLAMBEAU_BINARY(LogicalOr, bool, (a != T(0)) | (b != T(0)))
FLAMBEAU_BINARY(LogicalXor, bool, (a != T(0)) != (b != T(0)))

// Integers and bool only (the compiler refuses floats).
FLAMBEAU_BINARY(BitwiseAnd, T, static_cast<T>(a& b))
FLAMBEAU_BINARY(BitwiseOr, T, static_cast<T>(a | b))
FLAMBEAU_BINARY(BitwiseXor, T, static_cast<T>(a ^ b))
FLAMBEAU_BINARY(LeftShift, T, left_shift(a, b))
FLAMBEAU_BINARY(RightShift, T, right_shift(a, b))

// The first operand where both are equal; NaN where either is.
FLAMBEAU_BINARY(Maximum, T, (a < b) | (b != b) ? b : a)
FLAMBEAU_BINARY(Minimum, T, (b < a) | (b != b) ? b : a)

// The other operand where one is NaN.
FLAMBEAU_BINARY(Fmax, T, (a >= b) | (b != b) ? a : b)
FLAMBEAU_BINARY(Fmin, T, (a <= b) | (b != b) ? a : b)

// Integers only.
FLAMBEAU_BINARY(Gcd, T, greatest_divisor(a, b))
FLAMBEAU_BINARY(Lcm, T, least_multiple(a, b))

#undef FLAMBEAU_BINARY

// a + alpha·b
template <class T>
struct AddScaled {
  T alpha = T(1);

  FLAMBEAU_HD T operator()(T a, T b) const { return add(a, multiply(alpha, b)); }
};

// True division.
struct Div {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    static_assert(is_float<T>, "Div is for floating point: promote first");
    return a / b;
  }
};

// C's remainder, with the sign of a; integers: 0 for b = 0.
struct Fmod {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    if constexpr (is_bool<T>) {
      return false;
    } else {
      return truncating_remainder(a, b);
    }
  }
};

// The quotient, rounded towards zero; integers: 0 for b = 0.
struct TruncDivide {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    if constexpr (is_float<T>) {
      return round_to_zero(a / b);
    } else {
      const T quotient = is_minus_one(b) ? negate(a) : static_cast<T>(a / safe_divisor(b));
      return b == T(0) ? T(0) : quotient;
    }
  }
};

struct Pow {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, float>) {
      return pow_f(a, b);
    } else if constexpr (std::is_same_v<T, double>) {
      return pow_d(a, b);
    } else {
      return pow_integer(a, b);
    }
  }
};

// Angle of the point (b, a).
struct Atan2 {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    static_assert(is_float<T>, "Atan2 is for floating point: promote first");
    if constexpr (std::is_same_v<T, float>) {
      return atan2_f(a, b);
    } else {
      return atan2_d(a, b);
    }
  }
};

// sqrt(a² + b²), without overflow on the way: the larger one is taken out of the root.
struct Hypot {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    static_assert(is_float<T>, "Hypot is for floating point: promote first");
    const T x = Abs{}(a), y = Abs{}(b);
    const T large = x > y ? x : y, small = x > y ? y : x;
    const T ratio = small / (large > T{0} ? large : T{1});
    const T length = large * Sqrt{}(T{1} + ratio * ratio);
    const T infinity = std::numeric_limits<T>::infinity();
    // An infinite side wins over a NaN; any other NaN stays.
    const T result = a != a || b != b ? a + b : length;
    return x == infinity || y == infinity ? infinity : result;
  }
};

FLAMBEAU_FORMULAS_END
