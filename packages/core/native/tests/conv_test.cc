#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

struct Conv {
  int64_t n, c, h, w, o, kh, kw;
  int64_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;
  int64_t groups = 1;

  int64_t oh() const { return (h + 2 * pad_h - (kh - 1) * dilation_h - 1) / stride_h + 1; }
  int64_t ow() const { return (w + 2 * pad_w - (kw - 1) * dilation_w - 1) / stride_w + 1; }
  Shape x_shape() const { return {n, c, h, w}; }
  Shape w_shape() const { return {o, c / groups, kh, kw}; }
  Shape y_shape() const { return {n, o, oh(), ow()}; }
  std::vector<double> params() const {
    const auto number = [](int64_t value) { return static_cast<double>(value); };
    return {number(stride_h),   number(stride_w),   number(pad_h), number(pad_w),
            number(dilation_h), number(dilation_w), number(groups)};
  }
  std::string name() const {
    std::string text;
    for (int64_t part :
         {n, c, h, w, o, kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups})
      text += std::to_string(part) + " ";
    return text;
  }
};

// Calls body(x index, w index, y index), row-major, for every product of the convolution.
template <class Body>
void for_each_product(const Conv& v, Body&& body) {
  const int64_t gc = v.c / v.groups, go = v.o / v.groups, oh = v.oh(), ow = v.ow();
  for (int64_t n = 0; n < v.n; ++n)
    for (int64_t o = 0; o < v.o; ++o)
      for (int64_t i = 0; i < oh; ++i)
        for (int64_t j = 0; j < ow; ++j)
          for (int64_t c = 0; c < gc; ++c)
            for (int64_t a = 0; a < v.kh; ++a)
              for (int64_t b = 0; b < v.kw; ++b) {
                const int64_t h = i * v.stride_h - v.pad_h + a * v.dilation_h;
                const int64_t w = j * v.stride_w - v.pad_w + b * v.dilation_w;
                if (h < 0 || h >= v.h || w < 0 || w >= v.w) continue;
                body(((n * v.c + o / go * gc + c) * v.h + h) * v.w + w,
                     ((o * gc + c) * v.kh + a) * v.kw + b, ((n * v.o + o) * oh + i) * ow + j);
              }
}

template <class T>
struct Expected {
  std::vector<T> y, dx, dw, db;
};

// What all three kernels should give, summed in double (floats) or modulo the type (integers).
template <class T>
Expected<T> expected(const Conv& v, const std::vector<T>& x, const std::vector<T>& w,
                     const std::vector<T>& bias, const std::vector<T>& dy) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;
  std::vector<Sum> y(dy.size()), dx(x.size()), dw(w.size()), db(static_cast<size_t>(v.o));
  const int64_t area = v.oh() * v.ow();
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t o = i / area % v.o;
    y[i] = static_cast<Sum>(bias[o]);
    db[o] += static_cast<Sum>(dy[i]);
  }
  for_each_product(v, [&](size_t xi, size_t wi, size_t yi) {
    y[yi] += static_cast<Sum>(x[xi]) * static_cast<Sum>(w[wi]);
    dx[xi] += static_cast<Sum>(dy[yi]) * static_cast<Sum>(w[wi]);
    dw[wi] += static_cast<Sum>(dy[yi]) * static_cast<Sum>(x[xi]);
  });
  const auto rounded = [](const std::vector<Sum>& sums) {
    return std::vector<T>(sums.begin(), sums.end());
  };
  return {rounded(y), rounded(dx), rounded(dw), rounded(db)};
}

// A copy of `t` that is stored n, h, w, c.
Tensor channels_last_copy(const Tensor& t) {
  int64_t strides[kMaxDims];
  channels_last_strides(t.shape, strides);
  Tensor copy = empty_tensor(t.shape, t.dtype, strides);
  copy_into(copy, t);
  return copy;
}

// A copy that lies in a larger tensor, with gaps along every axis.
Tensor gappy_copy(const Tensor& t) {
  Shape shape = t.shape;
  for (int axis = 0; axis < shape.ndim; ++axis) shape.sizes[axis] *= 2;
  Tensor copy = empty_tensor(shape, t.dtype);
  for (int axis = 0; axis < shape.ndim; ++axis) copy = every_second(copy, axis);
  copy_into(copy, t);
  return copy;
}

template <class T>
constexpr double kTolerance = std::is_same_v<T, float>    ? 3e-5
                              : std::is_same_v<T, double> ? 1e-12
                                                          : 0;

