#include <doctest/doctest.h>

#include <cmath>

#include "kernel_harness.h"

namespace flambeau {
namespace {

using namespace testing;

// The layouts of a [rows, columns] tensor: as is, transposed, every second column.
std::vector<Tensor> layouts(int64_t rows, int64_t columns, uint32_t seed) {
  return {random_tensor<float>({rows, columns}, seed),
          transposed(random_tensor<float>({columns, rows}, seed + 1), 0, 1),
          every_second(random_tensor<float>({rows, 2 * columns}, seed + 2), 1)};
}

// Places on an axis of `size`, one for each element, or one for each row or column where expanded.
std::vector<Tensor> indices(int64_t rows, int64_t columns, int64_t size) {
  Tensor plain = empty_tensor({rows, columns}, DType::kInt64);
  Tensor small = empty_tensor({rows, columns}, DType::kInt32);
  for (int64_t i = 0; i < rows * columns; ++i) {
    plain.as<int64_t>()[i] = i * 7 % size;
    small.as<int32_t>()[i] = static_cast<int32_t>(i * 5 % size);
  }
  Tensor row = empty_tensor({columns}, DType::kInt64);
  for (int64_t i = 0; i < columns; ++i) row.as<int64_t>()[i] = i * 3 % size;
  Tensor column = empty_tensor({rows}, DType::kInt64);
  for (int64_t i = 0; i < rows; ++i) column.as<int64_t>()[i] = i * 3 % size;
  return {plain, small, expanded(row, rows), transposed(expanded(column, columns), 0, 1)};
}

int64_t place(const Tensor& index, int64_t i) {
  return index.dtype == DType::kInt64 ? element<int64_t>(index, i) : element<int32_t>(index, i);
}

using Combine = float (*)(float, float);

float largest(float to, float from) { return to < from || std::isnan(from) ? from : to; }
float smallest(float to, float from) { return from < to || std::isnan(from) ? from : to; }

// One element at a time.
std::vector<float> naive(const Tensor& x, const Tensor& index, const Tensor& source, int axis,
                         Combine combine) {
  std::vector<float> out = values<float>(x);
  for (int64_t i = 0; i < index.numel(); ++i) {
    int64_t at[2] = {i / index.size(1), i % index.size(1)};
    const float from = element<float>(source, at[0] * source.size(1) + at[1]);
    at[axis] = place(index, i);
    float& to = out[static_cast<size_t>(at[0] * x.size(1) + at[1])];
    to = combine(to, from);
  }
  return out;
}

struct Form {
  const char* kernel;
  double mode;
  Combine combine;
};

const Form kForms[] = {
    {"scatter", 0, [](float, float from) { return from; }},
    {"scatter", 1, [](float to, float from) { return to + from; }},
    {"scatterReduce", 0, [](float to, float from) { return to * from; }},
    {"scatterReduce", 1, largest},
    {"scatterReduce", 2, smallest},
};

TEST_CASE("scatter combines the same elements in all layouts, with any number of threads") {
  for (const int threads : {1, 3}) {
    const Threads team(threads);
    for (const int64_t rows : {3, 40})
      for (const int64_t columns : {5, 300})
        for (const int axis : {0, 1})
          for (const Tensor& index : indices(rows, columns, axis == 0 ? 4 : 6))
            for (const Tensor& source : layouts(rows, columns, 3))
              for (const Tensor& x : layouts(axis == 0 ? 4 : rows, axis == 1 ? 6 : columns, 9))
                for (const Form& form : kForms) {
                  const Output out{DType::kFloat32, x.shape};
                  const std::vector<double> params{static_cast<double>(axis), form.mode};
                  const auto got = run(form.kernel, {x, index, source}, {out}, params);
                  CHECK(values<float>(got[0]) == naive(x, index, source, axis, form.combine));
                }
  }
}

TEST_CASE("a reduction of NaN is NaN, and of whole numbers wraps") {
  const Tensor zeros = tensor<int64_t>({3}, {0, 0, 0});
  const Tensor x = tensor<float>({1}, {2});
  const Tensor source = tensor<float>({3}, {1, NAN, 3});
  for (const double kind : {0, 1, 2}) {
    const auto got = run("scatterReduce", {x, zeros, source}, {{DType::kFloat32, {1}}}, {0, kind});
    CHECK(std::isnan(got[0].as<float>()[0]));
  }
  const Tensor bytes = tensor<uint8_t>({1}, {200});
  const Tensor factors = tensor<uint8_t>({3}, {2, 3, 5});
  const auto got = run("scatterReduce", {bytes, zeros, factors}, {{DType::kUInt8, {1}}}, {0, 0});
  CHECK(got[0].as<uint8_t>()[0] == static_cast<uint8_t>(200 * 30));
}

TEST_CASE("an index that is outside is found before or after, and nothing else is written") {
  for (const int64_t n : {10, 5000}) {
    std::vector<int64_t> list(static_cast<size_t>(n), 1);
    list[static_cast<size_t>(n) - 1] = 4;
    const Tensor index = tensor<int64_t>({n}, list);
    const Tensor source = random_tensor<float>({n}, 1);
    for (const Form& form : kForms) {
      const Tensor x = tensor<float>({4}, {1, 2, 3, 4});
      std::string code = "none";
      try {
        run(form.kernel, {x, index, source}, {{DType::kFloat32, {4}, 0}}, {0, form.mode});
      } catch (const Failure& failure) {
        code = failure.code();
      }
      CHECK(code == "ERR_INDEX");
      const float* left = x.as<float>();
      CHECK((left[0] == 1 && left[2] == 3 && left[3] == 4));
      if (n == 10) CHECK(left[1] == 2);
    }
  }
}

TEST_CASE("gather takes runs of an expanded index whole") {
  for (const Tensor& x : layouts(4, 300, 5))
    for (const Tensor& index : indices(40, 300, 4)) {
      const auto got = run("gather", {x, index}, {{DType::kFloat32, {40, 300}}}, {0});
      std::vector<float> expected;
      for (int64_t i = 0; i < 40 * 300; ++i)
        expected.push_back(element<float>(x, place(index, i) * 300 + i % 300));
      CHECK(values<float>(got[0]) == expected);
    }
}

}  // namespace
}  // namespace flambeau
