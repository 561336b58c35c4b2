// Matrix products of tensors: matmul with broadcast batches, addmm, and the linear layer.
// Transposed and otherwise strided views are read where they lie.
#include <algorithm>
#include <type_traits>

#include "call_checks.h"
#include "gemm.h"
#include "iterate.h"
#include "product_bfloat16.h"
#include "products.h"
#include "reduce_driver.h"

namespace flambeau {

namespace {

// Calls body(T{}) for the types that have products.
template <class Body>
void with_number(DType dtype, Body&& body) {
  require_internal(dtype != DType::kBool, "bool has no matrix product");
  with_type(dtype, [&](auto zero) {
    if constexpr (!std::is_same_v<decltype(zero), bool>) body(zero);
  });
}

// A number given to a kernel as an element: integers drop the fraction, and are 0 out of range.
template <class T>
T to_element(double value) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
  const bool fits = value > -0x1p63 && value < 0x1p63;
  return static_cast<T>(fits ? static_cast<int64_t>(value) : 0);
}

// y [n] *= scale; integers wrap.
template <class T>
void scale(T* y, int64_t n, T scale) {
  parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if constexpr (std::is_integral_v<T>) {
        y[i] = static_cast<T>(static_cast<uint64_t>(y[i]) * static_cast<uint64_t>(scale));
      } else {
        y[i] *= scale;
      }
    }
  });
}

// Σ a[i] · b[i]: in eight chains side by side where both lie densely. Integers wrap.
template <class T>
T dot(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n) {
  // Unsigned and not narrower than int: signed overflow is undefined, and so is that of promoted
  // small integers.
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  constexpr int kLanes = 64 / sizeof(Sum) * 2;
  Sum sums[kLanes] = {};
  int64_t i = 0;
  if (a_step == 1 && b_step == 1)
    for (; i + kLanes <= n; i += kLanes)
      for (int lane = 0; lane < kLanes; ++lane)
        sums[lane] += static_cast<Sum>(a[i + lane]) * static_cast<Sum>(b[i + lane]);
  for (int lane = 0; i < n; ++i, lane = (lane + 1) % kLanes)
    sums[lane] += static_cast<Sum>(a[i * a_step]) * static_cast<Sum>(b[i * b_step]);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  return static_cast<T>(sums[0]);
}

// The same on all threads, in pieces that depend on n only.
template <class T>
T long_dot(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  return static_cast<T>(parallel_reduce(
      n, kGrain, Sum{0},
      [=](int64_t begin, int64_t end) {
        return static_cast<Sum>(
            dot(a + begin * a_step, a_step, b + begin * b_step, b_step, end - begin));
      },
      [](Sum x, Sum y) { return x + y; }));
}

// y [row-major] = alpha · a · b, and + y where `accumulate` is set.
template <class T>
void run_matmul(const MatmulPlan& plan, const Tensor& a, const Tensor& b, T* y, T alpha,
                bool accumulate) {
  Product<T> product;
  product.m = plan.m;
  product.n = plan.n;
  product.k = plan.k;
  product.alpha = alpha;
  product.a = {a.as<T>(), plan.a_row, plan.a_column};
  product.b = {b.as<T>(), plan.b_row, plan.b_column};
  product.c = y;
  product.c_row = plan.n;
  product.accumulate = accumulate;
  if (plan.axes == 0 && plan.m == 1 && plan.n == 1) {
    const T sum = long_dot(product.a.data, plan.a_column, product.b.data, plan.b_row, plan.k);
    using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
    const Sum scaled = static_cast<Sum>(sum) * static_cast<Sum>(alpha);
    *y = static_cast<T>(accumulate ? static_cast<Sum>(*y) + scaled : scaled);
    return;
  }
  if (plan.axes == 0) return multiply(product);
  multiply_batch(product, plan.count(), [&plan](int64_t index, Product<T>& one) {
    one.c += index * plan.m * plan.n;
    const auto place = plan.place(index, plan.axes);
    one.a.data += place.a;
    one.b.data += place.b;
  });
}

using Rows = RowMatrix<Tensor>;

template <class T>
Matrix<T> matrix_of(const Rows& rows) {
  return {rows.tensor.as<T>(), rows.row, rows.column};
}
template <class T>
Matrix<T> transposed(const Rows& rows) {
  return {rows.tensor.as<T>(), rows.column, rows.row};
}

