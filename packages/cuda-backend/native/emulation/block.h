// The block of a kernel that runs: its threads, and what each of them waits for. For execution.cc
// and scheduler.cc.
#pragma once

#include <chrono>
#include <string>

#include "execution.h"
#include "fiber.h"
#include "warp.h"

namespace flambeau::cuda::emulation {

inline constexpr int kMaxThreads = 1024;

enum class State : uint8_t { kFresh, kReady, kBarrier, kExchange, kDone };

// A thread of the block that has been left, and what it waits for.
struct Thread {
  Fiber* fiber;
  Request request;  // at a barrier: where it is, and the result
  Barrier barrier;
  bool predicate;
};

// The block that runs. There is one, under the lock of the emulation.
struct Block {
  const Launch* launch = nullptr;
  int threads = 0;
  int warps = 0;
  bool descending = false;  // the order in which threads and warps run
  int begun = 0;            // threads that have been started, in that order
  int done = 0;
  bool left = false;  // has a thread been left? From then on `states` counts
  int current = 0;    // the thread that runs
  int warp = 0;       // the warp that runs, once a thread was left
  int steps = 0;      // atomics since the last pause
  bool failed = false;
  Fiber scheduler;
  Fiber* running = nullptr;
  State states[kMaxThreads];
  Thread waiting[kMaxThreads];
};
extern Block block;
// When a thread of it last came to its end, or to a barrier; the epoch: not looked at yet.
extern std::chrono::steady_clock::time_point last_progress;

// Ends the launch with a reason.
void fail(const std::string& reason);
std::string name_of(int thread);
// The thread that comes i-th in this block.
inline int in_order(int i) { return block.descending ? block.threads - 1 - i : i; }
// What a fiber does: one thread after another, until there are none; then it is given back.
void run_threads();
// Goes on with a fiber, until its thread is left or there are no more threads.
void enter(Fiber* fiber);

// Goes on with the threads of a block of which at least one waits, until all have ended.
// (scheduler.cc)
void schedule();

}  // namespace flambeau::cuda::emulation
