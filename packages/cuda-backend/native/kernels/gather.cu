// Element by element along one axis: gather, scatter, and one-hot vectors.
//
// Index tensors are whole numbers with as many axes as the tensor they index; in all axes but the
// indexed one they may be smaller.
#include "scatter.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kPerThread = 4;

// Operands: out, index, starts. All indices of a thread are read before what they name.
template <class Item, class I>
__global__ void __launch_bounds__(kThreads)
    take_kernel(Geometry<3> geometry, Item* __restrict__ out, const I* __restrict__ index,
                const Item* __restrict__ x, Places places) {
  const uint32_t first = blockIdx.x * (kThreads * kPerThread) + threadIdx.x;
  int64_t at[kPerThread][3];
  int64_t place[kPerThread];
#pragma unroll
  for (int k = 0; k < kPerThread; ++k) {
    const uint32_t i = first + k * kThreads;
    place[k] = -1;
    if (i >= geometry.numel) continue;
    geometry.locate(i, at[k]);
    place[k] = places.find(index[at[k][1]], at[k][1]);
  }
  Item items[kPerThread];
#pragma unroll
  for (int k = 0; k < kPerThread; ++k)
    items[k] = place[k] >= 0 ? x[at[k][2] + place[k] * places.step] : Item{};
#pragma unroll
  for (int k = 0; k < kPerThread; ++k)
    if (first + k * kThreads < geometry.numel) out[at[k][0]] = items[k];
}

}  // namespace

void take_elements(Call& call, const Tensor& out, const Tensor& index, const Tensor& starts,
                   const Places& places) {
  if (out.numel() == 0) return;
  for_items(out.shape, out, index, starts, places,
            [&](auto item, auto number, const Axes& axes, const Places& found) {
              using Item = decltype(item);
              using I = decltype(number);
              launch(take_kernel<Item, I>,
                     static_cast<unsigned>(ceil_divide(axes.numel, kThreads * kPerThread)),
                     kThreads, 0, call.stream(), Geometry<3>(axes),
                     reinterpret_cast<Item*>(const_cast<char*>(axes.data[0])),
                     reinterpret_cast<const I*>(axes.data[1]),
                     reinterpret_cast<const Item*>(axes.data[2]), found);
            });
}

// x, index -> out[i, j, k] = x[i, index[i, j, k], k] for axis 1; parameters: axis.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(gather) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  Tensor& out = call.out(0);
  if (index.ndim() != x.ndim() || !(out.shape == index.shape) || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "gather's operands do not fit");
  const int axis = checked_axis(call, 0, x);
  const Tensor starts = lane_starts(x, index.shape, axis);
  const Tensor readable = readable_index(call, index);
  take_elements(call, out, readable, starts,
                places_of(call, readable, x.size(axis), x.stride(axis), false, axis));
}

// x, index, source -> x with source[i, j, k] written to (or added at) [i, index[i, j, k], k] for
// axis 1; of several elements for one place the last counts. source is at least as large as index,
// or a number. Parameters: axis, add?.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(scatter, !call.flag(1)) {
  const int axis = checked_axis(call, 0, call.in(0));
  const bool adds = call.flag(1);
  const Tensor& out = copy_or_target(call);
  scatter_lanes(call, out, call.in(1), call.in(2), axis, adds ? Combine::kAdd : Combine::kAssign);
}

// grad, index (of one shape) -> zeros of spec's shape with grad added at the places; parameters:
// axis.
FLAMBEAU_CUDA_KERNEL(gatherGrad) {
  const Tensor& out = call.out(0);
  const int axis = checked_axis(call, 0, out);
  clear(call, out);
  scatter_lanes(call, out, call.in(1), call.in(0), axis, Combine::kAdd);
}

namespace {

template <class I>
__global__ void __launch_bounds__(kThreads)
    mark_classes(const I* index, int64_t n, int64_t* out, int64_t classes, const Fault* fault) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const int64_t label = static_cast<int64_t>(index[i]);
  if (static_cast<uint64_t>(label) < static_cast<uint64_t>(classes)) {
    out[i * classes + label] = 1;
  } else {
    report(fault, kFaultClass, label, classes, i);
  }
}

}  // namespace

// Classes [*] -> int64 [*, C]: 1 at the class, 0 elsewhere. Spec says C.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(oneHot) {
  const Tensor& given = call.in(0);
  const Tensor& out = call.out(0);
  const int last = out.ndim() - 1;
  if (last != given.ndim() || out.dtype != DType::kInt64 ||
      out.numel() != given.numel() * out.size(last))
    throw Failure("ERR_INTERNAL", "one more axis is needed");
  const Tensor index = readable_index(call, call.contiguous(given));
  clear(call, out);
  with_index_type(index, [&](auto zero) {
    using I = decltype(zero);
    launch(mark_classes<I>, static_cast<unsigned>(ceil_divide(index.numel(), kThreads)), kThreads,
           0, call.stream(), index.as<I>(), index.numel(), out.as<int64_t>(), out.size(last),
           call.fault(given, kFaultOfClasses));
  });
}

}  // namespace flambeau::cuda
