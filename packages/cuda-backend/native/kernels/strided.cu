// Gradients of asStrided: elements of a flat storage at strided positions, which may overlap.
#include <algorithm>
#include <vector>

#include "call.h"
#include "geometry.h"
#include "primitives.h"
#include "tensor_parts.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 128;

// An axis of a region and of what is added to it.
struct Axis {
  int64_t size;
  int64_t to;
  int64_t from;
};

// Can two positions along these axes be the same? May say yes where they cannot.
bool may_overlap(std::vector<Axis> axes) {
  std::sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.to < b.to; });
  int64_t reach = 0;
  for (const Axis& axis : axes) {
    if (axis.to <= reach) return true;
    reach += axis.to * (axis.size - 1);
  }
  return false;
}

// to[i] += Σ from[i + j], j being the positions of `same`: of the axes along which `to` stays where
// it is. A thread for each i, or if `wide`, a block.
template <class T>
__global__ void __launch_bounds__(kThreads)
    add_positions(Geometry<2> places, Geometry<1> same, T* to, const T* from, bool wide) {
  const uint32_t i = wide ? blockIdx.x : blockIdx.x * kThreads + threadIdx.x;
  if (i >= places.numel) return;
  int64_t at[2];
  places.locate(i, at);
  using A = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
  A sum = 0;
  for (uint32_t j = wide ? threadIdx.x : 0; j < same.numel; j += wide ? kThreads : 1) {
    int64_t offset[1];
    same.locate(j, offset);
    sum += static_cast<A>(from[at[1] + offset[0]]);
  }
  if (wide) sum = block_reduce<Sum>(sum);
  if (!wide || threadIdx.x == 0) to[at[0]] = static_cast<T>(static_cast<A>(to[at[0]]) + sum);
}

Strided with_axes(char* data, DType dtype, const std::vector<Axis>& axes, bool from) {
  Strided t;
  t.data = data;
  t.dtype = dtype;
  for (const Axis& axis : axes) {
    t.strides[t.shape.ndim] = from ? axis.from : axis.to;
    t.shape.sizes[t.shape.ndim++] = axis.size;
  }
  return t;
}

// to += from, where positions of `to` may be the same. Axes along which they are apart are one
// launch; the others, of which as few positions as possible are left, are gone along one by one.
void add_apart(Call& call, const Tensor& to, const Tensor& from) {
  std::vector<Axis> apart, same, rest;
  std::vector<Axis> axes;
  for (int axis = 0; axis < to.ndim(); ++axis) {
    const Axis next = {to.size(axis), to.stride(axis), from.stride(axis)};
    if (next.size > 1) (next.to == 0 ? same : axes).push_back(next);
  }
  std::sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.size > b.size; });
  for (const Axis& axis : axes) {
    apart.push_back(axis);
    if (!may_overlap(apart)) continue;
    apart.pop_back();
    rest.push_back(axis);
  }
  const auto item = static_cast<int64_t>(to.item_bytes());
  const Strided still = with_axes(from.data, from.dtype, same, true);
  const Axes still_axes(still.shape, std::array<const Strided*, 1>{&still});
  int64_t index[kMaxDims] = {};
  for (bool more = true; more;) {
    int64_t a = 0, b = 0;
    for (size_t i = 0; i < rest.size(); ++i) {
      a += index[i] * rest[i].to;
      b += index[i] * rest[i].from;
    }
    const Strided y = with_axes(to.data + a * item, to.dtype, apart, false);
    const Strided x = with_axes(from.data + b * item, from.dtype, apart, true);
    Axes(y.shape, std::array<const Strided*, 2>{&y, &x}).for_parts([&](const Axes& places) {
      still_axes.for_parts([&](const Axes& positions) {
        with_type(to.dtype, [&](auto zero) {
          using T = decltype(zero);
          const bool wide = positions.numel >= kThreads;
          const int64_t blocks = wide ? places.numel : ceil_divide(places.numel, kThreads);
          const int64_t moved = positions.data[0] - still.data;
          launch(add_positions<T>, static_cast<unsigned>(blocks), kThreads, 0, call.stream(),
                 Geometry<2>(places), Geometry<1>(positions),
                 reinterpret_cast<T*>(const_cast<char*>(places.data[0])),
                 reinterpret_cast<const T*>(places.data[1] + moved), wide);
        });
      });
    });
    more = false;
    for (size_t i = 0; i < rest.size() && !more; ++i) {
      more = ++index[i] < rest[i].size;
      if (!more) index[i] = 0;
    }
  }
}

}  // namespace

// x [..], offset, a stride for each axis -> flat zeros of spec's size with each element of x added
// at its position. Positions may coincide; in which order those are summed depends on the shape
// alone.
FLAMBEAU_CUDA_KERNEL(stridedSum) {
  const Tensor& x = call.in(0);
  const Tensor& out = call.out(0);
  if (call.num_params() != x.ndim() + 1 || out.ndim() != 1 || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "stridedSum needs a stride for each axis");
  fill_with(call, out, 0);
  const Tensor region = region_of(call, out, x.shape, 0);
  if (x.numel() > 0) add_apart(call, region, x);
}

}  // namespace flambeau::cuda
