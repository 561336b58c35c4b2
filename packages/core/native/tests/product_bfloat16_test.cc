// Products of bfloat16: by the processor's instructions or on float32 copies, the same but for the
// order of sums.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "run_kernel.h"

using namespace flambeau;
using namespace flambeau::testing;

namespace {

Tensor to_type(const Tensor& x, DType dtype) {
  Tensor y = empty_tensor(x.shape, dtype);
  copy_into(y, x);
  return y;
}

// Random numbers that bfloat16 holds.
Tensor numbers(const Shape& shape, uint32_t seed) {
  return to_type(random_tensor<float>(shape, seed), DType::kBFloat16);
}
Tensor wide(const Tensor& x) { return to_type(x, DType::kFloat32); }

// Runs the kernel on bfloat16 and on float32; the results differ by the last rounding.
void compare(const std::string& name, const std::vector<Tensor>& inputs, const Shape& shape,
             const std::vector<double>& params = {}) {
  std::vector<Tensor> exact;
  for (const Tensor& x : inputs) exact.push_back(x.ndim() < 0 ? x : wide(x));
  for (const int threads : {1, 3}) {
    const Threads limit(threads);
    const Tensor y = run(name, inputs, {{DType::kBFloat16, shape}}, params)[0];
    const Tensor z = run(name, exact, {{DType::kFloat32, shape}}, params)[0];
    CHECK(y.dtype == DType::kBFloat16);
    const std::vector<float> got = values<float>(wide(y));
    const std::vector<float> wanted = values<float>(z);
    double largest = 0, worst = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      largest = std::max(largest, static_cast<double>(std::fabs(wanted[i])));
      worst = std::max(worst, static_cast<double>(std::fabs(wanted[i] - got[i])));
    }
    CHECK(worst <= largest * 0x1p-8);
    CHECK(largest > 0);
  }
}

}  // namespace

TEST_CASE("bfloat16 products of sizes around those of tiles, large and small") {
  const int64_t sizes[][3] = {{3, 5, 4},      {63, 65, 64},   {128, 100, 127},
                              {200, 1000, 3}, {1, 2000, 500}, {500, 2000, 1}};
  for (const auto& [m, k, n] : sizes) {
    CAPTURE(m);
    CAPTURE(n);
    compare("matmul", {numbers({m, k}, 1), numbers({k, n}, 2)}, {m, n});
    compare("matmul", {transposed(numbers({k, m}, 3), 0, 1), numbers({k, n}, 4)}, {m, n});
    compare("matmul", {numbers({m, k}, 5), transposed(numbers({n, k}, 6), 0, 1)}, {m, n});
    compare("matmul", {every_second(numbers({2 * m, k}, 7), 0), numbers({k, n}, 8)}, {m, n});
    compare("matmul", {numbers({m, k}, 9), every_second(numbers({k, 2 * n}, 10), 1)}, {m, n});
    compare("matmul", {numbers({k}, 11), numbers({k, n}, 12)}, {n});
    compare("matmul", {numbers({m, k}, 13), numbers({k}, 14)}, {m});
  }
}

TEST_CASE("batches of bfloat16 products") {
  compare("matmul", {numbers({2, 4, 64, 65}, 1), numbers({4, 65, 63}, 2)}, {2, 4, 64, 63});
  compare("matmul", {expanded(numbers({100, 90}, 3), 3), numbers({3, 90, 80}, 4)}, {3, 100, 80});
  compare("matmul", {numbers({3, 100, 90}, 5), numbers({90, 80}, 6)}, {3, 100, 80});
}

TEST_CASE("a bfloat16 product written onto an operand") {
  const Tensor a = numbers({128, 128}, 1), b = numbers({128, 128}, 2);
  const Tensor wanted = run("matmul", {a, b}, {{DType::kBFloat16, {128, 128}}})[0];
  const Tensor target = to_type(a, DType::kBFloat16);
  run("matmul", {target, b}, {{DType::kBFloat16, {128, 128}, 0}});
  CHECK(values<float>(wide(target)) == values<float>(wide(wanted)));
}

TEST_CASE("bfloat16 layers and the gradients of their weights") {
  for (const int64_t rows : {1, 7, 300}) {
    const Tensor x = numbers({rows, 2, 100}, 1), w = numbers({90, 100}, 2), bias = numbers({90}, 3);
    for (const double relu : {0.0, 1.0}) {
      compare("linear", {x, w, bias}, {rows, 2, 90}, {relu});
      compare("linear", {x, w, kNone}, {rows, 2, 90}, {relu});
    }
    compare("linear", {x, transposed(numbers({100, 90}, 4), 0, 1), bias}, {rows, 2, 90}, {0});
    compare("linear", {transposed(numbers({2, rows, 100}, 5), 0, 1), w, bias}, {rows, 2, 90}, {0});
    compare("linear_weight_grad", {numbers({rows, 2, 90}, 6), x}, {90, 100});
  }
}
