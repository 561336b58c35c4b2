// Convolution of images and volumes, and its gradients. See conv.h for the layouts.
#include "conv.h"

#include <algorithm>

#include "channels_last.h"
#include "half.h"
#include "kernel.h"
#include "product_bfloat16.h"

namespace flambeau {

namespace {

void fill_zero(const Tensor& t) {
  std::fill(t.data, t.data + t.numel() * static_cast<int64_t>(t.item_bytes()), char{0});
}

// Products for which the instructions for bfloat16 pay, and channels that fill a vector of them.
constexpr double kBFloat16Products = 1 << 20;
constexpr int64_t kBFloat16Channels = 16;

// Is this a convolution (or gradient) of bfloat16 tensors that oneDNN computes as such, by the
// processor's instructions? Otherwise the call is made with float32 copies. `further` as of
// conv_geometry().
bool is_bfloat16(const Call& call, const Shape& x, const Shape& w, const Shape& y,
                 int further = 0) {
  if (!all_of_type(call, DType::kBFloat16)) return false;
  for (int i = 0; i < call.num_outputs(); ++i)
    if (call.in_place(i)) return false;
  if (!has_bfloat16_instructions()) return false;
  try {
    const ConvGeometry g = conv_geometry(call, x, w, y, further);
    return onednn_conv_fits(g) && g.group_c() >= kBFloat16Channels &&
           g.group_o() >= kBFloat16Channels &&
           static_cast<double>(g.n) * g.image_products() >= kBFloat16Products;
  } catch (const Failure&) {
    return false;  // the kernel says what is wrong
  }
}

bool is_bfloat16_forward(const Call& call) {
  return call.num_outputs() == 1 && call.has(0) && call.has(1) &&
         is_bfloat16(call, call.in(0).shape, call.in(1).shape, call.spec(0).shape);
}

bool is_bfloat16_input_grad(const Call& call) {
  return call.num_outputs() == 1 && call.has(0) && call.has(1) &&
         is_bfloat16(call, call.spec(0).shape, call.in(1).shape, call.in(0).shape);
}

bool is_bfloat16_weight_grad(const Call& call) {
  return call.num_outputs() >= 1 && call.has(0) && call.has(1) &&
         is_bfloat16(call, call.in(1).shape, call.spec(0).shape, call.in(0).shape, 1);
}

}  // namespace

// y [n, o, oh, ow] = x [n, c, h, w] convolved with w [o, c / groups, kh, kw], + bias [o] if given;
// volumes have a depth before the height. Inputs of any strides and one type (not bool); y is
// stored channels-last. No images: y is empty; no input channels: the bias.
FLAMBEAU_KERNEL_ALL_TYPES_IF(convolution, is_bfloat16_forward(call)) {
  const Tensor& x = call.in(0);
  const ConvGeometry g = conv_geometry(call, x.shape, call.in(1).shape, output_shape(call, 0));
  require_conv_type(call.in(1), x.dtype);
  const Tensor w = call.contiguous(call.in(1));
  const Tensor bias = conv_bias(call, g, x.dtype);
  Tensor& y = channels_last_output(call, 0, x.dtype);
  if (y.numel() == 0) return;
  if (x.dtype == DType::kBFloat16) {
    onednn_conv_forward<BFloat16>(g, channels_last(call, x).as<BFloat16>(), w.as<BFloat16>(),
                                  call.has(2) ? bias.as<BFloat16>() : nullptr, y.as<BFloat16>());
    return;
  }
  const float* bias_data = call.has(2) ? bias.as<float>() : nullptr;
  if (x.dtype == DType::kFloat32 && vector_forward_fits(g)) {
    vector_forward(g, x, w.as<float>(), bias_data, y.as<float>());
  } else if (x.dtype == DType::kFloat32 && winograd_forward_fits(g)) {
    winograd_forward(g, channels_last(call, x).as<float>(), w.as<float>(), bias_data,
                     y.as<float>());
  } else if (x.dtype == DType::kFloat32 && onednn_conv_fits(g)) {
    onednn_conv_forward<float>(g, channels_last(call, x).as<float>(), w.as<float>(), bias_data,
                               y.as<float>());
  } else if (x.dtype == DType::kFloat64 && product_conv_fits(g)) {
    product_forward(g, channels_last(call, x).as<double>(), w.as<double>(),
                    call.has(2) ? bias.as<double>() : nullptr, y.as<double>());
  } else {
    direct_forward(g, channels_last(call, x), w, call.has(2) ? &bias : nullptr, y);
  }
}

// dx [n, c, h, w], channels-last: what dy [n, o, oh, ow] gives through w. h and w are those of the
// output, as the input's size does not follow from dy.
FLAMBEAU_KERNEL_ALL_TYPES_IF(convolutionInputGrad, is_bfloat16_input_grad(call)) {
  const Tensor& grad = call.in(0);
  const ConvGeometry g = conv_geometry(call, output_shape(call, 0), call.in(1).shape, grad.shape);
  require_conv_type(call.in(1), grad.dtype);
  const Tensor w = call.contiguous(call.in(1));
  const Tensor dy = channels_last(call, grad);
  Tensor& dx = channels_last_output(call, 0, grad.dtype);
  if (dx.numel() == 0) return;
  if (grad.dtype == DType::kBFloat16) {
    onednn_conv_input_grad<BFloat16>(g, dy.as<BFloat16>(), w.as<BFloat16>(), dx.as<BFloat16>());
  } else if (grad.dtype == DType::kFloat32 && winograd_input_grad_fits(g)) {
    winograd_input_grad(g, dy.as<float>(), w.as<float>(), dx.as<float>());
  } else if (grad.dtype == DType::kFloat32 && onednn_conv_fits(g)) {
    onednn_conv_input_grad<float>(g, dy.as<float>(), w.as<float>(), dx.as<float>());
  } else if (grad.dtype == DType::kFloat64 && product_conv_fits(g)) {
    product_input_grad(g, dy.as<double>(), w.as<double>(), dx.as<double>());
  } else {
    direct_input_grad(g, dy, w, dx);
  }
}

// dw [o, c / groups, kh, kw], row-major or as the call asks for it, and with a second output db
// [o]: what dy [n, o, oh, ow] gives for inputs x [n, c, h, w]. No images: zeros.
FLAMBEAU_KERNEL_ALL_TYPES_IF(convolutionWeightGrad, is_bfloat16_weight_grad(call)) {
  const Tensor& grad = call.in(0);
  const Tensor& input = call.in(1);
  const ConvGeometry g = conv_geometry(call, input.shape, output_shape(call, 0), grad.shape, 1);
  require_conv_type(input, grad.dtype);
  Tensor& result = weight_grad_output(call, grad.dtype);
  Tensor* db = nullptr;
  if (call.num_outputs() > 1) {
    require_conv_bias(call.spec(1).shape, g);
    db = &row_major_output(call, 1, grad.dtype);
  }
  if (grad.numel() == 0 || result.numel() == 0) {
    fill_zero(result);
    if (!db) return;
    fill_zero(*db);
    if (grad.numel() == 0) return;
  }
  const Tensor dy = channels_last(call, grad);
  if (grad.dtype == DType::kBFloat16) {
    const Tensor sums = call.temporary(result.shape, DType::kFloat32);
    const Tensor bias_sums = call.temporary(Shape{g.o}, DType::kFloat32);
    onednn_conv_weight_grad<BFloat16>(g, channels_last(call, input).as<BFloat16>(),
                                      dy.as<BFloat16>(), sums.as<float>(),
                                      db ? bias_sums.as<float>() : nullptr);
    copy_into(result, sums);
    if (db) copy_into(*db, bias_sums);
    return;
  }
  // All ways give it row-major.
  const bool as_asked = result.is_contiguous();
  const Tensor dw = as_asked ? result : call.temporary(result.shape, result.dtype);
  float* db_data = db ? db->as<float>() : nullptr;
  if (grad.dtype == DType::kFloat32 && winograd_weight_grad_fits(g)) {
    winograd_weight_grad(g, channels_last(call, input).as<float>(), dy.as<float>(), dw.as<float>(),
                         db_data);
  } else if (grad.dtype == DType::kFloat32 && vector_weight_grad_fits(g)) {
    const Tensor x = vector_weight_grad_repacks(g) ? input : channels_last(call, input);
    vector_weight_grad(g, x, dy.as<float>(), dw.as<float>(), db_data);
  } else if (grad.dtype == DType::kFloat32 && onednn_conv_fits(g)) {
    onednn_conv_weight_grad<float>(g, channels_last(call, input).as<float>(), dy.as<float>(),
                                   dw.as<float>(), db_data);
  } else if (grad.dtype == DType::kFloat64 && product_conv_fits(g)) {
    product_weight_grad(g, channels_last(call, input).as<double>(), dy.as<double>(),
                        dw.as<double>(), db ? db->as<double>() : nullptr);
  } else {
    direct_weight_grad(g, channels_last(call, input), dy, dw, db);
  }
  if (!as_asked) copy_into(result, dw);
}

}  // namespace flambeau
