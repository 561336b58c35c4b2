#include "environment.h"

#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

namespace flambeau {

namespace {

constexpr size_t kMegabyte = size_t{1} << 20;
// Garbage that may pile up before a collection is asked for; more where more is truly live.
constexpr size_t kSlack = 32 * kMegabyte;
// Garbage for which a safe point collects, if collections of young wrappers stay within their share
// of the time.
constexpr size_t kSmallSlack = 16 * kMegabyte;
constexpr double kMinorShare = 0.01;
// Operations for which small results are collected early, see reuse_early().
constexpr int kEarlyCalls = 256;
// Garbage that may pile up on devices, which have no cache that would make up for a collection.
constexpr size_t kDeviceSlack = 256 * kMegabyte;
// Share of the time that major collections may take before only runaway growth justifies one.
constexpr double kMajorShare = 0.03;

std::atomic<size_t> g_budget{kSlack};

// Processor time of this thread: what a collection costs must not seem to grow when other work
// takes the processor meanwhile.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

size_t slack_for(size_t live) { return std::max(kSlack, live / 16); }

// 60 % of the memory that this process may use: the control group's limit or the machine's.
size_t default_limit() {
  size_t total =
      static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (FILE* file = std::fopen(path, "r")) {
      unsigned long long bytes = 0;
      if (std::fscanf(file, "%llu", &bytes) == 1 && bytes > 0)
        total = std::min<size_t>(total, bytes);
      std::fclose(file);
    }
  }
  return total / 10 * 6;
}

std::atomic<size_t>& limit_bytes() {
  static std::atomic<size_t> limit{default_limit()};
  return limit;
}

}  // namespace

void Environment::set_limit(size_t bytes) { limit_bytes() = bytes; }
size_t Environment::limit() { return limit_bytes(); }

void Environment::connect(napi_value commands, napi_value minor, napi_value major,
                          napi_value sweep) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, commands, &type, &length, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_float64_array || length < 1024)
    throw Failure("ERR_INTERNAL", "connect expects a Float64Array of at least 1024 elements");
  const auto hold = [this](napi_ref& ref, napi_value value) {
    if (ref) napi_delete_reference(env_, ref);
    ref = nullptr;
    napi_create_reference(env_, value, 1, &ref);
  };
  hold(commands_ref_, commands);
  const std::pair<napi_ref&, napi_value> functions[] = {
      {minor_, minor}, {major_, major}, {sweep_, sweep}};
  for (const auto& [ref, function] : functions) {
    napi_valuetype kind;
    if (napi_typeof(env_, function, &kind) != napi_ok || kind != napi_function)
      throw Failure("ERR_INTERNAL", "connect expects three functions");
    hold(ref, function);
  }
  commands_ = static_cast<double*>(data);
  command_capacity_ = length;
}

void Environment::track(napi_value wrapper, Entry* entry) {
  napi_ref ref = nullptr;
  if (napi_create_reference(env_, wrapper, 0, &ref) != napi_ok)
    throw Failure("ERR_INTERNAL", "a wrapper must be an object");
  int32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<int32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot] = {ref, entry};
  entry->weak_slot = slot;
}

void Environment::untrack(Entry* entry) {
  const int32_t slot = entry->weak_slot;
  if (slot < 0) return;
  napi_delete_reference(env_, slots_[slot].ref);
  slots_[slot] = {};
  free_slots_.push_back(slot);
  entry->weak_slot = -1;
}

void Environment::give_up(Entry* entry) {
  untrack(entry);
  Entry* const grad = std::exchange(entry->grad, nullptr);
  context_.release(entry);
  if (grad) context_.release(grad);
}

bool Environment::collector_ran() {
  if (!canary_) return true;
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value object = nullptr;
  napi_get_reference_value(env_, canary_, &object);
  napi_close_handle_scope(env_, scope);
  return object == nullptr;
}

void Environment::renew_canary() {
  if (canary_) napi_delete_reference(env_, canary_);
  canary_ = nullptr;
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value object;
  if (napi_create_object(env_, &object) == napi_ok)
    napi_create_reference(env_, object, 0, &canary_);
  napi_close_handle_scope(env_, scope);
}

void Environment::check_collector() {
  if (collector_ran()) {
    poll();
  } else if (ticks_ >= kCollectInterval) {
    collect(false);
  }
}

void Environment::call_function(napi_ref function) {
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value callee, receiver;
  napi_get_reference_value(env_, function, &callee);
  napi_get_global(env_, &receiver);
  napi_call_function(env_, receiver, callee, 0, nullptr, nullptr);
  napi_close_handle_scope(env_, scope);
}

