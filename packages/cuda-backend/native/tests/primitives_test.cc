// What kernels are made of: reductions, scans, atomics, accesses, division.
#include "primitives.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "device_array.h"
#include "dtype.h"

namespace flambeau::cuda {
namespace {

const int kBlocks[] = {1, 2, 7, 31, 32, 33, 64, 100, 256, 300, 1000, 1024};

template <class Op, class T>
__global__ void reduce(const T* in, T* out) {
  const int i = block_thread();
  T value = block_reduce<Op>(in[i]);
  value =
      block_reduce<Max>(value);  // the same value: nothing changes, if shared memory is free again
  out[i] = value;
}

// Checks block_reduce for blocks of all sizes; `combine` is the same on the host.
template <class Op, class T, class Combine>
void check_reduce(T first, const Combine& combine) {
  for (const int threads : kBlocks) {
    std::vector<T> values(threads);
    for (int i = 0; i < threads; ++i) values[i] = static_cast<T>((i * 37 + 11) % 101) - T(first);
    DeviceArray<T> in(values);
    DeviceArray<T> out(threads);
    // Of any shape.
    const dim3 block = threads % 4 == 0 ? dim3(threads / 4, 2, 2) : dim3(threads);
    launch(reduce<Op, T>, 1, block, 0, nullptr, in.data(), out.data());
    T expected = values[0];
    for (int i = 1; i < threads; ++i) expected = combine(expected, values[i]);
    bool all = true;
    for (const T value : out.read()) all = all && value == expected;
    CHECK_MESSAGE(all, "blocks of ", threads);
  }
}

TEST_CASE("all threads of a block get the reduced value") {
  const auto sum = [](auto a, auto b) { return static_cast<decltype(a)>(a + b); };
  const auto most = [](auto a, auto b) { return a > b ? a : b; };
  const auto least = [](auto a, auto b) { return a < b ? a : b; };
  check_reduce<Sum, int32_t>(50, sum);
  check_reduce<Sum, uint32_t>(0, sum);
  check_reduce<Sum, int64_t>(50, sum);
  check_reduce<Sum, float>(50, sum);
  check_reduce<Sum, double>(50, sum);
  check_reduce<Max, int32_t>(200, most);
  check_reduce<Max, float>(200, most);
  check_reduce<Max, uint8_t>(0, most);
  check_reduce<Min, int64_t>(-200, least);
  check_reduce<Min, double>(-200, least);
  check_reduce<Min, int16_t>(50, least);
}

TEST_CASE("not a number wins") {
  for (const int at : {0, 5, 40, 63}) {
    std::vector<float> values(64, 3.0f);
    values[at] = std::nanf("");
    DeviceArray<float> in(values);
    DeviceArray<float> out(64);
    launch(reduce<Max, float>, 1, 64, 0, nullptr, in.data(), out.data());
    for (const float value : out.read()) CHECK(std::isnan(value));
    launch(reduce<Min, float>, 1, 64, 0, nullptr, in.data(), out.data());
    for (const float value : out.read()) CHECK(std::isnan(value));
  }
}

template <int width>
__global__ void groups(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = warp_reduce<Sum, width>(lane);
}

TEST_CASE("groups of lanes reduce for themselves") {
  DeviceArray<int> out(32);
  const auto check_groups = [&](int width) {
    const auto values = out.read();
    for (int lane = 0; lane < 32; ++lane) {
      int expected = 0;
      for (int i = 0; i < width; ++i) expected += lane / width * width + i;
      CHECK(values[lane] == expected);
    }
  };
  launch(groups<32>, 1, 32, 0, nullptr, out.data());
  check_groups(32);
  launch(groups<8>, 1, 32, 0, nullptr, out.data());
  check_groups(8);
  launch(groups<1>, 1, 32, 0, nullptr, out.data());
  check_groups(1);
}

__global__ void moments(const double* in, Welford<double>* out) {
  Welford<double> mine;
  mine.add(in[threadIdx.x]);
  out[threadIdx.x] = block_reduce<CombineWelford>(mine);
}

TEST_CASE("means and variances combine, and are the same for all threads") {
  for (const int threads : kBlocks) {
    std::vector<double> values(threads);
    double mean = 0;
    for (int i = 0; i < threads; ++i) mean += values[i] = 1e6 + std::sin(i * 1.7);
    mean /= threads;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    DeviceArray<double> in(values);
    DeviceArray<Welford<double>> out(threads);
    launch(moments, 1, threads, 0, nullptr, in.data(), out.data());
    const auto results = out.read();
    CHECK(results[0].count == threads);
    CHECK(results[0].mean == doctest::Approx(mean).epsilon(1e-14));
    CHECK(results[0].squares == doctest::Approx(squares).epsilon(1e-8));
    for (const auto& result : results) CHECK(std::memcmp(&result, &results[0], sizeof result) == 0);
  }
}

template <class T>
__global__ void scans(const T* in, T* inclusive, T* exclusive, T* totals) {
  const int i = static_cast<int>(threadIdx.x);
  T total;
  inclusive[i] = block_scan<Sum>(in[i], &total);
  totals[i] = total;
  exclusive[i] = block_scan_exclusive<Sum>(in[i], &total);
  if (total != totals[i]) totals[i] = -1;
}

TEST_CASE("scans over blocks of all sizes") {
  for (const int threads : kBlocks) {
    std::vector<int64_t> values(threads);
    for (int i = 0; i < threads; ++i) values[i] = i * 7 % 13 - 3;
    DeviceArray<int64_t> in(values);
    DeviceArray<int64_t> inclusive(threads);
    DeviceArray<int64_t> exclusive(threads);
    DeviceArray<int64_t> totals(threads);
    launch(scans<int64_t>, 1, threads, 0, nullptr, in.data(), inclusive.data(), exclusive.data(),
           totals.data());
    const auto with = inclusive.read();
    const auto without = exclusive.read();
    const auto total = totals.read();
    int64_t sum = 0;
    bool right = true;
    for (int i = 0; i < threads; ++i) {
      right = right && without[i] == sum;
      sum += values[i];
      right = right && with[i] == sum;
    }
    for (const int64_t value : total) right = right && value == sum;
    CHECK_MESSAGE(right, "blocks of ", threads);
  }
}

// All threads change all four elements, so that neighbours of less than 4 bytes meet.
template <class T>
__global__ void contend(T* sums, T* most, T* least, T one) {
  for (int i = 0; i < 4; ++i) {
    atomic_add(sums + i, one);
    atomic_max(most + i, narrow<T>(static_cast<Compute<T>>(threadIdx.x)));
    atomic_min(least + i, narrow<T>(static_cast<Compute<T>>(threadIdx.x)));
  }
}

template <class T>
void check_atomics(double expected) {
  CAPTURE(dtype_name(dtype_of<T>));
  const auto make = [](double value) { return narrow<T>(static_cast<Compute<T>>(value)); };
  DeviceArray<T> sums(std::vector<T>(4, make(1)));
  DeviceArray<T> most(std::vector<T>(4, make(3)));
  DeviceArray<T> least(std::vector<T>(4, make(20)));
  launch(contend<T>, 1, 100, 0, nullptr, sums.data(), most.data(), least.data(), make(1));
  for (const T value : sums.read()) CHECK(static_cast<double>(widen(value)) == expected);
  for (const T value : most.read()) CHECK(static_cast<double>(widen(value)) == 99);
  for (const T value : least.read()) CHECK(static_cast<double>(widen(value)) == 0);
}

// As std::vector<bool> has no array.
__global__ void contend_bool(bool* places) {
  atomic_add(places + threadIdx.x % 3, threadIdx.x % 3 != 1);
  atomic_multiply(places + 3, threadIdx.x != 5);
}

TEST_CASE("atomics of all types, next to each other") {
  check_atomics<float>(101);
  check_atomics<double>(101);
  check_atomics<int64_t>(101);
  check_atomics<int32_t>(101);
  check_atomics<uint8_t>(101);
  check_atomics<int8_t>(101);
  check_atomics<int16_t>(101);
  check_atomics<Half>(101);
  check_atomics<BFloat16>(101);
  DeviceArray<uint8_t> places(std::vector<uint8_t>{0, 0, 1, 1});
  launch(contend_bool, 1, 9, 0, nullptr, reinterpret_cast<bool*>(places.data()));
  CHECK(places.read() == std::vector<uint8_t>{1, 0, 1, 0});
}

template <class T>
__global__ void copy_packs(const T* in, T* out) {
  constexpr int n = kPack<T>;
  auto pack = load_pack<n>(in + threadIdx.x * n);
  store_pack(out + threadIdx.x * n, pack);
}

TEST_CASE("accesses of 16 bytes, which must be aligned") {
  const Changed quiet;
  static_assert(kPack<float> == 4 && kPack<Half> == 8 && sizeof(Pack<double, 2>) == 16);
  std::vector<int16_t> values(80);
  for (int i = 0; i < 80; ++i) values[i] = static_cast<int16_t>(i);
  DeviceArray<int16_t> in(values);
  DeviceArray<int16_t> out(80);
  launch(copy_packs<int16_t>, 1, 10, 0, nullptr, in.data(), out.data());
  CHECK(out.read() == values);
  CHECK(contains(
      failure_of([&] { launch(copy_packs<int16_t>, 1, 9, 0, nullptr, in.data() + 4, out.data()); }),
      "a misaligned address"));
}

TEST_CASE("division by multiplication is exact") {
  std::mt19937 random(1);
  std::vector<uint32_t> numbers = {
      0u,     1u,     2u,     3u,          5u,          7u,          10u,         641u,
      65535u, 65536u, 65537u, 0x7fffffffu, 0x80000000u, 0x80000001u, 0xfffffffeu, 0xffffffffu};
  for (int i = 0; i < 2000; ++i) numbers.push_back(random() >> random() % 32);
  bool exact = true;
  for (const uint32_t divisor : numbers) {
    if (divisor == 0) continue;
    const FastDivide fast(divisor);
    const auto same = [&](uint32_t n) {
      uint32_t rest = 0;
      return fast.divide(n) == n / divisor && fast.remainder(n) == n % divisor &&
             fast.divide(n, &rest) == n / divisor && rest == n % divisor;
    };
    for (int i = 0; i < 16; ++i) exact = exact && same(numbers[i]);
    for (int i = 0; i < 200; ++i) {
      // Around multiples, where a wrong quotient shows.
      const uint32_t multiple = static_cast<uint32_t>(uint64_t{random()} / divisor * divisor);
      exact =
          exact && same(multiple) && same(multiple - 1) && same(static_cast<uint32_t>(random()));
    }
  }
  CHECK(exact);
}

TEST_CASE("grids have what they need, up to what the device holds") {
  Properties properties;
  properties.multiprocessors = 4;
  properties.threads_per_multiprocessor = 2048;
  CHECK(grid_for(0, 4, properties) == 0);
  CHECK(grid_for(1, 4, properties) == 1);
  CHECK(grid_for(1024, 4, properties) == 1);
  CHECK(grid_for(1025, 4, properties) == 2);
  CHECK(grid_for(int64_t{1} << 40, 4, properties) == 32);
  CHECK(grid_for(int64_t{1} << 40, 4, properties, 1024) == 8);
}

}  // namespace
}  // namespace flambeau::cuda
