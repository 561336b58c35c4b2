#include <doctest/doctest.h>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

Tensor places(const Shape& shape, int64_t rows) {
  Tensor t = empty_tensor(shape, DType::kInt64);
  for (int64_t i = 0; i < t.numel(); ++i) t.as<int64_t>()[i] = i * i * 7 % rows;
  return t;
}

}  // namespace

TEST_CASE("rows of a table add what they were given for, for any number of threads") {
  const int64_t rows = 3000, width = 130;
  const Tensor indices = places({40, 20}, rows);
  const Tensor grad = random_tensor<float>({40, 20, width}, 1);
  std::vector<float> expected(static_cast<size_t>(rows * width));
  for (int64_t i = 0; i < indices.numel(); ++i)
    for (int64_t c = 0; c < width; ++c)
      expected[indices.as<int64_t>()[i] * width + c] += grad.as<float>()[i * width + c];
  for (int threads : {1, 2, 3}) {
    const Threads limit(threads);
    const auto out = run("embeddingGrad", {grad, indices}, {{DType::kFloat32, {rows, width}}});
    CHECK(values<float>(out[0]) == expected);
  }
}

TEST_CASE("the gradient of a table refuses what does not fit") {
  const Tensor grad = random_tensor<float>({4, 3}, 1), indices = places({4}, 9);
  const auto of = [&](const Tensor& g, const Shape& shape) {
    return run("embeddingGrad", {g, indices}, {{DType::kFloat32, shape}});
  };
  CHECK_NOTHROW(of(grad, {9, 3}));
  CHECK_THROWS(of(grad, {2, 3}));  // an index is beyond the table
  CHECK_THROWS(of(grad, {9, 4}));  // another width
  CHECK_THROWS(of(grad, {9, 3, 1}));
  CHECK_THROWS(of(random_tensor<double>({4, 3}, 1), {9, 3}));
  CHECK(of(random_tensor<float>({4, 0}, 1), {9, 0})[0].numel() == 0);
}

}  // namespace flambeau
