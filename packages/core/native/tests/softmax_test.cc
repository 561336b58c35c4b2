#include <doctest/doctest.h>

#include <limits>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Flat row-major position of element `i` of each row along `axis`: calls row(places).
template <class F>
void for_rows(const Shape& shape, int axis, F&& row) {
  int64_t inner = 1;
  for (int i = axis + 1; i < shape.ndim; ++i) inner *= shape.sizes[i];
  const int64_t n = shape.ndim == 0 ? 1 : shape.sizes[axis];
  for (int64_t o = 0; o < (shape.numel() == 0 ? 0 : shape.numel() / (n * inner)); ++o)
    for (int64_t r = 0; r < inner; ++r) {
      std::vector<size_t> places;
      for (int64_t i = 0; i < n; ++i)
        places.push_back(static_cast<size_t>((o * n + i) * inner + r));
      row(places);
    }
}

std::vector<double> naive_log_softmax(const std::vector<double>& x, const Shape& shape, int axis) {
  std::vector<double> y(x.size());
  for_rows(shape, axis, [&](const std::vector<size_t>& places) {
    double high = -kInf, sum = 0;
    for (size_t i : places) high = std::max(high, x[i]);
    for (size_t i : places) sum += std::exp(x[i] - high);
    for (size_t i : places) y[i] = x[i] - high - std::log(sum);
  });
  return y;
}

template <class T>
std::vector<double> doubles(const Tensor& t) {
  const std::vector<T> list = values<T>(t);
  return {list.begin(), list.end()};
}

template <class T>
constexpr double kTolerance = std::is_same_v<T, float> ? 3e-6 : 1e-14;

template <class T>
void check_softmax(const Tensor& x, int axis, const Tensor& dy) {
  CAPTURE(axis);
  const std::vector<Output> out = {{dtype_of<T>, x.shape}};
  const std::vector<double> axes = {static_cast<double>(axis)};
  const auto log_y = naive_log_softmax(doubles<T>(x), x.shape, axis);
  std::vector<double> y = log_y, dx(y.size()), log_dx(y.size());
  for (double& value : y) value = std::exp(value);
  const auto g = doubles<T>(dy);
  for_rows(x.shape, axis, [&](const std::vector<size_t>& places) {
    double dot = 0, sum = 0;
    for (size_t i : places) {
      dot += g[i] * y[i];
      sum += g[i];
    }
    for (size_t i : places) {
      dx[i] = y[i] * (g[i] - dot);
      log_dx[i] = g[i] - y[i] * sum;
    }
  });
  const Tensor soft = run("softmax", {x}, out, axes)[0];
  const Tensor log_soft = run("log_softmax", {x}, out, axes)[0];
  CHECK(difference(doubles<T>(soft), y) <= kTolerance<T>);
  CHECK(difference(doubles<T>(log_soft), log_y) <= kTolerance<T>);
  CHECK(difference(doubles<T>(run("softmax_grad", {dy, soft}, out, axes)[0]), dx) <= kTolerance<T>);
  CHECK(difference(doubles<T>(run("log_softmax_grad", {dy, log_soft}, out, axes)[0]), log_dx) <=
        10 * kTolerance<T>);
}

TEST_CASE_TEMPLATE("softmax along every axis, of any size", T, float, double) {
  const Threads threads(2);
  for (const Shape& shape :
       {Shape{}, Shape{1}, Shape{63}, Shape{64}, Shape{65}, Shape{5000}, Shape{100, 10},
        Shape{3, 200}, Shape{200, 3}, Shape{70, 65}, Shape{2, 19, 70}, Shape{2, 100, 5},
        Shape{130, 7, 1}, Shape{0, 3}, Shape{3, 0}, Shape{2, 3, 4, 5}}) {
    CAPTURE(shape.numel());
    for (int axis = 0; axis < std::max(shape.ndim, 1); ++axis)
      check_softmax<T>(random_tensor<T>(shape, 1), axis, random_tensor<T>(shape, 2));
  }
}

TEST_CASE_TEMPLATE("softmax of views", T, float, double) {
  const Tensor x = random_tensor<T>({6, 70, 9}, 1);
  const Tensor dy = random_tensor<T>({9, 70, 6}, 2);
  for (int axis = 0; axis < 3; ++axis) {
    check_softmax<T>(transposed(x, 0, 2), axis, dy);  // dense, turned
    check_softmax<T>(every_second(transposed(x, 0, 2), 1), axis, every_second(dy, 1));  // gaps
    check_softmax<T>(dy, axis, transposed(x, 0, 2));
    check_softmax<T>(expanded(x, 2), axis + 1, expanded(x, 2));
  }
  Tensor last = random_tensor<T>({2, 5, 4, 17}, 3);  // stored as N, H, W, C
  last = transposed(transposed(last, 1, 3), 2, 3);
  REQUIRE(last.is_channels_last());
  check_softmax<T>(last, 1, random_tensor<T>(last.shape, 4));
  CHECK(run("softmax", {last}, {{dtype_of<T>, last.shape}}, {1})[0].is_channels_last());
}

