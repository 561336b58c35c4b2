// LAPACK and the triangular solver of BLAS, for float and double. Matrices are column-major,
// distinct ones do not overlap, and every call stays on the thread that makes it, one call at a
// time. Sizes of 0 are allowed. Functions that return a number return LAPACK's info where it is not
// negative. See docs/decisions/0015-linear-algebra.md.
#pragma once

#include <cstdint>

#include "kernel.h"

namespace flambeau::lapack {

using Int = int32_t;

// A size as LAPACK takes it. Throws Failure("ERR_VALUE") where it does not fit.
Int checked(int64_t size);

// b = op(a)⁻¹ · b (side 'L') or b · op(a)⁻¹ (side 'R'); b [m, n], a triangular. A 0 on the diagonal
// gives infinities.
template <class T>
void trsm(char side, char uplo, char trans, char diag, Int m, Int n, const T* a, Int lda, T* b,
          Int ldb);

// Cholesky factor in the triangle `uplo`, the other one stays. Info k: the leading minor of order k
// is not positive.
template <class T>
Int potrf(char uplo, Int n, T* a, Int lda);

// a [m, n] = P · L · U with partial pivoting; pivots [min(m, n)] count from 1. Info k: U[k, k] is
// 0.
template <class T>
Int getrf(Int m, Int n, T* a, Int lda, Int* pivots);

// b [n, columns] = a⁻¹ · b by the factors that getrf left.
template <class T>
void getrs(Int n, Int columns, const T* a, Int lda, const Int* pivots, T* b, Int ldb);

// Work space grows as a call asks for it and is kept for the next one.
template <class T>
class Workspace {
 public:
  // a [m, n] = Q · R: R in the upper triangle, Q as reflectors below it and tau [min(m, n)].
  void geqrf(Int m, Int n, T* a, Int lda, T* tau);
  // a [m, n] = the first n columns of the product of k reflectors; m >= n >= k.
  void orgqr(Int m, Int n, Int k, T* a, Int lda, const T* tau);
  // Eigenvalues of a symmetric a [n, n], ascending, of which the triangle `uplo` is read; with
  // `vectors` a becomes the eigenvectors, else its contents are lost. Info > 0: no convergence.
  Int syevd(bool vectors, char uplo, Int n, T* a, Int lda, T* values);
  // a [m, n] = u · diag(s) · vt, dense; job 'A' all vectors (u [m, m], vt [n, n]), 'S' k = min(m,
  // n) of them (u [m, k], vt [k, n]), 'N' none. The contents of a are lost. Info > 0: no
  // convergence.
  Int svd(char job, Int m, Int n, T* a, T* s, T* u, T* vt);
  // Eigenvalues of any a [n, n] and, where vectors is not null, the right eigenvectors as LAPACK
  // packs conjugate pairs. The contents of a are lost. Info > 0: no convergence.
  Int geev(Int n, T* a, Int lda, T* real, T* imag, T* vectors, Int ldv);

 private:
  Int gesdd(char job, Int m, Int n, T* a, Int lda, T* s, T* u, Int ldu, T* vt, Int ldvt);
  Int tall_svd(char job, Int m, Int n, T* a, T* s, T* u, T* vt);
  Int wide_svd(char job, Int m, Int n, T* a, T* s, T* u, T* vt);
  template <class Routine>
  Int with_space(const Routine& routine);

  std::vector<T> space_;
  std::vector<Int> integers_;
};

}  // namespace flambeau::lapack
