// What the kernels of recurrent networks share: their operands, and products with packed weights.
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>

#include "isa.h"
#include "kernel.h"
#include "parallel.h"
#include "recurrent.h"
#include "recurrent_plan.h"
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

// The layer that a call describes; input `counts`, if given, has the counts of the steps (int64).
RecurrentPlan recurrent_plan(Call& call, const Tensor& x, const Tensor& h0,
                             const Tensor& hidden_weight, int counts);

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

// Row-major input `i` of type T and this shape; null where it was left out.
template <class T>
const T* recurrent_input(Call& call, int i, const Shape& shape, Tensor& keep) {
  keep = recurrent_tensor<T>(call, i, shape);
  return keep.as<T>();
}

}  // namespace flambeau
