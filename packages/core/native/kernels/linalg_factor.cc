// Cholesky, LU and QR factorisations of batches of matrices.
#include <algorithm>
#include <cmath>

#include "linalg_batch.h"

namespace flambeau {

using lapack::Int;
using lapack::Workspace;

namespace {

// Row i of the product L · U is row order[i] of a; writes at[order[i]] = i.
void positions_of_rows(const Int* pivots, int64_t count, int64_t rows, int64_t* at,
                       std::vector<int64_t>& order) {
  order.resize(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) order[static_cast<size_t>(i)] = i;
  for (int64_t i = 0; i < count; ++i)
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(pivots[i] - 1)]);
  for (int64_t i = 0; i < rows; ++i) at[order[static_cast<size_t>(i)]] = i;
}

// a [rows, rows], column-major, and its factors: body(index, matrix, pivots, info) for each.
template <class T, class Body>
void for_factors(Call& call, const Tensor& a, const Batch& batch, const Body& body) {
  const Tensor copy = column_major_copy(call, a);
  for_matrices(batch.count, cubed(batch.rows), [&](int64_t begin, int64_t end) {
    std::vector<Int> pivots(static_cast<size_t>(batch.rows));
    for (int64_t i = begin; i < end; ++i) {
      T* matrix = copy.as<T>() + i * batch.elements();
      const Int info = lapack::getrf(batch.m(), batch.m(), matrix, batch.ld(), pivots.data());
      body(i, matrix, pivots.data(), info);
    }
  });
}

// The sign of the determinant and, one by one, the absolute values whose product it is.
template <class T, class Each>
T determinant_sign(const Batch& batch, const T* matrix, const Int* pivots, const Each& each) {
  bool negative = false;
  bool zero = false;
  for (int64_t k = 0; k < batch.rows; ++k) {
    const T value = matrix[k * (batch.rows + 1)];
    negative ^= (pivots[k] != k + 1) ^ (value < 0);
    zero |= value == 0;
    each(std::abs(value));
  }
  return zero ? T{0} : negative ? T{-1} : T{1};
}

}  // namespace

// a [..., n, n] -> l [..., n, n] with a = l · lᵀ, of which the lower triangle is read. Row-major.
// ERR_VALUE names the first matrix that is not positive definite.
FLAMBEAU_KERNEL(cholesky) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  require_output(call, 0, a.shape, a.dtype);
  const Tensor& l = call.out(0);
  copy_into(l, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const int64_t n = batch.rows;
    for_matrices(batch.count, cubed(n) / 3, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        // Row-major memory is the transpose in LAPACK's eyes: the lower triangle is its upper one.
        T* matrix = l.as<T>() + i * batch.elements();
        const Int info = lapack::potrf('U', batch.m(), matrix, batch.ld());
        if (info != 0)
          throw Failure("ERR_VALUE", "matrix" + which_matrix(a, i) +
                                         " is not positive definite: its leading minor of order " +
                                         std::to_string(info) + " is not positive");
        for (int64_t row = 0; row < n; ++row)
          std::fill(matrix + row * n + row + 1, matrix + (row + 1) * n, T{0});
      }
    });
  });
}

