// Elements where a mask is true. Masks are bool tensors; the order of elements is row-major.
//
// How many there are is only known after a look at the mask, so that selecting takes two steps:
// maskOffsets counts them by chunk of kMaskChunk elements, and later kernels let each chunk write
// from its offset on. They trust the offsets no further than the memory they have.
#include "elements.h"
#include "elementwise_row.h"
#include "geometry.h"
#include "primitives.h"
#include "sums.h"

namespace flambeau::cuda {

namespace {

constexpr int64_t kMaskChunk = 8192;
constexpr int kThreads = 256;
constexpr int kPerThread = static_cast<int>(kMaskChunk / kThreads);

int64_t mask_chunks(int64_t n) { return ceil_divide(n, kMaskChunk); }

const uint8_t* mask_bytes(const Tensor& mask) {
  if (mask.dtype != DType::kBool) throw Failure("ERR_INTERNAL", "masks are bool tensors");
  return reinterpret_cast<const uint8_t*>(mask.data);
}

void require_offsets(const Tensor& offsets, int64_t n) {
  if (offsets.dtype != DType::kInt64 || !offsets.is_contiguous() ||
      offsets.numel() != mask_chunks(n) + 1)
    throw Failure("ERR_INTERNAL", "the offsets do not belong to the mask");
}

// The true ones among a thread's neighbouring elements from `first` on, one bit for each.
static_assert(kPerThread == 32);
__device__ uint32_t true_bits(const uint8_t* mask, int64_t first, int64_t n) {
  uint32_t bits = 0;
  if (first + kPerThread <= n && reinterpret_cast<uintptr_t>(mask) % 16 == 0) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const auto pack = load_pack<16>(mask + first + half * 16);
#pragma unroll
      for (int j = 0; j < 16; ++j) bits |= static_cast<uint32_t>(pack[j] != 0) << (half * 16 + j);
    }
  } else {
    for (int j = 0; j < kPerThread && first + j < n; ++j)
      bits |= static_cast<uint32_t>(mask[first + j] != 0) << j;
  }
  return bits;
}

__global__ void __launch_bounds__(kThreads)
    count_true(const uint8_t* mask, int64_t n, int64_t* counts) {
  const int64_t first = blockIdx.x * kMaskChunk + threadIdx.x * kPerThread;
  const int count = block_reduce<Sum>(static_cast<int>(__popc(true_bits(mask, first, n))));
  if (threadIdx.x == 0) counts[blockIdx.x] = count;
}

// Calls body(element, place) for all elements whose mask is true, where place < count.
template <class Body>
__device__ void for_each_true(const uint8_t* mask, int64_t n, const int64_t* offsets, int64_t count,
                              const Body& body) {
  const int64_t chunk = blockIdx.x * kMaskChunk;
  const uint32_t own = true_bits(mask, chunk + threadIdx.x * kPerThread, n);
  const int own_place = block_scan_exclusive<Sum>(static_cast<int>(__popc(own)));
  const int64_t start = offsets[blockIdx.x];
  // The warp takes what each of its threads has together, so that memory is gone through in order.
  static_assert(kPerThread == kWarp);
  const int lane = lane_index();
  const int64_t first = chunk + warp_index() * (kWarp * kPerThread) + lane;
#pragma unroll 4
  for (int row = 0; row < kWarp; ++row) {
    const uint32_t bits = shuffle(own, row);
    const int64_t place =
        start + shuffle(own_place, row) + __popc(bits & ((uint32_t{1} << lane) - 1));
    if ((bits >> lane & 1) != 0 && place >= 0 && place < count) body(first + row * kWarp, place);
  }
}

struct MaskSizes {
  int ndim;
  int64_t sizes[kMaxDims];
};

__global__ void __launch_bounds__(kThreads)
    list_true(const uint8_t* mask, int64_t n, const int64_t* offsets, int64_t* out, int64_t count,
              bool coordinates, MaskSizes shape) {
  for_each_true(mask, n, offsets, count, [&](int64_t element, int64_t place) {
    if (!coordinates) {
      out[place] = element;
      return;
    }
    for (int d = shape.ndim - 1; d >= 0; --d) {
      out[place * shape.ndim + d] = element % shape.sizes[d];
      element /= shape.sizes[d];
    }
  });
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    select_true(const uint8_t* mask, int64_t n, const int64_t* offsets, const T* x, T* out,
                int64_t count) {
  for_each_true(mask, n, offsets, count,
                [&](int64_t element, int64_t place) { out[place] = x[element]; });
}

// `out` is zero before.
template <class T>
__global__ void __launch_bounds__(kThreads)
    spread_true(const uint8_t* mask, int64_t n, const int64_t* offsets, const T* values, T* out,
                int64_t count) {
  for_each_true(mask, n, offsets, count,
                [&](int64_t element, int64_t place) { out[element] = values[place]; });
}

}  // namespace

