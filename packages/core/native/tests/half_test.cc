// float16 and bfloat16: every value there and back, rounding, and the loops of each instruction
// set.
#include "../formulas/half.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "../kernels/isa.h"
#include "../kernels/streaming.h"
#include "run_kernel.h"

using namespace flambeau;
using namespace flambeau::formulas;

namespace {

constexpr float kInfF = std::numeric_limits<float>::infinity();

// What the bits of a float with these fields mean, by definition.
double meaning(uint32_t bits, int exponent_bits, int fraction_bits) {
  const uint32_t fraction = bits & ((1u << fraction_bits) - 1);
  const int exponent = static_cast<int>(bits >> fraction_bits & ((1u << exponent_bits) - 1));
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = bits >> (exponent_bits + fraction_bits) & 1 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1)
    return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * HUGE_VAL;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1u << fraction_bits), exponent - bias - fraction_bits);
}

template <class T>
struct Format;
template <>
struct Format<Half> {
  static constexpr int kExponentBits = 5, kFractionBits = 10;
};
template <>
struct Format<BFloat16> {
  static constexpr int kExponentBits = 8, kFractionBits = 7;
};

template <class T>
bool is_nan(T x) {
  return (x.bits & 0x7fff) > ((1 << Format<T>::kExponentBits) - 1) << Format<T>::kFractionBits;
}

// Converts n elements by the loop of a level, `spacing` elements apart on both sides.
template <class To, class From>
std::vector<To> convert(Isa isa, const std::vector<From>& from, int64_t spacing) {
  const int64_t n = static_cast<int64_t>(from.size());
  std::vector<From> x(from.size() * static_cast<size_t>(spacing));
  std::vector<To> y(from.size() * static_cast<size_t>(spacing));
  for (int64_t i = 0; i < n; ++i) x[i * spacing] = from[i];
  char* const pointers[2] = {reinterpret_cast<char*>(y.data()), reinterpret_cast<char*>(x.data())};
  const int64_t strides[2] = {static_cast<int64_t>(sizeof(To)) * spacing,
                              static_cast<int64_t>(sizeof(From)) * spacing};
  active::copy_table(isa).convert[static_cast<int>(dtype_of<From>)][static_cast<int>(dtype_of<To>)](
      pointers, strides, n, nullptr);
  std::vector<To> result(from.size());
  for (int64_t i = 0; i < n; ++i) result[i] = y[i * spacing];
  return result;
}

template <class T>
std::vector<T> all_values() {
  std::vector<T> list;
  for (uint32_t bits = 0; bits < 65536; ++bits) list.push_back({static_cast<uint16_t>(bits)});
  return list;
}

// Numbers around every value of T and halfway between neighbours, and others.
template <class T>
std::vector<float> hard_floats() {
  std::vector<float> list = {0.0f,     -0.0f,  1e-40f,
                             -1e-40f,  1e-8f,  65519.99f,
                             65520.0f, 1e38f,  std::numeric_limits<float>::max(),
                             kInfF,    -kInfF, std::numeric_limits<float>::quiet_NaN()};
  for (uint32_t bits = 0; bits + 1 < 0x7c00u; bits += 1) {
    const float a = to_float(T{static_cast<uint16_t>(bits)});
    const float b = to_float(T{static_cast<uint16_t>(bits + 1)});
    if (!std::isfinite(b)) break;
    const float middle = a / 2 + b / 2;
    for (float x : {a, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, kInfF)}) {
      list.push_back(x);
      list.push_back(-x);
    }
  }
  std::mt19937 engine(1);
  for (int i = 0; i < 100000; ++i) {
    const uint32_t bits = engine();
    float x;
    std::memcpy(&x, &bits, sizeof x);
    list.push_back(x);
  }
  return list;
}

// The nearest T, of two equally near ones the even one: by comparing with both neighbours.
template <class T>
bool is_rounded(float x, T y) {
  if (std::isnan(x)) return is_nan(y);
  if (std::signbit(x) != static_cast<bool>(y.bits >> 15)) return false;
  constexpr int kBits = Format<T>::kFractionBits;
  const double largest = meaning(0x7fff & ~(1 << kBits), Format<T>::kExponentBits, kBits);
  const double half_step =
      std::ldexp(1, (1 << (Format<T>::kExponentBits - 1)) - 1 - kBits - 1);  // beyond the largest
  const double size = std::fabs(static_cast<double>(x));
  const uint32_t bits = y.bits & 0x7fffu;
  const double value = meaning(bits, Format<T>::kExponentBits, kBits);
  if (std::isinf(value)) return size >= largest + half_step;
  if (size >= largest + half_step) return false;
  const double below = bits == 0 ? 0 : meaning(bits - 1, Format<T>::kExponentBits, kBits);
  const double next = meaning(bits + 1, Format<T>::kExponentBits, kBits);
  const double above = std::isinf(next) ? largest + 2 * half_step : next;
  const double error = std::fabs(size - value);
  const bool even = (bits & 1) == 0;
  const double other = size >= value ? above - size : (bits == 0 ? HUGE_VAL : size - below);
  return error < other || (error == other && even) || error == 0;
}

