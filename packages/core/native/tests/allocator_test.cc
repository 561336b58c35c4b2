#include "../runtime/allocator.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <thread>
#include <vector>

using namespace flambeau;

namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;

auto* bytes_of(const Block& block) { return static_cast<unsigned char*>(block.ptr); }

// An allocator without live blocks and without cache, so that addresses can be predicted.
void start_empty() {
  REQUIRE(live_bytes() == 0);
  trim_cache(0);
  REQUIRE(allocator_stats().reserved_bytes == 0);
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// Marks both ends and the middle of a block; holds() tells whether the marks are still there.
void mark(const Block& block, uint64_t tag) {
  for (size_t at : {size_t{0}, block.bytes / 2, block.bytes - 8})
    std::memcpy(bytes_of(block) + at, &tag, 8);
}

bool holds(const Block& block, uint64_t tag) {
  for (size_t at : {size_t{0}, block.bytes - 8}) {
    if (std::memcmp(bytes_of(block) + at, &tag, 8) != 0) return false;
  }
  return true;
}

// Sizes from a few bytes to 40 MiB, every magnitude as likely as the next, at least 16.
size_t random_size(std::mt19937_64& random) {
  const double exponent = std::uniform_real_distribution<double>(4, 25.3)(random);
  return static_cast<size_t>(std::exp2(exponent));
}

}  // namespace

TEST_CASE("blocks are 64-byte aligned, hold what was asked for and waste little") {
  for (size_t size = 1; size <= 40 * kMiB; size += 1 + size / 7) {
    const Block block = allocate(size);
    CAPTURE(size);
    CHECK(reinterpret_cast<uintptr_t>(block.ptr) % 64 == 0);
    CHECK(block.bytes >= size);
    CHECK(block.bytes <= std::max<size_t>(64, size + size / 4 + 63));
    std::memset(block.ptr, 0xa5, std::min(block.bytes, kMiB));
    bytes_of(block)[block.bytes - 1] = 1;
    deallocate(block);
  }
}

TEST_CASE("a request for nothing gets a block of its own") {
  const Block a = allocate(0);
  const Block b = allocate(0);
  CHECK(a.bytes >= 64);
  CHECK(a.ptr != b.ptr);
  std::memset(a.ptr, 1, a.bytes);
  deallocate(a);
  deallocate(b);
  deallocate(Block{});
}

TEST_CASE("absurd sizes throw bad_alloc and change nothing") {
  const AllocatorStats before = allocator_stats();
  for (size_t size :
       {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2, (size_t{1} << 63) + 1, (size_t{1} << 47) + 1}) {
    CAPTURE(size);
    CHECK_THROWS_AS(allocate(size), std::bad_alloc);
  }
  const AllocatorStats after = allocator_stats();
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.reserved_bytes == before.reserved_bytes);
  CHECK(after.allocations == before.allocations);
}

TEST_CASE("statistics follow the live blocks") {
  const AllocatorStats before = allocator_stats();
  reset_peak();
  const Block a = allocate(1000);
  const Block b = allocate(3 * kMiB);
  CHECK(live_bytes() == before.live_bytes + a.bytes + b.bytes);
  deallocate(b);
  const AllocatorStats stats = allocator_stats();
  CHECK(stats.live_bytes == before.live_bytes + a.bytes);
  CHECK(stats.peak_live_bytes == before.live_bytes + a.bytes + b.bytes);
  CHECK(stats.allocations == before.allocations + 2);
  CHECK(stats.reserved_bytes >= stats.live_bytes + stats.cached_bytes);
  reset_peak();
  CHECK(allocator_stats().peak_live_bytes == before.live_bytes + a.bytes);
  deallocate(a);
  CHECK(live_bytes() == before.live_bytes);
}

