// Distances between all pairs of rows.
#include <cmath>

#include "numbers.h"
#include "pow.h"

namespace flambeau::cuda {

namespace {

constexpr int kTile = 32;    // rows and columns of distances that a block computes
constexpr int kAlong = 16;   // coordinates that it has at a time
constexpr int kAcross = 16;  // threads along each side, with 2 · 2 distances each

enum class Norm { kEuclidean, kSum, kCount, kLargest, kAny };

__device__ __forceinline__ float power(float x, float p) { return formulas::pow_f(x, p); }
__device__ __forceinline__ double power(double x, double p) { return formulas::pow_d(x, p); }

// The distance of the p-norm, coordinate by coordinate.
template <class C, Norm kNorm>
struct Metric {
  C p, inverse;

  __device__ __forceinline__ C add(C sum, C difference) const {
    const C size = difference < 0 ? -difference : difference;
    if constexpr (kNorm == Norm::kEuclidean) {
      return sum + size * size;
    } else if constexpr (kNorm == Norm::kSum) {
      return sum + size;
    } else if constexpr (kNorm == Norm::kCount) {
      return sum + (size != 0 ? C(1) : C(0));
    } else if constexpr (kNorm == Norm::kLargest) {
      return Max()(sum, size);
    } else {
      return sum + power(size, p);
    }
  }
  __device__ __forceinline__ C finish(C sum) const {
    if constexpr (kNorm == Norm::kEuclidean) {
      return square_root(sum);
    } else if constexpr (kNorm == Norm::kAny) {
      return power(sum, inverse);
    } else {
      return sum;
    }
  }
};

// y [batch, rows, columns], a [batch, rows, n], b [batch, columns, n]. A block has a tile of one
// matrix of the batch; blockIdx.x counts tiles.
template <class C, Norm kNorm>
__global__ void __launch_bounds__(kAcross* kAcross)
    distances(const C* a, const C* b, int64_t rows, int64_t columns, int64_t n, int64_t tiles_down,
              int64_t tiles_across, Metric<C, kNorm> metric, C* y) {
  // A column more, so that threads of a warp read from different banks.
  __shared__ C left[kAlong][kTile + 1];
  __shared__ C right[kAlong][kTile + 1];
  const int64_t across = blockIdx.x % tiles_across;
  const int64_t down = blockIdx.x / tiles_across % tiles_down;
  const int64_t matrix = blockIdx.x / tiles_across / tiles_down;
  const int64_t row = down * kTile;
  const int64_t column = across * kTile;
  a += matrix * rows * n;
  b += matrix * columns * n;
  y += matrix * rows * columns;
  const int x = threadIdx.x % kAcross;
  const int z = threadIdx.x / kAcross;
  C sums[2][2] = {};
  for (int64_t first = 0; first < n; first += kAlong) {
    // Thread (x, z) fetches coordinate x of rows z and z + 16; what lies outside is equal.
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int place = z + half * kAcross;
      const bool inside = first + x < n;
      left[x][place] = inside && row + place < rows ? a[(row + place) * n + first + x] : C(0);
      right[x][place] =
          inside && column + place < columns ? b[(column + place) * n + first + x] : C(0);
    }
    __syncthreads();
    const int count = static_cast<int>(n - first < kAlong ? n - first : kAlong);
    for (int k = 0; k < count; ++k) {
#pragma unroll
      for (int i = 0; i < 2; ++i)
#pragma unroll
        for (int j = 0; j < 2; ++j)
          sums[i][j] = metric.add(sums[i][j], left[k][z + i * kAcross] - right[k][x + j * kAcross]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 2; ++i)
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const int64_t r = row + z + i * kAcross;
      const int64_t c = column + x + j * kAcross;
      if (r < rows && c < columns) y[r * columns + c] = metric.finish(sums[i][j]);
    }
}

}  // namespace

// a [..., p, n], b [..., r, n] of one batch -> the distance of each row of a to each row of b
// [..., p, r]. Parameters: the norm (>= 0, or infinity), and whether the Euclidean one may be
// computed by a matrix product, which this kernel has no use for. n = 0 gives zeros.
FLAMBEAU_CUDA_KERNEL(cdist) {
  const Tensor a = call.contiguous(call.in(0));
  const Tensor b = call.contiguous(call.in(1));
  const int last = a.ndim() - 1;
  require_internal(last >= 1 && b.ndim() == a.ndim() && a.dtype == b.dtype,
                   "the sizes or types of rows differ");
  Shape expected = a.shape;
  expected.sizes[last] = b.size(last - 1);
  Shape other = a.shape;
  other.sizes[last - 1] = b.size(last - 1);
  require_internal(b.shape == other && call.spec(0).shape == expected &&
                       call.spec(0).dtype == a.dtype && !call.in_place(0),
                   "the sizes or types of rows differ");
  const double p = call.param(0);
  const Tensor& y = call.out(0);
  if (y.numel() == 0) return;
  const int64_t rows = a.size(last - 1);
  const int64_t columns = b.size(last - 1);
  const int64_t n = a.size(last);
  const int64_t down = ceil_divide(rows, kTile);
  const int64_t across = ceil_divide(columns, kTile);
  const int64_t blocks = y.numel() / (rows * columns) * down * across;
  require_internal(blocks < (int64_t{1} << 31), "there are too many distances");
  const auto run = [&](auto zero) {
    using C = decltype(zero);
    const auto by = [&](auto norm) {
      const Metric<C, norm()> metric = {static_cast<C>(p), static_cast<C>(1 / p)};
      launch(distances<C, norm()>, static_cast<unsigned>(blocks), kAcross * kAcross, 0,
             call.stream(), a.as<C>(), b.as<C>(), rows, columns, n, down, across, metric,
             y.as<C>());
    };
    if (p == 2) return by(std::integral_constant<Norm, Norm::kEuclidean>{});
    if (p == 1) return by(std::integral_constant<Norm, Norm::kSum>{});
    if (p == 0) return by(std::integral_constant<Norm, Norm::kCount>{});
    if (std::isinf(p)) return by(std::integral_constant<Norm, Norm::kLargest>{});
    by(std::integral_constant<Norm, Norm::kAny>{});
  };
  if (a.dtype == DType::kFloat64) return run(double{});
  require_internal(a.dtype == DType::kFloat32, "distances are floating");
  run(float{});
}

}  // namespace flambeau::cuda
