// Moving elements one by one along an axis: what scatter, its reductions and gather have in common.
#pragma once

#include <atomic>

#include "index_check.h"

namespace flambeau {

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
  Scattered result{index, scattered_source(out, index, given)};
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
  const Tensor lanes = first_slice(lane_starts(out, index.shape, axis), axis, 1);
  const Tensor index_lanes = first_slice(index, axis, 1),
               source_lanes = first_slice(source, axis, 1);
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

}  // namespace flambeau
