#include "attention.h"

#include <doctest/doctest.h>

#include "isa.h"
#include "kernel_harness.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(AttentionTable, attention_table)

namespace {

using namespace testing;

template <class T>
constexpr double kTolerance = std::is_same_v<T, float> ? 2e-5 : 1e-12;

struct Case {
  int64_t length, source, e, ev;
  bool causal = false;
  int mask = 0;          // 1: bool; 2: summand; 3: bool, of keys only
  bool bits = false;     // dropout
  bool strided = false;  // columns apart
};

// What one head should give, in doubles.
struct Expected {
  std::vector<double> y, lse, dq, dk, dv;
};

double at(const std::vector<double>& m, int64_t columns, int64_t i, int64_t j) {
  return m[static_cast<size_t>(i * columns + j)];
}

template <class T>
struct Problem {
  Case c;
  Tensor q, k, v, dy, mask, bits;

  explicit Problem(const Case& made) : c(made) {
    const auto make = [&](int64_t rows, int64_t columns, uint32_t seed) {
      return c.strided ? every_second(random_tensor<T>({2, rows, 2 * columns}, seed), 2)
                       : transposed(random_tensor<T>({rows, 2, columns}, seed), 0, 1);
    };
    q = make(c.length, c.e, 1);
    k = make(c.source, c.e, 2);
    v = make(c.source, c.ev, 3);
    dy = make(c.length, c.ev, 4);
    mask = kNone;
    if (c.mask == 2) mask = random_tensor<T>({2, c.length, c.source}, 5);
    if (c.mask == 1 || c.mask == 3) {
      mask = empty_tensor({2, c.length, c.source}, DType::kBool);
      for (int64_t i = 0; i < mask.numel(); ++i) mask.as<bool>()[i] = i * 7 % 11 > 4;
      // Query 0 sees nothing.
      for (int64_t j = 0; j < c.source && c.length > 0; ++j) mask.as<bool>()[j] = false;
      if (c.mask == 3) mask.strides[1] = 0;
    }
    bits = kNone;
    if (c.bits) {
      bits = random_tensor<uint8_t>({(2 * c.length * c.source + 7) / 8 + 8}, 6);
    }
  }

  std::vector<double> params() const { return {0.7, c.causal ? 1.0 : 0.0, c.bits ? 1.25 : 1.0}; }

  std::vector<Tensor> forward() const {
    return run("scaledDotProductAttention", {q, k, v, mask, bits},
               {{q.dtype, {2, c.length, c.ev}}, {q.dtype, {2, c.length}}}, params());
  }
  std::vector<Tensor> backward(const std::vector<Tensor>& out) const {
    return run("scaledDotProductAttentionGrad", {dy, q, k, v, mask, bits, out[0], out[1]},
               {{q.dtype, q.shape}, {q.dtype, k.shape}, {q.dtype, v.shape}}, params());
  }

