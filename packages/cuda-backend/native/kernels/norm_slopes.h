// What the gradient of normalised channels is computed with.
#pragma once

#include "numbers.h"

namespace flambeau::cuda {

// dx = dy · scale + ((x - mean) · slope + shift) for the elements of a unit.
template <class C>
struct Slope {
  C mean, scale, slope, shift;

  // The same for one of several channels of a set, whose weight is w.
  __device__ __forceinline__ Slope with(C w) const { return {mean, scale * w, slope, shift}; }
};

// That of a set, from its sums of g = dy · w and of g · (x - mean); without the weight.
template <class C>
__device__ __forceinline__ Slope<C> set_slope(C mean, C rstd, double elements,
                                              const Two<double>& sums) {
  const double r = static_cast<double>(rstd);
  const double share = -r / elements;
  return {mean, rstd, static_cast<C>(share * r * r * sums.second),
          static_cast<C>(share * sums.first)};
}

template <int V, class C>
__device__ __forceinline__ void add_grads(Two<C>& to, const C (&g)[V], const C (&v)[V], C mean) {
#pragma unroll
  for (int j = 0; j < V; ++j) {
    to.first += g[j];
    to.second += g[j] * (v[j] - mean);
  }
}

// The second pass. `constant`: the statistics do not follow from x.
template <class T>
struct InputGrad {
  const T *dy, *x;
  T* dx;
  bool constant;

  template <int V, class Unit, int units>
  __device__ __forceinline__ void run(int64_t at, const Unit (&of)[units]) const {
    Computed<T> g[V], v[V];
    load_values<V>(dy + at, g);
    if (!constant) load_values<V>(x + at, v);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const Unit& by = of[units == 1 ? 0 : j];
      g[j] *= by.scale;
      if (!constant) g[j] += (v[j] - by.mean) * by.slope + by.shift;
    }
    store_values<V>(dx + at, g);
  }
};

// What a call of normChannelsGrad works on.
template <class C>
struct GradWork {
  Numbers<C> w, statistics;
  double elements;  // of a set
  bool constant;
  NumberSink<C> dw, db;

  // What dx of a channel that is a set is computed with, from its sums.
  template <class S>
  __device__ __forceinline__ Slope<C> slope(int64_t channel, int64_t channels,
                                            const Two<S>& sums) const {
    const C rstd = statistics[channels + channel];
    const C factor = w[channel];
    const double r = static_cast<double>(rstd);
    const double share = constant ? 0 : -r / elements * static_cast<double>(factor);
    return {statistics[channel], rstd * factor,
            static_cast<C>(share * r * r * static_cast<double>(sums.second)),
            static_cast<C>(share * static_cast<double>(sums.first))};
  }
  // The gradients of its weight and bias, if wanted.
  template <class S>
  __device__ __forceinline__ void put(int64_t channel, int64_t channels, const Two<S>& sums) const {
    dw.put(channel, static_cast<C>(sums.second * static_cast<S>(statistics[channels + channel])));
    db.put(channel, static_cast<C>(sums.first));
  }
};

}  // namespace flambeau::cuda
