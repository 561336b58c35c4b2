// Attention by multiply-adds: a block goes through the keys tile by tile, and corrects what it has
// as larger scores turn up (Dao 2023, https://arxiv.org/abs/2307.08691).
#include <algorithm>

#include "attention.h"
#include "attention_tiles.h"

namespace flambeau::cuda {

namespace {

// A block: a tile of queries of one head, and kDepth columns of the result.
template <class T>
__global__ void __launch_bounds__(kAttentionThreads)
    attention_kernel(AttentionShape s, AttentionBlocks blocks, HeadMatrices out, Computed<T>* lse) {
  using W = Computed<T>;
  using Tile = TileOf<W>;
  constexpr int R = Tile::kR, kSide = Tile::kSide;
  const auto [a, b, weights] = tile_memory<W>();
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
  const int64_t first = blocks.tile_from_end<int64_t>() * kSide;
  const int64_t column = blocks.column<int64_t>() * kDepth;
  const int64_t head = blocks.head<int64_t>();
  const HeadPlace place = s.q.place(static_cast<uint32_t>(head));
  const Rows<T> q = rows_of<T>(s.q, place), k = rows_of<T>(s.k, place), v = rows_of<T>(s.v, place);
  const void* const mask = mask_of<T>(s, place);
  const W scale = static_cast<W>(s.scale), lowest = -static_cast<W>(INFINITY);
  W high[R], sum[R], sums[R][4];
#pragma unroll
  for (int i = 0; i < R; ++i) {
    high[i] = lowest;
    sum[i] = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = 0;
  }
  const bool one_piece = s.e <= kDepth;  // the queries then stay in shared memory
  if (one_piece) load_tile(q, first, s.length, 0, s.e, scale, a);
  const int64_t last = s.seen(min(first + kSide, s.length) - 1);
  for (int64_t key = 0; key < last; key += kSide) {
    W scores[R][R] = {};
    for (int64_t c = 0; c == 0 || c < s.e; c += kDepth) {
      __syncthreads();
      if (!one_piece) load_tile(q, first, s.length, c, s.e, scale, a);
      load_tile(k, key, s.source, c, s.e, W{1}, b);
      __syncthreads();
      multiply_tiles<W, R>(a, b, scores);
    }
#pragma unroll
    for (int i = 0; i < R; ++i) {
      const int64_t query = first + ty * R + i;
      W top = high[i];
#pragma unroll
      for (int j = 0; j < R; ++j) {
        scores[i][j] = masked_score<W, T>(s, mask, query, key + tx + 16 * j, scores[i][j]);
        top = scores[i][j] > top ? scores[i][j] : top;
      }
      top = row_max(top);
      const W base = top == lowest ? W{0} : top;
      const W factor = exponential(high[i] - base);
      W part = 0;
#pragma unroll
      for (int j = 0; j < R; ++j) {
        const W weight = exponential(scores[i][j] - base);
        part += weight;
        weights[(ty * R + i) * Tile::kScoreRow + tx + 16 * j] =
            s.bits ? weight * kept<W>(s, head, query, key + tx + 16 * j) : weight;
      }
      sum[i] = sum[i] * factor + row_sum(part);
      high[i] = top;
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[i][j] *= factor;
    }
    __syncthreads();  // b has been read, and weights are written
    load_tile(v, key, s.source, column, s.ev, W{1}, b);
    __syncthreads();
    multiply_scores<W, R>(weights, b, sums);
  }
  T* const to = out.of<T>(place);
#pragma unroll
  for (int i = 0; i < R; ++i) {
    const int64_t query = first + ty * R + i;
    if (query >= s.length) continue;
    const W inverse = sum[i] == 0 ? W{0} : 1 / sum[i];
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (column + tx * 4 + j < s.ev)
        to[query * out.row + (column + tx * 4 + j) * out.column] =
            narrowed<T>(sums[i][j] * inverse);
    if (lse && column == 0 && tx == 0)
      lse[head * s.length + query] = sum[i] == 0 ? lowest : high[i] + logarithm(sum[i]);
  }
}

}  // namespace

void attention_forward(Call& call, DType dtype, const AttentionShape& s, const HeadMatrices& out,
                       void* lse) {
  with_float_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    using W = Computed<T>;
    // Without values there may still be sums.
    const AttentionBlocks blocks = tile_blocks<W>(s.length, std::max<int64_t>(s.ev, 1), s.heads);
    if (blocks.count() == 0) return;
    allow_shared(attention_kernel<T>, tile_bytes<W>());
    launch(attention_kernel<T>, dim3(blocks.count()), dim3(kAttentionThreads), tile_bytes<W>(),
           call.stream(), s, blocks, out, static_cast<W*>(lse));
  });
}

}  // namespace flambeau::cuda
