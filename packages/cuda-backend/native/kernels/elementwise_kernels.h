// The loops of elementwise operations on the device: over contiguous operands, and over any layout.
#pragma once

#include "elements.h"
#include "fault.h"
#include "geometry.h"
#include "primitives.h"

namespace flambeau::cuda {

// f(a, b) of whole numbers, where b must not be zero.
template <class F>
struct Divided {
  F f;
  const Fault* fault;

  template <class T>
  __device__ T operator()(T a, T b) const {
    if (b == T(0)) report(fault, kFaultDivision, 0, 0);
    return f(a, b);
  }
};

// In place of the type of an operand that there is not.
struct None {};

template <class F, class A, class B, class C>
__device__ __forceinline__ auto apply(const F& f, const A& a, const B& b, const C& c) {
  if constexpr (std::is_same_v<B, None>) {
    return f(a);
  } else if constexpr (std::is_same_v<C, None>) {
    return f(a, b);
  } else {
    return f(a, b, c);
  }
}

// --- contiguous operands ---

inline constexpr int kElementwiseThreads = 256;

template <class T>
constexpr int size_of() {
  if constexpr (std::is_same_v<T, None>) return 1;
  return sizeof(T);
}
// Elements of one access: of 16 bytes for the widest of the types.
template <class... T>
constexpr int vector_of() {
  const int widest = std::max({size_of<T>()...});
  return std::min(8, 16 / widest);
}

// Elements one after the other, or one number for all: `value`, or where `data` is given, what is
// there.
template <class T>
struct FlatOperand {
  const Stored<T>* data;
  Computed<T> value;
  bool many;
};
template <>
struct FlatOperand<None> {};

// The `V` elements of an operand from i on. Those from n on are 1, which may divide.
template <int V, class T>
__device__ __forceinline__ void fetch(Computed<T> (&x)[V], const FlatOperand<T>& from, uint32_t i,
                                      uint32_t n) {
  if constexpr (!std::is_same_v<T, None>) {
    if (!from.many) {
#pragma unroll
      for (int j = 0; j < V; ++j) x[j] = from.value;
    } else if (i + V <= n) {
      const auto pack = load_pack<V>(from.data + i);
#pragma unroll
      for (int j = 0; j < V; ++j) x[j] = static_cast<Computed<T>>(widened(pack[j]));
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j)
        x[j] = i + j < n ? static_cast<Computed<T>>(widened(from.data[i + j])) : Computed<T>(1);
    }
  }
}
template <class T>
__device__ __forceinline__ FlatOperand<T> prepared(FlatOperand<T> operand) {
  if constexpr (!std::is_same_v<T, None>) {
    if (!operand.many && operand.data)
      operand.value = static_cast<Computed<T>>(widened(operand.data[0]));
  }
  return operand;
}

// A thread computes kVectors times V neighbours; all of them are read before any is computed.
template <class F, class Out, int kVectors, class A, class B, class C>
__global__ void __launch_bounds__(kElementwiseThreads)
    elementwise_flat(F f, uint32_t n, Out* out, FlatOperand<A> a_given, FlatOperand<B> b_given,
                     FlatOperand<C> c_given) {
  constexpr int V = vector_of<Out, A, B, C>();
  constexpr uint32_t kStep = kElementwiseThreads * V;
  const uint32_t first = blockIdx.x * (kStep * kVectors) + threadIdx.x * V;
  if (first >= n) return;
  const FlatOperand<A> a = prepared(a_given);
  const FlatOperand<B> b = prepared(b_given);
  const FlatOperand<C> c = prepared(c_given);
  Computed<A> x[kVectors][V];
  Computed<B> y[kVectors][V];
  Computed<C> z[kVectors][V];
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    const uint32_t i = first + k * kStep;
    if (k > 0 && i >= n) break;
    fetch<V>(x[k], a, i, n);
    fetch<V>(y[k], b, i, n);
    fetch<V>(z[k], c, i, n);
  }
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    const uint32_t i = first + k * kStep;
    if (k > 0 && i >= n) break;
    Pack<Out, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) pack[j] = narrowed<Out>(apply(f, x[k][j], y[k][j], z[k][j]));
    if (i + V <= n) {
      store_pack(out + i, pack);
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j)
        if (i + j < n) out[i + j] = pack[j];
    }
  }
}

// --- any layout ---

inline constexpr int kStridedThreads = 128;

