#include "../simd/elementwise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "../formulas/bessel.h"
#include "../formulas/gradients.h"
#include "../formulas/igamma.h"
#include "../formulas/logarithmic.h"
#include "../formulas/normal.h"
#include "../formulas/parts.h"
#include "../formulas/ternary.h"
#include "../kernels/isa.h"
#include "../kernels/streaming.h"
#include "../runtime/kernel.h"
#include "../runtime/parallel.h"
#include "run_kernel.h"

namespace flambeau {
FLAMBEAU_SIMD_TABLE(ArithmeticTable, arithmetic_table)
FLAMBEAU_SIMD_TABLE(LogicTable, logic_table)
FLAMBEAU_SIMD_TABLE(IntegerTable, integer_table)
FLAMBEAU_SIMD_TABLE(ExponentialTable, exponential_table)
FLAMBEAU_SIMD_TABLE(TrigonometricTable, trigonometric_table)
FLAMBEAU_SIMD_TABLE(SpecialTable, special_table)
}  // namespace flambeau

using namespace flambeau;
using namespace flambeau::testing;
using namespace flambeau::formulas;

namespace {

constexpr DType kAllTypes[] = {DType::kFloat32, DType::kFloat64, DType::kInt64,
                               DType::kInt32,   DType::kUInt8,   DType::kBool};

// Some of everything: zeros of both signs, infinities, NaN, extremes, then ordinary values.
template <class T>
Tensor specimen(int64_t n, uint64_t seed) {
  Tensor t = empty_tensor({n}, dtype_of<T>);
  std::vector<T> odd = {T(0), T(1)};
  if constexpr (std::is_floating_point_v<T>) {
    using Limits = std::numeric_limits<T>;
    odd = {T(0),
           -T(0),
           Limits::infinity(),
           -Limits::infinity(),
           Limits::quiet_NaN(),
           Limits::denorm_min(),
           Limits::min(),
           T(1),
           T(-1),
           T(0.5),
           T(-2.5),
           T(3)};
  } else if constexpr (!std::is_same_v<T, bool>) {
    using Limits = std::numeric_limits<T>;
    odd = {T(0), T(1), static_cast<T>(-1), Limits::max(), Limits::min(), T(2), T(31), T(64)};
  }
  for (int64_t i = 0; i < n; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const uint64_t bits = seed >> 33;
    if (i < static_cast<int64_t>(2 * odd.size())) {
      t.as<T>()[i] = odd[bits % odd.size()];
    } else if constexpr (std::is_floating_point_v<T>) {
      t.as<T>()[i] = static_cast<T>(static_cast<double>(bits) / (1u << 28) - 4);
    } else {
      t.as<T>()[i] = static_cast<T>(bits % (std::is_same_v<T, bool> ? 2 : 100));
    }
  }
  return t;
}

Tensor specimen(DType dtype, int64_t n, uint64_t seed) {
  return with_type(dtype, [&](auto zero) { return specimen<decltype(zero)>(n, seed); });
}

// Bits of rounding that two ways of computing the same formula may differ by. Sums and products
// may or may not be fused, at the size of the operands.
template <class T>
bool close(T a, T b, double ulps) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    if (a == b) return true;
    const double size = std::max({1.0, std::fabs(double(a)), std::fabs(double(b))});
    return std::fabs(double(a) - double(b)) <=
           ulps * std::numeric_limits<T>::epsilon() * (std::isinf(size) ? 0 : size);
  }
  return a == b;
}

// Special functions are done in double, whose roundings grow where they oscillate.
double ulps_for(Cost cost) {
  return cost == Cost::kSpecial ? 2000 : cost == Cost::kTranscendental ? 16 : 4;
}

template <class F, class T>
F object(const double*) {
  return {};
}
template <template <class> class F, class T>
F<T> object(const double* params) {
  if constexpr (requires { F<T>{T(), T(), T()}; })
    return {T(params[0]), T(params[1]), T(params[2])};
  else if constexpr (requires { F<T>{T(), T()}; })
    return {T(params[0]), T(params[1])};
  return {T(params[0])};
}

