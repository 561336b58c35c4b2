// Reductions and scans over the lanes of a warp and the threads of a block. Included by
// primitives.h.
//
// The order of combination depends on the size of the block alone: results are the same from run to
// run. All threads of the warp or block call them together.
#pragma once

#include <cstring>

#include "primitives.h"

namespace flambeau::cuda {

// --- how two values combine ---

struct Sum {
  template <class T>
  FLAMBEAU_DEVICE T operator()(const T& a, const T& b) const {
    return static_cast<T>(a + b);
  }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return T(0);
  }
};
struct Product {
  template <class T>
  FLAMBEAU_DEVICE T operator()(const T& a, const T& b) const {
    return static_cast<T>(a * b);
  }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return T(1);
  }
};
// The least and the greatest of each type: infinities where it has them.
template <class T>
FLAMBEAU_DEVICE T lowest() {
  if constexpr (std::is_same_v<T, float>) {
    return -formulas::kInfinityF;
  } else if constexpr (std::is_same_v<T, double>) {
    return -formulas::kInfinity;
  } else if constexpr (std::is_unsigned_v<T>) {
    return T(0);
  } else {
    return static_cast<T>(T(1) << (8 * sizeof(T) - 1));
  }
}
template <class T>
FLAMBEAU_DEVICE T greatest() {
  if constexpr (std::is_same_v<T, float>) {
    return formulas::kInfinityF;
  } else if constexpr (std::is_same_v<T, double>) {
    return formulas::kInfinity;
  } else {
    return static_cast<T>(~lowest<T>());
  }
}
// NaN wins.
struct Max {
  template <class T>
  FLAMBEAU_DEVICE T operator()(const T& a, const T& b) const {
    return a > b || a != a ? a : b;
  }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return lowest<T>();
  }
};
struct Min {
  template <class T>
  FLAMBEAU_DEVICE T operator()(const T& a, const T& b) const {
    return a < b || a != a ? a : b;
  }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return greatest<T>();
  }
};
struct All {
  FLAMBEAU_DEVICE bool operator()(bool a, bool b) const { return a && b; }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return T(true);
  }
};
struct Any {
  FLAMBEAU_DEVICE bool operator()(bool a, bool b) const { return a || b; }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return T(false);
  }
};
// Of Welford<…>.
struct CombineWelford {
  template <class T>
  FLAMBEAU_DEVICE T operator()(const T& a, const T& b) const {
    return T::combine(a, b);
  }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return T();
  }
};

// --- places ---

FLAMBEAU_DEVICE int block_threads() { return blockDim.x * blockDim.y * blockDim.z; }
// The place of this thread in its block, x first.
FLAMBEAU_DEVICE int block_thread() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}
FLAMBEAU_DEVICE int lane_of(int thread) { return thread & (kWarp - 1); }
FLAMBEAU_DEVICE int warp_of(int thread) { return thread / kWarp; }
FLAMBEAU_DEVICE int lane_index() { return lane_of(block_thread()); }
FLAMBEAU_DEVICE int warp_index() { return warp_of(block_thread()); }

// --- exchanges of any type ---

namespace detail {

// exchange(word) for the 32-bit words of a value.
template <class T, class Exchange>
FLAMBEAU_DEVICE T by_words(const T& value, const Exchange& exchange) {
  static_assert(std::is_trivially_copyable_v<T>);
  if constexpr (std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8)) {
    return static_cast<T>(exchange(value));
  } else {
    constexpr int kWords = (sizeof(T) + 3) / 4;
    uint32_t words[kWords] = {};
    memcpy(words, static_cast<const void*>(&value), sizeof value);
#pragma unroll
    for (int i = 0; i < kWords; ++i) words[i] = exchange(words[i]);
    T result;
    memcpy(static_cast<void*>(&result), words, sizeof result);
    return result;
  }
}

}  // namespace detail

