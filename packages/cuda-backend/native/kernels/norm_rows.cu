// Normalisation of rows (layer norm, RMS norm): statistics of the last axes, a weight and a bias
// for each element of a row.
#include "norm_rows.h"

namespace flambeau::cuda {

namespace {

template <class T, int V, int kKept, bool kByWarp>
__global__ void __launch_bounds__(kByWarp ? kRowWarps* kWarp : kRowThreads)
    norm_rows(const T* x, Numbers<Computed<T>> w, Numbers<Computed<T>> b, Computed<T> eps,
              bool centred, int64_t rows, int64_t n, T* y, Computed<T>* statistics) {
  using C = Computed<T>;
  using Threads = Team<kByWarp>;
  const int64_t row = Threads::row();
  if (row >= rows) return;
  const RowOf<T, V, kKept, kByWarp> values(x + row * n, n);
  C mean = 0;
  C squares = 0;
  if (centred) {
    C sum = 0;
    values.each([&](int64_t, const C(&v)[V]) {
#pragma unroll
      for (int j = 0; j < V; ++j) sum += v[j];
    });
    mean = Threads::template reduce<Sum>(sum) / static_cast<C>(n);
    Two<C> sums;
    values.each([&](int64_t, const C(&v)[V]) {
#pragma unroll
      for (int j = 0; j < V; ++j) {
        const C distance = v[j] - mean;
        sums.first += distance;
        sums.second += distance * distance;
      }
    });
    sums = Threads::template reduce<SumTwo>(sums);
    // The rounding of the mean is made good.
    const C off = sums.first / static_cast<C>(n);
    mean += off;
    squares = sums.second - sums.first * off;
  } else {
    values.each([&](int64_t, const C(&v)[V]) {
#pragma unroll
      for (int j = 0; j < V; ++j) squares += v[j] * v[j];
    });
    squares = Threads::template reduce<Sum>(squares);
  }
  const C rstd = C(1) / square_root(squares / static_cast<C>(n) + eps);
  values.each([&](int64_t at, const C(&v)[V]) {
    C factor[V], shift[V], result[V];
    load_numbers<V>(w, at, factor);
    load_numbers<V>(b, at, shift);
#pragma unroll
    for (int j = 0; j < V; ++j) result[j] = (v[j] - mean) * rstd * factor[j] + shift[j];
    store_values<V>(y + row * n + at, result);
  });
  if (statistics && Threads::place() == 0) {
    statistics[row] = mean;
    statistics[rows + row] = rstd;
  }
}
}  // namespace

// y = (x - mean) · rstd · w + b for rows of n elements, with their mean and rstd = 1 /
// sqrt(variance + eps); not centred: mean 0 and rstd = 1 / sqrt(mean of the squares + eps). Inputs:
// x, w and b [n] or left out. Parameters: n, eps, centred. Outputs: y, row-major; if wanted [2,
// rows]: the means and the rstds.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normRows) {
  const Tensor& input = call.in(0);
  const FlatRows<Tensor> rows = rows_of(call, input);
  require_internal(call.spec(0).shape == input.shape && call.spec(0).dtype == input.dtype,
                   "normalisation keeps shape and type");
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const Numbers<C> w = numbers_of<C>(call, 1, rows.n, C(1));
    const Numbers<C> b = numbers_of<C>(call, 2, rows.n);
    T* const y = call.out(0).template as<T>();
    const NumberSink<C> statistics = wanted_numbers<C>(call, 1, 2 * rows.count);
    require_internal(statistics.stored == dtype_of<C>, "statistics are not narrow");
    if (rows.count == 0) return;
    const T* const x = rows.x.as<T>();
    with_team<T>(rows.count, rows.n, packs_fit<T>(rows.n, x, y),
                 [&](auto vector, auto kept, auto by_warp, unsigned blocks, int threads) {
                   launch(norm_rows<T, vector(), kept(), by_warp()>, blocks, threads, 0,
                          call.stream(), x, w, b, static_cast<C>(call.param(1)), call.flag(2),
                          rows.count, rows.n, y, static_cast<C*>(statistics.data));
                 });
  });
}
}  // namespace flambeau::cuda