constexpr int64_t kOddLength = 1003;  // vectors of any width, and a rest
const double kParams[3] = {3, 20, 2};

// Compares a kernel with its formula, applied to one element at a time.
template <class T, Signature kSignature, class Formula>
void check_values(const std::string& name, Cost cost, int num_params, const Formula& formula) {
  CAPTURE(name);
  CAPTURE(dtype_name(dtype_of<T>));
  std::vector<Tensor> inputs;
  for (int k = 0; k < kSignature.inputs; ++k)
    inputs.push_back(kSignature.bool_first && k == 0 ? specimen<bool>(kOddLength, 17)
                                                     : specimen<T>(kOddLength, 100 + k));
  if (cost == Cost::kDivision && std::is_integral_v<T>)
    for (int64_t i = 0; i < kOddLength; ++i)
      if (inputs[1].as<T>()[i] == T(0)) inputs[1].as<T>()[i] = T(7);
  const DType dtype = kSignature.to_bool ? DType::kBool : dtype_of<T>;
  const Tensor out =
      apply(name, inputs, dtype, {kOddLength}, std::vector<double>(kParams, kParams + num_params));
  int64_t wrong = -1;
  for (int64_t i = kOddLength - 1; i >= 0; --i) {
    const auto at = [&](int k) { return inputs[k].as<T>()[i]; };
    const auto expect = [&](auto result) {
      if (!close(value<decltype(result)>(out, i), result, ulps_for(cost))) wrong = i;
    };
    if constexpr (kSignature.bool_first) {
      expect(formula(inputs[0].as<bool>()[i], at(1), at(2)));
    } else if constexpr (kSignature.inputs == 3) {
      expect(formula(at(0), at(1), at(2)));
    } else if constexpr (kSignature.inputs == 2) {
      expect(formula(at(0), at(1)));
    } else {
      expect(formula(at(0)));
    }
  }
  CHECK(wrong == -1);
}

// Calls body(T{}) for the element types of a list.
template <class Among, class Body>
void for_types(const Body& body) {
  for (DType dtype : kAllTypes)
    with_type(dtype, [&](auto zero) {
      if constexpr (Among::template has<decltype(zero)>) body(zero);
    });
}

#define FLAMBEAU_CHECK_OP(name, Functor, Among, signature, cost, num_params)                 \
  for_types<Among>([](auto zero) {                                                           \
    using T = decltype(zero);                                                                \
    check_values<T, signature>(#name, Cost::cost, num_params,                                \
                               [](auto... x) { return object<Functor, T>(kParams)(x...); }); \
  });

TEST_CASE("elementwise kernels agree with their formulas on every type") {
  FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_CHECK_OP)
  FLAMBEAU_LOGIC_OPS(FLAMBEAU_CHECK_OP)
  FLAMBEAU_INTEGER_OPS(FLAMBEAU_CHECK_OP)
  FLAMBEAU_EXPONENTIAL_OPS(FLAMBEAU_CHECK_OP)
  FLAMBEAU_EXPONENTIAL_LOOPS(FLAMBEAU_CHECK_OP)
  FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_CHECK_OP)
  FLAMBEAU_SPECIAL_OPS(FLAMBEAU_CHECK_OP)
  for_types<AnyType>([](auto zero) {
    using T = decltype(zero);
    check_values<T, kBinary>("add", Cost::kCheap, 0, [](T a, T b) { return Add{}(a, b); });
    check_values<T, kBinary>("sub", Cost::kCheap, 0, [](T a, T b) { return Sub{}(a, b); });
  });
  for_types<NumberType>([](auto zero) {
    using T = decltype(zero);
    check_values<T, kBinary>("add", Cost::kCheap, 1,
                             [](T a, T b) { return Add{}(a, Mul{}(T(kParams[0]), b)); });
    check_values<T, kBinary>("sub", Cost::kCheap, 1,
                             [](T a, T b) { return Sub{}(a, Mul{}(T(kParams[0]), b)); });
  });
}

