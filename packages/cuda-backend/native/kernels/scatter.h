// Writing, adding and reducing at places that index tensors name.
//
// Where several elements go to one place, the last one in the index tensor's row-major order is
// written; sums and products are made by atomics, in any order, or if cuda.deterministic is on, in
// that order too.
#pragma once

#include "places.h"

namespace flambeau::cuda {

enum class Combine { kAssign, kAdd, kMultiply, kLargest, kSmallest };

// Elements of a tensor that share a number with no element that goes to another place: the element
// of rank r of the index tensor (in row-major order) that names place p goes to slot (r / block ·
// size + p) · inner + r % inner, where block is a multiple of inner.
struct Slots {
  FastDivide block;
  FastDivide inner;
  int64_t size;   // places
  int64_t count;  // slots

  // For an index tensor [outer, length, inner] in memory, of less than 2^32 elements.
  Slots(int64_t outer, int64_t length, int64_t inner_size, int64_t places)
      : block(static_cast<uint32_t>(length * inner_size)),
        inner(static_cast<uint32_t>(inner_size)),
        size(places),
        count(outer * places * inner_size) {}

#if defined(FLAMBEAU_DEVICE_CODE)
  FLAMBEAU_DEVICE int64_t of(uint32_t rank, int64_t place) const {
    uint32_t in_block;
    const int64_t outer = block.divide(rank, &in_block);
    return (outer * size + place) * inner.divisor() + inner.remainder(in_block);
  }
#endif
};

// Does it need index tensors that are row-major, and of less than 2^32 elements?
bool needs_ranks(Combine combine, DType dtype, int64_t length, const Strided& source);
// Throws where there are too many elements.
void require_ranks(const Strided& index);

// starts[i] + place of index[i] · step is combined with from[i], for all positions i. The three
// have one shape; strides of the first two may be 0. If needs_ranks, the index's memory is
// row-major, and `slots` says which elements meet (not used for others).
void assign_elements(Call& call, const Tensor& starts, const Tensor& index, const Tensor& from,
                     const Places& places, const Slots* slots, int64_t ranks);
// By atomics. Whole numbers wrap; for bool, sums are "or" and products "and". kAdd adds alpha ·
// from.
void add_elements(Call& call, const Tensor& starts, const Tensor& index, const Tensor& from,
                  const Places& places, double alpha);
void reduce_elements(Call& call, const Tensor& starts, const Tensor& index, const Tensor& from,
                     const Places& places, Combine combine);

// In the order of ranks: out + slot · out_step is combined with from + rank · from_step, where both
// are slices of one shape; index [n], row-major. Sums (of alpha · from) or products of floats.
struct OrderedScatter {
  Tensor out;  // the slice at place 0
  int64_t out_step = 1;
  Tensor from;  // the slice of rank 0
  int64_t from_step = 1;
  Tensor index;
  Places places;
  Combine combine = Combine::kAdd;
  double alpha = 1;
};
void combine_in_order(Call& call, const OrderedScatter& work, const Slots& slots);

// source[i, j, k] is combined with out[i, index[i, j, k], k], for axis 1. The index has as many
// axes as out, and is no larger except on the axis; the source is at least as large, or a number.
void scatter_lanes(Call& call, const Tensor& out, const Tensor& index, const Tensor& source,
                   int axis, Combine combine);

#if defined(FLAMBEAU_DEVICE_CODE)

using Floats = Pack<float, 4>;

// *to += x, where four floats are one access if the device can do that.
FLAMBEAU_DEVICE void atomic_add(Floats* to, const Floats& x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  atomicAdd(reinterpret_cast<float4*>(to), make_float4(x[0], x[1], x[2], x[3]));
#else
#pragma unroll
  for (int i = 0; i < 4; ++i) atomicAdd(&(*to)[i], x[i]);
#endif
}

#endif

}  // namespace flambeau::cuda
