// The gradient of normalisation of channels: for each unit the sums of dy and of dy · (x - mean),
// from these the numbers of the second pass, which computes dx. Where a unit is a set the blocks of
// the second pass join the parts of these sums themselves, as those of the normalisation do.
#include "norm_columns_grad.h"
#include "norm_passes.h"
#include "norm_slopes.h"

namespace flambeau::cuda {

namespace {

// A block has a channel of all images, where that is a set: sums and dx in one launch.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_sets_grad(Planes planes, int64_t set_stride, GradWork<Computed<T>> work,
                   InputGrad<T> grad) {
  using C = Computed<T>;
  const int64_t set = blockIdx.x;
  const int64_t begin = set * set_stride;
  const C mean = work.statistics[set];
  Two<C> sums;
  each_of_part<V>(planes, begin, [&](int64_t at, uint32_t) {
    C g[V], v[V];
    load_values<V>(grad.dy + at, g);
    load_values<V>(grad.x + at, v);
    add_grads(sums, g, v, mean);
  });
  sums = block_reduce<SumTwo>(sums);
  if (threadIdx.x == 0) work.put(set, gridDim.x, sums);
  const Slope<C> unit[] = {work.slope(set, gridDim.x, sums)};
  each_of_part<V>(planes, begin, [&](int64_t at, uint32_t) { grad.template run<V>(at, unit); });
}

// The second pass over planes of channels that are sets, from parts[channel][split]: a block joins
// those of its channel. Without splits the sums are 0.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_sets_grad_of_parts(Planes planes, int64_t set_stride, const Two<Computed<T>>* parts,
                            int splits, GradWork<Computed<T>> work, InputGrad<T> grad) {
  const int64_t set = blockIdx.x;
  Two<double> sums;
  for (int i = threadIdx.x; i < splits; i += kNormThreads) sums.add(parts[set * splits + i]);
  sums = block_reduce<SumTwo>(sums);
  if (threadIdx.x == 0 && blockIdx.y == 0) work.put(set, gridDim.x, sums);
  const Slope<Computed<T>> unit[] = {work.slope(set, gridDim.x, sums)};
  each_of_part<V>(planes, set * set_stride,
                  [&](int64_t at, uint32_t) { grad.template run<V>(at, unit); });
}

// The same over pixels, from parts[split][channel].
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_pixels_grad_of_parts(int64_t pixels, int64_t channels, const Two<Computed<T>>* parts,
                              int splits, GradWork<Computed<T>> work, InputGrad<T> grad) {
  Slope<Computed<T>> units[V];
  join_columns<Two<double>>(
      splits, channels, [&](int split, int64_t c) { return parts[split * channels + c]; },
      [&](int64_t c, const Two<double>& sums) {
        if (blockIdx.y == 0) work.put(c, channels, sums);
        return work.slope(c, channels, sums);
      },
      units);
  const int64_t channel = block_channel<V>();
  if (channel >= channels) return;
  each_of_pixels(pixels, channels, channel, [&](int64_t at) { grad.template run<V>(at, units); });
}

// parts[unit][split] of planes; a set has `set_units` units.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_plane_sums(const T* dy, const T* x, Planes planes, int64_t unit_stride, int set_units,
                    Numbers<Computed<T>> statistics, Two<Computed<T>>* parts) {
  using C = Computed<T>;
  const C mean = statistics[blockIdx.x / set_units];
  Two<C> sums;
  each_of_part<V>(planes, blockIdx.x * unit_stride, [&](int64_t at, uint32_t) {
    C g[V], v[V];
    load_values<V>(dy + at, g);
    load_values<V>(x + at, v);
    add_grads(sums, g, v, mean);
  });
  sums = block_reduce<SumTwo>(sums);
  if (threadIdx.x == 0) parts[static_cast<int64_t>(blockIdx.x) * gridDim.y + blockIdx.y] = sums;
}

// parts[image][split][c], channels-last; a set has `set_channels` channels, an image `sets` of
// them.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    norm_pixel_sums(const T* dy, const T* x, int64_t pixels, int64_t channels, int set_channels,
                    int sets, Numbers<Computed<T>> statistics, Two<Computed<T>>* parts) {
  using C = Computed<T>;
  const int64_t channel = block_channel<V>();
  Two<C> sums[V];
  if (channel < channels) {
    C mean[V];
#pragma unroll
    for (int j = 0; j < V; ++j)
      mean[j] = statistics[static_cast<int64_t>(blockIdx.z) * sets +
                           static_cast<int>(channel + j) / set_channels];
    column_sums<1>(dy, x, pixels, channels, channel, mean, sums);
  }
  store_rows<SumTwo>(sums, channel, channels, parts);
}

