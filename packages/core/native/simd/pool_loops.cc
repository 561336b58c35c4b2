#include "pool_loops.h"

#include <cstddef>

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

constexpr int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

// N values of type T; a plain T for N = 1.
template <class T, int N>
struct Pack {
  typedef T Type __attribute__((vector_size(N * sizeof(T))));
};
template <class T>
struct Pack<T, 1> {
  using Type = T;
};
template <class T, int N>
using PackOf = typename Pack<T, N>::Type;

// The integer as wide as T: comparisons of packs of T give packs of it.
template <int bytes>
struct Index {
  using Type = int32_t;
};
template <>
struct Index<8> {
  using Type = int64_t;
};
template <class T>
using IndexOf = typename Index<sizeof(T)>::Type;

template <class V>
inline V load(const void* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof(V));
  return v;
}
template <class V>
inline void store(void* to, V v) {
  __builtin_memcpy(to, &v, sizeof(V));
}

// Taps in memory to integers as wide as the values, and back. g++ 12 converts between bytes and
// words element by element, hence the instructions for the sizes that matter (the
// masked forms, as the others make g++ warn of its own headers).
template <class I, int N, class Tap>
inline PackOf<I, N> load_taps(const Tap* from) {
  if constexpr (N == 1) {
    return *from;
#if defined(__AVX512F__)
  } else if constexpr (sizeof(I) == 4 && sizeof(Tap) == 1 && N == 16) {
    return (PackOf<I, N>)_mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128((const __m128i*)from));
#endif
#if defined(__AVX2__)
  } else if constexpr (sizeof(I) == 4 && sizeof(Tap) == 1 && N == 8) {
    return (PackOf<I, N>)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)from));
#endif
#if defined(__SSE4_1__)
  } else if constexpr (sizeof(I) == 4 && sizeof(Tap) == 1 && N == 4) {
    return (PackOf<I, N>)_mm_cvtepu8_epi32(_mm_cvtsi32_si128(load<int32_t>(from)));
#endif
  } else {
    return __builtin_convertvector(load<PackOf<Tap, N>>(from), PackOf<I, N>);
  }
}

template <class I, int N, class Tap, class V>
inline void store_taps(Tap* to, V taps) {
  if constexpr (N == 1) {
    *to = static_cast<Tap>(taps);
#if defined(__AVX512F__)
  } else if constexpr (sizeof(I) == 4 && sizeof(Tap) == 1 && N == 16) {
    _mm_storeu_si128((__m128i*)to, _mm512_maskz_cvtepi32_epi8(0xffff, (__m512i)taps));
#endif
#if defined(__AVX2__)
  } else if constexpr (sizeof(I) == 4 && sizeof(Tap) == 1 && N == 8) {
    const __m256i words = (__m256i)taps;
    const __m128i halves =
        _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storel_epi64((__m128i*)to, _mm_packus_epi16(halves, halves));
#endif
#if defined(__SSE4_1__)
  } else if constexpr (sizeof(I) == 4 && sizeof(Tap) == 1 && N == 4) {
    const __m128i halves = _mm_packus_epi32((__m128i)taps, (__m128i)taps);
    store(to, _mm_cvtsi128_si32(_mm_packus_epi16(halves, halves)));
#endif
  } else {
    store(to, __builtin_convertvector(taps, PackOf<Tap, N>));
  }
}

template <class T, int N>
inline PackOf<T, N> splat(T value) {
  if constexpr (N == 1) {
    return value;
  } else {
    return PackOf<T, N>{} + value;
  }
}

// Calls body.template operator()<N>(c) for packs of N channels from c on, that cover all channels.
// Types other than float and double go one by one.
template <class T, class Body>
inline void for_channels(int64_t channels, const Body& body) {
  int64_t c = 0;
  if constexpr (static_cast<T>(0.5) != T{}) {
    constexpr int kFull = kVectorBytes / static_cast<int>(sizeof(T));
    constexpr int kSmall = 16 / static_cast<int>(sizeof(T));
    for (; c + kFull <= channels; c += kFull) body.template operator()<kFull>(c);
    if constexpr (kFull > kSmall) {
      for (; c + kSmall <= channels; c += kSmall) body.template operator()<kSmall>(c);
    }
  }
  for (; c < channels; ++c) body.template operator()<1>(c);
}

// --- max ---

// The best of the places so far, and its number.
template <class T, int N>
struct Best {
  PackOf<T, N> value;
  PackOf<IndexOf<T>, N> tap;

  inline void offer(PackOf<T, N> candidate, IndexOf<T> number) {
    const auto better = (candidate > value) | (candidate != candidate);
    value = better ? candidate : value;
    tap = better ? splat<IndexOf<T>, N>(number) : tap;
  }
};

