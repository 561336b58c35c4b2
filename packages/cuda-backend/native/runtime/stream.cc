#include "stream.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "device_abi.h"
#include "failure.h"
#include "fault.h"
#include "graph.h"
#include "per_device.h"
#include "properties.h"

namespace flambeau::cuda {

namespace {

constexpr int kMostDevices = FLAMBEAU_MAX_DEVICES;
constexpr int kStreamsInPool = 32;
constexpr int kPriorities = 8;

// The oldest GPUs that the addon has code for.
constexpr int kLeastMajor = 7;
constexpr int kLeastMinor = 5;

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

struct Devices {
  int count = 0;
  Unavailable why;
};

Devices find_devices() {
  Devices found;
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) {
    for (int index = 0; index < std::min(count, kMostDevices); ++index) {
      int major = 0, minor = 0;
      check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index), "a look");
      check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index), "a look");
      const bool is_old = major < kLeastMajor || (major == kLeastMajor && minor < kLeastMinor);
      if (!is_old) {
        found.count = index + 1;
      } else if (found.count == 0) {
        found.why = {"GPU " + std::to_string(index) + " has compute capability " +
                         std::to_string(major) + "." + std::to_string(minor) +
                         ", and flambeau needs 7.5 or later (Turing, 2018)",
                     "use a newer GPU, or put it first with CUDA_VISIBLE_DEVICES"};
      }
    }
    if (found.count > 0) found.why = {};
    return found;
  }
  cudaGetLastError();  // forget it
  int driver = 0, runtime = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
  if (cudaRuntimeGetVersion(&runtime) != cudaSuccess) runtime = 0;
  cudaGetLastError();
  if (error == cudaErrorInsufficientDriver && driver == 0) {
    found.why = {"there is no NVIDIA driver: the library libcuda.so.1 was not found",
                 "install the driver of the GPU; in a container, start it with access to the GPUs "
                 "(docker run --gpus all)"};
  } else if (error == cudaErrorInsufficientDriver) {
    found.why = {"the NVIDIA driver is too old: it supports CUDA " + version_text(driver) +
                     ", and this build of flambeau needs " + version_text(runtime),
                 driver < 12000
                     ? "update the driver: 525 or newer supports CUDA 12, 580 or newer "
                       "CUDA 13"
                     : "update the driver, or build the addon with the toolkit of CUDA " +
                           version_text(driver)};
  } else if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    found.why = {"the NVIDIA driver finds no GPU",
                 "look at what nvidia-smi says, and at the environment variable "
                 "CUDA_VISIBLE_DEVICES, which may hide GPUs"};
  } else {
    found.why = {
        std::string("CUDA does not start: ") + cudaGetErrorString(error) + " (" +
            cudaGetErrorName(error) + ")",
        "look at what nvidia-smi says; after an update of the driver, restart the machine"};
  }
  return found;
}

const Devices& devices() {
  static const auto* found = new Devices(find_devices());
  return *found;
}

struct Streams {
  cudaStream_t main = nullptr;
  std::mutex mutex;
  std::vector<cudaStream_t> pool[kPriorities];
  int next[kPriorities] = {};
};

Streams* make_streams(int device) {
  use_device(device);
  auto made = std::make_unique<Streams>();
  check(cudaStreamCreateWithFlags(&made->main, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return made.release();
}

Streams& streams_of(int device) {
  static auto* all = new PerDevice<Streams>;
  return all->get(device, make_streams);
}

std::atomic<bool> many{false};

struct Chosen {
  int device = 0;                        // what 'cuda' means
  int used = -1;                         // what cudaSetDevice was told
  cudaStream_t streams[kMostDevices]{};  // null: the default one
};
thread_local Chosen chosen;

}  // namespace

int device_count() { return devices().count; }

const Unavailable& why_unavailable() { return devices().why; }

void check_device(int index) {
  if (index >= 0 && index < device_count()) return;
  throw Failure("ERR_VALUE", "there is no GPU " + std::to_string(index) + ", only " +
                                 std::to_string(device_count()));
}

void use_device(int index) {
  if (chosen.used == index) return;
  check_device(index);
  check(cudaSetDevice(index), "cudaSetDevice");
  chosen.used = index;
}

int current_device() { return chosen.device; }

void set_current_device(int index) {
  check_device(index);
  chosen.device = index;
}

cudaStream_t default_stream(int device) { return streams_of(device).main; }

cudaStream_t current_stream(int device) {
  launch_held_back();
  return stream_in_use(device);
}

cudaStream_t stream_in_use(int device) {
  const cudaStream_t stream = chosen.streams[device];
  return stream ? stream : default_stream(device);
}

void set_current_stream(int device, cudaStream_t stream) {
  check_device(device);
  chosen.streams[device] = stream == default_stream(device) ? nullptr : stream;
}

std::pair<int, int> priority_range(int device) {
  use_device(device);
  int least = 0, greatest = 0;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "cudaDeviceGetStreamPriorityRange");
  return {least, greatest};
}

