// Matrix products by packed panels: B in panels two vectors wide, A in panels of kRows rows, and a
// tile of C held in registers over a run of up to kDepth products.
#include "gemm_block.h"

#include <type_traits>

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRows = 14;  // 28 of 32 registers accumulate
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kRows = 6;  // 12 of 16
#elif defined(__aarch64__)
constexpr int kVectorBytes = 16;
constexpr int kRows = 12;  // 24 of 32
#else
constexpr int kVectorBytes = 16;
constexpr int kRows = 6;  // 12 of 16
#endif
constexpr int64_t kDepth = 256;              // products per pass: a panel of B stays in L1
constexpr int64_t kRowBlock = 12 * kRows;    // rows per pass: packed A stays in L2
constexpr int64_t kColumnBlockBytes = 4096;  // columns per pass, as the bytes of one row

constexpr int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }

// The type that T is computed in: unsigned for integers, so that they wrap.
template <class T>
struct Work {
  using Type = T;
};
template <>
struct Work<int64_t> {
  using Type = uint64_t;
};
template <>
struct Work<int32_t> {
  using Type = uint32_t;
};
template <>
struct Work<uint8_t> {
  using Type = uint32_t;
};

template <class W>
struct Vector {
  typedef W Type __attribute__((vector_size(kVectorBytes)));
};
template <class W>
constexpr int kColumns = 2 * kVectorBytes / static_cast<int>(sizeof(W));

// tile [R, kColumns] = the sum over p < k of a[p, 0..R) times b[p, 0..kColumns).
template <class W, int R>
void micro(int64_t k, const W* a, const W* b, W* tile) {
  using V = typename Vector<W>::Type;
  V sum[R][2] = {};
  const V* rows = reinterpret_cast<const V*>(b);
  for (int64_t p = 0; p < k; ++p) {
    const V left = rows[2 * p];
    const V right = rows[2 * p + 1];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const W x = a[p * kRows + r];
      sum[r][0] += x * left;
      sum[r][1] += x * right;
    }
  }
  V* out = reinterpret_cast<V*>(tile);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    out[2 * r] = sum[r][0];
    out[2 * r + 1] = sum[r][1];
  }
}

template <class W>
using Micro = void (*)(int64_t k, const W* a, const W* b, W* tile);

// The kernel for `rows` rows, 1 to kRows.
template <class W, int R = kRows>
Micro<W> micro_for(int64_t rows) {
  if constexpr (R > 1) {
    if (rows < R) return micro_for<W, R - 1>(rows);
  }
  return micro<W, R>;
}

// Writes `count` vectors of length k, which lie `step` apart with elements `k_step` apart, as
// panels [k, width]; zeros fill the last panel.
template <int width, class T, class W>
void pack(int64_t count, int64_t k, const T* from, int64_t step, int64_t k_step, W scale, W* to) {
  for (int64_t first = 0; first < count; first += width, to += k * width) {
    const T* source = from + first * step;
    const int64_t used = min_of(width, count - first);
    if (used == width && step == 1) {
      for (int64_t p = 0; p < k; ++p)
        for (int i = 0; i < width; ++i)
          to[p * width + i] = scale * static_cast<W>(source[p * k_step + i]);
      continue;
    }
    constexpr int64_t kRun = 16;  // reads stay within a line or two where k_step is 1
    for (int64_t begin = 0; begin < k; begin += kRun) {
      const int64_t end = min_of(begin + kRun, k);
      for (int64_t i = 0; i < used; ++i)
        for (int64_t p = begin; p < end; ++p)
          to[p * width + i] = scale * static_cast<W>(source[i * step + p * k_step]);
      for (int64_t i = used; i < width; ++i)
        for (int64_t p = begin; p < end; ++p) to[p * width + i] = W{};
    }
  }
}

template <class T, class W>
inline void store(int64_t rows, int64_t columns, const W* tile, T* c, int64_t c_row,
                  bool accumulate) {
  for (int64_t i = 0; i < rows; ++i) {
    const W* from = tile + i * kColumns<W>;
    T* to = c + i * c_row;
    if (accumulate) {
      for (int64_t j = 0; j < columns; ++j) to[j] = static_cast<T>(static_cast<W>(to[j]) + from[j]);
    } else {
      for (int64_t j = 0; j < columns; ++j) to[j] = static_cast<T>(from[j]);
    }
  }
}

template <class T>
void block(const GemmBlock<T>& g, void* workspace) {
  using W = typename Work<T>::Type;
  constexpr int64_t kColumnBlock = kColumnBlockBytes / sizeof(W);
  static_assert(kDepth * (kColumnBlock + kRowBlock) * sizeof(W) <= kGemmWorkspace);
  W* const packed_b = static_cast<W*>(workspace);
  W* const packed_a = packed_b + kDepth * kColumnBlock;
  alignas(64) W tile[kRows * kColumns<W>];
  for (int64_t j0 = 0; j0 < g.n; j0 += kColumnBlock) {
    const int64_t n = min_of(kColumnBlock, g.n - j0);
    for (int64_t p0 = 0; p0 < g.k || p0 == 0; p0 += kDepth) {
      const int64_t k = min_of(kDepth, g.k - p0);
      const bool accumulate = g.accumulate || p0 > 0;
      pack<kColumns<W>>(n, k, g.b + p0 * g.b_row + j0 * g.b_col, g.b_col, g.b_row,
                        static_cast<W>(g.alpha), packed_b);
      for (int64_t i0 = 0; i0 < g.m; i0 += kRowBlock) {
        const int64_t m = min_of(kRowBlock, g.m - i0);
        pack<kRows>(m, k, g.a + i0 * g.a_row + p0 * g.a_col, g.a_row, g.a_col, W{1}, packed_a);
        for (int64_t j = 0; j < n; j += kColumns<W>) {
          const int64_t columns = min_of(kColumns<W>, n - j);
          for (int64_t i = 0; i < m; i += kRows) {
            const int64_t rows = min_of(kRows, m - i);
            micro_for<W>(rows)(k, packed_a + i * k, packed_b + j * k, tile);
            T* c = g.c + (i0 + i) * g.c_row + j0 + j;
            if (rows == kRows && columns == kColumns<W>) {
              store(kRows, kColumns<W>, tile, c, g.c_row, accumulate);
            } else {
              store(rows, columns, tile, c, g.c_row, accumulate);
            }
          }
        }
      }
    }
  }
}

