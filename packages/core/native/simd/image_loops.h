// Rows of images: warped, resized, and with their colours changed.
#pragma once

#include <cstdint>

namespace flambeau {

// What lies beyond the edges of an image … a b c d …
enum class Border : uint8_t {
  kConstant,    // the fill
  kEdge,        // a a | a b c d | d d
  kReflect101,  // c b | a b c d | c b
  kSymmetric,   // b a | a b c d | d c
  kWrap,        // c d | a b c d | a b
};
inline constexpr int kNumBorders = 5;

// The row of an image that is drawn by asking, for each pixel (x, row), where it comes from:
// ((m0 x + m1 row + m2) / d, (m3 x + m4 row + m5) / d) with d = m6 x + m7 row + m8, in pixels of
// the source, whose first pixel's centre is (0, 0). Strides count elements. Pixels of the source
// that are read lie in it whatever the numbers are, NaN included. y does not overlap x.
struct WarpRow {
  const void* x;  // [channels, height, width], none of them 0 unless the border is constant
  int64_t channels, height, width;
  int64_t x_channel, x_row, x_column;
  void* y;  // row [channels, out_width] of the result
  int64_t y_channel, y_column, out_width;
  double m[9];
  int64_t row;
  Border border;
  const void* fill;  // [channels], of the element's type; the fill's numbers as float if blended
};

// How one axis is resized: output i is the sum of weights[i · taps + k] · input[start[i] + k] for
// k < count[i] <= taps; all of these lie in the input.
struct ResizeAxis {
  int64_t input, output, taps;
  const int32_t* start;
  const int32_t* count;
  const float* weights;
  const int16_t* whole;  // for uint8: the weights times 2^bits, rounded
  int bits;
};

// Changes n pixels in place, given as three lines of red, green and blue.
//
// saturate: towards the grey of each pixel (factor 0) or away from it, not clamped; `whole` rounds
// that grey down. hue: turned by `turns` of a full circle, in HSV; negative values do not occur.
struct ImageTable {
  void (*nearest_8)(const WarpRow&);
  void (*nearest_16)(const WarpRow&);
  void (*nearest_32)(const WarpRow&);
  void (*nearest_64)(const WarpRow&);
  void (*bilinear_u8)(const WarpRow&);
  void (*bilinear_f32)(const WarpRow&);
  void (*bicubic_u8)(const WarpRow&);
  void (*bicubic_f32)(const WarpRow&);
  // A row x [axis.input, channels] -> y [axis.output, channels], channels beside each other.
  void (*across_u8)(const ResizeAxis&, const uint8_t* x, uint8_t* y, int64_t channels);
  void (*across_f32)(const ResizeAxis&, const float* x, float* y, int64_t channels);
  // Row `row` of the output, y [width], from x [axis.input, width]. `sums` has width elements.
  void (*down_u8)(const ResizeAxis&, const uint8_t* x, uint8_t* y, int64_t width, int64_t row,
                  int32_t* sums);
  void (*down_f32)(const ResizeAxis&, const float* x, float* y, int64_t width, int64_t row);
  void (*saturate)(float* r, float* g, float* b, int64_t n, float factor, bool whole);
  void (*hue)(float* r, float* g, float* b, int64_t n, float turns);
};

}  // namespace flambeau
