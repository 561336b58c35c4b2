// Matrix products of floating types by cuBLASLt.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "cublas_lt.h"
#include "plan_cache.h"
#include "product_ways.h"
#include "settings.h"

namespace flambeau::cuda {

namespace {

constexpr uint64_t kWorkspaceBytes = uint64_t{32} << 20;
constexpr int64_t kMostProducts = 65535;  // of one call of the library
constexpr size_t kPlans = 4096;
constexpr int kAlgorithms = 3;  // of a plan: the others are for when the first one refuses

// The library stores matrices by columns, so it computes cᵀ [n, m] = bᵀ · aᵀ: its first operand is
// our b. A stored matrix of the library, and whether it is to be transposed.
struct Stored {
  bool transposed;
  int64_t rows, columns, ld;
};

// `rows` × `columns` elements of a matrix of ours, as a stored matrix of its transpose.
bool find_stored(const MatrixView& view, int64_t rows, int64_t columns, Stored& stored) {
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
Stored stored_of(Call& call, MatrixView& view, const MatrixProduct& p, int64_t rows,
                 int64_t columns) {
  Stored stored;
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

lt::Type type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat64: return lt::kFloat64;
    case DType::kFloat16: return lt::kFloat16;
    case DType::kBFloat16: return lt::kBFloat16;
    default: return lt::kFloat32;
  }
}

// The largest power of two up to 256 that divides an address: algorithms depend on it.
uint32_t alignment_of(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data) | 256;
  return static_cast<uint32_t>(address & (~address + 1));
}

// One way to compute products of certain sizes, strides, types and alignments.
struct LtPlan {
  lt::MatmulDesc desc = nullptr;
  lt::Layout a = nullptr, b = nullptr, c = nullptr, d = nullptr;
  std::array<lt::Heuristic, kAlgorithms> algorithms = {};  // the best first
  int count = 0;
  std::atomic<int> next = 0;  // those before refused when they were run
  bool fused = true;          // does it do bias, relu and sums of rows?
  std::mutex mutex;           // held while the vector of a call is in the descriptor

  LtPlan() = default;
  LtPlan(const LtPlan&) = delete;
  LtPlan& operator=(const LtPlan&) = delete;
  ~LtPlan() {
    const lt::Functions& f = lt::functions();
    if (desc) f.matmul_destroy(desc);
    for (lt::Layout layout : {a, b, c, d})
      if (layout) f.layout_destroy(layout);
  }
};

constexpr size_t kKey = 26;
using LtPlans = PlanCache<kKey, LtPlan>;

struct Operands {
  Stored a, b;  // of the library: a is our b
  MatrixView a_view, b_view;
  const void* addend;
  int64_t addend_row, addend_step;
};

class LtCall {
 public:
  LtCall(Call& call, const MatrixProduct& product) : call_(call), p_(product) {
    o_.a_view = p_.b;
    o_.b_view = p_.a;
    o_.a = stored_of(call, o_.a_view, p_, p_.k, p_.n);
    o_.b = stored_of(call, o_.b_view, p_, p_.m, p_.k);
    const bool adds = p_.addend && p_.beta != 0;
    o_.addend = adds ? p_.addend : p_.c;
    o_.addend_row = adds ? p_.addend_row : p_.c_row;
    o_.addend_step = adds ? p_.addend_step : p_.c_step;
    beta_ = adds ? p_.beta : 0;
    vector_ = p_.row_sums ? p_.row_sums : p_.bias;
    // The library reads a bias in units of 16 bytes.
    fuses_ =
        p_.count == 1 && (vector_ || p_.relu) && reinterpret_cast<uintptr_t>(vector_) % 16 == 0;
    tf32_ = p_.dtype == DType::kFloat32 && library_settings().matmul_tf32;
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
    const auto result_item = static_cast<int64_t>(element_size(result_type(p_)));
    const char* a = static_cast<const char*>(o_.a_view.data) + first * o_.a_view.step * item;
    const char* b = static_cast<const char*>(o_.b_view.data) + first * o_.b_view.step * item;
    const char* c = static_cast<const char*>(o_.addend) + first * o_.addend_step * result_item;
    char* d = static_cast<char*>(p_.c) + first * p_.c_step * result_item;
    std::shared_ptr<LtPlan> plan = plan_for(count, a, b, c, d);
    lt::Status status = run_plan(*plan, a, b, c, d);
    if (status != lt::kSuccess && plan->fused && fuses_) {
      fuses_ = false;
      plan = plan_for(count, a, b, c, d);
      status = run_plan(*plan, a, b, c, d);
    }
    lt::check(status, "cublasLtMatmul");
    if ((p_.bias || p_.relu) && !plan->fused)
      finish_product(
          call_, p_.dtype,
          {p_.m, p_.n, count, d, p_.c_row, p_.c_step, true, 0, nullptr, 0, 0, p_.bias, p_.relu});
    return p_.row_sums && plan->fused;
  }

