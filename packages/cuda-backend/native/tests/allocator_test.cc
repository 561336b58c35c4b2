// The allocator on a device of its own, whose memory is only counted.
#include "runtime/allocator.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace flambeau::cuda;

namespace {

constexpr size_t kMb = size_t{1} << 20;

// Memory that nobody reads: addresses from a counter. Streams move on when told to.
struct FakeDriver : MemoryDriver {
  struct Point {
    StreamName stream;
    int64_t at;
  };
  size_t total = 1024 * kMb;
  size_t used = 0;
  uintptr_t next = 0x10000000;
  std::map<void*, size_t> segments;
  std::map<StreamName, int64_t> begun, done;
  int allocations = 0, releases = 0, waits = 0, live_marks = 0;
  bool is_lost = false;  // everything fails, as after a kernel that did

  void* allocate(size_t bytes) override {
    demand_device();
    if (used + bytes > total) return nullptr;
    ++allocations;
    used += bytes;
    void* const data = reinterpret_cast<void*>(next);
    next += (bytes + 4 * kMb) & ~(kMb - 1);
    segments[data] = bytes;
    return data;
  }
  void release(void* data) override {
    demand_device();
    const auto at = segments.find(data);
    if (at == segments.end()) throw std::logic_error("released twice");
    ++releases;
    used -= at->second;
    segments.erase(at);
  }
  size_t total_bytes() override { return total; }
  size_t free_bytes() override { return total - used; }
  Mark mark(StreamName stream) override {
    ++live_marks;
    return new Point{stream, ++begun[stream]};
  }
  void demand_device() const {
    if (is_lost) throw std::runtime_error("the device is lost");
  }
  bool is_past(Mark mark) override {
    demand_device();
    const Point& point = *static_cast<Point*>(mark);
    return done[point.stream] >= point.at;
  }
  void wait(Mark mark) override {
    demand_device();
    ++waits;
    const Point& point = *static_cast<Point*>(mark);
    done[point.stream] = std::max(done[point.stream], point.at);
  }
  void forget(Mark mark) override {
    --live_marks;
    delete static_cast<Point*>(mark);
  }
};

struct Device {
  FakeDriver* driver = new FakeDriver;
  Allocator allocator{std::unique_ptr<MemoryDriver>(driver), "GPU 0"};
};

const int streams[3] = {};
StreamName stream(int i) { return &streams[i]; }
char* at(void* data) { return static_cast<char*>(data); }

}  // namespace

TEST_CASE("a freed block is handed out again without the driver") {
  Device d;
  void* const a = d.allocator.allocate(1000, stream(0));
  CHECK(reinterpret_cast<uintptr_t>(a) % 512 == 0);
  d.allocator.deallocate(a);
  CHECK(d.allocator.allocate(1024, stream(0)) == a);
  CHECK(d.driver->allocations == 1);
  const MemoryStats stats = d.allocator.stats();
  CHECK(stats.allocated_bytes.current == 1024);
  CHECK(stats.requested_bytes.current == 1024);
  CHECK(stats.reserved_bytes.current == static_cast<int64_t>(Allocator::kSmallSegment));
  CHECK(stats.allocations.added == 2);
}

TEST_CASE("nothing is allocated for no bytes") {
  Device d;
  CHECK(d.allocator.allocate(0, stream(0)) == nullptr);
  d.allocator.deallocate(nullptr);
  CHECK(d.driver->allocations == 0);
}

TEST_CASE("segments are of 2 MB, 20 MB, or their own size") {
  Device d;
  d.allocator.allocate(kMb, stream(0));
  CHECK(d.driver->used == 2 * kMb);
  d.allocator.allocate(kMb, stream(0));
  CHECK(d.driver->used == 2 * kMb);
  d.allocator.allocate(kMb + 1, stream(0));
  CHECK(d.driver->used == 22 * kMb);
  d.allocator.allocate(10 * kMb - 512, stream(0));
  CHECK(d.driver->used == 22 * kMb);
  d.allocator.allocate(10 * kMb, stream(0));
  CHECK(d.driver->used == 32 * kMb);
  d.allocator.allocate(11 * kMb, stream(0));
  CHECK(d.driver->used == 44 * kMb);
  d.allocator.verify();
}

