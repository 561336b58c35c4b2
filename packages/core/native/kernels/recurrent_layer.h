// What the kernels of recurrent networks share: the sizes, which rows belong to which step, and
// products with packed weights.
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include "isa.h"
#include "kernel.h"
#include "parallel.h"
#include "recurrent.h"
#include "scratch.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(RecurrentTable, recurrent_table)

template <class T>
const RecurrentFunctions<T>& recurrent_functions() {
  if constexpr (std::is_same_v<T, double>) {
    return active::recurrent_table().f64;
  } else {
    return active::recurrent_table().f32;
  }
}

inline void require_recurrent(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

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

  // x [T, N, D], or [N, T, D] if params[2] is set, or [N, D], one step, or [rows, D] with the
  // counts of the steps in input `counts` (int64); h0 [N, P]; weights [gates · H, P].
  RecurrentPlan(Call& call, const Tensor& x, const Tensor& h0, const Tensor& hidden_weight,
                int counts);

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

// Copies rows of `size` elements from where x and y have them to the order of steps.
template <class T>
void gather_rows(const RecurrentPlan& plan, int64_t size, const T* from, T* to);
// And back.
template <class T>
void scatter_rows(const RecurrentPlan& plan, int64_t size, const T* from, T* to);

// Below this many steps, packing weights costs more than it saves.
inline constexpr int64_t kPackedSteps = 4;

// How many panels of `width` columns make a task that is worth a thread: by the products, and by
// reading the weights.
inline int64_t panel_grain(int64_t rows, int64_t depth, int64_t width) {
  constexpr double kTaskNs = 8000, kProductsPerNs = 100, kWeightsPerNs = 10;
  const double ns = static_cast<double>(depth * width) *
                    (static_cast<double>(rows) / kProductsPerNs + 1 / kWeightsPerNs);
  return std::max<int64_t>(1, static_cast<int64_t>(kTaskNs / std::max(ns, 1.0)));
}

// A matrix b [depth, n] in panels of plain columns.
template <class T>
class PackedColumns {
 public:
  // Element (p, j) at b + p · row + j · column.
  PackedColumns(int64_t n, int64_t depth, const T* b, int64_t row, int64_t column)
      : n_(n), depth_(depth), width_(recurrent_functions<T>().columns) {
    panels_ = (n + width_ - 1) / width_;
    memory_.emplace(panels_ * depth * width_);
    parallel_for(panels_, panel_grain(8, depth, width_), [&](int64_t begin, int64_t end) {
      recurrent_functions<T>().pack_columns(n, depth, b, row, column, begin, end, memory_->data());
    });
  }
  int64_t panels() const { return panels_; }
  int64_t width() const { return width_; }
  int64_t grain(int64_t rows) const { return panel_grain(rows, depth_, width_); }
  // c [rows, n] = a · b, or + c, columns of panels [begin, end).
  void multiply(int64_t rows, const T* a, int64_t a_row, bool accumulate, T* c, int64_t c_row,
                int64_t begin, int64_t end) const {
    recurrent_functions<T>().product(rows, n_, depth_, a, a_row, memory_->data(), accumulate, c,
                                     c_row, begin, end);
  }

 private:
  int64_t n_, depth_, width_, panels_ = 0;
  std::optional<Scratch<T>> memory_;
};

// Row-major input `i` of `dtype` and this shape; null where it was left out.
template <class T>
const T* recurrent_input(Call& call, int i, const Shape& shape, Tensor& keep) {
  if (!call.has(i)) return nullptr;
  require_recurrent(call.in(i).dtype == dtype_of<T> && call.in(i).shape == shape,
                    "an input of a recurrent layer has another type or shape");
  keep = call.contiguous(call.in(i));
  return keep.as<T>();
}

// Row-major output `i` of `numel` elements; null where it comes with none, because it is not
// wanted.
template <class T>
T* recurrent_output(Call& call, int i, int64_t numel) {
  require_recurrent(i < call.num_outputs() && call.spec(i).dtype == dtype_of<T>,
                    "an output of a recurrent layer is missing or has another type");
  require_recurrent(!call.in_place(i), "recurrent layers write into new tensors");
  Tensor& out = call.out(i);
  if (out.numel() == 0) return nullptr;
  require_recurrent(out.numel() == numel, "an output of a recurrent layer has another size");
  return out.as<T>();
}

// Calls body(T{}) for a floating type.
template <class Body>
void with_recurrent_type(DType dtype, Body&& body) {
  require_recurrent(dtype == DType::kFloat32 || dtype == DType::kFloat64,
                    "recurrent layers are for floating types");
  if (dtype == DType::kFloat64) {
    body(double{});
  } else {
    body(float{});
  }
}

}  // namespace flambeau
