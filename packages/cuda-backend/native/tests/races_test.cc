// What a build with FLAMBEAU_RACES finds: races, each beside code that is right, and the traffic of
// memory.
#if defined(FLAMBEAU_RACES)

#include <doctest/doctest.h>

#include <string>

#include "../emulation/watch/traffic.h"
#include "atomics.h"
#include "device_array.h"
#include "tensor_cores.h"

namespace flambeau::cuda {
namespace {

using emulation::last_failure;

// Why the launches of `body` failed; empty if they did not.
std::string race_of(const std::function<void()>& body) {
  const Changed changed;
  return failure_of(body).empty() ? "" : last_failure();
}

std::string at_line(int line) { return " at races_test.cc:" + std::to_string(line); }

constexpr int kTurn = __LINE__ + 3;
template <bool right>
__global__ void turn(const int* in, int* out) {
  __shared__ int part[64];
  part[threadIdx.x] = in[threadIdx.x];  // line kTurn + 1
  if (right) __syncthreads();
  out[threadIdx.x] = part[63 - threadIdx.x];
}
constexpr int kTurnTwice = __LINE__ + 6;
// Writes again what others may still read.
template <bool right>
__global__ void turn_twice(int* out) {
  FLAMBEAU_SHARED(int, part);
  for (int i = 0; i < 2; ++i) {
    part[threadIdx.x] = static_cast<int>(threadIdx.x) + i;  // line kTurnTwice
    __syncthreads();
    out[threadIdx.x] = part[63 - threadIdx.x];
    if (right) __syncthreads();
  }
}

TEST_CASE("threads that read what others write need a barrier in between") {
  DeviceArray<int> in(std::vector<int>(64, 1));
  DeviceArray<int> out(64);
  CHECK(race_of([&] { launch(turn<true>, 1, 64, 0, nullptr, in.data(), out.data()); }) == "");
  const std::string text =
      race_of([&] { launch(turn<false>, 1, 64, 0, nullptr, in.data(), out.data()); });
  CHECK(contains(text, "a race in shared memory: thread ("));
  CHECK(contains(text, "; there is no barrier in between"));
  CHECK(contains(text, at_line(kTurn + 1)));
  CHECK(contains(text, at_line(kTurn + 3)));
  CHECK(contains(text, "launched at races_test.cc:"));

  CHECK(race_of([&] { launch(turn_twice<true>, 3, 64, 256, nullptr, out.data()); }) != "");
  CHECK(race_of([&] { launch(turn_twice<true>, 1, 64, 256, nullptr, out.data()); }) == "");
  const std::string again =
      race_of([&] { launch(turn_twice<false>, 1, 64, 256, nullptr, out.data()); });
  CHECK(contains(again, at_line(kTurnTwice)));
  CHECK(contains(again, at_line(kTurnTwice + 2)));
}

enum class Between { kNothing, kShuffle, kHalves, kWarp };
// Lanes hand a value to their neighbour through shared memory.
template <Between between>
__global__ void hand_on(int* out, int distance) {
  __shared__ int part[32];
  const int lane = static_cast<int>(threadIdx.x);
  part[lane] = lane;
  if (between == Between::kShuffle) out[lane] = __shfl_xor_sync(0xffffffffu, lane, 1);
  if (between == Between::kHalves) __syncwarp(lane < 16 ? 0x0000ffffu : 0xffff0000u);
  if (between == Between::kWarp) __syncwarp();
  out[lane] = part[lane ^ distance];
}

TEST_CASE("lanes that read what others write need __syncwarp in between") {
  DeviceArray<int> out(32);
  const auto run = [&](void (*kernel)(int*, int), int distance) {
    return race_of([&] { launch(kernel, 1, 32, 0, nullptr, out.data(), distance); });
  };
  CHECK(contains(run(hand_on<Between::kNothing>, 1), "there is no __syncwarp() in between"));
  CHECK(contains(run(hand_on<Between::kShuffle>, 1), "there is no __syncwarp() in between"));
  CHECK(run(hand_on<Between::kWarp>, 1) == "");
  CHECK(run(hand_on<Between::kHalves>, 1) == "");
  CHECK(contains(run(hand_on<Between::kHalves>, 16), "there is no __syncwarp() in between"));
}

__global__ void shift_blocks(int* data) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int n = static_cast<int>(gridDim.x * blockDim.x);
  data[i] = data[(i + static_cast<int>(blockDim.x)) % n];
}
__global__ void say_yes(int* flag) { *flag = 1; }
__global__ void say_yes_once(int* flag) {
  if (threadIdx.x == 0) atomicExch(flag, 1);
}

TEST_CASE("blocks share memory by atomics only, and the same value is no excuse") {
  DeviceArray<int> data(std::vector<int>(128, 1));
  const std::string text = race_of([&] { launch(shift_blocks, 4, 32, 0, nullptr, data.data()); });
  CHECK(contains(text, "a race in memory of the device"));
  CHECK(contains(text, "blocks of a launch have no order"));
  CHECK(contains(race_of([&] { launch(say_yes, 2, 1, 0, nullptr, data.data()); }), "a race in"));
  CHECK(contains(race_of([&] { launch(say_yes, 1, 2, 0, nullptr, data.data()); }), "a race in"));
  CHECK(race_of([&] { launch(say_yes, 1, 1, 0, nullptr, data.data()); }) == "");
  CHECK(race_of([&] { launch(say_yes_once, 8, 32, 0, nullptr, data.data()); }) == "");
}

enum class Fence { kNone, kBlock, kDevice };
template <Fence fence>
__global__ void last_block_sums(unsigned* ticket, int* parts, int* total) {
  __shared__ bool last;
  parts[blockIdx.x * blockDim.x + threadIdx.x] = 1;
  if (fence == Fence::kDevice) __threadfence();
  if (fence == Fence::kBlock) __threadfence_block();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  for (unsigned i = 0; i < gridDim.x * blockDim.x; ++i) *total += parts[i];
}
// The same with a fence of one thread, which reaches what came to it by the barrier before.
__global__ void fence_of_one(unsigned* ticket, int* parts, int* total) {
  __shared__ bool last;
  parts[blockIdx.x * blockDim.x + threadIdx.x] = 1;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 40)
    for (unsigned i = 0; i < gridDim.x * blockDim.x; ++i) *total += parts[i];
}

