#include <doctest/doctest.h>

#include <limits>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

struct Pool {
  int64_t n, c, h, w, kh, kw;
  int64_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;
  bool ceil = false;

  static int64_t windows(int64_t size, int64_t k, int64_t stride, int64_t pad, int64_t dilation,
                         bool ceil) {
    const int64_t free = size + 2 * pad - dilation * (k - 1) - 1;
    int64_t count = (free + (ceil ? stride - 1 : 0)) / stride + 1;
    if (ceil && (count - 1) * stride >= size + pad) --count;
    return count;
  }
  int64_t oh() const { return windows(h, kh, stride_h, pad_h, dilation_h, ceil); }
  int64_t ow() const { return windows(w, kw, stride_w, pad_w, dilation_w, ceil); }
  Shape x_shape() const { return {n, c, h, w}; }
  Shape y_shape() const { return {n, c, oh(), ow()}; }
  std::vector<double> params() const {
    std::vector<double> list;
    for (int64_t p : {kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w})
      list.push_back(static_cast<double>(p));
    return list;
  }
  std::vector<double> avg_params(bool count_pad, double divisor) const {
    std::vector<double> list = params();
    list[6] = count_pad;
    list[7] = divisor;
    return list;
  }
  std::string name() const {
    std::string text;
    for (int64_t part : {n, c, h, w, kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h,
                         dilation_w, int64_t{ceil}})
      text += std::to_string(part) + " ";
    return text;
  }
};

// Calls body(window, plane, h, w, number) for each place inside of the input of each window.
template <class Body>
void for_each_place(const Pool& v, Body&& body) {
  int64_t window = 0;
  for (int64_t plane = 0; plane < v.n * v.c; ++plane)
    for (int64_t i = 0; i < v.oh(); ++i)
      for (int64_t j = 0; j < v.ow(); ++j, ++window)
        for (int64_t a = 0; a < v.kh; ++a)
          for (int64_t b = 0; b < v.kw; ++b) {
            const int64_t h = i * v.stride_h - v.pad_h + a * v.dilation_h;
            const int64_t w = j * v.stride_w - v.pad_w + b * v.dilation_w;
            if (h >= 0 && h < v.h && w >= 0 && w < v.w) body(window, plane, h, w, a * v.kw + b);
          }
}

const Pool kCases[] = {
    {1, 1, 1, 1, 1, 1},
    {2, 3, 8, 9, 2, 2, 2, 2},
    {2, 16, 7, 6, 2, 2, 2, 2},
    {3, 37, 6, 8, 2, 2, 2, 2},
    {2, 20, 9, 9, 3, 3, 2, 2, 1, 1},
    {2, 7, 9, 9, 3, 3, 1, 1, 1, 1},
    {1, 5, 11, 10, 3, 2, 2, 3, 1, 0},
    {2, 9, 10, 10, 3, 3, 1, 2, 2, 1, 2, 1},
    {1, 18, 12, 7, 2, 3, 1, 1, 0, 0, 4, 3},
    {2, 4, 7, 7, 2, 2, 2, 2, 0, 0, 1, 1, true},
    {2, 17, 8, 8, 3, 3, 2, 2, 1, 1, 1, 1, true},
    {1, 2, 6, 5, 3, 3, 4, 3, 1, 1, 1, 1, true},
    {1, 3, 5, 5, 2, 2, 5, 4, 1, 1, 1, 1, true},
    {1, 6, 40, 40, 20, 17, 9, 11, 8, 5},
    {1, 2, 4, 4, 1, 1, 3, 3},
};

Tensor gappy_copy(const Tensor& t) {
  Shape shape = t.shape;
  for (int axis = 0; axis < shape.ndim; ++axis) shape.sizes[axis] *= 2;
  Tensor copy = empty_tensor(shape, t.dtype);
  for (int axis = 0; axis < shape.ndim; ++axis) copy = every_second(copy, axis);
  copy_into(copy, t);
  return copy;
}

DType tap_dtype(const Pool& v) { return v.kh * v.kw <= 256 ? DType::kUInt8 : DType::kInt32; }

std::vector<int64_t> tap_values(const Tensor& taps) {
  std::vector<int64_t> list;
  for (int64_t i = 0; i < taps.numel(); ++i)
    list.push_back(taps.dtype == DType::kUInt8 ? int64_t{element<uint8_t>(taps, i)}
                                               : int64_t{element<int32_t>(taps, i)});
  return list;
}

