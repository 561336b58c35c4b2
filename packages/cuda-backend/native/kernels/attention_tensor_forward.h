// Attention on tensor cores, in the manner of FlashAttention-2 (Dao 2023,
// https://arxiv.org/abs/2307.08691).
#pragma once

#include <algorithm>

#include "attention_tensor_masks.h"

namespace flambeau::cuda {

// A block of four warps: each has 16 M queries of a head, and goes through the keys in tiles. While
// a tile is worked on, the next one comes to shared memory.
template <int D, int M, bool plain>
struct ForwardTile {
  static constexpr int kWarps = 4, kThreads = kWarps * kWarp;
  static constexpr int kQueries = kWarps * 16 * M;
  static constexpr int kKeys = D <= 128 ? 64 : 32;
  static constexpr int kRow = kTensorRow<D>;
  static constexpr int kShared = (kQueries + 4 * kKeys) * kRow * 2;  // bytes
  // At a time on a multiprocessor: so many have their registers, without spills.
  static constexpr int kBlocks = M == 2             ? 2
                                 : D <= 32 && plain ? 4
                                 : D <= 64          ? 3
                                 : D <= 96 && plain ? 3
                                                    : 2;
  // Do the queries stay in registers?
  static constexpr bool kHeld = M == 1 && D <= 128;
};

// `plain`: no masks, no dropout. Logarithms have base 2 then, as the scale is part of the factor.
template <class T, int D, int M, bool plain>
__global__ void __launch_bounds__(ForwardTile<D, M, plain>::kThreads,
                                  ForwardTile<D, M, plain>::kBlocks)
    tensor_attention_kernel(AttentionBlocks blocks, const __grid_constant__ AttentionShape s,
                            const __grid_constant__ HeadMatrices out, float* lse) {
#if FLAMBEAU_TENSOR_CORES
  using Tile = ForwardTile<D, M, plain>;
  constexpr int kKeys = Tile::kKeys, kThreads = Tile::kThreads, N = kKeys / 8;
  FLAMBEAU_SHARED(T, memory);
  T* const queries = memory;
  T* const tiles = queries + Tile::kQueries * Tile::kRow;  // keys and values, twice
  constexpr int kOfTile = kKeys * Tile::kRow;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const auto head = blocks.head<uint32_t>();
  const int first = static_cast<int>(blocks.tile_from_end<uint32_t>()) * Tile::kQueries;
  const int own = first + warp * 16 * M;  // the first query of this warp
  const HeadPlace place = s.q.place(head);
  const T* const k = s.k.of<const T>(place);
  const T* const v = s.v.of<const T>(place);
  const Visibility<T> visible = visibility_of<T>(s, place, head);
  const int length = static_cast<int>(s.length), source = static_cast<int>(s.source);
  const int e = static_cast<int>(s.e), ev = static_cast<int>(s.ev);
  const int last = s.causal ? min(min(first + Tile::kQueries, length), source) : source;
  const float factor = plain ? static_cast<float>(s.scale) * kLog2E : kLog2E;

  float sums[M][D / 8][4], high[M][2], total[M][2];
  clear(sums);
#pragma unroll
  for (int m = 0; m < M; ++m)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      high[m][half] = -INFINITY;
      total[m][half] = 0;
    }

  const auto begin_tile = [&](int key, int stage) {
    begin_rows_of_two<kKeys, D, kThreads>(k, s.k.row, e, v, s.v.row, ev, key, source,
                                          tiles + stage * 2 * kOfTile);
    commit_copies();
  };
  if (last > 0) {
    begin_rows<Tile::kQueries, D, kThreads>(s.q.of<const T>(place), s.q.row, first, length, e,
                                            queries);
    begin_tile(0, 0);
  }
  const T* const own_queries = queries + warp * 16 * M * Tile::kRow;
  uint32_t held[Tile::kHeld ? M : 1][Tile::kHeld ? D / 16 : 1][4];
  const auto read = left_of_rows<D>(own_queries);
  const auto left = [&](int step, int m, uint32_t(&a)[4]) {
    if constexpr (Tile::kHeld) {
#pragma unroll
      for (int i = 0; i < 4; ++i) a[i] = held[m][step][i];
    } else {
      read(step, m, a);
    }
  };

