// The gradients of attention by multiply-adds: the weights are computed again from the logarithms
// of their sums, for the queries' gradients by one kernel, for those of keys and values by another.
#include <algorithm>

#include "attention.h"
#include "attention_tiles.h"

namespace flambeau::cuda {

namespace {

// A warp has a query.
template <class T>
__global__ void __launch_bounds__(kAttentionThreads)
    delta_kernel(AttentionShape s, AttentionGradient g) {
  using W = Computed<T>;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int64_t item = global_thread() / kWarp; item < s.heads * s.length;
       item += global_threads() / kWarp) {
    const int64_t head = item / s.length, query = item % s.length;
    const HeadPlace place = s.q.place(static_cast<uint32_t>(head));
    const Rows<T> grad = rows_of<T>(g.grad, place), out = rows_of<T>(g.out, place);
    W sum = 0;
    for (int64_t c = lane; c < s.ev; c += kWarp)
      sum += widened(grad.data[query * grad.row + c * grad.column]) *
             widened(out.data[query * out.row + c * out.column]);
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) sum += __shfl_xor_sync(kAllLanes, sum, step);
    if (lane == 0) static_cast<W*>(g.delta)[item] = sum;
  }
}

// The weights and the slopes of the scores of a tile: rows are queries from `query` on where
// `turned` is not set, else keys from `key` on, and columns are the others. With weights before
// dropout w: weights = w · kept, slopes = w · (grad · v · kept - delta).
template <class T, bool turned, int R>
__device__ __forceinline__ void tile_gradient(const AttentionShape& s, const AttentionGradient& g,
                                              int64_t head, int64_t query, int64_t key,
                                              Computed<T>* a, Computed<T>* b,
                                              Computed<T> (&weights)[R][R],
                                              Computed<T> (&slopes)[R][R]) {
  using W = Computed<T>;
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
  const HeadPlace place = s.q.place(static_cast<uint32_t>(head));
  const Rows<T> q = rows_of<T>(s.q, place), k = rows_of<T>(s.k, place), v = rows_of<T>(s.v, place);
  const Rows<T> grad = rows_of<T>(g.grad, place);
  const void* const mask = mask_of<T>(s, place);
  W* const of_queries = turned ? b : a;
  W* const of_keys = turned ? a : b;
#pragma unroll
  for (int i = 0; i < R; ++i)
#pragma unroll
    for (int j = 0; j < R; ++j) weights[i][j] = slopes[i][j] = 0;
  for (int64_t c = 0; c == 0 || c < s.e; c += kDepth) {
    __syncthreads();
    load_tile(q, query, s.length, c, s.e, static_cast<W>(s.scale), of_queries);
    load_tile(k, key, s.source, c, s.e, W{1}, of_keys);
    __syncthreads();
    multiply_tiles<W, R>(a, b, weights);
  }
  for (int64_t c = 0; c == 0 || c < s.ev; c += kDepth) {
    __syncthreads();
    load_tile(grad, query, s.length, c, s.ev, W{1}, of_queries);
    load_tile(v, key, s.source, c, s.ev, W{1}, of_keys);
    __syncthreads();
    multiply_tiles<W, R>(a, b, slopes);
  }
  const W lowest = -static_cast<W>(INFINITY);
#pragma unroll
  for (int i = 0; i < R; ++i)
#pragma unroll
    for (int j = 0; j < R; ++j) {
      const int row = ty * R + i, column = tx + 16 * j;
      const int64_t at_query = query + (turned ? column : row);
      const int64_t at_key = key + (turned ? row : column);
      const W score = masked_score<W, T>(s, mask, at_query, at_key, weights[i][j]);
      W weight = 0, slope = 0;
      if (score != lowest) {
        const W sum = static_cast<const W*>(g.lse)[head * s.length + at_query];
        // What sees nothing has no weights.
        weight = sum == lowest ? W{0} : exponential(score - sum);
        const W factor = kept<W>(s, head, at_query, at_key);
        const W delta = static_cast<const W*>(g.delta)[head * s.length + at_query];
        slope = weight * (slopes[i][j] * factor - delta);
        weight *= factor;
      }
      weights[i][j] = weight;
      slopes[i][j] = slope;
    }
}

template <class W, int R>
__device__ __forceinline__ void write_scores(const W (&values)[R][R], W* to) {
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
#pragma unroll
  for (int i = 0; i < R; ++i)
#pragma unroll
    for (int j = 0; j < R; ++j)
      to[(ty * R + i) * TileOf<W>::kScoreRow + tx + 16 * j] = values[i][j];
}

template <class T, class W, int R>
__device__ __forceinline__ void write_rows(const HeadMatrices& to, const HeadPlace& place,
                                           int64_t first, int64_t rows, int64_t column,
                                           int64_t columns, W factor, const W (&sums)[R][4]) {
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
  T* const data = to.of<T>(place);
#pragma unroll
  for (int i = 0; i < R; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int64_t row = first + ty * R + i, c = column + tx * 4 + j;
      if (row < rows && c < columns)
        data[row * to.row + c * to.column] = narrowed<T>(factor * sums[i][j]);
    }
}

