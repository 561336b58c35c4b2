// One thread's share of a matrix product.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flambeau {

// c[i · c_row + j] = alpha · sum over p of a[i · a_row + p · a_col] · b[p · b_row + j · b_col] for
// i < m, j < n and p < k, added to what c holds where `accumulate` is set. c must not overlap a or
// b. k = 0 sums to zero. Integers wrap.
template <class T>
struct GemmBlock {
  int64_t m, n, k;
  T alpha;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t c_row;
  bool accumulate;
};

// Bytes of workspace for one product at a time; 64-byte aligned.
inline constexpr size_t kGemmWorkspace = size_t{2} << 20;

// The most rows that GemmFunctions::few_rows takes.
inline constexpr int64_t kFewRows = 4;

template <class T>
struct GemmFunctions {
  // The order of every sum depends on k alone, so a result does not depend on how c was cut.
  void (*block)(const GemmBlock<T>& block, void* workspace);
  // The same for m <= kFewRows, a_col = 1 and b_row = 1: each element of c is a product of two rows
  // in memory, which are read once, ahead of time. Null for integers.
  void (*few_rows)(const GemmBlock<T>& block);
  // c[i · row + j] = f(c[i · row + j] + bias[j]), f being the identity or max(0, x), which keeps
  // NaN. No bias where it is null.
  void (*finish)(int64_t rows, int64_t columns, const T* bias, bool relu, T* c, int64_t row);
};

struct GemmTable {
  GemmFunctions<float> f32;
  GemmFunctions<double> f64;
  GemmFunctions<int64_t> i64;
  GemmFunctions<int32_t> i32;
  GemmFunctions<uint8_t> u8;
};

}  // namespace flambeau