// Rounding grows with the number of terms of a sum.
template <class T>
double tolerance(int64_t terms) {
  return kTolerance<T> * std::max(1.0, static_cast<double>(terms) / 1000);
}

// Winograd's way may be gone for float kernels of 3×3 without steps: there the error grows with the
// size of the sums, by the square root of their terms (docs/decisions/0007-convolution.md).
template <class T>
double winograd_tolerance(const Conv& v, int64_t terms, double error) {
  const bool steps = v.stride_h * v.stride_w * v.dilation_h * v.dilation_w != 1;
  if (!std::is_same_v<T, float> || v.kh != 3 || v.kw != 3 || steps || v.groups != 1)
    return tolerance<T>(terms);
  return std::max(tolerance<T>(terms), error * std::sqrt(static_cast<double>(terms)));
}
template <class T>
double image_tolerance(const Conv& v, int64_t channels) {
  return winograd_tolerance<T>(v, channels / v.groups * v.kh * v.kw, 2.5e-5);
}

template <class T>
void check(const Conv& v, Tensor (*layout)(const Tensor&) = channels_last_copy) {
  CAPTURE(v.name());
  const Tensor x = random_tensor<T>(v.x_shape(), 1), w = random_tensor<T>(v.w_shape(), 2);
  const Tensor bias = random_tensor<T>({v.o}, 3), dy = random_tensor<T>(v.y_shape(), 4);
  const Expected<T> want = expected(v, values<T>(x), values<T>(w), values<T>(bias), values<T>(dy));
  const DType dtype = dtype_of<T>;
  const double forward = image_tolerance<T>(v, v.c);
  const double backward = tolerance<T>(v.n * v.oh() * v.ow());

  const Tensor y =
      run("convolution", {layout(x), layout(w), bias}, {{dtype, v.y_shape()}}, v.params())[0];
  CHECK(difference(values<T>(y), want.y) <= forward);
  CHECK(y.is_channels_last());

  const Tensor plain =
      run("convolution", {layout(x), w, kNone}, {{dtype, v.y_shape()}}, v.params())[0];
  std::vector<T> without = want.y;
  const std::vector<T> biases = values<T>(bias);
  for (size_t i = 0; i < without.size(); ++i)
    without[i] = static_cast<T>(without[i] - biases[i / (v.oh() * v.ow()) % v.o]);
  CHECK(difference(values<T>(plain), without) <= forward);

  const Tensor dx =
      run("convolutionInputGrad", {layout(dy), layout(w)}, {{dtype, v.x_shape()}}, v.params())[0];
  CHECK(difference(values<T>(dx), want.dx) <= image_tolerance<T>(v, v.o));
  CHECK(dx.is_channels_last());

  const auto both = run("convolutionWeightGrad", {layout(dy), layout(x)},
                        {{dtype, v.w_shape()}, {dtype, {v.o}}}, v.params());
  CHECK(difference(values<T>(both[0]), want.dw) <=
        winograd_tolerance<T>(v, v.n * v.oh() * v.ow(), 5e-5));
  CHECK(difference(values<T>(both[1]), want.db) <= backward);
  const Tensor alone =
      run("convolutionWeightGrad", {layout(dy), layout(x)}, {{dtype, v.w_shape()}}, v.params())[0];
  CHECK(values<T>(alone) == values<T>(both[0]));
  std::vector<double> last = v.params();
  last.push_back(1);
  const auto turned = run("convolutionWeightGrad", {layout(dy), layout(x)},
                          {{dtype, v.w_shape()}, {dtype, {v.o}}}, last);
  CHECK(turned[0].is_channels_last());
  CHECK(values<T>(turned[0]) == values<T>(both[0]));
  CHECK(values<T>(turned[1]) == values<T>(both[1]));
}