template <class C>
struct StridedOperand {
  const char* data;  // null: `value`
  C value;
  DType stored;
  bool vector;  // neighbours are one access
  bool same;    // neighbours are the same
};
template <>
struct StridedOperand<None> {};

template <int V, class C>
__device__ __forceinline__ void read_group(C (&x)[V], const char* data, int64_t at, DType stored) {
  const auto take = [&](auto zero) {
    using T = decltype(zero);
    const auto pack = load_pack<V>(reinterpret_cast<const Stored<T>*>(data) + at);
#pragma unroll
    for (int j = 0; j < V; ++j) x[j] = static_cast<C>(widened(pack[j]));
  };
  if constexpr (std::is_same_v<C, float>) {
    if (stored == DType::kFloat16) return take(Half{});
    if (stored == DType::kBFloat16) return take(BFloat16{});
  } else if constexpr (std::is_same_v<C, int32_t>) {
    if (stored == DType::kInt8) return take(int8_t{});
    if (stored == DType::kInt16) return take(int16_t{});
  }
  if constexpr (sizeof(C) * V <= 16) take(C{});
}
template <int V, class C>
__device__ __forceinline__ void write_group(const C (&y)[V], char* data, int64_t at, DType stored) {
  const auto put = [&](auto zero) {
    using T = decltype(zero);
    Pack<T, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) pack[j] = narrowed<T>(y[j]);
    store_pack(reinterpret_cast<T*>(data) + at, pack);
  };
  if constexpr (std::is_same_v<C, float>) {
    if (stored == DType::kFloat16) return put(Half{});
    if (stored == DType::kBFloat16) return put(BFloat16{});
  } else if constexpr (std::is_same_v<C, int32_t>) {
    if (stored == DType::kInt8) return put(int8_t{});
    if (stored == DType::kInt16) return put(int16_t{});
  }
  if constexpr (sizeof(C) * V <= 16) put(C{});
}

template <int k, int V, int N, class C>
__device__ __forceinline__ void read_elements(C (&x)[V], const StridedOperand<C>& from,
                                              const int64_t (&at)[V][N], int count) {
  if constexpr (!std::is_same_v<C, None>) {
    if (!from.data) {
#pragma unroll
      for (int j = 0; j < V; ++j) x[j] = from.value;
    } else if (from.vector) {
      read_group<V>(x, from.data, at[0][k], from.stored);
    } else if (from.same) {
      x[0] = read_computed<C>(from.data, at[0][k], from.stored);
#pragma unroll
      for (int j = 1; j < V; ++j) x[j] = x[0];
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j)
        x[j] = j < count ? read_computed<C>(from.data, at[j][k], from.stored) : C(1);
    }
  }
}

// A thread computes V elements: neighbours along the innermost axis if `grouped`, or else one of
// each row of threads.
template <class F, class R, int V, class A, class B, class C, int N>
__global__ void __launch_bounds__(kStridedThreads)
    elementwise_strided(F f, Geometry<N> geometry, bool grouped, char* out, DType out_type,
                        bool out_vector, StridedOperand<A> a, StridedOperand<B> b,
                        StridedOperand<C> c) {
  const uint32_t n = geometry.numel;
  int64_t at[V][N];
  int count = V;
  if (grouped) {
    const uint32_t first = (blockIdx.x * kStridedThreads + threadIdx.x) * V;
    if (first >= n) return;
    geometry.locate(first, at[0]);
#pragma unroll
    for (int j = 1; j < V; ++j)
#pragma unroll
      for (int k = 0; k < N; ++k) at[j][k] = at[0][k] + j * geometry.strides[0][k];
  } else {
    const uint32_t first = blockIdx.x * (kStridedThreads * V) + threadIdx.x;
    if (first >= n) return;
    count = 0;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const uint32_t i = first + j * kStridedThreads;
      if (i >= n) continue;
      geometry.locate(i, at[j]);
      count = j + 1;
    }
  }
  A x[V];
  B y[V];
  C z[V];
  read_elements<1>(x, a, at, count);
  if constexpr (N > 2) read_elements<2>(y, b, at, count);
  if constexpr (N > 3) read_elements<3>(z, c, at, count);
  R result[V];
#pragma unroll
  for (int j = 0; j < V; ++j) result[j] = apply(f, x[j], y[j], z[j]);
  if (out_vector) return write_group<V>(result, out, at[0][0], out_type);
#pragma unroll
  for (int j = 0; j < V; ++j)
    if (j < count) write_computed<R>(out, at[j][0], out_type, result[j]);
}

}  // namespace flambeau::cuda
