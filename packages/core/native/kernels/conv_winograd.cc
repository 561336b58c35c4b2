// Winograd's convolution: 3×3 kernels without steps, in tiles of 4×4 outputs. Threads take groups
// of tiles; each group is transformed, multiplied plane by plane, and transformed back while it is
// in the caches. A result's bits depend neither on the threads nor on the grouping: every element
// is a sum over the channels in their order, or, in the gradient of the kernels, over groups of
// tiles whose size follows from the channels.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "conv.h"
#include "isa.h"
#include "parallel.h"
#include "rounding.h"
#include "scratch.h"
#include "winograd.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(WinogradTable, winograd_table)

namespace {

// Floats of the transformed tiles of a group: they are written and read once, by one thread.
constexpr int64_t kGroupFloats = int64_t{1} << 18;
constexpr int64_t kLeastGroup = 28, kMostGroup = 252;
// Smaller images gain less, and the layers that see them tend to react to the last bits: statistics
// of few numbers, gradients that a sign decides.
constexpr int64_t kLeastSide = 12;
// Floats of transformed weights at a time: more output channels are computed one part after the
// other.
constexpr int64_t kWeightFloats = int64_t{6} << 20;

// What the tiles are of: `from` [n, h, w, in] becomes `to` [n, oh, ow, out], or so many channels of
// its pixels, which lie `to_pixel` floats apart.
struct Pass {
  int64_t n, h, w, in, oh, ow, out, pad_h, pad_w, to_pixel;
  int64_t rows() const { return ceil_div(oh, kWinogradTile); }
  int64_t columns() const { return ceil_div(ow, kWinogradTile); }
  int64_t tiles() const { return n * rows() * columns(); }
};

// The gradient of the input is a convolution of the output's with the kernels turned around.
Pass forward_pass(const ConvGeometry& g) {
  return {g.n, g.h, g.w, g.c, g.oh, g.ow, g.o, g.pad_h, g.pad_w, g.o};
}
Pass gradient_pass(const ConvGeometry& g) {
  return {g.n, g.oh, g.ow, g.o, g.h, g.w, g.c, 2 - g.pad_h, 2 - g.pad_w, g.c};
}

bool switched_on() {
  static const bool on = [] {
    const char* value = std::getenv("FLAMBEAU_WINOGRAD");
    return value == nullptr || std::strcmp(value, "0") != 0;
  }();
  return on;
}

// In products of one multiplication: transforming takes about so many per float.
constexpr double kTileCost = 20, kWeightCost = 40;

bool worthwhile(const Pass& p) {
  const double in = static_cast<double>(p.in), out = static_cast<double>(p.out);
  const double pixels = static_cast<double>(p.n * p.oh * p.ow);
  const double direct = 9 * pixels * in * out;
  const double planes = static_cast<double>(kWinogradPlanes);
  const double here =
      planes * (static_cast<double>(p.tiles()) * (in * out + kTileCost * (in + out)) +
                kWeightCost * in * out);
  return here * 1.25 < direct;
}

// Kernel (k, o) of k < in and o < out lies at data + k · inner + o · outer.
struct Weights {
  const float* data;
  int64_t inner, outer;
  bool flipped;
};

// weights [36, out / lanes, in, lanes].
void transform_weights(const WinogradTable& table, const Pass& p, const Weights& w, float* planes) {
  const int64_t lanes = table.lanes, plane = p.in * p.out;
  constexpr int64_t kRun = 64;
  const int64_t runs = ceil_div(p.in, kRun);
  parallel_for(p.out / lanes * runs, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / runs, k = i % runs * kRun;
      table.weights(w.data + block * lanes * w.outer + k * w.inner, w.inner, w.outer, w.flipped,
                    std::min(kRun, p.in - k), planes + (block * p.in + k) * lanes, plane);
    }
  });
}

// Where the pixels of tile `tile` lie that its outputs read; `nothing` beyond the image.
void patch_pixels(const Pass& p, const float* from, int64_t tile, const float* nothing,
                  const float** pixels) {
  const int64_t columns = p.columns(), per_image = p.rows() * columns;
  const int64_t image = tile / per_image, at = tile % per_image;
  const int64_t top = at / columns * kWinogradTile - p.pad_h;
  const int64_t left = at % columns * kWinogradTile - p.pad_w;
  for (int64_t i = 0; i < kWinogradPatch; ++i)
    for (int64_t j = 0; j < kWinogradPatch; ++j) {
      const int64_t row = top + i, column = left + j;
      const bool inside = row >= 0 && row < p.h && column >= 0 && column < p.w;
      pixels[i * kWinogradPatch + j] =
          inside ? from + ((image * p.h + row) * p.w + column) * p.in : nothing;
    }
}

