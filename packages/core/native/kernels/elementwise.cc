// The kernels of simd/elementwise.h: y = f(a), f(a, b) or f(a, b, c), element by element. Inputs
// broadcast to the output's shape and have one type; a number is a tensor without axes. A new
// output takes the memory order of the first dense input of its shape. An output may be one of the
// inputs, or overlap them in any way.
#include "elementwise.h"

#include <array>
#include <optional>
#include <string>

#include "iterate.h"
#include "kernel.h"
#include "overlap.h"
#include "parallel.h"
#include "streaming.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ArithmeticTable, arithmetic_table)
FLAMBEAU_SIMD_TABLE(LogicTable, logic_table)
FLAMBEAU_SIMD_TABLE(IntegerTable, integer_table)
FLAMBEAU_SIMD_TABLE(ExponentialTable, exponential_table)
FLAMBEAU_SIMD_TABLE(TrigonometricTable, trigonometric_table)
FLAMBEAU_SIMD_TABLE(SpecialTable, special_table)

namespace {

static_assert(kLoopTypes == kNumDTypes);

struct Operation {
  const char* name;
  Signature signature;
  Cost cost;
};

template <size_t kInputs>
using Inputs = std::array<const Tensor*, kInputs>;

// How the operands of a narrow type become float or int32 and the result becomes narrow again.
struct Conversions {
  static constexpr int64_t kBlock = 1024;
  static constexpr int64_t kWide = 4;  // bytes of a float or int32

  // Operand k, of type `narrow`, is to be of the wide type; operand 0 is the output.
  void convert(int k, DType narrow) {
    const auto& table = active::copy_table().convert;
    const int from = static_cast<int>(narrow), to = static_cast<int>(wide_type(narrow));
    loops[k] = k == 0 ? table[to][from] : table[from][to];
  }

  // `loop`, which is for the wide type, over blocks that stay in the first-level cache.
  template <size_t kOperands>
  [[gnu::noinline]] void run(Loop loop, const std::array<char*, kOperands>& data,
                             const std::array<int64_t, kOperands>& strides, int64_t n,
                             const double* params) const {
    alignas(64) char buffers[kOperands][kBlock * kWide];
    std::array<int64_t, kOperands> steps = strides;
    for (size_t k = 0; k < kOperands; ++k)
      if (loops[k]) steps[k] = k > 0 && strides[k] == 0 ? 0 : kWide;
    for (int64_t begin = 0; begin < n; begin += kBlock) {
      const int64_t size = std::min(kBlock, n - begin);
      std::array<char*, kOperands> at;
      for (size_t k = 0; k < kOperands; ++k) {
        char* const place = data[k] + begin * strides[k];
        at[k] = loops[k] ? buffers[k] : place;
        if (k == 0 || !loops[k] || (steps[k] == 0 && begin > 0)) continue;
        char* const pointers[2] = {buffers[k], place};
        const int64_t both[2] = {kWide, strides[k]};
        loops[k](pointers, both, steps[k] == 0 ? 1 : size, nullptr);
      }
      loop(at.data(), steps.data(), size, params);
      if (!loops[0]) continue;
      char* const pointers[2] = {data[0] + begin * strides[0], buffers[0]};
      const int64_t both[2] = {strides[0], kWide};
      loops[0](pointers, both, size, nullptr);
    }
  }

  Loop loops[4] = {};
};

// A loop over elements of any type.
struct Work {
  Loop loop;
  const Conversions* conversions;  // null where nothing is to be converted

