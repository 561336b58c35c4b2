// Convolutions by the engines of cuDNN's graph interface.
#pragma once

#include "conv.h"
#include "cudnn_graph.h"

namespace flambeau::cuda {

// x, w and y are inputs or the output, as the pass has them, and may have any strides; `bias` [o]
// or null. False: no engine takes this (or a tensor has more than 2^31 elements), nothing was
// computed.
bool graph_convolution(Call& call, dnn::graph::Pass pass, const ConvGeometry& g, const Tensor& x,
                       const Tensor& w, const Tensor& y, const Tensor* bias);

}  // namespace flambeau::cuda
