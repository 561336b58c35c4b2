// conv2d and its gradients. See conv.h for the layouts.
#include "conv.h"

#include <algorithm>

#include "channels_last.h"
#include "kernel.h"

namespace flambeau {

namespace {

// Numbers of all three kernels: stride, padding and dilation (height, width each), groups.
constexpr int kParams = 7;

int64_t output_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  int64_t reach;
  if (kernel < 1 || __builtin_mul_overflow(kernel - 1, dilation, &reach)) return 0;
  const int64_t free = size + 2 * pad - reach - 1;
  return free < 0 ? 0 : free / stride + 1;
}

// Checks that x, w and y belong together; throws otherwise.
ConvGeometry geometry(Call& call, const Shape& x, const Shape& w, const Shape& y) {
  if (call.num_params() != kParams) throw Failure("ERR_INTERNAL", "a convolution takes 7 numbers");
  ConvGeometry g;
  g.stride_h = size_param(call, 0, 1, "a stride");
  g.stride_w = size_param(call, 1, 1, "a stride");
  g.pad_h = size_param(call, 2, 0, "a padding");
  g.pad_w = size_param(call, 3, 0, "a padding");
  g.dilation_h = size_param(call, 4, 1, "a dilation");
  g.dilation_w = size_param(call, 5, 1, "a dilation");
  g.groups = size_param(call, 6, 1, "a number of groups");
  if (x.ndim != 4 || w.ndim != 4 || y.ndim != 4)
    throw Failure("ERR_SHAPE", "a convolution needs an input, a weight and an output with 4 axes");
  g.n = x.sizes[0], g.c = x.sizes[1], g.h = x.sizes[2], g.w = x.sizes[3];
  g.o = w.sizes[0], g.kh = w.sizes[2], g.kw = w.sizes[3];
  g.oh = y.sizes[2], g.ow = y.sizes[3];
  if (g.c % g.groups != 0 || g.o % g.groups != 0 || w.sizes[1] != g.c / g.groups)
    throw Failure("ERR_SHAPE", "the weight's channels do not fit the input and the groups");
  if (y.sizes[0] != g.n || y.sizes[1] != g.o)
    throw Failure("ERR_SHAPE", "the output's batch or channels do not fit the input and weight");
  const int64_t oh = output_size(g.h, g.kh, g.stride_h, g.pad_h, g.dilation_h);
  const int64_t ow = output_size(g.w, g.kw, g.stride_w, g.pad_w, g.dilation_w);
  if (oh < 1 || ow < 1) throw Failure("ERR_SHAPE", "the kernel is larger than the padded input");
  if (oh != g.oh || ow != g.ow)
    throw Failure("ERR_SHAPE", "the output's height or width does not follow from the input's");
  return g;
}

void require_dtype(const Tensor& t, DType dtype) {
  if (t.dtype != dtype) throw Failure("ERR_INTERNAL", "a convolution of tensors of several types");
}

// Output `i` of `dtype`, row-major.
Tensor& row_major_output(Call& call, int i, DType dtype) {
  output_shape(call, i);
  if (call.spec(i).dtype != dtype) throw Failure("ERR_INTERNAL", "the output has another type");
  return call.out(i);
}

void fill_zero(const Tensor& t) {
  std::fill(t.data, t.data + t.numel() * static_cast<int64_t>(t.item_bytes()), char{0});
}

}  // namespace

// y [n, o, oh, ow] = x [n, c, h, w] convolved with w [o, c / groups, kh, kw], + bias [o] if given.
// Inputs of any strides and one type (not bool); y is stored channels-last. No images: y is empty;
// no input channels: the bias.
FLAMBEAU_KERNEL(conv2d) {
  const Tensor& x = call.in(0);
  const ConvGeometry g = geometry(call, x.shape, call.in(1).shape, output_shape(call, 0));
  require_dtype(call.in(1), x.dtype);
  const Tensor w = call.contiguous(call.in(1));
  Tensor bias;
  if (call.has(2)) {
    require_dtype(call.in(2), x.dtype);
    if (!(call.in(2).shape == Shape{g.o}))
      throw Failure("ERR_SHAPE", "the bias must be [channels]");
    bias = call.contiguous(call.in(2));
  }
  Tensor& y = channels_last_output(call, 0, x.dtype);
  if (y.numel() == 0) return;
  const float* bias_data = call.has(2) ? bias.as<float>() : nullptr;
  if (x.dtype == DType::kFloat32 && vector_forward_fits(g)) {
    vector_forward(g, x, w.as<float>(), bias_data, y.as<float>());
  } else if (x.dtype == DType::kFloat32 && onednn_conv_fits(g)) {
    onednn_conv_forward(g, channels_last(call, x).as<float>(), w.as<float>(), bias_data,
                        y.as<float>());
  } else {
    direct_forward(g, channels_last(call, x), w, call.has(2) ? &bias : nullptr, y);
  }
}

// dx [n, c, h, w], channels-last: what dy [n, o, oh, ow] gives through w. h and w are those of the
// output, as the input's size does not follow from dy.
FLAMBEAU_KERNEL(conv2dInputGrad) {
  const Tensor& grad = call.in(0);
  const ConvGeometry g = geometry(call, output_shape(call, 0), call.in(1).shape, grad.shape);
  require_dtype(call.in(1), grad.dtype);
  const Tensor w = call.contiguous(call.in(1));
  const Tensor dy = channels_last(call, grad);
  Tensor& dx = channels_last_output(call, 0, grad.dtype);
  if (dx.numel() == 0) return;
  if (grad.dtype == DType::kFloat32 && onednn_conv_fits(g)) {
    onednn_conv_input_grad(g, dy.as<float>(), w.as<float>(), dx.as<float>());
  } else {
    direct_input_grad(g, dy, w, dx);
  }
}

// dw [o, c / groups, kh, kw], row-major, and with a second output db [o]: what dy [n, o, oh, ow]
// gives for inputs x [n, c, h, w]. No images: zeros.
FLAMBEAU_KERNEL(conv2dWeightGrad) {
  const Tensor& grad = call.in(0);
  const Tensor& input = call.in(1);
  const ConvGeometry g = geometry(call, input.shape, output_shape(call, 0), grad.shape);
  require_dtype(input, grad.dtype);
  Tensor& dw = row_major_output(call, 0, grad.dtype);
  Tensor* db = nullptr;
  if (call.num_outputs() > 1) {
    if (!(call.spec(1).shape == Shape{g.o}))
      throw Failure("ERR_SHAPE", "the bias must be [channels]");
    db = &row_major_output(call, 1, grad.dtype);
  }
  if (grad.numel() == 0 || dw.numel() == 0) {
    fill_zero(dw);
    if (!db) return;
    fill_zero(*db);
    if (grad.numel() == 0) return;
  }
  const Tensor dy = channels_last(call, grad);
  float* db_data = db ? db->as<float>() : nullptr;
  if (grad.dtype == DType::kFloat32 && vector_weight_grad_fits(g)) {
    const Tensor x = vector_weight_grad_repacks(g) ? input : channels_last(call, input);
    vector_weight_grad(g, x, dy.as<float>(), dw.as<float>(), db_data);
  } else if (grad.dtype == DType::kFloat32 && onednn_conv_fits(g)) {
    onednn_conv_weight_grad(g, channels_last(call, input).as<float>(), dy.as<float>(),
                            dw.as<float>(), db_data);
  } else {
    direct_weight_grad(g, channels_last(call, input), dy, dw, db);
  }
}

}  // namespace flambeau
