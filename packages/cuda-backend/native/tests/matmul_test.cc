// Matrix products: every way in which operands lie, against plain sums on the host.
#include "harness.h"
#include "libraries/settings.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

// Small numbers that repeat late and have both signs.
Array numbers(DType dtype, const std::vector<int64_t>& sizes, std::vector<int64_t> strides = {},
              int64_t storage = 0, int64_t offset = 0) {
  int64_t n = storage;
  if (n == 0) {
    n = 1;
    for (int64_t size : sizes) n *= size;
  }
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<double>((i * 7 + 3) % 13) - 6);
  return typed(dtype, sizes, values, std::move(strides), offset);
}

// a [m, k] · b [k, n], given as lists.
std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b, int64_t m,
                            int64_t k, int64_t n) {
  std::vector<double> c(static_cast<size_t>(m * n), 0.0);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t l = 0; l < k; ++l)
        c[static_cast<size_t>(i * n + j)] +=
            a[static_cast<size_t>(i * k + l)] * b[static_cast<size_t>(l * n + j)];
  return c;
}

std::vector<double> matmul(const Array& a, const Array& b, std::vector<int64_t> sizes) {
  return run("matmul", {a, b}, {{a.dtype, std::move(sizes)}})[0].values();
}

}  // namespace

TEST_CASE("matmul reads matrices however they lie, in every type") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16,
                      DType::kInt64, DType::kInt32}) {
    CAPTURE(dtype_name(dtype));
    for (int a_kind = 0; a_kind < 4; ++a_kind)
      for (int b_kind = 0; b_kind < 4; ++b_kind) {
        CAPTURE(a_kind);
        CAPTURE(b_kind);
        // Row-major, transposed, rows with gaps, every second column.
        const auto make = [&](int kind, int64_t rows, int64_t columns) {
          if (kind == 1) return numbers(dtype, {rows, columns}, {1, rows}, rows * columns);
          if (kind == 2)
            return numbers(dtype, {rows, columns}, {columns + 3, 1}, rows * (columns + 3) + 1, 1);
          if (kind == 3)
            return numbers(dtype, {rows, columns}, {2 * columns, 2}, 2 * rows * columns);
          return numbers(dtype, {rows, columns});
        };
        const Array a = make(a_kind, 5, 7), b = make(b_kind, 7, 19);
        CHECK(matmul(a, b, {5, 19}) == product(a.values(), b.values(), 5, 7, 19));
      }
  }
}

TEST_CASE("matmul with rows and columns has no such axis in its result") {
  const Array row = numbers(DType::kFloat32, {6}), wide = numbers(DType::kFloat32, {6, 4});
  const Array column = numbers(DType::kFloat32, {6}, {2}, 12);
  CHECK(matmul(row, wide, {4}) == product(row.values(), wide.values(), 1, 6, 4));
  CHECK(matmul(row, column, {}) == product(row.values(), column.values(), 1, 6, 1));
  const Array tall = numbers(DType::kFloat32, {3, 6}, {1, 3}, 18);
  CHECK(matmul(tall, column, {3}) == product(tall.values(), column.values(), 3, 6, 1));
  const Array batch = numbers(DType::kFloat32, {2, 3, 6});
  CHECK(matmul(batch, column, {2, 3}) == product(batch.values(), column.values(), 6, 6, 1));
}

