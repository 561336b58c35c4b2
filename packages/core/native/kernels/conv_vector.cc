// Convolution with our own vector loops (simd/conv_loops.h): the forward pass over few input
// channels, where a library has too little to vectorise over, and the gradient of the weights.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "conv.h"
#include "conv_loops.h"
#include "isa.h"
#include "parallel.h"
#include "rounding.h"
#include "scratch.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(ConvTable, conv_table)

namespace {

// Input channels up to which the input is repacked into planes.
constexpr int64_t kFewChannels = 4;
constexpr int64_t kMaxTaps = 1024;
// Floats of a band of the repacked input: half of a first-level cache.
constexpr int64_t kBandFloats = 4096;
// Floats of a band of rows of the input and of the output: some of a second-level cache.
constexpr int64_t kWeightBandFloats = 32768;
// Products below which another thread is not worth waking.
constexpr double kProducts = 1 << 20;
constexpr int64_t kMaxShards = 32;
// Pixels that a shard of the weight gradient sums at least: shards are added up in the end.
constexpr int64_t kShardPixels = 512;

// How many of `items`, which take `products` in all, make a chunk of a parallel loop.
int64_t grain(double products, int64_t items) {
  return static_cast<int64_t>(
      std::max(1.0, kProducts / std::max(1.0, products) * static_cast<double>(items)));
}

// A band of rows of the padded input as planes [c][rows][phases][width]: the columns that output
// columns j = 0, 1, 2, … read through one tap lie side by side, whatever the stride. Padding is
// zeros.
class Planes {
 public:
  Planes(const ConvGeometry& g, int64_t output_rows)
      : g_(g),
        rows_((output_rows - 1) * g.stride_h + (g.kh - 1) * g.dilation_h + 1),
        width_(g.ow + (g.kw - 1) * g.dilation_w / g.stride_w),
        memory_(g.c * rows_ * row_floats()) {
    std::memset(memory_.data(), 0, g.c * rows_ * row_floats() * sizeof(float));
  }

  static int64_t band_rows(const ConvGeometry& g) {
    const int64_t row = g.c * g.stride_w * (g.ow + (g.kw - 1) * g.dilation_w / g.stride_w);
    const int64_t extra = (g.kh - 1) * g.dilation_h;
    const int64_t fit = (kBandFloats / row - 1 - extra) / g.stride_h + 1;
    return std::clamp<int64_t>(fit, std::min<int64_t>(g.oh, 4), g.oh);
  }

  int64_t row_floats() const { return g_.stride_w * width_; }
  const float* data() const { return memory_.data(); }

  // Where each tap (kh, kw, c) of output (0, 0) lies.
  std::vector<int64_t> taps() const {
    std::vector<int64_t> list;
    for (int64_t kh = 0; kh < g_.kh; ++kh)
      for (int64_t kw = 0; kw < g_.kw; ++kw)
        for (int64_t c = 0; c < g_.c; ++c) {
          const int64_t column = kw * g_.dilation_w;
          list.push_back((c * rows_ + kh * g_.dilation_h) * row_floats() +
                         column % g_.stride_w * width_ + column / g_.stride_w);
        }
    return list;
  }

  // Copies what `output_rows` rows from `oh` on read, from image `n` of x.
  void fill(const Tensor& x, int64_t n, int64_t oh, int64_t output_rows) {
    const int64_t needed = (output_rows - 1) * g_.stride_h + (g_.kh - 1) * g_.dilation_h + 1;
    const float* image = x.as<float>() + n * x.stride(0);
    for (int64_t c = 0; c < g_.c; ++c)
      for (int64_t r = 0; r < needed; ++r) {
        float* to = memory_.data() + (c * rows_ + r) * row_floats();
        const int64_t h = oh * g_.stride_h + r - g_.pad_h;
        if (h < 0 || h >= g_.h) {
          std::memset(to, 0, row_floats() * sizeof(float));
        } else {
          copy_row(image + c * x.stride(1) + h * x.stride(2), x.stride(3), to);
        }
      }
  }

 private:
  void copy_row(const float* from, int64_t step, float* to) const {
    for (int64_t phase = 0; phase < g_.stride_w; ++phase, to += width_) {
      // Column j of this phase is column j · stride + phase - pad of the input.
      const int64_t shift = phase - g_.pad_w;
      const int64_t first = shift >= 0 ? 0 : ceil_div(-shift, g_.stride_w);
      const int64_t end = std::min(width_, shift >= g_.w ? 0 : ceil_div(g_.w - shift, g_.stride_w));
      if (first >= end) continue;
      const float* source = from + (first * g_.stride_w + shift) * step;
      const int64_t jump = step * g_.stride_w;
      if (jump == 1) {
        std::memcpy(to + first, source, (end - first) * sizeof(float));
      } else {
        for (int64_t j = first; j < end; ++j, source += jump) to[j] = *source;
      }
    }
  }

