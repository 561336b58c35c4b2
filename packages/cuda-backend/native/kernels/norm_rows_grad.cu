// The gradients of normalised rows, and of their weight and bias.
#include "norm_rows.h"

namespace flambeau::cuda {

namespace {

constexpr int kColumnRows = 8;  // rows that a block of column sums has at once

// dx = rstd · (g - mean of g - (x - mean) · rstd² · mean of g · (x - mean)), g = dy · w
template <class T, int V, int kKept, bool kByWarp>
__global__ void __launch_bounds__(kByWarp ? kRowWarps* kWarp : kRowThreads)
    norm_rows_grad(const T* dy, const T* x, Numbers<Computed<T>> w, const Computed<T>* statistics,
                   bool centred, int64_t rows, int64_t n, T* dx) {
  using C = Computed<T>;
  using Threads = Team<kByWarp>;
  const int64_t row = Threads::row();
  if (row >= rows) return;
  const C mean = statistics[row];
  const C rstd = statistics[rows + row];
  const RowOf<T, V, kKept, kByWarp> values(x + row * n, n);
  const RowOf<T, V, kKept, kByWarp> grads(dy + row * n, n);
  // body(place, x, g)
  const auto each = [&](const auto& body) {
    if constexpr (kKept > 0) {
#pragma unroll
      for (int k = 0; k < kKept; ++k) {
        const int64_t at = values.at(k);
        if (at >= n) continue;
        C factor[V];
        load_numbers<V>(w, at, factor);
#pragma unroll
        for (int j = 0; j < V; ++j) factor[j] *= grads.kept[k][j];
        body(at, values.kept[k], factor);
      }
    } else {
      values.each([&](int64_t at, const C(&v)[V]) {
        C factor[V], grad[V];
        load_numbers<V>(w, at, factor);
        load_values<V>(dy + row * n + at, grad);
#pragma unroll
        for (int j = 0; j < V; ++j) factor[j] *= grad[j];
        body(at, v, factor);
      });
    }
  };
  Two<C> sums;
  each([&](int64_t, const C(&v)[V], const C(&g)[V]) {
#pragma unroll
    for (int j = 0; j < V; ++j) {
      sums.first += g[j];
      sums.second += g[j] * (v[j] - mean);
    }
  });
  sums = Threads::template reduce<SumTwo>(sums);
  const C share = -rstd / static_cast<C>(n);
  const C slope = share * rstd * rstd * sums.second;
  const C shift = centred ? share * sums.first : C(0);
  each([&](int64_t at, const C(&v)[V], const C(&g)[V]) {
    C result[V];
#pragma unroll
    for (int j = 0; j < V; ++j) result[j] = g[j] * rstd + ((v[j] - mean) * slope + shift);
    store_values<V>(dx + row * n + at, result);
  });
}

// Sums over a part of the rows: Σ dy · (x - mean) · rstd in parts[part][0][n], Σ dy in
// parts[part][1][n]; straight to dw and db if there is one part.
template <class T, int V>
__global__ void __launch_bounds__(kRowThreads)
    norm_rows_columns(const T* dy, const T* x, const Computed<T>* statistics, int64_t rows,
                      int64_t n, Computed<T>* parts, NumberSink<Computed<T>> dw,
                      NumberSink<Computed<T>> db) {
  using C = Computed<T>;
  const int64_t column = (static_cast<int64_t>(blockIdx.x) * kWarp + threadIdx.x) * V;
  const int64_t first = rows * blockIdx.y / gridDim.y;
  const int64_t last = rows * (blockIdx.y + 1) / gridDim.y;
  C weight[V] = {};
  C bias[V] = {};
  if (column < n) {
    for (int64_t row = first + threadIdx.y; row < last; row += kColumnRows) {
      C g[V], v[V];
      load_values<V>(dy + row * n + column, g);
      load_values<V>(x + row * n + column, v);
      const C mean = statistics[row];
      const C rstd = statistics[rows + row];
#pragma unroll
      for (int j = 0; j < V; ++j) {
        weight[j] += g[j] * (v[j] - mean) * rstd;
        bias[j] += g[j];
      }
    }
  }
  __shared__ C sums[2][kColumnRows][kWarp * V];
#pragma unroll
  for (int j = 0; j < V; ++j) {
    sums[0][threadIdx.y][j * kWarp + threadIdx.x] = weight[j];
    sums[1][threadIdx.y][j * kWarp + threadIdx.x] = bias[j];
  }
  __syncthreads();
  if (threadIdx.y >= 2 || column >= n) return;
#pragma unroll
  for (int j = 0; j < V; ++j) {
    C total = 0;
#pragma unroll
    for (int k = 0; k < kColumnRows; ++k) total += sums[threadIdx.y][k][j * kWarp + threadIdx.x];
    if (parts) {
      parts[(blockIdx.y * 2 + threadIdx.y) * n + column + j] = total;
    } else if (threadIdx.y == 0) {
      dw.put(column + j, total);
    } else {
      db.put(column + j, total);
    }
  }
}

template <class C>
__global__ void __launch_bounds__(kRowThreads)
    norm_rows_join(const C* parts, int count, int64_t n, NumberSink<C> dw, NumberSink<C> db) {
  const int64_t i = global_thread();
  if (i >= 2 * n) return;
  C sum = 0;
  for (int part = 0; part < count; ++part) sum += parts[part * 2 * n + i];
  if (i < n) {
    dw.put(i, sum);
  } else {
    db.put(i - n, sum);
  }
}
}  // namespace

// The gradients dx, dw [n] and db [n] of normRows, each empty where it is not wanted. Inputs: dy,
// x, w or nothing, the statistics. Parameters: n, centred.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normRowsGrad) {
  const Tensor& input = call.in(1);
  const FlatRows<Tensor> rows = rows_of(call, input);
  require_internal(call.in(0).shape == input.shape && call.in(0).dtype == input.dtype,
                   "the gradient must look like the input");
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    require_internal(call.in(3).numel() == 2 * rows.count && call.in(3).dtype == dtype_of<C>,
                     "there are two statistics for each row");
    const Tensor grad = call.contiguous(call.in(0));
    const Tensor held = call.contiguous(call.in(3));
    const C* const statistics = held.as<C>();
    const Numbers<C> w = numbers_of<C>(call, 2, rows.n, C(1));
    const Tensor& out = call.out(0);
    require_internal(out.dtype == input.dtype, "the gradient must look like the input");
    const NumberSink<C> dw = wanted_numbers<C>(call, 1, rows.n);
    const NumberSink<C> db = wanted_numbers<C>(call, 2, rows.n);
    if (rows.count == 0) {
      for (int i = 1; i < 3; ++i)
        if (call.out(i).numel() > 0) fill_with(call, call.out(i), 0);
      return;
    }
    const T* const dy = grad.as<T>();
    const T* const x = rows.x.as<T>();
    const bool packed = packs_fit<T>(rows.n, dy, x, out.data);
    if (out.numel() == input.numel())
      with_team<T>(rows.count, rows.n, packed,
                   [&](auto vector, auto kept, auto by_warp, unsigned blocks, int threads) {
                     launch(norm_rows_grad<T, vector(), kept(), by_warp()>, blocks, threads, 0,
                            call.stream(), dy, x, w, statistics, call.flag(1), rows.count, rows.n,
                            out.template as<T>());
                   });
    if (!dw && !db) return;
    const auto columns = [&](auto vector) {
      constexpr int V = decltype(vector)::value;
      const int64_t blocks = ceil_divide(rows.n, kWarp * V);
      const int64_t wanted = ceil_divide(4 * call.properties().multiprocessors, blocks);
      const int64_t count =
          std::clamp<int64_t>(std::min(wanted, rows.count / (4 * kColumnRows)), 1, 256);
      C* const parts = count > 1 ? call.scratch_of<C>(count * 2 * rows.n) : nullptr;
      launch(norm_rows_columns<T, V>,
             dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(count)),
             dim3(kWarp, kColumnRows), 0, call.stream(), dy, x, statistics, rows.count, rows.n,
             parts, dw, db);
      if (parts)
        launch(norm_rows_join<C>, static_cast<unsigned>(ceil_divide(2 * rows.n, kRowThreads)),
               kRowThreads, 0, call.stream(), static_cast<const C*>(parts), static_cast<int>(count),
               rows.n, dw, db);
    };
    if (packs_fit<T>(rows.n, dy, x)) {
      columns(std::integral_constant<int, kPack<T>>{});
    } else {
      columns(std::integral_constant<int, 1>{});
    }
  });
}
}  // namespace flambeau::cuda
