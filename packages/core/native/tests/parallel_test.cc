#include "../runtime/parallel.h"

#include <doctest/doctest.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace flambeau;

namespace {

// Sets the number of threads for one test.
class WithThreads {
 public:
  explicit WithThreads(int n) : previous_(num_threads()) { set_num_threads(n); }
  ~WithThreads() { set_num_threads(previous_); }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  int previous_;
};

using Chunks = std::set<std::pair<int64_t, int64_t>>;

Chunks chunks_of(int64_t n, int64_t grain) {
  std::mutex mutex;
  Chunks chunks;
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    chunks.emplace(begin, end);
  });
  return chunks;
}

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

TEST_CASE("the default number of threads fits the machine") {
  CHECK(num_threads() >= 1);
  CHECK(num_threads() <= static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

TEST_CASE("every index is visited exactly once") {
  for (int threads : {1, 2, 3, 8}) {
    const WithThreads with(threads);
    for (int64_t n : {0, 1, 2, 3, 63, 64, 65, 511, 512, 513, 1000, 4097, 100003}) {
      for (int64_t grain : {-1, 0, 1, 2, 5, 64, 1000, 32768, 1000000}) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            visits[static_cast<size_t>(i)].fetch_add(1, std::memory_order_relaxed);
        });
        CAPTURE(threads);
        CAPTURE(n);
        CAPTURE(grain);
        CHECK(std::all_of(visits.begin(), visits.end(),
                          [](const auto& count) { return count == 1; }));
      }
    }
  }
}

TEST_CASE("a negative length does nothing") {
  parallel_for(-5, 1, [](int64_t, int64_t) { FAIL("called"); });
  CHECK(num_chunks(-5, 1) == 0);
  CHECK(parallel_reduce(
            -5, 1, 42, [](int64_t, int64_t) { return 1; }, std::plus<>()) == 42);
}

TEST_CASE("the chunks depend on length and grain only") {
  for (const auto& pair :
       {std::pair<int64_t, int64_t>{1000, 10}, {100000, 32768}, {1 << 20, 1}, {777, 100}}) {
    const int64_t n = pair.first;
    const int64_t grain = pair.second;
    CAPTURE(n);
    CAPTURE(grain);
    Chunks expected;
    {
      const WithThreads with(1);
      expected = chunks_of(n, grain);
    }
    CHECK(static_cast<int64_t>(expected.size()) == num_chunks(n, grain));
    for (int threads : {2, 5}) {
      const WithThreads with(threads);
      CHECK(chunks_of(n, grain) == expected);
    }
  }
}

TEST_CASE("chunks are neither tiny nor too many") {
  for (int64_t n = 1; n < int64_t{1} << 40; n += 1 + n / 3) {
    for (int64_t grain :
         {int64_t{1}, int64_t{7}, int64_t{100}, int64_t{2048}, int64_t{32768}, int64_t{1} << 30}) {
      CAPTURE(n);
      CAPTURE(grain);
      const int64_t chunk = chunk_size(n, grain);
      CHECK(num_chunks(n, grain) <= kMaxChunks);
      CHECK((num_chunks(n, grain) - 1) * chunk < n);
      CHECK(num_chunks(n, grain) * chunk >= n);
      if (n <= grain) CHECK(num_chunks(n, grain) == 1);
      if (n > grain) CHECK(chunk >= grain / 4 - grain / 16);
      if (n > grain && chunk >= 256) CHECK(chunk % 64 == 0);
    }
  }
  CHECK(num_chunks(INT64_MAX, 1) <= kMaxChunks);
  CHECK(num_chunks(INT64_MAX, INT64_MAX) == 1);
}

