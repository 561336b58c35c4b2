// A kernel is a function of a Call: inputs, numbers, and outputs whose shapes and types were
// decided by the operation's rule in src/ops. Kernels reject whatever would corrupt memory.
#pragma once

#include <string>
#include <vector>

#include "context.h"

namespace flambeau {

// What an output is to be. With `target`, the result is written into that existing tensor.
struct OutputSpec {
  DType dtype = DType::kFloat32;
  Shape shape;
  Entry* target = nullptr;
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
  bool has(int i) const {
    return i >= 0 && i < num_inputs() && (inputs_[i].entry != nullptr || inputs_[i].number >= 0);
  }
  // Input `i`; a number passed in place of a tensor is a tensor without axes.
  const Tensor& in(int i) const {
    if (!has(i)) throw Failure("ERR_INTERNAL", "a kernel asked for an input that was not given");
    const Input& input = inputs_[i];
    return input.entry ? input.entry->tensor : numbers_[input.number]->tensor;
  }
  // Was input `i` given as a plain number?
  bool is_number(int i) const { return has(i) && inputs_[i].entry == nullptr; }

  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  const OutputSpec& spec(int i) const { return outputs_[i].spec; }
  bool in_place(int i) const { return outputs_[i].spec.target != nullptr; }
  // Output `i`, allocated row-major on first use, or the in-place target with its own strides.
  Tensor& out(int i);
  // The same, with axes in the memory order of `like` (channels-last stays channels-last).
  Tensor& out_like(int i, const Tensor& like);
  // The same, with the given strides (dense).
  Tensor& out_strided(int i, const int64_t* strides);
  // Makes output `i` a view of input `base`: same storage, spec's shape, these strides. The extent
  // is checked against the storage.
  void out_view(int i, int base, int64_t offset, const int64_t* strides);

  int num_params() const { return static_cast<int>(params_.size()); }
  double param(int i) const {
    if (i < 0 || i >= num_params()) throw Failure("ERR_INTERNAL", "a kernel lacks a parameter");
    return params_[i];
  }
  // A whole number; throws where the parameter is not one.
  int64_t integer(int i) const;
  bool flag(int i) const { return param(i) != 0; }

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
  Entry* input_entry(int i) const { return inputs_[i].entry; }
  // Runs kernel `index`; afterwards each output has an entry with one count for the caller
  // (for an in-place output: the target, counted once more).
  void run(int index);
  Entry* output_entry(int i) const { return outputs_[i].entry; }
  Entry* take_output(int i);
  void reset();

 private:
  struct Input {
    Entry* entry = nullptr;  // one count
    int number = -1;         // index in numbers_
  };
  struct Number {
    Tensor tensor;  // no storage: data points at `value`
    alignas(8) char value[8] = {};
  };
  struct Output {
    OutputSpec spec;
    Entry* entry = nullptr;  // one count
  };
  void finish();
  Output& output(int i);

  Context& context_;
  std::vector<Input> inputs_;
  std::vector<std::unique_ptr<Number>> numbers_;  // kept from call to call
  int used_numbers_ = 0;
  std::vector<Output> outputs_;
  std::vector<double> params_;
};

using Kernel = void (*)(Call&);

// Kernels by name; the index is what JavaScript passes.
class KernelRegistry {
 public:
  static KernelRegistry& instance();
  bool add(const char* name, Kernel kernel);
  const std::vector<std::string>& names() const { return names_; }
  Kernel at(int index) const {
    if (index < 0 || index >= static_cast<int>(kernels_.size()))
      throw Failure("ERR_INTERNAL", "no kernel with this index");
    return kernels_[index];
  }

 private:
  std::vector<std::string> names_;
  std::vector<Kernel> kernels_;
};

// FLAMBEAU_KERNEL(matmul) { Tensor& y = call.out(0); … } defines and registers a kernel.
#define FLAMBEAU_KERNEL(name)                                           \
  static void name##_kernel(::flambeau::Call& call);                    \
  [[maybe_unused]] static const bool name##_registered =                \
      ::flambeau::KernelRegistry::instance().add(#name, name##_kernel); \
  static void name##_kernel([[maybe_unused]] ::flambeau::Call& call)

// Copies `from` into `to`, converting the type; broadcasts `from` to `to`'s shape. (copy.cc)
void copy_into(const Tensor& to, const Tensor& from);

}  // namespace flambeau
