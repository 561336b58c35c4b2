#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace flambeau {
namespace {

constexpr int kMaxThreads = 256;
constexpr auto kSpin = std::chrono::microseconds(20);

thread_local constinit bool inside_region = false;
constinit std::atomic<int> configured_threads{0};  // 0: not decided yet

// -------------------------------------------------------------------------------------------------
// The default number of threads.

// Cores, not hardware threads, that this process may run on; CPUs whose topology is hidden count as
// cores.
int available_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  }
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string name = "cpu" + std::to_string(cpu);
    std::ifstream file("/sys/devices/system/cpu/" + name + "/topology/thread_siblings_list");
    std::string siblings;
    cores.insert(std::getline(file, siblings) ? siblings : name);
  }
  return static_cast<int>(std::max<size_t>(1, cores.size()));
}

// CPUs that one cgroup folder grants: cgroup v2 has "quota period" or "max period" in one file, v1
// has two files.
double folder_quota(const std::string& folder) {
  double quota = 0;
  double period = 0;
  std::ifstream v2(folder + "/cpu.max");
  if (!(v2 >> quota >> period)) {
    quota = 0;
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : std::numeric_limits<double>::infinity();
}

// The least quota of this process's cgroup and its parents. In a container the path may name a
// folder of the host that is not mounted here; the root, visited last, is the container's own then.
double cgroup_quota() {
  double least = std::numeric_limits<double>::infinity();
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "id:controllers:path"
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool v1 =
        controllers == "cpu" || controllers.starts_with("cpu,") || controllers.ends_with(",cpu");
    if (!v1 && !controllers.empty()) continue;
    const std::string root = v1 ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup";
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      least = std::min(least, folder_quota(root + path));
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

int default_threads() {
  const double cpus = std::min<double>(available_cores(), std::ceil(cgroup_quota()));
  return std::clamp(static_cast<int>(cpus), 1, kMaxThreads);
}

// -------------------------------------------------------------------------------------------------

void pause_cpu() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits for at most about kSpin; false if ready() has not become true.
template <class Ready>
bool spin_until(Ready ready) noexcept {
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      pause_cpu();
    }
  } while (std::chrono::steady_clock::now() - start < kSpin);
  return false;
}

// What is left of a region: its number and the chunks [front, front + left) that nobody has
// claimed.
struct Tickets {
  static constexpr int kBits = 12;  // of front and of left
  static constexpr uint64_t kMask = (uint64_t{1} << kBits) - 1;
  static_assert(kMaxChunks <= static_cast<int64_t>(kMask));

  uint64_t region;
  uint64_t front;
  uint64_t left;

  static Tickets unpack(uint64_t word) {
    return {word >> (2 * kBits), word >> kBits & kMask, word & kMask};
  }
  uint64_t pack() const { return region << (2 * kBits) | front << kBits | left; }
};

// The team runs one region at a time, whose caller holds mutex_. All of a region's life is in one
// word, `tickets_`. A thread takes part by claiming a chunk, that is by compare-and-swap on this
// word, and in no other way: nobody waits for a helper that has claimed nothing, and one that comes
// late finds none left. The caller claims from the front and helpers from the back, so that in a
// run of operations on the same data each finds most of its chunks in its own cache.
//
// A helper reads the region's fields before its first claim. They may be those of the next region
// by then, but the claim fails in this case, because region numbers do not repeat. A claim that
// succeeds keeps the region alive until the helper has added its chunks to `done_`, so the fields
// it read were those of this region.
class Team {
 public:
  // Runs all chunks of a region; false, with nothing done, if the team is busy or has no helpers.
  bool run(detail::ChunkBody body, void* context, int64_t n, int64_t chunk);

  // Brings the team to `threads` threads, the caller of a region included.
  void resize(int threads) {
    const std::lock_guard lock(mutex_);
    configured_threads.store(threads, std::memory_order_relaxed);
    match(threads);
  }

 private:
  enum class Side { kFront, kBack };

  void match(int threads);
  void help(int index);
  void work(Side side) noexcept;
  void record_failure(uint64_t index) noexcept;
  uint64_t drop_above(uint64_t index) noexcept;

  // What threads wait for and read when a region starts.
  alignas(64) std::atomic<uint64_t> tickets_{0};
  std::atomic<uint32_t> bell_{0};  // rung when there may be something to do
  std::atomic<int> wanted_helpers_{0};
  std::atomic<detail::ChunkBody> body_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int64_t> n_{0};
  std::atomic<int64_t> chunk_{0};
  std::atomic<uint32_t> count_{0};

  alignas(64) std::atomic<uint32_t> done_{0};  // chunks finished or dropped

  alignas(64) std::mutex mutex_;  // held by the region's caller, or while the team changes
  uint64_t region_ = 0;
  std::vector<std::thread> helpers_;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  uint64_t failed_chunk_ = 0;
};

void Team::match(int threads) {
  const auto wanted = static_cast<size_t>(threads - 1);
  wanted_helpers_.store(threads - 1);
  if (helpers_.size() > wanted) {
    bell_.fetch_add(1);
    bell_.notify_all();
    for (size_t i = wanted; i < helpers_.size(); ++i) helpers_[i].join();
    helpers_.resize(wanted);
  }
  if (helpers_.size() == wanted) return;
  // Helpers take no signals: these belong to the threads of the program that uses the library.
  sigset_t all;
  sigset_t previous;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &previous);
  try {
    helpers_.reserve(wanted);
    while (helpers_.size() < wanted) {
      helpers_.emplace_back([this, index = static_cast<int>(helpers_.size())] { help(index); });
    }
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    wanted_helpers_.store(static_cast<int>(helpers_.size()));
    configured_threads.store(static_cast<int>(helpers_.size()) + 1, std::memory_order_relaxed);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
}

