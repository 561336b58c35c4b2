// The loops that all reductions are made of. Only for simd/reduce*.cc: compiled once per
// instruction-set level, in the namespace of that level.
//
// There is one kind of loop: rows of elements taken into a row of accumulators, which vectorises
// without reordering anything. A contiguous run is cut into rows of a fixed width first, whose
// accumulators are then joined pairwise.
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "reduce.h"

namespace flambeau::FLAMBEAU_ISA {

// How accumulators of type A join: join(a, b) of two, starting with identity().
struct Plus {
  template <class A>
  static constexpr A identity() {
    return A(0);
  }
  template <class A>
  static A join(A a, A b) {
    return a + b;
  }
};
struct Times {
  template <class A>
  static constexpr A identity() {
    return A(1);
  }
  template <class A>
  static A join(A a, A b) {
    return a * b;
  }
};

template <class T>
constexpr T lowest_of() {
  if constexpr (FloatType::has<T>) {
    return -static_cast<T>(__builtin_inf());
  } else if constexpr (__is_same(T, uint8_t)) {
    return 0;
  } else {
    return static_cast<T>(T{1} << (sizeof(T) * 8 - 2)) * -2;
  }
}
template <class T>
constexpr T highest_of() {
  if constexpr (FloatType::has<T>) {
    return static_cast<T>(__builtin_inf());
  } else {
    return static_cast<T>(~lowest_of<T>());
  }
}

// NaN wins; the first of equal ones stays.
struct Larger {
  template <class A>
  static constexpr A identity() {
    return lowest_of<A>();
  }
  template <class A>
  static A join(A a, A b) {
    return (b > a) | (b != b) ? b : a;
  }
};
struct Smaller {
  template <class A>
  static constexpr A identity() {
    return highest_of<A>();
  }
  template <class A>
  static A join(A a, A b) {
    return (b < a) | (b != b) ? b : a;
  }
};

template <class Join, class A>
inline void clear_row(A* acc, int64_t n) {
  for (int64_t j = 0; j < n; ++j) acc[j] = Join::template identity<A>();
}

// Columns that are worked on at a time, and how far ahead of them rows are fetched (the hardware
// alone reads memory at half the speed).
inline constexpr int64_t kStrip = 128;
inline constexpr int64_t kAheadBytes = 8192;

// Fetches `width` elements of four rows, which are `ahead` elements after those at x.
template <class T>
inline void prefetch_rows(const T* x, int64_t ahead, int64_t stride, int64_t width) {
  const auto first = reinterpret_cast<uintptr_t>(x);
  const auto item = static_cast<int64_t>(sizeof(T));
  for (int64_t row = 0; row < 4; ++row)
    for (int64_t at = 0; at < width * item; at += 64)
      __builtin_prefetch(reinterpret_cast<const void*>(
          first + static_cast<uintptr_t>((ahead + row * stride) * item + at)));
}

// Calls strip(four rows, first column, end) for all columns of rows 0, 4, 8, … of [0, rows), as
// long as there are four. Returns the first row that is left.
template <class T, class Strip>
inline __attribute__((always_inline)) int64_t by_fours(const T* x, int64_t stride, int64_t rows,
                                                       int64_t n, const Strip& strip) {
  const int64_t group_bytes = 4 * n * static_cast<int64_t>(sizeof(T));
  const bool fetches = rows / 4 * group_bytes >= kAheadBytes;
  const int64_t ahead = fetches ? 4 * stride * ((kAheadBytes - 1) / group_bytes + 1) : 0;
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4, x += 4 * stride) {
    for (int64_t begin = 0; begin < n; begin += kStrip) {
      const int64_t end = begin + kStrip < n ? begin + kStrip : n;
      if (fetches) prefetch_rows(x + begin, ahead, stride, end - begin);
      strip(x, x + stride, x + 2 * stride, x + 3 * stride, begin, end);
    }
  }
  return r;
}