TEST_CASE(
    "what a block wrote before a fence and an atomic is there for who does that atomic later") {
  DeviceArray<int> parts(256);
  DeviceArray<int> total(std::vector<int>{0});
  const auto run = [&](void (*kernel)(unsigned*, int*, int*)) {
    DeviceArray<unsigned> ticket(std::vector<unsigned>{0});
    return race_of(
        [&] { launch(kernel, 4, 64, 0, nullptr, ticket.data(), parts.data(), total.data()); });
  };
  CHECK(contains(run(last_block_sums<Fence::kNone>), "blocks of a launch have no order"));
  CHECK(contains(run(last_block_sums<Fence::kBlock>), "blocks of a launch have no order"));
  CHECK(run(fence_of_one) == "");
  CHECK(run(last_block_sums<Fence::kDevice>) == "");
}

template <bool right>
__global__ void count_bits(const int* in, int* out) {
  __shared__ int counts[2];
  if (threadIdx.x < 2) counts[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&counts[in[threadIdx.x] & 1], 1);
  if (right) {
    __syncthreads();
  } else {
    __syncwarp();
  }
  if (threadIdx.x < 2) out[threadIdx.x] = counts[threadIdx.x];
}

TEST_CASE("atomics of all warps come before who reads the sum") {
  std::vector<int> values(64);
  for (int i = 0; i < 64; ++i) values[i] = i;
  DeviceArray<int> in(values);
  DeviceArray<int> out(2);
  CHECK(race_of([&] { launch(count_bits<true>, 1, 64, 0, nullptr, in.data(), out.data()); }) == "");
  // In both orders in which the warps may come.
  for (int i = 0; i < 2; ++i)
    CHECK(contains(
        race_of([&] { launch(count_bits<false>, 1, 64, 0, nullptr, in.data(), out.data()); }),
        "a race in shared memory"));
}

__global__ void bytes_apart(uint8_t* data) { data[threadIdx.x] = 1; }
__global__ void bytes_as_words(uint8_t* data) {
  data[threadIdx.x] = 1;
  __syncwarp();
  unsigned* const words = reinterpret_cast<unsigned*>(data);
  if (threadIdx.x < 16) words[threadIdx.x] |= 2;
}
__global__ void halves_by_atomics(Half* data) {
  atomic_add(&data[threadIdx.x % 4], formulas::from_float<Half>(1));
}