// One window whose place (0, 0) lies at x; K is the size of a full K × K window, 0 for any.
template <int K, class T, class Tap, int N>
inline void max_window(const PoolShape& shape, const PoolPlaces& rows, const PoolPlaces& columns,
                       const T* x, T* y, Tap* taps) {
  using V = PackOf<T, N>;
  const int64_t down = shape.h.dilation * shape.w.input * shape.channels;
  const int64_t right = shape.w.dilation * shape.channels;
  Best<T, N> best;
  if constexpr (K > 0) {
    best.value = load<V>(x);
    best.tap = splat<IndexOf<T>, N>(0);
#pragma GCC unroll 16
    for (int k = 1; k < K * K; ++k) best.offer(load<V>(x + k / K * down + k % K * right), k);
  } else {
    const int64_t first = rows.begin * shape.w.size + columns.begin;
    best.value = load<V>(x + rows.begin * down + columns.begin * right);
    best.tap = splat<IndexOf<T>, N>(static_cast<IndexOf<T>>(first));
    for (int64_t a = rows.begin; a < rows.end; ++a)
      for (int64_t b = columns.begin; b < columns.end; ++b)
        best.offer(load<V>(x + a * down + b * right),
                   static_cast<IndexOf<T>>(a * shape.w.size + b));
  }
  store(y, best.value);
  if (taps) store_taps<IndexOf<T>, N>(taps, best.tap);
}

template <int K, class T, class Tap>
void max_row_of(const PoolRow& row) {
  const PoolShape& shape = *row.shape;
  const int64_t channels = shape.channels;
  const PoolPlaces rows(shape.h, row.row);
  const bool all_rows = rows.begin == 0 && rows.end == shape.h.size;
  for (int64_t j = 0; j < shape.w.output; ++j) {
    const PoolPlaces columns(shape.w, j);
    const T* x = static_cast<const T*>(row.x);
    const int64_t from = (rows.origin * shape.w.input + columns.origin) * channels;
    T* y = static_cast<T*>(row.y) + j * channels;
    Tap* taps = row.taps ? static_cast<Tap*>(row.taps) + j * channels : nullptr;
    const bool full = all_rows && columns.begin == 0 && columns.end == shape.w.size;
    for_channels<T>(channels, [&]<int N>(int64_t c) {
      Tap* tap = taps ? taps + c : nullptr;
      if (K > 0 && full) {
        max_window<K, T, Tap, N>(shape, rows, columns, x + (from + c), y + c, tap);
      } else {
        max_window<0, T, Tap, N>(shape, rows, columns, x + (from + c), y + c, tap);
      }
    });
  }
}

template <class T>
void max_row(const PoolRow& row) {
  const PoolShape& shape = *row.shape;
  if (row.wide_taps) return max_row_of<0, T, int32_t>(row);
  if (shape.h.size == 2 && shape.w.size == 2) return max_row_of<2, T, uint8_t>(row);
  if (shape.h.size == 3 && shape.w.size == 3) return max_row_of<3, T, uint8_t>(row);
  max_row_of<0, T, uint8_t>(row);
}

// --- gradients: a row of the input collects from the rows of windows that cover it ---

// Calls body(i, k) for each row i of windows whose place k along h lies on input row `at`.
template <class Body>
inline void for_covering(const PoolAxis& axis, int64_t at, const Body& body) {
  const PoolCovering windows(axis, at);
  for (int64_t i = windows.first; i <= windows.last; ++i) {
    const int64_t distance = at + axis.pad - i * axis.stride;
    if (distance % axis.dilation == 0) body(i, distance / axis.dilation);
  }
}

template <class T>
inline void clear(T* to, int64_t count) {
  __builtin_memset(to, 0, static_cast<size_t>(count) * sizeof(T));
}

// No two windows overlap, and within a row there are no gaps between them.
inline bool tiles(const PoolShape& shape) {
  return shape.h.dilation == 1 && shape.w.dilation == 1 && shape.h.stride >= shape.h.size &&
         shape.w.stride == shape.w.size;
}

// Calls body(i, k) as for_covering does, so that dx ends up holding what the bodies add to it. With
// kTiles each place is added to once and bodies store instead.
template <bool kTiles, class T, class Body>
inline void collect(const PoolGradRow& row, const Body& body) {
  const PoolShape& shape = *row.shape;
  T* dx = static_cast<T*>(row.dx);
  bool covered = false;
  if (!kTiles) clear(dx, shape.w.input * shape.channels);
  for_covering(shape.h, row.row, [&](int64_t i, int64_t k) {
    covered = true;
    body(i, k);
  });
  if (!kTiles) return;
  const int64_t end = covered ? shape.w.output * shape.w.size - shape.w.pad : 0;
  if (end < shape.w.input) clear(dx + end * shape.channels, (shape.w.input - end) * shape.channels);
}

template <bool kTiles, class T, class V>
inline void add(T* to, V v) {
  store(to, kTiles ? v : load<V>(to) + v);
}

