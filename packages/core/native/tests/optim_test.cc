#include <doctest/doctest.h>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

struct Options {
  double lr = 0.01, momentum = 0, dampening = 0, weight_decay = 0, beta1 = 0.9, beta2 = 0.999,
         eps = 1e-8;
  bool nesterov = false, maximize = false, decoupled = false, amsgrad = false;
};

// The published update rules on one element; state: buffer, or m, v, largest.
void sgd(const Options& o, bool first, double& p, double g, double& buffer) {
  if (o.maximize) g = -g;
  g += o.weight_decay * p;
  if (o.momentum != 0) {
    buffer = first ? g : o.momentum * buffer + (1 - o.dampening) * g;
    g = o.nesterov ? g + o.momentum * buffer : buffer;
  }
  p -= o.lr * g;
}
void adam(const Options& o, int step, double& p, double g, double& m, double& v, double& largest) {
  if (o.maximize) g = -g;
  if (o.decoupled) {
    p *= 1 - o.lr * o.weight_decay;
  } else {
    g += o.weight_decay * p;
  }
  m = o.beta1 * m + (1 - o.beta1) * g;
  v = o.beta2 * v + (1 - o.beta2) * g * g;
  largest = std::max(largest, v);
  const double corrected = (o.amsgrad ? largest : v) / (1 - std::pow(o.beta2, step));
  p -= o.lr * (m / (1 - std::pow(o.beta1, step))) / (std::sqrt(corrected) + o.eps);
}

const std::vector<Shape> kShapes = {{300, 70}, {}, {0, 4}, {63}, {64}, {1}, {70, 65}};

// `roles` tensors of each of kShapes: all parameters, all gradients, all first states, ….
template <class T>
std::vector<Tensor> make(int roles) {
  std::vector<Tensor> tensors;
  for (int role = 0; role < roles; ++role)
    for (size_t i = 0; i < kShapes.size(); ++i) {
      Tensor t =
          random_tensor<T>(kShapes[i], static_cast<uint32_t>(role * 100 + static_cast<int>(i)));
      // Gradients and some parameters lie in another order than the rest.
      if (kShapes[i].ndim == 2 && (role == 1 || (role == 0 && i == 6)))
        t = transposed(random_tensor<T>({kShapes[i].sizes[1], kShapes[i].sizes[0]}, 7), 0, 1);
      if (role >= 2) std::fill(t.as<T>(), t.as<T>() + t.numel(), T{0});
      tensors.push_back(t);
    }
  return tensors;
}

template <class T>
std::vector<Output> in_place(const std::vector<Tensor>& tensors) {
  std::vector<Output> outputs;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (i / kShapes.size() != 1)
      outputs.push_back({dtype_of<T>, tensors[i].shape, static_cast<int>(i)});
  return outputs;
}

template <class T>
constexpr double kTolerance = std::is_same_v<T, float> ? 2e-6 : 1e-14;

const double kCount = static_cast<double>(kShapes.size());

TEST_CASE_TEMPLATE("sgd against its definition", T, float, double) {
  const Threads threads(2);
  Options plain, momentum, nesterov, all;
  momentum.momentum = 0.9;
  nesterov.momentum = 0.8;
  nesterov.nesterov = true;
  nesterov.weight_decay = 0.1;
  all.momentum = 0.7;
  all.dampening = 0.3;
  all.weight_decay = 0.2;
  all.maximize = true;
  for (const Options& o : {plain, momentum, nesterov, all}) {
    const int roles = o.momentum != 0 ? 3 : 2;
    const auto tensors = make<T>(roles);
    std::vector<std::vector<double>> p, buffer;
    for (size_t i = 0; i < kShapes.size(); ++i) {
      const auto list = values<T>(tensors[i]);
      p.emplace_back(list.begin(), list.end());
      buffer.emplace_back(list.size());
      // Whatever a buffer holds before the first step does not matter.
      if (roles == 3 && !buffer[i].empty()) element<T>(tensors[2 * kShapes.size() + i], 0) = NAN;
    }
    for (int step = 0; step < 3; ++step) {
      run("sgd_step", tensors, in_place<T>(tensors),
          {kCount, o.lr, o.momentum, o.dampening, o.weight_decay, static_cast<double>(o.nesterov),
           static_cast<double>(o.maximize), step == 0 ? 1.0 : 0.0});
      for (size_t i = 0; i < kShapes.size(); ++i) {
        const auto g = values<T>(tensors[kShapes.size() + i]);
        for (size_t e = 0; e < p[i].size(); ++e)
          sgd(o, step == 0, p[i][e], static_cast<double>(g[e]), buffer[i][e]);
        const auto now = values<T>(tensors[i]);
        CHECK(difference(std::vector<double>(now.begin(), now.end()), p[i]) <= kTolerance<T>);
      }
    }
  }
}

