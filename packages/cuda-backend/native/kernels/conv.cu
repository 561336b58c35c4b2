// Convolution of images and volumes, and its gradients. See conv.h for the layouts.
#include <algorithm>
#include <string>

#include "conv.h"

namespace flambeau::cuda {

void pixel_strides(const Shape& shape, int64_t* strides) {
  int64_t step = 1;
  const auto place = [&](int axis) {
    strides[axis] = step;
    step *= std::max<int64_t>(shape.sizes[axis], 1);
  };
  place(1);
  for (int axis = shape.ndim - 1; axis > 1; --axis) place(axis);
  place(0);
}

bool is_channels_last(const Tensor& t) {
  int64_t strides[kMaxDims];
  pixel_strides(t.shape, strides);
  bool last = true;
  for (int axis = 0; axis < t.ndim(); ++axis) {
    if (t.size(axis) == 0) return true;
    if (t.size(axis) != 1 && t.stride(axis) != strides[axis]) last = false;
  }
  return last;
}

Tensor channels_last(Call& call, const Tensor& t) {
  if (is_channels_last(t)) return t;
  Tensor copy = call.temporary(t.shape, t.dtype);
  pixel_strides(t.shape, copy.strides);
  copy_into(call, copy, t);
  return copy;
}

const Shape& output_shape(Call& call, int i) {
  if (i >= call.num_outputs()) throw Failure("ERR_INTERNAL", "the kernel lacks an output");
  if (call.in_place(i)) throw Failure("ERR_INTERNAL", "the kernel does not work in place");
  return call.spec(i).shape;
}

Tensor& channels_last_output(Call& call, int i, DType dtype) {
  int64_t strides[kMaxDims];
  pixel_strides(output_shape(call, i), strides);
  if (call.spec(i).dtype != dtype) throw Failure("ERR_INTERNAL", "the output has another type");
  return call.out_strided(i, strides);
}

int64_t size_param(const Call& call, int i, int64_t least, const char* what) {
  constexpr int64_t kMost = int64_t{1} << 31;
  const int64_t value = call.integer(i);
  if (value < least || value > kMost)
    throw Failure("ERR_VALUE", std::string(what) + " of " + std::to_string(value) +
                                   " is outside [" + std::to_string(least) + ", 2^31]");
  return value;
}

namespace {

int64_t output_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  int64_t reach;
  if (kernel < 1 || __builtin_mul_overflow(kernel - 1, dilation, &reach)) return 0;
  const int64_t free = size + 2 * pad - reach - 1;
  return free < 0 ? 0 : free / stride + 1;
}

// The sizes and numbers of one axis.
struct Axis {
  int64_t &input, &output, &kernel, &stride, &pad, &dilation;
};

// Checks that x, w and y belong together; throws otherwise. The numbers are stride, padding and
// dilation (depth, height and width each; images have no depth), groups.
ConvGeometry geometry(const Call& call, const Shape& x, const Shape& w, const Shape& y) {
  if ((x.ndim != 4 && x.ndim != 5) || w.ndim != x.ndim || y.ndim != x.ndim)
    throw Failure("ERR_SHAPE",
                  "a convolution needs an input, a weight and an output with 4 axes, or 5 each");
  const int dims = x.ndim - 2;
  if (call.num_params() != 3 * dims + 1)
    throw Failure("ERR_INTERNAL", "a convolution takes 7 numbers, of volumes 10");
  ConvGeometry g;
  g.volume = dims == 3;
  g.n = x.sizes[0], g.c = x.sizes[1], g.o = w.sizes[0];
  g.groups = size_param(call, 3 * dims, 1, "a number of groups");
  if (g.c % g.groups != 0 || g.o % g.groups != 0 || w.sizes[1] != g.c / g.groups)
    throw Failure("ERR_SHAPE", "the weight's channels do not fit the input and the groups");
  if (y.sizes[0] != g.n || y.sizes[1] != g.o)
    throw Failure("ERR_SHAPE", "the output's batch or channels do not fit the input and weight");
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
        output_size(axis.input, axis.kernel, axis.stride, axis.pad, axis.dilation);
    if (output < 1) throw Failure("ERR_SHAPE", "the kernel is larger than the padded input");
    if (output != axis.output)
      throw Failure("ERR_SHAPE", "the output's height or width does not follow from the input's");
  }
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

// Are all tensors of one 16-bit floating type?
bool is_16bit_convolution(const Call& call) {
  const DType dtype = call.spec(0).dtype;
  if (!is_16bit_float(dtype)) return false;
  for (int i = 0; i < call.num_inputs(); ++i)
    if (call.has(i) && call.in(i).dtype != dtype) return false;
  for (int i = 0; i < call.num_outputs(); ++i)
    if (call.spec(i).dtype != dtype) return false;
  return true;
}

}  // namespace

