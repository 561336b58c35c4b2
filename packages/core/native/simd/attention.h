// Attention over one block of queries. See docs/decisions/0018-attention.md.
//
// Queries lie along the lanes of vectors, keys one below the other: a tile of scores is [keys,
// queries], so that softmax needs no sums across lanes, and rows of k and v are read one number at
// a time, wherever they lie.
#pragma once

#include <cstdint>

namespace flambeau {

// Queries of a block.
inline constexpr int64_t kQueries = 64;
// The most keys of a tile, forward and backward.
inline constexpr int64_t kForwardKeys = 128;
inline constexpr int64_t kBackwardKeys = 64;
// Up to so many queries, `few` takes them one by one.
inline constexpr int64_t kFewQueries = 4;

// Element (i, j) lies at data[i · row + j · column].
template <class T>
struct Rows2d {
  const T* data;
  int64_t row;
  int64_t column;
};

// What is added to the scores: at most one of the two pointers is set. Element (query, key) lies at
// query · row + key · column. `allowed` is not 0 where a query may look; else the summand is -inf.
template <class T>
struct AttentionMask {
  const T* summand;
  const uint8_t* allowed;
  int64_t row;
  int64_t column;
};

// One head. Pointers are those of query and key number 0; queries [first, first + count) are meant,
// count <= kQueries. Scores are scale · q · k + mask; where `causal`, query i sees keys up to i.
template <class T>
struct AttentionHead {
  int64_t first;
  int64_t count;
  int64_t source;  // keys
  int64_t e;       // size of queries and keys
  int64_t ev;      // size of values
  T scale;
  bool causal;
  Rows2d<T> q, k, v;
  AttentionMask<T> mask;
  // Bit `bit + query · source + key` says whether a weight is kept, which is then multiplied by
  // `keep`. Null: all are. Eight more bytes than needed must be readable.
  const uint8_t* bits;
  int64_t bit;
  T keep;
};

template <class T>
struct AttentionForward {
  AttentionHead<T> head;
  T* out;  // of query 0; columns contiguous
  int64_t out_row;
  T* lse;  // of query 0: log of the sum of exp(scores), -inf where a query sees nothing; or null
};

// Keys [first_key, last_key), a multiple of 64 but at the end.
template <class T>
struct AttentionBackward {
  AttentionHead<T> head;
  int64_t first_key;
  int64_t last_key;
  Rows2d<T> grad;  // of the output
  const T* lse;
  const T* delta;  // per query: sum of grad · out
  T* dq;           // of query 0, columns contiguous: written; null: not wanted
  int64_t dq_row;
  // Sums for key `first_key` and following, rows padded with attention_pad: added to. Null: not
  // wanted. dk lacks the factor `scale`.
  T* dk;
  T* dv;
};

// Numbers in a row of a padded matrix with n columns.
constexpr int64_t attention_pad(int64_t n) { return (n + 15) / 16 * 16; }

// Numbers of workspace, 64-byte aligned, that each function needs.
constexpr int64_t attention_forward_work(int64_t e, int64_t ev) {
  return kQueries * (e + ev + 3 * kForwardKeys);
}
constexpr int64_t attention_backward_work(int64_t e, int64_t ev) {
  return kQueries * (4 * attention_pad(e) + 2 * attention_pad(ev) + 4 * kBackwardKeys);
}
constexpr int64_t attention_few_work(int64_t source, int64_t ev) {
  return attention_pad(source) + attention_pad(ev);
}

template <class T>
struct AttentionFunctions {
  void (*forward)(const AttentionForward<T>& job, T* work);
  void (*backward)(const AttentionBackward<T>& job, T* work);
  // The same as forward, for a few queries. Columns of q, k and v must be contiguous, e and ev
  // multiples of 16, bits null.
  void (*few)(const AttentionForward<T>& job, T* work);
};

struct AttentionTable {
  AttentionFunctions<float> f32;
  AttentionFunctions<double> f64;
};

}  // namespace flambeau
