// The product with the hidden state keeps a tile of `rows × gates × units` in registers; the gates
// of these units then follow at once, before the tile leaves the first-level cache.
#include "recurrent.h"

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "hyperbolic.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kAccumulators = 24;  // of 32 registers
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kAccumulators = 9;  // of 16
#elif defined(__aarch64__)
constexpr int kVectorBytes = 16;
constexpr int kAccumulators = 24;
#else
constexpr int kVectorBytes = 16;
constexpr int kAccumulators = 9;
#endif

// Vectors of a panel of plain columns.
constexpr int kPlain = 4;

template <class T>
constexpr int kUnits = kVectorBytes / static_cast<int>(sizeof(T));
// Rows that are multiplied before the next run of products, for which a slice of a panel of at most
// kSliceBytes then lies in the first-level cache.
constexpr int64_t kRowBlock = 64;
constexpr int64_t kSliceBytes = 16384;
// Rows of a tile whose rows have `width` vectors.
template <int width>
constexpr int kRows = kAccumulators / width < 12 ? kAccumulators / width : 12;

template <class T>
struct Vector {
  typedef T Type __attribute__((vector_size(kVectorBytes)));
  typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
};

constexpr int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline float sigmoid_of(float x) { return formulas::sigmoid_f(x); }
inline double sigmoid_of(double x) { return formulas::sigmoid_d(x); }
inline float tanh_of(float x) { return formulas::tanh_f(x); }
inline double tanh_of(double x) { return formulas::tanh_d(x); }

// --- panels ---

// One panel: vector v of step p holds the columns first + v · group …, of which those from `limit`
// on (counted in v's group) are zeros. Column j of step p lies at b + p · row + j · column.
template <class T>
void pack_panel(int width, int64_t depth, const T* b, int64_t row, int64_t column, int64_t group,
                int64_t first, const int64_t* used, T* to) {
  constexpr int kU = kUnits<T>;
  constexpr int64_t kRun = 16;  // reads stay within a line or two where row is 1
  for (int64_t begin = 0; begin < depth; begin += kRun) {
    const int64_t end = min_of(begin + kRun, depth);
    for (int v = 0; v < width; ++v) {
      for (int u = 0; u < kU; ++u) {
        T* out = to + v * kU + u;
        if (u < used[v]) {
          const T* from = b + (first + v * group + u) * column;
          for (int64_t p = begin; p < end; ++p) out[p * width * kU] = from[p * row];
        } else {
          for (int64_t p = begin; p < end; ++p) out[p * width * kU] = T{};
        }
      }
    }
  }
}

template <class T>
void pack_gates(int64_t gates, int64_t hidden, int64_t depth, const T* w, int64_t w_row,
                int64_t begin, int64_t end, T* to) {
  constexpr int64_t kU = kUnits<T>;
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t left = min_of(kU, hidden - panel * kU);
    const int64_t used[4] = {left, left, left, left};
    pack_panel(static_cast<int>(gates), depth, w, 1, w_row, hidden, panel * kU, used,
               to + panel * depth * gates * kU);
  }
}

template <class T>
void pack_columns(int64_t n, int64_t depth, const T* b, int64_t row, int64_t column, int64_t begin,
                  int64_t end, T* to) {
  constexpr int64_t kU = kUnits<T>;
  for (int64_t panel = begin; panel < end; ++panel) {
    int64_t used[kPlain];
    for (int v = 0; v < kPlain; ++v) used[v] = min_of(kU, n - (panel * kPlain + v) * kU);
    T* out = to + panel * depth * kPlain * kU;
    if (column == 1 && used[kPlain - 1] == kU) {
      const T* from = b + panel * kPlain * kU;
      for (int64_t p = 0; p < depth; ++p)
        for (int64_t j = 0; j < kPlain * kU; ++j) out[p * kPlain * kU + j] = from[p * row + j];
      continue;
    }
    pack_panel(kPlain, depth, b, row, column, kU, panel * kPlain * kU, used, out);
  }
}

// --- products ---

