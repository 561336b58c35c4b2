// Views in the graph: who follows whom, what is refused, and that counts come out even.
#include "graph.h"

#include <doctest/doctest.h>

#include <string>

#include "kernel_harness.h"

namespace flambeau {
namespace {

struct Graph {
  Context context;

  Entry* make(std::initializer_list<int64_t> sizes) {
    return context.add(empty_tensor(Shape(sizes), DType::kFloat32));
  }
  // The elements from `start` on of a tensor with one axis, as a view.
  Entry* view(Entry* of, int64_t start, int64_t count, Creation creation = Creation::kDefault) {
    Tensor part = of->tensor;
    part.data += start * of->tensor.stride(0) * static_cast<int64_t>(part.item_bytes());
    part.shape.sizes[0] = count;
    Entry* entry = context.add(std::move(part));
    context.attach_view(entry, of, creation);
    return entry;
  }
  // As a recorded operation does: `entry` is the result of one on `source`.
  Node* record(Entry* entry, Entry* source, bool in_place = false) {
    Node* from = context.gradient_node(source);
    Node* node = context.add_node();
    if (from) ++from->refs;
    node->edges.push_back({from, source->output_index});
    if (in_place) {
      entry->tensor.storage->version.fetch_add(1);
      context.rebase(entry, node, 0);
    } else {
      context.set_node(entry, node, 0);
    }
    context.release_node(node);
    return node;
  }
  void release(std::initializer_list<Entry*> entries) {
    for (Entry* entry : entries) context.release(entry);
    CHECK(context.live_entries() == 0);
    CHECK(context.live_nodes() == 0);
  }
};

std::string refusal(Graph& graph, Entry* entry) {
  try {
    graph.context.check_in_place(entry);
  } catch (const Failure& failure) {
    CHECK(std::string(failure.code()) == "ERR_AUTOGRAD");
    return failure.what();
  }
  return "";
}

TEST_CASE("a view of a view has the same base, which it keeps alive") {
  Graph graph;
  Entry* base = graph.make({6});
  Entry* outer = graph.view(base, 1, 4);
  Entry* inner = graph.view(outer, 1, 2);
  CHECK(outer->base == base);
  CHECK(inner->base == base);
  CHECK(base->refs == 3);
  graph.context.release(base);
  CHECK(graph.context.live_entries() == 3);
  graph.release({outer, inner});
}

TEST_CASE("a write into a view is part of its base, and of its sisters") {
  Graph graph;
  Entry* leaf = graph.make({6});
  leaf->requires_grad = true;
  Entry* base = graph.make({6});
  graph.record(base, leaf);
  Entry* view = graph.view(base, 1, 3);
  graph.record(view, base);
  Entry* sister = graph.view(base, 2, 4);
  graph.record(sister, base);
  Node* before = base->node;
  Node* written = graph.record(view, view, /*in_place=*/true);

  REQUIRE(base->node->geometry);
  CHECK(base->node->geometry->is_write);
  CHECK(base->node->geometry->view.offset == 1);
  CHECK(base->node->geometry->view.shape == Shape{3});
  CHECK(base->node->edges[0].node == before);
  CHECK(base->node->edges[1].node == written);
  REQUIRE(view->node->geometry);
  CHECK_FALSE(view->node->geometry->is_write);
  CHECK(view->node->edges[0].node == base->node);

  // A sister finds out when it is used; nothing happens to it before.
  CHECK_FALSE(sister->node->geometry);
  Node* found = graph.context.gradient_node(sister);
  CHECK(found->edges[0].node == base->node);
  CHECK(graph.context.gradient_node(sister) == found);
  CHECK(found->sequence > base->node->sequence);
  graph.release({leaf, base, view, sister});
}

TEST_CASE("a write into a base is seen by its views") {
  Graph graph;
  Entry* leaf = graph.make({4});
  leaf->requires_grad = true;
  Entry* base = graph.make({4});
  Entry* view = graph.view(base, 1, 2);
  CHECK(graph.context.gradient_node(view) == nullptr);
  graph.record(base, leaf, /*in_place=*/true);
  Node* node = graph.context.gradient_node(view);
  REQUIRE(node != nullptr);
  CHECK(view->requires_grad);
  CHECK(node->edges[0].node == base->node);
  graph.release({leaf, base, view});
}

TEST_CASE("a write without recording changes no history") {
  Graph graph;
  Entry* base = graph.make({4});
  Entry* view = graph.view(base, 1, 2, Creation::kNoGrad);
  base->tensor.storage->version.fetch_add(1);
  CHECK(graph.context.gradient_node(view) == nullptr);
  graph.release({base, view});
}

TEST_CASE("what may be written to") {
  Graph graph;
  Entry* leaf = graph.make({4});
  leaf->requires_grad = true;
  Entry* part = graph.view(leaf, 0, 2);
  Entry* result = graph.make({4});
  graph.record(result, leaf);
  Entry* view = graph.view(result, 0, 2);
  graph.record(view, result);
  Entry* several = graph.view(result, 0, 2, Creation::kMultiOutput);
  graph.record(several, result);
  Entry* of_several = graph.view(several, 0, 1);
  Entry* unrecorded = graph.view(result, 0, 2, Creation::kNoGrad);
  CHECK(refusal(graph, leaf) == "leaf");
  CHECK(refusal(graph, part) == "view of a leaf");
  CHECK(refusal(graph, result).empty());
  CHECK(refusal(graph, view).empty());
  CHECK(refusal(graph, several) == "multi-output view");
  CHECK(refusal(graph, of_several) == "multi-output view");
  CHECK(refusal(graph, unrecorded) == "noGrad view");

  graph.record(result, result, /*in_place=*/true);
  CHECK_THROWS_WITH(graph.context.gradient_node(several), "base of multi-output view");
  CHECK_THROWS_WITH(graph.context.gradient_node(unrecorded), "base of noGrad view");
  CHECK(graph.context.gradient_node(view) != nullptr);
  graph.release({leaf, part, result, view, several, of_several, unrecorded});
}

TEST_CASE("a tensor goes on with other memory and its own history") {
  Graph graph;
  Entry* leaf = graph.make({4});
  leaf->requires_grad = true;
  Node* accumulator = graph.context.leaf_node(leaf);
  Entry* other = graph.make({2});
  Entry* view = graph.view(other, 0, 1);
  graph.context.move_history(leaf, view);
  CHECK(view->node == accumulator);
  CHECK(accumulator->leaf == view);
  CHECK(view->base == nullptr);
  CHECK(view->requires_grad);
  CHECK_FALSE(leaf->requires_grad);
  graph.release({leaf, other, view});
}

TEST_CASE("many writes are released without recursion") {
  Graph graph;
  Entry* leaf = graph.make({4});
  leaf->requires_grad = true;
  Entry* base = graph.make({4});
  graph.record(base, leaf);
  Entry* view = graph.view(base, 1, 2);
  for (int i = 0; i < 200'000; ++i) graph.record(view, view, /*in_place=*/true);
  graph.release({leaf, base, view});
}

}  // namespace
}  // namespace flambeau
