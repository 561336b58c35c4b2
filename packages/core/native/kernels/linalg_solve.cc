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
    require_internal(fits(), "a row-major matrix fits");
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

namespace {

// A batch of triangular systems whose right sides were copied to a row-major x. Row-major memory is
// the transpose in LAPACK's eyes, and a · x = b is xᵀ · aᵀ = bᵀ.
class Triangular {
 public:
  // x [..., n, k] on the right of a, or where `left` is off [..., k, n] on the left of it.
  Triangular(Call& call, const Tensor& a, const Tensor& x, bool upper, bool left, bool unit)
      : a_(call, a),
        x_(x),
        batch_(x.shape),
        side_(left ? 'R' : 'L'),
        uplo_(upper != a_.transposed ? 'U' : 'L'),
        diag_(unit ? 'U' : 'N') {
    const Batch square(a.shape);
    require_internal(a.dtype == x.dtype && square.rows == square.columns &&
                         square.rows == (left ? batch_.rows : batch_.columns) &&
                         a.ndim() <= x.ndim(),
                     "the sizes or types of a triangular system differ");
    for (int axis = 0; axis < a.ndim() - 2; ++axis) {
      const int64_t size = x.size(axis + x.ndim() - a.ndim());
      require_internal(a.size(axis) == 1 || a.size(axis) == size, "a does not broadcast");
    }
    work_ = static_cast<double>(square.rows) * static_cast<double>(batch_.elements());
  }

  const Batch& batch() const { return batch_; }
  double work() const { return work_; }

  // x = a⁻¹ · x for number `index`, or with `transposed` a⁻ᵀ · x.
  template <class T>
  void solve(int64_t index, bool transposed) const {
    const char trans = a_.transposed == transposed ? 'T' : 'N';
    lapack::trsm(side_, uplo_, trans, diag_, batch_.n(), batch_.m(),
                 reinterpret_cast<const T*>(a_.matrix(x_.shape, index)), a_.ld,
                 x_.as<T>() + index * batch_.elements(), std::max<lapack::Int>(batch_.n(), 1));
  }

 private:
  Operand a_;
  const Tensor& x_;
  Batch batch_;
  char side_;
  char uplo_;
  char diag_;
  double work_ = 0;
};

}  // namespace

// a [..., n, n] triangular, b [..., n, k] -> x [..., n, k] with a · x = b; where `left` is off,
// b [..., k, n] -> x [..., k, n] with x · a = b. Batches broadcast. Row-major. Only a's triangle is
// read, and not its diagonal where `unit` says that it is ones; a 0 there gives infinities.
// Parameters: upper, left, unit.
FLAMBEAU_KERNEL(solveTriangular) {
  require_internal(!call.in_place(0) && call.in(1).dtype == call.spec(0).dtype,
                   "the types of a triangular system differ");
  const Tensor& x = call.out(0);
  copy_into(x, call.in(1));
  const Triangular system(call, call.in(0), x, call.flag(0), call.flag(1), call.flag(2));
  with_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_matrices(system.batch().count, system.work(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) system.solve<T>(i, false);
    });
  });
}

// b [..., n, k], l [..., n, n] -> x [..., n, k] with l · lᵀ · x = b, or where `upper` is on
// lᵀ · l · x = b. Batches broadcast. Row-major. Only l's triangle is read. Parameter: upper.
FLAMBEAU_KERNEL(choleskySolve) {
  require_internal(!call.in_place(0) && call.in(0).dtype == call.spec(0).dtype,
                   "the types of a linear system differ");
  const Tensor& x = call.out(0);
  copy_into(x, call.in(0));
  const bool upper = call.flag(0);
  const Triangular system(call, call.in(1), x, upper, true, false);
  with_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_matrices(system.batch().count, 2 * system.work(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        system.solve<T>(i, upper);
        system.solve<T>(i, !upper);
      }
    });
  });
}

}  // namespace flambeau
