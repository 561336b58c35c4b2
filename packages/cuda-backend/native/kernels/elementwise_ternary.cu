// Arithmetic of three operands.
#include "elementwise_loops.h"
#include "parts.h"
#include "ternary.h"

namespace flambeau::cuda {

using namespace formulas;

// Of the list, those with these signatures.
#define FLAMBEAU_TAKE_kUnary(...)
#define FLAMBEAU_TAKE_kBinary(...)
#define FLAMBEAU_TAKE_kArithmetic(...)
#define FLAMBEAU_TAKE_kTernary(...) FLAMBEAU_CUDA_ELEMENTWISE(__VA_ARGS__)
#define FLAMBEAU_TAKE_kSelect(...) FLAMBEAU_CUDA_ELEMENTWISE(__VA_ARGS__)
#define FLAMBEAU_TAKE(name, Functor, types, signature, cost, params) \
  FLAMBEAU_TAKE_##signature(name, Functor, types, signature, cost, params)

FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_TAKE)

const ElementwiseRow& where_row() {
  static constexpr ElementwiseRow kRow =
      FLAMBEAU_CUDA_ROW(Where, AnyTypeBoolAsByte, kSelect, kCheap);
  return kRow;
}

}  // namespace flambeau::cuda
