// Reductions: rows, columns, everything, and mixtures of axes, against sums made here.
#include "harness.h"

namespace flambeau::cuda::testing {
namespace {

// Numbers between -1 and 1 without order.
Array noise(DType dtype, const std::vector<int64_t>& sizes, std::vector<int64_t> strides = {}) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  std::vector<double> values;
  uint64_t state = 7;
  for (int64_t i = 0; i < 4 * n + 8; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<double>(static_cast<int64_t>(state >> 33) % 2001 - 1000) / 1000);
  }
  if (strides.empty()) values.resize(static_cast<size_t>(n));
  return typed(dtype, sizes, values, std::move(strides));
}

struct Expected {
  std::vector<int64_t> sizes;
  std::vector<std::vector<double>> groups;  // the elements that meet, for each output
};

Expected grouped(const Array& x, const std::vector<double>& axes) {
  Expected expected;
  std::vector<bool> reduced(x.sizes.size());
  for (double axis : axes) reduced[static_cast<size_t>(axis)] = true;
  int64_t outputs = 1;
  for (size_t i = 0; i < x.sizes.size(); ++i)
    if (!reduced[i]) {
      expected.sizes.push_back(x.sizes[i]);
      outputs *= x.sizes[i];
    }
  expected.groups.resize(static_cast<size_t>(outputs));
  const auto values = x.values();
  for (size_t flat = 0; flat < values.size(); ++flat) {
    size_t rest = flat, output = 0, step = 1;
    for (size_t axis = x.sizes.size(); axis-- > 0;) {
      const auto size = static_cast<size_t>(x.sizes[axis]);
      if (!reduced[axis]) {
        output += rest % size * step;
        step *= size;
      }
      rest /= size;
    }
    expected.groups[output].push_back(values[flat]);
  }
  return expected;
}

std::string described(const std::string& name, const Array& x, const std::vector<double>& axes) {
  std::string text = name + " of " + dtype_name(x.dtype) + " [";
  for (int64_t size : x.sizes) text += " " + std::to_string(size);
  text += " ] over";
  for (double axis : axes) text += " " + std::to_string(static_cast<int>(axis));
  return text;
}

template <class F>
void check(const char* name, const Array& x, const std::vector<double>& axes,
           std::vector<double> params, double tolerance, const F& f) {
  const Expected expected = grouped(x, axes);
  std::vector<double> values;
  for (const auto& group : expected.groups) values.push_back(f(group));
  params.insert(params.end(), axes.begin(), axes.end());
  CAPTURE(described(name, x, axes));
  CHECK(close(run(name, {x}, {{x.dtype, expected.sizes}}, params)[0].values(), values, tolerance,
              tolerance));
}

double total(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum;
}
double variance(const std::vector<double>& values) {
  const double mean = total(values) / static_cast<double>(values.size());
  double sum = 0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return sum / std::fmax(0, static_cast<double>(values.size()) - 1);
}

TEST_CASE("sums, extremes, variances and exponents over any axes") {
  struct Case {
    std::vector<int64_t> sizes;
    std::vector<std::vector<double>> axes;
    std::vector<int64_t> strides;
  };
  const std::vector<Case> cases = {
      {{7}, {{0}, {}}, {}},
      {{100000}, {{0}}, {}},
      {{3, 5000}, {{1}, {0}, {0, 1}}, {}},
      {{5000, 3}, {{0}, {1}}, {}},
      {{700, 64}, {{0}, {1}}, {}},
      {{4, 6, 10, 12}, {{1}, {3}, {0, 2}, {1, 3}, {2, 3}, {0, 2, 3}}, {}},
      {{4, 6, 10, 12}, {{1}, {3}, {0, 2}, {0, 2, 3}}, {720, 1, 72, 6}},
      {{33, 17}, {{0}, {1}}, {40, 2}},
      {{9, 1, 3}, {{0}, {1}, {2}}, {}},
  };
  for (const Case& c : cases)
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
      const double tolerance = dtype == DType::kBFloat16  ? 2e-2
                               : dtype == DType::kFloat16 ? 3e-3
                                                          : 1e-5;
      const Array x = noise(dtype, c.sizes, c.strides);
      for (const auto& axes : c.axes) {
        check("sum", x, axes, {}, tolerance, total);
        check("mean", x, axes, {}, tolerance,
              [](const auto& v) { return total(v) / static_cast<double>(v.size()); });
        check("amax", x, axes, {}, 0,
              [](const auto& v) { return *std::max_element(v.begin(), v.end()); });
        check("amin", x, axes, {}, 0,
              [](const auto& v) { return *std::min_element(v.begin(), v.end()); });
        if (grouped(x, axes).groups[0].size() > 1) check("var", x, axes, {1}, tolerance, variance);
        check("logsumexp", x, axes, {}, tolerance, [](const auto& v) {
          double sum = 0;
          for (double e : v) sum += std::exp(e);
          return std::log(sum);
        });
        check("norm", x, axes, {3}, tolerance, [](const auto& v) {
          double sum = 0;
          for (double e : v) sum += std::pow(std::fabs(e), 3);
          return std::cbrt(sum);
        });
      }
    }
}

