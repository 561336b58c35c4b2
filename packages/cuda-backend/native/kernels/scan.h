// Running combinations along the lines of dense tensors. Only for cumulative.cu and running.cu.
//
// What is combined is told by a structure S:
//   State                      what elements combine to, by S::merge(before, after)
//   empty()                    of no elements
//   load(args, at, i) -> State of the element at `at`, the i-th of its line
//   store(args, at, state)     writes the result at `at`
// Lines that are few are cut into chunks: first their totals, then what comes before each chunk,
// then the results. The order of combination depends on shapes and the device alone.
#pragma once

#include "call.h"
#include "dense_lines.h"
#include "elements.h"
#include "geometry.h"
#include "primitives.h"

namespace flambeau::cuda {

struct ScanArgs {
  const void* x = nullptr;
  const void* factors = nullptr;
  void* y = nullptr;
  int64_t* places = nullptr;
  int64_t n = 0;
  int64_t inner = 1;
  int64_t lines = 0;
  bool backwards = false;

  // Where element i of a line lies, i counting in the direction of the scan.
  __device__ int64_t place(int64_t line, int64_t i) const {
    const int64_t row = backwards ? n - 1 - i : i;
    if (inner == 1) return line * n + row;
    const int64_t outer = line / inner;
    return (outer * n + row) * inner + (line - outer * inner);
  }
};

template <class S>
struct ScanMerge {
  using State = typename S::State;
  __device__ State operator()(const State& a, const State& b) const { return S::merge(a, b); }
  template <class A>
  __device__ static A identity() {
    return S::empty();
  }
};

inline constexpr int kScanThreads = 128;
inline constexpr int kScanItems = 4;
inline constexpr int kScanTile = kScanThreads * kScanItems;

// A block for each line (blockIdx.x) and chunk (blockIdx.y). With `totals`, the chunk's; else
// results, of which `before` says what comes before each chunk, if there are several.
template <class S>
__global__ void __launch_bounds__(kScanThreads)
    scan_lines(ScanArgs args, int64_t chunk, typename S::State* totals,
               const typename S::State* before) {
  using State = typename S::State;
  const int64_t line = blockIdx.x;
  const int64_t slot = line * gridDim.y + blockIdx.y;
  const int64_t begin = blockIdx.y * chunk;
  const int64_t end = min(begin + chunk, args.n);
  State carry = before ? before[slot] : S::empty();
  __shared__ detail::WarpSlots<State> slots;
  for (int64_t tile = begin; tile < end; tile += kScanTile) {
    // A warp has kScanItems rows of neighbours, each scanned by itself, one after the other.
    const int64_t first = tile + warp_index() * (kWarp * kScanItems) + lane_index();
    State own[kScanItems];
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      const int64_t i = first + j * kWarp;
      own[j] = i < end ? S::load(args, args.place(line, i), i) : S::empty();
    }
    State so_far = S::empty();
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      own[j] = S::merge(so_far, warp_scan<ScanMerge<S>>(own[j]));
      so_far = shuffle(own[j], kWarp - 1);
    }
    __syncthreads();  // those of the last tile may still be read
    if (lane_index() == 0) slots[warp_index()] = so_far;
    __syncthreads();
    State prefix = carry;
#pragma unroll
    for (int warp = 0; warp < kScanThreads / kWarp; ++warp) {
      if (warp == warp_index()) prefix = carry;
      carry = S::merge(carry, slots[warp]);
    }
    if (totals) continue;
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      const int64_t i = first + j * kWarp;
      if (i < end) S::store(args, args.place(line, i), S::merge(prefix, own[j]));
    }
  }
  if (totals && threadIdx.x == 0) totals[slot] = carry;
}

// The same with a thread for each line, for lines side by side and for short ones.
template <class S>
__global__ void __launch_bounds__(kScanThreads)
    scan_columns(ScanArgs args, int64_t chunk, typename S::State* totals,
                 const typename S::State* before) {
  using State = typename S::State;
  const int64_t line = static_cast<int64_t>(blockIdx.x) * kScanThreads + threadIdx.x;
  if (line >= args.lines) return;
  const int64_t slot = line * gridDim.y + blockIdx.y;
  const int64_t begin = blockIdx.y * chunk;
  const int64_t end = min(begin + chunk, args.n);
  State carry = before ? before[slot] : S::empty();
  int64_t at = args.place(line, begin);
  const int64_t step = args.backwards ? -args.inner : args.inner;
  for (int64_t i = begin; i < end; i += kScanItems) {
    State own[kScanItems];
#pragma unroll
    for (int j = 0; j < kScanItems; ++j)
      own[j] = i + j < end ? S::load(args, at + j * step, i + j) : S::empty();
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      carry = S::merge(carry, own[j]);
      if (!totals && i + j < end) S::store(args, at + j * step, carry);
    }
    at += kScanItems * step;
  }
  if (totals) totals[slot] = carry;
}

// Makes of the totals of a line's chunks what comes before each.
template <class S>
__global__ void __launch_bounds__(kScanThreads)
    scan_totals(typename S::State* totals, int64_t chunks) {
  using State = typename S::State;
  State* const own = totals + blockIdx.x * chunks;
  State carry = S::empty();
  for (int64_t tile = 0; tile < chunks; tile += kScanThreads) {
    const int64_t i = tile + threadIdx.x;
    State total;
    const State prefix =
        block_scan_exclusive<ScanMerge<S>>(i < chunks ? own[i] : S::empty(), &total);
    if (i < chunks) own[i] = S::merge(carry, prefix);
    carry = S::merge(carry, total);
  }
}

template <class S>
void launch_scan(Call& call, ScanArgs args, const DenseLines& lines) {
  using State = typename S::State;
  args.n = lines.n;
  args.inner = lines.inner;
  args.lines = lines.count();
  if (args.n == 0 || args.lines == 0) return;
  const Properties& device = call.properties();
  const bool columns = lines.inner > 1 || (lines.n <= kScanThreads && args.lines >= 1024);
  const int64_t threads =
      int64_t{std::max(1, device.multiprocessors)} * std::max(1, device.threads_per_multiprocessor);
  const int64_t wanted = threads / (columns ? 2 : kScanThreads) / args.lines;
  const int64_t least = columns ? 64 : 8 * kScanTile;
  const int64_t pieces = std::clamp<int64_t>(std::min(wanted, args.n / least), 1, 32768);
  const int64_t unit = columns ? 1 : kScanTile;
  const int64_t chunk = ceil_divide(ceil_divide(args.n, pieces), unit) * unit;
  const auto chunks = static_cast<unsigned>(ceil_divide(args.n, chunk));
  const auto across =
      static_cast<unsigned>(columns ? ceil_divide(args.lines, kScanThreads) : args.lines);
  const auto run = [&](State* totals, const State* before) {
    launch(columns ? scan_columns<S> : scan_lines<S>, dim3(across, chunks), kScanThreads, 0,
           call.stream(), args, chunk, totals, before);
  };
  if (chunks == 1) return run(nullptr, nullptr);
  State* const totals = call.scratch_of<State>(args.lines * chunks);
  run(totals, nullptr);
  launch(scan_totals<S>, static_cast<unsigned>(args.lines), kScanThreads, 0, call.stream(), totals,
         static_cast<int64_t>(chunks));
  run(nullptr, totals);
}

}  // namespace flambeau::cuda
