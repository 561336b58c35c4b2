// How normalisation of channels sees its tensors.
//
// x [n, c, …] is worked on as it lies in memory: as planes, each a row of `pixels` numbers, or
// channels-last as pixels of c numbers. A unit is what has numbers of its own for the second pass:
// a channel of all images, or of one image where groups of channels share statistics.
#pragma once

#include <cmath>

#include "channels_last.h"
#include "numbers.h"

namespace flambeau::cuda {

inline constexpr int kNormThreads = 256;
// Parts that a sum is split into at the most.
inline constexpr int64_t kMaxSplits = 128;
// Parts that all blocks of a second pass over pixels together read at the most, where each joins
// those of its channels.
inline constexpr int64_t kMostJoined = int64_t{1} << 20;
// Channels of a block at the most, channels-last: enough for whole lines of memory.
inline constexpr int kColumnChannels = 64;
// Images with statistics of their own that are worked on channels-last.
inline constexpr int64_t kMostImages = 65535;

struct ChannelLayout {
  int64_t n, c, pixels;
  int64_t groups;  // 0: statistics of each channel over all images
  bool last;       // channels-last; all images are one where there are no groups

  int64_t numel() const { return n * c * pixels; }
  int64_t sets() const { return groups == 0 ? c : n * groups; }
  int64_t set_elements() const { return groups == 0 ? n * pixels : pixels * (c / groups); }
  int64_t units() const { return groups == 0 ? c : n * c; }
  int64_t group_channels() const { return groups == 0 ? 1 : c / groups; }
  // Channels-last: runs of pixels that have units of their own.
  int64_t images() const { return groups == 0 ? 1 : n; }
  int64_t image_pixels() const { return groups == 0 ? n * pixels : pixels; }
};

inline ChannelLayout channel_layout(const Tensor& x, int64_t groups) {
  require_internal(x.ndim() >= 2, "channels are the second axis");
  ChannelLayout l = {x.size(0), x.size(1), 1, groups, false};
  for (int axis = 2; axis < x.ndim(); ++axis) l.pixels *= x.size(axis);
  require_internal(groups >= 0 && (groups == 0 || l.c % groups == 0),
                   "the groups do not divide the channels");
  // Images are counted along the third axis of a grid, which takes no more; of planes there may be
  // as many as there are.
  l.last =
      l.images() <= kMostImages && (l.pixels == 1 || (!x.is_contiguous() && is_channels_last(x)));
  require_internal(l.numel() < (int64_t{1} << 40) && l.pixels < (int64_t{1} << 31) &&
                       l.image_pixels() < (int64_t{1} << 31) && l.n * l.c < (int64_t{1} << 31),
                   "normalisation cannot count so many elements");
  return l;
}

// `t` as the layout has it: itself, or a copy that dies with the call.
inline Tensor laid_out(Call& call, const ChannelLayout& l, const Tensor& t) {
  return l.last ? channels_last(call, t) : call.contiguous(t);
}

// Output 0, which is like x.
inline const Tensor& laid_out_output(Call& call, const ChannelLayout& l, const Tensor& x) {
  require_internal(output_shape(call, 0) == x.shape && call.spec(0).dtype == x.dtype,
                   "normalisation keeps shape and type");
  return l.last ? channels_last_output(call, 0, x.dtype) : call.out(0);
}

// --- planes ---

// The planes of a set or of a unit: `count` of them, `stride` elements apart, each of `packs`
// accesses of V elements.
struct Planes {
  int64_t stride;
  uint32_t count;
  FastDivide packs;

  // Accesses of all planes together.
  FLAMBEAU_HD uint64_t total() const { return static_cast<uint64_t>(count) * packs.divisor(); }
  // The place of access i, from the first element of the first plane on; i < 2^32.
  template <int V>
  FLAMBEAU_HD int64_t offset(uint32_t i, uint32_t* plane) const {
    uint32_t rest;
    *plane = packs.divide(i, &rest);
    return static_cast<int64_t>(*plane) * stride + static_cast<int64_t>(rest) * V;
  }
};

inline Planes planes_of(const ChannelLayout& l, int64_t stride, int64_t count, int V) {
  const Planes planes = {stride, static_cast<uint32_t>(count),
                         FastDivide(static_cast<uint32_t>(l.pixels / V))};
  require_internal(planes.total() < (uint64_t{1} << 31), "a channel has too many elements");
  return planes;
}

// In how many parts each of `count` sums over so many accesses is taken.
inline int64_t splits_for(const Call& call, int64_t count, int64_t accesses) {
  const int64_t blocks = int64_t{2} * call.properties().multiprocessors;
  if (count >= blocks || accesses <= 4 * kNormThreads) return 1;
  return std::clamp<int64_t>(std::min(blocks * 2 / count, accesses / (2 * kNormThreads)), 1,
                             kMaxSplits);
}

// --- channels-last ---

// A block has `lanes` accesses of neighbouring channels of several pixels; blockIdx.y is the part
// of the pixels, blockIdx.z the image.
struct Columns {
  dim3 grid = {0, 0, 0};
  dim3 block;

