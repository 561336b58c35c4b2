#include "copy.h"

#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

// --- fills ---

template <class T>
inline void fill_items(char* to, int64_t stride, T value, int64_t n) {
  if (stride == sizeof(T)) {
    T* y = reinterpret_cast<T*>(to);
    for (int64_t i = 0; i < n; ++i) y[i] = value;
    return;
  }
  for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * stride) = value;
}

template <class T>
inline void fill_bits(char* to, int64_t stride, const char* value, int64_t n) {
  T bits;
  std::memcpy(&bits, value, sizeof bits);
  fill_items(to, stride, bits, n);
}

void fill(char* to, int64_t stride, const char* value, int64_t item, int64_t n) {
  if (item == 4) return fill_bits<uint32_t>(to, stride, value, n);
  if (item == 8) return fill_bits<uint64_t>(to, stride, value, n);
  if (item == 2) return fill_bits<uint16_t>(to, stride, value, n);
  fill_bits<uint8_t>(to, stride, value, n);
}

// --- conversion ---

// Whole part of x, or the smallest T where it does not fit (and for NaN).
template <class T, class F>
inline T truncate(F x) {
  constexpr T kLowest = static_cast<T>(T{1} << (sizeof(T) * 8 - 2)) * -2;
  constexpr F kLimit = -static_cast<F>(kLowest);  // 2^31 or 2^63, exact
  return (x >= -kLimit) & (x < kLimit) ? static_cast<T>(x) : kLowest;
}

using Float16Types = Types<Half, BFloat16>;
using NarrowTypes = Types<Half, BFloat16, int8_t, int16_t>;

template <class To, class From>
inline To convert(StoredAs<From> x) {
  if constexpr (Float16Types::has<From>) {
    return static_cast<To>(formulas::to_float(x));  // To is float
  } else if constexpr (Float16Types::has<To>) {
    return formulas::from_float<To>(x);  // From is float
  } else if constexpr (__is_same(From, bool)) {
    return static_cast<To>(x < 1 ? x : uint8_t{1});
  } else if constexpr (__is_same(To, bool)) {
    return x != From{};
  } else if constexpr (FloatType::has<From> && IntegerType::has<To>) {
    if constexpr (sizeof(To) == 1) return static_cast<To>(truncate<int32_t>(x));
    return truncate<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

#if defined(__F16C__)
// The first n elements but for a rest, whose start is returned, by the instructions for halves.
// (Masked with all ones: g++ 12 warns of the plain form.)
inline int64_t convert_halves(float* y, const Half* x, int64_t n) {
  int64_t i = 0;
#if defined(__AVX512F__)
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(
        y + i,
        _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i))));
#endif
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
  return i;
}
inline int64_t convert_halves(Half* y, const float* x, int64_t n) {
  int64_t i = 0;
#if defined(__AVX512F__)
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(y + i),
        _mm512_maskz_cvtps_ph(0xffff, _mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}
#endif

template <class To, class From>
void convert_loop(char* const* pointers, const int64_t* strides, int64_t n, const double*) {
  using Read = const StoredAs<From>;
  char* to = pointers[0];
  const char* from = pointers[1];
  const int64_t to_stride = strides[0];
  const int64_t from_stride = strides[1];
  if (from_stride == 0)
    return fill_items(to, to_stride, convert<To, From>(*reinterpret_cast<Read*>(from)), n);
  if (to_stride == sizeof(To) && from_stride == sizeof(From)) {
    if constexpr (__is_same(To, From)) {
      if (to != from) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(To));
      return;
    }
    To* y = reinterpret_cast<To*>(to);
    Read* x = reinterpret_cast<Read*>(from);
    int64_t i = 0;
#if defined(__F16C__)
    if constexpr (__is_same(From, Half) || __is_same(To, Half)) i = convert_halves(y, x, n);
#endif
#pragma GCC ivdep
    for (; i < n; ++i) y[i] = convert<To, From>(x[i]);
    return;
  }
  if constexpr (__is_same(To, From)) {
    if (to_stride == sizeof(To) && from_stride == -static_cast<int64_t>(sizeof(From))) {
      // Reversed, which vectorises.
      To* y = reinterpret_cast<To*>(to);
      Read* x = reinterpret_cast<Read*>(from);
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) y[i] = convert<To, From>(x[-i]);
      return;
    }
  }
  for (int64_t i = 0; i < n; ++i)
    *reinterpret_cast<To*>(to + i * to_stride) =
        convert<To, From>(*reinterpret_cast<Read*>(from + i * from_stride));
}

// Elements that pass through a buffer at a time.
constexpr int64_t kBlock = 512;

template <class To, class From>
constexpr Loop loop_between();

