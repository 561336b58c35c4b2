// Products and extremes of the elements that an index sends to one place.
#include <cmath>

#include "scatter_lanes.h"

namespace flambeau {
namespace {

template <class T>
struct Multiply {
  void operator()(T& to, T from) const {
    if constexpr (std::is_same_v<T, bool>) {
      to = to && from;
    } else if constexpr (std::is_floating_point_v<T>) {
      to *= from;
    } else {
      // Wraps; signed overflow would be undefined.
      to = static_cast<T>(static_cast<uint64_t>(to) * static_cast<uint64_t>(from));
    }
  }
};

template <class T>
bool is_nan(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

// NaN wins.
template <class T>
struct Larger {
  void operator()(T& to, T from) const { to = to < from || is_nan(from) ? from : to; }
};
template <class T>
struct Smaller {
  void operator()(T& to, T from) const { to = from < to || is_nan(from) ? from : to; }
};

}  // namespace

// x, index, source (of one dtype with x, at least as large as index) -> x with source[i, j, k]
// multiplied to, or the larger or smaller one taken at, [i, index[i, j, k], k] for axis 1.
// Parameters: axis; 0 for products, 1 for the largest, 2 for the smallest.
FLAMBEAU_KERNEL(scatterReduce) {
  const int axis = checked_axis(call, 0, call.in(0));
  const int64_t kind = call.integer(1);
  const Tensor& given = call.in(1);
  // See kSmallIndex.
  if (call.in_place(0) && given.numel() <= kSmallIndex)
    check_places(call, given, call.in(0).size(axis), false, axis);
  Tensor& out = copy_or_target(call);
  if (given.numel() == 0) return;
  require_writable(out);
  auto [index, source] = scattered(call, out, given, call.in(2));
  if (index.dtype != DType::kInt64) {
    const Tensor wide = call.temporary(index.shape, DType::kInt64);
    copy_into(wide, index);
    index = wide;
  }
  bool good = true;
  with_type(out.dtype, [&, &index = index, &source = source](auto zero) {
    using T = decltype(zero);
    if (kind == 0)
      good = scatter_lanes<T, int64_t>(out, index, source, axis, Multiply<T>{});
    else if (kind == 1)
      good = scatter_lanes<T, int64_t>(out, index, source, axis, Larger<T>{});
    else
      good = scatter_lanes<T, int64_t>(out, index, source, axis, Smaller<T>{});
  });
  if (!good) check_places(call, given, out.size(axis), false, axis);
}

}  // namespace flambeau
