#include <doctest/doctest.h>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

// Runs a kernel that must refuse the call; returns the failure's code.
std::string refusal(const std::string& name, const std::vector<Tensor>& inputs,
                    const std::vector<Output>& outputs, const std::vector<double>& params = {}) {
  try {
    run(name, inputs, outputs, params);
  } catch (const Failure& failure) {
    return failure.code();
  }
  return "none";
}

Tensor indices(const std::vector<int64_t>& list) {
  return tensor<int64_t>({static_cast<int64_t>(list.size())}, list);
}

Tensor mask_of(int64_t n, int64_t every) {
  Tensor mask = empty_tensor({n}, DType::kBool);
  for (int64_t i = 0; i < n; ++i) mask.as<bool>()[i] = i % every == 1;
  return mask;
}

// out[i, p, j] = x[i, places[p], j], one element at a time.
std::vector<float> naive_index(const Tensor& x, const std::vector<int64_t>& places) {
  std::vector<float> out;
  for (int64_t i = 0; i < x.size(0); ++i)
    for (int64_t place : places)
      for (int64_t j = 0; j < x.size(2); ++j)
        out.push_back(element<float>(x, (i * x.size(1) + place) * x.size(2) + j));
  return out;
}

constexpr double kWraps = 1, kStays = 0;

TEST_CASE("index reads the same elements of any layout, with any number of threads") {
  std::vector<int64_t> places;
  for (int64_t p = 0; p < 400; ++p) places.push_back(p * 31 % 9);
  for (int threads : {1, 3}) {
    const Threads team(threads);
    for (const int64_t columns : {1, 3, 40, 1000}) {
      const Tensor plain = random_tensor<float>({5, 9, columns}, 1);
      const Tensor layouts[] = {
          plain,
          transposed(random_tensor<float>({9, 5, columns}, 2), 0, 1),
          transposed(random_tensor<float>({columns, 9, 5}, 3), 0, 2),
          every_second(random_tensor<float>({5, 9, 2 * columns}, 4), 2),
          expanded(random_tensor<float>({9, columns}, 5), 5),
      };
      for (const Tensor& x : layouts) {
        const Output out{DType::kFloat32, {5, 400, columns}};
        const auto got = run("index", {x, indices(places)}, {out}, {1, 1, kWraps, 1});
        CHECK(values<float>(got[0]) == naive_index(x, places));
      }
    }
  }
}

TEST_CASE("an index over several axes counts their places in row-major order") {
  const Tensor x = transposed(random_tensor<float>({3, 4, 5}, 1), 0, 2);  // [5, 4, 3]
  const auto got =
      run("index", {x, indices({0, 59, -1, 17})}, {{DType::kFloat32, {4}}}, {0, 3, kWraps, -1});
  CHECK(values<float>(got[0]) == std::vector<float>{element<float>(x, 0), element<float>(x, 59),
                                                    element<float>(x, 59), element<float>(x, 17)});
}

TEST_CASE("indexGrad adds in order, with any number of threads") {
  struct Case {
    int64_t outer, columns, places;
  };
  // Small, and large by outer axes, by columns, and by places (which two kinds of loops move).
  for (const auto& [outer, columns, n] : {Case{6, 7, 5}, Case{6, 40, 1500}, Case{1, 300, 1000},
                                          Case{1, 16, 20'000}, Case{2, 1, 150'000}}) {
    std::vector<int64_t> places;
    for (int64_t p = 0; p < n; ++p) places.push_back(p * 7919 % 13 % 9);
    const Tensor grad = random_tensor<float>({outer, n, columns}, 1);
    std::vector<float> expected(static_cast<size_t>(outer * 9 * columns));
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t p = 0; p < n; ++p)
        for (int64_t j = 0; j < columns; ++j)
          expected[static_cast<size_t>((i * 9 + places[static_cast<size_t>(p)]) * columns + j)] +=
              grad.as<float>()[(i * n + p) * columns + j];
    for (int threads : {1, 3}) {
      const Threads team(threads);
      const Output out{DType::kFloat32, {outer, 9, columns}};
      const auto got = run("indexGrad", {grad, indices(places)}, {out}, {1, 1, kStays, 1});
      CHECK(values<float>(got[0]) == expected);
    }
  }
}

TEST_CASE("indexPut writes in place what shares its memory with the target") {
  const Tensor x = tensor<int32_t>({4}, {10, 11, 12, 13});
  run("indexPut",
      {x, indices({1, 2, 3}),
       [&] {
         Tensor part = x;
         part.shape.sizes[0] = 3;
         return part;
       }()},
      {{DType::kInt32, {4}, 0}}, {0, 1, kStays, 0, 0, 1});
  CHECK(values<int32_t>(x) == std::vector<int32_t>{10, 10, 11, 12});
}

