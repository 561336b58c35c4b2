#include <doctest/doctest.h>

#include <limits>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

// a [..., m, k] · b [..., k, n], the batches broadcast by hand to `batch` matrices.
template <class T>
std::vector<T> naive(const Tensor& a, const Tensor& b, const Shape& y) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;
  const int batch_axes = y.ndim - 2;
  const int64_t m = y.sizes[batch_axes], n = y.sizes[batch_axes + 1], k = a.size(a.ndim() - 1);
  const auto base = [&](const Tensor& t, int64_t index) {
    int64_t offset = 0;
    for (int axis = batch_axes - 1; axis >= 0; --axis) {
      const int64_t at = index % y.sizes[axis];
      index /= y.sizes[axis];
      const int own = axis - (batch_axes - (t.ndim() - 2));
      if (own >= 0 && t.size(own) > 1) offset += at * t.stride(own);
    }
    return t.as<T>() + offset;
  };
  std::vector<T> result(static_cast<size_t>(y.numel()));
  for (int64_t q = 0; q < y.numel(); ++q) {
    const int64_t j = q % n, i = q / n % m;
    const T* x = base(a, q / (m * n)) + i * a.stride(a.ndim() - 2);
    const T* w = base(b, q / (m * n)) + j * b.stride(b.ndim() - 1);
    Sum sum = 0;
    for (int64_t p = 0; p < k; ++p)
      sum += static_cast<Sum>(x[p * a.stride(a.ndim() - 1)]) *
             static_cast<Sum>(w[p * b.stride(b.ndim() - 2)]);
    result[static_cast<size_t>(q)] = static_cast<T>(sum);
  }
  return result;
}

template <class T>
constexpr double kTolerance = std::is_same_v<T, float>    ? 2e-5
                              : std::is_same_v<T, double> ? 1e-13
                                                          : 0;

struct Sizes {
  int64_t m, n, k;
};

template <class T>
void check_matmul(const Tensor& a, const Tensor& b, const Shape& y) {
  const auto result = run("matmul", {a, b}, {{dtype_of<T>, y}});
  CHECK(difference(values<T>(result[0]), naive<T>(a, b, y)) <= kTolerance<T>);
}

TEST_CASE_TEMPLATE("matmul of odd sizes in every layout", T, float, double, int64_t, int32_t,
                   uint8_t) {
  for (const Sizes& sizes : {Sizes{1, 1, 1},
                             {1, 65, 64},
                             {65, 1, 63},
                             {63, 64, 65},
                             {64, 65, 63},
                             {14, 32, 300},
                             {29, 17, 513},
                             {100, 10, 84}}) {
    const int64_t m = sizes.m, n = sizes.n, k = sizes.k;
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    const Tensor a = random_tensor<T>({m, k}, 1);
    const Tensor at = transposed(random_tensor<T>({k, m}, 2), 0, 1);
    const Tensor as = every_second(random_tensor<T>({m, 2 * k}, 3), 1);
    const Tensor b = random_tensor<T>({k, n}, 4);
    const Tensor bt = transposed(random_tensor<T>({n, k}, 5), 0, 1);
    const Tensor bs = every_second(every_second(random_tensor<T>({2 * k, 2 * n}, 6), 0), 1);
    for (const Tensor& x : {a, at, as})
      for (const Tensor& w : {b, bt, bs}) check_matmul<T>(x, w, {m, n});
  }
}

TEST_CASE_TEMPLATE("matmul on several threads", T, float, double) {
  const Threads threads(3);
  for (const Sizes& sizes :
       {Sizes{257, 301, 129}, {3, 900, 700}, {900, 3, 700}, {5, 7, 50000}, {1, 1, 100001}}) {
    const int64_t m = sizes.m, n = sizes.n, k = sizes.k;
    CAPTURE(m);
    const Tensor a = random_tensor<T>({m, k}, 1);
    const Tensor b = random_tensor<T>({k, n}, 2);
    const Shape y{m, n};
    const auto result = run("matmul", {a, b}, {{dtype_of<T>, y}});
    CHECK(difference(values<T>(result[0]), naive<T>(a, b, y)) <= 20 * kTolerance<T>);
    const auto again = run("matmul", {a, b}, {{dtype_of<T>, y}});
    CHECK(values<T>(again[0]) == values<T>(result[0]));
  }
}

