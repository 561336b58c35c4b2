// Where numbers belong in sorted sequences.
#include "rows.h"
#include "searching.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// The first of n sorted elements at(0), at(1), … that does not come before `value`: elements up to
// it come before if `right`, smaller ones otherwise. NaN comes after everything. The steps depend
// on n alone, so that the threads of a warp stay together.
template <class T, class At>
FLAMBEAU_DEVICE int64_t search(const At& at, int64_t n, T value, bool right) {
  if (n == 0) return 0;
  const auto before = [&](int64_t i) {
    const T element = at(i);
    return right ? !(element > value) : !(element >= value);
  };
  int64_t first = 0;
  while (n > 1) {
    const int64_t half = n / 2;
    if (before(first + half - 1)) first += half;
    n -= half;
  }
  return first + (before(first) ? 1 : 0);
}

__global__ void __launch_bounds__(kThreads)
    sorter_kernel(const int64_t* __restrict__ sorter, int64_t numel, int64_t n,
                  const Fault* fault) {
  for (int64_t i = global_thread(); i < numel; i += global_threads())
    if (static_cast<uint64_t>(sorter[i]) >= static_cast<uint64_t>(n))
      report(fault, kFaultSorter, sorter[i], n, i);
}

// `out` is int64, or if not `wide`, int32. `sorter` may be null.
template <class T>
__global__ void __launch_bounds__(kThreads)
    search_kernel(const T* __restrict__ sequence, int64_t n, const T* __restrict__ values,
                  int64_t numel, int64_t per_row, const int64_t* __restrict__ sorter, bool right,
                  bool wide, void* out) {
  for (int64_t i = global_thread(); i < numel; i += global_threads()) {
    const int64_t start = (per_row == numel ? 0 : i / per_row) * n;
    const T* const elements = sequence + start;
    int64_t place;
    if (sorter) {
      place = search(
          [=](int64_t k) {
            // One outside has been reported.
            const int64_t from = sorter[start + k];
            return elements[static_cast<uint64_t>(from) < static_cast<uint64_t>(n) ? from : 0];
          },
          n, values[i], right);
    } else {
      place = search([=](int64_t k) { return elements[k]; }, n, values[i], right);
    }
    if (wide) {
      static_cast<int64_t*>(out)[i] = place;
    } else {
      static_cast<int32_t*>(out)[i] = static_cast<int32_t>(place);
    }
  }
}

}  // namespace

// sequence [n] or [..., n], values [...], (sorter like sequence, int64) -> int64 or int32 like
// values: where each value belongs in its sequence, or in the only one. Parameter: after elements
// that equal it?
FLAMBEAU_CUDA_KERNEL(searchsorted) {
  const SortedSearch<Tensor> s(call);
  const int64_t* const places = s.sorter.as<int64_t>();
  if (places)
    launch(sorter_kernel, grid_for(s.sorter.numel(), 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), places, s.sorter.numel(), s.n, call.fault());
  const Tensor& out = call.out(0);
  const int64_t numel = s.values.numel();
  if (numel == 0) return;
  with_element(s.sequence.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(search_kernel<T>, grid_for(numel, 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), s.sequence.as<T>(), s.n, s.values.as<T>(), numel, numel / s.rows, places,
           call.flag(0), s.wide, out.data);
  });
}

}  // namespace flambeau::cuda
