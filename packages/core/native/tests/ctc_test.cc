#include <doctest/doctest.h>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

// -log of the sum over all alignments, one by one: each step names a class, and what is left
// without repetitions and blanks must be the target.
double by_hand(const Tensor& scores, int64_t n, const std::vector<int64_t>& target, int64_t steps,
               int64_t blank) {
  const int64_t classes = scores.size(2);
  int64_t paths = 1;
  for (int64_t t = 0; t < steps; ++t) paths *= classes;
  double total = 0;
  for (int64_t path = 0; path < paths; ++path) {
    std::vector<int64_t> said;
    double log_probability = 0;
    int64_t last = -1, rest = path;
    for (int64_t t = 0; t < steps; ++t, rest /= classes) {
      const int64_t c = rest % classes;
      log_probability += element<double>(scores, (t * scores.size(1) + n) * classes + c);
      if (c != last && c != blank) said.push_back(c);
      last = c;
    }
    if (said == target) total += std::exp(log_probability);
  }
  return -std::log(total);
}

// Log-probabilities: each row sums up to 1.
Tensor log_probabilities(const Shape& shape) {
  Tensor x = random_tensor<double>(shape, 5);
  const int64_t classes = shape.sizes[2];
  for (int64_t row = 0; row < x.numel() / classes; ++row) {
    double* at = x.as<double>() + row * classes;
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(at[c]);
    for (int64_t c = 0; c < classes; ++c) at[c] -= std::log(sum);
  }
  return x;
}

TEST_CASE("the CTC loss is the sum over all alignments") {
  const Tensor x = log_probabilities({5, 3, 3});
  const Tensor targets = tensor<int64_t>({3, 3}, {1, 2, 1, 2, 2, 0, 0, 0, 0});
  const Tensor steps = tensor<int64_t>({3}, {5, 4, 3}), lengths = tensor<int64_t>({3}, {3, 2, 0});
  const Tensor loss =
      run("ctcLoss", {x, targets, steps, lengths}, {{DType::kFloat64, {3}}}, {0})[0];
  CHECK(element<double>(loss, 0) == doctest::Approx(by_hand(x, 0, {1, 2, 1}, 5, 0)));
  CHECK(element<double>(loss, 1) == doctest::Approx(by_hand(x, 1, {2, 2}, 4, 0)));
  CHECK(element<double>(loss, 2) == doctest::Approx(by_hand(x, 2, {}, 3, 0)));
  const Tensor flat = tensor<int64_t>({3}, {0, 1, 0});
  const Tensor other = run("ctcLoss", {x, flat, steps, tensor<int64_t>({3}, {1, 2, 0})},
                           {{DType::kFloat64, {3}}}, {2})[0];
  CHECK(element<double>(other, 0) == doctest::Approx(by_hand(x, 0, {0}, 5, 2)));
  CHECK(element<double>(other, 1) == doctest::Approx(by_hand(x, 1, {1, 0}, 4, 2)));
}

TEST_CASE("the gradient of the CTC loss follows from differences") {
  Tensor x = log_probabilities({4, 1, 3});
  const Tensor targets = tensor<int64_t>({1, 2}, {1, 2});
  const Tensor steps = tensor<int64_t>({1}, {4}), lengths = tensor<int64_t>({1}, {2});
  const auto loss = [&] {
    return run("ctcLoss", {x, targets, steps, lengths},
               {{DType::kFloat64, {1}}, {DType::kFloat64, {1, 4, 5}}}, {0});
  };
  const auto out = loss();
  const Tensor grad = tensor<double>({1}, {1.5});
  const Tensor dx = run("ctcLossGrad", {grad, x, targets, steps, lengths, out[0], out[1]},
                        {{DType::kFloat64, x.shape}}, {0, 0})[0];
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double before = x.as<double>()[i], step = 1e-6;
    x.as<double>()[i] = before + step;
    const double high = element<double>(loss()[0], 0);
    x.as<double>()[i] = before - step;
    const double low = element<double>(loss()[0], 0);
    x.as<double>()[i] = before;
    // The kernel adds the probability, see there.
    CHECK(element<double>(dx, i) ==
          doctest::Approx(1.5 * ((high - low) / (2 * step) + std::exp(before))).epsilon(1e-6));
  }
}

TEST_CASE("CTC refuses what does not fit") {
  const Tensor x = log_probabilities({4, 2, 3}), two = tensor<int64_t>({2}, {1, 2});
  const Tensor targets = tensor<int64_t>({2, 2}, {1, 2, 2, 1});
  const Tensor steps = tensor<int64_t>({2}, {4, 4});
  const auto refuses = [&](const std::vector<Tensor>& inputs, const std::vector<double>& params) {
    CHECK_THROWS_AS(run("ctcLoss", inputs, {{DType::kFloat64, {2}}}, params), Failure);
  };
  CHECK(run("ctcLoss", {x, targets, steps, two}, {{DType::kFloat64, {2}}}, {0})[0].numel() == 2);
  refuses({x, targets, steps, two}, {3});
  refuses({x, targets, steps, two}, {-1});
  refuses({x, targets, tensor<int64_t>({2}, {4, 5}), two}, {0});
  refuses({x, targets, tensor<int64_t>({2}, {4, -1}), two}, {0});
  refuses({x, targets, steps, tensor<int64_t>({2}, {1, 3})}, {0});
  refuses({x, targets, steps, tensor<int64_t>({1}, {1})}, {0});
  refuses({x, tensor<int64_t>({2, 2}, {1, 3, 2, 1}), steps, tensor<int64_t>({2}, {2, 2})}, {0});
  refuses({x, tensor<int64_t>({3}, {1, 1, 2}), steps, tensor<int64_t>({2}, {2, 2})}, {0});
  refuses({x, tensor<int64_t>({1, 2}, {1, 2}), steps, two}, {0});
  CHECK_THROWS_AS(run("ctcLoss", {x, targets, steps, two},
                      {{DType::kFloat64, {2}}, {DType::kFloat64, {2, 4, 3}}}, {0}),
                  Failure);
}

TEST_CASE("rows of a table are copied, whatever their type") {
  const Tensor table = tensor<int64_t>({3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor indices = tensor<int32_t>({2, 1}, {2, 0});
  const Tensor rows = run("embedding", {table, indices}, {{DType::kInt64, {2, 1, 2}}})[0];
  CHECK(values<int64_t>(rows) == std::vector<int64_t>{5, 6, 1, 2});
  const auto refuses = [&](const Tensor& list, const Output& output) {
    CHECK_THROWS_AS(run("embedding", {table, list}, {output}), Failure);
  };
  refuses(tensor<int64_t>({1}, {3}), {DType::kInt64, {1, 2}});
  refuses(tensor<int64_t>({1}, {-1}), {DType::kInt64, {1, 2}});
  refuses(tensor<int64_t>({1}, {0}), {DType::kInt64, {1, 3}});
  refuses(tensor<int64_t>({1}, {0}), {DType::kFloat64, {1, 2}});
  refuses(tensor<float>({1}, {0}), {DType::kInt64, {1, 2}});
}

}  // namespace
}  // namespace flambeau
