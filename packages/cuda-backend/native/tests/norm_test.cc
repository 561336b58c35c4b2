// Normalisation of rows and of channels against plain loops on the host, in double.
#include "harness.h"
#include "kernels/norm_layout.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

using Values = std::vector<double>;

// Numbers around `centre` that repeat late.
Array numbers(DType dtype, const std::vector<int64_t>& sizes, double centre = 0, int64_t seed = 3) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  Values values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(centre + static_cast<double>((i * 37 + seed * 11) % 101 - 50) / 32);
  return typed(dtype, sizes, values);
}

// [n, c, h, w] stored n, h, w, c.
Array channels_last(const Array& a) {
  const int64_t n = a.sizes[0], c = a.sizes[1], h = a.sizes[2], w = a.sizes[3];
  const Values values = a.values();
  Values stored(values.size());
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < c; ++j)
      for (int64_t p = 0; p < h * w; ++p)
        stored[static_cast<size_t>((i * h * w + p) * c + j)] =
            values[static_cast<size_t>((i * c + j) * h * w + p)];
  return typed(a.dtype, a.sizes, stored, {c * h * w, 1, w * c, c});
}

double tolerance(DType dtype) {
  return dtype == DType::kBFloat16  ? 2e-2
         : dtype == DType::kFloat16 ? 3e-3
         : dtype == DType::kFloat32 ? 2e-5
                                    : 1e-12;
}
DType wide(DType dtype) { return wide_type(dtype); }

struct Norm {
  Values y, mean, rstd, variance;
  Values dx, dw, db;
};

// set(i) and channel(i) of element i; w and b per channel.
template <class SetOf, class ChannelOf>
Norm normalised(const Values& x, const Values& dy, int64_t sets, int64_t channels, const Values& w,
                const Values& b, double eps, bool centred, const SetOf& set,
                const ChannelOf& channel) {
  Norm r;
  Values count(static_cast<size_t>(sets));
  r.mean = r.variance = r.rstd = count;
  Values first = count, second = count;
  const size_t n = x.size();
  for (size_t i = 0; i < n; ++i) {
    count[set(i)] += 1;
    r.mean[set(i)] += x[i];
  }
  for (size_t s = 0; s < count.size(); ++s) r.mean[s] = centred ? r.mean[s] / count[s] : 0;
  for (size_t i = 0; i < n; ++i) {
    const double d = x[i] - r.mean[set(i)];
    r.variance[set(i)] += d * d;
  }
  for (size_t s = 0; s < count.size(); ++s) {
    r.variance[s] /= count[s];
    r.rstd[s] = 1 / std::sqrt(r.variance[s] + eps);
  }
  r.dw.resize(static_cast<size_t>(channels));
  r.db = r.dw;
  for (size_t i = 0; i < n; ++i) {
    const size_t s = set(i), c = channel(i);
    const double hat = (x[i] - r.mean[s]) * r.rstd[s];
    r.y.push_back(hat * w[c] + b[c]);
    first[s] += dy[i] * w[c];
    second[s] += dy[i] * w[c] * hat;
    r.dw[c] += dy[i] * hat;
    r.db[c] += dy[i];
  }
  for (size_t i = 0; i < n; ++i) {
    const size_t s = set(i), c = channel(i);
    const double hat = (x[i] - r.mean[s]) * r.rstd[s];
    r.dx.push_back(r.rstd[s] * (dy[i] * w[c] - (centred ? first[s] / count[s] : 0) -
                                hat * second[s] / count[s]));
  }
  return r;
}

