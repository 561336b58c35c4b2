// Triangular systems.
#include "linalg_batch.h"

namespace flambeau {

namespace {

// The matrices of a tensor that may be expanded over batch axes, as LAPACK reads them.
struct Operand {
  Tensor tensor;
  bool transposed = false;  // row-major memory: the transpose in LAPACK's eyes
  lapack::Int ld = 1;

  Operand(Call& call, const Tensor& t) : tensor(t) {
    if (fits()) return;
    tensor = call.contiguous(t);
    require_linalg(fits(), "a row-major matrix fits");
  }

  // The first element of the matrix for number `index` of a batch of this shape.
  const char* matrix(const Shape& shape, int64_t index) const {
    const char* data = tensor.data;
    const int lead = shape.ndim - tensor.ndim();
    for (int axis = shape.ndim - 3; axis >= lead; --axis) {
      const int64_t at = index % shape.sizes[axis];
      index /= shape.sizes[axis];
      if (tensor.size(axis - lead) != 1)
        data += at * tensor.stride(axis - lead) * static_cast<int64_t>(tensor.item_bytes());
    }
    return data;
  }

 private:
  bool fits() {
    const int row = tensor.ndim() - 2;
    const int64_t n = tensor.size(row);
    const int64_t down = n > 1 ? tensor.stride(row) : 1;
    const int64_t across = n > 1 ? tensor.stride(row + 1) : 1;
    const int64_t least = std::max<int64_t>(n, 1);
    if (across == 1 && (down >= least || n <= 1)) {
      transposed = true;
      ld = lapack::checked(std::max(down, least));
      return true;
    }
    if (down == 1 && across >= least) {
      transposed = false;
      ld = lapack::checked(across);
      return true;
    }
    return false;
  }
};

}  // namespace

// a [..., n, n] triangular, b [..., n, k] -> x [..., n, k] with a · x = b; where `left` is off,
// b [..., k, n] -> x [..., k, n] with x · a = b. Batches broadcast. Row-major. Only a's triangle is
// read, and not its diagonal where `unit` says that it is ones; a 0 there gives infinities.
// Parameters: upper, left, unit.
FLAMBEAU_KERNEL(solveTriangular) {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  const bool upper = call.flag(0);
  const bool left = call.flag(1);
  const Batch square(a.shape);
  const Batch batch(call.spec(0).shape);
  const Batch right(b.shape);
  require_linalg(!call.in_place(0) && call.spec(0).dtype == a.dtype && b.dtype == a.dtype,
                 "the types of a triangular system differ");
  require_linalg(square.rows == square.columns &&
                     square.rows == (left ? batch.rows : batch.columns) &&
                     right.rows == batch.rows && right.columns == batch.columns,
                 "the sizes of a triangular system differ");
  // Leading axes: each of a's is 1 or the result's; copy_into() checks b's.
  const Shape& shape = call.spec(0).shape;
  require_linalg(a.ndim() <= shape.ndim, "a has too many axes");
  for (int axis = 0; axis < a.ndim() - 2; ++axis) {
    const int64_t size = shape.sizes[axis + shape.ndim - a.ndim()];
    require_linalg(a.size(axis) == 1 || a.size(axis) == size, "a does not broadcast");
  }
  const Tensor& x = call.out(0);
  copy_into(x, b);
  const Operand matrix(call, a);
  // Row-major x is xᵀ in LAPACK's eyes, and a · x = b is xᵀ · aᵀ = bᵀ.
  const char side = left ? 'R' : 'L';
  const char uplo = upper != matrix.transposed ? 'U' : 'L';
  const char trans = matrix.transposed ? 'N' : 'T';
  const char diag = call.flag(2) ? 'U' : 'N';
  with_floating(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double work = static_cast<double>(square.rows) * static_cast<double>(batch.elements());
    for_matrices(batch.count, work, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        lapack::trsm(side, uplo, trans, diag, batch.n(), batch.m(),
                     reinterpret_cast<const T*>(matrix.matrix(shape, i)), matrix.ld,
                     x.as<T>() + i * batch.elements(), std::max<lapack::Int>(batch.n(), 1));
    });
  });
}

}  // namespace flambeau
