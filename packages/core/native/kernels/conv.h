// Convolution of images and volumes: the ways it is computed. See
// docs/decisions/0007-convolution.md for which way is taken when.
//
// In all of them x [n, c, h, w], y [n, o, oh, ow] and their gradients are stored n, h, w, c without
// gaps (channels-last) unless said otherwise, w [o, c / groups, kh, kw] and its gradient row-major.
// Volumes have a further axis before the height: d, od and kd. `bias` [o] and `db` [o] may be null.
// Outputs do not overlap inputs.
#pragma once

#include "convolution.h"
#include "tensor.h"

namespace flambeau {

// --- any type, any sizes: plain loops (conv_direct.cc) ---

// Tensors of one type; bias and db may be empty.
void direct_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor* bias,
                    const Tensor& y);
void direct_input_grad(const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Tensor& dx);
void direct_weight_grad(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw,
                        const Tensor* db);

// --- float64: matrix products (conv_products.cc) ---

// Channels enough for a product to be faster than loops.
bool product_conv_fits(const ConvGeometry& g);
void product_forward(const ConvGeometry& g, const double* x, const double* w, const double* bias,
                     double* y);
void product_input_grad(const ConvGeometry& g, const double* dy, const double* w, double* dx);
void product_weight_grad(const ConvGeometry& g, const double* x, const double* dy, double* dw,
                         double* db);

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
