// How products are computed, for product*.cu. No size is zero, unless said otherwise; nothing here
// looks at row_sums but multiply_by_library.
#pragma once

#include "product.h"

namespace flambeau::cuda {

// int64, int32 and uint8. (product_integers.cu)
void multiply_integers(Call& call, const MatrixProduct& product);

// Floating types, by cuBLASLt; k > 0. Did it make row_sums, too? (product_lt.cu)
bool multiply_by_library(Call& call, const MatrixProduct& product);

// What is left to do where the library does not: bias and relu, or no products at all.
struct ProductEnd {
  int64_t m, n, count;
  void* c;
  int64_t c_row, c_step;
  bool has_sums;  // c holds sums; else they are zero
  double beta;
  const void* addend;
  int64_t addend_row, addend_step;
  const void* bias;
  bool relu;
};
void finish_product(Call& call, DType dtype, const ProductEnd& end);

}  // namespace flambeau::cuda