// tile [R, width vectors] += the sum over p < depth of a[., p] times panel[p].
template <class T, int width, int R>
void micro(int64_t depth, const T* a, int64_t a_row, const T* panel, T* tile) {
  using V = typename Vector<T>::Type;
  V sum[R][width];
  V* const out = reinterpret_cast<V*>(tile);
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < width; ++v) sum[r][v] = out[r * width + v];
  const V* b = reinterpret_cast<const V*>(panel);
  for (int64_t p = 0; p < depth; ++p, b += width) {
    V right[width];
#pragma GCC unroll 4
    for (int v = 0; v < width; ++v) right[v] = b[v];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const T x = a[r * a_row + p];
#pragma GCC unroll 4
      for (int v = 0; v < width; ++v) sum[r][v] += x * right[v];
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < width; ++v) out[r * width + v] = sum[r][v];
}

template <class T>
using Micro = void (*)(int64_t depth, const T* a, int64_t a_row, const T* panel, T* tile);

// The kernel for `rows` rows, 1 to kRows.
template <class T, int width, int R = kRows<width>>
Micro<T> micro_for(int64_t rows) {
  if constexpr (R > 1) {
    if (rows < R) return micro_for<T, width, R - 1>(rows);
  }
  return micro<T, width, R>;
}

// Calls body(row, count) for even runs of at most kRows rows.
template <int width, class Body>
inline void for_row_tiles(int64_t rows, Body&& body) {
  const int64_t tiles = ceil_div(rows, kRows<width>);
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t row = rows * i / tiles;
    body(row, rows * (i + 1) / tiles - row);
  }
}

// tile [rows, width vectors] += a [rows, depth] · panel, for at most kRowBlock rows.
template <class T, int width>
void multiply_panel(int64_t rows, int64_t depth, const T* a, int64_t a_row, const T* panel,
                    T* tile) {
  constexpr int64_t kWidth = width * kUnits<T>;
  constexpr int64_t kSlice = kSliceBytes / (kWidth * static_cast<int64_t>(sizeof(T)));
  const int64_t slice = rows <= kRows<width> ? depth : kSlice;  // one tile reads all but once
  for (int64_t p = 0; p < depth; p += slice) {
    const int64_t count = min_of(slice, depth - p);
    for_row_tiles<width>(rows, [&](int64_t row, int64_t used) {
      micro_for<T, width>(used)(count, a + row * a_row + p, a_row, panel + p * kWidth,
                                tile + row * kWidth);
    });
  }
}

template <class T>
void product(int64_t rows, int64_t n, int64_t depth, const T* a, int64_t a_row, const T* packed,
             bool accumulate, T* c, int64_t c_row, int64_t begin, int64_t end) {
  constexpr int64_t kWidth = kPlain * kUnits<T>;
  alignas(64) T tile[kRowBlock * kWidth];
  for (int64_t panel = begin; panel < end; ++panel) {
    const T* b = packed + panel * depth * kWidth;
    const int64_t used = min_of(kWidth, n - panel * kWidth);
    for (int64_t row = 0; row < rows; row += kRowBlock) {
      const int64_t count = min_of(kRowBlock, rows - row);
      for (int64_t i = 0; i < count * kWidth; ++i) tile[i] = T{};
      multiply_panel<T, kPlain>(count, depth, a + row * a_row, a_row, b, tile);
      for (int64_t r = 0; r < count; ++r) {
        T* to = c + (row + r) * c_row + panel * kWidth;
        const T* from = tile + r * kWidth;
        if (accumulate) {
          for (int64_t j = 0; j < used; ++j) to[j] += from[j];
        } else {
          for (int64_t j = 0; j < used; ++j) to[j] = from[j];
        }
      }
    }
  }
}

template <class T>
inline T lane_sum(const typename Vector<T>::Type& v) {
  T sum = 0;
  for (int i = 0; i < kUnits<T>; ++i) sum += v[i];
  return sum;
}

