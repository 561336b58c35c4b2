// Running sums and extremes, joining, windows, diagonals, masks, positions that overlap:
// in sizes that take several blocks and launches.
#include "harness.h"

namespace flambeau::cuda::testing {
namespace {

std::vector<double> cycle(int64_t n, int period, double start = 0) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(start + static_cast<double>(i * 7 % period));
  return values;
}

// f(before, element, place) along axis 1 of [outer, n, inner].
template <class F>
std::vector<double> along(const std::vector<double>& x, int64_t outer, int64_t n, int64_t inner,
                          bool backwards, const F& f) {
  std::vector<double> y(x.size());
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t k = 0; k < inner; ++k) {
      double carry = 0;
      for (int64_t i = 0; i < n; ++i) {
        const int64_t row = backwards ? n - 1 - i : i;
        const auto at = static_cast<size_t>((o * n + row) * inner + k);
        carry = f(carry, at, i);
        y[at] = carry;
      }
    }
  return y;
}

TEST_CASE("running sums, products, extremes and recurrences of short and long lines") {
  struct Case {
    int64_t outer, n, inner;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{3, 5, 1}, Case{2000, 7, 1}, Case{2, 700, 1},
                        Case{1, 200000, 1}, Case{2, 9, 40}, Case{1, 5000, 3}})
    for (bool backwards : {false, true}) {
      const std::vector<int64_t> sizes = {c.outer, c.n, c.inner};
      const auto values = cycle(c.outer * c.n * c.inner, 11, -5);
      const Array x = typed(DType::kFloat32, sizes, values);
      const auto add = [&](double carry, size_t at, int64_t) { return carry + values[at]; };
      const auto sums = along(values, c.outer, c.n, c.inner, backwards, add);
      const double flag = backwards ? 1 : 0;
      CHECK(run("cumsum", {x}, {{DType::kFloat32, sizes}}, {1, flag})[0].values() == sums);
      CHECK(run("cumsum", {typed(DType::kInt64, sizes, values)}, {{DType::kInt64, sizes}},
                {1, flag})[0]
                .values() == sums);
      std::vector<double> signs;
      for (double v : values) signs.push_back(v < 0 ? -1 : 1);
      const auto times = [&](double carry, size_t at, int64_t i) {
        return i == 0 ? signs[at] : carry * signs[at];
      };
      CHECK(run("cumprod", {typed(DType::kFloat64, sizes, signs)}, {{DType::kFloat64, sizes}},
                {1, flag})[0]
                .values() == along(signs, c.outer, c.n, c.inner, backwards, times));
      // y = b + a · before, with a of the later of two neighbours.
      std::vector<double> factors;
      for (double v : values) factors.push_back(v / 8);
      const auto follow = [&](double carry, size_t at, int64_t i) {
        const size_t later = backwards ? at + static_cast<size_t>(c.inner) : at;
        return values[at] + (i == 0 ? 0 : factors[later] * carry);
      };
      const Array a = typed(DType::kFloat64, sizes, factors);
      const Array b = typed(DType::kFloat64, sizes, values);
      CHECK(close(run("recurrence", {a, b}, {{DType::kFloat64, sizes}}, {1, flag})[0].values(),
                  along(values, c.outer, c.n, c.inner, backwards, follow), 1e-9, 1e-9));
      if (backwards) continue;
      int64_t place = 0;
      std::vector<double> places(values.size());
      const auto largest =
          along(values, c.outer, c.n, c.inner, false, [&](double carry, size_t at, int64_t i) {
            if (i == 0 || values[at] >= carry) {
              carry = values[at];
              place = i;
            }
            places[at] = static_cast<double>(place);
            return carry;
          });
      const Results r = run("cummax", {x}, {{DType::kFloat32, sizes}, {DType::kInt64, sizes}}, {1});
      CHECK(r[0].values() == largest);
      CHECK(r[1].values() == places);
      double exponents = 0;
      const auto logs =
          along(values, c.outer, c.n, c.inner, false, [&](double, size_t at, int64_t i) {
            exponents = (i == 0 ? 0 : exponents) + std::exp(values[at]);
            return std::log(exponents);
          });
      CHECK(close(run("logcumsumexp", {x}, {{DType::kFloat32, sizes}}, {1})[0].values(), logs));
    }
}

