// What a convolution of images or volumes, and its gradients, are computed from: sizes and numbers
// that fit together. For calls on the processor and on devices.
#pragma once

#include <type_traits>

#include "call_checks.h"
#include "channels_last.h"
#include "failure.h"
#include "layout.h"
#include "portable.h"

namespace flambeau {

// x [n, c, h, w], y [n, o, oh, ow], w [o, c / groups, kh, kw]. Volumes have a further axis before
// the height: d, od and kd.
struct ConvGeometry {
  int64_t n, c, h, w;  // input
  int64_t o, oh, ow;   // output
  int64_t kh, kw;
  int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
  // The depth: only volumes have another one than this.
  bool volume = false;
  int64_t d = 1, od = 1, kd = 1, stride_d = 1, pad_d = 0, dilation_d = 1;

  FLAMBEAU_HD int64_t group_c() const { return c / groups; }
  FLAMBEAU_HD int64_t group_o() const { return o / groups; }
  FLAMBEAU_HD int64_t x_pixels() const { return d * h * w; }  // of an image
  FLAMBEAU_HD int64_t y_pixels() const { return od * oh * ow; }
  FLAMBEAU_HD int64_t taps() const { return kd * kh * kw; }
  // Where tap `k` of the window of an output lies in an image of the input, in pixels; -1
  // outside of it.
  FLAMBEAU_HD int64_t input_of(int64_t at_d, int64_t at_h, int64_t at_w, int64_t k) const {
    const int64_t from_d = at_d * stride_d - pad_d + k / (kh * kw) * dilation_d;
    const int64_t from_h = at_h * stride_h - pad_h + k / kw % kh * dilation_h;
    const int64_t from_w = at_w * stride_w - pad_w + k % kw * dilation_w;
    const bool outside =
        from_d < 0 || from_d >= d || from_h < 0 || from_h >= h || from_w < 0 || from_w >= w;
    return outside ? -1 : (from_d * h + from_h) * w + from_w;
  }
  // Which pixel of an image of the output sees an input through tap `k`; -1 for none.
  FLAMBEAU_HD int64_t output_of(int64_t from_d, int64_t from_h, int64_t from_w, int64_t k) const {
    const int64_t at_d = place_of(from_d + pad_d - k / (kh * kw) * dilation_d, stride_d, od);
    const int64_t at_h = place_of(from_h + pad_h - k / kw % kh * dilation_h, stride_h, oh);
    const int64_t at_w = place_of(from_w + pad_w - k % kw * dilation_w, stride_w, ow);
    return at_d < 0 || at_h < 0 || at_w < 0 ? -1 : (at_d * oh + at_h) * ow + at_w;
  }
  // Products of one image; a double, because it only weighs costs and must not overflow.
  double image_products() const {
    return static_cast<double>(y_pixels()) * static_cast<double>(o) *
           static_cast<double>(group_c() * taps());
  }

 private:
  // Which of `places` windows along an axis begins at `start`; -1 for none.
  FLAMBEAU_HD static int64_t place_of(int64_t start, int64_t stride, int64_t places) {
    if (start < 0 || start % stride != 0) return -1;
    return start / stride < places ? start / stride : -1;
  }
};

// Places of a kernel along an axis; 0 where it does not fit.
inline int64_t conv_output_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad,
                                int64_t dilation) {
  int64_t reach;
  if (kernel < 1 || __builtin_mul_overflow(kernel - 1, dilation, &reach)) return 0;
  const int64_t free = size + 2 * pad - reach - 1;
  return free < 0 ? 0 : free / stride + 1;
}

// Checks that x, w and y belong together; throws otherwise. The call's numbers are stride, padding
// and dilation (depth, height and width each; images have no depth), groups; `further` ones may
// follow.
template <class Call>
ConvGeometry conv_geometry(const Call& call, const Shape& x, const Shape& w, const Shape& y,
                           int further = 0) {
  if ((x.ndim != 4 && x.ndim != 5) || w.ndim != x.ndim || y.ndim != x.ndim)
    throw Failure("ERR_SHAPE",
                  "a convolution needs an input, a weight and an output with 4 axes, or 5 each");
  const int dims = x.ndim - 2;
  const int rest = call.num_params() - (3 * dims + 1);
  if (rest < 0 || rest > further)
    throw Failure("ERR_INTERNAL", "a convolution takes 7 numbers, of volumes 10");
  ConvGeometry g;
  g.volume = dims == 3;
  g.n = x.sizes[0], g.c = x.sizes[1], g.o = w.sizes[0];
  g.groups = size_param(call, 3 * dims, 1, "a number of groups");
  if (g.c % g.groups != 0 || g.o % g.groups != 0 || w.sizes[1] != g.c / g.groups)
    throw Failure("ERR_SHAPE", "the weight's channels do not fit the input and the groups");
  if (y.sizes[0] != g.n || y.sizes[1] != g.o)
    throw Failure("ERR_SHAPE", "the output's batch or channels do not fit the input and weight");
  struct Axis {
    int64_t &input, &output, &kernel, &stride, &pad, &dilation;
  };
  const Axis axes[] = {{g.w, g.ow, g.kw, g.stride_w, g.pad_w, g.dilation_w},
                       {g.h, g.oh, g.kh, g.stride_h, g.pad_h, g.dilation_h},
                       {g.d, g.od, g.kd, g.stride_d, g.pad_d, g.dilation_d}};
  for (int i = 0; i < dims; ++i) {
    const Axis& axis = axes[dims - 1 - i];
    axis.stride = size_param(call, i, 1, "a stride");
    axis.pad = size_param(call, dims + i, 0, "a padding");
    axis.dilation = size_param(call, 2 * dims + i, 1, "a dilation");
    axis.input = x.sizes[2 + i];
    axis.kernel = w.sizes[2 + i];
    axis.output = y.sizes[2 + i];
    const int64_t output =
        conv_output_size(axis.input, axis.kernel, axis.stride, axis.pad, axis.dilation);
    if (output < 1) throw Failure("ERR_SHAPE", "the kernel is larger than the padded input");
    if (output != axis.output)
      throw Failure("ERR_SHAPE", "the output's height or width does not follow from the input's");
  }
  return g;
}

inline void require_conv_type(const Strided& t, DType dtype) {
  if (t.dtype != dtype) throw Failure("ERR_INTERNAL", "a convolution of tensors of several types");
}

inline void require_conv_bias(const Shape& bias, const ConvGeometry& g) {
  if (!(bias == Shape{g.o})) throw Failure("ERR_SHAPE", "the bias must be [channels]");
}

// Input 2, the bias [o], row-major; a tensor without data where it was left out.
template <class Call>
auto conv_bias(Call& call, const ConvGeometry& g, DType dtype) {
  std::remove_cvref_t<decltype(call.in(2))> bias;
  if (call.has(2)) {
    require_conv_type(call.in(2), dtype);
    require_conv_bias(call.in(2).shape, g);
    bias = call.contiguous(call.in(2));
  }
  return bias;
}

// Output 0, the gradient of a weight [o, c / groups, kh, kw]: row-major, or channels-last where a
// number that follows those of the geometry is 1.
template <class Call>
auto& weight_grad_output(Call& call, DType dtype) {
  const int layout = 3 * (output_shape(call, 0).ndim - 2) + 1;
  const bool last = call.num_params() > layout && call.flag(layout);
  return last ? channels_last_output(call, 0, dtype) : row_major_output(call, 0, dtype);
}

}  // namespace flambeau
