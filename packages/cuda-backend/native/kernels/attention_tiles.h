// Tiles of scores in shared memory. A block of 16 × 16 threads has a tile of side × side scores, of
// which a thread has R × R: rows ty·R + i, columns tx + 16·j. Operands go through shared memory,
// kDepth numbers of each row at a time, in the type that is computed with.
#pragma once

#include "attention.h"
#include "elements.h"
#include "primitives.h"

namespace flambeau::cuda {

inline constexpr int kAttentionThreads = 256;
inline constexpr int kDepth = 64;

// One head's matrix on the device.
template <class T>
struct Rows {
  const T* data;
  int64_t row, column;
};
template <class T>
__device__ __forceinline__ Rows<T> rows_of(const HeadMatrices& m, const HeadPlace& place) {
  return {m.of<const T>(place), m.row, m.column};
}

template <class W>
__device__ __forceinline__ W exponential(W x) {
  if constexpr (sizeof(W) == 4) {
    return expf(x);
  } else {
    return exp(x);
  }
}
template <class W>
__device__ __forceinline__ W logarithm(W x) {
  if constexpr (sizeof(W) == 4) {
    return logf(x);
  } else {
    return log(x);
  }
}

template <class W>
struct TileOf {
  static constexpr int kR = sizeof(W) == 4 ? 4 : 2;  // of a thread, each way
  static constexpr int kSide = 16 * kR;
  static constexpr int kVector = 16 / static_cast<int>(sizeof(W));
  // A row of kDepth numbers, and of kSide scores: threads side by side then meet other banks.
  static constexpr int kRow = kDepth + kVector;
  static constexpr int kScoreRow = kSide + kVector;
};

// Shared memory of a block: two operands and scores.
template <class W>
struct TileMemory {
  W *a, *b, *scores;
};
template <class W>
constexpr size_t tile_bytes() {
  using Tile = TileOf<W>;
  return static_cast<size_t>(Tile::kSide * (2 * Tile::kRow + Tile::kScoreRow)) * sizeof(W);
}
template <class W>
__device__ __forceinline__ TileMemory<W> tile_memory() {
  using Tile = TileOf<W>;
  constexpr int kOperand = Tile::kSide * Tile::kRow;
  FLAMBEAU_SHARED(W, memory);
  return {memory, memory + kOperand, memory + 2 * kOperand};
}
template <class W>
AttentionBlocks tile_blocks(int64_t rows, int64_t columns, int64_t heads) {
  return attention_blocks(rows, TileOf<W>::kSide, columns, kDepth, heads);
}

// The part of load_tile that takes n numbers at a time.
template <int n, class W, class T>
__device__ __forceinline__ void load_packs(const T* from, int64_t row, int64_t column, int rows,
                                           int columns, W factor, W* to) {
  using Tile = TileOf<W>;
  constexpr int kAcross = kDepth / n, kAtOnce = kAttentionThreads / kAcross;
  const int r = static_cast<int>(threadIdx.x) / kAcross;
  const int c = static_cast<int>(threadIdx.x) % kAcross * n;
  const int below = c < columns ? rows - r : 0;
  from += r * row + c * column;
  to += r * Tile::kRow + c;
#pragma unroll 4
  for (int i = 0; i < Tile::kSide; i += kAtOnce, from += kAtOnce * row) {
    Pack<W, n> numbers;
    if (i < below) {
      const Pack<T, n> read = load_pack<n>(from);
#pragma unroll
      for (int l = 0; l < n; ++l) numbers[l] = factor * widened(read[l]);
    } else {
#pragma unroll
      for (int l = 0; l < n; ++l) numbers[l] = 0;
    }
    store_pack<W, n>(to + i * Tile::kRow, numbers);
  }
}

// to [side, kDepth] = rows [first, first + side) of `from`, columns [column, column + kDepth),
// times `factor`; zeros beyond `rows` and `columns`.
template <class W, class T>
__device__ __forceinline__ void load_tile(const Rows<T>& from, int64_t first, int64_t rows,
                                          int64_t column, int64_t columns, W factor, W* to) {
  using Tile = TileOf<W>;
  const T* const corner = from.data + first * from.row + column * from.column;
  const int below = static_cast<int>(min(rows - first, int64_t{Tile::kSide}));
  const int across = static_cast<int>(min(columns - column, int64_t{kDepth}));
  if constexpr (sizeof(T) == sizeof(W)) {
    // 16 bytes at a time where rows allow it.
    constexpr int n = Tile::kVector;
    if (from.column == 1 && from.row % n == 0 && across % n == 0 &&
        reinterpret_cast<uintptr_t>(from.data) % 16 == 0)
      return load_packs<n>(corner, from.row, 1, below, across, factor, to);
  }
  load_packs<1>(corner, from.row, from.column, below, across, factor, to);
}

// sums += a · bᵀ for tiles of kDepth columns in shared memory.
template <class W, int R>
__device__ __forceinline__ void multiply_tiles(const W* a, const W* b, W (&sums)[R][R]) {
  using Tile = TileOf<W>;
  constexpr int n = Tile::kVector;
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
#pragma unroll 2
  for (int c = 0; c < kDepth; c += n) {
    Pack<W, n> left[R], right[R];
#pragma unroll
    for (int i = 0; i < R; ++i) left[i] = load_pack<n>(a + (ty * R + i) * Tile::kRow + c);
#pragma unroll
    for (int j = 0; j < R; ++j) right[j] = load_pack<n>(b + (tx + 16 * j) * Tile::kRow + c);
#pragma unroll
    for (int i = 0; i < R; ++i)
#pragma unroll
      for (int j = 0; j < R; ++j)
#pragma unroll
        for (int l = 0; l < n; ++l) sums[i][j] += left[i][l] * right[j][l];
  }
}

// sums [R, 4] += scores [side, side] · b [side, kDepth]: rows ty·R + i, columns tx·4 + j.
template <class W, int R>
__device__ __forceinline__ void multiply_scores(const W* scores, const W* b, W (&sums)[R][4]) {
  using Tile = TileOf<W>;
  constexpr int n = Tile::kVector;
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
#pragma unroll 2
  for (int k = 0; k < Tile::kSide; k += n) {
    Pack<W, n> left[R];
#pragma unroll
    for (int i = 0; i < R; ++i) left[i] = load_pack<n>(scores + (ty * R + i) * Tile::kScoreRow + k);
#pragma unroll
    for (int l = 0; l < n; ++l) {
      W right[4];
#pragma unroll
      for (int j = 0; j < 4; j += n) {
        const Pack<W, n> words = load_pack<n>(b + (k + l) * Tile::kRow + tx * 4 + j);
#pragma unroll
        for (int m = 0; m < n; ++m) right[j + m] = words[m];
      }
#pragma unroll
      for (int i = 0; i < R; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[i][j] += left[i][l] * right[j];
    }
  }
}

// The largest and the sum over the 16 threads that share rows.
template <class W>
__device__ __forceinline__ W row_max(W x) {
#pragma unroll
  for (int step = 8; step > 0; step /= 2) {
    const W other = __shfl_xor_sync(kAllLanes, x, step);
    x = other > x ? other : x;
  }
  return x;
}
template <class W>
__device__ __forceinline__ W row_sum(W x) {
#pragma unroll
  for (int step = 8; step > 0; step /= 2) x += __shfl_xor_sync(kAllLanes, x, step);
  return x;
}

// The mask of a head: null, bool or of type T.
template <class T>
__device__ __forceinline__ const void* mask_of(const AttentionShape& s, const HeadPlace& place) {
  if (!s.mask.data) return nullptr;
  if (s.mask_is_bool) return s.mask.of<const uint8_t>(place);
  return s.mask.of<const T>(place);
}

// The score of a query and a key with its mask; -inf where it is hidden or does not exist.
template <class W, class T>
__device__ __forceinline__ W masked_score(const AttentionShape& s, const void* mask, int64_t query,
                                          int64_t key, W score) {
  const W hidden = -static_cast<W>(INFINITY);
  if (key >= s.source || query >= s.length || (s.causal && key > query)) return hidden;
  if (!mask) return score;
  const int64_t at = query * s.mask.row + key * s.mask.column;
  if (s.mask_is_bool) return static_cast<const uint8_t*>(mask)[at] ? score : hidden;
  return score + widened(static_cast<const T*>(mask)[at]);
}

// What dropout multiplies a weight by.
template <class W>
__device__ __forceinline__ W kept(const AttentionShape& s, int64_t head, int64_t query,
                                  int64_t key) {
  if (!s.bits || key >= s.source || query >= s.length) return W{1};
  const int64_t bit = (head * s.length + query) * s.source + key;
  return s.bits[bit / 8] >> (bit & 7) & 1 ? static_cast<W>(s.keep) : W{0};
}

}  // namespace flambeau::cuda