TEST_CASE("many tensors are joined, whatever their types and sizes") {
  for (DType dtype : {DType::kFloat32, DType::kBFloat16, DType::kUInt8, DType::kFloat64})
    for (int64_t width : {1, 3, 4, 16}) {
      std::vector<In> inputs;
      std::vector<double> rows[2];
      int64_t total = 0;
      for (int64_t i = 0; i < 60; ++i) {
        const int64_t n = width * (i % 3);
        const auto values = cycle(2 * n, 100, static_cast<double>(i % 7));
        inputs.push_back(typed(dtype, {2, n}, values));
        for (int64_t row = 0; row < 2; ++row)
          for (int64_t k = 0; k < n; ++k)
            rows[row].push_back(values[static_cast<size_t>(row * n + k)]);
        total += n;
      }
      rows[0].insert(rows[0].end(), rows[1].begin(), rows[1].end());
      CHECK(run("cat", inputs, {{dtype, {2, total}}}, {1})[0].values() == rows[0]);
    }
  // A piece that is turned, among others that are not.
  const Array turned = typed(DType::kFloat32, {2, 3}, cycle(6, 10), {1, 2});
  const Array plain = typed(DType::kFloat32, {2, 3}, cycle(6, 10, 20));
  CHECK(run("cat", {plain, turned}, {{DType::kFloat32, {4, 3}}}, {0})[0].values() ==
        std::vector<double>{20, 27, 24, 21, 28, 25, 0, 4, 8, 7, 1, 5});
  CHECK(run("stack", {plain, turned}, {{DType::kFloat32, {2, 2, 3}}}, {1})[0].values() ==
        std::vector<double>{20, 27, 24, 0, 4, 8, 21, 28, 25, 7, 1, 5});
}

TEST_CASE("axes are reversed and matrices turned") {
  const int64_t rows = 70, columns = 45;
  for (DType dtype : {DType::kFloat32, DType::kUInt8, DType::kFloat16, DType::kInt64}) {
    const auto values = cycle(3 * rows * columns, 101);
    const Array x = typed(dtype, {3, rows, columns}, values);
    std::vector<double> flipped, turned;
    for (int64_t p = 0; p < 3; ++p)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c)
          flipped.push_back(
              values[static_cast<size_t>(((2 - p) * rows + r) * columns + columns - 1 - c)]);
    CHECK(run("flip", {x}, {{dtype, {3, rows, columns}}}, {0, 2})[0].values() == flipped);
    const Array seen = typed(dtype, {3, columns, rows}, values, {rows * columns, 1, columns});
    const Array zeros = typed(dtype, {3, columns, rows}, cycle(3 * rows * columns, 1));
    CHECK(run("windowScatter", {zeros, seen}, {{dtype, {3, columns, rows}}}, {0, 0, 1, 3})[0]
              .values() == seen.values());
  }
}

TEST_CASE("windows and positions that overlap are summed") {
  // Windows of 3, one apart, of 1000 elements.
  const auto values = cycle(998 * 3, 10);
  std::vector<double> expected(1000);
  for (int64_t w = 0; w < 998; ++w)
    for (int64_t i = 0; i < 3; ++i)
      expected[static_cast<size_t>(w + i)] += values[static_cast<size_t>(w * 3 + i)];
  const Array grad = typed(DType::kFloat32, {998, 3}, values);
  CHECK(run("unfoldGrad", {grad}, {{DType::kFloat32, {1000}}}, {0, 1})[0].values() == expected);
  CHECK(run("stridedSum", {grad}, {{DType::kFloat32, {1000}}}, {0, 1, 1})[0].values() == expected);
  // All at one place, and in two places.
  double sum = 0;
  for (double v : values) sum += v;
  CHECK(run("stridedSum", {grad}, {{DType::kFloat32, {3}}}, {1, 0, 0})[0].values() ==
        std::vector<double>{0, sum, 0});
  CHECK_THROWS_AS(run("stridedSum", {grad}, {{DType::kFloat32, {999}}}, {0, 1, 1}), Failure);
}

