// Gathering, scattering and indexing: where index tensors name places.
#include "harness.h"
#include "runtime/call.h"

namespace flambeau::cuda::testing {

namespace {

using Values = std::vector<double>;

// While it lives, results are the same from run to run.
struct Deterministic {
  Deterministic() { set_deterministic(true); }
  ~Deterministic() { set_deterministic(false); }
};

// Checks that what was called fails in this way.
template <class Body>
void check_fails(const char* code, const std::string& part, const Body& body) {
  try {
    body();
    FAIL("nothing was thrown");
  } catch (const Failure& failure) {
    CHECK(std::string(failure.code()) == code);
    INFO(std::string(failure.what()));
    CHECK(std::string(failure.what()).find(part) != std::string::npos);
  }
}

// Indices 0 … size - 1 in an order without a pattern.
Values mixed_places(int64_t n, int64_t size) {
  Values places;
  uint32_t state = 12345;
  for (int64_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    places.push_back(static_cast<double>((state >> 8) % static_cast<uint32_t>(size)));
  }
  return places;
}

}  // namespace

TEST_CASE("gather takes elements along an axis") {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kUInt8,
                            DType::kBFloat16, DType::kInt16}) {
    for (const DType of_index : {DType::kInt64, DType::kInt32, DType::kUInt8}) {
      const Array x = counting(dtype, {3, 4});
      const Results y =
          run("gather", {x, typed(of_index, {2, 3}, {0, 2, 1, 1, 0, 2})}, {{dtype, {2, 3}}}, {0});
      CHECK(y[0].values() == Values{0, 9, 6, 4, 1, 10});
    }
  }
  // A transposed tensor, and an index that is the same for a whole row.
  const Array x = array<float>({40, 16}, counting(DType::kFloat32, {640}).values(), {1, 40});
  const Array index = array<int64_t>({5, 16}, {39, 0, 7, 7, 21}, {1, 0});
  const Results y = run("gather", {x, index}, {{DType::kFloat32, {5, 16}}}, {0});
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < 16; ++j)
      CHECK(y[0].value(i * 16 + j) ==
            Values{39, 0, 7, 7, 21}[static_cast<size_t>(i)] + 40 * static_cast<double>(j));
}

TEST_CASE("places outside are reported, and leave memory alone") {
  const Array x = counting(DType::kFloat32, {4});
  check_fails("ERR_INDEX", "index 4 at position [1] is outside axis 0, which has 4 positions", [&] {
    run("gather", {x, array<int64_t>({2}, {1, 4})}, {{DType::kFloat32, {2}}}, {0});
  });
  check_fails("ERR_INDEX", "index -1 at position [1]", [&] {
    run("gather", {x, array<int64_t>({2}, {1, -1})}, {{DType::kFloat32, {2}}}, {0});
  });
  check_fails("ERR_INDEX", "index 9", [&] {
    run("scatter", {x, array<int64_t>({2}, {1, 9}), array<float>({2}, {7, 8})},
        {{DType::kFloat32, {4}}}, {0, 0});
  });
  check_fails("ERR_INDEX", "index -5", [&] {
    run("indexPut", {x, array<int64_t>({1}, {-5}), In(1.0)}, {{DType::kFloat32, {4}}},
        {0, 1, 1, 0, 1, 1});
  });
  check_fails("ERR_INDEX", "class 3 at position [1] is outside [0, 3)", [&] {
    run("oneHot", {array<int64_t>({2}, {0, 3})}, {{DType::kInt64, {2, 3}}});
  });
}

