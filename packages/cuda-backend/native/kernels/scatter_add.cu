// Elements that are added at places, by atomics.
#include "scatter.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

template <class T>
FLAMBEAU_DEVICE T scaled(T alpha, T x) {
  if constexpr (std::is_same_v<T, bool>) {
    return alpha && x;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(alpha) * static_cast<uint64_t>(x));
  } else {
    return alpha * x;
  }
}

// By value, so that it is read at once.
FLAMBEAU_DEVICE Floats scaled(float alpha, Floats x) {
  return {{alpha * x[0], alpha * x[1], alpha * x[2], alpha * x[3]}};
}

// Operands: starts, index, from.
template <class Item, class T, class I>
__global__ void __launch_bounds__(kThreads)
    add_kernel(Geometry<3> geometry, Item* out, const I* __restrict__ index,
               const Item* __restrict__ from, Places places, T alpha) {
  const uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= geometry.numel) return;
  int64_t at[3];
  geometry.locate(i, at);
  const int64_t place = places.find(index[at[1]], at[1]);
  if (place >= 0) atomic_add(out + at[0] + place * places.step, scaled(alpha, from[at[2]]));
}

template <class Item, class T>
void launch_add(Call& call, const Axes& axes, const Tensor& index, const Places& places, T alpha) {
  with_index_type(index, [&](auto zero) {
    using I = decltype(zero);
    launch(add_kernel<Item, T, I>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads)),
           kThreads, 0, call.stream(), Geometry<3>(axes),
           reinterpret_cast<Item*>(const_cast<char*>(axes.data[0])),
           reinterpret_cast<const I*>(axes.data[1]), reinterpret_cast<const Item*>(axes.data[2]),
           places, alpha);
  });
}

// `alpha` as core converts it.
template <class T>
T alpha_as(double alpha) {
  if constexpr (std::is_same_v<T, bool>) return alpha != 0;
  return static_cast<T>(alpha);
}

}  // namespace

void add_elements(Call& call, const Tensor& starts, const Tensor& index, const Tensor& from,
                  const Places& places, double alpha) {
  const Axes all(from.shape, std::array<const Strided*, 3>{&starts, &index, &from});
  all.for_parts([&](const Axes& part) {
    const Places found = part_of(places, index, part.data[1]);
    with_type(starts.dtype, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_same_v<T, float>) {
        Axes joined = part;
        Places wide = found;
        if (join_neighbours(joined, 0, 2, 1, &wide.step) == sizeof(Floats))
          return launch_add<Floats>(call, joined, index, wide, static_cast<float>(alpha));
      }
      launch_add<T>(call, part, index, found, alpha_as<T>(alpha));
    });
  });
}

}  // namespace flambeau::cuda
