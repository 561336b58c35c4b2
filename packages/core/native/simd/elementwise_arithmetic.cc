// Arithmetic, rounding and selection.
#include "gradients.h"
#include "loops.h"
#include "parts.h"
#include "ternary.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

extern const ArithmeticTable arithmetic_table;
const ArithmeticTable arithmetic_table = {FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_ROW)
                                              FLAMBEAU_ARITHMETIC_LOOPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
