// Elementwise operations: what is checked, which layout the output takes, and what is launched; and
// those that choose among several loops.
#include <algorithm>
#include <cmath>
#include <string>

#include "binary.h"
#include "elementwise_loops.h"
#include "graph.h"
#include "unary.h"

namespace flambeau::cuda {

namespace {

constexpr int kMaxInputs = 3;

[[noreturn]] void reject(const ElementwiseOperation& operation, const std::string& why) {
  throw Failure("ERR_INTERNAL", std::string(operation.name) + ": " + why);
}

// A plain number takes the precision of its type; among 16-bit floats that of float, if `exact`.
ElementwiseInput number_input(double value, DType dtype, bool exact) {
  ElementwiseInput input = {dtype, true, value, 0};
  with_every_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_half<T>) {
      const float single = static_cast<float>(value);
      input.real = exact ? single : widened(narrowed<T>(single));
    } else if constexpr (std::is_same_v<T, bool>) {
      input.whole = value != 0;
    } else if constexpr (std::is_integral_v<T>) {
      // A conversion out of range would be undefined.
      const bool fits = value > -9.2e18 && value < 9.2e18;
      input.whole = fits ? static_cast<T>(static_cast<int64_t>(value)) : 0;
    }
  });
  return input;
}

// The bits of a number of the type that `dtype` is computed with.
uint64_t computed_bits(const ElementwiseInput& input) {
  return with_type(wide_type(input.dtype), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>)
      return fusion::bits_of_number(static_cast<T>(input.real));
    return fusion::bits_of_number(static_cast<T>(input.whole));
  });
}
uint64_t computed_bits(double param, DType dtype) {
  return with_type(wide_type(dtype), [&](auto zero) {
    return fusion::bits_of_number(number_of_type<decltype(zero)>(param));
  });
}

// A loop with all it needs, to be launched later.
struct Loop {
  ElementwiseLaunch launch_part;
  Axes axes;
  ElementwiseInput inputs[kMaxInputs];
  DType out_type;
  double params[fusion::kStepNumbers];

  void launch(cudaStream_t stream) const {
    axes.for_parts([&](const Axes& part) {
      launch_part({part, inputs, out_type, params, nullptr, stream});
    });
  }
};

// The same to be done with other operations while a graph is captured.
fusion::Step step_of(const ElementwiseOperation& operation, const Formula& formula,
                     const Loop& loop, const Strided& out, const Tensor* const* inputs) {
  fusion::Step step;
  step.formula = formula;
  step.is_heavy = operation.cost != Cost::kCheap;
  step.count = operation.signature.inputs;
  step.bool_first = operation.signature.bool_first;
  step.type = loop.inputs[step.count - 1].dtype;
  for (int k = 0; k < step.count; ++k)
    step.inputs[k] =
        loop.inputs[k].is_number
            ? fusion::Operand::number(loop.inputs[k].dtype, computed_bits(loop.inputs[k]))
            : fusion::Operand::memory(out, *inputs[k]);
  for (int i = 0; i < formula.numbers; ++i)
    step.numbers[i] = computed_bits(loop.params[i], step.type);
  step.out_type = loop.out_type;
  step.out = out.data;
  step.numel = out.numel();
  step.launch = [loop](cudaStream_t stream) { loop.launch(stream); };
  return step;
}

}  // namespace

