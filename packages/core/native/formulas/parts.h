// The parts that floating numbers are made of: sign, exponent and fraction; neighbours; and numbers
// in place of what is not one.
#pragma once

#include "unary.h"

FLAMBEAU_FORMULAS_BEGIN

// |a| with the sign bit of b.
struct Copysign {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    return flip_sign(magnitude(a), b);
  }
};

// 0 below 0 and for NaN, 1 above 0, `value` at 0.
struct Heaviside {
  template <class T>
  FLAMBEAU_HD T operator()(T x, T value) const {
    const T step = x > T(0) ? T(1) : T(0);
    return x == T(0) ? value : step;
  }
};

// The layout of a floating type, in unsigned integers.
template <class T>
struct Layout;
template <>
struct Layout<float> {
  using Bits = uint32_t;
  static constexpr int kFraction = 23;
  static constexpr Bits kExponentMask = 0xff, kBias = 126;
  static constexpr float kNormal = 0x1p-126f, kUp = 0x1p25f;
  static constexpr Bits kUpBy = 25;
  FLAMBEAU_HD static float of(Bits bits) { return float_of(bits); }
};
template <>
struct Layout<double> {
  using Bits = uint64_t;
  static constexpr int kFraction = 52;
  static constexpr Bits kExponentMask = 0x7ff, kBias = 1022;
  static constexpr double kNormal = 0x1p-1022, kUp = 0x1p54;
  static constexpr Bits kUpBy = 54;
  FLAMBEAU_HD static double of(Bits bits) { return double_of(bits); }
};

// The representable number next to a in the direction of b; b itself where they are equal.
struct Nextafter {
  template <class T>
  FLAMBEAU_HD T operator()(T a, T b) const {
    using L = Layout<T>;
    using Bits = typename L::Bits;
    const Bits bits = bits_of(a);
    const bool outward = (a < b) == (a > T(0));
    const T moved = L::of(outward ? bits + 1 : bits - 1);
    const T from_zero = flip_sign(L::of(Bits{1}), b);
    const T next = a == T(0) ? from_zero : moved;
    const T other = a == b ? b : next;
    return (a != a) | (b != b) ? a + b : other;
  }
};

// The same among the numbers of a 16-bit type, of which a and b are: `unit` is the distance of two
// neighbours as bits of T, `normal` the smallest normal number, below which neighbours are equally
// far apart, `largest` the largest finite one.
template <class T>
struct NextafterNarrow {
  T unit = T(1);
  T normal = T(0);
  T largest = T(0);

  FLAMBEAU_HD T operator()(T a, T b) const {
    using L = Layout<T>;
    using Bits = typename L::Bits;
    const Bits bits = bits_of(a);
    const Bits apart = static_cast<Bits>(unit);
    const T step = normal * (unit / static_cast<T>(Bits{1} << L::kFraction));
    const T moved = L::of((a < b) == (a > T(0)) ? bits + apart : bits - apart);
    const T stepped = a < b ? a + step : a - step;
    const T finite = magnitude(a) <= normal ? stepped : moved;
    const T next = magnitude(a) == static_cast<T>(kInfinity) ? flip_sign(largest, a) : finite;
    const T other = a == b ? b : next;
    return (a != a) | (b != b) ? a + b : other;
  }
};

// x = mantissa · 2^exponent with |mantissa| in [1/2, 1); for 0, ±inf and NaN x itself and 0.
struct FrexpMantissa {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    using L = Layout<T>;
    using Bits = typename L::Bits;
    const T size = magnitude(x);
    const Bits bits = bits_of(size < L::kNormal ? size * L::kUp : size);
    constexpr Bits kFractionMask = (Bits{1} << L::kFraction) - 1;
    const T mantissa = L::of((bits & kFractionMask) | (L::kBias << L::kFraction));
    const bool ordinary = (size > T(0)) & (size < static_cast<T>(kInfinity));
    return ordinary ? flip_sign(mantissa, x) : x;
  }
};
struct FrexpExponent {
  template <class T>
  FLAMBEAU_HD T operator()(T x) const {
    using L = Layout<T>;
    using Bits = typename L::Bits;
    const T size = magnitude(x);
    const bool denormal = size < L::kNormal;
    const Bits bits = bits_of(denormal ? size * L::kUp : size);
    // A whole number from its bits: 2^fraction + exponent, less what both carry too much.
    const T exponent =
        L::of((bits >> L::kFraction) | ((L::kBias + 1 + L::kFraction) << L::kFraction));
    constexpr T kOffset = static_cast<T>(Bits{1} << L::kFraction) + static_cast<T>(L::kBias);
    const T plain = exponent - kOffset;
    const bool ordinary = (size > T(0)) & (size < static_cast<T>(kInfinity));
    return ordinary ? (denormal ? plain - static_cast<T>(L::kUpBy) : plain) : T(0);
  }
};

// `nan`, `above` and `below` in place of NaN, inf and -inf.
template <class T>
struct NanToNum {
  T nan = T(0);
  T above = T(0);
  T below = T(0);

  FLAMBEAU_HD T operator()(T x) const {
    const T up = x == static_cast<T>(kInfinity) ? above : x;
    const T down = x == static_cast<T>(-kInfinity) ? below : up;
    return x != x ? nan : down;
  }
};

// x rounded to a multiple of 1/scale (or of scale, if `coarse` is not 0), halves to even.
template <class T>
struct RoundDecimals {
  T scale = T(1);
  T coarse = T(0);

  FLAMBEAU_HD T operator()(T x) const {
    const T fine = round_even(x * scale) / scale;
    return coarse == T(0) ? fine : round_even(x / scale) * scale;
  }
};

FLAMBEAU_FORMULAS_END