TEST_CASE("neighbours that are free become one block") {
  Device d;
  std::vector<void*> parts;
  for (int i = 0; i < 4; ++i) parts.push_back(d.allocator.allocate(512 * 1024, stream(0)));
  CHECK(at(parts[1]) == at(parts[0]) + 512 * 1024);
  d.allocator.deallocate(parts[0]);
  d.allocator.deallocate(parts[2]);
  CHECK(d.allocator.stats().split_bytes.current == 1024 * 1024);
  d.allocator.deallocate(parts[1]);
  d.allocator.verify();
  CHECK(d.allocator.allocate(kMb, stream(0)) == parts[0]);
  CHECK(d.driver->allocations == 1);
}

TEST_CASE("the smallest block that is large enough is taken") {
  Device d;
  std::vector<void*> parts;
  for (const size_t kb : {300, 1, 100, 1, 200, 1})
    parts.push_back(d.allocator.allocate(kb * 1024, stream(0)));
  for (const int i : {0, 2, 4}) d.allocator.deallocate(parts[static_cast<size_t>(i)]);
  CHECK(d.allocator.allocate(150 * 1024, stream(0)) == parts[4]);
  CHECK(d.allocator.allocate(90 * 1024, stream(0)) == parts[2]);
}

TEST_CASE("a stream does not get what another one gave back") {
  Device d;
  void* const a = d.allocator.allocate(100, stream(0));
  d.allocator.deallocate(a);
  CHECK(d.allocator.allocate(100, stream(1)) != a);
  CHECK(d.driver->allocations == 2);
}

TEST_CASE("a block that another stream uses waits for it") {
  Device d;
  void* const a = d.allocator.allocate(100, stream(0));
  d.allocator.record_use(at(a) + 50, stream(1));
  d.allocator.record_use(a, stream(1));
  d.allocator.deallocate(a);
  CHECK(d.allocator.stats().allocated_bytes.current == 0);
  CHECK(d.allocator.stats().active_bytes.current == 512);
  CHECK(d.driver->live_marks == 1);
  CHECK(d.allocator.allocate(100, stream(0)) != a);
  d.driver->done[stream(1)] = 1;
  CHECK(d.allocator.allocate(100, stream(0)) == a);
  CHECK(d.driver->live_marks == 0);
  d.allocator.verify();
}

TEST_CASE("the stream that a block belongs to needs no mark") {
  Device d;
  void* const a = d.allocator.allocate(100, stream(0));
  d.allocator.record_use(a, stream(0));
  d.allocator.deallocate(a);
  CHECK(d.driver->live_marks == 0);
}

TEST_CASE("emptyCache gives whole segments back") {
  Device d;
  void* const a = d.allocator.allocate(30 * kMb, stream(0));
  void* const b = d.allocator.allocate(100, stream(0));
  d.allocator.deallocate(a);
  d.allocator.empty_cache();
  CHECK(d.driver->used == 2 * kMb);
  d.allocator.deallocate(b);
  d.allocator.empty_cache();
  CHECK(d.driver->used == 0);
  CHECK(d.allocator.stats().reserved_bytes.current == 0);
  CHECK(d.allocator.stats().reserved_bytes.peak == static_cast<int64_t>(32 * kMb));
  d.allocator.reset_peaks();
  CHECK(d.allocator.stats().reserved_bytes.peak == 0);
}

TEST_CASE("where memory is short, what is cached goes back first") {
  Device d;
  d.driver->total = 64 * kMb;
  void* const a = d.allocator.allocate(40 * kMb, stream(0));
  d.allocator.deallocate(a);
  CHECK(d.allocator.allocate(50 * kMb, stream(1)) != nullptr);
  CHECK(d.allocator.stats().retries == 1);
  CHECK(d.allocator.stats().out_of_memory == 0);
  CHECK(d.driver->used == 50 * kMb);
}

TEST_CASE("where memory is short, work on other streams is waited for") {
  Device d;
  d.driver->total = 64 * kMb;
  void* const a = d.allocator.allocate(40 * kMb, stream(0));
  d.allocator.record_use(a, stream(1));
  d.allocator.deallocate(a);
  CHECK(d.allocator.allocate(40 * kMb, stream(0)) != nullptr);
  CHECK(d.driver->waits == 1);
}

