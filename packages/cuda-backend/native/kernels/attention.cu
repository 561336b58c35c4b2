// Scaled dot-product attention without the matrix of scores (Dao 2023,
// https://arxiv.org/abs/2307.08691): a block goes through the keys tile by tile, corrects what it
// has as larger scores turn up, and the backward pass computes the weights again from the
// logarithms of their sums.
#include <algorithm>

#include "attention.h"
#include "attention_tiles.h"

namespace flambeau::cuda {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

template <class W>
__device__ __forceinline__ W exponential(W x) {
  if constexpr (sizeof(W) == 4) {
    return expf(x);
  } else {
    return exp(x);
  }
}
template <class W>
__device__ __forceinline__ W logarithm(W x) {
  if constexpr (sizeof(W) == 4) {
    return logf(x);
  } else {
    return log(x);
  }
}

// The number of a block along an axis that may be longer than 65535: grids are flat.
struct Blocks {
  int64_t tiles, columns, heads;  // tiles are the innermost
  unsigned count() const { return static_cast<unsigned>(tiles * columns * heads); }
};

// --- forward ---

// A block: a tile of queries of one head, and kDepth columns of the result.
template <class T>
__global__ void __launch_bounds__(kAttentionThreads)
    attention_kernel(AttentionShape s, Blocks blocks, HeadMatrices out, Computed<T>* lse) {
  using W = Computed<T>;
  using Tile = TileOf<W>;
  constexpr int R = Tile::kR, kSide = Tile::kSide;
  FLAMBEAU_SHARED(W, memory);
  W* const a = memory;
  W* const b = a + kSide * Tile::kRow;
  W* const weights = b + kSide * Tile::kRow;
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
  const int64_t first = (blocks.tiles - 1 - blockIdx.x % blocks.tiles) * kSide;
  const int64_t column = blockIdx.x / blocks.tiles % blocks.columns * kDepth;
  const int64_t head = blockIdx.x / (blocks.tiles * blocks.columns);
  const Rows<T> q = rows_of<T>(s.q, head), k = rows_of<T>(s.k, head), v = rows_of<T>(s.v, head);
  const W scale = static_cast<W>(s.scale), lowest = -static_cast<W>(INFINITY);
  W high[R], sum[R], sums[R][4];
#pragma unroll
  for (int i = 0; i < R; ++i) {
    high[i] = lowest;
    sum[i] = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = 0;
  }
  const bool one_piece = s.e <= kDepth;  // the queries then stay in shared memory
  if (one_piece) load_tile(q, first, s.length, 0, s.e, scale, a);
  const int64_t last = s.seen(min(first + kSide, s.length) - 1);
  for (int64_t key = 0; key < last; key += kSide) {
    W scores[R][R] = {};
    for (int64_t c = 0; c == 0 || c < s.e; c += kDepth) {
      __syncthreads();
      if (!one_piece) load_tile(q, first, s.length, c, s.e, scale, a);
      load_tile(k, key, s.source, c, s.e, W{1}, b);
      __syncthreads();
      multiply_tiles<W, R>(a, b, scores);
    }
#pragma unroll
    for (int i = 0; i < R; ++i) {
      const int64_t query = first + ty * R + i;
      W top = high[i];
#pragma unroll
      for (int j = 0; j < R; ++j) {
        scores[i][j] = masked_score<W, T>(s, head, query, key + tx + 16 * j, scores[i][j]);
        top = scores[i][j] > top ? scores[i][j] : top;
      }
      top = row_max(top);
      const W base = top == lowest ? W{0} : top;
      const W factor = exponential(high[i] - base);
      W part = 0;
#pragma unroll
      for (int j = 0; j < R; ++j) {
        const W weight = exponential(scores[i][j] - base);
        part += weight;
        weights[(ty * R + i) * Tile::kScoreRow + tx + 16 * j] =
            s.bits ? weight * kept<W>(s, head, query, key + tx + 16 * j) : weight;
      }
      sum[i] = sum[i] * factor + row_sum(part);
      high[i] = top;
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[i][j] *= factor;
    }
    __syncthreads();  // b has been read, and weights are written
    load_tile(v, key, s.source, column, s.ev, W{1}, b);
    __syncthreads();
    multiply_scores<W, R>(weights, b, sums);
  }
  T* const to = out.of<T>(head);
#pragma unroll
  for (int i = 0; i < R; ++i) {
    const int64_t query = first + ty * R + i;
    if (query >= s.length) continue;
    const W inverse = sum[i] == 0 ? W{0} : 1 / sum[i];
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (column + tx * 4 + j < s.ev)
        to[query * out.row + (column + tx * 4 + j) * out.column] =
            narrowed<T>(sums[i][j] * inverse);
    if (lse && column == 0 && tx == 0)
      lse[head * s.length + query] = sum[i] == 0 ? lowest : high[i] + logarithm(sum[i]);
  }
}

// --- backward ---

struct Gradient {
  HeadMatrices grad, out;  // of the output; the output
  const void* lse;         // [heads, length]
  void* delta;             // the same: sums of grad · out
};

// A warp has a query.
template <class T>
__global__ void delta_kernel(AttentionShape s, Gradient g) {
  using W = Computed<T>;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int64_t item = global_thread() / kWarp; item < s.heads * s.length;
       item += global_threads() / kWarp) {
    const int64_t head = item / s.length, query = item % s.length;
    const Rows<T> grad = rows_of<T>(g.grad, head), out = rows_of<T>(g.out, head);
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
__device__ __forceinline__ void tile_gradient(const AttentionShape& s, const Gradient& g,
                                              int64_t head, int64_t query, int64_t key,
                                              Computed<T>* a, Computed<T>* b,
                                              Computed<T> (&weights)[R][R],
                                              Computed<T> (&slopes)[R][R]) {
  using W = Computed<T>;
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
  const Rows<T> q = rows_of<T>(s.q, head), k = rows_of<T>(s.k, head), v = rows_of<T>(s.v, head);
  const Rows<T> grad = rows_of<T>(g.grad, head);
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
      const W score = masked_score<W, T>(s, head, at_query, at_key, weights[i][j]);
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
__device__ __forceinline__ void write_rows(const HeadMatrices& to, int64_t head, int64_t first,
                                           int64_t rows, int64_t column, int64_t columns, W factor,
                                           const W (&sums)[R][4]) {
  const int tx = static_cast<int>(threadIdx.x) % 16, ty = static_cast<int>(threadIdx.x) / 16;
  T* const data = to.of<T>(head);
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
__global__ void __launch_bounds__(kAttentionThreads)
    query_grad_kernel(AttentionShape s, Gradient g, Blocks blocks, HeadMatrices dq) {
  using W = Computed<T>;
  using Tile = TileOf<W>;
  constexpr int R = Tile::kR, kSide = Tile::kSide;
  FLAMBEAU_SHARED(W, memory);
  W* const a = memory;
  W* const b = a + kSide * Tile::kRow;
  W* const scores = b + kSide * Tile::kRow;
  const int64_t first = (blocks.tiles - 1 - blockIdx.x % blocks.tiles) * kSide;
  const int64_t column = blockIdx.x / blocks.tiles % blocks.columns * kDepth;
  const int64_t head = blockIdx.x / (blocks.tiles * blocks.columns);
  const Rows<T> k = rows_of<T>(s.k, head);
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
  write_rows<T>(dq, head, first, s.length, column, s.e, static_cast<W>(s.scale), sums);
}

// A block: a tile of keys of the heads that share them, and kDepth columns of dk and dv.
template <class T>
__global__ void __launch_bounds__(kAttentionThreads)
    key_grad_kernel(AttentionShape s, Gradient g, Blocks blocks, HeadMatrices dk, HeadMatrices dv) {
  using W = Computed<T>;
  using Tile = TileOf<W>;
  constexpr int R = Tile::kR, kSide = Tile::kSide;
  FLAMBEAU_SHARED(W, memory);
  W* const a = memory;
  W* const b = a + kSide * Tile::kRow;
  W* const scores = b + kSide * Tile::kRow;
  const int64_t first = blockIdx.x % blocks.tiles * kSide;
  const int64_t column = blockIdx.x / blocks.tiles % blocks.columns * kDepth;
  const int64_t shared = blockIdx.x / (blocks.tiles * blocks.columns) * s.k.group;
  W key_sums[R][4] = {}, value_sums[R][4] = {};
  // A query before the first key of the tile does not see it.
  const int64_t begin = s.causal ? first / kSide * kSide : 0;
  for (int64_t head = shared; head < shared + s.k.group; ++head) {
    const Rows<T> q = rows_of<T>(s.q, head), grad = rows_of<T>(g.grad, head);
    for (int64_t query = begin; query < s.length; query += kSide) {
      W weights[R][R], slopes[R][R];
      tile_gradient<T, true, R>(s, g, head, query, first, a, b, weights, slopes);
      if (dv.data) {
        write_scores(weights, scores);
        __syncthreads();
        load_tile(grad, query, s.length, column, s.ev, W{1}, b);
        __syncthreads();
        multiply_scores<W, R>(scores, b, value_sums);
        __syncthreads();
      }
      if (dk.data) {
        write_scores(slopes, scores);
        __syncthreads();
        load_tile(q, query, s.length, column, s.e, W{1}, b);
        __syncthreads();
        multiply_scores<W, R>(scores, b, key_sums);
      }
    }
  }
  if (dk.data)
    write_rows<T>(dk, shared, first, s.source, column, s.e, static_cast<W>(s.scale), key_sums);
  if (dv.data) write_rows<T>(dv, shared, first, s.source, column, s.ev, W{1}, value_sums);
}

// --- launches ---

int64_t rows_count(const Tensor& t) { return t.size(t.ndim() - 2); }
int64_t columns_count(const Tensor& t) { return t.size(t.ndim() - 1); }

// `heads`: as many leading axes as this one's, whose last one is shared in groups.
HeadMatrices matrices(const Tensor& t, const Tensor& heads) {
  HeadMatrices m;
  m.axes = t.ndim() - 2;
  require(m.axes >= 0 && m.axes == heads.ndim() - 2, "all operands must have as many axes");
  require(m.axes <= kMaxHeadAxes, "attention has too many leading axes");
  m.data = t.data;
  m.row = t.stride(m.axes);
  m.column = t.stride(m.axes + 1);
  for (int axis = 0; axis < m.axes; ++axis) {
    m.sizes[axis] = heads.size(axis);
    m.strides[axis] = t.stride(axis);
    require(axis + 1 == m.axes || t.size(axis) == m.sizes[axis], "leading axes differ");
  }
  if (m.axes == 0) return m;
  const int64_t own = t.size(m.axes - 1), all = m.sizes[m.axes - 1];
  require(own == all || (own > 0 && all % own == 0), "heads cannot be shared");
  if (own > 0) m.group = all / own;
  return m;
}

// The leading axes of a tensor as few as possible, since the device takes few; a copy if need be.
Tensor few_axes(Call& call, const Tensor& t) {
  if (t.ndim() - 2 <= kMaxHeadAxes) return t;
  // All leading axes but the last (heads may be shared along it) as one.
  const Tensor whole = call.contiguous(t);
  const int last = t.ndim() - 3;
  Tensor few = whole;
  few.shape.ndim = 4;
  few.shape.sizes[0] = 1;
  for (int axis = 0; axis < last; ++axis) few.shape.sizes[0] *= t.size(axis);
  for (int axis = 0; axis < 3; ++axis) few.shape.sizes[1 + axis] = t.size(last + axis);
  contiguous_strides(few.shape, few.strides);
  return few;
}

// Heads side by side in memory, as the layers behind attention want them: [..., L, H, columns].
Tensor& output_by_queries(Call& call, int i) {
  const Shape& shape = call.spec(i).shape;
  const int ndim = shape.ndim;
  if (ndim < 3) return call.out(i);
  int64_t strides[kMaxDims];
  contiguous_strides(shape, strides);
  strides[ndim - 2] = shape.sizes[ndim - 3] * shape.sizes[ndim - 1];
  strides[ndim - 3] = shape.sizes[ndim - 1];
  return call.out_strided(i, strides);
}

// That output with few leading axes: those before the heads are one, as they are in memory.
Tensor few_output_axes(const Tensor& t) {
  if (t.ndim() - 2 <= kMaxHeadAxes) return t;
  const int last = t.ndim() - 3;
  Tensor few = t;
  few.shape.ndim = 4;
  few.shape.sizes[0] = 1;
  for (int axis = 0; axis < last; ++axis) few.shape.sizes[0] *= t.size(axis);
  few.strides[0] = t.size(last) * t.size(last + 1) * t.size(last + 2);
  for (int axis = 0; axis < 3; ++axis) {
    few.shape.sizes[1 + axis] = t.size(last + axis);
    few.strides[1 + axis] = t.stride(last + axis);
  }
  return few;
}

// The operands that forward and backward share: inputs `first` to `first` + 4 of a call, query,
// key, value, mask and bits; the parameters are scale, causal, keep.
struct Operands {
  Tensor query, key, value;
  AttentionShape s = {};

  Operands(Call& call, int first) {
    query = few_axes(call, call.in(first));
    key = few_axes(call, call.in(first + 1));
    value = few_axes(call, call.in(first + 2));
    for (const Tensor* t : {&key, &value})
      require(t->dtype == query.dtype, "query, key and value must have one type");
    require(query.ndim() >= 2 && key.ndim() >= 2 && value.ndim() >= 2, "operands have two axes");
    s.q = matrices(query, query);
    s.k = matrices(key, query);
    s.v = matrices(value, query);
    require(columns_count(query) == columns_count(key) && rows_count(key) == rows_count(value),
            "the sizes of query, key and value differ");
    require(s.k.group == s.v.group, "key and value must have as many heads");
    s.heads = 1;
    for (int axis = 0; axis + 2 < query.ndim(); ++axis) s.heads *= query.size(axis);
    s.length = rows_count(query);
    s.source = rows_count(key);
    s.e = columns_count(query);
    s.ev = columns_count(value);
    s.scale = call.param(0);
    s.causal = call.flag(1);
    s.keep = call.param(2);
    if (call.has(first + 3)) {
      const Tensor mask = few_axes(call, call.in(first + 3));
      s.mask = matrices(mask, query);
      require(s.mask.group == 1 && rows_count(mask) == s.length && columns_count(mask) == s.source,
              "the mask does not fit the scores");
      require(mask.dtype == query.dtype || mask.dtype == DType::kBool,
              "the mask is bool or of the query's type");
      s.mask_is_bool = mask.dtype == DType::kBool;
    }
    if (call.has(first + 4)) {
      const Tensor bits = call.contiguous(call.in(first + 4));
      require(bits.dtype == DType::kUInt8 &&
                  bits.numel() >= (s.heads * s.length * s.source + 7) / 8 + 8,
              "there are too few bits");
      s.bits = bits.as<uint8_t>();
    }
  }
};

template <class W>
constexpr size_t shared_bytes() {
  using Tile = TileOf<W>;
  return static_cast<size_t>(Tile::kSide * (2 * Tile::kRow + Tile::kScoreRow)) * sizeof(W);
}

template <class W>
Blocks blocks_for(int64_t rows, int64_t columns, int64_t heads) {
  constexpr int64_t kSide = TileOf<W>::kSide;
  const Blocks blocks = {(rows + kSide - 1) / kSide, (columns + kDepth - 1) / kDepth, heads};
  if (blocks.tiles * blocks.columns * blocks.heads > INT32_MAX)
    throw Failure("ERR_VALUE", "attention over too many queries, keys and heads");
  return blocks;
}

// Calls body(T{}) with a floating type.
template <class Body>
void with_attention_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat32: return body(float{});
    case DType::kFloat64: return body(double{});
    case DType::kFloat16: return body(Half{});
    case DType::kBFloat16: return body(BFloat16{});
    default: throw Failure("ERR_INTERNAL", "attention is for floating types");
  }
}

template <class T>
constexpr DType sum_type = dtype_of<Computed<T>>;

template <class T>
void forward(Call& call) {
  using W = Computed<T>;
  const Operands o(call, 0);
  const AttentionShape& s = o.s;
  Shape expected = call.in(0).shape;
  expected.sizes[expected.ndim - 1] = s.ev;
  require(call.spec(0).shape == expected && call.spec(0).dtype == o.query.dtype,
          "the output does not fit");
  const Tensor out = few_output_axes(output_by_queries(call, 0));
  W* lse = nullptr;
  if (call.num_outputs() > 1) {
    require(call.spec(1).shape.numel() == s.heads * s.length && call.spec(1).dtype == sum_type<T>,
            "there is one sum for each query");
    lse = call.out(1).template as<W>();
  }
  // Without values there may still be sums.
  const Blocks blocks = blocks_for<W>(s.length, std::max<int64_t>(s.ev, 1), s.heads);
  if (blocks.count() == 0) return;
  allow_shared(attention_kernel<T>, shared_bytes<W>());
  launch(attention_kernel<T>, dim3(blocks.count()), dim3(kAttentionThreads), shared_bytes<W>(),
         call.stream(), s, blocks, matrices(out, o.query), lse);
}

template <class T>
void backward(Call& call) {
  using W = Computed<T>;
  const Operands o(call, 1);
  const AttentionShape& s = o.s;
  const Tensor grad = few_axes(call, call.in(0)), out = few_axes(call, call.in(6));
  const Tensor lse = call.contiguous(call.in(7));
  require(grad.shape == out.shape && rows_count(grad) == s.length && columns_count(grad) == s.ev &&
              matrices(grad, o.query).group == 1,
          "the gradient does not look like the output");
  require(grad.dtype == dtype_of<T> && out.dtype == dtype_of<T> && lse.dtype == sum_type<T> &&
              lse.numel() == s.heads * s.length,
          "the gradient does not fit");
  HeadMatrices results[3];
  for (int i = 0; i < 3; ++i) {
    const Tensor& input = call.in(1 + i);
    require(call.spec(i).dtype == input.dtype, "gradients have the types of their inputs");
    if (!(call.spec(i).shape == input.shape)) {
      call.out(i);  // not wanted
    } else if (input.numel() > 0) {
      results[i] = matrices(few_output_axes(output_by_queries(call, i)), o.query);
    } else {
      output_by_queries(call, i);
    }
  }
  if (s.heads == 0) return;
  const Gradient g = {matrices(grad, o.query), matrices(out, o.query), lse.data,
                      call.scratch_of<W>(std::max<int64_t>(s.heads * s.length, 1))};
  if (s.length > 0)
    launch(delta_kernel<T>, dim3(grid_for(s.heads * s.length * kWarp, 1, call.properties())),
           dim3(256), 0, call.stream(), s, g);
  if (results[0].data) {
    const Blocks blocks = blocks_for<W>(s.length, s.e, s.heads);
    allow_shared(query_grad_kernel<T>, shared_bytes<W>());
    launch(query_grad_kernel<T>, dim3(blocks.count()), dim3(kAttentionThreads), shared_bytes<W>(),
           call.stream(), s, g, blocks, results[0]);
  }
  if (results[1].data || results[2].data) {
    const int64_t columns = std::max(results[1].data ? s.e : 0, results[2].data ? s.ev : 0);
    const Blocks blocks = blocks_for<W>(s.source, columns, s.heads / s.k.group);
    allow_shared(key_grad_kernel<T>, shared_bytes<W>());
    launch(key_grad_kernel<T>, dim3(blocks.count()), dim3(kAttentionThreads), shared_bytes<W>(),
           call.stream(), s, g, blocks, results[1], results[2]);
  }
}

// Are query, key, value and the result of one 16-bit floating type, from input `first` on?
bool is_16bit_attention(const Call& call, int first) {
  const DType dtype = call.spec(0).dtype;
  if (!is_16bit_float(dtype)) return false;
  for (int i = first; i < first + 3; ++i)
    if (!call.has(i) || call.in(i).dtype != dtype) return false;
  if (call.has(first + 3) && call.in(first + 3).dtype != dtype &&
      call.in(first + 3).dtype != DType::kBool)
    return false;
  return true;
}

bool is_16bit_backward(const Call& call) {
  return is_16bit_attention(call, 1) && call.has(0) && call.has(6) &&
         call.in(0).dtype == call.spec(0).dtype && call.in(6).dtype == call.spec(0).dtype;
}

}  // namespace

// softmax(scale · q · kᵀ + mask) · v. Inputs, of any strides: query [*, L, E], key [*, S, E], value
// [*, S, Ev], where the last leading axis of key and value (the heads) may be a divisor of the
// query's; if given the mask [*, L, S], bool or floating, and the bits of dropout, uint8, one for
// each weight in row-major order and eight bytes more. Parameters: scale, causal, and what kept
// weights are multiplied by. Outputs: [*, L, Ev], stored [*, L, heads, Ev]; if wanted the
// logarithms of the sums of exp(scores), [*, L], float32 where tensors are narrower. A query that
// sees nothing gives zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(scaledDotProductAttention, is_16bit_attention(call, 0)) {
  with_attention_type(call.in(0).dtype, [&](auto zero) { forward<decltype(zero)>(call); });
}

// The gradients of query, key and value, each of another shape where it is not wanted. Inputs: the
// gradient of the output, then those of scaledDotProductAttention, its output and its logarithms.
// Parameters as there.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(scaledDotProductAttentionGrad, is_16bit_backward(call)) {
  with_attention_type(call.in(0).dtype, [&](auto zero) { backward<decltype(zero)>(call); });
}

}  // namespace flambeau::cuda
