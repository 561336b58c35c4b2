// Trigonometric and hyperbolic functions.
#include "binary.h"
#include "loops.h"
#include "unary.h"

namespace flambeau::FLAMBEAU_ISA {

using namespace formulas;

template <>
struct Easy<Sin, double> {
  static constexpr bool kExists = true;
  static bool fits(const Sin&, double x) { return magnitude(x) <= kEasyTurns; }
  static double at(double x) { return sin_easy(x); }
};
template <>
struct Easy<Cos, double> {
  static constexpr bool kExists = true;
  static bool fits(const Cos&, double x) { return magnitude(x) <= kEasyTurns; }
  static double at(double x) { return cos_easy(x); }
};

extern const TrigonometricTable trigonometric_table;
const TrigonometricTable trigonometric_table = {FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_ROW)};

}  // namespace flambeau::FLAMBEAU_ISA
