// Attention, against the matrix of weights on the host.
#include <limits>

#include "harness.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

namespace {

std::vector<double> wave(int64_t n, double step) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(std::sin(static_cast<double>(i) * step + 0.3));
  return values;
}

struct Case {
  int64_t batch, heads, shared, length, source, e, ev;
  bool causal = false;
  enum { kNoMask, kBool, kSummand } mask = kNoMask;
  bool drop = false;
};

void check_case(const Case& t, DType dtype) {
  CAPTURE(dtype_name(dtype));
  CAPTURE(t.length);
  CAPTURE(t.source);
  CAPTURE(t.causal);
  const int64_t group = t.heads / t.shared, heads = t.batch * t.heads;
  const Array q =
      typed(dtype, {t.batch, t.heads, t.length, t.e}, wave(heads * t.length * t.e, 0.7));
  // Keys lie with heads inside: [batch, source, heads, e].
  const Array k = typed(dtype, {t.batch, t.shared, t.source, t.e},
                        wave(t.batch * t.shared * t.source * t.e, 1.3),
                        {t.source * t.shared * t.e, t.e, t.shared * t.e, 1});
  const Array v = typed(dtype, {t.batch, t.shared, t.source, t.ev},
                        wave(t.batch * t.shared * t.source * t.ev, 0.9));
  const Array dy =
      typed(dtype, {t.batch, t.heads, t.length, t.ev}, wave(heads * t.length * t.ev, 1.1));
  const double scale = 1 / std::sqrt(static_cast<double>(t.e)), keep = 2;
  const int64_t weights = heads * t.length * t.source;
  Array mask;
  if (t.mask != Case::kNoMask) {
    // One row of keys for all queries of a head.
    std::vector<double> values;
    for (int64_t i = 0; i < heads * t.source; ++i)
      values.push_back(t.mask == Case::kBool ? (i % 3 != 0 ? 1.0 : 0.0)
                                             : static_cast<double>(i % 4) - 1);
    mask =
        typed(t.mask == Case::kBool ? DType::kBool : dtype, {t.batch, t.heads, t.length, t.source},
              values, {t.heads * t.source, t.source, 0, 1});
  }
  std::vector<double> bytes;
  for (int64_t i = 0; i < (weights + 7) / 8 + 8; ++i)
    bytes.push_back(static_cast<double>((i * 37 + 11) % 256));
  const Array bits = typed(DType::kUInt8, {static_cast<int64_t>(bytes.size())}, bytes);

  const std::vector<double> qs = q.values(), ks = k.values(), vs = v.values(), gs = dy.values();
  const std::vector<double> ms = t.mask == Case::kNoMask ? std::vector<double>{} : mask.values();
  std::vector<double> out(gs.size(), 0.0), sums, dq(qs.size(), 0.0), dk(ks.size(), 0.0);
  std::vector<double> dv(vs.size(), 0.0);
  const auto at = [](int64_t i) { return static_cast<size_t>(i); };
  for (int64_t head = 0; head < heads; ++head) {
    const int64_t other = head / t.heads * t.shared + head % t.heads / group;
    for (int64_t i = 0; i < t.length; ++i) {
      std::vector<double> p(at(t.source), 0.0), factor(at(t.source), 1.0);
      double sum = 0;
      for (int64_t j = 0; j < t.source; ++j) {
        double score = 0;
        for (int64_t c = 0; c < t.e; ++c)
          score += scale * qs[at((head * t.length + i) * t.e + c)] *
                   ks[at((other * t.source + j) * t.e + c)];
        const int64_t weight = (head * t.length + i) * t.source + j;
        bool seen = !t.causal || j <= i;
        if (t.mask == Case::kBool) seen = seen && ms[at(weight)] != 0;
        if (t.mask == Case::kSummand) score += ms[at(weight)];
        if (t.drop)
          factor[at(j)] = static_cast<int>(bytes[at(weight / 8)]) >> (weight % 8) & 1 ? keep : 0;
        p[at(j)] = seen ? std::exp(score) : 0;
        sum += p[at(j)];
      }
      sums.push_back(sum == 0 ? -std::numeric_limits<double>::infinity() : std::log(sum));
      double delta = 0;
      std::vector<double> slope(at(t.source), 0.0);
      for (int64_t j = 0; j < t.source; ++j) {
        p[at(j)] = sum == 0 ? 0 : p[at(j)] / sum;
        for (int64_t c = 0; c < t.ev; ++c) {
          const double g = gs[at((head * t.length + i) * t.ev + c)];
          const double value = vs[at((other * t.source + j) * t.ev + c)];
          out[at((head * t.length + i) * t.ev + c)] += p[at(j)] * factor[at(j)] * value;
          dv[at((other * t.source + j) * t.ev + c)] += p[at(j)] * factor[at(j)] * g;
          slope[at(j)] += g * value * factor[at(j)];
        }
        delta += p[at(j)] * slope[at(j)];
      }
      for (int64_t j = 0; j < t.source; ++j)
        for (int64_t c = 0; c < t.e; ++c) {
          const double d = scale * p[at(j)] * (slope[at(j)] - delta);
          dq[at((head * t.length + i) * t.e + c)] += d * ks[at((other * t.source + j) * t.e + c)];
          dk[at((other * t.source + j) * t.e + c)] += d * qs[at((head * t.length + i) * t.e + c)];
        }
    }
  }

  const In no = std::nullopt;
  const In given_mask = t.mask == Case::kNoMask ? no : In(mask);
  const In given_bits = t.drop ? In(bits) : no;
  const std::vector<double> params = {scale, t.causal ? 1.0 : 0.0, keep};
  const DType wide = dtype == DType::kFloat64 ? dtype : DType::kFloat32;
  const Results y = run("scaledDotProductAttention", {q, k, v, given_mask, given_bits},
                        {{dtype, dy.sizes}, {wide, {t.batch, t.heads, t.length}}}, params);
  const double relative = dtype == DType::kFloat16 ? 4e-3 : dtype == DType::kBFloat16 ? 3e-2 : 1e-4;
  const double absolute = relative == 1e-4 ? 1e-5 : relative;
  CHECK(close(y[0].values(), out, relative, absolute));
  CHECK(close(y[1].values(), sums, 1e-4, dtype == DType::kFloat64 ? 1e-9 : 1e-3));
  CHECK(y[0].strides == std::vector<int64_t>{t.heads * t.length * t.ev, t.ev, t.heads * t.ev, 1});
  const Results grads =
      run("scaledDotProductAttentionGrad", {dy, q, k, v, given_mask, given_bits, y[0], y[1]},
          {{dtype, q.sizes}, {dtype, k.sizes}, {dtype, v.sizes}}, params);
  CHECK(close(grads[0].values(), dq, 2 * relative, 4 * absolute));
  CHECK(close(grads[1].values(), dk, 2 * relative, 4 * absolute));
  CHECK(close(grads[2].values(), dv, 2 * relative, 4 * absolute));
  const Results some =
      run("scaledDotProductAttentionGrad", {dy, q, k, v, given_mask, given_bits, y[0], y[1]},
          {{dtype, {0}}, {dtype, k.sizes}, {dtype, {0}}}, params);
  CHECK(some[1].values() == grads[1].values());
}

}  // namespace

