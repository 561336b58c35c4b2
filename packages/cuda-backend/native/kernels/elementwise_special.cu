// Special functions.
#include "bessel.h"
#include "elementwise_loops.h"
#include "igamma.h"
#include "normal.h"

namespace flambeau::cuda {

using namespace formulas;

FLAMBEAU_SPECIAL_OPS(FLAMBEAU_CUDA_ELEMENTWISE)

}  // namespace flambeau::cuda
