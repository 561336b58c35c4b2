// Element by element along one axis: gather, scatter, and one-hot vectors.
//
// Index tensors are int64, int32 or uint8 with as many axes as the tensor they index; in all axes
// but the indexed one they may be smaller.
#include <atomic>
#include <cstring>

#include "scatter_lanes.h"

namespace flambeau {
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
  if (strides[1] == 0 && strides[0] == sizeof(T) && strides[2] == sizeof(T)) {
    // An expanded index: the run comes from one place as a whole.
    const auto place = static_cast<uint64_t>(*reinterpret_cast<const I*>(data[1]));
    if (place >= size) return false;
    std::memcpy(data[0], data[2] + static_cast<int64_t>(place) * step,
                static_cast<size_t>(n) * sizeof(T));
    return true;
  }
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

// Writes source to (or adds it at) the places of out; source is at least as large as index, or a
// number. Throws for an index out of range, after which out is of no use.
void scatter_into(Call& call, Tensor& out, const Tensor& given_index, const Tensor& given, int axis,
                  bool adds) {
  if (given_index.numel() == 0) return;
  require_writable(out);
  const auto [index, source] = scattered(call, out, given_index, given);
  bool good = true;
  with_index_type(index, [&, &index = index, &source = source](auto zero_index) {
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
  // See kSmallIndex.
  if (call.in_place(0) && call.in(1).numel() <= kSmallIndex)
    check_places(call, call.in(1), call.in(0).size(axis), false, axis);
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
