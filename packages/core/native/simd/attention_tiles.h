// What attention is made of: small products, transposes and exponentials in registers.
#pragma once

#include <cstdint>

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "exp.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
constexpr bool kManyRegisters = true;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
constexpr bool kManyRegisters = false;
#elif defined(__aarch64__)
constexpr int kBytes = 16;
constexpr bool kManyRegisters = true;
#else
constexpr int kBytes = 16;
constexpr bool kManyRegisters = false;
#endif

template <class T>
constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));

template <class T>
struct Bits;
template <>
struct Bits<float> {
  using Type = uint32_t;
};
template <>
struct Bits<double> {
  using Type = uint64_t;
};

template <class T>
struct Vector {
  using B = typename Bits<T>::Type;
  typedef T Type __attribute__((vector_size(kBytes)));
  typedef T Unaligned __attribute__((vector_size(kBytes), aligned(sizeof(T)), may_alias));
  typedef B Count __attribute__((vector_size(kBytes)));
};
template <class T>
using Vec = typename Vector<T>::Type;
template <class T>
using Count = typename Vector<T>::Count;

template <class T>
inline Vec<T> load(const T* from) {
  return *reinterpret_cast<const typename Vector<T>::Unaligned*>(from);
}
template <class T>
inline void store(T* to, Vec<T> x) {
  *reinterpret_cast<typename Vector<T>::Unaligned*>(to) = x;
}
template <class T>
inline Vec<T> all(T x) {
  return Vec<T>{} + x;
}

template <class T>
constexpr T kLowest = -static_cast<T>(__builtin_inf());

constexpr int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t more(int64_t a, int64_t b) { return a > b ? a : b; }

// --- c [rows, vectors] = a · b in registers ---

// c[r · c_row + lane] (+)= the sum over p < k of a[r · a_row + p · a_col] · b[p · b_row + lane].
template <class T, int R, int N, bool kAdjacent>
void tile(int64_t k, const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row, T* c,
          int64_t c_row, bool add) {
  Vec<T> sum[R][N];
  if (add) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) sum[r][n] = load(c + r * c_row + n * kLanes<T>);
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) sum[r][n] = Vec<T>{};
  }
  const T* rows[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) rows[r] = a + r * a_row;
  for (int64_t p = 0; p < k; ++p) {
    Vec<T> x[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) x[n] = load(b + p * b_row + n * kLanes<T>);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const T y = kAdjacent ? a[p * a_col + r] : rows[r][p * a_col];
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) sum[r][n] += y * x[n];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) store(c + r * c_row + n * kLanes<T>, sum[r][n]);
}

template <class T>
using Tile = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T*, int64_t, bool);

template <class T, int R, int N, bool kAdjacent>
Tile<T> tile_for(int64_t rows) {
  if constexpr (R > 1) {
    if (rows < R) return tile_for<T, R - 1, N, kAdjacent>(rows);
  }
  return tile<T, R, N, kAdjacent>;
}

// Rows of a tile of n vectors: enough sums to hide latencies, and all of them in registers.
constexpr int tile_rows(int n) { return kManyRegisters ? (n > 2 ? 4 : 8) : (n > 1 ? 4 : 8); }
constexpr int kTileVectors = kManyRegisters ? 4 : 2;

template <class T>
struct Operand {
  const T* data;
  int64_t row;
  int64_t column;
};

template <class T, int N, bool kAdjacent>
void columns_product(int64_t rows, int64_t k, const Operand<T>& a, const T* b, int64_t b_row, T* c,
                     int64_t c_row, bool add) {
  constexpr int kRows = tile_rows(N);
  for (int64_t r = 0; r < rows; r += kRows)
    tile_for<T, kRows, N, kAdjacent>(rows - r)(k, a.data + r * a.row, a.row, a.column, b, b_row,
                                               c + r * c_row, c_row, add);
}

