// Work that was recorded once and is replayed as a whole: a CUDA graph with the memory it works in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "allocator.h"
#include "group.h"
#include "launch.h"

namespace flambeau::cuda {

class Graph {
 public:
  Graph() = default;
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // From now on, what this thread puts on `stream` is recorded and not done. Throws ERR_VALUE where
  // something is being recorded already, or this graph has been. With `fuse`, neighbouring
  // elementwise operations become one kernel.
  void begin(int device, cudaStream_t stream, bool fuse);
  // Ends recording and makes the graph ready. After a failure the graph is empty.
  void end();
  // Ends recording without a result.
  void abandon() noexcept;
  // Forgets the graph and gives back its memory, once its replays are done.
  void reset() { clear(); }
  // Does what was recorded, on `stream`.
  void replay(cudaStream_t stream);

  // Is a graph being captured on this device, by whichever thread? Waiting for all of the device
  // would spoil it.
  static bool any_capture(int device);

  bool is_ready() const { return executable_ != nullptr; }
  int device() const { return device_; }
  size_t nodes() const { return nodes_; }

  // --- random numbers: each replay draws from where the generators are then ---
  struct Draws {
    uint64_t counters = 0;     // that a replay draws
    uint64_t* live = nullptr;  // seed and offset, in device memory
  };
  // Reserves counters of a generator while recording; `offset` counts from where a replay begins.
  Draws& reserve(int generator, uint64_t counters, uint64_t* offset);
  const std::map<int, Draws>& draws() const { return draws_; }
  // Where a generator is for the next replay.
  void place(int generator, uint64_t seed, uint64_t offset, cudaStream_t stream);

  // --- numbers that another replay may find changed, such as the step of an optimizer ---
  // Turns the parameters of a call into what its kernel reads.
  using Remake = std::function<void(const double* params, void* bytes)>;
  // Device memory of `bytes` bytes that holds, at each replay, what `remake` makes of the
  // parameters: those of the capture until others are set.
  void* live(size_t bytes, const double* params, int count, Remake remake);
  int live_count() const { return static_cast<int>(live_.size()); }
  void set_params(int index, const double* params, int count);

  // --- elementwise operations that are held back, to be launched together ---
  // Does it hold back what this thread puts on its stream for `device` now?
  bool holds_back(int device) const;
  // Takes an operation whose launch it decides about.
  void hold(fusion::Step step);
  // Launches what it has taken.
  void launch_held();
  // Memory was given back: results there need not be stored.
  void forget(const void* data) { held_.forget(data); }
  // How many kernels do how many operations.
  struct Fused {
    int kernels = 0;
    int operations = 0;
  };
  const Fused& fused() const { return fused_; }

  // Host memory of `bytes` bytes that lasts as long as the graph.
  void* keep(size_t bytes);
  PoolId pool() const { return pool_; }

 private:
  void* outside(size_t bytes);
  void clear() noexcept;
  void stop_recording() noexcept;
  void mark_end(cudaStream_t stream);
  void follow_last(cudaStream_t stream);

  int device_ = -1;
  cudaStream_t stream_ = nullptr;
  PoolId pool_ = 0;
  cudaGraphExec_t executable_ = nullptr;
  // Behind the last replay, or the capture, on the stream that it was on.
  cudaEvent_t end_ = nullptr;
  cudaStream_t last_ = nullptr;
  size_t nodes_ = 0;
  std::map<int, Draws> draws_;
  struct Live {
    void* device = nullptr;
    std::vector<char> bytes;
    int count = 0;      // of parameters
    bool stale = true;  // the device does not have them yet
    Remake remake;
  };
  std::vector<Live> live_;
  std::vector<void*> kept_;
  bool fuses_ = false;
  fusion::Group held_;
  Fused fused_;
};

// The graph that this thread records, if any.
Graph* recording();
// The same if it holds back operations on `device`.
Graph* holding_back(int device);
// Launches what the graph under way holds back; nothing where there is none.
void launch_held_back();
// Throws ERR_VALUE, naming `call`, while this thread records a graph.
void refuse_while_capturing(const char* call);

}  // namespace flambeau::cuda
