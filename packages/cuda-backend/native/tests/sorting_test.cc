// Sorting, selecting by rank, counting and searching.
#include <map>
#include <numeric>

#include "harness.h"
#include "runtime/call.h"

namespace flambeau::cuda::testing {

namespace {

using Values = std::vector<double>;

// Numbers from 0 to `range` in an order without a pattern.
Values mixed(int64_t n, int range) {
  Values values;
  uint32_t state = 99;
  for (int64_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    values.push_back(static_cast<double>((state >> 8) % static_cast<uint32_t>(range)));
  }
  return values;
}

// Does a come before b, where NaN is the largest?
bool is_less(double a, double b) { return (!std::isnan(a) && std::isnan(b)) || a < b; }

// The places of a row in stable order.
std::vector<int64_t> order_of(const Values& row, bool descending) {
  std::vector<int64_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
    const double a = row[static_cast<size_t>(i)], b = row[static_cast<size_t>(j)];
    return descending ? is_less(b, a) : is_less(a, b);
  });
  return order;
}

Values row_of(const Values& values, int64_t row, int64_t n) {
  return {values.begin() + row * n, values.begin() + (row + 1) * n};
}

void check_sorted(DType dtype, int64_t rows, int64_t n, int range, bool descending) {
  Values x = mixed(rows * n, range);
  if (dtype != DType::kUInt8)
    for (double& value : x) value -= range / 2;
  if (is_floating(dtype) && n > 4) x[1] = x[3] = NAN;
  const Results y = run("sort", {typed(dtype, {rows, n}, x)},
                        {{dtype, {rows, n}}, {DType::kInt64, {rows, n}}}, {1, double(descending)});
  const Values values = y[0].values(), places = y[1].values();
  Values expected_values, expected_places;
  for (int64_t row = 0; row < rows; ++row) {
    const Values own = row_of(x, row, n);
    for (int64_t place : order_of(own, descending)) {
      expected_values.push_back(own[static_cast<size_t>(place)]);
      expected_places.push_back(static_cast<double>(place));
    }
  }
  CHECK(places == expected_places);
  CHECK(close(values, expected_values, 0, 0));
}

}  // namespace

TEST_CASE("sort keeps the order of equal elements") {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kInt32, DType::kUInt8}) {
    INFO(dtype_name(dtype));
    for (const bool descending : {false, true}) {
      check_sorted(dtype, 5, 1, 100, descending);
      check_sorted(dtype, 7, 13, 100, descending);
      check_sorted(dtype, 2, 1000, 200, descending);
      check_sorted(dtype, 1, 5000, 250, descending);
      check_sorted(dtype, 3, 3000, 250, descending);
    }
  }
  check_sorted(DType::kFloat32, 1000, 3, 10, false);
}

TEST_CASE("sort goes along any axis, and tells no zeros apart") {
  const Results y = run("sort", {array<float>({3, 2}, {0.0, 5, -0.0, 4, -1, 6})},
                        {{DType::kFloat32, {3, 2}}, {DType::kInt64, {3, 2}}}, {0, 0});
  CHECK(y[0].values() == Values{-1, 4, 0, 5, 0, 6});
  CHECK(y[1].values() == Values{2, 1, 0, 0, 1, 2});
  CHECK(run("sort", {array<bool>({4}, {1, 0, 1, 0})}, {{DType::kBool, {4}}, {DType::kInt64, {4}}},
            {0, 0})[1]
            .values() == Values{1, 3, 0, 2});
  // A tensor without axes.
  CHECK(
      run("sort", {array<float>({}, {3})}, {{DType::kFloat32, {}}, {DType::kInt64, {}}}, {0, 0})[1]
          .values() == Values{0});
}

TEST_CASE("sortRows sorts rows lexicographically") {
  for (const DType dtype : {DType::kFloat64, DType::kInt32, DType::kUInt8}) {
    const int64_t n = 300, m = 11;
    const Values x = mixed(n * m, 2);
    std::vector<int64_t> order(static_cast<size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t i, int64_t j) { return row_of(x, i, m) < row_of(x, j, m); });
    CHECK(run("sortRows", {typed(dtype, {n, m}, x)}, {{DType::kInt64, {n}}})[0].values() ==
          Values(order.begin(), order.end()));
  }
}