TEST_CASE("matmul broadcasts batches") {
  const Threads threads(2);
  const Tensor a = random_tensor<float>({4, 3, 5, 7}, 1);
  check_matmul<float>(a, random_tensor<float>({7, 6}, 2), {4, 3, 5, 6});  // one b: rows merge
  check_matmul<float>(a, random_tensor<float>({3, 7, 6}, 3), {4, 3, 5, 6});
  check_matmul<float>(a, random_tensor<float>({4, 1, 7, 6}, 4), {4, 3, 5, 6});
  check_matmul<float>(random_tensor<float>({5, 7}, 5), random_tensor<float>({8, 7, 6}, 6),
                      {8, 5, 6});
  check_matmul<float>(random_tensor<float>({1, 5, 7}, 5), random_tensor<float>({2, 1, 7, 6}, 6),
                      {2, 1, 5, 6});
  check_matmul<float>(random_tensor<float>({9, 1, 7}, 5), random_tensor<float>({7, 6}, 6),
                      {9, 1, 6});
  // Strided batches, as of attention heads: [batch, time, heads, width] seen as [batch, heads, …].
  const Tensor q = transposed(random_tensor<float>({3, 9, 2, 8}, 7), 1, 2);
  const Tensor k = transposed(transposed(random_tensor<float>({3, 9, 2, 8}, 8), 1, 2), 2, 3);
  check_matmul<float>(q, k, {3, 2, 9, 9});
  check_matmul<float>(q, random_tensor<float>({8, 4}, 9), {3, 2, 9, 4});
  check_matmul<float>(expanded(random_tensor<float>({5, 7}, 10), 3),
                      random_tensor<float>({7, 2}, 11), {3, 5, 2});
  check_matmul<float>(expanded(random_tensor<float>({7}, 10), 5), random_tensor<float>({7, 2}, 11),
                      {5, 2});
}

TEST_CASE("matmul of many small matrices") {
  const Threads threads(2);
  check_matmul<float>(random_tensor<float>({192, 65, 64}, 1),
                      random_tensor<float>({192, 64, 65}, 2), {192, 65, 65});
  check_matmul<double>(random_tensor<double>({700, 3, 2}, 1), random_tensor<double>({700, 2, 5}, 2),
                       {700, 3, 5});
}

TEST_CASE("matmul of vectors") {
  const Tensor x = random_tensor<float>({7}, 1);
  const Tensor w = random_tensor<float>({3, 7, 4}, 2);
  Tensor row = x;
  row.shape = {1, 7};
  row.strides[0] = 7;
  row.strides[1] = 1;
  const auto left = run("matmul", {x, w}, {{DType::kFloat32, {3, 4}}});
  CHECK(difference(values<float>(left[0]), naive<float>(row, w, {3, 1, 4})) < 1e-6);
  const Tensor v = transposed(w, 1, 2);
  const auto right = run("matmul", {v, x}, {{DType::kFloat32, {3, 4}}});
  CHECK(difference(values<float>(right[0]), values<float>(left[0])) < 1e-6);
  const auto dot = run("matmul", {tensor<int64_t>({3}, {1, 2, 3}), tensor<int64_t>({3}, {4, 5, 6})},
                       {{DType::kInt64, {}}});
  CHECK(values<int64_t>(dot[0]) == std::vector<int64_t>{32});
}

