// Negative log-likelihood of class indices, and its gradient.
#include "loss_rows.h"

namespace flambeau::cuda {

namespace {

// The losses -weight · x[label], their sums per block, or (loss null) the sums of the weights
// alone.
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
    if (loss && label >= 0) value = -own * widened(x[rows.offset(row) + label * rows.step]);
    if (reduction == Reduction::kNone) loss[row] = narrowed<T>(value);
    sums.first += static_cast<double>(value);
    sums.second += static_cast<double>(own);
  }
  if (reduction == Reduction::kNone) return;
  sums = block_reduce<SumTwo>(sums);
  if (threadIdx.x > 0) return;
  if (gridDim.x > 1 || !loss) {
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
    const int64_t label = labels.known(row);
    const C slope = label == c ? -grad[each ? row : 0] * labels.weight_of(label) / total : C(0);
    dx[i] = narrowed<T>(slope);
  }
}

}  // namespace

// As cross_entropy without smoothing, for x that are log-probabilities already.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(nll_loss) {
  const Reduction reduction = reduction_of(call, 0);
  const ClassScores scores(call, call.in(0), 1);
  check_loss_shape(call.spec(0), scores, reduction);
  with_float_type(scores.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Labels<Computed<T>> labels = scores.labels<Computed<T>>(call, 2, call.integer(1), true);
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
    const Labels<C> labels =
        scores.labels<C>(call, 2, call.integer(1), reduction == Reduction::kMean);
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
