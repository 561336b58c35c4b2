// What the kernels of channels share: sums over the rows of a block, and the second pass over all
// elements with the numbers of their units.
#pragma once

#include "collective.h"
#include "norm_layout.h"

namespace flambeau::cuda {

// body(place, plane) for what this thread has of part blockIdx.y of planes, V elements at a time.
template <int V, class Body>
__device__ __forceinline__ void each_of_part(const Planes& planes, int64_t begin,
                                             const Body& body) {
  const uint64_t total = planes.total();
  const uint32_t first = static_cast<uint32_t>(total * blockIdx.y / gridDim.y);
  const uint32_t last = static_cast<uint32_t>(total * (blockIdx.y + 1) / gridDim.y);
  uint32_t plane;
  for (uint32_t i = first + threadIdx.x; i < last; i += blockDim.x) {
    const int64_t at = begin + planes.offset<V>(i, &plane);
    body(at, plane);
  }
}

// body(place) for what this thread has of the pixels of its block, V channels of an image each, so
// many of them under way at once: where blocks are few, nothing else hides the time that memory
// takes.
template <int kAtOnce = 1, class Body>
__device__ __forceinline__ void each_of_pixels(int64_t pixels, int64_t channels, int64_t channel,
                                               const Body& body) {
  int64_t first, last;
  block_pixels(pixels, &first, &last);
  const int64_t begin = static_cast<int64_t>(blockIdx.z) * pixels * channels + channel;
  const int64_t step = blockDim.y;
  int64_t p = first + threadIdx.y;
  if constexpr (kAtOnce > 1)
    for (; p + (kAtOnce - 1) * step < last; p += kAtOnce * step) {
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) body(begin + (p + k * step) * channels);
    }
  for (; p < last; p += step) body(begin + p * channels);
}

// Shared memory for `count` values, which it does not construct.
template <class Value, int count>
struct alignas(alignof(Value)) Room {
  unsigned char bytes[count * sizeof(Value)];

  __device__ __forceinline__ Value* values() { return reinterpret_cast<Value*>(bytes); }
};

// What the rows of the block have of each of a thread's V columns, combined: column j of thread x
// of the first row is at [j * kNormThreads + x].
template <class Op, int V, class Value>
__device__ __forceinline__ const Value* combine_rows(const Value (&values)[V]) {
  __shared__ Room<Value, kNormThreads * V> room;
  Value* const held = room.values();
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
  for (int j = 0; j < V; ++j) held[j * kNormThreads + thread] = values[j];
  __syncthreads();
  for (unsigned rows = blockDim.y; rows > 1;) {
    const unsigned half = (rows + 1) / 2;
    if (threadIdx.y + half < rows) {
#pragma unroll 1  // what combines has branches
      for (int j = 0; j < V; ++j) {
        Value& own = held[j * kNormThreads + thread];
        own = Op()(own, held[j * kNormThreads + thread + half * blockDim.x]);
      }
    }
    rows = half;
    __syncthreads();
  }
  return held;
}

// The units of this thread's V channels, in a block that has all pixels of its channels, of which
// there are `channels`: make(channel, what its rows have), once for each channel.
template <class Op, int V, class Value, class Unit, class Make>
__device__ __forceinline__ void units_of_rows(const Value (&values)[V], int64_t channels,
                                              const Make& make, Unit (&units)[V]) {
  __shared__ Room<Unit, kWarp * V> room;
  Unit* const made = room.values();
  const Value* const held = combine_rows<Op>(values);
  const int across = static_cast<int>(blockDim.x) * V;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * across;
  const int own = block_thread();
  if (own < across && first + own < channels)
    made[own] = make(first + own, held[own % V * kNormThreads + own / V]);
  __syncthreads();
  if (block_channel<V>() >= channels) return;
#pragma unroll
  for (int j = 0; j < V; ++j) units[j] = made[threadIdx.x * V + j];
}

