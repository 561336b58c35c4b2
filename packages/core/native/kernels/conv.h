// Convolution of images and volumes: its sizes, and the three ways it is computed. See
// docs/decisions/0007-convolution.md for which way is taken when.
//
// In all of them x [n, c, h, w], y [n, o, oh, ow] and their gradients are stored n, h, w, c without
// gaps (channels-last) unless said otherwise, w [o, c / groups, kh, kw] and its gradient row-major.
// Volumes have a further axis before the height: d, od and kd. `bias` [o] and `db` [o] may be null.
// Outputs do not overlap inputs.
#pragma once

#include <cstdint>

#include "tensor.h"

namespace flambeau {

struct ConvGeometry {
  int64_t n, c, h, w;  // input
  int64_t o, oh, ow;   // output
  int64_t kh, kw;
  int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
  // The depth: only volumes have another one than this.
  bool volume = false;
  int64_t d = 1, od = 1, kd = 1, stride_d = 1, pad_d = 0, dilation_d = 1;

  int64_t group_c() const { return c / groups; }
  int64_t group_o() const { return o / groups; }
  int64_t x_pixels() const { return d * h * w; }  // of an image
  int64_t y_pixels() const { return od * oh * ow; }
  int64_t taps() const { return kd * kh * kw; }
  // Products of one image; a double, because it only weighs costs and must not overflow.
  double image_products() const {
    return static_cast<double>(y_pixels()) * static_cast<double>(o) *
           static_cast<double>(group_c() * taps());
  }
};

// --- any type, any sizes: plain loops (conv_direct.cc) ---

// Tensors of one type; bias and db may be empty.
void direct_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor* bias,
                    const Tensor& y);
void direct_input_grad(const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Tensor& dx);
void direct_weight_grad(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw,
                        const Tensor* db);

// --- float32 images, our own vector loops (conv_vector.cc) ---

// Few input channels. Here x may have any strides.
bool vector_forward_fits(const ConvGeometry& g);
void vector_forward(const ConvGeometry& g, const Tensor& x, const float* w, const float* bias,
                    float* y);

// Weights small enough for the partial sums to stay in the caches.
bool vector_weight_grad_fits(const ConvGeometry& g);
// x may have any strides where this is true.
bool vector_weight_grad_repacks(const ConvGeometry& g);
void vector_weight_grad(const ConvGeometry& g, const Tensor& x, const float* dy, float* dw,
                        float* db);

// --- float32 images, 3×3 kernels without steps, many channels: Winograd (conv_winograd.cc) ---

// Off where the environment variable FLAMBEAU_WINOGRAD is 0. The error is about ten times that of
// plain sums; docs/decisions/0007-convolution.md has numbers.
bool winograd_forward_fits(const ConvGeometry& g);
bool winograd_input_grad_fits(const ConvGeometry& g);
bool winograd_weight_grad_fits(const ConvGeometry& g);
void winograd_forward(const ConvGeometry& g, const float* x, const float* w, const float* bias,
                      float* y);
void winograd_input_grad(const ConvGeometry& g, const float* dy, const float* w, float* dx);
void winograd_weight_grad(const ConvGeometry& g, const float* x, const float* dy, float* dw,
                          float* db);

// --- float32 and bfloat16, oneDNN (conv_onednn.cc) ---

// Sizes that oneDNN's 32-bit arithmetic is safe with.
bool onednn_conv_fits(const ConvGeometry& g);
// T: float, or BFloat16 where the processor has instructions for it.
template <class T>
void onednn_conv_forward(const ConvGeometry& g, const T* x, const T* w, const T* bias, T* y);
template <class T>
void onednn_conv_input_grad(const ConvGeometry& g, const T* dy, const T* w, T* dx);
template <class T>
void onednn_conv_weight_grad(const ConvGeometry& g, const T* x, const T* dy, float* dw, float* db);

}  // namespace flambeau