  // By the first algorithm that does not refuse. What fails without being refused is not tried
  // again.
  lt::Status run_plan(LtPlan& plan, const void* a, const void* b, const void* c, void* d) const {
    lt::Status status = lt::kNotSupported;
    for (int at = plan.next; at < plan.count; at = plan.next) {
      const lt::Heuristic& choice = plan.algorithms[static_cast<size_t>(at)];
      status = run_algorithm(plan, choice, a, b, c, d);
      if (status != lt::kNotSupported && status != lt::kArchMismatch &&
          status != lt::kInvalidValue && status != lt::kInternalError)
        return status;
      plan.next.compare_exchange_strong(at, at + 1);
    }
    return status;
  }

  lt::Status run_algorithm(LtPlan& plan, const lt::Heuristic& choice, const void* a, const void* b,
                           const void* c, void* d) const {
    void* workspace = choice.workspace_bytes ? call_.scratch(choice.workspace_bytes) : nullptr;
    const lt::Functions& f = lt::functions();
    const bool is_double = p_.dtype == DType::kFloat64;
    const auto alpha = static_cast<float>(p_.alpha), beta = static_cast<float>(beta_);
    const void* alpha_at = is_double ? static_cast<const void*>(&p_.alpha) : &alpha;
    const void* beta_at = is_double ? static_cast<const void*>(&beta_) : &beta;
    const std::lock_guard lock(plan.mutex);
    if (plan.fused && vector_)
      lt::check(f.matmul_set(plan.desc, lt::kBiasPointer, &vector_, sizeof vector_),
                "cublasLtMatmulDescSetAttribute");
    return f.matmul(lt::handle(call_.device()), plan.desc, alpha_at, a, plan.a, b, plan.b, beta_at,
                    c, plan.c, d, plan.d, &choice.algorithm, workspace, choice.workspace_bytes,
                    call_.stream());
  }

  std::shared_ptr<LtPlan> plan_for(int64_t count, const void* a, const void* b, const void* c,
                                   const void* d) const {
    static auto* plans = new LtPlans(kPlans);  // never destroyed: threads may still run at the end
    const LtPlans::Key key = {call_.device(),
                              static_cast<int64_t>(p_.dtype),
                              tf32_ + 2 * p_.wide,
                              fuses_,
                              epilogue(),
                              p_.m,
                              p_.n,
                              p_.k,
                              count,
                              o_.a.transposed,
                              o_.a.ld,
                              o_.a_view.step,
                              o_.b.transposed,
                              o_.b.ld,
                              o_.b_view.step,
                              o_.addend_row,
                              o_.addend_step,
                              p_.c_row,
                              p_.c_step,
                              beta_ != 0,
                              c == d,
                              alignment_of(a),
                              alignment_of(b),
                              alignment_of(c),
                              alignment_of(d),
                              fuses_ ? alignment_of(vector_) : 0};
    return plans->get(key, [&] {
      std::shared_ptr<LtPlan> plan = fuses_ ? make_plan(count, a, b, c, d, true) : nullptr;
      if (!plan) plan = make_plan(count, a, b, c, d, false);
      if (!plan)
        throw Failure("ERR_DEVICE",
                      "cuBLASLt has no algorithm for a product of [" + std::to_string(p_.m) + ", " +
                          std::to_string(p_.k) + "] and [" + std::to_string(p_.k) + ", " +
                          std::to_string(p_.n) + "] matrices of " + dtype_name(p_.dtype));
      return plan;
    });
  }

  // What the library is to do besides. Our a, transposed, is its second operand.
  lt::Epilogue epilogue() const {
    if (p_.row_sums) return lt::kBiasGradB;
    if (p_.bias) return p_.relu ? lt::kReluBias : lt::kBias;
    return p_.relu ? lt::kRelu : lt::kNoEpilogue;
  }

