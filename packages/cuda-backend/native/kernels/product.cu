// Which way a matrix product goes, and what is done where no library does it.
#include <algorithm>

#include "elements.h"
#include "product.h"
#include "product_ways.h"
#include "reduce.h"

namespace flambeau::cuda {

namespace {

constexpr int kFinishThreads = 256;

template <class T>
__global__ void __launch_bounds__(kFinishThreads) finish_kernel(ProductEnd f) {
  using Work = Computed<T>;
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < f.count * f.m * f.n; at += step) {
    const int64_t j = at % f.n, i = at / f.n % f.m, number = at / (f.n * f.m);
    T* const to = static_cast<T*>(f.c) + number * f.c_step + i * f.c_row + j;
    Work value = f.has_sums ? widened(*to) : Work{0};
    if (f.addend)
      value +=
          static_cast<Work>(f.beta) *
          widened(static_cast<const T*>(f.addend)[number * f.addend_step + i * f.addend_row + j]);
    if (f.bias) value += widened(static_cast<const T*>(f.bias)[j]);
    if (f.relu && value < 0) value = 0;
    *to = narrowed<T>(value);
  }
}

}  // namespace

void finish_product(Call& call, DType dtype, const ProductEnd& f) {
  const int64_t items = f.count * f.m * f.n;
  const auto blocks = static_cast<unsigned>(
      std::min<int64_t>((items + kFinishThreads - 1) / kFinishThreads, 1 << 20));
  const auto run = [&](auto kernel) {
    launch(kernel, dim3(blocks), dim3(kFinishThreads), 0, call.stream(), f);
  };
  switch (dtype) {
    case DType::kFloat64: return run(finish_kernel<double>);
    case DType::kFloat16: return run(finish_kernel<Half>);
    case DType::kBFloat16: return run(finish_kernel<BFloat16>);
    default: return run(finish_kernel<float>);
  }
}

namespace {

// row_sums [m], by a kernel of ours: the columns of a as a matrix [k, m].
void sum_rows(Call& call, const MatrixProduct& p) {
  Tensor rows, sums;
  rows.data = static_cast<char*>(const_cast<void*>(p.a.data));
  rows.dtype = sums.dtype = p.dtype;
  rows.shape = {p.k, p.m};
  rows.strides[0] = p.a.column;
  rows.strides[1] = p.a.row;
  sums.data = static_cast<char*>(p.row_sums);
  sums.shape = {p.m};
  sums.strides[0] = 1;
  sum_columns(call, rows, sums);
}

// c, where it has elements; are row_sums made as well?
bool multiplied(Call& call, const MatrixProduct& p) {
  if (!is_floating(p.dtype)) {
    multiply_integers(call, p);
    return false;
  }
  if (p.k > 0) return multiply_by_library(call, p);
  finish_product(call, result_type(p),
                 {p.m, p.n, p.count, p.c, p.c_row, p.c_step, false, p.beta,
                  p.beta == 0 ? nullptr : p.addend, p.addend_row, p.addend_step, p.bias, p.relu});
  return false;
}

}  // namespace

void multiply(Call& call, const MatrixProduct& p) {
  require_internal(!p.row_sums || p.count == 1, "sums of rows are of one product");
  require_internal(!p.wide || (is_16bit_float(p.dtype) && !p.bias && !p.relu && !p.row_sums),
                   "only plain products of 16-bit floats have wider results");
  const bool summed = p.m > 0 && p.n > 0 && p.count > 0 && multiplied(call, p);
  if (p.row_sums && p.m > 0 && !summed) sum_rows(call, p);
}

}  // namespace flambeau::cuda
