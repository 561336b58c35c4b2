// Attention and its gradients, against the matrix of weights on the host.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "harness.h"

namespace flambeau::cuda::testing {

inline std::vector<double> wave(int64_t n, double step) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(std::sin(static_cast<double>(i) * step + 0.3));
  return values;
}

struct AttentionCase {
  int64_t batch, heads, shared, length, source, e, ev;
  bool causal = false;
  // Masks: the same keys for all queries, booleans or summands; or booleans for all heads alike,
  // where the second query sees nothing.
  enum { kNoMask, kBool, kSummand, kMatrix } mask = kNoMask;
  bool drop = false;
  bool gaps = false;  // of one number between rows of queries
  bool backward = true;
};

// Values, and the sums of the absolute values of what they are sums of.
struct Expected {
  std::vector<double> values, sizes;
  explicit Expected(size_t n) : values(n, 0.0), sizes(n, 0.0) {}
  void add(int64_t i, double term, double size) {
    values[static_cast<size_t>(i)] += term;
    sizes[static_cast<size_t>(i)] += std::fabs(size);
  }
  // Is each number right to within a share of that? Very small ones have fewer digits in float16.
  bool matches(const std::vector<double>& got, double share) const {
    constexpr double kSmallest = 1.0 / (1 << 23);
    if (got.size() != values.size()) return false;
    for (size_t i = 0; i < got.size(); ++i)
      if (!(std::fabs(got[i] - values[i]) <= share * sizes[i] + kSmallest)) return false;
    return true;
  }
};

