// Convolution of float64 by matrix products: what the taps of some pixels see is laid out as the
// rows of a matrix, and multiplied by the weights. The bits of a result depend on the operands and,
// as those of products, on num_threads().
#include <algorithm>
#include <vector>

#include "context.h"
#include "conv.h"
#include "conv_sight.h"
#include "gemm.h"
#include "parallel.h"
#include "rounding.h"
#include "scratch.h"

namespace flambeau {

namespace {

// Calls body(place in w, group, output channel of it, tap, place in the group's inputs' channels).
template <class Body>
void for_weights(const ConvGeometry& g, const std::vector<int64_t>& taps, Body&& body) {
  const int64_t gc = g.group_c(), go = g.group_o(), count = static_cast<int64_t>(taps.size());
  parallel_for(
      g.o, std::max<int64_t>(1, 65536 / (gc * count + 1)), [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o)
          for (int64_t k = 0; k < count; ++k)
            for (int64_t c = 0; c < gc; ++c)
              body((o * gc + c) * g.taps() + taps[static_cast<size_t>(k)], o / go, o % go, k, c);
      });
}

// Places whose rows of `width` numbers take about two megabytes, and enough of them for a product
// to be worth its look at the weights.
int64_t block_of(int64_t width) { return std::clamp<int64_t>((1 << 18) / (width + 1), 64, 512); }

// Numbers that may be laid out at once, so that all threads share a product.
constexpr int64_t kAtOnce = 1 << 20;

// The same channels of the same pixels: nothing needs laying out.
bool sees_itself(const ConvGeometry& g) {
  return g.taps() == 1 && g.x_pixels() == g.y_pixels() &&
         g.stride_d * g.stride_h * g.stride_w == 1 && g.pad_d + g.pad_h + g.pad_w == 0;
}

double all_products(const ConvGeometry& g) { return static_cast<double>(g.n) * g.image_products(); }

// What all images' places see, times the weights: to [places, groups · columns].
struct Lowered {
  const Sight& sight;
  int64_t images, groups;
  const double* from;  // [pixels, groups · channels]
  int64_t channels;
  bool plain;  // each place sees the pixel of its number
  // Of the first group, [taps · channels, columns]; the others follow.
  Matrix<double> weights;
  int64_t columns;
  const double* bias;  // null: none
  double* to;

  int64_t places() const { return images * sight.places(); }
  int64_t width() const { return sight.taps() * channels; }

  // A group's product of the places [begin, end), which `rows` has room for.
  Product<double> product(int64_t group, int64_t begin, int64_t end, double* rows) const {
    Product<double> p;
    p.m = end - begin, p.n = columns, p.k = width();
    p.a = {rows, p.k, 1};
    if (plain) p.a = {from + begin * groups * channels + group * channels, groups * channels, 1};
    p.b = weights;
    p.b.data += group * p.k * columns;
    p.bias = bias ? bias + group * columns : nullptr;
    p.c = to + begin * groups * columns + group * columns;
    p.c_row = groups * columns;
    return p;
  }
  void lay_out(int64_t group, int64_t begin, int64_t end, double* rows) const {
    if (plain) return;
    gather(sight, from + group * channels, groups * channels, channels, begin, end, rows);
  }
  void multiply_all() const;
};

void Lowered::multiply_all() const {
  const int64_t block = block_of(width()), total = places();
  if (total * width() <= kAtOnce || total <= block) {
    const Scratch<double> rows(plain ? 0 : total * width());
    for (int64_t group = 0; group < groups; ++group) {
      parallel_for(total, std::max<int64_t>(1, 16384 / (width() + 1)),
                   [&](int64_t begin, int64_t end) {
                     lay_out(group, begin, end, rows.data() + begin * width());
                   });
      multiply(product(group, 0, total, rows.data()));
    }
    return;
  }
  parallel_for(total, block, [&](int64_t first, int64_t last) {
    const Scratch<double> rows(plain ? 0 : block * width());
    for (int64_t begin = first; begin < last; begin += block)
      for (int64_t group = 0; group < groups; ++group) {
        const int64_t end = std::min(begin + block, last);
        lay_out(group, begin, end, rows.data());
        multiply_serial(product(group, begin, end, rows.data()));
      }
  });
}

}  // namespace

bool product_conv_fits(const ConvGeometry& g) {
  return std::min(g.group_c() * g.taps(), g.group_o()) >= 4;
}

void product_forward(const ConvGeometry& g, const double* x, const double* w, const double* bias,
                     double* y) {
  const Sight sight = forward_sight(g);
  const int64_t gc = g.group_c(), go = g.group_o(), width = g.taps() * gc;
  const Scratch<double> packed(g.o * width);  // [groups, group_o, taps, group_c]
  for_weights(g, tap_numbers(g, sight),
              [&](int64_t at, int64_t group, int64_t o, int64_t k, int64_t c) {
                packed.data()[((group * go + o) * g.taps() + k) * gc + c] = w[at];
              });
  Lowered{sight, g.n, g.groups, x, gc, sees_itself(g), {packed.data(), 1, width}, go, bias, y}
      .multiply_all();
}

