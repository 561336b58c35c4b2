// Matrix products of tensors: matmul with broadcast batches, addmm, and the linear layer.
// Transposed and otherwise strided views are read where they lie, as far as cuBLASLt can.
#include <algorithm>

#include "product.h"

namespace flambeau::cuda {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

// Are all tensors of one 16-bit floating type?
bool is_16bit_product(const Call& call) {
  const DType dtype = call.spec(0).dtype;
  if (!is_16bit_float(dtype)) return false;
  for (int i = 0; i < call.num_inputs(); ++i)
    if (call.has(i) && call.in(i).dtype != dtype) return false;
  return true;
}

void require_number(DType dtype) { require(dtype != DType::kBool, "bool has no matrix product"); }

// The sizes of a · b and where the matrices of the batch lie. An operand with one axis is a row (a)
// or a column (b), and the result lacks that axis.
struct MatmulPlan {
  int64_t m = 1, n = 1, k = 0;
  int64_t a_row = 0, a_column = 0, b_row = 0, b_column = 0;
  int axes = 0;  // of the batch, outermost first
  int64_t sizes[kMaxDims];
  int64_t a_strides[kMaxDims];
  int64_t b_strides[kMaxDims];

  MatmulPlan(const Tensor& a, const Tensor& b, const Spec& y) {
    require(a.ndim() >= 1 && b.ndim() >= 1, "a matrix product needs axes");
    require(a.dtype == b.dtype && a.dtype == y.dtype, "a matrix product needs one type");
    const int a_batch = std::max(a.ndim() - 2, 0);
    const int b_batch = std::max(b.ndim() - 2, 0);
    k = a.size(a.ndim() - 1);
    a_column = a.stride(a.ndim() - 1);
    if (a.ndim() > 1) {
      m = a.size(a_batch);
      a_row = a.stride(a_batch);
    }
    require(b.size(b_batch) == k, "the inner sizes of a matrix product differ");
    b_row = b.stride(b_batch);
    if (b.ndim() > 1) {
      n = b.size(b_batch + 1);
      b_column = b.stride(b_batch + 1);
    }
    Shape shape;
    const int batch = std::max(a_batch, b_batch);
    for (int axis = 0; axis < batch; ++axis) {
      const int in_a = axis - (batch - a_batch);
      const int in_b = axis - (batch - b_batch);
      const int64_t a_size = in_a < 0 ? 1 : a.size(in_a);
      const int64_t b_size = in_b < 0 ? 1 : b.size(in_b);
      require(a_size == b_size || a_size == 1 || b_size == 1, "the batches do not broadcast");
      const int64_t size = a_size == 1 ? b_size : a_size;
      shape.sizes[shape.ndim++] = size;
      if (size != 1)
        append(size, a_size == 1 ? 0 : a.stride(in_a), b_size == 1 ? 0 : b.stride(in_b));
    }
    if (a.ndim() > 1) shape.sizes[shape.ndim++] = m;
    if (b.ndim() > 1) shape.sizes[shape.ndim++] = n;
    require(shape == y.shape, "the output of a matrix product has the wrong shape");
    merge_rows();
  }

  int64_t count() const {
    int64_t count = 1;
    for (int axis = 0; axis < axes; ++axis) count *= sizes[axis];
    return count;
  }
  // One step from matrix to matrix spans all axes of the batch but the first `from`.
  static bool is_even(const int64_t* strides, const int64_t* sizes, int axes) {
    for (int axis = 0; axis + 1 < axes; ++axis)
      if (strides[axis] != strides[axis + 1] * sizes[axis + 1]) return false;
    return true;
  }
  bool a_is_even() const { return is_even(a_strides, sizes, axes); }
  bool b_is_even() const { return is_even(b_strides, sizes, axes); }

 private:
  // A further axis, one with the last where both operands go on evenly across it.
  void append(int64_t size, int64_t a_stride, int64_t b_stride) {
    const int last = axes - 1;
    if (axes > 0 && a_strides[last] == a_stride * size && b_strides[last] == b_stride * size) {
      sizes[last] *= size;
      a_strides[last] = a_stride;
      b_strides[last] = b_stride;
      return;
    }
    sizes[axes] = size;
    a_strides[axes] = a_stride;
    b_strides[axes++] = b_stride;
  }

