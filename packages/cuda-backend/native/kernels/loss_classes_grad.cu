// The gradient of cross-entropy.
#include "loss_rows.h"

namespace flambeau::cuda {

namespace {

// What the elements of a row share.
template <class C>
struct RowSlope {
  C factor = 0;
  C high = 0;
  C log_sum = 0;
  C unit = 0;  // of the shares
  C own = 1;   // the share of the row's own class, apart from what all have
  int64_t label = -1;
};

template <class T>
struct SlopeOperands {
  using C = Computed<T>;
  ClassRows rows;
  Labels<C> labels;
  Numbers<C> grad;
  bool each;
  const T* statistics;
  C hard, soft;  // soft: 0 without smoothing

  // all_soft: the soft shares of all classes together.
  __device__ __forceinline__ RowSlope<C> row(int64_t r, C all_soft) const {
    RowSlope<C> s;
    s.label = labels.known(r);
    if (s.label < 0) return s;
    s.high = widened(statistics[r]);
    s.log_sum = widened(statistics[rows.count + r]);
    s.factor = grad[each ? r : 0] * widened(statistics[2 * rows.count + r]);
    s.unit = s.factor;
    if (soft == C(0)) return s;
    s.own = hard * labels.weight_of(s.label);
    s.unit = s.factor / (s.own + all_soft);
    return s;
  }
  __device__ __forceinline__ C slope(const RowSlope<C>& s, int64_t c, C x) const {
    if (s.label < 0) return C(0);  // the scores may hold anything
    C y = s.factor * exponential(x - s.high - s.log_sum);
    if (c == s.label) y -= s.unit * s.own;
    if (soft != C(0)) y -= s.unit * soft * labels.weight[c];
    return y;
  }
};

// d loss / d x[c] = grad · scale · (p[c] - share of class c), the shares adding up to 1. Elements
// in the order of memory, [rows, n]; `classes` counts accesses.
template <class T, int V>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_slope(const T* x, SlopeOperands<T> by, FastDivide classes, int64_t accesses,
                        T* dx) {
  using C = Computed<T>;
  const C all_soft = by.soft == C(0) ? C(0) : by.soft * static_cast<C>(sum_weights(by.labels));
  for (int64_t i = global_thread(); i < accesses; i += global_threads()) {
    C v[V];
    load_values<V>(x + i * V, v);
    uint32_t rest;
    const RowSlope<C> row = by.row(classes.divide(static_cast<uint32_t>(i), &rest), all_soft);
    const int64_t first = static_cast<int64_t>(rest) * V;
#pragma unroll
    for (int j = 0; j < V; ++j) v[j] = by.slope(row, first + j, v[j]);
    store_values<V>(dx + i * V, v);
  }
}

// The same where rows lie side by side: [images, n, step].
template <class T>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_slope_side(const T* x, SlopeOperands<T> by, FastDivide classes, FastDivide step,
                             int64_t numel, T* dx) {
  using C = Computed<T>;
  const C all_soft = by.soft == C(0) ? C(0) : by.soft * static_cast<C>(sum_weights(by.labels));
  for (int64_t i = global_thread(); i < numel; i += global_threads()) {
    uint32_t c, rest;
    const uint32_t line = step.divide(static_cast<uint32_t>(i), &rest);
    const int64_t row = static_cast<int64_t>(classes.divide(line, &c)) * by.rows.step + rest;
    dx[i] = narrowed<T>(by.slope(by.row(row, all_soft), c, widened(x[i])));
  }
}

}  // namespace

// (grad [] or like target, x, target, weight?, the second output of cross_entropy) -> the gradient
// of x. The params of cross_entropy.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(cross_entropy_grad) {
  const Reduction reduction = reduction_of(call, 0);
  const ClassScores scores(call, call.in(1), 2);
  const ClassRows& rows = scores.rows;
  const Tensor statistics = call.contiguous(call.in(4));
  require_internal(statistics.dtype == scores.x.dtype && statistics.numel() == 3 * rows.count,
                   "the statistics of a loss have the wrong shape");
  with_float_type(scores.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const Labels<C> labels = scores.labels<C>(call, 3, call.integer(1), false);
    const Numbers<C> grad = gradient_of_loss<C>(call, scores, reduction);
    const T* const x = scores.x.as<T>();
    T* const dx = gradient_like<T>(call, scores);
    const int64_t numel = scores.x.numel();
    if (numel == 0) return;
    const double smoothing = call.param(2);
    const SlopeOperands<T> by = {rows,
                                 labels,
                                 grad,
                                 reduction == Reduction::kNone,
                                 statistics.as<T>(),
                                 static_cast<C>(1 - smoothing),
                                 static_cast<C>(smoothing / static_cast<double>(rows.n))};
    const auto count = [](int64_t n) { return FastDivide(static_cast<uint32_t>(n)); };
    const auto grid = [&](int64_t accesses) {
      require_internal(accesses < (int64_t{1} << 32), "there are too many scores");
      return grid_for(accesses, 1, call.properties(), kLossThreads);
    };
    if (rows.step > 1)
      return launch(cross_entropy_slope_side<T>, grid(numel), kLossThreads, 0, call.stream(), x, by,
                    count(rows.n), count(rows.step), numel, dx);
    const auto run = [&](auto vector) {
      constexpr int V = decltype(vector)::value;
      launch(cross_entropy_slope<T, V>, grid(numel / V), kLossThreads, 0, call.stream(), x, by,
             count(rows.n / V), numel / V, dx);
    };
    if (packs_fit<T>(rows.n, x, dx)) {
      run(std::integral_constant<int, kPack<T>>{});
    } else {
      run(std::integral_constant<int, 1>{});
    }
  });
}

}  // namespace flambeau::cuda