TEST_CASE("batches broadcast, whatever their strides") {
  struct Batch {
    std::vector<int64_t> a, a_strides, b, b_strides;
  };
  const int64_t m = 3, k = 4, n = 5;
  const std::vector<Batch> batches = {
      {{6}, {}, {6}, {}},
      {{6}, {}, {1}, {}},                              // one b for all
      {{1}, {}, {6}, {}},                              // one a for all
      {{2, 3}, {m * k, 2 * m * k, k, 1}, {2, 3}, {}},  // axes of a exchanged
      {{7, 3}, {m * k, 7 * m * k, k, 1}, {7, 3}, {}},  // so many that a is copied
      {{7, 3}, {3 * m * k, k, 3 * k, 1}, {7, 3}, {}},  // heads beside each other
      {{7, 1}, {}, {1, 3}, {}},                        // both repeat
      {{2, 1}, {}, {1, 3}, {}},
      {{5}, {}, {2, 5}, {}},     // fewer axes
      {{2, 3}, {}, {1, 1}, {}},  // rows of a go on
  };
  for (size_t i = 0; i < batches.size(); ++i) {
    CAPTURE(i);
    const Batch& batch = batches[i];
    const auto with = [](std::vector<int64_t> sizes, int64_t rows, int64_t columns) {
      sizes.push_back(rows);
      sizes.push_back(columns);
      return sizes;
    };
    const auto make = [&](const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                          int64_t rows, int64_t columns) {
      return numbers(DType::kFloat32, with(sizes, rows, columns), strides,
                     strides.empty() ? 0 : 7 * 3 * rows * columns);
    };
    const Array a = make(batch.a, batch.a_strides, m, k), b = make(batch.b, batch.b_strides, k, n);
    const size_t axes = std::max(batch.a.size(), batch.b.size());
    std::vector<int64_t> sizes;
    const auto size_of = [&](const std::vector<int64_t>& list, size_t axis) {
      const size_t skip = axes - list.size();
      return axis < skip ? int64_t{1} : list[axis - skip];
    };
    int64_t count = 1;
    for (size_t axis = 0; axis < axes; ++axis) {
      sizes.push_back(std::max(size_of(batch.a, axis), size_of(batch.b, axis)));
      count *= sizes.back();
    }
    std::vector<double> expected;
    const std::vector<double> a_all = a.values(), b_all = b.values();
    for (int64_t number = 0; number < count; ++number) {
      int64_t rest = number, a_at = 0, b_at = 0, a_step = 1, b_step = 1;
      for (size_t axis = axes; axis-- > 0;) {
        const int64_t at = rest % sizes[axis];
        rest /= sizes[axis];
        if (size_of(batch.a, axis) > 1) a_at += at * a_step;
        if (size_of(batch.b, axis) > 1) b_at += at * b_step;
        a_step *= size_of(batch.a, axis);
        b_step *= size_of(batch.b, axis);
      }
      const auto part = [](const std::vector<double>& all, int64_t at, int64_t size) {
        return std::vector<double>(all.begin() + at * size, all.begin() + (at + 1) * size);
      };
      const std::vector<double> one =
          product(part(a_all, a_at, m * k), part(b_all, b_at, k * n), m, k, n);
      expected.insert(expected.end(), one.begin(), one.end());
    }
    CHECK(matmul(a, b, with(sizes, m, n)) == expected);
  }
}

TEST_CASE("products without inner sizes are zeros, and none are nothing") {
  for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kInt64})
    CHECK(matmul(numbers(dtype, {2, 0}), numbers(dtype, {0, 3}), {2, 3}) ==
          std::vector<double>(6, 0.0));
  CHECK(matmul(numbers(DType::kFloat32, {0, 2}), numbers(DType::kFloat32, {2, 3}), {0, 3}).empty());
}

TEST_CASE("whole numbers wrap") {
  const Array a = typed(DType::kUInt8, {1, 2}, {200, 100}),
              b = typed(DType::kUInt8, {2, 1}, {2, 3});
  CHECK(matmul(a, b, {1, 1}) == std::vector<double>{(400 + 300) % 256});
  CHECK_THROWS_WITH_AS(
      matmul(typed(DType::kBool, {1, 1}, {1}), typed(DType::kBool, {1, 1}, {1}), {1, 1}),
      "bool has no matrix product", Failure);
}