inline void check_attention(const AttentionCase& t, DType dtype) {
  CAPTURE(std::string(dtype_name(dtype)));
  CAPTURE(t.length);
  CAPTURE(t.source);
  CAPTURE(t.e);
  CAPTURE(t.causal);
  const int64_t group = t.heads / t.shared, heads = t.batch * t.heads;
  const int64_t row = t.e + (t.gaps ? 1 : 0);
  const Array q = typed(dtype, {t.batch, t.heads, t.length, t.e}, wave(heads * t.length * row, 0.7),
                        {t.heads * t.length * row, t.length * row, row, 1});
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
  const std::vector<int64_t> scores = {t.batch, t.heads, t.length, t.source};
  std::vector<double> allowed;
  if (t.mask == AttentionCase::kMatrix) {
    for (int64_t i = 0; i < t.length; ++i)
      for (int64_t j = 0; j < t.source; ++j)
        allowed.push_back(i != 1 && (i * 5 + j * 3) % 4 != 0 ? 1.0 : 0.0);
    mask = typed(DType::kBool, scores, allowed, {0, 0, t.source, 1});
  } else if (t.mask != AttentionCase::kNoMask) {
    const bool boolean = t.mask == AttentionCase::kBool;
    for (int64_t i = 0; i < heads * t.source; ++i)
      allowed.push_back(boolean ? (i % 3 != 0 ? 1.0 : 0.0) : static_cast<double>(i % 4) - 1);
    mask = typed(boolean ? DType::kBool : dtype, scores, allowed,
                 {t.heads * t.source, t.source, 0, 1});
  }
  std::vector<double> bytes;
  for (int64_t i = 0; i < (weights + 7) / 8 + 8; ++i)
    bytes.push_back(static_cast<double>((i * 37 + 11) % 256));
  const Array bits = typed(DType::kUInt8, {static_cast<int64_t>(bytes.size())}, bytes);

  const std::vector<double> qs = q.values(), ks = k.values(), vs = v.values(), gs = dy.values();
  const std::vector<double> ms =
      t.mask == AttentionCase::kNoMask ? std::vector<double>{} : mask.values();
  Expected out(gs.size()), dq(qs.size()), dk(ks.size()), dv(vs.size());
  std::vector<double> sums;
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
        if (t.mask == AttentionCase::kBool || t.mask == AttentionCase::kMatrix)
          seen = seen && ms[at(weight)] != 0;
        if (t.mask == AttentionCase::kSummand) score += ms[at(weight)];
        if (t.drop)
          factor[at(j)] = static_cast<int>(bytes[at(weight / 8)]) >> (weight % 8) & 1 ? keep : 0;
        p[at(j)] = seen ? std::exp(score) : 0;
        sum += p[at(j)];
      }
      sums.push_back(sum == 0 ? -std::numeric_limits<double>::infinity() : std::log(sum));
      double delta = 0, delta_size = 0;
      std::vector<double> slope(at(t.source), 0.0), slope_size(at(t.source), 0.0);
      for (int64_t j = 0; j < t.source; ++j) {
        p[at(j)] = sum == 0 ? 0 : p[at(j)] / sum;
        const double weight = p[at(j)] * factor[at(j)];
        for (int64_t c = 0; c < t.ev; ++c) {
          const int64_t of_out = (head * t.length + i) * t.ev + c;
          const int64_t of_value = (other * t.source + j) * t.ev + c;
          const double g = gs[at(of_out)], value = vs[at(of_value)];
          out.add(of_out, weight * value, weight * value);
          dv.add(of_value, weight * g, weight * g);
          slope[at(j)] += g * value * factor[at(j)];
          slope_size[at(j)] += std::fabs(g * value * factor[at(j)]);
        }
        delta += p[at(j)] * slope[at(j)];
        delta_size += p[at(j)] * slope_size[at(j)];
      }
      for (int64_t j = 0; j < t.source; ++j)
        for (int64_t c = 0; c < t.e; ++c) {
          const double d = scale * p[at(j)] * (slope[at(j)] - delta);
          const double size = scale * p[at(j)] * (slope_size[at(j)] + delta_size);
          const int64_t of_query = (head * t.length + i) * t.e + c;
          const int64_t of_key = (other * t.source + j) * t.e + c;
          dq.add(of_query, d * ks[at(of_key)], size * ks[at(of_key)]);
          dk.add(of_key, d * qs[at(of_query)], size * qs[at(of_query)]);
        }
    }
  }

  const In no = std::nullopt;
  const In given_mask = t.mask == AttentionCase::kNoMask ? no : In(mask);
  const In given_bits = t.drop ? In(bits) : no;
  const std::vector<double> params = {scale, t.causal ? 1.0 : 0.0, keep};
  const DType wide = dtype == DType::kFloat64 ? dtype : DType::kFloat32;
  const Results y = run("scaledDotProductAttention", {q, k, v, given_mask, given_bits},
                        {{dtype, dy.sizes}, {wide, {t.batch, t.heads, t.length}}}, params);
  // Weights, slopes and results are rounded to 16 bits, each by half of `unit`, and so is the
  // output that deltas are computed from.
  const double unit = dtype == DType::kFloat16    ? std::ldexp(1, -10)
                      : dtype == DType::kBFloat16 ? std::ldexp(1, -7)
                                                  : 1e-5;
  CHECK(out.matches(y[0].values(), unit));
  CHECK(close(y[1].values(), sums, 1e-5, 1e-5));
  CHECK(y[0].strides == std::vector<int64_t>{t.heads * t.length * t.ev, t.ev, t.heads * t.ev, 1});
  if (!t.backward) return;
  const Results grads =
      run("scaledDotProductAttentionGrad", {dy, q, k, v, given_mask, given_bits, y[0], y[1]},
          {{dtype, q.sizes}, {dtype, k.sizes}, {dtype, v.sizes}}, params);
  CHECK(dq.matches(grads[0].values(), 2 * unit));
  CHECK(dk.matches(grads[1].values(), 2 * unit));
  CHECK(dv.matches(grads[2].values(), unit));
  const Results some =
      run("scaledDotProductAttentionGrad", {dy, q, k, v, given_mask, given_bits, y[0], y[1]},
          {{dtype, {0}}, {dtype, k.sizes}, {dtype, {0}}}, params);
  CHECK(some[1].values() == grads[1].values());
}

}  // namespace flambeau::cuda::testing