// --- a few rows against rows of b in memory ---

template <class T>
struct Unaligned {
  typedef T Type __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
};

// How far ahead b is fetched, in bytes: it usually comes from memory, and its rows are too short
// for the hardware to follow.
constexpr int64_t kAhead = 12288;

// The sum of all lanes, by halves.
template <class T>
inline T lane_sum(typename Vector<T>::Type x) {
  typedef typename Work<std::conditional_t<sizeof(T) == 4, int32_t, int64_t>>::Type Place;
  typedef Place Places __attribute__((vector_size(kVectorBytes)));
  constexpr int w = kVectorBytes / static_cast<int>(sizeof(T));
#pragma GCC unroll 4
  for (int step = w / 2; step > 0; step /= 2) {
    Places from;
#pragma GCC unroll 16
    for (int l = 0; l < w; ++l) from[l] = static_cast<Place>(l ^ step);
    x += __builtin_shuffle(x, from);
  }
  return x[0];
}

// The end of a row, less than a vector.
template <class T>
[[gnu::noinline]] T rest(int64_t n, const T* a, const T* b) {
  T total = 0;
  for (int64_t p = 0; p < n; ++p) total += a[p] * b[p];
  return total;
}

// c [M, C] for the columns of b that begin at `b`, `b_col` apart.
template <int M, int C, class T>
inline void row_products(const GemmBlock<T>& g, const T* b, T* c) {
  using V = typename Vector<T>::Type;
  using U = typename Unaligned<T>::Type;
  constexpr int64_t w = kVectorBytes / static_cast<int>(sizeof(T));
  V sum[M][C] = {};
  int64_t p = 0;
  for (; p + w <= g.k; p += w) {
    V x[M];
#pragma GCC unroll 4
    for (int i = 0; i < M; ++i) x[i] = *reinterpret_cast<const U*>(g.a + i * g.a_row + p);
#pragma GCC unroll 4
    for (int j = 0; j < C; ++j) {
      const T* at = b + j * g.b_col + p;
      // Beyond the end nothing happens; an address, not a pointer, because it may be anywhere.
      __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(at) + kAhead));
      const V y = *reinterpret_cast<const U*>(at);
#pragma GCC unroll 4
      for (int i = 0; i < M; ++i) sum[i][j] += x[i] * y;
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < C; ++j) {
      T total = lane_sum<T>(sum[i][j]);
      if (p < g.k) total += rest(g.k - p, g.a + i * g.a_row + p, b + j * g.b_col + p);
      T* to = c + i * g.c_row + j;
      *to = g.accumulate ? *to + g.alpha * total : g.alpha * total;
    }
}

template <int M, class T>
void all_row_products(const GemmBlock<T>& g) {
  constexpr int kTogether = 4;
  int64_t j = 0;
  for (; j + kTogether <= g.n; j += kTogether)
    row_products<M, kTogether>(g, g.b + j * g.b_col, g.c + j);
  for (; j < g.n; ++j) row_products<M, 1>(g, g.b + j * g.b_col, g.c + j);
}

template <class T>
void few_rows(const GemmBlock<T>& g) {
  switch (g.m) {
    case 1: return all_row_products<1>(g);
    case 2: return all_row_products<2>(g);
    case 3: return all_row_products<3>(g);
    case 4: return all_row_products<4>(g);
    default: return;
  }
}

template <class T, class F>
inline void update(int64_t rows, int64_t columns, const T* bias, T* c, int64_t row, F&& f) {
  for (int64_t i = 0; i < rows; ++i) {
    T* y = c + i * row;
    if (bias) {
#pragma GCC ivdep
      for (int64_t j = 0; j < columns; ++j) y[j] = f(y[j], bias[j]);
    } else {
      for (int64_t j = 0; j < columns; ++j) y[j] = f(y[j], T{});
    }
  }
}

template <class T>
void finish(int64_t rows, int64_t columns, const T* bias, bool relu, T* c, int64_t row) {
  using W = typename Work<T>::Type;
  const auto add = [](T y, T x) { return static_cast<T>(static_cast<W>(y) + static_cast<W>(x)); };
  if (relu) {
    update(rows, columns, bias, c, row, [add](T y, T x) {
      const T sum = add(y, x);
      return sum < T{} ? T{} : sum;
    });
  } else if (bias) {
    update(rows, columns, bias, c, row, add);
  }
}

template <class T>
constexpr GemmFunctions<T> functions() {
  if constexpr (__is_same(T, float) || __is_same(T, double)) {
    return {block<T>, few_rows<T>, finish<T>};
  } else {
    return {block<T>, nullptr, finish<T>};
  }
}

}  // namespace

extern const GemmTable gemm_table;
const GemmTable gemm_table = {functions<float>(), functions<double>(), functions<int64_t>(),
                              functions<int32_t>(), functions<uint8_t>()};

}  // namespace flambeau::FLAMBEAU_ISA
