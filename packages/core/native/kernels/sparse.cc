// Products with sparse matrices in compressed rows: row i has the entries crow[i] to crow[i + 1] of
// the column numbers and values.
#include <algorithm>
#include <numeric>
#include <vector>

#include "index_check.h"
#include "parallel.h"
#include "sparse_operands.h"

namespace flambeau {
namespace {

// Multiply-adds of a chunk of a parallel loop.
constexpr int64_t kWork = 1 << 14;

// Compressed rows whose bounds were checked.
struct Rows : CompressedRows<Tensor> {
  explicit Rows(const CompressedRows<Tensor>& rows) : CompressedRows(rows) {}

  const int64_t* first() const { return ends.as<int64_t>(); }
  const int64_t* column() const { return columns.as<int64_t>(); }
  // Rows of a chunk, where each entry takes `width` multiply-adds.
  int64_t grain(int64_t width) const {
    const int64_t per_row = (entries / std::max<int64_t>(1, m) + 1) * std::max<int64_t>(1, width);
    return std::max<int64_t>(1, kWork / per_row);
  }
};

Rows checked(Call& call, const CompressedRows<Tensor>& given) {
  Rows rows(given);
  const int64_t* ends = rows.first();
  if (ends[0] != 0 || ends[rows.m] != rows.entries)
    throw Failure("ERR_VALUE", "crow must begin with 0 and end with the number of entries, " +
                                   std::to_string(rows.entries));
  for (int64_t i = 0; i < rows.m; ++i)
    if (ends[i + 1] < ends[i])
      throw Failure("ERR_VALUE", "crow must not decrease, but does after row " + std::to_string(i));
  check_places(call, call.in(1), rows.n, false, 1);
  return rows;
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
  const SparseProduct<Tensor> p(call, false);
  const Rows rows = checked(call, p.rows);
  with_sparse_type(p.dense.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(rows.first(), rows.column(), nullptr, p.values.as<T>(), p.dense.as<T>(),
                p.out.as<T>(), rows.m, p.width, rows.grain(p.width));
  });
}

// crow [m + 1], col [e], values [e], dense [m, k] -> [n, k], row-major: the product with the
// transposed matrix. Its columns are compressed first, so that rows of the result are independent.
FLAMBEAU_KERNEL(spmmTransposed) {
  const SparseProduct<Tensor> p(call, true);
  const Rows rows = checked(call, p.rows);
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
  with_sparse_type(p.dense.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(ends.data(), from.data(), order.data(), p.values.as<T>(), p.dense.as<T>(),
                p.out.as<T>(), rows.n, p.width, rows.grain(p.width));
  });
}

// crow [m + 1], col [e], a [m, k], b [n, k] -> [e]: the product of the rows that each entry joins.
FLAMBEAU_KERNEL(sampledProduct) {
  const SampledProduct<Tensor> p(call);
  const Rows rows = checked(call, p.rows);
  const int64_t width = p.a.size(1);
  with_sparse_type(p.a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* left = p.a.as<T>();
    const T* right = p.b.as<T>();
    T* to = p.out.as<T>();
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