// Sizes for each way a convolution is computed, around the sizes of vectors and tiles.
const Conv kCases[] = {
    {1, 1, 1, 1, 1, 1, 1},
    {2, 1, 5, 7, 3, 3, 3, 1, 1, 1, 1},
    {3, 1, 28, 28, 16, 3, 3, 1, 1, 1, 1},
    {2, 1, 12, 31, 6, 5, 5, 1, 1, 2, 2},
    {2, 1, 19, 20, 17, 5, 3, 4, 3, 1, 2},
    {2, 3, 14, 15, 33, 7, 7, 2, 2, 3, 3},
    {1, 4, 9, 30, 40, 1, 3, 1, 2, 0, 1, 1, 3},
    {2, 2, 13, 11, 5, 3, 2, 1, 1, 2, 1, 2, 1},
    {2, 3, 6, 6, 4, 1, 1, 2, 2},
    {3, 5, 8, 9, 7, 3, 3, 1, 1, 1, 1},
    {2, 6, 14, 14, 16, 5, 5},
    {4, 16, 14, 14, 32, 3, 3, 1, 1, 1, 1},
    {2, 17, 9, 10, 31, 3, 3, 2, 1, 1, 0},
    {1, 8, 12, 12, 9, 3, 3, 1, 1, 2, 2, 2, 2},
    {2, 12, 7, 7, 24, 1, 1},
    {2, 12, 8, 7, 24, 1, 1, 2, 2},
    {1, 130, 5, 5, 140, 3, 3, 1, 1, 1, 1},
    {5, 130, 4, 6, 150, 1, 1},
    {2, 8, 9, 9, 8, 3, 3, 1, 1, 1, 1, 1, 1, 8},
    {2, 6, 9, 9, 12, 3, 3, 2, 2, 1, 1, 1, 1, 6},
    {2, 8, 9, 11, 12, 3, 3, 1, 2, 1, 1, 1, 1, 4},
    {2, 6, 10, 10, 9, 3, 3, 1, 1, 2, 2, 2, 2, 3},
    // A kernel as large as the padded input, and padding beyond the kernel.
    {2, 5, 4, 6, 3, 6, 8, 1, 1, 1, 1},
    {2, 3, 3, 3, 4, 2, 2, 1, 1, 5, 4},
    {2, 9, 3, 3, 4, 2, 2, 3, 2, 5, 4},
    {1, 2, 4, 3, 2, 2, 2, 70, 90, 100, 100, 80, 75},
};

TEST_CASE("convolutions of floats agree with their definition") {
  for (const Conv& v : kCases) check<float>(v);
}

TEST_CASE("convolutions take inputs of any strides") {
  for (const Conv& v : kCases) {
    check<float>(v, [](const Tensor& t) { return t; });
    check<float>(v, gappy_copy);
  }
}

TEST_CASE_TEMPLATE("convolutions of other types agree with their definition", T, double, int64_t,
                   int32_t, uint8_t) {
  for (const Conv& v : kCases) {
    check<T>(v);
    check<T>(v, gappy_copy);
  }
}

TEST_CASE("convolutions of floats do not depend on the number of threads") {
  for (const Conv& v : {Conv{7, 1, 28, 28, 16, 3, 3, 1, 1, 1, 1},
                        {9, 16, 20, 20, 32, 3, 3, 1, 1, 1, 1},
                        {8, 64, 24, 24, 48, 3, 3, 1, 1, 1, 1},
                        {32, 3, 16, 16, 20, 3, 3, 2, 2, 1, 1}}) {
    CAPTURE(v.name());
    const Tensor x = random_tensor<float>(v.x_shape(), 1), w = random_tensor<float>(v.w_shape(), 2);
    const Tensor dy = random_tensor<float>(v.y_shape(), 3);
    std::vector<std::vector<float>> results[3];
    for (int threads : {1, 2, 3, 5}) {
      const Threads team(threads);
      const auto keep = [&](int kind, const std::vector<Tensor>& outputs) {
        results[kind].push_back(values<float>(outputs[0]));
      };
      keep(0, run("convolution", {x, w}, {{DType::kFloat32, v.y_shape()}}, v.params()));
      keep(1, run("convolutionInputGrad", {dy, w}, {{DType::kFloat32, v.x_shape()}}, v.params()));
      keep(2, run("convolutionWeightGrad", {dy, x}, {{DType::kFloat32, v.w_shape()}}, v.params()));
    }
    for (const auto& kind : results)
      for (const auto& result : kind) CHECK(result == kind[0]);
  }
}

TEST_CASE("convolutions of doubles agree with their definition where they are cut into blocks") {
  for (const Conv& v :
       {Conv{5, 20, 24, 22, 40, 3, 3, 1, 1, 1, 1}, Conv{4, 64, 18, 17, 24, 3, 3, 2, 2, 1, 0},
        Conv{3, 32, 40, 41, 48, 3, 2, 2, 3, 1, 1, 2, 1, 4}, Conv{9, 40, 24, 24, 20, 1, 1},
        Conv{6, 4, 64, 60, 8, 7, 5, 1, 1, 3, 2}}) {
    check<double>(v);
    const Threads team(3);
    check<double>(v);
  }
}

