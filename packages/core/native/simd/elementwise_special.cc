// Special functions.
#include "bessel.h"
#include "igamma.h"
#include "loops.h"
#include "normal.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

template <>
struct Easy<Polygamma<float>, float> {
  static constexpr bool kExists = true;
  static bool fits(const Polygamma<float>& f, float) { return f.n == 1.0f; }
  static float at(float x) { return trigamma_f(x); }
};

extern const SpecialTable special_table;
const SpecialTable special_table = {FLAMBEAU_SPECIAL_OPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
