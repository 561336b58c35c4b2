#include "graph_api.h"

#include <algorithm>

#include "graph.h"

namespace flambeau {

size_t plan(Environment& environment, size_t count, int32_t* out, size_t capacity) {
  Context& context = environment.context();
  if (count > environment.command_capacity())
    throw Failure("ERR_INTERNAL", "the command buffer holds fewer roots");
  const uint64_t mark = context.next_mark();
  std::vector<Node*> nodes;
  const auto visit = [&](Node* node) {
    if (node && node->mark != mark) {
      node->mark = mark;
      nodes.push_back(node);
    }
  };
  for (size_t i = 0; i < count; ++i) {
    Entry* entry = context.get(static_cast<Id>(environment.commands()[i]));
    visit(context.gradient_node(entry));
  }
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const Edge& edge : nodes[i]->edges) visit(edge.node);
  std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) {
    return a->sequence != b->sequence ? a->sequence > b->sequence : a->slot < b->slot;
  });

  size_t length = 1;
  for (const Node* node : nodes) length += 5 + 2 * node->edges.size();
  if (length > capacity) return length;
  *out++ = static_cast<int32_t>(nodes.size());
  for (const Node* node : nodes) {
    *out++ = static_cast<int32_t>(node->slot);
    *out++ = node->leaf ? static_cast<int32_t>(node->leaf->id) : 0;
    *out++ = node->num_outputs;
    *out++ = node->released ? 1 : 0;
    *out++ = static_cast<int32_t>(node->edges.size());
    for (const Edge& edge : node->edges) {
      *out++ = edge.node ? static_cast<int32_t>(edge.node->slot) : 0;
      *out++ = edge.output_index;
    }
  }
  return length;
}

void unpack(Environment& environment, uint32_t slot, size_t index) {
  Context& context = environment.context();
  Node* node = context.node(slot);
  if (node->released) throw Failure("ERR_RELEASED", "the saved tensors were already freed");
  if (index >= node->saved.size()) throw Failure("ERR_INTERNAL", "no such saved tensor");
  const Saved& saved = node->saved[index];
  const uint32_t version = saved.entry->tensor.storage->version.load();
  if (version != saved.version)
    throw Failure("ERR_MODIFIED", std::to_string(version) + " " + std::to_string(saved.version) +
                                      " " +
                                      std::to_string(saved.entry->tensor.storage->writer.load()));
  Entry* entry = saved.entry;
  if (saved.output_index >= 0) {
    Tensor alias = entry->tensor;
    entry = context.add(std::move(alias));
    context.set_node(entry, node, saved.output_index);
  } else {
    Context::retain(entry);
  }
  environment.commands()[0] = entry->id;
  environment.commands()[1] = entry->requires_grad ? 1 : 0;
}

void node_of(Environment& environment, Id id) {
  Entry* entry = environment.context().get(id);
  const Node* node = environment.context().gradient_node(entry);
  environment.commands()[3] = entry->retains_grad ? 1 : 0;
  environment.commands()[0] = node ? node->slot : 0;
  environment.commands()[1] = entry->output_index;
  environment.commands()[2] = node && node->is_leaf ? 1 : 0;
}

bool is_unshared(Environment& environment, Id id) {
  const Entry* entry = environment.context().get(id);
  const Tensor& t = entry->tensor;
  // A base that nothing but this view counts is of no use to anyone else.
  if (entry->base && entry->base->refs != 1) return false;
  const int holders = entry->base ? 2 : 1;
  return entry->refs == 1 && t.storage &&
         t.storage->refs.load(std::memory_order_acquire) == holders && t.is_dense() &&
         static_cast<size_t>(t.numel()) * t.item_bytes() == t.storage->bytes;
}

namespace {
double* write_layout(const ViewGeometry::Layout& layout, double* out) {
  *out++ = static_cast<double>(layout.offset);
  *out++ = layout.shape.ndim;
  for (int i = 0; i < layout.shape.ndim; ++i) *out++ = static_cast<double>(layout.shape.sizes[i]);
  for (int i = 0; i < layout.shape.ndim; ++i) *out++ = static_cast<double>(layout.strides[i]);
  return out;
}
}  // namespace

void view_geometry(Environment& environment, uint32_t slot) {
  const Node* node = environment.context().node(slot);
  double* out = environment.commands();
  *out++ = !node->geometry ? 0 : node->geometry->is_write ? 2 : 1;
  if (!node->geometry) return;
  out = write_layout(node->geometry->base, out);
  write_layout(node->geometry->view, out);
}

