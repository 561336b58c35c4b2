// Batches of matrices: what the kernels of linear algebra share.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>

#include "kernel.h"
#include "lapack.h"
#include "parallel.h"

namespace flambeau {

// Calls body(T{}) for float and double.
template <class Body>
void with_floating(DType dtype, Body&& body) {
  if (dtype == DType::kFloat32) return body(float{});
  if (dtype == DType::kFloat64) return body(double{});
  throw Failure("ERR_INTERNAL", "linear algebra takes float32 and float64");
}

// The sizes of a batch of matrices: a tensor [..., rows, columns].
struct Batch {
  int64_t count = 1;
  int64_t rows = 0;
  int64_t columns = 0;

  explicit Batch(const Shape& shape) {
    require_internal(shape.ndim >= 2, "a matrix needs two axes");
    rows = shape.sizes[shape.ndim - 2];
    columns = shape.sizes[shape.ndim - 1];
    for (int axis = 0; axis < shape.ndim - 2; ++axis) count *= shape.sizes[axis];
    lapack::checked(rows);
    lapack::checked(columns);
  }
  int64_t elements() const { return rows * columns; }
  lapack::Int m() const { return static_cast<lapack::Int>(rows); }
  lapack::Int n() const { return static_cast<lapack::Int>(columns); }
  // The leading dimension of a column-major matrix.
  lapack::Int ld() const { return static_cast<lapack::Int>(std::max<int64_t>(rows, 1)); }
};

// A shape like that of `t` without its last `drop` axes, followed by `more`.
inline Shape batch_shape(const Tensor& t, int drop, std::initializer_list<int64_t> more) {
  Shape shape(t.shape.sizes, t.ndim() - drop);
  for (int64_t size : more) shape.sizes[shape.ndim++] = size;
  return shape;
}

inline void require_output(Call& call, int i, const Shape& shape, DType dtype) {
  require_internal(!call.in_place(i) && call.spec(i).shape == shape && call.spec(i).dtype == dtype,
                   "an output of linear algebra has the wrong shape or type");
}

// Strides of matrices in column-major order, one after the other.
inline void column_major_strides(const Shape& shape, int64_t* strides) {
  const int row = shape.ndim - 2;
  const int column = shape.ndim - 1;
  contiguous_strides(shape, strides);
  strides[row] = 1;
  strides[column] = std::max<int64_t>(shape.sizes[row], 1);
}

// Output `i` in column-major order.
inline Tensor& column_major_out(Call& call, int i) {
  int64_t strides[kMaxDims];
  column_major_strides(call.spec(i).shape, strides);
  return call.out_strided(i, strides);
}

// A column-major copy that dies with the call.
inline Tensor column_major_copy(Call& call, const Tensor& t) {
  int64_t strides[kMaxDims];
  column_major_strides(t.shape, strides);
  call.context().reserve(checked_bytes(t.shape, t.dtype));
  Tensor copy = empty_tensor(t.shape, t.dtype, strides);
  copy_into(copy, t);
  return copy;
}

// body(index) for the matrices of a batch, in parallel; `work` is about the number of
// multiplications for one of them.
template <class Body>
void for_matrices(int64_t count, double work, const Body& body) {
  constexpr double kChunk = 1 << 17;
  const auto grain = static_cast<int64_t>(std::clamp(kChunk / std::max(work, 1.0), 1.0, 65536.0));
  parallel_for(count, grain, body);
}

inline double cubed(int64_t n) {
  const auto size = static_cast<double>(n);
  return size * size * size;
}

// " 3 of the batch", or nothing for a single matrix without batch axes: where to look.
inline std::string which_matrix(const Tensor& t, int64_t index) {
  return t.ndim() == 2 ? std::string() : " " + std::to_string(index) + " of the batch";
}

// What a run of elements holds: numbers only, or infinities, or NaN.
enum class Contents : uint8_t { kFinite, kInfinite, kNaN };

template <class T>
Contents contents(const T* elements, int64_t count) {
  auto worst = Contents::kFinite;
  for (int64_t i = 0; i < count; ++i) {
    if (std::isfinite(elements[i])) continue;
    if (std::isnan(elements[i])) return Contents::kNaN;
    worst = Contents::kInfinite;
  }
  return worst;
}

[[noreturn]] inline void throw_not_finite(const Tensor& t, int64_t index, const char* what) {
  throw Failure("ERR_VALUE", "matrix" + which_matrix(t, index) + " holds " + what +
                                 ", and has no such decomposition");
}

inline void require_convergence(const Tensor& t, int64_t index, lapack::Int info) {
  if (info != 0)
    throw Failure("ERR_VALUE", "the algorithm did not converge for matrix" +
                                   which_matrix(t, index) + ", which is ill-conditioned");
}

}  // namespace flambeau
