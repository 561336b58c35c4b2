// Pooling over windows of two axes. Inputs [n, c, h, w] of any strides; outputs are stored
// channels-last, as is whatever a kernel works on.
#include <algorithm>
#include <string>
#include <type_traits>

#include "channels_last.h"
#include "isa.h"
#include "kernel.h"
#include "parallel.h"
#include "pool_loops.h"
#include "pooling.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(PoolTable, pool_table)

namespace {

// Reads of the input per chunk of a parallel loop.
constexpr double kReads = 1 << 16;

// Calls body(n, row) for `rows` rows of each of `n` images, in parallel.
template <class Body>
void for_rows(int64_t n, int64_t rows, double reads_per_row, const Body& body) {
  const double grain = std::max(1.0, kReads / std::max(1.0, reads_per_row));
  parallel_for(n * rows, static_cast<int64_t>(grain), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i / rows, i % rows);
  });
}

double output_row_reads(const PoolShape& s) {
  return static_cast<double>(s.w.output * s.channels) * static_cast<double>(s.h.size * s.w.size);
}

using RowLoop = void (*)(const PoolRow&);
using GradRowLoop = void (*)(const PoolGradRow&);

RowLoop max_loop(DType dtype) {
  const PoolTable& table = active::pool_table();
  switch (dtype) {
    case DType::kFloat32: return table.max_f32;
    case DType::kFloat64: return table.max_f64;
    case DType::kInt64: return table.max_i64;
    case DType::kInt32: return table.max_i32;
    case DType::kUInt8: return table.max_u8;
    default: break;
  }
  throw Failure("ERR_INTERNAL", "there is no max pooling of bool tensors");
}

// Of two loops the one for a floating type.
template <class Loop>
Loop floating_loop(DType dtype, Loop f32, Loop f64) {
  if (dtype == DType::kFloat32) return f32;
  if (dtype == DType::kFloat64) return f64;
  throw Failure("ERR_INTERNAL", "this kernel is for floating types only");
}

template <class Tap>
void write_positions(const PoolShape& s, const Tensor& taps, const Tensor& positions) {
  const Tap* from = taps.as<Tap>();
  int64_t* to = positions.as<int64_t>();
  for_rows(taps.size(0), s.h.output, static_cast<double>(s.w.output * s.channels),
           [&](int64_t n, int64_t i) {
             int64_t at = (n * s.h.output + i) * s.w.output * s.channels;
             for (int64_t j = 0; j < s.w.output; ++j)
               for (int64_t c = 0; c < s.channels; ++c, ++at) {
                 const int64_t h = i * s.h.stride - s.h.pad + from[at] / s.w.size * s.h.dilation;
                 const int64_t w = j * s.w.stride - s.w.pad + from[at] % s.w.size * s.w.dilation;
                 to[at] = h * s.w.input + w;
               }
           });
}

template <class Tap>
void read_positions(const PoolShape& s, const Tensor& positions, const Tensor& taps) {
  const int64_t* from = positions.as<int64_t>();
  Tap* to = taps.as<Tap>();
  for_rows(taps.size(0), s.h.output, static_cast<double>(s.w.output * s.channels),
           [&](int64_t n, int64_t i) {
             int64_t at = (n * s.h.output + i) * s.w.output * s.channels;
             for (int64_t j = 0; j < s.w.output; ++j)
               for (int64_t c = 0; c < s.channels; ++c, ++at) {
                 const int64_t h = from[at] / s.w.input - (i * s.h.stride - s.h.pad);
                 const int64_t w = from[at] % s.w.input - (j * s.w.stride - s.w.pad);
                 const int64_t a = h / s.h.dilation, b = w / s.w.dilation;
                 if (from[at] < 0 || h < 0 || w < 0 || h % s.h.dilation != 0 ||
                     w % s.w.dilation != 0 || a >= s.h.size || b >= s.w.size)
                   throw Failure("ERR_INDEX", "index " + std::to_string(from[at]) +
                                                  " does not lie in the window that it belongs to");
                 to[at] = static_cast<Tap>(a * s.w.size + b);
               }
           });
}

DType tap_dtype(const PoolShape& s) {
  return s.h.size * s.w.size <= 256 ? DType::kUInt8 : DType::kInt32;
}

