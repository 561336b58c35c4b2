#include <doctest/doctest.h>

#include <limits>

#include "isa.h"
#include "kernel_harness.h"
#include "reduce_scan.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ScanTable, scan_table)

namespace {

using namespace testing;

std::vector<double> params_of(int axis, bool backwards) {
  return {static_cast<double>(axis), backwards ? 1.0 : 0.0};
}

// Visits the elements of every line along an axis, in order: visit(flat row-major index, is first).
template <class Visit>
void along(const Shape& shape, int axis, bool backwards, const Visit& visit) {
  int64_t inner = 1;
  for (int a = axis + 1; a < shape.ndim; ++a) inner *= shape.sizes[a];
  const int64_t n = shape.sizes[axis];
  for (int64_t line = 0; n > 0 && line < shape.numel() / n; ++line)
    for (int64_t k = 0; k < n; ++k) {
      const int64_t i = backwards ? n - 1 - k : k;
      visit((line / inner * n + i) * inner + line % inner, k == 0);
    }
}

template <class T>
std::vector<Tensor> layouts() {
  return {random_tensor<T>({1}, 1),
          random_tensor<T>({7}, 2),
          random_tensor<T>({1030}, 3),
          random_tensor<T>({5, 6}, 4),
          random_tensor<T>({3, 4, 5}, 5),
          random_tensor<T>({0, 3}, 6),
          random_tensor<T>({3, 1100}, 7),
          transposed(random_tensor<T>({9, 12}, 8), 0, 1),
          every_second(random_tensor<T>({9, 13}, 9), 1),
          expanded(random_tensor<T>({6}, 10), 3)};
}

template <class T>
void check(const char* kernel, bool product) {
  for (const Tensor& x : layouts<T>())
    for (int axis = 0; axis < x.ndim(); ++axis)
      for (bool backwards : {false, true}) {
        const Tensor y = run(kernel, {x}, {{x.dtype, x.shape}}, params_of(axis, backwards))[0];
        using A = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
        std::vector<double> expected(static_cast<size_t>(x.numel())), got(expected.size());
        A total = 0;
        along(x.shape, axis, backwards, [&](int64_t i, bool first) {
          const A v = static_cast<A>(element<T>(x, i));
          total = first ? v : product ? total * v : total + v;
          expected[static_cast<size_t>(i)] = static_cast<double>(static_cast<T>(total));
          got[static_cast<size_t>(i)] = static_cast<double>(element<T>(y, i));
        });
        INFO(kernel << " of rank " << x.ndim() << ", axis " << axis << ", size " << x.size(axis));
        CHECK(difference(got, expected) < (std::is_same_v<T, float> ? 1e-7 : 1e-13));
      }
}

}  // namespace

TEST_CASE("running sums and products agree with a plain loop, whatever the layout") {
  check<float>("cumsum", false);
  check<double>("cumsum", false);
  check<int64_t>("cumsum", false);
  check<int32_t>("cumsum", false);
  check<uint8_t>("cumsum", false);
  check<float>("cumprod", true);
  check<double>("cumprod", true);
  check<int64_t>("cumprod", true);
  check<int32_t>("cumprod", true);
}

TEST_CASE("a running sum of floats keeps its digits, and carries NaN and infinities on") {
  const int64_t n = 100000;
  Tensor x = empty_tensor({n}, DType::kFloat32);
  std::fill_n(x.as<float>(), n, 0.1F);
  Tensor y = run("cumsum", {x}, {{DType::kFloat32, {n}}}, {0, 0})[0];
  CHECK(y.as<float>()[n - 1] == static_cast<float>(n * static_cast<double>(0.1F)));
  x.as<float>()[10] = INFINITY;
  x.as<float>()[20] = -INFINITY;
  y = run("cumsum", {x}, {{DType::kFloat32, {n}}}, {0, 0})[0];
  CHECK(std::isfinite(y.as<float>()[9]));
  CHECK(y.as<float>()[19] == INFINITY);
  CHECK(std::isnan(y.as<float>()[20]));
  CHECK(std::isnan(y.as<float>()[n - 1]));
}

TEST_CASE("the memory order is kept, and large outputs are whole") {
  const Tensor turned = transposed(random_tensor<float>({30, 40}, 1), 0, 1);
  CHECK(run("cumsum", {turned}, {{DType::kFloat32, {40, 30}}}, {0, 0})[0].stride(0) == 1);
  const Shape shape = {2100, 2100};  // more than what is written past the caches
  Tensor x = empty_tensor(shape, DType::kFloat32);
  for (int64_t i = 0; i < x.numel(); ++i) x.as<float>()[i] = static_cast<float>(i % 17);
  for (int axis : {0, 1})
    for (bool backwards : {false, true}) {
      const Tensor y =
          run("cumsum", {x}, {{DType::kFloat32, shape}}, params_of(axis, backwards))[0];
      int64_t wrong = 0;
      double total = 0;
      along(shape, axis, backwards, [&](int64_t i, bool first) {
        total = (first ? 0 : total) + static_cast<double>(x.as<float>()[i]);
        wrong += y.as<float>()[i] != static_cast<float>(total);
      });
      CHECK(wrong == 0);
    }
}

TEST_CASE("a recurrence agrees with a plain loop") {
  for (const Tensor& x : layouts<double>())
    for (int axis = 0; axis < x.ndim(); ++axis)
      for (bool backwards : {false, true}) {
        const Tensor a = random_tensor<double>(x.shape, 40);
        const Tensor y =
            run("recurrence", {a, x}, {{DType::kFloat64, x.shape}}, params_of(axis, backwards))[0];
        int64_t wrong = 0;
        double total = 0;
        int64_t before = 0;
        along(x.shape, axis, backwards, [&](int64_t i, bool first) {
          const double factor = element<double>(a, backwards ? before : i);
          total = element<double>(x, i) + (first ? 0 : factor * total);
          before = i;
          wrong += !(std::fabs(element<double>(y, i) - total) < 1e-12 * (1 + std::fabs(total)));
        });
        CHECK(wrong == 0);
      }
}

TEST_CASE("cumulative kernels refuse what does not fit") {
  const Tensor x = random_tensor<float>({2, 3}, 1);
  CHECK_THROWS_AS(run("cumsum", {x}, {{DType::kFloat32, {2, 3}}}, {2, 0}), Failure);
  CHECK_THROWS_AS(run("cumsum", {x}, {{DType::kFloat64, {2, 3}}}, {0, 0}), Failure);
  CHECK_THROWS_AS(run("cumprod", {x}, {{DType::kFloat32, {3, 2}}}, {0, 0}), Failure);
  CHECK_THROWS_AS(
      run("recurrence", {x, random_tensor<float>({2, 2}, 1)}, {{DType::kFloat32, {2, 3}}}, {0, 0}),
      Failure);
}

TEST_CASE("every instruction set computes the same sums") {
  const Tensor x = random_tensor<float>({1001}, 1);
  std::vector<std::vector<float>> results;
  for (Isa isa : supported_isas())
    for (bool backwards : {false, true}) {
      const Scan& scan = active::scan_table(isa).sum[0];
      std::vector<float>& y = results.emplace_back(1001);
      double carry[1] = {};
      scan.clear(reinterpret_cast<char*>(carry), 1);
      scan.run(x.data, reinterpret_cast<char*>(y.data()), 1001, backwards,
               reinterpret_cast<char*>(carry));
    }
  for (size_t i = 2; i < results.size(); ++i) CHECK(difference(results[i], results[i % 2]) < 1e-7);
}

}  // namespace flambeau