// The value of lane `lane`, of the lane whose number differs in `bits`, of the lane `delta` above
// or below, of any trivially copyable type.
template <class T>
FLAMBEAU_DEVICE T shuffle(const T& value, int lane, unsigned mask = kAllLanes) {
  return detail::by_words(value, [=](auto word) { return __shfl_sync(mask, word, lane); });
}
template <class T>
FLAMBEAU_DEVICE T shuffle_xor(const T& value, int bits, unsigned mask = kAllLanes) {
  return detail::by_words(value, [=](auto word) { return __shfl_xor_sync(mask, word, bits); });
}
template <class T>
FLAMBEAU_DEVICE T shuffle_up(const T& value, int delta, unsigned mask = kAllLanes) {
  return detail::by_words(value, [=](auto word) { return __shfl_up_sync(mask, word, delta); });
}
template <class T>
FLAMBEAU_DEVICE T shuffle_down(const T& value, int delta, unsigned mask = kAllLanes) {
  return detail::by_words(value, [=](auto word) { return __shfl_down_sync(mask, word, delta); });
}

// --- warps ---

namespace detail {

// Has the device one instruction for this over a warp? 32-bit integers, from compute capability 8
// on.
#if defined(FLAMBEAU_EMULATED) || (defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800)
template <class Op, class T>
inline constexpr bool kWarpInstruction = (std::is_same_v<T, int32_t> ||
                                          std::is_same_v<T, uint32_t>)&&(std::is_same_v<Op, Sum> ||
                                                                         std::is_same_v<Op, Max> ||
                                                                         std::is_same_v<Op, Min>);
#else
template <class Op, class T>
inline constexpr bool kWarpInstruction = false;
#endif

}  // namespace detail

// Combines the values of each group of `width` neighbouring lanes (a power of two); all of them get
// the result. The whole warp calls it.
template <class Op, int width = kWarp, class T>
FLAMBEAU_DEVICE T warp_reduce(T value, Op op = {}) {
  constexpr bool kInstruction = detail::kWarpInstruction<Op, T> && width == kWarp;
  if constexpr (kInstruction && std::is_same_v<Op, Sum>) {
    return __reduce_add_sync(kAllLanes, value);
  } else if constexpr (kInstruction && std::is_same_v<Op, Max>) {
    return __reduce_max_sync(kAllLanes, value);
  } else if constexpr (kInstruction) {
    return __reduce_min_sync(kAllLanes, value);
  } else {
#pragma unroll
    for (int distance = width / 2; distance > 0; distance /= 2)
      value = op(value, shuffle_xor(value, distance));
    // Structures may combine differently from both sides.
    if constexpr (!std::is_arithmetic_v<T>) value = shuffle(value, lane_index() & ~(width - 1));
    return value;
  }
}

// The same over the first `lanes` lanes of a warp that has no others.
template <class Op, class T>
FLAMBEAU_DEVICE T part_reduce(T value, int lanes, Op op = {}) {
  const unsigned mask = lanes == kWarp ? kAllLanes : (1u << lanes) - 1;
  const int lane = lane_index();
#pragma unroll
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    const int other = lane ^ distance;
    const T theirs = shuffle(value, other < lanes ? other : lane, mask);
    if (other < lanes) value = op(value, theirs);
  }
  return shuffle(value, 0, mask);
}

// Combines the values of this lane and those below.
template <class Op, class T>
FLAMBEAU_DEVICE T warp_scan(T value, Op op = {}, unsigned mask = kAllLanes) {
  const int lane = lane_index();
#pragma unroll
  for (int distance = 1; distance < kWarp; distance *= 2) {
    const T below = detail::by_words(value, [=](auto word) {
      return __shfl_up_sync(mask, word, static_cast<unsigned>(distance));
    });
    if (lane >= distance) value = op(below, value);
  }
  return value;
}

// --- blocks ---