// The same operands through every level's loop: contiguous, spaced, and with single elements.
void compare_levels(const std::string& name, const std::function<const LoopRow&(Isa)>& row_at,
                    Signature signature, Cost cost) {
  for (DType dtype : kAllTypes) {
    if (!row_at(supported_isas()[0]).by_type[static_cast<int>(dtype)]) continue;
    CAPTURE(name);
    CAPTURE(dtype_name(dtype));
    const DType out_type = signature.to_bool ? DType::kBool : dtype;
    const int64_t out_item = static_cast<int64_t>(element_size(out_type));
    for (int layout = 0; layout < 6; ++layout) {
      std::vector<Tensor> inputs;
      std::vector<char*> pointers = {nullptr};
      std::vector<int64_t> strides = {layout == 1 ? 3 * out_item : out_item};
      for (int k = 0; k < signature.inputs; ++k) {
        const DType type = signature.bool_first && k == 0 ? DType::kBool : dtype;
        const int64_t item = static_cast<int64_t>(element_size(type));
        inputs.push_back(specimen(type, 2 * kOddLength, 7 + k));
        pointers.push_back(inputs.back().data + (layout == 5 ? item : 0));
        strides.push_back(layout == 2 + k ? 0 : layout == 1 ? 2 * item : item);
      }
      Tensor reference;
      for (Isa isa : supported_isas()) {
        Tensor out = empty_tensor({3 * kOddLength}, out_type);
        std::memset(out.data, 0, out.numel() * out_item);
        pointers[0] = out.data;
        row_at(isa).by_type[static_cast<int>(dtype)](pointers.data(), strides.data(), kOddLength,
                                                     kParams);
        if (!reference.data) reference = out;
        int64_t wrong = -1;
        with_type(out_type, [&](auto zero) {
          using T = decltype(zero);
          for (int64_t i = 0; i < out.numel(); ++i)
            if (!close(value<T>(out, i), value<T>(reference, i), ulps_for(cost))) wrong = i;
        });
        CAPTURE(layout);
        CAPTURE(isa_name(isa));
        CHECK(wrong == -1);
      }
    }
  }
}

#define FLAMBEAU_COMPARE(table, name, signature, cost)                                     \
  compare_levels(                                                                          \
      #name, [](Isa isa) -> const LoopRow& { return active::table(isa).name; }, signature, \
      Cost::cost);
#define FLAMBEAU_COMPARE_ARITHMETIC(name, Functor, Among, signature, cost, params) \
  FLAMBEAU_COMPARE(arithmetic_table, name, signature, cost)
#define FLAMBEAU_COMPARE_LOGIC(name, Functor, Among, signature, cost, params) \
  FLAMBEAU_COMPARE(logic_table, name, signature, cost)
#define FLAMBEAU_COMPARE_INTEGER(name, Functor, Among, signature, cost, params) \
  FLAMBEAU_COMPARE(integer_table, name, signature, cost)
#define FLAMBEAU_COMPARE_EXPONENTIAL(name, Functor, Among, signature, cost, params) \
  FLAMBEAU_COMPARE(exponential_table, name, signature, cost)
#define FLAMBEAU_COMPARE_TRIGONOMETRIC(name, Functor, Among, signature, cost, params) \
  FLAMBEAU_COMPARE(trigonometric_table, name, signature, cost)
#define FLAMBEAU_COMPARE_SPECIAL(name, Functor, Among, signature, cost, params) \
  FLAMBEAU_COMPARE(special_table, name, signature, cost)