  Expected expected() const {
    const int64_t l = c.length, s = c.source;
    Expected all;
    for (int64_t head = 0; head < 2; ++head) {
      const auto matrix = [&](const Tensor& t) {
        std::vector<double> m;
        const int64_t n = t.size(1) * t.size(2);
        for (int64_t i = 0; i < n; ++i)
          m.push_back(static_cast<double>(element<T>(t, head * n + i)));
        return m;
      };
      const auto mq = matrix(q), mk = matrix(k), mv = matrix(v), mdy = matrix(dy);
      std::vector<double> dk(mk.size()), dv(mv.size());
      for (int64_t i = 0; i < l; ++i) {
        std::vector<double> score(static_cast<size_t>(s)), kept(static_cast<size_t>(s), 1);
        double high = -INFINITY, sum = 0;
        for (int64_t j = 0; j < s; ++j) {
          double x = 0;
          for (int64_t e = 0; e < c.e; ++e) x += at(mq, c.e, i, e) * at(mk, c.e, j, e);
          x *= 0.7;
          const int64_t place = (head * l + i) * s + j;
          if (c.mask == 2) x += static_cast<double>(element<T>(mask, place));
          if ((c.mask == 1 || c.mask == 3) && !element<bool>(mask, place)) x = -INFINITY;
          if (c.causal && j > i) x = -INFINITY;
          if (c.bits) kept[j] = bits.as<uint8_t>()[place / 8] >> (place & 7) & 1 ? 1.25 : 0;
          score[j] = x;
          high = std::max(high, x);
        }
        for (double& x : score) {
          x = high == -INFINITY ? 0 : std::exp(x - high);
          sum += x;
        }
        all.lse.push_back(sum == 0 ? -INFINITY : high + std::log(sum));
        for (double& x : score) x = sum == 0 ? 0 : x / sum;
        double delta = 0;
        std::vector<double> slope(static_cast<size_t>(s));
        for (int64_t c0 = 0; c0 < c.ev; ++c0) {
          double y = 0;
          for (int64_t j = 0; j < s; ++j) {
            y += score[j] * kept[j] * at(mv, c.ev, j, c0);
            dv[j * c.ev + c0] += score[j] * kept[j] * at(mdy, c.ev, i, c0);
            slope[j] += kept[j] * at(mv, c.ev, j, c0) * at(mdy, c.ev, i, c0);
          }
          all.y.push_back(y);
        }
        for (int64_t j = 0; j < s; ++j) delta += score[j] * slope[j];
        for (int64_t e = 0; e < c.e; ++e) {
          double g = 0;
          for (int64_t j = 0; j < s; ++j) {
            const double ds = 0.7 * score[j] * (slope[j] - delta);
            g += ds * at(mk, c.e, j, e);
            dk[j * c.e + e] += ds * at(mq, c.e, i, e);
          }
          all.dq.push_back(g);
        }
      }
      all.dk.insert(all.dk.end(), dk.begin(), dk.end());
      all.dv.insert(all.dv.end(), dv.begin(), dv.end());
    }
    return all;
  }
};

template <class T>
std::vector<double> doubles(const Tensor& t) {
  std::vector<double> list;
  for (T x : values<T>(t)) list.push_back(static_cast<double>(x));
  return list;
}

template <class T>
void check(const Case& c) {
  CAPTURE(c.length);
  CAPTURE(c.source);
  CAPTURE(c.e);
  CAPTURE(c.causal);
  CAPTURE(c.mask);
  const Problem<T> problem(c);
  const Expected expected = problem.expected();
  const std::vector<Tensor> out = problem.forward();
  CHECK(difference(doubles<T>(out[0]), expected.y) < kTolerance<T>);
  CHECK(difference(doubles<T>(out[1]), expected.lse) < kTolerance<T>);
  const std::vector<Tensor> grads = problem.backward(out);
  CHECK(difference(doubles<T>(grads[0]), expected.dq) < kTolerance<T>);
  CHECK(difference(doubles<T>(grads[1]), expected.dk) < kTolerance<T>);
  CHECK(difference(doubles<T>(grads[2]), expected.dv) < kTolerance<T>);
}

const Case kCases[] = {
    {64, 64, 32, 32},
    {64, 64, 32, 32, true},
    {65, 65, 64, 64},
    {130, 130, 16, 16, true},
    {70, 200, 5, 3},
    {200, 70, 7, 17, true},
    {70, 200, 8, 8, true},
    {1, 37, 16, 32},
    {3, 50, 32, 16, true},
    {4, 33, 16, 16, false, 1},
    {2, 40, 16, 16, false, 2},
    {66, 131, 12, 20, false, 1},
    {66, 131, 12, 20, false, 2},
    {66, 131, 12, 20, false, 3},
    {80, 80, 16, 16, true, 1},
    {66, 131, 12, 20, false, 0, true},
    {66, 131, 12, 20, true, 2, true},
    {19, 21, 6, 10, false, 0, false, true},
    {70, 90, 16, 16, true, 1, true, true},
    {0, 5, 4, 4},
    {5, 0, 4, 4},
    {5, 6, 4, 0},
    {5, 6, 0, 4},
};

}  // namespace

TEST_CASE("attention and its gradients agree with sums in double") {
  for (const Case& c : kCases) {
    check<float>(c);
    check<double>(c);
  }
}

TEST_CASE("attention gives the same bits for any number of threads") {
  const Problem<float> problem({200, 3000, 16, 16, false, 2, true});
  std::vector<std::vector<float>> first;
  for (int threads : {1, 2, 3}) {
    const Threads limit(threads);
    const std::vector<Tensor> out = problem.forward();
    const std::vector<Tensor> grads = problem.backward(out);
    const std::vector<std::vector<float>> all = {values<float>(out[0]), values<float>(grads[0]),
                                                 values<float>(grads[1]), values<float>(grads[2])};
    if (first.empty()) first = all;
    CHECK(first == all);
  }
}

