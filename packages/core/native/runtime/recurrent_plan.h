// What a layer of a recurrent network is computed from: its sizes, and which rows belong to which
// step. For tensors of the processor and of devices.
#pragma once

#include <type_traits>
#include <vector>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// The numbers that src/ops/recurrent-records.ts passes.
enum class Cell : uint8_t { kLstm, kGru, kTanh, kRelu };

// One layer in one direction. Inside, rows are in the order of steps: step t has count(t) rows from
// start(t) on, which never become more with t. x and y may have batches outermost: they have
// strides.
struct RecurrentPlan {
  Cell cell;
  int64_t gates;  // that have weights
  bool reverse;
  bool packed;  // rows of x are in the order of steps, and their counts differ
  int64_t steps = 0, batch = 0, rows = 0;
  int64_t inputs = 0, hidden = 0, state = 0;  // sizes of x, c and h
  int64_t step_stride = 0, batch_stride = 0;  // of x's and y's rows, in rows

  // x [T, N, D], or [N, T, D] with batch_first, or [N, D], one step, or [rows, D] where the
  // `counts` of the steps are given; h0 [N, P]; weights [gates · H, P]. kind: a Cell.
  RecurrentPlan(int64_t kind, bool reverse, bool batch_first, const Strided& x, const Strided& h0,
                const Strided& hidden_weight, const std::vector<int64_t>* counts);
  // The numbers are the first three parameters of the call.
  template <class Call>
  RecurrentPlan(const Call& call, const Strided& x, const Strided& h0, const Strided& hidden_weight,
                const std::vector<int64_t>* counts)
      : RecurrentPlan(call.integer(0), call.flag(1), call.flag(2), x, h0, hidden_weight, counts) {}

  int64_t count(int64_t t) const { return packed ? counts_[static_cast<size_t>(t)] : batch; }
  int64_t start(int64_t t) const { return packed ? starts_[static_cast<size_t>(t)] : t * batch; }
  // The row of x and y that is the first of step t.
  int64_t place(int64_t t) const { return packed ? start(t) : t * step_stride; }
  // The step that is the i-th to be done.
  int64_t step(int64_t i) const { return reverse ? steps - 1 - i : i; }
  // Are x's rows in the order of steps?
  bool in_order() const { return packed || batch_stride == 1 || rows == 0; }
  int64_t columns() const { return gates * hidden; }

 private:
  std::vector<int64_t> counts_, starts_;
};

// Row-major input `i` of type T and this shape; a tensor without data where it was left out.
template <class T, class Call>
auto recurrent_tensor(Call& call, int i, const Shape& shape) {
  std::remove_cvref_t<decltype(call.in(i))> tensor;
  if (!call.has(i)) return tensor;
  require_internal(call.in(i).dtype == dtype_of<T> && call.in(i).shape == shape,
                   "an input of a recurrent layer has another type or shape");
  tensor = call.contiguous(call.in(i));
  return tensor;
}

// Row-major output `i` of `numel` elements; null where it comes with none, because it is not
// wanted.
template <class T, class Call>
T* recurrent_output(Call& call, int i, int64_t numel) {
  require_internal(i < call.num_outputs() && call.spec(i).dtype == dtype_of<T>,
                   "an output of a recurrent layer is missing or has another type");
  require_internal(!call.in_place(i), "recurrent layers write into new tensors");
  const auto& out = call.out(i);
  if (out.numel() == 0) return nullptr;
  require_internal(out.numel() == numel, "an output of a recurrent layer has another size");
  return out.template as<T>();
}

// Calls body(T{}) for a floating type.
template <class Body>
void with_recurrent_type(DType dtype, Body&& body) {
  require_internal(dtype == DType::kFloat32 || dtype == DType::kFloat64,
                   "recurrent layers are for floating types");
  if (dtype == DType::kFloat64) {
    body(double{});
  } else {
    body(float{});
  }
}

}  // namespace flambeau
