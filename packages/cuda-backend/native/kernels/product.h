// Matrix products on the device: floating types by cuBLASLt, whole numbers by a kernel of our own.
#pragma once

#include "call.h"

namespace flambeau::cuda {

// Matrices in memory: element (i, j) of number `b` lies at data[b · step + i · row + j · column].
// Any strides >= 0, counted in elements.
struct MatrixView {
  const void* data = nullptr;
  int64_t row = 0;
  int64_t column = 0;
  int64_t step = 0;
};

// c [m, n] = f(alpha · a [m, k] · b [k, n] + beta · addend [m, n] + bias [n]), `count` times. The
// columns of c and addend are contiguous; c overlaps no operand, but may be the addend. k = 0 sums
// to zero. float16 and bfloat16 are summed in float32 and rounded once; whole numbers wrap.
struct MatrixProduct {
  DType dtype = DType::kFloat32;
  // float16 and bfloat16: are c and addend float32? Then there is no bias, relu or row_sums.
  bool wide = false;
  int64_t m = 0, n = 0, k = 0;
  int64_t count = 1;
  MatrixView a, b;
  void* c = nullptr;
  int64_t c_row = 0, c_step = 0;
  double alpha = 1, beta = 0;
  const void* addend = nullptr;  // null: none, beta does not matter
  int64_t addend_row = 0, addend_step = 0;
  const void* bias = nullptr;  // [n], contiguous; null: none
  bool relu = false;           // f(x) = max(0, x), else x
  void* row_sums = nullptr;    // [m], gets the sums of the rows of a, where count is 1; null: none
};

// The type of c and addend.
inline DType result_type(const MatrixProduct& p) { return p.wide ? DType::kFloat32 : p.dtype; }

// Operands whose strides cuBLASLt cannot read are copied first. Not for bool and narrow integers.
void multiply(Call& call, const MatrixProduct& product);

// A matrix of a row-major tensor, or its transpose.
inline MatrixView plain(const void* data, int64_t row) { return {data, row, 1, 0}; }
inline MatrixView transposed(const void* data, int64_t row) { return {data, 1, row, 0}; }

}  // namespace flambeau::cuda
