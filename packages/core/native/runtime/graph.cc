// Views in the graph. A view follows its base: what is written into either, by whatever name,
// becomes part of the base's history, and a view finds its own anew from there when it is used
// next.
#include "graph.h"

namespace flambeau {

namespace {

ViewGeometry::Layout layout_of(const Tensor& t) {
  ViewGeometry::Layout layout;
  layout.shape = t.shape;
  for (int axis = 0; axis < t.ndim(); ++axis) layout.strides[axis] = t.stride(axis);
  layout.offset =
      (t.data - static_cast<char*>(t.storage->block.ptr)) / static_cast<int64_t>(t.item_bytes());
  return layout;
}

bool is_leaf(const Entry* entry) { return entry->node == nullptr || entry->is_leaf_node; }

// The rule that a view of this kind breaks when it, or what it shares, is written to.
const char* broken_rule(Creation creation, bool written) {
  switch (creation) {
    case Creation::kMultiOutput: return written ? "multi-output view" : "base of multi-output view";
    case Creation::kNoGrad: return written ? "noGrad view" : "base of noGrad view";
    case Creation::kInference: return written ? "inference view" : "base of inference view";
    default: return written ? "custom view" : "base of custom view";
  }
}

// A node with one count, which is the caller's.
Node* add_view_node(Context& context, const Entry* view, bool is_write) {
  Node* node = context.add_node();
  node->geometry = std::make_unique<ViewGeometry>(view);
  node->geometry->is_write = is_write;
  return node;
}

void add_edge(Node* node, Node* to, int index) {
  if (to) ++to->refs;
  node->edges.push_back({to, static_cast<uint16_t>(index)});
}

}  // namespace

ViewGeometry::ViewGeometry(const Entry* view)
    : base(layout_of(view->base->tensor)), view(layout_of(view->tensor)) {}

void Context::attach_view(Entry* view, Entry* from, Creation creation) {
  Entry* base = from->base ? from->base : from;
  retain(base);
  view->base = base;
  view->view_version = view->tensor.storage->version.load();
  view->creation = creation != Creation::kDefault ? creation : from->creation;
}

void Context::refresh_view(Entry* view) {
  const uint32_t version = view->tensor.storage->version.load();
  if (view->view_version == version) return;
  // Without a history on either side there is nothing to follow.
  if (is_leaf(view) && !view->base->requires_grad) return;
  if (view->creation != Creation::kDefault)
    throw Failure("ERR_AUTOGRAD", broken_rule(view->creation, false));
  Node* source = gradient_node(view->base);
  Node* node = add_view_node(*this, view, false);
  add_edge(node, source, view->base->output_index);
  set_node(view, node, 0);
  release_node(node);
  view->view_version = version;
}

void Context::check_in_place(Entry* entry) {
  if (entry->base) {
    if (entry->creation != Creation::kDefault)
      throw Failure("ERR_AUTOGRAD", broken_rule(entry->creation, true));
    refresh_view(entry);
    if ((entry->requires_grad || entry->base->requires_grad) && is_leaf(entry->base))
      throw Failure("ERR_AUTOGRAD", "view of a leaf");
  }
  if (entry->requires_grad && is_leaf(entry)) throw Failure("ERR_AUTOGRAD", "leaf");
}

void Context::rebase(Entry* entry, Node* node, int index) {
  if (!entry->base) return set_node(entry, node, index);
  Node* before = gradient_node(entry->base);
  Node* write = add_view_node(*this, entry, true);
  add_edge(write, before, entry->base->output_index);
  add_edge(write, node, index);
  set_node(entry->base, write, 0);
  release_node(write);
  entry->view_version = entry->tensor.storage->version.load() - 1;
  refresh_view(entry);
}

void Context::move_history(Entry* from, Entry* to) {
  set_node(to, nullptr, 0);
  if (to->base) release(to->base);
  if (to->grad) release(to->grad);
  to->base = nullptr;
  to->node = from->node;
  to->output_index = from->output_index;
  to->is_leaf_node = from->is_leaf_node;
  to->requires_grad = from->requires_grad;
  to->retains_grad = from->retains_grad;
  to->grad = from->grad;
  if (to->is_leaf_node) to->node->leaf = to;
  from->node = nullptr;
  from->is_leaf_node = false;
  from->requires_grad = false;
  from->retains_grad = false;
  from->grad = nullptr;
}

}  // namespace flambeau
