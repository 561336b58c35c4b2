// What the kernels of recurrent networks share: the sizes, which rows belong to which step, and
// products of parts of matrices.
#pragma once

#include <algorithm>
#include <vector>

#include "call.h"
#include "product.h"

namespace flambeau::cuda {

inline void require_recurrent(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

// The numbers that core's src/ops/recurrent-records.ts passes.
enum class Cell : uint8_t { kLstm, kGru, kTanh, kRelu };

// One layer in one direction. Inside, rows are in the order of steps: step t has count(t) rows from
// start(t) on, which never become more with t. x and y may have batches outermost: they have
// strides.
struct RecurrentPlan {
  Cell cell;
  int64_t gates;  // that have weights
  bool reverse;
  bool packed;  // rows of x are in the order of steps, and their counts differ
  int64_t steps = 0, batch = 0, rows = 0;
  int64_t inputs = 0, hidden = 0, state = 0;  // sizes of x, c and h
  int64_t step_stride = 0, batch_stride = 0;  // of x's and y's rows, in rows

  // x [T, N, D], or [N, T, D] if params[2] is set, or [N, D], one step, or packed [rows, D], where
  // the counts of the steps are params[3] and following; h0 [N, P]; weights [gates · H, P].
  RecurrentPlan(const Call& call, const Tensor& x, const Tensor& h0, const Tensor& hidden_weight);

  int64_t count(int64_t t) const { return packed ? counts_[static_cast<size_t>(t)] : batch; }
  int64_t start(int64_t t) const { return packed ? starts_[static_cast<size_t>(t)] : t * batch; }
  // The row of x and y that is the first of step t.
  int64_t place(int64_t t) const { return packed ? start(t) : t * step_stride; }
  // The step that is the i-th to be done.
  int64_t step(int64_t i) const { return reverse ? steps - 1 - i : i; }
  // Are x's rows in the order of steps?
  bool in_order() const { return packed || batch_stride == 1 || rows == 0; }
  int64_t columns() const { return gates * hidden; }

  // Rows of `size` elements where x and y have them, as [steps, batch, size] (not packed).
  Tensor by_steps(const void* data, DType dtype, int64_t size) const {
    Tensor t;
    t.data = static_cast<char*>(const_cast<void*>(data));
    t.dtype = dtype;
    t.shape = {steps, batch, size};
    t.strides[0] = step_stride * size;
    t.strides[1] = batch_stride * size;
    t.strides[2] = 1;
    return t;
  }

 private:
  std::vector<int64_t> counts_, starts_;
};

// Row-major input `i` of type T and this shape; null where it was left out.
template <class T>
const T* recurrent_input(Call& call, int i, const Shape& shape) {
  if (!call.has(i)) return nullptr;
  require_recurrent(call.in(i).dtype == dtype_of<T> && call.in(i).shape == shape,
                    "an input of a recurrent layer has another type or shape");
  return call.contiguous(call.in(i)).as<T>();
}

// Row-major output `i` of `numel` elements; null where it comes with none, because it is not
// wanted.
template <class T>
T* recurrent_output(Call& call, int i, int64_t numel) {
  require_recurrent(i < call.num_outputs() && call.spec(i).dtype == dtype_of<T>,
                    "an output of a recurrent layer is missing or has another type");
  require_recurrent(!call.in_place(i), "recurrent layers write into new tensors");
  Tensor& out = call.out(i);
  if (out.numel() == 0) return nullptr;
  require_recurrent(out.numel() == numel, "an output of a recurrent layer has another size");
  return out.as<T>();
}

// Calls body(T{}) for a floating type.
template <class Body>
void with_recurrent_type(DType dtype, Body&& body) {
  require_recurrent(dtype == DType::kFloat32 || dtype == DType::kFloat64,
                    "recurrent layers are for floating types");
  if (dtype == DType::kFloat64) {
    body(double{});
  } else {
    body(float{});
  }
}

// c [m, n] = a [m, k] · b [k, n], or + c.
template <class T>
void product_of(Call& call, int64_t m, int64_t n, int64_t k, const MatrixView& a,
                const MatrixView& b, T* c, int64_t c_row, bool accumulate) {
  MatrixProduct product;
  product.dtype = dtype_of<T>;
  product.m = m;
  product.n = n;
  product.k = k;
  product.a = a;
  product.b = b;
  product.c = c;
  product.c_row = c_row;
  if (accumulate) {
    product.addend = c;
    product.addend_row = c_row;
    product.beta = 1;
  }
  multiply(call, product);
}

// Contiguous elements.
template <class T>
void copy_elements(Call& call, const T* from, int64_t count, T* to) {
  if (count == 0) return;
  check(cudaMemcpyAsync(to, from, static_cast<size_t>(count) * sizeof(T), cudaMemcpyDeviceToDevice,
                        call.stream()),
        "cudaMemcpyAsync");
}
// Rows of `size` elements.
template <class T>
void copy_rows(Call& call, const T* from, int64_t from_row, int64_t rows, int64_t size, T* to,
               int64_t to_row) {
  if (rows == 0 || size == 0) return;
  const auto bytes = [](int64_t n) { return static_cast<size_t>(n) * sizeof(T); };
  check(cudaMemcpy2DAsync(to, bytes(rows == 1 ? size : to_row), from,
                          bytes(rows == 1 ? size : from_row), bytes(size),
                          static_cast<size_t>(rows), cudaMemcpyDeviceToDevice, call.stream()),
        "cudaMemcpy2DAsync");
}
template <class T>
void clear_elements(Call& call, T* to, int64_t count) {
  if (count == 0) return;
  check(cudaMemsetAsync(to, 0, static_cast<size_t>(count) * sizeof(T), call.stream()),
        "cudaMemsetAsync");
}

}  // namespace flambeau::cuda