TEST_CASE("kernels' gradients by Winograd's way agree with their definition") {
  // Several groups of tiles, tiles cut off at both edges, every padding, few rows of sums; channels
  // that fill one vector only.
  const Conv cases[] = {
      {5, 64, 29, 26, 48, 3, 3, 1, 1, 1, 1},   {2, 32, 26, 25, 96, 3, 3, 1, 1, 2, 2},
      {3, 48, 31, 22, 112, 3, 3, 1, 1, 0, 1},  {6, 16, 33, 34, 16, 3, 3, 1, 1, 1, 0},
      {2, 512, 17, 16, 384, 3, 3, 1, 1, 1, 1},
  };
  for (int threads : {1, 3}) {
    const Threads team(threads);
    for (const Conv& v : cases) check<float>(v);
  }
}

TEST_CASE("large convolutions are right however they are divided among threads") {
  const Conv cases[] = {
      {1, 64, 24, 23, 64, 3, 3, 1, 1, 1, 1},
      {1, 64, 25, 24, 48, 3, 3, 2, 2, 1, 1},
      {1, 130, 26, 20, 140, 1, 1, 3, 2},
      {1, 130, 27, 21, 140, 2, 2, 3, 3, 1, 1},
      {1, 32, 40, 31, 32, 5, 3, 1, 2, 4, 0, 2, 1},
      {1, 140, 9, 9, 130, 7, 7, 1, 1, 3, 3},
      {1, 512, 2, 3, 130, 3, 3, 1, 1, 1, 1},
      {1, 256, 6, 5, 192, 3, 3, 1, 1, 1, 1},
      {3, 150, 12, 11, 130, 3, 3, 1, 1, 1, 1},
      {7, 130, 10, 9, 130, 3, 3, 2, 1, 0, 1},
      {2, 256, 20, 20, 256, 3, 3, 1, 1, 1, 1, 1, 1, 64},
      {1, 2, 150, 140, 24, 3, 3, 2, 1, 1, 1},
  };
  for (int threads : {1, 2, 5}) {
    const Threads team(threads);
    for (const Conv& v : cases) check<float>(v);
  }
}

