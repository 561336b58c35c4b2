// Normalisation of channels (batch, group and instance norm): statistics over pixels and images, or
// over the pixels of a group of channels; a weight and a bias for each channel.
//
// Where there are enough sets to keep the device busy, or where they are small, a block has a set
// and does all of it in one launch. Otherwise sets are summed in parts, which each block of the
// second pass joins into the numbers that it needs; only where a set may be more than a block of
// the second pass has, which is groups of channels-last, are they joined by a launch in between.
#include "norm_columns.h"
#include "norm_moments.h"
#include "norm_passes.h"

namespace flambeau::cuda {

namespace {

// Part blockIdx.y of set blockIdx.x.
template <class T, int V>
__device__ __forceinline__ void normalise_part(const T* x, const Planes& planes, int64_t begin,
                                               const Affines<Computed<T>>& by,
                                               const Settled<Computed<T>>& settled, T* y) {
  using C = Computed<T>;
  const int64_t set = blockIdx.x;
  const bool whole = by.groups == 0;
  const int64_t first = whole ? set : set % by.groups * (by.channels / by.groups);
  each_of_part<V>(planes, begin, [&](int64_t at, uint32_t plane) {
    const int64_t channel = first + (whole ? 0 : plane);
    const C scale = settled.rstd * by.w[channel];
    const C shift = by.b[channel];
    C v[V];
    load_values<V>(x + at, v);
#pragma unroll
    for (int j = 0; j < V; ++j) v[j] = (v[j] - settled.mean) * scale + shift;
    store_values<V>(y + at, v);
  });
}

template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_sets(const T* x, Planes planes, int64_t set_stride, Affines<Computed<T>> by, double eps,
              T* y, Kept<Computed<T>> kept) {
  using C = Computed<T>;
  const int64_t begin = blockIdx.x * set_stride;
  Welford<C> moments;
  each_of_part<V>(planes, begin, [&](int64_t at, uint32_t) {
    C v[V];
    load_values<V>(x + at, v);
    add_values(moments, v);
  });
  moments = block_reduce<CombineWelford>(moments);
  const Settled<C> settled(moments, static_cast<double>(moments.count), eps);
  if (threadIdx.x == 0) kept.store(blockIdx.x, gridDim.x, settled);
  normalise_part<T, V>(x, planes, begin, by, settled, y);
}

// The second pass over planes, from parts[set][split]: a block joins those of its set.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_sets_of_parts(const T* x, Planes planes, int64_t set_stride,
                       const Welford<Computed<T>>* parts, int splits, double elements,
                       Affines<Computed<T>> by, double eps, T* y, Kept<Computed<T>> kept) {
  using C = Computed<T>;
  parts += static_cast<int64_t>(blockIdx.x) * splits;
  Spread spread;
  for (int i = threadIdx.x; i < splits; i += kNormThreads)
    spread.add(Spread(parts[i], parts[0].mean));
  spread = block_reduce<SumSpread>(spread);
  const Settled<C> settled = spread.settled(parts[0].mean, elements, eps);
  if (threadIdx.x == 0 && blockIdx.y == 0) kept.store(blockIdx.x, gridDim.x, settled);
  normalise_part<T, V>(x, planes, blockIdx.x * set_stride, by, settled, y);
}

// parts[set][split] of planes.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_plane_moments(const T* x, Planes planes, int64_t set_stride, Welford<Computed<T>>* parts) {
  using C = Computed<T>;
  Welford<C> moments;
  each_of_part<V>(planes, blockIdx.x * set_stride, [&](int64_t at, uint32_t) {
    C v[V];
    load_values<V>(x + at, v);
    add_values(moments, v);
  });
  moments = block_reduce<CombineWelford>(moments);
  if (threadIdx.x == 0) parts[static_cast<int64_t>(blockIdx.x) * gridDim.y + blockIdx.y] = moments;
}

// parts[image][split][c], channels-last.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_pixel_moments(const T* x, int64_t pixels, int64_t channels, Welford<Computed<T>>* parts) {
  const int64_t channel = block_channel<V>();
  Welford<Computed<T>> moments[V];
  if (channel < channels) column_moments<1>(x, pixels, channels, channel, moments);
  store_rows<CombineWelford>(moments, channel, channels, parts);
}

