// The special functions against values to 17 digits, and at their poles and limits.
#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>

#include "bessel.h"
#include "binary.h"
#include "igamma.h"
#include "normal.h"
#include "parts.h"
#include "trig.h"

namespace {

using namespace flambeau::formulas;

struct Value {
  double x;
  double y;
};

template <class F, size_t N>
void check_values(const char* name, const F& f, const Value (&values)[N], double error) {
  CAPTURE(name);
  for (const Value& value : values) {
    CAPTURE(value.x);
    CHECK(std::fabs(f(value.x) - value.y) <= error * std::fabs(value.y));
  }
}

TEST_CASE("special functions are precise in every region that has a method of its own") {
  const Value values0[] = {{1e-05, -100000.57719921567}, {0.3, -3.502524222200133},
                           {1.0, -0.5772156649015329},   {2.5, 0.7031566406452432},
                           {9.99, 2.250700372831201},    {10.0, 2.251752589066721},
                           {500.0, 6.213607765088992},   {-0.5, 0.03648997397857652},
                           {-3.7, -0.8450768588704194},  {-20.3, 5.317549924239749}};
  check_values("digamma", digamma, values0, 2e-14);
  const Value values1[] = {{0.01, 10001.621213528313}, {0.5, 4.934802200544679},
                           {3.0, 0.39493406684822646}, {40.0, 0.02531510384129103},
                           {-0.5, 8.934802200544679},  {-7.3, 14.951383181433922}};
  check_values(
      "polygamma 1", [](double x) { return polygamma(1, x); }, values1, 2e-15);
  const Value values2[] = {{0.01, -240000000023.7009},
                           {0.5, -771.4742498266672},
                           {3.0, -0.13626612344087824},
                           {40.0, -2.463377839277213e-06},
                           {-0.6, -2039.9492981793476}};
  check_values(
      "polygamma 4", [](double x) { return polygamma(4, x); }, values2, 4e-15);
  const Value values3[] = {{0.01, 1002.5924620202128},
                           {1.0, 2.612375348685488},
                           {12.5, 0.5772251972193292},
                           {100000.0, 0.006324571131764588}};
  check_values(
      "zeta 1.5", [](double x) { return hurwitz_zeta(1.5, x); }, values3, 2e-15);
  const Value values4[] = {{0.001, 1.0000002500000156}, {1.0, 1.2660658777520084},
                           {-7.9, 389.406283282158},    {8.1, 469.5006067101215},
                           {30.0, 781672297823.9775},   {700.0, 1.5295933476718737e+302}};
  check_values("I0", I0{}, values4, 2e-15);
  const Value values5[] = {{0.001, 0.0005000000625000026}, {1.0, 0.565159103992485},
                           {-7.9, -363.8539440845084},     {8.1, 439.48430891035844},
                           {30.0, 768532038938.957},       {700.0, 1.5285003902339006e+302}};
  check_values("I1", I1{}, values5, 3e-15);
  const Value values6[] = {
      {0.5, 0.6450352704491501}, {-8.5, 0.13900184305484758}, {900.0, 0.013299924124068151}};
  check_values("I0e", I0e{}, values6, 2e-15);
  const Value values7[] = {
      {0.5, 0.1564208031848717}, {-8.5, -0.13054935509459586}, {900.0, 0.013292533222590655}};
  check_values("I1e", I1e{}, values7, 3e-15);
  const Value values8[] = {{-26.0, 7.657724931490568e+293},
                           {-1.0, 5.008980080762283},
                           {0.0, 1.0},
                           {0.3, 0.7345993345676551},
                           {5.0, 0.11070463773306863},
                           {100.0, 0.005641613782989433},
                           {10000000000.0, 5.641895835477563e-11}};
  check_values("erfcx", erfcx, values8, 2e-15);
  const Value values9[] = {{1e-10, 8.862269254527581e-11}, {0.3, 0.2724627147267543},
                           {-0.849, -1.0154111558190084},  {0.86, 1.0435418436397588},
                           {-0.999, -2.3267537655135246},  {0.9999999999, 4.572824958544925}};
  check_values("erfinv", erfinv, values9, 2e-15);
  const Value values10[] = {{-30.0, 4.906713927148187e-198},
                            {-3.0, 0.0013498980316300946},
                            {0.0, 0.5},
                            {1.0, 0.8413447460685429},
                            {6.0, 0.9999999990134123}};
  check_values("ndtr", normal_cdf, values10, 2e-13);
  const Value values11[] = {{1e-20, -9.262340089798407}, {0.001, -3.0902323061678136},
                            {0.07, -1.4757910281791706}, {0.08, -1.4050715603096327},
                            {0.4, -0.2533471031357997},  {0.93, 1.475791028179171},
                            {0.99999, 4.264890793923841}};
  check_values("ndtri", normal_quantile, values11, 2e-15);
  const Value values12[] = {{-100.0, -5005.524208694205},
                            {-1.01, -1.8563130623431785},
                            {-0.99, -1.8258103178428124},
                            {0.0, -0.6931471805599453},
                            {5.0, -2.866516129637636e-07}};
  check_values("log ndtr", log_normal_cdf, values12, 4e-15);
  const Value values13[] = {{1e-05, 0.8963367982671973},
                            {0.3, 0.990927603578235},
                            {1.2, 0.9983975406996679},
                            {20.0, 0.9999999999989803}};
  check_values(
      "P 0.01", [](double x) { return lower_gamma(0.01, x); }, values13, 3e-14);
  const Value values14[] = {{1e-05, 0.1036632017328028},
                            {0.3, 0.009072396421765093},
                            {1.2, 0.0016024593003321358},
                            {20.0, 1.019712405164315e-12}};
  check_values(
      "Q 0.01", [](double x) { return upper_gamma(0.01, x); }, values14, 3e-14);
  const Value values15[] = {{0.05, 0.06851164341097932},
                            {1.0, 0.6753924416740532},
                            {1.11, 0.7110656401179651},
                            {5.0, 0.9947222321489538}};
  check_values(
      "P 0.9", [](double x) { return lower_gamma(0.9, x); }, values15, 3e-14);
  const Value values16[] = {{0.05, 0.9314883565890206},
                            {1.0, 0.3246075583259468},
                            {1.11, 0.2889343598820348},
                            {5.0, 0.0052777678510461555}};
  check_values(
      "Q 0.9", [](double x) { return upper_gamma(0.9, x); }, values16, 3e-14);
  const Value values17[] = {{1.0, 3.0000106665252023e-13},
                            {14.0, 0.4295632871726278},
                            {16.0, 0.6324726402344351},
                            {60.0, 0.9999999999989797}};
  check_values(
      "P 15.0", [](double x) { return lower_gamma(15.0, x); }, values17, 3e-14);
  const Value values18[] = {{1.0, 0.9999999999997},
                            {14.0, 0.5704367128273722},
                            {16.0, 0.36752735976556494},
                            {60.0, 1.0202758541470042e-12}};
  check_values(
      "Q 15.0", [](double x) { return upper_gamma(15.0, x); }, values18, 3e-14);
  const Value values19[] = {{10.0, 7.341636314560472e-13},
                            {29.0, 0.030299793764342876},
                            {39.0, 0.457551282871296},
                            {51.0, 0.9508313096336748},
                            {90.0, 0.9999999988519196}};
  check_values(
      "P 40.0", [](double x) { return lower_gamma(40.0, x); }, values19, 3e-14);
  const Value values20[] = {{10.0, 0.9999999999992658},
                            {29.0, 0.9697002062356571},
                            {39.0, 0.542448717128704},
                            {51.0, 0.049168690366325166},
                            {90.0, 1.148080380148278e-09}};
  check_values(
      "Q 40.0", [](double x) { return upper_gamma(40.0, x); }, values20, 3e-14);
  const Value values21[] = {{98000.0, 9.690835158160487e-11},
                            {99900.0, 0.37627489275434334},
                            {100100.0, 0.6244451307044055},
                            {102000.0, 0.9999999998349394}};
  check_values(
      "P 100000.0", [](double x) { return lower_gamma(100000.0, x); }, values21, 3e-14);
  const Value values22[] = {{98000.0, 0.9999999999030916},
                            {99900.0, 0.6237251072456567},
                            {100100.0, 0.3755548692955945},
                            {102000.0, 1.6506061359362835e-10}};
  check_values(
      "Q 100000.0", [](double x) { return upper_gamma(100000.0, x); }, values22, 3e-14);
}

TEST_CASE("special functions have their values at poles, limits and outside of their domain") {
  const double inf = kInfinity;
  CHECK(digamma(0.0) == -inf);
  CHECK(digamma(-0.0) == inf);
  CHECK(std::isnan(digamma(-3.0)));
  CHECK(std::isnan(digamma(-inf)));
  CHECK(digamma(inf) == inf);
  CHECK(log_gamma(-2.0) == inf);
  CHECK(hurwitz_zeta(1, 2) == inf);
  CHECK(std::isnan(hurwitz_zeta(0.5, 2)));
  CHECK(hurwitz_zeta(2, -4) == inf);
  CHECK(std::isnan(hurwitz_zeta(2.5, -4.5)));
  CHECK(hurwitz_zeta(2, -1e15 + 0.5) > 9.8);  // π², less the terms beyond; at once, not after 1e15
  CHECK(polygamma(1, 0) == inf);
  CHECK(polygamma(2, 0) == -inf);
  CHECK(std::isfinite(polygamma(200, 100)));
  CHECK(I0{}(0.0) == 1);
  CHECK(I0{}(713.0) < inf);
  CHECK(I0{}(-inf) == inf);
  CHECK(I1{}(-inf) == -inf);
  CHECK(I0e{}(inf) == 0);
  CHECK(std::signbit(I1{}(-0.0)));
  CHECK(erfcx(inf) == 0);
  CHECK(erfcx(-inf) == inf);
  CHECK(erfcx(-30) == inf);
  CHECK(erfcx(-26.69) == inf);
  CHECK(erfinv(1) == inf);
  CHECK(erfinv(-1) == -inf);
  CHECK(std::isnan(erfinv(1.5)));
  CHECK(normal_quantile(0) == -inf);
  CHECK(normal_quantile(1) == inf);
  CHECK(std::isnan(normal_quantile(-0.1)));
  CHECK(normal_quantile(5e-324) < -38);
  CHECK(log_normal_cdf(-inf) == -inf);
  CHECK(log_normal_cdf(inf) == 0);
  CHECK(lower_gamma(0, 2) == 1);
  CHECK(lower_gamma(2, 0) == 0);
  CHECK(upper_gamma(2, inf) == 0);
  CHECK(lower_gamma(inf, 2) == 0);
  CHECK(std::isnan(lower_gamma(0, 0)));
  CHECK(std::isnan(upper_gamma(-1, 2)));
  CHECK(std::isnan(upper_gamma(1, -2)));
  CHECK(std::fabs(lower_gamma(1e300, 1e300) - 0.5) < 1e-15);
  for (double x : {kNan, -kNan}) {
    for (double y : {digamma(x), log_gamma(x), hurwitz_zeta(2, x), hurwitz_zeta(x, 2), I0{}(x),
                     I1{}(x), erfcx(x), erfinv(x), normal_cdf(x), normal_quantile(x),
                     log_normal_cdf(x), lower_gamma(x, 1), upper_gamma(1, x), polygamma(2, x)})
      CHECK(std::isnan(y));
  }
}

// The largest error in ulp of a function of floats against one of doubles, over [low, high].
template <class F, class G>
double worst_ulp(const F& f, const G& g, double low, double high) {
  double worst = 0;
  for (int i = 0; i <= 40000; ++i) {
    const auto x = static_cast<float>(low + (high - low) * i / 40000);
    const double wanted = g(static_cast<double>(x));
    if (!(std::fabs(wanted) < 3e38) || std::fabs(wanted) < 1.2e-38) continue;
    int exponent;
    std::frexp(wanted, &exponent);
    const double error = std::fabs(static_cast<double>(f(x)) - wanted);
    worst = std::fmax(worst, std::ldexp(error, 24 - exponent));
  }
  return worst;
}

TEST_CASE("special functions of floats are those of doubles, rounded") {
  const auto lgamma = [](double x) { return log_gamma(x); };
  const auto trigamma_d = [](double x) { return trigamma(x); };
  const double ranges[][2] = {{-12.5, 10}, {0, 1}, {0.99, 2.01}, {-3, 0}, {7, 9}, {-200, 300}};
  for (const auto& [low, high] : ranges) {
    CAPTURE(low);
    CHECK(worst_ulp([](float x) { return erfcx_f(x); }, [](double x) { return erfcx(x); }, low,
                    high) < 0.51);
    CHECK(worst_ulp([](float x) { return normal_cdf_f(x); }, [](double x) { return normal_cdf(x); },
                    low, high) < 0.51);
    CHECK(worst_ulp([](float x) { return erfinv_f(x); }, [](double x) { return erfinv(x); }, low,
                    high) < 6.7);
    CHECK(worst_ulp([](float x) { return log_gamma_f(x); }, lgamma, low, high) < 1.3);
    CHECK(worst_ulp([](float x) { return trigamma_f(x); }, trigamma_d, low, high) < 0.51);
  }
  CHECK(worst_ulp([](float x) { return erfinv_f(x); }, [](double x) { return erfinv(x); }, 0.999,
                  1) < 6.7);
  CHECK(worst_ulp([](float x) { return log_gamma_f(x); }, lgamma, 1e6, 1e37) < 0.51);
  CHECK(worst_ulp([](float x) { return trigamma_f(x); }, trigamma_d, 1e6, 1e37) < 0.51);
}

TEST_CASE("special functions of floats have their values at poles, limits and beyond") {
  const float inf = kInfinityF;
  for (float x : {0.0F, -0.0F, -1.0F, -7.0F, -1e30F, inf, -inf}) CHECK(log_gamma_f(x) == inf);
  CHECK(log_gamma_f(1) == 0);
  CHECK(log_gamma_f(2) == 0);
  CHECK(log_gamma_f(1e-45F) == doctest::Approx(103.2789));
  CHECK(log_gamma_f(3e38F) == inf);
  for (float x : {0.0F, -0.0F, -1.0F, -7.0F}) CHECK(trigamma_f(x) == inf);
  CHECK(trigamma_f(inf) == 0);
  CHECK(erfcx_f(inf) == 0);
  CHECK(erfcx_f(3e38F) > 0);
  CHECK(erfcx_f(-inf) == inf);
  CHECK(erfcx_f(0) == 1);
  CHECK(normal_cdf_f(-inf) == 0);
  CHECK(normal_cdf_f(inf) == 1);
  CHECK(normal_cdf_f(0) == 0.5F);
  CHECK(erfinv_f(1) == inf);
  CHECK(erfinv_f(-1) == -inf);
  CHECK(erfinv_f(0) == 0);
  CHECK(std::signbit(erfinv_f(-0.0F)));
  CHECK(std::isnan(erfinv_f(1.5F)));
  for (float x : {kNanF, -kNanF})
    for (float y : {log_gamma_f(x), trigamma_f(x), erfcx_f(x), normal_cdf_f(x), erfinv_f(x)})
      CHECK(std::isnan(y));
}

TEST_CASE("sine and cosine of doubles, also beside multiples of a right angle") {
  double worst = 0;
  for (int i = -60000; i <= 60000; ++i) {
    double x = i * 17.1;
    if (i % 3 == 0) x = i * 5 * 0x1.921fb54442d18p0;
    if (i % 6 == 0) x = std::nextafter(x, 1e9);
    if (i % 7 == 0) x = i * 1e-5;
    const double s = std::sin(x), c = std::cos(x);
    int exponent;
    std::frexp(s, &exponent);
    worst = std::fmax(worst, std::ldexp(std::fabs(sin_easy(x) - s), 53 - exponent));
    std::frexp(c, &exponent);
    worst = std::fmax(worst, std::ldexp(std::fabs(cos_easy(x) - c), 53 - exponent));
  }
  CHECK(worst <= 1);  // each side is within an ulp: neighbours at most
  CHECK(std::signbit(sin_easy(-0.0)));
}

TEST_CASE("both incomplete gamma functions add up to 1 across all methods") {
  for (double a = 0.01; a < 1e6; a *= 1.7) {
    for (double ratio = 0.001; ratio < 50; ratio *= 1.3) {
      CAPTURE(a);
      CAPTURE(ratio);
      const double x = a * ratio;
      CHECK(std::fabs(lower_gamma(a, x) + upper_gamma(a, x) - 1) <= 4e-15);
      CHECK(lower_gamma(a, x * 1.001) >= lower_gamma(a, x) * (1 - 1e-13));
    }
  }
}

TEST_CASE("nextafter and frexp agree with libm for every kind of number") {
  const double values[] = {0.0,        -0.0,    1.0,      -1.0,      0.75,    -3.5,
                           5e-324,     -5e-324, 2.2e-308, -2.2e-308, 1.7e308, kInfinity,
                           -kInfinity, 1e-310,  2.0,      -2.0,      kNan};
  for (double x : values) {
    CAPTURE(x);
    int exponent = 0;
    const double mantissa = std::frexp(x, &exponent);
    const bool finite = std::isfinite(x);
    CHECK((std::isnan(x) ? std::isnan(FrexpMantissa{}(x)) : FrexpMantissa{}(x) == mantissa));
    CHECK(FrexpExponent{}(x) == (finite ? exponent : 0));
    const float f = static_cast<float>(x);
    const float f_mantissa = std::frexp(f, &exponent);
    CHECK((std::isnan(f) ? std::isnan(FrexpMantissa{}(f)) : FrexpMantissa{}(f) == f_mantissa));
    CHECK(FrexpExponent{}(f) == (std::isfinite(f) ? static_cast<float>(exponent) : 0.0f));
    for (double y : values) {
      CAPTURE(y);
      const auto same = [](auto a, auto b) {
        return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
      };
      CHECK(same(Nextafter{}(x, y), std::nextafter(x, y)));
      CHECK(same(Nextafter{}(f, static_cast<float>(y)), std::nextafter(f, static_cast<float>(y))));
    }
  }
}

TEST_CASE("in float they are as precise as a float") {
  for (double x = -29.9; x < 30; x += 0.37) {
    CAPTURE(x);
    const float f = static_cast<float>(x);
    const double d = static_cast<double>(f);
    const auto near = [](float got, double want) {
      return std::fabs(got - want) <= 0x1p-23 * std::fabs(want);
    };
    CHECK(near(I0{}(f), I0{}(d)));
    CHECK(near(I0e{}(f), I0e{}(d)));
    CHECK(near(I1{}(f), I1{}(d)));
    CHECK(near(I1e{}(f), I1e{}(d)));
    if (x < 0) continue;
    CHECK(std::fabs(Lgamma{}(f)-log_gamma(d)) <= 0x1p-20 * std::fabs(log_gamma(d)));
    for (float a : {0.3f, 1.7f, 12.0f, 40.0f}) {
      CHECK(std::fabs(Igamma{}(a, f) - lower_gamma(a, d)) <= 0x1p-22);
      CHECK(std::fabs(Igammac{}(a, f) - upper_gamma(a, d)) <= 0x1p-22);
    }
  }
}

TEST_CASE("neighbours among the numbers of 16-bit types") {
  const NextafterNarrow<float> half = {0x1p13f, 0x1p-14f, 65504.0f};
  CHECK(half(0.0f, 1.0f) == 0x1p-24f);
  CHECK(half(-0.0f, -1.0f) == -0x1p-24f);
  CHECK(half(0x1p-24f, -1.0f) == 0.0f);
  CHECK(half(0x1p-14f, 0.0f) == 0x1p-14f - 0x1p-24f);
  CHECK(half(0x1p-14f, 1.0f) == 0x1p-14f + 0x1p-24f);
  CHECK(half(1.0f, 2.0f) == 1.0f + 0x1p-10f);
  CHECK(half(-1.0f, 0.0f) == -1.0f + 0x1p-11f);
  CHECK(half(kInfinityF, 0.0f) == 65504.0f);
  CHECK(half(2.0f, 2.0f) == 2.0f);
  CHECK(std::isnan(half(kNanF, 1.0f)));
  const NextafterNarrow<float> brain = {0x1p16f, 0x1p-126f, 0x1.fep127f};
  CHECK(brain(0.0f, 1.0f) == 0x1p-133f);
  CHECK(brain(1.0f, 0.0f) == 1.0f - 0x1p-8f);
  CHECK(brain(-kInfinityF, 0.0f) == -0x1.fep127f);
}

TEST_CASE("greatest divisors and least multiples of any integers") {
  CHECK(Gcd{}(int64_t{12}, int64_t{-18}) == 6);
  CHECK(Gcd{}(0, -7) == 7);
  CHECK(Gcd{}(INT32_MIN, 6) == 2);
  CHECK(Gcd{}(uint8_t{200}, uint8_t{150}) == 50);
  CHECK(Lcm{}(4, -6) == 12);
  CHECK(Lcm{}(0, 5) == 0);
  CHECK(Lcm{}(int64_t{0}, int64_t{0}) == 0);
  CHECK(Lcm{}(INT32_MIN, -1) == INT32_MIN);  // wraps
  CHECK(TruncDivide{}(-7, 2) == -3);
  CHECK(TruncDivide{}(INT32_MIN, -1) == INT32_MIN);
  CHECK(TruncDivide{}(-7.0, 2.0) == -3.0);
}

}  // namespace
