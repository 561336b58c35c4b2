// What is put into streams: copies, launches, and graphs of them.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

std::unordered_map<const void*, size_t>& shared_limits() {
  static std::unordered_map<const void*, size_t> limits;
  return limits;
}

const char* name_of(cudaMemcpyKind kind) {
  switch (kind) {
    case cudaMemcpyHostToHost: return "from host to host";
    case cudaMemcpyHostToDevice: return "from host to device";
    case cudaMemcpyDeviceToHost: return "from device to host";
    case cudaMemcpyDeviceToDevice: return "within devices";
    default: return "of any kind";
  }
}

// Checks that a side of a copy is what `kind` says; empty if so.
std::string wrong_side(const char* side, const void* data, size_t bytes, bool on_device) {
  if (!data) return std::string(side) + " is null";
  const bool inside = device_of(data, bytes) >= 0;
  if (on_device && !inside)
    return std::string(side) +
           (touches_device(data, bytes) ? " exceeds its allocation" : " is not memory of a device");
  if (!on_device && touches_device(data, bytes))
    return std::string(side) + " is memory of a device";
  return "";
}

// Both sides, and the kind that is meant by cudaMemcpyDefault.
std::string wrong_copy(const void* to, const void* from, size_t bytes, cudaMemcpyKind* kind) {
  if (*kind == cudaMemcpyDefault) {
    const bool to_device = device_of(to, bytes) >= 0;
    const bool from_device = device_of(from, bytes) >= 0;
    *kind = to_device ? (from_device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice)
                      : (from_device ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost);
  }
  const bool to_device = *kind == cudaMemcpyHostToDevice || *kind == cudaMemcpyDeviceToDevice;
  const bool from_device = *kind == cudaMemcpyDeviceToHost || *kind == cudaMemcpyDeviceToDevice;
  std::string reason = wrong_side("the target", to, bytes, to_device);
  if (reason.empty()) reason = wrong_side("the source", from, bytes, from_device);
  if (reason.empty()) return reason;
  return "a copy " + std::string(name_of(*kind)) + " of " + std::to_string(bytes) +
         " bytes: " + reason;
}

// Puts a copy of rows into a stream; pitches are bytes from one row to the next.
cudaError_t copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                      size_t height, cudaMemcpyKind kind, cudaStream_t handle) {
  if (const cudaError_t error = usable()) return error;
  CUstream_st* stream = stream_of(handle);
  if (!stream) return failed(cudaErrorInvalidResourceHandle);
  if (width == 0 || height == 0) return cudaSuccess;
  if (to_pitch < width || from_pitch < width) return failed(cudaErrorInvalidValue);
  const size_t to_bytes = (height - 1) * to_pitch + width;
  const size_t from_bytes = (height - 1) * from_pitch + width;
  std::string reason = wrong_copy(to, from, std::min(to_bytes, from_bytes), &kind);
  if (reason.empty() && to_bytes > from_bytes)
    reason = wrong_side("the target", to, to_bytes,
                        kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice);
  if (reason.empty() && from_bytes > to_bytes)
    reason = wrong_side("the source", from, from_bytes,
                        kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice);
  if (!reason.empty()) return failed(cudaErrorInvalidValue, reason);

  if (settings().trace) std::fprintf(stderr, "copy %s: %zu bytes\n", name_of(kind), width * height);

  // Memory that is not pinned goes through a buffer: what is sent is read at once, and what is
  // fetched has arrived when the call returns.
  std::shared_ptr<std::vector<char>> staged;
  const bool reads_host = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyHostToHost;
  const bool writes_host = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyHostToHost;
  const char* source = static_cast<const char*>(from);
  if (reads_host && settings().asynchronous && !stream->capture && !is_pinned(from, from_bytes)) {
    staged = std::make_shared<std::vector<char>>(source, source + from_bytes);
    source = staged->data();
  }
  const cudaError_t error = enqueue(stream, [=] {
    static_cast<void>(staged);
    for (size_t row = 0; row < height; ++row)
      std::memmove(static_cast<char*>(to) + row * to_pitch, source + row * from_pitch, width);
    return cudaSuccess;
  });
  if (error != cudaSuccess || stream->capture) return error;
  return writes_host && !is_pinned(to, to_bytes) ? cudaStreamSynchronize(handle) : cudaSuccess;
}

cudaError_t copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                 cudaStream_t stream) {
  return copy_rows(to, bytes, from, bytes, bytes, 1, kind, stream);
}

uint64_t threads_of(dim3 block) { return uint64_t{block.x} * block.y * block.z; }

std::string wrong_launch(const Launch& launch, cudaError_t* error) {
  const dim3 grid = launch.grid;
  const dim3 block = launch.block;
  const auto extent = [](dim3 e) {
    return "(" + std::to_string(e.x) + ", " + std::to_string(e.y) + ", " + std::to_string(e.z) +
           ")";
  };
  *error = cudaErrorInvalidConfiguration;
  if (threads_of(block) == 0 || threads_of(block) > 1024 || block.x > 1024 || block.y > 1024 ||
      block.z > 64)
    return "blocks of " + extent(block) + " threads; 1024 at the most, and 64 along z";
  if (threads_of(grid) == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
    return "a grid of " + extent(grid) +
           " blocks; 65535 at the most along y and z, and no axis empty";
  *error = cudaErrorInvalidValue;
  const size_t limit = allowed_shared(launch.kernel);
  if (launch.shared_bytes > limit)
    return std::to_string(launch.shared_bytes) + " bytes of shared memory; " +
           std::to_string(limit) + " at the most, " +
           (limit > kShared ? "as was asked for" : "unless cudaFuncSetAttribute asks for more");
  *error = cudaSuccess;
  return "";
}

// Is the launch to fail (Settings::faulty)?
bool is_planted(const Launch& launch) {
  if (settings().faulty.empty() || settings().faulty == "*") return !settings().faulty.empty();
  const char* const slash = std::strrchr(launch.at.file_name(), '/');
  return settings().faulty == (slash ? slash + 1 : launch.at.file_name());
}

cudaError_t planted_fault(const Launch& launch) {
  if (settings().fault == "skip") return cudaSuccess;
  while (settings().fault == "hang") std::this_thread::sleep_for(std::chrono::seconds(1));
  set_failure("a fault was planted in launches of " + settings().faulty + ", here at line " +
              std::to_string(launch.at.line()));
  return lose(cudaErrorIllegalAddress);
}

}  // namespace

