// Products with sparse matrices in compressed rows: row i has the entries crow[i] to crow[i + 1] of
// the column numbers and values.
#include "scatter.h"
#include "sort_pairs.h"
#include "sparse_operands.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// Compressed rows [m, n]. Nothing outside of them is read, whatever they contain.
struct SparseRows {
  const int64_t* ends;
  const int64_t* columns;
  int64_t m;
  int64_t n;
  int64_t entries;
  const Fault* fault;

#if defined(FLAMBEAU_DEVICE_CODE)
  struct Range {
    int64_t begin;
    int64_t end;
  };
  FLAMBEAU_DEVICE Range entries_of(int64_t row) const {
    const int64_t begin = ends[row];
    const int64_t end = ends[row + 1];
    if ((row == 0 && begin != 0) || (row == m - 1 && end != entries))
      report(fault, kFaultPointerEnds, row == 0 ? begin : end, entries);
    if (end < begin) report(fault, kFaultPointerOrder, end, begin, row);
    return {max(begin, int64_t{0}), min(end, entries)};
  }
  // -1 for one that is outside.
  FLAMBEAU_DEVICE int64_t column_of(int64_t entry) const {
    const int64_t column = columns[entry];
    if (static_cast<uint64_t>(column) < static_cast<uint64_t>(n)) return column;
    report(fault, kFaultIndex, column, n, entry);
    return -1;
  }
#endif
};

SparseRows device_rows(Call& call, const CompressedRows<Tensor>& rows) {
  if (rows.m == 0 && rows.entries > 0)
    throw Failure("ERR_VALUE", "crow must begin with 0 and end with the number of entries, " +
                                   std::to_string(rows.entries));
  return {rows.ends.as<int64_t>(),  rows.columns.as<int64_t>(), rows.m, rows.n, rows.entries,
          call.fault(call.in(1), 1)};
}

// Calls body(V) with how many neighbours of rows of `width` elements are one access.
template <class T, class Body>
void with_vector(int64_t width, const Tensor& a, const Tensor& b, const Body& body) {
  constexpr int V = kPack<T>;
  if (width % V == 0 && is_aligned(a.data, 16) && is_aligned(b.data, 16))
    return body(std::integral_constant<int, V>{});
  body(std::integral_constant<int, 1>{});
}

template <class T, int V>
FLAMBEAU_DEVICE void add_product(Pack<T, V>& sum, T value, const Pack<T, V>& x) {
#pragma unroll
  for (int i = 0; i < V; ++i) sum[i] += value * x[i];
}

// A thread for V neighbours of a row of the result, which has `groups` such groups.
template <class T, int V>
__global__ void __launch_bounds__(kThreads)
    product_kernel(SparseRows rows, int64_t groups, const T* __restrict__ values,
                   const Pack<T, V>* __restrict__ dense, Pack<T, V>* __restrict__ out) {
  const int64_t total = rows.m * groups;
  for (int64_t i = global_thread(); i < total; i += global_threads()) {
    const int64_t row = i / groups;
    const int64_t group = i - row * groups;
    Pack<T, V> sum = {};
    const auto [begin, end] = rows.entries_of(row);
    for (int64_t e = begin; e < end; ++e) {
      const int64_t column = rows.column_of(e);
      if (column >= 0) add_product(sum, values[e], dense[column * groups + group]);
    }
    out[i] = sum;
  }
}

// The product with the transposed matrix: a thread for V neighbours of a row of `dense`.
template <class T, int V>
__global__ void __launch_bounds__(kThreads)
    transposed_kernel(SparseRows rows, int64_t groups, const T* __restrict__ values,
                      const Pack<T, V>* __restrict__ dense, Pack<T, V>* out) {
  const int64_t total = rows.m * groups;
  for (int64_t i = global_thread(); i < total; i += global_threads()) {
    const int64_t row = i / groups;
    const int64_t group = i - row * groups;
    const Pack<T, V> x = dense[i];
    const auto [begin, end] = rows.entries_of(row);
    for (int64_t e = begin; e < end; ++e) {
      const int64_t column = rows.column_of(e);
      if (column < 0) continue;
      Pack<T, V> product = {};
      add_product(product, values[e], x);
      if constexpr (std::is_same_v<T, float> && V == 4) {
        atomic_add(out + column * groups + group, product);
      } else {
#pragma unroll
        for (int k = 0; k < V; ++k) atomic_add(&out[column * groups + group][k], product[k]);
      }
    }
  }
}

