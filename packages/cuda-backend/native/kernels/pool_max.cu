// Max pooling over windows of two axes. Inputs [n, c, h, w] of any strides;
// outputs are stored channels-last.
#include <type_traits>

#include "pool_items.h"

namespace flambeau::cuda {

namespace {

// Which place of the window held the largest value: its number in the window,
// as uint8 or int32, or its position in the image.
enum class Taps : int { kNone, kBytes, kNumbers, kPositions };

Taps taps_of(DType dtype) {
  switch (dtype) {
    case DType::kUInt8: return Taps::kBytes;
    case DType::kInt32: return Taps::kNumbers;
    case DType::kInt64: return Taps::kPositions;
    default: throw Failure("ERR_INTERNAL", "indices cannot have this type");
  }
}

template <int n>
__device__ __forceinline__ void write_taps(Taps kind, void* taps, int64_t at,
                                           const int64_t (&values)[n]) {
  if (kind == Taps::kBytes) {
    Pack<uint8_t, n> bytes;
#pragma unroll
    for (int i = 0; i < n; ++i) bytes[i] = static_cast<uint8_t>(values[i]);
    store_pack(static_cast<uint8_t*>(taps) + at, bytes);
  } else if (kind == Taps::kNumbers) {
#pragma unroll
    for (int i = 0; i < n; ++i)
      static_cast<int32_t*>(taps)[at + i] = static_cast<int32_t>(values[i]);
  } else {
#pragma unroll
    for (int i = 0; i < n; ++i) static_cast<int64_t*>(taps)[at + i] = values[i];
  }
}

template <int n>
__device__ __forceinline__ void read_taps(Taps kind, const void* taps, int64_t at,
                                          int64_t (&values)[n]) {
  if (kind == Taps::kBytes) {
    const Pack<uint8_t, n> bytes = load_pack<n>(static_cast<const uint8_t*>(taps) + at);
#pragma unroll
    for (int i = 0; i < n; ++i) values[i] = bytes[i];
  } else if (kind == Taps::kNumbers) {
#pragma unroll
    for (int i = 0; i < n; ++i) values[i] = static_cast<const int32_t*>(taps)[at + i];
  } else {
#pragma unroll
    for (int i = 0; i < n; ++i) values[i] = static_cast<const int64_t*>(taps)[at + i];
  }
}

template <class T, int n>
__global__ void __launch_bounds__(kPoolThreads)
    max_kernel(PoolShape s, PoolItems items, const T* x, T* y, void* taps, Taps kind) {
  for (int64_t item = global_thread(); item < items.count(); item += global_threads()) {
    uint32_t image, i, j, pack;
    items.locate(static_cast<uint32_t>(item), &image, &i, &j, &pack);
    const PoolPlaces rows(s.h, i), columns(s.w, j);
    const T* from = x + image * s.h.input * s.w.input * s.channels + int64_t{pack} * n;
    Computed<T> best[n] = {};
    int64_t tap[n] = {};
    for (int64_t a = rows.begin; a < rows.end; ++a)
      for (int64_t b = columns.begin; b < columns.end; ++b) {
        const int64_t h = rows.origin + a * s.h.dilation, w = columns.origin + b * s.w.dilation;
        const Pack<T, n> values = load_pack<n>(from + (h * s.w.input + w) * s.channels);
        const int64_t number = kind == Taps::kPositions ? h * s.w.input + w : a * s.w.size + b;
        const bool first = a == rows.begin && b == columns.begin;
#pragma unroll
        for (int l = 0; l < n; ++l) {
          const Computed<T> value = widened(values[l]);
          if (!first && !(value > best[l]) && value == value) continue;
          best[l] = value;
          tap[l] = number;
        }
      }
    Pack<T, n> out;
#pragma unroll
    for (int l = 0; l < n; ++l) out[l] = narrowed<T>(best[l]);
    store_pack(y + item * n, out);
    if (kind != Taps::kNone) write_taps<n>(kind, taps, item * n, tap);
  }
}

// Each position of the input collects from the windows that cover it, in a
// fixed order.
template <class T, int n>
__global__ void __launch_bounds__(kPoolThreads)
    max_grad_kernel(PoolShape s, PoolItems items, const T* dy, const void* taps, Taps kind, T* dx) {
  for (int64_t item = global_thread(); item < items.count(); item += global_threads()) {
    uint32_t image, h, w, pack;
    items.locate(static_cast<uint32_t>(item), &image, &h, &w, &pack);
    const PoolCovering rows(s.h, h), columns(s.w, w);
    const int64_t base = image * s.h.output * s.w.output * s.channels + int64_t{pack} * n;
    Computed<T> sums[n] = {};
    for (int64_t i = rows.first; i <= rows.last; ++i) {
      const int64_t down = h + s.h.pad - i * s.h.stride;
      if (down % s.h.dilation != 0) continue;
      for (int64_t j = columns.first; j <= columns.last; ++j) {
        const int64_t right = w + s.w.pad - j * s.w.stride;
        if (right % s.w.dilation != 0) continue;
        const int64_t number = kind == Taps::kPositions
                                   ? int64_t{h} * s.w.input + w
                                   : down / s.h.dilation * s.w.size + right / s.w.dilation;
        const int64_t at = base + (i * s.w.output + j) * s.channels;
        int64_t tap[n];
        read_taps<n>(kind, taps, at, tap);
        const Pack<T, n> grads = load_pack<n>(dy + at);
#pragma unroll
        for (int l = 0; l < n; ++l)
          if (tap[l] == number) sums[l] += widened(grads[l]);
      }
    }
    Pack<T, n> out;
#pragma unroll
    for (int l = 0; l < n; ++l) out[l] = narrowed<T>(sums[l]);
    store_pack(dx + item * n, out);
  }
}

// Where a tap lies in the image, or -1 where it is not in its window.
__device__ __forceinline__ int64_t place_of(const PoolShape& s, Taps kind, int64_t tap, int64_t i,
                                            int64_t j) {
  const int64_t top = i * s.h.stride - s.h.pad, left = j * s.w.stride - s.w.pad;
  int64_t h, w;
  if (kind == Taps::kPositions) {
    if (tap < 0 || tap >= s.h.input * s.w.input) return -1;
    h = tap / s.w.input;
    w = tap % s.w.input;
    const int64_t a = h - top, b = w - left;
    if (a < 0 || b < 0 || a % s.h.dilation != 0 || b % s.w.dilation != 0 ||
        a / s.h.dilation >= s.h.size || b / s.w.dilation >= s.w.size)
      return -1;
  } else {
    if (tap < 0 || tap >= s.h.size * s.w.size) return -1;
    h = top + tap / s.w.size * s.h.dilation;
    w = left + tap % s.w.size * s.w.dilation;
    if (h < 0 || h >= s.h.input || w < 0 || w >= s.w.input) return -1;
  }
  return h * s.w.input + w;
}

// Reports indices that are not in their windows.
__global__ void __launch_bounds__(kPoolThreads)
    check_positions_kernel(PoolShape s, PoolItems items, const int64_t* taps, const Fault* fault) {
  for (int64_t item = global_thread(); item < items.count(); item += global_threads()) {
    uint32_t image, i, j, channel;
    items.locate(static_cast<uint32_t>(item), &image, &i, &j, &channel);
    if (place_of(s, Taps::kPositions, taps[item], i, j) < 0)
      report(fault, kFaultWindow, taps[item], s.h.size * s.w.size);
  }
}

template <class T>
__global__ void __launch_bounds__(kPoolThreads)
    gather_kernel(PoolShape s, PoolItems items, const T* x, const void* taps, Taps kind, T* y,
                  const Fault* fault) {
  for (int64_t item = global_thread(); item < items.count(); item += global_threads()) {
    uint32_t image, i, j, channel;
    items.locate(static_cast<uint32_t>(item), &image, &i, &j, &channel);
    int64_t tap[1];
    read_taps<1>(kind, taps, item, tap);
    const int64_t place = place_of(s, kind, tap[0], i, j);
    if (place < 0) {
      report(fault, kFaultWindow, tap[0], s.h.size * s.w.size);
      y[item] = narrowed<T>(0);
    } else {
      y[item] = x[(image * s.h.input * s.w.input + place) * s.channels + channel];
    }
  }
}

// --- launches ---

// body(first image, items) for single elements of the output.
template <class Body>
void each_part(const PoolShape& s, int64_t images, Body&& body) {
  for_pool_parts(s, images, true,
                 [&](int64_t first, int64_t count) { body(first, PoolItems(count, s, 1, true)); });
}

// Indices in any form, channels-last; positions are checked.
Tensor checked_indices(Call& call, const PoolShape& s, const Tensor& indices) {
  Tensor taps = channels_last(call, indices);
  if (taps_of(taps.dtype) != Taps::kPositions) return taps;
  each_part(s, taps.size(0), [&](int64_t first, const PoolItems& items) {
    launch(check_positions_kernel, pool_grid(call, items), dim3(kPoolThreads), 0, call.stream(), s,
           items, reinterpret_cast<const int64_t*>(pool_image(taps, first)), call.fault());
  });
  return taps;
}

}  // namespace

// y = the largest value of each window, NaN if it holds one. Parameters:
// window, stride, padding, dilation (height, width each). A second output of
// the shape of y says which place of the window held it, the last NaN or the
// first largest value: as its number in the window if its type is uint8 (up to
// 256 places) or int32, as its position h · width + w in the input if it is
// int64.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(maxPool2d, is_16bit_pool(call)) {
  const Tensor input = call.in(0);
  const PoolShape s = pool_shape(call, input.shape, output_shape(call, 0), true);
  const Tensor& y = channels_last_output(call, 0, input.dtype);
  Tensor indices;
  Taps kind = Taps::kNone;
  if (call.num_outputs() == 2) {
    const Spec& spec = call.spec(1);
    if (!(spec.shape == y.shape))
      throw Failure("ERR_SHAPE", "indices must have the shape of the output");
    kind = taps_of(spec.dtype);
    if (kind == Taps::kBytes && s.h.size * s.w.size > 256)
      throw Failure("ERR_INTERNAL", "indices cannot have this type");
    indices = channels_last_output(call, 1, spec.dtype);
  }
  if (y.numel() == 0) return;
  const Tensor x = channels_last(call, input);
  with_number_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_pool_images<T>(s, x.size(0), true, {&x, &y, &indices},
                       [&](int64_t first, const PoolItems& items, auto width) {
                         launch(max_kernel<T, decltype(width)::value>, pool_grid(call, items),
                                dim3(kPoolThreads), 0, call.stream(), s, items,
                                reinterpret_cast<const T*>(pool_image(x, first)),
                                reinterpret_cast<T*>(pool_image(y, first)),
                                kind == Taps::kNone ? nullptr : pool_image(indices, first), kind);
                       });
  });
}

