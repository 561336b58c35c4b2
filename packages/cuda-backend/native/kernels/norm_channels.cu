// Normalisation of channels (batch, group and instance norm): statistics over pixels and images, or
// over the pixels of a group of channels; a weight and a bias for each channel.
//
// Where there are enough sets to keep the device busy, a block has a set of planes and does all of
// it in one launch. Otherwise sets are summed in parts, which are joined into the numbers that the
// second pass needs.
#include "norm_passes.h"

namespace flambeau::cuda {

namespace {

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

template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_sets(const T* x, Planes planes, int64_t set_stride, int channels, int groups,
              Numbers<Computed<T>> w, Numbers<Computed<T>> b, double eps, T* y,
              Computed<T>* statistics) {
  using C = Computed<T>;
  const int64_t set = blockIdx.x;
  const int64_t begin = set * set_stride;
  const uint32_t total = static_cast<uint32_t>(planes.total());
  uint32_t plane;
  Welford<C> moments;
  for (uint32_t i = threadIdx.x; i < total; i += kNormThreads) {
    C v[V];
    load_values<V>(x + begin + planes.offset<V>(i, &plane), v);
    add_values(moments, v);
  }
  moments = block_reduce<CombineWelford>(moments);
  const double variance = static_cast<double>(moments.squares) / static_cast<double>(moments.count);
  const C rstd = static_cast<C>(1 / ::sqrt(variance + eps));
  const int each = groups == 0 ? 0 : channels / groups;
  const int64_t first = groups == 0 ? set : set % groups * each;
  for (uint32_t i = threadIdx.x; i < total; i += kNormThreads) {
    const int64_t at = begin + planes.offset<V>(i, &plane);
    const int64_t channel = first + (groups == 0 ? 0 : plane);
    const C scale = rstd * w[channel];
    const C shift = b[channel];
    C v[V];
    load_values<V>(x + at, v);
#pragma unroll
    for (int j = 0; j < V; ++j) v[j] = (v[j] - moments.mean) * scale + shift;
    store_values<V>(y + at, v);
  }
  if (statistics && threadIdx.x == 0) {
    const int64_t sets = gridDim.x;
    statistics[set] = moments.mean;
    statistics[sets + set] = rstd;
    statistics[2 * sets + set] = static_cast<C>(variance);
  }
}

// parts[set][split] of planes.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_plane_moments(const T* x, Planes planes, int64_t set_stride, Welford<Computed<T>>* parts) {
  using C = Computed<T>;
  Welford<C> moments;
  each_of_part<V>(planes, blockIdx.x * set_stride, [&](int64_t at) {
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
  using C = Computed<T>;
  const int64_t channel = block_channel<V>();
  Welford<C> moments[V];
  if (channel < channels) {
    C count = 0;
    each_of_pixels(pixels, channels, channel, [&](int64_t at) {
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
  store_rows<CombineWelford>(moments, channel, channels, parts);
}

// A block joins the parts of a set: `runs` runs of `length` of them (splits and channels; or splits
// alone), `stride` apart, the first run being that of the set. Without parts the mean and the
// variance are given. Writes the statistics, if wanted, and what the set's units are normalised by.
template <class C>
__global__ void __launch_bounds__(kWarp)
    norm_join(const Welford<C>* parts, int64_t set_stride, int runs, int64_t run_stride, int length,
              Numbers<C> mean_given, Numbers<C> variance_given, double elements, double eps,
              int channels, int groups, Numbers<C> w, Numbers<C> b, Affine<C>* units,
              C* statistics) {
  const int64_t set = blockIdx.x;
  const int64_t sets = gridDim.x;
  Welford<double> moments;
  if (parts) {
    const Welford<C>* const from = groups == 0
                                       ? parts + set * set_stride
                                       : parts + set / groups * set_stride + set % groups * length;
    for (int i = threadIdx.x; i < runs * length; i += kWarp) {
      const Welford<C> part = from[i / length * run_stride + i % length];
      Welford<double> one;
      one.mean = static_cast<double>(part.mean);
      one.squares = static_cast<double>(part.squares);
      one.count = static_cast<double>(part.count);
      moments = Welford<double>::combine(moments, one);
    }
    moments = warp_reduce<CombineWelford>(moments);
  } else if (mean_given.data) {
    moments.mean = static_cast<double>(mean_given[set]);
    moments.squares = static_cast<double>(variance_given[set]) * elements;
  }
  const double variance =
      mean_given.data ? static_cast<double>(variance_given[set]) : moments.squares / elements;
  const C mean = static_cast<C>(moments.mean);
  const C rstd = static_cast<C>(1 / ::sqrt(variance + eps));
  const int each = groups == 0 ? 1 : channels / groups;
  const int64_t unit = groups == 0 ? set : set / groups * channels + set % groups * each;
  for (int k = threadIdx.x; k < each; k += kWarp) {
    const int64_t channel = (unit + k) % channels;
    units[unit + k] = {mean, rstd * w[channel], b[channel]};
  }
  if (!statistics || threadIdx.x > 0) return;
  statistics[set] = mean;
  statistics[sets + set] = rstd;
  statistics[2 * sets + set] = static_cast<C>(variance);
}

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

// The work of one call of normChannels on elements of T, V at a time.
template <class T, int V>
void normalise(Call& call, const ChannelLayout& l, const T* x, T* y, double eps,
               Computed<T>* statistics) {
  using C = Computed<T>;
  const cudaStream_t stream = call.stream();
  const Numbers<C> w = numbers_of<C>(call, 1, l.c, C(1));
  const Numbers<C> b = numbers_of<C>(call, 2, l.c);
  const bool given = call.has(3);
  const Numbers<C> mean = numbers_of<C>(call, 3, l.c);
  const Numbers<C> variance = numbers_of<C>(call, 4, l.c);
  require_internal(!given || (l.groups == 0 && variance.data),
                   "statistics are given for each channel");
  const int64_t sets = l.sets();
  const int channels = static_cast<int>(l.c);
  const int groups = static_cast<int>(l.groups);
  const int64_t set_stride = groups == 0 ? l.pixels : l.group_channels() * l.pixels;
  const bool planar = !l.last;
  const bool empty = l.numel() == 0;

  Welford<C>* parts = nullptr;
  int64_t splits = 1;
  Columns columns;
  if (planar && !given && !empty) {
    const Planes planes = groups == 0 ? planes_of(l, l.c * l.pixels, l.n, V)
                                      : planes_of(l, l.pixels, l.group_channels(), V);
    splits = splits_for(call, sets, static_cast<int64_t>(planes.total()));
    if (splits == 1)
      return launch(norm_sets<T, V>, static_cast<unsigned>(sets), kNormThreads, 0, stream, x,
                    planes, set_stride, channels, groups, w, b, eps, y, statistics);
    parts = call.scratch_of<Welford<C>>(sets * splits);
    launch(norm_plane_moments<T, V>,
           dim3(static_cast<unsigned>(sets), static_cast<unsigned>(splits)), kNormThreads, 0,
           stream, x, planes, set_stride, parts);
  } else if (l.last && !empty) {
    columns = columns_of(call, l, V);
    splits = columns.grid.y;
    if (!given) {
      parts = call.scratch_of<Welford<C>>(l.images() * splits * l.c);
      launch(norm_pixel_moments<T, V>, columns.grid, columns.block, 0, stream, x, l.image_pixels(),
             l.c, parts);
    }
  }
  Affine<C>* const units = call.scratch_of<Affine<C>>(std::max<int64_t>(1, l.units()));
  const double elements = static_cast<double>(l.set_elements());
  // Planes: parts[set][split]. Channels-last: parts[image][split][channel].
  const int64_t stride_of_set = planar ? splits : groups == 0 ? 1 : splits * l.c;
  const int length = planar ? 1 : static_cast<int>(l.group_channels());
  if (planar && groups > 0) {
    // A set has its own run of parts, whatever its image is.
    launch(norm_join<C>, static_cast<unsigned>(sets), kWarp, 0, stream,
           static_cast<const Welford<C>*>(parts), groups * splits, 1, int64_t{0},
           static_cast<int>(splits), mean, variance, elements, eps, channels, groups, w, b, units,
           statistics);
  } else {
    launch(norm_join<C>, static_cast<unsigned>(sets), kWarp, 0, stream,
           static_cast<const Welford<C>*>(parts), stride_of_set, static_cast<int>(splits),
           planar ? int64_t{1} : l.c, length, mean, variance, elements, eps, channels, groups, w, b,
           units, statistics);
  }
  if (!empty)
    second_pass<V>(call, l, columns, static_cast<const Affine<C>*>(units), Normalised<T>{x, y});
}

}  // namespace

// y = (x - mean) / sqrt(variance + eps) · w + b for x [n, c, …]: statistics of each channel over
// all images, or with groups of channels over each group of each image; w and b [c] or left out.
// Parameters: the number of groups (0: none), eps. Outputs: y, as x lies in memory; if wanted
// [3, sets]: the means, 1 / sqrt(variance + eps), and the variances (biased).
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normChannels) {
  const Tensor& input = call.in(0);
  const ChannelLayout l = channel_layout(input, call.integer(0));
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    T* const y = laid_out_output(call, l, input).template as<T>();
    const NumberSink<C> statistics = wanted_numbers<C>(call, 1, 3 * l.sets());
    require_internal(statistics.stored == dtype_of<C>, "statistics are not narrow");
    const Tensor held = laid_out(call, l, input);
    const T* const x = held.as<T>();
    with_vector<T>(
        l.last ? l.c : l.pixels,
        [&](auto vector) {
          normalise<T, vector()>(call, l, x, y, call.param(1), static_cast<C*>(statistics.data));
        },
        x, y);
  });
}

}  // namespace flambeau::cuda
