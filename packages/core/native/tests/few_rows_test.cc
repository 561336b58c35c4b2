#include <doctest/doctest.h>

#include "gemm.h"
#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

// c [m, n] = alpha · a [m, k] · bᵀ, b [n, k] with rows further apart than k.
template <class T>
void check(int64_t m, int64_t n, int64_t k, bool accumulate) {
  const int64_t row = k + 3;
  const Tensor a = random_tensor<T>({m, k}, 1), b = random_tensor<T>({n, row}, 2),
               c = random_tensor<T>({m, n}, 3), bias = random_tensor<T>({n}, 4);
  const std::vector<T> before = values<T>(c);
  Product<T> product;
  product.m = m;
  product.n = n;
  product.k = k;
  product.alpha = T(0.5);
  product.a = {a.as<T>(), k, 1};
  product.b = {b.as<T>(), 1, row};
  product.c = c.as<T>();
  product.c_row = n;
  product.accumulate = accumulate;
  product.bias = bias.as<T>();
  multiply(product);
  std::vector<T> expected;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t p = 0; p < k; ++p)
        sum +=
            static_cast<double>(a.as<T>()[i * k + p]) * static_cast<double>(b.as<T>()[j * row + p]);
      sum = 0.5 * sum + static_cast<double>(bias.as<T>()[j]);
      if (accumulate) sum += static_cast<double>(before[static_cast<size_t>(i * n + j)]);
      expected.push_back(static_cast<T>(sum));
    }
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  CHECK(difference(values<T>(c), expected) < (std::is_same_v<T, float> ? 1e-5 : 1e-13));
}

}  // namespace

TEST_CASE("a few rows times rows in memory") {
  for (int64_t m : {1, 2, 3, 4, 5})
    for (int64_t n : {1, 4, 7, 130})
      for (int64_t k : {64, 65, 100, 384}) {
        check<float>(m, n, k, false);
        check<float>(m, n, k, true);
        check<double>(m, n, k, false);
      }
}

TEST_CASE("a few rows give the same bits for any number of threads") {
  const Tensor a = random_tensor<float>({2, 700}, 1), b = random_tensor<float>({900, 700}, 2);
  std::vector<float> first;
  for (int threads : {1, 2, 3}) {
    const Threads limit(threads);
    const Tensor c = empty_tensor({2, 900}, DType::kFloat32);
    gemm(false, true, 2, 900, 700, 1.0f, a.as<float>(), 700, b.as<float>(), 700, false,
         c.as<float>(), 900);
    if (first.empty()) first = values<float>(c);
    CHECK(first == values<float>(c));
  }
}

}  // namespace flambeau
