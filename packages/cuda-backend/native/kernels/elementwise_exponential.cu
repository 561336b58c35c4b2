// Exponentials, logarithms, and the activations made of them.
#include "binary.h"
#include "elementwise_loops.h"
#include "gradients.h"
#include "logarithmic.h"

namespace flambeau::cuda {

using namespace formulas;

FLAMBEAU_EXPONENTIAL_OPS(FLAMBEAU_CUDA_ELEMENTWISE)

}  // namespace flambeau::cuda
