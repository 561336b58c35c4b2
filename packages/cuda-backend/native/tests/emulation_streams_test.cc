// The emulation of the device: memory, copies, streams, events, captures, and several devices.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "device_array.h"

namespace flambeau::cuda {
namespace {

using emulation::last_failure;

// A stream that is destroyed with this object.
struct Stream {
  cudaStream_t handle = nullptr;
  explicit Stream(unsigned flags = cudaStreamNonBlocking) {
    check(cudaStreamCreateWithFlags(&handle, flags), "cudaStreamCreateWithFlags");
  }
  ~Stream() { cudaStreamDestroy(handle); }
  operator cudaStream_t() const { return handle; }  // NOLINT(google-explicit-constructor)
};
struct Event {
  cudaEvent_t handle = nullptr;
  explicit Event(unsigned flags = cudaEventDefault) {
    check(cudaEventCreateWithFlags(&handle, flags), "cudaEventCreateWithFlags");
  }
  ~Event() { cudaEventDestroy(handle); }
  operator cudaEvent_t() const { return handle; }  // NOLINT(google-explicit-constructor)
};
// Pinned memory of the host.
struct Pinned {
  int* data = nullptr;
  explicit Pinned(size_t count) {
    check(cudaHostAlloc(&data, count * sizeof(int), cudaHostAllocMapped), "cudaHostAlloc");
  }
  ~Pinned() { cudaFreeHost(data); }
};

__global__ void add(int* x, int value) { x[threadIdx.x] += value; }
__global__ void twice(int* x) { x[threadIdx.x] *= 2; }

#if !defined(__SANITIZE_ADDRESS__)  // which ends the process at such a write
__global__ void poke(char* x, int at) { x[at] = 1; }

TEST_CASE("writes next to an allocation are found when it is freed") {
  const Changed quiet;
  for (const int at : {-1, -300, 100, 600}) {
    char* data = nullptr;
    REQUIRE(cudaMalloc(&data, 100) == cudaSuccess);
    launch(poke, 1, 1, 0, nullptr, data, at);
    CHECK(cudaFree(data) == cudaErrorIllegalAddress);
    CHECK(contains(last_failure(), "byte " + std::to_string(at) + " of an allocation of 100"));
  }
  cudaGetLastError();
}

TEST_CASE("memory of a device can be kept from the host") {
  const Changed quiet;
  DeviceArray<int> device(std::vector<int>{41});
  for (const bool protect : {true, false}) {
    const pid_t child = fork();
    if (child == 0) {
      std::signal(SIGSEGV, SIG_DFL);
      close(STDERR_FILENO);
      emulation::settings().protect = protect;
      launch(add, 1, 1, 0, nullptr, device.data(), 1);
      _exit(*const_cast<volatile int*>(device.data()));
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) == protect);
    if (!protect) CHECK(WEXITSTATUS(status) == 42);
  }
}
#endif

TEST_CASE("memory has an end, and is given back") {
  const Changed quiet;
  size_t before = 0;
  size_t total = 0;
  REQUIRE(cudaMemGetInfo(&before, &total) == cudaSuccess);
  const size_t limit = total - before + (1 << 20);  // a megabyte more than others have taken
  emulation::settings().memory = limit;
  REQUIRE(cudaMemGetInfo(&before, &total) == cudaSuccess);
  CHECK(total == limit);
  CHECK(before == 1 << 20);
  std::vector<char*> parts;
  for (;;) {
    char* data = nullptr;
    if (cudaMalloc(&data, 100 << 10) != cudaSuccess) break;
    CHECK(reinterpret_cast<uintptr_t>(data) % 256 == 0);
    parts.push_back(data);
  }
  CHECK(parts.size() == before / (100 << 10));
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  for (size_t i = 0; i < parts.size(); i += 2) CHECK(cudaFree(parts[i]) == cudaSuccess);
  for (size_t i = 1; i < parts.size(); i += 2) CHECK(cudaFree(parts[i]) == cudaSuccess);
  size_t after = 0;
  REQUIRE(cudaMemGetInfo(&after, &total) == cudaSuccess);
  CHECK(after == before);
  char* all = nullptr;
  CHECK(cudaMalloc(&all, before) == cudaSuccess);  // in one piece again
  CHECK(cudaFree(all) == cudaSuccess);
  CHECK(cudaFree(all) == cudaErrorInvalidValue);
  cudaGetLastError();
}

TEST_CASE("copies know the memory of devices from that of the host") {
  const Changed quiet;
  DeviceArray<int> device(std::vector<int>{1, 2, 3, 4});
  DeviceArray<int> other(4);
  int host[4] = {};
  const auto copy = [](void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    const cudaError_t error = cudaMemcpy(to, from, bytes, kind);
    cudaGetLastError();
    return error;
  };
  CHECK(copy(other.data(), device.data(), 16, cudaMemcpyDeviceToDevice) == cudaSuccess);
  CHECK(copy(host, other.data(), 16, cudaMemcpyDefault) == cudaSuccess);
  CHECK(host[3] == 4);
  CHECK(copy(host, other.data(), 16, cudaMemcpyHostToHost) == cudaErrorInvalidValue);
  CHECK(contains(last_failure(), "the source is memory of a device"));
  CHECK(copy(other.data(), host, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(contains(last_failure(), "the target is memory of a device"));
  CHECK(copy(host, host, 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(contains(last_failure(), "the target is not memory of a device"));
  CHECK(copy(host, device.data(), 17, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(contains(last_failure(), "exceeds its allocation"));
  CHECK(cudaMemset(host, 0, 4) == cudaErrorInvalidValue);
  CHECK(cudaMemset(device.data(), 0x11, 8) == cudaSuccess);
  CHECK(device.read() == std::vector<int>{0x11111111, 0x11111111, 3, 4});

  cudaPointerAttributes attributes;
  CHECK(cudaPointerGetAttributes(&attributes, device.data() + 1) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeDevice);
  CHECK(cudaPointerGetAttributes(&attributes, host) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeUnregistered);
  CHECK(cudaHostRegister(host, sizeof host, 0) == cudaSuccess);
  CHECK(cudaPointerGetAttributes(&attributes, host) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeHost);
  CHECK(cudaHostUnregister(host) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("rows are copied with their pitches") {
  std::vector<int> values(12);
  for (int i = 0; i < 12; ++i) values[i] = i;
  DeviceArray<int> device(values);
  std::vector<int> part(6);
  CHECK(cudaMemcpy2DAsync(part.data(), 8, device.data() + 1, 16, 8, 3, cudaMemcpyDeviceToHost,
                          nullptr) == cudaSuccess);
  CHECK(part == std::vector<int>{1, 2, 5, 6, 9, 10});
}

TEST_CASE("asynchronous work is done when it is waited for, and not before") {
  const Changed changed;
  emulation::settings().asynchronous = true;
  const Stream stream;
  DeviceArray<int> device(std::vector<int>{1, 2});
  Pinned pinned(2);
  pinned.data[0] = pinned.data[1] = 0;
  launch(add, 1, 2, 0, stream.handle, device.data(), 10);
  check(cudaMemcpyAsync(pinned.data, device.data(), 8, cudaMemcpyDeviceToHost, stream), "copy");
  CHECK(pinned.data[1] == 0);
  CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(pinned.data[1] == 12);
  CHECK(cudaStreamQuery(stream) == cudaSuccess);

  // What is sent from pinned memory is read when the copy runs; else it is read at once.
  std::vector<int> pageable = {5, 6};
  pinned.data[0] = 7;
  check(cudaMemcpyAsync(device.data(), pageable.data(), 8, cudaMemcpyHostToDevice, stream), "copy");
  check(cudaMemcpyAsync(device.data(), pinned.data, 4, cudaMemcpyHostToDevice, stream), "copy");
  pageable[1] = 0;
  pinned.data[0] = 8;
  // To memory that is not pinned, the copy waits.
  std::vector<int> fetched(2);
  check(cudaMemcpyAsync(fetched.data(), device.data(), 8, cudaMemcpyDeviceToHost, stream), "copy");
  CHECK(fetched == std::vector<int>{8, 6});
}

TEST_CASE("streams are ordered by events, or not at all") {
  const Changed changed;
  emulation::settings().asynchronous = true;
  for (const bool ordered : {true, false}) {
    const Stream first;
    const Stream second;
    const Event event;
    DeviceArray<int> device(std::vector<int>{1});
    launch(add, 1, 1, 0, first.handle, device.data(), 10);
    CHECK(cudaEventRecord(event, first) == cudaSuccess);
    if (ordered) CHECK(cudaStreamWaitEvent(second, event) == cudaSuccess);
    launch(twice, 1, 1, 0, second.handle, device.data());
    CHECK(cudaStreamSynchronize(second) == cudaSuccess);
    CHECK(cudaStreamSynchronize(first) == cudaSuccess);
    CHECK(device.read()[0] == (ordered ? 22 : 12));
  }
}

TEST_CASE("the default stream waits for those that block, and they for it") {
  const Changed changed;
  emulation::settings().asynchronous = true;
  const Stream blocking(cudaStreamDefault);
  const Stream free;
  DeviceArray<int> device(std::vector<int>{1});
  launch(add, 1, 1, 0, blocking.handle, device.data(), 1);
  launch(twice, 1, 1, 0, nullptr, device.data());
  launch(add, 1, 1, 0, blocking.handle, device.data(), 3);
  CHECK(cudaStreamSynchronize(blocking) == cudaSuccess);
  CHECK(device.read()[0] == 7);
  launch(add, 1, 1, 0, free.handle, device.data(), 100);
  CHECK(cudaStreamSynchronize(nullptr) == cudaSuccess);
  CHECK(cudaStreamQuery(free) == cudaErrorNotReady);  // and begins: who asks sees an end
  CHECK(cudaStreamQuery(free) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(device.read()[0] == 107);
}

TEST_CASE("events tell the time between them") {
  const Event start;
  const Event end;
  const Event untimed(cudaEventDisableTiming);
  float milliseconds = -1;
  CHECK(cudaEventElapsedTime(&milliseconds, start, end) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(start) == cudaSuccess);
  CHECK(cudaEventRecord(end) == cudaSuccess);
  CHECK(cudaEventRecord(untimed) == cudaSuccess);
  CHECK(cudaEventSynchronize(end) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, start, end) == cudaSuccess);
  CHECK(milliseconds >= 0);
  CHECK(cudaEventElapsedTime(&milliseconds, start, untimed) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventQuery(end) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("a failure of work that runs later is told at the next synchronisation") {
  const Changed changed;
  emulation::settings().asynchronous = true;
  const Stream stream;
  launch(
      +[] { __trap(); }, 1, 1, 0, stream.handle);
  CHECK(cudaStreamSynchronize(stream) == cudaErrorLaunchFailure);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("a graph runs what was captured, with the arguments of that time") {
  for (const bool asynchronous : {false, true}) {
    const Changed changed;
    emulation::settings().asynchronous = asynchronous;
    const Stream stream;
    const Stream side;
    const Event fork;
    const Event join;
    DeviceArray<int> x(std::vector<int>{1});
    DeviceArray<int> y(std::vector<int>{0});
    cudaGraph_t graph = nullptr;
    int value = 5;
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    launch(add, 1, 1, 0, stream.handle, x.data(), value);
    value = 1000;
    CHECK(cudaEventRecord(fork, stream) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(side, fork) == cudaSuccess);
    cudaStreamCaptureStatus status;
    CHECK(cudaStreamIsCapturing(side, &status) == cudaSuccess);
    CHECK(status == cudaStreamCaptureStatusActive);
    CHECK(cudaMemcpyAsync(y.data(), x.data(), 4, cudaMemcpyDeviceToDevice, side) == cudaSuccess);
    CHECK(cudaEventRecord(join, side) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(stream, join) == cudaSuccess);
    launch(twice, 1, 1, 0, stream.handle, y.data());
    REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    CHECK(cudaStreamIsCapturing(side, &status) == cudaSuccess);
    CHECK(status == cudaStreamCaptureStatusNone);
    CHECK(x.read()[0] == 1);  // nothing has run
    size_t nodes = 0;
    CHECK(cudaGraphGetNodes(graph, nullptr, &nodes) == cudaSuccess);
    CHECK(nodes == 3);
    cudaGraphExec_t executable = nullptr;
    REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    for (int i = 0; i < 3; ++i) CHECK(cudaGraphLaunch(executable, stream) == cudaSuccess);
    CHECK(cudaGraphExecDestroy(executable) == cudaSuccess);  // what was launched still runs
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(x.read()[0] == 16);
    CHECK(y.read()[0] == 32);
  }
}

TEST_CASE("what a capture forbids") {
  const Changed quiet;
  const Stream stream;
  const Stream side;
  const Stream blocking(cudaStreamDefault);
  const Event event;
  const Event before;
  DeviceArray<int> x(std::vector<int>{1});
  int* more = nullptr;
  CHECK(cudaEventRecord(before, side) == cudaSuccess);
  // Runs `body` in a capture; the result of ending it.
  const auto captured = [](cudaStream_t on, cudaStreamCaptureMode mode, const auto& body) {
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamBeginCapture(on, mode) == cudaSuccess);
    body();
    const cudaError_t error = cudaStreamEndCapture(on, &graph);
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();
    return error;
  };
  constexpr auto kGlobal = cudaStreamCaptureModeGlobal;
  constexpr auto kLocal = cudaStreamCaptureModeThreadLocal;
  CHECK(captured(stream, kGlobal, [&] {
          CHECK(cudaMalloc(&more, 4) == cudaErrorStreamCaptureUnsupported);
        }) == cudaErrorStreamCaptureInvalidated);
  CHECK(captured(stream, kLocal, [&] {
          std::thread([&] { CHECK(cudaMalloc(&more, 4) == cudaSuccess); }).join();
          std::thread([&] { CHECK(cudaFree(more) == cudaSuccess); }).join();
        }) == cudaSuccess);
  CHECK(captured(stream, kGlobal, [&] {
          auto mode = cudaStreamCaptureModeRelaxed;
          CHECK(cudaThreadExchangeStreamCaptureMode(&mode) == cudaSuccess);
          CHECK(cudaMalloc(&more, 4) == cudaSuccess);
          CHECK(cudaFree(more) == cudaSuccess);
          CHECK(cudaThreadExchangeStreamCaptureMode(&mode) == cudaSuccess);
        }) == cudaSuccess);
  CHECK(captured(stream, kLocal, [&] {
          CHECK(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
          CHECK(cudaMemsetAsync(x.data(), 0, 4, stream) == cudaErrorStreamCaptureInvalidated);
        }) == cudaErrorStreamCaptureInvalidated);
  CHECK(captured(stream, kLocal, [&] {
          CHECK(cudaDeviceSynchronize() == cudaErrorStreamCaptureUnsupported);
        }) == cudaErrorStreamCaptureInvalidated);
  CHECK(captured(stream, kLocal, [&] {
          CHECK(cudaStreamWaitEvent(stream, before) == cudaErrorStreamCaptureIsolation);
        }) == cudaErrorStreamCaptureInvalidated);
  CHECK(captured(blocking, cudaStreamCaptureModeRelaxed, [&] {
          CHECK(cudaMemsetAsync(x.data(), 0, 4, nullptr) == cudaErrorStreamCaptureImplicit);
        }) == cudaErrorStreamCaptureInvalidated);
  CHECK(captured(stream, kLocal, [&] {
          CHECK(cudaEventRecord(event, stream) == cudaSuccess);
          CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
          CHECK(cudaStreamWaitEvent(side, event) == cudaSuccess);
          CHECK(cudaMemsetAsync(x.data(), 0, 4, side) == cudaSuccess);
        }) == cudaErrorStreamCaptureUnjoined);
  CHECK(x.read()[0] == 1);
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorInvalidValue);
  cudaGetLastError();
}

TEST_CASE("devices have their own memory and streams") {
  const Changed quiet;
  int count = 0;
  REQUIRE(cudaGetDeviceCount(&count) == cudaSuccess);
  REQUIRE(count == 2);
  DeviceArray<int> here(std::vector<int>{1, 2});
  REQUIRE(cudaSetDevice(1) == cudaSuccess);
  {
    DeviceArray<int> there(2);
    const Stream stream;
    CHECK(cudaMemcpyPeerAsync(there.data(), 1, here.data(), 0, 8, stream) == cudaSuccess);
    CHECK(cudaMemcpyPeerAsync(there.data(), 0, here.data(), 1, 8, stream) == cudaErrorInvalidValue);
    launch(add, 1, 2, 0, stream.handle, there.data(), 1);
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(there.read() == std::vector<int>{2, 3});
    int can = 0;
    CHECK(cudaDeviceCanAccessPeer(&can, 0, 1) == cudaSuccess);
    CHECK(can == 1);
    cudaDeviceDisablePeerAccess(0);  // which others may have enabled
    CHECK(cudaDeviceEnablePeerAccess(0, 0) == cudaSuccess);
    CHECK(cudaDeviceEnablePeerAccess(0, 0) == cudaErrorPeerAccessAlreadyEnabled);
    CHECK(cudaDeviceDisablePeerAccess(0) == cudaSuccess);
    cudaSetDevice(0);
    CHECK(contains(failure_of([&] { launch(twice, 1, 1, 0, stream.handle, here.data()); }),
                   "cudaErrorInvalidResourceHandle"));
    CHECK(contains(last_failure(), "a launch into a stream of device 1 while device 0 is current"));
    cudaSetDevice(1);
  }
  cudaSetDevice(0);
  CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice);
  cudaGetLastError();
}

TEST_CASE("machines without a device, and without a driver") {
  const Changed changed;
  int count = -1;
  int version = -1;
  emulation::settings().devices = 0;
  CHECK(cudaGetDeviceCount(&count) == cudaErrorNoDevice);
  CHECK(count == 0);
  emulation::settings().driver = emulation::Driver::kMissing;
  CHECK(cudaGetDeviceCount(&count) == cudaErrorInsufficientDriver);
  CHECK(cudaDriverGetVersion(&version) == cudaSuccess);
  CHECK(version == 0);
  emulation::settings().driver = emulation::Driver::kOld;
  CHECK(cudaDriverGetVersion(&version) == cudaSuccess);
  CHECK(version == 11040);
  CHECK(std::string(cudaGetErrorName(cudaGetLastError())) == "cudaErrorInsufficientDriver");
}

}  // namespace
}  // namespace flambeau::cuda
