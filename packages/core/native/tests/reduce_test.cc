#include "reduce.h"

#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <limits>

#include "isa.h"
#include "kernel_harness.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ReduceTable, reduce_table)
FLAMBEAU_SIMD_TABLE(ReducePairTable, reduce_pair_table)
FLAMBEAU_SIMD_TABLE(ReduceIndexTable, reduce_index_table)

namespace {

using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using List = std::vector<double>;

// Shape of the result, and for each of its elements those of x that meet there, in row-major order.
struct Groups {
  Shape shape;
  std::vector<List> lists;
};
template <class T>
Groups groups_of(const Tensor& x, uint32_t mask, bool keepdim) {
  Groups groups;
  std::vector<int64_t> kept_sizes;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const bool reduced = (mask >> axis & 1) != 0;
    if (!reduced || keepdim) groups.shape.sizes[groups.shape.ndim++] = reduced ? 1 : x.size(axis);
  }
  groups.lists.resize(static_cast<size_t>(groups.shape.numel()));
  for (int64_t i = 0; i < x.numel(); ++i) {
    int64_t rest = i, place = 0, step = 1;
    for (int axis = x.ndim() - 1; axis >= 0; --axis) {
      const int64_t at = rest % x.size(axis);
      rest /= x.size(axis);
      if ((mask >> axis & 1) != 0) continue;
      place += at * step;
      step *= x.size(axis);
    }
    groups.lists[static_cast<size_t>(place)].push_back(static_cast<double>(element<T>(x, i)));
  }
  return groups;
}

std::vector<double> axes_params(uint32_t mask, std::vector<double> params = {}) {
  for (int axis = 0; axis < kMaxDims; ++axis)
    if ((mask >> axis & 1) != 0) params.push_back(axis);
  return params;
}

Tensor permuted(const Tensor& x, const std::vector<int>& order) {
  Tensor view = x;
  for (size_t i = 0; i < order.size(); ++i) {
    view.shape.sizes[i] = x.size(order[i]);
    view.strides[i] = x.stride(order[i]);
  }
  return view;
}

// Tensors of many layouts and sizes around the widths of the loops.
template <class T>
std::vector<Tensor> layouts() {
  std::vector<Tensor> list = {
      random_tensor<T>({}, 1),          random_tensor<T>({1}, 2),
      random_tensor<T>({15}, 3),        random_tensor<T>({16}, 4),
      random_tensor<T>({257}, 5),       random_tensor<T>({2, 3}, 6),
      random_tensor<T>({33, 10}, 7),    random_tensor<T>({10, 131}, 8),
      random_tensor<T>({7, 1100}, 9),   random_tensor<T>({70, 31}, 10),
      random_tensor<T>({5, 33, 6}, 11), random_tensor<T>({3, 1, 4, 5}, 12),
      random_tensor<T>({0, 4}, 13),
  };
  list.push_back(transposed(random_tensor<T>({40, 70}, 20), 0, 1));
  list.push_back(every_second(random_tensor<T>({9, 101}, 21), 1));
  list.push_back(every_second(random_tensor<T>({200, 3}, 22), 0));
  list.push_back(expanded(random_tensor<T>({13, 3}, 23), 7));
  list.push_back(transposed(expanded(random_tensor<T>({13, 3}, 24), 7), 0, 2));
  list.push_back(permuted(random_tensor<T>({2, 6, 7, 3}, 25), {0, 3, 1, 2}));  // channels-last
  list.push_back(permuted(random_tensor<T>({3, 9, 11, 40}, 26), {0, 3, 1, 2}));
  list.push_back(every_second(permuted(random_tensor<T>({2, 6, 7, 8}, 27), {0, 3, 1, 2}), 1));
  return list;
}

struct Reference {
  const char* kernel;
  std::vector<double> params;
  std::function<double(const List&)> value;
};

double sum_of(const List& x, const std::function<double(double)>& f) {
  long double sum = 0;
  for (double v : x) sum += f(v);
  return static_cast<double>(sum);
}
double mean_of(const List& x) {
  return sum_of(x, [](double v) { return v; }) / static_cast<double>(x.size());
}
double variance_of(const List& x, double correction) {
  const double mean = mean_of(x);
  return sum_of(x, [mean](double v) { return (v - mean) * (v - mean); }) /
         std::fmax(0, static_cast<double>(x.size()) - correction);
}
double largest_of(const List& x) { return *std::max_element(x.begin(), x.end()); }
double smallest_of(const List& x) { return *std::min_element(x.begin(), x.end()); }