BFloat16Product bfloat16_product(const MatmulPlan& plan, const Tensor& a, const Tensor& b) {
  BFloat16Product product;
  product.m = plan.m;
  product.n = plan.n;
  product.k = plan.k;
  product.a = {a.as<BFloat16>(), plan.a_row, plan.a_column};
  product.b = {b.as<BFloat16>(), plan.b_row, plan.b_column};
  return product;
}

bool is_bfloat16_matmul(const Call& call) {
  if (!all_of_type(call, DType::kBFloat16)) return false;
  const MatmulPlan plan(call.in(0), call.in(1), call.spec(0));
  return bfloat16_product_fits(bfloat16_product(plan, call.in(0), call.in(1)), plan.count());
}

void run_bfloat16_matmul(const MatmulPlan& plan, const Tensor& a, const Tensor& b, BFloat16* y) {
  BFloat16Product product = bfloat16_product(plan, a, b);
  product.c = y;
  if (plan.axes == 0) return multiply(product);
  parallel_for(plan.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      BFloat16Product one = product;
      one.c += index * plan.m * plan.n;
      const auto place = plan.place(index, plan.axes);
      one.a.data += place.a;
      one.b.data += place.b;
      multiply(one);
    }
  });
}

// Layers of row-major tensors: what else there is runs on float32 copies.
bool is_bfloat16_linear(const Call& call) {
  if (!all_of_type(call, DType::kBFloat16)) return false;
  const Tensor& x = call.in(0);
  const Tensor& w = call.in(1);
  if (w.ndim() != 2 || x.ndim() < 1 || !x.is_contiguous() || w.numel() == 0) return false;
  BFloat16Product product;
  product.k = w.size(1);
  product.n = w.size(0);
  product.m = x.numel() / product.k;
  product.a = {nullptr, product.k, 1};
  product.b = {nullptr, w.stride(1), w.stride(0)};
  return bfloat16_product_fits(product);
}

bool is_bfloat16_weight_grad(const Call& call) {
  if (!all_of_type(call, DType::kBFloat16)) return false;
  const Tensor& grad = call.in(0);
  const Tensor& x = call.in(1);
  if (grad.ndim() < 1 || x.ndim() < 1 || !grad.is_contiguous() || !x.is_contiguous()) return false;
  BFloat16Product product;
  product.m = grad.size(grad.ndim() - 1);
  product.n = x.size(x.ndim() - 1);
  product.k = x.numel() / std::max<int64_t>(product.n, 1);
  product.a = {nullptr, 1, product.m};
  product.b = {nullptr, product.n, 1};
  return bfloat16_product_fits(product);
}

// Output 1 [columns]: the sums of the rows of grad [..., columns].
void bias_gradient(Call& call, const Tensor& grad) {
  Tensor& sums = row_major_output(call, 1, grad.dtype);
  require_internal(sums.shape == Shape({grad.size(grad.ndim() - 1)}),
                   "the gradient of a bias has the wrong shape");
  if (grad.dtype != DType::kBFloat16) return sum_rows(grad, sums);
  Tensor wide = call.temporary(grad.shape, DType::kFloat32);
  Tensor wide_sums = call.temporary(sums.shape, DType::kFloat32);
  copy_into(wide, grad);
  sum_rows(wide, wide_sums);
  copy_into(sums, wide_sums);
}

}  // namespace

// a [..., m, k] · b [..., k, n] -> [..., m, n], batches broadcast; a [k] is a row, b [k] a column,
// and the result lacks that axis. k = 0 gives zeros.
FLAMBEAU_KERNEL_ALL_TYPES_IF(matmul, is_bfloat16_matmul(call)) {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  const MatmulPlan plan(a, b, call.spec(0));
  with_result(call, 0, [&](const Tensor& y) {
    if (a.dtype == DType::kBFloat16) return run_bfloat16_matmul(plan, a, b, y.as<BFloat16>());
    with_number(a.dtype, [&](auto zero) {
      using T = decltype(zero);
      run_matmul<T>(plan, a, b, y.as<T>(), 1, false);
    });
  });
}

