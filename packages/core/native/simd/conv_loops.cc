#include "conv_loops.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr bool kManyRegisters = true;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr bool kManyRegisters = false;
#elif defined(__aarch64__)
constexpr int kLanes = 4;
constexpr bool kManyRegisters = true;
#else
constexpr int kLanes = 4;
constexpr bool kManyRegisters = false;
#endif

using Vec = float __attribute__((vector_size(kLanes * 4)));
using LooseVec = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

inline Vec load(const float* from) { return *reinterpret_cast<const LooseVec*>(from); }
inline void store(float* to, Vec v) { *reinterpret_cast<LooseVec*>(to) = v; }

// The first `count` < kLanes lanes; the others read as zero and are not touched in memory.
inline Vec load_part(const float* from, int64_t count) {
#if defined(__AVX512F__)
  return static_cast<Vec>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from));
#elif defined(__AVX2__)
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes);
  return static_cast<Vec>(_mm256_maskload_ps(from, wanted));
#else
  Vec v = {};
  for (int64_t i = 0; i < count; ++i) v[i] = from[i];
  return v;
#endif
}

// Writes the first `count` < kLanes lanes: by halves, which no processor is slow at.
inline void store_part(float* to, Vec v, int64_t count) {
  alignas(64) float lanes[kLanes];
  *reinterpret_cast<Vec*>(lanes) = v;
  const float* from = lanes;
  for (int64_t part = kLanes / 2; part > 0; part /= 2) {
    if ((count & part) == 0) continue;
    __builtin_memcpy(to, from, static_cast<size_t>(part) * 4);
    to += part;
    from += part;
  }
}

constexpr int64_t blocks_of(int64_t channels) { return (channels + kLanes - 1) / kLanes; }

// --- forward ---

// P columns from `column` on, U vectors of channels from block `block` on: P · U sums in registers.
template <int P, int U>
inline void row_tile(const ConvRow& row, int64_t column, int64_t block) {
  Vec sum[P][U];
#pragma GCC unroll 32
  for (int u = 0; u < U; ++u) {
    const Vec bias = load(row.bias + (block + u) * kLanes);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p) sum[p][u] = bias;
  }
  const float* weights = row.weights + block * row.num_taps * kLanes;
  for (int64_t t = 0; t < row.num_taps; ++t) {
    const float* x = row.x + row.taps[t] + column;
    Vec w[U];
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) w[u] = load(weights + (u * row.num_taps + t) * kLanes);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 32
      for (int u = 0; u < U; ++u) sum[p][u] += x[p] * w[u];
  }
  float* y = row.y + column * row.channels + block * kLanes;
  const int64_t last = row.channels - (block + U - 1) * kLanes;
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) {
      float* to = y + p * row.channels + u * kLanes;
      if (u < U - 1 || last >= kLanes) {
        store(to, sum[p][u]);
      } else {
        store_part(to, sum[p][u], last);
      }
    }
}

template <int P>
inline void row_columns(const ConvRow& row, int64_t column) {
  const int64_t blocks = blocks_of(row.channels);
  int64_t block = 0;
  for (; block + 2 <= blocks; block += 2) row_tile<P, 2>(row, column, block);
  if (block < blocks) row_tile<P, 1>(row, column, block);
}

void row(const ConvRow& row) {
  constexpr int kColumns = kManyRegisters ? 14 : 6;
  int64_t column = 0;
  for (; column + kColumns <= row.columns; column += kColumns) row_columns<kColumns>(row, column);
  if constexpr (kColumns > 8) {
    for (; column + 8 <= row.columns; column += 8) row_columns<8>(row, column);
  }
  for (; column + 4 <= row.columns; column += 4) row_columns<4>(row, column);
  for (; column + 2 <= row.columns; column += 2) row_columns<2>(row, column);
  if (column < row.columns) row_columns<1>(row, column);
}

// --- gradient of the weights ---