template <class T, int R>
void dots_of(int64_t depth, const T* w, int64_t w_row, const T* x, T* y) {
  using V = typename Vector<T>::Type;
  using U = typename Vector<T>::Unaligned;
  constexpr int64_t kU = kUnits<T>;
  V sum[R][2] = {};
  int64_t p = 0;
  for (; p + 2 * kU <= depth; p += 2 * kU) {
    const V x0 = *reinterpret_cast<const U*>(x + p);
    const V x1 = *reinterpret_cast<const U*>(x + p + kU);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      sum[r][0] += *reinterpret_cast<const U*>(w + r * w_row + p) * x0;
      sum[r][1] += *reinterpret_cast<const U*>(w + r * w_row + p + kU) * x1;
    }
  }
  for (int r = 0; r < R; ++r) {
    const V both = sum[r][0] + sum[r][1];
    T total = lane_sum<T>(both);
    for (int64_t q = p; q < depth; ++q) total += w[r * w_row + q] * x[q];
    y[r] += total;
  }
}

template <class T>
void dots(int64_t n, int64_t depth, const T* w, int64_t w_row, const T* x, T* y) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) dots_of<T, 4>(depth, w + i * w_row, w_row, x, y + i);
  for (; i < n; ++i) dots_of<T, 1>(depth, w + i * w_row, w_row, x, y + i);
}

template <class T>
void column_sums(int64_t rows, const T* x, int64_t row, int64_t begin, int64_t end, T* to) {
  constexpr int64_t kBlock = 64;
  for (int64_t first = begin; first < end; first += kBlock) {
    const int64_t count = min_of(kBlock, end - first);
    double sums[kBlock] = {};
    for (int64_t i = 0; i < rows; ++i) {
      const T* from = x + i * row + first;
      for (int64_t j = 0; j < count; ++j) sums[j] += static_cast<double>(from[j]);
    }
    for (int64_t j = 0; j < count; ++j) to[first + j] = static_cast<T>(sums[j]);
  }
}

// --- steps ---

// Calls finish(row, unit, used, tile) for each row and panel of units: tile [width, kUnits] is the
// row's product with the hidden state (and its bias) for `used` units from `unit` on.
template <class T, int width, class Finish>
inline void for_units(const RecurrentStep<T>& s, int64_t begin, int64_t end, Finish&& finish) {
  constexpr int64_t kU = kUnits<T>;
  alignas(64) T tile[kRowBlock * width * kU];
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t unit = panel * kU;
    const int64_t used = min_of(kU, s.hidden - unit);
    alignas(64) T bias[width * kU] = {};
    if (s.bias)
      for (int v = 0; v < width; ++v)
        for (int64_t u = 0; u < used; ++u) bias[v * kU + u] = s.bias[v * s.hidden + unit + u];
    for (int64_t row = 0; row < s.rows; row += kRowBlock) {
      const int64_t count = min_of(kRowBlock, s.rows - row);
      // What lies a whole row apart is on its way while the product runs.
      for (int64_t r = 0; r < count; ++r)
        for (int v = 0; v < width; ++v)
          __builtin_prefetch(s.gates + ((row + r) * width + v) * s.hidden + unit, 1);
      for (int64_t r = 0; r < count; ++r)
        for (int i = 0; i < width * kU; ++i) tile[r * width * kU + i] = bias[i];
      if (s.packed) {
        multiply_panel<T, width>(count, s.depth, s.state + row * s.depth, s.depth,
                                 s.packed + panel * s.depth * width * kU, tile);
      } else if (s.past) {
        for (int64_t r = 0; r < count; ++r)
          for (int v = 0; v < width; ++v) {
            const T* from = s.past + ((row + r) * width + v) * s.hidden + unit;
            for (int64_t u = 0; u < used; ++u) tile[(r * width + v) * kU + u] += from[u];
          }
      }
      for (int64_t r = 0; r < count; ++r) finish(row + r, unit, used, tile + r * width * kU);
    }
  }
}

// Copies of `used` numbers in full vectors, zeros behind them, and back.
template <class T>
inline void take(const T* from, int64_t used, T* to) {
  if (used == kUnits<T>) {
    for (int u = 0; u < kUnits<T>; ++u) to[u] = from[u];
  } else {
    for (int u = 0; u < kUnits<T>; ++u) to[u] = u < used ? from[u] : T{};
  }
}
template <class T>
inline void put(const T* from, int64_t used, T* to) {
  if (used == kUnits<T>) {
    for (int u = 0; u < kUnits<T>; ++u) to[u] = from[u];
  } else {
    for (int64_t u = 0; u < used; ++u) to[u] = from[u];
  }
}

