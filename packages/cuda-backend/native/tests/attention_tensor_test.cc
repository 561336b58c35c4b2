// Attention on tensor cores.
#include "../emulation/mma.h"
#include "attention_check.h"

using namespace flambeau;
using namespace flambeau::cuda;
using namespace flambeau::cuda::testing;

namespace {

constexpr DType kTypes[] = {DType::kFloat16, DType::kBFloat16};

// Checks a case, and that it was tensor cores that worked.
void check_on_tensor_cores(const AttentionCase& t, DType dtype) {
  const uint64_t before = emulation::products();
  check_attention(t, dtype);
  CHECK(emulation::products() > before);
}

}  // namespace

TEST_CASE("attention on tensor cores: lengths and sizes of heads") {
  const int64_t lengths[] = {1, 15, 16, 17, 64, 65, 130};
  const int64_t sizes[] = {8, 16, 40, 64, 80, 96, 128};
  for (size_t i = 0; i < 7; ++i)
    for (size_t j = 0; j < 7; ++j) {
      // Keys: each length with another one; half of them causal, one type each.
      const AttentionCase t = {1,        1,        1,         lengths[i], lengths[(i + j) % 7],
                               sizes[j], sizes[j], i % 2 == 1};
      check_on_tensor_cores(t, kTypes[(i + j) % 2]);
    }
}

TEST_CASE("attention on tensor cores: masks, dropout, shared heads") {
  using Case = AttentionCase;
  const std::vector<Case> cases = {
      {2, 2, 1, 17, 33, 16, 32, false, Case::kBool},
      {1, 4, 2, 70, 66, 32, 32, true},
      {1, 2, 1, 66, 70, 40, 64, true, Case::kNoMask, true},
      {1, 1, 1, 20, 140, 64, 72, false, Case::kSummand},
      {1, 2, 2, 70, 33, 64, 32, false, Case::kMatrix, true},
      {1, 4, 1, 65, 150, 16, 16, false, Case::kMatrix},
      {1, 2, 2, 6, 6, 8, 8, false, Case::kNoMask, false, true},
      {1, 2, 1, 10, 135, 128, 16, false, Case::kNoMask, true},
  };
  for (const Case& t : cases)
    for (DType dtype : kTypes) check_on_tensor_cores(t, dtype);
}

TEST_CASE("attention on tensor cores: many queries take larger tiles") {
  // Twice as many blocks as there are multiprocessors, of 128 queries each.
  const auto forward = [](int64_t source, int64_t e, bool causal, DType dtype) {
    AttentionCase t = {33, 4, 4, 130, source, e, e, causal};
    t.backward = false;
    check_on_tensor_cores(t, dtype);
  };
  forward(10, 64, true, DType::kFloat16);
  forward(66, 128, true, DType::kBFloat16);
  forward(5, 32, false, DType::kFloat16);
}

TEST_CASE("attention on tensor cores: rows of 256 numbers forward, by multiply-adds backward") {
  check_on_tensor_cores({1, 1, 1, 18, 35, 136, 256, true}, DType::kFloat16);
  check_on_tensor_cores({1, 1, 1, 5, 40, 256, 8}, DType::kBFloat16);
}

TEST_CASE("attention by multiply-adds where tensor cores cannot") {
  for (DType dtype : kTypes) {
    const uint64_t before = emulation::products();
    check_attention({1, 2, 2, 5, 7, 4, 3}, dtype);
    CHECK(emulation::products() == before);
  }
}
