// Products with sparse matrices in compressed rows: row i has the entries crow[i] to crow[i + 1] of
// the column numbers and values.
#include <algorithm>
#include <numeric>
#include <vector>

#include "index_check.h"
#include "parallel.h"

namespace flambeau {
namespace {

// Multiply-adds of a chunk of a parallel loop.
constexpr int64_t kWork = 1 << 14;

// Compressed rows [m, n] whose bounds were checked.
struct Rows {
  Tensor ends, columns;
  int64_t m = 0, n = 0, entries = 0;
  const int64_t* first() const { return ends.as<int64_t>(); }
  const int64_t* column() const { return columns.as<int64_t>(); }
  // Rows of a chunk, where each entry takes `width` multiply-adds.
  int64_t grain(int64_t width) const {
    const int64_t per_row = (entries / std::max<int64_t>(1, m) + 1) * std::max<int64_t>(1, width);
    return std::max<int64_t>(1, kWork / per_row);
  }
};

Tensor whole_numbers(Call& call, const Tensor& t) {
  if (t.ndim() != 1) throw Failure("ERR_INTERNAL", "compressed rows are lists");
  if (t.dtype == DType::kInt64) return call.contiguous(t);
  Tensor copy = call.temporary(t.shape, DType::kInt64);
  copy_into(copy, t);
  return copy;
}

// Inputs 0 and 1 as compressed rows of n columns.
Rows rows_of(Call& call, int64_t n) {
  Rows rows{whole_numbers(call, call.in(0)), whole_numbers(call, call.in(1))};
  rows.m = rows.ends.size(0) - 1;
  rows.n = n;
  rows.entries = rows.columns.size(0);
  if (rows.m < 0) throw Failure("ERR_INTERNAL", "compressed rows have an end");
  const int64_t* ends = rows.first();
  if (ends[0] != 0 || ends[rows.m] != rows.entries)
    throw Failure("ERR_VALUE", "crow must begin with 0 and end with the number of entries, " +
                                   std::to_string(rows.entries));
  for (int64_t i = 0; i < rows.m; ++i)
    if (ends[i + 1] < ends[i])
      throw Failure("ERR_VALUE", "crow must not decrease, but does after row " + std::to_string(i));
  check_places(call, call.in(1), n, false, 1);
  return rows;
}

void require_matrix(const Tensor& t, int64_t rows) {
  if (t.ndim() != 2 || t.size(0) != rows) throw Failure("ERR_INTERNAL", "a matrix must fit");
}

template <class Body>
void with_float(DType dtype, const Body& body) {
  if (dtype == DType::kFloat32) return body(float{});
  if (dtype == DType::kFloat64) return body(double{});
  throw Failure("ERR_INTERNAL", "sparse products are floating");
}

void require_values(const Tensor& values, const Rows& rows, DType dtype) {
  if (values.ndim() != 1 || values.size(0) != rows.entries || values.dtype != dtype)
    throw Failure("ERR_INTERNAL", "an entry has one value");
}

// out[i, :] = sum over entries e of row i of values[order[e]] * dense[column[e], :]; without order,
// e.
template <class T>
void multiply(const int64_t* first, const int64_t* column, const int64_t* order, const T* values,
              const T* dense, T* out, int64_t m, int64_t width, int64_t grain) {
  parallel_for(m, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* row = out + i * width;
      std::fill(row, row + width, T{0});
      for (int64_t e = first[i]; e < first[i + 1]; ++e) {
        const T value = values[order ? order[e] : e];
        const T* from = dense + column[e] * width;
        for (int64_t k = 0; k < width; ++k) row[k] += value * from[k];
      }
    }
  });
}

}  // namespace

// crow [m + 1], col [e], values [e], dense [n, k] -> [m, k], row-major.
FLAMBEAU_KERNEL(spmm) {
  const Tensor dense = call.contiguous(call.in(3));
  const Tensor values = call.contiguous(call.in(2));
  if (dense.ndim() != 2) throw Failure("ERR_INTERNAL", "a product needs a matrix");
  const Rows rows = rows_of(call, dense.size(0));
  require_values(values, rows, dense.dtype);
  Tensor& out = call.out(0);
  require_matrix(out, rows.m);
  const int64_t width = dense.size(1);
  if (out.size(1) != width || out.dtype != dense.dtype)
    throw Failure("ERR_INTERNAL", "a product's columns");
  with_float(dense.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(rows.first(), rows.column(), nullptr, values.as<T>(), dense.as<T>(), out.as<T>(),
                rows.m, width, rows.grain(width));
  });
}

// crow [m + 1], col [e], values [e], dense [m, k] -> [n, k], row-major: the product with the
// transposed matrix. Its columns are compressed first, so that rows of the result are independent.
FLAMBEAU_KERNEL(spmmTransposed) {
  const Tensor dense = call.contiguous(call.in(3));
  const Tensor values = call.contiguous(call.in(2));
  Tensor& out = call.out(0);
  if (out.ndim() != 2) throw Failure("ERR_INTERNAL", "a product is a matrix");
  const Rows rows = rows_of(call, out.size(0));
  require_values(values, rows, dense.dtype);
  require_matrix(dense, rows.m);
  const int64_t width = dense.size(1);
  if (out.size(1) != width || out.dtype != dense.dtype)
    throw Failure("ERR_INTERNAL", "a product's columns");
  std::vector<int64_t> ends(static_cast<size_t>(rows.n) + 1),
      from(static_cast<size_t>(rows.entries)), order(static_cast<size_t>(rows.entries));
  for (int64_t e = 0; e < rows.entries; ++e) ++ends[static_cast<size_t>(rows.column()[e]) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<int64_t> next(ends.begin(), ends.end() - 1);
  for (int64_t i = 0; i < rows.m; ++i) {
    for (int64_t e = rows.first()[i]; e < rows.first()[i + 1]; ++e) {
      const auto at = static_cast<size_t>(next[static_cast<size_t>(rows.column()[e])]++);
      from[at] = i;
      order[at] = e;
    }
  }
  with_float(dense.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(ends.data(), from.data(), order.data(), values.as<T>(), dense.as<T>(), out.as<T>(),
                rows.n, width, rows.grain(width));
  });
}

// crow [m + 1], col [e], a [m, k], b [n, k] -> [e]: the product of the rows that each entry joins.
FLAMBEAU_KERNEL(sampledProduct) {
  const Tensor a = call.contiguous(call.in(2));
  const Tensor b = call.contiguous(call.in(3));
  if (b.ndim() != 2) throw Failure("ERR_INTERNAL", "a product needs matrices");
  const Rows rows = rows_of(call, b.size(0));
  require_matrix(a, rows.m);
  Tensor& out = call.out(0);
  require_values(out, rows, a.dtype);
  if (a.size(1) != b.size(1) || a.dtype != b.dtype)
    throw Failure("ERR_INTERNAL", "matrices of a product");
  const int64_t width = a.size(1);
  with_float(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* left = a.as<T>();
    const T* right = b.as<T>();
    T* to = out.as<T>();
    parallel_for(rows.m, rows.grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t e = rows.first()[i]; e < rows.first()[i + 1]; ++e) {
          const T* other = right + rows.column()[e] * width;
          T sum{0};
          for (int64_t k = 0; k < width; ++k) sum += left[i * width + k] * other[k];
          to[e] = sum;
        }
      }
    });
  });
}

}  // namespace flambeau
