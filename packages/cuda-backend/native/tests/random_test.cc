// Random tensors: which numbers they are, that they do not depend on how they lie, and that they
// have the distribution that was asked for.
#include "harness.h"
#include "kernels/philox.h"

using namespace flambeau;
using namespace flambeau::cuda;
using namespace flambeau::cuda::testing;

namespace {

using Values = std::vector<double>;

struct Moments {
  double mean = 0, variance = 0;
};
Moments moments_of(const Values& values) {
  Moments m;
  for (double x : values) m.mean += x;
  m.mean /= static_cast<double>(values.size());
  for (double x : values) m.variance += (x - m.mean) * (x - m.mean);
  m.variance /= static_cast<double>(values.size());
  return m;
}

// 40000 samples as a new tensor.
Values drawn(const std::string& kernel, DType dtype, const Values& params) {
  return run(kernel, {std::nullopt}, {{dtype, {200, 200}}}, params)[0].values();
}
void check_moments(const Values& values, double mean, double variance) {
  const Moments m = moments_of(values);
  CHECK(m.mean == doctest::Approx(mean).epsilon(0.03));
  CHECK(m.variance == doctest::Approx(variance).epsilon(0.06));
}

}  // namespace

TEST_CASE("Philox gives the words of its authors' known answers") {
  const Words zero = philox_words(0, 0, 0);
  CHECK(zero.at[0] == 0x6627e8d5u);
  CHECK(zero.at[1] == 0xe169c58du);
  CHECK(zero.at[2] == 0xbc57ac4cu);
  CHECK(zero.at[3] == 0x9b00dbd8u);
  const Words ones = philox_words(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0});
  CHECK(ones.at[0] == 0x408f276du);
  CHECK(ones.at[1] == 0x41c83b0eu);
  CHECK(ones.at[2] == 0xa20bc7c6u);
  CHECK(ones.at[3] == 0x6d5451fdu);
  const Words pi = philox_words(0x299f31d0a4093822u, 0x85a308d3243f6a88u, 0x0370734413198a2eu);
  CHECK(pi.at[0] == 0xd16cfe09u);
  CHECK(pi.at[1] == 0x94fdccebu);
  CHECK(pi.at[2] == 0x5001e420u);
  CHECK(pi.at[3] == 0x24126ea1u);
}

TEST_CASE("element i of a call has word i, or the words 2 i and 2 i + 1") {
  const Values floats =
      run("uniform", {std::nullopt}, {{DType::kFloat32, {7}}}, {0, 0, 1})[0].values();
  const Values doubles =
      run("uniform", {std::nullopt}, {{DType::kFloat64, {5}}}, {0, 0, 1})[0].values();
  for (int i = 0; i < 7; ++i)
    CHECK(floats[static_cast<size_t>(i)] ==
          static_cast<double>(
              unit_float(philox_words(42, static_cast<uint64_t>(i / 4), 0).at[i % 4])));
  for (int i = 0; i < 5; ++i)
    CHECK(doubles[static_cast<size_t>(i)] ==
          unit_double(word_pair(philox_words(42, static_cast<uint64_t>(i / 2), 0), i % 2)));
  // The same in another layout, and next to memory that is not the tensor's.
  const Array strided = array<float>({3, 2}, Values(12, 7), {4, 2});
  const Results y = run("uniform", {std::nullopt}, {Out(strided)}, {0, 0, 1});
  CHECK(y[0].values() == Values(floats.begin(), floats.begin() + 6));
}