// Where the outputs of the tile lie; `nothing` beyond the image.
template <class T>
void tile_pixels(const Pass& p, T* to, int64_t tile, T* nothing, T** pixels) {
  const int64_t columns = p.columns(), per_image = p.rows() * columns;
  const int64_t image = tile / per_image, at = tile % per_image;
  const int64_t top = at / columns * kWinogradTile, left = at % columns * kWinogradTile;
  for (int64_t i = 0; i < kWinogradTile; ++i)
    for (int64_t j = 0; j < kWinogradTile; ++j) {
      const bool inside = top + i < p.oh && left + j < p.ow;
      pixels[i * kWinogradTile + j] =
          inside ? to + ((image * p.oh + top + i) * p.ow + left + j) * p.to_pixel : nothing;
    }
}

void run_part(const Pass& p, const float* from, const Weights& w, const float* bias, float* to) {
  const WinogradTable& table = active::winograd_table();
  const int64_t lanes = table.lanes, tiles = p.tiles();
  const Scratch<float> weights(kWinogradPlanes * p.in * p.out);
  transform_weights(table, p, w, weights.data());
  const std::vector<float> nothing(static_cast<size_t>(p.in));
  int64_t group =
      std::clamp(kGroupFloats / (p.in + p.out) / kWinogradPlanes / kLeastGroup * kLeastGroup,
                 kLeastGroup, kMostGroup);
  // The weights are read once per group: where they are large, groups are too.
  if (p.in * p.out >= int64_t{1} << 15) group = std::max<int64_t>(group, 84);
  group = std::min(group, std::max<int64_t>(kLeastGroup, ceil_div(tiles, 2 * num_threads())));
  parallel_for(ceil_div(tiles, group), 1, [&](int64_t begin, int64_t end) {
    const Scratch<float> in(kWinogradPlanes * group * p.in);
    const Scratch<float> out(kWinogradPlanes * group * p.out);
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part * group, count = std::min(group, tiles - first);
      for (int64_t t = 0; t < count; ++t) {
        const float* pixels[kWinogradPlanes];
        patch_pixels(p, from, first + t, nothing.data(), pixels);
        table.input(pixels, p.in, in.data() + t * p.in, group * p.in);
      }
      for (int64_t plane = 0; plane < kWinogradPlanes; ++plane)
        table.product(in.data() + plane * group * p.in, count, p.in,
                      weights.data() + plane * p.in * p.out, p.in * lanes, p.out / lanes,
                      out.data() + plane * group * p.out, p.out);
      for (int64_t t = 0; t < count; ++t) {
        float* pixels[kWinogradTile * kWinogradTile];
        tile_pixels<float>(p, to, first + t, nullptr, pixels);
        table.output(out.data() + t * p.out, group * p.out, bias, p.out, pixels);
      }
    }
  });
}

// Output channels that are computed at a time.
int64_t part_channels(const Pass& p) {
  const int64_t step = 4 * active::winograd_table().lanes;
  return std::max<int64_t>(step, kWeightFloats / kWinogradPlanes / p.in / step * step);
}

void run(const Pass& p, const float* from, const Weights& w, const float* bias, float* to) {
  const int64_t most = part_channels(p);
  for (int64_t first = 0; first < p.out; first += most) {
    Pass part = p;
    part.out = std::min(most, p.out - first);
    Weights part_weights = w;
    part_weights.data += first * w.outer;
    run_part(part, from, part_weights, bias ? bias + first : nullptr, to + first);
  }
}

bool allowed(const ConvGeometry& g, const Pass& p) {
  const int64_t lanes = active::winograd_table().lanes;
  return switched_on() && !g.volume && g.groups == 1 && g.kh == 3 && g.kw == 3 && g.stride_h == 1 &&
         g.stride_w == 1 && g.dilation_h == 1 && g.dilation_w == 1 && g.pad_h <= 2 &&
         g.pad_w <= 2 && p.in > 0 && p.out > 0 && p.in % lanes == 0 && p.out % lanes == 0 &&
         p.oh >= kLeastSide && p.ow >= kLeastSide;
}

// --- the gradient of the kernels: Gᵀ [sum over tiles of (Bᵀ d B) ⊙ (A e Aᵀ)] G ---

// Tiles that are transformed before they are multiplied: few enough to stay in the caches, and many
// enough that the sums so far, which each group adds to, are not read and written too often.
int64_t gradient_group(const Pass& p) {
  constexpr int64_t kFloats = int64_t{1} << 20, kMost = 1024;
  const int64_t least = p.in * p.out < int64_t{1} << 16 ? 112 : 192;
  const int64_t count = kFloats / kWinogradPlanes / (p.in + p.out);
  return std::min(p.tiles(), std::clamp(count, least, kMost));
}

