// Places that index tensors name: how device code reads and checks them, and how what lies there is
// read (gather.cu) and written (scatter.h).
#pragma once

#include "call.h"
#include "elements.h"
#include "geometry.h"
#include "in_place.h"
#include "index_axes.h"

namespace flambeau::cuda {

// Positions along one step of memory that indices name.
struct Places {
  int64_t size = 0;    // in [0, size), or in [-size, size) if `wraps`
  int64_t step = 1;    // from one to the next, in elements
  bool wraps = false;  // negative ones count from the back
  const Fault* fault = nullptr;
  int64_t first = -1;  // the rank of the first index; -1 where they are not row-major
  FaultKind kind = kFaultIndex;

#if defined(FLAMBEAU_DEVICE_CODE)
  // The position that the index so many elements after the first one means; -1 where there is none,
  // which is reported.
  template <class I>
  FLAMBEAU_DEVICE int64_t find(I index, int64_t offset) const {
    int64_t place = static_cast<int64_t>(index);
    if (wraps && place < 0) place += size;
    if (static_cast<uint64_t>(place) < static_cast<uint64_t>(size)) return place;
    report(fault, kind, static_cast<int64_t>(index), size, first < 0 ? -1 : first + offset);
    return -1;
  }
#endif
};

// Positions on an axis of `t`, or on several that `step` leads along. The user knows the axis as
// `label`.
inline Places places_of(Call& call, const Tensor& index, int64_t size, int64_t step, bool wraps,
                        int64_t label) {
  Places places;
  places.size = size;
  places.step = step;
  places.wraps = wraps;
  places.fault = call.fault(index, label);
  places.first = index.is_contiguous() ? 0 : -1;
  return places;
}

// The same for part of the work, whose indices begin at `data`.
inline Places part_of(Places places, const Tensor& index, const char* data) {
  if (places.first >= 0)
    places.first += (data - index.data) / static_cast<int64_t>(index.item_bytes());
  return places;
}

// An index tensor as device code reads it: int64 or int32. Narrower ones become int32.
inline Tensor readable_index(Call& call, const Tensor& index) {
  switch (index.dtype) {
    case DType::kInt64:
    case DType::kInt32: return index;
    case DType::kUInt8:
    case DType::kInt16:
    case DType::kInt8: break;
    default: throw Failure("ERR_INTERNAL", "indices are whole numbers");
  }
  Tensor wide = call.temporary(index.shape, DType::kInt32);
  copy_into(call, wide, index);
  return wide;
}

// Calls body(I{}) with the type of a readable index.
template <class Body>
void with_index_type(const Tensor& index, const Body& body) {
  if (index.dtype == DType::kInt64) return body(int64_t{});
  body(int32_t{});
}

// out[i] = x[starts of i + place of index[i] · step] for all positions i of `out`. The index and
// `starts`, x's elements at place 0, have the shape of out; their strides may be 0. What lies
// outside becomes 0. (gather.cu)
void take_elements(Call& call, const Tensor& out, const Tensor& index, const Tensor& starts,
                   const Places& places);

// Zeroes a new tensor, which has no gaps.
inline void clear(Call& call, const Tensor& t) {
  const size_t bytes = static_cast<size_t>(t.numel()) * t.item_bytes();
  if (bytes > 0) check(cudaMemsetAsync(t.data, 0, bytes, call.stream()), "cudaMemsetAsync");
}

// Sixteen bytes as one element.
using Wide = Pack<uint64_t, 2>;

// Makes neighbours along the innermost axis one element where they move together: where operands a
// and b lie one after the other, and operand `index` is the same for all. Gives the bytes of an
// element. `step` (of places, in elements of operands a and b) is divided alike.
inline int64_t join_neighbours(Axes& axes, int a, int b, int index, int64_t* step) {
  const int64_t item = axes.items[a];
  if (axes.strides[a][0] != 1 || axes.strides[b][0] != 1 || axes.strides[index][0] != 0)
    return item;
  int64_t count = 16 / item;
  for (; count > 1; count /= 2)
    if (axes.sizes[0] % count == 0 && *step % count == 0 &&
        axes.aligned(a, static_cast<int>(count)) && axes.aligned(b, static_cast<int>(count)))
      break;
  if (count <= 1) return item;
  axes.sizes[0] /= count;
  axes.numel /= count;
  *step /= count;
  for (const int k : {a, b}) {
    axes.items[k] *= count;
    for (int d = 1; d < axes.ndim; ++d) axes.strides[k][d] /= count;
  }
  return item * count;
}

// Calls body(Item{}) with a type of so many bytes: 1, 2, 4, 8 or 16.
template <class Body>
void with_wide_item(int64_t bytes, const Body& body) {
  if (bytes == 16) return body(Wide{});
  with_item(static_cast<size_t>(bytes), body);
}

// Calls body(Item{}, I{}, axes, places) for elements of `a` and `b`, of one type, which `index`
// links, in parts that a launch can count: neighbours are joined to items where that is possible,
// and `places` are those of the part. The operands of `axes` are a, index, b.
template <class Body>
void for_items(const Shape& shape, const Tensor& a, const Tensor& index, const Tensor& b,
               const Places& places, const Body& body) {
  const Axes all(shape, std::array<const Strided*, 3>{&a, &index, &b});
  all.for_parts([&](const Axes& part) {
    Axes axes = part;
    Places found = part_of(places, index, part.data[1]);
    const int64_t bytes = join_neighbours(axes, 0, 2, 1, &found.step);
    with_wide_item(bytes, [&](auto item) {
      with_index_type(index, [&](auto number) { body(item, number, axes, found); });
    });
  });
}

}  // namespace flambeau::cuda
