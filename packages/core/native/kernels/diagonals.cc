// Diagonals and triangles of the matrices of two axes.
#include <algorithm>
#include <cstring>

#include "iterate.h"
#include "streaming.h"
#include "tensor_parts.h"

namespace flambeau {

// src [.., n], axis a, axis b, offset -> zeros of spec's shape with src on the diagonal.
FLAMBEAU_KERNEL_ANY_DEVICE(diagEmbed) {
  Tensor& out = call.out(0);
  const Tensor line = diagonal_of(out, call.integer(0), call.integer(1), call.integer(2));
  require_fitting(line, call.in(0));
  fill_with(out, 0);
  copy_into(line, call.in(0));
}

// x, src [.., n] or without axes, axis a, axis b, offset -> x with src on the diagonal.
FLAMBEAU_KERNEL_ALL_TYPES(diagonalScatter) {
  const Tensor& x = call.in(0);
  Tensor& out = call.out_like(0, x);
  const Tensor line = diagonal_of(out, call.integer(0), call.integer(1), call.integer(2));
  require_fitting(line, call.in(1));
  copy_into(out, x);
  copy_into(line, call.in(1));
}

// x [.., m, n], diagonal, upper -> x with zeros below (upper) or above the diagonal, row-major; or
// in place.
FLAMBEAU_KERNEL_ALL_TYPES(triangle) {
  const Tensor& x = call.in(0);
  const int64_t diagonal = call.integer(0);
  const bool upper = call.flag(1);
  Tensor& out = call.out(0);
  if (x.ndim() < 2 || !(x.shape == out.shape) || x.dtype != out.dtype)
    throw Failure("ERR_INTERNAL", "a triangle is one of matrices");
  require_writable(out);
  if (out.numel() == 0) return;
  const int64_t n = out.size(out.ndim() - 1);
  const int64_t item = static_cast<int64_t>(out.item_bytes());
  const int64_t to = out.stride(out.ndim() - 1) * item;
  const int64_t from = x.stride(x.ndim() - 1) * item;
  const CopyTable& table = active::copy_table();
  const int code = static_cast<int>(out.dtype);
  const Loop copy = table.convert[code][code];
  const char zero[8] = {};
  const int64_t rows = out.numel() / n;
  parallel_for(rows, std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      char* y = out.data;
      char* z = x.data;
      int64_t rest = row;
      for (int i = out.ndim() - 2; i >= 0; --i) {
        const int64_t at = rest % out.size(i);
        rest /= out.size(i);
        y += at * out.stride(i) * item;
        z += at * x.stride(i) * item;
      }
      // Columns [first, last) stay; a diagonal far away must not overflow.
      const int64_t line = row % out.size(out.ndim() - 2);
      const int64_t edge = std::clamp<int64_t>(diagonal, -line - 1, n) + line + (upper ? 0 : 1);
      const int64_t first = upper ? std::clamp<int64_t>(edge, 0, n) : 0;
      const int64_t last = upper ? n : std::clamp<int64_t>(edge, 0, n);
      if (y != z || to != from) {
        char* const pointers[2] = {y + first * to, z + first * from};
        const int64_t strides[2] = {to, from};
        if (last > first) copy(pointers, strides, last - first, nullptr);
      }
      if (first > 0) table.fill(y, to, zero, item, first);
      if (last < n) table.fill(y + last * to, to, zero, item, n - last);
    }
  });
}

// rows, columns, diagonal, upper -> [2, count], int64 or int32: rows, then columns, of the elements
// of a triangle in row-major order.
FLAMBEAU_KERNEL(triangleIndices) {
  const int64_t rows = call.integer(0), columns = call.integer(1), diagonal = call.integer(2);
  const bool upper = call.flag(3);
  Tensor& out = call.out(0);
  if (out.ndim() != 2 || out.size(0) != 2 || rows < 0 || columns < 0)
    throw Failure("ERR_INTERNAL", "positions have two coordinates");
  const int64_t count = out.size(1);
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* row_at = out.as<T>();
    T* column_at = row_at + count;
    int64_t at = 0;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t edge = std::clamp<int64_t>(diagonal, -row - 1, columns) + row;
      const int64_t first = upper ? std::clamp<int64_t>(edge, 0, columns) : 0;
      const int64_t last = upper ? columns : std::clamp<int64_t>(edge + 1, 0, columns);
      if (last - first > count - at)
        throw Failure("ERR_INTERNAL", "the triangle has more elements than the output");
      for (int64_t column = first; column < last; ++column, ++at) {
        row_at[at] = static_cast<T>(row);
        column_at[at] = static_cast<T>(column);
      }
    }
    if (at != count)
      throw Failure("ERR_INTERNAL", "the triangle has fewer elements than the output");
  });
}

}  // namespace flambeau
