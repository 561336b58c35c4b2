// Operands of products with sparse matrices in compressed rows, checked as far as sizes and types
// go. For tensors of the processor and of devices.
#pragma once

#include "failure.h"
#include "layout.h"

namespace flambeau {

// Row i of the m has the entries ends[i] to ends[i + 1] of the column numbers; both are row-major
// int64.
template <class Tensor>
struct CompressedRows {
  Tensor ends, columns;
  int64_t m, n, entries;

  // Inputs 0 and 1, as rows of n columns.
  template <class Call>
  CompressedRows(Call& call, int64_t columns_of_all)
      : ends(whole_numbers(call, call.in(0))),
        columns(whole_numbers(call, call.in(1))),
        m(ends.size(0) - 1),
        n(columns_of_all),
        entries(columns.size(0)) {
    if (m < 0) throw Failure("ERR_INTERNAL", "compressed rows have an end");
  }
  void require_values(const Strided& values, DType dtype) const {
    if (values.ndim() != 1 || values.size(0) != entries || values.dtype != dtype)
      throw Failure("ERR_INTERNAL", "an entry has one value");
  }
  // Throws unless `t` is a matrix of as many rows.
  void require_matrix(const Strided& t) const {
    if (t.ndim() != 2 || t.size(0) != m) throw Failure("ERR_INTERNAL", "a matrix must fit");
  }

 private:
  template <class Call>
  static Tensor whole_numbers(Call& call, const Tensor& t) {
    if (t.ndim() != 1) throw Failure("ERR_INTERNAL", "compressed rows are lists");
    if (t.dtype == DType::kInt64) return call.contiguous(t);
    Tensor copy = call.temporary(t.shape, DType::kInt64);
    copy_into(call, copy, t);
    return copy;
  }
};

// crow [m + 1], col [e], values [e], dense [n, k] -> [m, k]; transposed: dense [m, k] -> [n, k].
template <class Tensor>
struct SparseProduct {
  Tensor values, dense, out;
  CompressedRows<Tensor> rows;
  int64_t width;  // k

  template <class Call>
  SparseProduct(Call& call, bool transposed)
      : values(call.contiguous(call.in(2))),
        dense(call.contiguous(call.in(3))),
        out(call.out(0)),
        rows(call, rows_in(transposed ? out : dense,
                           transposed ? "a product is a matrix" : "a product needs a matrix")) {
    rows.require_values(values, dense.dtype);
    rows.require_matrix(transposed ? dense : out);
    width = dense.size(1);
    if (out.size(1) != width || out.dtype != dense.dtype)
      throw Failure("ERR_INTERNAL", "a product's columns");
  }

 private:
  static int64_t rows_in(const Strided& t, const char* otherwise) {
    if (t.ndim() != 2) throw Failure("ERR_INTERNAL", otherwise);
    return t.size(0);
  }
};

// crow [m + 1], col [e], a [m, k], b [n, k] -> [e]: the product of the rows that each entry joins.
template <class Tensor>
struct SampledProduct {
  Tensor a, b, out;
  CompressedRows<Tensor> rows;

  template <class Call>
  explicit SampledProduct(Call& call)
      : a(call.contiguous(call.in(2))),
        b(call.contiguous(call.in(3))),
        out(call.out(0)),
        rows(call, rows_in(b)) {
    rows.require_matrix(a);
    rows.require_values(out, a.dtype);
    if (a.size(1) != b.size(1) || a.dtype != b.dtype)
      throw Failure("ERR_INTERNAL", "matrices of a product");
  }

 private:
  static int64_t rows_in(const Strided& b) {
    if (b.ndim() != 2) throw Failure("ERR_INTERNAL", "a product needs matrices");
    return b.size(0);
  }
};

// Calls body(T{}) for the types that have sparse products.
template <class Body>
void with_sparse_type(DType dtype, const Body& body) {
  if (dtype == DType::kFloat32) return body(float{});
  if (dtype == DType::kFloat64) return body(double{});
  throw Failure("ERR_INTERNAL", "sparse products are floating");
}

}  // namespace flambeau
