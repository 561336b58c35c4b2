// Connectionist temporal classification (Graves et al. 2006): the probability that a sequence of
// class scores says a target, summed over all alignments.
//
// An alignment walks over the target with blanks around each of its labels: 2 · length + 1 places,
// of which the odd ones are labels. All sums are of logarithms. A block does a sequence, step by
// step, a thread each place.
#include <cmath>

#include "call.h"
#include "ctc_sizes.h"
#include "primitives.h"

namespace flambeau::cuda {

namespace {

constexpr int kMostThreads = 1024;

template <class T>
FLAMBEAU_DEVICE T never() {
  return lowest<T>();
}

// log(exp(a) + exp(b) + exp(c))
template <class T>
FLAMBEAU_DEVICE T log_sum(T a, T b, T c) {
  const T high = Max()(Max()(a, b), c);  // NaN wins, lest it is lost beside what is impossible
  if (high == never<T>()) return high;
  return high + std::log(std::exp(a - high) + std::exp(b - high) + std::exp(c - high));
}

// The sequences of a batch.
struct Batch : CtcSizes {
  using CtcSizes::CtcSizes;

  int64_t width;  // room for places
  const int64_t* targets;
  const int64_t* input_lengths;
  const int64_t* target_lengths;
  const Fault* fault;
};

// One sequence: rows of log-probabilities lie `step` elements apart.
template <class T>
struct Sequence {
  const T* scores;
  const int64_t* target;
  int64_t step;
  int64_t steps;
  int64_t places;
  int64_t blank;

