// What the stand-ins of cuDNN's older functions and of its graph interface share: descriptions of
// tensors, and convolutions and their gradients as plain sums.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "cuda.h"
#include "half.h"
#include "libraries/cudnn.h"

namespace flambeau::cuda::dnn {

constexpr int kMaxAxes = 8;

struct OpaqueTensor {
  Type type = kFloat32;
  int dims = 0;
  int64_t sizes[kMaxAxes];
  int64_t strides[kMaxAxes];
};

struct OpaqueFilter {
  Type type = kFloat32;
  Format format = kRowMajor;
  int dims = 0;
  int64_t sizes[kMaxAxes];
  int64_t strides[kMaxAxes];
};

struct OpaqueConvolution {
  int dims = 0;
  int64_t pads[3], strides[3], dilations[3];
  Mode mode = kConvolution;
  Type compute = kFloat32;
  int groups = 1;
  Math math = kDefaultMath;
};

struct OpaqueHandle {
  void* stream = nullptr;
};

// Runs `body` in the order of the handle's stream.
inline Status enqueue(Handle handle, std::function<void()> body) {
  const cudaError_t error =
      emulation::launch({reinterpret_cast<const void*>(&enqueue), dim3(1), dim3(1), 0,
                         std::move(body), std::source_location::current()},
                        static_cast<cudaStream_t>(handle->stream));
  return error == cudaSuccess ? kSuccess : kExecutionFailed;
}

inline double read(Type type, const void* data, int64_t at) {
  switch (type) {
    case kFloat64: return static_cast<const double*>(data)[at];
    case kFloat16: return formulas::to_float(static_cast<const Half*>(data)[at]);
    case kBFloat16: return formulas::to_float(static_cast<const BFloat16*>(data)[at]);
    case kFloat32: break;
  }
  return static_cast<const float*>(data)[at];
}

inline void write(Type type, void* data, int64_t at, double value) {
  const auto narrow = static_cast<float>(value);
  switch (type) {
    case kFloat64: static_cast<double*>(data)[at] = value; return;
    case kFloat16: static_cast<Half*>(data)[at] = formulas::to_half(narrow); return;
    case kBFloat16: static_cast<BFloat16*>(data)[at] = formulas::to_bfloat16(narrow); return;
    case kFloat32: break;
  }
  static_cast<float*>(data)[at] = narrow;
}

template <class Desc>
int64_t elements_of(const Desc& desc) {
  int64_t last = 0;
  for (int i = 0; i < desc.dims; ++i) last += (desc.sizes[i] - 1) * desc.strides[i];
  return last + 1;
}

// What tensor cores read of a float32: 10 bits of fraction.
inline double tf32_of(double x) {
  const auto value = static_cast<float>(x);
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7f800000u) == 0x7f800000u) return x;
  bits = (bits + 0x1000u) & ~0x1fffu;
  float rounded;
  std::memcpy(&rounded, &bits, sizeof rounded);
  return rounded;
}

// An operand of a product, as an algorithm reads it.
inline double operand(Type type, const void* data, int64_t at, bool tf32) {
  const double value = read(type, data, at);
  return tf32 && type == kFloat32 ? tf32_of(value) : value;
}

// Whatever a pass computes is a sum of products that link an element each of x, w and y.
struct Links {
  OpaqueTensor x;
  OpaqueFilter w;
  OpaqueConvolution c;
  OpaqueTensor y;

  // body(x offset, w offset, y offset) for all products.
  template <class Body>
  void each(Body&& body) const {
    const int dims = c.dims;
    int64_t taps = 1, pixels = 1;
    for (int i = 0; i < dims; ++i) taps *= w.sizes[2 + i], pixels *= y.sizes[2 + i];
    const int64_t inputs = w.sizes[1], outputs = w.sizes[0] / c.groups;
    for (int64_t n = 0; n < y.sizes[0]; ++n)
      for (int64_t o = 0; o < w.sizes[0]; ++o)
        for (int64_t pixel = 0; pixel < pixels; ++pixel)
          for (int64_t tap = 0; tap < taps; ++tap) {
            int64_t from = n * x.strides[0], to = n * y.strides[0] + o * y.strides[1];
            int64_t weight = o * w.strides[0], p = pixel, t = tap;
            bool inside = true;
            for (int i = dims - 1; i >= 0; --i) {
              const int64_t out = p % y.sizes[2 + i], k = t % w.sizes[2 + i];
              p /= y.sizes[2 + i];
              t /= w.sizes[2 + i];
              const int64_t in = out * c.strides[i] - c.pads[i] + k * c.dilations[i];
              inside = inside && in >= 0 && in < x.sizes[2 + i];
              from += in * x.strides[2 + i];
              to += out * y.strides[2 + i];
              weight += k * w.strides[2 + i];
            }
            if (!inside) continue;
            const int64_t first = o / outputs * inputs;
            for (int64_t i = 0; i < inputs; ++i)
              body(from + (first + i) * x.strides[1], weight + i * w.strides[1], to);
          }
  }
};

