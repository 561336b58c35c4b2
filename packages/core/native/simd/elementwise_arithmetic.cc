// Arithmetic, rounding and selection.
#include "gradients.h"
#include "loops.h"
#include "parts.h"
#include "ternary.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

// a + alpha · b
template <class T>
struct AddScaled {
  T alpha;
  FLAMBEAU_HD T operator()(T a, T b) const { return formulas::add(a, multiply(alpha, b)); }
};

extern const ArithmeticTable arithmetic_table;
const ArithmeticTable arithmetic_table = {FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_ROW)
                                              FLAMBEAU_ARITHMETIC_LOOPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
