// The native half of one JavaScript environment (the main thread or a worker): its context, the
// command buffer, the weak references on wrappers, and the memory budget.
#pragma once

#include <node_api.h>

#include <chrono>
#include <vector>

#include "kernel.h"

namespace flambeau {

class Environment {
 public:
  explicit Environment(napi_env env) : env_(env), call_(context_) {
    context_.owner = this;
    context_.make_room = [](Context& context, size_t bytes) {
      static_cast<Environment*>(context.owner)->make_room(bytes);
    };
    context_.collect = [](Context& context) {
      static_cast<Environment*>(context.owner)->collect(false);
    };
    context_.make_room_on = [](Context& context, Device& device, size_t bytes, bool full) {
      static_cast<Environment*>(context.owner)->make_room_on(device, bytes, full);
    };
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // `commands` is the Float64Array through which numbers cross; `minor` and `major` are functions
  // that collect garbage at once; `sweep` calls the exported function of that name.
  void connect(napi_value commands, napi_value minor, napi_value major, napi_value sweep);
  bool connected() const { return commands_ != nullptr; }

  Context& context() { return context_; }
  Call& call() { return call_; }
  double* commands() { return commands_; }
  size_t command_capacity() const { return command_capacity_; }

  // Ties the entry's count to the wrapper's life: when the collector has taken the wrapper, a
  // sweep gives the count back.
  void track(napi_value wrapper, Entry* entry);
  // Undoes track() without waiting for the collector; the count stays with the caller.
  void untrack(Entry* entry);
  // The wrapper is gone or disposed: undoes track() and gives its count back. Whatever still counts
  // the entry (a graph that saved it) has no use for its gradient; a gradient that was recorded
  // leads back to the entry, and would keep itself alive.
  void give_up(Entry* entry);
  // Called once for each tracked operation.
  void tick() {
    if (++ticks_ % kCheckInterval == 0) check_collector();
  }
  // Called for every operation.
  void count_call() { ++calls_since_collection_; }
  // Gives back the counts of wrappers that died.
  void sweep();
  // Collects young wrappers if enough was allocated since the last collection: for moments when
  // everything of a training step is dead and still young.
  void safe_point();
  void collect(bool major);

  size_t tracked() const { return slots_.size() - free_slots_.size(); }
  uint64_t minor_collections() const { return minor_collections_; }
  uint64_t major_collections() const { return major_collections_; }

  static void set_limit(size_t bytes);
  static size_t limit();

 private:
  // Operations between two looks at whether the collector ran, and at the most without a collection
  // of young wrappers: what died should be reused while it is still in the cache.
  static constexpr int kCheckInterval = 512;
  static constexpr int kCollectInterval = 8192;
  struct Slot {
    napi_ref ref = nullptr;
    Entry* entry = nullptr;
  };
  void make_room(size_t bytes);
  void make_room_on(Device& device, size_t bytes, bool full);
  void reuse_early();
  void call_function(napi_ref function);
  // Sweeps by way of JavaScript. To look at wrappers makes handles on the living, and engines
  // differ in when a scope ends that native code opened: Deno's does with the function that was
  // called from JavaScript. Handles of one that is still running would keep alive what the next
  // collection is for.
  void poll();
  // Polls if the collector ran since the last poll: without a collection nothing can have died.
  void check_collector();
  bool collector_ran();
  void renew_canary();

  napi_env env_;
  Context context_;
  Call call_;
  double* commands_ = nullptr;
  size_t command_capacity_ = 0;
  napi_ref commands_ref_ = nullptr;
  napi_ref minor_ = nullptr;
  napi_ref major_ = nullptr;
  napi_ref sweep_ = nullptr;

  std::vector<Slot> slots_;
  std::vector<int32_t> free_slots_;
  int ticks_ = 0;
  napi_ref canary_ = nullptr;  // on a young object that nothing else holds

  using Clock = std::chrono::steady_clock;
  double last_major_ = 0;  // in processor time of this thread
  double last_major_seconds_ = 0;
  double last_minor_ = 0;
  double last_minor_seconds_ = 0;
  size_t live_after_major_ = 0;
  size_t allocated_since_collection_ = 0;
  size_t allocated_on_devices_ = 0;  // likewise
  size_t early_slack_ = size_t{16} << 20;
  // Operations that leave 2 to 4 MB of small objects behind, somewhat less than makes the engine
  // collect by itself.
  static constexpr int kManyCalls = 2048;
  int calls_since_collection_ = 0;

  // Often at first, so that memory is the same early and late.
  static constexpr Clock::duration kMaxTrimInterval = std::chrono::seconds(1);
  void trim();
  Clock::duration trim_interval_ = std::chrono::milliseconds(50);
  Clock::time_point next_trim_ = Clock::now() + trim_interval_;
  uint64_t minor_collections_ = 0;
  uint64_t major_collections_ = 0;
};

}  // namespace flambeau
