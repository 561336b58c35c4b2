// What the two backward kernels on tensor cores share. Both compute tiles of weights again from
// queries, keys and the logarithms of the weights' sums, and the slopes of scores from them.
#pragma once

#include <algorithm>

#include "attention_tensor.h"

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
  const float kept = static_cast<float>(s.keep);
#pragma unroll
  for (int n = 0; n < N; ++n)
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      float weight;
      if constexpr (plain) {
        weight = fast_exp2(weights[n][c] * factor - sums(n, c));
      } else {
        // What is hidden has no weight, even where nothing else is seen.
        weight =
            weights[n][c] == -INFINITY ? 0.0f : fast_exp2((weights[n][c] - sums(n, c)) * kLog2E);
      }
      float slope = slopes[n][c];
      weights[n][c] = weight;
      if constexpr (!plain) {
        if (v.bits) {
          const int q = query + (turned ? score_column(n, c) : score_row(c));
          const int k = key + (turned ? score_row(c) : score_column(n, c));
          const bool is = is_kept(s, v, q, k);
          slope = is ? slope * kept : 0.0f;
          weights[n][c] = is ? weight : 0.0f;
        }
      }
      slopes[n][c] = weight * (slope - deltas(n, c));
    }
}

}  // namespace flambeau::cuda
