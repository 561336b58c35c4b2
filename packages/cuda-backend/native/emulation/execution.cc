#include "execution.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>

#include "fiber.h"
#include "mma.h"
#include "state.h"
#include "warp.h"
#include "watch/watch.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace flambeau::cuda::emulation {
namespace {

constexpr int kMaxThreads = 1024;
// After so many atomics without a pause, other threads of the block get their
// turn.
constexpr int kStepsPerTurn = 4096;

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
Block block;
uint64_t launches = 0;
std::chrono::steady_clock::time_point last_progress;

alignas(1024) unsigned char shared_memory[kMaxShared + kSharedRedzone];

// Ends the launch with a reason.
void fail(const std::string& reason) {
  if (block.failed) return;
  block.failed = true;
  set_failure(text("the kernel launched at %s failed in block (%u, %u, %u): ",
                   place_of(block.launch->at).c_str(), blockIdx.x, blockIdx.y, blockIdx.z) +
              reason);
}

std::string name_of(int thread) {
  const unsigned x = blockDim.x;
  const unsigned y = blockDim.y;
  const auto t = static_cast<unsigned>(thread);
  return text("thread (%u, %u, %u)", t % x, t / x % y, t / (x * y));
}

// --- threads ---

// The thread that comes i-th in this block.
int in_order(int i) { return block.descending ? block.threads - 1 - i : i; }

// The next thread that has not been started, or -1. While no thread was left,
// all threads of the block run on one fiber; later those of a warp do, as far
// as they go.
int next_thread() {
  if (block.failed || block.begun >= block.threads) return -1;
  const int thread = in_order(block.begun);
  if (block.left && thread / kLanes != block.warp) return -1;
  ++block.begun;
  return thread;
}

void run_thread(int thread) {
  block.current = thread;
  const auto t = static_cast<unsigned>(thread);
  if (t < blockDim.x) {
    threadIdx = {t, 0, 0};
  } else {
    threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
  }
  watch::enter_thread(thread);
  block.launch->body();
  watch::leave_thread();
  if (block.left) {
    block.states[thread] = State::kDone;
    last_progress = {};
  }
  ++block.done;
}

void leave(Fiber* fiber) { switch_fiber(fiber, &block.scheduler); }

// What a fiber does: one thread after another, until there are none; then it is
// given back.
void run_threads() {
  entered_fiber(&block.scheduler);
  for (;;) {
    const int thread = next_thread();
    if (thread < 0) {
      Fiber* self = block.running;
      block.running = nullptr;  // tells the scheduler that it is free
      leave(self);
    } else {
      run_thread(thread);
    }
  }
}

void enter(Fiber* fiber) {
  block.running = fiber;
  block.steps = 0;
  switch_fiber(&block.scheduler, fiber);
}

// Leaves the running thread in `state`; returns when the scheduler goes on with
// it.
void pause(State state) {
  const int self = block.current;
  if (!block.left) {
    block.left = true;
    block.warp = self / kLanes;
    for (int i = 0; i < block.threads; ++i)
      block.states[in_order(i)] = i < block.begun ? State::kDone : State::kFresh;
  }
  watch::leave_thread();
  const uint3 index = threadIdx;
  Fiber* fiber = block.running;
  block.states[self] = state;
  block.waiting[self].fiber = fiber;
  leave(fiber);
  block.current = self;
  threadIdx = index;
  watch::enter_thread(self);
}

// --- exchanges ---

int first_of(int warp) { return warp * kLanes; }
int lanes_of(int warp) { return std::min(kLanes, block.threads - first_of(warp)); }

// Lanes of the warp that have not ended.
unsigned living(int warp) {
  unsigned lanes = 0;
  for (int lane = 0; lane < lanes_of(warp); ++lane)
    if (block.states[first_of(warp) + lane] != State::kDone) lanes |= 1u << lane;
  return lanes;
}

// Finishes the exchanges of a warp for which all lanes have come; false if
// there were none.
bool finish_exchanges(int warp) {
  const unsigned alive = living(warp);
  bool some = false;
  for (int lane = 0; lane < lanes_of(warp); ++lane) {
    const int self = first_of(warp) + lane;
    if (block.states[self] != State::kExchange) continue;
    const Request& request = block.waiting[self].request;
    const unsigned lanes = request.mask & alive;
    bool all = true;
    for (int other = 0; other < kLanes; ++other) {
      if (!(lanes >> other & 1)) continue;
      const Request& theirs = block.waiting[first_of(warp) + other].request;
      all = all && block.states[first_of(warp) + other] == State::kExchange &&
            theirs.mask == request.mask && theirs.kind == request.kind;
    }
    if (!all) continue;
    Request* requests[kLanes];
    for (int other = 0; other < lanes_of(warp); ++other)
      requests[other] = &block.waiting[first_of(warp) + other].request;
    const std::string reason = exchange(requests, lanes, lanes_of(warp));
    if (!reason.empty()) {
      fail(reason);
      return false;
    }
    for (int other = 0; other < kLanes; ++other)
      if (lanes >> other & 1) block.states[first_of(warp) + other] = State::kReady;
    watch::met(warp, lanes, lanes == alive, request.kind == Exchange::kBarrier);
    some = true;
  }
  return some;
}

// --- the scheduler ---

// Starts and resumes the threads of a warp until each has ended, waits for
// threads of other warps, or has given way. False if nothing could be done.
bool run_warp(int warp) {
  bool some = false;
  block.warp = warp;
  do {
    while (block.begun < block.threads && in_order(block.begun) / kLanes == warp) {
      Fiber* fiber = take_fiber(run_threads);
      enter(fiber);
      if (!block.running) give_fiber(fiber);
      if (block.failed) return false;
      some = true;
    }
    const int lanes = lanes_of(warp);
    for (int i = 0; i < lanes; ++i) {
      const int thread = first_of(warp) + (block.descending ? lanes - 1 - i : i);
      if (block.states[thread] != State::kReady) continue;
      Fiber* fiber = block.waiting[thread].fiber;
      enter(fiber);
      if (!block.running) give_fiber(fiber);
      if (block.failed) return false;
      some = true;
    }
  } while (finish_exchanges(warp));
  return some && !block.failed;
}

// Lets all threads go on if all wait at the barrier; false if they do not.
// Fails if the barrier cannot be passed by all.
bool pass_barrier() {
  int at_barrier = 0;
  int count = 0;
  const Thread* first = nullptr;
  for (int i = 0; i < block.threads; ++i) {
    if (block.states[i] != State::kBarrier) continue;
    const Thread& thread = block.waiting[i];
    if (!first) first = &thread;
    ++at_barrier;
    count += thread.predicate;
    if (!same_place(thread.request.at, first->request.at)) {
      fail(text("threads wait at different barriers: %s is at %s, %s at %s",
                name_of(static_cast<int>(first - block.waiting)).c_str(),
                place_of(first->request.at).c_str(), name_of(i).c_str(),
                place_of(thread.request.at).c_str()));
      return false;
    }
  }
  if (at_barrier == 0) return false;
  if (at_barrier < block.threads) {
    if (at_barrier + block.done == block.threads)
      fail(
          text("%d threads wait at the barrier at %s; %d threads have ended "
               "without it",
               at_barrier, place_of(first->request.at).c_str(), block.done));
    return false;
  }
  for (int i = 0; i < block.threads; ++i) {
    Thread& thread = block.waiting[i];
    thread.request.result = thread.barrier == Barrier::kAnd  ? count == block.threads
                            : thread.barrier == Barrier::kOr ? count > 0
                                                             : static_cast<uint64_t>(count);
    block.states[i] = State::kReady;
  }
  watch::passed_barrier();
  block.descending = !block.descending;
  return true;
}

// Nothing can go on: says who waits for what.
void fail_stuck() {
  std::map<std::string, int> places;
  for (int i = 0; i < block.threads; ++i) {
    const Thread& thread = block.waiting[i];
    if (block.states[i] == State::kExchange)
      ++places[text("%s of mask %08x at %s", name_of(thread.request.kind), thread.request.mask,
                    place_of(thread.request.at).c_str())];
    if (block.states[i] == State::kBarrier)
      ++places["the barrier at " + place_of(thread.request.at)];
  }
  std::string reason = "threads wait for each other:";
  for (const auto& [place, count] : places) reason += text(" %d at %s;", count, place.c_str());
  reason += text(" %d have ended", block.done);
  fail(reason);
}

// Threads only give way to each other: has that lasted too long?
bool out_of_patience() {
  const auto now = std::chrono::steady_clock::now();
  if (last_progress == std::chrono::steady_clock::time_point{}) last_progress = now;
  return now - last_progress > std::chrono::duration<double>(settings().patience);
}

// The threads of a block of which at least one waits.
void schedule() {
  while (block.done < block.threads) {
    const int done = block.done;
    bool some = false;
    for (int i = 0; i < block.warps; ++i) {
      some = run_warp(block.descending ? block.warps - 1 - i : i) || some;
      if (block.failed) return;
    }
    if (block.done == block.threads) return;
    if (pass_barrier()) {
      last_progress = {};
      continue;
    }
    if (block.failed) return;
    if (!some) return fail_stuck();
    if (block.done == done && out_of_patience())
      return fail("threads have waited too long for something that does not happen");
  }
}

void run_block() {
  block.begun = 0;
  block.done = 0;
  block.left = false;
  // Threads that were never left cost nothing but this fiber.
  Fiber* fiber = take_fiber(run_threads);
  enter(fiber);
  if (!block.running) give_fiber(fiber);
  if (block.left && !block.failed) schedule();
  if (block.failed && block.left) {
    for (int i = 0; i < block.threads; ++i)
      if (block.states[i] != State::kDone && block.states[i] != State::kFresh)
        give_fiber(block.waiting[i].fiber);
  }
}

void prepare_shared(size_t bytes) {
  if (bytes == 0) return;
  // Not a number, for those who read before they write; behind it, what nobody
  // may touch.
  std::memset(shared_memory, 0xff, bytes);
  std::memset(shared_memory + bytes, kRedzoneByte, kSharedRedzone);
}

void check_shared(size_t bytes) {
  if (bytes == 0) return;
  for (size_t i = 0; i < kSharedRedzone; ++i)
    if (shared_memory[bytes + i] != kRedzoneByte)
      return fail(
          text("a write past the %zu bytes of shared memory, at byte %zu", bytes, bytes + i));
}

uint64_t count_of(dim3 extent) { return uint64_t{extent.x} * extent.y * extent.z; }

}  // namespace