// parts[image][split][c] = what the rows of a block of Columns have, combined.
template <class Op, int V, class Value>
__device__ __forceinline__ void store_rows(Value (&values)[V], int64_t channel, int64_t channels,
                                           Value* parts) {
  constexpr int kHeld = kNormThreads / 2;  // threads that hand over at once
  __shared__ Room<Value, kHeld * V> room;
  Value* const held = room.values();
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
    // The upper half of the rows hands over to the lower one.
    if (threadIdx.y >= half && threadIdx.y < 2 * half) {
#pragma unroll
      for (int j = 0; j < V; ++j) held[j * kHeld + thread - half * blockDim.x] = values[j];
    }
    __syncthreads();
    if (threadIdx.y < half) {
#pragma unroll
      for (int j = 0; j < V; ++j) values[j] = Op()(values[j], held[j * kHeld + thread]);
    }
    __syncthreads();
  }
  if (threadIdx.y > 0 || channel >= channels) return;
  const int64_t part = static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y;
#pragma unroll
  for (int j = 0; j < V; ++j) parts[part * channels + channel + j] = values[j];
}

// The units of this thread's V channels, in a block of Columns of one image that joins the parts of
// its channels itself: make(channel, the sum of value(split, channel) over the splits), once for
// each channel of the block.
template <class Sum, int V, class Unit, class Value, class Make>
__device__ __forceinline__ void join_columns(int splits, int64_t channels, const Value& value,
                                             const Make& make, Unit (&units)[V]) {
  __shared__ Room<Sum, kNormThreads> sum_room;
  __shared__ Room<Unit, kWarp * V> unit_room;
  Sum* const sums = sum_room.values();
  Unit* const made = unit_room.values();
  const int thread = block_thread();
  // Threads side by side have neighbouring channels; what is left of them shares the splits.
  const int across = static_cast<int>(blockDim.x) * V;
  const int slots = kNormThreads / across;
  const int own = thread % across;
  const int slot = thread / across;
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * across + own;
  Sum sum;
  if (channel < channels) {
#pragma unroll 4
    for (int i = slot; i < splits; i += slots) sum.add(value(i, channel));
  }
  sums[thread] = sum;
  __syncthreads();
  for (int half = slots / 2; half > 0; half /= 2) {
    if (slot < half) sums[thread].add(sums[thread + half * across]);
    __syncthreads();
  }
  if (slot == 0 && channel < channels) made[own] = make(channel, sums[thread]);
  __syncthreads();
  if (block_channel<V>() >= channels) return;
#pragma unroll
  for (int j = 0; j < V; ++j) units[j] = made[threadIdx.x * V + j];
}

// op.run<V>(place, units) for all accesses, with the numbers of each of their V elements, or with
// those of all of them.
template <int V, class Unit, class Op>
__global__ void __launch_bounds__(kNormThreads)
    norm_planes(int64_t accesses, FastDivide plane_accesses, FastDivide units, const Unit* numbers,
                Op op) {
  for (int64_t i = global_thread(); i < accesses; i += global_threads()) {
    const uint32_t plane = plane_accesses.divide(static_cast<uint32_t>(i));
    const Unit unit[] = {numbers[units.remainder(plane)]};
    op.template run<V>(i * V, unit);
  }
}

template <int V, class Unit, class Op>
__global__ void __launch_bounds__(kNormThreads)
    norm_pixels(int64_t pixels, int64_t channels, const Unit* numbers, Op op) {
  const int64_t channel = block_channel<V>();
  if (channel >= channels) return;
  Unit units[V] = {};
#pragma unroll
  for (int j = 0; j < V; ++j) units[j] = numbers[blockIdx.z * channels + channel + j];
  each_of_pixels(pixels, channels, channel, [&](int64_t at) { op.template run<V>(at, units); });
}

// `columns` as the layout has them, channels-last.
template <int V, class Unit, class Op>
void second_pass(Call& call, const ChannelLayout& l, const Columns& columns, const Unit* units,
                 const Op& op) {
  if (l.last)
    return launch(norm_pixels<V, Unit, Op>, columns.grid, columns.block, 0, call.stream(),
                  l.image_pixels(), l.c, units, op);
  const int64_t accesses = l.numel() / V;
  require_internal(accesses < (int64_t{1} << 32), "there are too many elements");
  launch(norm_planes<V, Unit, Op>, grid_for(accesses, 1, call.properties(), kNormThreads),
         kNormThreads, 0, call.stream(), accesses, FastDivide(static_cast<uint32_t>(l.pixels / V)),
         FastDivide(static_cast<uint32_t>(l.units())), units, op);
}

}  // namespace flambeau::cuda
