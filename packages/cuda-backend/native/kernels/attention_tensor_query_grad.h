// The gradient of the queries on tensor cores: a block has 64 queries of a head, and goes through
// the keys, as the forward pass does.
#pragma once

#include "attention_tensor_grad.h"

namespace flambeau::cuda {

template <int D>
struct QueryGradTile {
  static constexpr int kWarps = 4, kThreads = kWarps * kWarp;
  static constexpr int kQueries = 16 * kWarps;
  static constexpr int kKeys = D <= 96 ? 64 : 48;  // all devices have the shared memory for that
  static constexpr int kRow = kTensorRow<D>;
  static constexpr int kShared = (2 * kQueries + 4 * kKeys) * kRow * 2;  // bytes
};

template <class T, int D, bool plain>
__global__ void __launch_bounds__(QueryGradTile<D>::kThreads, 2)
    tensor_query_grad_kernel(AttentionBlocks blocks, const __grid_constant__ AttentionShape s,
                             const __grid_constant__ AttentionGradient g) {
#if FLAMBEAU_TENSOR_CORES
  using Tile = QueryGradTile<D>;
  constexpr int kKeys = Tile::kKeys, kThreads = Tile::kThreads, N = kKeys / 8;
  constexpr int kOfTile = kKeys * Tile::kRow, kOfQueries = Tile::kQueries * Tile::kRow;
  FLAMBEAU_SHARED(T, memory);
  T* const queries = memory;
  T* const grads = queries + kOfQueries;
  T* const tiles = grads + kOfQueries;  // keys and values, twice
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const auto head = blocks.head<uint32_t>();
  const int first = static_cast<int>(blocks.tile_from_end<uint32_t>()) * Tile::kQueries;
  const int own = first + warp * 16;
  const int length = static_cast<int>(s.length), source = static_cast<int>(s.source);
  const int e = static_cast<int>(s.e), ev = static_cast<int>(s.ev);
  const HeadPlace place = s.q.place(head);
  const T* const k = s.k.of<const T>(place);
  const T* const v = s.v.of<const T>(place);
  T* const to = g.dq.of<T>(place);
  const Visibility<T> visible = visibility_of<T>(s, place, head);
  const int last = s.causal ? min(min(first + Tile::kQueries, length), source) : source;

  const auto begin_tile = [&](int key, int stage) {
    begin_rows_of_two<kKeys, D, kThreads>(k, s.k.row, e, v, s.v.row, ev, key, source,
                                          tiles + stage * 2 * kOfTile);
    commit_copies();
  };
  if (last > 0) {
    begin_rows_of_two<Tile::kQueries, D, kThreads>(s.q.of<const T>(place), s.q.row, e,
                                                   g.grad.of<const T>(place), g.grad.row, ev, first,
                                                   length, queries);
    begin_tile(0, 0);
  }
  // Of this lane's two rows.
  float sums[2], deltas[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int query = own + score_row(2 * half);
    const int64_t at = head * s.length + query;
    const bool exists = query < length;
    sums[half] = exists ? static_cast<const float*>(g.lse)[at] * (plain ? kLog2E : 1.0f) : 0.0f;
    deltas[half] = exists ? static_cast<const float*>(g.delta)[at] : 0.0f;
  }
  float result[1][D / 8][4];
  clear(result);
  const int own_rows = warp * 16 * Tile::kRow;
  int stage = 0;
  for (int key = 0; key < last; key += kKeys, stage ^= 1) {
    wait_copies<0>();
    __syncthreads();  // this tile is there, and nobody reads the other one any more
    if (key + kKeys < last) begin_tile(key + kKeys, stage ^ 1);
    if (own >= length || (s.causal && key >= own + 16)) continue;
    const T* const keys = tiles + stage * 2 * kOfTile;
    float weights[1][N][4], slopes[1][N][4];
    clear(weights);
    multiply_rows<T, D, 1, N>(left_of_rows<D>(queries + own_rows), keys, weights);
    clear(slopes);
    multiply_rows<T, D, 1, N>(left_of_rows<D>(grads + own_rows), keys + kOfTile, slopes);
    hide_scores<T, plain, false>(s, visible, own, key, weights[0]);
    find_slopes<T, plain, false>(
        s, visible, own, key, weights[0], slopes[0], [&](int, int c) { return sums[c / 2]; },
        [&](int, int c) { return deltas[c / 2]; });
    multiply_columns<T, D, D, 1, kKeys / 16>(left_of_scores<T>(slopes), keys, result);
  }
  const float scale = static_cast<float>(s.scale);
  write_sums(result[0], scale, scale, to + int64_t{own} * g.dq.row, g.dq.row, length - own, e);
#else
  __trap();
#endif
}

template <class T, int D, bool plain>
void launch_query_grad(Call& call, const AttentionShape& s, const AttentionGradient& g) {
  using Tile = QueryGradTile<D>;
  launch_tiles<tensor_query_grad_kernel<T, D, plain>, Tile>(
      call, attention_blocks(s.length, Tile::kQueries, 1, 1, s.heads), s, g);
}

template <class T>
void tensor_query_grad(Call& call, const AttentionShape& s, const AttentionGradient& g) {
  with_row_size<128>(std::max(s.e, s.ev), [&](auto size) {
    constexpr int D = decltype(size)::value;
    if (is_plain(s)) {
      launch_query_grad<T, D, true>(call, s, g);
    } else {
      launch_query_grad<T, D, false>(call, s, g);
    }
  });
}

}  // namespace flambeau::cuda
