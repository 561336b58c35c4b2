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

  __device__ __forceinline__ Settled(double center, double deviation, double eps)
      : mean(static_cast<C>(center)),
        rstd(static_cast<C>(1 / ::sqrt(deviation + eps))),
        variance(deviation) {}

  // Statistics [3, sets], if wanted.
  __device__ __forceinline__ void store(int64_t set, int64_t sets, C* statistics) const {
    if (!statistics) return;
    statistics[set] = mean;
    statistics[sets + set] = rstd;
    statistics[2 * sets + set] = static_cast<C>(variance);
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
