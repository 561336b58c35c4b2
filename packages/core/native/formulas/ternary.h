// Operations on three operands as function objects.
#pragma once

#include "binary.h"

FLAMBEAU_FORMULAS_BEGIN

struct Where {
  template <class T>
  FLAMBEAU_HD T operator()(bool condition, T a, T b) const {
    return condition ? a : b;
  }
};

// min(max(x, low), high): high where low > high, NaN where any of the three is.
struct Clamp {
  template <class T>
  FLAMBEAU_HD T operator()(T x, T low, T high) const {
    return Minimum{}(Maximum{}(x, low), high);
  }
};

// start + weight·(end - start), counted from the nearer end, so that weight 0 and 1 give the ends
// exactly.
struct Lerp {
  template <class T>
  FLAMBEAU_HD T operator()(T start, T end, T weight) const {
    static_assert(is_float<T>, "Lerp is for floating point");
    const T span = end - start;
    const T from_start = start + weight * span;
    const T from_end = end - span * (T(1) - weight);
    return (weight < T(0) ? -weight : weight) < T(0.5) ? from_start : from_end;
  }
};

// x + value·a·b, multiplied from the left.
template <class T>
struct Addcmul {
  T value = T(1);

  FLAMBEAU_HD T operator()(T x, T a, T b) const { return add(x, multiply(multiply(value, a), b)); }
};

// x + value·a/b, from the left.
template <class T>
struct Addcdiv {
  static_assert(is_float<T>, "Addcdiv is for floating point");
  T value = T(1);

  FLAMBEAU_HD T operator()(T x, T a, T b) const { return x + value * a / b; }
};

FLAMBEAU_FORMULAS_END