TEST_CASE("heads of queries that share a key add their gradients") {
  const Tensor q = random_tensor<float>({2, 6, 9, 8}, 1), k = random_tensor<float>({2, 2, 7, 8}, 2),
               v = random_tensor<float>({2, 2, 7, 8}, 3),
               dy = random_tensor<float>({2, 6, 9, 8}, 4);
  const auto repeated = [](const Tensor& t) {
    Tensor wide = empty_tensor({2, 6, 7, 8}, DType::kFloat32);
    for (int64_t i = 0; i < wide.numel(); ++i) {
      const int64_t head = i / 56 % 6, batch = i / 56 / 6;
      wide.as<float>()[i] = t.as<float>()[(batch * 2 + head / 3) * 56 + i % 56];
    }
    return wide;
  };
  const auto both = [&](const Tensor& key, const Tensor& value) {
    auto out = run("scaledDotProductAttention", {q, key, value},
                   {{DType::kFloat32, q.shape}, {DType::kFloat32, {2, 6, 9}}}, {0.5, 1, 1});
    auto grads = run(
        "scaledDotProductAttentionGrad", {dy, q, key, value, kNone, kNone, out[0], out[1]},
        {{DType::kFloat32, q.shape}, {DType::kFloat32, key.shape}, {DType::kFloat32, value.shape}},
        {0.5, 1, 1});
    grads.push_back(out[0]);
    return grads;
  };
  const auto shared = both(k, v), plain = both(repeated(k), repeated(v));
  CHECK(values<float>(shared[3]) == values<float>(plain[3]));
  CHECK(difference(values<float>(shared[0]), values<float>(plain[0])) < 1e-6);
  for (int which : {1, 2}) {
    std::vector<float> sums(static_cast<size_t>(2 * 2 * 56));
    const std::vector<float> apart = values<float>(plain[which]);
    for (size_t i = 0; i < apart.size(); ++i)
      sums[(i / 56 / 6 * 2 + i / 56 % 6 / 3) * 56 + i % 56] += apart[i];
    CHECK(difference(values<float>(shared[which]), sums) < 1e-6);
  }
}

TEST_CASE("every instruction set attends alike") {
  for (Isa isa : supported_isas()) {
    CAPTURE(isa_name(isa));
    const int64_t n = 90, e = 24;
    const Tensor x = random_tensor<float>({3, n, e}, 1);
    const Tensor y = empty_tensor({n, e}, DType::kFloat32);
    std::vector<float> work(static_cast<size_t>(attention_forward_work(e, e)) + 16);
    AttentionForward<float> job = {};
    job.head = {64, n - 64, n, e, e, 0.3f, true, {}, {}, {}, {}, nullptr, 0, 1};
    job.head.q = {x.as<float>(), e, 1};
    job.head.k = {x.as<float>() + n * e, e, 1};
    job.head.v = {x.as<float>() + 2 * n * e, e, 1};
    job.out = y.as<float>();
    job.out_row = e;
    active::attention_table(isa).f32.forward(job, work.data());
    for (int64_t i = 64; i < n; ++i) {
      std::vector<double> row(static_cast<size_t>(e));
      double sum = 0;
      for (int64_t j = 0; j <= i; ++j) {
        double s = 0;
        for (int64_t c = 0; c < e; ++c)
          s += static_cast<double>(job.head.q.data[i * e + c]) *
               static_cast<double>(job.head.k.data[j * e + c]);
        const double weight = std::exp(0.3 * s);
        sum += weight;
        for (int64_t c = 0; c < e; ++c)
          row[c] += weight * static_cast<double>(job.head.v.data[j * e + c]);
      }
      for (int64_t c = 0; c < e; ++c)
        CHECK(std::fabs(static_cast<double>(y.as<float>()[i * e + c]) - row[c] / sum) < 1e-5);
    }
  }
}

TEST_CASE("attention refuses operands that do not fit") {
  const Tensor q = random_tensor<float>({2, 5, 4}, 1), other = random_tensor<float>({2, 6, 3}, 2);
  CHECK_THROWS(run("scaledDotProductAttention", {q, other, other}, {{DType::kFloat32, {2, 5, 3}}},
                   {1, 0, 1}));
  CHECK_THROWS(
      run("scaledDotProductAttention", {q, q, q}, {{DType::kFloat32, {2, 5, 5}}}, {1, 0, 1}));
  CHECK_THROWS(run("scaledDotProductAttention", {q, q, q, kNone, random_tensor<uint8_t>({8}, 3)},
                   {{DType::kFloat32, {2, 5, 4}}}, {1, 0, 1}));
}

}  // namespace flambeau
