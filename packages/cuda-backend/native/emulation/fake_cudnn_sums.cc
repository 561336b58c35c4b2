#include "fake_cudnn_sums.h"

#include <array>
#include <vector>

#include "fake_library.h"

namespace flambeau::cuda::dnn {

namespace {

// How many elements its memory has, with gaps.
size_t elements_of(const OpaqueTensor& desc) {
  int64_t last = 0;
  for (int i = 0; i < desc.dims; ++i) last += (desc.sizes[i] - 1) * desc.strides[i];
  return static_cast<size_t>(last + 1);
}

// body(offset, place along axis 1) for all elements of a tensor.
template <class Body>
void each_element(const OpaqueTensor& desc, Body&& body) {
  int64_t count = 1;
  for (int i = 0; i < desc.dims; ++i) count *= desc.sizes[i];
  for (int64_t item = 0; item < count; ++item) {
    int64_t rest = item, at = 0, channel = 0;
    for (int i = desc.dims - 1; i >= 0; --i) {
      const int64_t place = rest % desc.sizes[i];
      if (i == 1) channel = place;
      at += place * desc.strides[i];
      rest /= desc.sizes[i];
    }
    body(at, channel);
  }
}

// The tensors of a convolution by number.
enum Part { kX, kW, kY };

// body({x offset, w offset, y offset}) for all products: what a pass computes are sums of those
// that have the same offset of its result.
template <class Body>
void each_product(const Links& links, const Body& body) {
  const auto& [x, w, c, y] = links;
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
            body({from + (first + i) * x.strides[1], weight + i * w.strides[1], to});
        }
}

}  // namespace

Status Work::enqueue(Handle handle) const {
  const Work work = *this;
  return cuda::enqueue(handle->stream, [work] { work.run(); }) ? kSuccess : kExecutionFailed;
}

void Work::run() const {
  struct Roles {
    Part result, left, right;
  };
  const auto [result, left, right] = pass == graph::Pass::kForward     ? Roles{kY, kX, kW}
                                     : pass == graph::Pass::kInputGrad ? Roles{kX, kY, kW}
                                                                       : Roles{kW, kX, kY};
  const OpaqueTensor* const descs[] = {&links.x, &links.w, &links.y};
  const void* const data[] = {x, w, y};
  const auto operand = [&](Part part, int64_t at) {
    const double value = value_at(descs[part]->type, data[part], at);
    return tf32 && descs[part]->type == kFloat32 ? tf32_of(value) : value;
  };
  std::vector<double> sums(elements_of(*descs[result]), 0.0);
  each_product(links, [&](const std::array<int64_t, 3>& at) {
    sums[static_cast<size_t>(at[result])] += operand(left, at[left]) * operand(right, at[right]);
  });
  const Type type = descs[result]->type;
  void* const to = const_cast<void*>(data[result]);
  each_element(*descs[result], [&](int64_t at, int64_t channel) {
    double value = spoils ? 0 : alpha * sums[static_cast<size_t>(at)];
    if (bias) value += value_at(type, bias, channel * bias_step);
    if (beta != 0) value += beta * value_at(type, to, at);
    set_value(type, to, at, value);
  });
}

bool Links::sizes_fit() const {
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

bool Links::layouts_fit() const {
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

}  // namespace flambeau::cuda::dnn