// Where the parts of a unit lie: `count` of them, `stride` apart.
struct UnitParts {
  int64_t image_stride, channel_stride;
  int count;
  int64_t stride;

  FLAMBEAU_HD int64_t first(int64_t image, int64_t channel) const {
    return image * image_stride + channel * channel_stride;
  }
};

// A warp joins the parts of the units of a set. Writes the sums of
// each unit, if wanted, and what dx is computed with.
template <class C>
__global__ void __launch_bounds__(kWarp)
    norm_join_grad(const Two<C>* parts, UnitParts place, int channels, int sets_of_image,
                   int set_channels, Numbers<C> w, Numbers<C> statistics, int64_t sets,
                   double elements, Two<double>* unit_sums, Slope<C>* units) {
  const int64_t set = blockIdx.x;
  const int64_t image = set / sets_of_image;
  const int64_t first = set % sets_of_image * set_channels;
  const C mean = statistics[set];
  const C rstd = statistics[sets + set];
  const int lane = threadIdx.x;
  const auto joined = [&](int64_t channel, int begin, int step) {
    Two<double> sums;
    for (int i = begin; i < place.count; i += step)
      sums.add(parts[place.first(image, channel) + i * place.stride]);
    return sums;
  };
  // Of g = dy · w and of g · (x - mean).
  Two<double> whole;
  const auto take = [&](int64_t channel, const Two<double>& sums) {
    const double factor = static_cast<double>(w[channel]);
    whole.first += factor * sums.first;
    whole.second += factor * sums.second;
    if (unit_sums) unit_sums[image * channels + channel] = sums;
  };
  if (set_channels == 1) {
    // The lanes share the parts of the channel; or else the channels.
    const Two<double> sums = warp_reduce<SumTwo>(joined(first, lane, kWarp));
    if (lane == 0) take(first, sums);
  } else {
    for (int k = lane; k < set_channels; k += kWarp) take(first + k, joined(first + k, 0, 1));
  }
  whole = warp_reduce<SumTwo>(whole);
  const Slope<C> shared = set_slope(mean, rstd, elements, whole);
  for (int k = threadIdx.x; k < set_channels; k += kWarp)
    units[image * channels + first + k] = shared.with(w[first + k]);
}

// dw and db from the sums of the channels of each image.
template <class C>
__global__ void __launch_bounds__(kNormThreads)
    norm_channel_grads(const Two<double>* unit_sums, int64_t images, int64_t channels,
                       int set_channels, Numbers<C> statistics, NumberSink<C> dw,
                       NumberSink<C> db) {
  const int64_t channel = global_thread();
  if (channel >= channels) return;
  const int64_t groups = channels / set_channels;
  Two<double> total;
  for (int64_t image = 0; image < images; ++image) {
    const Two<double> sums = unit_sums[image * channels + channel];
    const int64_t set = image * groups + channel / set_channels;
    total.first += sums.first;
    total.second += sums.second * static_cast<double>(statistics[images * groups + set]);
  }
  dw.put(channel, static_cast<C>(total.second));
  db.put(channel, static_cast<C>(total.first));
}

