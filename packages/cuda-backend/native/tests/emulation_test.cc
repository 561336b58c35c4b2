// The emulation of the device: kernels, and how it finds mistakes.
#include <doctest/doctest.h>

#include <cstring>
#include <ctime>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "device_array.h"

namespace flambeau::cuda {
namespace {

using emulation::last_failure;

__global__ void place(int* out) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  const int z = static_cast<int>(blockIdx.z * blockDim.z + threadIdx.z);
  const int width = static_cast<int>(gridDim.x * blockDim.x);
  const int height = static_cast<int>(gridDim.y * blockDim.y);
  out[(z * height + y) * width + x] += z * 10000 + y * 100 + x;
}

TEST_CASE("every thread of every block runs once, and knows its place") {
  DeviceArray<int> out(std::vector<int>(6 * 6 * 4, 0));
  launch(place, dim3(2, 3, 2), dim3(3, 2, 2), 0, nullptr, out.data());
  const auto values = out.read();
  for (int z = 0; z < 4; ++z)
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 6; ++x) CHECK(values[(z * 6 + y) * 6 + x] == z * 10000 + y * 100 + x);
}

// Each block reverses its part, through shared memory.
template <class T>
__global__ void reverse(const T* in, T* out) {
  FLAMBEAU_SHARED(T, part);
  const int base = static_cast<int>(blockIdx.x * blockDim.x);
  part[threadIdx.x] = in[base + threadIdx.x];
  __syncthreads();
  out[base + threadIdx.x] = part[blockDim.x - 1 - threadIdx.x];
}

TEST_CASE("threads of a block meet at barriers") {
  for (const int threads : {1, 7, 32, 100, 1024}) {
    std::vector<int> values(threads * 3);
    std::iota(values.begin(), values.end(), 0);
    DeviceArray<int> in(values);
    DeviceArray<int> out(values.size());
    launch(reverse<int>, 3, threads, threads * sizeof(int), nullptr, in.data(), out.data());
    const auto result = out.read();
    for (int i = 0; i < threads * 3; ++i)
      CHECK(result[i] == i / threads * threads + threads - 1 - i % threads);
  }
}

// As `reverse`, but without the barrier that it needs.
__global__ void racing(const int* in, int* out) {
  FLAMBEAU_SHARED(int, part);
  part[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = part[blockDim.x - 1 - threadIdx.x];
}

#if !defined(FLAMBEAU_RACES)  // where it fails: races_test.cc
TEST_CASE("a missing barrier does not pass by chance") {
  std::vector<int> values(64);
  std::iota(values.begin(), values.end(), 0);
  DeviceArray<int> in(values);
  DeviceArray<int> out(values.size());
  for (int i = 0; i < 2; ++i) {
    launch(racing, 1, 64, 64 * sizeof(int), nullptr, in.data(), out.data());
    const auto result = out.read();
    bool right = true;
    for (int k = 0; k < 64; ++k) right = right && result[k] == 63 - k;
    CHECK(!right);
  }
}
#endif

__global__ void votes(int* out) {
  const int odd = threadIdx.x % 2;
  const int count = __syncthreads_count(odd);
  const int all = __syncthreads_and(threadIdx.x < 40);
  const int any = __syncthreads_or(threadIdx.x == 39);
  out[threadIdx.x] = count * 100 + all * 10 + any;
}

TEST_CASE("barriers count") {
  DeviceArray<int> out(40);
  launch(votes, 1, 40, 0, nullptr, out.data());
  for (const int value : out.read()) CHECK(value == 2011);
}

__global__ void exchanges(int* out) {
  const int lane = threadIdx.x;
  const unsigned all = 0xffffffffu;
  int* mine = out + lane * 16;
  mine[0] = __shfl_sync(all, lane * 3, 5);
  mine[1] = __shfl_up_sync(all, lane, 4);
  mine[2] = __shfl_down_sync(all, lane, 4);
  mine[3] = __shfl_xor_sync(all, lane, 9);
  mine[4] = __shfl_sync(all, lane, 9, 8);  // lane 1 of each group of 8
  mine[5] = __shfl_up_sync(all, lane, 1, 4);
  mine[6] = __shfl_down_sync(all, lane, 1, 4);
  mine[7] = static_cast<int>(__ballot_sync(all, lane % 3 == 0));
  mine[8] = __all_sync(all, lane < 32);
  mine[9] = __any_sync(all, lane > 31);
  mine[10] = static_cast<int>(__match_any_sync(all, lane / 8));
  mine[11] = __reduce_add_sync(all, lane);
  mine[12] = __reduce_max_sync(all, -lane);
  mine[13] = static_cast<int>(__reduce_min_sync(all, static_cast<unsigned>(-lane)));
  mine[14] = static_cast<int>(__shfl_xor_sync(all, 1.5 * lane, 1) * 2);
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  mine[15] = lane < 16 ? __reduce_add_sync(half, 1) : __shfl_xor_sync(half, lane, 1);
}

TEST_CASE("lanes of a warp exchange values") {
  DeviceArray<int> out(32 * 16);
  launch(exchanges, 1, 32, 0, nullptr, out.data());
  const auto values = out.read();
  for (int lane = 0; lane < 32; ++lane) {
    const int* mine = &values[lane * 16];
    CHECK(mine[0] == 15);
    CHECK(mine[1] == (lane < 4 ? lane : lane - 4));
    CHECK(mine[2] == (lane > 27 ? lane : lane + 4));
    CHECK(mine[3] == (lane ^ 9));
    CHECK(mine[4] == lane / 8 * 8 + 1);
    CHECK(mine[5] == (lane % 4 == 0 ? lane : lane - 1));
    CHECK(mine[6] == (lane % 4 == 3 ? lane : lane + 1));
    CHECK(static_cast<unsigned>(mine[7]) == 0x49249249u);
    CHECK(mine[8] == 1);
    CHECK(mine[9] == 0);
    CHECK(static_cast<unsigned>(mine[10]) == 0xffu << lane / 8 * 8);
    CHECK(mine[11] == 496);
    CHECK(mine[12] == 0);
    CHECK(mine[13] == 0);
    CHECK(mine[14] == (lane ^ 1) * 3);
    CHECK(mine[15] == (lane < 16 ? 16 : (lane ^ 1)));
  }
}

// All threads take a ticket, and the last block adds up what the others left.
__global__ void last_block(unsigned* ticket, int* parts, int* total) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = static_cast<int>(blockIdx.x) + 1;
    __threadfence();
    last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  if (threadIdx.x < gridDim.x) atomicAdd(total, parts[threadIdx.x]);
}

