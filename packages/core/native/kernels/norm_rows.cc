// Normalisation of rows (layer norm, RMS norm): statistics of the last axes, a weight and a bias
// for each element of a row.
#include <algorithm>
#include <cmath>

#include "norm.h"
#include "parallel.h"
#include "scratch.h"
#include "tensor_rows.h"

namespace flambeau {

namespace {

// Elements per chunk of a parallel loop.
constexpr int64_t kElements = 16384;
// Parts into which the gradients of weight and bias are summed, by the sizes alone.
constexpr int64_t kMaxParts = 16;

int64_t grain(int64_t n) { return std::max<int64_t>(1, kElements / std::max<int64_t>(n, 1)); }

}  // namespace

// y = (x - mean) · rstd · w + b for rows of n elements, with their mean and rstd = 1 /
// sqrt(variance + eps); not centred: mean 0 and rstd = 1 / sqrt(mean of the squares + eps). Inputs:
// x, w and b [n] or left out. Parameters: n, eps, centred. Outputs: y, row-major; if wanted [2,
// rows]: the means and the rstds.
FLAMBEAU_KERNEL(normRows) {
  const Tensor& input = call.in(0);
  const auto rows = flat_rows(call, input, call.integer(0));
  const double eps = call.param(1);
  const bool centred = call.flag(2);
  with_floating(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    Tensor weight, bias;
    const T* w = numbers_of<T>(call, 1, rows.n, weight);
    const T* b = numbers_of<T>(call, 2, rows.n, bias);
    require_internal(call.spec(0).shape == input.shape, "normalisation keeps the shape");
    T* y = wanted_output<T>(call, 0, input.numel());
    T* statistics = wanted_output<T>(call, 1, 2 * rows.count);
    if (rows.count == 0) return;
    const NormFunctions<T>& table = norm_functions<T>();
    const T* x = rows.x.as<T>();
    const int64_t n = rows.n;
    parallel_for(rows.count, grain(n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* from = x + row * n;
        Moments moments;
        if (centred) {
          moments = table.row_moments(n, from);
        } else {
          moments.m2 = table.row_squares(n, from);
        }
        const T mean = static_cast<T>(moments.mean);
        const T rstd = static_cast<T>(1 / std::sqrt(moments.m2 / static_cast<double>(n) + eps));
        table.row_affine(n, from, mean, rstd, w, b, y + row * n);
        if (!statistics) continue;
        statistics[row] = mean;
        statistics[rows.count + row] = rstd;
      }
    });
  });
}

// The gradients dx, dw [n] and db [n] of normRows, each empty where it is not wanted. Inputs: dy,
// x, w or nothing, the statistics. Parameters: n, centred.
FLAMBEAU_KERNEL(normRowsGrad) {
  const Tensor& input = call.in(1);
  const auto rows = flat_rows(call, input, call.integer(0));
  const bool centred = call.flag(1);
  with_floating(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    require_internal(call.in(0).shape == input.shape && call.in(0).dtype == input.dtype,
                     "the gradient must look like the input");
    require_internal(call.in(3).numel() == 2 * rows.count && call.in(3).dtype == input.dtype,
                     "there are two statistics for each row");
    const Tensor grad = call.contiguous(call.in(0)), statistics = call.contiguous(call.in(3));
    const int64_t n = rows.n, count = rows.count;
    Tensor weight;
    const T* w = numbers_of<T>(call, 2, n, weight);
    T* dx = wanted_output<T>(call, 0, input.numel());
    T* dw = wanted_output<T>(call, 1, n);
    T* db = wanted_output<T>(call, 2, n);
    if (dw) std::fill(dw, dw + n, T{});
    if (db) std::fill(db, db + n, T{});
    if (count == 0) return;
    const NormFunctions<T>& table = norm_functions<T>();
    const int64_t parts =
        std::clamp<int64_t>(count * n / (4 * kElements), 1, std::min(kMaxParts, count));
    const Scratch<T> memory(dw || db ? parts * 2 * n : 1);
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; ++part) {
        T* part_dw = dw ? memory.data() + part * 2 * n : nullptr;
        T* part_db = db ? memory.data() + (part * 2 + 1) * n : nullptr;
        if (part_dw) std::fill(part_dw, part_dw + n, T{});
        if (part_db) std::fill(part_db, part_db + n, T{});
        for (int64_t row = count * part / parts; row < count * (part + 1) / parts; ++row) {
          const T* dy = grad.as<T>() + row * n;
          const T* x = rows.x.as<T>() + row * n;
          const T mean = statistics.as<T>()[row], rstd = statistics.as<T>()[count + row];
          double sums[2] = {};
          if (dx) table.row_sums(n, dy, w, x, mean, sums);
          // dx = rstd · (g - mean of g - (x - mean) · rstd² · mean of g · (x - mean)), g = dy · w
          const double r = static_cast<double>(rstd), share = -r / static_cast<double>(n);
          const T slope = static_cast<T>(share * r * r * sums[1]);
          const T shift = static_cast<T>(centred ? share * sums[0] : 0.0);
          table.row_grad(n, dy, w, x, mean, rstd, slope, shift, dx ? dx + row * n : nullptr,
                         part_dw, part_db);
        }
      }
    });
    if (!dw && !db) return;
    parallel_for(n, kElements / parts, [&](int64_t begin, int64_t end) {
      for (int64_t part = 0; part < parts; ++part) {
        const T* from = memory.data() + part * 2 * n;
        if (dw)
          for (int64_t i = begin; i < end; ++i) dw[i] += from[i];
        if (db)
          for (int64_t i = begin; i < end; ++i) db[i] += from[n + i];
      }
    });
  });
}

}  // namespace flambeau
