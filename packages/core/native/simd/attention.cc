// Attention block by block (Dao 2023, https://arxiv.org/abs/2307.08691): tiles of scores live in
// the first-level cache, softmax is corrected as larger scores turn up, and the backward pass
// computes the weights again from the logarithms of their sums.
#include "attention.h"

#include "attention_tiles.h"

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "log.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

inline float logarithm(float x) { return formulas::log_f(x); }
inline double logarithm(double x) { return formulas::log_d(x); }

template <class T>
constexpr int64_t kW = kLanes<T>;

// Vectors that hold the queries of a block.
template <class T>
int64_t vectors_of(const AttentionHead<T>& h) {
  return (h.count + kW<T> - 1) / kW<T>;
}

// to[c · kQueries + i] = scale · element (first + i, c) of `from`, zeros up to whole vectors.
template <class T>
void turn_queries(const AttentionHead<T>& h, const Rows2d<T>& from, int64_t columns, T scale,
                  T* to) {
  turn(h.count, columns, from.data + h.first * from.row, from.row, from.column, to, kQueries,
       scale);
  const int64_t end = vectors_of(h) * kW<T>;
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t i = h.count; i < end; ++i) to[c * kQueries + i] = 0;
}

// --- tiles [n keys from j0 on, queries] ---

// Does somebody in the block not see all of these keys?
template <class T>
bool on_diagonal(const AttentionHead<T>& h, int64_t j0, int64_t n) {
  return h.causal && j0 + n - 1 > h.first;
}

// Of a causal tile, vector `v` of the queries sees keys before this one (from j0 on).
template <class T>
int64_t seen(const AttentionHead<T>& h, int64_t j0, int64_t n, int64_t v) {
  return h.causal ? less(n, more(0, h.first + (v + 1) * kW<T> - j0)) : n;
}

// body(g, rows, v): keys [g, g + rows) of the tile are seen from vector v on.
template <class T, class Body>
inline void each_group(const AttentionHead<T>& h, int64_t j0, int64_t n, Body&& body) {
  if (!on_diagonal(h, j0, n)) return body(0, n, 0);
  for (int64_t g = 0; g < n; g += kW<T>)
    body(g, less(kW<T>, n - g), more(0, (j0 + g - h.first) / kW<T>));
}

// c = left [n, depth] · right [depth, queries], where it is seen.
template <class T>
void tile_product(const AttentionHead<T>& h, int64_t j0, int64_t n, int64_t depth,
                  const Rows2d<T>& left, const T* right, T* c) {
  const int64_t vectors = vectors_of(h);
  each_group(h, j0, n, [&](int64_t g, int64_t rows, int64_t v) {
    if (v >= vectors) return;
    const Operand<T> a = {left.data + (j0 + g) * left.row, left.row, left.column};
    product(rows, depth, vectors - v, a, right + v * kW<T>, kQueries, c + g * kQueries + v * kW<T>,
            kQueries, false);
  });
}

// c [depth, queries] (+)= left [n, depth] transposed · tile [n, queries], which is 0 where it is
// not seen.
template <class T>
void collect_product(const AttentionHead<T>& h, int64_t j0, int64_t n, int64_t depth,
                     const Rows2d<T>& left, const T* tile, T* c, bool add) {
  const int64_t vectors = vectors_of(h);
  const Operand<T> a = {left.data + j0 * left.row, left.column, left.row};
  const int64_t step = on_diagonal(h, j0, n) ? 2 : vectors;
  for (int64_t v = 0; v < vectors; v += step) {
    const int64_t some = less(step, vectors - v);
    product(depth, seen(h, j0, n, v + some - 1), some, a, tile + v * kW<T>, kQueries, c + v * kW<T>,
            kQueries, add);
  }
}

// Zeros where the tile is not seen.
template <class T>
void clear_unseen(const AttentionHead<T>& h, int64_t j0, int64_t n, T* tile) {
  if (!on_diagonal(h, j0, n)) return;
  for (int64_t v = 0; v < vectors_of(h); ++v)
    for (int64_t j = seen(h, j0, n, v); j < n; ++j)
      store(tile + j * kQueries + v * kW<T>, Vec<T>{});
}

