// How cuBLASLt computes a product. For product_lt*.cu.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "cublas_lt.h"
#include "product.h"

namespace flambeau::cuda {

inline constexpr int kLtAlgorithms = 3;  // of a plan: the others are for when the first one refuses

// The library stores matrices by columns, so it computes cᵀ [n, m] = bᵀ · aᵀ: its first operand is
// our b. A stored matrix of the library, and whether it is to be transposed.
struct LtStored {
  bool transposed;
  int64_t rows, columns, ld;
};

// A product as the library sees it.
struct LtProduct {
  int device;
  DType dtype, result;
  bool tf32;
  int64_t m, n, k;  // of c [m, n], as we see it
  LtStored a, b;    // of the library: a is our b
  int64_t a_step, b_step;
  int64_t addend_row, addend_step, c_row, c_step;
  bool adds;
  // The bias, or if `sums_rows`, where the sums of the rows of our a go; null: neither.
  const void* vector;
  bool sums_rows;
};

// The matrices of one call.
struct LtMatrices {
  const void *a, *b, *c;
  void* d;
};

// One way to compute products of certain sizes, strides, types and alignments.
struct LtPlan {
  lt::MatmulDesc desc = nullptr;
  lt::Layout a = nullptr, b = nullptr, c = nullptr, d = nullptr;
  std::array<lt::Heuristic, kLtAlgorithms> algorithms = {};  // the best first
  int count = 0;
  std::atomic<int> next = 0;  // those before refused when they were run
  bool fused = true;          // does it do what belongs to the vector?
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

// The plan for `count` products of matrices that are aligned as these are, kept from call to call.
// With `fuses` the library adds the bias or sums the rows, unless it has no algorithm for that.
// Throws ERR_DEVICE where it has none for the product. (product_lt_plan.cu)
std::shared_ptr<LtPlan> lt_plan(const LtProduct& product, int64_t count, const LtMatrices& at,
                                bool fuses);

}  // namespace flambeau::cuda
