// What the kernels of attention on tensor cores share. Rows of D numbers lie in shared memory with
// 16 bytes between them, so that rows below each other begin at other banks. A warp has 16 rows of
// scores, or several times 16, in registers, laid out as runtime/tensor_cores.h says; the kernels
// for keys have the scores turned, with a row for each key.
#pragma once

#include <atomic>
#include <bit>

#include "attention.h"
#include "elements.h"
#include "tensor_cores.h"

namespace flambeau::cuda {

// One block has them all in the backward pass.
inline constexpr int64_t kMostKeysAtOnce = 128;
inline constexpr float kLog2E = 1.44269504088896341f, kLn2 = 0.693147180559945309f;

// Elements from one row of D numbers to the next.
template <int D>
inline constexpr int kTensorRow = D + 8;

// Begins to copy rows [first, first + N) of a matrix of [rows, columns] numbers, side by side, to
// shared memory; beyond it there are zeros.
template <int N, int D, int threads, class T>
FLAMBEAU_DEVICE void begin_rows(const T* from, int64_t row, int first, int rows, int columns,
                                T* to) {
  constexpr int kChunks = D / 8;
  constexpr int kAtOnce = std::bit_floor(static_cast<unsigned>(threads / kChunks));  // rows
  static_assert(N % kAtOnce == 0);
  const int r = static_cast<int>(threadIdx.x) / kChunks;
  const int c = static_cast<int>(threadIdx.x) % kChunks * 8;
  if (threads % kChunks != 0 && r >= kAtOnce) return;
  const int below = c < columns ? rows - first - r : 0;
  from += (first + r) * row + c;
  to += r * kTensorRow<D> + c;
  const int64_t step = kAtOnce * row;
#pragma unroll
  for (int i = 0; i < N; i += kAtOnce, from += step)
    copy_async<16>(to + i * kTensorRow<D>, from, i < below);
}

// The same of two matrices of as many rows, whose tiles lie behind each other.
template <int N, int D, int threads, class T>
FLAMBEAU_DEVICE void begin_rows_of_two(const T* a, int64_t a_row, int a_columns, const T* b,
                                       int64_t b_row, int b_columns, int first, int rows, T* to) {
  begin_rows<N, D, threads>(a, a_row, first, rows, a_columns, to);
  begin_rows<N, D, threads>(b, b_row, first, rows, b_columns, to + N * kTensorRow<D>);
}

// The 16 × 16 numbers of rows [0, 16) and columns [column, column + 16) as the left operand.
template <int D, class T>
FLAMBEAU_DEVICE void load_left(uint32_t (&a)[4], const T* rows, int column) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  load_matrices(a, rows + lane % 16 * kTensorRow<D> + column + lane / 16 * 8);
}

// sums [M · 16, N · 8] += a · bᵀ, where `left(k, m)` gives the operand of rows [16 m, 16 m + 16),
// columns [16 k, 16 k + 16) of a, and b is [N · 8, D] in shared memory.
template <class T, int D, int M, int N, class Left>
FLAMBEAU_DEVICE void multiply_rows(const Left& left, const T* b, float (&sums)[M][N][4]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const T* const from = b + (lane % 8 + lane / 16 * 8) * kTensorRow<D> + lane / 8 % 2 * 8;
#pragma unroll
  for (int k = 0; k < D / 16; ++k) {
    uint32_t a[M][4];
#pragma unroll
    for (int m = 0; m < M; ++m) left(k, m, a[m]);
#pragma unroll
    for (int n = 0; n < N; n += 2) {
      uint32_t right[4];  // two tiles of 8 columns
      load_matrices(right, from + n * 8 * kTensorRow<D> + k * 16);
#pragma unroll
      for (int m = 0; m < M; ++m) {
        multiply_add<T>(sums[m][n], a[m], right[0], right[1]);
        multiply_add<T>(sums[m][n + 1], a[m], right[2], right[3]);
      }
    }
  }
}

// sums [M · 16, D] += a · b, where `left(k, m)` gives the operand of rows [16 m, 16 m + 16),
// columns [16 k, 16 k + 16) of a, k < K, and b is [K · 16, D] in shared memory, of which `columns`
// are from `first` on.
template <class T, int D, int columns, int M, int K, class Left>
FLAMBEAU_DEVICE void multiply_columns(const Left& left, const T* b,
                                      float (&sums)[M][columns / 8][4]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const T* const from = b + lane % 16 * kTensorRow<D> + lane / 16 * 8;
#pragma unroll
  for (int k = 0; k < K; ++k) {
    uint32_t a[M][4];
#pragma unroll
    for (int m = 0; m < M; ++m) left(k, m, a[m]);
#pragma unroll
    for (int n = 0; n < columns / 8; n += 2) {
      uint32_t right[4];
      load_matrices_transposed(right, from + k * 16 * kTensorRow<D> + n * 8);
#pragma unroll
      for (int m = 0; m < M; ++m) {
        multiply_add<T>(sums[m][n], a[m], right[0], right[1]);
        multiply_add<T>(sums[m][n + 1], a[m], right[2], right[3]);
      }
    }
  }
}

