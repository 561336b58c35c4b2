// Eigenvalues and singular values of batches of matrices.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gemm.h"
#include "linalg_batch.h"

namespace flambeau {

using lapack::Int;
using lapack::Workspace;

namespace {

// y [n, n] or y [m, m] = the identity, for each matrix of the batch.
template <class T>
void fill_identity(const Tensor& y) {
  const Batch batch(y.shape);
  std::fill_n(y.as<T>(), batch.count * batch.elements(), T{0});
  for (int64_t i = 0; i < batch.count; ++i)
    for (int64_t k = 0; k < std::min(batch.rows, batch.columns); ++k)
      y.as<T>()[i * batch.elements() + k * (batch.rows + 1)] = 1;
}

template <class T>
constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();

template <class T>
bool triangle_is_finite(const T* matrix, int64_t n, char uplo) {
  for (int64_t j = 0; j < n; ++j) {
    const T* column = matrix + j * n;
    const bool lower = uplo == 'L';
    if (contents(lower ? column + j : column, lower ? n - j : j + 1) != Contents::kFinite)
      return false;
  }
  return true;
}

// y [n, m] = v [k, n]ᵀ · diag(1 / values, 0 where |value| <= tolerance) · ut [k, m]; v and ut by
// their strides. v is scaled in place.
template <class T>
void pseudoinverse(int64_t k, const T* values, T tolerance, T* v, int64_t v_row, int64_t v_column,
                   int64_t n, const Matrix<T>& ut, int64_t m, T* y) {
  for (int64_t i = 0; i < k; ++i) {
    const T factor = std::abs(values[i]) > tolerance ? 1 / values[i] : T{0};
    for (int64_t j = 0; j < n; ++j) v[i * v_row + j * v_column] *= factor;
  }
  Product<T> product;
  product.m = n;
  product.n = m;
  product.k = k;
  product.a = {v, v_column, v_row};
  product.b = ut;
  product.c = y;
  product.c_row = m;
  multiply(product);
}

}  // namespace

// a [..., n, n], symmetric, of which one triangle is read -> eigenvalues [..., n], ascending, and
// eigenvectors [..., n, n] in the columns, column-major, or an empty [0]. Parameters: whether the
// upper triangle is read, whether there are eigenvectors. Where it holds NaN or infinities, all is
// NaN.
FLAMBEAU_KERNEL(eigh) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  const char uplo = call.flag(0) ? 'U' : 'L';
  const bool vectors = call.flag(1);
  require_output(call, 0, batch_shape(a, 1, {}), a.dtype);
  require_output(call, 1, vectors ? a.shape : Shape({0}), a.dtype);
  const Tensor& values = call.out(0);
  const Tensor& v = vectors ? column_major_out(call, 1) : call.out(1);
  Tensor work;
  if (vectors) {
    copy_into(v, a);
  } else {
    work = column_major_copy(call, a);
  }
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* first = (vectors ? v : work).template as<T>();
    const int64_t n = batch.rows;
    for_matrices(batch.count, 9 * cubed(n), [&](int64_t begin, int64_t end) {
      Workspace<T> lapack;
      for (int64_t i = begin; i < end; ++i) {
        T* matrix = first + i * batch.elements();
        if (!triangle_is_finite(matrix, n, uplo)) {
          std::fill_n(values.as<T>() + i * n, n, kNaN<T>);
          if (vectors) std::fill_n(matrix, n * n, kNaN<T>);
          continue;
        }
        require_convergence(a, i,
                            lapack.syevd(vectors, uplo, batch.n(), matrix, batch.ld(),
                                         values.as<T>() + i * batch.columns));
      }
    });
  });
}

