// Tensors as the matrices of products: how many products there are, and where their matrices lie.
// For tensors of the processor and of devices.
#pragma once

#include <algorithm>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// The sizes of a · b and where the matrices of the batch lie. An operand with one axis is a row (a)
// or a column (b), and the result lacks that axis.
struct MatmulPlan {
  int64_t m = 1, n = 1, k = 0;
  int64_t a_row = 0, a_column = 0, b_row = 0, b_column = 0;
  int axes = 0;  // of the batch, outermost first; those that are even together are one
  int64_t sizes[kMaxDims];
  int64_t a_strides[kMaxDims];
  int64_t b_strides[kMaxDims];

  // `y` has the type and the shape of the result.
  template <class Spec>
  MatmulPlan(const Strided& a, const Strided& b, const Spec& y) {
    require_internal(a.ndim() >= 1 && b.ndim() >= 1, "a matrix product needs axes");
    require_internal(a.dtype == b.dtype && a.dtype == y.dtype, "a matrix product needs one type");
    const int a_batch = std::max(a.ndim() - 2, 0);
    const int b_batch = std::max(b.ndim() - 2, 0);
    k = a.size(a.ndim() - 1);
    a_column = a.stride(a.ndim() - 1);
    if (a.ndim() > 1) {
      m = a.size(a_batch);
      a_row = a.stride(a_batch);
    }
    require_internal(b.size(b_batch) == k, "the inner sizes of a matrix product differ");
    b_row = b.stride(b_batch);
    if (b.ndim() > 1) {
      n = b.size(b_batch + 1);
      b_column = b.stride(b_batch + 1);
    }
    Shape shape;
    const int batch = std::max(a_batch, b_batch);
    for (int axis = 0; axis < batch; ++axis) {
      const int in_a = axis - (batch - a_batch);
      const int in_b = axis - (batch - b_batch);
      const int64_t a_size = in_a < 0 ? 1 : a.size(in_a);
      const int64_t b_size = in_b < 0 ? 1 : b.size(in_b);
      require_internal(a_size == b_size || a_size == 1 || b_size == 1,
                       "the batches do not broadcast");
      const int64_t size = a_size == 1 ? b_size : a_size;
      shape.sizes[shape.ndim++] = size;
      if (size != 1)
        append(size, a_size == 1 ? 0 : a.stride(in_a), b_size == 1 ? 0 : b.stride(in_b));
    }
    if (a.ndim() > 1) shape.sizes[shape.ndim++] = m;
    if (b.ndim() > 1) shape.sizes[shape.ndim++] = n;
    require_internal(shape == y.shape, "the output of a matrix product has the wrong shape");
    merge_rows();
  }

  // Products in the batch.
  int64_t count() const {
    int64_t count = 1;
    for (int axis = 0; axis < axes; ++axis) count *= sizes[axis];
    return count;
  }
  // Where the matrices of product `index` lie, counted over the first `among` axes of the batch.
  struct Place {
    int64_t a = 0, b = 0;
  };
  Place place(int64_t index, int among) const {
    Place place;
    for (int axis = among - 1; axis >= 0; --axis) {
      const int64_t at = index % sizes[axis];
      index /= sizes[axis];
      place.a += at * a_strides[axis];
      place.b += at * b_strides[axis];
    }
    return place;
  }

 private:
  // A further axis, one with the last where both operands go on evenly across it.
  void append(int64_t size, int64_t a_stride, int64_t b_stride) {
    const int last = axes - 1;
    if (axes > 0 && a_strides[last] == a_stride * size && b_strides[last] == b_stride * size) {
      sizes[last] *= size;
      a_strides[last] = a_stride;
      b_strides[last] = b_stride;
      return;
    }
    sizes[axes] = size;
    a_strides[axes] = a_stride;
    b_strides[axes++] = b_stride;
  }

  // Where one b serves the last axis of the batch and the rows of a go on evenly across it, that
  // axis means more rows.
  void merge_rows() {
    while (axes > 0) {
      const int last = axes - 1;
      if (b_strides[last] != 0 || a_strides[last] == 0) return;
      if (m != 1 && a_strides[last] != a_row * m) return;
      if (m == 1) a_row = a_strides[last];
      m *= sizes[last];
      --axes;
    }
  }
};

// A tensor [..., columns] as a matrix of all its rows; copied where one stride cannot span them.
template <class Tensor>
struct RowMatrix {
  Tensor tensor;
  int64_t count = 1;
  int64_t columns;
  int64_t row = 0;
  int64_t column;

  template <class Call>
  RowMatrix(Call& call, const Tensor& t) : tensor(t), columns(0), column(0) {
    require_internal(t.ndim() >= 1, "a row needs an axis");
    const int last = t.ndim() - 1;
    columns = t.size(last);
    if (!find_stride()) {
      tensor = call.contiguous(t);
      find_stride();
    }
    column = tensor.stride(last);
    for (int axis = 0; axis < last; ++axis) count *= t.size(axis);
  }

  // Is `shape` that of a matrix of so many columns with the same rows?
  bool has_rows_of(const Shape& shape, int64_t other_columns) const {
    Shape expected = tensor.shape;
    expected.sizes[expected.ndim - 1] = other_columns;
    return shape == expected;
  }

 private:
  bool find_stride() {
    row = 0;
    int64_t next = -1;  // the stride that continues the rows so far
    for (int axis = tensor.ndim() - 2; axis >= 0; --axis) {
      if (tensor.size(axis) == 1) continue;
      if (next < 0) {
        row = tensor.stride(axis);
      } else if (tensor.stride(axis) != next) {
        return false;
      }
      next = tensor.stride(axis) * tensor.size(axis);
    }
    return true;
  }
};

}  // namespace flambeau