TEST_CASE("matmul without elements") {
  for (const int64_t k : {0, 3}) {
    for (const Shape& y : {Shape{0, 4}, Shape{4, 0}, Shape{2, 3}}) {
      const auto result =
          run("matmul",
              {random_tensor<float>({y.sizes[0], k}, 1), random_tensor<float>({k, y.sizes[1]}, 2)},
              {{DType::kFloat32, y}});
      CHECK(result[0].shape == y);
      if (k == 0)
        for (float value : values<float>(result[0])) CHECK(value == 0);
    }
  }
  const auto batch =
      run("matmul", {random_tensor<double>({0, 2, 3}, 1), random_tensor<double>({3, 4}, 2)},
          {{DType::kFloat64, {0, 2, 4}}});
  CHECK(batch[0].numel() == 0);
}

TEST_CASE_TEMPLATE("matmul passes NaN and infinities on", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  Tensor a = random_tensor<T>({65, 33}, 1);
  Tensor b = random_tensor<T>({33, 17}, 2);
  a.as<T>()[3 * 33 + 5] = nan;
  a.as<T>()[64 * 33 + 5] = inf;
  b.as<T>()[5 * 17 + 2] = 0;
  const auto y = values<T>(run("matmul", {a, b}, {{dtype_of<T>, {65, 17}}})[0]);
  for (size_t j = 0; j < 17; ++j) {
    CHECK(std::isnan(y[3 * 17 + j]));
    CHECK((j == 2 ? std::isnan(y[64 * 17 + j]) : std::isinf(y[64 * 17 + j])));
    CHECK(std::isfinite(y[4 * 17 + j]));
  }
}

TEST_CASE("matmul rejects what does not fit") {
  const Tensor a = random_tensor<float>({2, 3}, 1);
  CHECK_THROWS_AS(run("matmul", {a, a}, {{DType::kFloat32, {2, 3}}}), Failure);
  CHECK_THROWS_AS(run("matmul", {a, transposed(a, 0, 1)}, {{DType::kFloat32, {2, 3}}}), Failure);
  CHECK_THROWS_AS(run("matmul", {a, random_tensor<double>({3, 2}, 1)}, {{DType::kFloat32, {2, 2}}}),
                  Failure);
  CHECK_THROWS_AS(
      run("linear", {a, random_tensor<float>({4, 3}, 1), a}, {{DType::kFloat32, {2, 4}}}), Failure);
}

TEST_CASE_TEMPLATE("addmm scales and adds", T, float, int32_t) {
  const Tensor a = random_tensor<T>({5, 33}, 1);
  const Tensor b = random_tensor<T>({33, 9}, 2);
  const Tensor input = random_tensor<T>({9}, 3);
  const auto product = naive<T>(a, b, {5, 9});
  for (const auto& [beta, alpha] : {std::pair{1.0, 1.0}, {3.0, 2.0}, {0.0, 2.0}, {2.0, 0.0}}) {
    std::vector<T> expected = product;
    for (size_t i = 0; i < expected.size(); ++i)
      expected[i] = static_cast<T>(beta * input.as<T>()[i % 9] + alpha * product[i]);
    const auto y = run("addmm", {input, a, b}, {{dtype_of<T>, {5, 9}}}, {beta, alpha});
    CHECK(difference(values<T>(y[0]), expected) <= kTolerance<T>);
  }
  // In place, into a target with strides of its own.
  const Tensor target = transposed(random_tensor<T>({9, 5}, 4), 0, 1);
  std::vector<T> expected = values<T>(target);
  for (size_t i = 0; i < expected.size(); ++i)
    expected[i] = static_cast<T>(expected[i] + product[i]);
  run("addmm", {target, a, b}, {{dtype_of<T>, {5, 9}, 0}}, {1, 1});
  CHECK(difference(values<T>(target), expected) <= kTolerance<T>);
}

TEST_CASE("addmm does not read its input where beta is 0") {
  const Tensor input = tensor<float>({1, 1}, {std::numeric_limits<float>::quiet_NaN()});
  const Tensor one = tensor<float>({1, 1}, {2});
  CHECK(values<float>(run("addmm", {input, one, one}, {{DType::kFloat32, {1, 1}}}, {0, 1})[0])[0] ==
        4);
}

