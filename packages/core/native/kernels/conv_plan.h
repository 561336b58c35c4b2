// oneDNN's convolution primitives, made once per shape.
#pragma once

#include <cstdint>
#include <memory>

#include "conv.h"
#include "onednn.h"

namespace flambeau {

enum class ConvPass : int64_t { kForward, kInputGrad, kWeightGrad };

// A piece of a convolution: some images, or a band of rows of one (of volumes: along the depth).
// The geometry is that of the piece, with as much padding above (pad_h, pad_d) and below as lies in
// it.
struct ConvPiece {
  ConvGeometry g;
  int64_t pad_below;
  int64_t x_offset;  // where the piece begins, in elements
  int64_t y_offset;
};

// A primitive for one thread; x and y are channels-last. Shared by all threads.
struct ConvPlan {
  dnnl::primitive primitive;
  dnnl::memory::desc x, y, weights, bias, scratchpad;
  dnnl::memory::desc plain_weights;  // as [groups,] o, c, [kd,] kh, kw
  bool reordered;                    // weights differs from plain_weights

  // Reorders to `weights`, or for the weight gradient from them, one of `parts` equal parts of the
  // outermost axis at a time.
  struct Reorder {
    dnnl::reorder primitive;
    dnnl::memory::desc plain, packed, scratchpad;
    int64_t parts = 1;
    int64_t plain_step = 0, packed_step = 0;  // from part to part, in bytes
  };
  Reorder reorder;

  int64_t weight_bytes() const { return static_cast<int64_t>(weights.get_size()); }
};

// The plan for a piece: from a cache of those used last. OpenMP must be set to one thread (see
// OpenMpThreads), here and below.
//
// x and y are of `type`, float32 or bfloat16; weights and bias too, but for the weight gradient,
// which is summed in float32.
std::shared_ptr<const ConvPlan> conv_plan(ConvPass pass, DType type, const ConvPiece& piece,
                                          bool has_bias);

// Runs a plan. x, weights, bias (or null) and y are inputs or outputs, as the pass has them.
void run_conv_plan(ConvPass pass, const ConvPlan& plan, const void* x, const void* weights,
                   const void* bias, const void* y);

// From row-major weights to those of the plan, on all threads; for the weight gradient the other
// way.
void reorder_conv_weights(ConvPass pass, const ConvPlan& plan, const void* from, void* to);

}  // namespace flambeau
