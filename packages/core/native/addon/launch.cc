#include "launch.h"

#include <cmath>

#include "graph.h"

namespace flambeau {

namespace {

// Reads numbers from the command buffer; JavaScript may have written anything.
class Reader {
 public:
  Reader(const double* data, size_t capacity) : data_(data), capacity_(capacity) {}
  double number() {
    if (at_ >= capacity_) throw Failure("ERR_INTERNAL", "the command buffer is too short");
    return data_[at_++];
  }
  int64_t integer(int64_t lowest, int64_t highest) {
    const double value = number();
    if (!(value >= static_cast<double>(lowest) && value <= static_cast<double>(highest)) ||
        value != std::trunc(value))
      throw Failure("ERR_INTERNAL", "a number in the command buffer is out of range");
    return static_cast<int64_t>(value);
  }
  DType dtype() { return static_cast<DType>(integer(0, kNumDTypes - 1)); }

 private:
  const double* data_;
  size_t capacity_;
  size_t at_ = 0;
};

// How a call is to be seen by the graph, and where it takes place if no tensor says so, as a
// number: bits 0, 1, 2 to 4, and the rest.
struct Mode {
  static constexpr int64_t kLargest = 32 * FLAMBEAU_MAX_DEVICES + 31;
  explicit Mode(int64_t number)
      : record((number & 1) != 0),
        inference((number & 2) != 0),
        creation(static_cast<Creation>(number >> 2 & 7)),
        placement(static_cast<int>(number >> 5)) {
    if (creation > Creation::kDetached)
      throw Failure("ERR_INTERNAL", "a number in the command buffer is out of range");
  }
  bool record;
  bool inference;     // memory that the call allocates is never part of a graph
  Creation creation;  // of views that the call makes
  int placement;      // the ordinal of a device, 0 for the processor
};

constexpr int64_t kMaxList = 16384;
constexpr int64_t kMaxSize = int64_t{1} << 47;

// Keeps an output of the call for the backward pass of its own node, as an alias without a node: a
// count on the output itself would be a cycle.
void save_output(Context& context, Node* node, const Entry* entry, int output_index) {
  Saved saved;
  Tensor alias = entry->tensor;
  saved.entry = context.add(std::move(alias));
  saved.version = entry->tensor.storage->version.load();
  saved.output_index = output_index;
  node->saved.push_back(saved);
}

// What becomes of an output, for the graph and for those who look for a writer later.
void settle(Context& context, Call& call, int i, const Mode& mode, uint32_t writer) {
  Entry* entry = call.output_entry(i);
  if (call.in_place(i)) {
    entry->tensor.storage->writer.store(writer, std::memory_order_relaxed);
  } else if (entry->is_view) {
    Entry* from = call.num_inputs() > 0 ? call.input_entry(0) : nullptr;
    if (from && is_floating(entry->tensor.dtype) && from->tensor.dtype == entry->tensor.dtype &&
        mode.creation != Creation::kDetached)
      context.attach_view(entry, from, mode.creation);
  } else if (mode.inference) {
    entry->tensor.storage->inference.store(true, std::memory_order_relaxed);
  }
}

void check_target(Context& context, Entry* target, const Mode& mode, bool aside) {
  if (target->tensor.storage->inference.load(std::memory_order_relaxed) && !mode.inference)
    throw Failure("ERR_AUTOGRAD", "inference tensor written");
  if (mode.record && !aside) context.check_in_place(target);
}

// Keeps input `index` of the call for the backward pass. What the call overwrites is copied; a view
// is kept as an alias, since it counts its base, whose history may come to count this node.
void save_input(Context& context, Call& call, Node* node, int index) {
  Entry* entry = call.input_entry(index);
  if (!entry) throw Failure("ERR_INTERNAL", "only tensors can be saved");
  if (entry->tensor.storage->inference.load(std::memory_order_relaxed))
    throw Failure("ERR_AUTOGRAD", "inference tensor saved");
  bool overwritten = false;
  for (int i = 0; i < call.num_outputs(); ++i) overwritten |= call.spec(i).target == entry;
  Saved saved;
  if (overwritten || entry->base) {
    Tensor copy;
    if (overwritten) {
      copy = call.temporary(entry->tensor.shape, entry->tensor.dtype);
      copy_into(copy, entry->tensor);
    } else {
      copy = entry->tensor;
    }
    saved.entry = context.add(std::move(copy));
    // It is what the input was, so its history is the input's: gradients of gradients pass
    // through it.
    const Edge& edge = node->edges[index];
    if (edge.node) context.set_node(saved.entry, edge.node, edge.output_index);
  } else {
    saved.entry = entry;
    Context::retain(entry);
  }
  saved.version = saved.entry->tensor.storage->version.load();
  node->saved.push_back(saved);
}

// Passes output `i` to JavaScript: its id, negative for a view, and its count to the wrapper if
// there is one. A tensor written in place already has an owner.
void hand_over(Environment& environment, int i, napi_value* wrappers, size_t count) {
  Call& call = environment.call();
  const double id = call.output_entry(i)->id;
  environment.commands()[i] = !call.in_place(i) && call.output_entry(i)->base ? -id : id;
  if (call.in_place(i)) return;
  if (count) environment.track(wrappers[i], call.output_entry(i));
  call.take_output(i);
}

}  // namespace

void launch(Environment& environment, napi_value* wrappers, size_t count) {
  Context& context = environment.context();
  Call& call = environment.call();
  Reader in(environment.commands(), environment.command_capacity());
  struct Reset {
    Call& call;
    ~Reset() { call.reset(); }
  } reset{call};
  call.reset();
  environment.count_call();

  const int kernel = static_cast<int>(in.integer(0, 1 << 20));
  const int inputs = static_cast<int>(in.integer(0, kMaxList));
  const int outputs = static_cast<int>(in.integer(0, kMaxList));
  const int params = static_cast<int>(in.integer(0, kMaxList));
  const Mode mode(in.integer(0, Mode::kLargest));
  const int saves = static_cast<int>(in.integer(0, kMaxList));

  bool views = false;
  for (int i = 0; i < inputs; ++i) {
    const int64_t id = in.integer(-1, UINT32_MAX);
    if (id == -1) {
      const DType dtype = in.dtype();
      call.add_number(in.number(), dtype);
    } else {
      Entry* entry = id == 0 ? nullptr : context.get(static_cast<Id>(id));
      views |= entry && entry->base;
      call.add_input(entry);
    }
  }
  uint32_t writer = 0;
  // Targets behind outputs that the call makes are written aside: the graph does not see them.
  int seen = outputs;
  for (int i = 0; i < outputs; ++i) {
    OutputSpec spec;
    const int64_t id = in.integer(0, UINT32_MAX);
    if (id > 0 && seen == outputs && i > 0 && !call.spec(0).target) seen = i;
    if (id == 0 && (i > seen || (i > 0 && call.spec(0).target)))
      throw Failure("ERR_INTERNAL", "what a call makes comes before what it writes aside");
    if (id > 0) {
      spec.target = context.get(static_cast<Id>(id));
      spec.dtype = spec.target->tensor.dtype;
      spec.shape = spec.target->tensor.shape;
      writer = static_cast<uint32_t>(in.integer(0, UINT32_MAX));
      check_target(context, spec.target, mode, i >= seen);
    } else {
      spec.dtype = in.dtype();
      spec.shape.ndim = static_cast<int>(in.integer(0, kMaxDims));
      for (int d = 0; d < spec.shape.ndim; ++d) spec.shape.sizes[d] = in.integer(0, kMaxSize);
      checked_bytes(spec.shape, spec.dtype);
    }
    call.add_output(spec);
  }
  if (count != 0 && count != static_cast<size_t>(seen))
    throw Failure("ERR_INTERNAL", "one wrapper is needed for each output");
  for (int i = 0; i < params; ++i) call.params().push_back(in.number());
  call.locate(mode.placement);

  if (!mode.record) {
    call.run(kernel);
    for (int i = 0; i < outputs; ++i) {
      settle(context, call, i, mode, writer);
      hand_over(environment, i, wrappers, count);
    }
    environment.commands()[outputs] = 0;
    if (count) environment.tick();
    return;
  }

  // Before the node is made: one that a view needs must have a smaller number.
  if (views)
    for (int i = 0; i < inputs; ++i) {
      Entry* entry = call.input_entry(i);
      if (entry && entry->base) context.refresh_view(entry);
    }
  // The node is built before the kernel runs, so that what an in-place kernel overwrites can be
  // copied first.
  Node* node = context.add_node();
  struct Drop {
    Context& context;
    Node* node;
    ~Drop() { context.release_node(node); }
  } drop{context, node};
  node->num_outputs = static_cast<uint16_t>(seen);
  node->edges.resize(inputs);
  for (int i = 0; i < inputs; ++i) {
    Entry* entry = call.input_entry(i);
    Node* parent = entry ? context.gradient_node(entry) : nullptr;
    if (!parent) continue;
    ++parent->refs;
    node->edges[i] = {parent, entry->output_index};
  }
  std::vector<int> saved_outputs;
  for (int s = 0; s < saves; ++s) {
    const int index = static_cast<int>(in.integer(0, inputs + seen - 1));
    if (index >= inputs) {
      saved_outputs.push_back(index - inputs);
      continue;
    }
    save_input(context, call, node, index);
  }

  call.run(kernel);

  for (int output : saved_outputs) save_output(context, node, call.output_entry(output), output);
  for (int i = 0; i < outputs; ++i) {
    settle(context, call, i, mode, writer);
    Entry* entry = call.output_entry(i);
    if (i < seen && is_floating(entry->tensor.dtype)) {
      if (call.in_place(i)) {
        context.rebase(entry, node, i);
      } else {
        context.set_node(entry, node, i);
      }
    }
    hand_over(environment, i, wrappers, count);
  }
  environment.commands()[outputs] = node->slot;
  if (count) environment.tick();
}

}  // namespace flambeau