// mask -> int64 [chunks + 1]: how many elements are true before each chunk, and in all.
FLAMBEAU_CUDA_KERNEL(maskOffsets) {
  const Tensor mask = call.contiguous(call.in(0));
  const uint8_t* const bytes = mask_bytes(mask);
  const int64_t n = mask.numel(), chunks = mask_chunks(n);
  const Tensor& out = call.out(0);
  if (out.dtype != DType::kInt64 || out.numel() != chunks + 1 || !out.is_contiguous())
    throw Failure("ERR_INTERNAL", "one offset is needed for each chunk");
  int64_t* const offsets = out.as<int64_t>();
  check(cudaMemsetAsync(offsets, 0, sizeof(int64_t), call.stream()), "cudaMemsetAsync");
  if (chunks == 0) return;
  launch(count_true, static_cast<unsigned>(chunks), kThreads, 0, call.stream(), bytes, n,
         offsets + 1);
  running_sums(call, offsets + 1, chunks);
}

// mask [*], offsets -> the places where it is true, int64 [count], or as one coordinate for each
// axis, [count, axes], if parameter 0 says so.
FLAMBEAU_CUDA_KERNEL(nonzero) {
  const Tensor mask = call.contiguous(call.in(0));
  const uint8_t* const bytes = mask_bytes(mask);
  const Tensor& out = call.out(0);
  const bool coordinates = call.flag(0);
  if (out.dtype != DType::kInt64 || out.ndim() != (coordinates ? 2 : 1) ||
      (coordinates && out.size(1) != mask.ndim()))
    throw Failure("ERR_INTERNAL", "nonzero's output has another shape");
  const int64_t n = mask.numel();
  require_offsets(call.in(1), n);
  MaskSizes shape = {mask.ndim(), {}};
  for (int d = 0; d < shape.ndim; ++d) shape.sizes[d] = mask.size(d);
  launch(list_true, static_cast<unsigned>(mask_chunks(n)), kThreads, 0, call.stream(), bytes, n,
         call.in(1).as<int64_t>(), out.as<int64_t>(), out.size(0), coordinates, shape);
}

// x, mask of its shape, offsets -> the elements of x where the mask is true, [count].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(maskedSelect) {
  const Tensor x = call.contiguous(call.in(0));
  const Tensor mask = call.contiguous(call.in(1));
  const uint8_t* const bytes = mask_bytes(mask);
  const Tensor& out = call.out(0);
  if (!(x.shape == mask.shape) || out.ndim() != 1 || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "the mask does not fit");
  const int64_t n = x.numel();
  require_offsets(call.in(2), n);
  with_item(x.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    launch(select_true<T>, static_cast<unsigned>(mask_chunks(n)), kThreads, 0, call.stream(), bytes,
           n, call.in(2).as<int64_t>(), x.as<T>(), out.as<T>(), out.numel());
  });
}

// values [count], mask [*], offsets -> [*]: the values where the mask is true, zeros elsewhere.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(maskedSelectGrad) {
  const Tensor values = call.contiguous(call.in(0));
  const Tensor mask = call.contiguous(call.in(1));
  const uint8_t* const bytes = mask_bytes(mask);
  const Tensor& out = call.out(0);
  if (!(out.shape == mask.shape) || values.ndim() != 1 || out.dtype != values.dtype)
    throw Failure("ERR_INTERNAL", "the mask does not fit");
  const int64_t n = mask.numel();
  require_offsets(call.in(2), n);
  fill_with(call, out, 0);
  with_item(values.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    launch(spread_true<T>, static_cast<unsigned>(mask_chunks(n)), kThreads, 0, call.stream(), bytes,
           n, call.in(2).as<int64_t>(), values.as<T>(), out.as<T>(), values.numel());
  });
}

// x, mask, value -> x with the value (a tensor without axes) where the mask is true, or where it is
// false if parameter 0 says so. x and the mask broadcast to the output; a target is x itself.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(maskedFill) {
  const Call& asked = call;
  const Tensor& x = call.in(0);
  mask_bytes(asked.in(1));
  const Tensor& out = call.out_like(0, x);
  if (asked.in(2).ndim() != 0 || asked.in(2).dtype != x.dtype || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "the value does not fit");
  if (call.in_place(0) && !same_elements(out, x))
    throw Failure("ERR_INTERNAL", "the target is the input");
  // mask ? value : x
  const int filled[3] = {1, 2, 0}, kept[3] = {1, 0, 2};
  run_elementwise(call, {"maskedFill", kSelect, Cost::kCheap}, where_row(), nullptr,
                  call.flag(0) ? kept : filled);
}

}  // namespace flambeau::cuda
