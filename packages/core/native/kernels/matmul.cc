// Matrix products of tensors: matmul with broadcast batches, addmm, and the linear layer.
// Transposed and otherwise strided views are read where they lie.
#include <algorithm>
#include <type_traits>

#include "gemm.h"
#include "iterate.h"
#include "product_bfloat16.h"

namespace flambeau {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

// Calls body(T{}) for the types that have products.
template <class Body>
void with_number(DType dtype, Body&& body) {
  require(dtype != DType::kBool, "bool has no matrix product");
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

// The sizes of a · b and where the matrices of the batch lie. An operand with one axis is a row (a)
// or a column (b), and the result lacks that axis.
struct MatmulPlan {
  int64_t m = 1, n = 1, k = 0;
  int64_t a_row = 0, a_column = 0, b_row = 0, b_column = 0;
  int axes = 0;  // of the batch, outermost first
  int64_t sizes[kMaxDims] = {};
  int64_t a_strides[kMaxDims] = {};
  int64_t b_strides[kMaxDims] = {};
  int64_t count = 1;

  MatmulPlan(const Tensor& a, const Tensor& b, const OutputSpec& y) {
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
    axes = std::max(a_batch, b_batch);
    Shape shape;
    for (int axis = 0; axis < axes; ++axis) {
      const int in_a = axis - (axes - a_batch);
      const int in_b = axis - (axes - b_batch);
      const int64_t a_size = in_a < 0 ? 1 : a.size(in_a);
      const int64_t b_size = in_b < 0 ? 1 : b.size(in_b);
      require(a_size == b_size || a_size == 1 || b_size == 1, "the batches do not broadcast");
      sizes[axis] = a_size == 1 ? b_size : a_size;
      a_strides[axis] = a_size == 1 ? 0 : a.stride(in_a);
      b_strides[axis] = b_size == 1 ? 0 : b.stride(in_b);
      count *= sizes[axis];
      shape.sizes[shape.ndim++] = sizes[axis];
    }
    if (a.ndim() > 1) shape.sizes[shape.ndim++] = m;
    if (b.ndim() > 1) shape.sizes[shape.ndim++] = n;
    require(shape == y.shape, "the output of a matrix product has the wrong shape");
    merge_rows();
  }

  // Where one b serves a whole axis of the batch and the rows of a go on evenly across it, that
  // axis means more rows.
  void merge_rows() {
    while (axes > 0) {
      const int last = axes - 1;
      if (sizes[last] != 1) {
        if (b_strides[last] != 0 || a_strides[last] == 0) return;
        if (m != 1 && a_strides[last] != a_row * m) return;
        if (m == 1) a_row = a_strides[last];
        m *= sizes[last];
        count /= std::max<int64_t>(sizes[last], 1);
      }
      --axes;
    }
  }
};

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
  multiply_batch(product, plan.count, [&plan](int64_t index, Product<T>& one) {
    one.c += index * plan.m * plan.n;
    for (int axis = plan.axes - 1; axis >= 0; --axis) {
      const int64_t at = index % plan.sizes[axis];
      index /= plan.sizes[axis];
      one.a.data += at * plan.a_strides[axis];
      one.b.data += at * plan.b_strides[axis];
    }
  });
}

// Runs body(y) with a row-major y for output `i`: the output itself, or where the output is written
// in place (with its own strides, and perhaps onto an operand) a temporary copied at the end.
template <class Body>
void with_result(Call& call, int i, Body&& body) {
  if (!call.in_place(i)) return body(call.out(i));
  Tensor apart = call.temporary(call.spec(i).shape, call.spec(i).dtype);
  body(apart);
  Tensor& y = call.out(i);
  require_writable(y);
  copy_into(y, apart);
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
  template <class T>
  Matrix<T> matrix() const {
    return {tensor.as<T>(), row, column};
  }
  template <class T>
  Matrix<T> transposed() const {
    return {tensor.as<T>(), column, row};
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

void require_shape(const OutputSpec& y, const Tensor& leading, int64_t last) {
  Shape shape = leading.shape;
  shape.sizes[shape.ndim - 1] = last;
  require(y.shape == shape, "the output of a linear layer has the wrong shape");
}

bool all_bfloat16(const Call& call) {
  for (int i = 0; i < call.num_inputs(); ++i)
    if (call.has(i) && call.in(i).dtype != DType::kBFloat16) return false;
  return call.spec(0).dtype == DType::kBFloat16;
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
  if (!all_bfloat16(call)) return false;
  const MatmulPlan plan(call.in(0), call.in(1), call.spec(0));
  return bfloat16_product_fits(bfloat16_product(plan, call.in(0), call.in(1)), plan.count);
}

void run_bfloat16_matmul(const MatmulPlan& plan, const Tensor& a, const Tensor& b, BFloat16* y) {
  BFloat16Product product = bfloat16_product(plan, a, b);
  product.c = y;
  if (plan.axes == 0) return multiply(product);
  parallel_for(plan.count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      BFloat16Product one = product;
      one.c += index * plan.m * plan.n;
      int64_t rest = index;
      for (int axis = plan.axes - 1; axis >= 0; --axis) {
        const int64_t at = rest % plan.sizes[axis];
        rest /= plan.sizes[axis];
        one.a.data += at * plan.a_strides[axis];
        one.b.data += at * plan.b_strides[axis];
      }
      multiply(one);
    }
  });
}

// Layers of row-major tensors: what else there is runs on float32 copies.
bool is_bfloat16_linear(const Call& call) {
  if (!all_bfloat16(call)) return false;
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
  if (!all_bfloat16(call)) return false;
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
  require(input.dtype == a.dtype, "a matrix product needs one type");
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
  require(w.ndim() == 2 && w.size(1) == x.columns, "the sizes of a linear layer differ");
  require(w.dtype == x.tensor.dtype && w.dtype == call.spec(0).dtype, "a layer needs one type");
  require_shape(call.spec(0), x.tensor, w.size(0));
  Tensor bias;
  if (call.has(2)) {
    bias = call.contiguous(call.in(2));
    require(bias.ndim() == 1 && bias.size(0) == w.size(0) && bias.dtype == w.dtype,
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
      product.a = x.matrix<T>();
      product.b = {w.as<T>(), w.stride(1), w.stride(0)};
      product.c = y.as<T>();
      product.c_row = product.n;
      product.bias = bias.as<T>();
      product.relu = relu;
      multiply(product);
    });
  });
}

// The gradient of w in linear: grad [..., out] transposed · x [..., in] -> [out, in], all leading
// axes being rows.
FLAMBEAU_KERNEL_ALL_TYPES_IF(linear_weight_grad, is_bfloat16_weight_grad(call)) {
  const Rows grad(call, call.in(0));
  const Rows x(call, call.in(1));
  require(grad.count == x.count, "the sizes of a linear layer differ");
  require(grad.tensor.dtype == x.tensor.dtype && x.tensor.dtype == call.spec(0).dtype,
          "a layer needs one type");
  require(call.spec(0).shape == Shape({grad.columns, x.columns}),
          "the gradient of a weight has the wrong shape");
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
      product.a = grad.transposed<T>();
      product.b = x.matrix<T>();
      product.c = y.as<T>();
      product.c_row = product.n;
      multiply(product);
    });
  });
}

}  // namespace flambeau
