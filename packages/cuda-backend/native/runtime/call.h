// A kernel of the device is a function of a Call: inputs, numbers, and outputs whose shapes and
// types were decided by the operation's rule in core. It launches work on stream() and returns at
// once. Kernels reject whatever would corrupt memory, by throwing core's Failure.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "device_abi.h"
#include "failure.h"
#include "fault.h"
#include "launch.h"
#include "layout.h"
#include "portable.h"
#include "properties.h"

namespace flambeau::cuda {

class Graph;
void launch_held_back();  // graph.h

// A strided view of device memory. Tensors that share memory have the same storage.
struct Tensor : Strided {
  const void* storage = nullptr;
  int64_t storage_bytes = 0;
};

// What an output is to be.
struct Spec {
  DType dtype = DType::kFloat32;
  Shape shape;
};

// A place in the Philox stream of a generator: counters of 128 bits from `offset` on.
//
// While a graph is captured the place is not known yet: each replay draws anew, and leaves where it
// is in `live`. Device code therefore begins with `philox = philox.now()`.
struct Philox {
  uint64_t seed = 0;
  uint64_t offset = 0;
  const uint64_t* live = nullptr;  // in device memory: seed, offset to be added

  FLAMBEAU_HD Philox now() const {
    return live ? Philox{live[0], live[1] + offset, nullptr} : *this;
  }
};

class Call {
 public:
  Call(const FlambeauHost& host, const FlambeauCall& call, int kernel);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  int num_inputs() const { return call_.num_inputs; }
  // False where an optional input was left out.
  bool has(int i) const { return i >= 0 && i < num_inputs() && call_.inputs[i].given; }
  // Was input `i` given as a plain number, or as a tensor without axes in host memory?
  bool is_number(int i) const { return has(i) && call_.inputs[i].is_number; }
  // That number as it was given, before it took the precision of a type.
  double number(int i) const;
  // Input `i` in device memory; a number is uploaded when it is first asked for in this way.
  const Tensor& in(int i);
  // The same for conditions of FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF: a number has no memory here.
  const Tensor& in(int i) const {
    const bool known = i >= 0 && i < num_inputs() && slots_->inputs[i].state != Slots::kUnread;
    return known ? slots_->inputs[i].tensor : read(i);
  }

  int num_outputs() const { return call_.num_outputs; }
  const Spec& spec(int i) const;
  // The type in which output `i` will be stored: differs from that of its spec where the call was
  // converted to wider types for the kernel.
  DType stored_type(int i) const;
  // Is output `i` an existing tensor?
  bool in_place(int i) const { return call_.outputs[i].in_place; }
  // Output `i`, allocated row-major on first use, or the in-place target with its own strides.
  Tensor& out(int i);
  // The same, with axes in the memory order of `like` (channels-last stays channels-last).
  Tensor& out_like(int i, const Strided& like);
  // The same, with the given strides (dense).
  Tensor& out_strided(int i, const int64_t* strides);
  // The same, with any strides, in a storage of so many elements, which must hold the shape.
  Tensor& out_spread(int i, int64_t elements, const int64_t* strides);

  int num_params() const { return call_.num_params; }
  double param(int i) const;
  // A whole number; throws where the parameter is not one.
  int64_t integer(int i) const;
  bool flag(int i) const { return param(i) != 0; }

  // Device memory that dies with the call; work already launched may still use it.
  Tensor temporary(const Shape& shape, DType dtype);
  void* scratch(size_t bytes);
  template <class T>
  T* scratch_of(int64_t count) {
    return static_cast<T*>(scratch(sizeof(T) * static_cast<size_t>(count)));
  }
  // `t` itself if row-major, else a row-major copy that dies with the call.
  Tensor contiguous(const Tensor& t);
  // A copy of `bytes` bytes of host memory, which may change once this returns.
  void* upload(const void* data, size_t bytes);

  // Reserves `counters` counters of 128 bits.
  Philox draw(int generator, uint64_t counters);
  // Where device code reports what the host cannot see: report(fault, kFaultIndex, value, bound,
  // position). The failure is raised at the next synchronisation. With the tensor whose values are
  // checked, and the axis that they point into as the user knows it (or kFaultOfTensor,
  // kFaultOfClasses), the message is that of the processor.
  const Fault* fault() const;
  const Fault* fault(const Strided& index, int64_t axis) const;