// A block: a tile of queries of one head, and kDepth columns of dq.
template <class T>
__global__ void __launch_bounds__(kAttentionThreads, 2)
    query_grad_kernel(AttentionShape s, AttentionGradient g, AttentionBlocks blocks) {
  using W = Computed<T>;
  using Tile = TileOf<W>;
  constexpr int R = Tile::kR, kSide = Tile::kSide;
  const auto [a, b, scores] = tile_memory<W>();
  const int64_t first = blocks.tile_from_end<int64_t>() * kSide;
  const int64_t column = blocks.column<int64_t>() * kDepth;
  const int64_t head = blocks.head<int64_t>();
  const HeadPlace place = s.q.place(static_cast<uint32_t>(head));
  const Rows<T> k = rows_of<T>(s.k, place);
  W sums[R][4] = {};
  const int64_t last = s.seen(min(first + kSide, s.length) - 1);
  for (int64_t key = 0; key < last; key += kSide) {
    W weights[R][R], slopes[R][R];
    tile_gradient<T, false, R>(s, g, head, first, key, a, b, weights, slopes);
    write_scores(slopes, scores);
    __syncthreads();  // scores are written, and b has been read
    load_tile(k, key, s.source, column, s.e, W{1}, b);
    __syncthreads();
    multiply_scores<W, R>(scores, b, sums);
  }
  write_rows<T>(g.dq, place, first, s.length, column, s.e, static_cast<W>(s.scale), sums);
}

// A block: a tile of keys of the heads that share them, and kDepth columns of dk and dv.
template <class T>
__global__ void __launch_bounds__(kAttentionThreads, 2)
    key_grad_kernel(AttentionShape s, AttentionGradient g, AttentionBlocks blocks) {
  using W = Computed<T>;
  using Tile = TileOf<W>;
  constexpr int R = Tile::kR, kSide = Tile::kSide;
  const auto [a, b, scores] = tile_memory<W>();
  const int64_t first = blocks.tile<int64_t>() * kSide;
  const int64_t column = blocks.column<int64_t>() * kDepth;
  const int64_t shared = blocks.head<int64_t>() * s.k.group;
  W key_sums[R][4] = {}, value_sums[R][4] = {};
  // A query before the first key of the tile does not see it.
  const int64_t begin = s.causal ? first / kSide * kSide : 0;
  for (int64_t head = shared; head < shared + s.k.group; ++head) {
    const HeadPlace place = s.q.place(static_cast<uint32_t>(head));
    const Rows<T> q = rows_of<T>(s.q, place), grad = rows_of<T>(g.grad, place);
    for (int64_t query = begin; query < s.length; query += kSide) {
      W weights[R][R], slopes[R][R];
      tile_gradient<T, true, R>(s, g, head, query, first, a, b, weights, slopes);
      if (g.dv.data) {
        write_scores(weights, scores);
        __syncthreads();
        load_tile(grad, query, s.length, column, s.ev, W{1}, b);
        __syncthreads();
        multiply_scores<W, R>(scores, b, value_sums);
        __syncthreads();
      }
      if (g.dk.data) {
        write_scores(slopes, scores);
        __syncthreads();
        load_tile(q, query, s.length, column, s.e, W{1}, b);
        __syncthreads();
        multiply_scores<W, R>(scores, b, key_sums);
      }
    }
  }
  const HeadPlace place = s.q.place(static_cast<uint32_t>(shared));
  if (g.dk.data)
    write_rows<T>(g.dk, place, first, s.source, column, s.e, static_cast<W>(s.scale), key_sums);
  if (g.dv.data) write_rows<T>(g.dv, place, first, s.source, column, s.ev, W{1}, value_sums);
}

}  // namespace

void attention_backward(Call& call, DType dtype, const AttentionShape& s,
                        const AttentionGradient& g) {
  with_float_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    using W = Computed<T>;
    if (s.length > 0)
      launch(delta_kernel<T>,
             dim3(grid_for(s.heads * s.length * kWarp, 1, call.properties(), kAttentionThreads)),
             dim3(kAttentionThreads), 0, call.stream(), s, g);
    if (g.dq.data) {
      const AttentionBlocks blocks = tile_blocks<W>(s.length, s.e, s.heads);
      allow_shared(query_grad_kernel<T>, tile_bytes<W>());
      launch(query_grad_kernel<T>, dim3(blocks.count()), dim3(kAttentionThreads), tile_bytes<W>(),
             call.stream(), s, g, blocks);
    }
    if (g.dk.data || g.dv.data) {
      const int64_t columns = std::max(g.dk.data ? s.e : 0, g.dv.data ? s.ev : 0);
      const AttentionBlocks blocks = tile_blocks<W>(s.source, columns, s.heads / s.k.group);
      allow_shared(key_grad_kernel<T>, tile_bytes<W>());
      launch(key_grad_kernel<T>, dim3(blocks.count()), dim3(kAttentionThreads), tile_bytes<W>(),
             call.stream(), s, g, blocks);
    }
  });
}

}  // namespace flambeau::cuda
