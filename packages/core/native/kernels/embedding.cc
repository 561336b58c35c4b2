// Rows of a table.
#include <algorithm>
#include <cstring>

#include "index_check.h"
#include "kernel.h"
#include "parallel.h"

namespace flambeau {

// weight [rows, width] of any type, indices [*] of whole numbers in [0, rows) -> [*, width],
// row-major.
FLAMBEAU_KERNEL_ALL_TYPES(embedding) {
  // Bytes that a chunk of a parallel loop copies, and how many rows ahead are fetched.
  constexpr int64_t kBytes = 1 << 17;
  constexpr int64_t kAhead = 4;
  const Tensor& indices = call.in(1);
  if (call.in(0).ndim() != 2) throw Failure("ERR_INTERNAL", "a table has two axes");
  const Tensor table = call.contiguous(call.in(0));
  const int64_t rows = table.size(0), width = table.size(1), n = indices.numel();
  Shape shape = indices.shape;
  if (shape.ndim == kMaxDims) throw Failure("ERR_INTERNAL", "too many axes");
  shape.sizes[shape.ndim++] = width;
  if (call.in_place(0) || !(call.spec(0).shape == shape) || call.spec(0).dtype != table.dtype)
    throw Failure("ERR_INTERNAL", "a row for each index");
  check_places(call, indices, rows, false, 0);
  Tensor& out = call.out(0);
  if (out.numel() == 0) return;
  const Tensor list = call.contiguous(indices);
  const int64_t bytes = width * static_cast<int64_t>(table.item_bytes());
  with_index_type(list, [&](auto zero) {
    const auto* places = list.as<decltype(zero)>();
    parallel_for(n, std::max<int64_t>(1, kBytes / bytes), [&](int64_t begin, int64_t end) {
      const auto row = [&](int64_t i) {
        return table.data + static_cast<int64_t>(places[i]) * bytes;
      };
      for (int64_t i = begin; i < end; ++i) {
        if (i + kAhead < end) __builtin_prefetch(row(i + kAhead));
        std::memcpy(out.data + i * bytes, row(i), static_cast<size_t>(bytes));
      }
    });
  });
}

// grad [*, width] floating, indices [*] as above -> [rows, width]: for each row, the sum of what it
// was given for, in order. Each thread clears rows of its own and adds to these, so that no two
// write to the same place, and what is added to was just in cache.
FLAMBEAU_KERNEL(embeddingGrad) {
  // Bytes that a thread should clear at least; rows are shared out in at most 16 parts, because
  // each looks at all indices.
  constexpr int64_t kBytes = 1 << 18;
  const Tensor& indices = call.in(1);
  const Shape& shape = call.spec(0).shape;
  const int64_t n = indices.numel();
  Shape given = indices.shape;
  if (shape.ndim != 2 || given.ndim == kMaxDims || call.in_place(0) ||
      call.spec(0).dtype != call.in(0).dtype)
    throw Failure("ERR_INTERNAL", "the gradient of a table has two axes");
  given.sizes[given.ndim++] = shape.sizes[1];
  if (!(call.in(0).shape == given)) throw Failure("ERR_INTERNAL", "a gradient for each index");
  const int64_t rows = shape.sizes[0], width = shape.sizes[1];
  check_places(call, indices, rows, false, 0);
  Tensor& out = call.out(0);
  if (out.numel() == 0) return;
  const Tensor grad = call.contiguous(call.in(0)), list = call.contiguous(indices);
  const int64_t bytes = width * static_cast<int64_t>(out.item_bytes());
  const int64_t grain = std::max((rows + 3) / 4, std::max<int64_t>(1, 4 * kBytes / bytes));
  const auto sums = [&](auto number) {
    using T = decltype(number);
    with_index_type(list, [&](auto zero) {
      const auto* places = list.as<decltype(zero)>();
      parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
        std::memset(out.data + begin * bytes, 0, static_cast<size_t>((end - begin) * bytes));
        for (int64_t i = 0; i < n; ++i) {
          const auto place = static_cast<int64_t>(places[i]);
          if (place < begin || place >= end) continue;
          const T* from = grad.as<T>() + i * width;
          T* to = out.as<T>() + place * width;
          for (int64_t c = 0; c < width; ++c) to[c] += from[c];
        }
      });
    });
  };
  if (out.dtype == DType::kFloat64) return sums(double{});
  if (out.dtype != DType::kFloat32) throw Failure("ERR_INTERNAL", "gradients are floating");
  sums(float{});
}

}  // namespace flambeau
