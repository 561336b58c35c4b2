#include <doctest/doctest.h>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

template <class T>
constexpr double kTolerance = std::is_same_v<T, float> ? 3e-5 : 1e-11;

// A copy stored n, h, w, c.
Tensor pixels_of(const Tensor& t) {
  int64_t strides[kMaxDims];
  channels_last_strides(t.shape, strides);
  Tensor copy = empty_tensor(t.shape, t.dtype, strides);
  copy_into(copy, t);
  return copy;
}

// Which elements share statistics, and which weight an element has.
struct Sets {
  int64_t count;
  std::vector<int64_t> set, weight;
};

Sets rows_of(int64_t rows, int64_t n) {
  Sets sets = {rows, {}, {}};
  for (int64_t i = 0; i < rows * n; ++i) {
    sets.set.push_back(i / n);
    sets.weight.push_back(i % n);
  }
  return sets;
}

Sets channels_of(const Shape& shape, int64_t groups) {
  const int64_t n = shape.sizes[0], c = shape.sizes[1];
  const int64_t pixels = shape.numel() / (n * c);
  Sets sets = {groups == 0 ? c : n * groups, {}, {}};
  for (int64_t i = 0; i < shape.numel(); ++i) {
    const int64_t image = i / (c * pixels), channel = i / pixels % c;
    sets.set.push_back(groups == 0 ? channel : image * groups + channel / (c / groups));
    sets.weight.push_back(channel);
  }
  return sets;
}

// What the kernels should give, in doubles.
struct Expected {
  std::vector<double> y, dx, dw, db, mean, rstd;

  Expected(const Sets& sets, bool centred, double eps, const std::vector<double>& x,
           const std::vector<double>& w, const std::vector<double>& b,
           const std::vector<double>& dy)
      : y(x.size()), dx(x.size()), dw(w.size()), db(w.size()) {
    const size_t count = static_cast<size_t>(sets.count);
    std::vector<double> n(count), square(count), first(count), second(count);
    mean.resize(count);
    rstd.resize(count);
    for (size_t i = 0; i < x.size(); ++i) {
      n[sets.set[i]] += 1;
      if (centred) mean[sets.set[i]] += x[i];
    }
    for (size_t s = 0; s < count; ++s) mean[s] /= n[s];
    for (size_t i = 0; i < x.size(); ++i)
      square[sets.set[i]] += (x[i] - mean[sets.set[i]]) * (x[i] - mean[sets.set[i]]);
    for (size_t s = 0; s < count; ++s) rstd[s] = 1 / std::sqrt(square[s] / n[s] + eps);
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t s = sets.set[i], k = sets.weight[i];
      const double unit = (x[i] - mean[s]) * rstd[s];
      y[i] = unit * w[k] + b[k];
      dw[k] += dy[i] * unit;
      db[k] += dy[i];
      first[s] += dy[i] * w[k];
      second[s] += dy[i] * w[k] * unit;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t s = sets.set[i];
      const double unit = (x[i] - mean[s]) * rstd[s];
      const double middle = centred ? first[s] / n[s] : 0;
      dx[i] = rstd[s] * (dy[i] * w[sets.weight[i]] - middle - unit * second[s] / n[s]);
    }
  }
};

template <class T>
std::vector<double> doubles(const Tensor& t) {
  const auto list = values<T>(t);
  return {list.begin(), list.end()};
}

template <class T>
void near(const Tensor& got, const std::vector<double>& want, double scale = 1) {
  const auto list = doubles<T>(got);
  REQUIRE(list.size() == want.size());
  double worst = 0;
  for (size_t i = 0; i < list.size(); ++i)
    worst = std::max(worst, std::abs(list[i] - want[i]) / (1 + std::abs(want[i])));
  CHECK(worst <= kTolerance<T> * scale);
}