TEST_CASE("attention and its gradients are those of the matrix of weights") {
  const std::vector<Case> cases = {
      {1, 2, 2, 5, 7, 4, 3},
      {2, 2, 1, 3, 9, 8, 8, false, Case::kBool},
      {1, 4, 2, 66, 70, 16, 16, true},
      {1, 1, 1, 4, 130, 65, 70, false, Case::kSummand},
      {1, 2, 2, 6, 6, 8, 8, true, Case::kNoMask, true},
      {1, 2, 2, 70, 33, 32, 64, false, Case::kNoMask, true},
  };
  for (const Case& t : cases)
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16})
      check_case(t, dtype);
}

TEST_CASE("a query that sees nothing gets zeros, and has no gradient") {
  const Array q = typed(DType::kFloat32, {1, 2, 3}, wave(6, 0.5));
  const Array k = typed(DType::kFloat32, {1, 2, 3}, wave(6, 0.4));
  const Array mask = typed(DType::kBool, {1, 2, 2}, {0, 0, 1, 1});
  const std::vector<double> params = {1, 0, 1};
  const Results y = run("scaledDotProductAttention", {q, k, k, mask, std::nullopt},
                        {{DType::kFloat32, {1, 2, 3}}, {DType::kFloat32, {1, 2}}}, params);
  for (int64_t c = 0; c < 3; ++c) CHECK(y[0].value(c) == 0);
  CHECK(y[1].value(0) == -std::numeric_limits<double>::infinity());
  const Results grads = run(
      "scaledDotProductAttentionGrad", {q, q, k, k, mask, std::nullopt, y[0], y[1]},
      {{DType::kFloat32, {1, 2, 3}}, {DType::kFloat32, {1, 2, 3}}, {DType::kFloat32, {1, 2, 3}}},
      params);
  for (int64_t c = 0; c < 3; ++c) CHECK(grads[0].value(c) == 0);
}

TEST_CASE("attention over nothing") {
  const Array q = typed(DType::kFloat32, {1, 2, 3}, wave(6, 0.5));
  const Array none = typed(DType::kFloat32, {1, 0, 3}, {});
  const std::vector<double> params = {1, 0, 1};
  CHECK(run("scaledDotProductAttention", {q, none, none, std::nullopt, std::nullopt},
            {{DType::kFloat32, {1, 2, 3}}}, params)[0]
            .values() == std::vector<double>(6, 0.0));
  CHECK(run("scaledDotProductAttention", {none, q, q, std::nullopt, std::nullopt},
            {{DType::kFloat32, {1, 0, 3}}}, params)[0]
            .values()
            .empty());
}
