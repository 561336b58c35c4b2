// Softmax of lines on the device. Short lines are kept in the registers of a warp or a part of it,
// long ones in the shared memory of a block, if they fit; lines whose elements are not neighbours
// are taken side by side. Lines of -inf give NaN, as do lines with NaN or with +inf.
#pragma once

#include "elements.h"
#include "exp.h"
#include "log.h"
#include "primitives.h"

namespace flambeau::cuda {

__device__ __forceinline__ float exponential(float x) { return formulas::exp_f(x); }
__device__ __forceinline__ double exponential(double x) { return formulas::exp_d(x); }
__device__ __forceinline__ float logarithm(float x) { return formulas::log_f(x); }
__device__ __forceinline__ double logarithm(double x) { return formulas::log_d(x); }

// The larger one; NaN is left out, since it makes the sum NaN.
struct Larger {
  template <class A>
  __device__ A operator()(A a, A b) const {
    return b > a ? b : a;
  }
  template <class A>
  __device__ static A identity() {
    return lowest<A>();
  }
};

// Combines the values of `lanes` neighbouring lanes, a power of two.
template <class Op, class A>
__device__ __forceinline__ A lanes_reduce(A value, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    value = Op()(value, shuffle_xor(value, distance));
  return value;
}

inline constexpr int kSoftmaxThreads = 128;

// Where the elements of a line lie in the registers of its lanes: kPacks packs of V each.
template <int V>
__device__ __forceinline__ int64_t place_of(int pack, int lane, int lanes) {
  return (static_cast<int64_t>(pack) * lanes + lane) * V;
}

// y = exp(x) / Σ exp(x), or x - log Σ exp(x); `lanes` lanes for each of `count` lines of n
// elements.
template <class T, int kPacks, int V>
__global__ void __launch_bounds__(kSoftmaxThreads)
    softmax_short(const T* x, T* y, int64_t count, int n, int lanes, bool log) {
  using A = Computed<T>;
  const int lane = threadIdx.x & (lanes - 1);
  const int64_t line =
      static_cast<int64_t>(blockIdx.x) * (kSoftmaxThreads / lanes) + threadIdx.x / lanes;
  const bool inside = line < count;
  const T* const from = x + line * n;
  A values[kPacks][V];
  A high = lowest<A>();
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const int64_t at = place_of<V>(k, lane, lanes);
    Pack<T, V> pack;
    const bool here = inside && at < n;
    if (here) pack = load_pack<V>(from + at);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      values[k][j] = here ? widened(pack[j]) : lowest<A>();
      high = Larger()(high, values[k][j]);
    }
  }
  high = lanes_reduce<Larger>(high, lanes);
  A sum = 0;
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
#pragma unroll
    for (int j = 0; j < V; ++j) {
      values[k][j] -= high;
      const A term = exponential(values[k][j]);
      if (place_of<V>(k, lane, lanes) < n) sum += term;
      if (!log) values[k][j] = term;
    }
  sum = lanes_reduce<Sum>(sum, lanes);
  const A number = log ? logarithm(sum) : A(1) / sum;
  if (!inside) return;
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const int64_t at = place_of<V>(k, lane, lanes);
    if (at >= n) continue;
    Pack<T, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j)
      pack[j] = narrowed<T>(log ? values[k][j] - number : values[k][j] * number);
    store_pack(y + line * n + at, pack);
  }
}

// dx = y · (dy - Σ dy · y), or dy - exp(y) · Σ dy.
template <class T, int kPacks, int V>
__global__ void __launch_bounds__(kSoftmaxThreads)
    softmax_grad_short(const T* dy, const T* y, T* dx, int64_t count, int n, int lanes, bool log) {
  using A = Computed<T>;
  const int lane = threadIdx.x & (lanes - 1);
  const int64_t line =
      static_cast<int64_t>(blockIdx.x) * (kSoftmaxThreads / lanes) + threadIdx.x / lanes;
  const bool inside = line < count;
  Pack<T, V> grads[kPacks], values[kPacks];
  A sum = 0;
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const int64_t at = place_of<V>(k, lane, lanes);
    if (!inside || at >= n) continue;
    grads[k] = load_pack<V>(dy + line * n + at);
    values[k] = load_pack<V>(y + line * n + at);
#pragma unroll
    for (int j = 0; j < V; ++j)
      sum += log ? widened(grads[k][j]) : widened(grads[k][j]) * widened(values[k][j]);
  }
  sum = lanes_reduce<Sum>(sum, lanes);
  if (!inside) return;
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const int64_t at = place_of<V>(k, lane, lanes);
    if (at >= n) continue;
    Pack<T, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const A g = widened(grads[k][j]), v = widened(values[k][j]);
      pack[j] = narrowed<T>(log ? g - exponential(v) * sum : v * (g - sum));
    }
    store_pack(dx + line * n + at, pack);
  }
}

