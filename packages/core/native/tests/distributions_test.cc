#include "distributions.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

constexpr int kSamples = 40'000;

// Mean and variance of samples; the latter to within some percent.
struct Moments {
  double mean = 0;
  double variance = 0;

  template <class Draw>
  explicit Moments(const Draw& draw) {
    double sum = 0, squares = 0;
    for (int i = 0; i < kSamples; ++i) {
      const double value = draw();
      sum += value;
      squares += value * value;
    }
    mean = sum / kSamples;
    variance = squares / kSamples - mean * mean;
  }
};

// That PyTorch's numbers come out is checked in src/random.test.ts; here, that they are right.
TEST_CASE("Poisson samples have the rate as mean and variance") {
  Generator generator(1);
  for (const double rate : {0.01, 0.7, 9.99, 10.0, 35.5, 1e6}) {
    const Moments moments([&] { return draw_poisson(generator, rate); });
    CHECK(moments.mean == doctest::Approx(rate).epsilon(5 / std::sqrt(rate * kSamples)));
    CHECK(moments.variance == doctest::Approx(rate).epsilon(0.1 + 5 / std::sqrt(rate * kSamples)));
  }
  CHECK(draw_poisson(generator, 0) == 0);
}

TEST_CASE_TEMPLATE("binomial samples have their mean and variance", T, float, double) {
  Generator generator(2);
  for (const T count : {T(1), T(12), T(19.5), T(100), T(3000)})
    for (const T p : {T(0.001), T(0.3), T(0.5), T(0.51), T(0.999)}) {
      const double n = std::floor(static_cast<double>(count)), q = 1 - static_cast<double>(p);
      const Moments moments([&] { return draw_binomial<T>(generator, count, p); });
      // A count that is no whole number is one between its neighbours, as in PyTorch.
      const double slack = count == std::floor(count) ? 0 : 1;
      CHECK(std::fabs(moments.mean - n * static_cast<double>(p)) <=
            slack + 6 * std::sqrt(n * static_cast<double>(p) * q / kSamples + 1e-9));
      if (slack == 0)
        CHECK(std::fabs(moments.variance - n * static_cast<double>(p) * q) <=
              0.1 * n * static_cast<double>(p) * q + 0.02);
    }
}

TEST_CASE("binomial samples of extreme arguments end") {
  Generator generator(3);
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(draw_binomial<double>(generator, NAN, 0.5)));
  CHECK(std::isnan(draw_binomial<double>(generator, 3, NAN)));
  CHECK(draw_binomial<double>(generator, -3, 0.5) == 0);
  CHECK(draw_binomial<double>(generator, 5, -0.5) == 0);
  CHECK(draw_binomial<double>(generator, 5, 0) == 0);
  CHECK(draw_binomial<double>(generator, 5, 1) == 5);
  CHECK(draw_binomial<double>(generator, 5, 7) == 5);
  CHECK(draw_binomial<double>(generator, 1e15, 1e-310) == 0);
  for (const double p : {1e-310, 1e-9, 0.5})
    for (const double count : {1e300, infinite}) {
      const double drawn = draw_binomial<double>(generator, count, p);
      CHECK((std::isnan(drawn) || drawn >= 0));
    }
  for (const double rate : {1e18, 1e300, infinite}) {
    const double drawn = draw_poisson(generator, rate);
    CHECK((std::isnan(drawn) || drawn >= 0));
  }
}

TEST_CASE("geometric samples count from 1, in any type") {
  Generator generator(4);
  std::vector<double> trials(kSamples);
  fill_geometric(generator, trials.data(), kSamples, 0.2);
  double sum = 0;
  for (const double trial : trials) {
    CHECK((trial >= 1 && trial == std::floor(trial)));
    sum += trial;
  }
  CHECK(sum / kSamples == doctest::Approx(5).epsilon(0.05));
  std::vector<uint8_t> bytes(100);
  fill_geometric(generator, bytes.data(), 100, 1e-9);  // wraps
  std::vector<int64_t> large(100);
  fill_geometric(generator, large.data(), 100, 1e-15);
  for (const int64_t trial : large) CHECK(trial > 0);
  fill_geometric(generator, large.data(), 100, 1e-300);  // infinitely many trials
  for (const int64_t trial : large) CHECK(trial == INT64_MIN);
}

TEST_CASE("multinomial draws each category as often as its weight says") {
  const Tensor weights = tensor<float>({2, 4}, {1, 0, 2, 1, 0, 0, 0, 5});
  const auto drawn = run("multinomial", {weights}, {{DType::kInt64, {2, kSamples}}}, {0});
  int64_t counts[4] = {};
  for (int i = 0; i < kSamples; ++i) {
    const int64_t category = drawn[0].as<int64_t>()[i];
    REQUIRE((category >= 0 && category < 4));
    ++counts[category];
    CHECK(drawn[0].as<int64_t>()[kSamples + i] == 3);
  }
  CHECK(counts[1] == 0);
  CHECK(static_cast<double>(counts[0]) == doctest::Approx(kSamples / 4.0).epsilon(0.05));
  CHECK(static_cast<double>(counts[2]) == doctest::Approx(kSamples / 2.0).epsilon(0.05));
}

TEST_CASE("weights and rates that are none are refused") {
  const auto refused = [](const std::string& name, const Tensor& input, const Output& output) {
    try {
      run(name, {input}, {output}, {0});
    } catch (const Failure& failure) {
      return std::string(failure.code()) == "ERR_VALUE";
    }
    return false;
  };
  const Output samples{DType::kInt64, {1, 3}};
  for (const float bad : {-1.0f, NAN, INFINITY})
    CHECK(refused("multinomial", tensor<float>({1, 2}, {1, bad}), samples));
  CHECK(refused("multinomial", tensor<float>({1, 2}, {0, 0}), samples));
  for (const float bad : {-1.0f, NAN})
    CHECK(refused("poisson", tensor<float>({2}, {1, bad}), {DType::kFloat32, {2}}));
}

}  // namespace
}  // namespace flambeau
