// Elements where a mask is true. Masks are bool tensors; the order of elements is row-major.
//
// How many there are is only known after a look at the mask, so that selecting takes two steps:
// maskOffsets counts them by chunk of kMaskChunk elements, and later kernels let each chunk write
// from its offset on. They trust the offsets no further than the memory they have.
#include <cstring>

#include "index_check.h"

namespace flambeau {
namespace {

constexpr int64_t kMaskChunk = 8192;
constexpr int64_t kMaskGrain = 4;  // chunks

int64_t mask_chunks(int64_t n) { return (n + kMaskChunk - 1) / kMaskChunk; }

// Non-zero bytes among n.
int64_t count_true(const uint8_t* mask, int64_t n) {
  int64_t total = 0;
  int64_t i = 0;
  constexpr int64_t kWidth = 32;
  while (i + kWidth <= n) {
    // Sums of at most 255 fit a byte, which lets the compiler add many at once.
    uint8_t sums[kWidth] = {};
    const int64_t rounds = std::min<int64_t>(255, (n - i) / kWidth);
    for (int64_t round = 0; round < rounds; ++round, i += kWidth)
      for (int64_t k = 0; k < kWidth; ++k) sums[k] += mask[i + k] != 0;
    for (const uint8_t sum : sums) total += sum;
  }
  for (; i < n; ++i) total += mask[i] != 0;
  return total;
}

// The offsets that maskOffsets made for a mask of n elements: checked, rising from 0 to `count`.
const int64_t* checked_offsets(const Tensor& offsets, int64_t n, int64_t count) {
  const int64_t chunks = mask_chunks(n);
  bool fits =
      offsets.dtype == DType::kInt64 && offsets.is_contiguous() && offsets.numel() == chunks + 1;
  const int64_t* at = offsets.as<int64_t>();
  for (int64_t c = 0; fits && c < chunks; ++c)
    fits = at[c + 1] >= at[c] && at[c + 1] - at[c] <= kMaskChunk;
  if (!fits || at[0] != 0 || at[chunks] != count)
    throw Failure("ERR_INTERNAL", "the offsets do not belong to the mask");
  return at;
}

const uint8_t* mask_bytes(const Tensor& mask) {
  if (mask.dtype != DType::kBool) throw Failure("ERR_INTERNAL", "masks are bool tensors");
  return reinterpret_cast<const uint8_t*>(mask.data);
}

// Calls body(first element, last, first place of its results, last) for each chunk.
template <class Body>
void for_each_chunk(int64_t n, const int64_t* offsets, const Body& body) {
  parallel_for(mask_chunks(n), kMaskGrain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c)
      body(c * kMaskChunk, std::min(n, (c + 1) * kMaskChunk), offsets[c], offsets[c + 1]);
  });
}

// Writes the places in [begin, end) where the mask is true to `list`, which has room for one more
// than there are places; returns how many there are.
int64_t list_true(const uint8_t* mask, int64_t begin, int64_t end, int32_t* list) {
  int64_t count = 0;
  for (int64_t i = begin; i < end; ++i) {
    list[count] = static_cast<int32_t>(i - begin);
    count += mask[i] != 0;
  }
  return count;
}

// y = value where the mask is true (false), else x; y may be x. Without branches.
template <class T, bool kInverted>
void fill_dense(T* y, const T* x, const uint8_t* mask, T value, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T all = static_cast<T>(-static_cast<T>(kInverted ? mask[i] == 0 : mask[i] != 0));
    y[i] = static_cast<T>((value & all) | (x[i] & static_cast<T>(~all)));
  }
}

}  // namespace

// mask -> int64 [chunks + 1]: how many elements are true before each chunk, and in all.
FLAMBEAU_KERNEL(maskOffsets) {
  const Tensor mask = call.contiguous(call.in(0));
  const uint8_t* bytes = mask_bytes(mask);
  const int64_t n = mask.numel();
  Tensor& out = call.out(0);
  if (out.dtype != DType::kInt64 || out.numel() != mask_chunks(n) + 1)
    throw Failure("ERR_INTERNAL", "one offset is needed for each chunk");
  int64_t* const offsets = out.as<int64_t>();
  offsets[0] = 0;
  parallel_for(mask_chunks(n), kMaskGrain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c)
      offsets[c + 1] = count_true(bytes + c * kMaskChunk, std::min(kMaskChunk, n - c * kMaskChunk));
  });
  for (int64_t c = 0; c < mask_chunks(n); ++c) offsets[c + 1] += offsets[c];
}

// mask [*], offsets -> the places where it is true, int64 [count], or as one coordinate for each
// axis, [count, axes], if parameter 0 says so.
FLAMBEAU_KERNEL(nonzero) {
  const Tensor mask = call.contiguous(call.in(0));
  const uint8_t* bytes = mask_bytes(mask);
  Tensor& out = call.out(0);
  const bool coordinates = call.flag(0);
  const int ndim = mask.ndim();
  if (out.dtype != DType::kInt64 || out.ndim() != (coordinates ? 2 : 1) ||
      (coordinates && out.size(1) != ndim))
    throw Failure("ERR_INTERNAL", "nonzero's output has another shape");
  const int64_t* offsets = checked_offsets(call.in(1), mask.numel(), out.size(0));
  int64_t* const rows = out.as<int64_t>();
  for_each_chunk(mask.numel(), offsets, [&](int64_t begin, int64_t end, int64_t to, int64_t last) {
    int32_t list[kMaskChunk + 1];
    const int64_t count = std::min(last - to, list_true(bytes, begin, end, list));
    if (!coordinates) {
      for (int64_t i = 0; i < count; ++i) rows[to + i] = begin + list[i];
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      int64_t place = begin + list[i];
      for (int d = ndim - 1; d > 0; --d) {
        rows[(to + i) * ndim + d] = place % mask.size(d);
        place /= mask.size(d);
      }
      if (ndim > 0) rows[(to + i) * ndim] = place;
    }
  });
}