TEST_CASE_TEMPLATE("adam against its definition", T, float, double) {
  const Threads threads(2);
  Options plain, decay, decoupled, ams;
  decay.weight_decay = 0.1;
  decoupled.weight_decay = 0.1;
  decoupled.decoupled = true;
  decoupled.beta1 = 0.4;
  ams.amsgrad = true;
  ams.maximize = true;
  ams.beta2 = 0.5;
  for (const Options& o : {plain, decay, decoupled, ams}) {
    const int roles = o.amsgrad ? 5 : 4;
    const auto tensors = make<T>(roles);
    std::vector<std::vector<double>> state[4];
    for (size_t i = 0; i < kShapes.size(); ++i) {
      const auto list = values<T>(tensors[i]);
      state[0].emplace_back(list.begin(), list.end());
      for (int s = 1; s < 4; ++s) state[s].emplace_back(list.size());
    }
    for (int step = 1; step < 4; ++step) {
      run("adam_step", tensors, in_place<T>(tensors),
          {kCount, o.lr, o.beta1, o.beta2, o.eps, o.weight_decay, static_cast<double>(o.decoupled),
           static_cast<double>(o.amsgrad), static_cast<double>(o.maximize),
           static_cast<double>(step)});
      for (size_t i = 0; i < kShapes.size(); ++i) {
        const auto g = values<T>(tensors[kShapes.size() + i]);
        for (size_t e = 0; e < g.size(); ++e)
          adam(o, step, state[0][i][e], static_cast<double>(g[e]), state[1][i][e], state[2][i][e],
               state[3][i][e]);
        const auto now = values<T>(tensors[i]);
        CHECK(difference(std::vector<double>(now.begin(), now.end()), state[0][i]) <=
              5 * kTolerance<T>);
        const Tensor& grad = tensors[kShapes.size() + i];  // another one each step
        for (int64_t e = 0; e < grad.numel(); ++e) element<T>(grad, e) *= static_cast<T>(-0.5);
      }
    }
  }
}

TEST_CASE("steps write tensors with gaps and do not depend on the number of threads") {
  const auto step = [](int count) {
    const Threads threads(count);
    const Tensor p = every_second(random_tensor<float>({40, 1001}, 1), 1);
    const Tensor g = random_tensor<float>({40, 501}, 2);
    const Tensor m = random_tensor<float>({40, 501}, 3);
    const Tensor v = transposed(
        run("mse_loss", {random_tensor<float>({501, 40}, 4), random_tensor<float>({501, 40}, 5)},
            {{DType::kFloat32, {501, 40}}}, {0})[0],
        0, 1);
    const std::vector<Tensor> tensors = {p, g, m, v};
    run("adam_step", tensors,
        {{DType::kFloat32, p.shape, 0},
         {DType::kFloat32, p.shape, 2},
         {DType::kFloat32, p.shape, 3}},
        {1, 0.1, 0.9, 0.99, 1e-8, 0, 0, 0, 0, 4});
    std::vector<float> all = values<float>(p);
    for (float value : values<float>(v)) all.push_back(value);
    return all;
  };
  const auto before = values<float>(every_second(random_tensor<float>({40, 1001}, 1), 1));
  const auto after = step(1);
  CHECK(after != before);
  CHECK(step(3) == after);
  for (float value : after) REQUIRE(std::isfinite(value));
}

TEST_CASE("steps refuse tensors that do not fit") {
  const Tensor p = random_tensor<float>({4}, 1);
  const Tensor g = random_tensor<float>({3}, 2);
  const std::vector<double> params = {1, 0.1, 0, 0, 0, 0, 0, 0};
  const Output target = {DType::kFloat32, {4}, 0};
  CHECK_THROWS_AS(run("sgd_step", {p, g}, {target}, params), Failure);
  CHECK_THROWS_AS(run("sgd_step", {p, random_tensor<double>({4}, 2)}, {target}, params), Failure);
  CHECK_THROWS_AS(run("sgd_step", {p, p, p}, {target}, params), Failure);
  CHECK_THROWS_AS(run("sgd_step", {p, p}, {{DType::kFloat32, {4}}}, params), Failure);
  CHECK_THROWS_AS(run("sgd_step", {expanded(tensor<float>({}, {1}), 4), p}, {target}, params),
                  Failure);
}

TEST_CASE("many tensors are zeroed at once") {
  const Threads threads(2);
  const Tensor big = random_tensor<float>({1000, 700}, 1);
  const Tensor gaps = every_second(random_tensor<double>({9, 8}, 2), 1);
  const std::vector<Tensor> tensors = {random_tensor<int64_t>({5}, 3), big,
                                       random_tensor<float>({0}, 4), gaps,
                                       transposed(random_tensor<uint8_t>({7, 3}, 5), 0, 1)};
  const double kept = gaps.as<double>()[1];
  std::vector<Output> outputs;
  for (size_t i = 0; i < tensors.size(); ++i)
    outputs.push_back({tensors[i].dtype, tensors[i].shape, static_cast<int>(i)});
  run("zero_many", tensors, outputs);
  CHECK(values<int64_t>(tensors[0]) == std::vector<int64_t>(5));
  CHECK(values<float>(big) == std::vector<float>(700000));
  CHECK(values<double>(gaps) == std::vector<double>(36));
  CHECK(values<uint8_t>(tensors[4]) == std::vector<uint8_t>(21));
  CHECK(gaps.as<double>()[1] == kept);
}

}  // namespace
}  // namespace flambeau
