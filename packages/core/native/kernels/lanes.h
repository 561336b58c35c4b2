// Cuts a tensor into the rows along one axis, and these into groups for the softmax loops.
#pragma once

#include <algorithm>

#include "dense_lines.h"
#include "isa.h"
#include "kernel.h"
#include "parallel.h"
#include "softmax.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(SoftmaxTable, softmax_table)

template <class T>
const SoftmaxFunctions<T>& softmax_functions() {
  if constexpr (std::is_same_v<T, double>) {
    return active::softmax_table().f64;
  } else {
    return active::softmax_table().f32;
  }
}

// The rows along an axis of a dense tensor.
struct AxisRows : DenseLines {
  AxisRows() = default;
  using DenseLines::DenseLines;
  explicit AxisRows(const DenseLines& lines) : DenseLines(lines) {}

  // f(layout, offset, first): groups of at most kMaxLanes rows, whose first element is at `offset`
  // and whose numbers are first, first + 1, … in the order [outer, inner].
  template <class F>
  void for_each(int64_t begin, int64_t end, F&& f) const {
    while (begin < end) {
      const int64_t at = begin % inner;
      const int64_t lanes =
          std::min({kMaxLanes, end - begin, inner == 1 ? end - begin : inner - at});
      f(LaneLayout{n, lanes, inner, inner == 1 ? n : 1}, begin / inner * n * inner + at, begin);
      begin += lanes;
    }
  }
  // Rows per chunk of a parallel loop.
  int64_t grain() const {
    constexpr int64_t kElements = 16384;
    return std::max<int64_t>(1, kElements / std::max<int64_t>(n, 1));
  }
  // The same for groups of rows in parallel.
  template <class F>
  void for_all(F&& f) const {
    if (n == 0) return;
    parallel_for(count(), grain(), [&](int64_t begin, int64_t end) { for_each(begin, end, f); });
  }
};

}  // namespace flambeau
