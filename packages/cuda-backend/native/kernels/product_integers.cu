// Matrix products of whole numbers, which no library has: tiles in shared memory.
#include <algorithm>
#include <type_traits>

#include "elements.h"
#include "product_ways.h"

namespace flambeau::cuda {

namespace {

constexpr int kTile = 16;

template <class T>
struct IntegerProduct {
  int64_t m, n, k, count;
  const T *a, *b;
  int64_t a_row, a_column, a_step, b_row, b_column, b_step;
  T* c;
  int64_t c_row, c_step;
  T alpha, beta;
  const T* addend;
  int64_t addend_row, addend_step;
  const T* bias;
  bool relu;
};

// The arithmetic of T: unsigned and not narrower than int, so that it wraps.
template <class T>
using Wrapping = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

// A block of kTile × kTile threads makes one tile of c after another.
template <class T>
__global__ void __launch_bounds__(kTile* kTile) integer_product_kernel(IntegerProduct<T> p) {
  using Sum = Wrapping<T>;
  __shared__ Sum a_tile[kTile][kTile + 1];
  __shared__ Sum b_tile[kTile][kTile + 1];
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int64_t across = (p.n + kTile - 1) / kTile, down = (p.m + kTile - 1) / kTile;
  for (int64_t tile = blockIdx.x; tile < p.count * down * across; tile += gridDim.x) {
    const int64_t number = tile / (down * across);
    const int64_t i = tile / across % down * kTile + y, j = tile % across * kTile + x;
    const T* a = p.a + number * p.a_step;
    const T* b = p.b + number * p.b_step;
    Sum sum = 0;
    for (int64_t k = 0; k < p.k; k += kTile) {
      a_tile[y][x] =
          i < p.m && k + x < p.k ? static_cast<Sum>(a[i * p.a_row + (k + x) * p.a_column]) : Sum{0};
      b_tile[y][x] =
          j < p.n && k + y < p.k ? static_cast<Sum>(b[(k + y) * p.b_row + j * p.b_column]) : Sum{0};
      __syncthreads();
      for (int l = 0; l < kTile; ++l) sum += a_tile[y][l] * b_tile[l][x];
      __syncthreads();
    }
    if (i >= p.m || j >= p.n) continue;
    sum *= static_cast<Sum>(p.alpha);
    if (p.addend)
      sum += static_cast<Sum>(p.beta) *
             static_cast<Sum>(p.addend[number * p.addend_step + i * p.addend_row + j]);
    if (p.bias) sum += static_cast<Sum>(p.bias[j]);
    const T result = static_cast<T>(sum);
    p.c[number * p.c_step + i * p.c_row + j] =
        p.relu && formulas::is_negative(result) ? T{0} : result;
  }
}

// A number given to a kernel as an element: the fraction is dropped, and what is out of range is 0.
template <class T>
T to_element(double value) {
  const bool fits = value > -0x1p63 && value < 0x1p63;
  return static_cast<T>(fits ? static_cast<int64_t>(value) : 0);
}

template <class T>
void multiply_as(Call& call, const MatrixProduct& p) {
  const IntegerProduct<T> product = {p.m,
                                     p.n,
                                     p.k,
                                     p.count,
                                     static_cast<const T*>(p.a.data),
                                     static_cast<const T*>(p.b.data),
                                     p.a.row,
                                     p.a.column,
                                     p.a.step,
                                     p.b.row,
                                     p.b.column,
                                     p.b.step,
                                     static_cast<T*>(p.c),
                                     p.c_row,
                                     p.c_step,
                                     to_element<T>(p.alpha),
                                     to_element<T>(p.beta),
                                     static_cast<const T*>(p.addend),
                                     p.addend_row,
                                     p.addend_step,
                                     static_cast<const T*>(p.bias),
                                     p.relu};
  const int64_t tiles = p.count * ((p.m + kTile - 1) / kTile) * ((p.n + kTile - 1) / kTile);
  const auto blocks = static_cast<unsigned>(std::min<int64_t>(tiles, 1 << 20));
  launch(integer_product_kernel<T>, dim3(blocks), dim3(kTile, kTile), 0, call.stream(), product);
}

}  // namespace

void multiply_integers(Call& call, const MatrixProduct& p) {
  switch (p.dtype) {
    case DType::kInt64: return multiply_as<int64_t>(call, p);
    case DType::kInt32: return multiply_as<int32_t>(call, p);
    case DType::kUInt8: return multiply_as<uint8_t>(call, p);
    default:
      throw Failure("ERR_INTERNAL", std::string(dtype_name(p.dtype)) + " has no matrix product");
  }
}

}  // namespace flambeau::cuda
