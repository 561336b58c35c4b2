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

}  // namespace flambeau
