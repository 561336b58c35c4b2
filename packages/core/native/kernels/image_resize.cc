// Images of another size, each axis by itself.
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "image.h"

namespace flambeau {

namespace {

enum class Filter { kNearest, kLinear, kCubic, kArea, kNearestExact };
constexpr int kNumFilters = 5;

// Keys' cubic: with a = -0.75 interpolating, with a = -0.5 when it also has to smooth, as in
// PyTorch.
double cubic(double t, double a) {
  t = std::fabs(t);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}
double triangle(double t) { return std::max(0.0, 1 - std::fabs(t)); }

// Owns what a ResizeAxis points at.
class AxisWeights {
 public:
  AxisWeights(int64_t input, int64_t output, Filter filter, bool smooth, bool whole) {
    axis_.input = input;
    axis_.output = output;
    const double scale = static_cast<double>(input) / static_cast<double>(output);
    const double stretch = smooth && scale > 1 ? scale : 1;
    const double support = (filter == Filter::kCubic ? 2 : 1) * stretch;
    const int64_t taps = std::min(
        input, static_cast<int64_t>(std::ceil(filter == Filter::kArea ? scale : 2 * support)) + 2);
    axis_.taps = taps;
    start_.resize(output);
    count_.resize(output);
    weights_.resize(output * taps);
    std::vector<double> line;
    for (int64_t i = 0; i < output; ++i) {
      int64_t first, last;
      const double center = scale * (static_cast<double>(i) + 0.5);
      if (filter == Filter::kArea) {
        first = i * input / output;
        last = ((i + 1) * input + output - 1) / output;
        line.assign(last - first, 1);
      } else if (smooth) {
        first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(center - support + 0.5)));
        last = std::min<int64_t>(input, static_cast<int64_t>(std::floor(center + support + 0.5)));
        line.clear();
        for (int64_t k = first; k < last; ++k) {
          const double t = (static_cast<double>(k) - center + 0.5) / stretch;
          line.push_back(filter == Filter::kCubic ? cubic(t, -0.5) : triangle(t));
        }
      } else {
        // What lies beyond an edge counts as the pixel at the edge.
        const int64_t reach = filter == Filter::kCubic ? 2 : 1;
        const int64_t left = static_cast<int64_t>(std::floor(center - 0.5)) - reach + 1;
        first = std::clamp<int64_t>(left, 0, input - 1);
        last = std::clamp<int64_t>(left + 2 * reach - 1, 0, input - 1) + 1;
        line.assign(last - first, 0);
        for (int64_t k = left; k < left + 2 * reach; ++k) {
          const double t = static_cast<double>(k) - center + 0.5;
          line[std::clamp<int64_t>(k, 0, input - 1) - first] +=
              filter == Filter::kCubic ? cubic(t, -0.75) : triangle(t);
        }
      }
      const int64_t count = std::min<int64_t>(static_cast<int64_t>(line.size()), taps);
      double total = 0;
      for (int64_t k = 0; k < count; ++k) total += line[k];
      for (int64_t k = 0; k < count; ++k)
        weights_[i * taps + k] = static_cast<float>(total != 0 ? line[k] / total : 0);
      start_[i] = static_cast<int32_t>(first);
      count_[i] = static_cast<int32_t>(count);
    }
    axis_.start = start_.data();
    axis_.count = count_.data();
    axis_.weights = weights_.data();
    if (whole) make_whole();
  }

  const ResizeAxis& axis() const { return axis_; }

 private:
  // As many bits as let the largest weight fit 16, as PyTorch and Pillow do.
  void make_whole() {
    const float most =
        weights_.empty() ? 1 : std::max(1e-6f, *std::max_element(weights_.begin(), weights_.end()));
    axis_.bits = 1;
    while (axis_.bits < 21 &&
           std::floor(0.5 + most * static_cast<double>(int64_t{2} << axis_.bits)) < 32768)
      ++axis_.bits;
    const float one = static_cast<float>(int64_t{1} << axis_.bits);
    whole_.resize(weights_.size());
    for (size_t i = 0; i < weights_.size(); ++i)
      whole_[i] = static_cast<int16_t>(std::lround(weights_[i] * one));
    axis_.whole = whole_.data();
  }

  ResizeAxis axis_ = {};
  std::vector<int32_t> start_, count_;
  std::vector<float> weights_;
  std::vector<int16_t> whole_;
};

// Images as [outer, height, width, inner], without gaps.
struct Planes {
  int64_t outer, height, width, inner;
};

