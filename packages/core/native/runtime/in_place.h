// What kernels need whose results go into tensors that exist. For tensors of the processor and of
// devices.
#pragma once

#include "failure.h"
#include "layout.h"
#include "overlap.h"

namespace flambeau {

// Throws where two elements of `t` share memory (an expanded tensor cannot be written in place).
inline void require_writable(const Strided& t) {
  for (int axis = 0; axis < t.ndim(); ++axis)
    if (t.size(axis) > 1 && t.stride(axis) == 0)
      throw Failure("ERR_VALUE",
                    "several elements of the written tensor share one place in memory");
}

// A row-major copy that dies with the call.
template <class Call, class Tensor>
Tensor apart(Call& call, const Tensor& t) {
  Tensor copy = call.temporary(t.shape, t.dtype);
  copy_into(call, copy, t);
  return copy;
}

// The target, or a copy of input 0 in its memory order.
template <class Call>
auto& copy_or_target(Call& call) {
  if (call.in_place(0)) return call.out(0);
  const auto& x = call.in(0);
  auto& out = call.out_like(0, x);
  copy_into(call, out, x);
  return out;
}

// Runs body(y) with a row-major y for output `i`: the output itself, or where the output is written
// in place (with its own strides, and perhaps onto an operand) a temporary copied at the end.
template <class Call, class Body>
void with_result(Call& call, int i, Body&& body) {
  if (!call.in_place(i)) return body(call.out(i));
  const auto result = call.temporary(call.spec(i).shape, call.spec(i).dtype);
  body(result);
  const auto& y = call.out(i);
  require_writable(y);
  copy_into(call, y, result);
}

}  // namespace flambeau