// a [..., m, n] -> u, s [..., k], vt with a = u · diag(s) · vt and k = min(m, n); column-major.
// Parameter: 0 reduced, u [..., m, k], vt [..., k, n]; 1 full, u [..., m, m], vt [..., n, n]; 2
// values only, empty u and vt [0]. ERR_VALUE for NaN; with infinities, all is NaN.
FLAMBEAU_KERNEL(svd) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  const int64_t k = std::min(batch.rows, batch.columns);
  const int64_t mode = call.integer(0);
  const int64_t u_columns = mode == 1 ? batch.rows : k;
  const int64_t vt_rows = mode == 1 ? batch.columns : k;
  const bool vectors = mode != 2;
  require_output(call, 0, vectors ? batch_shape(a, 2, {batch.rows, u_columns}) : Shape({0}),
                 a.dtype);
  require_output(call, 1, batch_shape(a, 2, {k}), a.dtype);
  require_output(call, 2, vectors ? batch_shape(a, 2, {vt_rows, batch.columns}) : Shape({0}),
                 a.dtype);
  const Tensor& u = vectors ? column_major_out(call, 0) : call.out(0);
  const Tensor& s = call.out(1);
  const Tensor& vt = vectors ? column_major_out(call, 2) : call.out(2);
  const Tensor copy = column_major_copy(call, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (k == 0) {
      if (vectors) fill_identity<T>(u);
      if (vectors) fill_identity<T>(vt);
      return;
    }
    const double work = 10 * cubed(k) + static_cast<double>(batch.elements());
    for_matrices(batch.count, work, [&](int64_t begin, int64_t end) {
      Workspace<T> lapack;
      const char job = mode == 2 ? 'N' : mode == 1 ? 'A' : 'S';
      for (int64_t i = begin; i < end; ++i) {
        T* matrix = copy.as<T>() + i * batch.elements();
        const Contents held = contents(matrix, batch.elements());
        if (held == Contents::kNaN) throw_not_finite(a, i, "NaN");
        T* left = vectors ? u.as<T>() + i * batch.rows * u_columns : nullptr;
        T* right = vectors ? vt.as<T>() + i * vt_rows * batch.columns : nullptr;
        if (held == Contents::kInfinite) {
          std::fill_n(s.as<T>() + i * k, k, kNaN<T>);
          if (!vectors) continue;
          std::fill_n(left, batch.rows * u_columns, kNaN<T>);
          std::fill_n(right, vt_rows * batch.columns, kNaN<T>);
          continue;
        }
        const Int info =
            lapack.svd(job, batch.m(), batch.n(), matrix, s.as<T>() + i * k, left, right);
        require_convergence(a, i, info);
      }
    });
  });
}

// a [..., n, n] -> the real and imaginary parts of its eigenvalues [..., n] and of its right
// eigenvectors [..., n, n], column-major, each of length 1. Parameter: whether there are
// eigenvectors; else they are empty [0]. ERR_VALUE for NaN and infinities.
FLAMBEAU_KERNEL(eig) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  const bool vectors = call.flag(0);
  const Shape values = batch_shape(a, 1, {});
  require_output(call, 0, values, a.dtype);
  require_output(call, 1, values, a.dtype);
  for (int i = 2; i < 4; ++i) require_output(call, i, vectors ? a.shape : Shape({0}), a.dtype);
  const Tensor& real = call.out(0);
  const Tensor& imag = call.out(1);
  const Tensor& v_real = vectors ? column_major_out(call, 2) : call.out(2);
  const Tensor& v_imag = vectors ? column_major_out(call, 3) : call.out(3);
  const Tensor copy = column_major_copy(call, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const int64_t n = batch.rows;
    for_matrices(batch.count, 25 * cubed(n), [&](int64_t begin, int64_t end) {
      Workspace<T> lapack;
      for (int64_t i = begin; i < end; ++i) {
        T* matrix = copy.as<T>() + i * batch.elements();
        if (contents(matrix, batch.elements()) != Contents::kFinite)
          throw_not_finite(a, i, "NaN or infinities");
        T* re = vectors ? v_real.as<T>() + i * batch.elements() : nullptr;
        const T* lambda = imag.as<T>() + i * n;
        const Int info = lapack.geev(batch.n(), matrix, batch.ld(), real.as<T>() + i * n,
                                     imag.as<T>() + i * n, re, batch.n());
        require_convergence(a, i, info);
        if (!vectors) continue;
        // A conjugate pair comes as two columns: the real part, and the imaginary part of the
        // first.
        T* im = v_imag.as<T>() + i * batch.elements();
        std::fill_n(im, batch.elements(), T{0});
        for (int64_t j = 0; j + 1 < n; ++j) {
          if (lambda[j] == 0) continue;
          for (int64_t row = 0; row < n; ++row) {
            const int64_t one = j * n + row;
            const int64_t two = one + n;
            im[one] = re[two];
            im[two] = -re[two];
            re[two] = re[one];
          }
          ++j;
        }
      }
    });
  });
}