namespace detail {

// Room for one value of each warp, without a constructor, which shared memory must not have.
template <class T>
struct alignas(alignof(T) < 4 ? 4 : alignof(T)) WarpSlots {
  unsigned char bytes[kWarp * sizeof(T)];
  FLAMBEAU_DEVICE T& operator[](int i) { return reinterpret_cast<T*>(bytes)[i]; }
};

}  // namespace detail

// Combines the values of all threads of a block of any size; all threads get the result.
template <class Op, class T>
FLAMBEAU_DEVICE T block_reduce(T value, Op op = {}) {
  __shared__ detail::WarpSlots<T> slots;
  const int thread = block_thread();
  const int threads = block_threads();
  const int lane = lane_of(thread);
  const int warp = warp_of(thread);
  if (threads % kWarp == 0) {
    value = warp_reduce<Op>(value, op);
    if (threads == kWarp) return value;
  } else {
    value = part_reduce<Op>(value, min(kWarp, threads - warp * kWarp), op);
    if (threads < kWarp) return value;
  }
  __syncthreads();  // an earlier result may still be read
  if (lane == 0) slots[warp] = value;
  __syncthreads();
  const int warps = (threads + kWarp - 1) / kWarp;
  if (threads % kWarp == 0) {
    // Each warp combines all of them, in the same order, and needs no further barrier.
    value = lane < warps ? slots[lane] : Op::template identity<T>();
    return warp_reduce<Op>(value, op);
  }
  value = slots[0];
  for (int i = 1; i < warps; ++i) value = op(value, slots[i]);
  return value;
}

// Combines the values of this thread and of those before it in the block; `total`, if wanted,
// becomes that of all threads, for all of them.
template <class Op, class T>
FLAMBEAU_DEVICE T block_scan(T value, T* total = nullptr, Op op = {}) {
  __shared__ detail::WarpSlots<T> slots;
  const int thread = block_thread();
  const int threads = block_threads();
  const int lane = lane_of(thread);
  const int warp = warp_of(thread);
  const int lanes = min(kWarp, threads - warp * kWarp);
  value = warp_scan<Op>(value, op, lanes == kWarp ? kAllLanes : (1u << lanes) - 1);
  __syncthreads();  // an earlier result may still be read
  if (lane == lanes - 1) slots[warp] = value;
  __syncthreads();
  const int warps = (threads + kWarp - 1) / kWarp;
  if (threads % kWarp == 0) {
    // Each warp scans what all warps have.
    const T parts = warp_scan<Op>(lane < warps ? slots[lane] : Op::template identity<T>(), op);
    if (total) *total = shuffle(parts, warps - 1);
    const T before = shuffle(parts, warp > 0 ? warp - 1 : 0);
    return warp > 0 ? op(before, value) : value;
  }
  T all = slots[0];
  T before = all;
  for (int i = 1; i < warps; ++i) {
    if (i == warp) before = all;
    all = op(all, slots[i]);
  }
  if (total) *total = all;
  return warp > 0 ? op(before, value) : value;
}

// The same without the value of this thread: the identity for the first one.
template <class Op, class T>
FLAMBEAU_DEVICE T block_scan_exclusive(T value, T* total = nullptr, Op op = {}) {
  __shared__ detail::WarpSlots<T> slots;
  const int thread = block_thread();
  const int threads = block_threads();
  const int lane = lane_of(thread);
  const int lanes = min(kWarp, threads - warp_of(thread) * kWarp);
  const T scanned = block_scan<Op>(value, total, op);
  if (lane == lanes - 1) slots[warp_of(thread)] = scanned;
  __syncthreads();
  const T below = shuffle_up(scanned, 1, lanes == kWarp ? kAllLanes : (1u << lanes) - 1);
  if (lane > 0) return below;
  return thread == 0 ? Op::template identity<T>() : slots[warp_of(thread) - 1];
}

}  // namespace flambeau::cuda