  // The class of place `s`.
  FLAMBEAU_DEVICE int64_t label(int64_t s) const { return s % 2 == 0 ? blank : target[s / 2]; }
  // May an alignment skip the blank before place `s`?
  FLAMBEAU_DEVICE bool skips(int64_t s) const {
    return s % 2 == 1 && s > 1 && target[s / 2] != target[s / 2 - 1];
  }
  FLAMBEAU_DEVICE T score(int64_t t, int64_t s) const { return scores[t * step + label(s)]; }
};

// Sequence `n`, for all threads of the block; false if it is none, which is reported.
template <class T>
FLAMBEAU_DEVICE bool read_sequence(const Batch& batch, const T* scores, int64_t n,
                                   Sequence<T>* sequence) {
  const int64_t steps = batch.input_lengths[n];
  const int64_t length = batch.target_lengths[n];
  const bool fits = steps >= 0 && steps <= batch.steps;
  const bool target_fits = length >= 0 && length <= batch.most && 2 * length + 1 <= batch.width;
  if (threadIdx.x == 0 && !fits) report(batch.fault, kFaultInputLength, steps, batch.steps, n);
  if (threadIdx.x == 0 && !target_fits)
    report(batch.fault, kFaultTargetLength, length, batch.most, n);
  if (!fits || !target_fits) return false;
  int64_t start = n * batch.most;
  if (batch.in_a_row) {
    int64_t before = 0;
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x)
      before += max(int64_t{0}, batch.target_lengths[i]);
    start = block_reduce<Sum>(before);
    if (start < 0 || start > batch.most - length) {
      if (threadIdx.x == 0) report(batch.fault, kFaultTargetsShort, start, batch.most, n);
      return false;
    }
  }
  const int64_t* const target = batch.targets + start;
  int bad = 0;
  for (int64_t i = threadIdx.x; i < length; i += blockDim.x) {
    if (static_cast<uint64_t>(target[i]) < static_cast<uint64_t>(batch.classes)) continue;
    report(batch.fault, kFaultLabel, target[i], batch.classes, n);
    bad = 1;
  }
  if (__syncthreads_or(bad)) return false;
  *sequence = {scores + n * batch.classes,
               target,
               batch.count * batch.classes,
               steps,
               2 * length + 1,
               batch.blank};
  return true;
}

// alpha[(n · steps + t) · width + s]: the alignments of steps 0..t that end at place s; loss[n]:
// -log of the probability of all.
template <class T>
__global__ void __launch_bounds__(kMostThreads)
    forward_kernel(Batch batch, const T* __restrict__ scores, T* all_alpha, T* loss) {
  const int64_t n = blockIdx.x;
  Sequence<T> q;
  if (!read_sequence(batch, scores, n, &q)) {
    if (threadIdx.x == 0) loss[n] = -never<T>();
    return;
  }
  if (q.steps == 0) {
    if (threadIdx.x == 0) loss[n] = q.places == 1 ? T(0) : -never<T>();
    return;
  }
  T* const alpha = all_alpha + n * batch.steps * batch.width;
  for (int64_t s = threadIdx.x; s < q.places; s += blockDim.x)
    alpha[s] = s < 2 ? q.score(0, s) : never<T>();
  for (int64_t t = 1; t < q.steps; ++t) {
    __syncthreads();
    const T* const before = alpha + (t - 1) * batch.width;
    T* const now = alpha + t * batch.width;
    for (int64_t s = threadIdx.x; s < q.places; s += blockDim.x) {
      const T one = s > 0 ? before[s - 1] : never<T>();
      const T two = q.skips(s) ? before[s - 2] : never<T>();
      now[s] = log_sum(before[s], one, two) + q.score(t, s);
    }
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  const T* const last = alpha + (q.steps - 1) * batch.width;
  loss[n] =
      -log_sum(last[q.places - 1], q.places > 1 ? last[q.places - 2] : never<T>(), never<T>());
}

// The logarithm of a sum: sum · exp(high).
template <class T>
struct Scaled {
  T high;
  T sum;
};
struct AddScaled {
  template <class S>
  FLAMBEAU_DEVICE S operator()(const S& a, const S& b) const {
    const auto high = Max()(a.high, b.high);
    if (high == never<decltype(high + 0)>()) return {high, 0};
    return {high, a.sum * std::exp(a.high - high) + b.sum * std::exp(b.high - high)};
  }
  template <class S>
  FLAMBEAU_DEVICE static S identity() {
    return {never<decltype(S::high)>(), 0};
  }
};

// dx[t · step + c] for the steps of the sequence: factor · (p - what alignments through class c
// at step t have of the whole), p = exp(score). `all_beta` has 2 · width elements for each
// sequence, `all_next` width: the next place with the same label, -1 where there is none, or -2 for
// places that come after another one of their label, or are blank.
template <class T>
__global__ void __launch_bounds__(kMostThreads)
    backward_kernel(Batch batch, const T* __restrict__ scores, const T* __restrict__ all_alpha,
                    const T* __restrict__ losses, const T* __restrict__ grad, bool drops_infinite,
                    T* all_beta, int32_t* all_next, bool* all_first, T* dx) {
  const int64_t n = blockIdx.x;
  const T loss = losses[n];
  const T factor = grad[n];
  Sequence<T> q;
  if (!read_sequence(batch, scores, n, &q)) return;
  if (drops_infinite && loss == -never<T>()) return;
  const T* const alpha = all_alpha + n * batch.steps * batch.width;
  int32_t* const next = all_next + n * batch.width;
  bool* const first = all_first + n * batch.width;
  for (int64_t s = 1 + 2 * threadIdx.x; s < q.places; s += 2 * blockDim.x) {
    const int64_t label = q.label(s);
    bool is_first = label != q.blank;
    for (int64_t other = 1; is_first && other < s; other += 2) is_first = q.label(other) != label;
    first[s] = is_first;
    int64_t after = s + 2;
    while (after < q.places && q.label(after) != label) after += 2;
    next[s] = after < q.places ? static_cast<int32_t>(after) : -1;
  }
  T* after = all_beta + n * 2 * batch.width;
  T* now = after + batch.width;
  for (int64_t t = q.steps - 1; t >= 0; --t) {
    __syncthreads();
    T* const to = dx + t * q.step + n * batch.classes;
    for (int64_t c = threadIdx.x; c < batch.classes; c += blockDim.x) to[c] = never<T>();
    Scaled<T> blanks = AddScaled::identity<Scaled<T>>();
    for (int64_t s = threadIdx.x; s < q.places; s += blockDim.x) {
      T here;
      if (t == q.steps - 1) {
        here = s >= q.places - 2 ? q.score(t, s) : never<T>();
      } else {
        const T one = s + 1 < q.places ? after[s + 1] : never<T>();
        const T two = s + 2 < q.places && q.skips(s + 2) ? after[s + 2] : never<T>();
        here = log_sum(after[s], one, two) + q.score(t, s);
      }
      now[s] = here;
      if (q.label(s) == q.blank)
        blanks = AddScaled()(blanks, Scaled<T>{alpha[t * batch.width + s] + here, T(1)});
    }
    blanks = block_reduce<AddScaled>(blanks);
    __syncthreads();
    for (int64_t s = 1 + 2 * threadIdx.x; s < q.places; s += 2 * blockDim.x) {
      if (!first[s]) continue;
      T sum = never<T>();
      for (int64_t place = s; place >= 0; place = next[place])
        sum = log_sum(sum, alpha[t * batch.width + place] + now[place], never<T>());
      to[q.label(s)] = sum;
    }
    if (threadIdx.x == 0)
      to[q.blank] = blanks.high == never<T>() ? blanks.high : blanks.high + std::log(blanks.sum);
    __syncthreads();
    for (int64_t c = threadIdx.x; c < batch.classes; c += blockDim.x) {
      const T score = q.scores[t * q.step + c];
      to[c] = (std::exp(score) - std::exp(to[c] + loss - score)) * factor;
    }
    T* const swapped = after;
    after = now;
    now = swapped;
  }
}

// Inputs from `first` on: log-probabilities [steps, n, classes], targets [n, most] or all of them
// in a row, lengths of both. Parameter 0: the blank.
Batch batch_of(Call& call, int first) {
  Batch batch(call, first);
  if (batch.most > int64_t{1} << 29) throw Failure("ERR_VALUE", "targets of 2^29 labels or more");
  batch.width = 2 * batch.most + 1;
  batch.targets = call.contiguous(call.in(first + 1)).as<int64_t>();
  batch.input_lengths = ctc_lengths(call, first + 2, batch.count).as<int64_t>();
  batch.target_lengths = ctc_lengths(call, first + 3, batch.count).as<int64_t>();
  batch.fault = call.fault();
  return batch;
}

// Places of the sums over alignments, [n, steps, places].
int64_t width_of(const Shape& sums, const Batch& batch) {
  if (sums.ndim != 3 || sums.sizes[0] != batch.count || sums.sizes[1] != batch.steps ||
      sums.sizes[2] < 1)
    throw Failure("ERR_INTERNAL", "the alignments have another size");
  return sums.sizes[2];
}

unsigned threads_for(int64_t places) {
  return static_cast<unsigned>(
      std::min<int64_t>(kMostThreads, (places + kWarp - 1) / kWarp * kWarp));
}

}  // namespace

// Inputs: log-probabilities [steps, n, classes], targets int64 [n, most] or [sum of lengths],
// lengths of the inputs and of the targets, int64 [n]. Parameter: the blank. Outputs: -log of the
// probabilities [n], infinite where the input is too short; and what ctcLossGrad needs,
// [n, steps, 2 · most + 1].
FLAMBEAU_CUDA_KERNEL(ctcLoss) {
  Batch batch = batch_of(call, 0);
  const Tensor scores = call.contiguous(call.in(0));
  const Tensor& loss = call.out(0);
  if (call.in_place(0) || loss.dtype != scores.dtype || loss.numel() != batch.count)
    throw Failure("ERR_INTERNAL", "there is one loss for each sequence");
  Tensor alpha;
  if (call.num_outputs() > 1) {
    alpha = call.out(1);
    batch.width = width_of(alpha.shape, batch);
    if (call.in_place(1) || alpha.dtype != scores.dtype)
      throw Failure("ERR_INTERNAL", "the alignments have another type");
  } else {
    alpha = call.temporary({batch.count, batch.steps, batch.width}, scores.dtype);
  }
  with_ctc_type(scores.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(forward_kernel<T>, static_cast<unsigned>(batch.count), threads_for(batch.width), 0,
           call.stream(), batch, scores.as<T>(), alpha.as<T>(), loss.as<T>());
  });
}

