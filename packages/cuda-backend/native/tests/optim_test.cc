// Optimizer steps, and what is done to many gradients at once.
#include "harness.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

Array numbers(DType dtype, const std::vector<int64_t>& sizes, double start, double step,
              std::vector<int64_t> strides = {}, int64_t storage = 0) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  std::vector<double> values;
  for (int64_t i = 0; i < std::max(n, storage); ++i)
    values.push_back(start + step * static_cast<double>(i % 17));
  return typed(dtype, sizes, values, std::move(strides));
}

// Tensors by role; all but the gradients are written in place.
Results step(const std::string& kernel, const std::vector<std::vector<Array>>& roles,
             std::vector<double> params) {
  std::vector<In> inputs;
  std::vector<Out> outputs;
  for (size_t role = 0; role < roles.size(); ++role)
    for (const Array& a : roles[role]) {
      if (role != 1) outputs.emplace_back(a, static_cast<int>(inputs.size()));
      inputs.emplace_back(a);
    }
  params.insert(params.begin(), static_cast<double>(roles[0].size()));
  return run(kernel, inputs, outputs, params);
}

}  // namespace

TEST_CASE("SGD moves many parameters of any type and layout") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    CAPTURE(dtype_name(dtype));
    const double t = dtype == DType::kBFloat16 ? 1e-2 : dtype == DType::kFloat16 ? 2e-3 : 1e-6;
    // More than go with a launch: long ones, empty ones, with gaps, in another order.
    for (int count : {4, 70}) {
      std::vector<Array> p, g, buffer;
      for (int i = 0; i < count; ++i) {
        const bool odd = i % 4 == 1;
        const std::vector<int64_t> sizes = i % 4 == 0   ? std::vector<int64_t>{60, 101}
                                           : i % 4 == 3 ? std::vector<int64_t>{0}
                                                        : std::vector<int64_t>{3, 5};
        p.push_back(odd ? numbers(dtype, sizes, 1, 0.25, {7, 1}, 21)
                        : numbers(dtype, sizes, 1, 0.25));
        g.push_back(i % 4 == 2 ? numbers(dtype, sizes, -1, 0.125, {1, 3})
                               : numbers(dtype, sizes, -1, 0.125));
        buffer.push_back(numbers(dtype, sizes, 0.5, 0.25));
      }
      // lr, momentum, dampening, weight decay, nesterov, maximize, first
      const Results y = step("sgd_step", {p, g, buffer}, {0.1, 0.9, 0.25, 0.01, 1, 0, 0});
      for (int i = 0; i < count; ++i) {
        CAPTURE(i);
        const auto at = static_cast<size_t>(i);
        const std::vector<double> value = p[at].values(), slope = g[at].values(),
                                  before = buffer[at].values();
        std::vector<double> moved, stepped;
        for (size_t k = 0; k < value.size(); ++k) {
          const double grad = slope[k] + 0.01 * value[k];
          moved.push_back(0.9 * before[k] + 0.75 * grad);
          stepped.push_back(value[k] - 0.1 * (grad + 0.9 * moved[k]));
        }
        CHECK(close(y[at].values(), stepped, t, t));
        CHECK(close(y[at + static_cast<size_t>(count)].values(), moved, t, t));
      }
    }
  }
}

TEST_CASE("Adam, with and without AMSGrad and decoupled decay") {
  const double lr = 0.1, beta1 = 0.9, beta2 = 0.99, eps = 1e-8, decay = 0.1, steps = 3;
  for (bool decoupled : {false, true})
    for (bool amsgrad : {false, true}) {
      const Array p = numbers(DType::kFloat32, {5, 5}, 1, 0.1),
                  g = numbers(DType::kFloat32, {5, 5}, -1, 0.3),
                  m = numbers(DType::kFloat32, {5, 5}, 0.1, 0.01),
                  v = numbers(DType::kFloat32, {5, 5}, 0.2, 0.1),
                  largest = numbers(DType::kFloat32, {5, 5}, 0.5, 0.05);
      std::vector<std::vector<Array>> roles = {{p}, {g}, {m}, {v}};
      if (amsgrad) roles.push_back({largest});
      const Results y = step(
          "adam_step", roles,
          {lr, beta1, beta2, eps, decay, decoupled ? 1.0 : 0.0, amsgrad ? 1.0 : 0.0, 0, steps});
      std::vector<double> expected;
      for (size_t i = 0; i < 25; ++i) {
        double value = p.values()[i], grad = g.values()[i];
        if (decoupled) value *= 1 - lr * decay;
        if (!decoupled) grad += decay * value;
        const double mean = beta1 * m.values()[i] + (1 - beta1) * grad;
        double square = beta2 * v.values()[i] + (1 - beta2) * grad * grad;
        if (amsgrad) square = std::max(square, largest.values()[i]);
        const double root = std::sqrt(square / (1 - std::pow(beta2, steps)));
        expected.push_back(value - lr * (mean / (1 - std::pow(beta1, steps))) / (root + eps));
      }
      CHECK(close(y[0].values(), expected, 1e-5, 1e-6));
    }
}

