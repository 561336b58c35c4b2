// Convolution by kernels of our own, for the types and sizes that cuDNN does not take: whole
// numbers, images with more than 2^31 numbers. Neighbouring threads have neighbouring channels.
#include <algorithm>
#include <type_traits>

#include "conv.h"
#include "elements.h"
#include "primitives.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// The type to sum in: float for 16-bit floats, unsigned for integers, so that they wrap.
template <class T, bool kInteger = std::is_integral_v<T>>
struct SumType {
  using Type = Computed<T>;
};
template <class T>
struct SumType<T, true> {
  using Type = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
};
template <class T>
using SumOf = typename SumType<T>::Type;

template <class T>
__device__ __forceinline__ SumOf<T> take(T x) {
  return static_cast<SumOf<T>>(widened(x));
}
template <class T>
__device__ __forceinline__ T put(SumOf<T> x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(x);
  } else {
    return narrowed<T>(x);
  }
}

// y; weights as [taps, c / groups, o].
template <class T>
__global__ void __launch_bounds__(kThreads)
    forward_kernel(ConvGeometry g, const T* x, const T* w, const T* bias, T* y) {
  const int64_t gc = g.group_c(), go = g.group_o();
  for (int64_t item = global_thread(); item < g.n * g.y_pixels() * g.o; item += global_threads()) {
    const int64_t o = item % g.o, pixel = item / g.o;
    const int64_t ow = pixel % g.ow, oh = pixel / g.ow % g.oh, od = pixel / (g.ow * g.oh) % g.od;
    const T* image = x + pixel / g.y_pixels() * g.x_pixels() * g.c + o / go * gc;
    SumOf<T> sum = bias ? take(bias[o]) : SumOf<T>{};
    for (int64_t k = 0; k < g.taps(); ++k) {
      const int64_t at = g.input_of(od, oh, ow, k);
      if (at < 0) continue;
      for (int64_t c = 0; c < gc; ++c)
        sum += take(image[at * g.c + c]) * take(w[(k * gc + c) * g.o + o]);
    }
    y[item] = put<T>(sum);
  }
}

// dx; weights as [taps, o / groups, c].
template <class T>
__global__ void __launch_bounds__(kThreads)
    input_grad_kernel(ConvGeometry g, const T* dy, const T* w, T* dx) {
  const int64_t gc = g.group_c(), go = g.group_o();
  for (int64_t item = global_thread(); item < g.n * g.x_pixels() * g.c; item += global_threads()) {
    const int64_t c = item % g.c, pixel = item / g.c;
    const int64_t iw = pixel % g.w, ih = pixel / g.w % g.h, id = pixel / (g.w * g.h) % g.d;
    const T* image = dy + pixel / g.x_pixels() * g.y_pixels() * g.o + c / gc * go;
    SumOf<T> sum{};
    for (int64_t k = 0; k < g.taps(); ++k) {
      const int64_t at = g.output_of(id, ih, iw, k);
      if (at < 0) continue;
      for (int64_t o = 0; o < go; ++o)
        sum += take(image[at * g.o + o]) * take(w[(k * go + o) * g.c + c]);
    }
    dx[item] = put<T>(sum);
  }
}

// dw, of these distances between channels and between taps; output channels are neighbours here.
template <class T>
__global__ void __launch_bounds__(kThreads)
    weight_grad_kernel(ConvGeometry g, const T* x, const T* dy, T* dw, int64_t across,
                       int64_t along) {
  const int64_t gc = g.group_c(), go = g.group_o();
  for (int64_t item = global_thread(); item < g.taps() * gc * g.o; item += global_threads()) {
    const int64_t o = item % g.o, c = item / g.o % gc, k = item / (g.o * gc);
    SumOf<T> sum{};
    for (int64_t n = 0; n < g.n; ++n)
      for (int64_t at = 0; at < g.y_pixels(); ++at) {
        const int64_t from = g.input_of(at / (g.ow * g.oh), at / g.ow % g.oh, at % g.ow, k);
        if (from < 0) continue;
        sum += take(x[(n * g.x_pixels() + from) * g.c + o / go * gc + c]) *
               take(dy[(n * g.y_pixels() + at) * g.o + o]);
      }
    dw[o * gc * g.taps() + c * across + k * along] = put<T>(sum);
  }
}