// The row of each entry; and entries by column, those outside last. A warp for each row.
__global__ void __launch_bounds__(kThreads)
    entry_kernel(SparseRows rows, int64_t* __restrict__ row_of, Pairs<uint64_t> pairs) {
  for (int64_t row = global_thread() / kWarp; row < rows.m; row += global_threads() / kWarp) {
    const auto [begin, end] = rows.entries_of(row);
    for (int64_t e = begin + lane_index(); e < end; e += kWarp) {
      const int64_t column = rows.column_of(e);
      row_of[e] = row;
      pairs.keys[e] = static_cast<uint64_t>(column < 0 ? rows.n : column);
    }
  }
}
// Entries that no row has, of which entry_kernel reports, count as outside.
__global__ void __launch_bounds__(kThreads)
    unknown_kernel(SparseRows rows, int64_t* __restrict__ row_of, Pairs<uint64_t> pairs) {
  for (int64_t e = global_thread(); e < rows.entries; e += global_threads()) {
    row_of[e] = 0;
    pairs.keys[e] = static_cast<uint64_t>(rows.n);
    pairs.values[e] = static_cast<uint32_t>(e);
  }
}
// The same product in the order of entries: a thread where a run of equal columns begins, for each
// column of the result.
template <class T>
__global__ void __launch_bounds__(kThreads)
    ordered_kernel(SparseRows rows, int64_t width, const int64_t* __restrict__ row_of,
                   Pairs<uint64_t> pairs, const T* __restrict__ values, const T* __restrict__ dense,
                   T* __restrict__ out) {
  const int64_t total = rows.entries * width;
  for (int64_t i = global_thread(); i < total; i += global_threads()) {
    int64_t p = i / width;
    const int64_t k = i - p * width;
    const uint64_t column = pairs.keys[p];
    if (column >= static_cast<uint64_t>(rows.n) || (p > 0 && pairs.keys[p - 1] == column)) continue;
    T sum = 0;
    for (; p < rows.entries && pairs.keys[p] == column; ++p) {
      const uint32_t e = pairs.values[p];
      sum += values[e] * dense[row_of[e] * width + k];
    }
    out[static_cast<int64_t>(column) * width + k] = sum;
  }
}

// A warp for each row; its lanes share the products of one entry.
template <class T>
__global__ void __launch_bounds__(kThreads)
    sampled_kernel(SparseRows rows, int64_t width, const T* __restrict__ left,
                   const T* __restrict__ right, T* __restrict__ out) {
  for (int64_t row = global_thread() / kWarp; row < rows.m; row += global_threads() / kWarp) {
    const auto [begin, end] = rows.entries_of(row);
    const T* const own = left + row * width;
    for (int64_t e = begin; e < end; ++e) {
      const int64_t column = rows.column_of(e);
      T sum = 0;
      if (column >= 0)
        for (int64_t k = lane_index(); k < width; k += kWarp)
          sum += own[k] * right[column * width + k];
      sum = warp_reduce<Sum>(sum);
      if (lane_index() == 0) out[e] = sum;
    }
  }
}

unsigned warps_for(Call& call, int64_t rows) {
  return grid_for(rows * kWarp, 1, call.properties(), kThreads);
}

}  // namespace

// crow [m + 1], col [e], values [e], dense [n, k] -> [m, k], row-major.
FLAMBEAU_CUDA_KERNEL(spmm) {
  const SparseProduct<Tensor> p(call, false);
  const SparseRows rows = device_rows(call, p.rows);
  with_sparse_type(p.dense.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_vector<T>(p.width, p.dense, p.out, [&](auto vector) {
      constexpr int V = decltype(vector)::value;
      const int64_t groups = p.width / V;
      launch(product_kernel<T, V>, grid_for(rows.m * groups, 1, call.properties(), kThreads),
             kThreads, 0, call.stream(), rows, groups, p.values.as<T>(), p.dense.as<Pack<T, V>>(),
             p.out.as<Pack<T, V>>());
    });
  });
}

// crow [m + 1], col [e], values [e], dense [m, k] -> [n, k], row-major: the product with the
// transposed matrix. By atomics, or if cuda.deterministic is on, by sorted columns.
FLAMBEAU_CUDA_KERNEL(spmmTransposed) {
  const SparseProduct<Tensor> p(call, true);
  const SparseRows rows = device_rows(call, p.rows);
  clear(call, p.out);
  if (!deterministic()) {
    with_sparse_type(p.dense.dtype, [&](auto zero) {
      using T = decltype(zero);
      with_vector<T>(p.width, p.dense, p.out, [&](auto vector) {
        constexpr int V = decltype(vector)::value;
        const int64_t groups = p.width / V;
        launch(transposed_kernel<T, V>, grid_for(rows.m * groups, 1, call.properties(), kThreads),
               kThreads, 0, call.stream(), rows, groups, p.values.as<T>(), p.dense.as<Pack<T, V>>(),
               p.out.as<Pack<T, V>>());
      });
    });
    return;
  }
  const int64_t entries = rows.entries;
  if (entries > int64_t{0xffffffff}) throw Failure("ERR_VALUE", "more than 2^32 entries");
  Pairs<uint64_t> pairs(call, entries);
  Pairs<uint64_t> other(call, entries);
  int64_t* const row_of = call.scratch_of<int64_t>(entries);
  launch(unknown_kernel, grid_for(entries, 1, call.properties(), kThreads), kThreads, 0,
         call.stream(), rows, row_of, pairs);
  launch(entry_kernel, warps_for(call, rows.m), kThreads, 0, call.stream(), rows, row_of, pairs);
  sort_pairs(call, pairs, other, entries, bits_up_to(static_cast<uint64_t>(rows.n)));
  with_sparse_type(p.dense.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(ordered_kernel<T>, grid_for(entries * p.width, 1, call.properties(), kThreads), kThreads,
           0, call.stream(), rows, p.width, row_of, pairs, p.values.as<T>(), p.dense.as<T>(),
           p.out.as<T>());
  });
}

// crow [m + 1], col [e], a [m, k], b [n, k] -> [e]: the product of the rows that each entry joins.
FLAMBEAU_CUDA_KERNEL(sampledProduct) {
  const SampledProduct<Tensor> p(call);
  const SparseRows rows = device_rows(call, p.rows);
  with_sparse_type(p.a.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(sampled_kernel<T>, warps_for(call, rows.m), kThreads, 0, call.stream(), rows,
           p.a.size(1), p.a.as<T>(), p.b.as<T>(), p.out.as<T>());
  });
}

}  // namespace flambeau::cuda