template <class T>
void check_rows(int64_t rows, int64_t n, bool centred, double shift) {
  CAPTURE(rows);
  CAPTURE(n);
  Tensor x = random_tensor<T>({rows, n}, 1);
  for (int64_t i = 0; i < x.numel(); ++i) x.as<T>()[i] += static_cast<T>(shift);
  const Tensor w = random_tensor<T>({n}, 2), b = random_tensor<T>({n}, 3);
  const Tensor dy = random_tensor<T>({rows, n}, 4);
  const Expected want(rows_of(rows, n), centred, 0.1, doubles<T>(x), doubles<T>(w), doubles<T>(b),
                      doubles<T>(dy));
  const DType dtype = dtype_of<T>;
  const double size = static_cast<double>(n), flag = centred ? 1 : 0;
  const auto out =
      run("normRows", {x, w, b}, {{dtype, x.shape}, {dtype, {2, rows}}}, {size, 0.1, flag});
  near<T>(out[0], want.y);
  const auto grads = run("normRowsGrad", {dy, x, w, out[1]},
                         {{dtype, x.shape}, {dtype, {n}}, {dtype, {n}}}, {size, flag});
  near<T>(grads[0], want.dx);
  near<T>(grads[1], want.dw, 10);
  near<T>(grads[2], want.db, 10);
  const auto alone = run("normRowsGrad", {dy, x, w, out[1]},
                         {{dtype, {0}}, {dtype, {n}}, {dtype, {0}}}, {size, flag});
  CHECK(values<T>(alone[1]) == values<T>(grads[1]));
}

TEST_CASE_TEMPLATE("normalised rows and their gradients agree with their definition", T, float,
                   double) {
  for (bool centred : {true, false})
    for (int64_t n : {1, 2, 15, 16, 33, 1024, 1025, 5000})
      for (int64_t rows : {1, 3, 70}) check_rows<T>(rows, n, centred, 0);
}

TEST_CASE("a mean far from 0 costs no digits of normalised rows") {
  check_rows<double>(5, 3000, true, 1e3);
  const Tensor x = tensor<float>({1, 4}, {1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3});
  const Tensor y = run("normRows", {x}, {{DType::kFloat32, x.shape}}, {4, 0, 1})[0];
  CHECK(element<float>(y, 0) == doctest::Approx(-1.3416408));
  CHECK(element<float>(y, 3) == doctest::Approx(1.3416408));
}

template <class T>
void check_channels(const Shape& shape, int64_t groups, Tensor (*layout)(const Tensor&)) {
  const int64_t c = shape.sizes[1];
  const Tensor x = random_tensor<T>(shape, 1), dy = random_tensor<T>(shape, 4);
  const Tensor w = random_tensor<T>({c}, 2), b = random_tensor<T>({c}, 3);
  const Sets sets = channels_of(shape, groups);
  const Expected want(sets, true, 0.1, doubles<T>(x), doubles<T>(w), doubles<T>(b), doubles<T>(dy));
  const DType dtype = dtype_of<T>;
  const double group_count = static_cast<double>(groups);
  const auto out = run("normChannels", {layout(x), w, b},
                       {{dtype, shape}, {dtype, {3, sets.count}}}, {group_count, 0.1});
  near<T>(out[0], want.y);
  std::vector<double> statistics = want.mean;
  statistics.insert(statistics.end(), want.rstd.begin(), want.rstd.end());
  for (double rstd : want.rstd) statistics.push_back(1 / (rstd * rstd) - 0.1);
  near<T>(out[1], statistics);
  const auto grads = run("normChannelsGrad", {layout(dy), layout(x), w, out[1]},
                         {{dtype, shape}, {dtype, {c}}, {dtype, {c}}}, {group_count, 0});
  near<T>(grads[0], want.dx);
  near<T>(grads[1], want.dw, 30);
  near<T>(grads[2], want.db, 30);
  // A gradient that lies otherwise.
  const auto plain = run("normChannelsGrad", {dy, layout(x), w, out[1]},
                         {{dtype, shape}, {dtype, {0}}, {dtype, {0}}}, {group_count, 0});
  CHECK(values<T>(plain[0]) == values<T>(grads[0]));
}

Tensor as_it_is(const Tensor& t) { return t; }

TEST_CASE_TEMPLATE("normalised channels and their gradients agree with their definition", T, float,
                   double) {
  for (const Shape& shape :
       {Shape{1, 1, 1, 2}, Shape{2, 6, 3, 5}, Shape{3, 36, 9, 7}, Shape{2, 4, 80, 70},
        Shape{1, 12, 1, 1}, Shape{40, 12, 1, 1}, Shape{2, 300, 5, 4}})
    for (int64_t groups : {0, 1, 2, 4, 12}) {
      if (groups > 0 && shape.sizes[1] % groups != 0) continue;
      CAPTURE(shape.sizes[1]);
      CAPTURE(groups);
      check_channels<T>(shape, groups, as_it_is);
      check_channels<T>(shape, groups, pixels_of);
    }
}

