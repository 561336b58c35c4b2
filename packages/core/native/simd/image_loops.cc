#include "image_loops.h"

#include <cstring>
#include <type_traits>

namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr float max_of(float a, float b) { return a > b ? a : b; }
constexpr float min_of(float a, float b) { return a < b ? a : b; }
// Shares of the colours in the brightness of a pixel (ITU-R 601).
constexpr float kRed = 0.2989f, kGreen = 0.587f, kBlue = 0.114f;

constexpr int64_t kBlock = 128;  // pixels whose sources are computed together

// The place in [0, n) that stands for place i of a bordered axis; -1 for the fill. n > 0.
template <Border kBorder>
inline int32_t inside(int32_t i, int32_t n) {
  if (static_cast<uint32_t>(i) < static_cast<uint32_t>(n)) return i;
  if constexpr (kBorder == Border::kConstant) return -1;
  if constexpr (kBorder == Border::kEdge) return i < 0 ? 0 : n - 1;
  if constexpr (kBorder == Border::kWrap) {
    const int32_t rest = i % n;
    return rest < 0 ? rest + n : rest;
  }
  if constexpr (kBorder == Border::kSymmetric) {
    const int64_t period = 2 * int64_t{n};
    int64_t rest = i % period;
    if (rest < 0) rest += period;
    return static_cast<int32_t>(rest < n ? rest : period - 1 - rest);
  }
  if constexpr (kBorder == Border::kReflect101) {
    if (n == 1) return 0;
    const int64_t period = 2 * int64_t{n} - 2;
    int64_t rest = i % period;
    if (rest < 0) rest += period;
    return static_cast<int32_t>(rest < n ? rest : period - rest);
  }
}

// Where pixels [begin, begin + n) of the row come from, as whole pixels and, unless for the
// nearest one, the rest in [0, 1).
struct Places {
  alignas(64) int32_t x[kBlock], y[kBlock];
  alignas(64) float dx[kBlock], dy[kBlock];

  // NaN and what is far away become places that are far outside, but fit an int32.
  static inline float bounded(double v) {
    v = v > -1e9 ? v : -1e9;
    return static_cast<float>(v < 1e9 ? v : 1e9);
  }