// dx: each element of dy goes to the place that the indices name; they are what
// maxPool2d gave, in any of its forms. Parameters as of maxPool2d. Where
// windows overlap, gradients add up.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(maxPool2dGrad, is_16bit_pool(call)) {
  const Tensor grad = call.in(0), indices = call.in(1);
  const PoolShape s = pool_shape(call, output_shape(call, 0), grad.shape, true);
  if (!(indices.shape == grad.shape))
    throw Failure("ERR_SHAPE", "indices must have the shape of the gradient");
  with_float_type(grad.dtype, [](auto) {});
  const Tensor& dx = channels_last_output(call, 0, grad.dtype);
  if (dx.numel() == 0) return;
  const Tensor dy = channels_last(call, grad), taps = checked_indices(call, s, indices);
  with_float_type(grad.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_pool_images<T>(s, dx.size(0), false, {&dx, &dy, &taps},
                       [&](int64_t first, const PoolItems& items, auto width) {
                         launch(max_grad_kernel<T, decltype(width)::value>, pool_grid(call, items),
                                dim3(kPoolThreads), 0, call.stream(), s, items,
                                reinterpret_cast<const T*>(pool_image(dy, first)),
                                pool_image(taps, first), taps_of(taps.dtype),
                                reinterpret_cast<T*>(pool_image(dx, first)));
                       });
  });
}

// y = the values of x at the places that the indices name: the gradient of
// maxPool2dGrad. Inputs: x and what maxPool2d gave as indices, in any of its
// forms; parameters as of maxPool2d.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(maxPool2dGather, is_16bit_pool(call)) {
  const Tensor input = call.in(0), indices = call.in(1);
  const PoolShape s = pool_shape(call, input.shape, output_shape(call, 0), true);
  if (!(indices.shape == call.spec(0).shape))
    throw Failure("ERR_SHAPE", "indices must have the shape of the output");
  with_float_type(input.dtype, [](auto) {});
  const Tensor& y = channels_last_output(call, 0, input.dtype);
  if (y.numel() == 0) return;
  const Tensor x = channels_last(call, input), taps = channels_last(call, indices);
  const Taps kind = taps_of(taps.dtype);
  with_float_type(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    each_part(s, y.size(0), [&](int64_t first, const PoolItems& items) {
      launch(gather_kernel<T>, pool_grid(call, items), dim3(kPoolThreads), 0, call.stream(), s,
             items, reinterpret_cast<const T*>(pool_image(x, first)), pool_image(taps, first), kind,
             reinterpret_cast<T*>(pool_image(y, first)), call.fault());
    });
  });
}

}  // namespace flambeau::cuda
