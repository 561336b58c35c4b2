#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "../kernels/isa.h"
#include "../kernels/streaming.h"
#include "run_kernel.h"

using namespace flambeau;
using namespace flambeau::testing;

namespace {

// Converts at every level, contiguous and spaced; long enough for whole vectors and a rest.
template <class To, class From>
void check_conversion(const std::vector<From>& from, const std::vector<To>& to) {
  const int64_t n = static_cast<int64_t>(from.size());
  const int64_t length = 37 * n;
  std::vector<char> x(length * 2 * sizeof(From));
  for (int64_t spacing : {1, 2}) {
    for (int64_t i = 0; i < length; ++i)
      *reinterpret_cast<From*>(&x[i * spacing * sizeof(From)]) = from[i % n];
    for (Isa isa : supported_isas()) {
      std::vector<char> y(length * sizeof(To));
      char* const pointers[2] = {y.data(), x.data()};
      const int64_t strides[2] = {sizeof(To), static_cast<int64_t>(spacing * sizeof(From))};
      const int row = static_cast<int>(dtype_of<From>);
      active::copy_table(isa).convert[row][static_cast<int>(dtype_of<To>)](pointers, strides,
                                                                           length, nullptr);
      CAPTURE(isa_name(isa));
      int64_t wrong = -1;
      for (int64_t i = 0; i < length; ++i)
        if (reinterpret_cast<To*>(y.data())[i] != to[i % n]) wrong = i % n;
      CHECK(wrong == -1);
    }
  }
}

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr int32_t kLow32 = std::numeric_limits<int32_t>::min();
constexpr int64_t kLow64 = std::numeric_limits<int64_t>::min();

template <class F>
void check_float_conversions() {
  const std::vector<F> x = {F(2.75), F(-2.75), F(-0.0),          F(300),         F(3e9),
                            F(-3e9), F(1e19),  F(kNotANumber),   F(kInf),        F(-kInf),
                            F(-0.5), F(255.5), F(-2147483648.0), F(2147483648.0)};
  check_conversion<int32_t, F>(
      x, {2, -2, 0, 300, kLow32, kLow32, kLow32, kLow32, kLow32, kLow32, 0, 255, kLow32, kLow32});
  check_conversion<int64_t, F>(x, {2, -2, 0, 300, 3000000000, -3000000000, kLow64, kLow64, kLow64,
                                   kLow64, 0, 255, kLow32, 2147483648});
  check_conversion<uint8_t, F>(x, {2, 254, 0, 44, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0});
  check_conversion<bool, F>(
      x, {true, true, false, true, true, true, true, true, true, true, true, true, true, true});
}

TEST_CASE("floats become integers as documented, also where they do not fit") {
  check_float_conversions<float>();
  check_float_conversions<double>();
}

TEST_CASE("integers and bools convert by value and wrap") {
  const std::vector<int64_t> x = {0, 1, -1, 300, 5000000000, kLow64};
  check_conversion<int32_t, int64_t>(x, {0, 1, -1, 300, 705032704, 0});
  check_conversion<uint8_t, int64_t>(x, {0, 1, 255, 44, 0, 0});
  check_conversion<bool, int64_t>(x, {false, true, true, true, true, true});
  check_conversion<float, int64_t>(x, {0, 1, -1, 300, 5e9f, -0x1p63f});
  check_conversion<double, int64_t>(x, {0, 1, -1, 300, 5e9, -0x1p63});
  check_conversion<int64_t, uint8_t>({0, 255}, {0, 255});
  check_conversion<int64_t, int32_t>({kLow32, -1}, {kLow32, -1});
  check_conversion<float, bool>({false, true}, {0, 1});
  check_conversion<double, bool>({true, false}, {1, 0});
  check_conversion<int64_t, bool>({true, false}, {1, 0});
  check_conversion<double, float>({1.5f, -0x1p-149f}, {1.5, -0x1p-149});
  check_conversion<float, double>({1e300, 0.1, -1e-60}, {float(kInf), 0.1f, -0.0f});
}

template <class T>
Tensor numbered(int64_t n) {
  Tensor t = empty_tensor({n}, dtype_of<T>);
  for (int64_t i = 0; i < n; ++i) t.as<T>()[i] = static_cast<T>(i * 31 + i / 256);
  return t;
}

template <class T>
void check_copy(const Tensor& to, const Tensor& from) {
  copy_into(to, from);
  int64_t wrong = -1;
  for (int64_t i = 0; i < to.numel(); ++i)
    if (value<T>(to, i) != value<T>(from, i)) wrong = i;
  CAPTURE(to.size(0));
  CAPTURE(to.size(1));
  CHECK(wrong == -1);
}

template <class T>
void check_transposes() {
  const Tensor from = numbered<T>(200 * 200);
  for (int64_t rows : {1, 3, 4, 15, 16, 17, 63, 64, 65, 130})
    for (int64_t columns : {1, 2, 3, 4, 8, 16, 33, 64, 129})
      for (int64_t gap : {0, 5}) {
        const Tensor to = empty_tensor({rows * (columns + gap)}, dtype_of<T>);
        check_copy<T>(view(to, {rows, columns}, {columns + gap, 1}),
                      view(from, {rows, columns}, {1, rows + gap}));
      }
}

TEST_CASE("transposes of any size and element size are exact") {
  check_transposes<float>();
  check_transposes<int64_t>();
  check_transposes<uint8_t>();
}

TEST_CASE("copies permute axes between any two layouts") {
  const Tensor from = numbered<float>(70000);
  const Shape shape = {3, 10, 7, 9};
  const std::vector<std::vector<int64_t>> layouts = {
      {630, 63, 9, 1}, {630, 1, 90, 10}, {1, 3, 30, 210}, {2000, 140, 18, 2}, {63, 189, 9, 1}};
  for (const std::vector<int64_t>& a : layouts)
    for (const std::vector<int64_t>& b : layouts) {
      const Tensor to = empty_tensor({10000}, DType::kFloat32);
      check_copy<float>(view(to, shape, a), view(from, shape, b, 5));
    }
  const Shape pixels = {2, 3, 60, 50};
  const Tensor image = numbered<uint8_t>(pixels.numel());
  const Tensor last = empty_tensor({pixels.numel()}, DType::kUInt8);
  check_copy<uint8_t>(view(last, pixels, {9000, 1, 150, 3}),
                      view(image, pixels, {9000, 3000, 50, 1}));
  check_copy<uint8_t>(view(image, pixels, {9000, 3000, 50, 1}),
                      view(last, pixels, {9000, 1, 150, 3}));

  const Shape large = {2, 64, 40, 40};
  const Tensor big = numbered<float>(large.numel());
  const Tensor to = empty_tensor({large.numel()}, DType::kFloat32);
  check_copy<float>(view(to, large, {102400, 1600, 40, 1}),
                    view(big, large, {102400, 1, 2560, 64}));
  check_copy<float>(view(to, large, {102400, 1, 2560, 64}),
                    view(big, large, {102400, 1600, 40, 1}));
}

template <class T>
void check_runs() {
  const int64_t item = sizeof(T);
  for (int64_t bytes : {56, 64, 72, 120, 128, 200, 256, 1000, 8192, 8200}) {
    const int64_t n = bytes / item;
    const Shape shape = {5, 3, 11, n};
    const Tensor from = numbered<T>(5 * 11 * 3 * (n + 1) + 3);
    const Tensor to = empty_tensor({5 * 3 * 11 * n + 8}, dtype_of<T>);
    std::memset(to.data, 0, to.numel() * item);
    // [5, 11, 3, n + 1] to [5, 3, 11, n]
    const int64_t wide = n + 1;
    check_copy<T>(view(to, shape, {33 * n, 11 * n, n, 1}),
                  view(from, shape, {33 * wide, wide, 3 * wide, 1}, 3));
    // Nothing is written behind it.
    for (int64_t i = 0; i < 8; ++i) CHECK(to.as<T>()[5 * 3 * 11 * n + i] == T{0});
    // One source for all.
    check_copy<T>(view(to, shape, {33 * n, 11 * n, n, 1}), view(from, shape, {wide, 0, wide, 1}));
  }
}

TEST_CASE("runs of any length are moved whole") {
  check_runs<float>();
  check_runs<int64_t>();
  check_runs<uint8_t>();
}

TEST_CASE("copies broadcast, convert on the way, and mind overlaps") {
  const Tensor row = counting({4});
  const Tensor grid = empty_tensor({3, 4}, DType::kInt64);
  copy_into(grid, row);
  CHECK(value<int64_t>(grid, 11) == 3);
  copy_into(view(grid, {4, 3}, {1, 4}), counting({3}, 7));
  CHECK(value<int64_t>(grid, 0) == 7);
  CHECK(value<int64_t>(grid, 4) == 8);
  copy_into(grid, counting({}, 9));
  CHECK(value<int64_t>(grid, 5) == 9);

  const Tensor square = counting({20, 20});
  copy_into(square, view(square, {20, 20}, {1, 20}));
  CHECK(value<float>(square, 1) == 20);
  CHECK(value<float>(square, 20) == 1);
  const Tensor line = counting({10});
  copy_into(view(line, {9}, {1}, 1), view(line, {9}, {1}));
  CHECK(value<float>(line, 9) == 8);

  const Tensor empty = empty_tensor({0, 4}, DType::kFloat32);
  copy_into(empty, row);
  const Tensor expanded = view(row, {3, 4}, {0, 1});
  CHECK_THROWS_AS(copy_into(expanded, grid), Failure);
  CHECK_THROWS_AS(copy_into(grid, counting({5})), Failure);
}

TEST_CASE("large copies and fills are streamed whole, at any alignment") {
  const int64_t n = kStreamBytes / 4 + 77;
  const Tensor from = numbered<float>(n + 8);
  const Tensor to = empty_tensor({n + 8}, DType::kFloat32);
  for (int64_t shift : {0, 1, 3}) {
    std::memset(to.data, 0, (n + 8) * 4);
    copy_into(view(to, {n}, {1}, shift), view(from, {n}, {1}, 2));
    CHECK(std::memcmp(to.data + shift * 4, from.data + 8, n * 4) == 0);
    CHECK(value<float>(to, n + shift) == 0);
    const Tensor target = view(to, {n}, {1}, shift);
    apply("fill", {}, DType::kFloat32, {n}, {2.5}, &target);
    CHECK(value<float>(target, 0) == 2.5f);
    CHECK(std::memcmp(target.data, target.data + 4, (n - 1) * 4) == 0);
    CHECK(value<float>(to, n + shift) == 0);
  }
}

TEST_CASE("copy keeps the memory order, contiguous makes it row-major, cast converts") {
  const Tensor x = view(counting({120}), {2, 3, 4, 5}, {60, 1, 15, 3});
  CHECK(apply("copy", {x}, DType::kFloat32, x.shape).is_channels_last());
  const Tensor y = apply("contiguous", {x}, DType::kFloat32, x.shape);
  CHECK(y.is_contiguous());
  CHECK(value<float>(y, 77) == value<float>(x, 77));
  const Tensor z = apply("cast", {x}, DType::kInt32, x.shape);
  CHECK(z.is_channels_last());
  CHECK(value<int32_t>(z, 77) == static_cast<int32_t>(value<float>(x, 77)));
}

TEST_CASE("fill writes every type and layout") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kInt32, DType::kUInt8,
                      DType::kBool}) {
    const Tensor t = apply("fill", {}, dtype, {3, 5}, {1});
    with_type(dtype, [&](auto zero) {
      for (int64_t i = 0; i < 15; ++i) CHECK(value<decltype(zero)>(t, i) == decltype(zero)(1));
    });
  }
  CHECK(apply("fill", {}, DType::kFloat32, {0}, {1}).numel() == 0);
  CHECK(value<float>(apply("fill", {}, DType::kFloat32, {}, {-2}), 0) == -2);
  CHECK(value<int32_t>(apply("fill", {}, DType::kInt32, {1}, {kNotANumber}), 0) == kLow32);
  const Tensor base = counting({12});
  const Tensor every_third = view(base, {4}, {3}, 1);
  apply("fill", {}, DType::kFloat32, {4}, {-1}, &every_third);
  CHECK(value<float>(base, 0) == 0);
  CHECK(value<float>(base, 10) == -1);
  CHECK(value<float>(base, 11) == 11);
  const Tensor expanded = view(base, {3, 4}, {0, 1});
  // One value may be written to one place several times.
  apply("fill", {}, DType::kFloat32, {3, 4}, {7}, &expanded);
  CHECK(value<float>(base, 3) == 7);
  CHECK(value<float>(base, 4) == -1);
  const Tensor like = view(base, {1, 2, 2, 3}, {12, 1, 6, 2});
  CHECK(apply("fill", {like}, DType::kFloat32, like.shape, {0}).is_channels_last());
}