TEST_CASE("topk takes the k first of each row in stable order") {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kInt32, DType::kUInt8}) {
    for (const bool largest : {false, true}) {
      for (const int64_t n : {1, 7, 300, 9000}) {
        for (const int64_t k : {1, 5, 300, 2500}) {
          if (k > n) continue;
          const int64_t rows = n > 1000 ? 1 : 3;
          Values x = mixed(rows * n, 200);
          if (is_floating(dtype) && n == 300) x[7] = x[100] = NAN;
          const double order = static_cast<double>(largest);
          const Results y = run("topk", {typed(dtype, {rows, n}, x)},
                                {{dtype, {rows, k}}, {DType::kInt64, {rows, k}}},
                                {1, static_cast<double>(k), order, 1});
          Values values, places;
          for (int64_t row = 0; row < rows; ++row) {
            const Values own = row_of(x, row, n);
            const std::vector<int64_t> sorted = order_of(own, largest);
            for (int64_t i = 0; i < k; ++i) {
              places.push_back(static_cast<double>(sorted[static_cast<size_t>(i)]));
              values.push_back(own[static_cast<size_t>(sorted[static_cast<size_t>(i)])]);
            }
          }
          INFO(dtype_name(dtype) << " n " << n << " k " << k);
          CHECK(y[1].values() == places);
          CHECK(close(y[0].values(), values, 0, 0));
          // Unsorted, the same elements.
          Values some = run("topk", {typed(dtype, {rows, n}, x)},
                            {{dtype, {rows, k}}, {DType::kInt64, {rows, k}}},
                            {1, static_cast<double>(k), order, 0})[1]
                            .values();
          for (int64_t row = 0; row < rows; ++row) {
            std::sort(some.begin() + row * k, some.begin() + (row + 1) * k);
            std::sort(places.begin() + row * k, places.begin() + (row + 1) * k);
          }
          CHECK(some == places);
        }
      }
    }
  }
}

TEST_CASE("kthvalue, median and mode choose one element of each row") {
  const int64_t n = 700;
  const Values x = mixed(n, 150);
  const std::vector<int64_t> order = order_of(x, false);
  for (const double k : {1, 2, 350, 699, 700}) {
    const Results y = run("kthvalue", {typed(DType::kFloat32, {n}, x)},
                          {{DType::kFloat32, {}}, {DType::kInt64, {}}}, {0, k});
    CHECK(y[1].value(0) == order[static_cast<size_t>(k) - 1]);
    CHECK(y[0].value(0) == x[static_cast<size_t>(order[static_cast<size_t>(k) - 1])]);
  }
  const auto median = [](const Values& row, bool ignores_nan) {
    const Results y =
        run("median", {array<double>({static_cast<int64_t>(row.size())}, row)},
            {{DType::kFloat64, {}}, {DType::kInt64, {}}}, {0, static_cast<double>(ignores_nan)});
    return std::pair(y[0].value(0), y[1].value(0));
  };
  CHECK(median({4, 1, 3, 2}, false) == std::pair(2.0, 3.0));
  CHECK(median({4, NAN, 3, NAN}, false).second == 1);
  CHECK(median({4, NAN, 3, NAN}, true) == std::pair(3.0, 2.0));
  CHECK(median({NAN, NAN}, true).second == 0);
  // All elements, without a place.
  CHECK(run("median", {array<int32_t>({2, 2}, {9, 1, 5, 3})}, {{DType::kInt32, {}}}, {-1, 0})[0]
            .values() == Values{3});
  const Results y =
      run("mode", {array<float>({3, 5}, {1, 2, 2, 1, 0, 7, 7, 7, 7, 7, NAN, NAN, 5, 4, 6})},
          {{DType::kFloat32, {3}}, {DType::kInt64, {3}}}, {1});
  CHECK(y[0].values() == Values{1, 7, 4});
  CHECK(y[1].values() == Values{3, 4, 3});
  std::map<double, int> counts;
  for (double value : x) ++counts[value];
  double best = x[0];
  for (const auto& [value, count] : counts)
    if (count > counts[best] || (count == counts[best] && value < best)) best = value;
  CHECK(run("mode", {typed(DType::kInt64, {n}, x)}, {{DType::kInt64, {}}, {DType::kInt64, {}}},
            {0})[0]
            .value(0) == best);
}