TEST_CASE("elementwise loops agree between instruction-set levels, whatever the strides"){
    FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_COMPARE_ARITHMETIC)
        FLAMBEAU_ARITHMETIC_LOOPS(FLAMBEAU_COMPARE_ARITHMETIC)
            FLAMBEAU_LOGIC_OPS(FLAMBEAU_COMPARE_LOGIC)
                FLAMBEAU_INTEGER_OPS(FLAMBEAU_COMPARE_INTEGER)
                    FLAMBEAU_EXPONENTIAL_OPS(FLAMBEAU_COMPARE_EXPONENTIAL)
                        FLAMBEAU_EXPONENTIAL_LOOPS(FLAMBEAU_COMPARE_EXPONENTIAL)
                            FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_COMPARE_TRIGONOMETRIC)
                                FLAMBEAU_SPECIAL_OPS(FLAMBEAU_COMPARE_SPECIAL)}

TEST_CASE("the instruction-set level follows FLAMBEAU_ISA and refuses what is not there") {
  for (Isa isa : supported_isas()) CHECK(select_isa(isa_name(isa)) == isa);
  CHECK(select_isa(nullptr) == supported_isas().back());
  CHECK(select_isa("") == supported_isas().back());
  CHECK_THROWS_AS(select_isa("v9"), Failure);
}

// --- layouts ---

// A contiguous tensor's value at an index of `shape`, by broadcasting.
float broadcast_value(const Tensor& t, const Shape& shape, int64_t position) {
  int64_t offset = 0;
  for (int axis = shape.ndim - 1; axis >= 0; --axis) {
    const int own = axis - (shape.ndim - t.ndim());
    if (own >= 0 && t.size(own) != 1) offset += position % shape.sizes[axis] * t.stride(own);
    position /= shape.sizes[axis];
  }
  return t.as<float>()[offset];
}

void check_sub(const Tensor& a, const Tensor& b, const Shape& shape) {
  const Tensor out = apply("sub", {a, b}, DType::kFloat32, shape);
  int64_t wrong = -1;
  for (int64_t i = 0; i < shape.numel(); ++i)
    if (value<float>(out, i) != broadcast_value(a, shape, i) - broadcast_value(b, shape, i))
      wrong = i;
  CHECK(wrong == -1);
  CHECK(out.is_dense());
}

TEST_CASE("operands broadcast and may have any strides") {
  const Tensor base = counting({4096}, 1);
  const Tensor plain = view(base, {3, 4, 5, 6}, {120, 30, 6, 1});
  const Tensor channels_last = view(base, {3, 4, 5, 6}, {120, 1, 24, 4});
  const Tensor turned = view(base, {3, 4, 5, 6}, {1, 3, 12, 60}, 7);
  const Tensor spaced = view(base, {3, 4, 5, 6}, {480, 120, 14, 2}, 3);
  const Tensor expanded = view(base, {3, 4, 5, 6}, {0, 6, 0, 1}, 100);
  const std::vector<Tensor> full = {plain, channels_last, turned, spaced, expanded};
  const std::vector<Tensor> smaller = {view(base, {6}, {1}),
                                       view(base, {5, 1}, {3, 1}),
                                       view(base, {4, 1, 1}, {1, 1, 1}),
                                       view(base, {1}, {1}, 9),
                                       view(base, {3, 1, 1, 6}, {9, 0, 0, 1}),
                                       view(base, {}, {}, 11),
                                       view(base, {1, 4, 1, 6}, {0, 600, 0, 100})};
  for (const Tensor& a : full) {
    for (const Tensor& b : full) check_sub(a, b, {3, 4, 5, 6});
    for (const Tensor& b : smaller) {
      check_sub(a, b, {3, 4, 5, 6});
      check_sub(b, a, {3, 4, 5, 6});
    }
  }
  check_sub(view(base, {5, 1}, {1, 1}), view(base, {1, 7}, {1, 1}), {5, 7});
  check_sub(view(base, {}, {}), view(base, {}, {}, 5), {});
  check_sub(view(base, {1, 1}, {1, 1}), view(base, {1}, {1}, 5), {1, 1});
}

