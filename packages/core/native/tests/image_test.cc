// Kernels of images under numbers that no caller should give: what matters is what they touch.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "run_kernel.h"

namespace flambeau {
namespace {

using namespace testing;

Tensor noise(const Shape& shape, DType dtype, std::mt19937& random) {
  Tensor t = empty_tensor(shape, dtype);
  for (int64_t i = 0; i < t.numel(); ++i) {
    if (dtype == DType::kUInt8) t.as<uint8_t>()[i] = static_cast<uint8_t>(random());
    if (dtype == DType::kFloat32) t.as<float>()[i] = static_cast<float>(random() % 1000) / 1000;
    if (dtype == DType::kInt64) t.as<int64_t>()[i] = random() % 1000;
  }
  return t;
}

// [channels, height, width] with the channels of a pixel beside each other.
Tensor interleaved(const Shape& shape, DType dtype, std::mt19937& random) {
  const int64_t c = shape.sizes[0], h = shape.sizes[1], w = shape.sizes[2];
  return view(noise({h, w, c}, dtype, random), shape, {1, w * c, c});
}

TEST_CASE("images are warped by any map without leaving them") {
  std::mt19937 random(1);
  const double odd[] = {0,
                        1,
                        -1,
                        0.5,
                        1e300,
                        -1e300,
                        1e-300,
                        1e9,
                        2147483648.0,
                        std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN()};
  for (int round = 0; round < 1500; ++round) {
    const auto side = [&] { return static_cast<int64_t>(random() % 7) + (round % 50 ? 1 : 140); };
    const Shape from{static_cast<int64_t>(random() % 4) + 1, side(), side()};
    const Shape to{from.sizes[0], side(), side()};
    const int sampling = static_cast<int>(random() % 3);
    const DType dtype = sampling == 0 && random() % 2 ? DType::kInt64
                        : random() % 2                ? DType::kUInt8
                                                      : DType::kFloat32;
    const Tensor x = random() % 2 ? noise(from, dtype, random) : interleaved(from, dtype, random);
    std::vector<double> params{static_cast<double>(sampling), static_cast<double>(random() % 5)};
    for (int i = 0; i < 9; ++i)
      params.push_back(random() % 4 ? static_cast<double>(random() % 400) / 100 - 2
                                    : odd[random() % std::size(odd)]);
    for (int64_t c = 0; c < from.sizes[0]; ++c) params.push_back(odd[random() % std::size(odd)]);
    const Tensor y = apply("image_warp", {x}, dtype, to, params);
    CHECK(y.shape == to);
  }
}

TEST_CASE("images are resized to any size") {
  std::mt19937 random(2);
  for (int round = 0; round < 600; ++round) {
    const auto side = [&] { return static_cast<int64_t>(random() % 40) + 1; };
    const Shape from{static_cast<int64_t>(random() % 5) + 1, side(), side()};
    const Shape to{from.sizes[0], side(), side()};
    const int filter = static_cast<int>(random() % 5);
    const DType dtype = random() % 2 ? DType::kUInt8 : DType::kFloat32;
    const Tensor x = random() % 2 ? noise(from, dtype, random) : interleaved(from, dtype, random);
    const double smooth = filter == 1 || filter == 2 ? static_cast<double>(random() % 2) : 0;
    const Tensor y = apply("image_resize", {x}, dtype, to, {static_cast<double>(filter), smooth});
    CHECK(y.shape == to);
  }
  const Tensor flat = noise({1, 2, 2}, DType::kUInt8, random);
  CHECK_THROWS_AS(apply("image_resize", {flat}, DType::kUInt8, {2, 2, 2}, {1, 0}), Failure);
  CHECK_THROWS_AS(apply("image_resize", {flat}, DType::kUInt8, {1, 2, 2}, {9, 0}), Failure);
}

TEST_CASE("a constant image stays constant, whatever the filter") {
  Tensor x = empty_tensor({1, 9, 13}, DType::kUInt8);
  std::fill(x.as<uint8_t>(), x.as<uint8_t>() + x.numel(), 201);
  for (double filter = 0; filter < 5; ++filter) {
    const Tensor y = apply("image_resize", {x}, DType::kUInt8, {1, 4, 31}, {filter, 1});
    for (int64_t i = 0; i < y.numel(); ++i) CHECK(y.as<uint8_t>()[i] == 201);
  }
}

TEST_CASE("tables and colours on any layout") {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const Shape shape{3, static_cast<int64_t>(random() % 5) + 1,
                      static_cast<int64_t>(random() % 600) + 1};
    const Tensor x =
        round % 2 ? noise(shape, DType::kUInt8, random) : interleaved(shape, DType::kUInt8, random);
    const Tensor table = noise({3, 256}, round % 3 ? DType::kFloat32 : DType::kUInt8, random);
    const Tensor y = apply("image_table", {x, table}, table.dtype, shape);
    CHECK(y.shape == shape);
    const double amount = round % 5 ? 0.3 : std::numeric_limits<double>::quiet_NaN();
    apply("image_recolour", {x}, DType::kUInt8, shape, {static_cast<double>(round % 2), amount});
  }
  const Tensor x = noise({3, 2, 2}, DType::kUInt8, random);
  const Tensor narrow = noise({3, 255}, DType::kUInt8, random);
  CHECK_THROWS_AS(apply("image_table", {x, narrow}, DType::kUInt8, {3, 2, 2}), Failure);
}

TEST_CASE("damaged GIF data are refused, or give as many indices as there are pixels") {
  std::mt19937 random(4);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    Tensor file = noise({static_cast<int64_t>(random() % 120) + 1}, DType::kUInt8, random);
    file.as<uint8_t>()[0] = static_cast<uint8_t>(round % 10);
    // Mostly a block as long as the rest.
    if (file.numel() > 1 && round % 3) file.as<uint8_t>()[1] = static_cast<uint8_t>(file.numel());
    const double side = static_cast<double>(random() % 6);
    const std::vector<double> params{round % 100 ? 0.0 : 500.0,
                                     static_cast<double>(random() % 3),
                                     static_cast<double>(random() % 3),
                                     side,
                                     side,
                                     static_cast<double>(random() % 2)};
    try {
      const Tensor y = apply("image_gif", {file}, DType::kUInt8, {1, 7, 6}, params);
      CHECK(y.numel() == 42);
    } catch (const Failure&) {
      ++refused;
    }
  }
  CHECK(refused > 1000);
  CHECK(refused < 4000);
}

}  // namespace
}  // namespace flambeau
