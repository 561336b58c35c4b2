// Ownership between tensors: which operation made a tensor, from which others, and what it saved.
//
// The runtime only counts; what a node means (its derivative) is known to JavaScript by its slot.
// Because nodes hold native counts and never JavaScript objects, a graph dies with the last tensor
// that leads to it, and a saved tensor as soon as the backward pass lets go of it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "context.h"

namespace flambeau {

// An input of an operation: the node that made it (null where no gradient flows) and which of that
// node's outputs it is.
struct Edge {
  Node* node = nullptr;  // one count
  uint16_t output_index = 0;
};

// A tensor kept for the backward pass. An output of its own node is kept as an alias without a
// node, since a count on the output itself would be a cycle.
struct Saved {
  Entry* entry = nullptr;  // one count
  uint32_t version = 0;    // of its storage when it was saved
  int32_t output_index = -1;
};

// Where a view's elements lie among those of its base. Nodes with a geometry belong to no operation
// of JavaScript: they are what a write into a view means for its base, and a base for its views.
struct ViewGeometry {
  struct Layout {
    Shape shape;
    int64_t strides[kMaxDims];
    int64_t offset = 0;  // in the storage, in elements
  };
  explicit ViewGeometry(const Entry* view);

  Layout base;
  Layout view;
  bool is_write = false;  // base with the view's elements replaced; else the view of a base
};

struct Node {
  uint32_t slot = 0;
  int32_t refs = 0;
  uint64_t sequence = 0;  // an operation's inputs always have smaller numbers
  uint64_t mark = 0;      // the last traversal that met this node
  Entry* leaf = nullptr;  // for an accumulator: its tensor, not counted; null once that died
  bool is_leaf = false;
  bool released = false;  // the saved tensors are gone
  uint16_t num_outputs = 1;
  std::vector<Edge> edges;
  std::vector<Saved> saved;
  std::unique_ptr<ViewGeometry> geometry;

  // As new, but with the room that the lists have.
  void reset() {
    slot = 0;
    refs = 0;
    sequence = 0;
    mark = 0;
    leaf = nullptr;
    is_leaf = false;
    released = false;
    num_outputs = 1;
    edges.clear();
    saved.clear();
    geometry.reset();
  }
};

}  // namespace flambeau
