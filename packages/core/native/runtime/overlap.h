// Whether a write to one tensor can change what is still to be read through another.
#pragma once

#include "layout.h"

namespace flambeau {

// Bytes [first, last) that the elements of `t` lie in.
struct Extent {
  const char* first;
  const char* last;
};
inline Extent extent_of(const Strided& t) {
  int64_t reach = 1;
  for (int axis = 0; axis < t.ndim(); ++axis) {
    if (t.size(axis) == 0) return {t.data, t.data};
    reach += (t.size(axis) - 1) * t.stride(axis);
  }
  return {t.data, t.data + reach * static_cast<int64_t>(t.item_bytes())};
}

// Could a write to one be seen through the other?
inline bool shares_memory(const Strided& a, const Strided& b) {
  const Extent x = extent_of(a);
  const Extent y = extent_of(b);
  return x.first < y.last && y.first < x.last;
}

// True where element i of `a` is element i of `b`, for all i.
inline bool same_elements(const Strided& a, const Strided& b) {
  if (a.data != b.data || a.item_bytes() != b.item_bytes() || !(a.shape == b.shape)) return false;
  for (int axis = 0; axis < a.ndim(); ++axis)
    if (a.size(axis) > 1 && a.stride(axis) != b.stride(axis)) return false;
  return true;
}

// True where an elementwise kernel that writes `out` must work on a copy of `in`: they share memory
// and are not the same elements in the same order.
inline bool overlaps(const Strided& out, const Strided& in) {
  return shares_memory(out, in) && !same_elements(out, in);
}

}  // namespace flambeau
