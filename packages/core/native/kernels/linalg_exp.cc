// The exponential of matrices.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gemm.h"
#include "linalg_batch.h"

namespace flambeau {

namespace {

// Taylor's series, scaling and squaring: exp(a) = (exp(a / 2^s))^(2^s). The series stops at x^16 in
// double and x^8 in float, where x = |a / 2^s| is at most this: what is left out is below rounding.
template <class T>
constexpr T kLargest = std::is_same_v<T, double> ? T{0.75} : T{0.6};
template <class T>
constexpr int kBlocks = std::is_same_v<T, double> ? 4 : 2;  // of four powers each
constexpr int kPowers = 4;

// Room for one matrix: its powers, two results that take turns.
template <class T>
class Exponential {
 public:
  explicit Exponential(int64_t n) : n_(n), powers_(size(kPowers)), one_(size(1)), other_(size(1)) {}

  // a, y: row-major, distinct.
  void run(const T* a, T* y) {
    const T norm = largest_column(a);
    if (!std::isfinite(norm)) {
      std::fill_n(y, n_ * n_, std::numeric_limits<T>::quiet_NaN());
      return;
    }
    int squarings = 0;
    T scale = 1;
    for (T rest = norm; rest > kLargest<T>; rest /= 2) {
      ++squarings;
      scale /= 2;
    }
    std::transform(a, a + n_ * n_, power(1), [scale](T value) { return value * scale; });
    for (int k = 2; k <= kPowers; ++k) multiply_into(power(1), power(k - 1), power(k), false);
    series();
    for (int i = 0; i < squarings; ++i) {
      multiply_into(one_.data(), one_.data(), other_.data(), false);
      one_.swap(other_);
    }
    std::copy(one_.begin(), one_.end(), y);
  }

 private:
  size_t size(int64_t count) const { return static_cast<size_t>(count * n_ * n_); }
  T* power(int k) { return powers_.data() + (k - 1) * n_ * n_; }

  T largest_column(const T* a) const {
    std::vector<T> sums(static_cast<size_t>(n_));
    for (int64_t i = 0; i < n_; ++i)
      for (int64_t j = 0; j < n_; ++j) sums[static_cast<size_t>(j)] += std::abs(a[i * n_ + j]);
    T largest = 0;
    for (T sum : sums) largest = sum > largest || std::isnan(sum) ? sum : largest;
    return largest;
  }

  // c = a · b, or c += a · b.
  void multiply_into(const T* a, const T* b, T* c, bool accumulate) const {
    Product<T> product;
    product.m = product.n = product.k = n_;
    product.a = {a, n_, 1};
    product.b = {b, n_, 1};
    product.c = c;
    product.c_row = n_;
    product.accumulate = accumulate;
    multiply(product);
  }

  // one_ = Σ x^k / k!, in blocks of four powers: the outermost block is multiplied by x⁴ and the
  // next one added, and so on (Paterson and Stockmeyer).
  void series() {
    T factorials[kPowers * kBlocks<T> + 1] = {1};
    for (int k = 1; k <= kPowers * kBlocks<T>; ++k) factorials[k] = factorials[k - 1] / T(k);
    fill_block(one_.data(), factorials + kPowers * (kBlocks<T> - 1), kPowers);
    for (int block = kBlocks<T> - 2; block >= 0; --block) {
      fill_block(other_.data(), factorials + kPowers * block, kPowers - 1);
      multiply_into(one_.data(), power(kPowers), other_.data(), true);
      one_.swap(other_);
    }
  }

  // y = Σ coefficients[k] · x^k for k = 0 … last.
  void fill_block(T* y, const T* coefficients, int last) {
    for (int64_t i = 0; i < n_ * n_; ++i) {
      T sum = 0;
      for (int k = last; k >= 1; --k) sum += coefficients[k] * power(k)[i];
      y[i] = sum;
    }
    for (int64_t i = 0; i < n_; ++i) y[i * (n_ + 1)] += coefficients[0];
  }

  int64_t n_;
  std::vector<T> powers_;
  std::vector<T> one_;
  std::vector<T> other_;
};

}  // namespace

// a [..., n, n] -> its exponential Σ aᵏ / k! [..., n, n]. NaN where a holds NaN or infinities.
FLAMBEAU_KERNEL(matrixExp) {
  const Tensor a = call.contiguous(call.in(0));
  const Batch batch(a.shape);
  require_internal(batch.rows == batch.columns, "the matrix is not square");
  require_output(call, 0, a.shape, a.dtype);
  const Tensor& y = call.out(0);
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_matrices(batch.count, 10 * cubed(batch.rows), [&](int64_t begin, int64_t end) {
      Exponential<T> exponential(batch.rows);
      for (int64_t i = begin; i < end; ++i)
        exponential.run(a.as<T>() + i * batch.elements(), y.as<T>() + i * batch.elements());
    });
  });
}

}  // namespace flambeau