TEST_CASE("indices out of range are refused, and nothing is written") {
  const Tensor x = random_tensor<float>({3, 4}, 1);
  const Output picked{DType::kFloat32, {2, 4}};
  CHECK(refusal("index", {x, indices({0, 3})}, {picked}, {0, 1, kWraps, 0}) == "ERR_INDEX");
  CHECK(refusal("index", {x, indices({0, -4})}, {picked}, {0, 1, kWraps, 0}) == "ERR_INDEX");
  CHECK(refusal("index", {x, indices({0, -1})}, {picked}, {0, 1, kStays, 0}) == "ERR_INDEX");
  const std::vector<float> before = values<float>(x);
  const Tensor ones = random_tensor<float>({2, 4}, 2);
  for (const double add : {0.0, 1.0})
    CHECK(refusal("indexPut", {x, indices({0, INT64_MIN}), ones}, {{DType::kFloat32, {3, 4}, 0}},
                  {0, 1, kWraps, 0, add, 1}) == "ERR_INDEX");
  const Tensor far = tensor<int64_t>({1, 2}, {0, INT64_MAX});
  CHECK(refusal("scatter", {x, far, ones}, {{DType::kFloat32, {3, 4}, 0}}, {1, 0}) == "ERR_INDEX");
  CHECK(values<float>(x) == before);
  CHECK(refusal("gather", {x, far}, {{DType::kFloat32, {1, 2}}}, {1}) == "ERR_INDEX");
  CHECK(refusal("oneHot", {far}, {{DType::kInt64, {1, 2, 5}}}) == "ERR_INDEX");
  CHECK(refusal("indexPositions", {indices({2})}, {{DType::kInt64, {1}}}, {2, 0}) == "ERR_INDEX");
}

TEST_CASE("calls that make no sense are refused") {
  const Tensor x = random_tensor<float>({3, 4}, 1);
  const Tensor i = indices({0, 1});
  const Output picked{DType::kFloat32, {2, 4}};
  CHECK(refusal("index", {x, i}, {picked}, {2, 1, 0, 0}) == "ERR_INTERNAL");  // no such axis
  CHECK(refusal("index", {x, i}, {picked}, {1, 2, 0, 0}) == "ERR_INTERNAL");  // too many axes
  CHECK(refusal("index", {x, i}, {picked}, {-1, 1, 0, 0}) == "ERR_INTERNAL");
  CHECK(refusal("index", {x, i}, {picked}, {0, 0, 0, 0}) == "ERR_INTERNAL");
  CHECK(refusal("index", {x, i}, {picked}, {0, 1}) == "ERR_INTERNAL");        // too few numbers
  CHECK(refusal("index", {x, x}, {picked}, {0, 1, 0, 0}) == "ERR_INTERNAL");  // floating index
  CHECK(refusal("index", {x, i}, {{DType::kFloat32, {3, 4}}}, {0, 1, 0, 0}) == "ERR_INTERNAL");
  CHECK(refusal("index", {x, i}, {{DType::kInt32, {2, 4}}}, {0, 1, 0, 0}) == "ERR_INTERNAL");
  CHECK(refusal("indexGrad", {x, i}, {picked}, {0, 1, 0, 0}) == "ERR_INTERNAL");
  const Tensor column = random_tensor<float>({2, 1, 1, 1}, 2);
  CHECK(refusal("indexPut", {x, i, column}, {{DType::kFloat32, {3, 4}, 0}}, {0, 1, 0, 0, 0, 1}) ==
        "ERR_INTERNAL");
  CHECK(refusal("indexPut", {x, i, i}, {{DType::kFloat32, {3, 4}, 0}}, {0, 1, 0, 0, 0, 1}) ==
        "ERR_INTERNAL");
  CHECK(refusal("gather", {x, i}, {{DType::kFloat32, {2}}}, {0}) == "ERR_INTERNAL");
  const Tensor wide = tensor<int64_t>({1, 5}, {0, 0, 0, 0, 0});
  CHECK(refusal("gather", {x, wide}, {{DType::kFloat32, {1, 5}}}, {0}) == "ERR_INTERNAL");
  CHECK(refusal("scatter", {x, wide, x}, {{DType::kFloat32, {3, 4}}}, {1, 0}) == "ERR_INTERNAL");
  CHECK(refusal("gatherGrad", {x, wide}, {{DType::kFloat32, {3, 4}}}, {1}) == "ERR_INTERNAL");
  CHECK(refusal("oneHot", {i}, {{DType::kInt64, {3, 5}}}) == "ERR_INTERNAL");
}

