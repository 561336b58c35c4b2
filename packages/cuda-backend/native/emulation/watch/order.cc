#include "order.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace flambeau::cuda::emulation::watch::order {
namespace {

constexpr int kMaxThreads = 1024;
constexpr int kLanes = 32;

// The first `count` releases at a place.
struct Acquired {
  uint32_t place;
  uint32_t count;
};

// What was ordered before a fence.
struct Release {
  uint32_t block;
  uint32_t barrier_time;
  int first;  // thread, and up to when what it and those after it did is released
  std::vector<uint32_t> until;
  Scope scope;
  std::vector<Acquired> acquired;

  bool covers(const Segment& earlier) const {
    if (block != earlier.block) return false;
    const size_t i = static_cast<size_t>(earlier.thread) - static_cast<size_t>(first);
    return earlier.time < barrier_time || (i < until.size() && earlier.time < until[i]);
  }
};

std::vector<Segment> segments(1);
uint32_t clock_time = 0;
uint32_t block_index = 0;
uint32_t barrier_time = 0;  // of the last barrier of the block, or its begin
int self = 0;

// Of the threads of the block. Times before `barrier_time` say nothing, so that neither barriers
// nor blocks need to reset them.
uint32_t began[kMaxThreads];
uint32_t numbers[kMaxThreads];        // of the segments; 0: not begun
uint32_t known[kMaxThreads][kLanes];  // up to when segments of lanes are ordered before

// --- fences ---
bool released = false;  // were there any in this launch?
std::vector<Release> releases;
std::unordered_map<const void*, uint32_t> places;
std::vector<std::vector<uint32_t>> releases_at;  // place
uint32_t fences[kMaxThreads];                    // the last release of each thread, + 1
uint32_t fence_times[kMaxThreads];               // of those that reach all of the device
uint32_t fences_of_block = 0;                    // those before the last barrier, as one, + 1
std::vector<Acquired> acquired[kMaxThreads];
std::vector<Acquired> acquired_by_block;

int lane_of(int thread) { return thread % kLanes; }
int warp_of(int thread) { return thread / kLanes; }
void add_to(std::vector<Acquired>& into, const std::vector<Acquired>& from) {
  for (const Acquired& one : from) {
    const auto same = std::find_if(into.begin(), into.end(),
                                   [&](const Acquired& other) { return other.place == one.place; });
    if (same == into.end()) {
      into.push_back(one);
    } else {
      same->count = std::max(same->count, one.count);
    }
  }
}

bool covers(const std::vector<Acquired>& all, const Segment& earlier) {
  for (const Acquired& one : all)
    for (uint32_t i = 0; i < one.count; ++i) {
      const Release& release = releases[releases_at[one.place][i]];
      const bool reaches = release.scope == Scope::kDevice || release.block == block_index;
      if (!reaches) continue;
      if (release.covers(earlier) || covers(release.acquired, earlier)) return true;
    }
  return false;
}

void forget_fences() {
  std::fill(fences, fences + kMaxThreads, 0);
  std::fill(fence_times, fence_times + kMaxThreads, 0);
  fences_of_block = 0;
  for (std::vector<Acquired>& one : acquired) one.clear();
  acquired_by_block.clear();
}

// At a barrier: from now on any thread of the block may release what all have fenced.
void collect_fences() {
  if (*std::max_element(fence_times, fence_times + kMaxThreads) == 0) return;
  releases.push_back({block_index,
                      barrier_time,
                      0,
                      {fence_times, fence_times + kMaxThreads},
                      Scope::kDevice,
                      acquired_by_block});
  fences_of_block = static_cast<uint32_t>(releases.size());
  std::fill(fence_times, fence_times + kMaxThreads, 0);
}

uint32_t begin_segment(bool is_pending) {
  segments.push_back(
      {block_index, std::max(began[self], barrier_time), static_cast<uint16_t>(self), is_pending});
  return static_cast<uint32_t>(segments.size() - 1);
}

}  // namespace

