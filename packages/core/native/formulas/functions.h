// The transcendental functions of every floating dtype: NAME_f(float) and NAME_d(double). Errors
// are in units in the last place of the result, 0.5 being perfect. Double functions that only
// forward to libm say so: they are right, but a loop over them does not vectorise.
#pragma once

#include "erf.h"
#include "exp.h"
#include "hyperbolic.h"
#include "log.h"
#include "pow.h"
#include "trig.h"

FLAMBEAU_FORMULAS_BEGIN

FLAMBEAU_HD float sqrt_f(float x) { return ::sqrtf(x); }
FLAMBEAU_HD double sqrt_d(double x) { return ::sqrt(x); }

// 1/√x by a true square root and a true division: rsqrt(±0) = ±inf. max 1.49 / 1.49 ulp.
FLAMBEAU_HD float rsqrt_f(float x) { return 1.0f / ::sqrtf(x); }
FLAMBEAU_HD double rsqrt_d(double x) { return 1.0 / ::sqrt(x); }

FLAMBEAU_FORMULAS_END
