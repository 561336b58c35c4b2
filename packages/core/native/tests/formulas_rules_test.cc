// The rules of the other formulas: integers that bite, NaN in selections, remainders, gradients.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include "gradients.h"
#include "ternary.h"

namespace {

using namespace flambeau::formulas;

uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

TEST_CASE("float remainders are exact and floor_divide agrees with them, as in Python") {
  uint64_t state = 99;
  for (int i = 0; i < 100000; ++i) {
    const uint64_t bits = next_random(state);
    const float a = i % 2 ? float_of(static_cast<uint32_t>(bits)) : (bits & 0xffff) * 0.25f - 5000;
    const float b = i % 2 ? float_of(static_cast<uint32_t>(bits >> 32)) : (bits >> 56) * 0.5f - 60;
    const float want = std::fmod(a, b);
    const float got = Fmod{}(a, b);
    CHECK((got == want || (std::isnan(got) && std::isnan(want))));
    if (i % 2 == 0 && b != 0) CHECK(FloorDivide{}(a, b) == std::floor(double{a} / double{b}));
  }
  const float inf = kInfinityF;
  CHECK(Remainder{}(-5.0f, 3.0f) == 1.0f);
  CHECK(Remainder{}(5.0f, -3.0f) == -1.0f);
  CHECK(Remainder{}(-5.0f, inf) == inf);
  CHECK(Remainder{}(5.0, -kInfinity) == -kInfinity);
  CHECK(std::signbit(Remainder{}(-6.0f, 3.0f)));
  CHECK(std::isnan(Remainder{}(5.0f, 0.0f)));
  CHECK(FloorDivide{}(-5.0f, inf) == -1.0f);
  CHECK(FloorDivide{}(5.0f, -0.0f) == -inf);
  CHECK(std::isnan(FloorDivide{}(0.0f, 0.0f)));
  CHECK(std::signbit(FloorDivide{}(0.0f, -3.0f)));
}

// Every integer operation against the same computed wider (T narrower than Wide), where nothing
// can overflow; the result is then wrapped.
template <class T, class Wide>
void check_integers(T a, T b) {
  const Wide x = a;
  const Wide y = b;
  CAPTURE(static_cast<int64_t>(a));
  CAPTURE(static_cast<int64_t>(b));
  const auto wrapped = [](Wide value) { return static_cast<T>(value); };
  CHECK(Add{}(a, b) == wrapped(x + y));
  CHECK(Sub{}(a, b) == wrapped(x - y));
  CHECK(Mul{}(a, b) == wrapped(x * y));
  CHECK(Neg{}(a) == wrapped(-x));
  CHECK(Abs{}(a) == wrapped(x < 0 ? -x : x));
  CHECK(Sign{}(a) == wrapped((x > 0) - (x < 0)));
  CHECK(Square{}(a) == wrapped(x * x));
  CHECK(Relu{}(a) == wrapped(x > 0 ? x : 0));
  CHECK(BitwiseNot{}(a) == wrapped(~x));
  CHECK(Clamp{}(a, T(3), T(5)) == wrapped(x < 3 ? 3 : x > 5 ? 5 : x));
  constexpr int kWidth = sizeof(T) * 8;
  const bool inside = y >= 0 && y < kWidth;
  const T filled = wrapped(x < 0 ? -1 : 0);
  CHECK(LeftShift{}(a, b) == (inside ? wrapped(x * (Wide{1} << static_cast<int>(y))) : T(0)));
  CHECK(RightShift{}(a, b) == (inside ? wrapped(x >> static_cast<int>(y)) : filled));
  if (y == 0) {
    CHECK(FloorDivide{}(a, b) == 0);
    CHECK(Remainder{}(a, b) == 0);
    CHECK(Fmod{}(a, b) == 0);
    return;
  }
  const Wide floored = x / y - (x % y != 0 && (x < 0) != (y < 0));
  CHECK(FloorDivide{}(a, b) == wrapped(floored));
  CHECK(Remainder{}(a, b) == wrapped(x - floored * y));
  CHECK(Fmod{}(a, b) == wrapped(x % y));
}

TEST_CASE_TEMPLATE("integers wrap, divide and shift without undefined behaviour", T, int64_t,
                   int32_t, uint8_t) {
  using Wide = std::conditional_t<sizeof(T) == 8, __int128, int64_t>;
  constexpr T kMin = std::numeric_limits<T>::min();
  constexpr T kMax = std::numeric_limits<T>::max();
  const T values[] = {kMin, T(kMin + 1), T(kMin / 2), T(-64), T(-33), T(-3), T(-2), T(-1), 0,  1,
                      2,    3,           5,           7,      8,      31,    32,    33,    63, 64,
                      65,   T(kMax / 3), T(kMax - 1), kMax};
  for (T a : values) {
    for (T b : values) {
      check_integers<T, Wide>(a, b);
      T product = 1;
      if (b >= 0 && b <= 65) {
        for (T i = 0; i < b; ++i) product = Mul{}(product, a);
        CHECK(Pow{}(a, b) == product);
      }
    }
  }
  if (std::is_signed_v<T>) {
    const T minus = T(-1);
    CHECK(Pow{}(T(1), T(-5)) == 1);
    CHECK(Pow{}(minus, T(-5)) == minus);
    CHECK(Pow{}(minus, kMin) == 1);
    CHECK(Pow{}(T(2), minus) == 0);
    CHECK(Pow{}(T(0), minus) == 0);
  }
}

TEST_CASE("bool adds as or, multiplies as and") {
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      CHECK(Add{}(a, b) == (a || b));
      CHECK(Sub{}(a, b) == (a != b));
      CHECK(Mul{}(a, b) == (a && b));
      CHECK(Maximum{}(a, b) == (a || b));
      CHECK(LogicalXor{}(a, b) == (a != b));
      CHECK(BitwiseNot{}(a) == !a);
      CHECK(Pow{}(a, b) == (a || !b));
      CHECK(FloorDivide{}(a, b) == (a && b));
    }
  }
}

