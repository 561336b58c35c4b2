#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace flambeau {

// One team of threads for the whole process. See docs/decisions/0003-thread-pool.md.

// How many threads a parallel region may use, the caller included. Until set: the physical cores
// that the process may run on, or its cgroup's CPU quota where that is less.
int num_threads() noexcept;

// Sets that number, clamped to [1, 256], after a running region has finished. Throws
// std::logic_error inside a region, and std::system_error if the system refuses the threads
// (num_threads() then tells how many there are).
void set_num_threads(int n);

// True while this thread runs the body of a region that a team shares. parallel_for runs serially
// there.
bool in_parallel() noexcept;

inline constexpr int64_t kMaxChunks = 512;

// Elements per chunk of [0, n). n <= grain is a single chunk. A longer range is cut into pieces of
// at least grain / 4, so that a few threads share it evenly, and into at most kMaxChunks. Pieces of
// 256 and more are multiples of 64.
constexpr int64_t chunk_size(int64_t n, int64_t grain) noexcept {
  if (n <= grain || n <= 1) return n > 0 ? n : 1;
  const int64_t least = grain > 4 ? (grain - 1) / 4 + 1 : 1;
  int64_t count = (n - 1) / least + 1;
  if (count > kMaxChunks) count = kMaxChunks;
  const int64_t size = (n - 1) / count + 1;
  if (size < 256 || size > INT64_MAX - 63) return size;
  return (size + 63) / 64 * 64;
}

constexpr int64_t num_chunks(int64_t n, int64_t grain) noexcept {
  return n <= 0 ? 0 : (n - 1) / chunk_size(n, grain) + 1;
}

namespace detail {
using ChunkBody = void (*)(void* context, int64_t begin, int64_t end);
void run_chunks(ChunkBody body, void* context, int64_t n, int64_t chunk);
}  // namespace detail

// Calls body(begin, end) once for each chunk of [0, n): on the team if it is free, otherwise one
// chunk after the other on this thread (num_threads() == 1, another thread's region is running, or
// in_parallel()). The chunks depend on n and grain alone, so what is computed per chunk does not
// depend on the threads. Does nothing if n <= 0.
//
// If a body throws, later chunks not yet begun are dropped and, once no thread is inside any more,
// the caller gets the exception of the lowest chunk that throws: the same one as in a serial run.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& body) {
  if (n <= 0) return;
  if (n <= grain || n == 1) {
    body(int64_t{0}, n);
    return;
  }
  using Body = std::remove_reference_t<F>;
  const auto call = [](void* context, int64_t begin, int64_t end) {
    (*static_cast<Body*>(context))(begin, end);
  };
  void* context = const_cast<void*>(static_cast<const void*>(std::addressof(body)));
  detail::run_chunks(call, context, n, chunk_size(n, grain));
}

// combine(… combine(combine(init, part(chunk 0)), part(chunk 1)) …) with part(begin, end) -> Acc
// run in parallel and combined in the order of the chunks: the same bits for any number of threads.
// n <= 0 gives init.
template <class Acc, class Part, class Combine>
Acc parallel_reduce(int64_t n, int64_t grain, Acc init, Part&& part, Combine&& combine) {
  if (n <= 0) return init;
  const int64_t chunk = chunk_size(n, grain);
  if (chunk >= n) return combine(std::move(init), part(int64_t{0}, n));
  struct Slot {
    Acc value;  // in a struct: std::vector<bool> would share bytes between chunks
  };
  std::vector<Slot> parts(static_cast<size_t>((n - 1) / chunk + 1), Slot{init});
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    parts[static_cast<size_t>(begin / chunk)].value = part(begin, end);
  });
  for (Slot& slot : parts) init = combine(std::move(init), std::move(slot.value));
  return init;
}

}  // namespace flambeau