void Environment::poll() { call_function(sweep_); }

void Environment::sweep() {
  ticks_ = 0;
  renew_canary();
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  int handles = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].ref) continue;
    napi_value wrapper = nullptr;
    if (napi_get_reference_value(env_, slots_[i].ref, &wrapper) != napi_ok) continue;
    if (wrapper) {
      if (++handles == 1024) {  // a handle each: keep the scope small
        napi_close_handle_scope(env_, scope);
        napi_open_handle_scope(env_, &scope);
        handles = 0;
      }
      continue;
    }
    give_up(slots_[i].entry);
  }
  napi_close_handle_scope(env_, scope);
}

void Environment::collect(bool major) {
  const double start = thread_seconds();
  call_function(major ? major_ : minor_);
  if (major) {
    ++major_collections_;
    last_major_ = thread_seconds();
    last_major_seconds_ = last_major_ - start;
  } else {
    ++minor_collections_;
    last_minor_ = thread_seconds();
    last_minor_seconds_ = last_minor_ - start;
  }
  poll();
  if (major) live_after_major_ = live_bytes();
  allocated_since_collection_ = 0;
  allocated_on_devices_ = 0;
  calls_since_collection_ = 0;
}

void Environment::safe_point() {
  trim();
  // With nothing of a step alive, a collection costs no more than the one that the engine would
  // make in the middle of a later step, and gives it no reason to enlarge its young space.
  if (calls_since_collection_ >= kManyCalls) return collect(false);
  if (allocated_since_collection_ < kSmallSlack) return;
  const double since = thread_seconds() - last_minor_;
  if (last_minor_seconds_ < kMinorShare * since ||
      allocated_since_collection_ > std::max(kSlack, g_budget.load() / 2))
    collect(false);
}

// Compilers and collector threads of the engine leave holes in the C library's heap, which it does
// not give back by itself: resident memory would creep up by tens of megabytes.
void Environment::trim() {
#ifdef __GLIBC__
  const Clock::time_point now = Clock::now();
  if (now < next_trim_) return;
  malloc_trim(0);
  trim_interval_ = std::min(trim_interval_ * 2, kMaxTrimInterval);
  next_trim_ = now + trim_interval_;
#endif
}

// Small results that died are reused while they are in the processor's cache, which for 40 kB is
// worth more than a collection costs. Where most of them turn out to live on, as in the first half
// of a training step, the next attempt waits for twice as many.
void Environment::reuse_early() {
  const size_t allocated = allocated_since_collection_;
  const size_t before = live_bytes();
  collect(false);
  const size_t after = live_bytes();
  const bool worthwhile = after < before && before - after >= allocated / 2;
  early_slack_ = worthwhile ? std::max(early_slack_ / 2, kSmallSlack) : early_slack_ * 2;
}

// The policy: reuse what died by itself, then collect young wrappers, then old ones if that is
// affordable or memory runs away, then let the budget grow; at the limit, give up with an error.
void Environment::make_room(size_t bytes) {
  allocated_since_collection_ += bytes;
  const size_t budget = g_budget.load(std::memory_order_relaxed);
  if (allocated_since_collection_ >= early_slack_ && calls_since_collection_ >= kEarlyCalls)
    reuse_early();
  if (live_bytes() + bytes <= budget && live_bytes() + bytes <= limit()) return;
  if (collector_ran()) poll();
  if (live_bytes() + bytes > budget) {
    collect(false);
    const size_t live = live_bytes();
    const size_t slack = slack_for(live);
    if (live + bytes + slack / 2 > budget) {
      const double since = thread_seconds() - last_major_;
      const bool affordable = last_major_seconds_ < kMajorShare * since;
      const bool runaway = live > 2 * live_after_major_ + slack;
      if (affordable || runaway) collect(true);
      g_budget = live_bytes() + bytes + slack_for(live_bytes());
    }
  }
  if (live_bytes() + bytes > limit()) {
    collect(false);
    if (live_bytes() + bytes > limit()) collect(true);
    trim_cache(0);
    if (live_bytes() + bytes > limit()) throw Failure("ERR_OUT_OF_MEMORY", std::to_string(bytes));
  }
}

// Young wrappers are collected for every so many bytes. Old ones only where the device is full: it
// has memory for nothing else.
void Environment::make_room_on(Device& device, size_t bytes, bool full) {
  if (full) {
    collect(false);
    return collect(true);
  }
  allocated_on_devices_ += bytes;
  if (allocated_on_devices_ > std::max(kDeviceSlack, device.live_bytes() / 4)) collect(false);
}

}  // namespace flambeau