// Turns rows of queries [count, n] into a tile.
template <class T>
void turn_tile(const AttentionHead<T>& h, int64_t n, const T* rows, int64_t row, int64_t column,
               T* tile) {
  turn(h.count, n, rows, row, column, tile, kQueries, T{1});
  const int64_t end = vectors_of(h) * kW<T>;
  for (int64_t j = 0; j < n; ++j)
    for (int64_t i = h.count; i < end; ++i) tile[j * kQueries + i] = 0;
}

// Adds the mask to a tile of scores; work [2, n, queries].
template <class T>
void add_mask(const AttentionHead<T>& h, int64_t j0, int64_t n, T* scores, T* work) {
  const AttentionMask<T>& mask = h.mask;
  const int64_t vectors = vectors_of(h), begin = h.first * mask.row + j0 * mask.column;
  if (mask.row == 0) {
    for (int64_t j = 0; j < n; ++j) {
      const int64_t at = begin + j * mask.column;
      const T x = mask.summand ? mask.summand[at] : mask.allowed[at] ? T{} : kLowest<T>;
      if (x == 0) continue;
      for (int64_t v = 0; v < vectors; ++v) {
        T* to = scores + j * kQueries + v * kW<T>;
        store(to, load(to) + x);
      }
    }
    return;
  }
  T* const turned = work + n * kQueries;
  if (mask.summand) {
    turn_tile(h, n, mask.summand + begin, mask.row, mask.column, turned);
  } else {
    for (int64_t i = 0; i < h.count; ++i)
      for (int64_t j = 0; j < n; ++j)
        work[i * n + j] = mask.allowed[begin + i * mask.row + j * mask.column] ? T{} : kLowest<T>;
    turn_tile(h, n, work, n, 1, turned);
  }
  for (int64_t j = 0; j < n; ++j)
    for (int64_t v = 0; v < vectors; ++v) {
      T* to = scores + j * kQueries + v * kW<T>;
      store(to, load(to) + load(turned + j * kQueries + v * kW<T>));
    }
}

// The scores of a tile, unspecified where whole vectors do not see them; work as for the mask.
template <class T>
void score_tile(const AttentionHead<T>& h, int64_t j0, int64_t n, const T* queries, T* scores,
                T* work) {
  const bool masked = h.mask.summand || h.mask.allowed;
  if (masked && on_diagonal(h, j0, n)) {
    AttentionHead<T> whole = h;
    whole.causal = false;
    tile_product(whole, j0, n, h.e, h.k, queries, scores);
  } else {
    tile_product(h, j0, n, h.e, h.k, queries, scores);
  }
  if (masked) add_mask(h, j0, n, scores, work);
  if (!on_diagonal(h, j0, n)) return;
  for (int64_t v = 0; v < vectors_of(h); ++v) {
    const int64_t query = h.first + v * kW<T>;  // the diagonal of this vector begins at its key
    for (int64_t j = more(0, query - j0); j < seen(h, j0, n, v); ++j)
      for (int64_t l = 0; l < j0 + j - query; ++l)
        scores[j * kQueries + v * kW<T> + l] = kLowest<T>;
  }
}

// The factors of dropout, in work [n, queries] behind as much again.
template <class T>
const T* kept_tile(const AttentionHead<T>& h, int64_t j0, int64_t n, T* work) {
  using C = Count<T>;
  T* const rows = work;
  T* const turned = work + n * kQueries;
  C lane;
  for (int l = 0; l < kLanes<T>; ++l) lane[l] = static_cast<typename Bits<T>::Type>(l);
  for (int64_t i = 0; i < h.count; ++i) {
    int64_t bit = h.bit + (h.first + i) * h.source + j0;
    int64_t j = 0;
    for (; j + kW<T> <= n; j += kW<T>, bit += kW<T>) {
      uint32_t word;
      __builtin_memcpy(&word, h.bits + bit / 8, sizeof word);
      const C flags = (static_cast<typename Bits<T>::Type>(word >> (bit & 7)) + C{}) >> lane & 1;
      store(rows + i * n + j, flags != 0 ? all(h.keep) : Vec<T>{});
    }
    for (; j < n; ++j, ++bit) rows[i * n + j] = h.bits[bit / 8] >> (bit & 7) & 1 ? h.keep : T{};
  }
  turn_tile(h, n, rows, n, 1, turned);
  return turned;
}

