// The gradients of keys and values on tensor cores: a block has a tile of keys, 16 for each warp,
// and goes through the queries of the heads that share them. Scores are turned, so that weights and
// slopes stay in the registers of the warp whose keys they belong to. Where one block has all keys,
// it has all of the queries' gradient, too; slopes then go through shared memory.
#pragma once

#include "attention_tensor_grad.h"

namespace flambeau::cuda {

// Slopes of this warp's keys to shared memory, as rows of queries.
template <class T, int N>
FLAMBEAU_DEVICE void write_slopes(const float (&slopes)[N][4], T* rows) {
#pragma unroll
  for (int n = 0; n < N; ++n)
#pragma unroll
    for (int half = 0; half < 2; ++half)
      *reinterpret_cast<uint32_t*>(rows + score_row(2 * half) * kTensorRow<N * 8> +
                                   score_column(n, 0)) =
          packed<T>(slopes[n][2 * half], slopes[n][2 * half + 1]);
}

// dq = scale · slopesᵀ · keys for a tile of queries: a warp has 16 of them and 32 columns at a
// time.
template <class T, int D, int warps, int keys_count, int queries>
FLAMBEAU_DEVICE void write_query_grad(const AttentionShape& s, const T* slopes, const T* keys,
                                      const HeadMatrices& dq, T* to, int rows) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  constexpr int kTiles = queries / 16, kUnits = kTiles * (D / 32);
  const float scale = static_cast<float>(s.scale);
  for (int unit = warp; unit < kUnits; unit += warps) {
    const int query = unit % kTiles * 16, column = unit / kTiles * 32;
    if (query >= rows || column >= s.e) continue;
    float sums[1][4][4];
    clear(sums);
    const T* const from =
        slopes + (lane % 8 + lane / 16 * 8) * kTensorRow<queries> + query + lane / 8 % 2 * 8;
    multiply_columns<T, D, 32, 1, keys_count / 16>(
        [&](int step, int, uint32_t(&a)[4]) {
          load_matrices_transposed(a, from + step * 16 * kTensorRow<queries>);
        },
        keys + column, sums);
    write_sums(sums[0], scale, scale, to + query * dq.row + column, dq.row, rows - query,
               static_cast<int>(s.e) - column);
  }
}