  // Where one b serves the last axis of the batch and the rows of a go on evenly across it, that
  // axis means more rows.
  void merge_rows() {
    while (axes > 0) {
      const int last = axes - 1;
      if (b_strides[last] != 0 || a_strides[last] == 0) return;
      if (m != 1 && a_strides[last] != a_row * m) return;
      if (m == 1) a_row = a_strides[last];
      m *= sizes[last];
      --axes;
    }
  }
};

// More products than this many calls of the library are made one by copying the operands.
constexpr int64_t kMostCalls = 4;
// Elements up to which an operand may be copied for that, however often it is repeated.
constexpr int64_t kMostCopied = int64_t{1} << 28;

// An operand whose matrices lie at even steps: a copy, as large as the batch.
MatrixView even_copy(Call& call, const Tensor& t, const MatmulPlan& plan, const int64_t* strides,
                     int64_t rows, int64_t columns, int64_t row, int64_t column) {
  Tensor view = t;
  view.shape.ndim = 0;
  for (int axis = 0; axis < plan.axes; ++axis) {
    view.strides[view.shape.ndim] = strides[axis];
    view.shape.sizes[view.shape.ndim++] = plan.sizes[axis];
  }
  view.strides[view.shape.ndim] = row;
  view.shape.sizes[view.shape.ndim++] = rows;
  view.strides[view.shape.ndim] = column;
  view.shape.sizes[view.shape.ndim++] = columns;
  Tensor copy = call.temporary(view.shape, t.dtype);
  copy_into(call, copy, view);
  return {copy.data, columns, 1, rows * columns};
}

// y [row-major] = alpha · a · b + beta · addend, where the addend, if given, is stored as y is.
void run_matmul(Call& call, const MatmulPlan& plan, const Tensor& a, const Tensor& b,
                const Tensor& y, double alpha = 1, double beta = 0, const void* addend = nullptr,
                const void* bias = nullptr) {
  MatrixProduct product;
  product.dtype = a.dtype;
  product.m = plan.m;
  product.n = plan.n;
  product.k = plan.k;
  product.alpha = alpha;
  product.beta = beta;
  product.bias = bias;
  product.a = {a.data, plan.a_row, plan.a_column, 0};
  product.b = {b.data, plan.b_row, plan.b_column, 0};
  product.c = y.data;
  product.c_row = product.addend_row = plan.n;
  product.c_step = product.addend_step = plan.m * plan.n;
  product.addend = addend;
  const int64_t count = plan.count();
  if (count == 0 || plan.m == 0 || plan.n == 0) return;
  if (plan.axes == 0) return multiply(call, product);
  const int last = plan.axes - 1;
  product.a.step = plan.a_strides[last];
  product.b.step = plan.b_strides[last];
  if (plan.axes == 1) {
    product.count = count;
    return multiply(call, product);
  }
  const int64_t calls = count / plan.sizes[last];
  const bool a_even = plan.a_is_even(), b_even = plan.b_is_even();
  if (calls > kMostCalls && (a_even || count * plan.m * plan.k <= kMostCopied) &&
      (b_even || count * plan.k * plan.n <= kMostCopied)) {
    if (!a_even)
      product.a =
          even_copy(call, a, plan, plan.a_strides, plan.m, plan.k, plan.a_row, plan.a_column);
    if (!b_even)
      product.b =
          even_copy(call, b, plan, plan.b_strides, plan.k, plan.n, plan.b_row, plan.b_column);
    product.count = count;
    return multiply(call, product);
  }
  product.count = plan.sizes[last];
  const auto item = static_cast<int64_t>(a.item_bytes());
  for (int64_t i = 0; i < calls; ++i) {
    MatrixProduct one = product;
    int64_t rest = i, a_at = 0, b_at = 0;
    for (int axis = last - 1; axis >= 0; --axis) {
      const int64_t at = rest % plan.sizes[axis];
      rest /= plan.sizes[axis];
      a_at += at * plan.a_strides[axis];
      b_at += at * plan.b_strides[axis];
    }
    const int64_t y_at = i * product.count * product.c_step * item;
    one.a.data = static_cast<const char*>(product.a.data) + a_at * item;
    one.b.data = static_cast<const char*>(product.b.data) + b_at * item;
    one.c = static_cast<char*>(product.c) + y_at;
    if (addend) one.addend = static_cast<const char*>(addend) + y_at;
    multiply(call, one);
  }
}

// Runs body(y) with a row-major y for output `i`: the output itself, or where the output is written
// in place (with its own strides, and perhaps onto an operand) a temporary copied at the end.
template <class Body>
void with_result(Call& call, int i, Body&& body) {
  if (!call.in_place(i)) return body(call.out(i));
  const Tensor apart = call.temporary(call.spec(i).shape, call.spec(i).dtype);
  body(apart);
  copy_into(call, call.out(i), apart);
}

// A tensor [..., columns] as a matrix of all its rows; copied where one stride cannot span them.
struct Rows {
  Tensor tensor;
  int64_t count = 1;
  int64_t columns;
  int64_t row = 0;
  int64_t column;

  Rows(Call& call, const Tensor& t) : tensor(t), columns(0), column(0) {
    require(t.ndim() >= 1, "a row needs an axis");
    const int last = t.ndim() - 1;
    columns = t.size(last);
    if (!find_stride()) {
      tensor = call.contiguous(t);
      find_stride();
    }
    column = tensor.stride(last);
    for (int axis = 0; axis < last; ++axis) count *= t.size(axis);
  }

