// Trigonometric and hyperbolic functions.
#include "binary.h"
#include "elementwise_loops.h"
#include "unary.h"

namespace flambeau::cuda {

using namespace formulas;

FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_CUDA_ELEMENTWISE)

}  // namespace flambeau::cuda