// By way of a third type, block by block.
template <class To, class Between, class From>
void convert_through(char* const* pointers, const int64_t* strides, int64_t n, const double*) {
  alignas(64) Between buffer[kBlock];
  char* const in[2] = {reinterpret_cast<char*>(buffer), pointers[1]};
  char* const out[2] = {pointers[0], reinterpret_cast<char*>(buffer)};
  const int64_t in_strides[2] = {sizeof(Between), strides[1]};
  const int64_t out_strides[2] = {strides[0], sizeof(Between)};
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = n - begin < kBlock ? n - begin : kBlock;
    char* const first[2] = {in[0], in[1] + begin * strides[1]};
    char* const second[2] = {out[0] + begin * strides[0], out[1]};
    loop_between<Between, From>()(first, in_strides, size, nullptr);
    loop_between<To, Between>()(second, out_strides, size, nullptr);
  }
}

// Narrow types meet the others in float or int32; the rest converts directly.
template <class To, class From>
constexpr Loop loop_between() {
  if constexpr (__is_same(To, From) && sizeof(To) == 2) {
    return convert_loop<uint16_t, uint16_t>;
  } else if constexpr (__is_same(To, From) && __is_same(To, int8_t)) {
    return convert_loop<uint8_t, uint8_t>;
  } else if constexpr (Float16Types::has<From>) {
    if constexpr (__is_same(To, float)) return convert_loop<To, From>;
    return convert_through<To, float, From>;
  } else if constexpr (Float16Types::has<To>) {
    if constexpr (__is_same(From, float)) return convert_loop<To, From>;
    return convert_through<To, float, From>;
  } else if constexpr (NarrowTypes::has<To> || NarrowTypes::has<From>) {
    if constexpr (__is_same(To, int32_t) || __is_same(From, int32_t)) return convert_loop<To, From>;
    return convert_through<To, int32_t, From>;
  } else {
    return convert_loop<To, From>;
  }
}

// --- transposes ---

// One block of `rows` × `columns`, any size.
template <class T>
inline void transpose_small(char* to, int64_t to_stride, const char* from, int64_t from_stride,
                            int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      reinterpret_cast<T*>(to + r * to_stride)[c] =
          reinterpret_cast<const T*>(from + c * from_stride)[r];
}

using Words = uint32_t __attribute__((vector_size(32)));
using UnalignedWords = uint32_t __attribute__((vector_size(32), aligned(4), may_alias));