  template <size_t kOperands>
  void operator()(const std::array<char*, kOperands>& data,
                  const std::array<int64_t, kOperands>& strides, int64_t n,
                  const double* params) const {
    if (conversions) [[unlikely]]
      return conversions->run(loop, data, strides, n, params);
    loop(data.data(), strides.data(), n, params);
  }
};

// Elements below which a second thread does not pay.
constexpr int64_t grain_of(Cost cost) {
  switch (cost) {
    case Cost::kDivision: return kGrain / 2;
    case Cost::kTranscendental: return kGrain / 4;
    case Cost::kSpecial: return kGrain / 64;
    case Cost::kCheap: break;
  }
  return kGrain;
}

bool same_strides(const Tensor& a, const Tensor& b) {
  for (int axis = 0; axis < a.ndim(); ++axis)
    if (a.strides[axis] != b.strides[axis] && a.size(axis) > 1) return false;
  return true;
}

[[noreturn]] void reject(const Operation& operation, const std::string& why) {
  throw Failure("ERR_INTERNAL", std::string(operation.name) + ": " + why);
}

// One loop over operands that are contiguous together or single elements.
template <size_t kOperands>
void run_flat(const Work& loop, const std::array<char*, kOperands>& data,
              const std::array<int64_t, kOperands>& strides, int64_t n, Cost cost, bool streams,
              const double* params) {
  const auto piece = [&](char* out, int64_t begin, int64_t end) {
    std::array<char*, kOperands> pointers = {out};
    for (size_t k = 1; k < kOperands; ++k) pointers[k] = data[k] + begin * strides[k];
    loop(pointers, strides, end - begin, params);
  };
  parallel_for(n, grain_of(cost), [&](int64_t begin, int64_t end) {
    if (streams) {
      stream_pieces(data[0], strides[0], begin, end, piece);
    } else {
      piece(data[0] + begin * strides[0], begin, end);
    }
  });
}

// Any strides; an in-place output may overlap the inputs.
template <size_t kInputs>
void run_strided(const Work& loop, const Operation& operation, const Tensor& out, bool in_place,
                 Inputs<kInputs> inputs, const double* params) {
  std::array<Tensor, kInputs> apart;
  if (in_place) {
    require_writable(out);
    for (size_t k = 0; k < kInputs; ++k) {
      if (!overlaps(out, *inputs[k])) continue;
      apart[k] = empty_tensor(inputs[k]->shape, inputs[k]->dtype);
      copy_into(apart[k], *inputs[k]);
      inputs[k] = &apart[k];
    }
  }
  std::array<const Tensor*, kInputs + 1> operands = {&out};
  for (size_t k = 0; k < kInputs; ++k) operands[k + 1] = inputs[k];
  const Iteration<kInputs + 1> iteration(out.shape, operands);
  iteration.run(grain_of(operation.cost), [&](const auto& data, const auto& strides, int64_t n) {
    loop(data, strides, n, params);
  });
}

// Integer division by zero has no value to return.
void refuse_zero(const Tensor& divisor) {
  with_every_type(divisor.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      const Iteration<1> iteration(divisor.shape, {&divisor});
      iteration.run_serial([&](const auto& data, const auto& strides, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          if (*reinterpret_cast<const T*>(data[0] + i * strides[0]) == zero)
            throw Failure("ERR_VALUE", "whole numbers cannot be divided by zero");
      });
    }
  });
}

template <size_t kInputs>
void execute(Call& call, const Work& work, const Operation& operation,
             const Inputs<kInputs>& inputs, const double* params) {
  const OutputSpec& spec = call.spec(0);

  // Flat: each input is a single element, or dense with the same strides as the others.
  std::array<int64_t, kInputs + 1> strides;
  const Tensor* like = nullptr;
  bool row_major = false;
  bool flat = true;
  for (size_t k = 0; k < kInputs; ++k) {
    const Tensor& x = *inputs[k];
    if (x.shape == spec.shape) {
      strides[k + 1] = static_cast<int64_t>(x.item_bytes());
      if (like) {
        flat = flat && same_strides(x, *like);
      } else if (x.is_contiguous()) {
        like = &x;
        row_major = true;
      } else if (x.is_dense()) {
        like = &x;
      } else {
        flat = false;
      }
    } else {
      strides[k + 1] = 0;
      flat = flat && x.numel() == 1 && x.ndim() <= spec.shape.ndim;
    }
  }
  const bool in_place = call.in_place(0);
  const Tensor& out = row_major || !like ? call.out(0) : call.out_like(0, *like);
  const int64_t n = spec.shape.numel();
  if (in_place) {
    if (!(out.shape == spec.shape) || out.dtype != spec.dtype)
      reject(operation, "the target is not what the output is to be");
    flat = flat && (like ? same_strides(out, *like) : out.is_contiguous());
    for (size_t k = 0; flat && k < kInputs; ++k) flat = !overlaps(out, *inputs[k]);
  }
  if (n == 0) return;
  if (!flat) return run_strided(work, operation, out, in_place, inputs, params);
  const int64_t item = static_cast<int64_t>(out.item_bytes());
  std::array<char*, kInputs + 1> data = {out.data};
  strides[0] = item;
  for (size_t k = 0; k < kInputs; ++k) data[k + 1] = inputs[k]->data;
  if (n <= std::min(kGrain / 4, grain_of(operation.cost))) return work(data, strides, n, params);
  // What is read anyway is in the cache when it is written.
  const bool reads_out = std::find(data.begin() + 1, data.end(), out.data) != data.end();
  run_flat(work, data, strides, n, operation.cost, !reads_out && n * item >= kStreamBytes, params);
}

