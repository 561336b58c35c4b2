// Rows of scores of classes, the labels that belong to them, and sums of losses.
#pragma once

#include "channels_last.h"
#include "numbers.h"

namespace flambeau::cuda {

enum class Reduction : uint8_t { kNone, kMean, kSum };

inline Reduction reduction_of(const Call& call, int param) {
  const int64_t code = call.integer(param);
  require_internal(code >= 0 && code <= 2, "there is no such reduction");
  return static_cast<Reduction>(code);
}

inline constexpr int kLossThreads = 256;
// Blocks whose sums are joined by one.
inline constexpr int64_t kMaxLossBlocks = 1024;

// The sum of losses and that of the weights of their targets.
using LossSums = Two<double>;

// The classes of row r lie at offset(r) + c · step; rows are numbered in the order of the targets.
struct ClassRows {
  int64_t count;  // rows
  int64_t n;      // classes
  int64_t step;
  FastDivide inner;  // rows of an image

  FLAMBEAU_HD int64_t offset(int64_t row) const {
    if (step == 1) return row * n;
    uint32_t rest;
    const int64_t image = inner.divide(static_cast<uint32_t>(row), &rest);
    return image * n * step + rest;
  }
};

// Labels as device code reads them, and the weights of classes.
template <class C>
struct Labels {
  const int64_t* label;
  Numbers<C> weight;  // or 1
  int64_t classes;
  int64_t ignored;
  const Fault* fault;

#if defined(FLAMBEAU_DEVICE_CODE)
  // The class of row `row`, -1 where it is to be ignored or there is no such class.
  FLAMBEAU_DEVICE int64_t at(int64_t row) const {
    const int64_t found = label[row];
    if (found == ignored) return -1;
    if (static_cast<uint64_t>(found) < static_cast<uint64_t>(classes)) return found;
    report(fault, kFaultTarget, found, classes, row);
    return -1;
  }
  // The same where somebody else has reported.
  FLAMBEAU_DEVICE int64_t known(int64_t row) const {
    const int64_t found = label[row];
    const bool counts =
        found != ignored && static_cast<uint64_t>(found) < static_cast<uint64_t>(classes);
    return counts ? found : -1;
  }
  FLAMBEAU_DEVICE C weight_of(int64_t found) const { return found < 0 ? C(0) : weight[found]; }
#endif
};

// Scores [C], [N, C] or [N, C, d1, …] with their targets [], [N], [N, d1, …].
struct ClassScores {
  Tensor x;
  Tensor target;
  ClassRows rows;

  ClassScores(Call& call, const Tensor& scores, int target_at)
      : x(scores), target(call.contiguous(call.in(target_at))) {
    require_internal(x.ndim() >= 1 && target.dtype == DType::kInt64, "class indices are int64");
    const int axis = x.ndim() == 1 ? 0 : 1;
    Shape expected;
    int64_t inner = 1;
    for (int i = 0; i < x.ndim(); ++i) {
      if (i == axis) continue;
      expected.sizes[expected.ndim++] = x.size(i);
      if (i > axis) inner *= x.size(i);
    }
    require_internal(target.shape == expected, "the targets do not fit the scores");
    const bool last = x.ndim() > 2 && !x.is_contiguous() && is_channels_last(x);
    if (!last && x.data) x = call.contiguous(x);
    rows = {target.numel(), x.size(axis), last ? 1 : inner,
            FastDivide(static_cast<uint32_t>(std::max<int64_t>(1, inner)))};
    require_internal(rows.count < (int64_t{1} << 31) && rows.n < (int64_t{1} << 31),
                     "there are too many rows of scores");
  }

  // `reports`: device code says where there is no such class.
  template <class C>
  Labels<C> labels(Call& call, int weight_at, int64_t ignored, bool reports) const {
    return {target.as<int64_t>(), numbers_of<C>(call, weight_at, rows.n, C(1)), rows.n, ignored,
            reports ? call.fault() : nullptr};
  }
};

inline unsigned blocks_for(const Call& call, int64_t rows) {
  return static_cast<unsigned>(std::clamp<int64_t>(
      std::min<int64_t>(rows, int64_t{8} * call.properties().multiprocessors), 1, kMaxLossBlocks));
}

inline void check_loss_shape(const Spec& spec, const ClassScores& scores, Reduction reduction) {
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

#if defined(FLAMBEAU_DEVICE_CODE)
FLAMBEAU_DEVICE float exponential(float x) { return ::expf(x); }
FLAMBEAU_DEVICE double exponential(double x) { return ::exp(x); }
FLAMBEAU_DEVICE float logarithm(float x) { return ::logf(x); }
FLAMBEAU_DEVICE double logarithm(double x) { return ::log(x); }

// The weights of all classes together.
template <class C>
FLAMBEAU_DEVICE double sum_weights(const Labels<C>& labels) {
  if (!labels.weight.data) return static_cast<double>(labels.classes);
  double sum = 0;
  for (int64_t c = threadIdx.x; c < labels.classes; c += blockDim.x)
    sum += static_cast<double>(labels.weight[c]);
  return block_reduce<Sum>(sum);
}

// The sum of `count` sums, the same for all threads of the block.
FLAMBEAU_DEVICE LossSums block_total(const LossSums* parts, int count) {
  LossSums total;
  for (int i = threadIdx.x; i < count; i += static_cast<int>(blockDim.x)) {
    total.first += parts[i].first;
    total.second += parts[i].second;
  }
  return block_reduce<SumTwo>(total);
}
#endif

}  // namespace flambeau::cuda