// 8 × 8 words through registers, by exchanging halves of growing size.
inline void transpose_8x8(char* to, int64_t to_stride, const char* from, int64_t from_stride) {
  Words a[8], b[8];
  for (int i = 0; i < 8; ++i)
    a[i] = *reinterpret_cast<const UnalignedWords*>(from + i * from_stride);
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = i; j < i + 2; ++j) {
      a[j] = __builtin_shufflevector(b[j], b[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[j + 2] = __builtin_shufflevector(b[j], b[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; ++i) {
    b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i = 0; i < 8; ++i) *reinterpret_cast<UnalignedWords*>(to + i * to_stride) = b[i];
}

// A tile of 64 bytes × 64 bytes: whole lines are read, turned inside the first-level cache, and
// whole lines are written, also where the strides are powers of two and rows evict each other.
template <class T>
inline void transpose_tile(char* to, int64_t to_stride, const char* from, int64_t from_stride) {
  constexpr int kSide = 64 / sizeof(T);
  alignas(64) char tile[kSide * 64];
  if constexpr (sizeof(T) == 4) {
    for (int c = 0; c < kSide; c += 8)
      for (int r = 0; r < kSide; r += 8)
        transpose_8x8(tile + r * 64 + c * 4, 64, from + c * from_stride + r * 4, from_stride);
  } else {
    for (int c = 0; c < kSide; ++c)
      for (int r = 0; r < kSide; ++r)
        reinterpret_cast<T*>(tile)[r * kSide + c] =
            reinterpret_cast<const T*>(from + c * from_stride)[r];
  }
  for (int r = 0; r < kSide; ++r) std::memcpy(to + r * to_stride, tile + r * 64, 64);
}

// A few columns, as of pixels with 3 channels: unrolled, so that g++ vectorises over the rows.
template <class T, int kColumns>
void transpose_narrow(char* to, int64_t to_stride, const char* from, int64_t from_stride,
                      int64_t rows) {
  const T* x[kColumns];
  for (int c = 0; c < kColumns; ++c) x[c] = reinterpret_cast<const T*>(from + c * from_stride);
  if (to_stride == kColumns * sizeof(T)) {
    T* y = reinterpret_cast<T*>(to);
#pragma GCC ivdep
    for (int64_t r = 0; r < rows; ++r)
      for (int c = 0; c < kColumns; ++c) y[r * kColumns + c] = x[c][r];
    return;
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int c = 0; c < kColumns; ++c) reinterpret_cast<T*>(to + r * to_stride)[c] = x[c][r];
}

template <class T>
void transpose_items(char* to, int64_t to_stride, const char* from, int64_t from_stride,
                     int64_t rows, int64_t columns) {
  constexpr int64_t kSide = 64 / sizeof(T);
  constexpr int64_t kItem = sizeof(T);
  if (columns == 2) return transpose_narrow<T, 2>(to, to_stride, from, from_stride, rows);
  if (columns == 3) return transpose_narrow<T, 3>(to, to_stride, from, from_stride, rows);
  int64_t r = 0;
  for (; r + kSide <= rows; r += kSide) {
    char* y = to + r * to_stride;
    const char* x = from + r * kItem;
    int64_t c = 0;
    for (; c + kSide <= columns; c += kSide)
      transpose_tile<T>(y + c * kItem, to_stride, x + c * from_stride, from_stride);
    transpose_small<T>(y + c * kItem, to_stride, x + c * from_stride, from_stride, kSide,
                       columns - c);
  }
  for (int64_t c = 0; c < columns; c += kSide)
    transpose_small<T>(to + r * to_stride + c * kItem, to_stride,
                       from + c * from_stride + r * kItem, from_stride, rows - r,
                       columns - c < kSide ? columns - c : kSide);
}

void transpose(char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t rows,
               int64_t columns, int64_t item) {
  if (item == 4) return transpose_items<uint32_t>(to, to_stride, from, from_stride, rows, columns);
  if (item == 8) return transpose_items<uint64_t>(to, to_stride, from, from_stride, rows, columns);
  if (item == 2) return transpose_items<uint16_t>(to, to_stride, from, from_stride, rows, columns);
  transpose_items<uint8_t>(to, to_stride, from, from_stride, rows, columns);
}

// --- runs ---

struct Line {
  char bytes[64];
};

inline void copy_line(char* to, const char* from) {
  Line line;
  std::memcpy(&line, from, sizeof line);
  std::memcpy(to, &line, sizeof line);
}

void runs(char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t count,
          int64_t bytes) {
  for (int64_t r = 0; r < count; ++r, to += to_stride, from += from_stride) {
    for (int64_t i = 0; i + 64 <= bytes; i += 64) copy_line(to + i, from + i);
    // The last line overlaps the one before it.
    if (bytes % 64 != 0) copy_line(to + bytes - 64, from + bytes - 64);
  }
}

// --- streaming stores ---

#if defined(__AVX512F__)
inline void stream_line(char* to, const char* from) {
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), _mm512_loadu_si512(from));
}
#elif defined(__AVX2__)
inline void stream_line(char* to, const char* from) {
  const auto* x = reinterpret_cast<const __m256i*>(from);
  auto* y = reinterpret_cast<__m256i*>(to);
  const __m256i low = _mm256_loadu_si256(x);
  const __m256i high = _mm256_loadu_si256(x + 1);
  _mm256_stream_si256(y, low);
  _mm256_stream_si256(y + 1, high);
}
#elif defined(__SSE2__)
inline void stream_line(char* to, const char* from) {
  const auto* x = reinterpret_cast<const __m128i*>(from);
  auto* y = reinterpret_cast<__m128i*>(to);
  for (int i = 0; i < 4; ++i) _mm_stream_si128(y + i, _mm_loadu_si128(x + i));
}
#endif

#if defined(__SSE2__)
void stream(char* to, const char* from, int64_t bytes) {
  int64_t head = -reinterpret_cast<intptr_t>(to) & 63;
  if (head > bytes) head = bytes;
  std::memcpy(to, from, static_cast<size_t>(head));
  int64_t i = head;
  for (; i + 64 <= bytes; i += 64) stream_line(to + i, from + i);
  std::memcpy(to + i, from + i, static_cast<size_t>(bytes - i));
}
void fence() { _mm_sfence(); }
#else
void stream(char* to, const char* from, int64_t bytes) {
  std::memcpy(to, from, static_cast<size_t>(bytes));
}
void fence() {}
#endif

}  // namespace

#define FLAMBEAU_CONVERT_FROM(From)                                                               \
  {                                                                                               \
    loop_between<float, From>(), loop_between<double, From>(), loop_between<int64_t, From>(),     \
        loop_between<int32_t, From>(), loop_between<uint8_t, From>(), loop_between<bool, From>(), \
        loop_between<Half, From>(), loop_between<BFloat16, From>(), loop_between<int8_t, From>(), \
        loop_between<int16_t, From>()                                                             \
  }

extern const CopyTable copy_table;
const CopyTable copy_table = {
    {FLAMBEAU_CONVERT_FROM(float), FLAMBEAU_CONVERT_FROM(double), FLAMBEAU_CONVERT_FROM(int64_t),
     FLAMBEAU_CONVERT_FROM(int32_t), FLAMBEAU_CONVERT_FROM(uint8_t), FLAMBEAU_CONVERT_FROM(bool),
     FLAMBEAU_CONVERT_FROM(Half), FLAMBEAU_CONVERT_FROM(BFloat16), FLAMBEAU_CONVERT_FROM(int8_t),
     FLAMBEAU_CONVERT_FROM(int16_t)},
    fill,
    transpose,
    runs,
    stream,
    fence,
};

}  // namespace flambeau::FLAMBEAU_ISA
