// Elements that are written at places, and what all kinds of scatter have in common.
#include "relaxed.h"
#include "scatter.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// winner[slot] = 1 + the highest rank of the elements that go there.
template <class I>
__global__ void __launch_bounds__(kThreads)
    elect_kernel(const I* __restrict__ index, uint32_t ranks, Places places, Slots slots,
                 uint32_t* winner) {
  for (int64_t i = global_thread(); i < ranks; i += global_threads()) {
    const uint32_t rank = static_cast<uint32_t>(i);
    const int64_t place = places.find(index[rank], rank);
    if (place >= 0) atomicMax(winner + slots.of(rank, place), rank + 1);
  }
}

// Operands: starts, index, from. `index` is that of part of the work, `all` that of rank 0.
template <class Item, class I>
__global__ void __launch_bounds__(kThreads)
    assign_kernel(Geometry<3> geometry, Item* out, const I* __restrict__ index,
                  const I* __restrict__ all, const Item* __restrict__ from, Places places,
                  Slots slots, const uint32_t* __restrict__ winner) {
  const uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= geometry.numel) return;
  int64_t at[3];
  geometry.locate(i, at);
  const int64_t place = places.find(index[at[1]], at[1]);
  if (place < 0) return;
  if (winner) {
    const uint32_t rank = static_cast<uint32_t>(index + at[1] - all);
    if (winner[slots.of(rank, place)] != rank + 1) return;
  }
  // Without an election all that go to one place are the same.
  store_relaxed(out + (at[0] + place * places.step), from[at[2]]);
}

bool in_order(Combine combine, DType dtype) {
  return deterministic() && is_floating(dtype) &&
         (combine == Combine::kAdd || combine == Combine::kMultiply);
}

bool is_single(const Strided& t) {
  for (int i = 0; i < t.ndim(); ++i)
    if (t.size(i) > 1 && t.stride(i) != 0) return false;
  return true;
}

}  // namespace

bool needs_ranks(Combine combine, DType dtype, int64_t length, const Strided& source) {
  // Elements that are the same may be written in any order.
  if (combine == Combine::kAssign) return length > 1 && !is_single(source);
  return in_order(combine, dtype);
}

void require_ranks(const Strided& index) {
  if (index.numel() > int64_t{0xfffffffe})
    throw Failure("ERR_VALUE", "an index tensor of 2^32 elements or more");
}

void assign_elements(Call& call, const Tensor& starts, const Tensor& index, const Tensor& from,
                     const Places& places, const Slots* slots, int64_t ranks) {
  uint32_t* winner = nullptr;
  if (slots) {
    winner = call.scratch_of<uint32_t>(slots->count);
    check(cudaMemsetAsync(winner, 0, sizeof(uint32_t) * static_cast<size_t>(slots->count),
                          call.stream()),
          "cudaMemsetAsync");
    with_index_type(index, [&](auto zero) {
      using I = decltype(zero);
      launch(elect_kernel<I>, grid_for(ranks, 1, call.properties(), kThreads), kThreads, 0,
             call.stream(), index.as<I>(), static_cast<uint32_t>(ranks), places, *slots, winner);
    });
  }
  for_items(from.shape, starts, index, from, places,
            [&](auto item, auto number, const Axes& axes, const Places& found) {
              using Item = decltype(item);
              using I = decltype(number);
              launch(assign_kernel<Item, I>,
                     static_cast<unsigned>(ceil_divide(axes.numel, kThreads)), kThreads, 0,
                     call.stream(), Geometry<3>(axes),
                     reinterpret_cast<Item*>(const_cast<char*>(axes.data[0])),
                     reinterpret_cast<const I*>(axes.data[1]), index.as<I>(),
                     reinterpret_cast<const Item*>(axes.data[2]), found,
                     slots ? *slots : Slots(1, 1, 1, 1), winner);
            });
}

void scatter_lanes(Call& call, const Tensor& out, const Tensor& given_index, const Tensor& given,
                   int axis, Combine combine) {
  Tensor source = scattered_source(out, given_index, given);
  if (given_index.numel() == 0) return;
  require_writable(out);
  if (shares_memory(out, source)) source = apart(call, source);
  const int64_t length = given_index.size(axis);
  const bool ranks = needs_ranks(combine, out.dtype, length, source);
  Tensor index = shares_memory(out, given_index) ? apart(call, given_index) : given_index;
  index = readable_index(call, index);
  if (ranks) {
    require_ranks(index);
    index = call.contiguous(index);
  }
  const Places places = places_of(call, index, out.size(axis), out.stride(axis), false, axis);
  const Tensor starts = lane_starts(out, index.shape, axis);
  if (!ranks) {
    if (combine == Combine::kAssign)
      return assign_elements(call, starts, index, source, places, nullptr, 0);
    if (combine == Combine::kAdd) return add_elements(call, starts, index, source, places, 1);
    return reduce_elements(call, starts, index, source, places, combine);
  }
  int64_t inner = 1;
  for (int i = axis + 1; i < index.ndim(); ++i) inner *= index.size(i);
  const Slots slots(index.numel() / (length * inner), length, inner, places.size);
  if (combine == Combine::kAssign)
    return assign_elements(call, starts, index, source, places, &slots, index.numel());
  // Slots are elements of a row-major copy of the part of out that the index reaches.
  Tensor reached = out;
  reached.shape = index.shape;
  reached.shape.sizes[axis] = places.size;
  OrderedScatter work;
  const Tensor sums = apart(call, reached);
  work.out = sums;
  work.from = call.contiguous(source);
  work.index = index;
  work.out.shape = work.from.shape = Shape{};
  work.places = places;
  work.combine = combine;
  combine_in_order(call, work, slots);
  copy_into(call, reached, sums);
}

}  // namespace flambeau::cuda