  const ConvGeometry& g_;
  int64_t rows_;
  int64_t width_;
  Scratch<float> memory_;
};

// Padding and dilation within reason, so that planes are not much larger than the input.
bool is_ordinary(const ConvGeometry& g) {
  return !g.volume && g.n > 0 && g.o > 0 && g.c > 0 && g.groups == 1 &&
         g.pad_h <= g.kh * g.dilation_h && g.pad_w <= g.kw * g.dilation_w && g.dilation_h <= 64 &&
         g.dilation_w <= 64 && g.stride_h <= 64 && g.stride_w <= 64;
}

bool has_few_channels(const ConvGeometry& g) {
  return g.c <= kFewChannels && g.kh * g.kw <= kMaxTaps / g.c;
}

// Weights [o, c, kh, kw] as [blocks, taps, lanes], taps ordered kh, kw, c; zeros fill the last
// block.
Tensor pack_weights(const ConvGeometry& g, const float* w, int64_t lanes) {
  const int64_t taps = g.c * g.kh * g.kw;
  const int64_t blocks = ceil_div(g.o, lanes);
  Tensor packed = empty_tensor({blocks, taps, lanes}, DType::kFloat32);
  float* to = packed.as<float>();
  std::memset(to, 0, packed.numel() * sizeof(float));
  for (int64_t o = 0; o < g.o; ++o)
    for (int64_t c = 0; c < g.c; ++c)
      for (int64_t k = 0; k < g.kh * g.kw; ++k)
        to[(o / lanes * taps + k * g.c + c) * lanes + o % lanes] = *w++;
  return packed;
}

}  // namespace

bool vector_forward_fits(const ConvGeometry& g) { return is_ordinary(g) && has_few_channels(g); }

void vector_forward(const ConvGeometry& g, const Tensor& x, const float* w, const float* bias,
                    float* y) {
  const ConvTable& table = active::conv_table();
  const Tensor weights = pack_weights(g, w, table.lanes);
  const int64_t padded = ceil_div(g.o, table.lanes) * table.lanes;
  std::vector<float> biases(static_cast<size_t>(padded), 0.0f);
  if (bias) std::copy(bias, bias + g.o, biases.begin());

  const int64_t rows = Planes::band_rows(g);
  const int64_t bands = ceil_div(g.oh, rows);
  parallel_for(g.n * bands, grain(g.image_products(), bands), [&](int64_t begin, int64_t end) {
    Planes planes(g, rows);
    const std::vector<int64_t> taps = planes.taps();
    ConvRow row;
    row.taps = taps.data();
    row.num_taps = static_cast<int64_t>(taps.size());
    row.weights = weights.as<float>();
    row.bias = biases.data();
    row.columns = g.ow;
    row.channels = g.o;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / bands, first = unit % bands * rows;
      const int64_t count = std::min(rows, g.oh - first);
      planes.fill(x, n, first, count);
      for (int64_t i = 0; i < count; ++i) {
        row.x = planes.data() + i * g.stride_h * planes.row_floats();
        row.y = y + (n * g.oh + first + i) * g.ow * g.o;
        table.row(row);
      }
    }
  });
}

namespace {

// The sums of one shard: weights as [kh, kw, c] taps by output channels, then the bias.
class WeightSums {
 public:
  WeightSums(const ConvGeometry& g, float* sums)
      : g_(g),
        table_(active::conv_table()),
        sums_(sums),
        width_(ceil_div(g.o, table_.lanes) * table_.lanes) {
    std::memset(sums_, 0, floats(g) * sizeof(float));
  }

  static int64_t floats(const ConvGeometry& g) {
    const int64_t lanes = active::conv_table().lanes;
    return (g.c * g.kh * g.kw + 1) * ceil_div(g.o, lanes) * lanes;
  }
  static int64_t band_rows(const ConvGeometry& g) {
    if (has_few_channels(g)) return Planes::band_rows(g);
    const int64_t row = std::max(g.w * g.c * g.stride_h, g.ow * g.o);
    return std::clamp<int64_t>(kWeightBandFloats / row, 1, g.oh);
  }

  // Adds rows [first, first + count) of image n; `planes` holds what they read.
  void add_planes(const Planes& planes, const std::vector<int64_t>& taps, const float* dy,
                  int64_t count) {
    table_.weight_band({planes.data(), g_.stride_h * planes.row_floats(), 1, taps.data(),
                        static_cast<int64_t>(taps.size()), dy, g_.ow * g_.o, count, g_.ow, g_.o,
                        sums_});
  }

  // The same, reading image `x` itself: for each place of the kernel the pixels that see the input.
  void add_image(const float* x, const std::vector<int64_t>& channels, const float* dy,
                 int64_t first, int64_t count) {
    for (int64_t kh = 0; kh < g_.kh; ++kh)
      for (int64_t kw = 0; kw < g_.kw; ++kw) {
        const int64_t down = kh * g_.dilation_h - g_.pad_h, right = kw * g_.dilation_w - g_.pad_w;
        const auto [i0, i1] = inside(first, first + count, down, g_.stride_h, g_.h);
        const auto [j0, j1] = inside(0, g_.ow, right, g_.stride_w, g_.w);
        if (i0 >= i1 || j0 >= j1) continue;
        const float* from =
            x + ((i0 * g_.stride_h + down) * g_.w + j0 * g_.stride_w + right) * g_.c;
        table_.weight_band({from, g_.stride_h * g_.w * g_.c, g_.stride_w * g_.c, channels.data(),
                            g_.c, dy + ((i0 - first) * g_.ow + j0) * g_.o, g_.ow * g_.o, i1 - i0,
                            j1 - j0, g_.o, sums_ + (kh * g_.kw + kw) * g_.c * width_});
      }
  }