// x, mask of its shape, offsets -> the elements of x where the mask is true, [count].
FLAMBEAU_KERNEL_ALL_TYPES(maskedSelect) {
  const Tensor x = call.contiguous(call.in(0));
  const Tensor mask = call.contiguous(call.in(1));
  const uint8_t* bytes = mask_bytes(mask);
  Tensor& out = call.out(0);
  if (!(x.shape == mask.shape) || out.ndim() != 1 || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "the mask does not fit");
  const int64_t* offsets = checked_offsets(call.in(2), x.numel(), out.numel());
  with_item(x.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    for_each_chunk(x.numel(), offsets, [&](int64_t begin, int64_t end, int64_t to, int64_t last) {
      // Without branches, which a random mask would mislead; the last write of a piece may lie
      // behind what belongs to it, hence the buffer.
      constexpr int64_t kPiece = 512;
      T piece[kPiece + 1];
      for (int64_t i = begin; i < end; i += kPiece) {
        const int64_t stop = std::min(end, i + kPiece);
        int64_t count = 0;
        for (int64_t k = i; k < stop; ++k) {
          piece[count] = x.as<T>()[k];
          count += bytes[k] != 0;
        }
        count = std::min(count, last - to);
        std::memcpy(out.as<T>() + to, piece, static_cast<size_t>(count) * sizeof(T));
        to += count;
      }
    });
  });
}

// values [count], mask [*], offsets -> [*]: the values where the mask is true, zeros elsewhere.
FLAMBEAU_KERNEL_ALL_TYPES(maskedSelectGrad) {
  const Tensor values = call.contiguous(call.in(0));
  const Tensor mask = call.contiguous(call.in(1));
  const uint8_t* bytes = mask_bytes(mask);
  Tensor& out = call.out(0);
  if (!(out.shape == mask.shape) || values.ndim() != 1 || out.dtype != values.dtype)
    throw Failure("ERR_INTERNAL", "the mask does not fit");
  const int64_t* offsets = checked_offsets(call.in(2), mask.numel(), values.numel());
  with_item(values.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    for_each_chunk(mask.numel(), offsets,
                   [&](int64_t begin, int64_t end, int64_t from, int64_t last) {
                     T* const y = out.as<T>();
                     if (from == last) {
                       std::memset(y + begin, 0, static_cast<size_t>(end - begin) * sizeof(T));
                       return;
                     }
                     for (int64_t i = begin; i < end; ++i) {
                       const T value = values.as<T>()[std::min(from, last - 1)];
                       const bool here = bytes[i] != 0;
                       y[i] = static_cast<T>(value & static_cast<T>(-static_cast<T>(here)));
                       from += here;
                     }
                   });
  });
}

// x, mask, value -> x with the value (a tensor without axes) where the mask is true, or where it is
// false if parameter 0 says so. x and the mask broadcast to the output; a target is x itself.
FLAMBEAU_KERNEL_ALL_TYPES(maskedFill) {
  const Tensor& x = call.in(0);
  const Tensor& value = call.in(2);
  Tensor mask = call.in(1);
  mask_bytes(mask);
  Tensor& out = call.out_like(0, x);
  if (value.ndim() != 0 || value.dtype != x.dtype || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "the value does not fit");
  if (out.numel() == 0) return;
  require_writable(out);
  if (call.in_place(0)) {
    if (!same_elements(out, x)) throw Failure("ERR_INTERNAL", "the target is the input");
    if (shares_memory(out, mask)) mask = apart(call, mask);
  }
  const bool inverted = call.flag(0);
  with_item(x.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    const T filled = *value.as<T>();
    Iteration<3>(out.shape, {&out, &x, &mask})
        .run(kGrain, [=](const auto& data, const auto& strides, int64_t n) {
          if (strides[0] == sizeof(T) && strides[1] == sizeof(T) && strides[2] == 1) {
            const auto fill = inverted ? fill_dense<T, true> : fill_dense<T, false>;
            return fill(reinterpret_cast<T*>(data[0]), reinterpret_cast<const T*>(data[1]),
                        reinterpret_cast<const uint8_t*>(data[2]), filled, n);
          }
          for (int64_t i = 0; i < n; ++i) {
            const bool fills =
                (*reinterpret_cast<const uint8_t*>(data[2] + i * strides[2]) != 0) != inverted;
            *reinterpret_cast<T*>(data[0] + i * strides[0]) =
                fills ? filled : *reinterpret_cast<const T*>(data[1] + i * strides[1]);
          }
        });
  });
}

}  // namespace flambeau