  lt::Layout layout(DType dtype, const Stored& stored, int64_t count, int64_t step) const {
    const lt::Functions& f = lt::functions();
    lt::Layout made = nullptr;
    lt::check(f.layout_create(&made, type_of(dtype), static_cast<uint64_t>(stored.rows),
                              static_cast<uint64_t>(stored.columns), stored.ld),
              "cublasLtMatrixLayoutCreate");
    const auto batch = static_cast<int32_t>(count);
    if (count > 1) {
      lt::check(f.layout_set(made, lt::kBatchCount, &batch, sizeof batch),
                "cublasLtMatrixLayoutSetAttribute");
      lt::check(f.layout_set(made, lt::kStridedBatchOffset, &step, sizeof step),
                "cublasLtMatrixLayoutSetAttribute");
    }
    return made;
  }

  // Null where the library has no algorithm.
  std::shared_ptr<LtPlan> make_plan(int64_t count, const void* a, const void* b, const void* c,
                                    const void* d, bool fused) const {
    const lt::Functions& f = lt::functions();
    auto plan = std::make_shared<LtPlan>();
    plan->fused = fused;
    const bool is_double = p_.dtype == DType::kFloat64;
    lt::check(f.matmul_create(&plan->desc,
                              is_double ? lt::kCompute64
                              : tf32_   ? lt::kCompute32Tf32
                                        : lt::kCompute32,
                              is_double ? lt::kFloat64 : lt::kFloat32),
              "cublasLtMatmulDescCreate");
    const auto set = [&](lt::MatmulAttribute attribute, const auto& value) {
      lt::check(f.matmul_set(plan->desc, attribute, &value, sizeof value),
                "cublasLtMatmulDescSetAttribute");
    };
    set(lt::kTransposeA, o_.a.transposed ? lt::kTransposed : lt::kPlain);
    set(lt::kTransposeB, o_.b.transposed ? lt::kTransposed : lt::kPlain);
    if (fused) {
      set(lt::kEpilogue, epilogue());
      if (vector_) set(lt::kBiasPointer, vector_);
    }
    const DType result = result_type(p_);
    plan->a = layout(p_.dtype, o_.a, count, o_.a_view.step);
    plan->b = layout(p_.dtype, o_.b, count, o_.b_view.step);
    plan->c = layout(result, {false, p_.n, p_.m, o_.addend_row}, count, o_.addend_step);
    plan->d = layout(result, {false, p_.n, p_.m, p_.c_row}, count, p_.c_step);

    lt::Preference preference = nullptr;
    lt::check(f.preference_create(&preference), "cublasLtMatmulPreferenceCreate");
    const auto prefer = [&](lt::PreferenceAttribute attribute, auto value) {
      lt::check(f.preference_set(preference, attribute, &value, sizeof value),
                "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(lt::kMaxWorkspaceBytes, kWorkspaceBytes);
    // Parts of sums are not rounded to 16 bits before they are joined.
    if (is_16bit_float(p_.dtype)) prefer(lt::kReductionMask, lt::kInComputeType);
    prefer(lt::kMinAlignmentA, alignment_of(a));
    prefer(lt::kMinAlignmentB, alignment_of(b));
    prefer(lt::kMinAlignmentC, alignment_of(c));
    prefer(lt::kMinAlignmentD, alignment_of(d));
    lt::Heuristic found[kAlgorithms] = {};
    int returned = 0;
    const lt::Status status =
        f.heuristic(lt::handle(call_.device()), plan->desc, plan->a, plan->b, plan->c, plan->d,
                    preference, kAlgorithms, found, &returned);
    f.preference_destroy(preference);
    if (status == lt::kNotSupported || status == lt::kInvalidValue) return nullptr;
    lt::check(status, "cublasLtMatmulAlgoGetHeuristic");
    for (int i = 0; i < returned; ++i)
      if (found[i].state == lt::kSuccess)
        plan->algorithms[static_cast<size_t>(plan->count++)] = found[i];
    if (plan->count == 0) return nullptr;
    return plan;
  }

  Call& call_;
  const MatrixProduct& p_;
  Operands o_;
  double beta_;
  const void* vector_;  // the bias, or where the sums of rows go
  bool fuses_, tf32_;
};

}  // namespace

bool multiply_by_library(Call& call, const MatrixProduct& p) { return LtCall(call, p).run(); }

}  // namespace flambeau::cuda
