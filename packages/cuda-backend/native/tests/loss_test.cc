// Losses of classes and of pairs against plain loops on the host, in double.
#include "harness.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

using Values = std::vector<double>;

Array numbers(DType dtype, const std::vector<int64_t>& sizes, int64_t seed = 3) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  Values values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(static_cast<double>((i * 37 + seed * 11) % 101 - 50) / 16);
  return typed(dtype, sizes, values);
}

// Scores [images, classes, inner] with labels [images, inner]: losses and the gradient of their
// sum, each divided by the weights if it is a mean.
struct Expected {
  Values each, slope;
  double sum = 0, weights = 0;
};
Expected cross_entropy(const Values& x, const Values& labels, const Values& weight, int64_t images,
                       int64_t classes, int64_t inner, double smoothing, int64_t ignored) {
  Expected e;
  e.slope.resize(x.size());
  for (int64_t i = 0; i < images; ++i)
    for (int64_t d = 0; d < inner; ++d) {
      const auto at = [&](int64_t c) { return static_cast<size_t>((i * classes + c) * inner + d); };
      const auto label = static_cast<int64_t>(labels[static_cast<size_t>(i * inner + d)]);
      if (label == ignored) {
        e.each.push_back(0);
        continue;
      }
      double high = -INFINITY, sum = 0;
      for (int64_t c = 0; c < classes; ++c) high = std::max(high, x[at(c)]);
      for (int64_t c = 0; c < classes; ++c) sum += std::exp(x[at(c)] - high);
      const auto share = [&](int64_t c) {
        return weight[static_cast<size_t>(c)] *
               ((c == label ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes));
      };
      double loss = 0, shares = 0;
      for (int64_t c = 0; c < classes; ++c) {
        loss += share(c) * (std::log(sum) + high - x[at(c)]);
        shares += share(c);
      }
      for (int64_t c = 0; c < classes; ++c)
        e.slope[at(c)] = shares * std::exp(x[at(c)] - high) / sum - share(c);
      e.each.push_back(loss);
      e.sum += loss;
      e.weights += weight[static_cast<size_t>(label)];
    }
  return e;
}

Values times(Values values, double factor) {
  for (double& value : values) value *= factor;
  return values;
}

}  // namespace