TEST_CASE("out of memory says what is in use, and harms nothing") {
  Device d;
  d.driver->total = 64 * kMb;
  void* const a = d.allocator.allocate(40 * kMb, stream(0));
  std::string text;
  try {
    d.allocator.allocate(30 * kMb, stream(0));
  } catch (const OutOfMemory& lack) {
    CHECK(lack.bytes == 30 * kMb);
    text = lack.text;
  }
  CHECK(text ==
        "GPU 0 has no room for 30.0 MB more: of its 64.0 MB, 24.0 MB are free, and 40.0 MB are in "
        "tensors of this process, which has reserved 40.0 MB");
  CHECK(d.allocator.stats().out_of_memory == 1);
  CHECK_THROWS_AS(d.allocator.allocate(SIZE_MAX, stream(0)), OutOfMemory);
  d.allocator.deallocate(a);
  CHECK(d.allocator.allocate(60 * kMb, stream(0)) != nullptr);
}

TEST_CASE("a limit holds") {
  Device d;
  d.allocator.set_limit(24 * kMb);
  void* const a = d.allocator.allocate(20 * kMb, stream(0));
  CHECK_THROWS_AS(d.allocator.allocate(6 * kMb, stream(0)), OutOfMemory);
  CHECK(d.allocator.allocate(kMb, stream(0)) != nullptr);
  d.allocator.deallocate(a);
  CHECK(d.allocator.allocate(6 * kMb, stream(0)) == a);
  CHECK(d.allocator.stats().limit_bytes == static_cast<int64_t>(24 * kMb));
  d.allocator.set_limit(SIZE_MAX);
  CHECK(d.allocator.stats().limit_bytes == static_cast<int64_t>(1024 * kMb));
}

TEST_CASE("memory of a capture stays with its graph") {
  Device d;
  void* const before = d.allocator.allocate(100, stream(0));
  d.allocator.deallocate(before);
  const PoolId pool = d.allocator.begin_pool();
  void* const inside = d.allocator.allocate(100, stream(0));
  CHECK(inside != before);
  d.allocator.deallocate(inside);
  CHECK(d.allocator.allocate(100, stream(0)) == inside);
  d.allocator.deallocate(inside);
  void* const outside = d.allocator.allocate_outside(100, stream(0));
  CHECK(outside == before);
  d.allocator.deallocate(outside);
  d.allocator.end_pool(pool);
  // Free, but not for others, and not for what must not lie there.
  CHECK(d.allocator.allocate(100, stream(0)) == before);
  CHECK(d.allocator.allocate(100, stream(0)) != inside);
  d.allocator.empty_cache();
  CHECK(d.driver->used == 4 * kMb);
  d.allocator.release_pool(pool);
  CHECK(d.driver->used == 2 * kMb);
  d.allocator.verify();
}

TEST_CASE("results of a graph that are still in use outlive it") {
  Device d;
  const PoolId pool = d.allocator.begin_pool();
  void* const result = d.allocator.allocate(100, stream(0));
  d.allocator.end_pool(pool);
  d.allocator.release_pool(pool);
  CHECK(d.driver->used == 2 * kMb);
  d.allocator.deallocate(result);
  CHECK(d.driver->used == 0);
  d.allocator.verify();
}

TEST_CASE("what a graph reads from outside stays taken as long as the graph") {
  Device d;
  void* const input = d.allocator.allocate(100, stream(0));
  const PoolId first = d.allocator.begin_pool();
  d.allocator.hold(input, first);
  d.allocator.end_pool(first);
  const PoolId second = d.allocator.begin_pool();
  d.allocator.hold(at(input) + 8, second);
  d.allocator.end_pool(second);
  d.allocator.deallocate(input);
  CHECK(d.allocator.allocate(100, stream(0)) != input);
  d.allocator.release_pool(second);
  CHECK(d.allocator.allocate(100, stream(0)) != input);
  d.allocator.release_pool(first);
  CHECK(d.allocator.allocate(100, stream(0)) == input);
  d.allocator.verify();
}

TEST_CASE("uses on other streams during a capture are marked after it") {
  Device d;
  void* const a = d.allocator.allocate(100, stream(0));
  d.allocator.record_use(a, stream(1));
  const PoolId pool = d.allocator.begin_pool();
  d.allocator.deallocate(a);
  CHECK(d.driver->live_marks == 0);
  d.allocator.end_pool(pool);
  CHECK(d.driver->live_marks == 1);
  d.driver->done[stream(1)] = 1;
  CHECK(d.allocator.allocate(100, stream(0)) == a);
}

