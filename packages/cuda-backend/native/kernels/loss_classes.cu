// Cross-entropy of class indices.
//
// Losses of rows are summed in double: each block has a sum, which are added in the order of the
// blocks.
#include "loss_rows.h"

namespace flambeau::cuda {

namespace {

// The largest of some scores and Σ exp(score - largest); scores of -inf add nothing.
template <class C>
struct Peak {
  C high = -static_cast<C>(formulas::kInfinity);
  C sum = 0;

  template <int V>
  __device__ __forceinline__ void add(const C (&x)[V]) {
    C top = x[0];
#pragma unroll
    for (int j = 1; j < V; ++j) top = Max()(top, x[j]);
    if (top > high || top != top) {
      sum *= exponential(high - top);
      high = top;
    }
    if (high == -static_cast<C>(formulas::kInfinity)) return;
#pragma unroll
    for (int j = 0; j < V; ++j) sum += exponential(x[j] - high);
  }
  // What follows from all scores of a row; of no finite one, or of an infinite one, it is NaN.
  __device__ __forceinline__ C log_sum() const {
    return high - high == C(0) ? logarithm(sum) : static_cast<C>(formulas::kNan);
  }
};
struct CombinePeaks {
  template <class C>
  __device__ __forceinline__ Peak<C> operator()(const Peak<C>& a, const Peak<C>& b) const {
    if (b.sum == C(0)) return a;
    if (a.sum == C(0)) return b;
    Peak<C> both;
    both.high = Max()(a.high, b.high);
    both.sum = a.sum * exponential(a.high - both.high) + b.sum * exponential(b.high - both.high);
    return both;
  }
  template <class T>
  __device__ __forceinline__ static T identity() {
    return T();
  }
};

struct CrossEntropyNumbers {
  Reduction reduction;
  double smoothing;
};

// What a forward kernel writes: losses, or the loss; and [3, rows] for the gradient.
template <class T>
struct CrossEntropyOutputs {
  T* loss;
  T* statistics;
  LossSums* parts;  // of the blocks; unused if each loss is wanted
};

// A row's loss, and its statistics. `smooth` is Σ weight · loss over all classes.
template <class T>
__device__ __forceinline__ void finish_row(const CrossEntropyOutputs<T>& out,
                                           const CrossEntropyNumbers& numbers,
                                           const Labels<Computed<T>>& labels, const ClassRows& rows,
                                           int64_t row, int64_t label,
                                           const Peak<Computed<T>>& peak, Computed<T> own_score,
                                           double smooth, double all_weights, LossSums* sums) {
  using C = Computed<T>;
  const C log_sum = peak.log_sum();
  const double hard = 1 - numbers.smoothing;
  const double soft = numbers.smoothing / static_cast<double>(rows.n);
  double loss = 0;
  C scale = 0;
  if (label >= 0) {
    const double own = static_cast<double>(labels.weight_of(label));
    loss = hard * own * (static_cast<double>(log_sum) - static_cast<double>(own_score - peak.high));
    if (numbers.smoothing > 0) loss += soft * smooth;
    sums->second += own;
    scale = static_cast<C>(hard * own + soft * all_weights);
  }
  sums->first += loss;
  if (numbers.reduction == Reduction::kNone) out.loss[row] = narrowed<T>(static_cast<C>(loss));
  out.statistics[row] = narrowed<T>(peak.high);
  out.statistics[rows.count + row] = narrowed<T>(log_sum);
  out.statistics[2 * rows.count + row] = narrowed<T>(scale);
}

template <class T>
__device__ __forceinline__ void finish_loss(const CrossEntropyOutputs<T>& out, Reduction reduction,
                                            const LossSums& sums) {
  const double loss = reduction == Reduction::kMean ? sums.first / sums.second : sums.first;
  *out.loss = narrowed<T>(static_cast<Computed<T>>(loss));
}
template <class T>
__device__ __forceinline__ void divide_scale(const CrossEntropyOutputs<T>& out, int64_t rows,
                                             int64_t row, Computed<T> factor) {
  T& scale = out.statistics[2 * rows + row];
  // Rows that do not count stay 0, even where none does.
  if (const Computed<T> value = widened(scale); value != Computed<T>(0))
    scale = narrowed<T>(value * factor);
}

// Ends a block: hands its sums on, or, where it is the only one, ends the loss.
template <class T>
__device__ __forceinline__ void finish_block(const CrossEntropyOutputs<T>& out, Reduction reduction,
                                             int64_t rows, LossSums sums) {
  if (reduction == Reduction::kNone) return;
  sums = block_reduce<SumTwo>(sums);
  if (gridDim.x > 1) {
    if (threadIdx.x == 0) out.parts[blockIdx.x] = sums;
    return;
  }
  if (threadIdx.x == 0) finish_loss(out, reduction, sums);
  if (reduction != Reduction::kMean) return;
  __syncthreads();  // all scales have been written
  const auto factor = static_cast<Computed<T>>(1 / sums.second);
  for (int64_t row = threadIdx.x; row < rows; row += blockDim.x)
    divide_scale(out, rows, row, factor);
}

// Classes that are neighbours: a warp or the block has a row.
template <class T, int V, bool kByWarp>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_rows(const T* x, ClassRows rows, Labels<Computed<T>> labels,
                       CrossEntropyNumbers numbers, CrossEntropyOutputs<T> out) {
  using C = Computed<T>;
  const int size = kByWarp ? kWarp : kLossThreads;
  const int place = kByWarp ? threadIdx.x % kWarp : threadIdx.x;
  const int teams = kByWarp ? kLossThreads / kWarp : 1;
  const int team = kByWarp ? threadIdx.x / kWarp : 0;
  const bool smooths = numbers.smoothing > 0;
  const double all_weights = smooths ? sum_weights(labels) : 0;
  const auto reduce = [](const auto& op, auto value) {
    using Op = std::remove_cvref_t<decltype(op)>;
    if constexpr (kByWarp) {
      return warp_reduce<Op>(value);
    } else {
      return block_reduce<Op>(value);
    }
  };
  LossSums sums;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * teams + team; row < rows.count;
       row += static_cast<int64_t>(gridDim.x) * teams) {
    const T* const from = x + row * rows.n;
    const int64_t label = labels.at(row);
    Peak<C> peak;
    for (int64_t c = place * V; c < rows.n; c += size * V) {
      C v[V];
      load_values<V>(from + c, v);
      peak.add(v);
    }
    peak = reduce(CombinePeaks(), peak);
    double smooth = 0;
    if (smooths && label >= 0) {
      const double log_sum = static_cast<double>(peak.log_sum());
      for (int64_t c = place; c < rows.n; c += size)
        smooth += static_cast<double>(labels.weight[c]) *
                  (log_sum - static_cast<double>(widened(from[c]) - peak.high));
      smooth = reduce(Sum(), smooth);
    }
    if (place == 0)
      finish_row(out, numbers, labels, rows, row, label, peak,
                 label < 0 ? C(0) : static_cast<C>(widened(from[label])), smooth, all_weights,
                 &sums);
  }
  finish_block(out, numbers.reduction, rows.count, sums);
}

// Rows that are neighbours, or short ones: a thread has a row.
template <class T>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_lanes(const T* x, ClassRows rows, Labels<Computed<T>> labels,
                        CrossEntropyNumbers numbers, CrossEntropyOutputs<T> out) {
  using C = Computed<T>;
  const bool smooths = numbers.smoothing > 0;
  const double all_weights = smooths ? sum_weights(labels) : 0;
  LossSums sums;
  for (int64_t row = global_thread(); row < rows.count; row += global_threads()) {
    const T* const from = x + rows.offset(row);
    const int64_t label = labels.at(row);
    Peak<C> peak;
    for (int64_t c = 0; c < rows.n; ++c) {
      const C score[1] = {widened(from[c * rows.step])};
      peak.add(score);
    }
    double smooth = 0;
    if (smooths && label >= 0) {
      const double log_sum = static_cast<double>(peak.log_sum());
      for (int64_t c = 0; c < rows.n; ++c)
        smooth += static_cast<double>(labels.weight[c]) *
                  (log_sum - static_cast<double>(widened(from[c * rows.step]) - peak.high));
    }
    finish_row(out, numbers, labels, rows, row, label, peak,
               label < 0 ? C(0) : static_cast<C>(widened(from[label * rows.step])), smooth,
               all_weights, &sums);
  }
  finish_block(out, numbers.reduction, rows.count, sums);
}

// Joins the sums of `blocks` blocks; the factors of a mean are divided by the weights of all
// targets.
template <class T>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_join(CrossEntropyOutputs<T> out, int blocks, Reduction reduction, int64_t rows) {
  const LossSums sums = block_total(out.parts, blocks);
  if (blockIdx.x == 0 && threadIdx.x == 0) finish_loss(out, reduction, sums);
  if (reduction != Reduction::kMean) return;
  const auto factor = static_cast<Computed<T>>(1 / sums.second);
  for (int64_t row = global_thread(); row < rows; row += global_threads())
    divide_scale(out, rows, row, factor);
}

}  // namespace