  // What a kernel computes from the parameters, as device memory where a graph is recorded, whose
  // replays may bring other parameters (the step of an optimizer); null otherwise. `make` gives it
  // from parameters laid out as those of this call. Device code: if (live) value = *live.
  template <class T, class Make>
  const T* live(const Make& make) {
    static_assert(std::is_trivially_copyable_v<T>);
    return static_cast<const T*>(live_bytes(sizeof(T), [make](const double* params, void* bytes) {
      const T value = make(params);
      std::memcpy(bytes, &value, sizeof(T));
    }));
  }
  const double* params() const { return call_.params; }

  int device() const { return call_.index; }
  // Launches what a graph holds back: see current_stream().
  cudaStream_t stream() const {
    if (graph_) launch_held_back();
    return stream_;
  }
  // Must the allocator be told what the call works on? See note_use().
  bool notes() const { return notes_; }
  const Properties& properties() const;
  const char* kernel_name() const;

 private:
  // What inputs and outputs are, once somebody has asked for them. Threads keep such lists from
  // call to call.
  struct Slots {
    enum State : uint8_t { kUnread, kRead, kUploaded };
    struct Input {
      Tensor tensor;
      State state = kUnread;
    };
    struct Output {
      Tensor tensor;
      Spec spec;
      bool made = false;
      bool specified = false;
    };
    std::vector<Input> inputs;
    std::vector<Output> outputs;
  };
  struct OfThread;
  static OfThread& of_thread();

  const Tensor& read(int i) const;
  Tensor& output(int i, const int64_t* strides, int64_t elements);
  void* live_bytes(size_t bytes, std::function<void(const double* params, void* bytes)> remake);

  const FlambeauHost& host_;
  const FlambeauCall& call_;
  const int kernel_;
  cudaStream_t stream_;
  Graph* const graph_;  // that the thread records; null: none
  const bool notes_;
  OfThread& thread_;
  Slots* slots_;
};

// Copies `from` into `to`, converting the type; broadcasts `from` to `to`'s shape. (copy.cu)
void copy_strided(int device, cudaStream_t stream, const Tensor& to, const Tensor& from);
// Writes `value`, converted as by a cast, into all elements of `to`. (fill.cu)
void fill_strided(int device, cudaStream_t stream, const Tensor& to, double value);
// The same on the stream of a call.
inline void copy_into(Call& call, const Tensor& to, const Tensor& from) {
  copy_strided(call.device(), call.stream(), to, from);
}
inline void fill_with(Call& call, const Tensor& to, double value) {
  fill_strided(call.device(), call.stream(), to, value);
}

// Are results to be the same from run to run, even where that is slower? (cuda.deterministic)
bool deterministic();
void set_deterministic(bool on);

using Kernel = void (*)(Call&);
// Does a kernel know the narrow types among the inputs and outputs of this call?
using KnowsTypes = bool (*)(const Call&);

// Kernels by name.
class KernelRegistry {
 public:
  static KernelRegistry& instance();
  struct Registered {
    std::string name;
    Kernel run;
    KnowsTypes knows;  // null: knows none of the narrow types
  };
  bool add(const char* name, Kernel kernel, KnowsTypes knows = nullptr);
  const Registered* find(const std::string& name) const;
  const std::vector<Registered>& all() const { return kernels_; }

 private:
  std::vector<Registered> kernels_;
};

// FLAMBEAU_CUDA_KERNEL(matmul) { Tensor& y = call.out(0); … } defines and registers the kernel that
// core knows by this name. It never sees float16, bfloat16, int8 or int16: core converts.
#define FLAMBEAU_CUDA_KERNEL(name) FLAMBEAU_CUDA_REGISTER(name, nullptr)
// The same for a kernel that knows all types.
#define FLAMBEAU_CUDA_KERNEL_ALL_TYPES(name) \
  FLAMBEAU_CUDA_REGISTER(name, [](const ::flambeau::cuda::Call&) { return true; })
// The same for a kernel that knows all types if `condition`, an expression of `call`, is true.
#define FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(name, condition) \
  FLAMBEAU_CUDA_REGISTER(                                  \
      name, [](const ::flambeau::cuda::Call& call) { return static_cast<bool>(condition); })
#define FLAMBEAU_CUDA_REGISTER(name, ...)                                                  \
  static void name##_kernel(::flambeau::cuda::Call& call);                                 \
  [[maybe_unused]] static const bool name##_registered =                                   \
      ::flambeau::cuda::KernelRegistry::instance().add(#name, name##_kernel, __VA_ARGS__); \
  static void name##_kernel([[maybe_unused]] ::flambeau::cuda::Call& call)

}  // namespace flambeau::cuda
