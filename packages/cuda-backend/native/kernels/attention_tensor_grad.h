// What the two backward kernels on tensor cores share. Both compute tiles of weights again from
// queries, keys and the logarithms of the weights' sums, and the slopes of scores from them.
#pragma once

#include <algorithm>

#include "attention_tensor_masks.h"

namespace flambeau::cuda {

// A block of the kernel for keys, which has 16 of them for each warp.
template <int D, int warps, bool all>
struct KeyGradTile {
  static constexpr int kThreads = warps * kWarp;
  static constexpr int kKeys = 16 * warps;
  static constexpr int kQueries = D <= 96 ? 64 : 32;  // as registers allow
  static constexpr int kRow = kTensorRow<D>;
  static constexpr int kSlopeRow = kTensorRow<kQueries>;
  static constexpr int kNumbers = (2 * kKeys + 4 * kQueries) * kRow;  // of 16 bits
  static constexpr int kShared =                                      // bytes
      (kNumbers + (all ? kKeys * kSlopeRow : 0)) * 2 + 4 * kQueries * 4;
  static constexpr int kBlocks = warps == 4 ? 2 : 1;  // at a time on a multiprocessor
};

// Scores become weights, and products of gradients and values become the scores' slopes times the
// inverse of the scale: with w the weight before dropout,
//   weights = w, or 0 where dropped;  slopes = w · (product · kept - delta).
// `sums(n, c)` and `deltas(n, c)` give what belongs to the query of number c of tile n: the
// logarithm of the sum, times kLog2E without masks, and the sum of grad · out.
template <class T, bool plain, bool turned, int N, class Sums, class Deltas>
FLAMBEAU_DEVICE void find_slopes(const AttentionShape& s, const Visibility<T>& v, int query,
                                 int key, float (&weights)[N][4], float (&slopes)[N][4],
                                 const Sums& sums, const Deltas& deltas) {
  const float factor = static_cast<float>(s.scale) * kLog2E;
#pragma unroll
  for (int n = 0; n < N; ++n)
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      float& weight = weights[n][c];
      if constexpr (plain) {
        weight = fast_exp2(weight * factor - sums(n, c));
      } else {
        // What is hidden has no weight, even where nothing else is seen.
        weight = weight == -INFINITY ? 0.0f : fast_exp2((weight - sums(n, c)) * kLog2E);
      }
    }
  if (!plain && v.bits) {
    const KeptWeights<T, turned> kept(s, v, query, key);
    const float keep = static_cast<float>(s.keep);
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        const bool is = kept(n, c);
        slopes[n][c] = weights[n][c] * ((is ? slopes[n][c] * keep : 0.0f) - deltas(n, c));
        weights[n][c] = is ? weights[n][c] : 0.0f;
      }
  } else {
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int c = 0; c < 4; ++c) slopes[n][c] = weights[n][c] * (slopes[n][c] - deltas(n, c));
  }
}

}  // namespace flambeau::cuda
