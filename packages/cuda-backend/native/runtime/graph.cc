#include "graph.h"

#include <atomic>
#include <string>
#include <utility>

#include "device_abi.h"
#include "failure.h"
#include "hold.h"
#include "kernels.h"
#include "memory.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {
thread_local Graph* t_recording = nullptr;
std::atomic<int> g_captures[FLAMBEAU_MAX_DEVICES];  // under way
}  // namespace

Graph* recording() { return t_recording; }

Graph* holding_back(int device) {
  return t_recording && t_recording->holds_back(device) ? t_recording : nullptr;
}

void launch_held_back() {
  if (t_recording) t_recording->launch_held();
}

void refuse_while_capturing(const char* call) {
  if (!t_recording) return;
  throw Failure(
      "ERR_VALUE",
      std::string(call) + " waits for the GPU, which does nothing while a graph is captured");
}

bool Graph::any_capture(int device) { return g_captures[device] > 0; }

Graph::~Graph() {
  if (t_recording == this) abandon();
  clear();
}

void Graph::begin(int device, cudaStream_t stream, bool fuse) {
  if (t_recording)
    throw Failure("ERR_VALUE", "a graph is being captured already; captures cannot be nested");
  if (is_ready()) throw Failure("ERR_VALUE", "the graph has been captured; reset() it first");
  if (stream == default_stream(device))
    throw Failure("ERR_VALUE", "a graph is captured on a stream of its own");
  use_device(device);
  device_ = device;
  stream_ = stream;
  settle_uploads(device, stream);
  pool_ = allocator_of(device).begin_pool();
  // Relaxed: our own calls are checked here, and memory may be taken from the driver.
  const cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed);
  if (error != cudaSuccess) {
    allocator_of(device).end_pool(pool_);
    clear();
    check(error, "cudaStreamBeginCapture");
  }
  fuses_ = fuse;
  fused_ = {};
  t_recording = this;
  ++g_captures[device];
}

void Graph::stop_recording() noexcept {
  t_recording = nullptr;
  --g_captures[device_];
}

void Graph::end() {
  if (t_recording != this) throw Failure("ERR_VALUE", "this graph is not being captured");
  try {
    launch_held();
  } catch (...) {
    abandon();
    throw;
  }
  cudaGraph_t graph = nullptr;
  use_device(device_);
  const cudaError_t ended = cudaStreamEndCapture(stream_, &graph);
  stop_recording();
  allocator_of(device_).end_pool(pool_);
  try {
    check(ended, "cudaStreamEndCapture");
    if (!graph) throw Failure("ERR_DEVICE", "the capture became invalid");
    check(cudaGraphGetNodes(graph, nullptr, &nodes_), "cudaGraphGetNodes");
    check(cudaGraphInstantiate(&executable_, graph, 0), "cudaGraphInstantiate");
    check(cudaGraphUpload(executable_, stream_), "cudaGraphUpload");
    mark_end(stream_);
  } catch (...) {
    if (graph) cudaGraphDestroy(graph);
    clear();
    throw;
  }
  cudaGraphDestroy(graph);
}

void Graph::abandon() noexcept {
  if (t_recording != this) return;
  cudaGraph_t graph = nullptr;
  try {
    use_device(device_);
    cudaStreamEndCapture(stream_, &graph);
  } catch (...) {  // without the device there is nothing to end
  }
  cudaGetLastError();
  if (graph) cudaGraphDestroy(graph);
  stop_recording();
  try {
    allocator_of(device_).end_pool(pool_);
  } catch (...) {  // the same
  }
  clear();
}

