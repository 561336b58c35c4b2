// The most frequent elements of rows, by runs of sorted ones.
#include "rows.h"

namespace flambeau::cuda {

namespace {

// The longest run of equal elements; of several, the first.
struct Run {
  int64_t length;
  int64_t start;
};
struct LongerRun {
  FLAMBEAU_DEVICE Run operator()(const Run& a, const Run& b) const {
    return a.length > b.length || (a.length == b.length && a.start < b.start) ? a : b;
  }
  template <class R>
  FLAMBEAU_DEVICE static R identity() {
    return {0, 0};
  }
};

// A block per sorted row. Every NaN is a run of its own.
template <class T>
__global__ void __launch_bounds__(kLongRowThreads)
    mode_kernel(const T* __restrict__ sorted, const int64_t* __restrict__ from, int64_t n,
                T* __restrict__ values, int64_t* __restrict__ places) {
  const T* const row = sorted + blockIdx.x * n;
  Run best{0, 0};
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    const T x = row[i];
    if (i > 0 && row[i - 1] == x) continue;
    // The end of the run: steps that double, then halve.
    int64_t end = i + 1;
    int64_t step = 1;
    while (end + step <= n && row[end + step - 1] == x) {
      end += step;
      step *= 2;
    }
    for (; step > 0; step /= 2)
      if (end + step <= n && row[end + step - 1] == x) end += step;
    const Run run{end - i, i};
    best = LongerRun()(best, run);
  }
  best = block_reduce<LongerRun>(best);
  if (threadIdx.x != 0) return;
  const int64_t last = best.start + best.length - 1;
  values[blockIdx.x] = row[last];
  places[blockIdx.x] = from[blockIdx.x * n + last];
}

}  // namespace

// The most frequent element of every row, and its place: the smallest of several, and of equal ones
// the last. Parameter: the axis.
FLAMBEAU_CUDA_KERNEL(mode) {
  const Rows rows(call, call.in(0), call.integer(0));
  require_short_rows(rows);
  if (rows.n == 0 && rows.count > 0)
    throw Failure("ERR_INTERNAL", "there is nothing to select of no elements");
  const DType dtype = rows.x.dtype;
  const Tensor& values = output_of_rows(call, 0, rows, dtype);
  const Tensor& places = output_of_rows(call, 1, rows, DType::kInt64);
  if (rows.count == 0) return;
  const SortedRows sorted = sorted_rows(call, rows, false);
  with_element(dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(mode_kernel<T>, blocks_for(rows), threads_for(rows.n), 0, call.stream(),
           static_cast<const T*>(sorted.values), sorted.places, rows.n, values.as<T>(),
           places.as<int64_t>());
  });
}

}  // namespace flambeau::cuda
