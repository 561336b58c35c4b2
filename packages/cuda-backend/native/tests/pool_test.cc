// Pooling, against plain loops on the host.
#include <limits>

#include "harness.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

struct Window {
  int64_t input, size, stride, pad, dilation;
  bool up = false;  // is the number of windows rounded up?

  int64_t output() const {
    const int64_t free = input + 2 * pad - (size - 1) * dilation - 1;
    int64_t n = (up ? free + stride - 1 : free) / stride + 1;
    if ((n - 1) * stride - pad >= input) --n;
    return n;
  }
};

Array numbers(DType dtype, const std::vector<int64_t>& sizes, int64_t period) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<double>((i * 7 + 2) % period));
  return typed(dtype, sizes, values);
}

}  // namespace

TEST_CASE("pooling and its gradients, in every type and form of indices") {
  const Window h = {7, 3, 2, 1, 1}, w = {9, 2, 2, 0, 2, true};
  for (int64_t channels : {3, 8})
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
      CAPTURE(channels);
      CAPTURE(dtype_name(dtype));
      const int64_t oh = h.output(), ow = w.output(), n = 2;
      const std::vector<int64_t> x_sizes = {n, channels, 7, 9}, y_sizes = {n, channels, oh, ow};
      const Array x = numbers(dtype, x_sizes, 31), dy = numbers(dtype, y_sizes, 5);
      const std::vector<double> xs = x.values(), gs = dy.values();
      const std::vector<double> params = {3, 2, 2, 2, 1, 0, 1, 2};
      std::vector<double> best, taps, positions, dx(xs.size(), 0.0);
      for (int64_t plane = 0; plane < n * channels; ++plane)
        for (int64_t i = 0; i < oh; ++i)
          for (int64_t j = 0; j < ow; ++j) {
            double top = -1;
            int64_t tap = -1, position = -1;
            for (int64_t a = 0; a < 3; ++a)
              for (int64_t b = 0; b < 2; ++b) {
                const int64_t row = i * 2 - 1 + a, column = j * 2 + b * 2;
                if (row < 0 || row >= 7 || column >= 9) continue;
                const double value = xs[static_cast<size_t>((plane * 7 + row) * 9 + column)];
                if (value > top) top = value, tap = a * 2 + b, position = row * 9 + column;
              }
            best.push_back(top);
            taps.push_back(static_cast<double>(tap));
            positions.push_back(static_cast<double>(position));
            dx[static_cast<size_t>(plane * 63 + position)] += gs[best.size() - 1];
          }
      for (DType form : {DType::kUInt8, DType::kInt32, DType::kInt64}) {
        const Results y = run("maxPool2d", {x}, {{dtype, y_sizes}, {form, y_sizes}}, params);
        CHECK(y[0].values() == best);
        CHECK(y[1].values() == (form == DType::kInt64 ? positions : taps));
        CHECK(y[0].strides[1] == 1);
        CHECK(run("maxPool2dGrad", {dy, y[1]}, {{dtype, x_sizes}}, params)[0].values() == dx);
        CHECK(run("maxPool2dGather", {x, y[1]}, {{dtype, y_sizes}}, params)[0].values() == best);
      }
      CHECK(run("maxPool2d", {x}, {{dtype, y_sizes}}, params)[0].values() == best);
    }
}

TEST_CASE("the last NaN of a window wins, and whole numbers have a largest, too") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Array x = typed(DType::kFloat32, {1, 1, 2, 2}, {nan, 5, nan, 9});
  const Results y =
      run("maxPool2d", {x}, {{DType::kFloat32, {1, 1, 1, 1}}, {DType::kUInt8, {1, 1, 1, 1}}},
          {2, 2, 2, 2, 0, 0, 1, 1});
  CHECK(std::isnan(y[0].value(0)));
  CHECK(y[1].value(0) == 2);
  for (DType dtype : {DType::kInt64, DType::kInt32, DType::kUInt8})
    CHECK(run("maxPool2d", {typed(dtype, {1, 1, 2, 2}, {1, 7, 7, 3})}, {{dtype, {1, 1, 1, 1}}},
              {2, 2, 2, 2, 0, 0, 1, 1})[0]
              .value(0) == 7);
}

TEST_CASE("averages count padding, or do not, or divide by what they are told") {
  for (int64_t channels : {2, 8})
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16})
      for (bool count_pad : {false, true})
        for (double divisor : {0.0, 3.0}) {
          CAPTURE(dtype_name(dtype));
          const Window h = {5, 3, 2, 1, 1, true}, w = {6, 2, 3, 0, 1};
          const int64_t oh = h.output(), ow = w.output();
          const std::vector<int64_t> x_sizes = {1, channels, 5, 6}, y_sizes = {1, channels, oh, ow};
          const Array x = numbers(dtype, x_sizes, 13), dy = numbers(dtype, y_sizes, 7);
          const std::vector<double> xs = x.values(), gs = dy.values();
          std::vector<double> means, dx(xs.size(), 0.0);
          for (int64_t plane = 0; plane < channels; ++plane)
            for (int64_t i = 0; i < oh; ++i)
              for (int64_t j = 0; j < ow; ++j) {
                double sum = 0;
                int64_t count = 0;
                std::vector<size_t> places;
                for (int64_t a = 0; a < 3; ++a)
                  for (int64_t b = 0; b < 2; ++b) {
                    const int64_t row = i * 2 - 1 + a, column = j * 3 + b;
                    if (row >= 5 + 1) continue;  // beyond the padding
                    ++count;
                    if (row < 0 || row >= 5) continue;
                    places.push_back(static_cast<size_t>((plane * 5 + row) * 6 + column));
                    sum += xs[places.back()];
                  }
                const double by = divisor != 0 ? divisor
                                  : count_pad  ? static_cast<double>(count)
                                               : static_cast<double>(places.size());
                means.push_back(sum / by);
                for (size_t place : places) dx[place] += gs[means.size() - 1] / by;
              }
          const std::vector<double> params = {3, 2, 2, 3, 1, 0, count_pad ? 1.0 : 0.0, divisor};
          const double relative = is_16bit_float(dtype) ? 8e-3 : 1e-6;
          CHECK(close(run("avgPool2d", {x}, {{dtype, y_sizes}}, params)[0].values(), means,
                      relative));
          CHECK(close(run("avgPool2dGrad", {dy}, {{dtype, x_sizes}}, params)[0].values(), dx,
                      relative));
        }
}

TEST_CASE("pooling reports indices outside of their windows") {
  const std::vector<double> params = {2, 2, 2, 2, 0, 0, 1, 1};
  const Array x = numbers(DType::kFloat32, {1, 1, 4, 4}, 17);
  for (DType form : {DType::kUInt8, DType::kInt64}) {
    const Array wrong =
        typed(form, {1, 1, 2, 2},
              {0, form == DType::kInt64 ? 2.0 : 1.0, 99, form == DType::kInt64 ? 10.0 : 0.0});
    CHECK_THROWS_WITH_AS(
        run("maxPool2dGather", {x, wrong}, {{DType::kFloat32, {1, 1, 2, 2}}}, params),
        doctest::Contains("index 99 does not lie in the window that it belongs to"), Failure);
  }
}