TEST_CASE("the rules of the other optimizers read their state where it is") {
  const Array p = array<double>({1}, {2}), g = array<double>({1}, {4});
  const auto one = [](double x) { return std::vector<Array>{array<double>({1}, {x})}; };
  // RMSprop: lr, alpha, eps, momentum, centred
  const double square = 0.9 * 5 + 0.1 * 16, mean = 1 + 0.1 * 3;
  Results y =
      step("optim_step", {{p}, {g}, one(5), one(3), one(1)}, {0, 1, 0, 0.1, 0.9, 0, 0.5, 1});
  const double change = 4 / std::sqrt(square - mean * mean);
  CHECK(close(y[0].values(), {2 - 0.1 * (1.5 + change)}, 1e-12));
  CHECK(close(y[2].values(), {1.5 + change}, 1e-12));
  CHECK(close(y[3].values(), {mean}, 1e-12));
  y = step("optim_step", {{p}, {g}, one(5), one(1)}, {0, 1, 0, 0.1, 0.9, 0, 0, 1});
  CHECK(close(y[0].values(), {2 - 0.1 * change}, 1e-12));
  y = step("optim_step", {{p}, {g}, one(5), one(3)}, {0, 1, 0, 0.1, 0.9, 0, 0.5, 0});
  CHECK(close(y[0].values(), {2 - 0.1 * (1.5 + 4 / std::sqrt(square))}, 1e-12));
  // Adagrad: lr, eps
  y = step("optim_step", {{p}, {g}, one(9)}, {1, 1, 0, 0.1, 0});
  CHECK(close(y[0].values(), {2 - 0.1 * 4 / 5}, 1e-12));
  // Rprop: down, up, smallest, largest
  y = step("optim_step", {{p}, {g}, one(1), one(0.5)}, {7, 1, 0, 0.5, 1.2, 1e-6, 50});
  CHECK(close(y[0].values(), {2 - 0.6}, 1e-12));
  // The average
  y = step("optim_step", {{p}, {g}}, {8, 1, 0, 0.25});
  CHECK(close(y[0].values(), {2.5}, 1e-12));
}

TEST_CASE("gradients are scaled, and what is not finite raises the flag") {
  for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kFloat64}) {
    CAPTURE(dtype_name(dtype));
    for (double odd : {1.0, std::nan(""), double(INFINITY)}) {
      const Array a = numbers(dtype, {3, 5}, 2, 1, {6, 1}, 18);
      std::vector<double> values(5000, 4);
      values[4321] = odd;
      const Array b = typed(dtype, {5000}, values), flag = array<float>({}, {0});
      const Results y =
          run("unscale_many", {a, b, flag}, {Out(a, 0), Out(b, 1), Out(flag, 2)}, {0.5});
      CHECK(y[0].value(3) == 2.5);
      CHECK(y[1].value(4999) == 2);
      CHECK(y[2].value(0) == (odd == 1.0 ? 0 : 1));
    }
  }
}

TEST_CASE("many tensors become zero") {
  const Array a = array<int64_t>({3}, {1, 2, 3}), b = numbers(DType::kFloat16, {1000}, 1, 1),
              c = array<float>({2, 2}, {1, 2, 3, 4, 5, 6}, {3, 1});
  const Results y = run("zero_many", {a, b, c}, {Out(a, 0), Out(b, 1), Out(c, 2)});
  for (const Array& zeros : y)
    for (double value : zeros.values()) CHECK(value == 0);
  float gap;
  std::memcpy(&gap, y[2].bytes.data() + 2 * sizeof gap, sizeof gap);
  CHECK(gap == 3);
}
