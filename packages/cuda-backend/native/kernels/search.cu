// Where numbers belong in sorted sequences.
#include "rows.h"

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

__global__ void sorter_kernel(const int64_t* __restrict__ sorter, int64_t numel, int64_t n,
                              const Fault* fault) {
  for (int64_t i = global_thread(); i < numel; i += global_threads())
    if (static_cast<uint64_t>(sorter[i]) >= static_cast<uint64_t>(n))
      report(fault, kFaultSorter, sorter[i], n, i);
}

// `out` is int64, or if not `wide`, int32. `sorter` may be null.
template <class T>
__global__ void search_kernel(const T* __restrict__ sequence, int64_t n,
                              const T* __restrict__ values, int64_t numel, int64_t per_row,
                              const int64_t* __restrict__ sorter, bool right, bool wide,
                              void* out) {
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
  const Tensor sequence = call.contiguous(call.in(0));
  const Tensor values = call.contiguous(call.in(1));
  const int64_t n = sequence.ndim() == 0 ? 0 : sequence.size(sequence.ndim() - 1);
  int64_t rows = 1;
  for (int axis = 0; axis + 1 < sequence.ndim(); ++axis) rows *= sequence.size(axis);
  const Spec& spec = call.spec(0);
  const bool wide = spec.dtype == DType::kInt64;
  if (sequence.ndim() == 0 || values.dtype != sequence.dtype || call.in_place(0) ||
      !(spec.shape == values.shape) || (!wide && spec.dtype != DType::kInt32) ||
      (rows > 0 ? values.numel() % rows != 0 : values.numel() > 0))
    throw Failure("ERR_INTERNAL", "sequences and values do not fit");
  const int64_t* places = nullptr;
  if (call.has(2)) {
    const Tensor sorter = call.contiguous(call.in(2));
    if (sorter.dtype != DType::kInt64 || !(sorter.shape == sequence.shape))
      throw Failure("ERR_INTERNAL", "the sorter is not like the sequence");
    places = sorter.as<int64_t>();
    launch(sorter_kernel, grid_for(sorter.numel(), 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), places, sorter.numel(), n, call.fault());
  }
  const Tensor& out = call.out(0);
  const int64_t numel = values.numel();
  if (numel == 0) return;
  with_element(sequence.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(search_kernel<T>, grid_for(numel, 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), sequence.as<T>(), n, values.as<T>(), numel, numel / rows, places,
           call.flag(0), wide, out.data);
  });
}

}  // namespace flambeau::cuda
