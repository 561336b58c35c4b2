// Trigonometric and hyperbolic functions.
#include "binary.h"
#include "loops.h"
#include "unary.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

extern const TrigonometricTable trigonometric_table;
const TrigonometricTable trigonometric_table = {FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
