// What tensor cores take of attention, and the parts of its backward pass.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "attention_tensor_grad.h"

namespace flambeau::cuda {

namespace {

constexpr int64_t kMostColumns = 256, kMostColumnsBack = 128;

#if !defined(FLAMBEAU_EMULATED)
// Tells by its attributes what kernels beside it are compiled for.
__global__ void __launch_bounds__(1) mark_kernel() {}
#endif

// Are there tensor cores, and is there code for them? Devices that lack code of their own run that
// of the oldest, which has none.
bool has_tensor_cores(const Call& call) {
  if (call.properties().major < 8) return false;
#if defined(FLAMBEAU_EMULATED)
  return true;
#else
  static std::atomic<int> versions[FLAMBEAU_MAX_DEVICES];
  std::atomic<int>& version = versions[call.device()];
  if (version == 0) {
    cudaFuncAttributes attributes;
    check(cudaFuncGetAttributes(&attributes, mark_kernel), "cudaFuncGetAttributes");
    version = attributes.ptxVersion;
  }
  return version >= 80;
#endif
}

bool fit(const Call& call, DType dtype, const AttentionShape& s, int64_t most) {
  constexpr int64_t kMostRows = 1 << 30;  // places within a head are 32-bit numbers
  return is_16bit_float(dtype) && s.e > 0 && s.ev > 0 && s.e % 8 == 0 && s.ev % 8 == 0 &&
         s.e <= most && s.ev <= most && s.length <= kMostRows && s.source <= kMostRows &&
         s.scale > 0 && std::isfinite(s.scale) && has_tensor_cores(call);
}

// --- the sums of grad · out ---

constexpr int kDeltaThreads = 256;

// Eight numbers times eight others.
template <class T>
__device__ __forceinline__ float product_of_packs(const Pack<T, 8>& a, const Pack<T, 8>& b) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) sum += widened(a[i]) * widened(b[i]);
  return sum;
}

// `lanes` lanes have a query: a power of two.
template <class T, int lanes>
__global__ void __launch_bounds__(kDeltaThreads)
    tensor_delta_kernel(const __grid_constant__ AttentionShape s,
                        const __grid_constant__ AttentionGradient g) {
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const int64_t item = global_thread() / lanes;
  float sum = 0;
  if (item < s.heads * s.length) {
    const auto head = static_cast<uint32_t>(item / s.length);
    const int64_t query = item - head * s.length;
    const HeadPlace place = s.q.place(head);
    const T* const grad = g.grad.of<const T>(place) + query * g.grad.row;
    const T* const out = g.out.of<const T>(place) + query * g.out.row;
    for (int c = lane * 8; c < s.ev; c += lanes * 8)
      sum += product_of_packs(load_pack<8>(grad + c), load_pack<8>(out + c));
  }
#pragma unroll
  for (int step = lanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(kAllLanes, sum, step);
  if (lane == 0 && item < s.heads * s.length) static_cast<float*>(g.delta)[item] = sum;
}

template <class T>
void find_deltas(Call& call, const AttentionShape& s, const AttentionGradient& g) {
  const int64_t items = s.heads * s.length;
  const auto run = [&](auto lanes) {
    constexpr int n = decltype(lanes)::value;
    const int64_t blocks = (items * n + kDeltaThreads - 1) / kDeltaThreads;
    if (blocks > INT32_MAX)
      throw Failure("ERR_VALUE", "attention over too many queries, keys and heads");
    launch(tensor_delta_kernel<T, n>, dim3(static_cast<unsigned>(blocks)), dim3(kDeltaThreads), 0,
           call.stream(), s, g);
  };
  if (s.ev <= 32) {
    run(std::integral_constant<int, 4>{});
  } else if (s.ev <= 64) {
    run(std::integral_constant<int, 8>{});
  } else {
    run(std::integral_constant<int, 16>{});
  }
}

// Can one block have all keys, and so all of the queries' gradient? Some devices lack the shared
// memory for more than 64 of them.
bool keys_fit_block(const Call& call, const AttentionShape& s) {
  if (s.source <= 64 || s.source > kMostKeysAtOnce) return s.source <= 64;
  bool fit = false;
  with_row_size<kMostColumnsBack>(std::max(s.e, s.ev), [&](auto size) {
    constexpr int kShared = KeyGradTile<decltype(size)::value, 8, true>::kShared;
    fit = kShared <= static_cast<int64_t>(call.properties().shared_per_block_most);
  });
  return fit;
}

template <class T>
void backward(Call& call, const AttentionShape& s, const AttentionGradient& g) {
  if (s.length > 0) find_deltas<T>(call, s, g);
  const bool all = g.dq.data && keys_fit_block(call, s);
  if (g.dk.data || g.dv.data || all) tensor_key_grad<T>(call, s, g, all);
  if (g.dq.data && !all) tensor_query_grad<T>(call, s, g);
}

}  // namespace

bool tensor_cores_attend(const Call& call, DType dtype, const AttentionShape& s) {
  return fit(call, dtype, s, kMostColumns);
}
bool tensor_cores_attend_back(const Call& call, DType dtype, const AttentionShape& s) {
  return fit(call, dtype, s, kMostColumnsBack);
}

Tensor aligned_rows(Call& call, const Tensor& t) {
  const int last = t.ndim() - 1;
  bool aligned = reinterpret_cast<uintptr_t>(t.data) % 16 == 0;
  for (int axis = 0; axis <= last; ++axis) {
    if (t.size(axis) == 1) continue;
    aligned = aligned && (axis == last ? t.stride(axis) == 1 : t.stride(axis) % 8 == 0);
  }
  if (aligned) return t;
  Tensor copy = call.temporary(t.shape, t.dtype);
  copy_into(call, copy, t);
  return copy;
}

void tensor_attention_forward(Call& call, DType dtype, const AttentionShape& s,
                              const HeadMatrices& out, float* lse) {
  if (dtype == DType::kFloat16) {
    tensor_forward<Half>(call, s, out, lse);
  } else {
    tensor_forward<BFloat16>(call, s, out, lse);
  }
}

void tensor_attention_backward(Call& call, DType dtype, const AttentionShape& s,
                               const AttentionGradient& g) {
  if (dtype == DType::kFloat16) {
    backward<Half>(call, s, g);
  } else {
    backward<BFloat16>(call, s, g);
  }
}

}  // namespace flambeau::cuda