// a [..., m, n], atol [...] and rtol [...] -> the pseudoinverse of a [..., n, m], in which singular
// values (of a symmetric a: eigenvalues) up to max(atol, rtol · the largest) count as 0.
// Parameter: whether a is symmetric; then its lower triangle is read.
FLAMBEAU_KERNEL(pinv) {
  const Tensor& a = call.in(0);
  const Batch batch(a.shape);
  const bool symmetric = call.flag(0);
  const int64_t m = batch.rows;
  const int64_t n = batch.columns;
  const int64_t k = std::min(m, n);
  require_internal(!symmetric || m == n, "a symmetric matrix is square");
  require_output(call, 0, batch_shape(a, 2, {n, m}), a.dtype);
  const Tensor atol = call.contiguous(call.in(1));
  const Tensor rtol = call.contiguous(call.in(2));
  for (const Tensor* limit : {&atol, &rtol})
    require_internal(limit->dtype == a.dtype && limit->shape == batch_shape(a, 2, {}),
                     "a tolerance does not fit");
  const Tensor& y = call.out(0);
  const Tensor copy = column_major_copy(call, a);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_matrices(
        batch.count, 12 * cubed(k) + static_cast<double>(batch.elements()),
        [&](int64_t begin, int64_t end) {
          Workspace<T> lapack;
          std::vector<T> s(static_cast<size_t>(k));
          std::vector<T> u(symmetric ? 0 : static_cast<size_t>(m * k));
          std::vector<T> vt(static_cast<size_t>(k * n));
          for (int64_t i = begin; i < end; ++i) {
            T* matrix = copy.as<T>() + i * batch.elements();
            const Contents held = contents(matrix, batch.elements());
            if (held == Contents::kNaN) throw_not_finite(a, i, "NaN");
            if (held == Contents::kInfinite) {
              std::fill_n(y.as<T>() + i * batch.elements(), batch.elements(), kNaN<T>);
              continue;
            }
            Int info = 0;
            if (symmetric) {
              info = lapack.syevd(true, 'L', batch.n(), matrix, batch.ld(), s.data());
              std::copy_n(matrix, k * n, vt.data());
            } else {
              info = lapack.svd('S', batch.m(), batch.n(), matrix, s.data(), u.data(), vt.data());
            }
            require_convergence(a, i, info);
            T largest = 0;
            for (T value : s) largest = std::max(largest, std::abs(value));
            const T tolerance = std::max(atol.as<T>()[i], rtol.as<T>()[i] * largest);
            T* to = y.as<T>() + i * batch.elements();
            if (symmetric) {
              // Eigenvector j is column j of both factors.
              pseudoinverse<T>(k, s.data(), tolerance, vt.data(), n, 1, n, {matrix, m, 1}, m, to);
            } else {
              pseudoinverse<T>(k, s.data(), tolerance, vt.data(), 1, k, n, {u.data(), m, 1}, m, to);
            }
          }
        });
  });
}

}  // namespace flambeau
