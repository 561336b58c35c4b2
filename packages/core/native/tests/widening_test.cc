// What Call::run does for kernels that do not know float16, bfloat16, int8 and int16.
#include <doctest/doctest.h>

#include <vector>

#include "run_kernel.h"

using namespace flambeau;
using namespace flambeau::testing;

namespace {

// out = 2 · in, in the type that the kernel sees; parameter 0 is the code of the type it expects.
FLAMBEAU_KERNEL(testDouble) {
  const Tensor& x = call.in(0);
  const auto expected = static_cast<DType>(call.integer(0));
  if (x.dtype != expected || call.spec(0).dtype != expected)
    throw Failure("ERR_VALUE", "another type");
  Tensor& y = call.out_like(0, x);
  with_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < x.numel(); ++i)
      element<T>(y, i) = static_cast<T>(element<T>(x, i) + element<T>(x, i));
  });
}

// Writes 7 to the first element of the target only, then fails if parameter 0 says so.
FLAMBEAU_KERNEL(testFirst) {
  Tensor& y = call.out(0);
  with_type(y.dtype, [&](auto zero) { element<decltype(zero)>(y, 0) = decltype(zero)(7); });
  if (call.flag(0)) throw Failure("ERR_VALUE", "on purpose");
}

// A target that is an input too is one tensor: 1 if so.
FLAMBEAU_KERNEL(testShares) {
  Tensor& y = call.out(0);
  const bool same = y.data == call.in(0).data;
  with_type(y.dtype, [&](auto zero) { element<decltype(zero)>(y, 0) = decltype(zero)(same); });
}

FLAMBEAU_KERNEL(testView) {
  const int64_t strides[1] = {1};
  call.out_view(0, 0, 0, strides);
}

// Says whether the kernel sees its input as float16 itself.
FLAMBEAU_KERNEL_ALL_TYPES_IF(testKnows, call.flag(0)) {
  call.out(0).as<uint8_t>()[0] = call.in(0).dtype == DType::kFloat16;
}

Tensor halves(const Shape& shape, const std::vector<float>& list) {
  Tensor t = empty_tensor(shape, DType::kFloat16);
  for (size_t i = 0; i < list.size(); ++i) t.as<Half>()[i] = formulas::to_half(list[i]);
  return t;
}
float half_at(const Tensor& t, int64_t i) { return formulas::to_float(element<Half>(t, i)); }

constexpr double kFloat = static_cast<double>(DType::kFloat32);
constexpr double kInt = static_cast<double>(DType::kInt32);

}  // namespace

TEST_CASE("a kernel sees float32 and int32, and its results are narrowed") {
  const Tensor x = halves({2, 2}, {1, 2.5, -3, 0.1f});
  const Tensor y = run("testDouble", {x}, {{DType::kFloat16, {2, 2}}}, {kFloat})[0];
  CHECK(y.dtype == DType::kFloat16);
  CHECK(half_at(y, 1) == 5);
  CHECK(half_at(y, 3) == 2 * half_at(x, 3));

  const Tensor small = tensor<int8_t>({3}, {1, 100, -100});
  const Tensor wrapped = run("testDouble", {small}, {{DType::kInt8, {3}}}, {kInt})[0];
  CHECK(values<int8_t>(wrapped) == std::vector<int8_t>{2, -56, 56});
}

TEST_CASE("memory order and repeated elements stay") {
  const Tensor turned = transposed(halves({2, 3}, {1, 2, 3, 4, 5, 6}), 0, 1);
  const Tensor y = run("testDouble", {turned}, {{DType::kFloat16, {3, 2}}}, {kFloat})[0];
  CHECK(y.stride(0) == 1);
  CHECK(y.stride(1) == 3);
  CHECK(half_at(y, 1) == 8);
  const Tensor repeated = expanded(halves({2}, {1, 2}), 3);
  const Tensor z = run("testDouble", {repeated}, {{DType::kFloat16, {3, 2}}}, {kFloat})[0];
  CHECK(half_at(z, 5) == 4);
}

TEST_CASE("a target keeps what the kernel does not write, and all if it fails") {
  const Tensor x = halves({3}, {1, 2, 3});
  run("testFirst", {x}, {{DType::kFloat16, {3}, 0}}, {0});
  CHECK(half_at(x, 0) == 7);
  CHECK(half_at(x, 2) == 3);
  CHECK(x.storage->version.load() == 1);
  const Tensor y = halves({2}, {1, 2});
  CHECK_THROWS_AS(run("testFirst", {y}, {{DType::kFloat16, {2}, 0}}, {1}), Failure);
  CHECK(half_at(y, 0) == 1);
}

TEST_CASE("a target that is an input is one tensor for the kernel") {
  const Tensor x = halves({1}, {5});
  run("testShares", {x}, {{DType::kFloat16, {1}, 0}});
  CHECK(half_at(x, 0) == 1);
}

TEST_CASE("nothing stays behind, also after a failure") {
  Context context;
  {
    Call call(context);
    Entry* entry = context.add(halves({2}, {1, 2}));
    for (const double fails : {0.0, 1.0}) {
      call.reset();
      call.add_input(entry);
      call.add_output({DType::kFloat16, {2}, entry});
      call.params() = {fails};
      if (fails != 0) {
        CHECK_THROWS_AS(call.run(kernel_index("testFirst")), Failure);
      } else {
        call.run(kernel_index("testFirst"));
      }
    }
    call.reset();
    CHECK(entry->refs == 1);
    CHECK(context.live_entries() == 1);
    context.release(entry);
  }
  CHECK(context.live_entries() == 0);
}

TEST_CASE("a converted copy cannot be viewed") {
  const Tensor x = halves({2}, {1, 2});
  CHECK_THROWS_AS(run("testView", {x}, {{DType::kFloat16, {2}}}), Failure);
}

TEST_CASE("a kernel may know the types of some calls only") {
  const Tensor x = halves({1}, {1});
  CHECK(run("testKnows", {x}, {{DType::kUInt8, {1}}}, {1})[0].as<uint8_t>()[0] == 1);
  CHECK(run("testKnows", {x}, {{DType::kUInt8, {1}}}, {0})[0].as<uint8_t>()[0] == 0);
}

TEST_CASE("numbers of a narrow type are rounded to it, and known as they were") {
  Context context;
  Call call(context);
  call.add_number(0.1, DType::kFloat16);
  CHECK(call.in(0).dtype == DType::kFloat16);
  CHECK(call.in(0).as<Half>()->bits == formulas::to_half(0.1f).bits);
  CHECK(call.number(0) == 0.1);
  call.add_number(300, DType::kInt8);
  CHECK(*call.in(1).as<int8_t>() == 44);
}
