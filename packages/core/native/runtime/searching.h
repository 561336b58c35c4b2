// Operands of searches in sorted numbers, checked. For tensors of the processor and of devices.
#pragma once

#include <type_traits>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// Of searchsorted: sequences [n] or [..., n], values [...], perhaps a sorter like the sequences.
// All row-major.
template <class Tensor>
struct SortedSearch {
  Tensor sequence, values;
  Tensor sorter;  // without data where there is none
  int64_t n = 0, rows = 1;
  bool wide;  // places are int64, else int32

  template <class Call>
  explicit SortedSearch(Call& call)
      : sequence(call.contiguous(call.in(0))), values(call.contiguous(call.in(1))) {
    if (sequence.ndim() > 0) n = sequence.size(sequence.ndim() - 1);
    for (int axis = 0; axis + 1 < sequence.ndim(); ++axis) rows *= sequence.size(axis);
    const auto& spec = call.spec(0);
    wide = spec.dtype == DType::kInt64;
    if (sequence.ndim() == 0 || values.dtype != sequence.dtype || call.in_place(0) ||
        !(spec.shape == values.shape) || (!wide && spec.dtype != DType::kInt32) ||
        (rows > 0 ? values.numel() % rows != 0 : values.numel() > 0))
      throw Failure("ERR_INTERNAL", "sequences and values do not fit");
    if (!call.has(2)) return;
    sorter = call.contiguous(call.in(2));
    if (sorter.dtype != DType::kInt64 || !(sorter.shape == sequence.shape))
      throw Failure("ERR_INTERNAL", "the sorter is not like the sequence");
  }
};

// Of histogram: x [n], edges [bins + 1], perhaps weights [n]. All row-major.
template <class Tensor>
struct HistogramOperands {
  Tensor x, edges;
  Tensor weights;  // without data where there are none
  int64_t bins, kind;

  template <class Call>
  explicit HistogramOperands(Call& call)
      : x(call.contiguous(call.in(0))),
        edges(call.contiguous(call.in(1))),
        bins(edges.numel() - 1),
        kind(call.integer(0)) {
    if (call.has(2)) weights = call.contiguous(call.in(2));
    if (!is_floating(x.dtype) || edges.dtype != x.dtype || bins < 1 || call.in_place(0) ||
        call.spec(0).dtype != x.dtype || call.spec(0).shape.numel() != bins || kind < 0 ||
        kind > 2 || (weights.data && (weights.dtype != x.dtype || weights.numel() != x.numel())))
      throw Failure("ERR_INTERNAL", "edges and weights do not fit");
  }
};

}  // namespace flambeau
