// What connectionist temporal classification is computed from, checked as far as sizes and types
// go. For tensors of the processor and of devices.
#pragma once

#include <type_traits>

#include "failure.h"
#include "layout.h"

namespace flambeau {

struct CtcSizes {
  int64_t steps, count, classes, blank;
  int64_t most;  // labels of a target, or of all of them, if they lie in a row
  bool in_a_row;

  // Inputs from `first` on: log-probabilities [steps, count, classes], targets [count, most] or all
  // of them in a row. Parameter 0: the blank.
  template <class Call>
  CtcSizes(const Call& call, int first) : blank(call.integer(0)) {
    const Strided& scores = call.in(first);
    const Strided& targets = call.in(first + 1);
    if (scores.ndim() != 3 || (targets.ndim() != 1 && targets.ndim() != 2) ||
        targets.dtype != DType::kInt64)
      throw Failure("ERR_INTERNAL", "CTC takes scores with 3 axes, and targets with 1 or 2");
    steps = scores.size(0), count = scores.size(1), classes = scores.size(2);
    if (blank < 0 || blank >= classes) throw Failure("ERR_INTERNAL", "the blank is no class");
    in_a_row = targets.ndim() == 1;
    if (!in_a_row && targets.size(0) != count)
      throw Failure("ERR_INTERNAL", "there is one target for each sequence");
    most = in_a_row ? targets.numel() : targets.size(1);
  }
};

// Input `i`, the lengths of `count` sequences, row-major int64.
template <class Call>
auto ctc_lengths(Call& call, int i, int64_t count) {
  std::remove_cvref_t<decltype(call.in(i))> list = call.contiguous(call.in(i));
  if (list.dtype != DType::kInt64 || list.numel() != count)
    throw Failure("ERR_INTERNAL", "there is one length for each sequence");
  return list;
}

// Calls body(T{}) for a floating type.
template <class Body>
void with_ctc_type(DType dtype, const Body& body) {
  if (dtype == DType::kFloat64) return body(double{});
  if (dtype == DType::kFloat32) return body(float{});
  throw Failure("ERR_INTERNAL", "CTC is for floating types");
}

}  // namespace flambeau