// Sizes as they occur: many small ones, some large.
TEST_CASE("a device that is lost leaves the books in order") {
  Device d;
  void* const kept = d.allocator.allocate(3 * kMb, stream(0));
  void* const large = d.allocator.allocate(30 * kMb, stream(0));
  d.allocator.record_use(kept, stream(1));
  d.allocator.deallocate(kept);
  d.allocator.deallocate(large);
  d.driver->is_lost = true;
  for (int i = 0; i < 2; ++i) {
    CHECK_THROWS_AS(d.allocator.allocate(1, stream(0)), std::runtime_error);
    CHECK_THROWS_AS(d.allocator.empty_cache(), std::runtime_error);
    d.allocator.verify();
  }
  d.driver->is_lost = false;
  d.driver->done[stream(1)] = 1;
  d.allocator.empty_cache();
  d.allocator.verify();
  CHECK(d.driver->used == 0);
  CHECK(d.driver->live_marks == 0);
}

TEST_CASE("any order of allocations leaves no overlap and no gap") {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Device d;
    d.driver->total = 256 * kMb;
    std::mt19937 random(seed);
    const auto below = [&](uint32_t n) { return random() % n; };
    struct Live {
      size_t bytes;
      int stream;
    };
    std::map<char*, Live> live;
    std::vector<PoolId> pools;
    int failures = 0;
    for (int step = 0; step < 3000; ++step) {
      const uint32_t what = below(100);
      if (what < 52) {
        const size_t bytes = below(4) > 0 ? 1 + below(8000) : 1 + below(24 * kMb);
        const int on = static_cast<int>(below(3));
        try {
          char* const data = at(d.allocator.allocate(bytes, stream(on)));
          const auto after = live.lower_bound(data);
          REQUIRE((after == live.end() || data + bytes <= after->first));
          if (after != live.begin()) {
            const auto before = std::prev(after);
            REQUIRE(before->first + before->second.bytes <= data);
          }
          live[data] = {bytes, on};
        } catch (const OutOfMemory&) {
          ++failures;
        }
      } else if (what < 92 && !live.empty()) {
        auto which = live.begin();
        std::advance(which, below(static_cast<uint32_t>(live.size())));
        if (below(5) == 0)
          d.allocator.record_use(which->first + which->second.bytes / 2,
                                 stream(static_cast<int>(below(3))));
        if (!pools.empty() && below(8) == 0)
          d.allocator.hold(which->first, pools[below(static_cast<uint32_t>(pools.size()))]);
        d.allocator.deallocate(which->first);
        live.erase(which);
      } else if (what < 95) {
        for (int i = 0; i < 3; ++i) d.driver->done[stream(i)] = d.driver->begun[stream(i)];
      } else if (what < 96) {
        d.allocator.empty_cache();
      } else if (what < 98) {
        const PoolId pool = d.allocator.begin_pool();
        for (int i = 0; i < 3; ++i) {
          try {
            const size_t bytes = 1 + below(3 * kMb);
            char* const data = at(d.allocator.allocate(bytes, stream(0)));
            if (below(2)) {
              live[data] = {bytes, 0};
            } else {
              d.allocator.deallocate(data);
            }
          } catch (const OutOfMemory&) {
            ++failures;
          }
        }
        d.allocator.end_pool(pool);
        pools.push_back(pool);
      } else if (!pools.empty()) {
        d.allocator.release_pool(pools.back());
        pools.pop_back();
      }
      if (step % 50 == 0) d.allocator.verify();
    }
    CHECK(failures > 0);  // memory was short at times
    for (auto& [data, block] : live) d.allocator.deallocate(data);
    for (PoolId pool : pools) d.allocator.release_pool(pool);
    d.allocator.verify();
    d.allocator.empty_cache();
    CHECK(d.driver->used == 0);
    CHECK(d.driver->live_marks == 0);
    CHECK(d.allocator.stats().allocated_bytes.current == 0);
    CHECK(d.allocator.stats().active_bytes.current == 0);
    CHECK(d.allocator.stats().split_bytes.current == 0);
    d.allocator.verify();
  }
}