TEST_CASE("live blocks never overlap") {
  std::mt19937_64 random(7);
  std::map<uintptr_t, Block> live;
  for (int step = 0; step < 20000; ++step) {
    if (live.size() < 60 || random() % 2 == 0) {
      const Block block = allocate(random_size(random) / 4);
      const auto begin = reinterpret_cast<uintptr_t>(block.ptr);
      const auto next = live.lower_bound(begin);
      if (next != live.end()) REQUIRE(begin + block.bytes <= next->first);
      if (next != live.begin()) {
        const auto previous = std::prev(next);
        REQUIRE(previous->first + previous->second.bytes <= begin);
      }
      live.emplace(begin, block);
    } else {
      const auto victim = std::next(live.begin(), static_cast<ptrdiff_t>(random() % live.size()));
      deallocate(victim->second);
      live.erase(victim);
    }
  }
  for (const auto& [begin, block] : live) deallocate(block);
}

TEST_CASE("four threads that allocate, hand over and free at random leave nothing behind") {
  const size_t before = live_bytes();
  constexpr int kThreads = 4;
  struct Held {
    Block block;
    uint64_t tag;
  };
  std::mutex mutex;
  std::vector<Held> handed_over;  // freed by whichever thread comes first
  std::vector<int> damaged(kThreads, 0);
  std::vector<std::thread> threads;
  for (int id = 0; id < kThreads; ++id) {
    threads.emplace_back([&, id] {
      std::mt19937_64 random(static_cast<uint64_t>(id) + 1);
      std::vector<Held> held;
      const auto free_one = [&](Held victim) {
        damaged[static_cast<size_t>(id)] += !holds(victim.block, victim.tag);
        deallocate(victim.block);
      };
      for (uint64_t step = 0; step < (kAllocatorCaches ? 6000 : 1500); ++step) {
        const Held fresh{allocate(random_size(random)), step << 8 | static_cast<uint64_t>(id)};
        mark(fresh.block, fresh.tag);
        held.push_back(fresh);
        if (held.size() > 12) {
          std::swap(held[random() % held.size()], held.back());
          const Held victim = held.back();
          held.pop_back();
          if (random() % 4 == 0) {
            const std::lock_guard lock(mutex);
            handed_over.push_back(victim);
          } else {
            free_one(victim);
          }
        }
        if (step % 16 == 0) {
          std::vector<Held> taken;
          {
            const std::lock_guard lock(mutex);
            taken.swap(handed_over);
          }
          for (const Held& victim : taken) free_one(victim);
        }
        if (step % 2000 == 1999) trim_cache(32 * kMiB);
      }
      for (const Held& victim : held) free_one(victim);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Held& victim : handed_over) deallocate(victim.block);
  for (int count : damaged) CHECK(count == 0);
  CHECK(live_bytes() == before);
  if (before == 0) {
    trim_cache(0);
    const AllocatorStats stats = allocator_stats();
    CHECK(stats.cached_bytes == 0);
    CHECK(stats.reserved_bytes == 0);
  }
}

// What follows looks at reuse, which AddressSanitizer builds do without.
TEST_SUITE("cache" * doctest::skip(!kAllocatorCaches)) {
  TEST_CASE("a freed block is handed out again for the same size") {
    for (size_t size : {size_t{16}, 5000 * size_t{1}, 700 * kKiB, 3 * kMiB, 60 * kMiB}) {
      CAPTURE(size);
      const Block first = allocate(size);
      deallocate(first);
      const uint64_t hits = allocator_stats().cache_hits;
      const Block second = allocate(size);
      CHECK(second.ptr == first.ptr);
      CHECK(second.bytes == first.bytes);
      CHECK(allocator_stats().cache_hits == hits + 1);
      deallocate(second);
    }
  }

  TEST_CASE("large cached blocks are cut to size, and joined again when they are freed") {
    start_empty();
    const Block large = allocate(100 * kMiB);
    deallocate(large);
    const Block first = allocate(30 * kMiB);
    const Block second = allocate(41 * kMiB - 5);
    const Block third = allocate(29 * kMiB);
    CHECK(first.ptr == large.ptr);
    CHECK(first.bytes == 30 * kMiB);
    CHECK(bytes_of(second) == bytes_of(first) + 30 * kMiB);
    CHECK(second.bytes == 42 * kMiB);
    CHECK((bytes_of(third) < bytes_of(large) || bytes_of(third) >= bytes_of(large) + large.bytes));
    deallocate(second);  // beside what is left of the large one
    CHECK(allocate(70 * kMiB).ptr == second.ptr);
    deallocate(first);
    deallocate({second.ptr, 70 * kMiB});
    const Block again = allocate(100 * kMiB);
    CHECK(again.ptr == large.ptr);
    deallocate(again);
    deallocate(third);
    trim_cache(0);
    CHECK(allocator_stats().reserved_bytes == 0);
  }

  TEST_CASE("writing to a reused block of 64 MiB faults no pages") {
    const Block first = allocate(64 * kMiB);
    std::memset(first.ptr, 1, first.bytes);
    deallocate(first);
    const Block second = allocate(64 * kMiB);
    REQUIRE(second.ptr == first.ptr);
    const long before = page_faults();
    std::memset(second.ptr, 2, second.bytes);
    CHECK(page_faults() - before < 8);
    deallocate(second);
  }

  TEST_CASE("medium blocks share segments, split them and coalesce again") {
    start_empty();
    std::vector<Block> blocks;
    for (int i = 0; i < 16; ++i) blocks.push_back(allocate(4 * kMiB));
    CHECK(allocator_stats().reserved_bytes == 64 * kMiB);
    for (size_t i = 0; i < 16; ++i)
      REQUIRE(bytes_of(blocks[i]) == bytes_of(blocks[0]) + i * 4 * kMiB);

    // Holes of 4 MiB at 1 and of 8 MiB at 3-4: the best fit is taken, not the first or the last.
    for (size_t i : {1, 3, 4}) deallocate(blocks[i]);
    const Block eight = allocate(7 * kMiB + kMiB / 2);
    CHECK(eight.ptr == blocks[3].ptr);
    const Block four = allocate(3 * kMiB);
    CHECK(four.ptr == blocks[1].ptr);
    const Block rest = allocate(kMiB);
    CHECK(bytes_of(rest) == bytes_of(blocks[1]) + 3 * kMiB);
    deallocate(eight);
    deallocate(rest);
    deallocate(four);

    // Freed in any order, neighbours become one hole.
    for (size_t i : {6, 8, 7, 5}) deallocate(blocks[i]);  // now 3 to 8 are free
    const Block sixteen = allocate(16 * kMiB);
    CHECK(sixteen.ptr == blocks[3].ptr);
    deallocate(sixteen);
    for (size_t i : {0, 2, 9, 10, 11, 12, 13, 14, 15}) deallocate(blocks[i]);
    CHECK(allocator_stats().reserved_bytes == 64 * kMiB);
    CHECK(allocator_stats().cached_bytes == 64 * kMiB);
  }

  TEST_CASE("blocks of 1 MiB do not take a huge page each") {
    start_empty();
    std::vector<Block> blocks;
    for (int i = 0; i < 100; ++i) blocks.push_back(allocate(kMiB));
    const AllocatorStats stats = allocator_stats();
    CHECK(stats.live_bytes == 100 * kMiB);
    CHECK(stats.cached_bytes <= 4 * kMiB);
    for (const Block& block : blocks) deallocate(block);
  }

  TEST_CASE("trimming gives memory back, oldest and largest first, and keeps live blocks") {
    start_empty();
    const Block small = allocate(100);
    const Block medium = allocate(2 * kMiB);
    std::memset(small.ptr, 3, small.bytes);
    std::memset(medium.ptr, 4, medium.bytes);
    std::vector<Block> blocks;
    for (size_t size : {20 * kMiB, 30 * kMiB, 5 * kMiB, 800 * kKiB})
      blocks.push_back(allocate(size));
    for (const Block& block : blocks) deallocate(block);
    CHECK(allocator_stats().cached_bytes >= 55 * kMiB);
    trim_cache(40 * kMiB);
    CHECK(allocator_stats().cached_bytes <= 40 * kMiB);
    CHECK(allocator_stats().cached_bytes >= 30 * kMiB);
    trim_cache(0);
    // One huge page around the small block stays; the one of the medium block is full.
    CHECK(allocator_stats().cached_bytes < 2 * kMiB);
    CHECK(std::all_of(bytes_of(small), bytes_of(small) + small.bytes,
                      [](unsigned char c) { return c == 3; }));
    CHECK(std::all_of(bytes_of(medium), bytes_of(medium) + medium.bytes,
                      [](unsigned char c) { return c == 4; }));
    deallocate(small);
    deallocate(medium);
    trim_cache(0);
    CHECK(allocator_stats().reserved_bytes == 0);
  }

  TEST_CASE("free pages inside a segment that is still in use are given back") {
    start_empty();
    std::vector<Block> blocks;
    for (int i = 0; i < 16; ++i) blocks.push_back(allocate(4 * kMiB));
    for (const Block& block : blocks) std::memset(block.ptr, 5, block.bytes);
    for (size_t i = 0; i < 16; i += 2) deallocate(blocks[i]);
    CHECK(allocator_stats().cached_bytes == 32 * kMiB);
    trim_cache(0);
    CHECK(allocator_stats().cached_bytes == 0);
    CHECK(bytes_of(blocks[0])[0] == 0);  // fresh pages: the old ones have really gone
    for (size_t i = 1; i < 16; i += 2) {
      CHECK(bytes_of(blocks[i])[0] == 5);
      deallocate(blocks[i]);
    }
  }

  TEST_CASE(
      "the cache keeps what a training step needs again, and shrinks when that was long ago") {
    start_empty();
    const auto step = [] {  // lives up to 1 GiB, then nothing
      std::vector<Block> blocks;
      for (int i = 0; i < 20; ++i) blocks.push_back(allocate(i % 2 == 0 ? 96 * kMiB : 6 * kMiB));
      for (const Block& block : blocks) deallocate(block);
    };
    step();
    const AllocatorStats first = allocator_stats();
    for (int i = 0; i < 30; ++i) step();
    const AllocatorStats last = allocator_stats();
    CHECK(last.cache_hits - first.cache_hits == last.allocations - first.allocations);
    CHECK(last.cached_bytes >= 1000 * kMiB);
    CHECK(last.cached_bytes <= 1280 * kMiB);
    // The peak is forgotten after at most two windows of eight times its size.
    for (int i = 0; i < 200; ++i) deallocate(allocate(96 * kMiB));
    CHECK(allocator_stats().cached_bytes <= 256 * kMiB);
    trim_cache(0);
  }

  TEST_CASE("many sizes in turn do not pile up in the cache") {
    start_empty();
    for (size_t i = 0; i < 400; ++i) deallocate(allocate((17 + i % 100) * kMiB));
    for (size_t i = 0; i < 400; ++i) deallocate(allocate((100 + i * 37 % 1900) * kKiB));
    CHECK(allocator_stats().cached_bytes <= 256 * kMiB);
    trim_cache(0);
    CHECK(allocator_stats().reserved_bytes == 0);
  }

  TEST_CASE("freeing a medium block twice stops the process") {
    for (const int victim : {0, 1}) {  // the second one is part of a larger hole by then
      const pid_t child = fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        const Block blocks[] = {allocate(2 * kMiB), allocate(2 * kMiB)};
        for (const Block& block : blocks) deallocate(block);
        deallocate(blocks[victim]);
        _exit(0);
      }
      int status = 0;
      REQUIRE(waitpid(child, &status, 0) == child);
      REQUIRE(WIFSIGNALED(status));
      CHECK(WTERMSIG(status) == SIGABRT);
    }
  }
}
