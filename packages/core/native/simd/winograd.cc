#include "winograd.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kSums = 28;  // vectors that stay in registers
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kSums = 12;
#elif defined(__aarch64__)
constexpr int kLanes = 4;
constexpr int kSums = 24;
#else
constexpr int kLanes = 4;
constexpr int kSums = 12;
#endif

using Vec = float __attribute__((vector_size(kLanes * 4)));
using LooseVec = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

inline Vec load(const float* from) { return *reinterpret_cast<const LooseVec*>(from); }
inline void store(float* to, Vec v) { *reinterpret_cast<LooseVec*>(to) = v; }

// Bᵀ times a column of six.
inline void input_column(const Vec (&d)[6], Vec (&t)[6]) {
  const Vec even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
  const Vec close = d[4] - d[2], far = 2.0f * (d[3] - d[1]);
  t[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = close + far;
  t[4] = close - far;
  t[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

void input(const float* const* pixels, int64_t channels, float* planes, int64_t plane) {
  for (int64_t k = 0; k < channels; k += kLanes) {
    Vec half[6][6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      Vec column[6], out[6];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) column[i] = load(pixels[i * 6 + j] + k);
      input_column(column, out);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) half[i][j] = out[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      Vec out[6];
      input_column(half[i], out);
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j) store(planes + (i * 6 + j) * plane + k, out[j]);
    }
  }
}

// G times a column of three.
inline void weight_column(const Vec (&g)[3], Vec (&t)[6]) {
  const Vec ends = g[0] + g[2], wide = g[0] * (1.0f / 24) + g[2] * (1.0f / 6);
  t[0] = g[0] * 0.25f;
  t[1] = (ends + g[1]) * (-1.0f / 6);
  t[2] = (ends - g[1]) * (-1.0f / 6);
  t[3] = wide + g[1] * (1.0f / 12);
  t[4] = wide - g[1] * (1.0f / 12);
  t[5] = g[2];
}

void weights(const float* from, int64_t inner, int64_t outer, bool flipped, int64_t count,
             float* to, int64_t plane) {
  for (int64_t k = 0; k < count; ++k) {
    Vec half[6][3];
    for (int j = 0; j < 3; ++j) {
      Vec column[3], out[6];
      for (int i = 0; i < 3; ++i) {
        const int at = flipped ? 8 - (i * 3 + j) : i * 3 + j;
        float lanes[kLanes];
        for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = from[k * inner + lane * outer + at];
        column[i] = load(lanes);
      }
      weight_column(column, out);
      for (int i = 0; i < 6; ++i) half[i][j] = out[i];
    }
    for (int i = 0; i < 6; ++i) {
      Vec out[6];
      weight_column(half[i], out);
      for (int j = 0; j < 6; ++j) store(to + (i * 6 + j) * plane + k * kLanes, out[j]);
    }
  }
}

// R tiles times U vectors of output channels.
template <int R, int U>
inline void product_tile(const float* from, int64_t channels, const float* weights, int64_t block,
                         float* to, int64_t to_row) {
  Vec sum[R][U] = {};
  for (int64_t k = 0; k < channels; ++k) {
    Vec w[U];
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) w[u] = load(weights + u * block + k * kLanes);
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 32
      for (int u = 0; u < U; ++u) sum[r][u] += from[r * channels + k] * w[u];
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) store(to + r * to_row + u * kLanes, sum[r][u]);
}

template <int U>
inline void product_tiles(const float* from, int64_t tiles, int64_t channels, const float* weights,
                          int64_t block, float* to, int64_t to_row) {
  constexpr int kRows = kSums / U;
  int64_t t = 0;
  for (; t + kRows <= tiles; t += kRows)
    product_tile<kRows, U>(from + t * channels, channels, weights, block, to + t * to_row, to_row);
  for (; t + 2 <= tiles; t += 2)
    product_tile<2, U>(from + t * channels, channels, weights, block, to + t * to_row, to_row);
  if (t < tiles)
    product_tile<1, U>(from + t * channels, channels, weights, block, to + t * to_row, to_row);
}

void product(const float* from, int64_t tiles, int64_t channels, const float* weights,
             int64_t block, int64_t vectors, float* to, int64_t to_row) {
  constexpr int kWide = kLanes == 16 || kSums > 12 ? 4 : 2;
  int64_t u = 0;
  for (; u + kWide <= vectors; u += kWide)
    product_tiles<kWide>(from, tiles, channels, weights + u * block, block, to + u * kLanes,
                         to_row);
  for (; u + 2 <= vectors; u += 2)
    product_tiles<2>(from, tiles, channels, weights + u * block, block, to + u * kLanes, to_row);
  for (; u < vectors; ++u)
    product_tiles<1>(from, tiles, channels, weights + u * block, block, to + u * kLanes, to_row);
}

// Aᵀ times a column of six.
inline void output_column(const Vec (&m)[6], Vec (&y)[4]) {
  const Vec near = m[1] + m[2], apart = m[1] - m[2], far = m[3] + m[4], wide = m[3] - m[4];
  y[0] = m[0] + near + far;
  y[1] = apart + 2.0f * wide;
  y[2] = near + 4.0f * far;
  y[3] = apart + 8.0f * wide + m[5];
}

