#include <doctest/doctest.h>

#include <functional>

#include "kernel_harness.h"
#include "recurrent_layer.h"

namespace flambeau {
namespace {

using namespace testing;

// One layer in one direction, and tensors for it.
struct Layer {
  Cell cell = Cell::kLstm;
  bool reverse = false, batch_first = false;
  int64_t steps = 5, batch = 3, inputs = 2, hidden = 4, projected = 0;
  std::vector<int64_t> counts = {};  // of packed sequences
  bool bias = true;

  bool lstm() const { return cell == Cell::kLstm; }
  bool gru() const { return cell == Cell::kGru; }
  int64_t gates() const { return lstm() ? 4 : gru() ? 3 : 1; }
  int64_t state() const { return projected ? projected : hidden; }
  int64_t count(int64_t t) const { return counts.empty() ? batch : counts[t]; }
  int64_t rows() const {
    int64_t sum = 0;
    for (int64_t t = 0; t < steps; ++t) sum += count(t);
    return sum;
  }
  Shape sequence(int64_t size) const {
    if (!counts.empty()) return {rows(), size};
    return batch_first ? Shape{batch, steps, size} : Shape{steps, batch, size};
  }
  // The row of x that sequence n has at step t.
  int64_t row(int64_t t, int64_t n) const {
    if (batch_first && counts.empty()) return n * steps + t;
    int64_t start = 0;
    for (int64_t i = 0; i < t; ++i) start += count(i);
    return start + n;
  }
  std::vector<double> params() const {
    return {static_cast<double>(cell), reverse ? 1.0 : 0.0, batch_first ? 1.0 : 0.0};
  }
};

// x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, counts
template <class T>
std::vector<Tensor> tensors_of(const Layer& l, uint32_t seed = 1) {
  const int64_t columns = l.gates() * l.hidden;
  const auto some = [&](bool wanted, const Shape& shape) {
    return wanted ? random_tensor<T>(shape, seed++) : kNone;
  };
  return {some(true, l.sequence(l.inputs)),
          some(true, {l.batch, l.state()}),
          some(l.lstm(), {l.batch, l.hidden}),
          some(true, {columns, l.inputs}),
          some(true, {columns, l.state()}),
          some(l.bias, {columns}),
          some(l.bias, {columns}),
          some(l.projected > 0, {l.projected, l.hidden}),
          l.counts.empty() ? kNone : tensor<int64_t>({l.steps}, l.counts)};
}

template <class T>
std::vector<Tensor> forward(const Layer& l, const std::vector<Tensor>& inputs, bool training) {
  const DType type = dtype_of<T>;
  const bool kept = training && (l.lstm() || l.gru());
  return run("recurrent", inputs,
             {{type, l.sequence(l.state())},
              {type, {l.batch, l.state()}},
              {type, l.lstm() ? Shape{l.batch, l.hidden} : Shape{0}},
              {type, kept ? Shape{l.rows(), l.gates() * l.hidden} : Shape{0}},
              {type, kept ? Shape{l.rows(), l.hidden} : Shape{0}}},
             l.params());
}

// What the forward pass should give, in doubles: y, the last h, the last c.
std::vector<std::vector<double>> expected(const Layer& l,
                                          const std::vector<std::vector<double>>& in) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const int64_t hidden = l.hidden, state = l.state(), columns = l.gates() * hidden;
  std::vector<double> h = in[1], c = in[2];
  std::vector<double> y(static_cast<size_t>(l.rows() * state));
  for (int64_t i = 0; i < l.steps; ++i) {
    const int64_t t = l.reverse ? l.steps - 1 - i : i;
    for (int64_t n = 0; n < l.count(t); ++n) {
      const int64_t row = l.row(t, n);
      std::vector<double> own(columns), past(columns), out(hidden);
      for (int64_t j = 0; j < columns; ++j) {
        own[j] = l.bias ? in[5][j] : 0;
        past[j] = l.bias ? in[6][j] : 0;
        for (int64_t d = 0; d < l.inputs; ++d)
          own[j] += in[3][j * l.inputs + d] * in[0][row * l.inputs + d];
        for (int64_t d = 0; d < state; ++d) past[j] += in[4][j * state + d] * h[n * state + d];
      }
      for (int64_t j = 0; j < hidden; ++j) {
        const auto sum = [&](int64_t gate) {
          return own[gate * hidden + j] + past[gate * hidden + j];
        };
        if (l.lstm()) {
          double& cell = c[n * hidden + j];
          cell = sigmoid(sum(1)) * cell + sigmoid(sum(0)) * std::tanh(sum(2));
          out[j] = sigmoid(sum(3)) * std::tanh(cell);
        } else if (l.gru()) {
          const double r = sigmoid(sum(0)), z = sigmoid(sum(1));
          const double fresh = std::tanh(own[2 * hidden + j] + r * past[2 * hidden + j]);
          out[j] = (1 - z) * fresh + z * h[n * hidden + j];
        } else {
          out[j] = l.cell == Cell::kTanh ? std::tanh(sum(0)) : std::max(0.0, sum(0));
        }
      }
      for (int64_t j = 0; j < state; ++j) {
        double next = l.projected ? 0 : out[j];
        if (l.projected)
          for (int64_t d = 0; d < hidden; ++d) next += in[7][j * hidden + d] * out[d];
        y[row * state + j] = h[n * state + j] = next;
      }
    }
  }
  return {y, h, c};
}

template <class T>
std::vector<std::vector<double>> doubles_of(const std::vector<Tensor>& list) {
  std::vector<std::vector<double>> all;
  for (const Tensor& t : list) {
    all.emplace_back();
    if (t.ndim() < 0 || t.dtype != dtype_of<T>) continue;
    for (T value : values<T>(t)) all.back().push_back(static_cast<double>(value));
  }
  return all;
}

const std::vector<Layer>& layers() {
  static const std::vector<Layer> list = [] {
    std::vector<Layer> all;
    for (Cell cell : {Cell::kLstm, Cell::kGru, Cell::kTanh, Cell::kRelu}) {
      for (bool reverse : {false, true}) {
        all.push_back({.cell = cell, .reverse = reverse});
        all.push_back({.cell = cell, .reverse = reverse, .batch_first = true, .hidden = 17});
        all.push_back({.cell = cell, .reverse = reverse, .steps = 2, .batch = 6, .hidden = 33});
        all.push_back({.cell = cell, .reverse = reverse, .steps = 2, .inputs = 70, .hidden = 20});
        all.push_back(
            {.cell = cell, .reverse = reverse, .steps = 4, .batch = 3, .counts = {3, 3, 2, 1}});
        all.push_back({.cell = cell, .reverse = reverse, .steps = 2, .counts = {3, 1}});
      }
      all.push_back({.cell = cell, .steps = 4, .batch = 67, .hidden = 71, .bias = false});
      all.push_back({.cell = cell, .steps = 1, .batch = 1, .hidden = 1});
    }
    for (int64_t steps : {1, 3, 6}) {
      all.push_back({.steps = steps, .hidden = 9, .projected = 4, .bias = false});
      all.push_back({.reverse = true, .steps = steps, .batch = 9, .hidden = 9, .projected = 5});
    }
    all.push_back({.reverse = true, .steps = 4, .projected = 2, .counts = {3, 2, 2, 1}});
    return all;
  }();
  return list;
}

template <class T>
void check_forward(double tolerance) {
  for (const Layer& l : layers()) {
    CAPTURE(static_cast<int>(l.cell));
    CAPTURE(l.reverse);
    CAPTURE(l.steps);
    CAPTURE(l.hidden);
    CAPTURE(l.projected);
    const std::vector<Tensor> inputs = tensors_of<T>(l);
    const auto wanted = expected(l, doubles_of<T>(inputs));
    for (bool training : {false, true}) {
      const auto got = doubles_of<T>(forward<T>(l, inputs, training));
      for (size_t i = 0; i < (l.lstm() ? 3 : 2); ++i)
        CHECK(difference(got[i], wanted[i]) < tolerance);
    }
  }
}

// Σ weights · outputs, the weights being `grads` where they were not left out.
double weighted(const Layer& l, const std::vector<Tensor>& inputs,
                const std::vector<Tensor>& grads) {
  const auto outputs = doubles_of<double>(forward<double>(l, inputs, false));
  const auto weights = doubles_of<double>(grads);
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i)
    for (size_t j = 0; j < weights[i].size(); ++j) sum += weights[i][j] * outputs[i][j];
  return sum;
}