// What `grad` [n] of the losses gives for the log-probabilities, [steps, n, classes]; as PyTorch
// has it, plus a multiple of the probabilities, which the gradient of a log-softmax takes off
// again. Inputs: grad, then those of ctcLoss, then its outputs. Parameters: the blank, and whether
// infinite losses give nothing.
FLAMBEAU_CUDA_KERNEL(ctcLossGrad) {
  Batch batch = batch_of(call, 1);
  const bool drops_infinite = call.flag(1);
  const Tensor scores = call.contiguous(call.in(1));
  const Tensor grad = call.contiguous(call.in(0));
  const Tensor loss = call.contiguous(call.in(5));
  const Tensor alpha = call.contiguous(call.in(6));
  for (const Tensor& t : {grad, loss, alpha})
    if (t.dtype != scores.dtype) throw Failure("ERR_INTERNAL", "CTC of several types");
  batch.width = width_of(alpha.shape, batch);
  if (grad.numel() != batch.count || loss.numel() != batch.count)
    throw Failure("ERR_INTERNAL", "the gradient or losses have another size");
  const Tensor& dx = call.out(0);
  if (call.in_place(0) || dx.dtype != scores.dtype || !(dx.shape == scores.shape))
    throw Failure("ERR_INTERNAL", "the gradient is as large as the scores");
  fill_with(call, dx, 0);
  const int64_t places = batch.count * batch.width;
  with_ctc_type(scores.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(backward_kernel<T>, static_cast<unsigned>(batch.count),
           threads_for(std::max(batch.width, std::min<int64_t>(batch.classes, 256))), 0,
           call.stream(), batch, scores.as<T>(), alpha.as<T>(), loss.as<T>(), grad.as<T>(),
           drops_infinite, call.scratch_of<T>(2 * places), call.scratch_of<int32_t>(places),
           call.scratch_of<bool>(places), dx.as<T>());
  });
}

}  // namespace flambeau::cuda
