// Dropout: bit i & 7 of byte i / 8 says whether element i (in logical order) is kept.
//
// Element i is kept where word i of the call (philox.h) is below 2^32 times the probability.
#include "random_fill.h"

namespace flambeau::cuda {

namespace {

constexpr int kEight = 8;  // elements of a byte, which a thread does at a time

struct Keep {
  Philox philox;
  uint64_t threshold;

  __device__ __forceinline__ uint32_t byte(int64_t i) const {
    uint32_t bits = 0;
#pragma unroll
    for (int part = 0; part < 2; ++part) {
      const Words words = philox_words(philox.seed, philox.offset + 2 * i + part, 0);
#pragma unroll
      for (int j = 0; j < 4; ++j) bits |= (words.at[j] < threshold ? 1u : 0u) << (4 * part + j);
    }
    return bits;
  }
};

// y = x · bit · scale; a product rather than a choice, so that what is not finite becomes NaN. With
// `keep` bits are drawn and stored, or else read.
template <class T, bool kDraws>
__global__ void __launch_bounds__(kRandomThreads)
    dropout_loop(Keep given, int64_t n, const T* x, Computed<T> scale, uint8_t* bits, T* y) {
  using C = Computed<T>;
  Keep keep = given;
  if constexpr (kDraws) keep.philox = given.philox.now();
  const int64_t bytes = (n + kEight - 1) / kEight;
  for (int64_t i = global_thread(); i < bytes; i += global_threads()) {
    uint32_t byte;
    if constexpr (kDraws) {
      byte = keep.byte(i);
      if (i == bytes - 1 && n % kEight != 0) byte &= (1u << n % kEight) - 1;
      bits[i] = static_cast<uint8_t>(byte);
    } else {
      byte = bits[i];
    }
    if constexpr (kPack<T> < kEight) {
      // The warp goes through what its threads have, one pack beside the other.
      const int lane = lane_index();
      const int64_t first = (i - lane) * kEight;
      if (first + kWarp * kEight <= n) {
        constexpr int kPacks = kEight / kPack<T>;
#pragma unroll
        for (int p = 0; p < kPacks; ++p) {
          const int pack = p * kWarp + lane;
          const uint32_t own = shuffle(byte, pack / kPacks) >> (pack % kPacks * kPack<T>);
          C v[kPack<T>];
          load_values<kPack<T>>(x + first + pack * kPack<T>, v);
#pragma unroll
          for (int j = 0; j < kPack<T>; ++j) v[j] *= own >> j & 1 ? scale : C(0);
          store_values<kPack<T>>(y + first + pack * kPack<T>, v);
        }
        continue;
      }
    }
    const int64_t at = i * kEight;
    if (at + kEight <= n) {
      C v[kEight];
      load_values<kEight>(x + at, v);
#pragma unroll
      for (int j = 0; j < kEight; ++j) v[j] *= byte >> j & 1 ? scale : C(0);
      store_values<kEight>(y + at, v);
    } else {
      for (int j = 0; at + j < n; ++j)
        y[at + j] = narrowed<T>(widened(x[at + j]) * (byte >> j & 1 ? scale : C(0)));
    }
  }
}

__global__ void __launch_bounds__(kRandomThreads)
    bits_loop(Keep given, int64_t n, int64_t room, uint8_t* bits) {
  Keep keep = given;
  keep.philox = given.philox.now();
  const int64_t bytes = (n + kEight - 1) / kEight;
  for (int64_t i = global_thread(); i < room; i += global_threads()) {
    uint32_t byte = i < bytes ? keep.byte(i) : 0;
    if (i == bytes - 1 && n % kEight != 0) byte &= (1u << n % kEight) - 1;
    bits[i] = static_cast<uint8_t>(byte);
  }
}

int64_t bytes_for(int64_t bits) { return ceil_divide(bits, kEight); }

Keep keep_of(Call& call, int64_t n, double p) {
  return {draw_words(call, bytes_for(n) * kEight, 1),
          static_cast<uint64_t>(std::ceil((1 - p) * 0x1p32))};
}

// `t` as row-major memory that can be read by 16 bytes: itself, or a copy.
Tensor readable(Call& call, const Tensor& t) {
  if (t.is_contiguous() && is_aligned(t.data, 16)) return t;
  Tensor copy = call.temporary(t.shape, t.dtype);
  copy_into(call, copy, t);
  return copy;
}

// Output 0 = x · bits · scale, in the memory order of x.
template <bool kDraws>
void apply(Call& call, const Tensor& given, const Keep& keep, double p, uint8_t* bits) {
  const Tensor& out = call.out_like(0, given);
  require_internal(out.shape == given.shape && out.dtype == given.dtype,
                   "dropout's output does not fit its input");
  const int64_t n = given.numel();
  if (n == 0) return;
  const Tensor x = readable(call, given);
  const bool direct = out.is_contiguous() && is_aligned(out.data, 16);
  const Tensor y = direct ? Tensor(out) : call.temporary(out.shape, out.dtype);
  with_float_type(given.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    // Rounded as PyTorch does: to the type of the result.
    const C scale = widened(narrowed<T>(C(1) / static_cast<C>(1 - p)));
    launch(dropout_loop<T, kDraws>, grid_for(bytes_for(n), 1, call.properties(), kRandomThreads),
           kRandomThreads, 0, call.stream(), keep, n, x.as<T>(), scale, bits, y.as<T>());
  });
  if (!direct) copy_into(call, out, y);
}

}  // namespace

// x floating [*] -> x with elements zeroed with probability p, the rest divided by 1 - p; and the
// bits of the kept ones, uint8 [⌈n / 8⌉]. Parameters: generator, p in [0, 1).
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(dropout) {
  const Tensor& x = call.in(0);
  const Tensor& bits = call.out(1);
  require_internal(bits.dtype == DType::kUInt8 && bits.numel() == bytes_for(x.numel()),
                   "dropout's outputs do not fit its input");
  const double p = call.param(1);
  apply<true>(call, x, keep_of(call, x.numel(), p), p, bits.as<uint8_t>());
}

// grad floating [*], bits uint8 [⌈n / 8⌉] -> grad where kept, divided by 1 - p; parameters: p.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(dropoutGrad) {
  const Tensor& grad = call.in(0);
  const Tensor bits = call.contiguous(call.in(1));
  require_internal(bits.dtype == DType::kUInt8 && bits.numel() == bytes_for(grad.numel()),
                   "the bits do not fit the gradient");
  apply<false>(call, grad, Keep{}, call.param(0), bits.as<uint8_t>());
}

// The bits of what dropout keeps, uint8 [⌈n / 8⌉ and more]: those that `dropout` draws for a
// row-major tensor of n elements, then zeros. Parameters: generator, p in [0, 1), n.
FLAMBEAU_CUDA_KERNEL(dropoutBits) {
  const int64_t n = call.integer(2);
  const Tensor& bits = call.out(0);
  require_internal(bits.dtype == DType::kUInt8 && n >= 0 && bits.numel() >= bytes_for(n),
                   "the bits have no room");
  if (bits.numel() == 0) return;
  launch(bits_loop, grid_for(bits.numel(), 1, call.properties(), kRandomThreads), kRandomThreads, 0,
         call.stream(), keep_of(call, n, call.param(1)), n, bits.numel(), bits.as<uint8_t>());
}

}  // namespace flambeau::cuda