void node_edges(Environment& environment, uint32_t slot) {
  const Node* node = environment.context().node(slot);
  if (3 + 2 * node->edges.size() > environment.command_capacity())
    throw Failure("ERR_INTERNAL", "the command buffer holds fewer edges");
  double* out = environment.commands();
  // Leaves have no number: their tensor tells them apart.
  *out++ = node->is_leaf ? -static_cast<double>(node->leaf ? node->leaf->id : 0)
                         : static_cast<double>(node->sequence);
  *out++ = node->leaf ? node->leaf->id : 0;
  *out++ = static_cast<double>(node->edges.size());
  for (const Edge& edge : node->edges) {
    *out++ = edge.node ? edge.node->slot : 0;
    *out++ = edge.output_index;
  }
}

void graph_info(Environment& environment, Id id) {
  const Entry* entry = environment.context().get(id);
  const Storage* storage = entry->tensor.storage.get();
  double* out = environment.commands();
  out[0] = storage->version.load();
  out[1] = storage->inference.load();
  out[2] = entry->base != nullptr;
  out[3] = entry->retains_grad;
}

uint32_t connect_node(Environment& environment, uint32_t inputs, uint32_t outputs) {
  Context& context = environment.context();
  const double* in = environment.commands();
  if (static_cast<size_t>(inputs) + 2 * static_cast<size_t>(outputs) >
          environment.command_capacity() ||
      outputs > UINT16_MAX)
    throw Failure("ERR_INTERNAL", "the command buffer holds fewer tensors");
  std::vector<Edge> edges(inputs);
  // Before the node is made: one that a view needs must have a smaller number.
  for (uint32_t i = 0; i < inputs; ++i) {
    if (in[i] == 0) continue;
    Entry* entry = context.get(static_cast<Id>(in[i]));
    edges[i] = {context.gradient_node(entry), entry->output_index};
  }
  struct Output {
    Entry* entry;
    bool in_place;
  };
  std::vector<Output> results(outputs);
  for (uint32_t i = 0; i < outputs; ++i) {
    results[i].in_place = in[inputs + 2 * i + 1] != 0;
    const double id = in[inputs + 2 * i];
    results[i].entry = id == 0 ? nullptr : context.get(static_cast<Id>(id));
    if (results[i].entry && results[i].in_place) context.check_in_place(results[i].entry);
  }
  Node* node = context.add_node();
  node->num_outputs = static_cast<uint16_t>(outputs);
  for (const Edge& edge : edges)
    if (edge.node) ++edge.node->refs;
  node->edges = std::move(edges);
  for (uint32_t i = 0; i < outputs; ++i) {
    Entry* entry = results[i].entry;
    if (!entry) continue;
    if (results[i].in_place) {
      context.rebase(entry, node, static_cast<int>(i));
    } else {
      if (entry->base) entry->creation = Creation::kCustomFunction;
      entry->view_version = entry->tensor.storage->version.load();
      context.set_node(entry, node, static_cast<int>(i));
    }
  }
  const uint32_t slot = node->slot;
  context.release_node(node);
  return slot;
}

void save_for(Environment& environment, uint32_t slot, Id id, int index) {
  Context& context = environment.context();
  Node* node = context.node(slot);
  Entry* entry = context.get(id);
  if (entry->tensor.storage->inference.load(std::memory_order_relaxed))
    throw Failure("ERR_AUTOGRAD", "inference tensor saved");
  Saved saved;
  if (index >= 0 || entry->base) {
    Tensor alias = entry->tensor;
    saved.entry = context.add(std::move(alias));
    if (index < 0)
      if (Node* source = context.gradient_node(entry))
        context.set_node(saved.entry, source, entry->output_index);
  } else {
    saved.entry = entry;
    Context::retain(entry);
  }
  saved.version = entry->tensor.storage->version.load();
  saved.output_index = index;
  node->saved.push_back(saved);
}

void set_grad(Environment& environment, Id id, Id grad) {
  Context& context = environment.context();
  Entry* entry = context.get(id);
  Entry* value = grad ? context.get(grad) : nullptr;
  if (value == entry) throw Failure("ERR_VALUE", "a tensor cannot be its own gradient");
  if (value) Context::retain(value);
  Entry* before = entry->grad;
  entry->grad = value;
  if (before) context.release(before);
}

}  // namespace flambeau
