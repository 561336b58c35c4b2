// Bits, and division of whole numbers.
#include "binary.h"
#include "elementwise_loops.h"
#include "unary.h"

namespace flambeau::cuda {

using namespace formulas;

FLAMBEAU_INTEGER_OPS(FLAMBEAU_CUDA_ELEMENTWISE)

}  // namespace flambeau::cuda
