// Matrix products of tensors: matmul with broadcast batches, addmm, and the linear layer.
// Transposed and otherwise strided views are read where they lie, as far as cuBLASLt can.
#include "call_checks.h"
#include "in_place.h"
#include "product.h"
#include "products.h"

namespace flambeau::cuda {

namespace {

void require_number(DType dtype) {
  require_internal(dtype != DType::kBool, "bool has no matrix product");
}

// Does one step from matrix to matrix span all axes of the batch?
bool is_even(const MatmulPlan& plan, const int64_t* strides) {
  for (int axis = 0; axis + 1 < plan.axes; ++axis)
    if (strides[axis] != strides[axis + 1] * plan.sizes[axis + 1]) return false;
  return true;
}

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
  const bool a_even = is_even(plan, plan.a_strides), b_even = is_even(plan, plan.b_strides);
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
    const auto place = plan.place(i, last);
    const int64_t y_at = i * product.count * product.c_step * item;
    one.a.data = static_cast<const char*>(product.a.data) + place.a * item;
    one.b.data = static_cast<const char*>(product.b.data) + place.b * item;
    one.c = static_cast<char*>(product.c) + y_at;
    if (addend) one.addend = static_cast<const char*>(addend) + y_at;
    multiply(call, one);
  }
}

using Rows = RowMatrix<Tensor>;

}  // namespace

// a [..., m, k] · b [..., k, n] -> [..., m, n], batches broadcast; a [k] is a row, b [k] a column,
// and the result lacks that axis. k = 0 gives zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(matmul, all_of_16bit_type(call)) {
  const Tensor a = call.in(0), b = call.in(1);
  const MatmulPlan plan(a, b, call.spec(0));
  require_number(a.dtype);
  with_result(call, 0, [&](const Tensor& y) { run_matmul(call, plan, a, b, y); });
}

// beta · input + alpha · a · b; params [beta, alpha]. input broadcasts to the result [..., m, n]
// and is not read where beta is 0.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(addmm, all_of_16bit_type(call)) {
  const Tensor a = call.in(1), b = call.in(2);
  const MatmulPlan plan(a, b, call.spec(0));
  require_number(a.dtype);
  require_internal(call.in(0).dtype == a.dtype, "a matrix product needs one type");
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
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(linear, all_of_16bit_type(call)) {
  const Tensor w = call.in(1);
  const Rows x(call, call.in(0));
  require_internal(w.ndim() == 2 && w.size(1) == x.columns, "the sizes of a linear layer differ");
  require_internal(w.dtype == x.tensor.dtype && w.dtype == call.spec(0).dtype,
                   "a layer needs one type");
  require_number(w.dtype);
  require_internal(x.has_rows_of(call.spec(0).shape, w.size(0)),
                   "the output of a linear layer has the wrong shape");
  MatrixProduct product;
  if (call.has(2)) {
    const Tensor bias = call.contiguous(call.in(2));
    require_internal(bias.ndim() == 1 && bias.size(0) == w.size(0) && bias.dtype == w.dtype,
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

// The gradients of w and the bias in linear: grad [..., out] transposed · x [..., in] -> [out, in],
// all leading axes being rows, and if there is a second output the sums of the rows of grad [out].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(linear_weight_grad, all_of_16bit_type(call)) {
  const Rows grad(call, call.in(0));
  const Rows x(call, call.in(1));
  require_internal(grad.count == x.count, "the sizes of a linear layer differ");
  require_internal(grad.tensor.dtype == x.tensor.dtype && x.tensor.dtype == call.spec(0).dtype,
                   "a layer needs one type");
  require_number(x.tensor.dtype);
  require_internal(call.spec(0).shape == Shape({grad.columns, x.columns}),
                   "the gradient of a weight has the wrong shape");
  MatrixProduct product;
  product.dtype = x.tensor.dtype;
  product.m = grad.columns;
  product.n = x.columns;
  product.k = grad.count;
  product.a = {grad.tensor.data, grad.column, grad.row, 0};
  product.b = {x.tensor.data, x.row, x.column, 0};
  product.c_row = product.n;
  if (call.num_outputs() > 1) {
    const Tensor& sums = row_major_output(call, 1, x.tensor.dtype);
    require_internal(sums.shape == Shape({grad.columns}),
                     "the gradient of a bias has the wrong shape");
    product.row_sums = sums.data;
  }
  with_result(call, 0, [&](const Tensor& y) {
    product.c = y.data;
    multiply(call, product);
  });
}

}  // namespace flambeau::cuda
