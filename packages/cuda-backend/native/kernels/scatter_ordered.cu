// Sums and products at places in one order, whatever the GPU does first: elements are sorted by
// where they go, and each place then takes its own, one after another.
#include "scatter.h"
#include "sort_pairs.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

template <class Key, class I>
__global__ void __launch_bounds__(kThreads)
    key_kernel(const I* __restrict__ index, uint32_t ranks, Places places, Slots slots,
               Pairs<Key> pairs) {
  for (int64_t i = global_thread(); i < ranks; i += global_threads()) {
    const uint32_t rank = static_cast<uint32_t>(i);
    const int64_t place = places.find(index[rank], rank);
    // What goes nowhere comes last.
    pairs.keys[rank] = static_cast<Key>(place >= 0 ? slots.of(rank, place) : slots.count);
    pairs.values[rank] = rank;
  }
}

// A thread for each rank and element of a slice; those where a run of equal slots begins go along
// it.
template <bool kMultiplies, class T, class Key>
__global__ void __launch_bounds__(kThreads)
    run_kernel(const Key* __restrict__ keys, const uint32_t* __restrict__ ranks, int64_t n,
               int64_t slots, Geometry<2> slice, T* out, int64_t out_step,
               const T* __restrict__ from, int64_t from_step, T alpha) {
  const int64_t total = n * slice.numel;
  for (int64_t i = global_thread(); i < total; i += global_threads()) {
    int64_t p = i / slice.numel;
    const Key slot = keys[p];
    if (static_cast<int64_t>(slot) >= slots || (p > 0 && keys[p - 1] == slot)) continue;
    int64_t at[2];
    slice.locate(static_cast<uint32_t>(i - p * slice.numel), at);
    T* const to = out + at[0] + static_cast<int64_t>(slot) * out_step;
    T result = *to;
    for (; p < n && keys[p] == slot; ++p) {
      const T x = from[at[1] + static_cast<int64_t>(ranks[p]) * from_step];
      result = kMultiplies ? result * x : result + alpha * x;
    }
    *to = result;
  }
}

template <class Key>
void run(Call& call, const OrderedScatter& work, const Slots& slots) {
  const int64_t n = work.index.numel();
  Pairs<Key> pairs(call, n);
  Pairs<Key> other(call, n);
  with_index_type(work.index, [&](auto zero) {
    using I = decltype(zero);
    launch(key_kernel<Key, I>, grid_for(n, 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), work.index.as<I>(), static_cast<uint32_t>(n), work.places, slots, pairs);
  });
  sort_pairs(call, pairs, other, n, bits_up_to(static_cast<uint64_t>(slots.count)));
  const Axes all(work.out.shape, std::array<const Strided*, 2>{&work.out, &work.from});
  all.for_parts([&](const Axes& axes) {
    const auto start = [&](auto zero, auto kernel) {
      using T = decltype(zero);
      launch(kernel, grid_for(n * axes.numel, 1, call.properties(), kThreads), kThreads, 0,
             call.stream(), pairs.keys, pairs.values, n, slots.count, Geometry<2>(axes),
             reinterpret_cast<T*>(const_cast<char*>(axes.data[0])), work.out_step,
             reinterpret_cast<const T*>(axes.data[1]), work.from_step, static_cast<T>(work.alpha));
    };
    const bool multiplies = work.combine == Combine::kMultiply;
    if (work.out.dtype == DType::kFloat64) {
      start(double{}, multiplies ? run_kernel<true, double, Key> : run_kernel<false, double, Key>);
    } else {
      start(float{}, multiplies ? run_kernel<true, float, Key> : run_kernel<false, float, Key>);
    }
  });
}

}  // namespace

void combine_in_order(Call& call, const OrderedScatter& work, const Slots& slots) {
  if (work.out.dtype != DType::kFloat32 && work.out.dtype != DType::kFloat64)
    throw Failure("ERR_INTERNAL", "only sums and products of floats depend on their order");
  if (slots.count < int64_t{0xffffffff}) {
    run<uint32_t>(call, work, slots);
  } else {
    run<uint64_t>(call, work, slots);
  }
}

}  // namespace flambeau::cuda
