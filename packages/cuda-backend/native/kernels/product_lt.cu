// Matrix products of floating types by cuBLASLt.
#include <algorithm>

#include "product_lt.h"
#include "product_ways.h"
#include "settings.h"

namespace flambeau::cuda {

namespace {

constexpr int64_t kMostProducts = 65535;  // of one call of the library

// `rows` × `columns` elements of a matrix of ours, as a stored matrix of its transpose.
bool find_stored(const MatrixView& view, int64_t rows, int64_t columns, LtStored& stored) {
  if ((view.column == 1 || columns == 1) && (view.row >= columns || rows == 1)) {
    stored = {false, columns, rows, rows == 1 ? columns : view.row};
    return true;
  }
  if ((view.row == 1 || rows == 1) && (view.column >= rows || columns == 1)) {
    stored = {true, rows, columns, columns == 1 ? rows : view.column};
    return true;
  }
  return false;
}

// Such a matrix, by a copy where it lies differently.
LtStored stored_of(Call& call, MatrixView& view, const MatrixProduct& p, int64_t rows,
                   int64_t columns) {
  LtStored stored;
  if (find_stored(view, rows, columns, stored)) return stored;
  const bool one = p.count == 1 || view.step == 0;  // one matrix serves all products
  Tensor t;
  t.data = static_cast<char*>(const_cast<void*>(view.data));
  t.dtype = p.dtype;
  t.shape = {one ? 1 : p.count, rows, columns};
  t.strides[0] = view.step;
  t.strides[1] = view.row;
  t.strides[2] = view.column;
  Tensor copy = call.temporary(t.shape, t.dtype);
  copy_into(call, copy, t);
  view = {copy.data, columns, 1, one ? 0 : rows * columns};
  find_stored(view, rows, columns, stored);
  return stored;
}

class LtCall {
 public:
  LtCall(Call& call, const MatrixProduct& product)
      : call_(call), p_(product), a_(product.b), b_(product.a) {
    lt_.device = call.device();
    lt_.dtype = p_.dtype;
    lt_.result = result_type(p_);
    lt_.tf32 = p_.dtype == DType::kFloat32 && library_settings().matmul_tf32;
    lt_.m = p_.m;
    lt_.n = p_.n;
    lt_.k = p_.k;
    lt_.a = stored_of(call, a_, p_, p_.k, p_.n);
    lt_.b = stored_of(call, b_, p_, p_.m, p_.k);
    lt_.a_step = a_.step;
    lt_.b_step = b_.step;
    lt_.adds = p_.addend && p_.beta != 0;
    lt_.addend_row = lt_.adds ? p_.addend_row : p_.c_row;
    lt_.addend_step = lt_.adds ? p_.addend_step : p_.c_step;
    lt_.c_row = p_.c_row;
    lt_.c_step = p_.c_step;
    lt_.sums_rows = p_.row_sums != nullptr;
    lt_.vector = lt_.sums_rows ? p_.row_sums : p_.bias;
    // The library reads a bias in units of 16 bytes.
    fuses_ = p_.count == 1 && lt_.vector && reinterpret_cast<uintptr_t>(lt_.vector) % 16 == 0;
  }

  // Are the sums of rows made as well?
  bool run() {
    require_internal(!p_.row_sums || !(p_.bias || p_.relu), "sums of rows are of a plain product");
    if (p_.count <= kMostProducts) return part(0, p_.count);
    for (int64_t first = 0; first < p_.count; first += kMostProducts)
      part(first, std::min(kMostProducts, p_.count - first));
    return false;
  }

 private:
  bool part(int64_t first, int64_t count) {
    const auto item = static_cast<int64_t>(element_size(p_.dtype));
    const auto result_item = static_cast<int64_t>(element_size(lt_.result));
    const void* const addend = lt_.adds ? p_.addend : p_.c;
    const LtMatrices at = {static_cast<const char*>(a_.data) + first * a_.step * item,
                           static_cast<const char*>(b_.data) + first * b_.step * item,
                           static_cast<const char*>(addend) + first * lt_.addend_step * result_item,
                           static_cast<char*>(p_.c) + first * p_.c_step * result_item};
    std::shared_ptr<LtPlan> plan = lt_plan(lt_, count, at, fuses_);
    lt::Status status = run_plan(*plan, at);
    if (status != lt::kSuccess && plan->fused && fuses_) {
      fuses_ = false;
      plan = lt_plan(lt_, count, at, false);
      status = run_plan(*plan, at);
    }
    lt::check(status, "cublasLtMatmul");
    const void* const bias = plan->fused ? nullptr : p_.bias;
    if (bias || p_.relu)
      finish_product(
          call_, p_.dtype,
          {p_.m, p_.n, count, at.d, p_.c_row, p_.c_step, true, 0, nullptr, 0, 0, bias, p_.relu});
    return p_.row_sums && plan->fused;
  }

  // By the first algorithm that does not refuse. What fails without being refused is not tried
  // again.
  lt::Status run_plan(LtPlan& plan, const LtMatrices& at) const {
    lt::Status status = lt::kNotSupported;
    for (int i = plan.next; i < plan.count; i = plan.next) {
      status = run_algorithm(plan, plan.algorithms[static_cast<size_t>(i)], at);
      if (status != lt::kNotSupported && status != lt::kArchMismatch &&
          status != lt::kInvalidValue && status != lt::kInternalError)
        return status;
      plan.next.compare_exchange_strong(i, i + 1);
    }
    return status;
  }

  lt::Status run_algorithm(LtPlan& plan, const lt::Heuristic& choice, const LtMatrices& at) const {
    void* workspace = choice.workspace_bytes ? call_.scratch(choice.workspace_bytes) : nullptr;
    const lt::Functions& f = lt::functions();
    const double beta = lt_.adds ? p_.beta : 0;
    const auto single_alpha = static_cast<float>(p_.alpha), single_beta = static_cast<float>(beta);
    const bool is_double = p_.dtype == DType::kFloat64;
    const void* const alpha_at = is_double ? static_cast<const void*>(&p_.alpha) : &single_alpha;
    const void* const beta_at = is_double ? static_cast<const void*>(&beta) : &single_beta;
    const lt::Handle handle = lt::handle(call_.device());
    const cudaStream_t stream = call_.stream();
    const auto multiply = [&] {
      return f.matmul(handle, plan.desc, alpha_at, at.a, plan.a, at.b, plan.b, beta_at, at.c,
                      plan.c, at.d, plan.d, &choice.algorithm, workspace, choice.workspace_bytes,
                      stream);
    };
    if (!plan.fused) return multiply();  // the descriptor stays as it is
    const std::lock_guard lock(plan.mutex);
    lt::check(f.matmul_set(plan.desc, lt::kBiasPointer, &lt_.vector, sizeof lt_.vector),
              "cublasLtMatmulDescSetAttribute");
    return multiply();
  }

  Call& call_;
  const MatrixProduct& p_;
  MatrixView a_, b_;  // the library's operands
  LtProduct lt_;
  bool fuses_;
};

}  // namespace

bool multiply_by_library(Call& call, const MatrixProduct& p) { return LtCall(call, p).run(); }

}  // namespace flambeau::cuda