bool gradient_worthwhile(const Pass& p) {
  // In products, as above: what it takes to add up an element once.
  constexpr double kSumCost = 50;
  const double in = static_cast<double>(p.in), out = static_cast<double>(p.out);
  const double tiles = static_cast<double>(p.tiles());
  const double groups = static_cast<double>(ceil_div(p.tiles(), gradient_group(p)));
  const double direct = 9 * static_cast<double>(p.n * p.oh * p.ow) * in * out;
  const double here =
      static_cast<double>(kWinogradPlanes) *
      (tiles * (in * out + kTileCost * (in + out)) + (groups * kSumCost + kWeightCost) * in * out);
  return here * 1.25 < direct;
}

void weight_grad_part(const Pass& p, const float* x, const float* dy, float* dw, float* db) {
  // Rows of sums that a thread adds to at a time.
  constexpr int64_t kRows = 84;
  const WinogradTable& table = active::winograd_table();
  const int64_t group = gradient_group(p), tiles = p.tiles(), plane = p.in * p.out;
  const Scratch<float> sums(kWinogradPlanes * plane);
  const Scratch<float> in(kWinogradPlanes * group * p.in), out(kWinogradPlanes * group * p.out);
  const std::vector<float> nothing(static_cast<size_t>(std::max(p.in, p.out)));
  std::vector<double> bias(static_cast<size_t>(p.out));
  const int64_t runs = ceil_div(p.out, kRows);
  for (int64_t first = 0; first < tiles; first += group) {
    const int64_t count = std::min(group, tiles - first);
    parallel_for(count, 8, [&](int64_t begin, int64_t end) {
      const float* pixels[kWinogradPlanes];
      for (int64_t t = begin; t < end; ++t) {
        patch_pixels(p, x, first + t, nothing.data(), pixels);
        table.input(pixels, p.in, in.data() + t * p.in, group * p.in);
        tile_pixels<const float>(p, dy, first + t, nothing.data(), pixels);
        table.spread(pixels, p.out, out.data() + t * p.out, group * p.out);
      }
    });
    parallel_for(kWinogradPlanes * runs, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = i / runs, row = i % runs * kRows, rows = std::min(kRows, p.out - row);
        float* to = sums.data() + at * plane + row * p.in;
        if (first == 0) std::fill(to, to + rows * p.in, 0.0f);
        table.outer(out.data() + at * group * p.out + row, p.out, rows,
                    in.data() + at * group * p.in, p.in, count, to);
      }
    });
    // Element (1, 1) of A e Aᵀ is the sum of the tile.
    const float* totals = out.data() + (kWinogradPatch + 1) * group * p.out;
    for (int64_t t = 0; db && t < count; ++t)
      for (int64_t o = 0; o < p.out; ++o)
        bias[static_cast<size_t>(o)] += static_cast<double>(totals[t * p.out + o]);
  }
  parallel_for(p.out, std::max<int64_t>(1, 4096 / p.in), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o)
      table.fold(sums.data() + o * p.in, plane, p.in, dw + o * p.in * 9);
  });
  for (int64_t o = 0; db && o < p.out; ++o)
    db[o] = static_cast<float>(bias[static_cast<size_t>(o)]);
}

}  // namespace

bool winograd_forward_fits(const ConvGeometry& g) {
  const Pass p = forward_pass(g);
  return allowed(g, p) && worthwhile(p);
}
bool winograd_input_grad_fits(const ConvGeometry& g) {
  const Pass p = gradient_pass(g);
  return allowed(g, p) && worthwhile(p);
}
bool winograd_weight_grad_fits(const ConvGeometry& g) {
  const Pass p = forward_pass(g);
  return allowed(g, p) && gradient_worthwhile(p);
}

void winograd_forward(const ConvGeometry& g, const float* x, const float* w, const float* bias,
                      float* y) {
  run(forward_pass(g), x, {w, 9, g.c * 9, false}, bias, y);
}

void winograd_input_grad(const ConvGeometry& g, const float* dy, const float* w, float* dx) {
  run(gradient_pass(g), dy, {w, g.c * 9, 9, true}, nullptr, dx);
}

void winograd_weight_grad(const ConvGeometry& g, const float* x, const float* dy, float* dw,
                          float* db) {
  const Pass p = forward_pass(g);
  const int64_t most = part_channels(p);
  for (int64_t first = 0; first < p.out; first += most) {
    Pass part = p;
    part.out = std::min(most, p.out - first);
    weight_grad_part(part, x, dy + first, dw + first * p.in * 9, db ? db + first : nullptr);
  }
}

}  // namespace flambeau