  for (int key = 0; key < last; key += kKeys) {
    const int stage = key / kKeys % 2;
    wait_copies<0>();
    __syncthreads();  // this tile is there, and nobody reads the other one any more
    if (key + kKeys < last) begin_tile(key + kKeys, stage ^ 1);
    if constexpr (Tile::kHeld) {
      if (key == 0) {
#pragma unroll
        for (int m = 0; m < M; ++m)
#pragma unroll
          for (int step = 0; step < D / 16; ++step) read(step, m, held[m][step]);
      }
    }
    // Does no query of this warp see this tile?
    if (own >= length || (s.causal && key >= own + 16 * M)) continue;
    const T* const keys = tiles + stage * 2 * kOfTile;
    float scores[M][N][4];
    clear(scores);
    multiply_rows<T, D, M, N>(left, keys, scores);
#pragma unroll
    for (int m = 0; m < M; ++m) {
      hide_scores<T, plain, false>(s, visible, own + 16 * m, key, scores[m]);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float top = high[m][half];
#pragma unroll
        for (int n = 0; n < N; ++n)
          top = fmaxf(top, fmaxf(scores[m][n][2 * half], scores[m][n][2 * half + 1]));
        top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, 1));
        top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, 2));
        const float base = top == -INFINITY ? 0.0f : top;
        // With masks, scores may be near the ends of float: their differences are not.
        const float scaled = base * factor;
        const float change = fast_exp2((high[m][half] - base) * factor);
        high[m][half] = top;
        float part = 0;
#pragma unroll
        for (int n = 0; n < N; ++n)
#pragma unroll
          for (int i = 0; i < 2; ++i) {
            float& score = scores[m][n][2 * half + i];
            score = fast_exp2(plain ? score * factor - scaled : (score - base) * factor);
            part += score;
          }
        total[m][half] = total[m][half] * change + part;
#pragma unroll
        for (int n = 0; n < D / 8; ++n)
#pragma unroll
          for (int i = 0; i < 2; ++i) sums[m][n][2 * half + i] *= change;
      }
      if constexpr (!plain) {
        if (visible.bits) {
          const KeptWeights<T, false> kept(s, visible, own + 16 * m, key);
#pragma unroll
          for (int n = 0; n < N; ++n)
#pragma unroll
            for (int c = 0; c < 4; ++c)
              if (!kept(n, c)) scores[m][n][c] = 0;
        }
      }
    }
    multiply_columns<T, D, D, M, kKeys / 16>(left_of_scores<T>(scores), keys + kOfTile, sums);
  }

  T* const to = out.of<T>(s.q.place(head));  // again: registers are scarce
  const float kept = plain || !s.bits ? 1.0f : static_cast<float>(s.keep);
#pragma unroll
  for (int m = 0; m < M; ++m) {
    const int query = own + 16 * m;
    float inverse[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float& sum = total[m][half];
      sum += __shfl_xor_sync(kAllLanes, sum, 1);
      sum += __shfl_xor_sync(kAllLanes, sum, 2);
      inverse[half] = sum == 0 ? 0.0f : kept / sum;
      const int row = query + lane / 4 + 8 * half;
      if (lse && lane % 4 == 0 && row < length) {
        const float top = high[m][half] * (plain ? static_cast<float>(s.scale) : 1.0f);
        lse[head * s.length + row] = sum == 0 ? -INFINITY : top + logf(sum);
      }
    }
    write_sums(sums[m], inverse[0], inverse[1], to + int64_t{query} * out.row, out.row,
               length - query, ev);
  }
#else
  __trap();
#endif
}

// --- launches ---

template <class T, int D, int M, bool plain>
void launch_forward(Call& call, const AttentionShape& s, const HeadMatrices& out, float* lse) {
  using Tile = ForwardTile<D, M, plain>;
  launch_tiles<tensor_attention_kernel<T, D, M, plain>, Tile>(
      call, attention_blocks(s.length, Tile::kQueries, 1, 1, s.heads), s, out, lse);
}

template <class T>
void tensor_forward(Call& call, const AttentionShape& s, const HeadMatrices& out, float* lse) {
  with_row_size<256>(std::max(s.e, s.ev), [&](auto size) {
    constexpr int D = decltype(size)::value;
    if constexpr (D <= 128) {
      if (!is_plain(s)) return launch_forward<T, D, 1, false>(call, s, out, lse);
      // Tiles of 128 queries take half as many loads of keys, but there must be enough of them for
      // all multiprocessors.
      using Large = ForwardTile<D, 2, true>;
      const int64_t tiles = (s.length + Large::kQueries - 1) / Large::kQueries * s.heads;
      if (s.length > Large::kQueries &&
          tiles >= int64_t{Large::kBlocks} * call.properties().multiprocessors &&
          Large::kShared <= static_cast<int64_t>(call.properties().shared_per_block_most))
        return launch_forward<T, D, 2, true>(call, s, out, lse);
      return launch_forward<T, D, 1, true>(call, s, out, lse);
    } else {
      return launch_forward<T, D, 1, false>(call, s, out, lse);
    }
  });
}

}  // namespace flambeau::cuda
