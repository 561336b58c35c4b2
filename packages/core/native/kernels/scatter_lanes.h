// Moving elements one by one along an axis: what scatter, its reductions and gather have in common.
#pragma once

#include <atomic>

#include "index_check.h"

namespace flambeau {

// `t` cut to `shape`, all positions of `axis` at the first one.
inline Tensor lane_starts(const Tensor& t, const Shape& shape, int axis) {
  Tensor view = t;
  for (int i = 0; i < t.ndim(); ++i)
    if (i != axis && shape.sizes[i] > t.size(i))
      throw Failure("ERR_INTERNAL", "the index is larger than the tensor");
  view.shape = shape;
  view.strides[axis] = 0;
  return view;
}

inline Tensor without_axis(const Tensor& t, int axis) {
  Tensor view = t;
  view.shape.ndim = t.ndim() - 1;
  for (int i = axis; i < view.ndim(); ++i) {
    view.shape.sizes[i] = t.size(i + 1);
    view.strides[i] = t.stride(i + 1);
  }
  return view;
}

// With an index out of range, a target that is written in place keeps what it has if the index has
// no more elements than this. Looking at a large one twice takes too long: what is in range is then
// written before the error, as in PyTorch.
inline constexpr int64_t kSmallIndex = 1024;

// What is scattered: an index of as many axes as the written tensor, no larger except on the axis,
// and a source of its shape. Both apart from what is written.
struct Scattered {
  Tensor index;
  Tensor source;
};

// `given` is at least as large as the index, or a number.
inline Scattered scattered(Call& call, const Tensor& out, const Tensor& index,
                           const Tensor& given) {
  if (index.ndim() != out.ndim() || given.dtype != out.dtype ||
      (given.ndim() != 0 && given.ndim() != out.ndim()))
    throw Failure("ERR_INTERNAL", "scatter's operands do not fit");
  Scattered result{index, given};
  result.source.shape = index.shape;
  for (int i = 0; i < index.ndim(); ++i) {
    if (given.ndim() == 0) {
      result.source.strides[i] = 0;
    } else if (index.size(i) > given.size(i)) {
      throw Failure("ERR_INTERNAL", "the index is larger than the source");
    }
  }
  if (shares_memory(out, result.source)) result.source = apart(call, result.source);
  if (shares_memory(out, index)) result.index = apart(call, index);
  return result;
}

// Element i of `from` goes to place places[i] of the lane that starts at to + i · to_lane. Steps
// are in bytes. Places outside of [0, size) are passed over, and make the result false.
template <class T, class I, class Op>
bool scatter_line(char* to, int64_t to_lane, int64_t to_step, const char* places,
                  int64_t place_step, const char* from, int64_t from_step, uint64_t size, int64_t n,
                  const Op& op) {
  bool good = true;
  const auto move = [&](int64_t i, uint64_t place, T value) {
    if (place < size) {
      op(*reinterpret_cast<T*>(to + i * to_lane + static_cast<int64_t>(place) * to_step), value);
    } else {
      good = false;
    }
  };
  if (place_step == 0 && to_lane == sizeof(T) && from_step == sizeof(T)) {
    // An expanded index: the line goes to one place as a whole.
    const auto place = static_cast<uint64_t>(*reinterpret_cast<const I*>(places));
    if (place >= size) return n == 0;
    T* __restrict row = reinterpret_cast<T*>(to + static_cast<int64_t>(place) * to_step);
    const T* __restrict dense_from = reinterpret_cast<const T*>(from);
    for (int64_t i = 0; i < n; ++i) op(row[i], dense_from[i]);
  } else if (place_step == sizeof(I) && from_step == sizeof(T)) {
    const I* dense_places = reinterpret_cast<const I*>(places);
    const T* dense_from = reinterpret_cast<const T*>(from);
    for (int64_t i = 0; i < n; ++i) move(i, static_cast<uint64_t>(dense_places[i]), dense_from[i]);
  } else {
    for (int64_t i = 0; i < n; ++i)
      move(i, static_cast<uint64_t>(*reinterpret_cast<const I*>(places + i * place_step)),
           *reinterpret_cast<const T*>(from + i * from_step));
  }
  return good;
}

// A lane is a line along the axis. Lanes never meet, so they run in parallel, and each moves its
// elements in order. False if a place was outside.
template <class T, class I, class Op>
bool scatter_lanes(const Tensor& out, const Tensor& index, const Tensor& source, int axis,
                   const Op& op) {
  const int64_t length = index.size(axis);
  const auto size = static_cast<uint64_t>(out.size(axis));
  const int64_t item = static_cast<int64_t>(sizeof(T));
  const int64_t to_step = out.stride(axis) * item, from_step = source.stride(axis) * item,
                place_step = index.stride(axis) * static_cast<int64_t>(sizeof(I));
  const Tensor lanes = without_axis(lane_starts(out, index.shape, axis), axis);
  const Tensor index_lanes = without_axis(index, axis), source_lanes = without_axis(source, axis);
  std::atomic<bool> good{true};
  const Iteration<3> loop(lanes.shape, {&lanes, &index_lanes, &source_lanes});
  // Lanes side by side are moved row by row, which pays if rows are wide. What is summed does not
  // depend on how lanes are dealt out.
  const bool rows = loop.inner_size() > 1 && loop.inner_strides()[1] < place_step;
  const int64_t grain = rows ? std::max<int64_t>(64, loop.numel() / num_threads()) : int64_t{1};
  loop.run(std::max(grain, kGrain / length), [&](const auto& data, const auto& strides, int64_t n) {
    bool fine = true;
    if (rows && n > 1) {
      for (int64_t i = 0; i < length; ++i)
        fine &= scatter_line<T, I>(data[0], strides[0], to_step, data[1] + i * place_step,
                                   strides[1], data[2] + i * from_step, strides[2], size, n, op);
    } else {
      for (int64_t lane = 0; lane < n; ++lane)
        fine &= scatter_line<T, I>(data[0] + lane * strides[0], 0, to_step,
                                   data[1] + lane * strides[1], place_step,
                                   data[2] + lane * strides[2], from_step, size, length, op);
    }
    if (!fine) good = false;
  });
  return good;
}

inline int checked_axis(const Call& call, int i, const Tensor& t) {
  const int64_t axis = call.integer(i);
  if (axis < 0 || axis >= t.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
  return static_cast<int>(axis);
}

}  // namespace flambeau