// `span` distinct values, so that windows hold ties.
template <class T>
Tensor coarse_tensor(const Shape& shape, uint32_t seed, int span) {
  const Tensor t = random_tensor<int64_t>(shape, seed);
  Tensor result = empty_tensor(shape, dtype_of<T>);
  for (int64_t i = 0; i < t.numel(); ++i)
    result.as<T>()[i] = static_cast<T>(t.as<int64_t>()[i] % span);
  return result;
}

template <class T>
struct Maxima {
  std::vector<T> values;
  std::vector<int64_t> taps, positions;
};

template <class T>
Maxima<T> maxima_of(const Pool& v, const std::vector<T>& xs) {
  const auto count = static_cast<size_t>(v.y_shape().numel());
  Maxima<T> best = {std::vector<T>(count), std::vector<int64_t>(count, -1),
                    std::vector<int64_t>(count, -1)};
  for_each_place(v, [&](int64_t window, int64_t plane, int64_t h, int64_t w, int64_t number) {
    const T value = xs[(plane * v.h + h) * v.w + w];
    if (best.taps[window] >= 0 && !(value > best.values[window]) && value == value) return;
    best.values[window] = value;
    best.taps[window] = number;
    best.positions[window] = h * v.w + w;
  });
  return best;
}

template <class T>
void check_max(const Pool& v, const Tensor& x) {
  CAPTURE(v.name());
  const auto [want, taps, positions] = maxima_of(v, values<T>(x));
  const DType dtype = dtype_of<T>;
  const Shape shape = v.y_shape();
  for (const Tensor& input : {x, gappy_copy(x)}) {
    const Tensor alone = run("maxPool2d", {input}, {{dtype, shape}}, v.params())[0];
    CHECK(difference(values<T>(alone), want) == 0);
    CHECK(alone.is_channels_last());
    const auto with_taps =
        run("maxPool2d", {input}, {{dtype, shape}, {tap_dtype(v), shape}}, v.params());
    CHECK(difference(values<T>(with_taps[0]), want) == 0);
    CHECK(tap_values(with_taps[1]) == taps);
    const auto with_positions =
        run("maxPool2d", {input}, {{dtype, shape}, {DType::kInt64, shape}}, v.params());
    CHECK(values<int64_t>(with_positions[1]) == positions);
    if constexpr (std::is_floating_point_v<T>) {
      const Tensor dy = random_tensor<T>(shape, 5);
      std::vector<T> dx(x.numel());
      for (size_t i = 0; i < positions.size(); ++i)
        dx[static_cast<int64_t>(i) / (v.oh() * v.ow()) * v.h * v.w + positions[i]] +=
            dy.template as<T>()[i];
      for (const Tensor& indices : {with_taps[1], with_positions[1], gappy_copy(with_taps[1])})
        for (const Tensor& grad : {dy, gappy_copy(dy)}) {
          const Tensor got =
              run("maxPool2dGrad", {grad, indices}, {{dtype, v.x_shape()}}, v.params())[0];
          CHECK(difference(values<T>(got), dx) <= 1e-6);
        }
      const Tensor other = random_tensor<T>(v.x_shape(), 6);
      std::vector<T> gathered;
      for (size_t i = 0; i < positions.size(); ++i)
        gathered.push_back(
            other.template as<T>()[static_cast<int64_t>(i) / (v.oh() * v.ow()) * v.h * v.w +
                                   positions[i]]);
      for (const Tensor& indices : {with_taps[1], with_positions[1], gappy_copy(with_taps[1])}) {
        const Tensor got =
            run("maxPool2dGather", {gappy_copy(other), indices}, {{dtype, shape}}, v.params())[0];
        CHECK(values<T>(got) == gathered);
      }
    }
  }
}

TEST_CASE_TEMPLATE("max pooling agrees with its definition, ties and places included", T, float,
                   double, int64_t, int32_t, uint8_t) {
  for (const Pool& v : kCases) {
    check_max<T>(v, coarse_tensor<T>(v.x_shape(), 1, 4));
    check_max<T>(v, coarse_tensor<T>(v.x_shape(), 2, 1000));
  }
}