template <class T>
void check_type() {
  const std::vector<T> every = all_values<T>();
  for (const T x : every) {
    const double wanted = meaning(x.bits, Format<T>::kExponentBits, Format<T>::kFractionBits);
    const float got = to_float(x);
    const bool equal = std::isnan(wanted)
                           ? std::isnan(got)
                           : got == wanted && std::signbit(got) == std::signbit(wanted);
    if (!equal) FAIL("wrong value for bits ", x.bits);
    const T back = from_float<T>(got);
    if (is_nan(x) ? !is_nan(back) : back.bits != x.bits) FAIL("changed by the way: ", x.bits);
  }
  const std::vector<float> floats = hard_floats<T>();
  for (const float x : floats)
    if (!is_rounded(x, from_float<T>(x))) FAIL("badly rounded: ", x);

  for (const Isa isa : supported_isas()) {
    CAPTURE(isa_name(isa));
    for (const int64_t spacing : {1, 3}) {
      const std::vector<float> wide = convert<float>(isa, every, spacing);
      const std::vector<double> wider = convert<double>(isa, every, spacing);
      for (size_t i = 0; i < every.size(); ++i) {
        const float wanted = to_float(every[i]);
        const bool same = std::isnan(wanted)
                              ? std::isnan(wide[i]) && std::isnan(wider[i])
                              : bits_of(wide[i]) == bits_of(wanted) && wider[i] == wanted;
        if (!same) FAIL("the loop is wrong for bits ", every[i].bits);
      }
      const std::vector<T> narrow = convert<T>(isa, floats, spacing);
      for (size_t i = 0; i < floats.size(); ++i) {
        const bool same = std::isnan(floats[i]) ? is_nan(narrow[i])
                                                : narrow[i].bits == from_float<T>(floats[i]).bits;
        if (!same) FAIL("the loop rounds badly: ", floats[i]);
      }
    }
  }
}

}  // namespace

TEST_CASE("float16: every value, rounding, and the loops of each level") { check_type<Half>(); }
TEST_CASE("bfloat16: every value, rounding, and the loops of each level") {
  check_type<BFloat16>();
}

TEST_CASE("16-bit floats become integers and bools as floats do") {
  const std::vector<Half> x = {to_half(2.75f), to_half(-2.75f), to_half(-0.0f), to_half(300),
                               to_half(0.25f)};
  for (const Isa isa : supported_isas()) {
    CHECK(convert<int64_t>(isa, x, 1) == std::vector<int64_t>{2, -2, 0, 300, 0});
    CHECK(convert<int8_t>(isa, x, 2) == std::vector<int8_t>{2, -2, 0, 44, 0});
    CHECK(convert<uint8_t>(isa, x, 1) == std::vector<uint8_t>{2, 254, 0, 44, 0});
    const std::vector<uint8_t> nonzero = {1, 1, 0, 1, 1};
    std::vector<uint8_t> bools(5);
    char* const pointers[2] = {reinterpret_cast<char*>(bools.data()),
                               reinterpret_cast<char*>(const_cast<Half*>(x.data()))};
    const int64_t strides[2] = {1, 2};
    active::copy_table(isa).convert[static_cast<int>(DType::kFloat16)]
                                   [static_cast<int>(DType::kBool)](pointers, strides, 5, nullptr);
    CHECK(bools == nonzero);
  }
}

TEST_CASE("8- and 16-bit integers keep low bits, and pass through all types") {
  const std::vector<int64_t> x = {0, 1, -1, 127, 128, -129, 32768, 70000, int64_t{1} << 40};
  for (const Isa isa : supported_isas()) {
    for (const int64_t spacing : {1, 2}) {
      CHECK(convert<int8_t>(isa, x, spacing) ==
            std::vector<int8_t>{0, 1, -1, 127, -128, 127, 0, 112, 0});
      CHECK(convert<int16_t>(isa, x, spacing) ==
            std::vector<int16_t>{0, 1, -1, 127, 128, -129, -32768, 4464, 0});
      const std::vector<int16_t> small = {-32768, -1, 0, 255, 32767};
      CHECK(convert<double>(isa, small, spacing) == std::vector<double>{-32768, -1, 0, 255, 32767});
      CHECK(convert<int8_t>(isa, small, spacing) == std::vector<int8_t>{0, -1, 0, -1, -1});
      const std::vector<BFloat16> floats = convert<BFloat16>(isa, small, spacing);
      CHECK(to_float(floats[0]) == -32768);
      CHECK(to_float(floats[3]) == 255);
    }
  }
}
