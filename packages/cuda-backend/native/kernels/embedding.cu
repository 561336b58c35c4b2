// Rows of a table.
#include "scatter.h"

namespace flambeau::cuda {

namespace {

// `t` [*] or [*, width] as [n, width], with strides `row` and `column`.
Tensor as_rows(Tensor t, int64_t n, int64_t width, int64_t row, int64_t column) {
  t.shape = Shape{n, width};
  t.strides[0] = row;
  t.strides[1] = column;
  return t;
}

// [*, width] for indices [*].
Shape row_for_each(const Tensor& indices, int64_t width) {
  Shape shape = indices.shape;
  if (shape.ndim == kMaxDims) throw Failure("ERR_INTERNAL", "too many axes");
  shape.sizes[shape.ndim++] = width;
  return shape;
}

}  // namespace

// weight [rows, width] of any type, indices [*] of whole numbers in [0, rows) -> [*, width],
// row-major. A row that there is not becomes zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(embedding) {
  const Tensor& table = call.in(0);
  const Tensor& indices = call.in(1);
  if (table.ndim() != 2) throw Failure("ERR_INTERNAL", "a table has two axes");
  const int64_t n = indices.numel(), width = table.size(1);
  if (call.in_place(0) || !(call.spec(0).shape == row_for_each(indices, width)) ||
      call.spec(0).dtype != table.dtype)
    throw Failure("ERR_INTERNAL", "a row for each index");
  const Tensor& out = call.out(0);
  if (out.numel() == 0) return;
  const Tensor list = call.contiguous(readable_index(call, indices));
  take_elements(call, as_rows(out, n, width, width, 1), as_rows(list, n, width, 1, 0),
                as_rows(table, n, width, 0, table.stride(1)),
                places_of(call, list, table.size(0), table.stride(0), false, 0));
}

// grad [*, width] floating, indices [*] as above -> [rows, width]: for each row, the sum of what it
// was given for; in the order of indices if cuda.deterministic is on.
FLAMBEAU_CUDA_KERNEL(embeddingGrad) {
  const Tensor& indices = call.in(1);
  const Shape& shape = call.spec(0).shape;
  if (shape.ndim != 2 || call.in_place(0) || call.spec(0).dtype != call.in(0).dtype)
    throw Failure("ERR_INTERNAL", "the gradient of a table has two axes");
  const int64_t n = indices.numel(), rows = shape.sizes[0], width = shape.sizes[1];
  if (!(call.in(0).shape == row_for_each(indices, width)))
    throw Failure("ERR_INTERNAL", "a gradient for each index");
  const Tensor& out = call.out(0);
  clear(call, out);
  if (n == 0 || width == 0) return;
  const Tensor grad = call.contiguous(call.in(0));
  const Tensor list = call.contiguous(readable_index(call, indices));
  const Places places = places_of(call, list, rows, width, false, 0);
  if (!deterministic())
    return add_elements(call, as_rows(out, n, width, 0, 1), as_rows(list, n, width, 1, 0),
                        as_rows(grad, n, width, width, 1), places, 1);
  const auto line = [](Tensor t, int64_t size) {
    t.shape = Shape{size};
    t.strides[0] = 1;
    return t;
  };
  OrderedScatter work;
  work.out = line(out, width);
  work.out_step = width;
  work.from = line(grad, width);
  work.from_step = width;
  work.index = line(list, n);
  work.places = places;
  require_ranks(work.index);
  combine_in_order(call, work, Slots(1, n, 1, rows));
}

}  // namespace flambeau::cuda
