// Attention by multiply-adds, and what all of its kernels have in common.
#include "attention_check.h"

using namespace flambeau;
using namespace flambeau::cuda::testing;

TEST_CASE("attention and its gradients are those of the matrix of weights") {
  const std::vector<AttentionCase> cases = {
      {1, 2, 2, 5, 7, 4, 3},
      {2, 2, 1, 3, 9, 8, 8, false, AttentionCase::kBool},
      {1, 4, 2, 66, 70, 16, 16, true},
      {1, 1, 1, 4, 130, 65, 70, false, AttentionCase::kSummand},
      {1, 2, 2, 6, 6, 8, 8, true, AttentionCase::kNoMask, true},
      {1, 2, 2, 70, 33, 32, 64, false, AttentionCase::kNoMask, true},
  };
  for (const AttentionCase& t : cases)
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16})
      check_attention(t, dtype);
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
