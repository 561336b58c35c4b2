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

// Vectors that are reused by the calls of a thread; a call within a call has the next ones.
struct Call::Slots {
  enum State : uint8_t { kUnread, kRead, kUploaded };
  std::vector<Tensor> inputs, outputs;
  std::vector<Spec> specs;
  std::vector<uint8_t> read, made, specified;
};

Call::Call(const FlambeauHost& host, const FlambeauCall& call, int kernel)
    : host_(host), call_(call), kernel_(kernel), stream_(stream_in_use(call.index)) {
  // In thread-local memory: one per depth.
  thread_local std::vector<std::unique_ptr<Slots>> all;
  if (static_cast<int>(all.size()) <= depth()) all.push_back(std::make_unique<Slots>());
  slots_ = all[depth()++].get();
  const size_t inputs = static_cast<size_t>(num_inputs());
  const size_t outputs = static_cast<size_t>(num_outputs());
  if (slots_->inputs.size() < inputs) slots_->inputs.resize(inputs);
  if (slots_->outputs.size() < outputs) {
    slots_->outputs.resize(outputs);
    slots_->specs.resize(outputs);
  }
  slots_->read.assign(inputs, Slots::kUnread);
  slots_->made.assign(outputs, false);
  slots_->specified.assign(outputs, false);
}

Call::~Call() { --depth(); }

cudaStream_t Call::stream() const {
  launch_held_back();
  return stream_;
}

int& Call::depth() {
  thread_local int calls = 0;
  return calls;
}

double Call::number(int i) const {
  if (!is_number(i)) throw Failure("ERR_INTERNAL", "a kernel asked for a number");
  return call_.inputs[i].value;
}

const Tensor& Call::in(int i) const {
  if (!has(i)) throw Failure("ERR_INTERNAL", "a kernel asked for an input that was not given");
  Tensor& tensor = slots_->inputs[i];
  if (slots_->read[i] != Slots::kUnread) return tensor;
  tensor = unbordered(call_.inputs[i].tensor);
  if (call_.inputs[i].is_number) tensor.data = nullptr;
  slots_->read[i] = Slots::kRead;
  return tensor;
}

const Tensor& Call::in(int i) {
  const Tensor& tensor = static_cast<const Call*>(this)->in(i);
  if (!call_.inputs[i].is_number || slots_->read[i] == Slots::kUploaded) return tensor;
  Tensor& number = slots_->inputs[i];
  number.data = static_cast<char*>(scratch(number.item_bytes()));
  number.storage = number.data;
  number.storage_bytes = static_cast<int64_t>(number.item_bytes());
  if (number.dtype == DType::kInt64) {
    // As it is: a whole number may have more digits than a double.
    const void* const value = call_.inputs[i].tensor.data;
    check(cudaMemcpyAsync(number.data, upload(value, sizeof(int64_t)), sizeof(int64_t),
                          cudaMemcpyDeviceToDevice, stream()),
          "cudaMemcpyAsync");
  } else {
    fill_strided(device(), stream(), number, call_.inputs[i].value);
  }
  slots_->read[i] = Slots::kUploaded;
  return number;
}

const Spec& Call::spec(int i) const {
  if (i < 0 || i >= num_outputs()) throw Failure("ERR_INTERNAL", "a kernel lacks an output");
  Spec& spec = slots_->specs[i];
  if (slots_->specified[i]) return spec;
  const FlambeauOutput& output = call_.outputs[i];
  spec.dtype = static_cast<DType>(output.dtype);
  spec.shape = Shape(output.sizes, output.ndim);
  slots_->specified[i] = true;
  return spec;
}

DType Call::stored_type(int i) const { return static_cast<DType>(call_.outputs[i].stored_dtype); }

Tensor& Call::output(int i, const int64_t* strides, int64_t elements) {
  if (i < 0 || i >= num_outputs()) throw Failure("ERR_INTERNAL", "a kernel lacks an output");
  Tensor& tensor = slots_->outputs[i];
  if (slots_->made[i]) return tensor;
  FlambeauTensor made;
  check_host(host_, call_.host, host_.output(call_.host, i, strides, elements, &made));
  tensor = unbordered(made);
  slots_->made[i] = true;
  if (needs_notes()) note_use(device(), stream_, tensor);
  return tensor;
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
  if (Graph* graph = recording()) {
    void* const kept = graph->keep(bytes);
    std::memcpy(kept, data, bytes);
    check(cudaMemcpyAsync(there, kept, bytes, cudaMemcpyHostToDevice, stream()), "cudaMemcpyAsync");
  } else {
    cuda::upload(device(), stream(), there, data, bytes);
  }
  return there;
}

Philox Call::draw(int generator, uint64_t counters) {
  Philox philox;
  if (Graph* graph = recording()) {
    philox.live = graph->reserve(generator, counters, &philox.offset).live;
  } else {
    check_host(host_, call_.host,
               host_.draw(call_.host, generator, counters, &philox.seed, &philox.offset));
  }
  return philox;
}

void* Call::live_bytes(size_t bytes, std::function<void(const double*, void*)> remake) {
  Graph* const graph = recording();
  return graph ? graph->live(bytes, call_.params, call_.num_params, std::move(remake)) : nullptr;
}

const Fault* Call::fault() const { return fault_for(device(), kernel_, nullptr, kFaultOfNothing); }

const Fault* Call::fault(const Strided& index, int64_t axis) const {
  return fault_for(device(), kernel_, &index, static_cast<int>(axis));
}

const Properties& Call::properties() const { return properties_of(device()); }

const char* Call::kernel_name() const { return known_kernels()[kernel_].name.c_str(); }

}  // namespace flambeau::cuda