// x [C], [N, C] or [N, C, d1, …], target int64 [], [N], [N, d1, …], weight [C]? -> the loss, [] or
// (params[0] = 0) one per target; and [3, targets…] for the gradient: the largest score, the log of
// the sum of the others relative to it, and the factor of the softmax in the gradient.
// params [reduction: 0 none, 1 mean, 2 sum; ignored index; label smoothing]. The mean divides by
// the weights of the targets that count; if there are none it is NaN.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(cross_entropy) {
  const CrossEntropyNumbers numbers = {reduction_of(call, 0), call.param(2)};
  const ClassScores scores(call, call.in(0), 1);
  const ClassRows& rows = scores.rows;
  check_loss_shape(call.spec(0), scores, numbers.reduction);
  require_internal(call.spec(1).dtype == scores.x.dtype && !call.in_place(1) &&
                       call.spec(1).shape.numel() == 3 * rows.count,
                   "the statistics of a loss have the wrong shape");
  with_float_type(scores.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const T* const x = scores.x.as<T>();
    CrossEntropyOutputs<T> out = {call.out(0).template as<T>(), call.out(1).template as<T>(),
                                  nullptr};
    const Labels<C> labels = scores.labels<C>(call, 2, call.integer(1), true);
    constexpr int kTeams = kLossThreads / kWarp;
    // A thread has rows that lie side by side, or are short; so a small batch is done in one
    // launch.
    const bool lanes = rows.step > 1 || rows.n <= kWarp;
    const bool by_warp = rows.n <= 1024;
    const int64_t in_block = lanes ? kLossThreads : by_warp ? kTeams : 1;
    const unsigned blocks = blocks_for(call, ceil_divide(rows.count, in_block));
    if (blocks > 1 && numbers.reduction != Reduction::kNone)
      out.parts = call.scratch_of<LossSums>(blocks);
    const auto start = [&](auto kernel) {
      launch(kernel, blocks, kLossThreads, 0, call.stream(), x, rows, labels, numbers, out);
    };
    if (lanes) {
      start(cross_entropy_lanes<T>);
    } else if (packs_fit<T>(rows.n, x)) {
      by_warp ? start(cross_entropy_rows<T, kPack<T>, true>)
              : start(cross_entropy_rows<T, kPack<T>, false>);
    } else {
      by_warp ? start(cross_entropy_rows<T, 1, true>) : start(cross_entropy_rows<T, 1, false>);
    }
    if (out.parts)
      launch(cross_entropy_join<T>,
             numbers.reduction == Reduction::kMean
                 ? std::min(blocks, grid_for(rows.count, 1, call.properties(), kLossThreads))
                 : 1u,
             kLossThreads, 0, call.stream(), out, static_cast<int>(blocks), numbers.reduction,
             rows.count);
  });
}

}  // namespace flambeau::cuda