TEST_CASE("samples have the distribution that was asked for") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kBFloat16}) {
    CAPTURE(dtype_name(dtype));
    check_moments(drawn("uniform", dtype, {0, 1, 3}), 2, 4.0 / 12);
    check_moments(drawn("normal", dtype, {0, 5, 2}), 5, 4);
    check_moments(drawn("exponential", dtype, {0, 0.5}), 2, 4);
    check_moments(drawn("geometric", dtype, {0, 0.25}), 4, 12);
    check_moments(drawn("bernoulli", dtype, {0, 0.3}), 0.3, 0.21);
    check_moments(drawn("logNormal", dtype, {0, 1, 0.25}), std::exp(1 + 1.0 / 32),
                  (std::exp(1.0 / 16) - 1) * std::exp(2 + 1.0 / 16));
    Values cauchy = drawn("cauchy", dtype, {0, 3, 2});
    std::sort(cauchy.begin(), cauchy.end());
    CHECK(cauchy[20000] == doctest::Approx(3).epsilon(0.03));
    CHECK(cauchy[30000] == doctest::Approx(5).epsilon(0.04));
    for (double x : drawn("uniform", dtype, {0, 1, 3})) REQUIRE((x >= 1 && x < 3));
  }
  const Array mean = array<float>({200, 1}, Values(200, 4)),
              std = array<float>({200}, Values(200, 0.5));
  check_moments(
      run("normalEach", {mean, std}, {{DType::kFloat32, {200, 200}}}, {0, 0, 0})[0].values(), 4,
      0.25);
  for (double rate : {3.0, 40.0})
    check_moments(run("poisson", {typed(DType::kFloat32, {30000}, Values(30000, rate))},
                      {{DType::kFloat32, {30000}}}, {0})[0]
                      .values(),
                  rate, rate);
  for (double p : {0.05, 0.7})
    check_moments(run("binomial",
                      {typed(DType::kFloat32, {30000}, Values(30000, 60)),
                       typed(DType::kFloat32, {30000}, Values(30000, p))},
                      {{DType::kFloat32, {30000}}}, {0})[0]
                      .values(),
                  60 * p, 60 * p * (1 - p));
}

TEST_CASE("whole numbers in a range, of any type") {
  const auto bound = [](int64_t x) {
    return Values{std::floor(static_cast<double>(x) / 4294967296.0),
                  static_cast<double>(static_cast<uint32_t>(x))};
  };
  for (DType dtype :
       {DType::kInt64, DType::kInt32, DType::kInt8, DType::kFloat32, DType::kFloat16}) {
    CAPTURE(dtype_name(dtype));
    Values params = {0};
    for (double x : bound(-3)) params.push_back(x);
    for (double x : bound(4)) params.push_back(x);
    const Values values = drawn("randint", dtype, params);
    check_moments(values, 0.0001 + moments_of(values).mean, 4);
    CHECK(std::fabs(moments_of(values).mean) < 0.05);
    CHECK(*std::min_element(values.begin(), values.end()) == -3);
    CHECK(*std::max_element(values.begin(), values.end()) == 3);
  }
  Values wide = {0};
  for (double x : bound(0)) wide.push_back(x);
  for (double x : bound(int64_t{1} << 40)) wide.push_back(x);
  check_moments(drawn("randint", DType::kInt64, wide), std::ldexp(1, 39), std::ldexp(1, 80) / 12);
  CHECK_THROWS_WITH_AS(drawn("randint", DType::kInt8, wide),
                       doctest::Contains("fit the output's dtype"), Failure);
  check_moments(drawn("random", DType::kUInt8, {0}), 127.5, 65535.0 / 12);
  for (double x : drawn("random", DType::kFloat16, {0})) REQUIRE((x >= 0 && x <= 2048));
}