TEST_CASE("scatter writes the last of several elements") {
  const int64_t n = 3000, size = 50, columns = 3;
  const Values places = mixed_places(n * columns, size);
  Values expected(static_cast<size_t>(size * columns), -1), source;
  for (int64_t i = 0; i < n * columns; ++i) {
    source.push_back(static_cast<double>(i));
    expected[static_cast<size_t>(places[static_cast<size_t>(i)] * columns +
                                 static_cast<double>(i % columns))] = static_cast<double>(i);
  }
  const Array x = typed(DType::kFloat32, {size, columns}, Values(size * columns, -1));
  const Array index = array<int32_t>({n, columns}, places);
  const Array from = array<float>({n, columns}, source);
  CHECK(
      run("scatter", {x, index, from}, {{DType::kFloat32, {size, columns}}}, {0, 0})[0].values() ==
      expected);
  // In place, where the target is its own source.
  const Array line = array<int64_t>({4}, {10, 20, 30, 40});
  CHECK(run("scatter", {line, array<int64_t>({4}, {1, 2, 3, 0}), line}, {Out(line, 0)}, {0, 0})[0]
            .values() == Values{40, 10, 20, 30});
}

TEST_CASE("scatter adds, in any order or in one") {
  const int64_t n = 2000, size = 20;
  const Values places = mixed_places(n, size);
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kInt32, DType::kUInt8}) {
    Values source, sums(static_cast<size_t>(size), 1);
    for (int64_t i = 0; i < n; ++i) {
      source.push_back(static_cast<double>(i % 3));
      sums[static_cast<size_t>(places[static_cast<size_t>(i)])] += static_cast<double>(i % 3);
    }
    const auto added = [&] {
      return run("scatter",
                 {typed(dtype, {size}, Values(static_cast<size_t>(size), 1)),
                  array<int64_t>({n}, places), typed(dtype, {n}, source)},
                 {{dtype, {size}}}, {0, 1})[0]
          .values();
    };
    CHECK(added() == sums);
    const Deterministic on;
    CHECK(added() == sums);
  }
  CHECK(run("scatter",
            {array<bool>({3}, {0, 0, 1}), array<int64_t>({3}, {0, 0, 2}),
             array<bool>({3}, {0, 1, 0})},
            {{DType::kBool, {3}}}, {0, 1})[0]
            .values() == Values{1, 0, 1});
}

TEST_CASE("sums in one order are those of a processor, to the last bit") {
  const Deterministic on;
  const int64_t n = 500, size = 7, columns = 5;
  const Values places = mixed_places(n, size);
  Values source;
  std::vector<float> sums(static_cast<size_t>(size * columns), 0);
  for (int64_t i = 0; i < n * columns; ++i) {
    const float x = 1.0f / static_cast<float>(3 + i % 97);
    source.push_back(x);
    sums[static_cast<size_t>(places[static_cast<size_t>(i / columns)]) * columns +
         static_cast<size_t>(i % columns)] += x;
  }
  const Results y =
      run("indexGrad", {array<float>({n, columns}, source), array<int64_t>({n}, places)},
          {{DType::kFloat32, {size, columns}}}, {0, 1, 0, 0});
  CHECK(y[0].values() == Values(sums.begin(), sums.end()));
}

TEST_CASE("scatterReduce takes products and extremes") {
  const Array x = array<float>({3}, {2, 2, NAN});
  const Array index = array<int64_t>({4}, {0, 0, 1, 2});
  const Array from = array<float>({4}, {3, 5, NAN, 1});
  const auto reduced = [&](double kind) {
    return run("scatterReduce", {x, index, from}, {{DType::kFloat32, {3}}}, {0, kind})[0].values();
  };
  CHECK(close(reduced(0), {30, NAN, NAN}));
  CHECK(close(reduced(1), {5, NAN, NAN}));
  CHECK(close(reduced(2), {2, NAN, NAN}));
  CHECK(run("scatterReduce",
            {array<int64_t>({2}, {4, 4}), array<uint8_t>({3}, {1, 1, 0}),
             array<int64_t>({3}, {-9, 7, 1})},
            {{DType::kInt64, {2}}}, {0, 2})[0]
            .values() == Values{1, -9});
}