cudaError_t run_kernel(const Launch& launch) {
  const bool backwards = launches++ % 2 == 1;
  block.launch = &launch;
  block.failed = false;
  block.scheduler = Fiber();  // whichever thread this is
  block.threads = static_cast<int>(count_of(launch.block));
  block.warps = (block.threads + kLanes - 1) / kLanes;
  last_progress = {};
  blockDim = launch.block;
  gridDim = launch.grid;
  const uint64_t blocks = count_of(launch.grid);
  watch::begin_launch(launch.kernel);
  for (uint64_t i = 0; i < blocks && !block.failed; ++i) {
    const uint64_t b = backwards ? blocks - 1 - i : i;
    blockIdx = {static_cast<unsigned>(b % gridDim.x),
                static_cast<unsigned>(b / gridDim.x % gridDim.y),
                static_cast<unsigned>(b / gridDim.x / gridDim.y)};
    block.descending = (b + launches) % 2 == 0;
    prepare_shared(launch.shared_bytes);
    forget_copies();
    watch::begin_block(static_cast<uint32_t>(b), block.threads);
    run_block();
    watch::end_block();
    if (!block.failed) check_shared(launch.shared_bytes);
  }
  watch::end_launch();
  return block.failed ? cudaErrorLaunchFailure : cudaSuccess;
}

