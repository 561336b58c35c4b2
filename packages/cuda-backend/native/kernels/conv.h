// Convolution of images and volumes on the device: its sizes, and the two ways it is computed.
//
// x [n, c, h, w], y [n, o, oh, ow], w [o, c / groups, kh, kw]; volumes have a further axis before
// the height: d, od and kd. Unless said otherwise x, y and their gradients are stored n, h, w, c
// without gaps (channels-last), w and its gradient row-major. Outputs do not overlap inputs.
#pragma once

#include "call.h"

namespace flambeau::cuda {

struct ConvGeometry {
  int64_t n, c, h, w;  // input
  int64_t o, oh, ow;   // output
  int64_t kh, kw;
  int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
  // The depth: only volumes have another one than this.
  bool volume = false;
  int64_t d = 1, od = 1, kd = 1, stride_d = 1, pad_d = 0, dilation_d = 1;

  __host__ __device__ int64_t group_c() const { return c / groups; }
  __host__ __device__ int64_t group_o() const { return o / groups; }
  __host__ __device__ int64_t x_pixels() const { return d * h * w; }  // of an image
  __host__ __device__ int64_t y_pixels() const { return od * oh * ow; }
  __host__ __device__ int64_t taps() const { return kd * kh * kw; }
};

// Strides of [n, c, …] stored as n, …, c.
void pixel_strides(const Shape& shape, int64_t* strides);
// Is `t` [n, c, …] stored as n, …, c without gaps?
bool is_channels_last(const Tensor& t);
// `t` [n, c, …] if it is stored channels-last, else a copy that is and dies with the call.
Tensor channels_last(Call& call, const Tensor& t);
// Output `i` of `dtype`, [n, c, …] stored channels-last.
Tensor& channels_last_output(Call& call, int i, DType dtype);
// The shape of output `i`; throws where the call lacks it, or wants it written in place.
const Shape& output_shape(Call& call, int i);
// Parameter `i`, a whole number in [least, 2^31], so that sums and products of two do not overflow.
int64_t size_param(const Call& call, int i, int64_t least, const char* what);

// --- any type, any sizes: kernels of our own (conv_direct.cu) ---

void direct_forward(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                    const Tensor* bias, const Tensor& y);
void direct_input_grad(Call& call, const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                       const Tensor& dx);
void direct_weight_grad(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                        const Tensor& dw);
// y [rows, columns] += bias [columns]
void add_bias(Call& call, const Tensor& y, int64_t columns, const void* bias);
// db [columns] = the sums of the columns of dy [rows, columns]
void sum_columns(Call& call, const Tensor& dy, int64_t columns, const Tensor& db);

// --- floating types, cuDNN (conv_cudnn.cu) ---

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