TEST_CASE("permutations have each number once, and each of them comes up") {
  for (int64_t n : {0, 1, 2, 17, 1000, 5000}) {
    CAPTURE(n);
    Values p = run("randperm", {}, {{DType::kInt64, {n}}}, {0})[0].values();
    if (n > 500) CHECK(!std::is_sorted(p.begin(), p.end()));
    std::sort(p.begin(), p.end());
    for (int64_t i = 0; i < n; ++i) REQUIRE(p[static_cast<size_t>(i)] == static_cast<double>(i));
  }
  // All six orders of three numbers, over calls that follow each other.
  std::vector<int> seen(27);
  Prepared prepared({}, {{DType::kInt64, {3}}}, {0});
  for (int i = 0; i < 600; ++i) {
    require_ok(device_table()->launch(kernel_number("randperm"), &prepared.call()));
    require_ok(device_table()->synchronize(0));
    const Values p = prepared.results()[0].values();
    ++seen[static_cast<size_t>(p[0] * 9 + p[1] * 3 + p[2])];
  }
  for (int order : {5, 7, 11, 15, 19, 21})
    CHECK(std::abs(seen[static_cast<size_t>(order)] - 100) < 40);
}

TEST_CASE("categories by their weights, and weights that are none") {
  const Array weights = array<float>({2, 4}, {1, 0, 3, 0, 5, 5, 0, 10});
  const Values y = run("multinomial", {weights}, {{DType::kInt64, {2, 20000}}}, {0})[0].values();
  std::vector<double> counts(8);
  for (size_t i = 0; i < y.size(); ++i) ++counts[i / 20000 * 4 + static_cast<size_t>(y[i])];
  for (size_t i = 0; i < 8; ++i)
    CHECK(counts[i] / 20000 ==
          doctest::Approx(weights.values()[i] / (i < 4 ? 4 : 20)).epsilon(0.04));
  for (const Values& bad : {Values{1, -1}, Values{1, NAN}, Values{0, 0}, Values{INFINITY, 1}})
    CHECK_THROWS_AS(run("multinomial", {array<float>({1, 2}, bad)}, {{DType::kInt64, {1, 3}}}, {0}),
                    Failure);
  CHECK_THROWS_WITH_AS(run("poisson", {array<float>({2}, {1, -2})}, {{DType::kFloat32, {2}}}, {0}),
                       doctest::Contains("rates are at least 0, but that of element 1 is -2"),
                       Failure);
  CHECK_THROWS_WITH_AS(run("bernoulliEach", {std::nullopt, array<float>({2}, {1, 1.5})},
                           {{DType::kFloat32, {2}}}, {0}),
                       doctest::Contains("probabilities lie in [0, 1]"), Failure);
}

TEST_CASE("dropout keeps what its bits say, in logical order") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16}) {
    CAPTURE(dtype_name(dtype));
    for (bool turned : {false, true}) {
      const int64_t n = 13, m = 101;
      Array x = turned ? typed(dtype, {n, m}, Values(static_cast<size_t>(n * m), 2), {1, n})
                       : typed(dtype, {n, m}, Values(static_cast<size_t>(n * m), 2));
      const int64_t bytes = (n * m + 7) / 8;
      const Results y = run("dropout", {x}, {{dtype, {n, m}}, {DType::kUInt8, {bytes}}}, {0, 0.25});
      CHECK(y[0].strides == x.strides);
      const Results bits =
          run("dropoutBits", {}, {{DType::kUInt8, {bytes + 3}}}, {0, 0.25, double(n * m)});
      Values expected;
      int64_t kept = 0;
      for (int64_t i = 0; i < n * m; ++i) {
        const bool keep = static_cast<int>(y[1].value(i / 8)) >> (i & 7) & 1;
        kept += keep;
        expected.push_back(keep ? 2 / 0.75 : 0);
      }
      CHECK(close(y[0].values(), expected, 1e-3));
      CHECK(std::fabs(static_cast<double>(kept) / static_cast<double>(n * m) - 0.75) < 0.05);
      Values padded = y[1].values();
      padded.resize(static_cast<size_t>(bytes + 3));
      CHECK(bits[0].values() == padded);
      CHECK((static_cast<int>(padded[static_cast<size_t>(bytes - 1)]) >> (n * m % 8)) == 0);
      const Results dx = run("dropoutGrad", {x, y[1]}, {{dtype, {n, m}}}, {0.25});
      CHECK(dx[0].values() == y[0].values());
    }
  }
}
