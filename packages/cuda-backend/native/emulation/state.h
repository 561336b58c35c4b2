// What the parts of the emulation share: devices and their memory, streams,
// events, graphs. All of it is touched under one lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "execution.h"
#include "runtime_api.h"

namespace flambeau::cuda::emulation {

inline constexpr size_t kShared = 48 << 10;      // of a block, without asking
inline constexpr size_t kMaxShared = 227 << 10;  // with cudaFuncSetAttribute
inline constexpr size_t kSharedRedzone = 1024;
inline constexpr unsigned char kRedzoneByte = 0xa5;

enum class Driver { kPresent, kMissing, kOld };

// What is emulated. From the environment, when first asked for; tests may
// change it between calls.
struct Settings {
  int devices = 2;                   // FLAMBEAU_EMULATED_DEVICES
  size_t memory = size_t{1} << 30;   // FLAMBEAU_EMULATED_MEMORY: bytes of each device
  Driver driver = Driver::kPresent;  // FLAMBEAU_EMULATED_DRIVER: `none` or `old`
  bool asynchronous = false;         // FLAMBEAU_EMULATED_ASYNC=1: as late as possible
  bool protect = false;              // FLAMBEAU_EMULATED_PROTECT=1: the host cannot touch it
  double patience = 20;              // FLAMBEAU_EMULATED_PATIENCE: seconds
  bool trace = false;  // FLAMBEAU_EMULATED_TRACE=1: what is put into streams is printed
  bool quiet = false;  // failures are kept, not printed
  // After a kernel has failed, every call fails, as it does for a process on a GPU.
  bool lasting = true;
  // FLAMBEAU_EMULATED_FAULT: launches in this file ("softmax.cu") fail so ("illegal", "hang",
  // "skip").
  std::string faulty, fault;
};
Settings& settings();

std::recursive_mutex& lock();
using Guard = std::lock_guard<std::recursive_mutex>;

// Prints a reason, and keeps it for last_failure().
void set_failure(const std::string& reason);
// Keeps `error` for cudaGetLastError and gives it back.
cudaError_t failed(cudaError_t error);
cudaError_t failed(cudaError_t error, const std::string& reason);
// cudaSuccess where there is a driver and a device, and no kernel has failed (Settings::lasting).
cudaError_t usable();
// A kernel has failed.
cudaError_t lose(cudaError_t error);
int current_device();

// --- memory ---
// Is all of [data, data + bytes) in one allocation of a device? Which device's;
// -1 if not.
int device_of(const void* data, size_t bytes);
// Does any part of it lie in memory of a device?
bool touches_device(const void* data, size_t bytes);
bool is_pinned(const void* data, size_t bytes);
// While one exists, memory of the devices can be touched (see
// Settings::protect).
class Access {
 public:
  Access();
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
};

// --- streams ---
using Work = std::function<cudaError_t()>;

// An event being recorded once: done when the work before it is.
struct Mark {
  bool done = false;
  double time = 0;                // milliseconds
  CUstream_st* stream = nullptr;  // where it waits to be done
};

// Work that waits in a stream: something to do, or a mark to wait for.
struct Item {
  Work work;
  std::shared_ptr<Mark> wait;
};

// A point in a capture: how many nodes of each stream come before.
using Clock = std::map<CUstream_st*, int>;

struct Capture {
  uint64_t id = 0;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  CUstream_st* origin = nullptr;
  bool valid = true;
  std::vector<Work> nodes;               // in the order of the calls
  std::map<CUstream_st*, Clock> clocks;  // of the streams that take part
};

std::set<CUstream_st*>& streams();
std::set<CUevent_st*>& events();
std::vector<std::shared_ptr<Capture>>& captures();  // under way
double milliseconds();                              // the time

// Runs the first item of a stream, after what it waits for.
void step(CUstream_st* stream);
// Runs all items.
void finish(CUstream_st* stream);
// What work that ran later has failed with, once.
cudaError_t take_deferred();
// A mark behind the work in a stream, and work to wait for one.
std::shared_ptr<Mark> mark_in(CUstream_st* stream);
void wait_in(CUstream_st* stream, const std::shared_ptr<Mark>& mark);
// The default stream begins when all other streams have done what they have,
// and they begin after it.
void order_with_default(CUstream_st* stream);

// From now on a capture cannot end well.
void spoil(Capture& capture);
void merge(Clock& into, const Clock& from);
// cudaSuccess unless a capture forbids to wait for this stream; then the
// capture is spoilt.
cudaError_t refuse_capture(CUstream_st* stream);

// Puts work into a stream: it runs now, later (Settings::asynchronous), or
// whenever the graph runs that is being captured.
cudaError_t enqueue(CUstream_st* stream, Work work);
// Runs everything that was put into the streams of a device, or of all devices
// (-1).
cudaError_t drain(int device);
// The stream that a handle means; null if there is no such stream.
CUstream_st* stream_of(cudaStream_t handle);
// cudaSuccess unless a capture forbids calls such as cudaMalloc; then the
// capture is spoilt.
cudaError_t outside_capture();

cudaError_t run_kernel(const Launch& launch);
// Dynamic shared memory that a kernel may ask for.
size_t allowed_shared(const void* kernel);

}  // namespace flambeau::cuda::emulation

struct CUstream_st {
  int device = 0;
  unsigned flags = 0;
  int priority = 0;
  bool legacy = false;  // the default stream, which waits for the others, and they for it
  std::deque<flambeau::cuda::emulation::Item> items;
  std::shared_ptr<flambeau::cuda::emulation::Capture> capture;
};

struct CUevent_st {
  unsigned flags = 0;
  int device = 0;
  std::shared_ptr<flambeau::cuda::emulation::Mark> mark;  // null: never recorded
  // Recorded in a capture: which one and where.
  std::shared_ptr<flambeau::cuda::emulation::Capture> capture;
  flambeau::cuda::emulation::Clock clock;
};

struct CUgraph_st {
  std::vector<flambeau::cuda::emulation::Work> nodes;
};

struct CUgraphExec_st {
  std::shared_ptr<const std::vector<flambeau::cuda::emulation::Work>> nodes;
};
