// The windows of a pooling: which positions of the input they cover, and which of them cover a
// position.
#pragma once

#include "portable.h"

namespace flambeau {

// Windows along one axis: window i covers input positions i · stride - pad + k · dilation, k <
// size.
struct PoolAxis {
  int64_t input;   // positions
  int64_t output;  // windows
  int64_t size;
  int64_t stride;
  int64_t pad;
  int64_t dilation;
};

// The geometry of a pooling of images [h.input, w.input, channels].
struct PoolShape {
  PoolAxis h, w;
  int64_t channels;
};

// The places [begin, end) of window `index` that lie inside of the input, and where place 0 lies.
struct PoolPlaces {
  int64_t origin, begin, end;

  FLAMBEAU_HD PoolPlaces(const PoolAxis& axis, int64_t index)
      : origin(index * axis.stride - axis.pad), begin(0), end(axis.size) {
    if (origin < 0) begin = (axis.dilation - 1 - origin) / axis.dilation;
    if (origin + (axis.size - 1) * axis.dilation >= axis.input)
      end = (axis.input - origin + axis.dilation - 1) / axis.dilation;
  }
};

// The windows [first, last] that reach over position `at`. With a dilation they cover it only where
// it divides the distance.
struct PoolCovering {
  int64_t first, last;

  FLAMBEAU_HD PoolCovering(const PoolAxis& axis, int64_t at) {
    const int64_t lowest = at + axis.pad - (axis.size - 1) * axis.dilation;
    const int64_t highest = (at + axis.pad) / axis.stride;
    first = lowest <= 0 ? 0 : (lowest + axis.stride - 1) / axis.stride;
    last = highest < axis.output ? highest : axis.output - 1;
  }
};

// What the sum over a window is divided by to be its mean: `divisor` unless that is 0, else the
// number of positions that it covers, padding counted with `count_pad`.
template <class T>
FLAMBEAU_HD T pool_divisor(const PoolShape& shape, const PoolPlaces& rows,
                           const PoolPlaces& columns, bool count_pad, double divisor) {
  if (divisor != 0) return static_cast<T>(divisor);
  if (!count_pad) return static_cast<T>((rows.end - rows.begin) * (columns.end - columns.begin));
  // With rounding up a window may reach beyond the padding, which counts no further.
  const int64_t below = shape.h.input + shape.h.pad - rows.origin;
  const int64_t right = shape.w.input + shape.w.pad - columns.origin;
  const int64_t high = below < shape.h.size ? below : shape.h.size;
  const int64_t wide = right < shape.w.size ? right : shape.w.size;
  return static_cast<T>(high * wide);
}

}  // namespace flambeau