TEST_CASE("volumes of floats agree with the plain loops for doubles, however they are divided") {
  struct Volume {
    Shape x, w, y;
    std::vector<double> params;
  };
  const Volume cases[] = {
      {{1, 3, 5, 6, 7}, {4, 3, 2, 3, 3}, {1, 4, 4, 4, 5}, {1, 1, 1, 0, 0, 0, 1, 1, 1, 1}},
      {{1, 24, 12, 9, 10}, {32, 24, 3, 3, 3}, {1, 32, 12, 9, 10}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {{1, 24, 13, 9, 10}, {32, 24, 3, 2, 3}, {1, 32, 7, 5, 4}, {2, 2, 3, 1, 1, 1, 1, 1, 1, 1}},
      {{1, 24, 14, 9, 8}, {32, 12, 2, 3, 1}, {1, 32, 5, 9, 8}, {3, 1, 1, 1, 1, 0, 2, 1, 1, 2}},
      {{3, 16, 8, 8, 8}, {20, 16, 3, 3, 3}, {3, 20, 8, 8, 8}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {{1, 16, 9, 7, 7}, {16, 1, 3, 3, 3}, {1, 16, 9, 7, 7}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 16}},
      {{1, 130, 11, 3, 4}, {140, 130, 1, 1, 1}, {1, 140, 4, 3, 4}, {3, 1, 1, 0, 0, 0, 1, 1, 1, 1}},
  };
  const auto close = [](const Tensor& got, const Tensor& want, int64_t terms) {
    const auto doubles = values<double>(want);
    const std::vector<float> expected(doubles.begin(), doubles.end());
    CHECK(difference(values<float>(got), expected) <= tolerance<float>(terms));
  };
  for (int threads : {1, 2, 5}) {
    const Threads team(threads);
    for (const Volume& v : cases) {
      const Tensor x = random_tensor<float>(v.x, 1), w = random_tensor<float>(v.w, 2);
      const Tensor b = random_tensor<float>({v.w.sizes[0]}, 3), dy = random_tensor<float>(v.y, 4);
      const auto wide = [](const Tensor& t) {
        Tensor copy = empty_tensor(t.shape, DType::kFloat64);
        copy_into(copy, t);
        return copy;
      };
      const auto both = [&](const char* kernel, const std::vector<Tensor>& inputs,
                            const std::vector<Shape>& shapes, int64_t terms) {
        std::vector<Output> narrow_outputs, wide_outputs;
        std::vector<Tensor> wide_inputs;
        for (const Shape& shape : shapes) {
          narrow_outputs.push_back({DType::kFloat32, shape});
          wide_outputs.push_back({DType::kFloat64, shape});
        }
        for (const Tensor& input : inputs) wide_inputs.push_back(wide(input));
        const auto got = run(kernel, inputs, narrow_outputs, v.params);
        const auto want = run(kernel, wide_inputs, wide_outputs, v.params);
        for (size_t i = 0; i < got.size(); ++i) close(got[i], want[i], terms);
      };
      const int64_t products = v.w.numel() / v.w.sizes[0];
      both("convolution", {x, w, b}, {v.y}, products);
      both("convolutionInputGrad", {dy, w}, {v.x}, v.w.numel() / v.w.sizes[1]);
      both("convolutionWeightGrad", {dy, x}, {v.w, Shape{v.w.sizes[0]}},
           v.y.numel() / v.y.sizes[1]);
    }
  }
}

TEST_CASE("a convolution on several threads is the same twice") {
  const Threads team(2);
  for (const Conv& v : {Conv{1, 64, 20, 20, 64, 3, 3, 1, 1, 1, 1},
                        {5, 150, 8, 8, 160, 3, 3, 1, 1, 1, 1},
                        {8, 32, 16, 16, 32, 3, 3, 1, 1, 1, 1, 1, 1, 32}}) {
    CAPTURE(v.name());
    const Tensor x = random_tensor<float>(v.x_shape(), 1),
                 dy = random_tensor<float>(v.y_shape(), 3);
    const auto once = [&] {
      return values<float>(
          run("convolutionWeightGrad", {dy, x}, {{DType::kFloat32, v.w_shape()}}, v.params())[0]);
    };
    const auto first = once();
    for (int repeat = 0; repeat < 5; ++repeat) CHECK(once() == first);
    check<float>(v);
  }
}

TEST_CASE("a batch without images gives empty outputs and zero gradients") {
  const Conv v = {0, 3, 8, 8, 5, 3, 3};
  const Tensor x = empty_tensor(v.x_shape(), DType::kFloat32);
  const Tensor dy = empty_tensor(v.y_shape(), DType::kFloat32);
  const Tensor w = random_tensor<float>(v.w_shape(), 1);
  CHECK(run("convolution", {x, w}, {{DType::kFloat32, v.y_shape()}}, v.params())[0].numel() == 0);
  CHECK(run("convolutionInputGrad", {dy, w}, {{DType::kFloat32, v.x_shape()}}, v.params())[0]
            .numel() == 0);
  const auto grads = run("convolutionWeightGrad", {dy, x},
                         {{DType::kFloat32, v.w_shape()}, {DType::kFloat32, {v.o}}}, v.params());
  CHECK(values<float>(grads[0]) == std::vector<float>(v.o * v.c * 9));
  CHECK(values<float>(grads[1]) == std::vector<float>(v.o));
}

TEST_CASE("without input channels a convolution is its bias") {
  const Conv v = {2, 0, 4, 4, 3, 3, 3};
  const Tensor x = empty_tensor(v.x_shape(), DType::kFloat32);
  const Tensor w = empty_tensor(v.w_shape(), DType::kFloat32);
  const Tensor bias = tensor<float>({3}, {1, 2, 3});
  const Tensor y =
      run("convolution", {x, w, bias}, {{DType::kFloat32, v.y_shape()}}, v.params())[0];
  CHECK(element<float>(y, 0) == 1);
  CHECK(element<float>(y, y.numel() - 1) == 3);
  const Tensor dy = random_tensor<float>(v.y_shape(), 1);
  const auto grads = run("convolutionWeightGrad", {dy, x},
                         {{DType::kFloat32, v.w_shape()}, {DType::kFloat32, {3}}}, v.params());
  CHECK(grads[0].numel() == 0);
  CHECK(grads[1].as<float>()[0] ==
        doctest::Approx(element<float>(dy, 0) + element<float>(dy, 1) + element<float>(dy, 2) +
                        element<float>(dy, 3) + element<float>(dy, 12) + element<float>(dy, 13) +
                        element<float>(dy, 14) + element<float>(dy, 15)));
}

TEST_CASE("NaN and infinity pass through a convolution") {
  Conv v = {1, 4, 4, 4, 3, 3, 3, 1, 1, 1, 1};
  for (int64_t channels : {1, 4, 16}) {
    v.c = channels;
    Tensor x = random_tensor<float>(v.x_shape(), 1);
    const Tensor w = random_tensor<float>(v.w_shape(), 2);
    x.as<float>()[5] = NAN;  // row 1, column 1
    const Tensor y = run("convolution", {x, w}, {{DType::kFloat32, v.y_shape()}}, v.params())[0];
    CHECK(std::isnan(element<float>(y, 0)));
    CHECK(std::isnan(element<float>(y, 10)));
    CHECK(!std::isnan(element<float>(y, 15)));
  }
}

TEST_CASE("sizes and numbers that do not fit are refused") {
  const Tensor x = random_tensor<float>({2, 4, 6, 6}, 1), w = random_tensor<float>({8, 4, 3, 3}, 2);
  const Output y = {DType::kFloat32, {2, 8, 4, 4}};
  const auto fails = [&](const std::vector<Tensor>& inputs, const Output& output,
                         const std::vector<double>& params) {
    CHECK_THROWS_AS(run("convolution", inputs, {output}, params), Failure);
  };
  const std::vector<double> good = {1, 1, 0, 0, 1, 1, 1};
  CHECK(run("convolution", {x, w}, {y}, good)[0].numel() == 256);
  for (size_t i = 0; i < good.size(); ++i)
    for (double bad : {-1.0, 0.5, 1e10, 1e300, -1e300, static_cast<double>(NAN), INFINITY + 0.0}) {
      std::vector<double> params = good;
      params[i] = bad;
      fails({x, w}, y, params);
    }
  for (size_t i : {0, 1, 4, 5, 6}) {
    std::vector<double> params = good;
    params[i] = 0;
    fails({x, w}, y, params);
  }
  fails({x, w}, y, {1, 1, 0, 0, 1, 1});
  fails({x, w}, y, {1, 1, 0, 0, 3, 1, 1});  // reaches beyond the input
  fails({x, w}, y, {1, 1, 0, 0, 2147483647, 2147483647, 1});
  fails({x, w}, {DType::kFloat32, {2, 8, 5, 4}}, good);  // wrong output
  fails({x, w}, {DType::kFloat32, {2, 8, 4}}, good);
  fails({x, w}, {DType::kFloat64, {2, 8, 4, 4}}, good);
  fails({x, w}, {DType::kFloat32, {1, 8, 4, 4}}, good);
  fails({x, w}, {DType::kFloat32, {2, 9, 4, 4}}, good);
  fails({x, random_tensor<float>({8, 3, 3, 3}, 2)}, y, good);   // wrong channels
  fails({x, random_tensor<double>({8, 4, 3, 3}, 2)}, y, good);  // another type
  fails({x, random_tensor<float>({8, 4, 0, 3}, 2)}, y, good);   // no kernel
  fails({x, w}, y, {1, 1, 0, 0, 1, 1, 3});                      // groups do not divide
  fails({x, w, random_tensor<float>({7}, 3)}, y, good);         // wrong bias
  fails({random_tensor<float>({2, 4, 36}, 1), w}, y, good);
  CHECK_THROWS_AS(run("convolution", {x, w}, {}, good), Failure);
  CHECK_THROWS_AS(run("convolution", {x}, {y}, good), Failure);
  CHECK_THROWS_AS(
      run("convolution", {x, w, random_tensor<float>(y.shape, 3)}, {{y.dtype, y.shape, 2}}, good),
      Failure);  // in place
}

TEST_CASE("a huge stride with huge padding needs no huge memory") {
  // The padded input would have 10^18 elements, the output has 9.
  const Tensor x = random_tensor<float>({1, 1, 3, 3}, 1), w = tensor<float>({1, 1, 1, 1}, {2});
  const Tensor y = run("convolution", {x, w}, {{DType::kFloat32, {1, 1, 3, 3}}},
                       {1e9, 1e9, 1e9, 1e9, 1, 1, 1})[0];
  CHECK(element<float>(y, 4) == 2 * element<float>(x, 0));
  CHECK(element<float>(y, 0) == 0);
}

}  // namespace
}  // namespace flambeau