// acc[j] takes in map(x[r · stride + j], j) for r < rows. Four rows at a time, or else one: an
// accumulator is loaded and stored once for all of them.
template <class Join, int kUnroll, class A, class T, class Map>
inline __attribute__((always_inline)) void take_rows(A* __restrict acc, const T* __restrict x,
                                                     int64_t stride, int64_t rows, int64_t n,
                                                     const Map& map) {
  int64_t r = 0;
  if constexpr (kUnroll == 4) {
    r = by_fours(
        x, stride, rows, n,
        [&](const T* x0, const T* x1, const T* x2, const T* x3, int64_t begin, int64_t end)
            __attribute__((always_inline)) {
#pragma GCC ivdep
              for (int64_t j = begin; j < end; ++j)
                acc[j] = Join::join(acc[j], Join::join(Join::join(map(x0[j], j), map(x1[j], j)),
                                                       Join::join(map(x2[j], j), map(x3[j], j))));
            });
  }
  for (x += r * stride; r < rows; ++r, x += stride) {
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) acc[j] = Join::join(acc[j], map(x[j], j));
  }
}

// The same for Larger and Smaller, in vectors written out: GCC turns nested selects into branches.
// map(x) must take a vector as well as an element.
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif
template <class T>
struct Vector {
  typedef T Type __attribute__((vector_size(kVectorBytes)));
  typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
};
template <class Join, class T, class Map>
inline __attribute__((always_inline)) void take_extreme_rows(T* acc, const T* x, int64_t stride,
                                                             int64_t rows, int64_t n,
                                                             const Map& map) {
  using V = typename Vector<T>::Type;
  using Place = typename Vector<T>::Unaligned;
  constexpr int64_t kWidth = kVectorBytes / sizeof(T);
  const auto load = [&map](const T* from) -> V {
    return map(static_cast<V>(*reinterpret_cast<const Place*>(from)));
  };
  const auto strip = [&](const T* x0, const T* x1, const T* x2, const T* x3, int64_t begin,
                         int64_t end) __attribute__((always_inline)) {
    int64_t j = begin;
    for (; j + kWidth <= end; j += kWidth) {
      const V a = *reinterpret_cast<const Place*>(acc + j);
      const V low = Join::join(load(x0 + j), load(x1 + j));
      const V high = Join::join(load(x2 + j), load(x3 + j));
      *reinterpret_cast<Place*>(acc + j) = Join::join(a, Join::join(low, high));
    }
    for (; j < end; ++j) {
      const T low = Join::join(map(x0[j]), map(x1[j]));
      acc[j] = Join::join(acc[j], Join::join(low, Join::join(map(x2[j]), map(x3[j]))));
    }
  };
  // The last rows, where they are not four, are taken several times.
  const int64_t r = by_fours(x, stride, rows, n, strip);
  if (r == rows) return;
  x += r * stride;
  const T* x1 = r + 1 < rows ? x + stride : x;
  strip(x, x1, r + 2 < rows ? x1 + stride : x1, x1, 0, n);
}

// Accumulators that a contiguous run is spread over, and a short one.
inline constexpr int64_t kLanes = 64;
inline constexpr int64_t kFewLanes = 16;

// The join of n elements, which `rows(lanes, x, stride, rows, n)` takes into rows of accumulators.
template <class Join, class A, class T, class Rows>
inline __attribute__((always_inline)) A take_run(const T* x, int64_t n, const Rows& rows) {
  alignas(64) A lanes[kLanes];
  const int64_t width = n < 4 * kLanes ? kFewLanes : kLanes;
  clear_row<Join>(lanes, width);
  const int64_t count = n / width;
  rows(lanes, x, width, count, width);
  if (n % width > 0) rows(lanes, x + count * width, 0, 1, n % width);
  if (width == kLanes)
    for (int64_t half = kLanes / 2; half >= kFewLanes; half /= 2)
      for (int64_t j = 0; j < half; ++j) lanes[j] = Join::join(lanes[j], lanes[j + half]);
  for (int64_t half = kFewLanes / 2; half > 0; half /= 2)
    for (int64_t j = 0; j < half; ++j) lanes[j] = Join::join(lanes[j], lanes[j + half]);
  return lanes[0];
}

template <size_t kBytes>
struct PlaceOf {
  using Type = int64_t;
};
template <>
struct PlaceOf<4> {
  using Type = int32_t;
};
template <class Place>
inline constexpr Place kCounting[] = {0, 1, 2, 3, 4, 5, 6, 7};
// 0, 1, 2, … as a vector of at most 8.
template <class V, class Place>
inline __attribute__((always_inline)) V counting() {
  typedef V Unaligned __attribute__((aligned(sizeof(Place)), may_alias));
  return *reinterpret_cast<const Unaligned*>(kCounting<Place>);
}

