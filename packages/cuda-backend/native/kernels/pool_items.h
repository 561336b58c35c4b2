// What kernels of pooling share: which thread does what. All work on tensors
// that are stored channels-last; a thread has neighbouring channels of one
// place.
#pragma once

#include <algorithm>
#include <climits>
#include <type_traits>

#include "call.h"
#include "channels_last.h"
#include "numbers.h"
#include "pooling.h"
#include "primitives.h"

namespace flambeau::cuda {

inline constexpr int kPoolThreads = 256;

// What a thread does: packs of channels of places of images, the innermost
// first.
struct PoolItems {
  int64_t images;
  FastDivide packs, width, height;

  // Of part of the images, few enough for 32 bits.
  PoolItems(int64_t count, const PoolShape& s, int width_of_pack, bool of_output)
      : images(count),
        packs(static_cast<uint32_t>(s.channels / width_of_pack)),
        width(static_cast<uint32_t>(of_output ? s.w.output : s.w.input)),
        height(static_cast<uint32_t>(of_output ? s.h.output : s.h.input)) {}
  __host__ __device__ int64_t count() const {
    return images * packs.divisor() * width.divisor() * height.divisor();
  }
  __device__ __forceinline__ void locate(uint32_t item, uint32_t* image, uint32_t* row,
                                         uint32_t* column, uint32_t* pack) const {
    uint32_t rest = packs.divide(item, pack);
    rest = width.divide(rest, column);
    *image = height.divide(rest, row);
  }
};

// body(first image, images) for as many images at a time as 32 bits can count.
template <class Body>
void for_pool_parts(const PoolShape& s, int64_t images, bool of_output, Body&& body) {
  const int64_t places = s.channels * (of_output ? s.h.output * s.w.output : s.h.input * s.w.input);
  if (places > INT_MAX)
    throw Failure("ERR_VALUE", "an image of a pooling has more than 2^31 numbers");
  const int64_t part = INT_MAX / places;
  for (int64_t first = 0; first < images; first += part)
    body(first, std::min(part, images - first));
}

// Calls body(first image, items, width constant) for as many images at a time
// as 32 bits can count; the width of packs is that of 16 bytes where the
// channels and all of `tensors` allow it.
template <class T, class Body>
void for_pool_images(const PoolShape& s, int64_t images, bool of_output,
                     std::initializer_list<const Tensor*> tensors, Body&& body) {
  bool packs = s.channels % kPack<T> == 0;
  for (const Tensor* t : tensors) packs = packs && reinterpret_cast<uintptr_t>(t->data) % 16 == 0;
  for_pool_parts(s, images, of_output, [&](int64_t first, int64_t count) {
    if (packs) {
      body(first, PoolItems(count, s, kPack<T>, of_output),
           std::integral_constant<int, kPack<T>>{});
    } else {
      body(first, PoolItems(count, s, 1, of_output), std::integral_constant<int, 1>{});
    }
  });
}

inline dim3 pool_grid(Call& call, const PoolItems& items) {
  return dim3(grid_for(items.count(), 1, call.properties(), kPoolThreads));
}

// The start of image `first` of a channels-last tensor.
inline char* pool_image(const Tensor& t, int64_t first) {
  return t.data + first * (t.numel() / t.size(0)) * static_cast<int64_t>(t.item_bytes());
}

// Is the output, and the input, of one 16-bit floating type? (Indices have
// types of their own.)
inline bool is_16bit_pool(const Call& call) {
  return is_16bit_float(call.spec(0).dtype) && call.in(0).dtype == call.spec(0).dtype;
}

}  // namespace flambeau::cuda
