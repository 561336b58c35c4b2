// What kernels of single images [channels, height, width] share.
#pragma once

#include "image_loops.h"
#include "isa.h"
#include "kernel.h"
#include "parallel.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ImageTable, image_table)

inline constexpr int64_t kLongestSide = int64_t{1} << 24;

// Throws unless `shape` is that of an image whose sides are not absurd.
inline void require_image(const Shape& shape) {
  if (shape.ndim != 3) throw Failure("ERR_SHAPE", "an image has three axes");
  for (int axis = 0; axis < 3; ++axis)
    if (shape.sizes[axis] < 0 || shape.sizes[axis] > kLongestSide)
      throw Failure("ERR_SHAPE", "a side of an image is longer than 2^24 pixels");
}

// Rows of a parallel loop's chunk, if each has so many numbers.
inline int64_t rows_per_chunk(int64_t numbers) { return 1 + 16384 / (numbers > 0 ? numbers : 1); }

// Is the image stored row by row, with the channels of a pixel beside each other, without gaps?
inline bool is_interleaved(const Tensor& t) {
  const int64_t c = t.size(0), w = t.size(2);
  return c > 1 && t.stride(0) == 1 && (w == 1 || t.stride(2) == c) &&
         (t.size(1) == 1 || t.stride(1) == w * c);
}

}  // namespace flambeau