TEST_CASE("each byte counts for itself") {
  DeviceArray<uint8_t> data(64);
  CHECK(race_of([&] { launch(bytes_apart, 1, 64, 0, nullptr, data.data()); }) == "");
  CHECK(race_of([&] { launch(bytes_as_words, 1, 32, 0, nullptr, data.data()); }) == "");
  CHECK(contains(race_of([&] { launch(bytes_as_words, 1, 64, 0, nullptr, data.data()); }),
                 "there is no barrier in between"));
  DeviceArray<Half> halves(std::vector<Half>(4));
  CHECK(race_of([&] { launch(halves_by_atomics, 4, 64, 0, nullptr, halves.data()); }) == "");
}

enum class Wait { kNone, kAlone, kTooFew, kAll };
template <Wait wait>
__global__ void copy_and_read(const int* in, int* out) {
  __shared__ int part[64];
  copy_async<4>(&part[threadIdx.x], in + threadIdx.x, true);
  commit_copies();
  if (wait == Wait::kTooFew) wait_copies<1>();
  if (wait == Wait::kAlone || wait == Wait::kAll) wait_copies<0>();
  if (wait != Wait::kAlone) __syncthreads();
  out[threadIdx.x] = part[63 - threadIdx.x];
}

TEST_CASE("copies are there after a wait and a barrier") {
  DeviceArray<int> in(std::vector<int>(64, 1));
  DeviceArray<int> out(64);
  const auto run = [&](void (*kernel)(const int*, int*)) {
    return race_of([&] { launch(kernel, 1, 64, 0, nullptr, in.data(), out.data()); });
  };
  CHECK(contains(run(copy_and_read<Wait::kNone>), "it has not waited for the copy"));
  CHECK(contains(run(copy_and_read<Wait::kTooFew>), "it has not waited for the copy"));
  CHECK(contains(run(copy_and_read<Wait::kAlone>), "a race in shared memory"));
  CHECK(run(copy_and_read<Wait::kAll>) == "");
}

// --- traffic ---

__global__ void copy_strided(const float* in, float* out, int stride) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = in[i * static_cast<unsigned>(stride)];
}
__global__ void copy_packs(const float* in, float* out) {
  const unsigned i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  store_pack(out + i, load_pack<4>(in + i));
}
template <int width>
__global__ void transpose(float* out) {
  __shared__ float tile[32 * width];
  tile[threadIdx.x * width] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x * width];
}

TEST_CASE("traffic: what lanes ask for, and what is moved for it") {
  namespace watch = emulation::watch;
  const bool before = watch::count_traffic(true);
  DeviceArray<float> in(std::vector<float>(32 * 256, 1));
  DeviceArray<float> out(1024);
  const auto counts = [](auto kernel) {
    return watch::traffic::counts_of(reinterpret_cast<const void*>(kernel));
  };
  launch(copy_strided, 2, 128, 0, nullptr, in.data(), out.data(), 1);
  const auto coalesced = counts(copy_strided);
  CHECK(coalesced.launches == 1);
  CHECK(coalesced.loads.requests == 8);
  CHECK(coalesced.loads.asked == 1024);
  CHECK(coalesced.loads.moved == 1024);
  CHECK(coalesced.loads.efficiency() == 100);
  CHECK(coalesced.stores.efficiency() == 100);
  launch(copy_strided, 2, 128, 0, nullptr, in.data(), out.data(), 32);
  const auto strided = counts(copy_strided);
  CHECK(strided.loads.asked - coalesced.loads.asked == 1024);
  CHECK(strided.loads.moved - coalesced.loads.moved == 8 * 1024);
  CHECK(strided.loads.efficiency() < 25);
  CHECK(strided.stores.efficiency() == 100);
  // All lanes want the same: that is one sector.
  launch(copy_strided, 1, 32, 0, nullptr, in.data(), out.data(), 0);
  CHECK(counts(copy_strided).loads.moved - strided.loads.moved == 32);
  CHECK(counts(copy_strided).loads.needed - strided.loads.needed == 32);
  launch(copy_packs, 1, 256, 0, nullptr, in.data(), out.data());
  CHECK(counts(copy_packs).loads.requests == 8);
  CHECK(counts(copy_packs).loads.efficiency() == 100);
  launch(transpose<32>, 1, 32, 0, nullptr, out.data());
  CHECK(counts(transpose<32>).shared.moved == 64);
  CHECK(counts(transpose<32>).shared.needed == 2);
  launch(transpose<33>, 1, 32, 0, nullptr, out.data());
  CHECK(counts(transpose<33>).shared.moved == 2);
  const std::string report = watch::traffic::report();
  CHECK(contains(report, "copy_strided"));
  CHECK(contains(report, "32.00 passes of shared memory for each of 1 at races_test.cc:"));
  watch::count_traffic(before);
}

}  // namespace
}  // namespace flambeau::cuda

#endif