TEST_CASE("addmm scales and adds, in place too") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kBFloat16, DType::kInt32}) {
    CAPTURE(dtype_name(dtype));
    const Array a = numbers(dtype, {3, 4}), b = numbers(dtype, {4, 5});
    std::vector<double> sums = product(a.values(), b.values(), 3, 4, 5);
    for (const Array& input :
         {numbers(dtype, {3, 5}), numbers(dtype, {5}), numbers(dtype, {3, 1}), numbers(dtype, {})})
      for (double beta : {0.0, 1.0, -2.0})
        for (double alpha : {1.0, 3.0}) {
          CAPTURE(beta);
          CAPTURE(alpha);
          const std::vector<double> summand = input.values();
          std::vector<double> expected;
          for (int64_t i = 0; i < 3; ++i)
            for (int64_t j = 0; j < 5; ++j) {
              const int64_t row = input.sizes.size() < 2 ? 0 : i;
              const int64_t at = input.sizes.empty()       ? 0
                                 : input.sizes.back() == 1 ? row
                                                           : row * 5 + j;
              expected.push_back(beta * summand[static_cast<size_t>(at)] +
                                 alpha * sums[static_cast<size_t>(i * 5 + j)]);
            }
          const Results y = run("addmm", {input, a, b}, {{dtype, {3, 5}}}, {beta, alpha});
          CHECK(close(y[0].values(), expected, dtype == DType::kBFloat16 ? 8e-3 : 1e-6));
        }
  }
  const Array square = numbers(DType::kFloat32, {3, 3});
  const std::vector<double> expected = product(square.values(), square.values(), 3, 3, 3);
  // The target is the operand itself.
  const Results y = run("matmul", {square, square}, {{square, 0}});
  CHECK(y[0].values() == expected);
}

TEST_CASE("the linear layer adds its bias and cuts below zero") {
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16, DType::kInt64}) {
    CAPTURE(dtype_name(dtype));
    const Array w = numbers(dtype, {6, 4}), turned = numbers(dtype, {4, 6}, {1, 4}, 24);
    for (const Array& x :
         {numbers(dtype, {2, 3, 4}), numbers(dtype, {2, 3, 4}, {1, 2, 6}, 24), numbers(dtype, {4})})
      // The library cannot take a bias that is not aligned: the second one.
      for (const Array& bias : {numbers(dtype, {6}), numbers(dtype, {6}, {1}, 7, 1)})
        for (double relu : {0.0, 1.0}) {
          const std::vector<double> xs = x.values(), ws = w.values(), bs = bias.values();
          const int64_t rows = static_cast<int64_t>(xs.size()) / 4;
          std::vector<double> expected;
          for (int64_t i = 0; i < rows; ++i)
            for (int64_t o = 0; o < 6; ++o) {
              double sum = bs[static_cast<size_t>(o)];
              for (int64_t l = 0; l < 4; ++l)
                sum += xs[static_cast<size_t>(i * 4 + l)] * ws[static_cast<size_t>(o * 4 + l)];
              expected.push_back(relu != 0 && sum < 0 ? 0 : sum);
            }
          std::vector<int64_t> sizes = x.sizes;
          sizes.back() = 6;
          CHECK(run("linear", {x, w, bias}, {{dtype, sizes}}, {relu})[0].values() == expected);
        }
    const Array grad = numbers(dtype, {2, 3, 6}), x = numbers(dtype, {2, 3, 4});
    const std::vector<double> gs = grad.values(), xs = x.values();
    std::vector<double> expected(24, 0.0);
    for (size_t i = 0; i < 6; ++i)
      for (size_t o = 0; o < 6; ++o)
        for (size_t l = 0; l < 4; ++l) expected[o * 4 + l] += gs[i * 6 + o] * xs[i * 4 + l];
    CHECK(run("linear_weight_grad", {grad, x}, {{dtype, {6, 4}}})[0].values() == expected);
  }
}

TEST_CASE("a linear layer that cuts below zero keeps what is no number") {
  const double nan = std::nan("");
  const Array w = array<float>({1, 2}, {1, -1}), bias = array<float>({1}, {0});
  const std::vector<double> y = run("linear", {array<float>({3, 2}, {nan, 1, 1, 2, 3, 1}), w, bias},
                                    {{DType::kFloat32, {3, 1}}}, {1})[0]
                                    .values();
  CHECK(std::isnan(y[0]));
  CHECK(y[1] == 0);
  CHECK(y[2] == 2);
}

