// How a call reaches the kernel of a device, and what the kernel may ask for meanwhile.
#include "device_call.h"

#include <cstring>
#include <utility>
#include <vector>

#include "kernel.h"

namespace flambeau {

namespace {

// What went wrong in a function that a kernel of a device called, by its thread.
struct LastError {
  std::string code;
  std::string text;
};
thread_local LastError t_error;

template <class Body>
int guarded(const Body& body) noexcept {
  try {
    body();
    return FLAMBEAU_OK;
  } catch (const Failure& e) {
    t_error = {e.code(), e.what()};
    return std::strcmp(e.code(), "ERR_OUT_OF_MEMORY") == 0 ? FLAMBEAU_OUT_OF_MEMORY
                                                           : FLAMBEAU_FAILED;
  } catch (const std::bad_alloc&) {
    t_error = {"ERR_OUT_OF_MEMORY", "0"};
    return FLAMBEAU_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    t_error = {"ERR_NATIVE", e.what()};
    return FLAMBEAU_FAILED;
  }
}

}  // namespace

const char* known_code(const char* code) {
  for (const char* known : {"ERR_INDEX", "ERR_SHAPE", "ERR_VALUE", "ERR_VIEW", "ERR_OUT_OF_MEMORY",
                            "ERR_DEVICE", "ERR_INTERNAL", "ERR_NATIVE"})
    if (code && std::strcmp(code, known) == 0) return known;
  return "ERR_DEVICE";
}

// Functions of the border that reach into a call.
struct DeviceHost {
  static int output(void* host, int32_t i, const int64_t* strides, int64_t elements,
                    FlambeauTensor* tensor) {
    return guarded([&] {
      Call& call = *static_cast<Call*>(host);
      if (elements > 0 && strides) {
        *tensor = bordered(call.out_spread(i, elements, strides));
      } else {
        *tensor = bordered(strides ? call.out_strided(i, strides) : call.out(i));
      }
    });
  }

  static int temporary(void* host, size_t bytes, void** data) {
    return guarded([&] {
      Call& call = *static_cast<Call*>(host);
      const Shape line{static_cast<int64_t>(bytes)};
      *data = call.wide_.emplace_back(call.make(line, DType::kUInt8)).data;
      call.has_narrow_ = true;  // so that it is let go of with the call
    });
  }

  static int draw(void* host, int32_t generator, uint64_t count, uint64_t* seed, uint64_t* offset) {
    return guarded([&] {
      Generator& from = static_cast<Call*>(host)->context().generator(generator);
      *seed = from.initial_seed();
      *offset = from.draw_on_device(count);
    });
  }

  static void collect() {
    guarded([] {
      Context* const context = Context::of_this_thread();
      if (context && context->collect) context->collect(*context);
    });
  }

  static const char* error(void*, const char** code) {
    if (code) *code = t_error.code.c_str();
    return t_error.text.c_str();
  }
};

const FlambeauHost* device_host() {
  static const FlambeauHost host = {FLAMBEAU_DEVICE_ABI, DeviceHost::output, DeviceHost::temporary,
                                    DeviceHost::draw,    DeviceHost::error,  DeviceHost::collect};
  return &host;
}

void Call::locate(int placement) {
  device_ = nullptr;
  if (!any_device()) return;
  bool found = false;
  const auto look = [&](const Entry* entry) {
    if (!entry) return;
    found = true;
    if (!device_) device_ = device_of(entry->tensor);
  };
  for (const Input& input : inputs_) look(input.entry);
  for (const Output& output : outputs_) look(output.spec.target);
  if (!found) device_ = device_at(placement);
  if (!device_) return;
  for (Input& input : inputs_) {
    if (!input.entry || device_of(input.entry->tensor) == device_) continue;
    if (device_of(input.entry->tensor) || input.entry->tensor.ndim() > 0)
      throw Failure("ERR_DEVICE", "mixed");
    take_as_number(input);
  }
  for (const Output& output : outputs_)
    if (output.spec.target && device_of(output.spec.target->tensor) != device_)
      throw Failure("ERR_DEVICE", "mixed");
}

// A tensor of the processor without axes, among those of a device.
void Call::take_as_number(Input& input) {
  const Tensor& t = input.entry->tensor;
  Number& number = new_number(t.dtype);
  std::memcpy(number.value, t.data, t.item_bytes());
  input.value = with_every_type(t.dtype, [&](auto zero) -> double {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      return formulas::to_float(*t.as<T>());
    } else {
      return static_cast<double>(*t.as<T>());
    }
  });
  input.tensor = &number.tensor;
}

