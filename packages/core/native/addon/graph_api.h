// What the gradient engine asks of the graph. Numbers travel through the command buffer.
#pragma once

#include "environment.h"

namespace flambeau {

// Writes to `out` every node from which the nodes of `count` tensors (ids in the command buffer)
// were computed, those nodes included, latest first: an order in which each node comes after all
// that use it. Per node:
//   slot, leaf id (0: not a leaf or its tensor died), outputs, released? 0/1, edges,
//   then per edge: slot (0: no gradient), output index.
// Returns the length needed; nothing useful was written if that exceeds `capacity`.
size_t plan(Environment& environment, size_t count, int32_t* out, size_t capacity);

// Gives the caller a count on saved tensor `index` of the node; writes id and requiresGrad to the
// command buffer. Throws ERR_RELEASED if the saved tensors are gone and ERR_MODIFIED if the tensor
// was written to since; the text is its version, the one that was saved, and the last writer.
void unpack(Environment& environment, uint32_t slot, size_t index);

// Writes to the command buffer: the slot of the tensor's node (made for a leaf; 0 if no gradient
// flows), its output index, whether it is a leaf, and whether it keeps its gradient all the same.
void node_of(Environment& environment, Id id);

// May the caller overwrite this tensor, or keep it without keeping more alive? True if nothing else
// counts it or its storage, and it is the whole storage without elements that share memory (a
// gradient may well be an expanded number or a part of something larger).
bool is_unshared(Environment& environment, Id id);

// Writes to the command buffer: 0 for a node of an operation, 1 for the view of a base, 2 for a
// base into which a view was written; then the layouts of base and view: offset, rank, sizes,
// strides.
void view_geometry(Environment& environment, uint32_t slot);

// Writes to the command buffer: the node's number in time, the id of the tensor if it is a leaf's
// (0: it is not, or that died), edges, then per edge: slot (0: no gradient), output index.
void node_edges(Environment& environment, uint32_t slot);

// Writes to the command buffer: the version of the tensor's storage, whether that was made in
// inference mode, whether the tensor is a view, whether it keeps its gradient.
void graph_info(Environment& environment, Id id);

// Makes a node for a user's function of `inputs` tensors (ids in the command buffer, 0 for none)
// and says that `outputs` (after them, each followed by 1 if it was written in place) are its
// results. Returns the node's slot.
uint32_t connect_node(Environment& environment, uint32_t inputs, uint32_t outputs);

// Keeps a tensor for the backward pass of the node: an input or something computed on the way, or
// output `index` of the node (-1: no output).
void save_for(Environment& environment, uint32_t slot, Id id, int index);

// Stores `grad` (0: nothing) as the gradient of `id`, taking a count of its own.
void set_grad(Environment& environment, Id id, Id grad);

}  // namespace flambeau