TEST_CASE_TEMPLATE("linear and the gradient of its weight", T, float, double) {
  const Threads threads(2);
  for (const Sizes& sizes :
       {Sizes{1, 384, 130}, {100, 784, 512}, {6, 65, 63}, {0, 3, 4}, {5, 0, 4}}) {
    const int64_t rows = sizes.m, in = sizes.n, out = sizes.k;
    CAPTURE(rows);
    CAPTURE(in);
    const Tensor w = random_tensor<T>({out, in}, 1);
    const Tensor bias = random_tensor<T>({out}, 2);
    const Tensor x = random_tensor<T>({rows, in}, 3);
    const Tensor xt = transposed(random_tensor<T>({in, rows}, 4), 0, 1);
    const Shape y{rows, out};
    for (const Tensor& input : {x, xt}) {
      auto expected = naive<T>(input, transposed(w, 0, 1), y);
      CHECK(difference(values<T>(run("linear", {input, w}, {{dtype_of<T>, y}})[0]), expected) <=
            2 * kTolerance<T>);
      for (size_t i = 0; i < expected.size(); ++i)
        expected[i] += bias.as<T>()[i % static_cast<size_t>(out)];
      CHECK(difference(values<T>(run("linear", {input, w, bias}, {{dtype_of<T>, y}})[0]),
                       expected) <= 2 * kTolerance<T>);
      for (T& value : expected) value = std::max(value, T{});
      CHECK(difference(values<T>(run("linear", {input, w, bias}, {{dtype_of<T>, y}}, {1})[0]),
                       expected) <= 2 * kTolerance<T>);

      const Tensor grad = random_tensor<T>(y, 5);
      const auto grad_w = run("linear_weight_grad", {grad, input}, {{dtype_of<T>, w.shape}});
      CHECK(difference(values<T>(grad_w[0]), naive<T>(transposed(grad, 0, 1), input, w.shape)) <=
            2 * kTolerance<T>);
      // With the gradient of a bias: that of the operation `sum`, to the last bit.
      const auto both = run("linear_weight_grad", {grad, input},
                            {{dtype_of<T>, w.shape}, {dtype_of<T>, bias.shape}});
      CHECK(values<T>(both[0]) == values<T>(grad_w[0]));
      CHECK(values<T>(both[1]) ==
            values<T>(run("sum", {grad}, {{dtype_of<T>, bias.shape}}, {0})[0]));
    }
  }
}

TEST_CASE("linear takes any number of leading axes in any order") {
  const Tensor w = random_tensor<float>({4, 5}, 1);
  const Tensor x = random_tensor<float>({2, 3, 5}, 2);
  const auto flat = naive<float>(x, transposed(w, 0, 1), {2, 3, 4});
  CHECK(difference(values<float>(run("linear", {x, w}, {{DType::kFloat32, {2, 3, 4}}})[0]), flat) <
        1e-5);
  const Tensor turned = transposed(random_tensor<float>({3, 2, 5}, 3), 0, 1);  // needs a copy
  CHECK(difference(values<float>(run("linear", {turned, w}, {{DType::kFloat32, {2, 3, 4}}})[0]),
                   naive<float>(turned, transposed(w, 0, 1), {2, 3, 4})) < 1e-5);
  Tensor row = random_tensor<float>({5}, 4);
  CHECK(run("linear", {row, w}, {{DType::kFloat32, {4}}})[0].shape == Shape{4});
  // The gradient of a sum: one number expanded.
  Tensor grad = tensor<float>({}, {2});
  grad = expanded(expanded(grad, 4), 6);
  const Tensor x2 = random_tensor<float>({6, 5}, 5);
  const auto grad_w = run("linear_weight_grad", {grad, x2}, {{DType::kFloat32, {4, 5}}});
  CHECK(difference(values<float>(grad_w[0]), naive<float>(transposed(grad, 0, 1), x2, {4, 5})) <
        1e-5);
}

}  // namespace
}  // namespace flambeau