TEST_CASE_TEMPLATE("softmax of extreme values", T, float, double) {
  const T inf = static_cast<T>(kInf);
  for (const int64_t n : {4, 100}) {
    CAPTURE(n);
    std::vector<T> rows(static_cast<size_t>(5 * n));
    const auto row = [&](size_t r) { return rows.begin() + static_cast<int64_t>(r) * n; };
    std::fill(row(0), row(1), -inf);
    std::fill(row(1), row(2), static_cast<T>(1e30));
    std::fill(row(2), row(3), -inf);
    *(row(2) + 1) = 5;
    *(row(3) + 2) = static_cast<T>(kNan);
    *(row(4) + n - 1) = inf;
    const Tensor x = tensor<T>({5, n}, rows);
    const auto y = values<T>(run("softmax", {x}, {{dtype_of<T>, x.shape}}, {1})[0]);
    const auto log_y = values<T>(run("log_softmax", {x}, {{dtype_of<T>, x.shape}}, {1})[0]);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      const size_t s = static_cast<size_t>(n);
      CHECK(std::isnan(y[i]));
      CHECK(std::isnan(log_y[i]));
      CHECK(y[s + i] == doctest::Approx(1.0 / static_cast<double>(n)));
      CHECK(y[2 * s + i] == (i == 1 ? 1 : 0));
      CHECK(log_y[2 * s + i] == (i == 1 ? T{0} : -inf));
      CHECK(std::isnan(y[3 * s + i]));
      CHECK(std::isnan(log_y[4 * s + i]));
    }
  }
}

TEST_CASE("softmax in place, and what it refuses") {
  const Tensor x = transposed(random_tensor<float>({9, 70}, 1), 0, 1);
  const auto expected = values<float>(run("softmax", {x}, {{DType::kFloat32, x.shape}}, {0})[0]);
  run("softmax", {x}, {{DType::kFloat32, x.shape, 0}}, {0});
  CHECK(values<float>(x) == expected);
  CHECK_THROWS_AS(run("softmax", {x}, {{DType::kFloat32, x.shape}}, {2}), Failure);
  CHECK_THROWS_AS(run("softmax", {x}, {{DType::kFloat32, {70}}}, {0}), Failure);
}

// --- losses ---

struct Scores {
  Shape shape;  // [N, C, …]
  int64_t classes() const { return shape.sizes[shape.ndim == 1 ? 0 : 1]; }
  Shape targets() const {
    Shape t;
    for (int i = 0; i < shape.ndim; ++i)
      if (i != (shape.ndim == 1 ? 0 : 1)) t.sizes[t.ndim++] = shape.sizes[i];
    return t;
  }
};

constexpr double kIgnored = -100;

// Loss and gradient of the scores by the definition; `grad` per row (none) or one.
struct Expected {
  std::vector<double> loss;
  std::vector<double> dx;
};
Expected naive_cross_entropy(const std::vector<double>& x, const Scores& s,
                             const std::vector<int64_t>& target, const std::vector<double>& weight,
                             int reduction, double smoothing, const std::vector<double>& grad) {
  const int axis = s.shape.ndim == 1 ? 0 : 1;
  const auto log_p = naive_log_softmax(x, s.shape, axis);
  const double c_count = static_cast<double>(s.classes());
  double total = 0;
  for (int64_t t : target)
    if (t != kIgnored) total += weight[static_cast<size_t>(t)];
  Expected e;
  e.dx.resize(x.size());
  double sum = 0;
  size_t row = 0;
  for_rows(s.shape, axis, [&](const std::vector<size_t>& places) {
    const int64_t t = target[row];
    double loss = 0;
    const double g = reduction == 0 ? grad[row] : reduction == 1 ? grad[0] / total : grad[0];
    if (t != kIgnored) {
      for (size_t c = 0; c < places.size(); ++c) {
        const double share =
            ((static_cast<int64_t>(c) == t ? 1 - smoothing : 0) + smoothing / c_count) * weight[c];
        loss -= share * log_p[places[c]];
        for (size_t q = 0; q < places.size(); ++q)
          e.dx[places[q]] += g * share * (std::exp(log_p[places[q]]) - (q == c ? 1 : 0));
      }
    }
    sum += loss;
    e.loss.push_back(loss);
    ++row;
  });
  if (reduction != 0) e.loss = {reduction == 1 ? sum / total : sum};
  return e;
}