TEST_CASE("the last block of a grid sees what the others did") {
  DeviceArray<unsigned> ticket(std::vector<unsigned>{0});
  DeviceArray<int> parts(10);
  DeviceArray<int> total(std::vector<int>{0});
  launch(last_block, 10, 64, 0, nullptr, ticket.data(), parts.data(), total.data());
  CHECK(total.read()[0] == 55);
}

// Thread 0 waits for a flag that the last thread raises.
__global__ void wait_for_flag(int* flag, int* out) {
  if (threadIdx.x == 0) {
    while (atomicCAS(flag, 1, 1) == 0) {
    }
    out[0] = 1;
  } else if (threadIdx.x == blockDim.x - 1) {
    atomicExch(flag, 1);
  }
}
__global__ void wait_for_ever(int* flag) {
  while (atomicCAS(flag, 1, 1) == 0) {
  }
}

TEST_CASE("a thread may wait for another one of its block, but not for ever") {
  for (int i = 0; i < 2; ++i) {
    DeviceArray<int> flag(std::vector<int>{0});
    DeviceArray<int> out(std::vector<int>{0});
    launch(wait_for_flag, 1, 64, 0, nullptr, flag.data(), out.data());
    CHECK(out.read()[0] == 1);
  }
  const Changed changed;
  emulation::settings().patience = 0.05;
  DeviceArray<int> flag(std::vector<int>{0});
  const std::string text =
      failure_of([&] { launch(wait_for_ever, 1, 2, 0, nullptr, flag.data()); });
  CHECK(contains(text, "waited too long"));
}

__global__ void early_end() {
  if (threadIdx.x == 3) return;
  __syncthreads();
}
__global__ void two_barriers() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void barrier_or_shuffle(int* out) {
  if (threadIdx.x < 8) {
    __syncthreads();
  } else {
    out[0] = __shfl_xor_sync(0xffffffffu, 1, 1);
  }
}
__global__ void shuffle_or_vote(int* out) {
  if (threadIdx.x < 8) {
    out[0] = __shfl_sync(0xffffffffu, 1, 1);
  } else {
    out[0] = __all_sync(0xffffffffu, 1);
  }
}
__global__ void shuffle_from_ended(int* out) {
  if (threadIdx.x >= 20) return;
  out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 16);
}
__global__ void shuffle_from_absent(int* out) {
  out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 8);
}
__global__ void shuffle_outside_mask(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, 1, 16);
}
__global__ void mask_without_self(int* out) { out[threadIdx.x] = __shfl_xor_sync(0x1u, 1, 1); }
__global__ void trapped(const int* in) {
  if (in[threadIdx.x] == 2) __trap();
}