TEST_CASE("chunks run at the same time") {
  const WithThreads with(2);
  std::atomic<int> arrived{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  parallel_for(2, 1, [&](int64_t, int64_t) {  // each waits for the other
    arrived.fetch_add(1);
    while (arrived.load() < 2 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
  });
  CHECK(std::chrono::steady_clock::now() < deadline);
}

TEST_CASE("an exception reaches the caller after all threads have left, and the team lives on") {
  for (int threads : {1, 2, 6}) {
    const WithThreads with(threads);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> inside{0};
      std::string message;
      int left_inside = -1;
      try {
        parallel_for(100, 1, [&](int64_t begin, int64_t) {
          inside.fetch_add(1);
          const std::string text = "chunk " + std::to_string(begin);
          inside.fetch_sub(1);
          if (begin >= 40) throw std::runtime_error(text);
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
        left_inside = inside.load();
      }
      CHECK(left_inside == 0);
      CHECK(message == "chunk 40");
    }
    CHECK(chunks_of(1000, 10).size() == static_cast<size_t>(num_chunks(1000, 10)));
  }
}

TEST_CASE("of several exceptions the caller gets that of the lowest chunk") {
  const WithThreads with(2);
  for (const int64_t first : {0, 1}) {  // the chunk that throws first, once both have begun
    std::atomic<int> begun{0};
    std::atomic<bool> thrown{false};
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const auto wait_for = [&](auto ready) {
      while (!ready() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    };
    int64_t caught = -1;
    try {
      parallel_for(2, 1, [&](int64_t begin, int64_t) {
        begun.fetch_add(1);
        if (begin == first) {
          wait_for([&] { return begun == 2; });
          thrown = true;
        } else {
          wait_for([&] { return thrown.load(); });
          std::this_thread::sleep_for(std::chrono::milliseconds(20));  // recorded by now
        }
        throw begin;
      });
    } catch (int64_t begin) {
      caught = begin;
    }
    CHECK(std::chrono::steady_clock::now() < deadline);
    CHECK(caught == 0);
  }
}

TEST_CASE("later chunks not yet begun are dropped after an exception") {
  for (int threads : {1, 2}) {
    const WithThreads with(threads);
    std::atomic<int> calls{0};
    int64_t caught = -1;
    try {
      parallel_for(512, 1, [&](int64_t begin, int64_t) {
        calls.fetch_add(1);
        if (begin == 0) throw begin;
        std::this_thread::sleep_for(
            std::chrono::milliseconds(1));  // the caller is faster than this
      });
    } catch (int64_t begin) {
      caught = begin;
    }
    CHECK(caught == 0);
    CHECK(calls < 256);
  }
}

TEST_CASE("chunks below one that throws still run") {
  for (int threads : {1, 2, 5}) {
    const WithThreads with(threads);
    std::vector<std::atomic<int>> visits(64);
    CHECK_THROWS_AS(parallel_for(64, 1,
                                 [&](int64_t begin, int64_t) {
                                   visits[static_cast<size_t>(begin)].fetch_add(1);
                                   if (begin >= 30) throw std::range_error("too far");
                                 }),
                    std::range_error);
    for (size_t i = 0; i <= 30; ++i) CHECK(visits[i] == 1);
    for (size_t i = 31; i < 64; ++i) CHECK(visits[i] <= 1);
  }
}

TEST_CASE("a nested region runs on the thread that meets it") {
  const WithThreads with(4);
  std::atomic<int64_t> sum{0};
  std::atomic<int> strays{0};
  CHECK_FALSE(in_parallel());
  parallel_for(32, 1, [&](int64_t, int64_t) {
    if (!in_parallel()) strays.fetch_add(1);
    const auto thread = std::this_thread::get_id();
    parallel_for(100, 1, [&](int64_t begin, int64_t end) {
      if (std::this_thread::get_id() != thread) strays.fetch_add(1);
      sum.fetch_add(end - begin);
    });
  });
  CHECK(strays == 0);
  CHECK(sum == 3200);
  CHECK_FALSE(in_parallel());
}

TEST_CASE("a single chunk leaves the team to regions inside it") {
  const WithThreads with(2);
  bool outer_parallel = true;
  parallel_for(1, 1, [&](int64_t, int64_t) { outer_parallel = in_parallel(); });
  CHECK_FALSE(outer_parallel);
}

TEST_CASE("threads that enter at once all finish their own regions") {
  const WithThreads with(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int id = 0; id < 3; ++id) {
    callers.emplace_back([&, id] {
      for (int round = 0; round < 3000; ++round) {
        std::array<int64_t, 64> sums{};
        parallel_for(64, 1, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) sums[static_cast<size_t>(i)] += i + id;
        });
        for (int64_t i = 0; i < 64; ++i) wrong += sums[static_cast<size_t>(i)] != i + id;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("a caller that finds the team busy goes ahead alone") {
  const WithThreads with(2);
  std::atomic<bool> inside{false};
  std::atomic<bool> finished{false};
  std::thread first([&] {
    parallel_for(2, 1, [&](int64_t, int64_t) {
      inside = true;
      while (!finished) std::this_thread::yield();
    });
  });
  while (!inside) std::this_thread::yield();
  const auto self = std::this_thread::get_id();
  int strays = 0;
  int64_t sum = 0;
  parallel_for(1000, 1, [&](int64_t begin, int64_t end) {
    strays += std::this_thread::get_id() != self;
    sum += end - begin;
  });
  finished = true;
  first.join();
  CHECK(strays == 0);
  CHECK(sum == 1000);
}

TEST_CASE("the number of threads can change at any time outside a region") {
  const WithThreads with(1);
  for (int threads : {5, 1, 2, 16, 3, 0, -7, 1000, 1}) {
    set_num_threads(threads);
    CHECK(num_threads() == std::clamp(threads, 1, 256));
    CHECK(chunks_of(5000, 1).size() == static_cast<size_t>(num_chunks(5000, 1)));
  }
  std::atomic<bool> stop{false};
  int wrong = 0;
  std::thread worker([&] {
    while (!stop) wrong += chunks_of(200, 1).size() != 200;
  });
  for (int round = 0; round < 200; ++round) set_num_threads(1 + round % 4);
  stop = true;
  worker.join();
  CHECK(wrong == 0);
}

TEST_CASE("changing the number of threads inside a region is an error") {
  const WithThreads with(2);
  CHECK_THROWS_AS(parallel_for(2, 1, [](int64_t, int64_t) { set_num_threads(3); }),
                  std::logic_error);
  CHECK(num_threads() == 2);
}

TEST_CASE("a sum of floats has the same bits for any number of threads") {
  std::vector<float> values(300007);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i)) * 1e3F;
  const auto sum = [&] {
    return parallel_reduce(
        static_cast<int64_t>(values.size()), 1000, 0.0F,
        [&](int64_t begin, int64_t end) {
          float part = 0;
          for (int64_t i = begin; i < end; ++i) part += values[static_cast<size_t>(i)];
          return part;
        },
        std::plus<>());
  };
  uint32_t expected = 0;
  {
    const WithThreads with(1);
    expected = std::bit_cast<uint32_t>(sum());
  }
  for (int threads : {2, 3, 7}) {
    const WithThreads with(threads);
    for (int round = 0; round < 50; ++round) CHECK(std::bit_cast<uint32_t>(sum()) == expected);
  }
}

TEST_CASE("partial results are combined in the order of the chunks") {
  const WithThreads with(4);
  const auto append = [](const std::string& a, const std::string& b) { return a + b; };
  const auto name = [](int64_t begin, int64_t) { return std::to_string(begin) + " "; };
  CHECK(parallel_reduce(6, 1, std::string(":"), name, append) == ":0 1 2 3 4 5 ");
  CHECK(parallel_reduce(3, 5, std::string(":"), name, append) == ":0 ");
  const auto any = parallel_reduce(
      10000, 1, false, [](int64_t begin, int64_t end) { return begin <= 7777 && 7777 < end; },
      std::logical_or<>());
  CHECK(any);
}

// Regions follow each other so fast that helpers, more than there are cores, still look at one that
// is over when the next begins. Each region's data lies on the caller's stack: a helper with old
// data or an old chunk is noticed.
TEST_CASE("a helper that comes late for one region does no harm to the next") {
  const WithThreads with(8);
  int wrong = 0;
  for (int64_t region = 0; region < 60000; ++region) {
    const int64_t n = 2 + region % 23;
    std::array<int64_t, 32> cells{};
    const int64_t key = region * 1000;
    if (region % 3 == 0) {
      parallel_for(n, 1, [&cells, key](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) cells[static_cast<size_t>(i)] += key + i;
      });
    } else if (region % 3 == 1) {
      parallel_for(n, 2, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) cells[static_cast<size_t>(i)] += region * 1000 + i;
      });
    } else {
      int64_t finished = 0;
      try {
        parallel_for(n, 1, [&](int64_t begin, int64_t end) {
          cells[static_cast<size_t>(begin)] += key + begin;
          if (end == n) throw begin;
        });
      } catch (int64_t last) {
        finished = last + 1;
      }
      wrong += finished != n;
    }
    for (int64_t i = 0; i < n; ++i) wrong += cells[static_cast<size_t>(i)] != key + i;
    for (auto i = static_cast<size_t>(n); i < cells.size(); ++i) wrong += cells[i] != 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("idle helpers sleep") {
  const WithThreads with(4);
  parallel_for(100, 1, [](int64_t, int64_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double before = process_cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(process_cpu_seconds() - before < 0.03);
}
