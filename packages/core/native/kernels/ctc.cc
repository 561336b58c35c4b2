// Connectionist temporal classification (Graves et al. 2006): the probability that a sequence of
// class scores says a target, summed over all alignments.
//
// An alignment walks over the target with blanks around each of its labels: 2 · length + 1 places,
// of which the odd ones are labels. All sums are of logarithms.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ctc_sizes.h"
#include "kernel.h"
#include "parallel.h"

namespace flambeau {

namespace {

template <class T>
constexpr T kNever = -std::numeric_limits<T>::infinity();

// log(exp(a) + exp(b) + exp(c))
template <class T>
T log_sum(T a, T b, T c) {
  // NaN wins, lest it is lost beside what is impossible.
  T high = a;
  for (const T x : {b, c}) high = x > high || x != x ? x : high;
  if (high == kNever<T>) return high;
  return high + std::log(std::exp(a - high) + std::exp(b - high) + std::exp(c - high));
}

// The sequences of a batch, checked.
struct Batch : CtcSizes {
  int64_t places = 1;  // most of all sequences
  std::vector<int64_t> input_lengths, target_lengths;
  std::vector<const int64_t*> targets;
  Tensor held;  // what targets point into

  using CtcSizes::CtcSizes;

  // The class of place `s` of sequence `n`.
  int64_t label(int64_t n, int64_t s) const { return s % 2 == 0 ? blank : targets[n][s / 2]; }
  // May an alignment skip the blank before place `s`?
  bool skips(int64_t n, int64_t s) const {
    return s % 2 == 1 && s > 1 && targets[n][s / 2] != targets[n][s / 2 - 1];
  }
};

// The lengths in input `i`, one for each sequence, in [0, most].
std::vector<int64_t> lengths_of(Call& call, int i, int64_t count, int64_t most, const char* what) {
  const Tensor list = ctc_lengths(call, i, count);
  const int64_t* from = list.as<int64_t>();
  for (int64_t n = 0; n < count; ++n)
    if (from[n] < 0 || from[n] > most)
      throw Failure("ERR_VALUE", std::string(what) + " of sequence " + std::to_string(n) + " is " +
                                     std::to_string(from[n]) + ", outside [0, " +
                                     std::to_string(most) + "]");
  return {from, from + count};
}

// Inputs from `first` on: log-probabilities [steps, n, classes], targets [n, most] or all of them
// in a row, lengths of both. Parameter 0: the blank.
Batch batch_of(Call& call, int first) {
  Batch batch(call, first);
  batch.input_lengths =
      lengths_of(call, first + 2, batch.count, batch.steps, "the length of the input");
  batch.target_lengths =
      lengths_of(call, first + 3, batch.count, batch.most, "the length of the target");
  batch.held = call.contiguous(call.in(first + 1));
  const int64_t* at = batch.held.as<int64_t>();
  const int64_t* end = at + batch.held.numel();
  for (int64_t n = 0; n < batch.count; ++n) {
    const int64_t length = batch.target_lengths[n];
    if (length > end - at) throw Failure("ERR_VALUE", "the targets are shorter than their lengths");
    batch.targets.push_back(at);
    for (int64_t i = 0; i < length; ++i)
      if (at[i] < 0 || at[i] >= batch.classes)
        throw Failure("ERR_INDEX", "label " + std::to_string(at[i]) + " of target " +
                                       std::to_string(n) + " is outside [0, " +
                                       std::to_string(batch.classes) + ")");
    at += batch.in_a_row ? length : batch.most;
    batch.places = std::max(batch.places, 2 * length + 1);
  }
  return batch;
}

// One sequence: rows of log-probabilities lie `step` elements apart.
template <class T>
struct Sequence {
  const Batch& batch;
  int64_t n;
  const T* scores;
  int64_t step;