template <class T>
void check_cross_entropy(const Tensor& x, bool weighted, int reduction, double smoothing) {
  const Scores s{x.shape};
  const Shape rows = s.targets();
  const int64_t classes = s.classes();
  Tensor target = random_tensor<int64_t>(rows, 3);
  for (int64_t i = 0; i < target.numel(); ++i) {
    int64_t& t = target.as<int64_t>()[i];
    t = t % 7 == 3 && target.numel() > 1 ? static_cast<int64_t>(kIgnored) : t % classes;
  }
  Tensor weight = random_tensor<T>({classes}, 4);
  for (int64_t c = 0; c < classes; ++c)
    weight.as<T>()[c] = weighted ? 1 + weight.as<T>()[c] / 2 : 1;
  const Shape loss_shape = reduction == 0 ? rows : Shape{};
  const Tensor grad = random_tensor<T>(loss_shape, 5);
  Shape stats{3};
  for (int i = 0; i < rows.ndim; ++i) stats.sizes[stats.ndim++] = rows.sizes[i];
  const std::vector<double> params = {static_cast<double>(reduction), kIgnored, smoothing};
  const Tensor w = weighted ? weight : kNone;

  const auto expected =
      naive_cross_entropy(doubles<T>(x), s, values<int64_t>(target), doubles<T>(weight), reduction,
                          smoothing, doubles<T>(grad));
  const auto result = run("cross_entropy", {x, target, w},
                          {{dtype_of<T>, loss_shape}, {dtype_of<T>, stats}}, params);
  CHECK(difference(doubles<T>(result[0]), expected.loss) <= 5 * kTolerance<T>);
  const auto dx =
      run("cross_entropy_grad", {grad, x, target, w, result[1]}, {{dtype_of<T>, x.shape}}, params);
  CHECK(difference(doubles<T>(dx[0]), expected.dx) <= 5 * kTolerance<T>);

  if (smoothing > 0) return;
  const Tensor log_p =
      run("log_softmax", {x}, {{dtype_of<T>, x.shape}}, {x.ndim() == 1 ? 0.0 : 1.0})[0];
  const auto nll =
      run("nll_loss", {log_p, target, w}, {{dtype_of<T>, loss_shape}}, {params[0], params[1]});
  CHECK(difference(doubles<T>(nll[0]), expected.loss) <= 5 * kTolerance<T>);
  const auto d_log_p =
      run("nll_loss_grad", {grad, target, w}, {{dtype_of<T>, x.shape}}, {params[0], params[1]});
  const auto d_x = run("log_softmax_grad", {d_log_p[0], log_p}, {{dtype_of<T>, x.shape}},
                       {x.ndim() == 1 ? 0.0 : 1.0});
  CHECK(difference(doubles<T>(d_x[0]), expected.dx) <= 10 * kTolerance<T>);
}

TEST_CASE_TEMPLATE("cross-entropy against its definition", T, float, double) {
  const Threads threads(2);
  for (const Shape& shape : {Shape{7}, Shape{100, 10}, Shape{33, 100}, Shape{1, 1}, Shape{300, 2},
                             Shape{2, 5, 9}, Shape{3, 70, 4, 5}})
    for (int reduction = 0; reduction < 3; ++reduction)
      for (bool weighted : {false, true})
        for (double smoothing : {0.0, 0.2}) {
          CAPTURE(shape.numel());
          CAPTURE(reduction);
          CAPTURE(weighted);
          CAPTURE(smoothing);
          check_cross_entropy<T>(random_tensor<T>(shape, 1), weighted, reduction, smoothing);
        }
}

TEST_CASE("cross-entropy of views") {
  check_cross_entropy<float>(transposed(random_tensor<float>({10, 40}, 1), 0, 1), true, 1, 0);
  Tensor last = transposed(transposed(random_tensor<float>({2, 5, 4, 17}, 3), 1, 3), 2, 3);
  REQUIRE(last.is_channels_last());
  check_cross_entropy<float>(last, true, 1, 0.1);
  check_cross_entropy<float>(every_second(last, 2), false, 2, 0);
}

TEST_CASE("losses of extreme scores and of no targets") {
  const Tensor x = tensor<float>({2, 3}, {1e4f, -1e4f, 0, static_cast<float>(kNan), 1, 2});
  const Tensor target = tensor<int64_t>({2}, {1, -100});
  const auto result = run("cross_entropy", {x, target, kNone},
                          {{DType::kFloat32, {}}, {DType::kFloat32, {3, 2}}}, {1, -100, 0});
  CHECK(values<float>(result[0])[0] == 2e4f);
  const auto dx = run("cross_entropy_grad", {tensor<float>({}, {2}), x, target, kNone, result[1]},
                      {{DType::kFloat32, {2, 3}}}, {1, -100, 0});
  CHECK(values<float>(dx[0]) == std::vector<float>{2, -2, 0, 0, 0, 0});

  const Tensor none = tensor<int64_t>({2}, {-100, -100});
  for (int reduction = 0; reduction < 3; ++reduction) {
    const Shape shape = reduction == 0 ? Shape{2} : Shape{};
    const std::vector<double> params = {static_cast<double>(reduction), -100, 0};
    const auto y = run("cross_entropy", {x, none, kNone},
                       {{DType::kFloat32, shape}, {DType::kFloat32, {3, 2}}}, params);
    const auto nll = run("nll_loss", {x, none, kNone}, {{DType::kFloat32, shape}}, params);
    for (float value : values<float>(y[0]))
      CHECK((reduction == 1 ? std::isnan(value) : value == 0));
    for (float value : values<float>(nll[0]))
      CHECK((reduction == 1 ? std::isnan(value) : value == 0));
  }
}

