// Reading and writing at positions: slices with steps, index tensors, and their gradients.
//
// An indexed tensor has a group of `count` axes from `axis` on that one index tensor replaces; its
// values are places in the group, in row-major order. Several index tensors become one by the
// kernel indexPositions.
#include "scatter.h"
#include "window.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// Elements of the indexed tensor at place 0, in the shape that results.
Tensor group_starts(const Tensor& t, const IndexGroup& group, const Shape& index,
                    const Shape& shape) {
  Tensor starts = t;
  starts.shape = shape;
  for (int i = group.axis; i < group.axis + index.ndim; ++i) starts.strides[i] = 0;
  for (int i = group.axis + group.count; i < t.ndim(); ++i)
    starts.strides[i - group.count + index.ndim] = t.stride(i);
  return starts;
}

// The index tensor in that shape.
Tensor spread_index(const Tensor& index, const IndexGroup& group, const Shape& shape) {
  Tensor view = index;
  view.shape = shape;
  for (int i = 0; i < shape.ndim; ++i) view.strides[i] = 0;
  for (int i = 0; i < index.ndim(); ++i) view.strides[group.axis + i] = index.stride(i);
  return view;
}

// out[…, places, …] = values, or += alpha · values. The values broadcast.
void put(Call& call, const Tensor& target, const Tensor& given_index, const Tensor& given,
         const IndexGroup& group, Combine combine, double alpha) {
  if (given.dtype != target.dtype)
    throw Failure("ERR_INTERNAL", "values must have the dtype of the tensor they go to");
  const Shape shape = group.replaced(target.shape, given_index.shape);
  Tensor values = broadcast_values(given, shape);
  if (values.numel() == 0) return;
  require_writable(target);
  if (shares_memory(target, given)) values = apart(call, values);
  Tensor index = shares_memory(target, given_index) ? apart(call, given_index) : given_index;
  index = readable_index(call, index);
  // Where the group's axes do not lie together, a copy is written.
  int64_t step = 0;
  const bool together = single_step(target, group.axis, group.count, &step);
  const Tensor out = together ? target : apart(call, target);
  if (!together) single_step(out, group.axis, group.count, &step);
  const int64_t n = index.numel();
  // The values of which only the index matters are the same in any order, too.
  const bool ranks = needs_ranks(combine, out.dtype, n, values);
  if (ranks) {
    require_ranks(index);
    index = call.contiguous(index);
  }
  const Places places = places_of(call, index, group.size_in(out), step, group.wraps, group.label);
  const Slots slots(1, ranks ? n : 1, 1, places.size);
  if (ranks && combine != Combine::kAssign) {
    OrderedScatter work;
    work.places = places;
    work.alpha = alpha;
    work.out_step = places.step;
    if (!single_step(values, group.axis, index.ndim(), &work.from_step)) {
      values = apart(call, values);
      single_step(values, group.axis, index.ndim(), &work.from_step);
    }
    work.out = first_slice(out, group.axis, group.count);
    work.from = first_slice(values, group.axis, index.ndim());
    work.index = index;
    combine_in_order(call, work, slots);
  } else {
    const Tensor starts = group_starts(out, group, index.shape, shape);
    const Tensor spread = spread_index(index, group, shape);
    if (combine == Combine::kAssign) {
      assign_elements(call, starts, spread, values, places, ranks ? &slots : nullptr, n);
    } else {
      add_elements(call, starts, spread, values, places, alpha);
    }
  }
  if (!together) copy_into(call, target, out);
}

}  // namespace

// x, index [P..] -> x with the group of axes replaced by [P..]. Parameters: axis, count, wraps?,
// label. Keeps the memory order of x where the number of axes stays.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(index) {
  Tensor x = call.in(0);
  const Tensor& index = call.in(1);
  const IndexGroup group(call, 0, x);
  const Tensor& out = group.count == 1 && index.ndim() == 1 ? call.out_like(0, x) : call.out(0);
  if (!(out.shape == group.replaced(x.shape, index.shape)) || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "the indexed shape does not fit");
  if (out.numel() == 0) return;
  int64_t step = 0;
  if (!single_step(x, group.axis, group.count, &step)) {
    x = call.contiguous(x);
    single_step(x, group.axis, group.count, &step);
  }
  const Tensor readable = readable_index(call, index);
  take_elements(call, out, spread_index(readable, group, out.shape),
                group_starts(x, group, index.shape, out.shape),
                places_of(call, readable, group.size_in(x), step, group.wraps, group.label));
}