  template <bool kNearest>
  void find(const WarpRow& w, int64_t begin, int64_t n) {
    const double y0 = static_cast<double>(w.row);
    const double u0 = w.m[1] * y0 + w.m[2], v0 = w.m[4] * y0 + w.m[5], d0 = w.m[7] * y0 + w.m[8];
    const double u1 = w.m[0], v1 = w.m[3], d1 = w.m[6];
    const bool affine = d1 == 0 && d0 == 1;
    if (affine) {
      for (int64_t i = 0; i < n; ++i) {
        const double column = static_cast<double>(begin + i);
        dx[i] = bounded(u0 + u1 * column);
        dy[i] = bounded(v0 + v1 * column);
      }
    } else {
      for (int64_t i = 0; i < n; ++i) {
        const double column = static_cast<double>(begin + i);
        const double d = d0 + d1 * column;
        dx[i] = bounded((u0 + u1 * column) / d);
        dy[i] = bounded((v0 + v1 * column) / d);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      const float u = kNearest ? __builtin_rintf(dx[i]) : __builtin_floorf(dx[i]);
      const float v = kNearest ? __builtin_rintf(dy[i]) : __builtin_floorf(dy[i]);
      x[i] = static_cast<int32_t>(u);
      y[i] = static_cast<int32_t>(v);
      dx[i] -= u;
      dy[i] -= v;
    }
  }
};

template <class T>
inline T from_float(float v) {
  if constexpr (std::is_same_v<T, uint8_t>) {
    v = __builtin_rintf(v);
    v = v > 0 ? v : 0;
    return static_cast<uint8_t>(static_cast<int32_t>(v < 255 ? v : 255));
  } else {
    return v;
  }
}

// Channels, where known, and the distance between neighbours in a row of the source: constants for
// the common layouts, so that the loops over channels unroll.
template <int kChannels, int64_t kColumn, int64_t kChannel>
struct Layout {
  const WarpRow& w;
  int64_t channels() const { return kChannels ? kChannels : w.channels; }
  int64_t column() const { return kColumn ? kColumn : w.x_column; }
  int64_t channel() const { return kChannel ? kChannel : w.x_channel; }
};

template <class Body>
void with_layout(const WarpRow& w, const Body& body) {
  if (w.channels == 3 && w.x_channel == 1 && w.x_column == 3) return body(Layout<3, 3, 1>{w});
  if (w.channels == 1 && w.x_column == 1) return body(Layout<1, 1, 1>{w});
  if (w.x_column == 1) return body(Layout<0, 1, 0>{w});
  return body(Layout<0, 0, 0>{w});
}

template <class Body>
void with_border(Border border, const Body& body) {
  switch (border) {
    case Border::kConstant: return body(std::integral_constant<Border, Border::kConstant>{});
    case Border::kEdge: return body(std::integral_constant<Border, Border::kEdge>{});
    case Border::kReflect101: return body(std::integral_constant<Border, Border::kReflect101>{});
    case Border::kSymmetric: return body(std::integral_constant<Border, Border::kSymmetric>{});
    case Border::kWrap: return body(std::integral_constant<Border, Border::kWrap>{});
  }
}

template <class T>
void nearest(const WarpRow& w) {
  const T* x = static_cast<const T*>(w.x);
  T* y = static_cast<T*>(w.y);
  const T* fill = static_cast<const T*>(w.fill);
  const int32_t height = static_cast<int32_t>(w.height), width = static_cast<int32_t>(w.width);
  Places places;
  with_border(w.border, [&](auto border) {
    with_layout(w, [&](const auto& layout) {
      for (int64_t begin = 0; begin < w.out_width; begin += kBlock) {
        const int64_t n = w.out_width - begin < kBlock ? w.out_width - begin : kBlock;
        places.find<true>(w, begin, n);
        for (int64_t i = 0; i < n; ++i) {
          T* to = y + (begin + i) * w.y_column;
          const int32_t u = inside<border()>(places.x[i], width);
          const int32_t v = inside<border()>(places.y[i], height);
          const bool outside = (u | v) < 0;
          const T* from = outside ? fill : x + v * w.x_row + u * layout.column();
          const int64_t step = outside ? 1 : layout.channel();
          for (int64_t c = 0; c < layout.channels(); ++c) to[c * w.y_channel] = from[c * step];
        }
      }
    });
  });
}

// The sum over kTaps × kTaps pixels from (u, v) on, of which some may lie outside.
template <Border kBorder, int kTaps, class T, class L>
inline void blend_at_border(const WarpRow& w, const L& layout, int32_t u, int32_t v,
                            const float* across, const float* down, T* to) {
  const T* x = static_cast<const T*>(w.x);
  const float* fill = static_cast<const float*>(w.fill);
  const int32_t height = static_cast<int32_t>(w.height), width = static_cast<int32_t>(w.width);
  int32_t us[kTaps], vs[kTaps];
  bool any = false, any_v = false;
  for (int k = 0; k < kTaps; ++k) {
    us[k] = inside<kBorder>(u + k, width);
    vs[k] = inside<kBorder>(v + k, height);
    any |= us[k] >= 0;
    any_v |= vs[k] >= 0;
  }
  const bool fills = !(any && any_v);
  for (int64_t c = 0; c < layout.channels(); ++c) {
    float sum = 0;
    if (fills) {
      sum = fill[c];
    } else {
      for (int j = 0; j < kTaps; ++j) {
        float line = 0;
        for (int k = 0; k < kTaps; ++k) {
          const bool outside = (us[k] | vs[j]) < 0;
          line +=
              across[k] *
              (outside ? fill[c]
                       : static_cast<float>(
                             x[vs[j] * w.x_row + us[k] * layout.column() + c * layout.channel()]));
        }
        sum += down[j] * line;
      }
    }
    to[c * w.y_channel] = from_float<T>(sum);
  }
}

inline void linear_weights(float t, float* out) {
  out[0] = 1 - t;
  out[1] = t;
}
// Keys' cubic with a = -0.75, as PyTorch's.
inline void cubic_weights(float t, float* out) {
  constexpr float a = -0.75f;
  const auto near = [](float s) { return ((a + 2) * s - (a + 3)) * s * s + 1; };
  const auto far = [](float s) { return ((a * s - 5 * a) * s + 8 * a) * s - 4 * a; };
  out[0] = far(t + 1);
  out[1] = near(t);
  out[2] = near(1 - t);
  out[3] = far(2 - t);
}

template <int kTaps, class T>
void blended(const WarpRow& w) {
  const T* x = static_cast<const T*>(w.x);
  T* y = static_cast<T*>(w.y);
  // The place of the first of kTaps pixels, from the one to the left of the point.
  constexpr int32_t kFirst = 1 - kTaps / 2;
  // How many places there are from which all taps lie in the image.
  const int32_t free_x = static_cast<int32_t>(w.width) - kTaps + 1;
  const int32_t free_y = static_cast<int32_t>(w.height) - kTaps + 1;
  Places places;
  with_border(w.border, [&](auto border) {
    with_layout(w, [&](const auto& layout) {
      for (int64_t begin = 0; begin < w.out_width; begin += kBlock) {
        const int64_t n = w.out_width - begin < kBlock ? w.out_width - begin : kBlock;
        places.find<false>(w, begin, n);
        for (int64_t i = 0; i < n; ++i) {
          T* to = y + (begin + i) * w.y_column;
          const int32_t u = places.x[i] + kFirst, v = places.y[i] + kFirst;
          float across[kTaps], down[kTaps];
          if constexpr (kTaps == 2) {
            linear_weights(places.dx[i], across);
            linear_weights(places.dy[i], down);
          } else {
            cubic_weights(places.dx[i], across);
            cubic_weights(places.dy[i], down);
          }
          if (u < 0 || v < 0 || u >= free_x || v >= free_y) {
            blend_at_border<border(), kTaps, T>(w, layout, u, v, across, down, to);
            continue;
          }
          const T* from = x + v * w.x_row + u * layout.column();
          for (int64_t c = 0; c < layout.channels(); ++c) {
            const T* first = from + c * layout.channel();
            float sum = 0;
            for (int j = 0; j < kTaps; ++j) {
              float line = 0;
              for (int k = 0; k < kTaps; ++k)
                line += across[k] * static_cast<float>(first[j * w.x_row + k * layout.column()]);
              sum += down[j] * line;
            }
            to[c * w.y_channel] = from_float<T>(sum);
          }
        }
      }
    });
  });
}

inline uint8_t clipped(int32_t sum, int bits) {
  const int32_t v = sum >> bits;
  return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
}

template <int kChannels, class T>
void across_of(const ResizeAxis& axis, const T* x, T* y) {
  for (int64_t i = 0; i < axis.output; ++i) {
    const T* from = x + int64_t{axis.start[i]} * kChannels;
    const int32_t count = axis.count[i];
    T* to = y + i * kChannels;
    if constexpr (std::is_same_v<T, uint8_t>) {
      const int16_t* weights = axis.whole + i * axis.taps;
      int32_t sums[kChannels];
      for (int c = 0; c < kChannels; ++c) sums[c] = int32_t{1} << (axis.bits - 1);
      for (int32_t k = 0; k < count; ++k)
        for (int c = 0; c < kChannels; ++c) sums[c] += weights[k] * from[k * kChannels + c];
      for (int c = 0; c < kChannels; ++c) to[c] = clipped(sums[c], axis.bits);
    } else {
      const float* weights = axis.weights + i * axis.taps;
      float sums[kChannels] = {};
      for (int32_t k = 0; k < count; ++k)
        for (int c = 0; c < kChannels; ++c) sums[c] += weights[k] * from[k * kChannels + c];
      for (int c = 0; c < kChannels; ++c) to[c] = sums[c];
    }
  }
}

template <class T>
void across(const ResizeAxis& axis, const T* x, T* y, int64_t channels) {
  switch (channels) {
    case 2: return across_of<2>(axis, x, y);
    case 3: return across_of<3>(axis, x, y);
    case 4: return across_of<4>(axis, x, y);
    default: return across_of<1>(axis, x, y);
  }
}

void down_u8(const ResizeAxis& axis, const uint8_t* x, uint8_t* y, int64_t width, int64_t row,
             int32_t* sums) {
  const int16_t* weights = axis.whole + row * axis.taps;
  const int32_t half = int32_t{1} << (axis.bits - 1);
  for (int64_t i = 0; i < width; ++i) sums[i] = half;
  for (int32_t k = 0; k < axis.count[row]; ++k) {
    const uint8_t* from = x + (axis.start[row] + k) * width;
    const int32_t weight = weights[k];
    for (int64_t i = 0; i < width; ++i) sums[i] += weight * from[i];
  }
  for (int64_t i = 0; i < width; ++i) y[i] = clipped(sums[i], axis.bits);
}

void down_f32(const ResizeAxis& axis, const float* x, float* y, int64_t width, int64_t row) {
  const float* weights = axis.weights + row * axis.taps;
  for (int64_t i = 0; i < width; ++i) y[i] = 0;
  for (int32_t k = 0; k < axis.count[row]; ++k) {
    const float* from = x + (axis.start[row] + k) * width;
    const float weight = weights[k];
    for (int64_t i = 0; i < width; ++i) y[i] += weight * from[i];
  }
}

void saturate(float* r, float* g, float* b, int64_t n, float factor, bool whole) {
  const float rest = 1 - factor;
  for (int64_t i = 0; i < n; ++i) {
    float grey = r[i] * kRed + g[i] * kGreen + b[i] * kBlue;
    grey = (whole ? __builtin_floorf(grey) : grey) * rest;
    r[i] = r[i] * factor + grey;
    g[i] = g[i] * factor + grey;
    b[i] = b[i] * factor + grey;
  }
}

void hue(float* r, float* g, float* b, int64_t n, float turns) {
  for (int64_t i = 0; i < n; ++i) {
    const float red = r[i], green = g[i], blue = b[i];
    const float high = max_of(max_of(red, green), blue), low = min_of(min_of(red, green), blue);
    const float range = high - low;
    const float scale = range > 0 ? 1 / range : 0;
    // The hue in sixths of the circle.
    float h = high == red     ? (green - blue) * scale
              : high == green ? (blue - red) * scale + 2
                              : (red - green) * scale + 4;
    h += 6 * turns;
    const auto channel = [=](float offset) {
      float k = h + offset;
      k -= 6 * __builtin_floorf(k * (1.0f / 6));
      return high - range * max_of(0.0f, min_of(1.0f, min_of(k, 4 - k)));
    };
    r[i] = channel(5);
    g[i] = channel(3);
    b[i] = channel(1);
  }
}

}  // namespace

extern const ImageTable image_table;
const ImageTable image_table = {
    nearest<uint8_t>,
    nearest<uint16_t>,
    nearest<uint32_t>,
    nearest<uint64_t>,
    blended<2, uint8_t>,
    blended<2, float>,
    blended<4, uint8_t>,
    blended<4, float>,
    across<uint8_t>,
    across<float>,
    down_u8,
    down_f32,
    saturate,
    hue,
};

}  // namespace flambeau::FLAMBEAU_ISA
