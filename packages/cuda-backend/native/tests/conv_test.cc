// Convolutions and their gradients, against plain sums on the host.
#include "harness.h"
#include "libraries/cudnn_graph.h"
#include "libraries/settings.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

struct Case {
  int64_t n, c, o, groups;
  std::vector<int64_t> x, kernel, stride, pad, dilation;

  size_t dims() const { return x.size(); }
  std::vector<int64_t> y() const {
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < dims(); ++i)
      sizes.push_back((x[i] + 2 * pad[i] - (kernel[i] - 1) * dilation[i] - 1) / stride[i] + 1);
    return sizes;
  }
  std::vector<double> params() const {
    std::vector<double> list;
    for (const auto* numbers : {&stride, &pad, &dilation})
      for (int64_t number : *numbers) list.push_back(static_cast<double>(number));
    list.push_back(static_cast<double>(groups));
    return list;
  }
};

std::vector<int64_t> join(int64_t a, int64_t b, const std::vector<int64_t>& rest) {
  std::vector<int64_t> sizes = {a, b};
  sizes.insert(sizes.end(), rest.begin(), rest.end());
  return sizes;
}

int64_t count_of(const std::vector<int64_t>& sizes) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  return n;
}

// Small whole numbers, row-major or channels-last.
Array numbers(DType dtype, const std::vector<int64_t>& sizes, bool last = false) {
  std::vector<double> values;
  const int64_t n = count_of(sizes);
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<double>((i * 5 + 2) % 7) - 3);
  std::vector<int64_t> strides;
  if (last) {
    strides.resize(sizes.size());
    int64_t step = 1;
    strides[1] = step, step *= sizes[1];
    for (size_t axis = sizes.size() - 1; axis > 1; --axis)
      strides[axis] = step, step *= sizes[axis];
    strides[0] = step;
  }
  return typed(dtype, sizes, values, strides);
}

// body(place in x, place in w, place in y), all row-major, for all products.
template <class Body>
void each_product(const Case& t, Body&& body) {
  const std::vector<int64_t> out = t.y();
  const int64_t taps = count_of(t.kernel), pixels = count_of(out), inputs = t.c / t.groups;
  for (int64_t n = 0; n < t.n; ++n)
    for (int64_t o = 0; o < t.o; ++o)
      for (int64_t p = 0; p < pixels; ++p)
        for (int64_t k = 0; k < taps; ++k) {
          int64_t at = 0, rest = p, tap = k, step = 1;
          bool inside = true;
          for (size_t i = t.dims(); i-- > 0;) {
            const int64_t in =
                rest % out[i] * t.stride[i] - t.pad[i] + tap % t.kernel[i] * t.dilation[i];
            rest /= out[i];
            tap /= t.kernel[i];
            inside = inside && in >= 0 && in < t.x[i];
            at += in * step;
            step *= t.x[i];
          }
          if (!inside) continue;
          for (int64_t c = 0; c < inputs; ++c)
            body((n * t.c + o / (t.o / t.groups) * inputs + c) * step + at,
                 (o * inputs + c) * taps + k, (n * t.o + o) * pixels + p);
        }
}

void check_case(const Case& t, DType dtype) {
  CAPTURE(dtype_name(dtype));
  const double relative = dtype == DType::kFloat16 ? 1e-3 : dtype == DType::kBFloat16 ? 8e-3 : 1e-6;
  const std::vector<int64_t> x_sizes = join(t.n, t.c, t.x), y_sizes = join(t.n, t.o, t.y());
  const std::vector<int64_t> w_sizes = join(t.o, t.c / t.groups, t.kernel);
  const Array w = numbers(dtype, w_sizes), bias = numbers(dtype, {t.o});
  for (bool last : {false, true}) {
    CAPTURE(last);
    const Array x = numbers(dtype, x_sizes, last), dy = numbers(dtype, y_sizes, last);
    const std::vector<double> xs = x.values(), ws = w.values(), gs = dy.values(),
                              bs = bias.values();
    std::vector<double> y(gs.size(), 0.0), dx(xs.size(), 0.0), dw(ws.size(), 0.0);
    std::vector<double> db(static_cast<size_t>(t.o), 0.0);
    each_product(t, [&](int64_t i, int64_t j, int64_t k) {
      const auto from = static_cast<size_t>(i), weight = static_cast<size_t>(j);
      const auto to = static_cast<size_t>(k);
      y[to] += xs[from] * ws[weight];
      dx[from] += gs[to] * ws[weight];
      dw[weight] += gs[to] * xs[from];
    });
    const int64_t pixels = count_of(t.y());
    std::vector<double> biased = y;
    for (size_t i = 0; i < gs.size(); ++i) {
      const size_t channel = i / static_cast<size_t>(pixels) % static_cast<size_t>(t.o);
      biased[i] += bs[channel];
      db[channel] += gs[i];
    }
    const std::vector<double> params = t.params();
    const Results plain = run("convolution", {x, w}, {{dtype, y_sizes}}, params);
    CHECK(close(plain[0].values(), y, relative));
    CHECK(plain[0].strides[1] == 1);
    CHECK(close(run("convolution", {x, w, bias}, {{dtype, y_sizes}}, params)[0].values(), biased,
                relative));
    CHECK(close(run("convolutionInputGrad", {dy, w}, {{dtype, x_sizes}}, params)[0].values(), dx,
                relative));
    const Results grads =
        run("convolutionWeightGrad", {dy, x}, {{dtype, w_sizes}, {dtype, {t.o}}}, params);
    CHECK(close(grads[0].values(), dw, relative));
    CHECK(grads[0].strides == row_major(w_sizes));
    CHECK(close(grads[1].values(), db, relative));
    std::vector<double> as_weights = params;
    as_weights.push_back(1);
    const Results turned =
        run("convolutionWeightGrad", {dy, x}, {{dtype, w_sizes}, {dtype, {t.o}}}, as_weights);
    CHECK(turned[0].values() == grads[0].values());
    CHECK(turned[0].strides[1] == 1);
    CHECK(turned[1].values() == grads[1].values());
  }
}

