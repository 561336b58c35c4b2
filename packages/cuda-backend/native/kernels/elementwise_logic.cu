// Comparisons and logic.
#include "binary.h"
#include "elementwise_loops.h"
#include "unary.h"

namespace flambeau::cuda {

using namespace formulas;

FLAMBEAU_LOGIC_OPS(FLAMBEAU_CUDA_ELEMENTWISE)

}  // namespace flambeau::cuda