 private:
  bool find_stride() {
    row = 0;
    int64_t next = -1;  // the stride that continues the rows so far
    for (int axis = tensor.ndim() - 2; axis >= 0; --axis) {
      if (tensor.size(axis) == 1) continue;
      if (next < 0) {
        row = tensor.stride(axis);
      } else if (tensor.stride(axis) != next) {
        return false;
      }
      next = tensor.stride(axis) * tensor.size(axis);
    }
    return true;
  }
};

void require_shape(const Spec& y, const Tensor& leading, int64_t last) {
  Shape shape = leading.shape;
  shape.sizes[shape.ndim - 1] = last;
  require(y.shape == shape, "the output of a linear layer has the wrong shape");
}

}  // namespace

// a [..., m, k] · b [..., k, n] -> [..., m, n], batches broadcast; a [k] is a row, b [k] a column,
// and the result lacks that axis. k = 0 gives zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(matmul, is_16bit_product(call)) {
  const Tensor a = call.in(0), b = call.in(1);
  const MatmulPlan plan(a, b, call.spec(0));
  require_number(a.dtype);
  with_result(call, 0, [&](const Tensor& y) { run_matmul(call, plan, a, b, y); });
}

// beta · input + alpha · a · b; params [beta, alpha]. input broadcasts to the result [..., m, n]
// and is not read where beta is 0.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(addmm, is_16bit_product(call)) {
  const Tensor a = call.in(1), b = call.in(2);
  const MatmulPlan plan(a, b, call.spec(0));
  require_number(a.dtype);
  require(call.in(0).dtype == a.dtype, "a matrix product needs one type");
  const double beta = call.param(0), alpha = call.param(1);
  with_result(call, 0, [&](const Tensor& y) {
    if (beta == 0) return run_matmul(call, plan, a, b, y, alpha);
    const Tensor input = call.in(0);
    if (input.shape == y.shape && input.is_contiguous())
      return run_matmul(call, plan, a, b, y, alpha, beta, input.data);
    if (beta == 1 && plan.axes == 0 && input.ndim() == 1 && input.size(0) == plan.n &&
        input.is_contiguous() && b.ndim() > 1)
      return run_matmul(call, plan, a, b, y, alpha, 0, nullptr, input.data);
    copy_into(call, y, input);
    run_matmul(call, plan, a, b, y, alpha, beta, y.data);
  });
}

// x [..., in] · w [out, in] transposed + bias [out]? -> [..., out]; params [relu]: 1 takes max(0,
// y).
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(linear, is_16bit_product(call)) {
  const Tensor w = call.in(1);
  const Rows x(call, call.in(0));
  require(w.ndim() == 2 && w.size(1) == x.columns, "the sizes of a linear layer differ");
  require(w.dtype == x.tensor.dtype && w.dtype == call.spec(0).dtype, "a layer needs one type");
  require_number(w.dtype);
  require_shape(call.spec(0), x.tensor, w.size(0));
  MatrixProduct product;
  if (call.has(2)) {
    const Tensor bias = call.contiguous(call.in(2));
    require(bias.ndim() == 1 && bias.size(0) == w.size(0) && bias.dtype == w.dtype,
            "the bias does not fit its linear layer");
    product.bias = bias.data;
  }
  product.relu = call.num_params() > 0 && call.flag(0);
  product.dtype = w.dtype;
  product.m = x.count;
  product.n = w.size(0);
  product.k = x.columns;
  product.a = {x.tensor.data, x.row, x.column, 0};
  product.b = {w.data, w.stride(1), w.stride(0), 0};
  product.c_row = product.n;
  with_result(call, 0, [&](const Tensor& y) {
    product.c = y.data;
    multiply(call, product);
  });
}

// The gradient of w in linear: grad [..., out] transposed · x [..., in] -> [out, in], all leading
// axes being rows.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(linear_weight_grad, is_16bit_product(call)) {
  const Rows grad(call, call.in(0));
  const Rows x(call, call.in(1));
  require(grad.count == x.count, "the sizes of a linear layer differ");
  require(grad.tensor.dtype == x.tensor.dtype && x.tensor.dtype == call.spec(0).dtype,
          "a layer needs one type");
  require_number(x.tensor.dtype);
  require(call.spec(0).shape == Shape({grad.columns, x.columns}),
          "the gradient of a weight has the wrong shape");
  MatrixProduct product;
  product.dtype = x.tensor.dtype;
  product.m = grad.columns;
  product.n = x.columns;
  product.k = grad.count;
  product.a = {grad.tensor.data, grad.column, grad.row, 0};
  product.b = {x.tensor.data, x.row, x.column, 0};
  product.c_row = product.n;
  with_result(call, 0, [&](const Tensor& y) {
    product.c = y.data;
    multiply(call, product);
  });
}

}  // namespace flambeau::cuda
