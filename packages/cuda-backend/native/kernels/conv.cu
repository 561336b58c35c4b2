// Convolution of images and volumes, and its gradients. See conv.h for the layouts.
#include "channels_last.h"
#include "conv.h"

namespace flambeau::cuda {

// y [n, o, oh, ow] = x [n, c, h, w] convolved with w [o, c / groups, kh, kw], + bias [o] if given;
// volumes have a depth before the height. Inputs of any strides and one type (not bool); y is
// stored channels-last. No images: y is empty; no input channels: the bias.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(convolution, all_of_16bit_type(call)) {
  const Tensor x = call.in(0), w = call.in(1);
  const ConvGeometry g = conv_geometry(call, x.shape, w.shape, output_shape(call, 0));
  require_conv_type(w, x.dtype);
  const Tensor bias = conv_bias(call, g, x.dtype);
  const Tensor* const given = call.has(2) ? &bias : nullptr;
  const Tensor& y = channels_last_output(call, 0, x.dtype);
  if (y.numel() == 0) return;
  if (cudnn_fits(g, x.dtype) && cudnn_forward(call, g, x, w, given, y)) return;
  direct_forward(call, g, channels_last(call, x), w, given, y);
}

// dx [n, c, h, w], channels-last: what dy [n, o, oh, ow] gives through w. h and w are those of the
// output, as the input's size does not follow from dy.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(convolutionInputGrad, all_of_16bit_type(call)) {
  const Tensor dy = call.in(0), w = call.in(1);
  const ConvGeometry g = conv_geometry(call, output_shape(call, 0), w.shape, dy.shape);
  require_conv_type(w, dy.dtype);
  const Tensor& dx = channels_last_output(call, 0, dy.dtype);
  if (dx.numel() == 0) return;
  if (cudnn_fits(g, dy.dtype) && cudnn_input_grad(call, g, dy, w, dx)) return;
  direct_input_grad(call, g, channels_last(call, dy), w, dx);
}

// dw [o, c / groups, kh, kw], row-major or as the call asks for it, and with a second output db
// [o]: what dy [n, o, oh, ow] gives for inputs x [n, c, h, w]. No images: zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(convolutionWeightGrad, all_of_16bit_type(call)) {
  Tensor dy = call.in(0);
  const Tensor x = call.in(1);
  const ConvGeometry g = conv_geometry(call, x.shape, output_shape(call, 0), dy.shape, 1);
  require_conv_type(x, dy.dtype);
  const Tensor& dw = weight_grad_output(call, dy.dtype);
  Tensor* db = nullptr;
  if (call.num_outputs() > 1) {
    require_conv_bias(call.spec(1).shape, g);
    db = &row_major_output(call, 1, dy.dtype);
  }
  if (dy.numel() == 0) {
    if (dw.numel() > 0) fill_with(call, dw, 0);
    if (db && db->numel() > 0) fill_with(call, *db, 0);
    return;
  }
  dy = channels_last(call, dy);
  if (db) bias_grad(call, dy, g.o, *db);
  if (dw.numel() == 0) return;
  if (cudnn_fits(g, dy.dtype) && cudnn_weight_grad(call, g, x, dy, dw)) return;
  direct_weight_grad(call, g, channels_last(call, x), dy, dw);
}

}  // namespace flambeau::cuda