// --- forward ---

// Weights relative to the largest score so far, of one vector of queries: high and sum follow, and
// the factor for what was summed before is returned.
template <class T>
inline Vec<T> weigh(int64_t n, T* scores, Vec<T>& high, Vec<T>& sum) {
  Vec<T> top[2] = {high, high};
  int64_t j = 0;
  for (; j + 2 <= n; j += 2)
    for (int k = 0; k < 2; ++k) {
      const Vec<T> s = load(scores + (j + k) * kQueries);
      top[k] = s > top[k] ? s : top[k];
    }
  for (; j < n; ++j) {
    const Vec<T> s = load(scores + j * kQueries);
    top[0] = s > top[0] ? s : top[0];
  }
  const Vec<T> next = top[0] > top[1] ? top[0] : top[1];
  const Vec<T> base = next == kLowest<T> ? Vec<T>{} : next;
  const Vec<T> factor = exponential(high - base);
  Vec<T> part[2] = {sum * factor, Vec<T>{}};
  for (j = 0; j + 2 <= n; j += 2)
    for (int k = 0; k < 2; ++k) {
      const Vec<T> w = exponential(load(scores + (j + k) * kQueries) - base);
      store(scores + (j + k) * kQueries, w);
      part[k] += w;
    }
  for (; j < n; ++j) {
    const Vec<T> w = exponential(load(scores + j * kQueries) - base);
    store(scores + j * kQueries, w);
    part[0] += w;
  }
  high = next;
  sum = part[0] + part[1];
  return factor;
}

template <class T>
void forward(const AttentionForward<T>& job, T* work) {
  const AttentionHead<T>& h = job.head;
  const int64_t vectors = vectors_of(h);
  T* const queries = work;
  T* const out = queries + kQueries * h.e;  // [ev, queries]
  T* const weights = out + kQueries * h.ev;
  T* const spare = weights + kQueries * kForwardKeys;
  turn_queries(h, h.q, h.e, h.scale, queries);
  constexpr int64_t kMost = kQueries / kLanes<T>;
  Vec<T> high[kMost], sum[kMost];
  for (int64_t v = 0; v < vectors; ++v) {
    high[v] = all(kLowest<T>);
    sum[v] = Vec<T>{};
  }
  const int64_t last = h.causal ? less(h.source, h.first + h.count) : h.source;
  for (int64_t j0 = 0; j0 < last; j0 += kForwardKeys) {
    const int64_t n = less(kForwardKeys, last - j0);
    score_tile(h, j0, n, queries, weights, spare);
    for (int64_t v = 0; v < vectors; ++v) {
      const Vec<T> factor = weigh(seen(h, j0, n, v), weights + v * kW<T>, high[v], sum[v]);
      if (j0 == 0) continue;
      for (int64_t c = 0; c < h.ev; ++c) {
        T* to = out + c * kQueries + v * kW<T>;
        store(to, load(to) * factor);
      }
    }
    clear_unseen(h, j0, n, weights);
    if (h.bits) {
      const T* kept = kept_tile(h, j0, n, spare);
      for (int64_t j = 0; j < n; ++j)
        for (int64_t v = 0; v < vectors; ++v) {
          T* to = weights + j * kQueries + v * kW<T>;
          store(to, load(to) * load(kept + j * kQueries + v * kW<T>));
        }
    }
    collect_product(h, j0, n, h.ev, h.v, weights, out, j0 > 0);
  }
  for (int64_t v = 0; v < vectors; ++v) {
    const Vec<T> inverse = sum[v] == 0 ? Vec<T>{} : 1 / sum[v];
    for (int64_t c = 0; c < h.ev; ++c) {
      T* to = out + c * kQueries + v * kW<T>;
      store(to, last > 0 ? load(to) * inverse : Vec<T>{});
    }
    if (!job.lse) continue;
    for (int64_t l = 0; l < less(kW<T>, h.count - v * kW<T>); ++l)
      job.lse[h.first + v * kW<T> + l] =
          sum[v][l] == 0 ? kLowest<T> : high[v][l] + logarithm(static_cast<T>(sum[v][l]));
  }
  turn(h.ev, h.count, out, kQueries, 1, job.out + h.first * job.out_row, job.out_row, T{1});
}

