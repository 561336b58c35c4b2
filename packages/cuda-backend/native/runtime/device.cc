// The table of functions that core calls. Whatever is thrown stops here and becomes a status.
#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "border.h"
#include "graph.h"
#include "hold.h"
#include "kernels.h"
#include "memory.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

struct LastError {
  std::string text;
  const char* code = "ERR_DEVICE";
};
thread_local LastError t_error;

template <class Body>
int guarded(const Body& body) noexcept {
  try {
    body();
    return FLAMBEAU_OK;
  } catch (const OutOfMemory& lack) {
    t_error.code = "ERR_OUT_OF_MEMORY";
    t_error.text = lack.text;
    return FLAMBEAU_OUT_OF_MEMORY;
  } catch (const Failure& failure) {
    t_error.code = failure.code();
    t_error.text = failure.what();
  } catch (const std::bad_alloc&) {
    t_error.code = "ERR_OUT_OF_MEMORY";
    t_error.text = "the memory of the processor is used up";
  } catch (const std::exception& error) {
    t_error.code = "ERR_NATIVE";
    t_error.text = error.what();
  } catch (...) {
    t_error.code = "ERR_NATIVE";
    t_error.text = "something unknown was thrown";
  }
  return FLAMBEAU_FAILED;
}

int connect(const FlambeauHost* host, const char* const* kernels, int32_t count) {
  return guarded([&] { connect_kernels(host, kernels, count); });
}

int allocate(int32_t index, size_t bytes, void** data) {
  return guarded([&] { *data = allocator_of(index).allocate(bytes, stream_in_use(index)); });
}

void deallocate(int32_t index, void* data) {
  guarded([&] {
    if (Graph* graph = recording()) graph->forget(data);
    allocator_of(index).deallocate(data);
  });
}

const KnownKernel& known_kernel(int32_t kernel) {
  const std::vector<KnownKernel>& kernels = known_kernels();
  if (kernel < 0 || kernel >= static_cast<int32_t>(kernels.size()))
    throw Failure("ERR_INTERNAL", "no kernel with this number");
  return kernels[kernel];
}

bool has_narrow_type(const FlambeauCall& call) {
  for (int i = 0; i < call.num_inputs; ++i)
    if (call.inputs[i].given && is_narrow(static_cast<DType>(call.inputs[i].tensor.dtype)))
      return true;
  for (int i = 0; i < call.num_outputs; ++i)
    if (is_narrow(static_cast<DType>(call.outputs[i].dtype))) return true;
  return false;
}

int knows(int32_t kernel, const FlambeauCall* call) {
  int answer = FLAMBEAU_NO_KERNEL;
  guarded([&] {
    const KnownKernel& known = known_kernel(kernel);
    if (!known.here) {
      answer = known.on_host ? FLAMBEAU_ON_THE_HOST : FLAMBEAU_NO_KERNEL;
      return;
    }
    answer = FLAMBEAU_ANY_TYPES;
    if (!has_narrow_type(*call)) return;
    const Call view(host(), *call, kernel);
    if (!known.here->knows || !known.here->knows(view)) answer = FLAMBEAU_WIDE_TYPES;
  });
  return answer;
}

int launch(int32_t kernel, const FlambeauCall* call) {
  return guarded([&] {
    const KnownKernel& known = known_kernel(kernel);
    if (!known.here)
      throw Failure("ERR_DEVICE", "there is no kernel '" + known.name + "' for GPUs");
    if (g_tracing) trace_kernel(known.name.c_str());
    use_device(call->index);
    Call running(host(), *call, kernel);
    if (running.notes()) {
      for (int i = 0; i < call->num_inputs; ++i)
        if (running.has(i) && !running.is_number(i))
          note_use(call->index, stream_in_use(call->index), running.in(i));
    }
    known.here->run(running);
  });
}

int copy(int32_t index, const FlambeauTensor* to, const FlambeauTensor* from) {
  return guarded([&] {
    use_device(index);
    const Tensor target = unbordered(*to), source = unbordered(*from);
    if (needs_notes()) {
      note_use(index, stream_in_use(index), target);
      note_use(index, stream_in_use(index), source);
    }
    if (Graph* graph = holding_back(index); graph && hold_copy(*graph, target, source)) return;
    copy_strided(index, current_stream(index), target, source);
  });
}

int fill(int32_t index, const FlambeauTensor* to, double value) {
  return guarded([&] {
    use_device(index);
    const Tensor target = unbordered(*to);
    if (needs_notes()) note_use(index, stream_in_use(index), target);
    if (Graph* graph = holding_back(index); graph && hold_fill(*graph, target, value)) return;
    fill_strided(index, current_stream(index), target, value);
  });
}

// Tells the allocator of a piece of memory that is only a place.
void note_place(int index, const void* data) {
  if (index < 0 || !needs_notes()) return;
  Tensor place;
  place.data = static_cast<char*>(const_cast<void*>(data));
  note_use(index, stream_in_use(index), place);
}

int transfer(void* to, int32_t to_index, const void* from, int32_t from_index, size_t bytes) {
  return guarded([&] {
    if (bytes == 0) return;
    note_place(to_index, to);
    note_place(from_index, from);
    if (to_index < 0 && from_index < 0) {
      std::memcpy(to, from, bytes);
    } else if (to_index < 0) {
      refuse_while_capturing("a copy to the processor's memory");
      use_device(from_index);
      download(from_index, current_stream(from_index), to, from, bytes);
      raise_fault(from_index);
    } else if (from_index < 0) {
      refuse_while_capturing("a copy from the processor's memory");
      use_device(to_index);
      upload(to_index, current_stream(to_index), to, from, bytes);
    } else if (to_index == from_index) {
      use_device(to_index);
      check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, current_stream(to_index)),
            "cudaMemcpyAsync");
    } else {
      if (recording())
        throw Failure("ERR_VALUE", "a copy from one GPU to another cannot be captured");
      copy_across(to_index, to, from_index, from, bytes);
    }
  });
}

int synchronize(int32_t index) {
  return guarded([&] { synchronize_device(index, "synchronize"); });
}

const char* error(const char** code) {
  if (code) *code = t_error.code;
  return t_error.text.c_str();
}

}  // namespace

void unborder(const FlambeauTensor& from, Tensor& to) {
  if (from.ndim < 0 || from.ndim > kMaxDims)
    throw Failure("ERR_INTERNAL", "a tensor has too many axes");
  to.data = static_cast<char*>(from.data);
  to.dtype = static_cast<DType>(from.dtype);
  to.shape.ndim = from.ndim;
  for (int i = 0; i < from.ndim; ++i) {
    to.shape.sizes[i] = from.sizes[i];
    to.strides[i] = from.strides[i];
  }
  to.storage = from.storage;
  to.storage_bytes = from.storage_bytes;
}

bool needs_notes() { return many_streams() || recording(); }

void note_use(int device, cudaStream_t stream, const Tensor& tensor) {
  if (!tensor.data) return;
  Allocator& allocator = allocator_of(device);
  if (many_streams()) allocator.record_use(tensor.data, stream);
  if (Graph* graph = recording()) allocator.hold(tensor.data, graph->pool());
}

const FlambeauDevice* device_table() {
  static const FlambeauDevice table = {FLAMBEAU_DEVICE_ABI,
                                       device_count(),
                                       "cuda",
                                       connect,
                                       allocate,
                                       deallocate,
                                       knows,
                                       launch,
                                       copy,
                                       fill,
                                       transfer,
                                       synchronize,
                                       error};
  return &table;
}

}  // namespace flambeau::cuda
