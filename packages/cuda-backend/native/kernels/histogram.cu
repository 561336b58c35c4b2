// Counting elements by value: how often each whole number occurs, or how many fall into each bin.
#include "rows.h"
#include "scatter.h"
#include "searching.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int64_t kSharedBins = 4096;  // counted by each block for itself

// Numbers of one block are counted in 32 bits.
template <class Count>
using BlockCount = std::conditional_t<std::is_same_v<Count, int64_t>, uint32_t, Count>;

// counts[bin_of(i)] += weights[i], or 1, for i in [0, n); bins below 0 do not count. `counts` is
// zero before. Dynamic shared memory has room for all bins, if `shared`.
template <class Count, class BinOf>
FLAMBEAU_DEVICE void count_bins(int64_t n, int64_t bins, const BinOf& bin_of, const Count* weights,
                                bool shared, Count* counts) {
  using Own = BlockCount<Count>;
  FLAMBEAU_SHARED(Own, own);
  if (shared) {
    for (int64_t i = threadIdx.x; i < bins; i += blockDim.x) own[i] = Own(0);
    __syncthreads();
  }
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const int64_t bin = bin_of(i);
    if (bin < 0) continue;
    if (shared) {
      atomic_add(own + bin, weights ? static_cast<Own>(weights[i]) : Own(1));
    } else {
      atomic_add(counts + bin, weights ? weights[i] : Count(1));
    }
  }
  if (!shared) return;
  __syncthreads();
  for (int64_t i = threadIdx.x; i < bins; i += blockDim.x)
    if (own[i] != Own(0)) atomic_add(counts + i, static_cast<Count>(own[i]));
}

template <class T, class Count>
__global__ void __launch_bounds__(kThreads)
    number_kernel(const T* __restrict__ x, int64_t n, int64_t bins,
                  const Count* __restrict__ weights, bool shared, Count* counts,
                  const Fault* fault) {
  count_bins(
      n, bins,
      [=](int64_t i) -> int64_t {
        const int64_t number = static_cast<int64_t>(x[i]);
        if (number >= 0 && number < bins) return number;
        report(fault, kFaultBin, number, bins, i);
        return -1;
      },
      weights, shared, counts);
}

// Few blocks, where each has counts of its own.
unsigned blocks_for(Call& call, int64_t n, int64_t bins, bool shared) {
  const int64_t per_thread = shared ? std::max<int64_t>(4, bins / kThreads) : 1;
  return grid_for(n, static_cast<int>(per_thread), call.properties(), kThreads);
}

// counts[places[i]] += weights[i], in order; floats.
void count_in_order(Call& call, const Tensor& places, const Tensor& weights, const Tensor& counts) {
  OrderedScatter work;
  work.out = counts;
  work.from = weights;
  work.out.shape = work.from.shape = Shape{};
  work.index = readable_index(call, places);
  require_ranks(places);
  work.places.size = counts.numel();
  work.places.fault = call.fault();
  work.places.first = 0;
  work.places.kind = kFaultBin;
  combine_in_order(call, work, Slots(1, places.numel(), 1, counts.numel()));
}

}  // namespace

// x [n] of whole numbers from 0 on, (weights [n], floats) -> [bins]: how often each number occurs,
// int64; or the sum of its weights, of their type. Numbers without a bin are an error.
FLAMBEAU_CUDA_KERNEL(bincount) {
  Tensor x = call.contiguous(call.in(0));
  const DType dtype = call.spec(0).dtype;
  if (is_floating(x.dtype) || call.in_place(0))
    throw Failure("ERR_INTERNAL", "only whole numbers are counted");
  Tensor weights;
  if (call.has(1)) weights = call.contiguous(call.in(1));
  if (weights.data ? !is_floating(dtype) || weights.dtype != dtype || weights.numel() != x.numel()
                   : dtype != DType::kInt64)
    throw Failure("ERR_INTERNAL", "the weights do not fit");
  if (x.dtype == DType::kBool) x.dtype = DType::kUInt8;
  const Tensor& counts = call.out(0);
  clear(call, counts);
  const int64_t n = x.numel();
  const int64_t bins = counts.numel();
  if (n == 0) return;
  if (weights.data && deterministic()) return count_in_order(call, x, weights, counts);
  const bool shared = bins <= kSharedBins;
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      const auto count = [&](auto zero_count) {
        using Count = decltype(zero_count);
        launch(number_kernel<T, Count>, blocks_for(call, n, bins, shared), kThreads,
               shared ? sizeof(BlockCount<Count>) * static_cast<size_t>(bins) : 0, call.stream(),
               x.as<T>(), n, bins, weights.as<Count>(), shared, counts.as<Count>(), call.fault());
      };
      if (dtype == DType::kInt64) {
        count(int64_t{});
      } else if (dtype == DType::kFloat64) {
        count(double{});
      } else {
        count(float{});
      }
    }
  });
}

