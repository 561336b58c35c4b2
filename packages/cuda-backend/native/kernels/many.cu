// What is done to the gradients of many parameters at once, in one launch: scaling and zeroing.
#include <cstring>

#include "many_tensors.h"
#include "relaxed.h"

namespace flambeau::cuda {

namespace {

// One element that device code sets to 1; several threads may.
struct Flag {
  char* data;
  uint64_t one;  // the bits of 1 in its type
  int bytes;

  __device__ __forceinline__ void raise() const {
    switch (bytes) {
      case 1: store_relaxed(data, static_cast<char>(one)); break;
      case 2: store_relaxed(reinterpret_cast<uint16_t*>(data), static_cast<uint16_t>(one)); break;
      case 4: store_relaxed(reinterpret_cast<uint32_t*>(data), static_cast<uint32_t>(one)); break;
      default: store_relaxed(reinterpret_cast<uint64_t*>(data), one); break;
    }
  }
};

Flag flag_of(const Tensor& t) {
  Flag flag = {t.data, 0, static_cast<int>(t.item_bytes())};
  with_every_type(t.dtype, [&](auto zero) {
    const auto one = converted<decltype(zero)>(1.0f);
    std::memcpy(&flag.one, &one, sizeof one);
  });
  return flag;
}

template <class C>
__device__ __forceinline__ bool is_finite(C x) {
  return x - x == C(0);
}

template <class T>
__global__ void __launch_bounds__(kManyThreads)
    unscale_loop(const __grid_constant__ ManyTable table, Computed<T> factor, Flag flag) {
  using C = Computed<T>;
  constexpr int V = kPack<T>;
  const ManyEntry& entry = table.find();
  bool finite = true;
  for_share<V>(entry, [&](int64_t i, int count, bool packed) {
    T* const x = reinterpret_cast<T*>(entry.at[0]) + i;
    C v[V];
    if (packed) {
      load_values<V>(x, v);
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j) v[j] = j < count ? widened(x[j]) : C(0);
    }
#pragma unroll
    for (int j = 0; j < V; ++j) {
      finite &= is_finite(v[j]);
      v[j] *= factor;
    }
    if (packed) return store_values<V>(x, v);
#pragma unroll
    for (int j = 0; j < V; ++j)
      if (j < count) x[j] = narrowed<T>(v[j]);
  });
  if (!finite) flag.raise();
}

__global__ void __launch_bounds__(kManyThreads) zero_loop(const __grid_constant__ ManyTable table) {
  constexpr int V = 16;  // bytes
  const ManyEntry& entry = table.find();
  for_share<V>(entry, [&](int64_t i, int count, bool packed) {
    uint8_t* const x = reinterpret_cast<uint8_t*>(entry.at[0]) + i;
    if (packed) return store_pack(x, Pack<uint8_t, V>{});
#pragma unroll
    for (int j = 0; j < V; ++j)
      if (j < count) x[j] = 0;
  });
}

}  // namespace

// Multiplies n gradients by a factor, in place, and sets an element to 1 if one of theirs was
// infinite or NaN. Inputs: the gradients, of one type, and the element, which keeps what it is
// otherwise; outputs: the same, in place. params [factor].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(unscale_many) {
  const int n = call.num_inputs() - 1;
  require_internal(n >= 0 && call.num_outputs() == n + 1,
                   "gradients and a flag are written in place");
  for (int i = 0; i <= n; ++i)
    require_internal(call.in_place(i) && same_elements(call.out(i), call.in(i)),
                     "all is written in place");
  const Tensor& flag = call.in(n);
  require_internal(flag.numel() == 1, "the flag has one element");
  if (n == 0) return;
  const DType dtype = call.in(0).dtype;
  Many many(call.in(0).item_bytes());
  std::vector<std::pair<Tensor, Tensor>> copied_back;
  for (int i = 0; i < n; ++i) {
    const Tensor& t = call.in(i);
    require_internal(t.dtype == dtype, "the gradients of a call have one type");
    require_writable(t);
    Tensor used = t;
    if (!t.is_dense()) {
      used = call.temporary(t.shape, dtype);
      copy_into(call, used, t);
      copied_back.emplace_back(t, used);
    }
    many.add(&used.data, 1, t.numel());
  }
  with_float_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    many.run(call, [&](unsigned grid, const ManyTable& table) {
      launch(unscale_loop<T>, grid, kManyThreads, 0, call.stream(), table,
             static_cast<Computed<T>>(call.param(0)), flag_of(flag));
    });
  });
  for (const auto& [to, from] : copied_back) copy_into(call, to, from);
}

// Sets all inputs to zero in place; any types and layouts.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(zero_many) {
  require_internal(call.num_inputs() == call.num_outputs(), "every input is zeroed");
  Many many(1);
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& t = call.in(i);
    require_internal(call.in_place(i) && same_elements(call.out(i), t),
                     "zeros are written in place");
    if (t.numel() == 0) continue;
    if (t.is_dense()) {
      char* const data = t.data;
      many.add(&data, 1, t.numel() * static_cast<int64_t>(t.item_bytes()));
    } else {
      require_writable(t);
      fill_with(call, t, 0);
    }
  }
  many.run(call, [&](unsigned grid, const ManyTable& table) {
    launch(zero_loop, grid, kManyThreads, 0, call.stream(), table);
  });
}

}  // namespace flambeau::cuda