TEST_CASE("normalised channels do not depend on the number of threads") {
  for (const auto layout : {as_it_is, pixels_of}) {
    const Tensor x = layout(random_tensor<float>({3, 24, 50, 40}, 1));
    const Tensor dy = layout(random_tensor<float>(x.shape, 2));
    std::vector<std::vector<float>> results[2];
    for (int threads : {1, 2, 5}) {
      const Threads team(threads);
      const auto out = run("normChannels", {x}, {{x.dtype, x.shape}, {x.dtype, {3, 24}}}, {0, 1});
      const auto grads =
          run("normChannelsGrad", {dy, x, kNone, out[1]}, {{x.dtype, x.shape}}, {0, 0});
      results[0].push_back(values<float>(out[0]));
      results[1].push_back(values<float>(grads[0]));
    }
    for (const auto& kind : results)
      for (const auto& result : kind) CHECK(result == kind[0]);
  }
}

TEST_CASE("normalisation refuses what does not fit") {
  const Tensor x = random_tensor<float>({2, 6, 3}, 1);
  const Output y = {DType::kFloat32, x.shape};
  const auto refuses = [](const char* name, const std::vector<Tensor>& inputs,
                          const std::vector<Output>& outputs, const std::vector<double>& params) {
    CHECK_THROWS_AS(run(name, inputs, outputs, params), Failure);
  };
  const Tensor whole = tensor<int64_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  refuses("normRows", {x}, {y}, {5, 0, 1});
  refuses("normRows", {x}, {y}, {0, 0, 1});
  refuses("normRows", {x}, {y}, {-3, 0, 1});
  refuses("normRows", {x, random_tensor<float>({4}, 2)}, {y}, {3, 0, 1});
  refuses("normRows", {x, random_tensor<double>({3}, 2)}, {y}, {3, 0, 1});
  refuses("normRows", {x}, {{DType::kFloat32, {2, 6}}}, {3, 0, 1});
  refuses("normRows", {whole}, {{DType::kInt64, {2, 3}}}, {3, 0, 1});
  refuses("normRows", {x}, {{DType::kFloat32, x.shape, 0}}, {3, 0, 1});
  refuses("normRowsGrad", {x, x, kNone, random_tensor<float>({2, 5}, 2)}, {y}, {3, 1});
  refuses("normRowsGrad",
          {random_tensor<float>({2, 6}, 2), x, kNone, random_tensor<float>({2, 12}, 2)}, {y},
          {3, 1});
  refuses("normChannels", {x}, {y}, {4, 0});
  refuses("normChannels", {x}, {y}, {-1, 0});
  refuses("normChannels", {random_tensor<float>({6}, 1)}, {{DType::kFloat32, {6}}}, {0, 0});
  refuses("normChannels", {x, random_tensor<float>({3}, 2)}, {y}, {0, 0});
  refuses("normChannels", {x}, {{DType::kFloat32, {2, 3, 6}}}, {0, 0});
  refuses("normChannelsGrad", {x, x, kNone, random_tensor<float>({2, 6}, 2)}, {y}, {0, 0});
  refuses("normChannelsGrad", {x, x, kNone, kNone}, {y}, {0, 0});
  const Tensor c = random_tensor<float>({6}, 3), statistics = random_tensor<float>({3, 6}, 4);
  const std::vector<Output> both = {{c.dtype, c.shape, 0}, {c.dtype, c.shape, 1}};
  refuses("normRunning", {c, c, random_tensor<float>({2, 6}, 4)}, both, {0.1, 1});
  refuses("normRunning", {c, c, statistics}, {{c.dtype, c.shape}, {c.dtype, c.shape}}, {0.1, 1});
  refuses("normRunning", {x, x, random_tensor<float>({108}, 4)},
          {{x.dtype, x.shape, 0}, {x.dtype, x.shape, 1}}, {0.1, 1});
}

}  // namespace
}  // namespace flambeau
