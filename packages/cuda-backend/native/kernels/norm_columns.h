// Normalisation of channels-last images by blocks that have all pixels of their channels:
// statistics and the second pass in one launch.
#pragma once

#include "norm_moments.h"
#include "norm_passes.h"

namespace flambeau::cuda {

// The second pass: y = (x - mean) · scale + shift.
template <class T>
struct Normalised {
  const T* x;
  T* y;

  template <int V, class Unit, int units>
  __device__ __forceinline__ void run(int64_t at, const Unit (&of)[units]) const {
    Computed<T> v[V];
    load_values<V>(x + at, v);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const Unit& by = of[units == 1 ? 0 : j];
      v[j] = (v[j] - by.mean) * by.scale + by.shift;
    }
    store_values<V>(y + at, v);
  }
};

// The moments of this thread's pixels of V channels, channels-last.
template <int kAtOnce, class T, int V>
__device__ __forceinline__ void column_moments(const T* x, int64_t pixels, int64_t channels,
                                               int64_t channel,
                                               Welford<Computed<T>> (&moments)[V]) {
  using C = Computed<T>;
  C count = 0;
  each_of_pixels<kAtOnce>(pixels, channels, channel, [&](int64_t at) {
    C v[V];
    load_values<V>(x + at, v);
    count += 1;
    const C share = C(1) / count;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const C delta = v[j] - moments[j].mean;
      moments[j].mean += delta * share;
      moments[j].squares += delta * (v[j] - moments[j].mean);
    }
  });
#pragma unroll
  for (int j = 0; j < V; ++j) moments[j].count = count;
}

// A block has all pixels of its channels, which are sets, and does all of them.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_columns(int64_t pixels, double elements, Affines<Computed<T>> by, double eps,
                 Normalised<T> normalised, Kept<Computed<T>> kept) {
  using C = Computed<T>;
  const int64_t channel = block_channel<V>();
  Welford<C> moments[V];
  if (channel < by.channels)
    column_moments<kPixelsAtOnce>(normalised.x, pixels, by.channels, channel, moments);
  Affine<C> units[V] = {};
  units_of_rows<CombineWelford>(
      moments, by.channels,
      [&](int64_t c, const Welford<C>& found) {
        const Settled<C> settled(found, elements, eps);
        kept.store(c, by.channels, settled);
        return Affine<C>{settled.mean, settled.rstd * by.w[c], by.b[c]};
      },
      units);
  if (channel >= by.channels) return;
  each_of_pixels(pixels, by.channels, channel,
                 [&](int64_t at) { normalised.template run<V>(at, units); });
}

// The same for a group of channels of an image, which is a set.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_group_columns(int64_t pixels, double elements, Affines<Computed<T>> by, double eps,
                       Normalised<T> normalised, Kept<Computed<T>> kept) {
  using C = Computed<T>;
  const int64_t channel = block_channel<V>();
  Welford<C> columns[V];
  column_moments<kPixelsAtOnce>(normalised.x, pixels, by.channels, channel, columns);
  // All columns have as many pixels.
  Welford<C> moments;
#pragma unroll
  for (int j = 0; j < V; ++j) moments.mean += columns[j].mean / V;
#pragma unroll
  for (int j = 0; j < V; ++j) {
    const C away = columns[j].mean - moments.mean;
    moments.squares += columns[j].squares + columns[j].count * away * away;
  }
  moments.count = V * columns[0].count;
  const Settled<C> settled(block_reduce<CombineWelford>(moments), elements, eps);
  const int64_t set = static_cast<int64_t>(blockIdx.z) * by.groups + blockIdx.x;
  if (block_thread() == 0) kept.store(set, static_cast<int64_t>(gridDim.z) * by.groups, settled);
  Affine<C> units[V] = {};
#pragma unroll
  for (int j = 0; j < V; ++j)
    units[j] = {settled.mean, settled.rstd * by.w[channel + j], by.b[channel + j]};
  each_of_pixels(pixels, by.channels, channel,
                 [&](int64_t at) { normalised.template run<V>(at, units); });
}

}  // namespace flambeau::cuda