template <class T, bool kAdjacent>
void vectors_product(int64_t rows, int64_t k, int64_t vectors, const Operand<T>& a, const T* b,
                     int64_t b_row, T* c, int64_t c_row, bool add) {
  int64_t n = 0;
  for (; n + kTileVectors <= vectors; n += kTileVectors)
    columns_product<T, kTileVectors, kAdjacent>(rows, k, a, b + n * kLanes<T>, b_row,
                                                c + n * kLanes<T>, c_row, add);
  const T* x = b + n * kLanes<T>;
  T* y = c + n * kLanes<T>;
  switch (vectors - n) {
    case 3: return columns_product<T, 3, kAdjacent>(rows, k, a, x, b_row, y, c_row, add);
    case 2: return columns_product<T, 2, kAdjacent>(rows, k, a, x, b_row, y, c_row, add);
    case 1: return columns_product<T, 1, kAdjacent>(rows, k, a, x, b_row, y, c_row, add);
    default: return;
  }
}

// c [rows, vectors] (+)= a [rows, k] · b [k, vectors]; a has any strides, rows of b and c are whole
// vectors.
template <class T>
void product(int64_t rows, int64_t k, int64_t vectors, const Operand<T>& a, const T* b,
             int64_t b_row, T* c, int64_t c_row, bool add) {
  if (a.row == 1) {
    vectors_product<T, true>(rows, k, vectors, a, b, b_row, c, c_row, add);
  } else {
    vectors_product<T, false>(rows, k, vectors, a, b, b_row, c, c_row, add);
  }
}

// --- transposes ---

template <class T>
struct Square {
  Vec<T> row[kLanes<T>];
};

// Exchanges the off-diagonal blocks of size kStep, 2 · kStep, …
template <class T, int kStep = 1>
inline void turn_square(Square<T>& s) {
  constexpr int w = kLanes<T>;
  if constexpr (kStep < w) {
    Count<T> low, high;
    for (int l = 0; l < w; ++l) {
      low[l] = static_cast<typename Bits<T>::Type>((l & kStep) ? w + l - kStep : l);
      high[l] = static_cast<typename Bits<T>::Type>((l & kStep) ? w + l : l + kStep);
    }
#pragma GCC unroll 16
    for (int i = 0; i < w; ++i) {
      if (i & kStep) continue;
      const Vec<T> a = s.row[i], b = s.row[i + kStep];
      s.row[i] = __builtin_shuffle(a, b, low);
      s.row[i + kStep] = __builtin_shuffle(a, b, high);
    }
    turn_square<T, 2 * kStep>(s);
  }
}

// to[c · to_row + r] = scale · from[r · from_row + c · from_column]
template <class T>
void turn(int64_t rows, int64_t columns, const T* from, int64_t from_row, int64_t from_column,
          T* to, int64_t to_row, T scale) {
  constexpr int64_t w = kLanes<T>;
  const int64_t whole_rows = from_column == 1 ? rows / w * w : 0;
  const int64_t whole_columns = columns / w * w;
  for (int64_t r = 0; r < whole_rows; r += w)
    for (int64_t c = 0; c < whole_columns; c += w) {
      Square<T> s;
#pragma GCC unroll 16
      for (int i = 0; i < w; ++i) s.row[i] = load(from + (r + i) * from_row + c) * scale;
      turn_square(s);
#pragma GCC unroll 16
      for (int i = 0; i < w; ++i) store(to + (c + i) * to_row + r, s.row[i]);
    }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; ++c)
      to[c * to_row + r] = scale * from[r * from_row + c * from_column];
}

// --- exponentials ---

// e^x for x <= 88 or so; below the smallest normal number 0. NaN stays.
inline Vec<float> exponential(Vec<float> x) {
  constexpr float kLow = -87.0f;
  const Vec<float> held = x < kLow ? all(kLow) : x;
  const Vec<float> shifted = held * 0x1.715476p0f + formulas::kShiftF;
  const Vec<float> n = shifted - formulas::kShiftF;
  const Vec<float> r = held - n * 0x1.62e4p-1f - n * 0x1.7f7d1cp-20f;
  Vec<float> y = r * 0x1.6d4e6ep-10f + 0x1.120c26p-7f;
  y = y * r + 0x1.5554e8p-5f;
  y = y * r + 0x1.5554dcp-3f;
  y = y * r + 0x1p-1f;
  y = y * r + 1.0f;
  y = y * r + 1.0f;
  const Count<float> power = ((Count<float>)shifted - 0x4b400000u + 127u) << 23;
  return x < kLow ? Vec<float>{} : y * (Vec<float>)power;
}
inline Vec<double> exponential(Vec<double> x) {
  Vec<double> y;
  for (int l = 0; l < kLanes<double>; ++l) y[l] = formulas::exp_d(x[l]);
  return y;
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