// Runs `kernel` on all layouts, over all sets of axes, and compares.
template <class T, class Y>
void check(const Reference& reference, bool nonempty = false) {
  for (const Tensor& x : layouts<T>()) {
    for (uint32_t mask = 0; mask < uint32_t{1} << x.ndim(); ++mask) {
      const bool keepdim = mask % 3 == 1;
      const Groups groups = groups_of<T>(x, mask, keepdim);
      if (nonempty && !groups.lists.empty() && groups.lists[0].empty()) continue;
      std::vector<double> expected;
      for (const List& list : groups.lists) expected.push_back(reference.value(list));
      const Tensor y = run(reference.kernel, {x}, {{dtype_of<Y>, groups.shape}},
                           axes_params(mask, reference.params))[0];
      std::vector<double> got;
      for (Y v : values<Y>(y)) got.push_back(static_cast<double>(v));
      INFO(reference.kernel << " of rank " << x.ndim() << ", axes " << mask << ", first size "
                            << (x.ndim() > 0 ? x.size(0) : 0));
      const double tolerance = std::is_same_v<Y, float> ? 1e-6 : 1e-11;
      CHECK(difference(got, expected) < (std::is_integral_v<Y> ? 1e-300 : tolerance));
    }
  }
}

std::vector<Reference> float_references() {
  const auto power = [](double p) {
    return [p](const List& x) {
      return std::pow(sum_of(x, [p](double v) { return std::pow(std::fabs(v), p); }), 1 / p);
    };
  };
  return {
      {"sum", {}, [](const List& x) { return sum_of(x, [](double v) { return v; }); }},
      {"mean", {}, mean_of},
      {"var", {1}, [](const List& x) { return variance_of(x, 1); }},
      {"var", {0}, [](const List& x) { return variance_of(x, 0); }},
      {"std", {1}, [](const List& x) { return std::sqrt(variance_of(x, 1)); }},
      {"norm", {2}, power(2)},
      {"norm", {1}, power(1)},
      {"norm", {3}, power(3)},
      {"norm", {2.5}, power(2.5)},
      {"logsumexp",
       {},
       [](const List& x) { return std::log(sum_of(x, [](double v) { return std::exp(v); })); }},
  };
}

}  // namespace

TEST_CASE("reductions of floats agree with a plain loop, whatever the layout") {
  for (const Reference& reference : float_references()) {
    check<float, float>(reference);
    check<double, double>(reference);
  }
}

TEST_CASE("products agree with a plain loop") {
  const auto product = [](const List& x) {
    double p = 1;
    for (double v : x) p *= v;
    return p;
  };
  check<float, float>({"prod", {}, product});
  check<double, double>({"prod", {}, product});
}

TEST_CASE("reductions of whole numbers and bools are exact") {
  const auto sum = [](const List& x) { return sum_of(x, [](double v) { return v; }); };
  const auto count = [](const List& x) { return sum_of(x, [](double v) { return v != 0; }); };
  check<int64_t, int64_t>({"sum", {}, sum});
  check<int32_t, int64_t>({"sum", {}, sum});
  check<uint8_t, int64_t>({"sum", {}, sum});
  check<bool, int64_t>({"sum", {}, sum});
  check<int32_t, int64_t>({"countNonzero", {}, count});
  check<float, int64_t>({"countNonzero", {}, count});
  check<uint8_t, bool>({"any", {}, [&](const List& x) { return count(x) > 0; }});
  check<bool, bool>(
      {"all", {}, [&](const List& x) { return count(x) == static_cast<double>(x.size()); }});
}

TEST_CASE("the largest and smallest elements are found in any layout") {
  check<float, float>({"amax", {}, largest_of}, true);
  check<double, double>({"amin", {}, smallest_of}, true);
  check<int64_t, int64_t>({"amin", {}, smallest_of}, true);
  check<int32_t, int32_t>({"amax", {}, largest_of}, true);
  check<uint8_t, uint8_t>({"amax", {}, largest_of}, true);
  check<bool, bool>({"amin", {}, smallest_of}, true);
  check<float, float>(
      {"norm", {kInf}, [](const List& x) { return std::fmax(largest_of(x), -smallest_of(x)); }},
      true);
}

