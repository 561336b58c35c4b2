// Arithmetic that is the same for every dtype (float, double, int64_t, int32_t, uint8_t, bool) and
// never undefined: integers wrap, integer division by zero gives 0 (callers that must raise check
// before), and bool follows PyTorch: its sum is `or`, its product `and`, its difference `xor`.
#pragma once

#include "portable.h"

FLAMBEAU_FORMULAS_BEGIN

template <class T>
inline constexpr bool is_bool = std::is_same_v<T, bool>;
template <class T>
inline constexpr bool is_float = std::is_floating_point_v<T>;

// The unsigned type in which T wraps; at least 32 bits, so that no product is promoted to int.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;

template <class T>
FLAMBEAU_HD T add(T a, T b) {
  if constexpr (is_bool<T>) {
    return a | b;
  } else if constexpr (is_float<T>) {
    return a + b;
  } else {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
}

template <class T>
FLAMBEAU_HD T subtract(T a, T b) {
  if constexpr (is_bool<T>) {
    return a ^ b;
  } else if constexpr (is_float<T>) {
    return a - b;
  } else {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
}

template <class T>
FLAMBEAU_HD T multiply(T a, T b) {
  if constexpr (is_bool<T>) {
    return a & b;
  } else if constexpr (is_float<T>) {
    return a * b;
  } else {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
}

// The smallest integer and uint8 negate by wrapping.
template <class T>
FLAMBEAU_HD T negate(T x) {
  if constexpr (is_float<T>) {
    return -x;
  } else {
    return subtract(T(0), x);
  }
}

// Integer divisors that would trap (0, and -1 under the smallest integer) are replaced by 1; their
// quotients are known without dividing.
template <class T>
FLAMBEAU_HD bool is_minus_one(T b) {
  return std::is_signed_v<T> & (b == static_cast<T>(-1));
}
template <class T>
FLAMBEAU_HD T safe_divisor(T b) {
  return (b == T(0)) | is_minus_one(b) ? T(1) : b;
}

// The remainder of truncating division, with the sign of a; exact. Integers: 0 for b = 0.
// Float quotients below 2^28 are done in double, where nothing can go wrong: q·b takes 52 bits, and
// a/b cannot round up to a whole number that it does not reach.
FLAMBEAU_HD float truncating_remainder(float a, float b) {
  const double x = static_cast<double>(magnitude(a));
  const double y = static_cast<double>(magnitude(b));
  const double quotient = x / y;
  if ((quotient < 0x1p28) & (y < kInfinity)) {
    return flip_sign(static_cast<float>(x - round_to_zero(quotient) * y), a);
  }
  return ::fmodf(a, b);
}
FLAMBEAU_HD double truncating_remainder(double a, double b) { return ::fmod(a, b); }
template <class T>
FLAMBEAU_HD T truncating_remainder(T a, T b) {
  return static_cast<T>(a % safe_divisor(b));
}

// a - b·⌊a/b⌋, with the sign of b (Python's %). Floats: NaN for b = 0; x or ±inf for b = ±inf.
template <class T>
FLAMBEAU_HD T floor_remainder(T a, T b) {
  if constexpr (is_bool<T>) {
    return false;
  } else {
    const T r = truncating_remainder(a, b);
    const bool crosses = (r != T(0)) & (is_negative(r) != is_negative(b));
    return crosses ? add(r, b) : r;
  }
}

// ⌊a/b⌋. Floats follow Python: a less its exact remainder, divided by b, so that quotient and
// remainder belong together; division by ±0 is a/b.
template <class T>
FLAMBEAU_HD T floor_divide(T a, T b) {
  if constexpr (is_bool<T>) {
    return a & b;
  } else if constexpr (is_float<T>) {
    const T r = truncating_remainder(a, b);
    const bool crosses = (r != T(0)) & (is_negative(r) != is_negative(b));
    const T ratio = (a - r) / b;
    const T quotient = crosses ? ratio - T(1) : ratio;
    // The division rounds, so the whole number it stands for is the nearest one.
    const T whole = round_even(quotient);
    const T zero = flip_sign(T(0), flip_sign(a, b));
    const T nonzero = quotient == T(0) ? zero : whole;
    return b == T(0) ? a / b : nonzero;
  } else {
    const T divisor = safe_divisor(b);
    const T r = static_cast<T>(a % divisor);
    const bool crosses = (r != T(0)) & (is_negative(r) != is_negative(divisor));
    const T floored = static_cast<T>(a / divisor - T(crosses));
    const T quotient = is_minus_one(b) ? negate(a) : floored;
    return b == T(0) ? T(0) : quotient;
  }
}

// |x| in the unsigned type, where that of the smallest integer fits.
template <class T>
FLAMBEAU_HD std::make_unsigned_t<T> unsigned_magnitude(T x) {
  using U = std::make_unsigned_t<T>;
  return static_cast<U>(is_negative(x) ? U(0) - static_cast<U>(x) : static_cast<U>(x));
}

// The greatest common divisor, by Euclid; that with 0 is the other's magnitude.
template <class T>
FLAMBEAU_HD T greatest_divisor(T a, T b) {
  auto x = unsigned_magnitude(a);
  auto y = unsigned_magnitude(b);
  while (y != 0) {
    const auto rest = static_cast<decltype(x)>(x % y);
    x = y;
    y = rest;
  }
  return static_cast<T>(x);
}

// The least common multiple, wrapping; that with 0 is 0.
template <class T>
FLAMBEAU_HD T least_multiple(T a, T b) {
  const T divisor = greatest_divisor(a, b);
  if (divisor == T(0)) return T(0);
  const T multiple = multiply(static_cast<T>(a / safe_divisor(divisor)), b);
  return is_negative(multiple) ? negate(multiple) : multiple;
}

// a·2^b and ⌊a/2^b⌋ for any b: a negative count, or one of at least the width, shifts all bits out.
template <class T>
FLAMBEAU_HD T left_shift(T a, T b) {
  if constexpr (is_bool<T>) {
    return a & !b;
  } else {
    using U = std::make_unsigned_t<T>;
    constexpr U kWidth = sizeof(T) * 8;
    const bool inside = static_cast<U>(b) < kWidth;
    const Wrapping<T> moved = static_cast<Wrapping<T>>(a) << (static_cast<U>(b) & (kWidth - 1));
    return inside ? static_cast<T>(moved) : T(0);
  }
}
template <class T>
FLAMBEAU_HD T right_shift(T a, T b) {
  if constexpr (is_bool<T>) {
    return a & !b;
  } else {
    using U = std::make_unsigned_t<T>;
    constexpr U kWidth = sizeof(T) * 8;
    const bool inside = static_cast<U>(b) < kWidth;
    const T moved = static_cast<T>(a >> (static_cast<U>(b) & (kWidth - 1)));
    const T emptied = is_negative(a) ? static_cast<T>(-1) : T(0);
    return inside ? moved : emptied;
  }
}

FLAMBEAU_FORMULAS_END
