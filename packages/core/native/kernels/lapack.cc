#include "lapack.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <utility>

// The conventions of GCC's Fortran: everything by reference, names in lower case with an
// underscore, and the lengths of strings at the end.
using Int = flambeau::lapack::Int;

#define FLAMBEAU_LAPACK(T, s)                                                                      \
  void s##trsm_(const char*, const char*, const char*, const char*, const Int*, const Int*,        \
                const T*, const T*, const Int*, T*, const Int*, size_t, size_t, size_t, size_t);   \
  void s##potrf_(const char*, const Int*, T*, const Int*, Int*, size_t);                           \
  void s##getrf_(const Int*, const Int*, T*, const Int*, Int*, Int*);                              \
  void s##getrs_(const char*, const Int*, const Int*, const T*, const Int*, const Int*, T*,        \
                 const Int*, Int*, size_t);                                                        \
  void s##geqrf_(const Int*, const Int*, T*, const Int*, T*, T*, const Int*, Int*);                \
  void s##orgqr_(const Int*, const Int*, const Int*, T*, const Int*, const T*, T*, const Int*,     \
                 Int*);                                                                            \
  void s##syevd_(const char*, const char*, const Int*, T*, const Int*, T*, T*, const Int*, Int*,   \
                 const Int*, Int*, size_t, size_t);                                                \
  void s##gesdd_(const char*, const Int*, const Int*, T*, const Int*, T*, T*, const Int*, T*,      \
                 const Int*, T*, const Int*, Int*, Int*, size_t);                                  \
  void s##ormqr_(const char*, const char*, const Int*, const Int*, const Int*, const T*,           \
                 const Int*, const T*, T*, const Int*, T*, const Int*, Int*, size_t, size_t);      \
  void s##gebrd_(const Int*, const Int*, T*, const Int*, T*, T*, T*, T*, T*, const Int*, Int*);    \
  void s##bdsdc_(const char*, const char*, const Int*, T*, T*, T*, const Int*, T*, const Int*, T*, \
                 Int*, T*, Int*, Int*, size_t, size_t);                                            \
  void s##ormbr_(const char*, const char*, const char*, const Int*, const Int*, const Int*,        \
                 const T*, const Int*, const T*, T*, const Int*, T*, const Int*, Int*, size_t,     \
                 size_t, size_t);                                                                  \
  void s##geev_(const char*, const char*, const Int*, T*, const Int*, T*, T*, T*, const Int*, T*,  \
                const Int*, T*, const Int*, Int*, size_t, size_t);

// NOLINTBEGIN(readability-identifier-naming): the names are LAPACK's
extern "C" {
FLAMBEAU_LAPACK(float, s)
FLAMBEAU_LAPACK(double, d)

// LAPACK joins strings where it asks for block sizes, by a function of the Fortran runtime. It is
// the only one that is used: defined here, it saves users the whole library.
void _gfortran_concat_string(size_t size, char* to, size_t first_size, const char* first,
                             size_t second_size, const char* second) {
  const size_t head = first_size < size ? first_size : size;
  std::memcpy(to, first, head);
  const size_t tail = second_size < size - head ? second_size : size - head;
  std::memcpy(to + head, second, tail);
  std::memset(to + head + tail, ' ', size - head - tail);
}
}
// NOLINTEND(readability-identifier-naming)