void begin_launch() {
  segments.resize(1);
  clock_time = 0;
  std::fill(began, began + kMaxThreads, 0);
  std::fill(known[0], known[0] + kMaxThreads * kLanes, 0);
  released = false;
  releases.clear();
  places.clear();
  releases_at.clear();
}

void begin_block(uint32_t block) {
  block_index = block;
  barrier_time = ++clock_time;
  std::fill(numbers, numbers + kMaxThreads, 0);
  if (released) forget_fences();
}

void set_running(int thread) { self = thread; }
int running() { return self; }

void passed_barrier() {
  if (released) collect_fences();
  barrier_time = ++clock_time;
  std::fill(numbers, numbers + kMaxThreads, 0);
  if (!released) return;
  for (std::vector<Acquired>& one : acquired) {
    add_to(acquired_by_block, one);
    one.clear();
  }
}

void synchronised(int warp, unsigned lanes) {
  const uint32_t now = ++clock_time;
  uint32_t joined[kLanes] = {};
  std::vector<Acquired> all;
  for (int lane = 0; lane < kLanes; ++lane) {
    if (!(lanes >> lane & 1)) continue;
    const int thread = warp * kLanes + lane;
    for (int i = 0; i < kLanes; ++i) joined[i] = std::max(joined[i], known[thread][i]);
    if (released) add_to(all, acquired[thread]);
  }
  for (int lane = 0; lane < kLanes; ++lane)
    if (lanes >> lane & 1) joined[lane] = now;
  for (int lane = 0; lane < kLanes; ++lane) {
    if (!(lanes >> lane & 1)) continue;
    const int thread = warp * kLanes + lane;
    std::copy(joined, joined + kLanes, known[thread]);
    began[thread] = now;
    numbers[thread] = 0;
    if (released) acquired[thread] = all;
  }
}

void fence(Scope scope) {
  if (!released) forget_fences();
  released = true;
  // What the thread did before is a segment that ends here.
  known[self][lane_of(self)] = began[self] = ++clock_time;
  numbers[self] = 0;
  Release release = {
      block_index, barrier_time,     self - lane_of(self), {known[self], known[self] + kLanes},
      scope,       acquired_by_block};
  add_to(release.acquired, acquired[self]);
  releases.push_back(std::move(release));
  fences[self] = static_cast<uint32_t>(releases.size());
  if (scope == Scope::kDevice) fence_times[self] = clock_time;
}

void atomic_update(const void* place) {
  if (!released) return;
  const auto [it, is_new] = places.try_emplace(place, static_cast<uint32_t>(releases_at.size()));
  if (is_new) releases_at.emplace_back();
  std::vector<uint32_t>& here = releases_at[it->second];
  add_to(acquired[self], {{it->second, static_cast<uint32_t>(here.size())}});
  for (const uint32_t release : {fences[self], fences_of_block})
    if (release != 0) here.push_back(release - 1);
}

uint32_t current() {
  if (numbers[self] == 0) numbers[self] = begin_segment(false);
  return numbers[self];
}
uint32_t pending() { return begin_segment(true); }
const Segment& segment(uint32_t number) { return segments[number]; }

bool before(uint32_t number) {
  const Segment& earlier = segments[number];
  if (earlier.pending) return false;
  if (earlier.block == block_index) {
    if (earlier.thread == self || earlier.time < barrier_time) return true;
    if (warp_of(earlier.thread) == warp_of(self) &&
        earlier.time < known[self][lane_of(earlier.thread)])
      return true;
  }
  return released && (covers(acquired[self], earlier) || covers(acquired_by_block, earlier));
}

bool lanes_before(unsigned lanes, uint32_t time) {
  for (int lane = 0; lane < kLanes; ++lane)
    if ((lanes >> lane & 1) && lane != lane_of(self) && known[self][lane] <= time) return false;
  return true;
}

bool is_near(const Segment& segment) {
  return segment.block == block_index && segment.time >= barrier_time &&
         warp_of(segment.thread) == warp_of(self);
}
bool is_of_this_block(const Segment& segment) { return segment.block == block_index; }

}  // namespace flambeau::cuda::emulation::watch::order
