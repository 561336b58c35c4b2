// What hides scores on tensor cores: masks, dropout, and the ends of queries and keys.
#pragma once

#include "attention_tensor.h"

namespace flambeau::cuda {

// A head's mask and dropout.
template <class T>
struct Visibility {
  const void* mask = nullptr;
  const uint8_t* bits = nullptr;
  int64_t first_bit = 0;
};
template <class T>
FLAMBEAU_DEVICE Visibility<T> visibility_of(const AttentionShape& s, const HeadPlace& place,
                                            uint32_t head) {
  Visibility<T> v;
  if (s.mask.data)
    v.mask = s.mask_is_bool ? static_cast<const void*>(s.mask.of<const uint8_t>(place))
                            : s.mask.of<const T>(place);
  v.bits = s.bits;
  v.first_bit = head * s.length * s.source;
  return v;
}

// Scores that are hidden or do not exist become -inf, if any of them may be. Rows are queries from
// `query` on, or keys from `key` on where they are `turned`. Without masks scores stay as they are,
// else they are multiplied by the scale, and masked.
template <class T, bool plain, bool turned, int N>
FLAMBEAU_DEVICE void hide_scores(const AttentionShape& s, const Visibility<T>& v, int query,
                                 int key, float (&scores)[N][4]) {
  constexpr int kKeys = turned ? 16 : N * 8;
  const int keys = static_cast<int>(s.source) - key;  // that exist
  const int queries = static_cast<int>(s.length) - query;
  const int ahead = s.causal ? query - key : INT32_MAX / 2;
  if (plain && keys >= kKeys && ahead >= kKeys - 1) return;
  const int column = score_column(0, 0);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    // Of this row's columns, counted from this lane's first one, those in [begin, end) are seen.
    const int row = score_row(2 * half);
    int begin = 0, end;
    if constexpr (turned) {
      begin = max(0, row - ahead - column);
      end = row < keys ? queries - column : 0;
    } else {
      end = row < queries ? min(keys, ahead + row + 1) - column : 0;
    }
    const int64_t from = turned ? (query + column) * s.mask.row + (key + row) * s.mask.column
                                : (query + row) * s.mask.row + (key + column) * s.mask.column;
    const int64_t step = turned ? s.mask.row : s.mask.column;
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        float& score = scores[n][2 * half + i];
        const int at = n * 8 + i;
        if constexpr (!plain) score *= static_cast<float>(s.scale);
        if ((turned && at < begin) || at >= end) {
          score = -INFINITY;
        } else if (!plain && v.mask) {
          if (s.mask_is_bool) {
            if (!static_cast<const uint8_t*>(v.mask)[from + at * step]) score = -INFINITY;
          } else {
            score += widened(static_cast<const T*>(v.mask)[from + at * step]);
          }
        }
      }
  }
}

// Which weights dropout keeps of a lane's scores, whose rows are queries from `query` on, or keys
// from `key` on where they are `turned`. Of what does not exist it may say anything.
template <class T, bool turned>
class KeptWeights {
 public:
  FLAMBEAU_DEVICE KeptWeights(const AttentionShape& s, const Visibility<T>& v, int query, int key)
      : s_(s), v_(v), query_(query), key_(key) {
    if constexpr (!turned) {
      // The 64 bits of each row, out of three words that have them; no word is read behind the last
      // one that has a weight's bit (there are eight bytes more than the weights need).
      const auto bits = reinterpret_cast<uintptr_t>(v.bits);
      const uintptr_t last = (bits + (s.heads * s.length * s.source - 1) / 8) / 4 * 4;
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int64_t bit = v.first_bit + (query + score_row(2 * half)) * s.source + key;
        const uintptr_t first = bits + bit / 8;
        uint32_t words[3];
#pragma unroll
        for (int i = 0; i < 3; ++i)
          words[i] = *reinterpret_cast<const uint32_t*>(min(first / 4 * 4 + 4 * i, last));
        const auto shift = static_cast<unsigned>(first % 4 * 8 + bit % 8);
        kept_[half][0] = __funnelshift_r(words[0], words[1], shift);
        kept_[half][1] = __funnelshift_r(words[1], words[2], shift);
      }
    }
  }
  // Number c of tile n.
  FLAMBEAU_DEVICE bool operator()(int n, int c) const {
    if constexpr (turned) {
      const int query = query_ + score_column(n, c), key = key_ + score_row(c);
      if (query >= s_.length || key >= s_.source) return false;
      const int64_t bit = v_.first_bit + query * s_.source + key;
      return v_.bits[bit / 8] >> (bit & 7) & 1;
    } else {
      return kept_[c / 2][n / 4] >> score_column(n % 4, c) & 1;
    }
  }

 private:
  const AttentionShape& s_;
  const Visibility<T>& v_;
  int query_, key_;
  uint32_t kept_[2][2];  // of each row, bits for columns
};

}  // namespace flambeau::cuda