// Two tiles of scores side by side, columns [16 k, 16 k + 16), as the left operand of a product.
template <class T, int N>
FLAMBEAU_DEVICE void pack_left(const float (&scores)[N][4], int k, uint32_t (&a)[4]) {
  a[0] = packed<T>(scores[2 * k][0], scores[2 * k][1]);
  a[1] = packed<T>(scores[2 * k][2], scores[2 * k][3]);
  a[2] = packed<T>(scores[2 * k + 1][0], scores[2 * k + 1][1]);
  a[3] = packed<T>(scores[2 * k + 1][2], scores[2 * k + 1][3]);
}

// Left operands of products: rows in shared memory, and the scores of a warp.
template <int D, class T>
FLAMBEAU_DEVICE auto left_of_rows(const T* rows) {
  return [=](int k, int m, uint32_t(&a)[4]) {
    load_left<D>(a, rows + m * 16 * kTensorRow<D>, k * 16);
  };
}
template <class T, int M, int N>
FLAMBEAU_DEVICE auto left_of_scores(const float (&scores)[M][N][4]) {
  return [&](int k, int m, uint32_t(&a)[4]) { pack_left<T>(scores[m], k, a); };
}

template <int M, int N>
FLAMBEAU_DEVICE void clear(float (&sums)[M][N][4]) {
#pragma unroll
  for (int m = 0; m < M; ++m)
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int c = 0; c < 4; ++c) sums[m][n][c] = 0;
}

// The place of number c of tile n of a lane's scores, from their first row and column.
FLAMBEAU_DEVICE int score_row(int c) {
  return static_cast<int>(threadIdx.x) % kWarp / 4 + c / 2 * 8;
}
FLAMBEAU_DEVICE int score_column(int n, int c) {
  return n * 8 + static_cast<int>(threadIdx.x) % 4 * 2 + c % 2;
}

// What four lanes have of a row of 32 numbers, changed from two numbers of each tile of 8 to all of
// one tile: word j of lane t becomes what word t of lane j was.
FLAMBEAU_DEVICE void gather_tile(uint32_t (&words)[4]) {
  const int t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
  for (int bit = 1; bit <= 2; bit *= 2)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i & bit) continue;
      const bool upper = (t & bit) != 0;
      const uint32_t sent = upper ? words[i] : words[i | bit];
      const uint32_t got = __shfl_xor_sync(kAllLanes, sent, bit);
      words[i] = upper ? got : words[i];
      words[i | bit] = upper ? words[i | bit] : got;
    }
}

// Writes 16 rows of sums, of which `rows` exist, times `upper` (rows 0 … 7) and `lower`; `to` is
// the first row's first column.
template <class T, int N>
FLAMBEAU_DEVICE void write_sums(const float (&sums)[N][4], float upper, float lower, T* to,
                                int64_t row, int rows, int columns) {
  static_assert(N % 4 == 0);
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float factor = half == 0 ? upper : lower;
    const int r = lane / 4 + 8 * half;
#pragma unroll
    for (int n = 0; n < N; n += 4) {
      uint32_t words[4];
#pragma unroll
      for (int i = 0; i < 4; ++i)
        words[i] = packed<T>(sums[n + i][2 * half] * factor, sums[n + i][2 * half + 1] * factor);
      gather_tile(words);
      const int column = (n + lane % 4) * 8;
      if (r < rows && column < columns)
        store_pack<uint32_t, 4>(reinterpret_cast<uint32_t*>(to + r * row + column),
                                {words[0], words[1], words[2], words[3]});
    }
  }
}

// --- launches ---

// Lets a kernel take so much shared memory, once for each device.
template <auto kernel>
void allow_shared_once(const Call& call, size_t bytes) {
  static std::atomic<uint64_t> allowed{0};
  const uint64_t device = uint64_t{1} << call.device();
  if (allowed & device) return;
  allow_shared(kernel, bytes);
  allowed |= device;
}

// Runs a kernel whose blocks have tiles of a kind.
template <auto kernel, class Tile, class... Args>
void launch_tiles(Call& call, const AttentionBlocks& blocks, const Args&... args) {
  if (blocks.count() == 0) return;
  allow_shared_once<kernel>(call, Tile::kShared);
  launch(kernel, dim3(blocks.count()), dim3(Tile::kThreads), Tile::kShared, call.stream(), blocks,
         args...);
}

// Calls body(std::integral_constant<int, D>) with the size that kernels are made for: the smallest
// that holds rows of `columns` numbers.
template <int most, class Body>
void with_row_size(int64_t columns, Body&& body) {
  if (columns <= 32) return body(std::integral_constant<int, 32>{});
  if (columns <= 64) return body(std::integral_constant<int, 64>{});
  if (columns <= 96) return body(std::integral_constant<int, 96>{});
  if constexpr (most > 128) {
    if (columns > 128) return body(std::integral_constant<int, 256>{});
  }
  return body(std::integral_constant<int, 128>{});
}

inline bool is_plain(const AttentionShape& s) { return !s.mask.data && !s.bits; }

template <class T>
void tensor_forward(Call& call, const AttentionShape& s, const HeadMatrices& out, float* lse);
template <class T>
void tensor_query_grad(Call& call, const AttentionShape& s, const AttentionGradient& g);
// With `all`, the gradient of the queries, too: for few keys.
template <class T>
void tensor_key_grad(Call& call, const AttentionShape& s, const AttentionGradient& g, bool all);

}  // namespace flambeau::cuda
