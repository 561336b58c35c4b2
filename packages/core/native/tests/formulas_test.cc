// The transcendental formulas: accuracy against the wider libm, and special values.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "binary.h"
#include "logarithmic.h"
#include "unary.h"

namespace {

using namespace flambeau::formulas;

// The error of a float in units in the last place of the exact value; huge where one is NaN or
// infinite and the other not.
double ulps(float got, double want) {
  constexpr double kWrong = 1e30;
  if (std::isnan(want)) return std::isnan(got) ? 0 : kWrong;
  if (std::fabs(want) >= 0x1.ffffffp127) {
    return std::isinf(got) && std::signbit(got) == std::signbit(want) ? 0 : kWrong;
  }
  if (!std::isfinite(got)) return kWrong;
  const int exponent = want == 0 ? -149 : std::max(std::ilogb(want) - 23, -149);
  return std::fabs(got - want) / std::ldexp(1.0, exponent);
}

double ulps(double got, long double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e30;
  if (std::isinf(static_cast<double>(want))) return static_cast<double>(want) == got ? 0 : 1e30;
  if (!std::isfinite(got)) return 1e30;
  const int exponent = want == 0 ? -1074 : std::max(std::ilogb(want) - 52, -1074);
  return static_cast<double>(std::fabs(got - want) / std::ldexp(1.0L, exponent));
}

uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

struct FloatCase {
  const char* name;
  float (*formula)(float);
  double (*exact)(double);
  double bound;
};

double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double exact_sinc(double x) {
  if (x == 0) return 1;
  const double turned = x - 2 * std::rint(x / 2);
  const double folded = std::fabs(turned) <= 0.5 ? turned : -(turned - std::copysign(1, turned));
  return std::sin(0x1.921fb54442d18p1 * folded) / (0x1.921fb54442d18p1 * x);
}
long double exact_sinc_l(long double x) {
  if (x == 0) return 1;
  const long double turned = x - 2 * std::rint(x / 2);
  const long double folded =
      std::fabs(turned) <= 0.5L ? turned : -(turned - std::copysign(1.0L, turned));
  return std::sin(0xc.90fdaa22168c235p-2L * folded) / (0xc.90fdaa22168c235p-2L * x);
}
double exact_logit(double x) { return std::log(x / (1 - x)); }
double exact_softplus(double x) { return x > 40 ? x : std::log1p(std::exp(x)); }

#define FORMULA(Name) [](float x) { return Name{}(x); }
#define EXACT(name) [](double x) -> double { return std::name(x); }
const FloatCase kFloatCases[] = {
    {"exp", FORMULA(Exp), EXACT(exp), 1.25},
    {"exp2", FORMULA(Exp2), EXACT(exp2), 1.25},
    {"expm1", FORMULA(Expm1), EXACT(expm1), 1.75},
    {"log", FORMULA(Log), EXACT(log), 1},
    {"log1p", FORMULA(Log1p), EXACT(log1p), 1.75},
    {"log2", FORMULA(Log2), EXACT(log2), 1.5},
    {"log10", FORMULA(Log10), EXACT(log10), 1.5},
    {"sin", FORMULA(Sin), EXACT(sin), 1.75},
    {"cos", FORMULA(Cos), EXACT(cos), 1.75},
    {"tan", FORMULA(Tan), EXACT(tan), 4},
    {"asin", FORMULA(Asin), EXACT(asin), 1.75},
    {"acos", FORMULA(Acos), EXACT(acos), 1.25},
    {"atan", FORMULA(Atan), EXACT(atan), 1.5},
    {"sinh", FORMULA(Sinh), EXACT(sinh), 1.75},
    {"cosh", FORMULA(Cosh), EXACT(cosh), 1.75},
    {"tanh", FORMULA(Tanh), EXACT(tanh), 2.05},
    {"sigmoid", FORMULA(Sigmoid), exact_sigmoid, 2.05},
    {"softplus", FORMULA(Softplus<float>), exact_softplus, 2.25},
    {"erf", FORMULA(Erf), EXACT(erf), 1.5},
    {"erfc", FORMULA(Erfc), EXACT(erfc), 6.75},
    {"asinh", FORMULA(Asinh), EXACT(asinh), 3},
    {"acosh", FORMULA(Acosh), EXACT(acosh), 3},
    {"atanh", FORMULA(Atanh), EXACT(atanh), 3},
    {"sinc", FORMULA(Sinc), exact_sinc, 4},
    {"logit", FORMULA(Logit<float>), exact_logit, 3.5},
    {"sqrt", FORMULA(Sqrt), EXACT(sqrt), 0.5},
    {"rsqrt", FORMULA(Rsqrt), [](double x) { return 1 / std::sqrt(x); }, 1.5},
};

TEST_CASE("float functions stay within their bounds over all exponents and both signs") {
  for (const FloatCase& c : kFloatCases) {
    CAPTURE(c.name);
    double worst = 0;
    float worst_at = 0;
    for (uint64_t bits = 1; bits < (uint64_t{1} << 32); bits += 10007) {
      const float x = float_of(static_cast<uint32_t>(bits));
      if (std::isnan(x)) continue;
      const double error = ulps(c.formula(x), c.exact(x));
      if (error > worst) {
        worst = error;
        worst_at = x;
      }
    }
    CAPTURE(worst_at);
    CHECK(worst <= c.bound);
    CHECK(worst >= 0.25);  // a reference computed in float would hide everything
  }
}

TEST_CASE("float functions keep every NaN and have the right limits") {
  const float inf = kInfinityF;
  for (const FloatCase& c : kFloatCases) {
    CAPTURE(c.name);
    for (uint32_t bits : {0x7f800001u, 0x7fc00000u, 0x7fc00001u, 0x7fd5aaaau, 0x7fffffffu,
                          0xff800001u, 0xffc00000u, 0xffffffffu}) {
      CHECK(std::isnan(c.formula(float_of(bits))));
    }
    for (float x : {inf, -inf, 0.0f, -0.0f, 1.0f, -1.0f, 0x1p-149f, -0x1p-149f}) {
      CAPTURE(x);
      const double want = c.exact(x);
      const float got = c.formula(x);
      CHECK(ulps(got, want) <= c.bound);
      if (want == 0) CHECK(std::signbit(got) == std::signbit(want));
    }
  }
  CHECK(Exp{}(88.72283f) < inf);
  CHECK(Exp{}(88.72284f) == inf);
  CHECK(Exp{}(-103.97207f) == 0x1p-149f);
  CHECK(Exp{}(-103.97209f) == 0.0f);
  CHECK(Sinh{}(89.4f) < inf);
  CHECK(Tanh{}(-40.0f) == -1.0f);
  CHECK(Sigmoid{}(-95.0f) > 0.0f);  // denormal, where 1/(1+exp(95)) would be 0
}

TEST_CASE("sin and cos of huge arguments are reduced exactly") {
  for (float x : {16367173.0f * 0x1p72f, 11518977.0f, 0x1p83f, 0x1.fffffep82f, 3.4e38f, 1e22f}) {
    CAPTURE(x);
    CHECK(ulps(Sin{}(x), std::sin(static_cast<double>(x))) <= 1.75);
    CHECK(ulps(Cos{}(x), std::cos(static_cast<double>(x))) <= 1.75);
    CHECK(Sin{}(-x) == -Sin{}(x));
  }
}

struct DoubleCase {
  const char* name;
  double (*formula)(double);
  long double (*exact)(long double);
  double bound;
};
#define FORMULA_D(Name) [](double x) { return Name{}(x); }
#define EXACT_L(name) [](long double x) -> long double { return std::name(x); }

TEST_CASE("double functions stay within their bounds") {
  const DoubleCase cases[] = {
      {"exp", FORMULA_D(Exp), EXACT_L(exp), 1.5},
      {"expm1", FORMULA_D(Expm1), EXACT_L(expm1), 2.25},
      {"log", FORMULA_D(Log), EXACT_L(log), 1},
      {"log1p", FORMULA_D(Log1p), EXACT_L(log1p), 1.75},
      {"tanh", FORMULA_D(Tanh), EXACT_L(tanh), 2.5},
      {"sigmoid", FORMULA_D(Sigmoid), [](long double x) { return 1 / (1 + std::exp(-x)); }, 2},
      {"sin", FORMULA_D(Sin), EXACT_L(sin), 1},
      {"erf", FORMULA_D(Erf), EXACT_L(erf), 2},
      {"asinh", FORMULA_D(Asinh), EXACT_L(asinh), 2.5},
      {"acosh", FORMULA_D(Acosh), EXACT_L(acosh), 2.5},
      {"atanh", FORMULA_D(Atanh), EXACT_L(atanh), 2.5},
      {"sinc", FORMULA_D(Sinc), exact_sinc_l, 4},
  };
  uint64_t state = 88172645463325252u;
  for (const DoubleCase& c : cases) {
    CAPTURE(c.name);
    double worst = 0;
    for (int i = 0; i < 60000; ++i) {
      const uint64_t bits = next_random(state);
      const double near_one = (static_cast<double>(bits >> 11) * 0x1p-53 - 0.5) * (i % 3 ? 4 : 90);
      const double x = i % 4 == 0 ? double_of(bits) : near_one;
      if (std::isnan(x)) continue;
      worst = std::fmax(worst, ulps(c.formula(x), c.exact(x)));
    }
    CHECK(worst <= c.bound);
    CHECK(worst >= 0.25);
    for (uint64_t bits : {0x7ff0000000000001u, 0x7ff8000000000001u, 0xffffffffffffffffu}) {
      CHECK(std::isnan(c.formula(double_of(bits))));
    }
    for (double x : {kInfinity, -kInfinity, 0.0, -0.0, 5e-324, -5e-324, -1.0}) {
      CAPTURE(x);
      CHECK(ulps(c.formula(x), c.exact(x)) <= c.bound);
      if (c.exact(x) == 0) CHECK(std::signbit(c.formula(x)) == std::signbit(c.exact(x)));
    }
  }
}

TEST_CASE("pow is within 0.55 ulp and follows C99 in every special case") {
  uint64_t state = 1234567;
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const uint64_t bits = next_random(state);
    const float x = i % 2 ? float_of(static_cast<uint32_t>(bits)) : (bits & 0xffffff) * 0x1p-20f;
    const float y = i % 3 ? (static_cast<float>(bits >> 40) - 0x1p23f) * 0x1p-18f
                          : std::rint((static_cast<float>(bits >> 40) - 0x1p23f) * 0x1p-18f);
    worst = std::fmax(worst, ulps(Pow{}(x, y), std::pow(static_cast<double>(x), double{y})));
  }
  CHECK(worst <= 0.55);
  const float specials[] = {0.0f,  -0.0f,     1.0f,  -1.0f,  0.5f,       -0.5f,
                            2.0f,  -2.0f,     3.0f,  -3.0f,  kInfinityF, -kInfinityF,
                            kNanF, 0x1p-149f, 1e30f, -1e30f, 16777217.0f};
  for (float x : specials) {
    for (float y : specials) {
      CAPTURE(x);
      CAPTURE(y);
      const float got = Pow{}(x, y);
      const double want = std::pow(static_cast<double>(x), static_cast<double>(y));
      CHECK(ulps(got, want) <= 0.55);
      if (!std::isnan(want)) CHECK(std::signbit(got) == std::signbit(want));
      const float angle = Atan2{}(x, y);
      const double exact = std::atan2(static_cast<double>(x), static_cast<double>(y));
      CHECK(ulps(angle, exact) <= 2);
      if (!std::isnan(exact)) CHECK(std::signbit(angle) == std::signbit(exact));
    }
  }
}

}  // namespace
