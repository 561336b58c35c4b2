// Where the heads of attention lie. For calls on the processor and on devices.
#pragma once

#include "layout.h"

namespace flambeau {

// Output `i` of a call, [..., H, L, columns], with the heads of a query side by side in memory, as
// the layers behind attention want them: [..., L, H, columns].
template <class Call>
auto& output_by_queries(Call& call, int i) {
  const Shape& shape = call.spec(i).shape;
  const int ndim = shape.ndim;
  if (ndim < 3) return call.out(i);
  int64_t strides[kMaxDims];
  contiguous_strides(shape, strides);
  strides[ndim - 2] = shape.sizes[ndim - 3] * shape.sizes[ndim - 1];
  strides[ndim - 3] = shape.sizes[ndim - 1];
  return call.out_strided(i, strides);
}

}  // namespace flambeau