TEST_CASE("the output takes the memory order of the first dense operand of its shape") {
  const Tensor base = counting({4096});
  const Shape shape = {2, 3, 4, 5};
  const Tensor plain = view(base, shape, {60, 20, 5, 1});
  const Tensor channels_last = view(base, shape, {60, 1, 15, 3});
  const Tensor bias = view(base, {3, 1, 1}, {1, 1, 1});
  CHECK(apply("relu", {channels_last}, DType::kFloat32, shape).is_channels_last());
  CHECK(apply("mul", {channels_last, plain}, DType::kFloat32, shape).is_channels_last());
  CHECK(apply("add", {bias, channels_last}, DType::kFloat32, shape).is_channels_last());
  CHECK(apply("gt", {channels_last, bias}, DType::kBool, shape).is_channels_last());
  CHECK(apply("mul", {plain, channels_last}, DType::kFloat32, shape).is_contiguous());
  const Tensor turned = view(base, {6, 7}, {1, 6});
  CHECK(apply("neg", {turned}, DType::kFloat32, {6, 7}).stride(0) == 1);
}

TEST_CASE("empty tensors give empty tensors") {
  const Tensor none = empty_tensor({0, 3}, DType::kFloat32);
  const Tensor row = counting({3});
  CHECK(apply("exp", {none}, DType::kFloat32, {0, 3}).numel() == 0);
  CHECK(apply("add", {none, row}, DType::kFloat32, {0, 3}).numel() == 0);
  CHECK(apply("eq", {row, none}, DType::kBool, {0, 3}).numel() == 0);
}

// --- in place ---

TEST_CASE("an output may be one of the inputs") {
  Tensor a = counting({1000}, 1);
  const Tensor b = counting({1000}, 5);
  apply("mul", {a, b}, DType::kFloat32, {1000}, {}, &a);
  CHECK(value<float>(a, 0) == 5);
  CHECK(value<float>(a, 999) == 1000.0f * 1004.0f);
  Tensor c = counting({1000}, 1);
  apply("sub", {b, c}, DType::kFloat32, {1000}, {}, &c);
  CHECK(value<float>(c, 700) == 4);
  const Tensor turned = view(counting({12}), {3, 4}, {1, 3});
  apply("add", {turned, turned}, DType::kFloat32, {3, 4}, {}, &turned);
  CHECK(value<float>(turned, 1) == 6);
  CHECK(value<float>(turned, 11) == 22);
}

TEST_CASE("an output may overlap its inputs in any way") {
  const Tensor base = counting({11});
  const Tensor later = view(base, {10}, {1}, 1);
  const Tensor earlier = view(base, {10}, {1}, 0);
  apply("add", {later, earlier}, DType::kFloat32, {10}, {}, &later);  // y[i+1] = x[i+1] + x[i]
  for (int64_t i = 0; i < 10; ++i) CHECK(value<float>(base, i + 1) == 2 * i + 1);

  const Tensor square = counting({3, 3});
  const Tensor turned = view(square, {3, 3}, {1, 3});
  apply("sub", {square, turned}, DType::kFloat32, {3, 3}, {}, &square);
  CHECK(value<float>(square, 1) == -2);
  CHECK(value<float>(square, 3) == 2);

  const Tensor rows = counting({4, 3}, 1);
  const Tensor first = view(rows, {3}, {1});
  apply("add", {rows, first}, DType::kFloat32, {4, 3}, {}, &rows);
  CHECK(value<float>(rows, 0) == 2);
  CHECK(value<float>(rows, 9) == 11);

  const Tensor shifted = counting({100});
  apply("copy", {view(shifted, {99}, {1})}, DType::kFloat32, {99}, {},
        std::vector<Tensor>{view(shifted, {99}, {1}, 1)}.data());
  CHECK(value<float>(shifted, 99) == 98);

  const Tensor narrow = view(counting({8}), {4}, {1});
  Tensor bytes = view(narrow, {4}, {1});
  bytes.dtype = DType::kBool;  // the results land on the inputs still to be read
  apply("lt", {narrow, counting({4}, 0.5f)}, DType::kBool, {4}, {}, &bytes);
  for (int64_t i = 0; i < 4; ++i) CHECK(value<bool>(bytes, i));
}