// A setting, for as long as this lives.
class Using {
 public:
  Using(std::atomic<bool>& setting, bool value) : setting_(setting), before_(setting) {
    setting_ = value;
  }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  ~Using() { setting_ = before_; }

 private:
  std::atomic<bool>& setting_;
  const bool before_;
};

// How many convolutions body() runs by cuDNN's graph interface, and by its functions.
template <class Body>
std::pair<int, int> counts_of(Body&& body) {
  const cuda::ConvolutionCounts& counts = cuda::convolution_counts();
  const int64_t graphs = counts.graphs, functions = counts.functions;
  body();
  return {static_cast<int>(counts.graphs - graphs), static_cast<int>(counts.functions - functions)};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {2, 3, 4, 1, {5, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
      {1, 4, 6, 2, {7, 5}, {3, 2}, {2, 1}, {0, 2}, {1, 2}},
      {2, 4, 4, 4, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},  // each channel on its own
      {3, 5, 2, 1, {4, 4}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
      {1, 1, 8, 1, {1, 9}, {1, 4}, {1, 3}, {0, 1}, {1, 1}},  // a signal
      {1, 2, 3, 1, {4, 5, 6}, {2, 3, 3}, {1, 2, 1}, {1, 0, 1}, {1, 1, 2}},
  };
  return list;
}

}  // namespace

TEST_CASE("convolutions and their gradients are plain sums, in every type") {
  for (bool graphs : {true, false}) {
    CAPTURE(graphs);
    const Using using_graphs(cuda::library_settings().cudnn_graphs, graphs);
    for (size_t i = 0; i < cases().size(); ++i) {
      CAPTURE(i);
      for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16,
                          DType::kInt64, DType::kInt32})
        check_case(cases()[i], dtype);
    }
  }
}

TEST_CASE(
    "convolutions go to cuDNN's graph interface, and what it does not take to the functions") {
  const auto [graphs, functions] = counts_of([] { check_case(cases()[0], DType::kFloat32); });
  CHECK(graphs == 10);
  CHECK(functions == 0);
  const Case volumes = {1, 2, 3, 1, {4, 5, 6}, {2, 3, 3}, {1, 2, 1}, {1, 0, 1}, {1, 1, 1}};
  // The bias of a volume is added afterwards.
  CHECK(counts_of([&] { check_case(volumes, DType::kBFloat16); }) == std::pair{10, 0});
  // The stand-in has no engine for dilated volumes.
  CHECK(counts_of([] { check_case(cases()[5], DType::kFloat32); }) == std::pair{0, 10});
  const Using functions_alone(cuda::library_settings().cudnn_graphs, false);
  CHECK(counts_of([] { check_case(cases()[0], DType::kFloat32); }) == std::pair{0, 10});
}

TEST_CASE("why an engine was passed over is kept") {
  // The stand-in's first engine for float16 does not take odd numbers of channels.
  const Case odd = {1, 2, 3, 1, {4, 4}, {2, 2}, {1, 1}, {0, 0}, {1, 1}};
  CHECK(counts_of([&] { check_case(odd, DType::kFloat16); }) == std::pair{10, 0});
  CHECK(cuda::dnn::graph::last_refusal().starts_with(
      "cudnnBackendFinalize of a plan failed: CUDNN_STATUS_NOT_SUPPORTED (3000)"));
}

TEST_CASE("algorithms of convolutions can be measured") {
  const Using measuring(cuda::library_settings().cudnn_benchmark, true);
  for (bool graphs : {true, false}) {
    const Using using_graphs(cuda::library_settings().cudnn_graphs, graphs);
    for (const Case& t : cases())
      for (DType dtype : {DType::kFloat32, DType::kFloat64}) check_case(t, dtype);
  }
}

