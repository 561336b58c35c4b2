// Sorting, selecting, searching and counting against plain loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernel_harness.h"

namespace flambeau {

namespace {

using namespace testing;

// Values with many ties, and NaN and both zeros among floats.
template <class T>
Tensor tied(const Shape& shape, int kinds, uint32_t seed) {
  Tensor x = empty_tensor(shape, dtype_of<T>);
  std::mt19937 random(seed);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const int kind = static_cast<int>(random() % static_cast<uint32_t>(kinds));
    T value = static_cast<T>(kind - (std::is_signed_v<T> ? kinds / 2 : 0));
    if constexpr (std::is_floating_point_v<T>) {
      if (kind == 1) value = std::numeric_limits<T>::quiet_NaN();
      if (value == 0 && random() % 2 == 0) value = -value;
    }
    x.as<T>()[i] = value;
  }
  return x;
}

template <class T>
bool less(T a, T b) {
  return (a == a && b != b) || a < b;
}

// The places of a row in stable order.
template <class T>
std::vector<int64_t> order(const T* x, int64_t n, bool descending) {
  std::vector<int64_t> places(static_cast<size_t>(n));
  std::iota(places.begin(), places.end(), int64_t{0});
  std::stable_sort(places.begin(), places.end(), [&](int64_t i, int64_t j) {
    return descending ? less(x[j], x[i]) : less(x[i], x[j]);
  });
  return places;
}

template <class T>
void check_sort(int64_t rows, int64_t n, int kinds, bool descending) {
  const Tensor x = tied<T>({rows, n}, kinds, static_cast<uint32_t>(n + kinds));
  const std::vector<Tensor> y =
      run("sort", {x}, {{x.dtype, x.shape}, {DType::kInt64, x.shape}}, {1, descending ? 1.0 : 0.0});
  int64_t wrong = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const T* from = x.as<T>() + row * n;
    const std::vector<int64_t> expected = order(from, n, descending);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t place = expected[static_cast<size_t>(i)];
      const T value = y[0].as<T>()[row * n + i];
      wrong += y[1].as<int64_t>()[row * n + i] != place;
      if constexpr (std::is_floating_point_v<T>) {
        wrong += !(value == from[place] || (value != value && from[place] != from[place]));
        wrong += std::signbit(value) != std::signbit(from[place]);
      } else {
        wrong += value != from[place];
      }
    }
  }
  INFO("rows of " << n << " with " << kinds << " values, descending: " << descending);
  CHECK(wrong == 0);
}

template <class T>
void check_sorts() {
  // Around the sizes where the way of sorting changes, and long enough for all threads.
  for (int64_t n : {1, 2, 23, 24, 25, 79, 80, 81, 300, 131071, 131072, 200001})
    for (int kinds : {3, 200})
      for (bool descending : {false, true}) check_sort<T>(n > 1000 ? 1 : 5, n, kinds, descending);
}

}  // namespace

TEST_CASE("sorting is stable for every type and length, NaN being the largest") {
  check_sorts<float>();
  check_sorts<double>();
  check_sorts<int64_t>();
  check_sorts<int32_t>();
  check_sorts<uint8_t>();
}

TEST_CASE("extreme numbers are in order") {
  Tensor x = empty_tensor({100}, DType::kInt64);
  for (int64_t i = 0; i < 100; ++i)
    x.as<int64_t>()[i] = (i % 2 == 0 ? INT64_MIN : INT64_MAX) + (i % 2 == 0 ? i : -i);
  const Tensor y = run("sort", {x}, {{x.dtype, {100}}, {DType::kInt64, {100}}}, {0, 0})[0];
  CHECK(std::is_sorted(y.as<int64_t>(), y.as<int64_t>() + 100));
}

TEST_CASE("columns and views are sorted as their copies are") {
  const Tensor x = random_tensor<float>({40, 30}, 3);
  const Tensor turned = transposed(x, 0, 1);
  const auto rows =
      run("sort", {x}, {{DType::kFloat32, x.shape}, {DType::kInt64, x.shape}}, {1, 0});
  const auto columns = run(
      "sort", {turned}, {{DType::kFloat32, turned.shape}, {DType::kInt64, turned.shape}}, {0, 0});
  int64_t wrong = 0;
  for (int64_t i = 0; i < 40; ++i)
    for (int64_t j = 0; j < 30; ++j)
      for (int k : {0, 1})
        wrong += k == 0 ? rows[0].as<float>()[i * 30 + j] != columns[0].as<float>()[j * 40 + i]
                        : rows[1].as<int64_t>()[i * 30 + j] != columns[1].as<int64_t>()[j * 40 + i];
  CHECK(wrong == 0);
}

TEST_CASE("the largest and smallest elements are those of the sorted row") {
  for (int64_t n : {1, 5, 64, 128, 700, 6400})
    for (int64_t k : {int64_t{1}, n / 64, n / 3, n})
      for (bool largest : {false, true}) {
        if (k == 0) continue;
        const Tensor x = tied<float>({2, n}, 50, static_cast<uint32_t>(n));
        const auto y = run("topk", {x}, {{x.dtype, {2, k}}, {DType::kInt64, {2, k}}},
                           {1, static_cast<double>(k), largest ? 1.0 : 0.0, 1});
        int64_t wrong = 0;
        for (int64_t row = 0; row < 2; ++row) {
          const float* from = x.as<float>() + row * n;
          const std::vector<int64_t> expected = order(from, n, largest);
          std::vector<bool> taken(static_cast<size_t>(n), false);
          for (int64_t i = 0; i < k; ++i) {
            const float want = from[expected[static_cast<size_t>(i)]];
            const float got = y[0].as<float>()[row * k + i];
            const int64_t place = y[1].as<int64_t>()[row * k + i];
            wrong += less(want, got) || less(got, want);
            wrong += less(from[place], got) || less(got, from[place]);
            wrong += taken[static_cast<size_t>(place)];
            taken[static_cast<size_t>(place)] = true;
          }
        }
        INFO("k " << k << " of " << n << ", largest: " << largest);
        CHECK(wrong == 0);
      }
}

