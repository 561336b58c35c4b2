// Softmax and log-softmax along one axis, and their gradients. Dense tensors of any order of axes
// keep it; others become row-major.
#include "iterate.h"
#include "lanes.h"

namespace flambeau {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

bool same_strides(const Tensor& a, const Tensor& b) {
  for (int axis = 0; axis < a.ndim(); ++axis)
    if (a.size(axis) > 1 && a.stride(axis) != b.stride(axis)) return false;
  return true;
}

// Runs body(first, second, y) for inputs 0 and (if kInputs is 2) 1 and output 0, which all lie
// dense in the same way.
template <int kInputs, class Body>
void with_dense(Call& call, Body&& body) {
  const OutputSpec& spec = call.spec(0);
  Tensor inputs[2];
  for (int i = 0; i < kInputs; ++i) {
    inputs[i] = call.in(i);
    require(inputs[i].shape == spec.shape && inputs[i].dtype == spec.dtype,
            "softmax keeps shape and type");
  }
  Tensor& like = inputs[kInputs - 1];
  if (!like.is_dense()) like = call.contiguous(like);
  Tensor y = call.in_place(0) ? empty_tensor(spec.shape, spec.dtype, like.strides)
                              : call.out_like(0, like);
  if (!same_strides(y, like)) {
    // Another dense order than the output's: bring the operand into that.
    Tensor moved = empty_tensor(spec.shape, spec.dtype, y.strides);
    copy_into(moved, like);
    like = moved;
  }
  if (kInputs == 2 && !same_strides(inputs[0], y)) {
    Tensor moved = empty_tensor(spec.shape, spec.dtype, y.strides);
    copy_into(moved, inputs[0]);
    inputs[0] = moved;
  }
  const int64_t axis = call.integer(0);
  require(axis >= 0 && axis < std::max(like.ndim(), 1), "softmax lacks this axis");
  const AxisRows rows = rows_of(y, axis);
  if (spec.dtype == DType::kFloat64) {
    body(double{}, rows, inputs[0], inputs[1], y);
  } else {
    require(spec.dtype == DType::kFloat32, "softmax is for floating types");
    body(float{}, rows, inputs[0], inputs[1], y);
  }
  if (call.in_place(0)) {
    require_writable(call.out(0));
    copy_into(call.out(0), y);
  }
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