Values joined(std::initializer_list<Values> lists) {
  Values all;
  for (const Values& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

double largest(const Values& values) {
  double most = 1;
  for (double value : values) most = std::max(most, std::fabs(value));
  return most;
}
void check_close(const Values& a, const Values& b, double tolerance) {
  CHECK(close(a, b, tolerance, tolerance * largest(b)));
}

}  // namespace

TEST_CASE("rows of any length and type are normalised, and have their gradients") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16})
    for (int64_t n : {5, 96, 1000, 4100}) {
      if (n > 1000 && dtype == DType::kFloat16) continue;
      for (bool centred : {true, false}) {
        CAPTURE(dtype_name(dtype));
        CAPTURE(n);
        CAPTURE(centred);
        const int64_t rows = n > 500 ? 3 : 70;
        const double eps = 1e-5;
        const Array x = numbers(dtype, {rows, n}, centred ? 3 : 0),
                    dy = numbers(dtype, {rows, n}, 0, 5);
        const Array w = numbers(dtype, {n}, 1, 7), b = numbers(wide(dtype), {n}, 0, 9);
        const Norm expected = normalised(
            x.values(), dy.values(), rows, n, w.values(), b.values(), eps, centred,
            [n](size_t i) { return i / static_cast<size_t>(n); },
            [n](size_t i) { return i % static_cast<size_t>(n); });
        const double t = tolerance(dtype);
        const Results y = run("normRows", {x, w, b}, {{dtype, {rows, n}}, {wide(dtype), {2, rows}}},
                              {static_cast<double>(n), eps, centred ? 1.0 : 0.0});
        check_close(y[0].values(), expected.y, t);
        check_close(y[1].values(), joined({expected.mean, expected.rstd}), t);
        const Results grads = run("normRowsGrad", {dy, x, w, y[1]},
                                  {{dtype, {rows, n}}, {dtype, {n}}, {wide(dtype), {n}}},
                                  {static_cast<double>(n), centred ? 1.0 : 0.0});
        check_close(grads[0].values(), expected.dx, t);
        check_close(grads[1].values(), expected.dw, t);
        check_close(grads[2].values(), expected.db, t);
        // What is not wanted stays away.
        const Results only =
            run("normRowsGrad", {dy, x, w, y[1]}, {{dtype, {0}}, {dtype, {n}}, {wide(dtype), {0}}},
                {static_cast<double>(n), centred ? 1.0 : 0.0});
        check_close(only[1].values(), expected.dw, t);
      }
    }
}

TEST_CASE("channels are normalised as they lie, in sets of every kind, and have their gradients") {
  struct Case {
    std::vector<int64_t> sizes;
    int64_t groups;
  };
  // Few large sets are summed in parts; many small ones each by a block.
  for (const Case& one :
       {Case{{2, 3, 5, 7}, 0}, Case{{3, 8, 4, 4}, 0}, Case{{2, 8, 4, 6}, 4}, Case{{2, 6, 3, 5}, 6},
        Case{{2, 6, 3, 5}, 1}, Case{{4, 2, 48, 64}, 0}, Case{{2, 4, 40, 64}, 2},
        Case{{1, 600, 4, 4}, 0}, Case{{3, 300, 2, 2}, 300}, Case{{1, 160, 16, 24}, 0},
        Case{{2, 48, 5, 7}, 2}, Case{{1, 8, 24, 25}, 1}, Case{{1, 8, 64, 80}, 2}})
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kBFloat16})
      for (bool last : {false, true}) {
        CAPTURE(dtype_name(dtype));
        CAPTURE(one.groups);
        CAPTURE(one.sizes[3]);
        CAPTURE(last);
        const int64_t n = one.sizes[0], c = one.sizes[1], pixels = one.sizes[2] * one.sizes[3];
        const int64_t sets = one.groups == 0 ? c : n * one.groups;
        const double eps = 1e-3;
        Array x = numbers(dtype, one.sizes, 2), dy = numbers(dtype, one.sizes, 0, 5);
        const Array w = numbers(wide(dtype), {c}, 1, 7), b = numbers(dtype, {c}, 0, 9);
        const auto channel = [&](size_t i) {
          return i / static_cast<size_t>(pixels) % static_cast<size_t>(c);
        };
        const auto set = [&](size_t i) {
          if (one.groups == 0) return channel(i);
          return i / static_cast<size_t>(pixels * c / one.groups);
        };
        const Norm expected = normalised(x.values(), dy.values(), sets, c, w.values(), b.values(),
                                         eps, true, set, channel);
        if (last) {
          x = channels_last(x);
          dy = channels_last(dy);
        }
        const double t = tolerance(dtype);
        const Results y =
            run("normChannels", {x, w, b}, {{dtype, one.sizes}, {wide(dtype), {3, sets}}},
                {static_cast<double>(one.groups), eps});
        check_close(y[0].values(), expected.y, t);
        CHECK(y[0].strides == x.strides);
        check_close(y[1].values(), joined({expected.mean, expected.rstd, expected.variance}), t);
        const Results grads = run("normChannelsGrad", {dy, x, w, y[1]},
                                  {{dtype, one.sizes}, {wide(dtype), {c}}, {dtype, {c}}},
                                  {static_cast<double>(one.groups), 0});
        check_close(grads[0].values(), expected.dx, t);
        check_close(grads[1].values(), expected.dw, t);
        check_close(grads[2].values(), expected.db, t);
        if (one.groups > 0) continue;
        // By the statistics as constants.
        const Results same = run("normChannels",
                                 {x, w, b, typed(wide(dtype), {c}, expected.mean),
                                  typed(wide(dtype), {c}, expected.variance)},
                                 {{dtype, one.sizes}}, {0, eps});
        check_close(same[0].values(), expected.y, t);
        const Results fixed = run("normChannelsGrad", {dy, x, w, y[1]},
                                  {{dtype, one.sizes}, {wide(dtype), {c}}, {dtype, {0}}}, {0, 1});
        Values scaled = dy.values();
        const Values factors = w.values();
        for (size_t i = 0; i < scaled.size(); ++i)
          scaled[i] *= factors[channel(i)] * expected.rstd[channel(i)];
        check_close(fixed[0].values(), scaled, t);
        check_close(fixed[1].values(), expected.dw, t);
      }
}

