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

// Passes output `i` to JavaScript: its id, and its count to the wrapper if there is one. A tensor
// written in place already has an owner.
void hand_over(Environment& environment, int i, napi_value* wrappers, size_t count) {
  Call& call = environment.call();
  environment.commands()[i] = call.output_entry(i)->id;
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
  const bool record = in.number() != 0;
  const int saves = static_cast<int>(in.integer(0, kMaxList));
  if (count != 0 && count != static_cast<size_t>(outputs))
    throw Failure("ERR_INTERNAL", "one wrapper is needed for each output");

  for (int i = 0; i < inputs; ++i) {
    const int64_t id = in.integer(-1, UINT32_MAX);
    if (id == -1) {
      const DType dtype = in.dtype();
      call.add_number(in.number(), dtype);
    } else {
      call.add_input(id == 0 ? nullptr : context.get(static_cast<Id>(id)));
    }
  }
  for (int i = 0; i < outputs; ++i) {
    OutputSpec spec;
    const int64_t id = in.integer(0, UINT32_MAX);
    if (id > 0) {
      spec.target = context.get(static_cast<Id>(id));
      spec.dtype = spec.target->tensor.dtype;
      spec.shape = spec.target->tensor.shape;
    } else {
      spec.dtype = in.dtype();
      spec.shape.ndim = static_cast<int>(in.integer(0, kMaxDims));
      for (int d = 0; d < spec.shape.ndim; ++d) spec.shape.sizes[d] = in.integer(0, kMaxSize);
      checked_bytes(spec.shape, spec.dtype);
    }
    call.add_output(spec);
  }
  for (int i = 0; i < params; ++i) call.params().push_back(in.number());

  if (!record) {
    call.run(kernel);
    for (int i = 0; i < outputs; ++i) hand_over(environment, i, wrappers, count);
    environment.commands()[outputs] = 0;
    if (count) environment.tick();
    return;
  }

  // The node is built before the kernel runs, so that what an in-place kernel overwrites can be
  // copied first.
  Node* node = context.add_node();
  struct Drop {
    Context& context;
    Node* node;
    ~Drop() { context.release_node(node); }
  } drop{context, node};
  node->num_outputs = static_cast<uint16_t>(outputs);
  node->edges.resize(inputs);
  for (int i = 0; i < inputs; ++i) {
    Entry* entry = call.input_entry(i);
    if (!entry || !entry->requires_grad) continue;
    Node* parent = entry->node ? entry->node : context.leaf_node(entry);
    ++parent->refs;
    node->edges[i] = {parent, entry->output_index};
  }
  std::vector<int> saved_outputs;
  for (int s = 0; s < saves; ++s) {
    const int index = static_cast<int>(in.integer(0, inputs + outputs - 1));
    if (index >= inputs) {
      saved_outputs.push_back(index - inputs);
      continue;
    }
    Entry* entry = call.input_entry(index);
    if (!entry) throw Failure("ERR_INTERNAL", "only tensors can be saved");
    Saved saved;
    bool overwritten = false;
    for (int i = 0; i < outputs; ++i) overwritten |= call.spec(i).target == entry;
    if (overwritten) {
      Tensor copy = call.temporary(entry->tensor.shape, entry->tensor.dtype);
      copy_into(copy, entry->tensor);
      saved.entry = context.add(std::move(copy));
      // The copy is what the input was, so its history is the input's: gradients of gradients
      // pass through it.
      const Edge& edge = node->edges[index];
      if (edge.node) context.set_node(saved.entry, edge.node, edge.output_index);
    } else {
      saved.entry = entry;
      Context::retain(entry);
    }
    saved.version = saved.entry->tensor.storage->version.load();
    node->saved.push_back(saved);
  }

  call.run(kernel);

  for (int output : saved_outputs) save_output(context, node, call.output_entry(output), output);
  for (int i = 0; i < outputs; ++i) {
    Entry* entry = call.output_entry(i);
    if (is_floating(entry->tensor.dtype)) context.set_node(entry, node, i);
    hand_over(environment, i, wrappers, count);
  }
  environment.commands()[outputs] = node->slot;
  if (count) environment.tick();
}

}  // namespace flambeau
