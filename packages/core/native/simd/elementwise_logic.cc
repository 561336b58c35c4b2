// Comparisons and logic.
#include "binary.h"
#include "loops.h"
#include "unary.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

extern const LogicTable logic_table;
const LogicTable logic_table = {FLAMBEAU_LOGIC_OPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
