// What the kernels of recurrent networks share: functions of gates, operands, and products of parts
// of matrices.
#pragma once

#include <algorithm>
#include <vector>

#include "call.h"
#include "elements.h"
#include "hyperbolic.h"
#include "primitives.h"
#include "product.h"
#include "recurrent_plan.h"

namespace flambeau::cuda {

inline constexpr int kRecurrentThreads = 256;

__device__ __forceinline__ float sigmoid_of(float x) { return formulas::sigmoid_f(x); }
__device__ __forceinline__ double sigmoid_of(double x) { return formulas::sigmoid_d(x); }
__device__ __forceinline__ float tanh_of(float x) { return formulas::tanh_f(x); }
__device__ __forceinline__ double tanh_of(double x) { return formulas::tanh_d(x); }

// The layer that a call describes: the parameters after the first three are the counts of the
// steps.
inline RecurrentPlan recurrent_plan(const Call& call, const Tensor& x, const Tensor& h0,
                                    const Tensor& hidden_weight) {
  constexpr int kNumbers = 3;
  if (call.num_params() <= kNumbers) return {call, x, h0, hidden_weight, nullptr};
  std::vector<int64_t> counts;
  for (int i = kNumbers; i < call.num_params(); ++i) counts.push_back(call.integer(i));
  return {call, x, h0, hidden_weight, &counts};
}

// Rows of `size` elements where x and y have them, as [steps, batch, size] (not packed).
inline Tensor by_steps(const RecurrentPlan& plan, const void* data, DType dtype, int64_t size) {
  Tensor t;
  t.data = static_cast<char*>(const_cast<void*>(data));
  t.dtype = dtype;
  t.shape = {plan.steps, plan.batch, size};
  t.strides[0] = plan.step_stride * size;
  t.strides[1] = plan.batch_stride * size;
  t.strides[2] = 1;
  return t;
}

// Row-major input `i` of type T and this shape; null where it was left out.
template <class T>
const T* recurrent_input(Call& call, int i, const Shape& shape) {
  return recurrent_tensor<T>(call, i, shape).template as<T>();
}

// Calls body(T{}) for a floating type.
template <class Body>
void with_layer_type(DType dtype, Body&& body) {
  if (dtype == DType::kFloat16) return body(Half{});
  if (dtype == DType::kBFloat16) return body(BFloat16{});
  with_recurrent_type(dtype, body);
}

// c [m, n] = a [m, k] · b [k, n], or + c; a and b are of type T, c is of that or the type that T is
// computed with.
template <class T, class C>
void product_of(Call& call, int64_t m, int64_t n, int64_t k, const MatrixView& a,
                const MatrixView& b, C* c, int64_t c_row, bool accumulate) {
  static_assert(std::is_same_v<C, T> || std::is_same_v<C, Computed<T>>);
  MatrixProduct product;
  product.dtype = dtype_of<T>;
  product.wide = !std::is_same_v<C, T>;
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
// Contiguous elements, in another type.
template <class From, class To>
void convert_elements(Call& call, const From* from, int64_t count, To* to) {
  if constexpr (std::is_same_v<From, To>) {
    copy_elements(call, from, count, to);
  } else if (count > 0) {
    Tensor source, target;
    source.data = reinterpret_cast<char*>(const_cast<From*>(from));
    source.dtype = dtype_of<From>;
    target.data = reinterpret_cast<char*>(to);
    target.dtype = dtype_of<To>;
    source.shape = target.shape = {count};
    source.strides[0] = target.strides[0] = 1;
    copy_into(call, target, source);
  }
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