// A block for each line. `staged`: the line is kept in shared memory.
template <class T, int V>
__global__ void __launch_bounds__(1024)
    softmax_long(const T* x, T* y, int64_t n, bool staged, bool log) {
  using A = Computed<T>;
  FLAMBEAU_SHARED(T, kept);
  const T* const from = x + static_cast<int64_t>(blockIdx.x) * n;
  T* const to = y + static_cast<int64_t>(blockIdx.x) * n;
  const int64_t first = static_cast<int64_t>(threadIdx.x) * V, step = blockDim.x * V;
  A high = lowest<A>();
  for (int64_t i = first; i < n; i += step) {
    const auto pack = load_pack<V>(from + i);
    if (staged) store_pack(kept + i, pack);
#pragma unroll
    for (int j = 0; j < V; ++j) high = Larger()(high, widened(pack[j]));
  }
  high = block_reduce<Larger>(high);
  // A thread reads what it has written itself.
  const T* const again = staged ? kept : from;
  A sum = 0;
  for (int64_t i = first; i < n; i += step) {
    const auto pack = load_pack<V>(again + i);
#pragma unroll
    for (int j = 0; j < V; ++j) sum += exponential(widened(pack[j]) - high);
  }
  sum = block_reduce<Sum>(sum);
  const A number = log ? logarithm(sum) : A(1) / sum;
  for (int64_t i = first; i < n; i += step) {
    const auto pack = load_pack<V>(again + i);
    Pack<T, V> result;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const A distance = widened(pack[j]) - high;
      result[j] = narrowed<T>(log ? distance - number : exponential(distance) * number);
    }
    store_pack(to + i, result);
  }
}

template <class T, int V>
__global__ void __launch_bounds__(1024)
    softmax_grad_long(const T* dy, const T* y, T* dx, int64_t n, bool log) {
  using A = Computed<T>;
  const int64_t base = static_cast<int64_t>(blockIdx.x) * n;
  const int64_t first = static_cast<int64_t>(threadIdx.x) * V, step = blockDim.x * V;
  A sum = 0;
  for (int64_t i = first; i < n; i += step) {
    const auto grads = load_pack<V>(dy + base + i);
    if (log) {
#pragma unroll
      for (int j = 0; j < V; ++j) sum += widened(grads[j]);
    } else {
      const auto values = load_pack<V>(y + base + i);
#pragma unroll
      for (int j = 0; j < V; ++j) sum += widened(grads[j]) * widened(values[j]);
    }
  }
  sum = block_reduce<Sum>(sum);
  for (int64_t i = first; i < n; i += step) {
    const auto grads = load_pack<V>(dy + base + i);
    const auto values = load_pack<V>(y + base + i);
    Pack<T, V> result;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const A g = widened(grads[j]), v = widened(values[j]);
      result[j] = narrowed<T>(log ? g - exponential(v) * sum : v * (g - sum));
    }
    store_pack(dx + base + i, result);
  }
}

// Combines the values of the threads of a column of the block, for all of them.
template <class Op, class A>
__device__ A column_reduce(A value, A* slots) {
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
  __syncthreads();  // an earlier result may still be read
  slots[thread] = value;
  for (unsigned rows = blockDim.y / 2; rows > 0; rows /= 2) {
    __syncthreads();
    if (threadIdx.y < rows) slots[thread] = Op()(slots[thread], slots[thread + rows * blockDim.x]);
  }
  __syncthreads();
  return slots[threadIdx.x];
}

// Lines side by side: element i of line (outer, inner) at (outer · n + i) · width + inner.
// `blockDim` is (lines, parts of a line).
template <class T>
__global__ void __launch_bounds__(256)
    softmax_columns(const T* x, T* y, int64_t count, int64_t n, int64_t width, bool log) {
  using A = Computed<T>;
  FLAMBEAU_SHARED(A, slots);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const bool inside = line < count;
  const int64_t base = line / width * n * width + line % width;
  A high = lowest<A>(), sum = 0;
  if (inside)
    for (int64_t i = threadIdx.y; i < n; i += blockDim.y)
      high = Larger()(high, widened(x[base + i * width]));
  high = column_reduce<Larger>(high, slots);
  if (inside)
    for (int64_t i = threadIdx.y; i < n; i += blockDim.y)
      sum += exponential(widened(x[base + i * width]) - high);
  sum = column_reduce<Sum>(sum, slots);
  if (!inside) return;
  const A number = log ? logarithm(sum) : A(1) / sum;
  for (int64_t i = threadIdx.y; i < n; i += blockDim.y) {
    const A distance = widened(x[base + i * width]) - high;
    y[base + i * width] = narrowed<T>(log ? distance - number : exponential(distance) * number);
  }
}

template <class T>
__global__ void __launch_bounds__(256)
    softmax_grad_columns(const T* dy, const T* y, T* dx, int64_t count, int64_t n, int64_t width,
                         bool log) {
  using A = Computed<T>;
  FLAMBEAU_SHARED(A, slots);
  const int64_t line = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const bool inside = line < count;
  const int64_t base = line / width * n * width + line % width;
  A sum = 0;
  if (inside)
    for (int64_t i = threadIdx.y; i < n; i += blockDim.y) {
      const A g = widened(dy[base + i * width]);
      sum += log ? g : g * widened(y[base + i * width]);
    }
  sum = column_reduce<Sum>(sum, slots);
  if (!inside) return;
  for (int64_t i = threadIdx.y; i < n; i += blockDim.y) {
    const int64_t at = base + i * width;
    const A g = widened(dy[at]), v = widened(y[at]);
    dx[at] = narrowed<T>(log ? g - exponential(v) * sum : v * (g - sum));
  }
}

}  // namespace flambeau::cuda