// out [elements of Desc] = alpha · sums + beta · out
template <class Desc, class Sums>
void store(const Desc& desc, void* out, double alpha, double beta, const Sums& sums,
           const std::vector<char>& used) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (!used[i]) continue;
    const auto at = static_cast<int64_t>(i);
    write(desc.type, out, at, alpha * sums[i] + (beta == 0 ? 0 : beta * read(desc.type, out, at)));
  }
}

// Which offsets of a strided tensor belong to it.
template <class Desc>
std::vector<char> used_by(const Desc& desc) {
  std::vector<char> used(static_cast<size_t>(elements_of(desc)), 0);
  int64_t count = 1;
  for (int i = 0; i < desc.dims; ++i) count *= desc.sizes[i];
  for (int64_t item = 0; item < count; ++item) {
    int64_t rest = item, at = 0;
    for (int i = desc.dims - 1; i >= 0; --i) {
      at += rest % desc.sizes[i] * desc.strides[i];
      rest /= desc.sizes[i];
    }
    used[static_cast<size_t>(at)] = 1;
  }
  return used;
}

// The sums of a pass, by the offsets of the tensor that it computes. `tf32`: are operands read so?
inline std::vector<double> forward_sums(const Links& links, const void* x, const void* w,
                                        bool tf32) {
  std::vector<double> sums(static_cast<size_t>(elements_of(links.y)), 0.0);
  links.each([&](int64_t from, int64_t weight, int64_t to) {
    sums[static_cast<size_t>(to)] +=
        operand(links.x.type, x, from, tf32) * operand(links.w.type, w, weight, tf32);
  });
  return sums;
}

inline std::vector<double> input_grad_sums(const Links& links, const void* w, const void* dy,
                                           bool tf32) {
  std::vector<double> sums(static_cast<size_t>(elements_of(links.x)), 0.0);
  links.each([&](int64_t to, int64_t weight, int64_t from) {
    sums[static_cast<size_t>(to)] +=
        operand(links.y.type, dy, from, tf32) * operand(links.w.type, w, weight, tf32);
  });
  return sums;
}

inline std::vector<double> weight_grad_sums(const Links& links, const void* x, const void* dy,
                                            bool tf32) {
  std::vector<double> sums(static_cast<size_t>(elements_of(links.w)), 0.0);
  links.each([&](int64_t from, int64_t weight, int64_t to) {
    sums[static_cast<size_t>(weight)] +=
        operand(links.x.type, x, from, tf32) * operand(links.y.type, dy, to, tf32);
  });
  return sums;
}

// sums of y += bias [o], whose channels lie `step` apart.
inline void add_bias(const Links& links, std::vector<double>& sums, Type type, const void* bias,
                     int64_t step) {
  for (int64_t n = 0; n < links.y.sizes[0]; ++n)
    for (size_t i = 0; i < sums.size(); ++i) {
      // The channel of an offset of one image.
      const auto at = static_cast<int64_t>(i) - n * links.y.strides[0];
      if (at < 0 || (links.y.sizes[0] > 1 && at >= links.y.strides[0])) continue;
      const int64_t o = at / links.y.strides[1] % links.y.sizes[1];
      sums[i] += read(type, bias, o * step);
    }
}

// Do the layouts of a convolution's tensors go together: all row-major, or all channels-last?
inline bool layouts_fit(const OpaqueTensor& x, const OpaqueFilter& w, const OpaqueTensor& y) {
  for (const OpaqueTensor* t : {&x, &y}) {
    int64_t step = w.format == kChannelsLast ? t->sizes[1] : 1;
    if (w.format == kChannelsLast && t->sizes[1] > 1 && t->strides[1] != 1) return false;
    for (int axis = t->dims - 1; axis > 1; --axis) {
      if (t->sizes[axis] > 1 && t->strides[axis] != step) return false;
      step *= t->sizes[axis];
    }
  }
  return true;
}

// Do the sizes of a convolution's tensors go together?
inline bool sizes_fit(const OpaqueTensor& x, const OpaqueFilter& w, const OpaqueConvolution& c,
                      const OpaqueTensor& y) {
  if (x.dims != c.dims + 2 || w.dims != x.dims || y.dims != x.dims) return false;
  if (x.sizes[0] != y.sizes[0] || w.sizes[0] != y.sizes[1] || w.sizes[1] * c.groups != x.sizes[1] ||
      w.sizes[0] % c.groups != 0)
    return false;
  for (int i = 0; i < c.dims; ++i) {
    const int64_t free = x.sizes[2 + i] + 2 * c.pads[i] - (w.sizes[2 + i] - 1) * c.dilations[i];
    if (free < 1 || (free - 1) / c.strides[i] + 1 != y.sizes[2 + i]) return false;
  }
  return true;
}

}  // namespace flambeau::cuda::dnn
