// Moments of normalised channels: of numbers, of parts of sets, and what follows from them.
#pragma once

#include "collective.h"
#include "numbers.h"

namespace flambeau::cuda {

// Numbers as they come from memory, all at once.
template <int V, class C>
__device__ __forceinline__ void add_values(Welford<C>& to, const C (&v)[V]) {
  if constexpr (V == 1) {
    to.add(v[0]);
  } else {
    Welford<C> part;
    C sum = 0;
#pragma unroll
    for (int j = 0; j < V; ++j) sum += v[j];
    part.mean = sum * (C(1) / V);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const C distance = v[j] - part.mean;
      part.squares += distance * distance;
    }
    part.count = V;
    to = Welford<C>::combine(to, part);
  }
}

// What an image's or all images' channel is normalised by: y = (x - mean) · scale + shift.
template <class C>
struct Affine {
  C mean, scale, shift;
};

// The moments of a set: from its parts, or of all its elements at once.
template <class C>
struct Settled {
  C mean, rstd;
  double variance;

  __device__ __forceinline__ Settled(const Welford<C>& moments, double elements, double eps)
      : Settled(static_cast<double>(moments.mean), static_cast<double>(moments.squares) / elements,
                eps) {}
  __device__ __forceinline__ Settled(double center, double deviation, double eps)
      : mean(static_cast<C>(center)),
        rstd(static_cast<C>(1 / ::sqrt(deviation + eps))),
        variance(deviation) {}
};

// Running statistics of channels, which a call moves in place, and its counter of calls.
template <class C>
struct Running {
  NumberSink<C> mean, variance;  // nothing: there are none
  int64_t mean_stride = 0, variance_stride = 0;
  double share = 0, correction = 0;  // of the new ones; what makes a variance unbiased
  int64_t* batches = nullptr;

  __device__ __forceinline__ void move_mean(int64_t channel, C now) const {
    move(mean, channel * mean_stride, static_cast<double>(now));
  }
  __device__ __forceinline__ void move_variance(int64_t channel, C now) const {
    move(variance, channel * variance_stride, correction * static_cast<double>(now));
  }

 private:
  __device__ __forceinline__ void move(const NumberSink<C>& to, int64_t at, double now) const {
    const double before = static_cast<double>(read_computed<C>(to.data, at, to.stored));
    to.put(at, static_cast<C>((1 - share) * before + share * now));
  }
};

// Those in the outputs from `first` on, if the call has them; two parameters from `param` on.
template <class C>
Running<C> running_of(Call& call, int first, int param, int64_t c) {
  Running<C> running;
  const int count = call.num_outputs() - first;
  if (count <= 0) return running;
  require_internal(count >= 2, "there are two running statistics");
  for (int i = 0; i < 2; ++i) {
    const Tensor& to = call.out(first + i);
    require_internal(call.in_place(first + i) && to.ndim() == 1 && to.numel() == c &&
                         wide_type(to.dtype) == dtype_of<C>,
                     "running statistics are one number for each channel, changed in place");
    (i == 0 ? running.mean : running.variance) = {to.data, to.dtype};
    (i == 0 ? running.mean_stride : running.variance_stride) = to.stride(0);
  }
  running.share = call.param(param);
  running.correction = call.param(param + 1);
  if (count == 2) return running;
  const Tensor& batches = call.out(first + 2);
  require_internal(
      call.in_place(first + 2) && batches.numel() == 1 && batches.dtype == DType::kInt64,
      "calls are counted by one whole number, in place");
  running.batches = batches.as<int64_t>();
  return running;
}

// Where what is found out about a set goes.
template <class C>
struct Kept {
  C* statistics = nullptr;  // [3, sets], if wanted
  Running<C> running;       // where sets are channels

  // One thread does so for each set.
  __device__ __forceinline__ void store(int64_t set, int64_t sets, const Settled<C>& found) const {
    const C variance = static_cast<C>(found.variance);
    if (statistics) {
      statistics[set] = found.mean;
      statistics[sets + set] = found.rstd;
      statistics[2 * sets + set] = variance;
    }
    if (!running.mean) return;
    running.move_mean(set, found.mean);
    running.move_variance(set, variance);
    if (set == 0 && running.batches) ++*running.batches;
  }
};

// Sums over parts of a set, of what their means are away from one of these means. No division is
// needed before all are summed.
struct Spread {
  double distance = 0, distance_squares = 0, squares = 0;

  Spread() = default;
  template <class C>
  __device__ __forceinline__ Spread(const Welford<C>& part, C center) {
    const double away = static_cast<double>(part.mean) - static_cast<double>(center);
    distance = away * static_cast<double>(part.count);
    distance_squares = distance * away;
    squares = static_cast<double>(part.squares);
  }
  __device__ __forceinline__ void add(const Spread& other) {
    distance += other.distance;
    distance_squares += other.distance_squares;
    squares += other.squares;
  }
  template <class C>
  __device__ __forceinline__ Settled<C> settled(C center, double elements, double eps) const {
    const double away = distance / elements;
    return {static_cast<double>(center) + away,
            (squares + (distance_squares - distance * away)) / elements, eps};
  }
};
struct SumSpread {
  template <class S>
  FLAMBEAU_DEVICE S operator()(S a, const S& b) const {
    a.add(b);
    return a;
  }
  template <class S>
  FLAMBEAU_DEVICE static S identity() {
    return S();
  }
};

// What a set of planes has to be normalised by.
template <class C>
struct Affines {
  Numbers<C> w, b;
  int channels, groups;  // groups 0: a set is a channel
};

}  // namespace flambeau::cuda
