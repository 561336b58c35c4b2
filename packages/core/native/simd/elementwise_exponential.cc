// Exponentials, logarithms, powers, and the activations made of them.
#include "binary.h"
#include "gradients.h"
#include "logarithmic.h"
#include "loops.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

extern const ExponentialTable exponential_table;
const ExponentialTable exponential_table = {FLAMBEAU_EXPONENTIAL_OPS(FLAMBEAU_ROW)
                                                FLAMBEAU_EXPONENTIAL_LOOPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
