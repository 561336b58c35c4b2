// Which threads of a block go on when: exchanges within warps, and barriers.
#include <algorithm>
#include <map>

#include "block.h"
#include "state.h"
#include "watch/watch.h"

namespace flambeau::cuda::emulation {
namespace {

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

}  // namespace

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

}  // namespace flambeau::cuda::emulation
