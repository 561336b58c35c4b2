// The windows that a call for a pooling asks for, checked. For calls on the processor and on
// devices.
#pragma once

#include "call_checks.h"
#include "failure.h"
#include "layout.h"
#include "pool_windows.h"

namespace flambeau {

// Throws unless the number of windows is the rounded-down or the rounded-up one and each of them
// covers a position of the input.
inline void check_pool_axis(const PoolAxis& axis) {
  int64_t reach;
  if (__builtin_mul_overflow(axis.size - 1, axis.dilation, &reach) || axis.pad > (reach + 1) / 2)
    throw Failure("ERR_VALUE", "the padding is more than half of the window");
  const int64_t free = axis.input + 2 * axis.pad - reach - 1;
  if (axis.output < 1 || axis.input < 1)
    throw Failure("ERR_SHAPE", "the window is larger than the padded input");
  const int64_t down = free < 0 ? 0 : free / axis.stride + 1;
  const int64_t up = free + axis.stride - 1 < 0 ? 0 : (free + axis.stride - 1) / axis.stride + 1;
  if ((axis.output != down && axis.output != up) ||
      (axis.output - 1) * axis.stride - axis.pad >= axis.input)
    throw Failure("ERR_SHAPE", "the output's height or width does not follow from the input's");
  // A window that begins in the padding may step over the whole input.
  for (int64_t origin = -axis.pad, i = 0; origin < 0 && i < axis.output; ++i) {
    const int64_t first = (axis.dilation - 1 - origin) / axis.dilation;
    if (first >= axis.size || origin + first * axis.dilation >= axis.input)
      throw Failure("ERR_SHAPE",
                    "a window lies in the padding alone; use less padding or dilation");
    origin += axis.stride;
  }
}

// The pooling of x [n, c, h, w] to y. Parameters 0 to 5 are the window's size, stride and padding,
// height and width each; with `dilated`, 6 and 7 are its dilation.
template <class Call>
PoolShape pool_shape(const Call& call, const Shape& x, const Shape& y, bool dilated) {
  if (x.ndim != 4 || y.ndim != 4)
    throw Failure("ERR_SHAPE", "pooling needs an input and an output with 4 axes");
  if (x.sizes[0] != y.sizes[0] || x.sizes[1] != y.sizes[1])
    throw Failure("ERR_SHAPE", "the output's batch and channels must be those of the input");
  PoolShape shape;
  for (int axis = 0; axis < 2; ++axis) {
    PoolAxis& a = axis == 0 ? shape.h : shape.w;
    a.input = x.sizes[2 + axis];
    a.output = y.sizes[2 + axis];
    a.size = size_param(call, axis, 1, "a window");
    a.stride = size_param(call, 2 + axis, 1, "a stride");
    a.pad = size_param(call, 4 + axis, 0, "a padding");
    a.dilation = dilated ? size_param(call, 6 + axis, 1, "a dilation") : 1;
  }
  shape.channels = x.sizes[1];
  if (x.numel() == 0 && y.numel() == 0) return shape;
  check_pool_axis(shape.h);
  check_pool_axis(shape.w);
  if (shape.h.size > INT32_MAX / shape.w.size)
    throw Failure("ERR_VALUE", "the window has more than 2^31 places");
  return shape;
}

}  // namespace flambeau
