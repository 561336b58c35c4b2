// Convolution by plain loops: for the types and sizes that have no faster way. Each result is
// summed by one thread in a fixed order, so the number of threads does not matter.
#include <algorithm>
#include <type_traits>

#include "context.h"
#include "conv.h"
#include "parallel.h"

namespace flambeau {

namespace {

// How many of `items`, which take `products` in all, make a chunk of a parallel loop.
int64_t grain(double products, int64_t items) {
  constexpr double kProducts = 1 << 16;
  return static_cast<int64_t>(
      std::max(1.0, kProducts / std::max(1.0, products) * static_cast<double>(items)));
}

// The type to compute in: unsigned for integers, so that they wrap.
template <class T, bool kInteger = std::is_integral_v<T>>
struct Work {
  using Type = T;
};
template <class T>
struct Work<T, true> {
  using Type = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
};

template <class T>
void multiply_add(T& sum, T a, T b) {
  using W = typename Work<T>::Type;
  sum = static_cast<T>(static_cast<W>(sum) + static_cast<W>(a) * static_cast<W>(b));
}

// Weights as [groups, taps, rows, columns], where rows are a group's input channels and columns its
// output channels, or the other way round.
template <class T>
Tensor pack(const ConvGeometry& g, const Tensor& w, bool outputs_inner) {
  const int64_t gc = g.group_c(), go = g.group_o(), taps = g.taps();
  Tensor packed = empty_tensor({g.groups, taps, gc * go}, w.dtype);
  const T* from = w.as<T>();
  T* to = packed.as<T>();
  for (int64_t o = 0; o < g.o; ++o)
    for (int64_t c = 0; c < gc; ++c)
      for (int64_t k = 0; k < taps; ++k) {
        const int64_t place = outputs_inner ? c * go + o % go : (o % go) * gc + c;
        to[(o / go * taps + k) * gc * go + place] = *from++;
      }
  return packed;
}

template <class T>
void forward(const ConvGeometry& g, const T* x, const T* packed, const T* bias, T* y) {
  const int64_t gc = g.group_c(), go = g.group_o(), rows = g.od * g.oh;
  parallel_for(g.n * rows, grain(g.image_products(), rows), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / rows, od = row / g.oh % g.od, oh = row % g.oh;
      for (int64_t ow = 0; ow < g.ow; ++ow) {
        T* out = y + (row * g.ow + ow) * g.o;
        for (int64_t o = 0; o < g.o; ++o) out[o] = bias ? bias[o] : T{};
        for (int64_t k = 0; k < g.taps(); ++k) {
          const int64_t at = g.input_of(od, oh, ow, k);
          if (at < 0) continue;
          const T* in = x + (n * g.x_pixels() + at) * g.c;
          for (int64_t group = 0; group < g.groups; ++group) {
            const T* weights = packed + (group * g.taps() + k) * gc * go;
            for (int64_t c = 0; c < gc; ++c)
              for (int64_t o = 0; o < go; ++o)
                multiply_add(out[group * go + o], in[group * gc + c], weights[c * go + o]);
          }
        }
      }
    }
  });
}

template <class T>
void input_grad(const ConvGeometry& g, const T* dy, const T* packed, T* dx) {
  const int64_t gc = g.group_c(), go = g.group_o(), rows = g.d * g.h;
  parallel_for(g.n * rows, grain(g.image_products(), rows), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / rows, d = row / g.h % g.d, h = row % g.h;
      for (int64_t w = 0; w < g.w; ++w) {
        T* out = dx + (row * g.w + w) * g.c;
        std::fill(out, out + g.c, T{});
        for (int64_t k = 0; k < g.taps(); ++k) {
          const int64_t at = g.output_of(d, h, w, k);
          if (at < 0) continue;
          const T* in = dy + (n * g.y_pixels() + at) * g.o;
          for (int64_t group = 0; group < g.groups; ++group) {
            const T* weights = packed + (group * g.taps() + k) * gc * go;
            for (int64_t o = 0; o < go; ++o)
              for (int64_t c = 0; c < gc; ++c)
                multiply_add(out[group * gc + c], in[group * go + o], weights[o * gc + c]);
          }
        }
      }
    }
  });
}

// The gradient of the weights of output channel `o`.
template <class T>
void channel_weight_grad(const ConvGeometry& g, const T* x, const T* dy, int64_t o, T* out) {
  const int64_t gc = g.group_c(), first = o / g.group_o() * gc;  // of the group's input channels
  std::fill(out, out + gc * g.taps(), T{});
  for (int64_t row = 0; row < g.n * g.od * g.oh; ++row) {
    const int64_t n = row / (g.od * g.oh), od = row / g.oh % g.od, oh = row % g.oh;
    for (int64_t ow = 0; ow < g.ow; ++ow) {
      const T grad = dy[(row * g.ow + ow) * g.o + o];
      for (int64_t k = 0; k < g.taps(); ++k) {
        const int64_t at = g.input_of(od, oh, ow, k);
        if (at < 0) continue;
        const T* in = x + (n * g.x_pixels() + at) * g.c + first;
        for (int64_t c = 0; c < gc; ++c) multiply_add(out[c * g.taps() + k], in[c], grad);
      }
    }
  }
}

template <class T>
void weight_grad(const ConvGeometry& g, const T* x, const T* dy, T* dw) {
  parallel_for(g.o, grain(static_cast<double>(g.n) * g.image_products(), g.o),
               [&](int64_t begin, int64_t end) {
                 for (int64_t o = begin; o < end; ++o)
                   channel_weight_grad(g, x, dy, o, dw + o * g.group_c() * g.taps());
               });
}

// Calls body(T{}) with the type of `dtype`; there is no convolution of bools.
template <class Body>
void with_number_type(DType dtype, Body&& body) {
  with_type(dtype, [&](auto zero) {
    if constexpr (std::is_same_v<decltype(zero), bool>) {
      throw Failure("ERR_INTERNAL", "there is no convolution of bool tensors");
    } else {
      body(zero);
    }
  });
}

}  // namespace

void direct_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor* bias,
                    const Tensor& y) {
  with_number_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    forward<T>(g, x.as<T>(), pack<T>(g, w, true).template as<T>(), bias ? bias->as<T>() : nullptr,
               y.as<T>());
  });
}

void direct_input_grad(const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Tensor& dx) {
  with_number_type(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    input_grad<T>(g, dy.as<T>(), pack<T>(g, w, false).template as<T>(), dx.as<T>());
  });
}

void direct_weight_grad(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw,
                        const Tensor* db) {
  with_number_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    weight_grad<T>(g, x.as<T>(), dy.as<T>(), dw.as<T>());
    if (!db) return;
    T* sums = db->as<T>();
    std::fill(sums, sums + g.o, T{});
    const T* grad = dy.as<T>();
    for (int64_t p = 0; p < g.n * g.y_pixels(); ++p)
      for (int64_t o = 0; o < g.o; ++o) multiply_add(sums[o], *grad++, T{1});
  });
}

}  // namespace flambeau
