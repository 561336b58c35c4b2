// Elementwise operations, copies and fills: values, layouts, targets that overlap the inputs.
#include "harness.h"

namespace flambeau::cuda::testing {
namespace {

std::vector<double> counted(int64_t n, double start = 0, double step = 1) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(start + static_cast<double>(i) * step);
  return values;
}

const DType kAll[] = {DType::kFloat32,  DType::kFloat64, DType::kInt64,
                      DType::kInt32,    DType::kUInt8,   DType::kFloat16,
                      DType::kBFloat16, DType::kInt8,    DType::kInt16};

// Values that any type holds.
Array small(DType dtype, const std::vector<int64_t>& sizes, int seed) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<double>((i * 7 + seed) % 11));
  return typed(dtype, sizes, values);
}

TEST_CASE("sums of all types and lengths, contiguous and not") {
  for (DType dtype : kAll)
    for (int64_t n : {1, 3, 8, 31, 1000, 5003}) {
      const Array a = small(dtype, {n}, 1), b = small(dtype, {n}, 4);
      const auto x = a.values(), y = b.values();
      std::vector<double> expected;
      for (size_t i = 0; i < x.size(); ++i) expected.push_back(x[i] + y[i]);
      CAPTURE(dtype_name(dtype));
      CAPTURE(n);
      CHECK(run("add", {a, b}, {{dtype, {n}}})[0].values() == expected);
      // A number in place of either.
      for (double& e : expected) e = 0;
      for (size_t i = 0; i < x.size(); ++i) expected[i] = 3 - x[i];
      const bool is_signed = dtype != DType::kUInt8;
      if (is_signed) CHECK(run("sub", {In(3, dtype), a}, {{dtype, {n}}})[0].values() == expected);
      for (size_t i = 0; i < x.size(); ++i) expected[i] = x[i] * 3;
      CHECK(run("mul", {a, In(3, dtype)}, {{dtype, {n}}})[0].values() == expected);
    }
}

TEST_CASE("operands broadcast and have any strides") {
  const std::vector<double> base = counted(4096);
  const Array plain = typed(DType::kFloat32, {3, 4, 5, 8}, base, {160, 40, 8, 1});
  const Array last = typed(DType::kFloat32, {3, 4, 5, 8}, base, {160, 1, 32, 4});
  const Array turned = typed(DType::kFloat32, {3, 4, 5, 8}, base, {1, 3, 12, 60}, 7);
  const Array spaced = typed(DType::kFloat32, {3, 4, 5, 8}, base, {480, 120, 18, 2}, 3);
  const Array expanded = typed(DType::kFloat32, {3, 4, 5, 8}, base, {0, 6, 0, 1}, 100);
  const std::vector<Array> smaller = {typed(DType::kFloat32, {8}, base, {1}),
                                      typed(DType::kFloat32, {5, 1}, base, {3, 1}),
                                      typed(DType::kFloat32, {4, 1, 1}, base, {1, 1, 1}),
                                      typed(DType::kFloat32, {1}, base, {1}, 9),
                                      typed(DType::kFloat32, {3, 1, 1, 8}, base, {9, 0, 0, 1}),
                                      typed(DType::kFloat32, {}, base, {}, 11)};
  for (const Array& a : {plain, last, turned, spaced, expanded}) {
    for (const Array& b : {plain, last, turned, spaced, expanded}) {
      const auto x = a.values(), y = b.values();
      const auto out = run("sub", {a, b}, {{DType::kFloat32, {3, 4, 5, 8}}})[0].values();
      std::vector<double> expected;
      for (size_t i = 0; i < x.size(); ++i) expected.push_back(x[i] - y[i]);
      CHECK(out == expected);
    }
    for (const Array& b : smaller) {
      Array wide = b;  // the same, expanded
      while (wide.sizes.size() < 4) {
        wide.sizes.insert(wide.sizes.begin(), 1);
        wide.strides.insert(wide.strides.begin(), 0);
      }
      for (size_t axis = 0; axis < 4; ++axis)
        if (wide.sizes[axis] == 1) wide.strides[axis] = 0;
      wide.sizes = {3, 4, 5, 8};
      const auto x = a.values(), y = wide.values();
      std::vector<double> expected;
      for (size_t i = 0; i < x.size(); ++i) expected.push_back(y[i] - x[i]);
      CHECK(run("sub", {b, a}, {{DType::kFloat32, {3, 4, 5, 8}}})[0].values() == expected);
    }
  }
}

TEST_CASE("the output takes the memory order of the first dense operand of its shape") {
  const Array last = typed(DType::kFloat32, {2, 3, 4, 5}, counted(120), {60, 1, 15, 3});
  const Array bias = typed(DType::kFloat32, {3, 1, 1}, counted(3));
  CHECK(run("add", {bias, last}, {{DType::kFloat32, {2, 3, 4, 5}}})[0].strides == last.strides);
  CHECK(run("relu", {last}, {{DType::kFloat32, {2, 3, 4, 5}}})[0].strides == last.strides);
}

