// Arithmetic of two operands.
#include "binary.h"
#include "elementwise_loops.h"
#include "gradients.h"
#include "parts.h"

namespace flambeau::cuda {

using namespace formulas;

// Of the list, those with these signatures.
#define FLAMBEAU_TAKE_kUnary(...)
#define FLAMBEAU_TAKE_kBinary(...) FLAMBEAU_CUDA_ELEMENTWISE(__VA_ARGS__)
#define FLAMBEAU_TAKE_kArithmetic(...) FLAMBEAU_CUDA_ELEMENTWISE(__VA_ARGS__)
#define FLAMBEAU_TAKE_kTernary(...)
#define FLAMBEAU_TAKE_kSelect(...)
#define FLAMBEAU_TAKE(name, Functor, types, signature, cost, params) \
  FLAMBEAU_TAKE_##signature(name, Functor, types, signature, cost, params)

FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_TAKE)

}  // namespace flambeau::cuda
