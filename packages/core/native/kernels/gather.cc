// Element by element along one axis: gather, scatter, and one-hot vectors.
//
// Index tensors are int64, int32 or uint8 with as many axes as the tensor they index; in all axes
// but the indexed one they may be smaller.
#include <atomic>
#include <cstring>

#include "index_check.h"

namespace flambeau {
namespace {

// `t` cut to `shape`, all positions of `axis` at the first one.
Tensor lane_starts(const Tensor& t, const Shape& shape, int axis) {
  Tensor view = t;
  for (int i = 0; i < t.ndim(); ++i)
    if (i != axis && shape.sizes[i] > t.size(i))
      throw Failure("ERR_INTERNAL", "the index is larger than the tensor");
  view.shape = shape;
  view.strides[axis] = 0;
  return view;
}

Tensor without_axis(const Tensor& t, int axis) {
  Tensor view = t;
  view.shape.ndim = t.ndim() - 1;
  for (int i = axis; i < view.ndim(); ++i) {
    view.shape.sizes[i] = t.size(i + 1);
    view.strides[i] = t.stride(i + 1);
  }
  return view;
}

int checked_axis(const Call& call, int i, const Tensor& t) {
  const int64_t axis = call.integer(i);
  if (axis < 0 || axis >= t.ndim()) throw Failure("ERR_INTERNAL", "no such axis");
  return static_cast<int>(axis);
}

}  // namespace

namespace {

// y[i] = from[places[i] · step]; step is in bytes. False, with y partly written, if a place is not
// in [0, size).
template <class T, class I>
bool gather_run(T* __restrict y, const I* __restrict places, const char* from, int64_t step,
                uint64_t size, int64_t n) {
  // Four at a time, so that one branch checks all of them.
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const uint64_t a = static_cast<uint64_t>(places[i]), b = static_cast<uint64_t>(places[i + 1]),
                   c = static_cast<uint64_t>(places[i + 2]),
                   d = static_cast<uint64_t>(places[i + 3]);
    if (std::max(std::max(a, b), std::max(c, d)) >= size) return false;
    const auto at = [&](uint64_t place) {
      return *reinterpret_cast<const T*>(from + static_cast<int64_t>(place) * step);
    };
    y[i] = at(a);
    y[i + 1] = at(b);
    y[i + 2] = at(c);
    y[i + 3] = at(d);
  }
  for (; i < n; ++i) {
    const auto place = static_cast<uint64_t>(places[i]);
    if (place >= size) return false;
    y[i] = *reinterpret_cast<const T*>(from + static_cast<int64_t>(place) * step);
  }
  return true;
}

// The same with any strides (bytes), and a start of its own for each element.
template <class T, class I>
bool gather_strided(const std::array<char*, 3>& data, const std::array<int64_t, 3>& strides,
                    int64_t step, uint64_t size, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const auto place = static_cast<uint64_t>(*reinterpret_cast<const I*>(data[1] + i * strides[1]));
    if (place >= size) return false;
    *reinterpret_cast<T*>(data[0] + i * strides[0]) =
        *reinterpret_cast<const T*>(data[2] + i * strides[2] + static_cast<int64_t>(place) * step);
  }
  return true;
}

}  // namespace

// x, index -> out[i, j, k] = x[i, index[i, j, k], k] for axis 1; parameters: axis.
FLAMBEAU_KERNEL_ALL_TYPES(gather) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  Tensor& out = call.out(0);
  if (index.ndim() != x.ndim() || !(out.shape == index.shape) || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "gather's operands do not fit");
  const int axis = checked_axis(call, 0, x);
  const auto size = static_cast<uint64_t>(x.size(axis));
  const int64_t step = x.stride(axis) * static_cast<int64_t>(x.item_bytes());
  const Tensor starts = lane_starts(x, index.shape, axis);
  std::atomic<bool> failed{false};
  with_item(x.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    with_index_type(index, [&](auto zero_index) {
      using I = decltype(zero_index);
      Iteration<3>(out.shape, {&out, &index, &starts})
          .run(kGrain, [&](const auto& data, const auto& strides, int64_t n) {
            const bool dense = strides[0] == sizeof(T) && strides[1] == sizeof(I);
            if (dense && strides[2] == 0
                    ? !gather_run(reinterpret_cast<T*>(data[0]),
                                  reinterpret_cast<const I*>(data[1]), data[2], step, size, n)
                    : !gather_strided<T, I>(data, strides, step, size, n))
              failed = true;
          });
    });
  });
  if (failed) check_places(call, index, x.size(axis), false, axis);
}