  void add_bias(const float* dy, int64_t count) {
    table_.pixel_sums(dy, count * g_.ow, g_.o, sums_ + g_.c * g_.kh * g_.kw * width_);
  }

 private:
  // The outputs of [begin, end) whose input i · stride + shift lies in [0, size).
  static std::pair<int64_t, int64_t> inside(int64_t begin, int64_t end, int64_t shift,
                                            int64_t stride, int64_t size) {
    const int64_t first = shift >= 0 ? 0 : ceil_div(-shift, stride);
    const int64_t last = shift >= size ? 0 : ceil_div(size - shift, stride);
    return {std::max(begin, first), std::min(end, last)};
  }

  const ConvGeometry& g_;
  const ConvTable& table_;
  float* sums_;
  int64_t width_;
};

// Adds the shards in their order and writes dw as [o, c, kh, kw].
void combine(const ConvGeometry& g, const float* sums, int64_t shards, int64_t shard_floats,
             float* dw, float* db) {
  const int64_t lanes = active::conv_table().lanes;
  const int64_t blocks = ceil_div(g.o, lanes), width = blocks * lanes;
  const int64_t area = g.kh * g.kw, taps = g.c * area;
  parallel_for(blocks, grain(static_cast<double>(taps * width * shards), blocks),
               [&](int64_t begin, int64_t end) {
                 std::vector<float> total(static_cast<size_t>(lanes));
                 for (int64_t block = begin; block < end; ++block) {
                   const int64_t first = block * lanes, count = std::min(lanes, g.o - first);
                   for (int64_t tap = 0; tap <= taps; ++tap) {
                     const float* from = sums + tap * width + first;
                     std::copy(from, from + count, total.begin());
                     for (int64_t s = 1; s < shards; ++s)
                       for (int64_t i = 0; i < count; ++i) total[i] += from[s * shard_floats + i];
                     if (tap == taps) {
                       if (db) std::copy(total.begin(), total.begin() + count, db + first);
                     } else {
                       float* to = dw + first * taps + tap % g.c * area + tap / g.c;
                       for (int64_t i = 0; i < count; ++i) to[i * taps] = total[i];
                     }
                   }
                 }
               });
}

}  // namespace

bool vector_weight_grad_fits(const ConvGeometry& g) {
  constexpr int64_t kChannelProducts = 128 * 128;
  return is_ordinary(g) && (has_few_channels(g) || g.c <= kChannelProducts / g.o);
}

bool vector_weight_grad_repacks(const ConvGeometry& g) { return has_few_channels(g); }

void vector_weight_grad(const ConvGeometry& g, const Tensor& x, const float* dy, float* dw,
                        float* db) {
  const int64_t rows = WeightSums::band_rows(g);
  const int64_t bands = ceil_div(g.oh, rows);
  const int64_t units = g.n * bands;
  // Of the sizes alone, so that the sums do not depend on the number of threads.
  const double products = static_cast<double>(g.n) * g.image_products();
  const int64_t worthwhile = static_cast<int64_t>(std::min(1e6, products / kProducts));
  const int64_t shards = std::max<int64_t>(
      1, std::min({units, kMaxShards, g.n * g.oh * g.ow / kShardPixels, worthwhile}));
  const int64_t shard_floats = WeightSums::floats(g);
  const Tensor sums = empty_tensor({shards, shard_floats}, DType::kFloat32);
  const bool repack = has_few_channels(g);
  parallel_for(shards, 1, [&](int64_t begin, int64_t end) {
    for (int64_t shard = begin; shard < end; ++shard) {
      WeightSums part(g, sums.as<float>() + shard * shard_floats);
      std::vector<int64_t> taps;
      std::optional<Planes> planes;
      if (repack) {
        planes.emplace(g, rows);
        taps = planes->taps();
      } else {
        taps.resize(static_cast<size_t>(g.c));
        std::iota(taps.begin(), taps.end(), int64_t{0});
      }
      for (int64_t unit = units * shard / shards; unit < units * (shard + 1) / shards; ++unit) {
        const int64_t n = unit / bands, first = unit % bands * rows;
        const int64_t count = std::min(rows, g.oh - first);
        const float* grad = dy + (n * g.oh + first) * g.ow * g.o;
        if (repack) {
          planes->fill(x, n, first, count);
          part.add_planes(*planes, taps, grad, count);
        } else {
          part.add_image(x.as<float>() + n * g.h * g.w * g.c, taps, grad, first, count);
        }
        if (db) part.add_bias(grad, count);
      }
    }
  });
  combine(g, sums.as<float>(), shards, shard_floats, dw, db);
}

}  // namespace flambeau