template <class T, int V>
void gradient(Call& call, const ChannelLayout& l, const GradWork<Computed<T>>& work,
              const InputGrad<T>& grad) {
  using C = Computed<T>;
  const cudaStream_t stream = call.stream();
  const bool summed = work.dw || work.db || !work.constant;
  const bool whole = l.groups == 0;
  const int set_channels = static_cast<int>(l.group_channels());
  const int sets_of_image = static_cast<int>(l.c / set_channels);
  const bool later = !whole && (work.dw || work.db);
  const auto unit_sums_of = [&] {
    return later ? call.scratch_of<Two<double>>(l.units()) : nullptr;
  };
  const auto join_images = [&](const Two<double>* unit_sums) {
    if (later)
      launch(norm_channel_grads<C>, static_cast<unsigned>(ceil_divide(l.c, kNormThreads)),
             kNormThreads, 0, stream, unit_sums, l.n, l.c, set_channels, work.statistics, work.dw,
             work.db);
  };
  const Two<C>* parts = nullptr;
  UnitParts place = {};
  Columns columns;
  if (l.last && summed) columns = whole_columns(call, l, V, sizeof(T));
  if (columns && whole)
    return launch(norm_columns_grad<T, V>, columns.grid, columns.block, 0, stream, l.image_pixels(),
                  l.c, work, grad);
  if (columns) {
    Two<double>* const unit_sums = unit_sums_of();
    launch(norm_group_columns_grad<T, V>, columns.grid, columns.block, 0, stream, l.image_pixels(),
           l.c, work, grad, unit_sums);
    return join_images(unit_sums);
  }
  if (!l.last) {
    const Planes planes =
        whole ? planes_of(l, l.c * l.pixels, l.n, V) : planes_of(l, l.pixels, 1, V);
    const int64_t total = static_cast<int64_t>(planes.total());
    const int64_t splits = splits_for(call, l.units(), total);
    const auto grid = [&](int64_t each) {
      return dim3(static_cast<unsigned>(l.units()), static_cast<unsigned>(each));
    };
    if (whole && splits == 1 && summed)
      return launch(norm_sets_grad<T, V>, grid(1), kNormThreads, 0, stream, planes, l.pixels, work,
                    grad);
    place = {l.c * splits, splits, static_cast<int>(splits), 1};
    if (summed) {
      Two<C>* const sums = call.scratch_of<Two<C>>(l.units() * splits);
      unsigned threads = kWarp;
      while (threads < kNormThreads && threads < total / splits) threads *= 2;
      launch(norm_plane_sums<T, V>, grid(splits), threads, 0, stream, grad.dy, grad.x, planes,
             l.pixels, set_channels, work.statistics, sums);
      parts = sums;
    }
    if (whole)
      return launch(norm_sets_grad_of_parts<T, V>, grid(splits == 1 ? 1 : 2 * splits), kNormThreads,
                    0, stream, planes, l.pixels, parts, summed ? place.count : 0, work, grad);
  } else {
    columns = columns_of(call, l, V);
    const int64_t splits = columns.grid.y;
    place = {splits * l.c, 1, static_cast<int>(splits), l.c};
    if (summed) {
      Two<C>* const sums = call.scratch_of<Two<C>>(l.images() * splits * l.c);
      launch(norm_pixel_sums<T, V>, columns.grid, columns.block, 0, stream, grad.dy, grad.x,
             l.image_pixels(), l.c, set_channels, sets_of_image, work.statistics, sums);
      parts = sums;
    }
    if (whole)
      return launch(norm_pixels_grad_of_parts<T, V>, columns.grid, columns.block, 0, stream,
                    l.image_pixels(), l.c, parts, summed ? place.count : 0, work, grad);
  }
  Slope<C>* const slopes = call.scratch_of<Slope<C>>(l.units());
  Two<double>* const unit_sums = unit_sums_of();
  launch(norm_join_grad<C>, static_cast<unsigned>(l.sets()), kWarp, 0, stream, parts, place,
         static_cast<int>(l.c), sets_of_image, set_channels, work.w, work.statistics, l.sets(),
         work.elements, unit_sums, slopes);
  join_images(unit_sums);
  second_pass<V>(call, l, columns, static_cast<const Slope<C>*>(slopes), grad);
}

}  // namespace

// The gradients dx, dw [c] and db [c] of normChannels; dw and db empty where they are not wanted.
// Inputs: dy, x, w or nothing, the statistics. Parameters: the number of groups, and whether the
// statistics were given, and do not follow from x.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normChannelsGrad) {
  const Tensor& input = call.in(1);
  const ChannelLayout l = channel_layout(input, call.integer(0));
  require_internal(call.in(0).shape == input.shape && call.in(0).dtype == input.dtype,
                   "the gradient must look like the input");
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    GradWork<C> work;
    work.w = numbers_of<C>(call, 2, l.c, C(1));
    require_internal(call.has(3), "the statistics are needed");
    work.statistics = numbers_of<C>(call, 3, 3 * l.sets());
    work.elements = static_cast<double>(l.set_elements());
    work.constant = call.flag(1);
    require_internal(!work.constant || l.groups == 0, "statistics are given for each channel");
    T* const dx = laid_out_output(call, l, input).template as<T>();
    work.dw = wanted_numbers<C>(call, 1, l.c);
    work.db = wanted_numbers<C>(call, 2, l.c);
    if (l.numel() == 0) {
      for (int i = 1; i < 3; ++i)
        if (call.out(i).numel() > 0) fill_with(call, call.out(i), 0);
      return;
    }
    const Tensor x_held = laid_out(call, l, input);
    const Tensor dy_held = laid_out(call, l, call.in(0));
    const T* const x = x_held.as<T>();
    const T* const dy = dy_held.as<T>();
    with_vector<T>(
        l.last ? l.c : l.pixels,
        [&](auto vector) {
          gradient<T, vector()>(call, l, work, InputGrad<T>{dy, x, dx, work.constant});
        },
        x, dy, dx);
  });
}

}  // namespace flambeau::cuda
