// What the taps of a convolution see, and its layout as the rows of a matrix.
#pragma once

#include <cstring>
#include <vector>

#include "convolution.h"
#include "rounding.h"

namespace flambeau {

// How pixels along an axis see those of the other side: the one at `place` sees
// place · step + shift through each tap, where that lies within `size`.
struct SightAxis {
  struct Tap {
    int64_t index;  // in the kernel
    int64_t shift;
  };
  int64_t places, step, size;
  std::vector<Tap> taps;  // by ascending shifts
  // Do the taps see neighbours?
  bool dense() const {
    for (size_t i = 1; i < taps.size(); ++i)
      if (taps[i].shift != taps[i - 1].shift + 1) return false;
    return !taps.empty();
  }
};

// From an output to the input.
inline SightAxis forward_axis(int64_t out, int64_t in, int64_t kernel, int64_t stride, int64_t pad,
                              int64_t dilation) {
  SightAxis axis{out, stride, in, {}};
  for (int64_t k = 0; k < kernel; ++k) axis.taps.push_back({k, k * dilation - pad});
  return axis;
}

// From the inputs phase, phase + stride, … to the output. Only some taps see them, each of these
// all of them: they are as many pixels without steps.
inline SightAxis backward_axis(int64_t phase, int64_t in, int64_t out, int64_t kernel,
                               int64_t stride, int64_t pad, int64_t dilation) {
  SightAxis axis{ceil_div(in - phase, stride), 1, out, {}};
  for (int64_t k = kernel - 1; k >= 0; --k) {
    const int64_t shift = phase + pad - k * dilation;
    if (shift % stride == 0) axis.taps.push_back({k, shift / stride});
  }
  return axis;
}

struct Sight {
  SightAxis d, h, w;
  int64_t places() const { return d.places * h.places * w.places; }  // of an image
  int64_t taps() const {
    return static_cast<int64_t>(d.taps.size() * h.taps.size() * w.taps.size());
  }
};

inline Sight forward_sight(const ConvGeometry& g) {
  return {forward_axis(g.od, g.d, g.kd, g.stride_d, g.pad_d, g.dilation_d),
          forward_axis(g.oh, g.h, g.kh, g.stride_h, g.pad_h, g.dilation_h),
          forward_axis(g.ow, g.w, g.kw, g.stride_w, g.pad_w, g.dilation_w)};
}

// Calls body(row of the matrix, [n, d, h, w]) for the places [begin, end) of all images.
template <class Body>
void for_places(const Sight& sight, int64_t begin, int64_t end, Body&& body) {
  for (int64_t p = begin; p < end; ++p) {
    const int64_t w = p % sight.w.places, rest = p / sight.w.places;
    const int64_t h = rest % sight.h.places, planes = rest / sight.h.places;
    body(p - begin, planes / sight.d.places, planes % sight.d.places, h, w);
  }
}

// What the places [begin, end) see of `channels` of the `all` channels of `from`, tap after tap.
inline void gather(const Sight& sight, const double* from, int64_t all, int64_t channels,
                   int64_t begin, int64_t end, double* rows) {
  const auto copy = [&](const double* pixel, int64_t count) {
    if (pixel) {
      std::memcpy(rows, pixel, static_cast<size_t>(count) * sizeof(double));
    } else {
      std::memset(rows, 0, static_cast<size_t>(count) * sizeof(double));
    }
    rows += count;
  };
  const SightAxis &ad = sight.d, &ah = sight.h, &aw = sight.w;
  const int64_t taps_w = static_cast<int64_t>(aw.taps.size());
  const bool dense = channels == all && aw.dense();
  const auto line_of = [&](const double* line, int64_t w) {
    const int64_t first = taps_w > 0 ? w * aw.step + aw.taps[0].shift : 0;
    if (!line) return copy(nullptr, taps_w * channels);
    if (dense && first >= 0 && first + taps_w <= aw.size)
      return copy(line + first * all, taps_w * channels);
    for (const SightAxis::Tap& tap : aw.taps) {
      const int64_t at = w * aw.step + tap.shift;
      copy(at < 0 || at >= aw.size ? nullptr : line + at * all, channels);
    }
  };
  for_places(sight, begin, end, [&](int64_t, int64_t n, int64_t d, int64_t h, int64_t w) {
    for (const SightAxis::Tap& tap_d : ad.taps) {
      const int64_t at_d = d * ad.step + tap_d.shift;
      for (const SightAxis::Tap& tap_h : ah.taps) {
        const int64_t at_h = h * ah.step + tap_h.shift;
        const bool outside = at_d < 0 || at_d >= ad.size || at_h < 0 || at_h >= ah.size;
        const int64_t line = ((n * ad.size + at_d) * ah.size + at_h) * aw.size;
        line_of(outside ? nullptr : from + line * all, w);
      }
    }
  });
}

// Numbers of the taps in w [o, c / groups, kd, kh, kw].
inline std::vector<int64_t> tap_numbers(const ConvGeometry& g, const Sight& sight) {
  std::vector<int64_t> numbers;
  for (const SightAxis::Tap& d : sight.d.taps)
    for (const SightAxis::Tap& h : sight.h.taps)
      for (const SightAxis::Tap& w : sight.w.taps)
        numbers.push_back((d.index * g.kh + h.index) * g.kw + w.index);
  return numbers;
}

}  // namespace flambeau