template <class T>
void lstm(const RecurrentStep<T>& s, int64_t begin, int64_t end) {
  constexpr int kU = kUnits<T>;
  for_units<T, 4>(s, begin, end, [&s](int64_t row, int64_t unit, int64_t used, T* past) {
    T* gates = s.gates + row * 4 * s.hidden + unit;
    alignas(64) T x[4 * kU], c[kU], h[kU];
    for (int v = 0; v < 4; ++v) take(gates + v * s.hidden, used, x + v * kU);
    for (int u = 0; u < 4 * kU; ++u) x[u] += past[u];
    for (int u = 0; u < 2 * kU; ++u) x[u] = sigmoid_of(x[u]);
    for (int u = 2 * kU; u < 3 * kU; ++u) x[u] = tanh_of(x[u]);
    for (int u = 3 * kU; u < 4 * kU; ++u) x[u] = sigmoid_of(x[u]);
    take(s.cell + row * s.hidden + unit, used, c);
    for (int u = 0; u < kU; ++u) {
      c[u] = x[kU + u] * c[u] + x[u] * x[2 * kU + u];
      h[u] = x[3 * kU + u] * tanh_of(c[u]);
    }
    put(c, used, s.cell + row * s.hidden + unit);
    if (s.saved) {
      put(c, used, s.saved + row * s.hidden + unit);
      for (int v = 0; v < 4; ++v) put(x + v * kU, used, gates + v * s.hidden);
    }
    put(h, used, s.next + row * s.hidden + unit);
    if (s.y) put(h, used, s.y + row * s.y_row + unit);
  });
}

template <class T>
void gru(const RecurrentStep<T>& s, int64_t begin, int64_t end) {
  constexpr int kU = kUnits<T>;
  for_units<T, 3>(s, begin, end, [&s](int64_t row, int64_t unit, int64_t used, T* past) {
    T* gates = s.gates + row * 3 * s.hidden + unit;
    alignas(64) T x[3 * kU], h[kU];
    for (int v = 0; v < 3; ++v) take(gates + v * s.hidden, used, x + v * kU);
    take(s.state + row * s.hidden + unit, used, h);
    for (int u = 0; u < 2 * kU; ++u) x[u] = sigmoid_of(x[u] + past[u]);
    for (int u = 0; u < kU; ++u) {
      x[2 * kU + u] = tanh_of(x[2 * kU + u] + x[u] * past[2 * kU + u]);
      h[u] = (h[u] - x[2 * kU + u]) * x[kU + u] + x[2 * kU + u];
    }
    if (s.saved) {
      put(past + 2 * kU, used, s.saved + row * s.hidden + unit);
      for (int v = 0; v < 3; ++v) put(x + v * kU, used, gates + v * s.hidden);
    }
    put(h, used, s.next + row * s.hidden + unit);
    if (s.y) put(h, used, s.y + row * s.y_row + unit);
  });
}

template <class T, bool kRelu>
void simple(const RecurrentStep<T>& s, int64_t begin, int64_t end) {
  constexpr int kU = kUnits<T>;
  for_units<T, 1>(s, begin, end, [&s](int64_t row, int64_t unit, int64_t used, T* past) {
    alignas(64) T h[kU];
    take(s.gates + row * s.hidden + unit, used, h);
    for (int u = 0; u < kU; ++u) {
      const T sum = h[u] + past[u];
      h[u] = kRelu ? (sum < T{} ? T{} : sum) : tanh_of(sum);
    }
    put(h, used, s.next + row * s.hidden + unit);
    if (s.y) put(h, used, s.y + row * s.y_row + unit);
  });
}

// --- gradients of steps ---