TEST_CASE("diagonals and triangles") {
  const int64_t m = 37, n = 150;
  const auto values = cycle(2 * m * n, 100, 1);
  const Array x = typed(DType::kFloat32, {2, m, n}, values);
  for (double diagonal : {-200.0, -36.0, -3.0, 0.0, 5.0, 149.0, 1e15})
    for (double upper : {0.0, 1.0}) {
      std::vector<double> kept, rows, columns;
      for (int64_t p = 0; p < 2; ++p)
        for (int64_t r = 0; r < m; ++r)
          for (int64_t c = 0; c < n; ++c) {
            const double offset = static_cast<double>(c - r);
            const bool stays = upper != 0 ? offset >= diagonal : offset <= diagonal;
            kept.push_back(stays ? values[static_cast<size_t>((p * m + r) * n + c)] : 0);
            if (!stays || p > 0) continue;
            rows.push_back(static_cast<double>(r));
            columns.push_back(static_cast<double>(c));
          }
      CHECK(run("triangle", {x}, {{DType::kFloat32, {2, m, n}}}, {diagonal, upper})[0].values() ==
            kept);
      CHECK(run("triangle", {x}, {Out(x, 0)}, {diagonal, upper})[0].values() == kept);
      const auto count = static_cast<int64_t>(rows.size());
      rows.insert(rows.end(), columns.begin(), columns.end());
      CHECK(run("triangleIndices", {}, {{DType::kInt64, {2, count}}},
                {static_cast<double>(m), static_cast<double>(n), diagonal, upper})[0]
                .values() == rows);
      CHECK_THROWS_AS(run("triangleIndices", {}, {{DType::kInt64, {2, count + 1}}},
                          {static_cast<double>(m), static_cast<double>(n), diagonal, upper}),
                      Failure);
    }
}

TEST_CASE("elements where a mask is true, over several chunks") {
  for (int64_t n : {0, 1, 40, 8192, 8193, 100003}) {
    std::vector<double> mask, places, chosen, spread(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) mask.push_back(i % 3 == 1 || i % 10 == 0 ? 1 : 0);
    const auto values = cycle(n, 100, 1);
    for (int64_t i = 0; i < n; ++i)
      if (mask[static_cast<size_t>(i)] != 0) {
        places.push_back(static_cast<double>(i));
        chosen.push_back(values[static_cast<size_t>(i)]);
        spread[static_cast<size_t>(i)] = static_cast<double>(places.size() % 50);
      }
    const Array flags = typed(DType::kBool, {n}, mask);
    const int64_t chunks = (n + 8191) / 8192;
    const Array offsets = run("maskOffsets", {flags}, {{DType::kInt64, {chunks + 1}}})[0];
    const auto count = static_cast<int64_t>(places.size());
    CHECK(offsets.value(chunks) == static_cast<double>(count));
    CHECK(run("nonzero", {flags, offsets}, {{DType::kInt64, {count}}}, {0})[0].values() == places);
    const Array x = typed(DType::kFloat16, {n}, values);
    CHECK(run("maskedSelect", {x, flags, offsets}, {{DType::kFloat16, {count}}})[0].values() ==
          chosen);
    std::vector<double> counted;
    for (int64_t i = 1; i <= count; ++i) counted.push_back(static_cast<double>(i % 50));
    CHECK(run("maskedSelectGrad", {typed(DType::kFloat32, {count}, counted), flags, offsets},
              {{DType::kFloat32, {n}}})[0]
              .values() == spread);
    // Offsets of another mask do no harm.
    if (count > 3) CHECK_NOTHROW(run("nonzero", {flags, offsets}, {{DType::kInt64, {3}}}, {0}));
    std::vector<double> filled = values, others = values;
    for (int64_t i = 0; i < n; ++i)
      (mask[static_cast<size_t>(i)] != 0 ? filled : others)[static_cast<size_t>(i)] = 7;
    CHECK(run("maskedFill", {x, flags, In(7, DType::kFloat16)}, {{DType::kFloat16, {n}}}, {0})[0]
              .values() == filled);
    CHECK(run("maskedFill", {x, flags, In(7, DType::kFloat16)}, {Out(x, 0)}, {1})[0].values() ==
          others);
  }
}

TEST_CASE("positions come as often as they are to") {
  const Array repeats = typed(DType::kInt64, {5}, {2, 0, 3, 0, 1});
  CHECK(run("repeatIndex", {repeats}, {{DType::kInt64, {6}}})[0].values() ==
        std::vector<double>{0, 0, 2, 2, 2, 4});
  CHECK_THROWS_AS(run("repeatIndex", {repeats}, {{DType::kInt64, {7}}}), Failure);
  CHECK_THROWS_AS(run("repeatIndex", {repeats}, {{DType::kInt64, {5}}}), Failure);
  CHECK_THROWS_AS(
      run("repeatIndex", {typed(DType::kInt32, {3}, {2, -1, 3})}, {{DType::kInt64, {4}}}), Failure);
}

}  // namespace
}  // namespace flambeau::cuda::testing
