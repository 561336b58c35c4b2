// Bits, and division of whole numbers.
#include "binary.h"
#include "loops.h"
#include "unary.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

extern const IntegerTable integer_table;
const IntegerTable integer_table = {FLAMBEAU_INTEGER_OPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
