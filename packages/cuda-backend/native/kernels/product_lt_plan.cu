// Plans of products by cuBLASLt: what is described to it, and which algorithms it proposes.
#include <bit>
#include <initializer_list>
#include <string>

#include "plan_cache.h"
#include "product_lt.h"

namespace flambeau::cuda {

namespace {

constexpr uint64_t kWorkspaceBytes = uint64_t{32} << 20;
constexpr size_t kPlans = 4096;
constexpr size_t kKey = 13;
using LtPlans = PlanCache<kKey, LtPlan>;

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

// What the library does besides. A relu it is not asked for: it makes zeros of NaN. Our a,
// transposed, is its second operand.
lt::Epilogue epilogue_of(const LtProduct& p) {
  if (p.sums_rows) return lt::kBiasGradB;
  return p.vector ? lt::kBias : lt::kNoEpilogue;
}

lt::Layout layout_of(DType dtype, const LtStored& stored, int64_t count, int64_t step) {
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
std::shared_ptr<LtPlan> make_plan(const LtProduct& p, int64_t count, const LtMatrices& at,
                                  bool fused) {
  const lt::Functions& f = lt::functions();
  auto plan = std::make_shared<LtPlan>();
  plan->fused = fused;
  const bool is_double = p.dtype == DType::kFloat64;
  lt::check(f.matmul_create(&plan->desc,
                            is_double ? lt::kCompute64
                            : p.tf32  ? lt::kCompute32Tf32
                                      : lt::kCompute32,
                            is_double ? lt::kFloat64 : lt::kFloat32),
            "cublasLtMatmulDescCreate");
  const auto set = [&](lt::MatmulAttribute attribute, const auto& value) {
    lt::check(f.matmul_set(plan->desc, attribute, &value, sizeof value),
              "cublasLtMatmulDescSetAttribute");
  };
  set(lt::kTransposeA, p.a.transposed ? lt::kTransposed : lt::kPlain);
  set(lt::kTransposeB, p.b.transposed ? lt::kTransposed : lt::kPlain);
  if (fused) {
    set(lt::kEpilogue, epilogue_of(p));
    set(lt::kBiasPointer, p.vector);
  }
  plan->a = layout_of(p.dtype, p.a, count, p.a_step);
  plan->b = layout_of(p.dtype, p.b, count, p.b_step);
  plan->c = layout_of(p.result, {false, p.n, p.m, p.addend_row}, count, p.addend_step);
  plan->d = layout_of(p.result, {false, p.n, p.m, p.c_row}, count, p.c_step);

  lt::Preference preference = nullptr;
  lt::check(f.preference_create(&preference), "cublasLtMatmulPreferenceCreate");
  const auto prefer = [&](lt::PreferenceAttribute attribute, auto value) {
    lt::check(f.preference_set(preference, attribute, &value, sizeof value),
              "cublasLtMatmulPreferenceSetAttribute");
  };
  prefer(lt::kMaxWorkspaceBytes, kWorkspaceBytes);
  // Parts of sums are not rounded to 16 bits before they are joined.
  if (is_16bit_float(p.dtype)) prefer(lt::kReductionMask, lt::kInComputeType);
  prefer(lt::kMinAlignmentA, alignment_of(at.a));
  prefer(lt::kMinAlignmentB, alignment_of(at.b));
  prefer(lt::kMinAlignmentC, alignment_of(at.c));
  prefer(lt::kMinAlignmentD, alignment_of(at.d));
  lt::Heuristic found[kLtAlgorithms] = {};
  int returned = 0;
  const lt::Status status = f.heuristic(lt::handle(p.device), plan->desc, plan->a, plan->b, plan->c,
                                        plan->d, preference, kLtAlgorithms, found, &returned);
  f.preference_destroy(preference);
  if (status == lt::kNotSupported || status == lt::kInvalidValue) return nullptr;
  lt::check(status, "cublasLtMatmulAlgoGetHeuristic");
  for (int i = 0; i < returned; ++i)
    if (found[i].state == lt::kSuccess)
      plan->algorithms[static_cast<size_t>(plan->count++)] = found[i];
  if (plan->count == 0) return nullptr;
  return plan;
}

}  // namespace

std::shared_ptr<LtPlan> lt_plan(const LtProduct& p, int64_t count, const LtMatrices& at,
                                bool fuses) {
  static auto* plans = new LtPlans(kPlans);  // never destroyed: threads may still run at the end
  // Small numbers share one of the key's.
  uint64_t kind = 0;
  const auto add = [&kind](auto number, int bits) {
    kind = kind << bits | static_cast<uint64_t>(number);
  };
  add(p.device, 6);
  add(p.dtype, 4);
  add(p.result, 4);
  add(p.tf32, 1);
  add(fuses, 1);
  add(p.sums_rows, 1);
  add(p.a.transposed, 1);
  add(p.b.transposed, 1);
  add(p.adds, 1);
  add(at.c == at.d, 1);
  for (const void* data :
       {at.a, at.b, at.c, static_cast<const void*>(at.d), fuses ? p.vector : nullptr})
    add(std::countr_zero(alignment_of(data)), 4);
  const LtPlans::Key key = {static_cast<int64_t>(kind),
                            p.m,
                            p.n,
                            p.k,
                            count,
                            p.a.ld,
                            p.a_step,
                            p.b.ld,
                            p.b_step,
                            p.addend_row,
                            p.addend_step,
                            p.c_row,
                            p.c_step};
  return plans->get(key, [&] {
    std::shared_ptr<LtPlan> plan = fuses ? make_plan(p, count, at, true) : nullptr;
    if (!plan) plan = make_plan(p, count, at, false);
    if (!plan)
      throw Failure("ERR_DEVICE", "cuBLASLt has no algorithm for a product of [" +
                                      std::to_string(p.m) + ", " + std::to_string(p.k) + "] and [" +
                                      std::to_string(p.k) + ", " + std::to_string(p.n) +
                                      "] matrices of " + dtype_name(p.dtype));
    return plan;
  });
}

}  // namespace flambeau::cuda