TEST_CASE("convolutions use TF32 unless it is switched off, and may have to be deterministic") {
  const Array x = typed(DType::kFloat32, {1, 2, 1, 1}, {1 + 0x1p-20, 0}),
              w = typed(DType::kFloat32, {2, 2, 1, 1}, {1, 0, 0, 1});
  const auto first = [&] {
    return run("convolution", {x, w}, {{DType::kFloat32, {1, 2, 1, 1}}}, {1, 1, 0, 0, 1, 1, 1})[0]
        .value(0);
  };
  for (bool graphs : {true, false}) {
    const Using using_graphs(cuda::library_settings().cudnn_graphs, graphs);
    CHECK(first() == 1);
    check_case(cases()[0], DType::kFloat32);
    {
      const Using tf32(cuda::library_settings().cudnn_tf32, false);
      CHECK(first() == 1 + 0x1p-20);
    }
    CHECK(first() == 1);
    cuda::set_deterministic(true);
    check_case(cases()[1], DType::kFloat32);
    cuda::set_deterministic(false);
  }
}

TEST_CASE("convolutions read tensors that are not aligned") {
  const Array w = numbers(DType::kFloat16, {4, 3, 1, 1});
  for (int64_t offset : {0, 1, 2, 8}) {
    std::vector<double> storage;
    for (int64_t i = 0; i < 60; ++i) storage.push_back(static_cast<double>((i * 5 + 2) % 7) - 3);
    const Array x = typed(DType::kFloat16, {1, 3, 4, 4}, storage, {48, 1, 12, 3}, offset);
    const Array bias = typed(DType::kFloat16, {4}, storage, {1}, offset);
    const std::vector<double> xs = x.values(), ws = w.values(), bs = bias.values();
    std::vector<double> y;
    for (size_t o = 0; o < 4; ++o)
      for (size_t p = 0; p < 16; ++p) {
        y.push_back(bs[o]);
        for (size_t c = 0; c < 3; ++c) y.back() += xs[c * 16 + p] * ws[o * 3 + c];
      }
    CHECK(run("convolution", {x, w, bias}, {{DType::kFloat16, {1, 4, 4, 4}}},
              {1, 1, 0, 0, 1, 1, 1})[0]
              .values() == y);
    CHECK(counts_of([&] {
            run("convolution", {x, w, bias}, {{DType::kFloat16, {1, 4, 4, 4}}},
                {1, 1, 0, 0, 1, 1, 1});
          }) == std::pair{1, 0});
  }
}

TEST_CASE("rows of a gradient are summed for the bias at once, and where they are many in parts") {
  for (int64_t width : {20, 105})
    for (int64_t channels : {3, 8}) {
      const Case t = {2, 2, channels, 1, {40, width}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
      for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kInt64}) check_case(t, dtype);
    }
}

TEST_CASE("convolutions of nothing") {
  const std::vector<double> params = {1, 1, 1, 1, 1, 1, 1};
  const Array w = numbers(DType::kFloat32, {4, 3, 3, 3});
  const Array none = numbers(DType::kFloat32, {0, 3, 5, 5});
  CHECK(
      run("convolution", {none, w}, {{DType::kFloat32, {0, 4, 5, 5}}}, params)[0].values().empty());
  const Results grads = run("convolutionWeightGrad", {numbers(DType::kFloat32, {0, 4, 5, 5}), none},
                            {{DType::kFloat32, {4, 3, 3, 3}}, {DType::kFloat32, {4}}}, params);
  CHECK(grads[0].values() == std::vector<double>(108, 0.0));
  CHECK(grads[1].values() == std::vector<double>(4, 0.0));
  // Without input channels only the bias is left.
  const Array empty = numbers(DType::kFloat32, {1, 0, 2, 2});
  const Array bias = typed(DType::kFloat32, {2}, {5, 7});
  CHECK(run("convolution", {empty, numbers(DType::kFloat32, {2, 0, 3, 3}), bias},
            {{DType::kFloat32, {1, 2, 2, 2}}}, params)[0]
            .values() == std::vector<double>{5, 5, 5, 5, 7, 7, 7, 7});
}

TEST_CASE("convolutions check what they get") {
  const Array x = numbers(DType::kFloat32, {1, 3, 5, 5}),
              w = numbers(DType::kFloat32, {4, 2, 3, 3});
  const std::vector<double> params = {1, 1, 1, 1, 1, 1, 1};
  CHECK_THROWS_WITH_AS(run("convolution", {x, w}, {{DType::kFloat32, {1, 4, 5, 5}}}, params),
                       "the weight's channels do not fit the input and the groups", Failure);
  const Array fits = numbers(DType::kFloat32, {4, 3, 3, 3});
  CHECK_THROWS_WITH_AS(run("convolution", {x, fits}, {{DType::kFloat32, {1, 4, 9, 9}}}, params),
                       "the output's height or width does not follow from the input's", Failure);
}