TEST_CASE("what would corrupt memory or has no value is refused") {
  const Tensor a = counting({4});
  const Tensor expanded = view(a, {3, 4}, {0, 1});
  CHECK_THROWS_AS(apply("add", {expanded, a}, DType::kFloat32, {3, 4}, {}, &expanded), Failure);
  CHECK_THROWS_AS(apply("add", {a, specimen<double>(4, 1)}, DType::kFloat32, {4}), Failure);
  CHECK_THROWS_AS(apply("add", {a, a}, DType::kFloat64, {4}), Failure);
  CHECK_THROWS_AS(apply("add", {a, a}, DType::kFloat32, {5}), Failure);
  CHECK_THROWS_AS(apply("add", {a, a}, DType::kFloat32, {3}, {}, &a), Failure);
  CHECK_THROWS_AS(apply("add", {view(a, {1, 1, 1}, {1, 1, 1}), a}, DType::kFloat32, {4}), Failure);
  CHECK_THROWS_AS(apply("exp", {specimen<int32_t>(4, 1)}, DType::kInt32, {4}), Failure);
  CHECK_THROWS_AS(apply("softplus", {a}, DType::kFloat32, {4}, {1}), Failure);
  CHECK_THROWS_AS(apply("neg", {specimen<bool>(4, 1)}, DType::kBool, {4}), Failure);
  const Tensor whole = specimen<int32_t>(40, 1);
  Tensor divisor = empty_tensor({40}, DType::kInt32);
  std::fill_n(divisor.as<int32_t>(), 40, -1);
  CHECK_NOTHROW(apply("floorDivide", {whole, divisor}, DType::kInt32, {40}));
  divisor.as<int32_t>()[39] = 0;
  for (const char* name : {"floorDivide", "remainder", "fmod"})
    CHECK_THROWS_AS(apply(name, {whole, divisor}, DType::kInt32, {40}), Failure);
}

TEST_CASE("pow takes short cuts for plain exponents") {
  const Tensor x = counting({5}, 1);
  for (double exponent : {2.0, 0.5, -0.5, -1.0, 3.0, 0.25}) {
    Context context;
    Call call(context);
    call.add_input(context.add(Tensor(x)));
    call.add_number(exponent, DType::kFloat32);
    call.add_output({DType::kFloat32, {5}});
    call.run(kernel_index("pow"));
    for (int64_t i = 0; i < 5; ++i)
      CHECK(value<float>(call.out(0), i) == doctest::Approx(std::pow(i + 1.0, exponent)));
  }
}

TEST_CASE("large outputs are streamed, with the same values on any number of threads") {
  const int64_t n = kStreamBytes / 4 + 4099;
  const Tensor a = specimen<float>(n, 3);
  const Tensor b = specimen<float>(n, 4);
  const int before = num_threads();
  set_num_threads(1);
  const Tensor one = apply("maximum", {a, b}, DType::kFloat32, {n});
  const Tensor exp_one = apply("exp", {a}, DType::kFloat32, {n});
  set_num_threads(3);
  const Tensor three = apply("maximum", {a, b}, DType::kFloat32, {n});
  const Tensor exp_three = apply("exp", {a}, DType::kFloat32, {n});
  set_num_threads(before);
  CHECK(std::memcmp(one.data, three.data, n * 4) == 0);
  CHECK(std::memcmp(exp_one.data, exp_three.data, n * 4) == 0);
  int64_t wrong = -1;
  for (int64_t i = 0; i < n; ++i)
    if (!close(one.as<float>()[i], Maximum{}(a.as<float>()[i], b.as<float>()[i]), 0)) wrong = i;
  CHECK(wrong == -1);
}

}  // namespace