// T taps from `tap` on, U vectors of channels from block `block` on; the last vector is cut off
// after `last` channels where kCut is set.
template <int T, int U, bool kCut>
void weight_tile(const ConvWeightBand& band, int64_t tap, int64_t block, int64_t last) {
  const int64_t width = blocks_of(band.channels) * kLanes;
  float* dw = band.dw + tap * width + block * kLanes;
  Vec sum[T][U];
#pragma GCC unroll 32
  for (int t = 0; t < T; ++t)
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) sum[t][u] = load(dw + t * width + u * kLanes);
  for (int64_t i = 0; i < band.rows; ++i) {
    const float* x[T];
#pragma GCC unroll 32
    for (int t = 0; t < T; ++t) x[t] = band.x + i * band.x_row + band.taps[tap + t];
    const float* dy = band.dy + i * band.dy_row + block * kLanes;
    int64_t at = 0;
    for (int64_t j = 0; j < band.columns; ++j, at += band.x_step, dy += band.channels) {
      Vec grad[U];
#pragma GCC unroll 32
      for (int u = 0; u < U; ++u)
        grad[u] = kCut && u == U - 1 ? load_part(dy + u * kLanes, last) : load(dy + u * kLanes);
#pragma GCC unroll 32
      for (int t = 0; t < T; ++t)
#pragma GCC unroll 32
        for (int u = 0; u < U; ++u) sum[t][u] += x[t][at] * grad[u];
    }
  }
#pragma GCC unroll 32
  for (int t = 0; t < T; ++t)
#pragma GCC unroll 32
    for (int u = 0; u < U; ++u) store(dw + t * width + u * kLanes, sum[t][u]);
}

using WeightTile = void (*)(const ConvWeightBand&, int64_t tap, int64_t block, int64_t last);

template <int T, int U, bool kCut>
WeightTile weight_tile_for(int64_t taps) {
  if constexpr (T > 1) {
    if (taps < T) return weight_tile_for<T - 1, U, kCut>(taps);
  }
  return weight_tile<T, U, kCut>;
}

template <int U, bool kCut>
void weight_blocks(const ConvWeightBand& band, int64_t block, int64_t last) {
  constexpr int kTaps = U == 1 ? 10 : kManyRegisters ? 8 : 6;
  // Tiles of nearly equal size: few accumulators would wait for each other.
  const int64_t tiles = (band.num_taps + kTaps - 1) / kTaps;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const int64_t first = tile * band.num_taps / tiles;
    const int64_t end = (tile + 1) * band.num_taps / tiles;
    weight_tile_for<kTaps, U, kCut>(end - first)(band, first, block, last);
  }
}

void weight_band(const ConvWeightBand& band) {
  const int64_t blocks = blocks_of(band.channels);
  for (int64_t block = 0; block < blocks;) {
    const int64_t count = blocks - block >= 2 ? 2 : 1;
    const int64_t last = band.channels - (block + count - 1) * kLanes;
    const bool cut = last < kLanes;
    if (count == 2) {
      (cut ? weight_blocks<2, true> : weight_blocks<2, false>)(band, block, last);
    } else {
      (cut ? weight_blocks<1, true> : weight_blocks<1, false>)(band, block, last);
    }
    block += count;
  }
}

void pixel_sums(const float* dy, int64_t pixels, int64_t channels, float* sums) {
  const int64_t blocks = blocks_of(channels);
  for (int64_t block = 0; block < blocks; ++block) {
    const float* from = dy + block * kLanes;
    const int64_t count = channels - block * kLanes;
    Vec sum[4] = {load(sums + block * kLanes)};
    int64_t p = 0;
    if (count >= kLanes) {
      for (; p + 4 <= pixels; p += 4)
        for (int k = 0; k < 4; ++k) sum[k] += load(from + (p + k) * channels);
      for (; p < pixels; ++p) sum[0] += load(from + p * channels);
    } else {
      for (; p + 4 <= pixels; p += 4)
        for (int k = 0; k < 4; ++k) sum[k] += load_part(from + (p + k) * channels, count);
      for (; p < pixels; ++p) sum[0] += load_part(from + p * channels, count);
    }
    store(sums + block * kLanes, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}

}  // namespace

extern const ConvTable conv_table;
const ConvTable conv_table = {kLanes, row, weight_band, pixel_sums};

}  // namespace flambeau::FLAMBEAU_ISA