TEST_CASE("cross-entropy of classes that lie in every way") {
  struct Case {
    std::vector<int64_t> sizes;
    bool last = false;
  };
  for (const Case& one : {Case{{5}}, Case{{4, 6}}, Case{{40, 8}}, Case{{300, 33}}, Case{{3, 1500}},
                          Case{{2, 4, 3, 8}}, Case{{2, 5, 30, 7}}, Case{{2, 5, 3, 7}, true}})
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kBFloat16})
      for (double smoothing : {0.0, 0.2})
        for (int reduction : {0, 1, 2}) {
          CAPTURE(dtype_name(dtype));
          CAPTURE(one.sizes.size());
          CAPTURE(one.sizes[0]);
          CAPTURE(smoothing);
          CAPTURE(reduction);
          const double t = dtype == DType::kBFloat16  ? 4e-2
                           : dtype == DType::kFloat32 ? 2e-5
                                                      : 1e-11;
          const bool single = one.sizes.size() == 1;
          const int64_t images = single ? 1 : one.sizes[0], classes = one.sizes[single ? 0 : 1];
          std::vector<int64_t> rows;
          int64_t inner = 1;
          for (size_t axis = 0; axis < one.sizes.size(); ++axis) {
            if (axis == (single ? 0u : 1u)) continue;
            rows.push_back(one.sizes[axis]);
            if (axis > 1) inner *= one.sizes[axis];
          }
          Array x = numbers(dtype, one.sizes);
          const Array weight = typed(dtype, {classes}, [&] {
            Values w;
            for (int64_t c = 0; c < classes; ++c) w.push_back(0.5 + static_cast<double>(c % 3) / 2);
            return w;
          }());
          Values labels;
          for (int64_t i = 0; i < images * inner; ++i)
            labels.push_back(i % 5 == 3 ? -100 : static_cast<double>((i * 7 + 1) % classes));
          const Array target = typed(DType::kInt64, rows, labels);
          const Expected e = cross_entropy(x.values(), labels, weight.values(), images, classes,
                                           inner, smoothing, -100);
          if (one.last) {
            const Values v = x.values();
            Values stored(v.size());
            for (int64_t i = 0; i < images; ++i)
              for (int64_t c = 0; c < classes; ++c)
                for (int64_t d = 0; d < inner; ++d)
                  stored[static_cast<size_t>((i * inner + d) * classes + c)] =
                      v[static_cast<size_t>((i * classes + c) * inner + d)];
            x = typed(dtype, one.sizes, stored,
                      {classes * inner, 1, one.sizes[3] * classes, classes});
          }
          const Values params = {static_cast<double>(reduction), -100, smoothing};
          std::vector<int64_t> three = {3};
          three.insert(three.end(), rows.begin(), rows.end());
          const Results y = run(
              "cross_entropy", {x, target, weight},
              {{dtype, reduction == 0 ? rows : std::vector<int64_t>{}}, {dtype, three}}, params);
          const double divisor = reduction == 1 ? e.weights : 1;
          CHECK(close(y[0].values(), reduction == 0 ? e.each : Values{e.sum / divisor}, t, t));
          Array grad = typed(dtype, reduction == 0 ? rows : std::vector<int64_t>{},
                             reduction == 0 ? Values(e.each.size(), 2.0) : Values{2});
          const Results dx = run("cross_entropy_grad", {grad, x, target, weight, y[1]},
                                 {{dtype, one.sizes}}, params);
          CHECK(close(dx[0].values(), times(e.slope, 2 / divisor), t, t));
          CHECK(dx[0].strides == x.strides);
        }
}

TEST_CASE("cross-entropy of scores that are not finite") {
  const double inf = INFINITY;
  const Array x = array<float>({3, 3}, {-inf, 1, 1, -inf, -inf, -inf, inf, 0, 0});
  const Results y = run("cross_entropy", {x, array<int64_t>({3}, {1, 0, 0}), std::nullopt},
                        {{DType::kFloat32, {3}}, {DType::kFloat32, {3, 3}}}, {0, -100, 0});
  CHECK(y[0].value(0) == doctest::Approx(std::log(2.0)));
  CHECK(std::isnan(y[0].value(1)));
  CHECK(std::isnan(y[0].value(2)));
}

TEST_CASE("a class that there is not is named") {
  const Array x = numbers(DType::kFloat32, {2, 3}), bad = array<int64_t>({2}, {1, 3});
  CHECK_THROWS_WITH_AS(run("cross_entropy", {x, bad, std::nullopt},
                           {{DType::kFloat32, {}}, {DType::kFloat32, {3, 2}}}, {1, -100, 0}),
                       doctest::Contains("target 3 at position 1 is outside [0, 3)"), Failure);
  CHECK_THROWS_WITH_AS(run("nll_loss", {x, bad, std::nullopt}, {{DType::kFloat32, {}}}, {1, -100}),
                       doctest::Contains("target 3 at position 1 is outside [0, 3)"), Failure);
}

