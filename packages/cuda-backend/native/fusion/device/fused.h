// What a kernel made of elementwise operations is written with (source.cc writes it). It
// is compiled when a program runs: by NVRTC for a GPU, by the C++ compiler for the emulation of
// one.
//
// A thread computes V neighbours in the order of the outputs' memory.
#pragma once

#include <cstring>

#include "element_types.h"

#if defined(FLAMBEAU_EMULATED)
// Where the running thread is, and what an access that a GPU refuses ends with: set by who loads
// it.
struct FlambeauThread {
  const unsigned* block;
  const unsigned* thread;
  void (*misaligned)();
};
extern "C" FlambeauThread flambeau_thread;
#endif

namespace flambeau::cuda {

// source.h says the same.
constexpr int kFusedThreads = 256;

// The only argument of a kernel: the memory of the operands, numbers as their bits, and how many
// places and blocks each section has.
template <int kSections, int kOperands, int kNumbers>
struct FusedArguments {
  char* data[kOperands];
  uint64_t numbers[kNumbers];
  uint32_t n[kSections];
  uint32_t blocks[kSections];
};

// FLAMBEAU_FUSED(sections, operands, numbers) { … } is the kernel, with its argument `args`.
#if defined(FLAMBEAU_EMULATED)
#define FLAMBEAU_EXPORT extern "C" __attribute__((visibility("default")))
#define FLAMBEAU_FUSED(...)                                              \
  using Arguments = FusedArguments<__VA_ARGS__>;                         \
  static void fused(const Arguments& args);                              \
  FLAMBEAU_EXPORT FlambeauThread flambeau_thread = {};                   \
  FLAMBEAU_EXPORT const size_t fused_argument_bytes = sizeof(Arguments); \
  FLAMBEAU_EXPORT void fused_kernel(const void* args) {                  \
    fused(*static_cast<const Arguments*>(args));                         \
  }                                                                      \
  static void fused(const Arguments& args)
FLAMBEAU_HD uint32_t block_index() { return *flambeau_thread.block; }
FLAMBEAU_HD uint32_t thread_index() { return *flambeau_thread.thread; }
#else
#define FLAMBEAU_FUSED(...)                                   \
  extern "C" __global__ void __launch_bounds__(kFusedThreads) \
      fused(const __grid_constant__ FusedArguments<__VA_ARGS__> args)
FLAMBEAU_HD uint32_t block_index() { return blockIdx.x; }
FLAMBEAU_HD uint32_t thread_index() { return threadIdx.x; }
#endif

// The first place of this thread in a block of its section.
template <int V>
FLAMBEAU_HD uint32_t first_place(uint32_t block) {
  return (block * kFusedThreads + thread_index()) * V;
}

// A number of type T from its bits.
template <class T>
FLAMBEAU_HD T number(uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else {
    T value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
}

// --- memory ---

template <class T, int n>
struct alignas(sizeof(T) * n) Access {
  T values[n];
};

// Elements of one access: as many of V as there are in 16 bytes.
template <class T, int V>
constexpr int kAccess = V * sizeof(T) <= 16 ? V : 16 / static_cast<int>(sizeof(T));

template <class T, int n>
FLAMBEAU_HD void require_alignment([[maybe_unused]] const void* place) {
#if defined(FLAMBEAU_EMULATED)
  if (reinterpret_cast<uintptr_t>(place) % sizeof(Access<T, n>) != 0) flambeau_thread.misaligned();
#endif
}

template <class T>
FLAMBEAU_HD Computed<T> loaded(Stored<T> x) {
  return static_cast<Computed<T>>(widened(x));
}

// x = the V elements from `at` on, which lie aligned.
template <class T, int V>
FLAMBEAU_HD void load_pack(Computed<T> (&x)[V], const char* data, int64_t at) {
  constexpr int n = kAccess<T, V>;
  const Stored<T>* const from = reinterpret_cast<const Stored<T>*>(data) + at;
  require_alignment<Stored<T>, n>(from);
#pragma unroll
  for (int i = 0; i < V; i += n) {
    const auto access = *reinterpret_cast<const Access<Stored<T>, n>*>(from + i);
#pragma unroll
    for (int j = 0; j < n; ++j) x[i + j] = loaded<T>(access.values[j]);
  }
}
template <class T, int V>
FLAMBEAU_HD void store_pack(char* data, int64_t at, const T (&y)[V]) {
  constexpr int n = kAccess<T, V>;
  T* const to = reinterpret_cast<T*>(data) + at;
  require_alignment<T, n>(to);
#pragma unroll
  for (int i = 0; i < V; i += n) {
    Access<T, n> access;
#pragma unroll
    for (int j = 0; j < n; ++j) access.values[j] = y[i + j];
    *reinterpret_cast<Access<T, n>*>(to + i) = access;
  }
}

template <class T>
FLAMBEAU_HD Computed<T> load(const char* data, int64_t at) {
  return loaded<T>(reinterpret_cast<const Stored<T>*>(data)[at]);
}
template <class T>
FLAMBEAU_HD void store(char* data, int64_t at, T y) {
  reinterpret_cast<T*>(data)[at] = y;
}

// Places beyond the end are computed, too, and must not be accessed: they hold 1, which may divide.
template <int V>
FLAMBEAU_HD int places_left(uint32_t first, uint32_t n) {
  return n - first < V ? static_cast<int>(n - first) : V;
}

}  // namespace flambeau::cuda
