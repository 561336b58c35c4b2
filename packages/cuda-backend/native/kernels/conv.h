// Convolution of images and volumes on the device: the two ways it is computed.
//
// x [n, c, h, w], y [n, o, oh, ow], w [o, c / groups, kh, kw]; volumes have a further axis before
// the height: d, od and kd. Unless said otherwise x, y and their gradients are stored n, h, w, c
// without gaps (channels-last), w row-major and its gradient either way. Outputs do not overlap
// inputs.
#pragma once

#include "call.h"
#include "convolution.h"

namespace flambeau::cuda {

// --- any type, any sizes: kernels of our own (conv_direct.cu) ---

void direct_forward(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                    const Tensor* bias, const Tensor& y);
void direct_input_grad(Call& call, const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                       const Tensor& dx);
void direct_weight_grad(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                        const Tensor& dw);
// db [channels]: the sums over images and pixels of dy, of which there are some; in one launch
// where few pixels have many channels, else in two.
void bias_grad(Call& call, const Tensor& dy, int64_t channels, const Tensor& db);
// y [rows, columns] += bias [columns]
void add_bias(Call& call, const Tensor& y, int64_t columns, const void* bias);

// --- floating types, cuDNN (conv_cudnn.h) ---

// Sizes that cuDNN's 32-bit arithmetic can count, of one image at least, and no empty tensors.
bool cudnn_fits(const ConvGeometry& g, DType dtype);
// Here x and dy may have any strides. False: cuDNN has no algorithm for this.
bool cudnn_forward(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                   const Tensor* bias, const Tensor& y);
bool cudnn_input_grad(Call& call, const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                      const Tensor& dx);
bool cudnn_weight_grad(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                       const Tensor& dw);

}  // namespace flambeau::cuda