namespace {

// Room for a list that is nearly always short: most calls cross the border without an allocation.
template <class T>
class Room {
 public:
  T* of(int count) {
    if (count <= kFew) return few_;
    many_.resize(static_cast<size_t>(count));
    return many_.data();
  }

 private:
  static constexpr int kFew = 6;
  T few_[kFew];
  std::vector<T> many_;
};

}  // namespace

void Call::run_on_device(int index, const KernelRegistry::Registered& kernel) {
  const FlambeauDevice& kind = device_->kind();
  Room<FlambeauInput> input_room;
  Room<FlambeauOutput> output_room;
  FlambeauInput* const inputs = input_room.of(num_inputs());
  FlambeauOutput* const outputs = output_room.of(num_outputs());
  const FlambeauCall crossing = {this,         inputs,        outputs,      params_.data(),
                                 num_inputs(), num_outputs(), num_params(), device_->index()};
  const auto describe = [&] {
    for (int i = 0; i < num_inputs(); ++i) {
      const Input& input = inputs_[i];
      FlambeauInput& to = inputs[i];
      to = {};
      if (!input.tensor) continue;
      to.tensor = bordered(*input.tensor);
      to.value = input.value;
      to.given = 1;
      to.is_number = !input.tensor->storage;
    }
    for (int i = 0; i < num_outputs(); ++i) {
      const OutputSpec& spec = outputs_[i].spec;
      outputs[i] = {spec.shape.sizes, spec.shape.ndim, static_cast<int32_t>(spec.dtype),
                    static_cast<int32_t>(stored_type(i)), spec.target != nullptr};
    }
  };
  describe();
  int knows = kind.knows(index, &crossing);
  if (knows == FLAMBEAU_NO_KERNEL) throw Failure("ERR_DEVICE", "no kernel on " + device_->name());
  if (knows == FLAMBEAU_ON_THE_HOST) return run_on_host(kernel);
  const bool wide = knows == FLAMBEAU_WIDE_TYPES && has_narrow_;
  if (wide) {
    widen();
    describe();
  }
  device_->check(kind.launch(index, &crossing));
  if (wide) narrow();
}

// On copies in the processor's memory, which then go to the device.
void Call::run_on_host(const KernelRegistry::Registered& kernel) {
  Device* const device = std::exchange(device_, nullptr);
  struct Back {
    Call& call;
    Device* device;
    ~Back() { call.device_ = device; }
  } back{*this, device};
  std::vector<Entry*> targets(outputs_.size(), nullptr);
  // The targets are given back at the end, whatever happens.
  struct Release {
    Context& context;
    std::vector<Entry*>& entries;
    ~Release() {
      for (Entry* entry : entries)
        if (entry) context.release(entry);
    }
  } release{context_, targets};
  const auto to_host = [&](const Tensor& t) {
    int64_t strides[kMaxDims];
    strides_like(t.shape, t, strides);
    Tensor copy = make(t.shape, t.dtype, strides);
    copy_into(copy, t);
    return copy;
  };
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = inputs_[i];
    if (!input.tensor || !device_of(*input.tensor)) continue;
    input.tensor = &wide_.emplace_back(to_host(*input.tensor));
  }
  for (int i = 0; i < num_outputs(); ++i) {
    Output& output = outputs_[i];
    Entry* const target = output.spec.target;
    if (!target) continue;
    targets[i] = target;
    output.entry = nullptr;
    const Tensor* same = nullptr;
    for (const Input& input : inputs_)
      if (input.entry == target) same = input.tensor;
    output.spec.target = output.entry =
        context_.add(same ? Tensor(*same) : to_host(target->tensor));
  }
  const bool narrow_types = has_narrow_ && !(kernel.knows && kernel.knows(*this));
  has_narrow_ = true;  // the copies are let go of with the call
  if (narrow_types) widen();
  kernel.run(*this);
  if (narrow_types) narrow();
  device_ = device;
  for (int i = 0; i < num_outputs(); ++i) {
    Output& output = outputs_[i];
    if (!output.entry) throw Failure("ERR_INTERNAL", "a kernel left an output unwritten");
    Entry* const result = output.entry;
    int64_t strides[kMaxDims];
    strides_like(result->tensor.shape, result->tensor, strides);
    Entry* const moved =
        targets[i] ? std::exchange(targets[i], nullptr)
                   : context_.add(make(result->tensor.shape, result->tensor.dtype, strides));
    output.entry = moved;
    output.spec.target = output.spec.target ? moved : nullptr;
    struct Drop {
      Context& context;
      Entry* entry;
      ~Drop() { context.release(entry); }
    } drop{context_, result};
    copy_into(moved->tensor, result->tensor);
  }
}

}  // namespace flambeau
