// What is held back while a graph is captured, and how it is launched.
#pragma once

#include "call.h"
#include "chain.h"
#include "graph.h"

namespace flambeau::cuda {

namespace fusion {

// Launches what is needed of a chain: one operation by a kernel of its own, several by one that is
// compiled for them. How many operations that kernel does; 0 where there is nothing to do.
int launch_chain(const Chain& chain, int device, cudaStream_t stream);

}  // namespace fusion

// Hold back a copy, or a fill; false where that is nothing to be held back. (copy.cu, fill.cu)
bool hold_copy(Graph& graph, const Tensor& to, const Tensor& from);
bool hold_fill(Graph& graph, const Tensor& to, double value);

}  // namespace flambeau::cuda