void output(const float* planes, int64_t plane, const float* bias, int64_t channels,
            float* const* pixels) {
  for (int64_t k = 0; k < channels; k += kLanes) {
    Vec half[4][6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      Vec column[6], out[4];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) column[i] = load(planes + (i * 6 + j) * plane + k);
      output_column(column, out);
#pragma GCC unroll 6
      for (int i = 0; i < 4; ++i) half[i][j] = out[i];
    }
    const Vec shift = bias ? load(bias + k) : Vec{};
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      Vec out[4];
      output_column(half[i], out);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j)
        if (pixels[i * 4 + j]) store(pixels[i * 4 + j] + k, out[j] + shift);
    }
  }
}

// A times a column of four.
inline void spread_column(const Vec (&e)[4], Vec (&t)[6]) {
  const Vec even = e[0] + e[2], odd = e[1] + e[3];
  const Vec wide = e[0] + 4.0f * e[2], far = 2.0f * e[1] + 8.0f * e[3];
  t[0] = e[0];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = wide + far;
  t[4] = wide - far;
  t[5] = e[3];
}

void spread(const float* const* pixels, int64_t channels, float* planes, int64_t plane) {
  for (int64_t k = 0; k < channels; k += kLanes) {
    Vec half[6][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      Vec column[4], out[6];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) column[i] = load(pixels[i * 4 + j] + k);
      spread_column(column, out);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) half[i][j] = out[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      Vec out[6];
      spread_column(half[i], out);
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j) store(planes + (i * 6 + j) * plane + k, out[j]);
    }
  }
}

// R rows times U vectors, summed apart from what `to` holds.
template <int R, int U>
inline void outer_tile(const float* rows, int64_t step, const float* from, int64_t channels,
                       int64_t tiles, float* to) {
  Vec sum[R][U] = {};
  for (int64_t t = 0; t < tiles; ++t) {
    Vec v[U];
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) v[u] = load(from + t * channels + u * kLanes);
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 32
      for (int u = 0; u < U; ++u) sum[r][u] += rows[t * step + r] * v[u];
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) {
      float* at = to + r * channels + u * kLanes;
      store(at, load(at) + sum[r][u]);
    }
}

template <int U>
inline void outer_rows(const float* rows, int64_t step, int64_t count, const float* from,
                       int64_t channels, int64_t tiles, float* to) {
  constexpr int kRows = kSums / U;
  int64_t r = 0;
  for (; r + kRows <= count; r += kRows)
    outer_tile<kRows, U>(rows + r, step, from, channels, tiles, to + r * channels);
  for (; r + 2 <= count; r += 2)
    outer_tile<2, U>(rows + r, step, from, channels, tiles, to + r * channels);
  if (r < count) outer_tile<1, U>(rows + r, step, from, channels, tiles, to + r * channels);
}

void outer(const float* rows, int64_t step, int64_t count, const float* from, int64_t channels,
           int64_t tiles, float* to) {
  constexpr int kWide = kLanes == 16 || kSums > 12 ? 4 : 2;
  int64_t k = 0;
  for (; k + kWide * kLanes <= channels; k += kWide * kLanes)
    outer_rows<kWide>(rows, step, count, from + k, channels, tiles, to + k);
  for (; k + kLanes <= channels; k += kLanes)
    outer_rows<1>(rows, step, count, from + k, channels, tiles, to + k);
}

// Gᵀ times a column of six.
inline void fold_column(const Vec (&m)[6], Vec (&g)[3]) {
  const Vec near = m[1] + m[2], far = m[3] + m[4];
  g[0] = m[0] * 0.25f - near * (1.0f / 6) + far * (1.0f / 24);
  g[1] = (m[2] - m[1]) * (1.0f / 6) + (m[3] - m[4]) * (1.0f / 12);
  g[2] = (far - near) * (1.0f / 6) + m[5];
}

void fold(const float* planes, int64_t plane, int64_t channels, float* to) {
  for (int64_t k = 0; k < channels; k += kLanes) {
    Vec half[3][6];
    for (int j = 0; j < 6; ++j) {
      Vec column[6], out[3];
      for (int i = 0; i < 6; ++i) column[i] = load(planes + (i * 6 + j) * plane + k);
      fold_column(column, out);
      for (int i = 0; i < 3; ++i) half[i][j] = out[i];
    }
    for (int i = 0; i < 3; ++i) {
      Vec out[3];
      fold_column(half[i], out);
      for (int j = 0; j < 3; ++j)
        for (int lane = 0; lane < kLanes; ++lane) to[(k + lane) * 9 + i * 3 + j] = out[j][lane];
    }
  }
}

}  // namespace

extern const WinogradTable winograd_table;
const WinogradTable winograd_table = {kLanes, input, weights, product, output, spread, outer, fold};

}  // namespace flambeau::FLAMBEAU_ISA