// beta · input + alpha · a · b; params [beta, alpha]. input broadcasts to the result [..., m, n]
// and is not read where beta is 0.
FLAMBEAU_KERNEL(addmm) {
  const Tensor& input = call.in(0);
  const Tensor& a = call.in(1);
  const Tensor& b = call.in(2);
  const MatmulPlan plan(a, b, call.spec(0));
  require_internal(input.dtype == a.dtype, "a matrix product needs one type");
  const double beta = call.param(0);
  with_result(call, 0, [&](const Tensor& y) {
    if (beta != 0) copy_into(y, input);
    with_number(a.dtype, [&](auto zero) {
      using T = decltype(zero);
      if (beta != 0 && beta != 1) scale(y.as<T>(), y.numel(), to_element<T>(beta));
      run_matmul<T>(plan, a, b, y.as<T>(), to_element<T>(call.param(1)), beta != 0);
    });
  });
}

// x [..., in] · w [out, in] transposed + bias [out]? -> [..., out]; params [relu]: 1 takes max(0,
// y).
FLAMBEAU_KERNEL_ALL_TYPES_IF(linear, is_bfloat16_linear(call)) {
  const Tensor& w = call.in(1);
  const Rows x(call, call.in(0));
  require_internal(w.ndim() == 2 && w.size(1) == x.columns, "the sizes of a linear layer differ");
  require_internal(w.dtype == x.tensor.dtype && w.dtype == call.spec(0).dtype,
                   "a layer needs one type");
  require_internal(x.has_rows_of(call.spec(0).shape, w.size(0)),
                   "the output of a linear layer has the wrong shape");
  Tensor bias;
  if (call.has(2)) {
    bias = call.contiguous(call.in(2));
    require_internal(bias.ndim() == 1 && bias.size(0) == w.size(0) && bias.dtype == w.dtype,
                     "the bias does not fit its linear layer");
  }
  const bool relu = call.num_params() > 0 && call.flag(0);
  with_result(call, 0, [&](const Tensor& y) {
    if (w.dtype == DType::kBFloat16) {
      BFloat16Product product;
      product.m = x.count;
      product.n = w.size(0);
      product.k = x.columns;
      product.a = {x.tensor.as<BFloat16>(), product.k, 1};
      product.b = {w.as<BFloat16>(), w.stride(1), w.stride(0)};
      product.c = y.as<BFloat16>();
      product.bias = bias.as<BFloat16>();
      product.relu = relu;
      return multiply(product);
    }
    with_number(w.dtype, [&](auto zero) {
      using T = decltype(zero);
      Product<T> product;
      product.m = x.count;
      product.n = w.size(0);
      product.k = x.columns;
      product.a = matrix_of<T>(x);
      product.b = {w.as<T>(), w.stride(1), w.stride(0)};
      product.c = y.as<T>();
      product.c_row = product.n;
      product.bias = bias.as<T>();
      product.relu = relu;
      multiply(product);
    });
  });
}

// The gradients of w and the bias in linear: grad [..., out] transposed · x [..., in] -> [out, in],
// all leading axes being rows, and if there is a second output the sums of the rows of grad [out].
FLAMBEAU_KERNEL_ALL_TYPES_IF(linear_weight_grad, is_bfloat16_weight_grad(call)) {
  const Rows grad(call, call.in(0));
  const Rows x(call, call.in(1));
  require_internal(grad.count == x.count, "the sizes of a linear layer differ");
  require_internal(grad.tensor.dtype == x.tensor.dtype && x.tensor.dtype == call.spec(0).dtype,
                   "a layer needs one type");
  require_internal(call.spec(0).shape == Shape({grad.columns, x.columns}),
                   "the gradient of a weight has the wrong shape");
  if (call.num_outputs() > 1) bias_gradient(call, grad.tensor);
  with_result(call, 0, [&](const Tensor& y) {
    if (x.tensor.dtype == DType::kBFloat16) {
      BFloat16Product product;
      product.m = grad.columns;
      product.n = x.columns;
      product.k = grad.count;
      product.a = {grad.tensor.as<BFloat16>(), 1, product.m};
      product.b = {x.tensor.as<BFloat16>(), product.n, 1};
      product.c = y.as<BFloat16>();
      return multiply(product);
    }
    with_number(x.tensor.dtype, [&](auto zero) {
      using T = decltype(zero);
      Product<T> product;
      product.m = grad.columns;
      product.n = x.columns;
      product.k = grad.count;
      product.a = transposed<T>(grad);
      product.b = matrix_of<T>(x);
      product.c = y.as<T>();
      product.c_row = product.n;
      multiply(product);
    });
  });
}

}  // namespace flambeau