TEST_CASE("the first of equal extremes, and the first NaN") {
  for (int64_t n : {1, 5, 100, 3000, 40000}) {
    std::vector<double> values(static_cast<size_t>(n), 1);
    const Array equal = typed(DType::kFloat32, {n}, values);
    CHECK(run("argmax", {equal}, {{DType::kInt64, {}}}, {-1})[0].value(0) == 0);
    const double middle = static_cast<double>(n / 2), late = static_cast<double>(n - 1);
    values[static_cast<size_t>(n / 2)] = 2;
    values[static_cast<size_t>(n - 1)] = 2;
    CHECK(run("argmax", {typed(DType::kInt64, {n}, values)}, {{DType::kInt64, {}}}, {0})[0].value(
              0) == middle);
    values[static_cast<size_t>(n - 1)] = NAN;
    const Results r = run("min", {typed(DType::kBFloat16, {n}, values)},
                          {{DType::kBFloat16, {}}, {DType::kInt64, {}}}, {0});
    CHECK(std::isnan(r[0].value(0)));
    CHECK(r[1].value(0) == late);
  }
  // Along columns.
  const Array x = typed(DType::kInt32, {3, 2}, {1, 9, 7, 9, 7, 2});
  const Results r = run("max", {x}, {{DType::kInt32, {2}}, {DType::kInt64, {2}}}, {0});
  CHECK(r[0].values() == std::vector<double>{7, 9});
  CHECK(r[1].values() == std::vector<double>{1, 0});
}

TEST_CASE("reductions of nothing, and of bools") {
  const Array none = typed(DType::kFloat32, {0, 3}, {});
  CHECK(run("sum", {none}, {{DType::kFloat32, {3}}}, {0})[0].values() ==
        std::vector<double>{0, 0, 0});
  CHECK(run("prod", {none}, {{DType::kFloat32, {3}}}, {0})[0].values() ==
        std::vector<double>{1, 1, 1});
  CHECK(std::isnan(run("mean", {none}, {{DType::kFloat32, {3}}}, {0})[0].value(0)));
  CHECK(std::isnan(run("var", {none}, {{DType::kFloat32, {3}}}, {1, 0})[0].value(0)));
  const Array flags = typed(DType::kBool, {2, 3}, {0, 1, 0, 1, 1, 1});
  CHECK(run("all", {flags}, {{DType::kBool, {2}}}, {1})[0].values() == std::vector<double>{0, 1});
  CHECK(run("any", {flags}, {{DType::kBool, {3}}}, {0})[0].values() ==
        std::vector<double>{1, 1, 1});
  CHECK(run("sum", {flags}, {{DType::kInt64, {}}}, {0, 1})[0].value(0) == 4);
  CHECK(run("amax", {flags}, {{DType::kBool, {2}}}, {1})[0].values() == std::vector<double>{1, 1});
  CHECK(run("countNonzero", {flags}, {{DType::kInt64, {2}}}, {1})[0].values() ==
        std::vector<double>{1, 3});
}

TEST_CASE("softmax of short, long and interleaved lines") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16})
    for (int64_t n : {1, 3, 10, 64, 100, 600, 1024, 3000, 12288})
      for (bool columns : {false, true}) {
        const std::vector<int64_t> sizes =
            columns ? std::vector<int64_t>{2, n, 3} : std::vector<int64_t>{3, n};
        const Array x = noise(dtype, sizes);
        const auto values = x.values();
        std::vector<double> soft(values.size()), logs(values.size());
        const int64_t inner = columns ? 3 : 1, outer = columns ? 2 : 3;
        for (int64_t o = 0; o < outer; ++o)
          for (int64_t k = 0; k < inner; ++k) {
            double sum = 0;
            for (int64_t i = 0; i < n; ++i)
              sum += std::exp(values[static_cast<size_t>((o * n + i) * inner + k)]);
            for (int64_t i = 0; i < n; ++i) {
              const auto at = static_cast<size_t>((o * n + i) * inner + k);
              soft[at] = std::exp(values[at]) / sum;
              logs[at] = values[at] - std::log(sum);
            }
          }
        const double tolerance = dtype == DType::kBFloat16  ? 1e-2
                                 : dtype == DType::kFloat16 ? 2e-3
                                                            : 1e-5;
        CAPTURE(described("softmax", x, {1}));
        const Results y = run("softmax", {x}, {{dtype, sizes}}, {1});
        CHECK(close(y[0].values(), soft, tolerance, 1e-6));
        CHECK(close(run("log_softmax", {x}, {{dtype, sizes}}, {1})[0].values(), logs, tolerance,
                    1e-6));
        // The gradient of Σ softmax is 0, that of Σ log-softmax is 1 - n · softmax.
        const Array ones = typed(dtype, sizes, std::vector<double>(values.size(), 1));
        const auto zero = run("softmax_grad", {ones, y[0]}, {{dtype, sizes}}, {1})[0].values();
        CHECK(close(zero, std::vector<double>(zero.size(), 0), 0, tolerance));
        if (dtype != DType::kFloat32) continue;
        const Array log = typed(dtype, sizes, logs);
        std::vector<double> slopes;
        for (double s : soft) slopes.push_back(1 - static_cast<double>(n) * s);
        CHECK(close(run("log_softmax_grad", {ones, log}, {{dtype, sizes}}, {1})[0].values(), slopes,
                    1e-4, 1e-4));
      }
  const double infinity = std::numeric_limits<double>::infinity();
  const Array odd =
      typed(DType::kFloat32, {3, 2}, {-infinity, -infinity, infinity, 0, -infinity, 0});
  const auto y = run("softmax", {odd}, {{DType::kFloat32, {3, 2}}}, {1})[0].values();
  for (int i = 0; i < 4; ++i)
    CHECK((i == 3 ? y[3] == 0 || std::isnan(y[3]) : std::isnan(y[static_cast<size_t>(i)])));
  CHECK(y[4] == 0);
  CHECK(y[5] == 1);
}

}  // namespace
}  // namespace flambeau::cuda::testing
