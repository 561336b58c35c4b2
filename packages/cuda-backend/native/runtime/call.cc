#include "call.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "border.h"
#include "graph.h"
#include "kernels.h"
#include "memory.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

std::atomic<bool> g_deterministic{false};

// A code that lasts, as Failure wants it.
const char* lasting(const char* code) {
  static auto* mutex = new std::mutex;
  static auto* codes = new std::set<std::string>;
  const std::lock_guard lock(*mutex);
  return codes->insert(code ? code : "ERR_INTERNAL").first->c_str();
}

// Throws what core says of its last failure.
void check_host(const FlambeauHost& host, void* context, int status) {
  if (status == FLAMBEAU_OK) return;
  const char* code = nullptr;
  const char* text = host.error(context, &code);
  throw Failure(lasting(code), text ? text : "core refused a call of a kernel");
}

}  // namespace

bool deterministic() { return g_deterministic.load(std::memory_order_relaxed); }
void set_deterministic(bool on) { g_deterministic = on; }

// A call within a call has lists of its own.
struct Call::OfThread {
  std::vector<std::unique_ptr<Slots>> slots;
  size_t depth = 0;
};

Call::OfThread& Call::of_thread() {
  thread_local OfThread own;
  return own;
}

Call::Call(const FlambeauHost& host, const FlambeauCall& call, int kernel)
    : host_(host),
      call_(call),
      kernel_(kernel),
      stream_(stream_in_use(call.index)),
      graph_(recording()),
      notes_(graph_ || many_streams()),
      thread_(of_thread()) {
  if (thread_.slots.size() <= thread_.depth) thread_.slots.push_back(std::make_unique<Slots>());
  slots_ = thread_.slots[thread_.depth].get();
  const size_t inputs = static_cast<size_t>(num_inputs());
  const size_t outputs = static_cast<size_t>(num_outputs());
  if (slots_->inputs.size() < inputs) slots_->inputs.resize(inputs);
  if (slots_->outputs.size() < outputs) slots_->outputs.resize(outputs);
  for (size_t i = 0; i < inputs; ++i) slots_->inputs[i].state = Slots::kUnread;
  for (size_t i = 0; i < outputs; ++i)
    slots_->outputs[i].made = slots_->outputs[i].specified = false;
  ++thread_.depth;
}

Call::~Call() { --thread_.depth; }

double Call::number(int i) const {
  if (!is_number(i)) throw Failure("ERR_INTERNAL", "a kernel asked for a number");
  return call_.inputs[i].value;
}

const Tensor& Call::read(int i) const {
  if (!has(i)) throw Failure("ERR_INTERNAL", "a kernel asked for an input that was not given");
  Slots::Input& input = slots_->inputs[i];
  unborder(call_.inputs[i].tensor, input.tensor);
  if (call_.inputs[i].is_number) input.tensor.data = nullptr;
  input.state = Slots::kRead;
  return input.tensor;
}

const Tensor& Call::in(int i) {
  const Tensor& tensor = static_cast<const Call*>(this)->in(i);
  Slots::Input& input = slots_->inputs[i];
  if (!call_.inputs[i].is_number || input.state == Slots::kUploaded) return tensor;
  Tensor& number = input.tensor;
  if (number.dtype == DType::kInt64) {
    // As it is: a whole number may have more digits than a double.
    number.data = static_cast<char*>(upload(call_.inputs[i].tensor.data, sizeof(int64_t)));
  } else {
    number.data = static_cast<char*>(scratch(number.item_bytes()));
    fill_strided(device(), stream(), number, call_.inputs[i].value);
  }
  number.storage = number.data;
  number.storage_bytes = static_cast<int64_t>(number.item_bytes());
  input.state = Slots::kUploaded;
  return number;
}

const Spec& Call::spec(int i) const {
  if (i < 0 || i >= num_outputs()) throw Failure("ERR_INTERNAL", "a kernel lacks an output");
  Slots::Output& slot = slots_->outputs[i];
  if (slot.specified) return slot.spec;
  const FlambeauOutput& output = call_.outputs[i];
  slot.spec.dtype = static_cast<DType>(output.dtype);
  slot.spec.shape = Shape(output.sizes, output.ndim);
  slot.specified = true;
  return slot.spec;
}