// Indices in any form as places in the window, channels-last.
Tensor taps_of(Call& call, const PoolShape& s, const Tensor& indices) {
  Tensor list = channels_last(call, indices);
  if (list.dtype == DType::kUInt8 || list.dtype == DType::kInt32) return list;
  if (list.dtype != DType::kInt64) throw Failure("ERR_INTERNAL", "indices cannot have this type");
  Tensor taps = call.temporary(list.shape, tap_dtype(s));
  (taps.dtype == DType::kUInt8 ? read_positions<uint8_t> : read_positions<int32_t>)(s, list, taps);
  return taps;
}

// y[place] = x[the input position that the tap of the place names]; a tap beyond the input throws.
template <class T, class Tap>
void gather(const PoolShape& s, const Tensor& x, const Tensor& taps, const Tensor& y) {
  for_rows(x.size(0), s.h.output, static_cast<double>(s.w.output * s.channels),
           [&](int64_t n, int64_t i) {
             int64_t at = (n * s.h.output + i) * s.w.output * s.channels;
             for (int64_t j = 0; j < s.w.output; ++j)
               for (int64_t c = 0; c < s.channels; ++c, ++at) {
                 const int64_t tap = taps.as<Tap>()[at];
                 const int64_t h = i * s.h.stride - s.h.pad + tap / s.w.size * s.h.dilation;
                 const int64_t w = j * s.w.stride - s.w.pad + tap % s.w.size * s.w.dilation;
                 if (tap < 0 || tap >= s.h.size * s.w.size || h < 0 || h >= s.h.input || w < 0 ||
                     w >= s.w.input)
                   throw Failure("ERR_INDEX", "index " + std::to_string(tap) +
                                                  " does not lie in the window that it belongs to");
                 y.as<T>()[at] = x.as<T>()[((n * s.h.input + h) * s.w.input + w) * s.channels + c];
               }
           });
}

// The row loops over whole tensors, all channels-last; taps may be empty.
void pool_rows(RowLoop loop, const PoolShape& s, const Tensor& x, const Tensor& y,
               const Tensor& taps, bool count_pad, double divisor) {
  const int64_t image = s.h.input * s.w.input * s.channels * static_cast<int64_t>(x.item_bytes());
  const int64_t line = s.w.output * s.channels;
  const int64_t item = static_cast<int64_t>(y.item_bytes());
  const int64_t tap_item = static_cast<int64_t>(taps.item_bytes());
  for_rows(x.size(0), s.h.output, output_row_reads(s), [&](int64_t n, int64_t i) {
    const int64_t at = (n * s.h.output + i) * line;
    loop({&s, i, x.data + n * image, y.data + at * item,
          taps.data ? taps.data + at * tap_item : nullptr, taps.dtype == DType::kInt32, count_pad,
          divisor});
  });
}

void pool_grad_rows(GradRowLoop loop, const PoolShape& s, const Tensor& dy, const Tensor& taps,
                    const Tensor& dx, bool count_pad, double divisor) {
  const int64_t places = s.h.output * s.w.output * s.channels;
  const int64_t item = static_cast<int64_t>(dx.item_bytes());
  const int64_t tap_item = static_cast<int64_t>(taps.item_bytes());
  const int64_t line = s.w.input * s.channels * item;
  const double reads =
      output_row_reads(s) * static_cast<double>(s.h.output) / static_cast<double>(s.h.input);
  for_rows(
      dx.size(0), s.h.input, std::max(reads, static_cast<double>(s.w.input * s.channels)),
      [&](int64_t n, int64_t row) {
        loop({&s, row, dy.data + n * places * item,
              taps.data ? taps.data + n * places * tap_item : nullptr, taps.dtype == DType::kInt32,
              count_pad, divisor, dx.data + (n * s.h.input + row) * line});
      });
}

}  // namespace