cudaStream_t pooled_stream(int device, int priority) {
  check_device(device);
  const auto [least, greatest] = priority_range(device);
  const int level = std::min(std::clamp(priority, greatest, least) - greatest, kPriorities - 1);
  Streams& streams = streams_of(device);
  std::lock_guard lock(streams.mutex);
  std::vector<cudaStream_t>& pool = streams.pool[level];
  if (pool.size() < kStreamsInPool) {
    cudaStream_t stream;
    check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest + level),
          "cudaStreamCreateWithPriority");
    pool.push_back(stream);
    many = true;
    return stream;
  }
  return pool[streams.next[level]++ % kStreamsInPool];
}

bool many_streams() { return many.load(std::memory_order_relaxed); }

Event::~Event() {
  if (event_) cudaEventDestroy(event_);
}

void Event::record(int device, cudaStream_t stream) {
  use_device(device);
  if (event_ && device_ != device)
    throw Failure("ERR_VALUE", "the event belongs to GPU " + std::to_string(device_) +
                                   ", and the stream to GPU " + std::to_string(device));
  if (!event_) {
    check(cudaEventCreateWithFlags(&event_, timing_ ? cudaEventDefault : cudaEventDisableTiming),
          "cudaEventCreateWithFlags");
    device_ = device;
  }
  check(cudaEventRecord(event_, stream), "cudaEventRecord");
}

void Event::wait(int device, cudaStream_t stream) const {
  if (!event_) return;
  use_device(device);
  check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
}

bool Event::query() const {
  if (!event_) return true;
  refuse_while_capturing("Event.query");
  const cudaError_t state = cudaEventQuery(event_);
  if (state == cudaErrorNotReady) {
    cudaGetLastError();
    return false;
  }
  check(state, "cudaEventQuery");
  return true;
}

void Event::synchronize() const {
  if (!event_) return;
  refuse_while_capturing("Event.synchronize");
  check(cudaEventSynchronize(event_), "cudaEventSynchronize");
  raise_fault(device_);
}

float Event::elapsed(const Event& end) const {
  if (!timing_ || !end.timing_)
    throw Failure("ERR_VALUE", "an event keeps time only if made with { enableTiming: true }");
  if (!event_ || !end.event_) throw Failure("ERR_VALUE", "both events must have been recorded");
  if (!query() || !end.query())
    throw Failure("ERR_VALUE", "the work before an event has not been done yet");
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, event_, end.event_), "cudaEventElapsedTime");
  return milliseconds;
}

void synchronize_stream(int device, cudaStream_t stream, const char* call) {
  refuse_while_capturing(call);
  use_device(device);
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  raise_fault(device);
}

namespace {

// Those that no other thread captures: waiting for the device as a whole would spoil its capture.
void synchronize_idle_streams(int device) {
  std::vector<cudaStream_t> all = {default_stream(device)};
  Streams& streams = streams_of(device);
  {
    const std::lock_guard lock(streams.mutex);
    for (const auto& pool : streams.pool) all.insert(all.end(), pool.begin(), pool.end());
  }
  for (cudaStream_t stream : all) {
    cudaStreamCaptureStatus state = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream, &state), "cudaStreamIsCapturing");
    if (state == cudaStreamCaptureStatusNone)
      check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }
}

}  // namespace

void synchronize_device(int device, const char* call) {
  refuse_while_capturing(call);
  use_device(device);
  if (Graph::any_capture(device)) {
    synchronize_idle_streams(device);
  } else {
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  raise_fault(device);
}

}  // namespace flambeau::cuda