namespace {

// The gradient of the inputs that lie as `sight` says, the first one at `origin` [d, h, w].
void phase_grad(const ConvGeometry& g, const Sight& sight, const int64_t (&origin)[3],
                const double* dy, const double* w, double* dx) {
  const int64_t gc = g.group_c(), go = g.group_o(), taps = sight.taps();
  const Scratch<double> packed(g.groups * taps * go * gc);  // [groups, taps, group_o, group_c]
  for_weights(g, tap_numbers(g, sight),
              [&](int64_t at, int64_t group, int64_t o, int64_t k, int64_t c) {
                packed.data()[((group * taps + k) * go + o) * gc + c] = w[at];
              });
  const bool whole = g.stride_d * g.stride_h * g.stride_w == 1;
  const int64_t places = g.n * sight.places();
  const Scratch<double> apart(whole ? 0 : places * g.c);
  double* const to = whole ? dx : apart.data();
  Lowered{sight, g.n, g.groups, dy, go, sees_itself(g), {packed.data(), gc, 1}, gc, nullptr, to}
      .multiply_all();
  if (whole) return;
  parallel_for(places, std::max<int64_t>(1, 16384 / g.c), [&](int64_t begin, int64_t end) {
    for_places(sight, begin, end, [&](int64_t row, int64_t n, int64_t d, int64_t h, int64_t at) {
      const int64_t to_d = origin[0] + d * g.stride_d, to_h = origin[1] + h * g.stride_h;
      const int64_t pixel = ((n * g.d + to_d) * g.h + to_h) * g.w + origin[2] + at * g.stride_w;
      std::copy_n(to + (begin + row) * g.c, g.c, dx + pixel * g.c);
    });
  });
}

}  // namespace

void product_input_grad(const ConvGeometry& g, const double* dy, const double* w, double* dx) {
  for (int64_t d = 0; d < std::min(g.stride_d, g.d); ++d)
    for (int64_t h = 0; h < std::min(g.stride_h, g.h); ++h)
      for (int64_t at = 0; at < std::min(g.stride_w, g.w); ++at) {
        const Sight sight = {backward_axis(d, g.d, g.od, g.kd, g.stride_d, g.pad_d, g.dilation_d),
                             backward_axis(h, g.h, g.oh, g.kh, g.stride_h, g.pad_h, g.dilation_h),
                             backward_axis(at, g.w, g.ow, g.kw, g.stride_w, g.pad_w, g.dilation_w)};
        phase_grad(g, sight, {d, h, at}, dy, w, dx);
      }
}

void product_weight_grad(const ConvGeometry& g, const double* x, const double* dy, double* dw,
                         double* db) {
  // Partial sums, so many that they neither take more than 64 MB nor cost more than the products.
  constexpr double kProducts = 1 << 22, kMostSums = 1 << 23;
  const Sight sight = forward_sight(g);
  const int64_t gc = g.group_c(), go = g.group_o(), width = g.taps() * gc, sums = g.o * width;
  const int64_t most = std::clamp<int64_t>(static_cast<int64_t>(kMostSums) / sums, 1, 16);
  const int64_t wanted = static_cast<int64_t>(std::min(all_products(g) / kProducts, 1e9)) + 1;
  const int64_t pixels = g.n * g.y_pixels();
  const bool at_once = pixels * width <= kAtOnce;
  const int64_t block = at_once ? pixels : block_of(width);
  const int64_t piece = at_once ? pixels : ceil_div(pixels, std::min(most, wanted));
  const int64_t pieces = ceil_div(pixels, piece);
  const Scratch<double> totals(pieces * (sums + g.o));  // [groups, group_o, taps, group_c] and [o]
  parallel_for(pieces, 1, [&](int64_t first, int64_t last) {
    const Scratch<double> rows(block * width);
    for (int64_t p = first; p < last; ++p) {
      double* const total = totals.data() + p * (sums + g.o);
      std::fill_n(total, sums + g.o, 0.0);
      const int64_t stop = std::min((p + 1) * piece, pixels);
      for (int64_t begin = p * piece; begin < stop; begin += block) {
        const int64_t end = std::min(begin + block, stop);
        for (int64_t group = 0; group < g.groups; ++group) {
          gather(sight, x + group * gc, g.c, gc, begin, end, rows.data());
          Product<double> product;
          product.m = go, product.n = width, product.k = end - begin;
          product.a = {dy + begin * g.o + group * go, 1, g.o};
          product.b = {rows.data(), width, 1};
          product.c = total + group * go * width, product.c_row = width;
          product.accumulate = true;
          multiply(product);
        }
        for (int64_t at = begin; db && at < end; ++at)
          for (int64_t o = 0; o < g.o; ++o) total[sums + o] += dy[at * g.o + o];
      }
    }
  });
  parallel_for(sums + g.o, 65536, [&](int64_t begin, int64_t end) {
    for (int64_t p = 1; p < pieces; ++p) {
      const double* from = totals.data() + p * (sums + g.o);
      for (int64_t i = begin; i < end; ++i) totals.data()[i] += from[i];
    }
  });
  for_weights(g, tap_numbers(g, sight),
              [&](int64_t at, int64_t group, int64_t o, int64_t k, int64_t c) {
                dw[at] = totals.data()[((group * go + o) * g.taps() + k) * gc + c];
              });
  if (db) std::copy_n(totals.data() + sums, g.o, db);
}

}  // namespace flambeau