size_t allowed_shared(const void* kernel) {
  const auto it = shared_limits().find(kernel);
  return it == shared_limits().end() ? kShared : std::max(kShared, it->second);
}

cudaError_t launch(Launch launch, cudaStream_t handle) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  CUstream_st* stream = stream_of(handle);
  if (!stream) return failed(cudaErrorInvalidResourceHandle);
  if (stream->device != current_device())
    return failed(cudaErrorInvalidResourceHandle,
                  "a launch into a stream of device " + std::to_string(stream->device) +
                      " while device " + std::to_string(current_device()) + " is current");
  cudaError_t error = cudaSuccess;
  const std::string reason = wrong_launch(launch, &error);
  if (!reason.empty())
    return failed(error, "the launch at " + std::string(launch.at.file_name()) + ":" +
                             std::to_string(launch.at.line()) + " asks for " + reason);
  if (settings().trace)
    std::fprintf(stderr, "launch %s of %s: blocks %u %u %u of %llu threads\n",
                 launch.at.function_name(), std::strrchr(launch.at.file_name(), '/') + 1,
                 launch.grid.x, launch.grid.y, launch.grid.z,
                 static_cast<unsigned long long>(threads_of(launch.block)));
  // Shared, since graphs and queues copy their work.
  auto shared = std::make_shared<Launch>(std::move(launch));
  return enqueue(stream, [shared] {
    if (is_planted(*shared)) return planted_fault(*shared);
    const cudaError_t error = run_kernel(*shared);
    return error == cudaSuccess ? error : lose(error);
  });
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

// --- copies ---

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const Guard guard(lock());
  return copy(to, from, bytes, kind, stream);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const Guard guard(lock());
  if (const cudaError_t error = outside_capture()) return error;
  if (const cudaError_t error = copy(to, from, bytes, kind, nullptr)) return error;
  return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream) {
  const Guard guard(lock());
  return copy_rows(to, to_pitch, from, from_pitch, width, height, kind, stream);
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device,
                                size_t bytes, cudaStream_t stream) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (bytes > 0 && (device_of(to, bytes) != to_device || device_of(from, bytes) != from_device))
    return failed(cudaErrorInvalidValue, "a copy from device " + std::to_string(from_device) +
                                             " to device " + std::to_string(to_device) +
                                             " of what is not in their memory");
  return copy(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

cudaError_t cudaMemcpyPeer(void* to, int to_device, const void* from, int from_device,
                           size_t bytes) {
  const Guard guard(lock());
  if (const cudaError_t error = outside_capture()) return error;
  return cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t handle) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  CUstream_st* stream = stream_of(handle);
  if (!stream) return failed(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return cudaSuccess;
  const std::string reason =
      is_pinned(data, bytes) ? "" : wrong_side("the target", data, bytes, true);
  if (!reason.empty()) return failed(cudaErrorInvalidValue, "cudaMemset: " + reason);
  if (settings().trace) std::fprintf(stderr, "memset: %zu bytes\n", bytes);
  return enqueue(stream, [=] {
    std::memset(data, value, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaMemset(void* data, int value, size_t bytes) {
  const Guard guard(lock());
  if (const cudaError_t error = outside_capture()) return error;
  return cudaMemsetAsync(data, value, bytes, nullptr);
}

// --- kernels ---

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<size_t>(value) > kMaxShared) return failed(cudaErrorInvalidValue);
  shared_limits()[kernel] = static_cast<size_t>(value);
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->ptxVersion = attributes->binaryVersion = 90;
  attributes->maxDynamicSharedSizeBytes = static_cast<int>(allowed_shared(kernel));
  return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int block_size,
                                                          size_t shared_bytes) {
  if (const cudaError_t error = usable()) return error;
  if (block_size < 1 || block_size > 1024) return failed(cudaErrorInvalidValue);
  const int by_threads = std::min(32, 2048 / block_size);
  const auto by_shared = static_cast<int>((size_t{228} << 10) / (shared_bytes + 1024));
  *blocks = std::min(by_threads, by_shared);
  return cudaSuccess;
}

// --- graphs ---

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  if (!graph || nodes) return failed(cudaErrorInvalidValue);
  *count = graph->nodes.size();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  const Guard guard(lock());
  if (!graph) return failed(cudaErrorInvalidValue);
  *executable = new CUgraphExec_st{std::make_shared<const std::vector<Work>>(graph->nodes)};
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t executable, cudaStream_t stream) {
  const Guard guard(lock());
  return executable && stream_of(stream) ? cudaSuccess : failed(cudaErrorInvalidValue);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t handle) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (!executable) return failed(cudaErrorInvalidValue);
  CUstream_st* stream = stream_of(handle);
  if (!stream) return failed(cudaErrorInvalidResourceHandle);
  return enqueue(stream, [nodes = executable->nodes] {
    for (const Work& node : *nodes)
      if (const cudaError_t error = node()) return error;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  if (!executable) return failed(cudaErrorInvalidValue);
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  if (!graph) return failed(cudaErrorInvalidValue);
  delete graph;
  return cudaSuccess;
}
