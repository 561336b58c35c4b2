// Distances between all pairs of rows.
#include <algorithm>
#include <cmath>

#include "gemm.h"
#include "linalg_batch.h"

namespace flambeau {

namespace {

constexpr int kLanes = 8;

// combine(… combine(start, term(0)) …) over the coordinates, in eight independent chains.
template <class T, class Term, class Combine>
T over_coordinates(const T* a, const T* b, int64_t n, const Term& term, const Combine& combine) {
  T sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane)
      sums[lane] = combine(sums[lane], term(std::abs(a[i + lane] - b[i + lane])));
  for (int lane = 0; i < n; ++i, ++lane)
    sums[lane] = combine(sums[lane], term(std::abs(a[i] - b[i])));
  T sum = 0;
  for (T one : sums) sum = combine(sum, one);
  return sum;
}

// Distances of the p-norm.
template <class T>
class Metric {
 public:
  explicit Metric(double p) : p_(static_cast<T>(p)), inverse_(static_cast<T>(1 / p)) {}

  T operator()(const T* a, const T* b, int64_t n) const {
    const auto add = [](T x, T y) { return x + y; };
    if (p_ == 2)
      return std::sqrt(over_coordinates(
          a, b, n, [](T d) { return d * d; }, add));
    if (p_ == 1)
      return over_coordinates(
          a, b, n, [](T d) { return d; }, add);
    if (p_ == 0)
      return over_coordinates(
          a, b, n, [](T d) { return T(d != 0); }, add);
    if (std::isinf(p_))
      // Whoever is NaN stays.
      return over_coordinates(
          a, b, n, [](T d) { return d; }, [](T x, T y) { return x > y || x != x ? x : y; });
    const T p = p_;
    return std::pow(over_coordinates(
                        a, b, n, [p](T d) { return std::pow(d, p); }, add),
                    inverse_);
  }

 private:
  T p_;
  T inverse_;
};

template <class T>
T squared_length(const T* a, int64_t n) {
  T sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * a[i + lane];
  for (int lane = 0; i < n; ++i, ++lane) sums[lane] += a[i] * a[i];
  T sum = 0;
  for (T one : sums) sum += one;
  return sum;
}

// y [rows, columns] = √(|a|² + |b|² - 2 a·b), a [rows, n], b [columns, n]: a matrix product, which
// loses digits where rows nearly coincide.
template <class T>
void by_product(const T* a, const T* b, int64_t rows, int64_t columns, int64_t n, T* y) {
  Product<T> product;
  product.m = rows;
  product.n = columns;
  product.k = n;
  product.alpha = -2;
  product.a = {a, n, 1};
  product.b = {b, 1, n};
  product.c = y;
  product.c_row = columns;
  multiply(product);
  std::vector<T> lengths(static_cast<size_t>(columns));
  for (int64_t j = 0; j < columns; ++j)
    lengths[static_cast<size_t>(j)] = squared_length(b + j * n, n);
  const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(columns, 1));
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T length = squared_length(a + i * n, n);
      T* row = y + i * columns;
      for (int64_t j = 0; j < columns; ++j) {
        const T square = row[j] + length + lengths[static_cast<size_t>(j)];
        row[j] = std::sqrt(square < 0 ? T{0} : square);
      }
    }
  });
}

}  // namespace

// a [..., p, n], b [..., r, n] of one batch -> the distance of each row of a to each row of b
// [..., p, r]. Parameters: the norm (>= 0, or infinity), and whether the Euclidean one may be
// computed by a matrix product. n = 0 gives zeros.
FLAMBEAU_KERNEL(cdist) {
  const Tensor a = call.contiguous(call.in(0));
  const Tensor b = call.contiguous(call.in(1));
  const Batch left(a.shape);
  const Batch right(b.shape);
  require_internal(a.dtype == b.dtype && b.shape == batch_shape(a, 2, {right.rows, left.columns}),
                   "the sizes or types of rows differ");
  require_output(call, 0, batch_shape(a, 1, {right.rows}), a.dtype);
  const double p = call.param(0);
  const Tensor& y = call.out(0);
  const int64_t n = left.columns;
  const int64_t elements = left.rows * right.rows;
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (p == 2 && call.flag(1)) {
      for (int64_t i = 0; i < left.count; ++i)
        by_product(a.as<T>() + i * left.elements(), b.as<T>() + i * right.elements(), left.rows,
                   right.rows, n, y.as<T>() + i * elements);
      return;
    }
    const Metric<T> metric(p);
    const double work = static_cast<double>(right.rows * n) * (p == 0 || p == 1 || p == 2 ? 1 : 20);
    for_matrices(left.count * left.rows, work, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* row = a.as<T>() + i * n;
        const T* others = b.as<T>() + i / left.rows * right.elements();
        T* to = y.as<T>() + i * right.rows;
        for (int64_t j = 0; j < right.rows; ++j) to[j] = metric(row, others + j * n, n);
      }
    });
  });
}

}  // namespace flambeau
