// Images drawn by asking for each pixel where it comes from: rotations, affine and perspective
// maps.
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "image.h"

namespace flambeau {

namespace {

enum class Sampling { kNearest, kBilinear, kBicubic };

using WarpLoop = void (*)(const WarpRow&);

WarpLoop warp_loop(DType dtype, Sampling sampling) {
  const ImageTable& table = active::image_table();
  if (sampling == Sampling::kNearest) switch (element_size(dtype)) {
      case 1: return table.nearest_8;
      case 2: return table.nearest_16;
      case 4: return table.nearest_32;
      default: return table.nearest_64;
    }
  const bool linear = sampling == Sampling::kBilinear;
  if (dtype == DType::kUInt8) return linear ? table.bilinear_u8 : table.bicubic_u8;
  if (dtype == DType::kFloat32) return linear ? table.bilinear_f32 : table.bicubic_f32;
  throw Failure("ERR_INTERNAL", "pixels of this type are not blended");
}

// A place that may be chosen from a list of n.
int64_t choice(Call& call, int i, int64_t n) {
  const int64_t value = call.integer(i);
  if (value < 0 || value >= n) throw Failure("ERR_INTERNAL", "there is no such mode");
  return value;
}

// The value of type T nearest to `value`; 0 for NaN in types of whole numbers.
template <class T>
T as_pixel(double value) {
  if constexpr (!std::is_integral_v<T>) {
    return static_cast<T>(value);
  } else {
    using Limits = std::numeric_limits<T>;
    if (value >= static_cast<double>(Limits::max())) return Limits::max();
    if (value <= static_cast<double>(Limits::lowest())) return Limits::lowest();
    return std::isnan(value) ? T{} : static_cast<T>(value);
  }
}

}  // namespace

// x [channels, height, width] of any strides -> the same type, [channels, out height, out width],
// in x's order in memory. Parameters: sampling, border, the nine numbers of the map from pixels of
// the result to those of x, then the fill for each channel. uint8 and float32 can be blended, all
// types can be sampled. See WarpRow.
FLAMBEAU_KERNEL(image_warp) {
  const Tensor& x = call.in(0);
  require_image(x.shape);
  const OutputSpec& spec = call.spec(0);
  require_image(spec.shape);
  const int64_t channels = x.size(0);
  if (spec.dtype != x.dtype || spec.shape.sizes[0] != channels || call.in_place(0))
    throw Failure("ERR_INTERNAL", "the result is not like the image");
  if (call.num_params() != 11 + channels)
    throw Failure("ERR_VALUE", "the fill needs one number for each channel");
  WarpRow base;
  const WarpLoop loop = warp_loop(x.dtype, static_cast<Sampling>(choice(call, 0, 3)));
  base.border = static_cast<Border>(choice(call, 1, kNumBorders));
  const bool blends = call.integer(0) != 0;
  for (int i = 0; i < 9; ++i) base.m[i] = call.param(2 + i);
  std::vector<char> fill(static_cast<size_t>(channels) * sizeof(double));
  with_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < channels; ++c) {
      const double value = call.param(static_cast<int>(11 + c));
      if (blends)
        reinterpret_cast<float*>(fill.data())[c] = static_cast<float>(value);
      else
        reinterpret_cast<T*>(fill.data())[c] = as_pixel<T>(value);
    }
  });
  Tensor& y = call.out_like(0, x);
  if (y.numel() == 0) return;
  if (x.numel() == 0 && base.border != Border::kConstant)
    throw Failure("ERR_SHAPE", "an empty image has no edge to continue");
  base.x = x.data;
  base.channels = channels;
  base.height = x.size(1);
  base.width = x.size(2);
  base.x_channel = x.stride(0);
  base.x_row = x.stride(1);
  base.x_column = x.stride(2);
  base.y_channel = y.stride(0);
  base.y_column = y.stride(2);
  base.out_width = y.size(2);
  base.fill = fill.data();
  const int64_t row_bytes = y.stride(1) * static_cast<int64_t>(y.item_bytes());
  parallel_for(y.size(1), rows_per_chunk(4 * channels * y.size(2)), [&](int64_t from, int64_t to) {
    WarpRow row = base;
    for (int64_t i = from; i < to; ++i) {
      row.row = i;
      row.y = y.data + i * row_bytes;
      loop(row);
    }
  });
}

}  // namespace flambeau