// a [..., m, n] -> lu [..., m, n] (column-major; U above the diagonal, L with ones below it),
// int32 pivots [..., min(m, n)] counted from 1, and int64 positions [..., m]: row r of a is row
// positions[r] of L · U. Parameter: whether a 0 on the diagonal of U is an ERR_VALUE.
FLAMBEAU_KERNEL(luFactor) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  const int64_t k = std::min(batch.rows, batch.columns);
  require_output(call, 0, a.shape, a.dtype);
  require_output(call, 1, batch_shape(a, 2, {k}), DType::kInt32);
  require_output(call, 2, batch_shape(a, 2, {batch.rows}), DType::kInt64);
  const bool checks = call.flag(0);
  const Tensor& lu = column_major_out(call, 0);
  const Tensor& pivots = call.out(1);
  const Tensor& positions = call.out(2);
  copy_into(lu, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double work = cubed(k) + static_cast<double>(batch.elements());
    for_matrices(batch.count, work, [&](int64_t begin, int64_t end) {
      std::vector<int64_t> order;
      for (int64_t i = begin; i < end; ++i) {
        T* matrix = lu.as<T>() + i * batch.elements();
        Int* pivot = pivots.as<Int>() + i * k;
        const Int info = lapack::getrf(batch.m(), batch.n(), matrix, batch.ld(), pivot);
        if (info != 0 && checks)
          throw Failure("ERR_VALUE", "matrix" + which_matrix(a, i) + " is singular: U[" +
                                         std::to_string(info - 1) + ", " +
                                         std::to_string(info - 1) + "] is 0");
        positions_of_rows(pivot, k, batch.rows, positions.as<int64_t>() + i * batch.rows, order);
      }
    });
  });
}

// a [..., n, n] -> its determinant [...]; 1 where n = 0.
FLAMBEAU_KERNEL(det) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  require_output(call, 0, batch_shape(a, 2, {}), a.dtype);
  const Tensor& y = call.out(0);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_factors<T>(call, a, batch, [&](int64_t i, const T* matrix, const Int* pivots, Int) {
      T product = 1;
      const T sign = determinant_sign(batch, matrix, pivots, [&](T value) { product *= value; });
      y.as<T>()[i] = product == 0 ? T{0} : sign * product;
    });
  });
}

// a [..., n, n] -> the sign of its determinant [...] and the logarithm of its absolute value [...].
FLAMBEAU_KERNEL(slogdet) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  require_output(call, 0, batch_shape(a, 2, {}), a.dtype);
  require_output(call, 1, batch_shape(a, 2, {}), a.dtype);
  const Tensor& sign = call.out(0);
  const Tensor& log = call.out(1);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_factors<T>(call, a, batch, [&](int64_t i, const T* matrix, const Int* pivots, Int) {
      T sum = 0;
      sign.as<T>()[i] =
          determinant_sign(batch, matrix, pivots, [&](T value) { sum += std::log(value); });
      log.as<T>()[i] = sum;
    });
  });
}

// a [..., n, n] -> a⁻¹ [..., n, n], column-major. Parameter: whether a singular matrix is an
// ERR_VALUE; else its inverse holds infinities and NaN.
FLAMBEAU_KERNEL(inverse) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  require_output(call, 0, a.shape, a.dtype);
  const bool checks = call.flag(0);
  const Tensor& y = column_major_out(call, 0);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_factors<T>(call, a, batch, [&](int64_t i, const T* matrix, const Int* pivots, Int info) {
      if (info != 0 && checks)
        throw Failure("ERR_VALUE", "matrix" + which_matrix(a, i) +
                                       " is singular and has no inverse: pivot " +
                                       std::to_string(info - 1) + " is 0");
      T* to = y.as<T>() + i * batch.elements();
      std::fill_n(to, batch.elements(), T{0});
      for (int64_t k = 0; k < batch.rows; ++k) to[k * (batch.rows + 1)] = 1;
      lapack::getrs(batch.m(), batch.m(), matrix, batch.ld(), pivots, to, batch.ld());
    });
  });
}

// a [..., n, n], b [..., n, k] of the same batch -> x [..., n, k] with a · x = b, column-major.
// ERR_VALUE names the first singular matrix.
FLAMBEAU_KERNEL(solve) {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  const Batch batch(a.shape);
  const Batch right(b.shape);
  require_internal(batch.rows == batch.columns && right.rows == batch.rows && b.dtype == a.dtype &&
                       b.shape == batch_shape(a, 1, {right.columns}),
                   "the sizes or types of a linear system differ");
  require_output(call, 0, b.shape, b.dtype);
  const Tensor& x = column_major_out(call, 0);
  copy_into(x, b);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_factors<T>(call, a, batch, [&](int64_t i, const T* matrix, const Int* pivots, Int info) {
      if (info != 0)
        throw Failure("ERR_VALUE", "matrix" + which_matrix(a, i) +
                                       " is singular, the system has no single solution: pivot " +
                                       std::to_string(info - 1) + " is 0");
      lapack::getrs(right.m(), right.n(), matrix, batch.ld(), pivots,
                    x.as<T>() + i * right.elements(), right.ld());
    });
  });
}