TEST_CASE("searchsorted finds where values belong") {
  const Array sequence = array<float>({2, 4}, {1, 3, 3, 5, 0, 0, NAN, NAN});
  const Array values = array<float>({2, 3}, {3, 0, 9, 0, 7, NAN});
  const auto found = [&](double right) {
    return run("searchsorted", {sequence, values}, {{DType::kInt64, {2, 3}}}, {right})[0].values();
  };
  CHECK(found(0) == Values{1, 0, 4, 0, 4, 4});
  CHECK(found(1) == Values{3, 0, 4, 4, 4, 4});
  CHECK(run("searchsorted",
            {array<int64_t>({3}, {30, 10, 20}), array<int64_t>({2}, {10, 25}),
             array<int64_t>({3}, {1, 2, 0})},
            {{DType::kInt32, {2}}}, {0})[0]
            .values() == Values{0, 2});
  CHECK_THROWS_WITH(
      run("searchsorted",
          {array<int64_t>({2}, {1, 2}), array<int64_t>({1}, {1}), array<int64_t>({2}, {0, 2})},
          {{DType::kInt64, {1}}}, {0}),
      doctest::Contains("the sorter's index 2"));
}

TEST_CASE("bincount and histogram count") {
  for (const int64_t bins : {10, 6000}) {
    const int64_t n = 5000;
    const Values x = mixed(n, 10);
    Values counts(static_cast<size_t>(bins), 0), weights, sums(static_cast<size_t>(bins), 0);
    for (int64_t i = 0; i < n; ++i) {
      weights.push_back(static_cast<double>(i % 5));
      counts[static_cast<size_t>(x[static_cast<size_t>(i)])] += 1;
      sums[static_cast<size_t>(x[static_cast<size_t>(i)])] += weights.back();
    }
    for (const DType dtype : {DType::kInt64, DType::kInt32, DType::kUInt8})
      CHECK(run("bincount", {typed(dtype, {n}, x), In(std::nullopt)}, {{DType::kInt64, {bins}}})[0]
                .values() == counts);
    for (const bool ordered : {false, true}) {
      set_deterministic(ordered);
      CHECK(run("bincount", {typed(DType::kInt64, {n}, x), typed(DType::kFloat32, {n}, weights)},
                {{DType::kFloat32, {bins}}})[0]
                .values() == sums);
    }
    set_deterministic(false);
  }
  CHECK_THROWS_WITH(
      run("bincount", {array<int64_t>({2}, {1, -1}), In(std::nullopt)}, {{DType::kInt64, {2}}}),
      doctest::Contains("the number -1 has no bin"));
  const Array x = array<float>({7}, {0, 0.5, 1, 2, 2.5, NAN, -1});
  for (const double kind : {0, 1, 2}) {
    CHECK(run("histogram", {x, array<float>({3}, {0, 1, 2}), In(std::nullopt)},
              {{DType::kFloat32, {2}}}, {kind})[0]
              .values() == Values{2, 2});
    for (const bool ordered : {false, true}) {
      set_deterministic(ordered);
      CHECK(run("histogram",
                {x, array<float>({3}, {0, 1, 2}), array<float>({7}, {1, 2, 4, 8, 16, 32, 64})},
                {{DType::kFloat32, {2}}}, {kind})[0]
                .values() == Values{3, 12});
    }
    set_deterministic(false);
  }
}

}  // namespace flambeau::cuda::testing