// y [rows, columns] += bias [columns], `width` columns at a time.
template <class T, int width>
__global__ void __launch_bounds__(kThreads)
    add_bias_kernel(int64_t packs, int64_t columns, const T* bias, T* y) {
  const int64_t across = columns / width;
  for (int64_t item = global_thread(); item < packs; item += global_threads()) {
    Pack<T, width> values = load_pack<width>(y + item * width);
    const Pack<T, width> summands = load_pack<width>(bias + item % across * width);
#pragma unroll
    for (int i = 0; i < width; ++i) values[i] = put<T>(take(values[i]) + take(summands[i]));
    store_pack(y + item * width, values);
  }
}

// A copy of w [o, c / groups, …] with other strides, given for groups, o / groups, c / groups,
// taps.
Tensor packed(Call& call, const ConvGeometry& g, const Tensor& w, int64_t group, int64_t o,
              int64_t c, int64_t tap) {
  Tensor from = call.contiguous(w);
  from.shape = {g.groups, g.group_o(), g.group_c(), g.taps()};
  contiguous_strides(from.shape, from.strides);
  Tensor to = call.temporary(from.shape, w.dtype);
  const int64_t strides[] = {group, o, c, tap};
  std::copy(strides, strides + 4, to.strides);
  copy_into(call, to, from);
  return to;
}

}  // namespace

void direct_forward(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                    const Tensor* bias, const Tensor& y) {
  const int64_t gc = g.group_c(), go = g.group_o();
  const Tensor weights = packed(call, g, w, go, 1, g.o, gc * g.o);
  with_number_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(forward_kernel<T>, dim3(grid_for(y.numel(), 1, call.properties(), kThreads)),
           dim3(kThreads), 0, call.stream(), g, x.as<T>(), weights.as<T>(),
           bias ? bias->as<T>() : nullptr, y.as<T>());
  });
}

void direct_input_grad(Call& call, const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                       const Tensor& dx) {
  const int64_t gc = g.group_c(), go = g.group_o();
  const Tensor weights = packed(call, g, w, gc, g.c, 1, go * g.c);
  with_number_type(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(input_grad_kernel<T>, dim3(grid_for(dx.numel(), 1, call.properties(), kThreads)),
           dim3(kThreads), 0, call.stream(), g, dy.as<T>(), weights.as<T>(), dx.as<T>());
  });
}

void direct_weight_grad(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                        const Tensor& dw) {
  const bool row_major = dw.is_contiguous();
  const int64_t across = row_major ? g.taps() : 1, along = row_major ? 1 : g.group_c();
  with_number_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(weight_grad_kernel<T>, dim3(grid_for(dw.numel(), 1, call.properties(), kThreads)),
           dim3(kThreads), 0, call.stream(), g, x.as<T>(), dy.as<T>(), dw.as<T>(), across, along);
  });
}

void add_bias(Call& call, const Tensor& y, int64_t columns, const void* bias) {
  with_number_type(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int width) {
      const int64_t packs = y.numel() / width;
      launch(kernel, dim3(grid_for(packs, 4, call.properties(), kThreads)), dim3(kThreads), 0,
             call.stream(), packs, columns, static_cast<const T*>(bias), y.as<T>());
    };
    constexpr int kWide = kPack<T>;
    const bool aligned = reinterpret_cast<uintptr_t>(y.data) % 16 == 0 &&
                         reinterpret_cast<uintptr_t>(bias) % 16 == 0;
    if (aligned && columns % kWide == 0) {
      run(add_bias_kernel<T, kWide>, kWide);
    } else {
      run(add_bias_kernel<T, 1>, 1);
    }
  });
}

}  // namespace flambeau::cuda