// a [..., m, n] -> q and r with a = q · r, column-major. Parameter: 0 (reduced) q [..., m, k] and
// r [..., k, n] with k = min(m, n); 1 (complete) q [..., m, m], r [..., m, n]; 2 (r only) an empty
// q [0] and r [..., k, n].
FLAMBEAU_KERNEL(qr) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  const int64_t k = std::min(batch.rows, batch.columns);
  const int64_t mode = call.integer(0);
  const bool has_q = mode != 2;
  const int64_t inner = mode == 1 ? batch.rows : k;
  require_output(call, 0, has_q ? batch_shape(a, 2, {batch.rows, inner}) : Shape({0}), a.dtype);
  require_output(call, 1, batch_shape(a, 2, {inner, batch.columns}), a.dtype);
  const Tensor& q = has_q ? column_major_out(call, 0) : call.out(0);
  const Tensor& r = column_major_out(call, 1);
  const Tensor copy = column_major_copy(call, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double work = 2 * cubed(k) + static_cast<double>(batch.rows * (batch.columns + inner));
    for_matrices(batch.count, work, [&](int64_t begin, int64_t end) {
      Workspace<T> lapack;
      std::vector<T> tau(static_cast<size_t>(k));
      for (int64_t i = begin; i < end; ++i) {
        T* matrix = copy.as<T>() + i * batch.elements();
        lapack.geqrf(batch.m(), batch.n(), matrix, batch.ld(), tau.data());
        T* upper = r.as<T>() + i * inner * batch.columns;
        for (int64_t column = 0; column < batch.columns; ++column) {
          const int64_t filled = std::min(column + 1, inner);
          const T* from = matrix + column * batch.rows;
          T* to = upper + column * inner;
          // Of a tall matrix without columns enough, the rows below k are zeros too.
          std::copy_n(from, std::min(filled, batch.rows), to);
          std::fill(to + filled, to + inner, T{0});
        }
        if (!has_q) continue;
        T* to = q.as<T>() + i * batch.rows * inner;
        std::copy_n(matrix, batch.rows * k, to);
        lapack.orgqr(batch.m(), lapack::checked(inner), lapack::checked(k), to, batch.ld(),
                     tau.data());
      }
    });
  });
}

// a [..., m, n], tau [..., k] -> the first n columns of H₀ · … · Hₖ₋₁ [..., m, n], column-major,
// with Hᵢ = I - tau[i] · v · vᵀ where v is 0 above i, 1 at i, and column i of a below; m >= n >= k.
FLAMBEAU_KERNEL(orgqr) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  const Tensor tau = call.contiguous(call.in(1));
  require_internal(tau.ndim() == a.ndim() - 1 && tau.dtype == a.dtype, "tau does not fit");
  const int64_t k = tau.size(tau.ndim() - 1);
  require_internal(
      tau.shape == batch_shape(a, 2, {k}) && batch.rows >= batch.columns && batch.columns >= k,
      "the sizes of reflectors do not fit");
  require_output(call, 0, a.shape, a.dtype);
  const Tensor& q = column_major_out(call, 0);
  copy_into(q, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double work = cubed(batch.columns) + static_cast<double>(batch.elements());
    for_matrices(batch.count, work, [&](int64_t begin, int64_t end) {
      Workspace<T> lapack;
      for (int64_t i = begin; i < end; ++i)
        lapack.orgqr(batch.m(), batch.n(), lapack::checked(k), q.as<T>() + i * batch.elements(),
                     batch.ld(), tau.as<T>() + i * k);
    });
  });
}

}  // namespace flambeau