// A block joins the parts[image][split][channel] of a set. Without parts the mean and the variance
// are given. Writes the statistics, if wanted, and what the set's units are normalised by.
template <class C>
__global__ void __launch_bounds__(kWarp)
    norm_join(const Welford<C>* parts, int splits, Numbers<C> mean_given, Numbers<C> variance_given,
              double elements, double eps, Affines<C> by, Affine<C>* units, Kept<C> kept) {
  const int64_t set = blockIdx.x;
  const int channels = by.channels;
  const int each = by.groups == 0 ? 1 : channels / by.groups;
  const int64_t image = by.groups == 0 ? 0 : set / by.groups;
  const int64_t first = by.groups == 0 ? set : set % by.groups * each;
  Welford<double> moments;
  if (parts) {
    const Welford<C>* const from = parts + image * splits * channels + first;
    for (int i = threadIdx.x; i < splits * each; i += kWarp) {
      const Welford<C> part = from[static_cast<int64_t>(i / each) * channels + i % each];
      Welford<double> one;
      one.mean = static_cast<double>(part.mean);
      one.squares = static_cast<double>(part.squares);
      one.count = static_cast<double>(part.count);
      moments = Welford<double>::combine(moments, one);
    }
    moments = warp_reduce<CombineWelford>(moments);
  } else if (mean_given.data) {
    moments.mean = static_cast<double>(mean_given[set]);
  }
  const double variance =
      mean_given.data ? static_cast<double>(variance_given[set]) : moments.squares / elements;
  const Settled<C> settled(moments.mean, variance, eps);
  for (int k = threadIdx.x; k < each; k += kWarp)
    units[image * channels + first + k] = {settled.mean, settled.rstd * by.w[first + k],
                                           by.b[first + k]};
  if (threadIdx.x == 0) kept.store(set, gridDim.x, settled);
}

// The second pass over pixels of channels that are sets, from parts[split][channel]: a block joins
// those of its channels.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_pixels_of_parts(int64_t pixels, const Welford<Computed<T>>* parts, int splits,
                         double elements, Affines<Computed<T>> by, double eps,
                         Normalised<T> normalised, Kept<Computed<T>> kept) {
  using C = Computed<T>;
  const int64_t channels = by.channels;
  Affine<C> units[V];
  join_columns<Spread>(
      splits, channels,
      [&](int split, int64_t c) { return Spread(parts[split * channels + c], parts[c].mean); },
      [&](int64_t c, const Spread& spread) {
        const Settled<C> settled = spread.settled(parts[c].mean, elements, eps);
        if (blockIdx.y == 0) kept.store(c, channels, settled);
        return Affine<C>{settled.mean, settled.rstd * by.w[c], by.b[c]};
      },
      units);
  const int64_t channel = block_channel<V>();
  if (channel >= channels) return;
  each_of_pixels(pixels, channels, channel,
                 [&](int64_t at) { normalised.template run<V>(at, units); });
}