TEST_CASE("NaN goes through selection and comparison as in PyTorch") {
  const float values[] = {kNanF, 1.0f, -kInfinityF};
  for (float a : values) {
    for (float b : values) {
      const bool any = std::isnan(a) || std::isnan(b);
      CHECK(std::isnan(Maximum{}(a, b)) == any);
      CHECK(std::isnan(Minimum{}(a, b)) == any);
      CHECK(std::isnan(Clamp{}(a, b, 2.0f)) == any);
      CHECK(std::isnan(Clamp{}(a, -2.0f, b)) == any);
      CHECK(Ne{}(a, b) == (any || a != b));
      CHECK(LogicalAnd{}(a, b));
    }
  }
  CHECK(Clamp{}(2.0f, 3.0f, 1.0f) == 1.0f);
  CHECK(std::isnan(Relu{}(kNanF)));
  CHECK(std::signbit(Relu{}(-0.0f)));
  CHECK(Sign{}(kNanF) == 0.0f);
  CHECK(ReluBackward{}(2.0f, kNanF) == 2.0f);
  CHECK(ReluBackward{}(2.0f, 0.0f) == 0.0f);
  CHECK_FALSE(LogicalNot{}(kNanF));
  CHECK(IsNan{}(kNanF));
  CHECK(IsInf{}(-kInfinityF));
  CHECK_FALSE(IsFinite{}(kNanF));
  CHECK(Round{}(2.5f) == 2.0f);
  CHECK(Round{}(-3.5) == -4.0);
  CHECK(std::signbit(Ceil{}(-0.5f)));
  CHECK(Lerp{}(1.0f, 4.0f, 1.0f) == 4.0f);
  CHECK(Addcmul<int32_t>{3}(1, 2, 4) == 25);
  CHECK(Addcdiv<double>{3}(1, 2, 4) == 2.5);
}

TEST_CASE("activations and their gradients agree with each other and with the float ones") {
  const Softplus<double> softplus;
  const Softplus<double> sharp = {3.0, 20.0};
  CHECK(softplus(21.0) == 21.0);
  CHECK(Softplus<float>{}(kNanF) != 0.0f);
  for (double x = -9; x < 9; x += 0.1) {
    CAPTURE(x);
    const double h = 1e-5;
    const auto slope = [&](auto f) { return (f(x + h) - f(x - h)) / (2 * h); };
    const auto close = [](double a, double b) { return std::fabs(a - b) < 1e-9; };
    CHECK(close(GeluBackward{}(1.0, x), slope(Gelu{})));
    CHECK(close(GeluTanhBackward{}(1.0, x), slope(GeluTanh{})));
    CHECK(close(SiluBackward{}(1.0, x), slope(Silu{})));
    CHECK(close(TanhBackward{}(1.0, Tanh{}(x)), slope(Tanh{})));
    CHECK(close(SigmoidBackward{}(1.0, Sigmoid{}(x)), slope(Sigmoid{})));
    CHECK(close(SoftplusBackward<double>{3.0, 20.0}(1.0, x), x * 3 > 20 ? 1.0 : slope(sharp)));
    CHECK(close(Gelu{}(x), 0.5 * x * std::erfc(-x / std::sqrt(2.0))));
    CHECK(close(
        GeluTanh{}(x),
        0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)))));
    const float y = static_cast<float>(x);
    CHECK(std::fabs(Gelu{}(y)-Gelu{}(double{y})) <= 0x1.12p-22 * std::fabs(x));
    CHECK(std::fabs(GeluTanh{}(y)-GeluTanh{}(double{y})) <= 0x1p-22 * std::fabs(x));
    CHECK(std::fabs(Silu{}(y)-Silu{}(double{y})) <= 0x1p-22 * std::fabs(x));
    CHECK(std::fabs(GeluBackward{}(1.0f, y) - GeluBackward{}(1.0, double{y})) <= 1e-6);
  }
}

}  // namespace