namespace {

template <class T>
void check_places(const char* kernel, bool largest) {
  for (const Tensor& x : layouts<T>()) {
    for (int axis = 0; axis < x.ndim(); ++axis) {
      const Groups groups = groups_of<T>(x, uint32_t{1} << axis, false);
      if (x.size(axis) == 0) continue;
      std::vector<int64_t> expected;
      List expected_values;
      for (const List& list : groups.lists) {
        const auto found = largest ? std::max_element(list.begin(), list.end())
                                   : std::min_element(list.begin(), list.end());
        expected.push_back(found - list.begin());
        expected_values.push_back(*found);
      }
      const auto outs =
          run(kernel, {x}, {{dtype_of<T>, groups.shape}, {DType::kInt64, groups.shape}},
              {static_cast<double>(axis)});
      INFO(kernel << " of rank " << x.ndim() << ", axis " << axis << ", size " << x.size(axis));
      CHECK(values<int64_t>(outs[1]) == expected);
      List got;
      for (T v : values<T>(outs[0])) got.push_back(static_cast<double>(v));
      CHECK(got == expected_values);
    }
  }
}

}  // namespace

TEST_CASE("places are those of the first of equal elements") {
  check_places<float>("max", true);
  check_places<float>("min", false);
  check_places<double>("max", true);
  check_places<int64_t>("min", false);
  check_places<int32_t>("max", true);
  check_places<uint8_t>("max", true);
  check_places<bool>("min", false);
  const Tensor ties = tensor<float>({2, 40}, std::vector<float>(80, 2));
  CHECK(values<int64_t>(run("argmax", {ties}, {{DType::kInt64, {}}}, {-1})[0])[0] == 0);
  Tensor large = random_tensor<float>({1 << 18}, 3);
  large.as<float>()[200001] = large.as<float>()[200003] = 5;
  for (int threads : {1, 2, 3}) {
    const Threads scope(threads);
    CHECK(values<int64_t>(run("argmax", {large}, {{DType::kInt64, {}}}, {-1})[0])[0] == 200001);
  }
}

TEST_CASE("NaN wins, at its first place") {
  for (int64_t n : {3, 100, 5000}) {
    Tensor x = random_tensor<float>({n, 2}, 5);
    x.as<float>()[2 * (n - 2) + 1] = x.as<float>()[2 * (n - 1) + 1] = NAN;
    for (const Tensor& layout : {x, transposed(transposed(x, 0, 1), 0, 1)}) {
      for (const char* kernel : {"max", "min"}) {
        const auto outs =
            run(kernel, {layout}, {{DType::kFloat32, {2}}, {DType::kInt64, {2}}}, {0});
        CHECK(std::isnan(values<float>(outs[0])[1]));
        CHECK_FALSE(std::isnan(values<float>(outs[0])[0]));
        CHECK(values<int64_t>(outs[1])[1] == n - 2);
      }
    }
    const std::vector<float> high =
        values<float>(run("amax", {x}, {{DType::kFloat32, {2}}}, {0})[0]);
    CHECK((std::isnan(high[1]) && !std::isnan(high[0])));
    CHECK(std::isnan(values<float>(run("norm", {x}, {{DType::kFloat32, {}}}, {kInf, 0, 1})[0])[0]));
  }
}

TEST_CASE("log-sum-exp survives large numbers and infinities") {
  const auto of = [](const std::vector<float>& list) {
    const Tensor x = tensor<float>({static_cast<int64_t>(list.size())}, list);
    return values<float>(run("logsumexp", {x}, {{DType::kFloat32, {}}}, {0})[0])[0];
  };
  CHECK(of({1000, 1000}) == doctest::Approx(1000.6931).epsilon(1e-6));
  CHECK(of({-1000, -1001}) == doctest::Approx(-999.68674).epsilon(1e-6));
  CHECK(of({-INFINITY, -INFINITY}) == -INFINITY);
  CHECK(of({-INFINITY, 2}) == 2);
  CHECK(of({INFINITY, 1}) == INFINITY);
  CHECK(of({INFINITY, -INFINITY}) == INFINITY);
  CHECK(std::isnan(of({NAN, 1})));
  CHECK(of({}) == -INFINITY);
}