// y = the largest value of each window, NaN if it holds one. Parameters: window, stride, padding,
// dilation (height, width each). A second output of the shape of y says which place of the window
// held it (see simd/pool_loops.h): as its number in the window if its type is uint8 (up to 256
// places) or int32, as its position h · width + w in the input if it is int64.
FLAMBEAU_KERNEL(maxPool2d) {
  const Tensor& input = call.in(0);
  const PoolShape s = pool_shape(call, input.shape, output_shape(call, 0), true);
  const RowLoop loop = max_loop(input.dtype);
  Tensor& y = channels_last_output(call, 0, input.dtype);
  Tensor taps, positions;
  if (call.num_outputs() == 2) {
    const OutputSpec& spec = call.spec(1);
    if (!(spec.shape == y.shape))
      throw Failure("ERR_SHAPE", "indices must have the shape of the output");
    Tensor& indices = channels_last_output(call, 1, spec.dtype);
    if (spec.dtype == DType::kInt64) {
      positions = indices;
      taps = call.temporary(y.shape, tap_dtype(s));
    } else if (spec.dtype == DType::kInt32 || spec.dtype == tap_dtype(s)) {
      taps = indices;
    } else {
      throw Failure("ERR_INTERNAL", "indices cannot have this type");
    }
  }
  if (y.numel() == 0) return;
  pool_rows(loop, s, channels_last(call, input), y, taps, false, 0);
  if (positions.data)
    (taps.dtype == DType::kUInt8 ? write_positions<uint8_t> : write_positions<int32_t>)(s, taps,
                                                                                        positions);
}

// dx: each element of dy goes to the place that the indices name; they are what maxPool2d gave, in
// any of its forms. Parameters as of maxPool2d. Where windows overlap, gradients add up.
FLAMBEAU_KERNEL(maxPool2dGrad) {
  const Tensor& grad = call.in(0);
  const Tensor& indices = call.in(1);
  const PoolShape s = pool_shape(call, output_shape(call, 0), grad.shape, true);
  if (!(indices.shape == grad.shape))
    throw Failure("ERR_SHAPE", "indices must have the shape of the gradient");
  const PoolTable& table = active::pool_table();
  const GradRowLoop loop = floating_loop(grad.dtype, table.max_grad_f32, table.max_grad_f64);
  Tensor& dx = channels_last_output(call, 0, grad.dtype);
  if (dx.numel() == 0) return;
  const Tensor taps = taps_of(call, s, indices);
  pool_grad_rows(loop, s, channels_last(call, grad), taps, dx, false, 0);
}

// y = the values of x at the places that the indices name: the gradient of maxPool2dGrad. Inputs: x
// and what maxPool2d gave as indices, in any of its forms; parameters as of maxPool2d.
FLAMBEAU_KERNEL(maxPool2dGather) {
  const Tensor& input = call.in(0);
  const Tensor& indices = call.in(1);
  const PoolShape s = pool_shape(call, input.shape, output_shape(call, 0), true);
  if (!(indices.shape == call.spec(0).shape))
    throw Failure("ERR_SHAPE", "indices must have the shape of the output");
  Tensor& y = channels_last_output(call, 0, input.dtype);
  if (y.numel() == 0) return;
  const Tensor taps = taps_of(call, s, indices);
  const Tensor x = channels_last(call, input);
  with_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      (taps.dtype == DType::kUInt8 ? gather<T, uint8_t> : gather<T, int32_t>)(s, x, taps, y);
    } else {
      throw Failure("ERR_INTERNAL", "this kernel is for floating types only");
    }
  });
}

// y = the mean of each window. Parameters: window, stride, padding (height, width each), whether
// padding counts as zeros, and what to divide by in place of the number of positions (0: nothing).
FLAMBEAU_KERNEL(avgPool2d) {
  const Tensor& input = call.in(0);
  const PoolShape s = pool_shape(call, input.shape, output_shape(call, 0), false);
  const PoolTable& table = active::pool_table();
  const RowLoop loop = floating_loop(input.dtype, table.avg_f32, table.avg_f64);
  const bool count_pad = call.flag(6);
  const double divisor = call.param(7);
  Tensor& y = channels_last_output(call, 0, input.dtype);
  if (y.numel() == 0) return;
  pool_rows(loop, s, channels_last(call, input), y, {}, count_pad, divisor);
}

// dx: each position gets the shares of the windows that cover it. Parameters as of avgPool2d.
FLAMBEAU_KERNEL(avgPool2dGrad) {
  const Tensor& grad = call.in(0);
  const PoolShape s = pool_shape(call, output_shape(call, 0), grad.shape, false);
  const PoolTable& table = active::pool_table();
  const GradRowLoop loop = floating_loop(grad.dtype, table.avg_grad_f32, table.avg_grad_f64);
  const bool count_pad = call.flag(6);
  const double divisor = call.param(7);
  Tensor& dx = channels_last_output(call, 0, grad.dtype);
  if (dx.numel() == 0) return;
  pool_grad_rows(loop, s, channels_last(call, grad), {}, dx, count_pad, divisor);
}

}  // namespace flambeau
