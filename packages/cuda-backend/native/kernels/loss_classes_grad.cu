// The gradient of cross-entropy.
#include "loss_rows.h"

namespace flambeau::cuda {

namespace {

// d loss / d x[c] = grad · scale · (p[c] - share of class c), the shares adding up to 1. Elements
// in the order of memory, which is [rows, n] or [images, n, step].
template <class T, int V>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_slope(const T* x, ClassRows rows, FastDivide classes, FastDivide step,
                        int64_t accesses, Labels<Computed<T>> labels, double smoothing,
                        Numbers<Computed<T>> grad, bool each, const T* statistics, T* dx) {
  using C = Computed<T>;
  const bool smooths = smoothing > 0;
  const C hard = static_cast<C>(1 - smoothing);
  const C soft = static_cast<C>(smoothing / static_cast<double>(rows.n));
  const C all_soft = smooths ? soft * static_cast<C>(sum_weights(labels)) : C(0);
  for (int64_t i = global_thread(); i < accesses; i += global_threads()) {
    // `classes` and `step` count accesses where they are innermost.
    int64_t row, first;
    uint32_t rest;
    if (rows.step == 1) {
      row = classes.divide(static_cast<uint32_t>(i), &rest);
      first = static_cast<int64_t>(rest) * V;
    } else {
      const uint32_t line = step.divide(static_cast<uint32_t>(i), &rest);
      uint32_t c;
      row = static_cast<int64_t>(classes.divide(line, &c)) * rows.step +
            static_cast<int64_t>(rest) * V;
      first = c;
    }
    C v[V];
    load_values<V>(x + i * V, v);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const int64_t r = rows.step == 1 ? row : row + j;
      const int64_t c = rows.step == 1 ? first + j : first;
      const int64_t label = labels.known(r);
      if (label < 0) {  // the scores may hold anything
        v[j] = 0;
        continue;
      }
      const C factor = grad[each ? r : 0] * widened(statistics[2 * rows.count + r]);
      const C high = widened(statistics[r]);
      const C log_sum = widened(statistics[rows.count + r]);
      C slope = factor * exponential(v[j] - high - log_sum);
      if (smooths) {
        const C own = hard * labels.weight_of(label);
        const C unit = factor / (own + all_soft);
        if (c == label) slope -= unit * own;
        slope -= unit * soft * labels.weight[c];
      } else if (c == label) {
        slope -= factor;
      }
      v[j] = slope;
    }
    store_values<V>(dx + i * V, v);
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
    const Labels<C> labels = scores.labels<C>(call, 3, call.integer(1));
    const Numbers<C> grad = gradient_of_loss<C>(call, scores, reduction);
    const T* const x = scores.x.as<T>();
    T* const dx = gradient_like<T>(call, scores);
    const int64_t numel = scores.x.numel();
    if (numel == 0) return;
    const auto run = [&](auto vector) {
      constexpr int V = decltype(vector)::value;
      const int64_t accesses = numel / V;
      require_internal(accesses < (int64_t{1} << 32), "there are too many scores");
      const auto count = [](int64_t n) { return FastDivide(static_cast<uint32_t>(n)); };
      launch(cross_entropy_slope<T, V>, grid_for(accesses, 1, call.properties(), kLossThreads),
             kLossThreads, 0, call.stream(), x, rows, count(rows.step == 1 ? rows.n / V : rows.n),
             count(rows.step == 1 ? 1 : rows.step / V), accesses, labels, call.param(2), grad,
             reduction == Reduction::kNone, statistics.as<T>(), dx);
    };
    if (packs_fit<T>(rows.step == 1 ? rows.n : rows.step, x, dx)) {
      run(std::integral_constant<int, kPack<T>>{});
    } else {
      run(std::integral_constant<int, 1>{});
    }
  });
}

}  // namespace flambeau::cuda
