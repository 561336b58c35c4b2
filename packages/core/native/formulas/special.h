// What the special functions are written with: Chebyshev series, and the macro that makes a
// function of doubles an operation.
//
// Unlike the rest of this folder, special functions branch and loop: they are evaluated element by
// element, in double. Those whose names end in _f are the exception: for float, without branches,
// so that loops over them vectorise. Wherever the comments give an error, it is relative and was
// measured against 40 digits; for float, in ulp against the function of doubles.
#pragma once

#include <cstddef>

#include "functions.h"

FLAMBEAU_FORMULAS_BEGIN

// c[0] + c[1]·T1(y) + c[2]·T2(y) + … for y in [-1, 1], by Clenshaw's recurrence.
template <size_t N>
FLAMBEAU_HD_CALLED double chebyshev(const double (&c)[N], double y) {
  double b1 = 0, b2 = 0;
  for (size_t i = N - 1; i > 0; --i) {
    const double b = c[i] + (2 * y * b1 - b2);
    b2 = b1;
    b1 = b;
  }
  return c[0] + (y * b1 - b2);
}

// c[0] + c[1]·x + c[2]·x² + …
template <size_t N>
FLAMBEAU_HD_CALLED double power_series(const double (&c)[N], double x) {
  double sum = c[N - 1];
  for (size_t i = N - 1; i > 0; --i) sum = c[i - 1] + x * sum;
  return sum;
}

// The same with one term after the other written out, for loops that are to vectorise: y2 = 2y.
template <size_t I, size_t N>
FLAMBEAU_HD double chebyshev_from(const double (&c)[N], double y2, double b1, double b2) {
  if constexpr (I == 0) {
    return c[0] + (0.5 * y2 * b1 - b2);
  } else {
    return chebyshev_from<I - 1>(c, y2, c[I] + (y2 * b1 - b2), b1);
  }
}
// Up to c[I]·x^I.
template <size_t I, size_t N>
FLAMBEAU_HD double power_series_from(const double (&c)[N], double x, double sum = 0.0) {
  if constexpr (I == 0) {
    return c[0] + x * sum;
  } else {
    return power_series_from<I - 1>(c, x, c[I] + x * sum);
  }
}

inline constexpr double kPi = 0x1.921fb54442d18p1;
inline constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

// Operations on one or two elements by functions of doubles.
#define FLAMBEAU_SPECIAL_UNARY(Name, function)                 \
  struct Name {                                                \
    template <class T>                                         \
    FLAMBEAU_HD_CALLED T operator()(T x) const {               \
      return static_cast<T>(function(static_cast<double>(x))); \
    }                                                          \
  };
// The same with a function of its own for float.
#define FLAMBEAU_SPECIAL_UNARY_F(Name, function, float_function) \
  struct Name {                                                  \
    template <class T>                                           \
    FLAMBEAU_HD T operator()(T x) const {                        \
      if constexpr (std::is_same_v<T, float>) {                  \
        return float_function(x);                                \
      } else {                                                   \
        return function(x);                                      \
      }                                                          \
    }                                                            \
  };
#define FLAMBEAU_SPECIAL_BINARY(Name, function)                                        \
  struct Name {                                                                        \
    template <class T>                                                                 \
    FLAMBEAU_HD_CALLED T operator()(T a, T b) const {                                  \
      return static_cast<T>(function(static_cast<double>(a), static_cast<double>(b))); \
    }                                                                                  \
  };

FLAMBEAU_FORMULAS_END