void run_elementwise(Call& call, const ElementwiseOperation& operation, const ElementwiseRow& row,
                     const double* params, const int* order) {
  const Signature& signature = operation.signature;
  const int count = signature.inputs;
  const auto place = [order](int k) { return order ? order[k] : k; };
  const Spec& spec = call.spec(0);
  const Call& asked = call;  // numbers stay where they are
  const DType dtype = asked.in(place(count - 1)).dtype;
  for (int k = 0; k < count; ++k)
    if (asked.in(place(k)).dtype != (signature.bool_first && k == 0 ? DType::kBool : dtype))
      reject(operation, "the inputs differ in type");
  if (spec.dtype != (signature.to_bool ? DType::kBool : dtype))
    reject(operation, "the output has the wrong type");
  const int code = static_cast<int>(dtype);
  if (!row.strided[code]) reject(operation, std::string("not for ") + dtype_name(dtype));
  if (operation.cost == Cost::kDivision && !is_floating(dtype) &&
      call.is_number(place(count - 1)) &&
      number_input(call.number(place(count - 1)), dtype, false).whole == 0)
    throw Failure("ERR_VALUE", "whole numbers cannot be divided by zero");

  const bool in_place = call.in_place(0);
  const Tensor* inputs[kMaxInputs];
  ElementwiseInput loop_inputs[kMaxInputs] = {};
  const Tensor* like = nullptr;
  bool in_order = true;  // is everything row-major, and of the output's shape?
  for (int k = 0; k < count; ++k) {
    const Tensor& input = asked.in(place(k));
    inputs[k] = &input;
    if (call.is_number(place(k))) {
      const double number = call.number(place(k));
      loop_inputs[k] = number_input(number, input.dtype, signature.exact_numbers);
      if (input.dtype != DType::kInt64 || std::fabs(number) < 0x1p53) continue;
      // Too many digits for a double: as the tensor that it may be.
      call.in(place(k));
    }
    loop_inputs[k] = {input.dtype, false, 0, 0};
    const bool alike = input.shape == spec.shape;
    const bool row_major = alike && input.is_contiguous();
    in_order &= row_major;
    if (!like && alike && (row_major || input.is_dense())) like = &input;
  }
  const Tensor& out = like && !in_order ? call.out_like(0, *like) : call.out(0);
  Tensor copies[kMaxInputs];
  if (in_place) {
    if (!(out.shape == spec.shape) || out.dtype != spec.dtype)
      reject(operation, "the target is not what the output is to be");
    require_writable(out);
    in_order &= out.is_contiguous();
    for (int k = 0; k < count; ++k) {
      if (loop_inputs[k].is_number || !overlaps(out, *inputs[k])) continue;
      copies[k] = call.temporary(inputs[k]->shape, inputs[k]->dtype);
      copy_into(call, copies[k], *inputs[k]);
      inputs[k] = &copies[k];
    }
  }
  const int64_t numel = spec.shape.numel();
  if (numel == 0) return;

  const Strided* operands[kMaxInputs + 1] = {&out};
  for (int k = 0; k < count; ++k) operands[k + 1] = inputs[k];
  const Axes all =
      in_order ? Axes::line(numel, operands, count + 1) : Axes(spec.shape, operands, count + 1);
  bool flat = row.flat[code] != nullptr && all.contiguous(0);
  for (int k = 0; flat && k < count; ++k)
    flat = loop_inputs[k].is_number || all.contiguous(k + 1) || all.single(k + 1);
  const ElementwiseLaunch launch_part = flat ? row.flat[code] : row.strided[code];
  const bool may_fail = operation.cost == Cost::kDivision && !is_floating(dtype);
  Graph* const graph = holding_back(call.device());
  if (graph && row.formula.name && !may_fail && fusion::can_hold(out)) {
    Loop loop = {launch_part, all, {}, out.dtype, {}};
    std::copy(loop_inputs, loop_inputs + count, loop.inputs);
    if (params) std::copy(params, params + row.formula.numbers, loop.params);
    return graph->hold(step_of(operation, row.formula, loop, out, inputs));
  }
  const Fault* const fault = may_fail ? call.fault() : nullptr;
  all.for_parts([&](const Axes& axes) {
    launch_part({axes, loop_inputs, out.dtype, params, fault, call.stream()});
  });
}

using namespace formulas;

namespace {

constexpr ElementwiseRow kAddRow = FLAMBEAU_CUDA_ROW(Add, AnyType, kArithmetic, kCheap);
constexpr ElementwiseRow kSubRow = FLAMBEAU_CUDA_ROW(Sub, AnyType, kArithmetic, kCheap);
constexpr ElementwiseRow kAddScaledRow =
    FLAMBEAU_CUDA_ROW(AddScaled, NumberType, kArithmetic, kCheap);
constexpr ElementwiseRow kPowRow = FLAMBEAU_CUDA_ROW(Pow, NumberType, kBinary, kTranscendental);
constexpr ElementwiseRow kSquareRow = FLAMBEAU_CUDA_ROW(Square, FloatType, kUnary, kCheap);
constexpr ElementwiseRow kSqrtRow = FLAMBEAU_CUDA_ROW(Sqrt, FloatType, kUnary, kCheap);
constexpr ElementwiseRow kRsqrtRow = FLAMBEAU_CUDA_ROW(Rsqrt, FloatType, kUnary, kCheap);
constexpr ElementwiseRow kReciprocalRow = FLAMBEAU_CUDA_ROW(Reciprocal, FloatType, kUnary, kCheap);

}  // namespace

// a + alpha · b; parameter 0 is alpha, 1 where it is left out.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(add) {
  const double alpha = call.num_params() > 0 ? call.param(0) : 1;
  run_elementwise(call, {"add", kArithmetic, Cost::kCheap}, alpha == 1 ? kAddRow : kAddScaledRow,
                  &alpha);
}

// a - alpha · b
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(sub) {
  const double minus_alpha = call.num_params() > 0 ? -call.param(0) : -1;
  run_elementwise(call, {"sub", kArithmetic, Cost::kCheap},
                  minus_alpha == -1 ? kSubRow : kAddScaledRow, &minus_alpha);
}

// a^b. Exponents that are plain numbers with a faster equal take it, as in PyTorch.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(pow) {
  const Call& asked = call;
  const ElementwiseOperation cheap = {"pow", kUnary, Cost::kCheap};
  if (call.is_number(1) && !call.is_number(0) && asked.in(0).ndim() == call.spec(0).shape.ndim &&
      asked.in(1).dtype == asked.in(0).dtype && is_floating(asked.in(0).dtype)) {
    const double b = call.number(1);
    if (b == 2) return run_elementwise(call, cheap, kSquareRow, nullptr);
    if (b == 0.5) return run_elementwise(call, cheap, kSqrtRow, nullptr);
    if (b == -0.5) return run_elementwise(call, cheap, kRsqrtRow, nullptr);
    if (b == -1) return run_elementwise(call, cheap, kReciprocalRow, nullptr);
  }
  run_elementwise(call, {"pow", kBinary, Cost::kTranscendental}, kPowRow, nullptr);
}

}  // namespace flambeau::cuda