// x [outer, h, w, inner] -> y [outer, h', w', inner]: rows first, then columns, as PyTorch does.
template <class T>
void resize_planes(Call& call, const Planes& from, const Planes& to, const T* x, T* y,
                   Filter filter, bool smooth) {
  constexpr bool kWhole = std::is_same_v<T, uint8_t>;
  const ImageTable& table = active::image_table();
  const int64_t inner = from.inner, out_row = to.width * inner;
  const bool across = from.width != to.width, down = from.height != to.height;
  const T* lines = x;
  Tensor between;
  if (across) {
    const AxisWeights weights(from.width, to.width, filter, smooth, kWhole);
    T* target = y;
    if (down) {
      between = call.temporary(Shape{from.outer, from.height, out_row}, dtype_of<T>);
      target = between.as<T>();
    }
    const int64_t taps = weights.axis().taps;
    parallel_for(from.outer * from.height, rows_per_chunk(out_row * taps),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) {
                     const T* line = x + i * from.width * inner;
                     if constexpr (kWhole)
                       table.across_u8(weights.axis(), line, target + i * out_row, inner);
                     else
                       table.across_f32(weights.axis(), line, target + i * out_row, inner);
                   }
                 });
    lines = target;
  }
  if (!down) return;
  const AxisWeights weights(from.height, to.height, filter, smooth, kWhole);
  const int64_t taps = weights.axis().taps;
  parallel_for(
      from.outer * to.height, rows_per_chunk(out_row * taps), [&](int64_t begin, int64_t end) {
        std::vector<int32_t> sums(kWhole ? out_row : 0);
        for (int64_t i = begin; i < end; ++i) {
          const int64_t plane = i / to.height, row = i % to.height;
          const T* image = lines + plane * from.height * out_row;
          if constexpr (kWhole)
            table.down_u8(weights.axis(), image, y + i * out_row, out_row, row, sums.data());
          else
            table.down_f32(weights.axis(), image, y + i * out_row, out_row, row);
        }
      });
}

// The pixel that stands for place i, computed in float as PyTorch does.
std::vector<int64_t> nearest_places(int64_t input, int64_t output, bool exact) {
  std::vector<int64_t> places(output);
  const float scale = static_cast<float>(input) / static_cast<float>(output);
  for (int64_t i = 0; i < output; ++i) {
    const float at = static_cast<float>(i) + (exact ? 0.5f : 0.0f);
    places[i] = std::min(input - 1, static_cast<int64_t>(std::floor(at * scale)));
  }
  return places;
}

template <class T>
void pick_planes(const Planes& from, const Planes& to, const T* x, T* y, bool exact) {
  const std::vector<int64_t> rows = nearest_places(from.height, to.height, exact);
  const std::vector<int64_t> columns = nearest_places(from.width, to.width, exact);
  const int64_t inner = from.inner;
  parallel_for(
      from.outer * to.height, rows_per_chunk(to.width * inner), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t plane = i / to.height;
          const T* line = x + (plane * from.height + rows[i % to.height]) * from.width * inner;
          T* target = y + i * to.width * inner;
          for (int64_t j = 0; j < to.width; ++j)
            for (int64_t c = 0; c < inner; ++c)
              target[j * inner + c] = line[columns[j] * inner + c];
        }
      });
}

}  // namespace

// x [channels, height, width] of any strides -> the same type, [channels, out height, out width],
// in x's order in memory if that is row-major or has channels last. Parameters: filter, smooth
// (reach as far as pixels shrink). uint8 and float32; other types with the nearest filters only.
FLAMBEAU_KERNEL(image_resize) {
  require_image(call.in(0).shape);
  const bool interleaved = is_interleaved(call.in(0)) && call.in(0).size(0) <= 4;
  const Tensor x = interleaved ? call.in(0) : call.contiguous(call.in(0));
  const OutputSpec& spec = call.spec(0);
  require_image(spec.shape);
  if (spec.dtype != x.dtype || spec.shape.sizes[0] != x.size(0) || call.in_place(0))
    throw Failure("ERR_INTERNAL", "the result is not like the image");
  const int64_t kind = call.integer(0);
  if (kind < 0 || kind >= kNumFilters) throw Failure("ERR_INTERNAL", "there is no such filter");
  const Filter filter = static_cast<Filter>(kind);
  const bool smooth = call.flag(1);
  const int64_t pixel = x.size(0), strides[] = {1, spec.shape.sizes[2] * pixel, pixel};
  Tensor& y = interleaved ? call.out_strided(0, strides) : call.out(0);
  if (y.numel() == 0) return;
  if (x.numel() == 0) throw Failure("ERR_SHAPE", "an empty image cannot be enlarged");
  const auto planes = [&](const Tensor& t) {
    return interleaved ? Planes{1, t.size(1), t.size(2), t.size(0)}
                       : Planes{t.size(0), t.size(1), t.size(2), 1};
  };
  const Planes from = planes(x), to = planes(y);
  if (from.height == to.height && from.width == to.width) return copy_into(y, x);
  if (filter == Filter::kNearest || filter == Filter::kNearestExact) {
    const bool exact = filter == Filter::kNearestExact;
    switch (x.item_bytes()) {
      case 1: return pick_planes(from, to, x.as<uint8_t>(), y.as<uint8_t>(), exact);
      case 4: return pick_planes(from, to, x.as<uint32_t>(), y.as<uint32_t>(), exact);
      case 8: return pick_planes(from, to, x.as<uint64_t>(), y.as<uint64_t>(), exact);
      default: throw Failure("ERR_INTERNAL", "an element of this size was not expected");
    }
  }
  if (x.dtype == DType::kUInt8)
    return resize_planes(call, from, to, x.as<uint8_t>(), y.as<uint8_t>(), filter, smooth);
  if (x.dtype == DType::kFloat32)
    return resize_planes(call, from, to, x.as<float>(), y.as<float>(), filter, smooth);
  throw Failure("ERR_INTERNAL", "pixels of this type are not blended");
}

}  // namespace flambeau