// --- a few queries, one by one ---

template <class T>
void few(const AttentionForward<T>& job, T* work) {
  const AttentionHead<T>& h = job.head;
  constexpr int64_t w = kW<T>;
  T* const weights = work;
  T* const out = work + attention_pad(h.source);
  for (int64_t i = h.first; i < h.first + h.count; ++i) {
    const int64_t n = h.causal ? less(h.source, i + 1) : h.source;
    const T* q = h.q.data + i * h.q.row;
    int64_t j = 0;
    for (; j + w <= n; j += w) {
      Square<T> s;
      for (int64_t r = 0; r < w; ++r) {
        const T* k = h.k.data + (j + r) * h.k.row;
        Vec<T> dot = load(q) * load(k);
        for (int64_t c = w; c < h.e; c += w) dot += load(q + c) * load(k + c);
        s.row[r] = dot;
      }
      turn_square(s);
      for (int64_t step = w / 2; step > 0; step /= 2)
        for (int64_t r = 0; r < step; ++r) s.row[r] += s.row[r + step];
      store(weights + j, s.row[0] * h.scale);
    }
    for (; j < n; ++j) {
      const T* k = h.k.data + j * h.k.row;
      Vec<T> dot = load(q) * load(k);
      for (int64_t c = w; c < h.e; c += w) dot += load(q + c) * load(k + c);
      T total = 0;
      for (int64_t l = 0; l < w; ++l) total += dot[l];
      weights[j] = total * h.scale;
    }
    const AttentionMask<T>& mask = h.mask;
    for (j = 0; j < n && mask.summand; ++j)
      weights[j] += mask.summand[i * mask.row + j * mask.column];
    for (j = 0; j < n && mask.allowed; ++j)
      if (!mask.allowed[i * mask.row + j * mask.column]) weights[j] = kLowest<T>;
    const int64_t end = (n + w - 1) / w * w;
    for (j = n; j < end; ++j) weights[j] = kLowest<T>;
    Vec<T> top = all(kLowest<T>);
    for (j = 0; j < end; j += w) {
      const Vec<T> s = load(weights + j);
      top = s > top ? s : top;
    }
    T high = kLowest<T>;
    for (int64_t l = 0; l < w; ++l) high = top[l] > high ? top[l] : high;
    const T base = high == kLowest<T> ? T{} : high;
    Vec<T> sums = {};
    for (j = 0; j < end; j += w) {
      const Vec<T> weight = exponential(load(weights + j) - base);
      store(weights + j, weight);
      sums += weight;
    }
    T sum = 0;
    for (int64_t l = 0; l < w; ++l) sum += sums[l];
    const T inverse = sum == 0 ? T{} : 1 / sum;
    product(1, n, h.ev / w, Operand<T>{weights, 0, 1}, h.v.data, h.v.row, out, h.ev, false);
    T* to = job.out + i * job.out_row;
    for (int64_t c = 0; c < h.ev; c += w) store(to + c, load(out + c) * inverse);
    if (job.lse) job.lse[i] = sum == 0 ? kLowest<T> : high + logarithm(sum);
  }
}

// --- backward ---

// Rows of queries whose columns are whole vectors: as they lie, or copied.
template <class T>
Operand<T> whole_rows(const AttentionHead<T>& h, const Rows2d<T>& from, int64_t columns, T* copy) {
  const T* data = from.data + h.first * from.row;
  if (from.column == 1 && columns % kW<T> == 0) return {data, from.row, 1};
  const int64_t row = attention_pad(columns);
  for (int64_t i = 0; i < h.count; ++i) {
    for (int64_t c = 0; c < columns; ++c) copy[i * row + c] = data[i * from.row + c * from.column];
    for (int64_t c = columns; c < row; ++c) copy[i * row + c] = 0;
  }
  return {copy, row, 1};
}