TEST_CASE("barriers and exchanges that not all reach fail, and say where") {
  const Changed quiet;
  DeviceArray<int> out(64);
  CHECK(contains(failure_of([&] { launch(early_end, 1, 64, 0, nullptr); }),
                 "63 threads wait at the barrier at emulation_test.cc:"));
  CHECK(contains(last_failure(), "1 threads have ended without it"));
  CHECK(contains(last_failure(), "the kernel launched at emulation_test.cc:"));
  CHECK(contains(failure_of([&] { launch(two_barriers, 1, 64, 0, nullptr); }),
                 "threads wait at different barriers"));
  CHECK(contains(failure_of([&] { launch(barrier_or_shuffle, 1, 32, 0, nullptr, out.data()); }),
                 "__shfl_xor_sync of mask ffffffff at emulation_test.cc:"));
  CHECK(contains(failure_of([&] { launch(shuffle_or_vote, 1, 32, 0, nullptr, out.data()); }),
                 "threads wait for each other"));
  CHECK(contains(failure_of([&] { launch(shuffle_from_ended, 1, 32, 0, nullptr, out.data()); }),
                 "which has ended"));
  CHECK(contains(failure_of([&] { launch(shuffle_from_absent, 1, 12, 0, nullptr, out.data()); }),
                 "which does not exist"));
  CHECK(contains(failure_of([&] { launch(shuffle_outside_mask, 1, 32, 0, nullptr, out.data()); }),
                 "which is not in the mask"));
  CHECK(contains(failure_of([&] { launch(mask_without_self, 1, 2, 0, nullptr, out.data()); }),
                 "which lacks its own lane 1"));
  DeviceArray<int> in(std::vector<int>{0, 1, 2, 3});
  CHECK(contains(failure_of([&] { launch(trapped, 1, 4, 0, nullptr, in.data()); }),
                 "in thread (2, 0, 0)"));
  // The device goes on.
  DeviceArray<int> places(std::vector<int>(4, 0));
  launch(place, 1, 4, 0, nullptr, places.data());
  CHECK(places.read() == std::vector<int>{0, 1, 2, 3});
}

__global__ void nothing() {}
__global__ void past_shared() {
  FLAMBEAU_SHARED(char, bytes);
  bytes[100] = 1;
}

TEST_CASE("launches that a GPU refuses") {
  const Changed quiet;
  const auto code = [](dim3 grid, dim3 block, size_t shared) {
    const std::string text = failure_of([&] { launch(nothing, grid, block, shared, nullptr); });
    return text.empty()                                      ? ""
           : contains(text, "cudaErrorInvalidConfiguration") ? "configuration"
           : contains(text, "cudaErrorInvalidValue")         ? "value"
                                                             : text;
  };
  CHECK(code(1, 1024, 0) == "");
  CHECK(code(1, 1025, 0) == "configuration");
  CHECK(code(1, dim3(64, 17), 0) == "configuration");
  CHECK(code(1, dim3(1, 1, 65), 0) == "configuration");
  CHECK(code(1, dim3(0, 1), 0) == "configuration");
  CHECK(code(dim3(1, 65536), 1, 0) == "configuration");
  CHECK(code(0, 32, 0) == "");  // nothing to do
  CHECK(code(1, 1, 48 << 10) == "");
  CHECK(code(1, 1, (48 << 10) + 1) == "value");
  allow_shared(nothing, 100 << 10);
  CHECK(code(1, 1, 100 << 10) == "");
  CHECK(code(1, 1, (100 << 10) + 1) == "value");
  CHECK(contains(failure_of([] { allow_shared(nothing, 228 << 10); }), "cudaErrorInvalidValue"));
  allow_shared(nothing, 60 << 10);  // of another thread, perhaps: what was allowed stays so
  CHECK(code(1, 1, 100 << 10) == "");
  CHECK(contains(failure_of([] { launch(past_shared, 1, 1, 100, nullptr); }),
                 "a write past the 100 bytes of shared memory, at byte 100"));
  CHECK(cudaGetLastError() == cudaSuccess);  // check() has taken it
}

__global__ void add_one(float* x, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) x[i] += 1;
}

TEST_CASE("threads without barriers cost little") {
  constexpr int kCount = 1 << 20;
  DeviceArray<float> x(std::vector<float>(kCount, 0));
  launch(add_one, kCount / 256, 256, 0, nullptr, x.data(), kCount);
  const std::clock_t start = std::clock();
  for (int i = 0; i < 4; ++i) launch(add_one, kCount / 256, 256, 0, nullptr, x.data(), kCount);
  const double time = static_cast<double>(std::clock() - start) * 1e9 / CLOCKS_PER_SEC;
  MESSAGE("ns a thread: ", time / (4.0 * kCount));
  CHECK(x.read()[kCount - 1] == 5);
  DeviceArray<int> in(1 << 18);
  const std::clock_t again = std::clock();
  launch(reverse<int>, 1 << 10, 256, 256 * sizeof(int), nullptr, in.data(), in.data());
  const double waiting = static_cast<double>(std::clock() - again) * 1e9 / CLOCKS_PER_SEC;
  MESSAGE("ns a thread that waits at a barrier: ", waiting / (1 << 18));
}

TEST_CASE("launches of several threads at once") {
  DeviceArray<float> x(std::vector<float>(1000, 0));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) launch(add_one, 4, 256, 0, nullptr, x.data(), 1000);
    });
  for (std::thread& thread : threads) thread.join();
  for (const float value : x.read()) CHECK(value == 200);
}

}  // namespace
}  // namespace flambeau::cuda
