#include "context.h"

#include <algorithm>
#include <unordered_set>

#include "graph.h"

namespace flambeau {

namespace {
constexpr size_t kSlab = 256;
constexpr size_t kSpareNodes = 16384;
}  // namespace

namespace {
thread_local Context* t_context = nullptr;
}  // namespace

Context* Context::of_this_thread() { return t_context; }

Context::Context() {
  t_context = this;
  entries_.push_back(nullptr);  // id 0
  nodes_.push_back(nullptr);    // slot 0
  new_generator();
}

Context::~Context() {
  if (t_context == this) t_context = nullptr;
  // Whatever JavaScript still held dies with its environment.
  for (Entry* entry : entries_)
    if (entry) entry->tensor = Tensor();
  for (Node* node : nodes_) delete node;
  for (Node* node : spare_nodes_) delete node;
}

Entry* Context::add(Tensor&& tensor) {
  if (spare_entries_.empty()) {
    entry_slabs_.push_back(std::make_unique<Entry[]>(kSlab));
    for (size_t i = kSlab; i-- > 0;) spare_entries_.push_back(&entry_slabs_.back()[i]);
  }
  Entry* entry = spare_entries_.back();
  Id id;
  if (free_ids_.empty()) {
    id = static_cast<Id>(entries_.size());
    entries_.push_back(entry);
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
    entries_[id] = entry;
  }
  spare_entries_.pop_back();
  entry->tensor = std::move(tensor);
  entry->id = id;
  entry->refs = 1;
  ++live_entries_;
  return entry;
}

void Context::throw_missing() { throw Failure("ERR_DISPOSED", "the tensor was disposed"); }

// Frees entries and nodes whose count reached zero. Iterative: a graph may be a million deep.
void Context::destroy(Entry* entry) {
  doomed_entries_.push_back(entry);
  if (!draining_) drain();
}

void Context::release_node(Node* node) {
  if (--node->refs > 0) return;
  doomed_nodes_.push_back(node);
  if (!draining_) drain();
}

void Context::drain() {
  draining_ = true;
  while (!doomed_entries_.empty() || !doomed_nodes_.empty()) {
    if (!doomed_entries_.empty()) {
      Entry* entry = doomed_entries_.back();
      doomed_entries_.pop_back();
      if (entry->node) {
        if (entry->is_leaf_node) entry->node->leaf = nullptr;
        release_node(entry->node);
      }
      if (entry->grad) release(entry->grad);
      if (entry->base) release(entry->base);
      entries_[entry->id] = nullptr;
      free_ids_.push_back(entry->id);
      *entry = Entry();
      spare_entries_.push_back(entry);
      --live_entries_;
      continue;
    }
    Node* node = doomed_nodes_.back();
    doomed_nodes_.pop_back();
    release_saved(node);
    for (Edge& edge : node->edges)
      if (edge.node) release_node(edge.node);
    nodes_[node->slot] = nullptr;
    dead_slots_.push_back(node->slot);
    --live_nodes_;
    node->reset();
    if (spare_nodes_.size() < kSpareNodes) {
      spare_nodes_.push_back(node);
    } else {
      delete node;
    }
  }
  draining_ = false;
}

std::vector<const Entry*> Context::largest(size_t count) const {
  std::vector<const Entry*> all;
  std::unordered_set<const Storage*> seen;
  for (const Entry* entry : entries_)
    if (entry && entry->tensor.storage && seen.insert(entry->tensor.storage.get()).second)
      all.push_back(entry);
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                    [](const Entry* a, const Entry* b) {
                      return a->tensor.storage->bytes > b->tensor.storage->bytes;
                    });
  all.resize(count);
  return all;
}

std::vector<Entry*> Context::sharing(const Storage* storage) const {
  std::vector<Entry*> result;
  for (Entry* entry : entries_)
    if (entry && entry->tensor.storage.get() == storage) result.push_back(entry);
  return result;
}

Generator& Context::generator(int index) const {
  if (index < 0 || index >= static_cast<int>(generators_.size()) || !generators_[index])
    throw Failure("ERR_INTERNAL", "no such generator");
  return *generators_[index];
}

int Context::new_generator() {
  for (size_t i = 0; i < generators_.size(); ++i)
    if (!generators_[i]) {
      generators_[i] = std::make_unique<Generator>();
      return static_cast<int>(i);
    }
  generators_.push_back(std::make_unique<Generator>());
  return static_cast<int>(generators_.size()) - 1;
}

void Context::free_generator(int index) {
  if (index > 0 && index < static_cast<int>(generators_.size())) generators_[index] = nullptr;
}

// --- the graph ---

Node* Context::add_node() {
  Node* node;
  if (spare_nodes_.empty()) {
    node = new Node();
  } else {
    node = spare_nodes_.back();
    spare_nodes_.pop_back();
  }
  if (free_slots_.empty()) {
    node->slot = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(node);
  } else {
    node->slot = free_slots_.back();
    free_slots_.pop_back();
    nodes_[node->slot] = node;
  }
  node->refs = 1;
  node->sequence = next_sequence_++;
  ++live_nodes_;
  return node;
}

Node* Context::leaf_node(Entry* leaf) {
  if (!leaf->node) {
    leaf->node = add_node();
    leaf->node->is_leaf = true;
    leaf->node->sequence = 0;  // after everything else in a backward pass
    leaf->node->leaf = leaf;
    leaf->is_leaf_node = true;
  }
  return leaf->node;
}

void Context::set_node(Entry* entry, Node* node, int index) {
  if (node) ++node->refs;
  Node* before = entry->node;
  if (before && entry->is_leaf_node) before->leaf = nullptr;
  entry->node = node;
  entry->is_leaf_node = false;
  entry->requires_grad = node != nullptr;
  entry->output_index = static_cast<uint16_t>(index);
  if (before) release_node(before);
}

Node* Context::node(uint32_t slot) const {
  if (slot == 0 || slot >= nodes_.size() || nodes_[slot] == nullptr)
    throw Failure("ERR_INTERNAL", "the graph node no longer exists");
  return nodes_[slot];
}

void Context::release_saved(Node* node) {
  drop_saved(node->slot);
  node->released = true;
}

void Context::drop_saved(uint32_t slot) {
  Node* node = slot < nodes_.size() ? nodes_[slot] : nullptr;
  if (!node) return;
  // Popped one by one: releasing may come back here through what the tensor kept alive.
  while (!node->saved.empty()) {
    Entry* entry = node->saved.back().entry;
    node->saved.pop_back();
    if (entry) release(entry);
  }
}

}  // namespace flambeau
