// A kernel is a function of a Call: inputs, numbers, and outputs whose shapes and types were
// decided by the operation's rule in src/ops. Kernels reject whatever would corrupt memory.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "context.h"
#include "devices.h"

namespace flambeau {

// What an output is to be. With `target`, the result is written into that existing tensor.
struct OutputSpec {
  DType dtype = DType::kFloat32;
  Shape shape;
  Entry* target = nullptr;
};

class Call;
using Kernel = void (*)(Call&);
// Does a kernel know the narrow types among the inputs and outputs of this call?
using KnowsTypes = bool (*)(const Call&);

// Kernels by name; the index is what JavaScript passes.
class KernelRegistry {
 public:
  static KernelRegistry& instance();
  struct Registered {
    Kernel run;
    KnowsTypes knows;  // null: knows none of the narrow types
    bool any_device;   // moves elements by copy_into and fill_with only, if at all
  };
  bool add(const char* name, Kernel kernel, KnowsTypes knows = nullptr, bool any_device = false);
  const std::vector<std::string>& names() const { return names_; }
  const Registered& at(int index) const {
    if (index < 0 || index >= static_cast<int>(kernels_.size()))
      throw Failure("ERR_INTERNAL", "no kernel with this index");
    return kernels_[index];
  }

 private:
  std::vector<std::string> names_;
  std::vector<Registered> kernels_;
};

class Call {
 public:
  explicit Call(Context& context) : context_(context) {}
  ~Call() { finish(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // --- what a kernel uses ---
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  // False where an optional input was left out.
  bool has(int i) const { return i >= 0 && i < num_inputs() && inputs_[i].tensor != nullptr; }
  // Input `i`; a number passed in place of a tensor is a tensor without axes.
  const Tensor& in(int i) const {
    if (!has(i)) throw Failure("ERR_INTERNAL", "a kernel asked for an input that was not given");
    return *inputs_[i].tensor;
  }
  // Was input `i` given as a plain number?
  bool is_number(int i) const { return has(i) && inputs_[i].entry == nullptr; }
  // That number as it was given, before it took the precision of a type.
  double number(int i) const {
    if (!is_number(i)) throw Failure("ERR_INTERNAL", "a kernel asked for a number");
    return inputs_[i].value;
  }

  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  const OutputSpec& spec(int i) const { return outputs_[i].spec; }
  // The type in which output `i` will be stored: that of its spec, unless the call was converted to
  // wider types for the kernel (see run).
  DType stored_type(int i) const {
    for (const Narrowed& narrowed : narrowed_)
      if (narrowed.output == i) return narrowed.spec.dtype;
    return spec(i).dtype;
  }
  bool in_place(int i) const { return outputs_[i].spec.target != nullptr; }
  // Output `i`, allocated row-major on first use, or the in-place target with its own strides.
  Tensor& out(int i);
  // The same, with axes in the memory order of `like` (channels-last stays channels-last).
  Tensor& out_like(int i, const Tensor& like);
  // The same, with the given strides (dense).
  Tensor& out_strided(int i, const int64_t* strides);
  // The same, with any strides, in a storage of so many elements, which must hold the shape.
  Tensor& out_spread(int i, int64_t elements, const int64_t* strides);
  // Makes output `i` a view of input `base`: same storage, spec's shape, these strides. The extent
  // is checked against the storage. Offset and strides count elements of spec's type, which is the
  // input's unless the view may read the same bytes as another one.
  void out_view(int i, int base, int64_t offset, const int64_t* strides, bool reinterpret = false);

  int num_params() const { return static_cast<int>(params_.size()); }
  double param(int i) const {
    if (i < 0 || i >= num_params()) throw Failure("ERR_INTERNAL", "a kernel lacks a parameter");
    return params_[i];
  }
  // A whole number; throws where the parameter is not one.
  int64_t integer(int i) const;
  bool flag(int i) const { return param(i) != 0; }

  // The device on which the call takes place; null for the processor.
  Device* device() const { return device_; }
  // Makes outputs and scratch tensors on the device of this ordinal from now on.
  void move_to(int ordinal) { device_ = device_at(ordinal); }

  // A scratch tensor that dies with the call.
  Tensor temporary(const Shape& shape, DType dtype);
  // `t` itself if row-major, else a row-major copy that dies with the call.
  Tensor contiguous(const Tensor& t);
  Context& context() { return context_; }

  // --- what the launcher uses ---
  void add_input(Entry* entry);  // null: left out
  void add_number(double value, DType dtype);
  void add_output(const OutputSpec& spec);
  std::vector<double>& params() { return params_; }
  // Finds out where the call takes place: where its tensors are; without tensors, on the device of
  // `placement`. A tensor of the processor without axes may go along with those of a device. Throws
  // Failure("ERR_DEVICE") for tensors in several places.
  void locate(int placement);
  Entry* input_entry(int i) const { return inputs_[i].entry; }
  // Runs kernel `index`; afterwards each output has an entry with one count for the caller
  // (for an in-place output: the target, counted once more).
  //
  // A kernel that is not registered for the narrow types of this call gets float32 or int32 copies
  // of such inputs and targets, finds float32 or int32 in its specs, and what it leaves there is
  // converted afterwards.
  void run(int index);
  Entry* output_entry(int i) const { return outputs_[i].entry; }
  Entry* take_output(int i);
  void reset();

 private:
  struct Input {
    Entry* entry = nullptr;          // one count; null for a number
    const Tensor* tensor = nullptr;  // what the kernel sees; null where left out
    double value = 0;                // of a number
  };
  struct Number {
    Tensor tensor;  // no storage: data points at `value`
    alignas(8) char value[8] = {};
  };
  struct Output {
    OutputSpec spec;
    Entry* entry = nullptr;  // one count
  };
  // What an output of a narrow type was to be while a kernel writes it in the wide type.
  struct Narrowed {
    int output;
    OutputSpec spec;  // one count of its target
  };
  void finish();
  Output& output(int i);
  Tensor widened(const Tensor& t);
  void widen();
  void narrow();
  void forget_narrow();
  // A new tensor where the call takes place, after making room.
  Tensor make(const Shape& shape, DType dtype, const int64_t* strides = nullptr);
  Number& new_number(DType dtype);
  void take_as_number(Input& input);
  // --- on a device (device_call.cc) ---
  friend struct DeviceHost;
  void run_on_device(int index, const KernelRegistry::Registered& kernel);
  void launch_on_device(int index);
  void run_on_host(const KernelRegistry::Registered& kernel);

  Context& context_;
  Device* device_ = nullptr;
  std::vector<Input> inputs_;
  std::vector<std::unique_ptr<Number>> numbers_;  // kept from call to call
  int used_numbers_ = 0;
  std::vector<Output> outputs_;
  std::vector<double> params_;
  bool has_narrow_ = false;  // is an input or output of a narrow type?
  std::deque<Tensor> wide_;
  std::vector<Narrowed> narrowed_;
};

// FLAMBEAU_KERNEL(matmul) { Tensor& y = call.out(0); … } defines and registers a kernel. It never
// sees float16, bfloat16, int8 or int16, and may not make views: Call::run converts.
#define FLAMBEAU_KERNEL(name) FLAMBEAU_REGISTER_KERNEL(name, nullptr)
// The same for a kernel that knows all types (by with_every_type, or by the size of an element).
#define FLAMBEAU_KERNEL_ALL_TYPES(name) \
  FLAMBEAU_REGISTER_KERNEL(name, [](const ::flambeau::Call&) { return true; })
// The same for a kernel that knows all types if `condition`, an expression of `call`, is true.
#define FLAMBEAU_KERNEL_ALL_TYPES_IF(name, condition) \
  FLAMBEAU_REGISTER_KERNEL(                           \
      name, [](const ::flambeau::Call& call) { return static_cast<bool>(condition); })
// The same for a kernel that knows all types and runs wherever its tensors are: it makes views, or
// moves elements by copy_into and fill_with only.
#define FLAMBEAU_KERNEL_ANY_DEVICE(name) \
  FLAMBEAU_REGISTER_KERNEL(              \
      name, [](const ::flambeau::Call&) { return true; }, true)
#define FLAMBEAU_REGISTER_KERNEL(name, ...)                                          \
  static void name##_kernel(::flambeau::Call& call);                                 \
  [[maybe_unused]] static const bool name##_registered =                             \
      ::flambeau::KernelRegistry::instance().add(#name, name##_kernel, __VA_ARGS__); \
  static void name##_kernel([[maybe_unused]] ::flambeau::Call& call)

// Copies `from` into `to`, converting the type; broadcasts `from` to `to`'s shape. (copy.cc)
void copy_into(const Tensor& to, const Tensor& from);
// As code for all devices calls it.
inline void copy_into(Call&, const Tensor& to, const Tensor& from) { copy_into(to, from); }
// Writes `value`, converted as by a cast, into all elements of `to`. (fill.cc)
void fill_with(const Tensor& to, double value);

}  // namespace flambeau