// Sums of Term(x) in double, in the order of take_run, but with the accumulators in registers.
// Term::wide is Term for a vector of elements converted to double.
template <class T, class Term>
struct FloatSum {
  using Lanes = typename Vector<double>::Type;
  static constexpr int kWide = kVectorBytes / 8;
  typedef T Elements __attribute__((vector_size(kWide * sizeof(T)), aligned(sizeof(T)), may_alias));

  // GCC 12 would convert the halves apart.
  static inline __attribute__((always_inline)) Lanes widened(const Elements& x) {
#if defined(__AVX512F__)
    if constexpr (__is_same(T, float)) {
      return static_cast<Lanes>(_mm512_maskz_cvtps_pd(0xff, reinterpret_cast<const __m256_u&>(x)));
    }
#endif
    return __builtin_convertvector(x, Lanes);
  }
  static inline __attribute__((always_inline)) Lanes load(const T* x) {
    return Term::wide(widened(*reinterpret_cast<const Elements*>(x)));
  }

  // The `count` elements before `end`, of which there are kWide, and then zeros. Not over a buffer,
  // whose parts would have to be stored before it can be loaded.
  static inline __attribute__((always_inline)) Lanes load_last(const T* end, int64_t count) {
    using Place = typename PlaceOf<sizeof(T)>::Type;
    const auto lane = counting<decltype(Elements{} < Elements{}), Place>();
    const auto used = static_cast<Place>(count);
    const Elements from = *reinterpret_cast<const Elements*>(end - kWide);
    const Elements first = __builtin_shuffle(from, lane + (static_cast<Place>(kWide) - used));
    return Term::wide(widened(lane < used ? first : Elements{}));
  }

  // With kWidth accumulators, for at least kWide elements.
  template <int kWidth>
  static inline __attribute__((always_inline)) double sum(const T* x, int64_t n) {
    constexpr int kVectors = kWidth / kWide;
    constexpr int64_t kAhead = kAheadBytes / static_cast<int64_t>(sizeof(T));
    Lanes acc[kVectors] = {};
    int64_t rest = n;
    for (; rest >= 4 * kWidth; rest -= 4 * kWidth, x += 4 * kWidth) {
      // Past the end, the next row is fetched.
      if (n >= kAhead) prefetch_rows(x, kAhead, kWidth, kWidth);
#pragma GCC unroll 32
      for (int k = 0; k < kVectors; ++k) {
        const T* at = x + kWide * k;
        acc[k] += (load(at) + load(at + kWidth)) + (load(at + 2 * kWidth) + load(at + 3 * kWidth));
      }
    }
    for (; rest >= kWidth; rest -= kWidth, x += kWidth) {
#pragma GCC unroll 32
      for (int k = 0; k < kVectors; ++k) acc[k] += load(x + kWide * k);
    }
    if (rest > 0) {
#pragma GCC unroll 32
      for (int k = 0; k < kVectors; ++k)
        if (rest >= kWide * (k + 1)) {
          acc[k] += load(x + kWide * k);
        } else if (rest > kWide * k) {
          acc[k] += load_last(x + rest, rest - kWide * k);
        }
    }
#pragma GCC unroll 8
    for (int half = kVectors / 2; half > 0; half /= 2)
#pragma GCC unroll 32
      for (int k = 0; k < half; ++k) acc[k] += acc[k + half];
        // The second half of the lanes onto the first one, until there is one.
#pragma GCC unroll 8
    for (int half = kWide / 2; half > 0; half /= 2) {
      const auto lane = counting<decltype(Lanes{} < Lanes{}), int64_t>();
      acc[0] += __builtin_shuffle(acc[0], lane ^ static_cast<int64_t>(half));
    }
    return acc[0][0];
  }
};

template <class T>
T* as(char* data) {
  return reinterpret_cast<T*>(data);
}
template <class T>
const T* as(const char* data) {
  return reinterpret_cast<const T*>(data);
}

}  // namespace flambeau::FLAMBEAU_ISA