TEST_CASE("windows that leave the tensor are refused") {
  const Tensor x = random_tensor<float>({4, 3}, 1);
  const std::vector<double> all = {0, 0, 1, 3};
  const auto with = [&](std::vector<double> tokens) {
    tokens.insert(tokens.end(), all.begin(), all.end());
    return tokens;
  };
  const auto window = run("at", {x}, {{DType::kFloat32, {2, 3}}}, with({0, 1, 2, 2}));
  CHECK(element<float>(window[0], 3) == element<float>(x, 9));
  const Output two{DType::kFloat32, {2, 3}};
  CHECK(refusal("at", {x}, {two}, with({0, 2, 2, 2})) == "ERR_INTERNAL");
  CHECK(refusal("at", {x}, {two}, with({0, -1, 1, 2})) == "ERR_INTERNAL");
  CHECK(refusal("at", {x}, {two}, with({0, 0, 0, 2})) == "ERR_INTERNAL");
  CHECK(refusal("at", {x}, {two}, with({0, 0, 9007199254740992.0, 2})) == "ERR_INTERNAL");
  CHECK(refusal("at", {x}, {two}, with({0, 0, 1, 3})) == "ERR_INTERNAL");  // another shape
  CHECK(refusal("at", {x}, {two}, all) == "ERR_INTERNAL");                 // an axis is left out
  CHECK(refusal("at", {x}, {{DType::kFloat32, {3}}}, with({1, 4, 1, 1})) == "ERR_INTERNAL");
  CHECK(refusal("setAt", {x, x}, {{DType::kFloat32, {4, 3}, 0}}, {0, 0, 0, 1, 9, 0, 0, 1, 3}) ==
        "ERR_INTERNAL");
  std::vector<double> many;
  for (int i = 0; i < 20; ++i) many.insert(many.end(), {2, 0, 1, 1});
  CHECK(refusal("at", {x}, {two}, many) == "ERR_INTERNAL");
}

TEST_CASE("masks select the same elements at any size") {
  for (const int64_t n : {0, 1, 31, 8191, 8192, 8193, 100'000}) {
    const Tensor mask = mask_of(n, 3);
    const Tensor x = random_tensor<double>({n}, 1);
    std::vector<double> expected;
    std::vector<int64_t> places;
    for (int64_t i = 0; i < n; ++i) {
      if (!mask.as<bool>()[i]) continue;
      places.push_back(i);
      expected.push_back(x.as<double>()[i]);
    }
    const auto count = static_cast<int64_t>(places.size());
    const Output chunks{DType::kInt64, {(n + 8191) / 8192 + 1}};
    const Tensor offsets = run("maskOffsets", {mask}, {chunks})[0];
    CHECK(values<int64_t>(offsets).back() == count);
    const Tensor picked = run("maskedSelect", {x, mask, offsets}, {{DType::kFloat64, {count}}})[0];
    CHECK(values<double>(picked) == expected);
    CHECK(values<int64_t>(run("nonzero", {mask, offsets}, {{DType::kInt64, {count}}}, {0})[0]) ==
          places);
    const auto back = values<double>(
        run("maskedSelectGrad", {picked, mask, offsets}, {{DType::kFloat64, {n}}})[0]);
    for (int64_t i = 0; i < n; ++i)
      if (back[static_cast<size_t>(i)] != (mask.as<bool>()[i] ? x.as<double>()[i] : 0)) FAIL(i);
  }
}

TEST_CASE("offsets that do not belong to a mask are refused") {
  const Tensor mask = mask_of(10'000, 2);
  const Tensor x = random_tensor<float>({10'000}, 1);
  const Output all{DType::kFloat32, {5000}};
  const auto with = [&](const std::vector<int64_t>& offsets) {
    return refusal("maskedSelect", {x, mask, indices(offsets)}, {all});
  };
  CHECK(with({0, 4096, 5000}) == "none");
  CHECK(with({0, 5000}) == "ERR_INTERNAL");
  CHECK(with({1, 4096, 5000}) == "ERR_INTERNAL");
  CHECK(with({0, 6000, 5000}) == "ERR_INTERNAL");
  CHECK(with({0, 4096, 5001}) == "ERR_INTERNAL");
  CHECK(with({0, -9223372036854775807, 5000}) == "ERR_INTERNAL");
  // A mask with more or fewer elements than the offsets say (another thread may write to it) reads
  // and writes no further.
  for (const int64_t every : {2, 10'001})
    CHECK(refusal("maskedSelect", {x, mask_of(10'000, every), indices({0, 100, 200})},
                  {{DType::kFloat32, {200}}}) == "none");
}

TEST_CASE("dropout's bits fit any layout") {
  const Tensor x = random_tensor<float>({6, 10, 7}, 1);
  const Tensor turned = transposed(x, 0, 2);
  for (const Tensor& input : {x, turned}) {
    const Output bits{DType::kUInt8, {(6 * 10 * 7 + 7) / 8}};
    const auto out = run("dropout", {input}, {{DType::kFloat32, input.shape}, bits}, {0, 0.25});
    const auto grad = run("dropoutGrad", {input, out[1]}, {{DType::kFloat32, input.shape}}, {0.25});
    CHECK(values<float>(grad[0]) == values<float>(out[0]));
    const Tensor dense = random_tensor<float>(input.shape, 2);
    const auto other =
        run("dropoutGrad", {dense, out[1]}, {{DType::kFloat32, input.shape}}, {0.25});
    for (int64_t i = 0; i < input.numel(); ++i) {
      const bool kept = element<float>(out[0], i) != 0;
      const float expected = kept ? element<float>(dense, i) * (1.0F / 0.75F) : 0.0F;
      if (element<float>(other[0], i) != expected) FAIL(i);
    }
  }
  const Tensor few = empty_tensor({3}, DType::kUInt8);
  CHECK(refusal("dropoutGrad", {x, few}, {{DType::kFloat32, x.shape}}, {0.25}) == "ERR_INTERNAL");
}

}  // namespace
}  // namespace flambeau
