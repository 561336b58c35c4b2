// What the kernels of attention share: where the matrices of heads lie, and what hides scores.
#pragma once

#include "call.h"

namespace flambeau::cuda {

inline constexpr int kMaxHeadAxes = 4;

// A head by its places along the leading axes, the outermost first, and whose keys it has.
struct HeadPlace {
  uint32_t at[kMaxHeadAxes];
};

// The matrices [rows, columns] that the last two axes of a tensor hold, by number of head. The last
// leading axis may have fewer of them than there are heads: each then serves `group` in a row.
struct HeadMatrices {
  void* data = nullptr;
  int64_t row = 0, column = 0;
  int axes = 0;  // leading ones, the outermost first
  uint32_t sizes[kMaxHeadAxes] = {};
  int64_t strides[kMaxHeadAxes] = {};
  uint32_t group = 1;

  // All operands of a call have the same sizes, so this is for all of them.
  __device__ HeadPlace place(uint32_t head) const {
    HeadPlace place = {};
#pragma unroll
    for (int axis = kMaxHeadAxes - 1; axis >= 0; --axis) {
      if (axis >= axes) continue;
      const uint32_t outer = axis == 0 ? 0 : head / sizes[axis];
      place.at[axis] = head - outer * sizes[axis];
      head = outer;
    }
    return place;
  }
  template <class T>
  __device__ T* of(const HeadPlace& place) const {
    int64_t offset = 0;
#pragma unroll
    for (int axis = 0; axis < kMaxHeadAxes; ++axis) {
      if (axis >= axes) continue;
      const bool shared = axis + 1 == axes && group > 1;
      offset += (shared ? place.at[axis] / group : place.at[axis]) * strides[axis];
    }
    return static_cast<T*>(data) + offset;
  }
};

// The operands of forward and backward.
struct AttentionShape {
  HeadMatrices q, k, v, mask;
  int64_t heads, length, source;  // queries, keys
  int64_t e, ev;                  // sizes of queries and keys, of values
  double scale;
  double keep;          // what kept weights are multiplied by
  bool causal;          // query i sees keys up to i
  bool mask_is_bool;    // else summands of the query's type
  const uint8_t* bits;  // of dropout, one for each weight of each head; null: none

  // Keys that queries up to `last` see.
  __host__ __device__ int64_t seen(int64_t last) const {
    return causal && last + 1 < source ? last + 1 : source;
  }
};

// What the backward pass has besides.
struct AttentionGradient {
  HeadMatrices grad, out;   // of the output; the output
  const void* lse;          // [heads, length], logarithms of the sums of exp(scores)
  void* delta;              // the same: sums of grad · out, of each query
  HeadMatrices dq, dk, dv;  // the results; without data where they are not wanted
};

// Places of blocks: grids are flat, as their axes may be longer than 65535.
struct AttentionBlocks {
  int64_t tiles, columns, heads;  // tiles are the innermost
  unsigned count() const { return static_cast<unsigned>(tiles * columns * heads); }
  // What a block has of them, counted in a type that the caller reckons with.
  template <class I>
  __device__ I tile() const {
    return blockIdx.x % static_cast<I>(tiles);
  }
  // For tiles of queries: late ones may see more keys, so that they come first.
  template <class I>
  __device__ I tile_from_end() const {
    return static_cast<I>(tiles) - 1 - tile<I>();
  }
  template <class I>
  __device__ I column() const {
    return blockIdx.x / static_cast<I>(tiles) % static_cast<I>(columns);
  }
  template <class I>
  __device__ I head() const {
    return blockIdx.x / (static_cast<I>(tiles) * static_cast<I>(columns));
  }
};
inline AttentionBlocks attention_blocks(int64_t rows, int64_t of_tile, int64_t columns,
                                        int64_t of_block, int64_t heads) {
  const AttentionBlocks blocks = {(rows + of_tile - 1) / of_tile,
                                  (columns + of_block - 1) / of_block, heads};
  if (blocks.tiles * blocks.columns * blocks.heads > INT32_MAX)
    throw Failure("ERR_VALUE", "attention over too many queries, keys and heads");
  return blocks;
}

// --- by multiply-adds, for all floating types (attention_forward.cu, attention_grad.cu) ---

// `lse` may be null; else as in AttentionGradient.
void attention_forward(Call& call, DType dtype, const AttentionShape& s, const HeadMatrices& out,
                       void* lse);
void attention_backward(Call& call, DType dtype, const AttentionShape& s,
                        const AttentionGradient& g);

// --- by tensor cores, for 16-bit types (attention_tensor*.cu) ---

// Can they do it? That is so for rows of whole 16 bytes, up to the sizes that fit shared memory.
// Operands may then need to be copied: see aligned_rows.
bool tensor_cores_attend(const Call& call, DType dtype, const AttentionShape& s);
bool tensor_cores_attend_back(const Call& call, DType dtype, const AttentionShape& s);
// `t`, or a copy of it if its rows do not begin at multiples of 16 bytes or have gaps.
Tensor aligned_rows(Call& call, const Tensor& t);
void tensor_attention_forward(Call& call, DType dtype, const AttentionShape& s,
                              const HeadMatrices& out, float* lse);
void tensor_attention_backward(Call& call, DType dtype, const AttentionShape& s,
                               const AttentionGradient& g);

}  // namespace flambeau::cuda
