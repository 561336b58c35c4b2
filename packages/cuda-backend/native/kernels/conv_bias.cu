// The gradient of a convolution's bias: sums over images and pixels of what is stored
// channels-last.
#include "conv.h"
#include "norm_passes.h"
#include "reduce.h"

namespace flambeau::cuda {

namespace {

// What numbers of T are summed in, as by all reductions.
template <class T>
using ColumnSum = std::conditional_t<std::is_same_v<Computed<T>, T>, double, float>;

// A block has all pixels of its channels.
template <class T, int V>
__global__ void __launch_bounds__(kNormThreads)
    sum_whole_columns(const T* dy, int64_t pixels, int64_t channels, T* db) {
  using S = ColumnSum<T>;
  const int64_t channel = block_channel<V>();
  S sums[V] = {};
  if (channel < channels)
    each_of_pixels<8>(pixels, channels, channel, [&](int64_t at) {
      Computed<T> v[V];
      load_values<V>(dy + at, v);
#pragma unroll
      for (int j = 0; j < V; ++j) sums[j] += static_cast<S>(v[j]);
    });
  const S* const held = combine_rows<Sum>(sums);
  const int across = static_cast<int>(blockDim.x) * V;
  const int own = block_thread();
  const int64_t c = static_cast<int64_t>(blockIdx.x) * across + own;
  if (own < across && c < channels)
    db[c] = narrowed<T>(static_cast<Computed<T>>(held[own % V * kNormThreads + own / V]));
}

}  // namespace

void bias_grad(Call& call, const Tensor& dy, int64_t channels, const Tensor& db) {
  const int64_t rows = dy.numel() / channels;
  if (is_floating(dy.dtype) && rows < (int64_t{1} << 31)) {
    const ChannelLayout l = {1, channels, rows, 0, true};
    bool done = false;
    with_float_type(dy.dtype, [&](auto zero) {
      using T = decltype(zero);
      with_vector<T>(
          channels,
          [&](auto vector) {
            constexpr int V = vector();
            const Columns columns = whole_columns(call, l, V, sizeof(T), kMostSteps);
            if (!(done = static_cast<bool>(columns))) return;
            launch(sum_whole_columns<T, V>, columns.grid, columns.block, 0, call.stream(),
                   dy.as<T>(), rows, channels, db.as<T>());
          },
          dy.as<T>());
    });
    if (done) return;
  }
  Tensor pixels = dy;
  pixels.shape = {rows, channels};
  contiguous_strides(pixels.shape, pixels.strides);
  sum_columns(call, pixels, db);
}

}  // namespace flambeau::cuda
