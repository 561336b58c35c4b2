#include "execution.h"

#include <chrono>
#include <cstdio>
#include <cstring>

#include "block.h"
#include "mma.h"
#include "state.h"
#include "watch/watch.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace flambeau::cuda::emulation {

Block block;
std::chrono::steady_clock::time_point last_progress;

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

namespace {

// After so many atomics without a pause, other threads of the block get their
// turn.
constexpr int kStepsPerTurn = 4096;

uint64_t launches = 0;

alignas(1024) unsigned char shared_memory[kMaxShared + kSharedRedzone];

// --- threads ---

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

}  // namespace

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

namespace {

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
