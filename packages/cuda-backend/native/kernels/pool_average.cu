// Average pooling over windows of two axes. Inputs [n, c, h, w] of any strides;
// outputs are stored channels-last.
#include "pool_items.h"

namespace flambeau::cuda {

namespace {

template <class T, int n>
__global__ void __launch_bounds__(kPoolThreads)
    avg_kernel(PoolShape s, PoolItems items, const T* x, T* y, bool count_pad, double divisor) {
  using W = Computed<T>;
  for (int64_t item = global_thread(); item < items.count(); item += global_threads()) {
    uint32_t image, i, j, pack;
    items.locate(static_cast<uint32_t>(item), &image, &i, &j, &pack);
    const PoolPlaces rows(s.h, i), columns(s.w, j);
    const T* from = x + image * s.h.input * s.w.input * s.channels + int64_t{pack} * n;
    W sums[n] = {};
    for (int64_t a = rows.begin; a < rows.end; ++a)
      for (int64_t b = columns.begin; b < columns.end; ++b) {
        const int64_t at = (rows.origin + a) * s.w.input + columns.origin + b;
        const Pack<T, n> values = load_pack<n>(from + at * s.channels);
#pragma unroll
        for (int l = 0; l < n; ++l) sums[l] += widened(values[l]);
      }
    const W by = pool_divisor<W>(s, rows, columns, count_pad, divisor);
    Pack<T, n> out;
#pragma unroll
    for (int l = 0; l < n; ++l) out[l] = narrowed<T>(sums[l] / by);
    store_pack(y + item * n, out);
  }
}

template <class T, int n>
__global__ void __launch_bounds__(kPoolThreads)
    avg_grad_kernel(PoolShape s, PoolItems items, const T* dy, T* dx, bool count_pad,
                    double divisor) {
  using W = Computed<T>;
  for (int64_t item = global_thread(); item < items.count(); item += global_threads()) {
    uint32_t image, h, w, pack;
    items.locate(static_cast<uint32_t>(item), &image, &h, &w, &pack);
    const PoolCovering rows(s.h, h), columns(s.w, w);
    const T* from = dy + image * s.h.output * s.w.output * s.channels + int64_t{pack} * n;
    W sums[n] = {};
    for (int64_t i = rows.first; i <= rows.last; ++i) {
      const PoolPlaces down(s.h, i);
      for (int64_t j = columns.first; j <= columns.last; ++j) {
        const W by = pool_divisor<W>(s, down, PoolPlaces(s.w, j), count_pad, divisor);
        const Pack<T, n> grads = load_pack<n>(from + (i * s.w.output + j) * s.channels);
#pragma unroll
        for (int l = 0; l < n; ++l) sums[l] += widened(grads[l]) / by;
      }
    }
    Pack<T, n> out;
#pragma unroll
    for (int l = 0; l < n; ++l) out[l] = narrowed<T>(sums[l]);
    store_pack(dx + item * n, out);
  }
}

}  // namespace

// y = the mean of each window. Parameters: window, stride, padding (height,
// width each), whether padding counts as zeros, and what to divide by in place
// of the number of positions (0: nothing).
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(avgPool2d, is_16bit_pool(call)) {
  const Tensor input = call.in(0);
  const PoolShape s = pool_shape(call, input.shape, output_shape(call, 0), false);
  with_float_type(input.dtype, [](auto) {});
  const bool count_pad = call.flag(6);
  const double divisor = call.param(7);
  const Tensor& y = channels_last_output(call, 0, input.dtype);
  if (y.numel() == 0) return;
  const Tensor x = channels_last(call, input);
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_pool_images<T>(
        s, x.size(0), true, {&x, &y}, [&](int64_t first, const PoolItems& items, auto width) {
          launch(avg_kernel<T, decltype(width)::value>, pool_grid(call, items), dim3(kPoolThreads),
                 0, call.stream(), s, items, reinterpret_cast<const T*>(pool_image(x, first)),
                 reinterpret_cast<T*>(pool_image(y, first)), count_pad, divisor);
        });
  });
}

// dx: each position gets the shares of the windows that cover it. Parameters as
// of avgPool2d.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(avgPool2dGrad, is_16bit_pool(call)) {
  const Tensor grad = call.in(0);
  const PoolShape s = pool_shape(call, output_shape(call, 0), grad.shape, false);
  with_float_type(grad.dtype, [](auto) {});
  const bool count_pad = call.flag(6);
  const double divisor = call.param(7);
  const Tensor& dx = channels_last_output(call, 0, grad.dtype);
  if (dx.numel() == 0) return;
  const Tensor dy = channels_last(call, grad);
  with_float_type(grad.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_pool_images<T>(s, dx.size(0), false, {&dx, &dy},
                       [&](int64_t first, const PoolItems& items, auto width) {
                         launch(avg_grad_kernel<T, decltype(width)::value>, pool_grid(call, items),
                                dim3(kPoolThreads), 0, call.stream(), s, items,
                                reinterpret_cast<const T*>(pool_image(dy, first)),
                                reinterpret_cast<T*>(pool_image(dx, first)), count_pad, divisor);
                       });
  });
}

}  // namespace flambeau::cuda