DType Call::stored_type(int i) const { return static_cast<DType>(call_.outputs[i].stored_dtype); }

Tensor& Call::output(int i, const int64_t* strides, int64_t elements) {
  if (i < 0 || i >= num_outputs()) throw Failure("ERR_INTERNAL", "a kernel lacks an output");
  Slots::Output& slot = slots_->outputs[i];
  if (slot.made) return slot.tensor;
  FlambeauTensor made;
  check_host(host_, call_.host, host_.output(call_.host, i, strides, elements, &made));
  use_device(device());  // core may have collected garbage, such as graphs of other devices
  unborder(made, slot.tensor);
  slot.made = true;
  if (notes_) note_use(device(), stream_, slot.tensor);
  return slot.tensor;
}

Tensor& Call::out(int i) { return output(i, nullptr, 0); }

Tensor& Call::out_like(int i, const Strided& like) {
  int64_t strides[kMaxDims];
  const Shape& shape = spec(i).shape;
  if (shape.ndim != like.ndim()) return out(i);
  strides_like(shape, like, strides);
  return output(i, strides, 0);
}

Tensor& Call::out_strided(int i, const int64_t* strides) { return output(i, strides, 0); }

Tensor& Call::out_spread(int i, int64_t elements, const int64_t* strides) {
  return output(i, strides, elements);
}

double Call::param(int i) const {
  if (i < 0 || i >= num_params()) throw Failure("ERR_INTERNAL", "a kernel lacks a parameter");
  return call_.params[i];
}

int64_t Call::integer(int i) const {
  const double value = param(i);
  if (!(std::fabs(value) <= 9007199254740992.0) || value != std::trunc(value))
    throw Failure("ERR_VALUE", "a parameter that must be a whole number is not one");
  return static_cast<int64_t>(value);
}

void* Call::scratch(size_t bytes) {
  void* data = nullptr;
  check_host(host_, call_.host, host_.temporary(call_.host, bytes, &data));
  use_device(device());  // as in output()
  return data;
}

Tensor Call::temporary(const Shape& shape, DType dtype) {
  const size_t bytes = checked_bytes(shape, dtype);
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.shape = shape;
  contiguous_strides(shape, tensor.strides);
  tensor.data = static_cast<char*>(scratch(bytes));
  tensor.storage = tensor.data;
  tensor.storage_bytes = static_cast<int64_t>(bytes);
  return tensor;
}

Tensor Call::contiguous(const Tensor& t) {
  if (t.is_contiguous()) return t;
  Tensor copy = temporary(t.shape, t.dtype);
  copy_into(*this, copy, t);
  return copy;
}

void* Call::upload(const void* data, size_t bytes) {
  void* const there = scratch(bytes);
  if (bytes == 0) return there;
  if (graph_) {
    void* const kept = graph_->keep(bytes);
    std::memcpy(kept, data, bytes);
    check(cudaMemcpyAsync(there, kept, bytes, cudaMemcpyHostToDevice, stream()), "cudaMemcpyAsync");
  } else {
    cuda::upload(device(), stream(), there, data, bytes);
  }
  return there;
}

Philox Call::draw(int generator, uint64_t counters) {
  Philox philox;
  if (graph_) {
    philox.live = graph_->reserve(generator, counters, &philox.offset).live;
  } else {
    check_host(host_, call_.host,
               host_.draw(call_.host, generator, counters, &philox.seed, &philox.offset));
  }
  return philox;
}

void* Call::live_bytes(size_t bytes, std::function<void(const double*, void*)> remake) {
  return graph_ ? graph_->live(bytes, call_.params, call_.num_params, std::move(remake)) : nullptr;
}

const Fault* Call::fault() const { return fault_for(device(), kernel_, nullptr, kFaultOfNothing); }

const Fault* Call::fault(const Strided& index, int64_t axis) const {
  return fault_for(device(), kernel_, &index, static_cast<int>(axis));
}

const Properties& Call::properties() const { return properties_of(device()); }

const char* Call::kernel_name() const { return known_kernels()[kernel_].name.c_str(); }

}  // namespace flambeau::cuda