int block_barrier(Barrier kind, bool predicate, const std::source_location& at) {
  Thread& self = block.waiting[block.current];
  self.barrier = kind;
  self.predicate = predicate;
  self.request.at = at;
  pause(State::kBarrier);
  return static_cast<int>(self.request.result);
}

uint64_t warp_exchange(Exchange kind, unsigned mask, uint64_t value, int operand, int width,
                       const std::source_location& at) {
  const int lane = block.current % kLanes;
  char reason[128];  // not a string: a trap leaves this frame for good
  if (!(mask >> lane & 1)) {
    std::snprintf(reason, sizeof reason, "%s with mask %08x, which lacks its own lane %d",
                  name_of(kind), mask, lane);
    trap(reason, at);
  }
  if (width < 1 || width > kLanes || (width & (width - 1)) != 0) {
    std::snprintf(reason, sizeof reason, "%s of width %d; it must be a power of two up to 32",
                  name_of(kind), width);
    trap(reason, at);
  }
  Request& request = block.waiting[block.current].request;
  request = {kind, mask, value, operand, width, at, 0};
  pause(State::kExchange);
  return request.result;
}

const std::source_location& launched_at() { return block.launch->at; }

int running_thread() { return block.current; }

unsigned active_lanes() { return 1u << block.current % kLanes; }

void atomic_step() {
  if (++block.steps >= kStepsPerTurn) pause(State::kReady);
}

void trap(const char* reason, const std::source_location& at) {
  stop(text("%s at %s in %s", reason, place_of(at).c_str(), name_of(block.current).c_str()));
}

void stop(const std::string& reason) {
  fail(reason);
  pause(State::kReady);
  __builtin_unreachable();  // a launch that failed never goes on
}

void* dynamic_shared() { return shared_memory; }

uint64_t clock_ticks() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace flambeau::cuda::emulation