// The work of one call of normChannels on elements of T, V at a time.
template <class T, int V>
void normalise(Call& call, const ChannelLayout& l, const T* x, T* y, double eps,
               Kept<Computed<T>> kept) {
  using C = Computed<T>;
  const cudaStream_t stream = call.stream();
  const Affines<C> by = {numbers_of<C>(call, 1, l.c, C(1)), numbers_of<C>(call, 2, l.c),
                         static_cast<int>(l.c), static_cast<int>(l.groups)};
  const bool given = call.has(3);
  const Numbers<C> mean = numbers_of<C>(call, 3, l.c);
  const Numbers<C> variance = numbers_of<C>(call, 4, l.c);
  require_internal(!given || (l.groups == 0 && variance.data),
                   "statistics are given for each channel");
  const int64_t sets = l.sets();
  const double elements = static_cast<double>(l.set_elements());
  const bool empty = l.numel() == 0;

  const Welford<C>* parts = nullptr;
  int splits = 1;
  Columns columns;
  if (!l.last && !given && !empty) {
    const int64_t set_stride = l.group_channels() * l.pixels;
    const Planes planes = l.groups == 0 ? planes_of(l, l.c * l.pixels, l.n, V)
                                        : planes_of(l, l.pixels, l.group_channels(), V);
    splits = static_cast<int>(splits_for(call, sets, static_cast<int64_t>(planes.total())));
    if (splits == 1)
      return launch(norm_sets<T, V>, static_cast<unsigned>(sets), kNormThreads, 0, stream, x,
                    planes, set_stride, by, eps, y, kept);
    Welford<C>* const sums = call.scratch_of<Welford<C>>(sets * splits);
    const auto grid = [&](int each) {
      return dim3(static_cast<unsigned>(sets), static_cast<unsigned>(each));
    };
    launch(norm_plane_moments<T, V>, grid(splits), kNormThreads, 0, stream, x, planes, set_stride,
           sums);
    // Twice the blocks, as less of them is in flight; a part has two accesses for each thread.
    return launch(norm_sets_of_parts<T, V>, grid(2 * splits), kNormThreads, 0, stream, x, planes,
                  set_stride, static_cast<const Welford<C>*>(sums), splits, elements, by, eps, y,
                  kept);
  }
  if (l.last && !empty) {
    columns = given ? Columns{} : whole_columns(call, l, V, sizeof(T));
    if (columns)
      return launch(l.groups == 0 ? norm_columns<T, V> : norm_group_columns<T, V>, columns.grid,
                    columns.block, 0, stream, l.image_pixels(), elements, by, eps,
                    Normalised<T>{x, y}, kept);
    columns = columns_of(call, l, V);
    splits = static_cast<int>(columns.grid.y);
    if (!given) {
      Welford<C>* const sums = call.scratch_of<Welford<C>>(l.images() * splits * l.c);
      launch(norm_pixel_moments<T, V>, columns.grid, columns.block, 0, stream, x, l.image_pixels(),
             l.c, sums);
      parts = sums;
      if (l.groups == 0)
        return launch(norm_pixels_of_parts<T, V>, columns.grid, columns.block, 0, stream,
                      l.image_pixels(), parts, splits, elements, by, eps, Normalised<T>{x, y},
                      kept);
    }
  }
  Affine<C>* const units = call.scratch_of<Affine<C>>(std::max<int64_t>(1, l.units()));
  launch(norm_join<C>, static_cast<unsigned>(sets), kWarp, 0, stream, parts, splits, mean, variance,
         elements, eps, by, units, kept);
  if (!empty)
    second_pass<V>(call, l, columns, static_cast<const Affine<C>*>(units), Normalised<T>{x, y});
}

}  // namespace

// y = (x - mean) / sqrt(variance + eps) · w + b for x [n, c, …]: statistics of each channel over
// all images, or with groups of channels over each group of each image; w and b [c] or left out.
// Parameters: the number of groups (0: none), eps. Outputs: y, as x lies in memory; if wanted
// [3, sets]: the means, 1 / sqrt(variance + eps), and the variances (biased). Further outputs,
// without groups: the running means and variances [c] and a counter of the calls, all moved in
// place; two more parameters are those of normRunning.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normChannels) {
  const Tensor& input = call.in(0);
  const ChannelLayout l = channel_layout(input, call.integer(0));
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    T* const y = laid_out_output(call, l, input).template as<T>();
    const NumberSink<C> statistics = wanted_numbers<C>(call, 1, 3 * l.sets());
    require_internal(statistics.stored == dtype_of<C>, "statistics are not narrow");
    const Kept<C> kept = {static_cast<C*>(statistics.data), running_of<C>(call, 2, 2, l.c)};
    require_internal(!kept.running.mean || (l.groups == 0 && !call.has(3) && l.numel() > 0),
                     "running statistics are those of channels");
    const Tensor held = laid_out(call, l, input);
    const T* const x = held.as<T>();
    with_vector<T>(
        l.last ? l.c : l.pixels,
        [&](auto vector) { normalise<T, vector()>(call, l, x, y, call.param(1), kept); }, x, y);
  });
}

}  // namespace flambeau::cuda