  int64_t steps() const { return batch.input_lengths[n]; }
  int64_t places() const { return 2 * batch.target_lengths[n] + 1; }
  T score(int64_t t, int64_t s) const { return scores[t * step + batch.label(n, s)]; }
};

// alpha[t · batch.places + s]: the alignments of steps 0..t that end at place s. Returns -log of
// the probability of all.
template <class T>
T forward(const Sequence<T>& q, T* alpha) {
  const int64_t places = q.places(), width = q.batch.places;
  if (q.steps() == 0) return places == 1 ? T{0} : -kNever<T>;
  std::fill(alpha, alpha + places, kNever<T>);
  for (int64_t s = 0; s < std::min<int64_t>(places, 2); ++s) alpha[s] = q.score(0, s);
  for (int64_t t = 1; t < q.steps(); ++t) {
    const T* before = alpha + (t - 1) * width;
    T* now = alpha + t * width;
    for (int64_t s = 0; s < places; ++s) {
      const T one = s > 0 ? before[s - 1] : kNever<T>;
      const T two = q.batch.skips(q.n, s) ? before[s - 2] : kNever<T>;
      now[s] = log_sum(before[s], one, two) + q.score(t, s);
    }
  }
  const T* last = alpha + (q.steps() - 1) * width;
  return -log_sum(last[places - 1], places > 1 ? last[places - 2] : kNever<T>, kNever<T>);
}

// dx[t · q.step + c] for the steps of the sequence: factor · (p - what alignments through class c
// at step t have of the whole), p = exp(score). `beta` has 2 · places elements.
template <class T>
void backward(const Sequence<T>& q, const T* alpha, T loss, T factor, T* beta, T* dx) {
  const int64_t places = q.places(), width = q.batch.places, classes = q.batch.classes;
  T* after = beta;
  T* now = beta + places;
  for (int64_t t = q.steps() - 1; t >= 0; --t) {
    for (int64_t s = 0; s < places; ++s) {
      if (t == q.steps() - 1) {
        now[s] = s >= places - 2 ? q.score(t, s) : kNever<T>;
        continue;
      }
      const T one = s + 1 < places ? after[s + 1] : kNever<T>;
      const T two = s + 2 < places && q.batch.skips(q.n, s + 2) ? after[s + 2] : kNever<T>;
      now[s] = log_sum(after[s], one, two) + q.score(t, s);
    }
    T* to = dx + t * q.step;
    std::fill(to, to + classes, kNever<T>);
    for (int64_t s = 0; s < places; ++s) {
      T& sum = to[q.batch.label(q.n, s)];
      sum = log_sum(sum, alpha[t * width + s] + now[s], kNever<T>);
    }
    for (int64_t c = 0; c < classes; ++c) {
      const T score = q.scores[t * q.step + c];
      to[c] = (std::exp(score) - std::exp(to[c] + loss - score)) * factor;
    }
    std::swap(after, now);
  }
}

}  // namespace

// Inputs: log-probabilities [steps, n, classes], targets int64 [n, most] or [sum of lengths],
// lengths of the inputs and of the targets, int64 [n]. Parameter: the blank. Outputs: -log of the
// probabilities [n], infinite where the input is too short; and what ctcLossGrad needs,
// [n, steps, 2 · most + 1].
FLAMBEAU_KERNEL(ctcLoss) {
  const Batch batch = batch_of(call, 0);
  const Tensor scores = call.contiguous(call.in(0));
  with_ctc_type(scores.dtype, [&](auto zero) {
    using T = decltype(zero);
    Tensor& loss = call.out(0);
    if (call.in_place(0) || loss.dtype != scores.dtype || loss.numel() != batch.count)
      throw Failure("ERR_INTERNAL", "there is one loss for each sequence");
    Tensor alpha;
    if (call.num_outputs() > 1) {
      alpha = call.out(1);
      if (call.in_place(1) || alpha.dtype != scores.dtype ||
          alpha.numel() != batch.count * batch.steps * batch.places)
        throw Failure("ERR_INTERNAL", "the alignments have another size");
    } else {
      alpha = call.temporary({batch.count, batch.steps, batch.places}, scores.dtype);
    }
    const int64_t step = batch.count * batch.classes;
    parallel_for(batch.count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const Sequence<T> q = {batch, n, scores.as<T>() + n * batch.classes, step};
        loss.as<T>()[n] = forward(q, alpha.as<T>() + n * batch.steps * batch.places);
      }
    });
  });
}

// What `grad` [n] of the losses gives for the log-probabilities, [steps, n, classes]; as PyTorch
// has it, plus a multiple of the probabilities, which the gradient of a log-softmax takes off
// again. Inputs: grad, then those of ctcLoss, then its outputs. Parameters: the blank, and whether
// infinite losses give nothing.
FLAMBEAU_KERNEL(ctcLossGrad) {
  const Batch batch = batch_of(call, 1);
  const bool drops_infinite = call.flag(1);
  const Tensor scores = call.contiguous(call.in(1)), grad = call.contiguous(call.in(0));
  const Tensor loss = call.contiguous(call.in(5)), alpha = call.contiguous(call.in(6));
  with_ctc_type(scores.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (const Tensor& t : {grad, loss, alpha})
      if (t.dtype != scores.dtype) throw Failure("ERR_INTERNAL", "CTC of several types");
    if (grad.numel() != batch.count || loss.numel() != batch.count ||
        alpha.numel() != batch.count * batch.steps * batch.places)
      throw Failure("ERR_INTERNAL", "the gradient, losses or alignments have another size");
    Tensor& dx = call.out(0);
    if (call.in_place(0) || dx.dtype != scores.dtype || !(dx.shape == scores.shape))
      throw Failure("ERR_INTERNAL", "the gradient is as large as the scores");
    std::fill(dx.as<T>(), dx.as<T>() + dx.numel(), T{});
    const int64_t step = batch.count * batch.classes;
    parallel_for(batch.count, 1, [&](int64_t begin, int64_t end) {
      std::vector<T> beta(static_cast<size_t>(2 * batch.places));
      for (int64_t n = begin; n < end; ++n) {
        const T total = loss.as<T>()[n];
        if (drops_infinite && total == -kNever<T>) continue;
        const Sequence<T> q = {batch, n, scores.as<T>() + n * batch.classes, step};
        backward(q, alpha.as<T>() + n * batch.steps * batch.places, total, grad.as<T>()[n],
                 beta.data(), dx.as<T>() + n * batch.classes);
      }
    });
  });
}

}  // namespace flambeau
