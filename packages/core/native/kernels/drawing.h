// The order in which tensors are filled with random numbers: that of PyTorch, as elements lie in
// memory, which for row-major tensors is their logical order. Tensors stored N, H, W, C are drawn
// in logical order too: flambeau chooses that layout for the results of convolutions by itself,
// where PyTorch's are row-major.
#pragma once

#include <stdexcept>

#include "generator.h"
#include "iterate.h"
#include "overlap.h"

namespace flambeau {

// Parameter 0 of each kernel that draws is the index of the generator.
inline Generator& generator_of(Call& call) {
  return call.context().generator(static_cast<int>(call.integer(0)));
}

// The tensor to fill: new, in the memory order of input 0 if there is one, or the target.
inline Tensor& tensor_to_fill(Call& call) {
  return call.has(0) ? call.out_like(0, call.in(0)) : call.out(0);
}

inline bool in_logical_order(const Tensor& t) { return t.is_contiguous() || t.is_channels_last(); }

// A dense tensor of `like`'s shape whose elements lie in memory in the order in which those of
// `like` are drawn.
inline Tensor drawing_order(Call& call, const Tensor& like, DType dtype) {
  Tensor t = call.temporary(like.shape, dtype);
  if (!in_logical_order(like)) strides_like(like.shape, like, t.strides);
  return t;
}

// Calls sample(first element, count, contiguous) on memory that lies in drawing order and brings
// the values to `out`. `contiguous` says whether PyTorch would have sampled row-major memory.
template <class Sample>
void draw(Call& call, Tensor& out, const Sample& sample) {
  const int64_t n = out.numel();
  if (n == 0) return;
  require_writable(out);
  try {
    const bool contiguous = in_logical_order(out);
    if (out.is_contiguous() || (!contiguous && out.is_dense()))
      return sample(out.data, n, contiguous);
    const Tensor drawn = drawing_order(call, out, out.dtype);
    sample(drawn.data, n, contiguous);
    copy_into(out, drawn);
  } catch (const std::invalid_argument& e) {
    throw Failure("ERR_VALUE", e.what());
  }
}

template <class Body>
void with_floating(DType dtype, const Body& body) {
  if (dtype == DType::kFloat32) return body(float{});
  if (dtype == DType::kFloat64) return body(double{});
  throw Failure("ERR_INTERNAL", "only floating tensors hold these samples");
}

}  // namespace flambeau