TEST_CASE_TEMPLATE("max pooling of NaN and infinities", T, float, double) {
  for (const Pool& v : kCases) {
    Tensor x = random_tensor<T>(v.x_shape(), 1);
    for (int64_t i = 0; i < x.numel(); ++i) {
      const T values[] = {static_cast<T>(NAN), -std::numeric_limits<T>::infinity(),
                          std::numeric_limits<T>::infinity()};
      if (i % 3 == 0) x.as<T>()[i] = values[i * 7 / 3 % 3];
    }
    check_max<T>(v, x);
    std::fill(x.as<T>(), x.as<T>() + x.numel(), -std::numeric_limits<T>::infinity());
    check_max<T>(v, x);
  }
}

TEST_CASE_TEMPLATE("average pooling agrees with its definition", T, float, double) {
  for (const Pool& v : kCases) {
    if (v.dilation_h > 1 || v.dilation_w > 1) continue;
    for (const bool count_pad : {true, false})
      for (const double divisor : {0.0, 3.0, -2.5}) {
        CAPTURE(v.name());
        const Tensor x = random_tensor<T>(v.x_shape(), 1), dy = random_tensor<T>(v.y_shape(), 2);
        std::vector<double> sums(v.y_shape().numel()), counts(sums.size()), dx(x.numel());
        for_each_place(v, [&](int64_t window, int64_t plane, int64_t h, int64_t w, int64_t) {
          sums[window] += static_cast<double>(element<T>(x, (plane * v.h + h) * v.w + w));
          counts[window] += 1;
        });
        for (size_t window = 0; window < sums.size(); ++window) {
          const int64_t at = static_cast<int64_t>(window);
          const int64_t i = at / v.ow() % v.oh(), j = at % v.ow();
          const int64_t high = std::min(v.kh, v.h + v.pad_h - (i * v.stride_h - v.pad_h));
          const int64_t wide = std::min(v.kw, v.w + v.pad_w - (j * v.stride_w - v.pad_w));
          if (count_pad) counts[window] = static_cast<double>(high * wide);
          if (divisor != 0) counts[window] = divisor;
        }
        for_each_place(v, [&](int64_t window, int64_t plane, int64_t h, int64_t w, int64_t) {
          dx[(plane * v.h + h) * v.w + w] +=
              static_cast<double>(dy.as<T>()[window]) / counts[window];
        });
        std::vector<T> want, want_grad(dx.begin(), dx.end());
        for (size_t i = 0; i < sums.size(); ++i)
          want.push_back(static_cast<T>(sums[i] / counts[i]));
        const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-13;
        const auto params = v.avg_params(count_pad, divisor);
        for (const Tensor& input : {x, gappy_copy(x)}) {
          const Tensor y = run("avgPool2d", {input}, {{dtype_of<T>, v.y_shape()}}, params)[0];
          CHECK(difference(values<T>(y), want) <= tolerance);
          CHECK(y.is_channels_last());
        }
        for (const Tensor& grad : {dy, gappy_copy(dy)}) {
          const Tensor got = run("avgPool2dGrad", {grad}, {{dtype_of<T>, v.x_shape()}}, params)[0];
          CHECK(difference(values<T>(got), want_grad) <= tolerance);
        }
      }
  }
}

TEST_CASE("pooling gives the same on any number of threads") {
  const Pool v = {5, 24, 33, 31, 3, 3, 2, 2, 1, 1};
  const Tensor x = random_tensor<float>(v.x_shape(), 1), dy = random_tensor<float>(v.y_shape(), 2);
  std::vector<std::vector<float>> results;
  for (int threads : {1, 2, 5}) {
    const Threads team(threads);
    const auto y = run("maxPool2d", {x},
                       {{DType::kFloat32, v.y_shape()}, {DType::kUInt8, v.y_shape()}}, v.params());
    results.push_back(values<float>(
        run("maxPool2dGrad", {dy, y[1]}, {{DType::kFloat32, v.x_shape()}}, v.params())[0]));
    CHECK(results.back() == results.front());
  }
}

TEST_CASE("pooling of nothing gives nothing") {
  for (const Shape& shape : {Shape{0, 3, 4, 4}, Shape{2, 0, 4, 4}}) {
    const Tensor x = empty_tensor(shape, DType::kFloat32);
    const Shape y = {shape.sizes[0], shape.sizes[1], 2, 2};
    const std::vector<double> params = {2, 2, 2, 2, 0, 0, 1, 1};
    const Tensor small = empty_tensor(y, DType::kFloat32), taps = empty_tensor(y, DType::kUInt8);
    CHECK(run("maxPool2d", {x}, {{DType::kFloat32, y}}, params)[0].numel() == 0);
    CHECK(run("maxPool2dGrad", {small, taps}, {{DType::kFloat32, shape}}, params)[0].numel() == 0);
    CHECK(run("avgPool2d", {x}, {{DType::kFloat32, y}}, params)[0].numel() == 0);
    CHECK(run("avgPool2dGrad", {small}, {{DType::kFloat32, shape}}, params)[0].numel() == 0);
  }
}