TEST_CASE("an output may be one of the inputs, or overlap them in any way") {
  const Array a = counting(DType::kFloat32, {1000}, 1), b = counting(DType::kFloat32, {1000}, 5);
  CHECK(run("mul", {a, b}, {Out(a, 0)})[0].value(999) == 1000.0 * 1004.0);
  // y[i + 1] = x[i + 1] + x[i]
  const std::vector<double> values = counted(11);
  const Array later = typed(DType::kFloat32, {10}, values, {1}, 1);
  const Array earlier = typed(DType::kFloat32, {10}, values, {1}, 0);
  // Both inputs must share the storage of the target: one input twice, seen through the target.
  const Results out = run("add", {later, earlier}, {Out(later, 0)});
  for (int64_t i = 0; i < 10; ++i) CHECK(out[0].value(i) == 2.0 * static_cast<double>(i) + 1);
  // The transpose of the target.
  const Array turned = typed(DType::kFloat32, {3, 3}, counted(9), {1, 3});
  const Array plain = typed(DType::kFloat32, {3, 3}, counted(9));
  const Results square = run("sub", {plain, turned}, {Out(turned, 0)});
  CHECK(square[0].values() == std::vector<double>{0, -2, -4, 2, 0, -2, 4, 2, 0});
}

TEST_CASE("what would corrupt memory or has no value is refused") {
  const Array a = counting(DType::kFloat32, {4});
  const Array whole = counting(DType::kInt32, {4}, 1),
              zeros = typed(DType::kInt32, {4}, {1, 0, 2, 3});
  const Array expanded = typed(DType::kFloat32, {3, 4}, counted(4), {0, 1});
  CHECK_THROWS_AS(run("add", {expanded, a}, {Out(expanded, 0)}), Failure);
  CHECK_THROWS_AS(run("add", {a, a}, {{DType::kFloat64, {4}}}), Failure);
  CHECK_THROWS_AS(run("add", {a, a}, {{DType::kFloat32, {5}}}), Failure);
  CHECK_THROWS_AS(run("exp", {whole}, {{DType::kInt32, {4}}}), Failure);
  for (const char* name : {"floorDivide", "remainder", "fmod", "truncDivide"}) {
    CHECK_THROWS_AS(run(name, {whole, zeros}, {{DType::kInt32, {4}}}), Failure);
    CHECK_THROWS_AS(run(name, {whole, In(0, DType::kInt32)}, {{DType::kInt32, {4}}}), Failure);
    CHECK_NOTHROW(run(name, {zeros, whole}, {{DType::kInt32, {4}}}));
  }
}

TEST_CASE("copies between all layouts and types") {
  for (DType from : kAll)
    for (DType to : kAll) {
      const Array x = small(from, {37, 21}, 3);
      CHECK(run("add", {x, In(0, from)}, {{from, {37, 21}}})[0].values() == x.values());
      Array target = typed(to, {37, 21}, counted(37 * 21, 0, 0));
      const Tensor unused;
      (void)unused;
      // Through the border, as core copies.
      FakeCore core;
      void* const there = core.take(target.bytes.size());
      void* const here = core.take(x.bytes.size());
      require_ok(device_table()->transfer(here, 0, x.bytes.data(), -1, x.bytes.size()));
      for (const bool turned : {false, true}) {
        if (turned) target.strides = {1, 37};
        const FlambeauTensor y = FakeCore::described(there, target);
        const FlambeauTensor z = FakeCore::described(here, x);
        require_ok(device_table()->copy(0, &y, &z));
        require_ok(
            device_table()->transfer(target.bytes.data(), -1, there, 0, target.bytes.size()));
        CAPTURE(dtype_name(from));
        CAPTURE(dtype_name(to));
        CHECK(target.values() == x.values());
      }
    }
}

TEST_CASE("fills of any layout") {
  for (DType dtype : kAll)
    for (double value : {0.0, 1.0, 5.0}) {
      Array target = typed(dtype, {5, 7}, counted(70, 0, 0), {14, 2});
      FakeCore core;
      void* const there = core.take(target.bytes.size());
      require_ok(device_table()->transfer(there, 0, target.bytes.data(), -1, target.bytes.size()));
      const FlambeauTensor y = FakeCore::described(there, target);
      require_ok(device_table()->fill(0, &y, value));
      require_ok(device_table()->transfer(target.bytes.data(), -1, there, 0, target.bytes.size()));
      CHECK(target.values() == counted(35, value, 0));
      target.strides = {7, 1};
      CHECK(target.values()[1] == 0);  // what lies between is as it was
    }
  CHECK(run("arange", {}, {{DType::kInt64, {4}}}, {3, 2})[0].values() ==
        std::vector<double>{3, 5, 7, 9});
  CHECK(run("linspace", {}, {{DType::kFloat64, {5}}}, {0, 1})[0].values() ==
        std::vector<double>{0, 0.25, 0.5, 0.75, 1});
}

}  // namespace
}  // namespace flambeau::cuda::testing
