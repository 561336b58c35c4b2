// Rows of a table and their gradient; distances between rows.
#include "harness.h"

using namespace flambeau;
using namespace flambeau::cuda;
using namespace flambeau::cuda::testing;

using Values = std::vector<double>;

TEST_CASE("embedding takes rows of a table of any type and layout") {
  for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kInt64, DType::kBool})
    for (DType index : {DType::kInt64, DType::kInt32, DType::kUInt8}) {
      CAPTURE(dtype_name(dtype));
      const Array table = typed(dtype, {3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {1, 3});
      const Array places = typed(index, {2, 2}, {2, 0, 1, 2});
      const Values y = run("embedding", {table, places}, {{dtype, {2, 2, 4}}})[0].values();
      const Values rows = table.values();
      for (size_t i = 0; i < 16; ++i)
        CHECK(y[i] == rows[static_cast<size_t>(places.values()[i / 4]) * 4 + i % 4]);
    }
  CHECK_THROWS_WITH_AS(
      run("embedding", {array<float>({2, 1}, {1, 2}), array<int64_t>({2}, {0, 2})},
          {{DType::kFloat32, {2, 1}}}),
      doctest::Contains("index 2 at position [1] is outside axis 0, which has 2 positions"),
      Failure);
}

TEST_CASE("the gradient of a table sums what its rows were given for, in order if wanted") {
  for (bool ordered : {false, true}) {
    set_deterministic(ordered);
    for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
      const int64_t n = 300, rows = 7, width = 5;
      Values grad, places, expected(static_cast<size_t>(rows * width));
      for (int64_t i = 0; i < n * width; ++i) grad.push_back(static_cast<double>(i * 7 % 23) / 8);
      for (int64_t i = 0; i < n; ++i) places.push_back(static_cast<double>(i * i % 6));
      for (int64_t i = 0; i < n * width; ++i)
        expected[static_cast<size_t>(places[static_cast<size_t>(i / width)]) * 5 +
                 static_cast<size_t>(i % width)] += grad[static_cast<size_t>(i)];
      const Results y =
          run("embeddingGrad", {typed(dtype, {n, width}, grad), typed(DType::kInt64, {n}, places)},
              {{dtype, {rows, width}}});
      CHECK(close(y[0].values(), expected, 1e-6));
    }
  }
  set_deterministic(false);
}

TEST_CASE("distances between all pairs of rows, by every norm") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64})
    for (double p : {0.0, 1.0, 2.0, 3.5, double(INFINITY)})
      for (int64_t n : {0, 3, 37}) {
        CAPTURE(p);
        CAPTURE(n);
        const int64_t batch = 2, rows = 35, columns = 33;
        const Array a = counting(dtype, {batch, rows, n}, -3, 0.01),
                    b = counting(dtype, {batch, columns, n}, 2, -0.02);
        Values expected;
        const Values x = a.values(), y = b.values();
        for (int64_t i = 0; i < batch * rows; ++i)
          for (int64_t j = 0; j < columns; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < n; ++k) {
              const double d = std::fabs(x[static_cast<size_t>(i * n + k)] -
                                         y[static_cast<size_t>((i / rows * columns + j) * n + k)]);
              sum = std::isinf(p) ? std::max(sum, d) : sum + (p == 0 ? d != 0 : std::pow(d, p));
            }
            expected.push_back(p == 0 || std::isinf(p) ? sum : std::pow(sum, 1 / p));
          }
        const Results got = run("cdist", {a, b}, {{dtype, {batch, rows, columns}}}, {p, 1});
        CHECK(close(got[0].values(), expected, 1e-5));
      }
}
