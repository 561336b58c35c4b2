// Cross-entropy and negative log-likelihood of class indices, each with its gradient.
//
// Losses of rows are summed in double: each block has a sum, which are added in the order of the
// blocks.
#include "loss_rows.h"

namespace flambeau::cuda {

namespace {

__device__ __forceinline__ float exponential(float x) { return ::expf(x); }
__device__ __forceinline__ double exponential(double x) { return ::exp(x); }
__device__ __forceinline__ float logarithm(float x) { return ::logf(x); }
__device__ __forceinline__ double logarithm(double x) { return ::log(x); }

// The largest of some scores and Σ exp(score - largest); scores of -inf add nothing.
template <class C>
struct Peak {
  C high = -static_cast<C>(formulas::kInfinity);
  C sum = 0;

  __device__ __forceinline__ void add(C x) {
    if (x > high || x != x) {
      sum = sum * exponential(high - x) + C(1);
      high = x;
    } else if (x > -static_cast<C>(formulas::kInfinity)) {
      sum += exponential(x - high);
    }
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
                                           const Labels<Computed<T>>& labels,
                                           const ClassRows& rows, int64_t row, int64_t label,
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

// The weights of all classes together.
template <class C>
__device__ __forceinline__ double sum_weights(const Labels<C>& labels) {
  if (!labels.weight.data) return static_cast<double>(labels.classes);
  double sum = 0;
  for (int64_t c = threadIdx.x; c < labels.classes; c += blockDim.x)
    sum += static_cast<double>(labels.weight[c]);
  return block_reduce<Sum>(sum);
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
__device__ __forceinline__ void finish_block(const CrossEntropyOutputs<T>& out,
                                             Reduction reduction, int64_t rows, LossSums sums) {
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
#pragma unroll
      for (int j = 0; j < V; ++j) peak.add(v[j]);
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

// Rows that are neighbours: a thread has a row.
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
    for (int64_t c = 0; c < rows.n; ++c) peak.add(widened(from[c * rows.step]));
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

// Joins the sums of `blocks` blocks; the factors of a mean are divided by the weights of all targets.
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

// d loss / d x[c] = grad · scale · (p[c] - share of class c), the shares adding up to 1. Elements in the
// order of memory, which is [rows, n] or [images, n, step].
template <class T, int V>
__global__ void __launch_bounds__(kLossThreads)
    cross_entropy_slope(const T* x, ClassRows rows, FastDivide classes, FastDivide step,
                        int64_t accesses, Labels<Computed<T>> labels, double smoothing,
                        Numbers<Computed<T>> grad, bool each, const T* statistics, T* dx) {
  using C = Computed<T>;
  const double all_weights = smoothing > 0 ? sum_weights(labels) : 0;
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
      const int64_t label = labels.at(r);
      if (label < 0) {  // the scores may hold anything
        v[j] = 0;
        continue;
      }
      const C factor = grad[each ? r : 0] * widened(statistics[2 * rows.count + r]);
      const C high = widened(statistics[r]);
      const C log_sum = widened(statistics[rows.count + r]);
      C slope = factor * exponential(v[j] - high - log_sum);
      if (smoothing > 0) {
        const double soft = smoothing / static_cast<double>(rows.n);
        const double own = (1 - smoothing) * static_cast<double>(labels.weight_of(label));
        const double unit = static_cast<double>(factor) / (own + soft * all_weights);
        if (c == label) slope -= static_cast<C>(unit * own);
        slope -= static_cast<C>(unit * soft * static_cast<double>(labels.weight[c]));
      } else if (c == label) {
        slope -= factor;
      }
      v[j] = slope;
    }
    store_values<V>(dx + i * V, v);
  }
}

// The losses -weight · x[label], their sums per block, or (x null) the sums of the weights alone.
template <class T>
__global__ void __launch_bounds__(kLossThreads)
    nll_rows(const T* x, ClassRows rows, Labels<Computed<T>> labels, Reduction reduction, T* loss,
             LossSums* parts) {
  using C = Computed<T>;
  LossSums sums;
  for (int64_t row = global_thread(); row < rows.count; row += global_threads()) {
    const int64_t label = labels.at(row);
    const C own = labels.weight_of(label);
    C value = 0;
    if (x && label >= 0) value = -own * widened(x[rows.offset(row) + label * rows.step]);
    if (reduction == Reduction::kNone) loss[row] = narrowed<T>(value);
    sums.first += static_cast<double>(value);
    sums.second += static_cast<double>(own);
  }
  if (reduction == Reduction::kNone) return;
  sums = block_reduce<SumTwo>(sums);
  if (threadIdx.x > 0) return;
  if (gridDim.x > 1 || !x) {
    parts[blockIdx.x] = sums;
  } else {
    const double y = reduction == Reduction::kMean ? sums.first / sums.second : sums.first;
    *loss = narrowed<T>(static_cast<C>(y));
  }
}

template <class T>
__global__ void __launch_bounds__(kLossThreads)
    nll_join(const LossSums* parts, int blocks, Reduction reduction, T* loss) {
  const LossSums sums = block_total(parts, blocks);
  const double y = reduction == Reduction::kMean ? sums.first / sums.second : sums.first;
  if (threadIdx.x == 0) *loss = narrowed<T>(static_cast<Computed<T>>(y));
}

// Row-major: [images, n, step].
template <class T>
__global__ void __launch_bounds__(kLossThreads)
    nll_slope(ClassRows rows, FastDivide classes, FastDivide step, int64_t numel,
              Labels<Computed<T>> labels, Numbers<Computed<T>> grad, bool each,
              const LossSums* parts, int blocks, T* dx) {
  using C = Computed<T>;
  const C total = parts ? static_cast<C>(block_total(parts, blocks).second) : C(1);
  for (int64_t i = global_thread(); i < numel; i += global_threads()) {
    uint32_t inner, c;
    const uint32_t line = step.divide(static_cast<uint32_t>(i), &inner);
    const int64_t row = static_cast<int64_t>(classes.divide(line, &c)) * rows.step + inner;
    const int64_t label = labels.at(row);
    const C slope =
        label == c ? -grad[each ? row : 0] * labels.weight_of(label) / total : C(0);
    dx[i] = narrowed<T>(slope);
  }
}

unsigned blocks_for(const Call& call, int64_t rows) {
  return static_cast<unsigned>(std::clamp<int64_t>(
      std::min<int64_t>(rows, int64_t{8} * call.properties().multiprocessors), 1, kMaxLossBlocks));
}

void check_loss_shape(const Spec& spec, const ClassScores& scores, Reduction reduction) {
  require_internal(spec.dtype == scores.x.dtype, "a loss has the type of its scores");
  require_internal(spec.shape == (reduction == Reduction::kNone ? scores.target.shape : Shape{}),
                   "the output of a loss has the wrong shape");
}

// A gradient like the scores, in their memory order.
template <class T>
T* gradient_like(Call& call, const ClassScores& scores) {
  require_internal(call.spec(0).shape == scores.x.shape && call.spec(0).dtype == scores.x.dtype &&
                       !call.in_place(0),
                   "the gradient of scores is new and like them");
  return call.out_strided(0, scores.x.strides).as<T>();
}

template <class C>
Numbers<C> gradient_of_loss(Call& call, const ClassScores& scores, Reduction reduction) {
  return numbers_of<C>(call, 0, reduction == Reduction::kNone ? scores.rows.count : 1);
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
    const Labels<C> labels = scores.labels<C>(call, 2, call.integer(1));
    constexpr int kTeams = kLossThreads / kWarp;
    const bool lanes = rows.step > 1;
    const bool by_warp = rows.n <= 1024;
    const int64_t in_block = lanes ? kLossThreads : by_warp ? kTeams : 1;
    // Few small rows are done in one launch.
    const bool few = !lanes && by_warp && rows.count <= 16 * kTeams;
    const unsigned blocks = few ? 1 : blocks_for(call, ceil_divide(rows.count, in_block));
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

// As cross_entropy without smoothing, for x that are log-probabilities already.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(nll_loss) {
  const Reduction reduction = reduction_of(call, 0);
  const ClassScores scores(call, call.in(0), 1);
  check_loss_shape(call.spec(0), scores, reduction);
  with_float_type(scores.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Labels<Computed<T>> labels = scores.labels<Computed<T>>(call, 2, call.integer(1));
    T* const loss = call.out(0).template as<T>();
    const unsigned blocks = blocks_for(call, ceil_divide(scores.rows.count, kLossThreads));
    LossSums* const parts = call.scratch_of<LossSums>(blocks);
    launch(nll_rows<T>, blocks, kLossThreads, 0, call.stream(), scores.x.as<T>(), scores.rows,
           labels, reduction, loss, parts);
    if (blocks > 1 && reduction != Reduction::kNone)
      launch(nll_join<T>, 1, kLossThreads, 0, call.stream(), static_cast<const LossSums*>(parts),
             static_cast<int>(blocks), reduction, loss);
  });
}

// (grad [] or like target, target, weight?) -> the gradient of x, row-major; the params of
// nll_loss.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(nll_loss_grad) {
  const Reduction reduction = reduction_of(call, 0);
  Tensor like;  // of x, only the layout matters
  like.dtype = call.spec(0).dtype;
  like.shape = call.spec(0).shape;
  contiguous_strides(like.shape, like.strides);
  const ClassScores scores(call, like, 1);
  const ClassRows& rows = scores.rows;
  with_float_type(like.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const Labels<C> labels = scores.labels<C>(call, 2, call.integer(1));
    const Numbers<C> grad = gradient_of_loss<C>(call, scores, reduction);
    T* const dx = gradient_like<T>(call, scores);
    const int64_t numel = like.numel();
    if (numel == 0) return;
    require_internal(numel < (int64_t{1} << 32), "there are too many scores");
    LossSums* parts = nullptr;
    unsigned blocks = 0;
    if (reduction == Reduction::kMean) {
      blocks = blocks_for(call, ceil_divide(rows.count, kLossThreads));
      parts = call.scratch_of<LossSums>(blocks);
      launch(nll_rows<T>, blocks, kLossThreads, 0, call.stream(), nullptr, rows, labels, reduction,
             nullptr, parts);
    }
    launch(nll_slope<T>, grid_for(numel, 1, call.properties(), kLossThreads), kLossThreads, 0,
           call.stream(), rows, FastDivide(static_cast<uint32_t>(rows.n)),
           FastDivide(static_cast<uint32_t>(rows.step)), numel, labels, grad,
           reduction == Reduction::kNone, static_cast<const LossSums*>(parts),
           static_cast<int>(blocks), dx);
  });
}

}  // namespace flambeau::cuda