// sums [n, depth] += tile [n, queries] · rows [queries, depth], where it is seen.
template <class T>
void add_to_keys(const AttentionHead<T>& h, int64_t j0, int64_t n, int64_t depth, const T* tile,
                 const Operand<T>& rows, T* sums) {
  const int64_t row = attention_pad(depth);
  const int64_t vectors = (depth + kW<T> - 1) / kW<T>;
  each_group(h, j0, n, [&](int64_t g, int64_t some, int64_t v) {
    const int64_t skip = v * kW<T>;
    if (skip >= h.count) return;
    const Operand<T> a = {tile + g * kQueries + skip, kQueries, 1};
    product(some, h.count - skip, vectors, a, rows.data + skip * rows.row, rows.row, sums + g * row,
            row, true);
  });
}

template <class T>
void backward(const AttentionBackward<T>& job, T* work) {
  const AttentionHead<T>& h = job.head;
  const int64_t vectors = vectors_of(h);
  T* const queries = work;
  T* const grads = queries + kQueries * h.e;
  T* const dq = grads + kQueries * h.ev;  // [e, queries]
  T* const query_copy = dq + kQueries * h.e;
  T* const grad_copy = query_copy + kQueries * attention_pad(h.e);
  T* const weights = grad_copy + kQueries * attention_pad(h.ev);
  T* const slopes = weights + kQueries * kBackwardKeys;
  T* const spare = slopes + kQueries * kBackwardKeys;
  turn_queries(h, h.q, h.e, h.scale, queries);
  turn_queries(h, job.grad, h.ev, T{1}, grads);
  const Operand<T> query_rows = whole_rows(h, h.q, h.e, query_copy);
  const Operand<T> grad_rows = whole_rows(h, job.grad, h.ev, grad_copy);
  alignas(kBytes) T lse[kQueries] = {}, delta[kQueries] = {};
  for (int64_t i = 0; i < h.count; ++i) {
    // What sees nothing has no weights: exp(-inf) is 0.
    const T log_sum = job.lse[h.first + i];
    lse[i] = log_sum == kLowest<T> ? -kLowest<T> : log_sum;
    delta[i] = job.delta[h.first + i];
  }
  const int64_t last = h.causal ? less(job.last_key, h.first + h.count) : job.last_key;
  for (int64_t j0 = job.first_key; j0 < last; j0 += kBackwardKeys) {
    const int64_t n = less(kBackwardKeys, last - j0);
    score_tile(h, j0, n, queries, weights, spare);
    if (job.dq || job.dk) tile_product(h, j0, n, h.ev, h.v, grads, slopes);
    const T* kept = h.bits ? kept_tile(h, j0, n, spare) : nullptr;
    for (int64_t v = 0; v < vectors; ++v) {
      const Vec<T> log_sums = load(lse + v * kW<T>), deltas = load(delta + v * kW<T>);
      const int64_t rows = seen(h, j0, n, v);
      for (int64_t j = 0; j < rows; ++j) {
        const int64_t at = j * kQueries + v * kW<T>;
        const Vec<T> weight = exponential(load(weights + at) - log_sums);
        const Vec<T> factor = kept ? load(kept + at) : all(T{1});
        store(weights + at, weight * factor);
        if (job.dq || job.dk) store(slopes + at, weight * (load(slopes + at) * factor - deltas));
      }
    }
    if (job.dv)
      add_to_keys(h, j0, n, h.ev, weights, grad_rows,
                  job.dv + (j0 - job.first_key) * attention_pad(h.ev));
    if (job.dk)
      add_to_keys(h, j0, n, h.e, slopes, query_rows,
                  job.dk + (j0 - job.first_key) * attention_pad(h.e));
    if (!job.dq) continue;
    clear_unseen(h, j0, n, slopes);
    collect_product(h, j0, n, h.e, h.k, slopes, dq, j0 > job.first_key);
  }
  if (!job.dq) return;
  T* const to = job.dq + h.first * job.dq_row;
  if (job.first_key < last) {
    turn(h.e, h.count, dq, kQueries, 1, to, job.dq_row, h.scale);
  } else {
    for (int64_t i = 0; i < h.count; ++i)
      for (int64_t c = 0; c < h.e; ++c) to[i * job.dq_row + c] = 0;
  }
}

template <class T>
constexpr AttentionFunctions<T> functions() {
  return {forward<T>, backward<T>, few<T>};
}

}  // namespace

extern const AttentionTable attention_table;
const AttentionTable attention_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
