// Gradients of normalised channels-last images by blocks that have all pixels of their channels:
// sums and dx in one launch.
#pragma once

#include "norm_passes.h"
#include "norm_slopes.h"

namespace flambeau::cuda {

// This thread's sums over pixels of V channels, channels-last.
template <int kAtOnce, class T, int V>
__device__ __forceinline__ void column_sums(const T* dy, const T* x, int64_t pixels,
                                            int64_t channels, int64_t channel,
                                            const Computed<T> (&mean)[V],
                                            Two<Computed<T>> (&sums)[V]) {
  using C = Computed<T>;
  each_of_pixels<kAtOnce>(pixels, channels, channel, [&](int64_t at) {
    C g[V], v[V];
    load_values<V>(dy + at, g);
    load_values<V>(x + at, v);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      sums[j].first += g[j];
      sums[j].second += g[j] * (v[j] - mean[j]);
    }
  });
}

// A block has all pixels of its channels, which are sets: sums and dx in one launch.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_columns_grad(int64_t pixels, int64_t channels, GradWork<Computed<T>> work,
                      InputGrad<T> grad) {
  using C = Computed<T>;
  const int64_t channel = block_channel<V>();
  Two<C> sums[V];
  if (channel < channels) {
    C mean[V];
#pragma unroll
    for (int j = 0; j < V; ++j) mean[j] = work.statistics[channel + j];
    column_sums<kPixelsAtOnce>(grad.dy, grad.x, pixels, channels, channel, mean, sums);
  }
  Slope<C> units[V] = {};
  units_of_rows<SumTwo>(
      sums, channels,
      [&](int64_t c, const Two<C>& found) {
        work.put(c, channels, found);
        return work.slope(c, channels, found);
      },
      units);
  if (channel >= channels) return;
  each_of_pixels(pixels, channels, channel, [&](int64_t at) { grad.template run<V>(at, units); });
}

// The same for a group of channels of an image, which is a set; the sums of its channels, if
// wanted, go to unit_sums.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_group_columns_grad(int64_t pixels, int64_t channels, GradWork<Computed<T>> work,
                            InputGrad<T> grad, Two<double>* unit_sums) {
  using C = Computed<T>;
  const int64_t channel = block_channel<V>();
  const int64_t set = static_cast<int64_t>(blockIdx.z) * gridDim.x + blockIdx.x;
  const int64_t sets = static_cast<int64_t>(gridDim.z) * gridDim.x;
  C mean[V];
#pragma unroll
  for (int j = 0; j < V; ++j) mean[j] = work.statistics[set];
  Two<C> sums[V];
  column_sums<kPixelsAtOnce>(grad.dy, grad.x, pixels, channels, channel, mean, sums);
  const Two<C>* const held = combine_rows<SumTwo>(sums);
  // Of g = dy · w and of g · (x - mean); each of these threads has a channel.
  Two<double> whole;
  for (int i = block_thread(); i < static_cast<int>(blockDim.x) * V; i += block_threads()) {
    const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x * V + i;
    Two<double> own;
    own.add(held[i % V * kNormThreads + i / V]);
    if (unit_sums) unit_sums[blockIdx.z * channels + c] = own;
    const double factor = static_cast<double>(work.w[c]);
    whole.first += factor * own.first;
    whole.second += factor * own.second;
  }
  whole = block_reduce<SumTwo>(whole);
  const Slope<C> shared = set_slope(mean[0], work.statistics[sets + set], work.elements, whole);
  Slope<C> units[V] = {};
#pragma unroll
  for (int j = 0; j < V; ++j) units[j] = shared.with(work.w[channel + j]);
  each_of_pixels(pixels, channels, channel, [&](int64_t at) { grad.template run<V>(at, units); });
}

}  // namespace flambeau::cuda