TEST_CASE("index replaces axes by index tensors") {
  const Array x = counting(DType::kFloat32, {3, 4, 8});
  // Rows of 8 floats, with places from the back.
  Results y =
      run("index", {x, array<int64_t>({2}, {-1, 1})}, {{DType::kFloat32, {3, 2, 8}}}, {1, 1, 1, 1});
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t k = 0; k < 8; ++k)
        CHECK(y[0].value((i * 2 + j) * 8 + k) ==
              static_cast<double>((i * 4 + (j == 0 ? 3 : 1)) * 8 + k));
  // Two axes at once, of a transposed tensor.
  const Array transposed = array<float>({4, 3}, counting(DType::kFloat32, {12}).values(), {1, 4});
  y = run("index", {transposed, array<int64_t>({3}, {0, 4, 11})}, {{DType::kFloat32, {3}}},
          {0, 2, 1, -1});
  CHECK(y[0].values() == Values{0, 5, 11});
  // A place without axes.
  y = run("index", {x, array<int64_t>({}, {2})}, {{DType::kFloat32, {4, 8}}}, {0, 1, 1, 0});
  CHECK(y[0].value(0) == 64);
}

TEST_CASE("indexPut writes and adds slices") {
  const Array x = counting(DType::kFloat32, {4, 3});
  const Array index = array<int64_t>({3}, {1, -1, 1});
  const Array values = array<float>({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(run("indexPut", {x, index, values}, {{DType::kFloat32, {4, 3}}}, {0, 1, 1, 0, 0, 1})[0]
            .values() == Values{0, 1, 2, 7, 8, 9, 6, 7, 8, 4, 5, 6});
  const auto added = [&] {
    return run("indexPut", {x, index, values}, {{DType::kFloat32, {4, 3}}}, {0, 1, 1, 0, 1, 2})[0]
        .values();
  };
  const Values sums = {0, 1, 2, 3 + 16, 4 + 20, 5 + 24, 6, 7, 8, 9 + 8, 10 + 10, 11 + 12};
  CHECK(added() == sums);
  {
    const Deterministic on;
    CHECK(added() == sums);
  }
  // A group of axes that do not lie together, in place.
  const Array transposed = array<float>({2, 3}, {0, 1, 2, 3, 4, 5}, {1, 2});
  const Results y = run("indexPut", {transposed, array<int64_t>({2}, {1, 3}), In(9.0)},
                        {Out(transposed, 0)}, {0, 2, 1, -1, 0, 1});
  CHECK(y[0].values() == Values{0, 9, 4, 9, 3, 5});
}

TEST_CASE("indexPositions makes one index of several") {
  const Results y =
      run("indexPositions", {array<int64_t>({2, 1}, {0, -1}), array<int32_t>({3}, {0, 1, -1})},
          {{DType::kInt64, {2, 3}}}, {4, 0, 5, 1});
  CHECK(y[0].values() == Values{0, 1, 4, 15, 16, 19});
  check_fails("ERR_INDEX", "index 5", [&] {
    run("indexPositions", {array<int64_t>({1}, {5})}, {{DType::kInt64, {1}}}, {5, 0});
  });
}

TEST_CASE("setAt writes and adds to parts") {
  const Array x = counting(DType::kFloat32, {3, 4});
  // x[1, ::2]
  const Values part = {1, 1, 1, 1, 0, 0, 2, 2};
  Values params = {0};
  params.insert(params.end(), part.begin(), part.end());
  CHECK(run("setAt", {x, In(7.0)}, {{DType::kFloat32, {3, 4}}}, params)[0].values() ==
        Values{0, 1, 2, 3, 7, 5, 7, 7, 8, 9, 10, 11});
  params[0] = 1;
  CHECK(run("setAt", {x, array<float>({2}, {10, 20})}, {{DType::kFloat32, {3, 4}}}, params)[0]
            .values() == Values{0, 1, 2, 3, 14, 5, 26, 7, 8, 9, 10, 11});
}

TEST_CASE("oneHot marks classes") {
  CHECK(run("oneHot", {array<uint8_t>({3}, {2, 0, 1})}, {{DType::kInt64, {3, 3}}})[0].values() ==
        Values{0, 0, 1, 1, 0, 0, 0, 1, 0});
}

}  // namespace flambeau::cuda::testing
