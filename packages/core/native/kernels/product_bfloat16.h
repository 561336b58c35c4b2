// Matrix products of bfloat16 by the processor's instructions for them, where it has some: half the
// time of float32. Elsewhere such products run on float32 copies (Call::run).
#pragma once

#include "gemm.h"
#include "half.h"

namespace flambeau {

// c [m, n], row-major = f(a [m, k] · b [k, n] + bias), summed in float32 and rounded once; c must
// not overlap the other operands.
struct BFloat16Product {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  Matrix<BFloat16> a = {};
  Matrix<BFloat16> b = {};
  BFloat16* c = nullptr;
  const BFloat16* bias = nullptr;  // [n], contiguous; null: none
  bool relu = false;               // f(x) = max(0, x), else x
};

// Has the processor instructions for bfloat16 that oneDNN uses?
bool has_bfloat16_instructions();

// Does the processor have the instructions, are `count` such products large enough, and do a and b
// have strides that can be read in place: rows or columns without gaps?
bool bfloat16_product_fits(const BFloat16Product& product, int64_t count = 1);

// On all threads, or on the calling one inside of a parallel region. The product fits.
void multiply(const BFloat16Product& product);

}  // namespace flambeau