TEST_CASE("negative log-likelihood and its gradient") {
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{6, 4}, {3, 4, 5}, {900, 4, 2}})
    for (int reduction : {0, 1, 2}) {
      CAPTURE(reduction);
      const int64_t inner = sizes.size() > 2 ? sizes[2] : 1;
      std::vector<int64_t> rows = {sizes[0]};
      if (sizes.size() > 2) rows.push_back(inner);
      const Array x = numbers(DType::kFloat32, sizes), w = array<float>({4}, {1, 2, 0.5, 3});
      const Values scores = x.values(), factors = w.values();
      Values labels, each, slope(scores.size());
      double sum = 0, weights = 0;
      for (int64_t i = 0; i < sizes[0] * inner; ++i) {
        const int64_t label = i % 4;
        labels.push_back(static_cast<double>(label));
        const auto at = static_cast<size_t>((i / inner * 4 + label) * inner + i % inner);
        const double own = label == 2 ? 0 : factors[static_cast<size_t>(label)];
        each.push_back(-own * scores[at]);
        slope[at] = -own;
        sum += each.back();
        weights += own;
      }
      const Array target = typed(DType::kInt64, rows, labels);
      const Values params = {static_cast<double>(reduction), 2};
      const std::vector<int64_t> shape = reduction == 0 ? rows : std::vector<int64_t>{};
      const double divisor = reduction == 1 ? weights : 1;
      const Results y = run("nll_loss", {x, target, w}, {{DType::kFloat32, shape}}, params);
      CHECK(close(y[0].values(), reduction == 0 ? each : Values{sum / divisor}, 1e-5, 1e-5));
      const Array grad =
          typed(DType::kFloat32, shape, Values(reduction == 0 ? each.size() : 1, 3.0));
      const Results dx =
          run("nll_loss_grad", {grad, target, w}, {{DType::kFloat32, sizes}}, params);
      CHECK(close(dx[0].values(), times(slope, 3 / divisor), 1e-5, 1e-6));
    }
}

TEST_CASE("losses of pairs and their gradients") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16})
    for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{}, {7}, {50, 1003}})
      for (int reduction : {0, 1, 2}) {
        CAPTURE(dtype_name(dtype));
        CAPTURE(sizes.size());
        CAPTURE(reduction);
        if (dtype == DType::kFloat16 && sizes.size() > 1 && reduction == 2) continue;  // overflows
        const double t = dtype == DType::kFloat16 ? 4e-3 : dtype == DType::kFloat32 ? 2e-5 : 1e-11;
        const Array a = numbers(dtype, sizes), b = numbers(dtype, sizes, 8);
        for (bool logits : {false, true}) {
          CAPTURE(logits);
          Values each, slope;
          double sum = 0;
          const Values av = a.values(), bv = b.values();
          for (size_t i = 0; i < av.size(); ++i) {
            const double p = av[i], q = bv[i];
            each.push_back(logits ? (1 - q) * p + std::log1p(std::exp(-p)) : (p - q) * (p - q));
            slope.push_back(logits ? 1 / (1 + std::exp(-p)) - q : 2 * (p - q));
            sum += each.back();
          }
          const double n = reduction == 1 ? static_cast<double>(each.size()) : 1;
          const std::vector<int64_t> shape = reduction == 0 ? sizes : std::vector<int64_t>{};
          const std::string name = logits ? "logits_loss" : "mse_loss";
          const Values params = {static_cast<double>(reduction)};
          const Results y = run(name, {a, b}, {{dtype, shape}}, params);
          CHECK(close(y[0].values(), reduction == 0 ? each : Values{sum / n}, t, t));
          const Array grad = typed(dtype, shape, Values(reduction == 0 ? each.size() : 1, 2.0));
          const Results dx = run(name + "_grad", {grad, a, b}, {{dtype, sizes}}, params);
          CHECK(close(dx[0].values(), times(slope, 2 / n), t, dtype == DType::kFloat16 ? 1e-3 : t));
        }
      }
  // Operands that lie alike need no copy.
  const Array a = array<float>({2, 3}, {1, 2, 3, 4, 5, 6}, {1, 2}),
              b = array<float>({2, 3}, {0, 0, 0, 0, 0, 9}, {1, 2});
  const Results y = run("mse_loss", {a, b}, {{DType::kFloat32, {2, 3}}}, {0});
  CHECK(y[0].values() == Values{1, 9, 25, 4, 16, 9});
  CHECK(y[0].strides == a.strides);
}
