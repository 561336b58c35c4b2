#include "memory.h"

#include <mutex>
#include <vector>

#include "device_abi.h"
#include "per_device.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

class CudaDriver : public MemoryDriver {
 public:
  explicit CudaDriver(int device) : device_(device) {}

  void* allocate(size_t bytes) override {
    use_device(device_);
    void* data = nullptr;
    const cudaError_t error = cudaMalloc(&data, bytes);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return nullptr;
    }
    check(error, "cudaMalloc");
    return data;
  }
  void release(void* data) override {
    use_device(device_);
    check(cudaFree(data), "cudaFree");
  }
  size_t total_bytes() override { return memory().total; }
  size_t free_bytes() override { return memory().free; }
  Mark mark(StreamName stream) override {
    use_device(device_);
    cudaEvent_t event;
    if (events_.empty()) {
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    } else {
      event = events_.back();
      events_.pop_back();
    }
    check(cudaEventRecord(event, static_cast<cudaStream_t>(const_cast<void*>(stream))),
          "cudaEventRecord");
    return event;
  }
  bool is_past(Mark mark) override {
    const cudaError_t state = cudaEventQuery(static_cast<cudaEvent_t>(mark));
    if (state == cudaErrorNotReady) {
      cudaGetLastError();
      return false;
    }
    check(state, "cudaEventQuery");
    return true;
  }
  void wait(Mark mark) override {
    check(cudaEventSynchronize(static_cast<cudaEvent_t>(mark)), "cudaEventSynchronize");
  }
  void forget(Mark mark) override { events_.push_back(static_cast<cudaEvent_t>(mark)); }

 private:
  struct Memory {
    size_t free = 0, total = 0;
  };
  Memory memory() {
    use_device(device_);
    Memory memory;
    check(cudaMemGetInfo(&memory.free, &memory.total), "cudaMemGetInfo");
    return memory;
  }

  const int device_;
  std::vector<cudaEvent_t> events_;  // to be used again; the allocator's lock guards them
};

// Can the device read the memory of the other one by itself?
bool reaches(int device, int other) {
  static auto* mutex = new std::mutex;
  static auto* known = new int8_t[FLAMBEAU_MAX_DEVICES][FLAMBEAU_MAX_DEVICES]();
  const std::lock_guard lock(*mutex);
  int8_t& state = known[device][other];
  if (state == 0) {
    int can = 0;
    check(cudaDeviceCanAccessPeer(&can, device, other), "cudaDeviceCanAccessPeer");
    if (can) {
      use_device(device);
      const cudaError_t error = cudaDeviceEnablePeerAccess(other, 0);
      cudaGetLastError();
      can = error == cudaSuccess || error == cudaErrorPeerAccessAlreadyEnabled;
    }
    state = can ? 1 : -1;
  }
  return state > 0;
}

}  // namespace

Allocator& allocator_of(int device) {
  static auto* all = new PerDevice<Allocator>;
  return all->get(device, [](int index) {
    check_device(index);
    return new Allocator(std::make_unique<CudaDriver>(index), "GPU " + std::to_string(index));
  });
}

void copy_across(int to_device, void* to, int from_device, const void* from, size_t bytes) {
  reaches(to_device, from_device);  // without it the driver goes through host memory
  const cudaStream_t target = current_stream(to_device);
  const cudaStream_t source = current_stream(from_device);
  // The target's memory may still be in use there; afterwards its stream waits for the copy.
  Event free(false), arrived(false);
  free.record(to_device, target);
  free.wait(from_device, source);
  use_device(from_device);
  check(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, source),
        "cudaMemcpyPeerAsync");
  arrived.record(from_device, source);
  arrived.wait(to_device, target);
}

}  // namespace flambeau::cuda