TEST_CASE("ranks are those of the sorted row") {
  for (int64_t n : {1, 2, 3, 8, 101, 1000}) {
    const Tensor x = tied<float>({n}, 40, static_cast<uint32_t>(n));
    const std::vector<int64_t> expected = order(x.as<float>(), n, false);
    const auto at = [&](int64_t i) { return x.as<float>()[expected[static_cast<size_t>(i)]]; };
    for (int64_t k = 1; k <= n; k += 1 + n / 7) {
      const auto y =
          run("kthvalue", {x}, {{x.dtype, {}}, {DType::kInt64, {}}}, {0, static_cast<double>(k)});
      const float got = y[0].as<float>()[0];
      CHECK_FALSE((less(got, at(k - 1)) || less(at(k - 1), got)));
    }
    const auto middle = run("median", {x}, {{x.dtype, {}}, {DType::kInt64, {}}}, {0, 1});
    int64_t numbers = 0;
    for (int64_t i = 0; i < n; ++i) numbers += x.as<float>()[i] == x.as<float>()[i];
    CHECK(middle[1].as<int64_t>()[0] ==
          expected[static_cast<size_t>(std::max<int64_t>(0, (numbers - 1) / 2))]);
  }
}

TEST_CASE("a search agrees with counting") {
  const Tensor sorted = run("sort", {tied<int32_t>({37}, 20, 1)},
                            {{DType::kInt32, {37}}, {DType::kInt64, {37}}}, {0, 0})[0];
  const Tensor values = tied<int32_t>({5000}, 30, 2);
  for (bool right : {false, true}) {
    const Tensor y = run("searchsorted", {sorted, values, kNone}, {{DType::kInt64, {5000}}},
                         {right ? 1.0 : 0.0})[0];
    int64_t wrong = 0;
    for (int64_t i = 0; i < 5000; ++i) {
      const int32_t value = values.as<int32_t>()[i];
      const auto before =
          std::count_if(sorted.as<int32_t>(), sorted.as<int32_t>() + 37,
                        [&](int32_t edge) { return right ? edge <= value : edge < value; });
      wrong += y.as<int64_t>()[i] != before;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("bins and counts add up, on all threads too") {
  const int64_t n = 300000;
  const Tensor x = random_tensor<float>({n}, 5);
  Tensor edges = empty_tensor({5}, DType::kFloat32);
  const float numbers[] = {-100, -1, 0, 1, 100};
  std::copy_n(numbers, 5, edges.as<float>());
  const Tensor y = run("histogram", {x, edges, kNone}, {{DType::kFloat32, {4}}}, {2})[0];
  for (int bin = 0; bin < 4; ++bin) {
    const auto inside = std::count_if(x.as<float>(), x.as<float>() + n, [&](float v) {
      return v >= numbers[bin] && (v < numbers[bin + 1] || (bin == 3 && v <= numbers[4]));
    });
    CHECK(y.as<float>()[bin] == static_cast<float>(inside));
  }
}

TEST_CASE("kernels of order refuse what does not fit") {
  const Tensor x = random_tensor<float>({2, 3}, 1);
  const Output same = {DType::kFloat32, {2, 3}};
  const Output places = {DType::kInt64, {2, 3}};
  CHECK_THROWS_AS(run("sort", {x}, {same, places}, {2, 0}), Failure);
  CHECK_THROWS_AS(run("sort", {x}, {same, {DType::kInt32, {2, 3}}}, {1, 0}), Failure);
  CHECK_THROWS_AS(run("sort", {x}, {{DType::kFloat32, {3, 2}}, places}, {1, 0}), Failure);
  CHECK_THROWS_AS(run("topk", {x}, {same, places}, {1, 4, 1, 1}), Failure);
  CHECK_THROWS_AS(run("topk", {x}, {same, places}, {1, 2, 1, 1}), Failure);
  CHECK_THROWS_AS(run("kthvalue", {x}, {{DType::kFloat32, {2}}, {DType::kInt64, {2}}}, {1, 0}),
                  Failure);
  CHECK_THROWS_AS(run("mode", {x}, {{DType::kFloat32, {3}}, {DType::kInt64, {2}}}, {1}), Failure);
  CHECK_THROWS_AS(run("sortRows", {x}, {{DType::kInt64, {3}}}), Failure);
  CHECK_THROWS_AS(run("searchsorted", {x, random_tensor<float>({3, 2}, 1), kNone},
                      {{DType::kInt64, {2, 3}}}, {0}),
                  Failure);
  CHECK_THROWS_AS(run("bincount", {tied<int64_t>({9}, 9, 1), kNone}, {{DType::kInt64, {2}}}),
                  Failure);
  CHECK_THROWS_AS(
      run("histogram", {x, random_tensor<float>({1}, 1), kNone}, {{DType::kFloat32, {0}}}, {2}),
      Failure);
}

}  // namespace flambeau
