// Convolutions by cuDNN: by its graph interface, or where that has no engine, by its older
// functions.
#include <climits>

#include "channels_last.h"
#include "conv_cudnn.h"
#include "graph.h"
#include "settings.h"

namespace flambeau::cuda {

using dnn::graph::Pass;

CudnnConvolution::CudnnConvolution(Call& call, Pass pass, const ConvGeometry& g, const Tensor& x,
                                   const Tensor& w, const Tensor& y, const Tensor* bias)
    : call(call),
      pass(pass),
      g(g),
      x(x),
      w(w),
      y(y),
      bias(bias),
      dtype(x.dtype),
      tf32(x.dtype == DType::kFloat32 && library_settings().cudnn_tf32),
      benchmark(library_settings().cudnn_benchmark) {}

bool CudnnConvolution::can_measure() const { return benchmark && !recording(); }

dnn::Type CudnnConvolution::type() const {
  switch (dtype) {
    case DType::kFloat64: return dnn::kFloat64;
    case DType::kFloat16: return dnn::kFloat16;
    case DType::kBFloat16: return dnn::kBFloat16;
    default: return dnn::kFloat32;
  }
}

ConvOperands CudnnConvolution::operands(dnn::Format format) const {
  const auto input_or_room = [&](const Tensor& t, Pass computed_by) {
    if (is_stored_as(format, t)) return t;
    Tensor apart = call.temporary(t.shape, t.dtype);
    strides_of(format, t.shape, apart.strides);
    if (pass != computed_by) copy_into(call, apart, t);
    return apart;
  };
  return {input_or_room(x, Pass::kInputGrad), input_or_room(w, Pass::kWeightGrad),
          input_or_room(y, Pass::kForward)};
}

void CudnnConvolution::deliver(const ConvOperands& operands) const {
  const auto copy = [&](const Tensor& to, const Tensor& from) {
    if (from.data != to.data) copy_into(call, to, from);
  };
  switch (pass) {
    case Pass::kForward: return copy(y, operands.y);
    case Pass::kInputGrad: return copy(x, operands.x);
    case Pass::kWeightGrad: return copy(w, operands.w);
  }
}

bool is_stored_as(dnn::Format format, const Tensor& t) {
  return format == dnn::kChannelsLast ? is_channels_last(t) : t.is_contiguous();
}

void strides_of(dnn::Format format, const Shape& shape, int64_t* strides) {
  if (format == dnn::kChannelsLast) {
    channels_last_strides(shape, strides);
  } else {
    contiguous_strides(shape, strides);
  }
}

namespace {

bool convolve(const CudnnConvolution& c) {
  if (library_settings().cudnn_graphs && convolve_by_graph(c)) {
    ++convolution_counts().graphs;
    return true;
  }
  if (!convolve_by_functions(c)) return false;
  ++convolution_counts().functions;
  return true;
}

}  // namespace

bool cudnn_forward(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                   const Tensor* bias, const Tensor& y) {
  return convolve({call, Pass::kForward, g, x, w, y, bias});
}

bool cudnn_input_grad(Call& call, const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                      const Tensor& dx) {
  return convolve({call, Pass::kInputGrad, g, dx, w, dy, nullptr});
}

bool cudnn_weight_grad(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                       const Tensor& dw) {
  return convolve({call, Pass::kWeightGrad, g, x, dw, dy, nullptr});
}

bool cudnn_fits(const ConvGeometry& g, DType dtype) {
  if (!is_floating(dtype)) return false;
  const int64_t numbers[] = {g.n,          g.c,          g.d,          g.h,        g.w,
                             g.o,          g.od,         g.oh,         g.ow,       g.kd,
                             g.kh,         g.kw,         g.stride_d,   g.stride_h, g.stride_w,
                             g.dilation_d, g.dilation_h, g.dilation_w, g.groups};
  for (int64_t number : numbers)
    if (number < 1 || number > INT_MAX) return false;
  for (int64_t pad : {g.pad_d, g.pad_h, g.pad_w})
    if (pad > INT_MAX) return false;
  const auto small = [](std::initializer_list<int64_t> sizes) {
    double product = 1;
    for (int64_t size : sizes) product *= static_cast<double>(size);
    return product <= INT_MAX;
  };
  return small({g.c, g.d, g.h, g.w}) && small({g.o, g.od, g.oh, g.ow}) &&
         small({g.o, g.group_c(), g.kd, g.kh, g.kw});
}

}  // namespace flambeau::cuda