TEST_CASE("pooling refuses sizes and numbers that do not fit") {
  const Tensor x = random_tensor<float>({2, 3, 6, 6}, 1);
  const Output y = {DType::kFloat32, {2, 3, 3, 3}};
  const std::vector<double> good = {2, 2, 2, 2, 0, 0, 1, 1};
  const auto fails = [&](const Tensor& input, const std::vector<Output>& outputs,
                         const std::vector<double>& params) {
    CHECK_THROWS_AS(run("maxPool2d", {input}, outputs, params), Failure);
    CHECK_THROWS_AS(run("avgPool2d", {input}, outputs, params), Failure);
  };
  CHECK(run("maxPool2d", {x}, {y}, good)[0].numel() == 54);
  for (size_t i = 0; i < 6; ++i)
    for (double bad : {-1.0, 0.5, 1e10, 1e300, static_cast<double>(NAN)}) {
      std::vector<double> params = good;
      params[i] = bad;
      fails(x, {y}, params);
    }
  for (size_t i = 0; i < 4; ++i) {
    std::vector<double> params = good;
    params[i] = 0;
    fails(x, {y}, params);
  }
  fails(x, {y}, {2, 2, 2, 2, 2, 2, 1, 1});            // too much padding
  fails(x, {y}, {7, 2, 2, 2, 0, 0, 1, 1});            // too large a window
  fails(x, {{DType::kFloat32, {2, 3, 4, 3}}}, good);  // wrong outputs
  fails(x, {{DType::kFloat32, {2, 3, 0, 3}}}, good);
  fails(x, {{DType::kFloat32, {2, 4, 3, 3}}}, good);
  fails(x, {{DType::kFloat64, {2, 3, 3, 3}}}, good);
  fails(x, {}, good);
  fails(random_tensor<float>({2, 3, 36}, 1), {y}, good);
  fails(random_tensor<float>({2, 3, 0, 6}, 1), {y}, good);
  fails(empty_tensor({2, 3, 6, 6}, DType::kBool), {{DType::kBool, {2, 3, 3, 3}}}, good);
  CHECK_THROWS_AS(run("maxPool2d", {x}, {y, {DType::kFloat32, y.shape}}, good), Failure);
  CHECK_THROWS_AS(run("maxPool2d", {x}, {y, {DType::kUInt8, {2, 3, 3, 4}}}, good), Failure);
  // A window of two places, 10 apart, that straddles an input of one.
  CHECK_THROWS_AS(run("maxPool2d", {random_tensor<float>({1, 1, 1, 6}, 1)},
                      {{DType::kFloat32, {1, 1, 1, 6}}}, {2, 1, 1, 1, 5, 0, 10, 1}),
                  Failure);
  const Tensor dy = random_tensor<float>(y.shape, 2);
  const Output dx = {DType::kFloat32, {2, 3, 6, 6}};
  for (int64_t bad : {-1, 36, 5}) {
    Tensor positions = run("maxPool2d", {x}, {y, {DType::kInt64, y.shape}}, good)[1];
    positions.as<int64_t>()[0] = bad;
    CHECK_THROWS_AS(run("maxPool2dGrad", {dy, positions}, {dx}, good), Failure);
  }
  Tensor taps = run("maxPool2d", {x}, {y, {DType::kUInt8, y.shape}}, good)[1];
  taps.as<uint8_t>()[0] = 4;
  CHECK_THROWS_AS(run("maxPool2dGather", {x, taps}, {y}, good), Failure);
  CHECK_THROWS_AS(run("maxPool2dGather", {x, dy}, {y}, good), Failure);
  CHECK_THROWS_AS(run("maxPool2dGrad", {dy, dy}, {dx}, good), Failure);
  CHECK_THROWS_AS(run("maxPool2dGrad", {dy, empty_tensor({2, 3, 3, 2}, DType::kUInt8)}, {dx}, good),
                  Failure);
  CHECK_THROWS_AS(run("avgPool2dGrad", {random_tensor<int64_t>(y.shape, 2)},
                      {{DType::kInt64, {2, 3, 6, 6}}}, good),
                  Failure);
}

}  // namespace
}  // namespace flambeau
