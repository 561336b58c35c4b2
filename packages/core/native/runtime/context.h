// The tensors of one JavaScript environment: ids, counts, and who keeps whom alive.
//
// A context belongs to one thread. Only storages are shared between contexts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "failure.h"
#include "generator.h"
#include "tensor.h"

namespace flambeau {

using Id = uint32_t;  // 0 means "no tensor"
struct Node;

// How a view came to be, which decides whether it may be written to under recording.
enum class Creation : uint8_t {
  kDefault,
  kMultiOutput,     // one of several views that a function returned
  kNoGrad,          // while nothing was recorded
  kInference,       // in inference mode
  kCustomFunction,  // inside of a user's Function
  kDetached,        // not a view in the sense of the graph: no gradient flows
};

// A tensor with an id, counted by the JavaScript wrappers and by the nodes that saved it.
struct Entry {
  Tensor tensor;
  Id id = 0;
  int32_t refs = 0;
  int32_t weak_slot = -1;  // index in the environment's list of weak references, -1 if untracked
  bool requires_grad = false;
  bool is_view = false;
  bool is_leaf_node = false;  // `node` only accumulates into this entry's gradient
  bool retains_grad = false;  // gets a gradient though it is not a leaf
  Creation creation = Creation::kDefault;
  uint16_t output_index = 0;  // which output of `node` this is
  uint32_t view_version = 0;  // for a view: of its storage when `node` was made
  Node* node = nullptr;       // one count: the operation that made it, or the accumulator of a leaf
  Entry* grad = nullptr;      // one count
  // One count: for a view, the tensor whose history says what the view's is; never itself a view.
  Entry* base = nullptr;
};

class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // A new entry with one count.
  Entry* add(Tensor&& tensor);
  // The entry of `id`. Throws Failure("ERR_DISPOSED") when there is none.
  Entry* get(Id id) const {
    if (id == 0 || id >= entries_.size() || entries_[id] == nullptr) throw_missing();
    return entries_[id];
  }
  static void retain(Entry* entry) { ++entry->refs; }
  void release(Entry* entry) {
    if (--entry->refs == 0) destroy(entry);
  }

  // Called before an allocation of `bytes`; may collect garbage or throw
  // Failure("ERR_OUT_OF_MEMORY").
  void reserve(size_t bytes) {
    if (make_room) make_room(*this, bytes);
  }

  // The same for memory of a device; `full` after an allocation failed there: collects all garbage.
  void reserve_on(Device& device, size_t bytes, bool full) {
    if (make_room_on) make_room_on(*this, device, bytes, full);
  }

  // What make_room begins with: tensors whose wrappers died young go.
  void (*collect)(Context&) = nullptr;
  // The context that was made last on this thread, if it is still there.
  static Context* of_this_thread();

  size_t live_entries() const { return live_entries_; }
  size_t live_nodes() const { return live_nodes_; }
  // The `count` live tensors with the most memory, largest first, one for each storage.
  std::vector<const Entry*> largest(size_t count) const;

  // All live tensors on this storage.
  std::vector<Entry*> sharing(const Storage* storage) const;

  // Generators are numbered; 0 is the default one, which always exists.
  Generator& generator(int index = 0) const;
  int new_generator();
  void free_generator(int index);

  void (*make_room)(Context&, size_t bytes) = nullptr;
  void (*make_room_on)(Context&, Device& device, size_t bytes, bool full) = nullptr;
  void* owner = nullptr;  // what make_room needs to know of its environment

  // --- the graph ---
  // The node of a leaf that requires a gradient, made on first use.
  Node* leaf_node(Entry* leaf);
  Node* add_node();
  // Says that `entry` is output `index` of `node` (null: of none) and no longer of what it was.
  void set_node(Entry* entry, Node* node, int index);
  // The node through which gradients of `entry` flow, null if none do.
  Node* gradient_node(Entry* entry) {
    if (entry->base) refresh_view(entry);
    if (!entry->requires_grad) return nullptr;
    return entry->node ? entry->node : leaf_node(entry);
  }
  // Says that `view` shows the elements of `from`, by an operation of this kind. (graph.cc)
  void attach_view(Entry* view, Entry* from, Creation creation);
  // Gives a view whose storage was written to since a node that follows from its base's history.
  // Throws Failure("ERR_AUTOGRAD") where that is not allowed. (graph.cc)
  void refresh_view(Entry* view);
  // Throws Failure("ERR_AUTOGRAD") unless a recorded operation may write into `entry`. (graph.cc)
  void check_in_place(Entry* entry);
  // As set_node after a write in place: what a view became is also part of its base. (graph.cc)
  void rebase(Entry* entry, Node* node, int index);
  // Makes `to` what `from` is for the graph (its node, its gradient), which `from` loses; for a
  // tensor that goes on with other memory. (graph.cc)
  void move_history(Entry* from, Entry* to);
  Node* node(uint32_t slot) const;
  void release_node(Node* node);
  void release_saved(Node* node);
  // Lets go of the saved tensors of the node in `slot`, if there is one, which are to be computed
  // again.
  void drop_saved(uint32_t slot);
  uint64_t next_mark() { return ++mark_; }
  // The slot of a node that died, 0 if there is none. JavaScript keeps things by slot (the
  // operation, hooks): only once it was told of the death may another node have the slot.
  uint32_t take_dead_slot() {
    if (dead_slots_.empty()) return 0;
    const uint32_t slot = dead_slots_.back();
    dead_slots_.pop_back();
    free_slots_.push_back(slot);
    return slot;
  }

 private:
  [[noreturn]] static void throw_missing();
  void destroy(Entry* entry);
  void drain();

  std::vector<Entry*> entries_;
  std::vector<Id> free_ids_;
  std::vector<Entry*> spare_entries_;
  std::vector<std::unique_ptr<Entry[]>> entry_slabs_;
  std::vector<Node*> nodes_;
  std::vector<Node*> spare_nodes_;  // with the room of their lists
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> dead_slots_;
  std::vector<Node*> doomed_nodes_;
  std::vector<Entry*> doomed_entries_;
  bool draining_ = false;
  size_t live_entries_ = 0;
  size_t live_nodes_ = 0;
  uint64_t next_sequence_ = 1;
  uint64_t mark_ = 0;
  std::vector<std::unique_ptr<Generator>> generators_;
};

}  // namespace flambeau
