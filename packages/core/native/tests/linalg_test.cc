// LAPACK behind the kernels: many threads at once, layouts, and what cannot be computed.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "parallel.h"
#include "run_kernel.h"

using namespace flambeau;           // NOLINT
using namespace flambeau::testing;  // NOLINT

namespace {

// [count, rows, columns] of normal numbers.
Tensor random_matrices(int64_t count, int64_t rows, int64_t columns) {
  Tensor t = empty_tensor({count, rows, columns}, DType::kFloat64);
  std::mt19937 generator(7);
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < t.numel(); ++i) t.as<double>()[i] = normal(generator);
  return t;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.data, b.data, static_cast<size_t>(a.numel()) * a.item_bytes()) == 0;
}

}  // namespace

TEST_CASE("LAPACK gives the same bits from many threads at once as from one") {
  const int before = num_threads();
  const Tensor a = random_matrices(400, 9, 9);
  const auto run_f64 = [&](const char* name, const std::vector<Shape>& shapes,
                           const std::vector<double>& params) {
    std::vector<Output> outputs;
    for (const Shape& shape : shapes) outputs.push_back({DType::kFloat64, shape});
    return run(name, {a}, outputs, params);
  };
  const auto all = [&] {
    std::vector<Tensor> results;
    const Shape square = {400, 9, 9};
    for (const auto& part :
         {run_f64("svd", {square, {400, 9}, square}, {0}),
          run_f64("eigh", {{400, 9}, square}, {0, 1}), run_f64("qr", {square, square}, {0}),
          run_f64("inverse", {square}, {1}), run_f64("matrixExp", {square}, {})})
      results.insert(results.end(), part.begin(), part.end());
    return results;
  };
  set_num_threads(1);
  const std::vector<Tensor> one = all();
  set_num_threads(8);
  for (int round = 0; round < 3; ++round) {
    const std::vector<Tensor> many = all();
    for (size_t i = 0; i < one.size(); ++i) CHECK(same_bits(one[i], many[i]));
  }
  set_num_threads(before);
}

TEST_CASE("an inverse is read from any layout") {
  const Tensor a = random_matrices(1, 4, 4);
  const Tensor plain = view(a, {4, 4}, {4, 1});
  const Tensor turned = view(a, {4, 4}, {1, 4});
  const Tensor x = apply("inverse", {plain}, DType::kFloat64, {4, 4}, {1});
  const Tensor y = apply("inverse", {turned}, DType::kFloat64, {4, 4}, {1});
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 4; ++j)
      CHECK(element<double>(x, i * 4 + j) == doctest::Approx(element<double>(y, j * 4 + i)));
}

TEST_CASE("the first matrix that fails is named, whoever meets it first") {
  Tensor a = random_matrices(300, 3, 3);
  for (int64_t index : {299, 17, 140}) std::memset(a.as<double>() + index * 9, 0, 9 * 8);
  const int before = num_threads();
  set_num_threads(8);
  for (int round = 0; round < 10; ++round) {
    try {
      apply("inverse", {a}, DType::kFloat64, {300, 3, 3}, {1});
      FAIL("a singular matrix has no inverse");
    } catch (const Failure& failure) {
      CHECK(std::string(failure.code()) == "ERR_VALUE");
      CHECK(std::string(failure.what()).find("matrix 17 of the batch") != std::string::npos);
    }
  }
  set_num_threads(before);
}

TEST_CASE("kernels of linear algebra refuse outputs that do not fit") {
  const Tensor a = random_matrices(1, 3, 2);
  for (const char* name : {"inverse", "cholesky", "matrixExp", "det"})
    CHECK_THROWS_AS(apply(name, {a}, DType::kFloat64, {1, 3, 2}, {1}), Failure);
  CHECK_THROWS_AS(apply("solveTriangular", {a, a}, DType::kFloat64, {1, 3, 2}, {1, 1, 0}), Failure);
  CHECK_THROWS_AS(apply("cdist", {a, a}, DType::kFloat64, {1, 3, 2}, {2, 0}), Failure);
}

TEST_CASE("the exponential agrees with its series where that converges quickly") {
  Tensor a = random_matrices(1, 3, 3);
  for (int64_t i = 0; i < 9; ++i) a.as<double>()[i] *= 0.01;
  const Tensor y = apply("matrixExp", {a}, DType::kFloat64, {1, 3, 3});
  const double* x = a.as<double>();
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 3; ++j) {
      double square = 0;
      double cube = 0;
      for (int64_t k = 0; k < 3; ++k) {
        square += x[i * 3 + k] * x[k * 3 + j];
        for (int64_t l = 0; l < 3; ++l) cube += x[i * 3 + k] * x[k * 3 + l] * x[l * 3 + j];
      }
      const double series = (i == j) + x[i * 3 + j] + square / 2 + cube / 6;
      CHECK(y.as<double>()[i * 3 + j] == doctest::Approx(series).epsilon(1e-6));
    }
}