// With h' = o · tanh(c') and c' = f · c + i · g.
template <class T>
void lstm_back(const RecurrentBack<T>& s, int64_t begin, int64_t end) {
  const int64_t size = s.hidden;
  for (int64_t row = 0; row < s.rows; ++row) {
    const T* dy = s.dy ? s.dy + row * s.dy_row : nullptr;
    const T* gates = s.gates + row * 4 * size;
    const T* after = s.saved + row * size;
    const T* before = s.before + row * s.before_row;
    T* dh = s.dh + row * size;
    T* dc = s.dc + row * size;
    T* to = s.dgates + row * 4 * size;
    if (dy)
#pragma GCC ivdep
      for (int64_t j = begin; j < end; ++j) dh[j] += dy[j];
#pragma GCC ivdep
    for (int64_t j = begin; j < end; ++j) {
      const T i = gates[j], f = gates[size + j], g = gates[2 * size + j], o = gates[3 * size + j];
      const T squashed = tanh_of(after[j]);
      const T d = dc[j] + dh[j] * o * (1 - squashed * squashed);
      to[j] = d * g * (i * (1 - i));
      to[size + j] = d * before[j] * (f * (1 - f));
      to[2 * size + j] = d * i * (1 - g * g);
      to[3 * size + j] = dh[j] * squashed * (o * (1 - o));
      dc[j] = d * f;
      dh[j] = 0;
    }
    if (s.raw)
      for (int64_t j = begin; j < end; ++j)
        s.raw[row * size + j] = gates[3 * size + j] * tanh_of(after[j]);
  }
}

// With h' = (1 - z) · n + z · h and n = tanh(x + r · p).
template <class T>
void gru_back(const RecurrentBack<T>& s, int64_t begin, int64_t end) {
  const int64_t size = s.hidden;
  for (int64_t row = 0; row < s.rows; ++row) {
    const T* dy = s.dy ? s.dy + row * s.dy_row : nullptr;
    const T* gates = s.gates + row * 3 * size;
    const T* past = s.saved + row * size;
    const T* before = s.before + row * s.before_row;
    T* dh = s.dh + row * size;
    T* to = s.dgates + row * 4 * size;
    if (dy)
#pragma GCC ivdep
      for (int64_t j = begin; j < end; ++j) dh[j] += dy[j];
#pragma GCC ivdep
    for (int64_t j = begin; j < end; ++j) {
      const T r = gates[j], z = gates[size + j], n = gates[2 * size + j];
      const T dn = dh[j] * (1 - z) * (1 - n * n);
      to[j] = dn;
      to[size + j] = dn * past[j] * (r * (1 - r));
      to[2 * size + j] = dh[j] * (before[j] - n) * (z * (1 - z));
      to[3 * size + j] = dn * r;
      dh[j] *= z;
    }
  }
}

template <class T, bool kRelu>
void simple_back(const RecurrentBack<T>& s, int64_t begin, int64_t end) {
  for (int64_t row = 0; row < s.rows; ++row) {
    const T* dy = s.dy ? s.dy + row * s.dy_row : nullptr;
    const T* y = s.before + row * s.before_row;
    T* dh = s.dh + row * s.hidden;
    T* to = s.dgates + row * s.hidden;
    if (dy)
#pragma GCC ivdep
      for (int64_t j = begin; j < end; ++j) dh[j] += dy[j];
#pragma GCC ivdep
    for (int64_t j = begin; j < end; ++j) {
      to[j] = kRelu ? (y[j] <= T{} ? T{} : dh[j]) : dh[j] * (1 - y[j] * y[j]);
      dh[j] = 0;
    }
  }
}

template <class T>
constexpr RecurrentFunctions<T> functions() {
  return {kUnits<T>,
          kPlain * kUnits<T>,
          pack_gates<T>,
          pack_columns<T>,
          product<T>,
          dots<T>,
          column_sums<T>,
          lstm<T>,
          gru<T>,
          simple<T, false>,
          simple<T, true>,
          lstm_back<T>,
          gru_back<T>,
          simple_back<T, false>,
          simple_back<T, true>};
}

}  // namespace

extern const RecurrentTable recurrent_table;
const RecurrentTable recurrent_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
