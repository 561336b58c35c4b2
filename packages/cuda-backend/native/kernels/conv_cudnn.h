// What the two ways to convolve by cuDNN share: its graph interface (conv_graph.cu), and its older
// functions (conv_functions.cu).
#pragma once

#include <array>

#include "conv.h"
#include "cudnn_graph.h"

namespace flambeau::cuda {

struct ConvOperands {
  Tensor x, w, y;
};

// Of all axes but images and channels, the outermost first; of images the first two.
template <class T>
struct ConvAxes {
  T pads[3], strides[3], dilations[3];
};

// A convolution, or one of its gradients: x, w and y are inputs or the output, as the pass has
// them, and may have any strides; `bias` [o] or null.
struct CudnnConvolution {
  using Pass = dnn::graph::Pass;

  CudnnConvolution(Call& call, Pass pass, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                   const Tensor& y, const Tensor* bias);

  Call& call;
  const Pass pass;
  const ConvGeometry& g;
  const Tensor &x, &w, &y;
  const Tensor* const bias;
  const DType dtype;
  const bool tf32;       // may float32 be read as TF32?
  const bool benchmark;  // are algorithms to be measured?

  // Can they be, now? That waits for the device, which is not possible while a graph is recorded.
  bool can_measure() const;
  int num_axes() const { return g.volume ? 5 : 4; }
  dnn::Type type() const;

  // Inputs in a layout, copied where they lie otherwise, and room for the output.
  ConvOperands operands(dnn::Format format) const;
  // Copies the output from where operands() made room for it, if that is elsewhere.
  void deliver(const ConvOperands& operands) const;

  // A key for what is found out for so many images: `more`, and all that both ways depend on.
  template <class... More>
  std::array<int64_t, 29 + sizeof...(More)> key(int64_t images, More... more) const {
    return {static_cast<int64_t>(more)...,
            call.device(),
            static_cast<int64_t>(pass),
            static_cast<int64_t>(dtype),
            tf32,
            benchmark,
            deterministic(),
            images,
            g.c,
            g.o,
            g.volume,
            g.d,
            g.h,
            g.w,
            g.od,
            g.oh,
            g.ow,
            g.kd,
            g.kh,
            g.kw,
            g.stride_d,
            g.stride_h,
            g.stride_w,
            g.pad_d,
            g.pad_h,
            g.pad_w,
            g.dilation_d,
            g.dilation_h,
            g.dilation_w,
            g.groups};
  }

  template <class T>
  ConvAxes<T> axes() const {
    const ConvAxes<int64_t> all = {{g.pad_d, g.pad_h, g.pad_w},
                                   {g.stride_d, g.stride_h, g.stride_w},
                                   {g.dilation_d, g.dilation_h, g.dilation_w}};
    ConvAxes<T> own = {};
    for (int skip = 5 - num_axes(), i = skip; i < 3; ++i) {
      own.pads[i - skip] = static_cast<T>(all.pads[i]);
      own.strides[i - skip] = static_cast<T>(all.strides[i]);
      own.dilations[i - skip] = static_cast<T>(all.dilations[i]);
    }
    return own;
  }
};

bool is_stored_as(dnn::Format format, const Tensor& t);
void strides_of(dnn::Format format, const Shape& shape, int64_t* strides);

// False: no engine takes this (or a tensor has more than 2^31 elements), nothing was computed.
bool convolve_by_graph(const CudnnConvolution& c);
// False: there is no algorithm for this.
bool convolve_by_functions(const CudnnConvolution& c);

}  // namespace flambeau::cuda