// A plain number in float's precision.
struct Exact {
  float value;
  Tensor tensor;

  explicit Exact(double number) : value(static_cast<float>(number)) {
    tensor.data = reinterpret_cast<char*>(&value);
  }
};

// Operands of narrow types; `loop` is for the wide one.
template <size_t kInputs>
[[gnu::noinline]] void execute_narrow(Call& call, Loop loop, const Operation& operation,
                                      Inputs<kInputs> inputs, const double* params) {
  const DType dtype = inputs[kInputs - 1]->dtype;
  const bool exact_numbers = operation.signature.exact_numbers && is_16bit_float(dtype);
  Conversions conversions;
  std::optional<Exact> exact;
  for (size_t k = 0; k < kInputs; ++k) {
    const int input = static_cast<int>(k);
    if (exact_numbers && call.is_number(input))
      inputs[k] = &exact.emplace(call.number(input)).tensor;
    if (is_narrow(inputs[k]->dtype)) conversions.convert(input + 1, dtype);
  }
  if (!operation.signature.to_bool) conversions.convert(0, dtype);
  execute(call, Work{loop, &conversions}, operation, inputs, params);
}

template <size_t kInputs>
void run(Call& call, const LoopRow& row, const Operation& operation, const Inputs<kInputs>& inputs,
         const double* params) {
  const Signature& signature = operation.signature;
  const OutputSpec& spec = call.spec(0);
  const DType dtype = inputs[kInputs - 1]->dtype;
  for (size_t k = 0; k < kInputs; ++k)
    if (inputs[k]->dtype != (signature.bool_first && k == 0 ? DType::kBool : dtype))
      reject(operation, "the inputs differ in type");
  if (spec.dtype != (signature.to_bool ? DType::kBool : dtype))
    reject(operation, "the output has the wrong type");
  const Loop loop = row.by_type[static_cast<int>(wide_type(dtype))];
  if (!loop) reject(operation, std::string("not for ") + dtype_name(dtype));
  if (operation.cost == Cost::kDivision && !is_floating(dtype)) refuse_zero(*inputs[kInputs - 1]);
  if (is_narrow(dtype)) [[unlikely]]
    return execute_narrow(call, loop, operation, inputs, params);
  execute(call, Work{loop, nullptr}, operation, inputs, params);
}

template <size_t kInputs>
Inputs<kInputs> inputs_of(const Call& call) {
  Inputs<kInputs> inputs;
  for (size_t k = 0; k < kInputs; ++k) inputs[k] = &call.in(static_cast<int>(k));
  return inputs;
}

template <size_t kInputs>
void run(Call& call, const LoopRow& row, const Operation& operation) {
  run(call, row, operation, inputs_of<kInputs>(call), nullptr);
}

