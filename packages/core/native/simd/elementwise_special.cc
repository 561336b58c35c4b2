// Special functions.
#include "bessel.h"
#include "igamma.h"
#include "loops.h"
#include "normal.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

extern const SpecialTable special_table;
const SpecialTable special_table = {FLAMBEAU_SPECIAL_OPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