template <class T>
std::vector<Tensor> backward(const Layer& l, const std::vector<Tensor>& inputs,
                             const std::vector<Tensor>& grads) {
  const std::vector<Tensor> outputs = forward<T>(l, inputs, true);
  const bool kept = l.lstm() || l.gru();
  std::vector<Tensor> all = grads;
  all.insert(all.end(), inputs.begin(), inputs.begin() + 5);
  all.push_back(inputs[7]);
  all.push_back(outputs[0]);
  all.push_back(kept ? outputs[3] : kNone);
  all.push_back(kept ? outputs[4] : kNone);
  all.push_back(inputs[8]);
  std::vector<Output> specs;
  for (int i = 0; i < 8; ++i)
    specs.push_back({dtype_of<T>, inputs[i].ndim() < 0 ? Shape{0} : inputs[i].shape});
  return run("recurrentGrad", all, specs, l.params());
}

}  // namespace

TEST_CASE("recurrent layers in float32") { check_forward<float>(1e-4); }
TEST_CASE("recurrent layers in float64") { check_forward<double>(1e-13); }

TEST_CASE("gradients of recurrent layers agree with differences") {
  uint32_t seed = 100;
  for (const Layer& l : layers()) {
    if (l.cell == Cell::kRelu && l.rows() > 40) continue;  // too many kinks nearby
    CAPTURE(static_cast<int>(l.cell));
    CAPTURE(l.reverse);
    CAPTURE(l.steps);
    CAPTURE(l.hidden);
    CAPTURE(l.projected);
    const std::vector<Tensor> inputs = tensors_of<double>(l);
    std::vector<Tensor> grads = {random_tensor<double>(l.sequence(l.state()), seed++),
                                 random_tensor<double>({l.batch, l.state()}, seed++), kNone};
    if (l.lstm()) grads[2] = random_tensor<double>({l.batch, l.hidden}, seed++);
    if (seed % 3 == 0) grads[0] = kNone;
    const std::vector<Tensor> got = backward<double>(l, inputs, grads);
    for (size_t i = 0; i < 8; ++i) {
      if (inputs[i].ndim() < 0) continue;
      CAPTURE(i);
      const Tensor direction = random_tensor<double>(inputs[i].shape, seed++);
      constexpr double kStep = 1e-6;
      double sides[2];
      for (int side = 0; side < 2; ++side) {
        std::vector<Tensor> moved = inputs;
        moved[i] = empty_tensor(inputs[i].shape, DType::kFloat64);
        for (int64_t j = 0; j < moved[i].numel(); ++j)
          moved[i].as<double>()[j] =
              inputs[i].as<double>()[j] + (side ? -kStep : kStep) * direction.as<double>()[j];
        sides[side] = weighted(l, moved, grads);
      }
      double slope = 0;
      for (int64_t j = 0; j < direction.numel(); ++j)
        slope += got[i].as<double>()[j] * direction.as<double>()[j];
      const double measured = (sides[0] - sides[1]) / (2 * kStep);
      CHECK(std::abs(slope - measured) < 1e-6 * (1 + std::abs(measured)) * 10);
    }
  }
}

