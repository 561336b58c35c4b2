// Tensors that are filled with random numbers, element by element in logical order.
#pragma once

#include "numbers.h"
#include "philox.h"

namespace flambeau::cuda {

inline constexpr int kRandomThreads = 256;

// The tensor to fill: new, in the memory order of input 0 if there is one, or the target.
inline Tensor& tensor_to_fill(Call& call) {
  return call.has(0) ? call.out_like(0, call.in(0)) : call.out(0);
}

#if defined(FLAMBEAU_DEVICE_CODE)

// out[i] = sample(words of element i, i) where kWords words make one element: 1 or 2. A thread has
// a counter at a time.
template <int kWords, class T, class Sample>
__global__ void __launch_bounds__(kRandomThreads)
    random_fill(Philox given, int64_t n, T* out, Sample sample) {
  constexpr int kEach = 4 / kWords;
  const Philox philox = given.now();
  for (int64_t i = global_thread() * kEach; i < n; i += global_threads() * kEach) {
    const Words words = philox_words(philox.seed, philox.offset + i / kEach, 0);
    Pack<T, kEach> values;
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      if constexpr (kWords == 1) {
        values[j] = sample(words.at[j], i + j);
      } else {
        values[j] = sample(word_pair(words, j), i + j);
      }
    }
    if (i + kEach <= n) {
      store_pack(out + i, values);
    } else {
#pragma unroll
      for (int j = 0; j < kEach; ++j)
        if (i + j < n) out[i + j] = values[j];
    }
  }
}

#endif

// Calls body(data) with memory for out's elements in logical order, which then become those of
// `out`.
template <class T, class Body>
void fill_in_order(Call& call, const Tensor& out, const Body& body) {
  if (out.numel() == 0) return;
  require_writable(out);
  if (out.is_contiguous() && is_aligned(out.data, 16)) return body(out.as<T>());
  const Tensor drawn = call.temporary(out.shape, out.dtype);
  body(drawn.as<T>());
  copy_into(call, out, drawn);
}

// Fills `out` of type T by sample(word or pair of words, element) -> T.
template <int kWords, class T, class Sample>
void fill_random(Call& call, const Tensor& out, const Sample& sample) {
  fill_in_order<T>(call, out, [&](T* data) {
    const int64_t n = out.numel();
    launch(random_fill<kWords, T, Sample>,
           grid_for(n, 4 / kWords, call.properties(), kRandomThreads), kRandomThreads, 0,
           call.stream(), draw_words(call, n, kWords), n, data, sample);
  });
}

}  // namespace flambeau::cuda
