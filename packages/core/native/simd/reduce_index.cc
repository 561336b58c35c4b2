// Where the largest or smallest element is.
#include "reduce_rows.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Elements among which an extreme is found first and then looked for.
constexpr int64_t kSearched = 4096;

// Signed integers as wide as T, which count the rows of a block.
template <class T>
struct RowCount {
  using Type = int32_t;
};
template <>
struct RowCount<double> {
  using Type = int64_t;
};
template <>
struct RowCount<int64_t> {
  using Type = int64_t;
};

template <class T, class Join>
struct Finder {
  using Row = typename RowCount<T>::Type;
  static constexpr bool kLargest = __is_same(Join, Larger);

  // Is x to replace best? For numbers and vectors.
  template <class V>
  static auto better(V x, V best) {
    if constexpr (kLargest) return (x > best) | ((x != x) & (best == best));
    return (x < best) | ((x != x) & (best == best));
  }

  static void clear(char*, int64_t, int64_t) {}  // the first elements are taken as they are

  [[gnu::noinline]] static void extreme_rows(T* acc, const T* x, int64_t stride, int64_t rows,
                                             int64_t n) {
    take_extreme_rows<Join>(acc, x, stride, rows, n, [](auto v) { return v; });
  }

  // The place of the first element equal to `value` (or NaN, if that is NaN), which must exist.
  [[gnu::noinline]] static int64_t find(const T* x, int64_t n, T value) {
    constexpr int64_t kChunk = 64;
    const bool is_nan = value != value;
    int64_t begin = 0;
    for (; begin + kChunk <= n; begin += kChunk) {
      int found = 0;
      for (int64_t k = 0; k < kChunk; ++k)
        found |= (x[begin + k] == value) | (is_nan & (x[begin + k] != x[begin + k]));
      if (found) break;
    }
    while (begin < n - 1 && x[begin] != value && !(is_nan && x[begin] != x[begin])) ++begin;
    return begin;
  }

  static void run(char* acc, int64_t plane, const char* data, int64_t n, int64_t before, double) {
    const T* x = as<T>(data);
    T best = x[0];
    int64_t place = 0;
    if (n < 2 * kFewLanes) {
      for (int64_t i = 1; i < n; ++i) {
        if (!better(x[i], best)) continue;
        best = x[i];
        place = i;
      }
    } else {
      int64_t found = -1;  // the piece that has the best element
      for (int64_t begin = 0; begin < n; begin += kSearched) {
        const int64_t size = n - begin < kSearched ? n - begin : kSearched;
        const T extreme = take_run<Join, T>(x + begin, size, extreme_rows);
        if (found >= 0 && !better(extreme, best)) continue;
        best = extreme;
        found = begin;
      }
      place = found + find(x + found, n - found < kSearched ? n - found : kSearched, best);
    }
    int64_t* at = as<int64_t>(acc) + plane;
    if (before > 0 && !better(best, *as<T>(acc))) return;
    *as<T>(acc) = best;
    *at = before + place;
  }

  static void runs(char* acc, int64_t plane, const char* x, int64_t pitch, int64_t n, int64_t count,
                   int64_t before, double) {
    for (int64_t j = 0; j < n; ++j) {
      T* best = as<T>(acc) + j;
      int64_t* at = as<int64_t>(acc) + plane + j;
      // An accumulator of its own: those of a row do not lie one item apart.
      int64_t one[2] = {0, *at};
      char* own = reinterpret_cast<char*>(one);
      *as<T>(own) = *best;
      run(own, 1, x + j * pitch, count, before, 0);
      *best = *as<T>(own);
      *at = one[1];
    }
  }

  static void rows(char* acc, int64_t plane, const char* data, int64_t stride, int64_t rows,
                   int64_t n, int64_t before, double) {
    alignas(64) Row row_of[kReduceColumns];  // in which the best so far was found; -1: before
    const T* x = as<T>(data);
    T* best = as<T>(acc);
    int64_t* at = as<int64_t>(acc) + plane;
    for (int64_t j = 0; j < n; ++j) row_of[j] = before > 0 ? -1 : 0;
    if (before == 0)
      for (int64_t j = 0; j < n; ++j) best[j] = x[j];
    take(best, row_of, x, stride, rows, n);
    for (int64_t j = 0; j < n; ++j) at[j] = row_of[j] < 0 ? at[j] : before + row_of[j];
  }

  [[gnu::noinline]] static void take(T* best, Row* row_of, const T* x, int64_t stride, int64_t rows,
                                     int64_t n) {
    const int64_t ahead =
        stride * (kAheadBytes / (n * static_cast<int64_t>(sizeof(T))) / 4 * 4 + 4);
    const bool fetches = rows * n * static_cast<int64_t>(sizeof(T)) >= kAheadBytes;
    for (int64_t r = 0; r < rows; ++r, x += stride) {
      if (fetches && r % 4 == 0) prefetch_rows(x, ahead, stride, n);
      int64_t j = 0;
      if constexpr (sizeof(T) == sizeof(Row)) {
        using V = typename Vector<T>::Type;
        using Place = typename Vector<T>::Unaligned;
        using R = typename Vector<Row>::Type;
        using RowPlace = typename Vector<Row>::Unaligned;
        constexpr int64_t kWidth = kVectorBytes / sizeof(T);
        const R row = R{} + static_cast<Row>(r);
        for (; j + kWidth <= n; j += kWidth) {
          const V v = *reinterpret_cast<const Place*>(x + j);
          const V b = *reinterpret_cast<const Place*>(best + j);
          const auto wins = better(v, b);
          *reinterpret_cast<Place*>(best + j) = wins ? v : b;
          auto* rows_place = reinterpret_cast<RowPlace*>(row_of + j);
          *rows_place = wins ? row : static_cast<R>(*rows_place);
        }
      }
      for (; j < n; ++j) {
        const bool wins = better(x[j], best[j]);
        best[j] = wins ? x[j] : best[j];
        row_of[j] = wins ? static_cast<Row>(r) : row_of[j];
      }
    }
  }

  static void combine(char* acc, int64_t plane, const char* other, int64_t other_plane, int64_t n,
                      int64_t before, int64_t) {
    T* best = as<T>(acc);
    int64_t* at = as<int64_t>(acc) + plane;
    const T* other_best = as<T>(other);
    const int64_t* other_at = as<int64_t>(other) + other_plane;
    for (int64_t j = 0; j < n; ++j) {
      if (!better(other_best[j], best[j])) continue;
      best[j] = other_best[j];
      at[j] = before + other_at[j];
    }
  }

  static constexpr Reducer reducer() {
    return {2, sizeof(int64_t), true, clear, rows, run, runs, combine};
  }
};

template <class Join>
constexpr ReducerRow finder_row() {
  return {{Finder<float, Join>::reducer(), Finder<double, Join>::reducer(),
           Finder<int64_t, Join>::reducer(), Finder<int32_t, Join>::reducer(),
           Finder<uint8_t, Join>::reducer(), Finder<uint8_t, Join>::reducer()}};
}

}  // namespace

extern const ReduceIndexTable reduce_index_table;
constinit const ReduceIndexTable reduce_index_table = {finder_row<Larger>(), finder_row<Smaller>()};

}  // namespace flambeau::FLAMBEAU_ISA