TEST_CASE("gradients of a weight and a bias come together") {
  // The stand-in sums rows itself, but for float64 and for sums of 9 products; whole numbers it has
  // not.
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16, DType::kInt32})
    for (int64_t rows : {0, 6, 9})
      for (bool turned : {false, true}) {
        CAPTURE(dtype_name(dtype));
        CAPTURE(rows);
        const Array grad = turned ? numbers(dtype, {rows, 5}, {1, rows + 1}, 5 * (rows + 1))
                                  : numbers(dtype, {rows, 5});
        const Array x = numbers(dtype, {rows, 4});
        const std::vector<double> gs = grad.values(), xs = x.values();
        std::vector<double> weight(20, 0.0), bias(5, 0.0);
        for (size_t i = 0; i < static_cast<size_t>(rows); ++i)
          for (size_t o = 0; o < 5; ++o) {
            bias[o] += gs[i * 5 + o];
            for (size_t l = 0; l < 4; ++l) weight[o * 4 + l] += gs[i * 5 + o] * xs[i * 4 + l];
          }
        const Results both = run("linear_weight_grad", {grad, x}, {{dtype, {5, 4}}, {dtype, {5}}});
        CHECK(both[0].values() == weight);
        CHECK(both[1].values() == bias);
      }
  // Without features there is no product, but there are rows.
  const Array grad = numbers(DType::kFloat32, {3, 2}), none = numbers(DType::kFloat32, {3, 0});
  const std::vector<double> gs = grad.values();
  const Results both =
      run("linear_weight_grad", {grad, none}, {{DType::kFloat32, {2, 0}}, {DType::kFloat32, {2}}});
  CHECK(both[1].values() == std::vector<double>{gs[0] + gs[2] + gs[4], gs[1] + gs[3] + gs[5]});
}

TEST_CASE("sums of 16-bit floats are rounded once") {
  // 2048 + 1 is 2048 in float16: a part that is rounded loses the 1.
  for (const auto& [dtype, large] : {std::pair{DType::kFloat16, 2048.0}, {DType::kBFloat16, 256.0}})
    CHECK(matmul(typed(dtype, {1, 4}, {large, 1, 1, 0}), typed(dtype, {4, 1}, {1, 1, 1, 1}),
                 {1, 1})[0] == large + 2);
}

TEST_CASE("each bias is read as it is aligned") {
  const Array x = numbers(DType::kFloat32, {2, 4}), w = numbers(DType::kFloat32, {6, 4});
  const std::vector<double> xs = x.values(), ws = w.values();
  for (int64_t offset : {0, 4, 8, 2}) {
    const Array bias = numbers(DType::kFloat32, {6}, {1}, 16, offset);
    const std::vector<double> bs = bias.values();
    std::vector<double> expected;
    for (size_t i = 0; i < 2; ++i)
      for (size_t o = 0; o < 6; ++o) {
        double sum = bs[o];
        for (size_t l = 0; l < 4; ++l) sum += xs[i * 4 + l] * ws[o * 4 + l];
        expected.push_back(sum);
      }
    CHECK(run("linear", {x, w, bias}, {{DType::kFloat32, {2, 6}}}, {0})[0].values() == expected);
  }
}

TEST_CASE("algorithms that refuse when they run are passed over") {
  // The stand-in does so for sums of 9 products.
  const Array x = numbers(DType::kFloat32, {2, 9}), w = numbers(DType::kFloat32, {6, 9});
  const Array bias = numbers(DType::kFloat32, {6});
  const std::vector<double> xs = x.values(), ws = w.values(), bs = bias.values();
  for (int repeat = 0; repeat < 2; ++repeat)
    for (bool biased : {false, true}) {
      std::vector<double> expected;
      for (size_t i = 0; i < 2; ++i)
        for (size_t o = 0; o < 6; ++o) {
          expected.push_back(biased ? bs[o] : 0);
          for (size_t l = 0; l < 9; ++l) expected.back() += xs[i * 9 + l] * ws[o * 9 + l];
        }
      const Results y = biased ? run("linear", {x, w, bias}, {{DType::kFloat32, {2, 6}}}, {0})
                               : run("linear", {x, w}, {{DType::kFloat32, {2, 6}}}, {0});
      CHECK(y[0].values() == expected);
    }
}

TEST_CASE("TF32 is used only where it is asked for") {
  const Array a = typed(DType::kFloat32, {1, 1}, {1 + 0x1p-20}),
              b = typed(DType::kFloat32, {1, 1}, {1});
  CHECK(matmul(a, b, {1, 1})[0] == 1 + 0x1p-20);
  cuda::library_settings().matmul_tf32 = true;
  CHECK(matmul(a, b, {1, 1})[0] == 1);
  cuda::library_settings().matmul_tf32 = false;
  CHECK(matmul(a, b, {1, 1})[0] == 1 + 0x1p-20);
}
