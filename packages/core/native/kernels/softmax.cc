// Softmax and log-softmax along one axis, and their gradients. Dense tensors of any order of axes
// keep it; others become row-major.
#include "lanes.h"

namespace flambeau {

namespace {

// Runs body(zero, rows, first input, second input, y), with the second if there are two.
template <int kInputs, class Body>
void with_dense(Call& call, Body&& body) {
  const SoftmaxOperands<Tensor> operands(call, kInputs);
  const DType dtype = operands.y.dtype;
  const auto run = [&](auto zero) {
    body(zero, AxisRows(operands.lines), operands.inputs[0], operands.inputs[1], operands.y);
  };
  if (dtype == DType::kFloat64) {
    run(double{});
  } else {
    require_internal(dtype == DType::kFloat32, "softmax is for floating types");
    run(float{});
  }
  operands.finish(call);
}

template <class Member>
void run_unary(Call& call, Member&& member) {
  with_dense<1>(
      call, [&](auto zero, const AxisRows& rows, const Tensor& x, const Tensor&, const Tensor& y) {
        using T = decltype(zero);
        const auto function = member(softmax_functions<T>());
        rows.for_all([&](const LaneLayout& layout, int64_t offset, int64_t) {
          function(layout, x.as<T>() + offset, y.as<T>() + offset);
        });
      });
}

template <class Member>
void run_binary(Call& call, Member&& member) {
  with_dense<2>(call, [&](auto zero, const AxisRows& rows, const Tensor& dy, const Tensor& y,
                          const Tensor& dx) {
    using T = decltype(zero);
    const auto function = member(softmax_functions<T>());
    rows.for_all([&](const LaneLayout& layout, int64_t offset, int64_t) {
      function(layout, dy.as<T>() + offset, y.as<T>() + offset, dx.as<T>() + offset);
    });
  });
}

}  // namespace

// x [any] -> exp(x) / sum of exp(x) along the axis; params [axis]. Rows of -inf give NaN.
FLAMBEAU_KERNEL(softmax) {
  run_unary(call, [](const auto& table) { return table.softmax; });
}

// x [any] -> x - log(sum of exp(x)) along the axis; params [axis].
FLAMBEAU_KERNEL(log_softmax) {
  run_unary(call, [](const auto& table) { return table.log_softmax; });
}

// (dy, y) -> y · (dy - sum of dy · y); params [axis].
FLAMBEAU_KERNEL(softmax_grad) {
  run_binary(call, [](const auto& table) { return table.softmax_grad; });
}

// (dy, y) -> dy - exp(y) · sum of dy; params [axis].
FLAMBEAU_KERNEL(log_softmax_grad) {
  run_binary(call, [](const auto& table) { return table.log_softmax_grad; });
}

}  // namespace flambeau