// grad, index [P..] -> zeros of spec's shape, grad added at the places. Parameters: as for index.
FLAMBEAU_CUDA_KERNEL(indexGrad) {
  const Tensor& grad = call.in(0);
  const Tensor& index = call.in(1);
  const Tensor& out = grad.ndim() == call.spec(0).shape.ndim ? call.out_like(0, grad) : call.out(0);
  const IndexGroup group(call, 0, out);
  if (!(grad.shape == group.replaced(out.shape, index.shape)))
    throw Failure("ERR_INTERNAL", "the gradient does not fit the indexed shape");
  clear(call, out);
  put(call, out, index, grad, group, Combine::kAdd, 1);
}

// x, index [P..], values -> x with the values (which broadcast to the indexed shape) written at the
// places, or alpha times them added there. Parameters: as for index; then add?, alpha.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(indexPut, !call.flag(4)) {
  const Tensor& out = copy_or_target(call);
  put(call, out, call.in(1), call.in(2), IndexGroup(call, 0, out),
      call.flag(4) ? Combine::kAdd : Combine::kAssign, call.param(5));
}

namespace {

// Operands: out, index. out = out · size + place.
template <class I>
__global__ void __launch_bounds__(kThreads)
    position_kernel(Geometry<2> geometry, int64_t* out, const I* __restrict__ index, Places places,
                    bool first) {
  const uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= geometry.numel) return;
  int64_t at[2];
  geometry.locate(i, at);
  const int64_t place = places.find(index[at[1]], at[1]);
  // One that is outside stays so, whatever the others are.
  const int64_t before = first ? 0 : out[at[0]];
  out[at[0]] = place < 0 || before < 0 ? INT64_MIN : before * places.size + place;
}

// Operands: to, from. to += from.
template <class T>
__global__ void __launch_bounds__(kThreads)
    add_part_kernel(Geometry<2> geometry, T* to, const T* __restrict__ from) {
  const uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= geometry.numel) return;
  int64_t at[2];
  geometry.locate(i, at);
  if constexpr (std::is_same_v<T, bool>) {
    to[at[0]] = to[at[0]] || from[at[1]];
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    to[at[0]] = static_cast<T>(static_cast<U>(to[at[0]]) + static_cast<U>(from[at[1]]));
  } else {
    to[at[0]] += from[at[1]];
  }
}

// to += from, which broadcasts and has the same dtype.
void add_part(Call& call, const Tensor& to, const Tensor& from) {
  if (to.dtype != from.dtype) throw Failure("ERR_INTERNAL", "sums need one dtype");
  require_writable(to);
  const Tensor source = shares_memory(to, from) ? apart(call, from) : from;
  const Axes all(to.shape, std::array<const Strided*, 2>{&to, &source});
  all.for_parts([&](const Axes& axes) {
    with_type(to.dtype, [&](auto zero) {
      using T = decltype(zero);
      launch(add_part_kernel<T>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads)), kThreads,
             0, call.stream(), Geometry<2>(axes),
             reinterpret_cast<T*>(const_cast<char*>(axes.data[0])),
             reinterpret_cast<const T*>(axes.data[1]));
    });
  });
}

}  // namespace

// Index tensors that broadcast to spec's shape -> places in the group of all their axes, int64.
// Parameters: for each, how many places its axes have, and its label.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(indexPositions) {
  const Tensor& out = call.out(0);
  if (out.dtype != DType::kInt64 || call.num_params() != 2 * call.num_inputs())
    throw Failure("ERR_INTERNAL", "each index tensor comes with two parameters");
  if (call.num_inputs() == 0) clear(call, out);
  if (out.numel() == 0) return;
  for (int k = 0; k < call.num_inputs(); ++k) {
    const Tensor index = readable_index(call, call.in(k));
    const Places places =
        places_of(call, index, call.integer(2 * k), 1, true, call.integer(2 * k + 1));
    const Axes all(out.shape, std::array<const Strided*, 2>{&out, &index});
    all.for_parts([&](const Axes& axes) {
      with_index_type(index, [&](auto zero) {
        using I = decltype(zero);
        launch(position_kernel<I>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads)),
               kThreads, 0, call.stream(), Geometry<2>(axes),
               reinterpret_cast<int64_t*>(const_cast<char*>(axes.data[0])),
               reinterpret_cast<const I*>(axes.data[1]), part_of(places, index, axes.data[1]),
               k == 0);
      });
    });
  }
}

// x, value -> x with the value (which broadcasts) written to the part that the parameters describe,
// or added there. Parameters: add?, then those of window_of.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(setAt, !call.flag(0)) {
  const Tensor& out = copy_or_target(call);
  int64_t offset;
  const Tensor part = window_of(out, call, 1, &offset);
  if (part.numel() == 0) return;
  const Tensor& value = call.in(1);
  if (call.flag(0)) return add_part(call, part, value);
  copy_into(call, part, overlaps(part, value) ? apart(call, value) : value);
}

}  // namespace flambeau::cuda
