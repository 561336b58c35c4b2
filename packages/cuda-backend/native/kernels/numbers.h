// What kernels of floating numbers share: lists of one number per channel or class, loads of
// many elements at once, sums of two.
#pragma once

#include "call.h"
#include "elements.h"
#include "geometry.h"
#include "primitives.h"

namespace flambeau::cuda {

// Numbers in device memory that are computed with as C (float or double), or one for all of them.
template <class C>
struct Numbers {
  const void* data;  // null: `otherwise`
  DType stored;
  C otherwise;

  __device__ __forceinline__ C operator[](int64_t i) const {
    return data ? read_computed<C>(data, i, stored) : otherwise;
  }
};

// Input `i`, `n` numbers, or `otherwise` where it was left out.
template <class C>
Numbers<C> numbers_of(Call& call, int i, int64_t n, C otherwise = 0) {
  if (!call.has(i)) return {nullptr, dtype_of<C>, otherwise};
  const Tensor given = call.contiguous(call.in(i));
  require_internal(wide_type(given.dtype) == dtype_of<C> && given.numel() == n,
                   "an input has another type or number of elements");
  if (n == 0) return {nullptr, dtype_of<C>, otherwise};
  return {given.data, given.dtype, otherwise};
}

// Where numbers that are computed as C go, if they are wanted.
template <class C>
struct NumberSink {
  void* data = nullptr;  // null: nowhere
  DType stored = dtype_of<C>;

  __device__ __forceinline__ void put(int64_t i, C value) const {
    if (data) write_computed<C>(data, i, stored, value);
  }
  FLAMBEAU_HD explicit operator bool() const { return data != nullptr; }
};

// Row-major output `i` if it is wanted: outputs that are not come with another number of elements.
template <class C>
NumberSink<C> wanted_numbers(Call& call, int i, int64_t n) {
  if (i >= call.num_outputs()) return {};
  require_internal(wide_type(call.spec(i).dtype) == dtype_of<C> && !call.in_place(i),
                   "an output has another type, or is written in place");
  const Tensor& out = call.out(i);
  if (out.numel() != n || n == 0) return {};
  return {out.data, out.dtype};
}

// Elements of an access to memory of T when so many are wanted.
template <class T, int V>
inline constexpr int kAccess = V < kPack<T> ? V : kPack<T>;

// V elements from `from` on, which is aligned for that.
template <int V, class T>
__device__ __forceinline__ void load_values(const T* from, Computed<T> (&to)[V]) {
  constexpr int kEach = kAccess<T, V>;
#pragma unroll
  for (int k = 0; k < V; k += kEach) {
    const auto pack = load_pack<kEach>(from + k);
#pragma unroll
    for (int j = 0; j < kEach; ++j) to[k + j] = widened(pack[j]);
  }
}
template <int V, class T>
__device__ __forceinline__ void store_values(T* to, const Computed<T> (&from)[V]) {
  constexpr int kEach = kAccess<T, V>;
#pragma unroll
  for (int k = 0; k < V; k += kEach) {
    Pack<T, kEach> pack;
#pragma unroll
    for (int j = 0; j < kEach; ++j) pack[j] = narrowed<T>(from[k + j]);
    store_pack(to + k, pack);
  }
}
// V numbers from the i-th on, i being a multiple of V.
template <int V, class C>
__device__ __forceinline__ void load_numbers(const Numbers<C>& from, int64_t i, C (&to)[V]) {
  const bool packed = V > 1 && from.data && reinterpret_cast<uintptr_t>(from.data) % 16 == 0;
  if constexpr (std::is_same_v<C, float>) {
    if (packed && from.stored == DType::kFloat16)
      return load_values<V>(static_cast<const Half*>(from.data) + i, to);
    if (packed && from.stored == DType::kBFloat16)
      return load_values<V>(static_cast<const BFloat16*>(from.data) + i, to);
  }
  if (packed) return load_values<V>(static_cast<const C*>(from.data) + i, to);
#pragma unroll
  for (int j = 0; j < V; ++j) to[j] = from[i + j];
}

// Can rows of n elements of T be read in accesses of 16 bytes from all of these places on?
template <class T, class... Data>
bool packs_fit(int64_t n, const Data*... places) {
  return n % kPack<T> == 0 && (is_aligned(places, 16) && ...);
}

// --- two sums at once ---
template <class C>
struct Two {
  C first = 0;
  C second = 0;

  template <class D>
  FLAMBEAU_HD void add(const Two<D>& other) {
    first += static_cast<C>(other.first);
    second += static_cast<C>(other.second);
  }
};
struct SumTwo {
  template <class T>
  FLAMBEAU_DEVICE T operator()(const T& a, const T& b) const {
    return {a.first + b.first, a.second + b.second};
  }
  template <class T>
  FLAMBEAU_DEVICE static T identity() {
    return T();
  }
};

__device__ __forceinline__ float square_root(float x) { return ::sqrtf(x); }
__device__ __forceinline__ double square_root(double x) { return ::sqrt(x); }

}  // namespace flambeau::cuda
