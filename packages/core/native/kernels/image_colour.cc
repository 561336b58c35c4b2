// Colours of images: by tables, and by mixing the channels of a pixel.
#include <algorithm>
#include <type_traits>

#include "image.h"

namespace flambeau {

namespace {

template <class T>
void look_up(const Tensor& x, const T* table, int64_t table_step, const Tensor& y) {
  const int64_t channels = x.size(0), height = x.size(1), width = x.size(2);
  parallel_for(height, rows_per_chunk(channels * width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      for (int64_t c = 0; c < channels; ++c) {
        const T* line = table + c * table_step;
        const uint8_t* from = x.as<uint8_t>() + c * x.stride(0) + row * x.stride(1);
        T* to = y.as<T>() + c * y.stride(0) + row * y.stride(1);
        const int64_t x_step = x.stride(2), y_step = y.stride(2);
        if (x_step == 1 && y_step == 1) {
          for (int64_t i = 0; i < width; ++i) to[i] = line[from[i]];
        } else {
          for (int64_t i = 0; i < width; ++i) to[i * y_step] = line[from[i * x_step]];
        }
      }
  });
}

enum class Change { kSaturate, kHue };

template <class T>
T stored(float v) {
  if constexpr (std::is_same_v<T, uint8_t>)
    return static_cast<T>(static_cast<int32_t>(v > 0 ? std::min(v, 255.0f) : 0));  // NaN: 0
  else
    return std::clamp(v, 0.0f, 1.0f);
}

template <class T>
void recolour(const Tensor& x, const Tensor& y, Change change, float amount) {
  constexpr bool kWhole = std::is_same_v<T, uint8_t>;
  constexpr int64_t kBlock = 256;
  const ImageTable& table = active::image_table();
  const int64_t width = x.size(2);
  // As conversions from [0, 1] to whole numbers go: the largest share of values becomes 255.
  const float spread = kWhole && change == Change::kHue ? 255.999f / 255 : 1;
  parallel_for(x.size(1), rows_per_chunk(12 * width), [&](int64_t begin, int64_t end) {
    alignas(64) float lines[3][kBlock];
    for (int64_t row = begin; row < end; ++row)
      for (int64_t first = 0; first < width; first += kBlock) {
        const int64_t n = std::min(kBlock, width - first);
        const T* from = x.as<T>() + row * x.stride(1) + first * x.stride(2);
        T* to = y.as<T>() + row * y.stride(1) + first * y.stride(2);
        for (int c = 0; c < 3; ++c)
          for (int64_t i = 0; i < n; ++i)
            lines[c][i] = static_cast<float>(from[c * x.stride(0) + i * x.stride(2)]);
        if (change == Change::kSaturate)
          table.saturate(lines[0], lines[1], lines[2], n, amount, kWhole);
        else
          table.hue(lines[0], lines[1], lines[2], n, amount);
        for (int c = 0; c < 3; ++c)
          for (int64_t i = 0; i < n; ++i)
            to[c * y.stride(0) + i * y.stride(2)] = stored<T>(lines[c][i] * spread);
      }
  });
}

}  // namespace

// x uint8 [channels, height, width] of any strides, table [channels or 1, 256] -> table[c, x] of
// the table's type, which is uint8 or float32; uint8 in x's order in memory, float32 row-major.
FLAMBEAU_KERNEL(image_table) {
  const Tensor& x = call.in(0);
  require_image(x.shape);
  const Tensor table = call.contiguous(call.in(1));
  const OutputSpec& spec = call.spec(0);
  if (x.dtype != DType::kUInt8 || spec.dtype != table.dtype || !(spec.shape == x.shape) ||
      call.in_place(0) || table.ndim() != 2 || table.size(1) != 256 ||
      (table.size(0) != 1 && table.size(0) != x.size(0)))
    throw Failure("ERR_INTERNAL", "image and table do not fit");
  const int64_t step = table.size(0) == 1 ? 0 : 256;
  if (table.dtype == DType::kUInt8)
    return look_up(x, table.as<uint8_t>(), step, call.out_like(0, x));
  if (table.dtype == DType::kFloat32) return look_up(x, table.as<float>(), step, call.out(0));
  throw Failure("ERR_INTERNAL", "a table of this type was not expected");
}

// x [3, height, width] of any strides, uint8 or float32 -> like x, with another saturation or hue
// (parameter 0), by an amount (parameter 1). Results are clamped; uint8 is rounded down.
FLAMBEAU_KERNEL(image_recolour) {
  const Tensor& x = call.in(0);
  require_image(x.shape);
  const OutputSpec& spec = call.spec(0);
  const int64_t change = call.integer(0);
  if (x.size(0) != 3 || spec.dtype != x.dtype || !(spec.shape == x.shape) || call.in_place(0) ||
      change < 0 || change > 1)
    throw Failure("ERR_INTERNAL", "the result is not like the image");
  const float amount = static_cast<float>(call.param(1));
  Tensor& y = call.out_like(0, x);
  if (x.dtype == DType::kUInt8) return recolour<uint8_t>(x, y, static_cast<Change>(change), amount);
  if (x.dtype == DType::kFloat32) return recolour<float>(x, y, static_cast<Change>(change), amount);
  throw Failure("ERR_INTERNAL", "colours of this type were not expected");
}

}  // namespace flambeau