template <class T, int D, int warps, bool plain, bool all>
__global__ void __launch_bounds__(KeyGradTile<D, warps, all>::kThreads,
                                  KeyGradTile<D, warps, all>::kBlocks)
    tensor_key_grad_kernel(AttentionBlocks blocks, const __grid_constant__ AttentionShape s,
                           const __grid_constant__ AttentionGradient g) {
#if FLAMBEAU_TENSOR_CORES
  using Tile = KeyGradTile<D, warps, all>;
  constexpr int kQueries = Tile::kQueries, kThreads = Tile::kThreads, N = kQueries / 8;
  constexpr int kOfKeys = Tile::kKeys * Tile::kRow, kOfTile = kQueries * Tile::kRow;
  FLAMBEAU_SHARED(T, memory);
  T* const keys = memory;
  T* const values = keys + kOfKeys;
  T* const tiles = values + kOfKeys;  // queries and gradients, twice
  T* const slope_rows = memory + Tile::kNumbers;
  // Logarithms of sums and deltas, twice.
  float* const numbers =
      reinterpret_cast<float*>(slope_rows + (all ? Tile::kKeys * Tile::kSlopeRow : 0));
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int first = static_cast<int>(blocks.tile<uint32_t>()) * Tile::kKeys;
  const uint32_t shared = blocks.head<uint32_t>() * s.k.group;
  const int own = first + warp * 16;
  const int length = static_cast<int>(s.length), source = static_cast<int>(s.source);
  const int e = static_cast<int>(s.e), ev = static_cast<int>(s.ev);
  // A query before the first key of the tile does not see it.
  const int begin = s.causal ? first / kQueries * kQueries : 0;
  // Where the head begins whose tiles are begun, and the one that is worked on: places of heads
  // take divisions, so they are found once for each head.
  const T *coming_queries = nullptr, *coming_grads = nullptr;
  int64_t coming_numbers = 0;
  const auto enter = [&](uint32_t head) {
    const HeadPlace place = s.q.place(head);
    coming_queries = s.q.of<const T>(place);
    coming_grads = g.grad.of<const T>(place);
    coming_numbers = head * s.length;
  };
  const auto begin_tile = [&](int query, int stage) {
    begin_rows_of_two<kQueries, D, kThreads>(coming_queries, s.q.row, e, coming_grads, g.grad.row,
                                             ev, query, length, tiles + stage * 2 * kOfTile);
    const int i = static_cast<int>(threadIdx.x);
    if (i < 2 * kQueries) {
      const int at = query + i % kQueries;
      const float* const from = static_cast<const float*>(i < kQueries ? g.lse : g.delta);
      copy_async<4>(numbers + stage * 2 * kQueries + i, from + coming_numbers + at, at < length);
    }
    commit_copies();
  };
  Visibility<T> visible;
  T* to = nullptr;  // of dq
  const auto work_on = [&](uint32_t head) {
    if constexpr (!plain) visible = visibility_of<T>(s, s.q.place(head), head);
    if constexpr (all) to = g.dq.of<T>(s.q.place(head));
  };
  float key_sums[1][D / 8][4], value_sums[1][D / 8][4];
  clear(key_sums);
  clear(value_sums);
  const int own_rows = warp * 16 * Tile::kRow;
  int stage = 0;
  uint32_t head = shared;
  int query = begin;
  const uint32_t behind = shared + s.k.group;
  if (query < length) {
    const HeadPlace place = s.q.place(shared);
    begin_rows_of_two<Tile::kKeys, D, kThreads>(s.k.of<const T>(place), s.k.row, e,
                                                s.v.of<const T>(place), s.v.row, ev, first, source,
                                                keys);
    enter(head);
    begin_tile(query, 0);
    work_on(head);
  }
  while (query < length && head < behind) {
    wait_copies<0>();
    __syncthreads();  // this tile is there, and nobody reads the other one any more
    int next = query + kQueries;
    const bool ends = next >= length;  // this head
    if (ends) next = begin;
    if (!ends || head + 1 < behind) {
      if (ends) enter(head + 1);
      begin_tile(next, stage ^ 1);
    }
    const T* const queries = tiles + stage * 2 * kOfTile;
    const T* const grads = queries + kOfTile;
    float weights[1][N][4], slopes[1][N][4];
    clear(slopes);
    // Does any query of the tile see a key of this warp?
    if (own < source && (!s.causal || min(query + kQueries, length) > own)) {
      clear(weights);
      multiply_rows<T, D, 1, N>(left_of_rows<D>(keys + own_rows), queries, weights);
      multiply_rows<T, D, 1, N>(left_of_rows<D>(values + own_rows), grads, slopes);
      hide_scores<T, plain, true>(s, visible, query, own, weights[0]);
      const float* const sums = numbers + stage * 2 * kQueries;
      find_slopes<T, plain, true>(
          s, visible, query, own, weights[0], slopes[0],
          [&](int n, int c) { return sums[score_column(n, c)] * (plain ? kLog2E : 1.0f); },
          [&](int n, int c) { return sums[kQueries + score_column(n, c)]; });
      multiply_columns<T, D, D, 1, kQueries / 16>(left_of_scores<T>(weights), grads, value_sums);
      multiply_columns<T, D, D, 1, kQueries / 16>(left_of_scores<T>(slopes), queries, key_sums);
    }
    if constexpr (all) {
      write_slopes(slopes[0], slope_rows + warp * 16 * Tile::kSlopeRow);
      __syncthreads();
      write_query_grad<T, D, warps, Tile::kKeys, kQueries>(
          s, slope_rows, keys, g.dq, to + int64_t{query} * g.dq.row, length - query);
    }
    stage ^= 1;
    query = next;
    if (ends && ++head < behind) work_on(head);
  }
  const HeadPlace place = s.q.place(shared);
  if (g.dk.data) {
    const float scale = static_cast<float>(s.scale);
    write_sums(key_sums[0], scale, scale, g.dk.of<T>(place) + int64_t{own} * g.dk.row, g.dk.row,
               source - own, e);
  }
  if (g.dv.data) {
    const float kept = !plain && s.bits ? static_cast<float>(s.keep) : 1.0f;
    write_sums(value_sums[0], kept, kept, g.dv.of<T>(place) + int64_t{own} * g.dv.row, g.dv.row,
               source - own, ev);
  }
#else
  __trap();
#endif
}

template <class T, int D, int warps, bool plain, bool all>
void launch_key_grad(Call& call, const AttentionShape& s, const AttentionGradient& g) {
  using Tile = KeyGradTile<D, warps, all>;
  launch_tiles<tensor_key_grad_kernel<T, D, warps, plain, all>, Tile>(
      call, attention_blocks(s.source, Tile::kKeys, 1, 1, s.heads / s.k.group), s, g);
}

template <class T>
void tensor_key_grad(Call& call, const AttentionShape& s, const AttentionGradient& g, bool all) {
  with_row_size<128>(std::max(s.e, s.ev), [&](auto size) {
    constexpr int D = decltype(size)::value;
    const auto run = [&](auto plain) {
      constexpr bool is = decltype(plain)::value;
      if (!all) {
        launch_key_grad<T, D, 4, is, false>(call, s, g);
      } else if (s.source <= 64) {
        launch_key_grad<T, D, 4, is, true>(call, s, g);
      } else {
        launch_key_grad<T, D, 8, is, true>(call, s, g);
      }
    };
    if (is_plain(s)) {
      run(std::true_type{});
    } else {
      run(std::false_type{});
    }
  });
}

}  // namespace flambeau::cuda
