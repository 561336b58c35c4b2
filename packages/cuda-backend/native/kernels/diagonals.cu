// Diagonals and triangles of the matrices of two axes.
#include <algorithm>

#include "call.h"
#include "elements.h"
#include "geometry.h"
#include "primitives.h"
#include "tensor_parts.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 128;

}  // namespace

// x, src [.., n] or without axes, axis a, axis b, offset -> x with src on the diagonal.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(diagonalScatter) {
  const Tensor& x = call.in(0);
  const Tensor& out = call.out_like(0, x);
  const Tensor line = diagonal_of(out, call.integer(0), call.integer(1), call.integer(2));
  require_fitting(line, call.in(1));
  copy_into(call, out, x);
  copy_into(call, line, call.in(1));
}

namespace {

// Where the rows of two tensors of one shape lie: the axes before the last one, innermost first.
struct RowPlaces {
  int ndim;
  int64_t sizes[kMaxDims];
  int64_t to[kMaxDims];
  int64_t from[kMaxDims];
};

// Rows of n columns; columns [first, last) of row i of a matrix stay, which `edge` + i limits on
// one side.
template <class T>
__global__ void __launch_bounds__(kThreads)
    keep_triangle(RowPlaces places, T* out, const T* x, int64_t rows, int64_t n, int64_t to_step,
                  int64_t from_step, int64_t diagonal, bool upper) {
  const int64_t m = places.sizes[0];
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    int64_t to = 0, from = 0, rest = row;
    for (int d = 0; d < places.ndim; ++d) {
      const int64_t at = rest % places.sizes[d];
      rest /= places.sizes[d];
      to += at * places.to[d];
      from += at * places.from[d];
    }
    const int64_t edge = diagonal + row % m;  // upper: the first column that stays; else the last
    for (int64_t column = threadIdx.x; column < n; column += kThreads) {
      const bool stays = upper ? column >= edge : column <= edge;
      out[to + column * to_step] = stays ? x[from + column * from_step] : T(0);
    }
  }
}

}  // namespace

// x [.., m, n], diagonal, upper -> x with zeros below (upper) or above the diagonal, row-major; or
// in place.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(triangle) {
  Tensor x = call.in(0);
  const Tensor& out = call.out(0);
  if (x.ndim() < 2 || !(x.shape == out.shape) || x.dtype != out.dtype)
    throw Failure("ERR_INTERNAL", "a triangle is one of matrices");
  require_writable(out);
  if (out.numel() == 0) return;
  if (overlaps(out, x)) {
    const Tensor apart = call.temporary(x.shape, x.dtype);
    copy_into(call, apart, x);
    x = apart;
  }
  const int last = out.ndim() - 1;
  const int64_t m = out.size(last - 1), n = out.size(last);
  // A diagonal far away must not overflow.
  const int64_t diagonal = std::clamp<int64_t>(call.integer(0), -m - 1, n + 1);
  RowPlaces places;
  places.ndim = last;
  for (int d = 0; d < last; ++d) {
    places.sizes[d] = out.size(last - 1 - d);
    places.to[d] = out.stride(last - 1 - d);
    places.from[d] = x.stride(last - 1 - d);
  }
  const int64_t rows = out.numel() / n;
  with_item(out.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    launch(keep_triangle<T>, static_cast<unsigned>(std::min<int64_t>(rows, INT32_MAX)), kThreads, 0,
           call.stream(), places, out.as<T>(), x.as<T>(), rows, n, out.stride(last), x.stride(last),
           diagonal, call.flag(1));
  });
}

namespace {

// Σ of min(max(row + diagonal, 0), columns) over the first `rows` rows.
__host__ __device__ inline int64_t sum_below(int64_t rows, int64_t diagonal, int64_t columns) {
  const auto inside = [rows](int64_t row) { return row < 0 ? 0 : row > rows ? rows : row; };
  const int64_t low = inside(-diagonal);            // rows before it have none
  const int64_t high = inside(columns - diagonal);  // rows from it on have all
  const int64_t between = high - low;
  return between * diagonal + between * (low + high - 1) / 2 + (rows - high) * columns;
}

// The elements of a triangle: those of each row left of an edge, or from it on. `diagonal` is where
// the edge of row 0 lies.
struct Triangle {
  int64_t rows, columns, diagonal;
  bool upper;

  __host__ __device__ int64_t before(int64_t row) const {
    const int64_t left = sum_below(row, diagonal, columns);
    return upper ? row * columns - left : left;
  }
  __device__ int64_t edge(int64_t row) const {
    const int64_t at = row + diagonal;
    return at < 0 ? 0 : at > columns ? columns : at;
  }
};

template <class T>
__global__ void __launch_bounds__(kThreads)
    list_triangle(Triangle triangle, T* row_at, T* column_at) {
  for (int64_t row = blockIdx.x; row < triangle.rows; row += gridDim.x) {
    const int64_t edge = triangle.edge(row);
    const int64_t first = triangle.upper ? edge : 0;
    const int64_t last = triangle.upper ? triangle.columns : edge;
    const int64_t start = triangle.before(row);
    for (int64_t column = first + threadIdx.x; column < last; column += kThreads) {
      row_at[start + column - first] = static_cast<T>(row);
      column_at[start + column - first] = static_cast<T>(column);
    }
  }
}

}  // namespace

// rows, columns, diagonal, upper -> [2, count], int64 or int32: rows, then columns, of the elements
// of a triangle in row-major order.
FLAMBEAU_CUDA_KERNEL(triangleIndices) {
  const int64_t rows = call.integer(0), columns = call.integer(1);
  const bool upper = call.flag(3);
  const Tensor& out = call.out(0);
  if (out.ndim() != 2 || out.size(0) != 2 || rows < 0 || columns < 0 || !out.is_contiguous())
    throw Failure("ERR_INTERNAL", "positions have two coordinates");
  const int64_t diagonal = std::clamp<int64_t>(call.integer(2), -rows - 1, columns + 1);
  const Triangle triangle = {rows, columns, upper ? diagonal : diagonal + 1, upper};
  const int64_t count = triangle.before(rows);
  if (count > out.size(1))
    throw Failure("ERR_INTERNAL", "the triangle has more elements than the output");
  if (count < out.size(1))
    throw Failure("ERR_INTERNAL", "the triangle has fewer elements than the output");
  if (count == 0) return;
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(list_triangle<T>, static_cast<unsigned>(std::min<int64_t>(rows, INT32_MAX)), kThreads, 0,
           call.stream(), triangle, out.as<T>(), out.as<T>() + count);
  });
}

}  // namespace flambeau::cuda