// With the operation's own numbers.
template <size_t kInputs, int kParams>
void run(Call& call, const LoopRow& row, const Operation& operation) {
  double params[kParams + 1] = {};
  for (int i = 0; i < kParams; ++i) params[i] = call.param(i);
  run(call, row, operation, inputs_of<kInputs>(call), params);
}

}  // namespace

#define FLAMBEAU_ELEMENTWISE(table, name, signature, cost, params)                             \
  FLAMBEAU_KERNEL_ALL_TYPES(name) {                                                            \
    run<signature.inputs, params>(call, active::table().name, {#name, signature, Cost::cost}); \
  }
#define FLAMBEAU_ARITHMETIC(name, Functor, types, signature, cost, params) \
  FLAMBEAU_ELEMENTWISE(arithmetic_table, name, signature, cost, params)
#define FLAMBEAU_LOGIC(name, Functor, types, signature, cost, params) \
  FLAMBEAU_ELEMENTWISE(logic_table, name, signature, cost, params)
#define FLAMBEAU_INTEGER(name, Functor, types, signature, cost, params) \
  FLAMBEAU_ELEMENTWISE(integer_table, name, signature, cost, params)
#define FLAMBEAU_EXPONENTIAL(name, Functor, types, signature, cost, params) \
  FLAMBEAU_ELEMENTWISE(exponential_table, name, signature, cost, params)
#define FLAMBEAU_TRIGONOMETRIC(name, Functor, types, signature, cost, params) \
  FLAMBEAU_ELEMENTWISE(trigonometric_table, name, signature, cost, params)
#define FLAMBEAU_SPECIAL(name, Functor, types, signature, cost, params) \
  FLAMBEAU_ELEMENTWISE(special_table, name, signature, cost, params)

FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_ARITHMETIC)
FLAMBEAU_LOGIC_OPS(FLAMBEAU_LOGIC)
FLAMBEAU_INTEGER_OPS(FLAMBEAU_INTEGER)
FLAMBEAU_EXPONENTIAL_OPS(FLAMBEAU_EXPONENTIAL)
FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_TRIGONOMETRIC)
FLAMBEAU_SPECIAL_OPS(FLAMBEAU_SPECIAL)

// a + alpha · b; parameter 0 is alpha, 1 where it is left out.
FLAMBEAU_KERNEL_ALL_TYPES(add) {
  const ArithmeticTable& table = active::arithmetic_table();
  const double alpha = call.num_params() > 0 ? call.param(0) : 1;
  run(call, alpha == 1 ? table.add : table.addScaled, {"add", kArithmetic, Cost::kCheap},
      inputs_of<2>(call), &alpha);
}

// a - alpha · b
FLAMBEAU_KERNEL_ALL_TYPES(sub) {
  const ArithmeticTable& table = active::arithmetic_table();
  const double minus_alpha = call.num_params() > 0 ? -call.param(0) : -1;
  run(call, minus_alpha == -1 ? table.sub : table.addScaled, {"sub", kArithmetic, Cost::kCheap},
      inputs_of<2>(call), &minus_alpha);
}

// a^b. Exponents that are plain numbers with a faster equal take it, as in PyTorch.
FLAMBEAU_KERNEL_ALL_TYPES(pow) {
  const ArithmeticTable& table = active::arithmetic_table();
  const Operation cheap = {"pow", kUnary, Cost::kCheap};
  if (call.is_number(1) && call.in(0).ndim() == call.spec(0).shape.ndim) {
    const Inputs<1> base = {&call.in(0)};
    const Tensor& exponent = call.in(1);
    if (exponent.dtype == base[0]->dtype && is_floating(exponent.dtype)) {
      const double b = call.number(1);
      if (b == 2) return run(call, table.square, cheap, base, nullptr);
      if (b == 0.5) return run(call, table.sqrt, cheap, base, nullptr);
      if (b == -0.5) return run(call, table.rsqrt, cheap, base, nullptr);
      if (b == -1) return run(call, table.reciprocal, cheap, base, nullptr);
    }
  }
  run<2>(call, active::exponential_table().pow, {"pow", kBinary, Cost::kTranscendental});
}

}  // namespace flambeau