namespace {

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
  if (place_step == sizeof(I) && from_step == sizeof(T)) {
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
  Iteration<3>(lanes.shape, {&lanes, &index_lanes, &source_lanes})
      .run(std::max<int64_t>(1, kGrain / length),
           [&](const auto& data, const auto& strides, int64_t n) {
             bool fine = true;
             if (n > 1 && strides[1] < place_step) {
               for (int64_t i = 0; i < length; ++i)
                 fine &= scatter_line<T, I>(data[0], strides[0], to_step, data[1] + i * place_step,
                                            strides[1], data[2] + i * from_step, strides[2], size,
                                            n, op);
             } else {
               for (int64_t lane = 0; lane < n; ++lane)
                 fine &= scatter_line<T, I>(
                     data[0] + lane * strides[0], 0, to_step, data[1] + lane * strides[1],
                     place_step, data[2] + lane * strides[2], from_step, size, length, op);
             }
             if (!fine) good = false;
           });
  return good;
}

}  // namespace

namespace {

// Writes source to (or adds it at) the places of out; source is at least as large as index, or a
// number. Throws for an index out of range, after which out is of no use.
void scatter_into(Call& call, Tensor& out, const Tensor& given_index, const Tensor& given, int axis,
                  bool adds) {
  if (given_index.ndim() != out.ndim() || given.dtype != out.dtype ||
      (given.ndim() != 0 && given.ndim() != out.ndim()))
    throw Failure("ERR_INTERNAL", "scatter's operands do not fit");
  if (given_index.numel() == 0) return;
  require_writable(out);
  Tensor index = given_index;
  Tensor source = given;
  source.shape = index.shape;
  for (int i = 0; i < index.ndim(); ++i) {
    if (given.ndim() == 0) {
      source.strides[i] = 0;
    } else if (index.size(i) > given.size(i)) {
      throw Failure("ERR_INTERNAL", "the index is larger than the source");
    }
  }
  if (shares_memory(out, source)) source = apart(call, source);
  if (shares_memory(out, index)) index = apart(call, index);
  bool good = true;
  with_index_type(index, [&](auto zero_index) {
    using I = decltype(zero_index);
    if (adds) {
      with_type(out.dtype, [&](auto zero) {
        using T = decltype(zero);
        good = scatter_lanes<T, I>(out, index, source, axis, AddScaled<T>{T(1)});
      });
    } else {
      with_item(out.item_bytes(), [&](auto zero) {
        using T = decltype(zero);
        good = scatter_lanes<T, I>(out, index, source, axis, Assign<T>{});
      });
    }
  });
  if (!good) check_places(call, given_index, out.size(axis), false, axis);
}

}  // namespace

// x, index, source -> x with source[i, j, k] written to (or added at) [i, index[i, j, k], k] for
// axis 1; of several elements for one place the last counts. source is at least as large as index,
// or a number. Parameters: axis, add?.
FLAMBEAU_KERNEL_ALL_TYPES_IF(scatter, !call.flag(1)) {
  const int axis = checked_axis(call, 0, call.in(0));
  // A target is only written if all is well.
  if (call.in_place(0)) check_places(call, call.in(1), call.in(0).size(axis), false, axis);
  scatter_into(call, copy_or_target(call), call.in(1), call.in(2), axis, call.flag(1));
}

// grad, index (of one shape) -> zeros of spec's shape with grad added at the places; parameters:
// axis.
FLAMBEAU_KERNEL(gatherGrad) {
  Tensor& out = call.out(0);
  const int axis = checked_axis(call, 0, out);
  clear(out);
  scatter_into(call, out, call.in(1), call.in(0), axis, true);
}

// Classes [*] -> int64 [*, C]: 1 at the class, 0 elsewhere. Spec says C.
FLAMBEAU_KERNEL_ALL_TYPES(oneHot) {
  const Tensor& given = call.in(0);
  Tensor& out = call.out(0);
  const int last = out.ndim() - 1;
  if (last != given.ndim() || out.dtype != DType::kInt64 ||
      out.numel() != given.numel() * out.size(last))
    throw Failure("ERR_INTERNAL", "one more axis is needed");
  const Tensor index = call.contiguous(given);
  const int64_t classes = out.size(last);
  check_places(call, given, classes, false, -2);
  with_index_type(index, [&](auto zero) {
    using I = decltype(zero);
    parallel_for(index.numel(), std::max<int64_t>(1, kGrain / std::max<int64_t>(1, classes)),
                 [&](int64_t begin, int64_t end) {
                   int64_t* const rows = out.as<int64_t>();
                   std::memset(rows + begin * classes, 0,
                               static_cast<size_t>((end - begin) * classes) * sizeof(int64_t));
                   for (int64_t i = begin; i < end; ++i) {
                     const auto label = static_cast<uint64_t>(index.as<I>()[i]);
                     if (label < static_cast<uint64_t>(classes))
                       rows[i * classes + static_cast<int64_t>(label)] = 1;
                   }
                 });
  });
}

}  // namespace flambeau