// Replays of one graph follow each other, whatever streams they are on, so the last one counts.
void Graph::mark_end(cudaStream_t stream) {
  if (!end_)
    check(cudaEventCreateWithFlags(&end_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  check(cudaEventRecord(end_, stream), "cudaEventRecord");
  last_ = stream;
}

// What is put on `stream` from now on, such as numbers for the next replay, must not disturb the
// one that may still be under way on another stream.
void Graph::follow_last(cudaStream_t stream) {
  if (last_ == stream) return;
  check(cudaStreamWaitEvent(stream, end_, 0), "cudaStreamWaitEvent");
  last_ = stream;
}

bool Graph::holds_back(int device) const {
  return fuses_ && device == device_ && stream_in_use(device) == stream_;
}

void Graph::hold(fusion::Step step) {
  if (held_.take(step)) return;
  launch_held();
  held_.take(step);
}

void Graph::launch_held() {
  if (held_.empty()) return;
  // Results that nobody can reach any more need not be stored: this finds them (forget()).
  if (held_.size() > 1) collect_garbage();
  const fusion::Group held = std::exchange(held_, {});
  use_device(device_);
  const fusion::Launched launched = fusion::launch_group(held, device_, stream_);
  fused_.kernels += launched.kernels;
  fused_.operations += launched.operations;
}

void Graph::replay(cudaStream_t stream) {
  if (!is_ready()) throw Failure("ERR_VALUE", "the graph has not been captured");
  if (t_recording)
    throw Failure("ERR_VALUE", "a graph cannot be replayed while another one is captured");
  use_device(device_);
  follow_last(stream);
  for (Live& live : live_) {
    if (!live.stale) continue;
    upload(device_, stream, live.device, live.bytes.data(), live.bytes.size());
    live.stale = false;
  }
  check(cudaGraphLaunch(executable_, stream), "cudaGraphLaunch");
  mark_end(stream);
}

// What is written before a replay must not share memory with what its earlier work writes.
void* Graph::outside(size_t bytes) {
  return allocator_of(device_).allocate_outside(bytes, stream_);
}

Graph::Draws& Graph::reserve(int generator, uint64_t counters, uint64_t* offset) {
  Draws& draws = draws_[generator];
  if (!draws.live) draws.live = static_cast<uint64_t*>(outside(2 * sizeof(uint64_t)));
  *offset = draws.counters;
  draws.counters += counters;
  return draws;
}

void Graph::place(int generator, uint64_t seed, uint64_t offset, cudaStream_t stream) {
  const auto at = draws_.find(generator);
  if (at == draws_.end()) throw Failure("ERR_VALUE", "the graph draws nothing from this generator");
  use_device(device_);
  follow_last(stream);
  const uint64_t place[2] = {seed, offset};
  upload(device_, stream, at->second.live, place, sizeof place);
}

void* Graph::live(size_t bytes, const double* params, int count, Remake remake) {
  Live live;
  live.count = count;
  live.device = outside(bytes);
  live.bytes.resize(bytes);
  live.remake = std::move(remake);
  live.remake(params, live.bytes.data());
  live_.push_back(std::move(live));
  return live_.back().device;
}

void Graph::set_params(int index, const double* params, int count) {
  if (index < 0 || index >= live_count() || count != live_[static_cast<size_t>(index)].count)
    throw Failure("ERR_INTERNAL", "the graph has no such numbers");
  Live& live = live_[static_cast<size_t>(index)];
  live.remake(params, live.bytes.data());
  live.stale = true;
}

void* Graph::keep(size_t bytes) {
  void* data = nullptr;
  check(cudaHostAlloc(&data, bytes, cudaHostAllocPortable), "cudaHostAlloc");
  kept_.push_back(data);
  return data;
}

void Graph::clear() noexcept {
  try {
    if (device_ >= 0) use_device(device_);
    if (end_) {
      cudaEventSynchronize(end_);  // a replay may still be under way
      cudaEventDestroy(end_);
    }
    if (executable_) cudaGraphExecDestroy(executable_);
    for (void* data : kept_) cudaFreeHost(data);
    for (const Live& live : live_) allocator_of(device_).deallocate(live.device);
    for (auto& [generator, draws] : draws_) allocator_of(device_).deallocate(draws.live);
    if (pool_ != 0) allocator_of(device_).release_pool(pool_);
  } catch (...) {  // a device that is lost has lost its memory too
  }
  cudaGetLastError();
  executable_ = nullptr;
  end_ = nullptr;
  last_ = nullptr;
  nodes_ = 0;
  held_ = {};
  fused_ = {};
  kept_.clear();
  live_.clear();
  draws_.clear();
  pool_ = 0;
  device_ = -1;
}

}  // namespace flambeau::cuda
