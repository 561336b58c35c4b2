// Products and extremes of the elements that an index sends to one place.
#include "scatter.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// Operands: starts, index, from.
template <Combine kCombine, class T>
__global__ void __launch_bounds__(kThreads)
    reduce_kernel(Geometry<3> geometry, T* out, const int64_t* __restrict__ index,
                  const T* __restrict__ from, Places places) {
  const uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= geometry.numel) return;
  int64_t at[3];
  geometry.locate(i, at);
  const int64_t place = places.find(index[at[1]], at[1]);
  if (place < 0) return;
  T* const to = out + at[0] + place * places.step;
  if constexpr (kCombine == Combine::kMultiply) {
    atomic_multiply(to, from[at[2]]);
  } else if constexpr (kCombine == Combine::kLargest) {
    atomic_max(to, from[at[2]]);
  } else {
    atomic_min(to, from[at[2]]);
  }
}

template <Combine kCombine>
void launch_reduce(Call& call, const Axes& axes, DType dtype, const Places& places) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(reduce_kernel<kCombine, T>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads)),
           kThreads, 0, call.stream(), Geometry<3>(axes),
           reinterpret_cast<T*>(const_cast<char*>(axes.data[0])),
           reinterpret_cast<const int64_t*>(axes.data[1]), reinterpret_cast<const T*>(axes.data[2]),
           places);
  });
}

}  // namespace

void reduce_elements(Call& call, const Tensor& starts, const Tensor& given_index,
                     const Tensor& from, const Places& given_places, Combine combine) {
  Tensor index = given_index;
  if (index.dtype != DType::kInt64) {
    index = call.temporary(given_index.shape, DType::kInt64);
    copy_into(call, index, given_index);
  }
  const Axes all(from.shape, std::array<const Strided*, 3>{&starts, &index, &from});
  Places counted = given_places;
  if (index.is_contiguous()) counted.first = 0;
  all.for_parts([&](const Axes& axes) {
    const Places places = part_of(counted, index, axes.data[1]);
    if (combine == Combine::kMultiply)
      launch_reduce<Combine::kMultiply>(call, axes, from.dtype, places);
    else if (combine == Combine::kLargest)
      launch_reduce<Combine::kLargest>(call, axes, from.dtype, places);
    else
      launch_reduce<Combine::kSmallest>(call, axes, from.dtype, places);
  });
}

// x, index, source (of one dtype with x, at least as large as index) -> x with source[i, j, k]
// multiplied to, or the larger or smaller one taken at, [i, index[i, j, k], k] for axis 1.
// Parameters: axis; 0 for products, 1 for the largest, 2 for the smallest.
FLAMBEAU_CUDA_KERNEL(scatterReduce) {
  const int axis = checked_axis(call, 0, call.in(0));
  const int64_t kind = call.integer(1);
  const Tensor& out = copy_or_target(call);
  scatter_lanes(call, out, call.in(1), call.in(2), axis,
                kind == 0   ? Combine::kMultiply
                : kind == 1 ? Combine::kLargest
                            : Combine::kSmallest);
}

}  // namespace flambeau::cuda