TEST_CASE("a variance does not suffer from a large mean") {
  std::vector<float> list(100000);
  for (size_t i = 0; i < list.size(); ++i) list[i] = 4096 + static_cast<float>(i % 2);
  const Tensor x = tensor<float>({100000}, list);
  const auto outs = run("varMean", {x}, {{DType::kFloat32, {}}, {DType::kFloat32, {}}}, {0, 0});
  CHECK(values<float>(outs[0])[0] == 0.25F);
  CHECK(values<float>(outs[1])[0] == 4096.5F);
}

TEST_CASE("too few elements for the correction") {
  const Tensor x = tensor<float>({2}, {1, 2});
  const auto variance = [&](const Tensor& t, double correction) {
    return values<float>(run("var", {t}, {{DType::kFloat32, {}}}, {correction, 0})[0])[0];
  };
  CHECK(variance(x, 2) == INFINITY);
  CHECK(variance(x, 3) == INFINITY);
  CHECK(std::isnan(variance(tensor<float>({1}, {1}), 1)));
  CHECK(std::isnan(variance(tensor<float>({0}, {}), 1)));
}

TEST_CASE("whole numbers wrap, and a float sum of many keeps its digits") {
  const int64_t big = std::numeric_limits<int64_t>::max();
  CHECK(values<int64_t>(run("sum", {tensor<int64_t>({2}, {big, 1})}, {{DType::kInt64, {}}},
                            {0})[0])[0] == std::numeric_limits<int64_t>::min());
  Tensor x = empty_tensor({1 << 20}, DType::kFloat32);
  std::fill_n(x.as<float>(), x.numel(), 0.1F);
  CHECK(values<float>(run("sum", {x}, {{DType::kFloat32, {}}}, {0})[0])[0] ==
        static_cast<float>(0.1F * double{1 << 20}));
}