TEST_CASE("recurrent layers give the same bits on one and more threads") {
  const Layer l = {.steps = 6, .batch = 20, .inputs = 30, .hidden = 130};
  const std::vector<Tensor> inputs = tensors_of<float>(l);
  const std::vector<Tensor> grads = {random_tensor<float>(l.sequence(l.state()), 7), kNone, kNone};
  const int before = num_threads();
  set_num_threads(2);
  const auto first = backward<float>(l, inputs, grads);
  const auto second = backward<float>(l, inputs, grads);
  for (size_t i = 0; i < first.size(); ++i)
    CHECK(values<float>(first[i]) == values<float>(second[i]));
  set_num_threads(before);
}

TEST_CASE("steps on every instruction set") {
  constexpr int64_t kBatch = 7, kHidden = 37, kDepth = 53;
  const Tensor w = random_tensor<float>({4 * kHidden, kDepth}, 1);
  const Tensor h = random_tensor<float>({kBatch, kDepth}, 2);
  const Tensor gates = random_tensor<float>({kBatch, 4 * kHidden}, 3);
  std::vector<float> first;
  for (Isa isa : supported_isas()) {
    const RecurrentFunctions<float>& table = active::recurrent_table(isa).f32;
    const int64_t panels = (kHidden + table.units - 1) / table.units;
    std::vector<float> packed(panels * table.units * 4 * kDepth + 16), next(kBatch * kHidden);
    auto* aligned = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(packed.data()) + 63) &
                                             ~uintptr_t{63});
    table.pack_gates(4, kHidden, kDepth, w.as<float>(), kDepth, 0, panels, aligned);
    std::vector<float> own = values<float>(gates), cell(kBatch * kHidden, 0.5F);
    RecurrentStep<float> s;
    s.rows = kBatch;
    s.hidden = kHidden;
    s.depth = kDepth;
    s.state = h.as<float>();
    s.packed = aligned;
    s.gates = own.data();
    s.cell = cell.data();
    s.next = next.data();
    table.lstm(s, 0, panels);
    if (first.empty()) first = next;
    CHECK(difference(next, first) < 1e-5);
    std::vector<float> y(4 * kHidden, 1.0F);
    table.dots(4 * kHidden, kDepth, w.as<float>(), kDepth, h.as<float>(), y.data());
    for (int64_t j = 0; j < 4 * kHidden; ++j) {
      double sum = 1;
      for (int64_t p = 0; p < kDepth; ++p)
        sum += static_cast<double>(w.as<float>()[j * kDepth + p]) * h.as<float>()[p];
      CHECK(std::abs(y[j] - sum) < 1e-4);
    }
  }
}

TEST_CASE("recurrent layers refuse what does not fit") {
  Layer l = {.steps = 3, .counts = {3, 2, 1}};
  std::vector<Tensor> inputs = tensors_of<float>(l);
  inputs[8] = tensor<int64_t>({3}, {3, 1, 2});
  CHECK_THROWS_AS(forward<float>(l, inputs, false), Failure);
  inputs[8] = tensor<int64_t>({3}, {3, 3, 1});
  CHECK_THROWS_AS(forward<float>(l, inputs, false), Failure);
  inputs = tensors_of<float>(l);
  inputs[3] = random_tensor<float>({16, 3}, 1);
  CHECK_THROWS_AS(forward<float>(l, inputs, false), Failure);
  inputs = tensors_of<float>(l);
  inputs[4] = random_tensor<double>({16, 4}, 1);
  CHECK_THROWS_AS(forward<float>(l, inputs, false), Failure);
}

}  // namespace flambeau
