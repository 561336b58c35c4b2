// Products with sparse matrices.
#include "harness.h"
#include "runtime/call.h"

namespace flambeau::cuda::testing {

namespace {

using Values = std::vector<double>;

// A matrix [m, n] of compressed rows, dense operands, and the products by plain sums.
struct Sample {
  int64_t m = 6, n = 5, width;
  DType dtype;
  Values crow = {0}, columns, values, left, right;

  Sample(int64_t columns_of_dense, DType of) : width(columns_of_dense), dtype(of) {
    for (int64_t row = 0; row < m; ++row) {
      for (int64_t column = 0; column < n; ++column) {
        if ((row * 7 + column * 3) % 4 != 1 || row == 2) continue;
        columns.push_back(static_cast<double>(column));
        values.push_back(static_cast<double>(row - column));
      }
      crow.push_back(static_cast<double>(columns.size()));
    }
    for (int64_t i = 0; i < m * width; ++i) left.push_back(static_cast<double>(i % 11 - 5));
    for (int64_t i = 0; i < n * width; ++i) right.push_back(static_cast<double>(i % 7 - 3));
  }
  int64_t entries() const { return static_cast<int64_t>(columns.size()); }
  Array pointers() const { return array<int64_t>({m + 1}, crow); }
  Array places() const { return array<int64_t>({entries()}, columns); }

  template <class Body>
  void for_entries(const Body& body) const {
    for (int64_t row = 0; row < m; ++row)
      for (auto e = static_cast<size_t>(crow[static_cast<size_t>(row)]);
           e < static_cast<size_t>(crow[static_cast<size_t>(row) + 1]); ++e)
        for (int64_t k = 0; k < width; ++k)
          body(e, static_cast<size_t>(row * width + k),
               static_cast<size_t>(static_cast<int64_t>(columns[e]) * width + k));
  }
};

}  // namespace

TEST_CASE("sparse products are sums over the entries") {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    for (const int64_t width : {1, 3, 8}) {
      const Sample s(width, dtype);
      Values product(static_cast<size_t>(s.m * width), 0),
          back(static_cast<size_t>(s.n * width), 0), sampled(static_cast<size_t>(s.entries()), 0);
      s.for_entries([&](size_t e, size_t i, size_t j) {
        product[i] += s.values[e] * s.right[j];
        back[j] += s.values[e] * s.left[i];
        sampled[e] += s.left[i] * s.right[j];
      });
      const Array values = typed(dtype, {s.entries()}, s.values);
      const Array left = typed(dtype, {s.m, width}, s.left);
      const Array right = typed(dtype, {s.n, width}, s.right);
      CHECK(run("spmm", {s.pointers(), s.places(), values, right}, {{dtype, {s.m, width}}})[0]
                .values() == product);
      for (const bool ordered : {false, true}) {
        set_deterministic(ordered);
        CHECK(run("spmmTransposed", {s.pointers(), s.places(), values, left},
                  {{dtype, {s.n, width}}})[0]
                  .values() == back);
      }
      set_deterministic(false);
      CHECK(run("sampledProduct", {s.pointers(), s.places(), left, right},
                {{dtype, {s.entries()}}})[0]
                .values() == sampled);
    }
  }
}

TEST_CASE("rows that are none are reported") {
  const Array dense = typed(DType::kFloat32, {2, 1}, {1, 2});
  const auto product = [&](const Values& crow, const Values& columns) {
    return run("spmm",
               {array<int64_t>({3}, crow), array<int64_t>({2}, columns),
                typed(DType::kFloat32, {2}, {1, 1}), dense},
               {{DType::kFloat32, {2, 1}}});
  };
  CHECK_THROWS_WITH(product({0, 1, 3}, {0, 1}),
                    doctest::Contains("end with the number of entries, 2"));
  CHECK_THROWS_WITH(product({0, 3, 2}, {0, 1}), doctest::Contains("must not decrease"));
  CHECK_THROWS_WITH(product({0, 1, 2}, {0, 2}),
                    doctest::Contains("index 2 at position [1] is outside axis 1"));
}

}  // namespace flambeau::cuda::testing