TEST_CASE("results do not depend on the number of threads") {
  const Tensor matrix = random_tensor<float>({700, 900}, 1);
  const Tensor flat = random_tensor<float>({700 * 900}, 2);
  const Tensor channels = permuted(random_tensor<float>({8, 40, 40, 48}, 3), {0, 3, 1, 2});
  const auto all = [&] {
    std::vector<float> bits;
    const auto add = [&](const char* kernel, const Tensor& x, const Shape& shape,
                         const std::vector<double>& params) {
      for (float v : values<float>(run(kernel, {x}, {{DType::kFloat32, shape}}, params)[0]))
        bits.push_back(v);
    };
    for (const char* kernel : {"sum", "mean", "logsumexp", "prod", "amax"}) {
      add(kernel, matrix, {900}, {0});
      add(kernel, matrix, {700}, {1});
      add(kernel, flat, {}, {0});
      add(kernel, channels, {48}, {0, 2, 3});
      add(kernel, channels, {8, 48}, {2, 3});
    }
    add("var", flat, {}, {1, 0});
    add("var", matrix, {900}, {1, 0});
    add("norm", flat, {}, {3, 0});
    return bits;
  };
  std::vector<float> expected;
  {
    const Threads scope(1);
    expected = all();
  }
  for (int threads : {2, 3}) {
    const Threads scope(threads);
    const std::vector<float> bits = all();
    REQUIRE(bits.size() == expected.size());
    CHECK(std::memcmp(bits.data(), expected.data(), bits.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("the output takes the memory order of the input") {
  const Tensor x = permuted(random_tensor<float>({2, 6, 7, 8}, 3), {0, 3, 1, 2});
  const Tensor y = run("sum", {x}, {{DType::kFloat32, {8, 6, 7}}}, {0})[0];
  CHECK(y.stride(0) == 1);
  CHECK(y.stride(2) == 8);
  CHECK(y.stride(1) == 56);
}

TEST_CASE("outputs that are written past the caches are whole") {
  Tensor x = empty_tensor({2, (1 << 22) + 13}, DType::kFloat32);
  for (int64_t i = 0; i < x.numel(); ++i) x.as<float>()[i] = static_cast<float>(i % 1001);
  const Tensor y = run("sum", {x}, {{DType::kFloat32, {x.size(1)}}}, {0})[0];
  int64_t wrong = 0;
  for (int64_t i = 0; i < y.numel(); ++i)
    wrong += y.as<float>()[i] != x.as<float>()[i] + x.as<float>()[i + y.numel()];
  CHECK(wrong == 0);
}

TEST_CASE("kernels refuse outputs and axes that do not fit") {
  const Tensor x = random_tensor<float>({2, 3}, 1);
  CHECK_THROWS_AS(run("sum", {x}, {{DType::kFloat32, {2}}}, {0}), Failure);
  CHECK_THROWS_AS(run("sum", {x}, {{DType::kFloat32, {}}}, {0}), Failure);
  CHECK_THROWS_AS(run("sum", {x}, {{DType::kInt64, {3}}}, {0}), Failure);
  CHECK_THROWS_AS(run("sum", {x}, {{DType::kFloat32, {2}}}, {2}), Failure);
  CHECK_THROWS_AS(run("var", {x}, {{DType::kFloat64, {}}}, {1, 0, 1}), Failure);
  CHECK_THROWS_AS(run("amax", {x}, {{DType::kFloat64, {}}}, {0, 1}), Failure);
  CHECK_THROWS_AS(run("max", {x}, {{DType::kFloat32, {}}, {DType::kInt64, {}}}, {0, 1}), Failure);
  CHECK_THROWS_AS(run("argmax", {random_tensor<float>({0, 3}, 1)}, {{DType::kInt64, {3}}}, {0}),
                  Failure);
}

TEST_CASE("every instruction set computes the same quantities") {
  const auto take = [](const Reducer& reducer, const Tensor& x, double power, List* out) {
    for (int64_t n : {1, 15, 16, 100, 255, 1000}) {
      double acc[2] = {};
      char* to = reinterpret_cast<char*>(acc);
      reducer.clear(to, 1, 1);
      reducer.run(to, 1, x.data, n, 0, power);
      reducer.run(to, 1, x.data, n, n, power);
      for (double v : acc) out->push_back(v);
      std::vector<double> row(2 * static_cast<size_t>(n));
      to = reinterpret_cast<char*>(row.data());
      reducer.clear(to, n, n);
      reducer.rows(to, n, x.data, 3, 11, n, 0, power);
      for (double v : row) out->push_back(v);
    }
  };
  for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const Tensor x = dtype == DType::kFloat32 ? random_tensor<float>({2000}, 1)
                                              : random_tensor<double>({2000}, 1);
    const int code = static_cast<int>(dtype);
    std::vector<List> results;
    for (Isa isa : supported_isas()) {
      List& list = results.emplace_back();
      const ReduceTable& table = active::reduce_table(isa);
      for (const ReducerRow& row :
           {table.sum, table.square_sum, table.absolute_sum, table.power_sum,
            active::reduce_pair_table(isa).moments, active::reduce_pair_table(isa).exponents})
        take(row.by_type[code], x, 2.5, &list);
      if (dtype == DType::kFloat64)
        for (const ReducerRow& row :
             {table.largest, table.smallest, table.abs_largest, table.product})
          take(row.by_type[code], x, 0, &list);
    }
    for (const List& list : results) CHECK(difference(list, results[0]) < 2e-6);
  }
}

TEST_CASE("every instruction set finds the same places") {
  const Tensor x = random_tensor<int32_t>({9000}, 1);
  const int32_t* first = x.as<int32_t>();
  for (Isa isa : supported_isas()) {
    const Reducer& reducer = active::reduce_index_table(isa).largest.by_type[3];
    for (int64_t n : {1, 31, 32, 500, 4097, 9000}) {
      int64_t acc[2] = {};
      reducer.run(reinterpret_cast<char*>(acc), 1, x.data, n, 0, 0);
      CHECK(acc[1] == std::max_element(first, first + n) - first);
    }
    std::vector<int64_t> row(2 * 21);
    reducer.rows(reinterpret_cast<char*>(row.data()), 21, x.data, 21, 400, 21, 0, 0);
    for (int64_t j = 0; j < 21; ++j) {
      int64_t place = 0;
      for (int64_t r = 1; r < 400; ++r)
        if (first[r * 21 + j] > first[place * 21 + j]) place = r;
      CHECK(row[static_cast<size_t>(21 + j)] == place);
    }
  }
}

}  // namespace flambeau