// y [n, o, oh, ow] = x [n, c, h, w] convolved with w [o, c / groups, kh, kw], + bias [o] if given;
// volumes have a depth before the height. Inputs of any strides and one type (not bool); y is
// stored channels-last. No images: y is empty; no input channels: the bias.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(convolution, is_16bit_convolution(call)) {
  const Tensor x = call.in(0), w = call.in(1);
  const ConvGeometry g = geometry(call, x.shape, w.shape, output_shape(call, 0));
  require_dtype(w, x.dtype);
  Tensor bias;
  if (call.has(2)) {
    require_dtype(call.in(2), x.dtype);
    if (!(call.in(2).shape == Shape{g.o}))
      throw Failure("ERR_SHAPE", "the bias must be [channels]");
    bias = call.contiguous(call.in(2));
  }
  const Tensor* const given = call.has(2) ? &bias : nullptr;
  const Tensor& y = channels_last_output(call, 0, x.dtype);
  if (y.numel() == 0) return;
  if (cudnn_fits(g, x.dtype) && cudnn_forward(call, g, x, w, given, y)) return;
  direct_forward(call, g, channels_last(call, x), w, given, y);
}

// dx [n, c, h, w], channels-last: what dy [n, o, oh, ow] gives through w. h and w are those of the
// output, as the input's size does not follow from dy.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(convolutionInputGrad, is_16bit_convolution(call)) {
  const Tensor dy = call.in(0), w = call.in(1);
  const ConvGeometry g = geometry(call, output_shape(call, 0), w.shape, dy.shape);
  require_dtype(w, dy.dtype);
  const Tensor& dx = channels_last_output(call, 0, dy.dtype);
  if (dx.numel() == 0) return;
  if (cudnn_fits(g, dy.dtype) && cudnn_input_grad(call, g, dy, w, dx)) return;
  direct_input_grad(call, g, channels_last(call, dy), w, dx);
}

// dw [o, c / groups, kh, kw], row-major, and with a second output db [o]: what dy [n, o, oh, ow]
// gives for inputs x [n, c, h, w]. No images: zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(convolutionWeightGrad, is_16bit_convolution(call)) {
  Tensor dy = call.in(0);
  const Tensor x = call.in(1);
  const ConvGeometry g = geometry(call, x.shape, output_shape(call, 0), dy.shape);
  require_dtype(x, dy.dtype);
  const Tensor& dw = row_major_output(call, 0, dy.dtype);
  Tensor* db = nullptr;
  if (call.num_outputs() > 1) {
    if (!(call.spec(1).shape == Shape{g.o}))
      throw Failure("ERR_SHAPE", "the bias must be [channels]");
    db = &row_major_output(call, 1, dy.dtype);
  }
  if (dy.numel() == 0) {
    if (dw.numel() > 0) fill_with(call, dw, 0);
    if (db && db->numel() > 0) fill_with(call, *db, 0);
    return;
  }
  dy = channels_last(call, dy);
  if (db) sum_columns(call, dy, g.o, *db);
  if (dw.numel() == 0) return;
  if (cudnn_fits(g, dy.dtype) && cudnn_weight_grad(call, g, x, dy, dw)) return;
  direct_weight_grad(call, g, channels_last(call, x), dy, dw);
}

}  // namespace flambeau::cuda