// K is the width of the window, 0 for any.
template <bool kTiles, int K, class T, class Tap>
void max_grad_row_of(const PoolGradRow& row) {
  const PoolShape& shape = *row.shape;
  const int64_t channels = shape.channels;
  T* dx = static_cast<T*>(row.dx);
  collect<kTiles, T>(row, [&](int64_t i, int64_t place) {
    for (int64_t j = 0; j < shape.w.output; ++j) {
      const PoolPlaces columns(shape.w, j);
      const bool full = columns.begin == 0 && columns.end == shape.w.size;
      const T* dy = static_cast<const T*>(row.dy) + (i * shape.w.output + j) * channels;
      const Tap* taps = static_cast<const Tap*>(row.taps) + (i * shape.w.output + j) * channels;
      for_channels<T>(channels, [&]<int N>(int64_t c) {
        using V = PackOf<T, N>;
        const V grad = load<V>(dy + c);
        const auto tap = load_taps<IndexOf<T>, N>(taps + c);
        const auto give = [&](int64_t b) {
          const auto number = static_cast<IndexOf<T>>(place * shape.w.size + b);
          add<kTiles>(dx + (columns.origin + b * shape.w.dilation) * channels + c,
                      tap == splat<IndexOf<T>, N>(number) ? grad : V{});
        };
        if (K > 0 && full) {
#pragma GCC unroll 4
          for (int b = 0; b < K; ++b) give(b);
        } else {
          for (int64_t b = columns.begin; b < columns.end; ++b) give(b);
        }
      });
    }
  });
}

template <class T>
void max_grad_row(const PoolGradRow& row) {
  const int64_t width = row.shape->w.size;
  if (row.wide_taps) return max_grad_row_of<false, 0, T, int32_t>(row);
  if (!tiles(*row.shape)) {
    (width == 3 ? max_grad_row_of<false, 3, T, uint8_t>
                : max_grad_row_of<false, 0, T, uint8_t>)(row);
  } else {
    (width == 2 ? max_grad_row_of<true, 2, T, uint8_t> : max_grad_row_of<true, 0, T, uint8_t>)(row);
  }
}

// --- average ---

template <class T>
void avg_row(const PoolRow& row) {
  const PoolShape& shape = *row.shape;
  const int64_t channels = shape.channels;
  const PoolPlaces rows(shape.h, row.row);
  for (int64_t j = 0; j < shape.w.output; ++j) {
    const PoolPlaces columns(shape.w, j);
    const T divisor = pool_divisor<T>(shape, rows, columns, row.count_pad, row.divisor);
    T* y = static_cast<T*>(row.y) + j * channels;
    for_channels<T>(channels, [&]<int N>(int64_t c) {
      using V = PackOf<T, N>;
      V sum = {};
      for (int64_t a = rows.begin; a < rows.end; ++a) {
        const T* x = static_cast<const T*>(row.x) +
                     ((rows.origin + a) * shape.w.input + columns.origin) * channels + c;
        for (int64_t b = columns.begin; b < columns.end; ++b) sum += load<V>(x + b * channels);
      }
      store(y + c, sum / divisor);
    });
  }
}

template <bool kTiles, class T>
void avg_grad_row_of(const PoolGradRow& row) {
  const PoolShape& shape = *row.shape;
  const int64_t channels = shape.channels;
  T* dx = static_cast<T*>(row.dx);
  collect<kTiles, T>(row, [&](int64_t i, int64_t) {
    const PoolPlaces rows(shape.h, i);
    for (int64_t j = 0; j < shape.w.output; ++j) {
      const PoolPlaces columns(shape.w, j);
      const T divisor = pool_divisor<T>(shape, rows, columns, row.count_pad, row.divisor);
      const T* dy = static_cast<const T*>(row.dy) + (i * shape.w.output + j) * channels;
      for_channels<T>(channels, [&]<int N>(int64_t c) {
        using V = PackOf<T, N>;
        const V share = load<V>(dy + c) / divisor;
        for (int64_t b = columns.begin; b < columns.end; ++b)
          add<kTiles>(dx + (columns.origin + b) * channels + c, share);
      });
    }
  });
}

template <class T>
void avg_grad_row(const PoolGradRow& row) {
  (tiles(*row.shape) ? avg_grad_row_of<true, T> : avg_grad_row_of<false, T>)(row);
}

}  // namespace

extern const PoolTable pool_table;
const PoolTable pool_table = {
    max_row<float>,   max_row<double>,     max_row<int64_t>,     max_row<int32_t>,
    max_row<uint8_t>, max_grad_row<float>, max_grad_row<double>, avg_row<float>,
    avg_row<double>,  avg_grad_row<float>, avg_grad_row<double>,
};

}  // namespace flambeau::FLAMBEAU_ISA
