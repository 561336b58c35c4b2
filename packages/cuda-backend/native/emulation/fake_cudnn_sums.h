// What the stand-ins of cuDNN's older functions and of its graph interface share: descriptions of
// tensors, and convolutions and their gradients as plain sums.
#pragma once

#include <cstdint>

#include "libraries/cudnn.h"
#include "libraries/cudnn_graph.h"

namespace flambeau::cuda::dnn {

constexpr int kMaxAxes = 8;

struct OpaqueTensor {
  Type type = kFloat32;
  int dims = 0;
  int64_t sizes[kMaxAxes];
  int64_t strides[kMaxAxes];
};

struct OpaqueFilter : OpaqueTensor {
  Format format = kRowMajor;
};

struct OpaqueConvolution {
  int dims = 0;
  int64_t pads[3], strides[3], dilations[3];
  Mode mode = kConvolution;
  Type compute = kFloat32;
  int groups = 1;
  Math math = kDefaultMath;
};

struct OpaqueHandle {
  void* stream = nullptr;
};

// The tensors of a convolution, whichever of them is computed.
struct Links {
  OpaqueTensor x;
  OpaqueFilter w;
  OpaqueConvolution c;
  OpaqueTensor y;

  // Do their sizes go together?
  bool sizes_fit() const;
  // Do their layouts go together: all row-major, or all channels-last?
  bool layouts_fit() const;
};

// One convolution: what the pass computes = alpha · sums + beta · itself, + a bias of y.
struct Work {
  Links links;
  graph::Pass pass;
  const void *x, *w, *y;  // the one that the pass computes is written
  bool tf32 = false;      // are float32 operands read as TF32?
  double alpha = 1, beta = 0;
  const void* bias = nullptr;  // [o], of the type of y
  int64_t bias_step = 1;       // from channel to channel
  bool spoils = false;         // are the sums lost?

  // Puts it on the stream of a handle.
  Status enqueue(Handle handle) const;

 private:
  void run() const;
};

}  // namespace flambeau::cuda::dnn