TEST_CASE("arange, linspace and eye") {
  const auto at = [](const Tensor& t, int64_t i) { return value<float>(t, i); };
  const Tensor a = apply("arange", {}, DType::kFloat32, {100000}, {0.1, 0.1});
  CHECK(at(a, 0) == 0.1f);
  CHECK(at(a, 99999) == static_cast<float>(0.1 + 99999 * 0.1));
  const Tensor b = apply("arange", {}, DType::kInt64, {4}, {5, -2});
  CHECK(value<int64_t>(b, 3) == -1);
  CHECK(apply("arange", {}, DType::kInt32, {0}, {0, 1}).numel() == 0);

  const Tensor c = apply("linspace", {}, DType::kFloat32, {11}, {0, 1});
  CHECK(at(c, 0) == 0);
  CHECK(at(c, 10) == 1);
  CHECK(at(c, 9) == 1 - 0.1f);
  const Tensor d = apply("linspace", {}, DType::kInt64, {9}, {5, -20});
  for (int64_t i = 0; i < 9; ++i)
    CHECK(value<int64_t>(d, i) == std::vector<int64_t>{5, 1, -1, -4, -7, -10, -13, -16, -20}[i]);
  CHECK(at(apply("linspace", {}, DType::kFloat32, {1}, {3, 9}), 0) == 3);
  CHECK(apply("linspace", {}, DType::kFloat32, {0}, {3, 9}).numel() == 0);

  for (const Shape& shape : {Shape{3, 5}, Shape{5, 3}, Shape{4, 4}, Shape{0, 2}, Shape{1, 1}}) {
    const Tensor e = apply("eye", {}, DType::kInt32, shape);
    for (int64_t i = 0; i < e.numel(); ++i)
      CHECK(value<int32_t>(e, i) == (i / shape.sizes[1] == i % shape.sizes[1]));
  }
  const Tensor base = counting({40});
  const Tensor spaced = view(base, {5}, {2});
  apply("arange", {}, DType::kFloat32, {5}, {10, 1}, &spaced);
  CHECK(at(base, 8) == 14);
  CHECK(at(base, 7) == 7);
}

}  // namespace
