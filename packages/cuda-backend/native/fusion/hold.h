// What is held back while a graph is captured, and how it is launched.
#pragma once

#include "call.h"
#include "graph.h"
#include "group.h"

namespace flambeau::cuda {

namespace fusion {

struct Launched {
  int kernels = 0;     // that were compiled for several operations
  int operations = 0;  // that they do
};
// Launches what is needed of a group: single operations by kernels of their own, chains of them,
// and small ones together, by kernels that are compiled for them.
Launched launch_group(const Group& group, int device, cudaStream_t stream);

}  // namespace fusion

// Hold back a copy, or a fill; false where that is nothing to be held back. (copy.cu, fill.cu)
bool hold_copy(Graph& graph, const Tensor& to, const Tensor& from);
bool hold_fill(Graph& graph, const Tensor& to, double value);

}  // namespace flambeau::cuda