void Team::help(int index) {
  inside_region = true;
  uint32_t heard = bell_.load();
  while (index < wanted_helpers_.load()) {
    work(Side::kBack);
    if (!spin_until([&] { return bell_.load(std::memory_order_acquire) != heard; })) {
      bell_.wait(heard);
    }
    heard = bell_.load();
  }
}

bool Team::run(detail::ChunkBody body, void* context, int64_t n, int64_t chunk) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return false;
  const int threads = num_threads();
  if (helpers_.size() + 1 != static_cast<size_t>(threads)) {
    try {
      match(threads);
    } catch (const std::system_error&) {
      // The default asked for more threads than the system grants: fewer give the same results, and
      // num_threads() says so.
    }
  }
  if (helpers_.empty()) return false;

  const auto count = static_cast<uint32_t>((n - 1) / chunk + 1);
  body_.store(body, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  n_.store(n, std::memory_order_relaxed);
  chunk_.store(chunk, std::memory_order_relaxed);
  count_.store(count, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  tickets_.store(Tickets{++region_, 0, count}.pack(), std::memory_order_release);
  bell_.fetch_add(1);
  if (count > helpers_.size()) {
    bell_.notify_all();
  } else {
    for (uint32_t i = 1; i < count; ++i) bell_.notify_one();
  }

  inside_region = true;
  work(Side::kFront);
  inside_region = false;
  if (!spin_until([&] { return done_.load(std::memory_order_acquire) == count; })) {
    for (uint32_t done; (done = done_.load()) != count;) done_.wait(done);
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return true;
}

// Runs chunks of the current region until none is left.
void Team::work(Side side) noexcept {
  uint64_t word = tickets_.load(std::memory_order_acquire);
  const uint64_t region = Tickets::unpack(word).region;
  const auto body = body_.load(std::memory_order_relaxed);
  void* const context = context_.load(std::memory_order_relaxed);
  const int64_t n = n_.load(std::memory_order_relaxed);
  const int64_t chunk = chunk_.load(std::memory_order_relaxed);
  const uint32_t count = count_.load(std::memory_order_relaxed);
  uint64_t finished = 0;
  for (;;) {
    const Tickets tickets = Tickets::unpack(word);
    if (tickets.left == 0 || tickets.region != region) break;
    const bool front = side == Side::kFront;
    const uint64_t claimed = Tickets{region, tickets.front + front, tickets.left - 1}.pack();
    if (!tickets_.compare_exchange_weak(word, claimed, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
      continue;
    }
    const uint64_t index = front ? tickets.front : tickets.front + tickets.left - 1;
    const int64_t begin = static_cast<int64_t>(index) * chunk;
    ++finished;
    try {
      body(context, begin, n - begin < chunk ? n : begin + chunk);
    } catch (...) {
      record_failure(index);
      finished += drop_above(index);
    }
    word = tickets_.load(std::memory_order_acquire);
  }
  if (finished == 0) return;
  const uint64_t before = done_.fetch_add(static_cast<uint32_t>(finished));
  if (before + finished == count) done_.notify_one();
}

void Team::record_failure(uint64_t index) noexcept {
  const std::lock_guard lock(failure_mutex_);
  if (failure_ && failed_chunk_ < index) return;
  failure_ = std::current_exception();
  failed_chunk_ = index;
}

// Claims, without running them, the chunks of the region above `index` and returns how many. Those
// below still run: one of them may throw too, and the lowest that throws is the one to report.
uint64_t Team::drop_above(uint64_t index) noexcept {
  uint64_t word = tickets_.load(std::memory_order_acquire);
  for (;;) {
    Tickets tickets = Tickets::unpack(word);
    const uint64_t below = index > tickets.front ? index - tickets.front : 0;
    if (tickets.left <= below) return 0;
    const uint64_t dropped = tickets.left - below;
    tickets.left = below;
    if (tickets_.compare_exchange_weak(word, tickets.pack(), std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
      return dropped;
    }
  }
}

// Never destroyed: helpers sleep in it while the process exits.
Team& team() {
  static Team* const instance = new Team;
  return *instance;
}

}  // namespace

int num_threads() noexcept {
  const int set = configured_threads.load(std::memory_order_relaxed);
  if (set != 0) return set;
  int undecided = 0;
  configured_threads.compare_exchange_strong(undecided, default_threads(),
                                             std::memory_order_relaxed);
  return configured_threads.load(std::memory_order_relaxed);
}

void set_num_threads(int n) {
  if (inside_region) throw std::logic_error("set_num_threads: called inside a parallel region");
  team().resize(std::clamp(n, 1, kMaxThreads));
}

bool in_parallel() noexcept { return inside_region; }

namespace detail {

void run_chunks(ChunkBody body, void* context, int64_t n, int64_t chunk) {
  if (num_threads() > 1 && !inside_region && team().run(body, context, n, chunk)) return;
  for (int64_t begin = 0; begin < n;) {
    const int64_t end = n - begin < chunk ? n : begin + chunk;
    body(context, begin, end);
    begin = end;
  }
}

}  // namespace detail
}  // namespace flambeau