  explicit operator bool() const { return grid.x > 0; }
};

inline Columns columns_of(const Call& call, const ChannelLayout& l, int V) {
  const int64_t accesses = l.c / V;
  unsigned lanes = 1;
  while (lanes < kWarp && lanes * V < kColumnChannels && lanes < accesses) lanes *= 2;
  const unsigned rows = kNormThreads / lanes;
  const int64_t across = ceil_divide(accesses, lanes);
  const int64_t blocks = int64_t{4} * call.properties().multiprocessors;
  const int64_t joined =
      static_cast<int64_t>(std::sqrt(static_cast<double>(kMostJoined) / static_cast<double>(l.c)));
  const int64_t splits = std::clamp<int64_t>(
      std::min(ceil_divide(blocks, across * l.images()), l.image_pixels() / (int64_t{4} * rows)), 1,
      l.groups == 0 ? std::clamp<int64_t>(joined, 1, kMaxSplits) : kMaxSplits);
  return {dim3(static_cast<unsigned>(across), static_cast<unsigned>(splits),
               static_cast<unsigned>(l.images())),
          dim3(lanes, rows)};
}

// Pixels that a thread goes through at the most where a block has all of them: where blocks are
// few, and where they keep the device busy.
inline constexpr int64_t kFewSteps = 16;
inline constexpr int64_t kMostSteps = 64;
// Of them, those that it reads at once.
inline constexpr int kPixelsAtOnce = 4;
// Bytes that blocks have of neighbouring channels at the least: what memory is read in.
inline constexpr int kSector = 32;

// A grid of blocks each of which has all pixels of its channels, if that is quick: of whole groups,
// or of few channels that are sets. A grid without blocks: it is not.
inline Columns whole_columns(const Call& call, const ChannelLayout& l, int V, int item_bytes,
                             int64_t few_steps = kFewSteps) {
  const int64_t each = l.group_channels();
  unsigned lanes = 1;
  if (l.groups > 0) {
    if (each % V != 0 || each / V > kNormThreads / 4) return {};
    lanes = static_cast<unsigned>(each / V);
  } else {
    while (static_cast<int>(lanes) * V * item_bytes < kSector && lanes * V < l.c) lanes *= 2;
  }
  const unsigned rows = kNormThreads / lanes;
  const int64_t across = ceil_divide(l.c, int64_t{lanes} * V);
  const bool busy = across * l.images() >= call.properties().multiprocessors;
  if (l.image_pixels() > (busy ? kMostSteps : few_steps) * rows) return {};
  return {dim3(static_cast<unsigned>(across), 1, static_cast<unsigned>(l.images())),
          dim3(lanes, rows)};
}

#if defined(FLAMBEAU_DEVICE_CODE)
// The pixels [first, last) of this block.
FLAMBEAU_DEVICE void block_pixels(int64_t pixels, int64_t* first, int64_t* last) {
  *first = pixels * blockIdx.y / gridDim.y;
  *last = pixels * (blockIdx.y + 1) / gridDim.y;
}
// The channel of this thread's first element.
template <int V>
FLAMBEAU_DEVICE int64_t block_channel() {
  return (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * V;
}
#endif

// Calls body(V as a constant): accesses of 16 bytes where rows of `n` elements at all places are
// fit for them.
template <class T, class Body, class... Data>
void with_vector(int64_t n, const Body& body, const Data*... places) {
  if (packs_fit<T>(n, places...)) return body(std::integral_constant<int, kPack<T>>{});
  body(std::integral_constant<int, 1>{});
}

}  // namespace flambeau::cuda
