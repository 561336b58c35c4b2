// What the special functions are written with: Chebyshev series, and the macro that makes a
// function of doubles an operation.
//
// Unlike the rest of this folder, special functions branch and loop: they are evaluated element by
// element, in double for every dtype. Wherever the comments give an error, it is relative and was
// measured against 40 digits.
#pragma once

#include <cstddef>

#include "functions.h"

FLAMBEAU_FORMULAS_BEGIN

// c[0] + c[1]·T1(y) + c[2]·T2(y) + … for y in [-1, 1], by Clenshaw's recurrence.
template <size_t N>
inline double chebyshev(const double (&c)[N], double y) {
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
inline double power_series(const double (&c)[N], double x) {
  double sum = c[N - 1];
  for (size_t i = N - 1; i > 0; --i) sum = c[i - 1] + x * sum;
  return sum;
}

inline constexpr double kPi = 0x1.921fb54442d18p1;
inline constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

// Operations on one or two elements by functions of doubles.
#define FLAMBEAU_SPECIAL_UNARY(Name, function)                 \
  struct Name {                                                \
    template <class T>                                         \
    T operator()(T x) const {                                  \
      return static_cast<T>(function(static_cast<double>(x))); \
    }                                                          \
  };
#define FLAMBEAU_SPECIAL_BINARY(Name, function)                                        \
  struct Name {                                                                        \
    template <class T>                                                                 \
    T operator()(T a, T b) const {                                                     \
      return static_cast<T>(function(static_cast<double>(a), static_cast<double>(b))); \
    }                                                                                  \
  };

FLAMBEAU_FORMULAS_END