TEST_CASE("channels-last are as many images as a grid has room for") {
  const auto is_last = [](int64_t images, int64_t groups) {
    cuda::Tensor x;
    x.shape = {images, 8};
    contiguous_strides(x.shape, x.strides);
    return cuda::channel_layout(x, groups).last;
  };
  CHECK(is_last(65535, 2));
  CHECK(!is_last(65536, 2));
  CHECK(is_last(65536, 0));  // all are one
}

TEST_CASE("running statistics move towards new ones") {
  const Array mean = array<float>({2}, {1, 9, 2}, {2}), variance = array<float>({2}, {4, 5});
  const Array statistics = array<float>({3, 2}, {3, 4, 0, 0, 8, 16});
  const Results after = run("normRunning", {mean, variance, statistics},
                            {Out(mean, 0), Out(variance, 1)}, {0.25, 1.5});
  CHECK(close(after[0].values(), {1.5, 2.5}));
  CHECK(close(after[1].values(), {4 * 0.75 + 3, 5 * 0.75 + 6}));
}

TEST_CASE("running statistics are moved, and calls counted, by the normalisation itself") {
  const Array statistics_before = array<float>({2}, {1, 9, 2}, {2});
  for (int64_t pixels : {6, 700, 2100})
    for (bool last : {false, true}) {
      CAPTURE(pixels);
      CAPTURE(last);
      const Array x = numbers(DType::kFloat32, {2, 2, pixels, 1}, 2);
      const Array variance = array<float>({2}, {4, 5}), batches = array<int64_t>({}, {7});
      const Results after =
          run("normChannels", {last ? channels_last(x) : x, std::nullopt, std::nullopt},
              {Out(DType::kFloat32, {2, 2, pixels, 1}), Out(DType::kFloat32, {3, 2}),
               Out(statistics_before), Out(variance), Out(batches)},
              {0, 1e-5, 0.25, 1.5});
      const Array& found = after[1];
      for (int c = 0; c < 2; ++c) {
        CHECK(after[2].value(c) == doctest::Approx(c + 1 - 0.25 * (c + 1 - found.value(c))));
        CHECK(after[3].value(c) == doctest::Approx((4 + c) * 0.75 + 0.375 * found.value(4 + c)));
      }
      CHECK(after[4].value(0) == 8);
    }
}

TEST_CASE("empty batches have no statistics") {
  const Array x = array<float>({0, 2, 3}, {});
  const Results y = run("normChannels", {x, std::nullopt, std::nullopt},
                        {{DType::kFloat32, {0, 2, 3}}, {DType::kFloat32, {3, 2}}}, {0, 1e-5});
  CHECK(y[1].value(0) == 0);
  CHECK(std::isnan(y[1].value(4)));
  const Results grads =
      run("normChannelsGrad", {x, x, std::nullopt, y[1]},
          {{DType::kFloat32, {0, 2, 3}}, {DType::kFloat32, {2}}, {DType::kFloat32, {2}}}, {0, 0});
  CHECK(grads[1].values() == std::vector<double>{0, 0});
}