namespace {

// Finds the bins of elements of type T. Bins have their left edge in them, the last one also its
// right one.
template <class T>
struct Bins {
  // Edges that lie at equal distances allow to compute the bin, which is then corrected by a look
  // at the edges around it if `checked`.
  enum Kind { kUniform, kUniformChecked, kAny };

  const T* edges;
  int64_t last;  // edge
  int kind;

  // -1 for elements outside of all bins and for NaN.
  FLAMBEAU_DEVICE int64_t of(T x) const {
    const T low = edges[0];
    const T high = edges[last];
    if (!(x >= low && x <= high)) return -1;
    if (kind == kAny) return inside(first_above(0, last + 1, x) - 1);
    const T place = (x - low) * static_cast<T>(last) / (high - low);
    // Infinite ranges have none.
    const int64_t bin =
        place >= 0 && place <= static_cast<T>(last) ? static_cast<int64_t>(place) : 0;
    if (kind == kUniform) return inside(bin);
    return inside(first_above(max(int64_t{0}, bin - 1), min(bin + 2, last + 1), x) - 1);
  }

 private:
  FLAMBEAU_DEVICE int64_t first_above(int64_t begin, int64_t end, T x) const {
    while (begin < end) {
      const int64_t middle = begin + (end - begin) / 2;
      if (x < edges[middle]) {
        end = middle;
      } else {
        begin = middle + 1;
      }
    }
    return begin;
  }
  FLAMBEAU_DEVICE int64_t inside(int64_t bin) const { return min(max(bin, int64_t{0}), last - 1); }
};

template <class T>
__global__ void __launch_bounds__(kThreads)
    bins_kernel(const T* __restrict__ x, int64_t n, Bins<T> bins,
                const double* __restrict__ weights, bool shared, double* counts) {
  count_bins(
      n, bins.last, [=](int64_t i) { return bins.of(x[i]); }, weights, shared, counts);
}
// The bin of each element, or one more for those without.
template <class T>
__global__ void __launch_bounds__(kThreads)
    find_bins_kernel(const T* __restrict__ x, int64_t n, Bins<T> bins,
                     int64_t* __restrict__ places) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const int64_t bin = bins.of(x[i]);
    places[i] = bin < 0 ? bins.last : bin;
  }
}

}  // namespace

// x [n], edges [bins + 1] in ascending order, (weight [n]), all of one floating type -> [bins]: how
// many elements, or which weight, each bin has. Parameter: 0 where the edges lie at equal
// distances, 1 where they do and decide at the border of bins, 2 for any edges.
FLAMBEAU_CUDA_KERNEL(histogram) {
  const HistogramOperands<Tensor> operands(call);
  const Tensor& x = operands.x;
  const int64_t bins = operands.bins;
  Tensor weights = operands.weights;
  const Tensor& out = call.out(0);
  const int64_t n = x.numel();
  // Sums are double. One more is of those that have no bin.
  Tensor sums = call.temporary({bins + 1}, DType::kFloat64);
  clear(call, sums);
  if (weights.data && weights.dtype != DType::kFloat64) {
    const Tensor wide = call.temporary({n}, DType::kFloat64);
    copy_into(call, wide, weights);
    weights = wide;
  }
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      if (n == 0) return;
      const Bins<T> find{operands.edges.as<T>(), bins, static_cast<int>(operands.kind)};
      if (weights.data && deterministic()) {
        const Tensor places = call.temporary({n}, DType::kInt64);
        launch(find_bins_kernel<T>, blocks_for(call, n, bins, false), kThreads, 0, call.stream(),
               x.as<T>(), n, find, places.as<int64_t>());
        return count_in_order(call, places, weights, sums);
      }
      const bool shared = bins <= kSharedBins;
      launch(bins_kernel<T>, blocks_for(call, n, bins, shared), kThreads,
             shared ? sizeof(double) * static_cast<size_t>(bins) : 0, call.stream(), x.as<T>(), n,
             find, weights.as<double>(), shared, sums.as<double>());
    }
  });
  sums.shape = out.shape;
  copy_into(call, out, sums);
}

}  // namespace flambeau::cuda
