// What the kernels of normalised rows share.
//
// A warp or a block has a row at a time, in registers where it fits: then it is read once. The mean
// comes first, then the distances from it, so that nothing is lost where the mean is large.
#pragma once

#include "numbers.h"
#include "tensor_rows.h"

namespace flambeau::cuda {

inline constexpr int kRowThreads = 256;
inline constexpr int kRowWarps = 4;  // of a block where each warp has a row
inline constexpr int kRowPacks = 4;  // accesses of a row that a thread keeps in registers

// The threads of a row: a warp, or the block.
template <bool kByWarp>
struct Team {
  static __device__ __forceinline__ int place() {
    return kByWarp ? threadIdx.x % kWarp : threadIdx.x;
  }
  static __device__ __forceinline__ int size() { return kByWarp ? kWarp : blockDim.x; }
  static __device__ __forceinline__ int64_t row() {
    if constexpr (kByWarp)
      return static_cast<int64_t>(blockIdx.x) * kRowWarps + threadIdx.x / kWarp;
    return blockIdx.x;
  }
  template <class Op, class X>
  static __device__ __forceinline__ X reduce(const X& x) {
    if constexpr (kByWarp) {
      return warp_reduce<Op>(x);
    } else {
      return block_reduce<Op>(x);
    }
  }
};

// This thread's elements of a row. kKept of them are read once; none: they are read each time.
template <class T, int V, int kKept, bool kByWarp>
struct RowOf {
  using C = Computed<T>;
  const T* from;
  int64_t n;
  C kept[kKept > 0 ? kKept : 1][V];

  __device__ __forceinline__ RowOf(const T* begin, int64_t length) : from(begin), n(length) {
    if constexpr (kKept > 0) {
#pragma unroll
      for (int k = 0; k < kKept; ++k)
        if (at(k) < n) load_values<V>(from + at(k), kept[k]);
    }
  }
  static __device__ __forceinline__ int64_t at(int k) {
    return static_cast<int64_t>(k * Team<kByWarp>::size() + Team<kByWarp>::place()) * V;
  }
  // body(k, place of the first of V elements, V elements)
  template <class Body>
  __device__ __forceinline__ void each(const Body& body) const {
    if constexpr (kKept > 0) {
#pragma unroll
      for (int k = 0; k < kKept; ++k)
        if (at(k) < n) body(at(k), kept[k]);
    } else {
      for (int64_t i = at(0); i < n; i += static_cast<int64_t>(Team<kByWarp>::size()) * V) {
        C values[V];
        load_values<V>(from + i, values);
        body(i, values);
      }
    }
  }
};
// Those of input x, counted in 32 bits.
inline FlatRows<Tensor> rows_of(Call& call, const Tensor& x) {
  FlatRows<Tensor> rows = flat_rows(call, x, call.integer(0));
  require_internal(rows.count < (int64_t{1} << 31), "there are too many rows");
  return rows;
}

// Calls body(V, kept packs, by warp, grid, block) as constants that suit rows of n elements of T.
template <class T, class Body>
void with_team(int64_t rows, int64_t n, bool packed, const Body& body) {
  const auto choose = [&](auto vector) {
    constexpr int V = decltype(vector)::value;
    using Kept = std::integral_constant<int, kRowPacks>;
    using None = std::integral_constant<int, 0>;
    if (n <= kWarp * V * kRowPacks)
      return body(vector, Kept{}, std::true_type{},
                  static_cast<unsigned>(ceil_divide(rows, kRowWarps)), kRowWarps * kWarp);
    const unsigned blocks = static_cast<unsigned>(rows);
    if (n <= kRowThreads * V * kRowPacks)
      return body(vector, Kept{}, std::false_type{}, blocks, kRowThreads);
    body(vector, None{}, std::false_type{}, blocks, kRowThreads);
  };
  if (packed) return choose(std::integral_constant<int, kPack<T>>{});
  choose(std::integral_constant<int, 1>{});
}
}  // namespace flambeau::cuda