namespace flambeau::lapack {

namespace {

// OpenBLAS built without threads keeps its packing buffers without a lock: two calls at once would
// share one. Whatever thread or worker a call comes from, it has the library for itself.
std::mutex& library() {
  static std::mutex mutex;
  return mutex;
}

// The routine, called while nobody else calls the library.
template <class Routine>
auto alone(Routine* routine) {
  return [routine](auto&&... arguments) {
    const std::lock_guard lock(library());
    routine(std::forward<decltype(arguments)>(arguments)...);
  };
}

// The routine of T: FLAMBEAU_ROUTINE(potrf)(…).
#define FLAMBEAU_ROUTINE(name)                \
  alone([] {                                  \
    if constexpr (std::is_same_v<T, float>) { \
      return s##name##_;                      \
    } else {                                  \
      return d##name##_;                      \
    }                                         \
  }())

Int completed(const char* routine, Int info) {
  if (info < 0)
    throw Failure("ERR_INTERNAL",
                  std::string(routine) + " refused its argument " + std::to_string(-info));
  return info;
}

}  // namespace

Int checked(int64_t size) {
  if (size > std::numeric_limits<Int>::max())
    throw Failure("ERR_VALUE", "a matrix axis of size " + std::to_string(size) +
                                   " is more than linear algebra can take");
  return static_cast<Int>(size);
}

// LAPACK wants leading dimensions of at least 1, also of empty matrices.
static Int leading(Int size) { return size > 0 ? size : 1; }

template <class T>
void trsm(char side, char uplo, char trans, char diag, Int m, Int n, const T* a, Int lda, T* b,
          Int ldb) {
  if (m == 0 || n == 0) return;
  const T one = 1;
  FLAMBEAU_ROUTINE(trsm)(&side, &uplo, &trans, &diag, &m, &n, &one, a, &lda, b, &ldb, 1, 1, 1, 1);
}

template <class T>
Int potrf(char uplo, Int n, T* a, Int lda) {
  if (n == 0) return 0;
  Int info = 0;
  FLAMBEAU_ROUTINE(potrf)(&uplo, &n, a, &lda, &info, 1);
  return completed("potrf", info);
}

template <class T>
Int getrf(Int m, Int n, T* a, Int lda, Int* pivots) {
  if (m == 0 || n == 0) return 0;
  Int info = 0;
  FLAMBEAU_ROUTINE(getrf)(&m, &n, a, &lda, pivots, &info);
  return completed("getrf", info);
}

template <class T>
void getrs(Int n, Int columns, const T* a, Int lda, const Int* pivots, T* b, Int ldb) {
  if (n == 0 || columns == 0) return;
  Int info = 0;
  FLAMBEAU_ROUTINE(getrs)("N", &n, &columns, a, &lda, pivots, b, &ldb, &info, 1);
  completed("getrs", info);
}

// Asks routine(space, size) for the size it wants, and runs it with that.
template <class T>
template <class Routine>
Int Workspace<T>::with_space(const Routine& routine) {
  T wanted = 0;
  const Int query = -1;
  routine(&wanted, query);
  // In float the size may have been rounded down.
  const double size = std::ceil(static_cast<double>(wanted) *
                                (1 + static_cast<double>(std::numeric_limits<T>::epsilon())));
  if (!(size <= std::numeric_limits<Int>::max()))
    throw Failure("ERR_VALUE", "the matrix is larger than linear algebra can take");
  if (static_cast<double>(space_.size()) < size) space_.resize(static_cast<size_t>(size));
  return routine(space_.data(), static_cast<Int>(space_.size()));
}

template <class T>
void Workspace<T>::geqrf(Int m, Int n, T* a, Int lda, T* tau) {
  if (m == 0 || n == 0) return;
  with_space([&](T* space, Int size) {
    Int info = 0;
    FLAMBEAU_ROUTINE(geqrf)(&m, &n, a, &lda, tau, space, &size, &info);
    return completed("geqrf", info);
  });
}

template <class T>
void Workspace<T>::orgqr(Int m, Int n, Int k, T* a, Int lda, const T* tau) {
  if (m == 0 || n == 0) return;
  with_space([&](T* space, Int size) {
    Int info = 0;
    FLAMBEAU_ROUTINE(orgqr)(&m, &n, &k, a, &lda, tau, space, &size, &info);
    return completed("orgqr", info);
  });
}

template <class T>
Int Workspace<T>::syevd(bool vectors, char uplo, Int n, T* a, Int lda, T* values) {
  if (n == 0) return 0;
  const char job = vectors ? 'V' : 'N';
  // What LAPACK asks for: 3 + 5n integers with vectors.
  if (integers_.size() < 3 + 5 * static_cast<size_t>(n)) integers_.resize(3 + 5 * size_t(n));
  return with_space([&](T* space, Int size) {
    Int info = 0;
    const auto count = static_cast<Int>(integers_.size());
    const Int integers = size < 0 ? -1 : count;
    FLAMBEAU_ROUTINE(syevd)
    (&job, &uplo, &n, a, &lda, values, space, &size, integers_.data(), &integers, &info, 1, 1);
    return completed("syevd", info);
  });
}

template <class T>
Int Workspace<T>::gesdd(char job, Int m, Int n, T* a, Int lda, T* s, T* u, Int ldu, T* vt,
                        Int ldvt) {
  const Int least = m < n ? m : n;
  if (least == 0) return 0;
  if (integers_.size() < 8 * static_cast<size_t>(least)) integers_.resize(8 * size_t(least));
  const Int u_rows = leading(ldu);
  const Int vt_rows = leading(ldvt);
  return with_space([&](T* space, Int size) {
    Int info = 0;
    FLAMBEAU_ROUTINE(gesdd)
    (&job, &m, &n, a, &lda, s, u, &u_rows, vt, &vt_rows, space, &size, integers_.data(), &info, 1);
    return completed("gesdd", info);
  });
}

// MKL, and with it PyTorch, begins with a QR factorisation from 1.5 times as many rows as columns
// on, and with an LQ factorisation only of very wide matrices; LAPACK does both from 11 / 6 times
// on. The signs of the vectors follow from that.
template <class T>
Int Workspace<T>::svd(char job, Int m, Int n, T* a, T* s, T* u, T* vt) {
  const int64_t rows = m;
  const int64_t columns = n;
  if (job != 'N' && m > 0 && n > 0) {
    if (rows > columns && rows >= columns * 3 / 2 && rows < columns * 11 / 6)
      return tall_svd(job, m, n, a, s, u, vt);
    if (columns >= rows * 11 / 6 && columns < rows * 20) {
      T largest = 0;
      for (int64_t i = 0; i < rows * columns; ++i) largest = std::max(largest, std::abs(a[i]));
      // LAPACK scales what might overflow or vanish.
      constexpr T kSafe = std::is_same_v<T, float> ? T(1e15) : T(1e120);
      if (largest > 1 / kSafe && largest < kSafe) return wide_svd(job, m, n, a, s, u, vt);
    }
  }
  const Int k = m < n ? m : n;
  return gesdd(job, m, n, a, m, s, u, m, vt, job == 'A' ? n : k);
}

// a = Q · R, and u = Q · [the u of R, below it the rest of the identity].
template <class T>
Int Workspace<T>::tall_svd(char job, Int m, Int n, T* a, T* s, T* u, T* vt) {
  std::vector<T> tau(static_cast<size_t>(n));
  const auto size = static_cast<size_t>(n);
  std::vector<T> r(size * size);
  std::vector<T> inner(size * size);
  geqrf(m, n, a, m, tau.data());
  for (size_t j = 0; j < size; ++j) std::copy_n(a + j * m, j + 1, r.data() + j * size);
  const Int info = gesdd('S', n, n, r.data(), n, s, inner.data(), n, vt, n);
  const Int columns = job == 'A' ? m : n;
  std::fill_n(u, static_cast<size_t>(m) * columns, T{0});
  for (size_t j = 0; j < size; ++j) std::copy_n(inner.data() + j * size, size, u + j * m);
  for (Int j = n; j < columns; ++j) u[static_cast<size_t>(j) * (m + 1)] = 1;
  with_space([&](T* space, Int space_size) {
    Int status = 0;
    FLAMBEAU_ROUTINE(ormqr)
    ("L", "N", &m, &columns, &n, a, &m, tau.data(), u, &m, space, &space_size, &status, 1, 1);
    return completed("ormqr", status);
  });
  return info;
}

// a = Q · B · Pᵀ with a lower bidiagonal B [m, m], whose decomposition is between them.
template <class T>
Int Workspace<T>::wide_svd(char job, Int m, Int n, T* a, T* s, T* u, T* vt) {
  const auto size = static_cast<size_t>(m);
  std::vector<T> beside(size);
  std::vector<T> tau_q(size);
  std::vector<T> tau_p(size);
  with_space([&](T* space, Int space_size) {
    Int status = 0;
    FLAMBEAU_ROUTINE(gebrd)
    (&m, &n, a, &m, s, beside.data(), tau_q.data(), tau_p.data(), space, &space_size, &status);
    return completed("gebrd", status);
  });
  const Int rows = job == 'A' ? n : m;
  std::vector<T> inner(size * size);
  const size_t needed = 3 * size * size + 4 * size;
  if (space_.size() < needed) space_.resize(needed);
  if (integers_.size() < 8 * size) integers_.resize(8 * size);
  Int info = 0;
  FLAMBEAU_ROUTINE(bdsdc)
  ("L", "I", &m, s, beside.data(), u, &m, inner.data(), &m, nullptr, nullptr, space_.data(),
   integers_.data(), &info, 1, 1);
  completed("bdsdc", info);
  std::fill_n(vt, static_cast<size_t>(rows) * n, T{0});
  for (size_t j = 0; j < size; ++j) std::copy_n(inner.data() + j * size, size, vt + j * rows);
  for (Int j = m; j < rows; ++j) vt[static_cast<size_t>(j) * (rows + 1)] = 1;
  const auto apply = [&](const char* which, const char* side, const char* trans, Int height,
                         Int width, Int order, const T* tau, T* to) {
    with_space([&](T* space, Int space_size) {
      Int status = 0;
      FLAMBEAU_ROUTINE(ormbr)
      (which, side, trans, &height, &width, &order, a, &m, tau, to, &height, space, &space_size,
       &status, 1, 1, 1);
      return completed("ormbr", status);
    });
  };
  apply("Q", "L", "N", m, m, n, tau_q.data(), u);
  apply("P", "R", "T", rows, n, m, tau_p.data(), vt);
  return info;
}

template <class T>
Int Workspace<T>::geev(Int n, T* a, Int lda, T* real, T* imag, T* vectors, Int ldv) {
  if (n == 0) return 0;
  const char job = vectors == nullptr ? 'N' : 'V';
  const Int one = 1;
  T unused = 0;
  T* right = vectors == nullptr ? &unused : vectors;
  const Int rows = leading(ldv);
  return with_space([&](T* space, Int size) {
    Int info = 0;
    FLAMBEAU_ROUTINE(geev)
    ("N", &job, &n, a, &lda, real, imag, &unused, &one, right, &rows, space, &size, &info, 1, 1);
    return completed("geev", info);
  });
}

#define FLAMBEAU_INSTANTIATE(T)                                                    \
  template void trsm<T>(char, char, char, char, Int, Int, const T*, Int, T*, Int); \
  template Int potrf<T>(char, Int, T*, Int);                                       \
  template Int getrf<T>(Int, Int, T*, Int, Int*);                                  \
  template void getrs<T>(Int, Int, const T*, Int, const Int*, T*, Int);            \
  template class Workspace<T>;
FLAMBEAU_INSTANTIATE(float)
FLAMBEAU_INSTANTIATE(double)

}  // namespace flambeau::lapack
