// Matrix products of strided matrices, on all threads. See docs/decisions/0008-matrix-products.md.
#pragma once

#include <cstdint>

namespace flambeau {

// A matrix in memory: element (i, j) lies at data[i · row + j · column]. Any strides >= 0.
template <class T>
struct Matrix {
  const T* data;
  int64_t row;
  int64_t column;
};

// c [m, n] = f(alpha · a [m, k] · b [k, n] + bias), and + c where `accumulate` is set. Row i of c
// starts at c + i · c_row, its columns are contiguous; c must not overlap the other operands.
// Without `accumulate`, what c held does not matter, not even NaN. k = 0 sums to zero.
// T: float, double, int64_t, int32_t, uint8_t; integers wrap.
template <class T>
struct Product {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  T alpha = 1;
  Matrix<T> a = {};
  Matrix<T> b = {};
  T* c = nullptr;
  int64_t c_row = 0;
  bool accumulate = false;
  const T* bias = nullptr;  // [n], contiguous; null: none
  bool relu = false;        // f(x) = max(0, x), else x
};

// On all threads, or on the calling one inside of a parallel region. The bits of the result depend
// on the operands and on num_threads().
template <class T>
void multiply(const Product<T>& product);

// On the calling thread only.
template <class T>
void multiply_serial(const Product<T>& product);

// `count` products of the same sizes, strides and options. `locate(index, product)` sets the data
// pointers of number `index`; it is called from several threads at once.
template <class T>
using Locate = void (*)(const void* context, int64_t index, Product<T>& product);
template <class T>
void multiply_batch(const Product<T>& product, int64_t count, Locate<T> locate,
                    const void* context);
template <class T, class F>
void multiply_batch(const Product<T>& product, int64_t count, const F& locate) {
  multiply_batch<T>(
      product, count,
      [](const void* context, int64_t index, Product<T>& one) {
        (*static_cast<const F*>(context))(index, one);
      },
      &locate);
}

// The same by the conventions of BLAS (row-major): op(a) is a [m, k] with rows lda apart, or where
// ta is set the transpose of a [k, m].
template <class T>
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t lda,
          const T* b, int64_t ldb, bool accumulate, T* c, int64_t ldc) {
  Product<T> product;
  product.m = m;
  product.n = n;
  product.k = k;
  product.alpha = alpha;
  product.a = ta ? Matrix<T>{a, 1, lda} : Matrix<T>{a, lda, 1};
  product.b = tb ? Matrix<T>{b, 1, ldb} : Matrix<T>{b, ldb, 1};
  product.c = c;
  product.c_row = ldc;
  product.accumulate = accumulate;
  multiply(product);
}

}  // namespace flambeau