TEST_CASE("a label out of range is named and nothing is read") {
  const Tensor x = random_tensor<float>({4, 10}, 1);
  for (const int64_t label : {int64_t{10}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    const Tensor target = tensor<int64_t>({4}, {0, 9, label, 3});
    const auto fails = [&](const std::string& name, const std::vector<Tensor>& inputs,
                           const std::vector<Output>& outputs) {
      try {
        run(name, inputs, outputs, {1, -100, 0});
      } catch (const Failure& failure) {
        return std::string(failure.code()) + ": " + failure.what();
      }
      return std::string("no failure");
    };
    const std::string message =
        "ERR_INDEX: target " + std::to_string(label) + " at position 2 is outside [0, 10)";
    const Tensor one = tensor<float>({}, {1});
    const Tensor stats = random_tensor<float>({3, 4}, 2);
    CHECK(fails("cross_entropy", {x, target, kNone},
                {{DType::kFloat32, {}}, {DType::kFloat32, {3, 4}}}) == message);
    CHECK(fails("cross_entropy_grad", {one, x, target, kNone, stats},
                {{DType::kFloat32, {4, 10}}}) == message);
    CHECK(fails("nll_loss", {x, target, kNone}, {{DType::kFloat32, {}}}) == message);
    CHECK(fails("nll_loss_grad", {one, target, kNone}, {{DType::kFloat32, {4, 10}}}) == message);
  }
}

TEST_CASE_TEMPLATE("mean squared error", T, float, double) {
  const Threads threads(2);
  for (const Shape& shape : {Shape{}, Shape{63}, Shape{3, 65}, Shape{300, 401}, Shape{0, 2}}) {
    const Tensor a = random_tensor<T>(shape, 1);
    const Tensor b = shape.ndim == 2
                         ? transposed(random_tensor<T>({shape.sizes[1], shape.sizes[0]}, 2), 0, 1)
                         : random_tensor<T>(shape, 2);
    const auto x = doubles<T>(a), w = doubles<T>(b);
    for (int reduction = 0; reduction < 3; ++reduction) {
      CAPTURE(shape.numel());
      CAPTURE(reduction);
      const Shape out = reduction == 0 ? shape : Shape{};
      const Tensor grad = random_tensor<T>(out, 3);
      std::vector<double> each, dx;
      double sum = 0;
      const double n = static_cast<double>(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        each.push_back((x[i] - w[i]) * (x[i] - w[i]));
        sum += each.back();
        dx.push_back((reduction == 0 ? static_cast<double>(grad.as<T>()[i])
                                     : static_cast<double>(grad.as<T>()[0])) *
                     2 * (x[i] - w[i]) / (reduction == 1 ? n : 1));
      }
      if (reduction != 0) each = {reduction == 1 ? sum / n : sum};
      const std::vector<double> params = {static_cast<double>(reduction)};
      CHECK(difference(doubles<T>(run("mse_loss", {a, b}, {{dtype_of<T>, out}}, params)[0]),
                       each) <= 3 * kTolerance<T>);
      CHECK(difference(
                doubles<T>(run("mse_loss_grad", {grad, a, b}, {{dtype_of<T>, shape}}, params)[0]),
                dx) <= kTolerance<T>);
    }
  }
}

TEST_CASE("losses do not depend on the number of threads") {
  const Tensor x = random_tensor<float>({5000, 37}, 1);
  Tensor target = random_tensor<int64_t>({5000}, 2);
  for (int64_t i = 0; i < 5000; ++i) target.as<int64_t>()[i] %= 37;
  const auto losses = [&](int count) {
    const Threads threads(count);
    const auto y = run("cross_entropy", {x, target, kNone},
                       {{DType::kFloat32, {}}, {DType::kFloat32, {3, 5000}}}, {1, -100, 0.1});
    const auto e = run("mse_loss", {x, transposed(random_tensor<float>({37, 5000}, 3), 0, 1)},
                       {{DType::kFloat32, {}}}, {2});
    return std::pair(values<float>(y[0])[0], values<float>(e[0])[0]);
  };
  CHECK(losses(1) == losses(4));
}

}  // namespace
}  // namespace flambeau
