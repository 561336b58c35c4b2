// The elementwise operations: one line each. A line of an _OPS list makes the loops for all its
// types at every instruction-set level (simd/elementwise_*.cc) and registers a kernel of its name
// (kernels/elementwise.cc). A line of a _LOOPS list makes the loops only: the kernel that chooses
// among them is written out.
//
// X(name, function object of formulas/, types, signature, cost, number of parameters)
#pragma once

#include "types.h"

namespace flambeau {

// The operands of an operation on elements of one type T.
struct Signature {
  int inputs;
  bool to_bool = false;     // the output is bool, not T
  bool bool_first = false;  // the first input is bool, not T
  // A plain number among 16-bit floats is taken in float's precision, as in PyTorch.
  bool exact_numbers = false;
};
inline constexpr Signature kUnary = {1};
inline constexpr Signature kTest = {1, true};
inline constexpr Signature kBinary = {2};
inline constexpr Signature kArithmetic = {2, false, false, true};
inline constexpr Signature kCompare = {2, true};
inline constexpr Signature kTernary = {3};
inline constexpr Signature kSelect = {3, false, true};

// What an element costs, in the order of instructions.
enum class Cost : uint8_t { kCheap, kDivision, kTranscendental, kSpecial };

// Arithmetic, rounding and selection: a few instructions an element.
#define FLAMBEAU_ARITHMETIC_OPS(X)                                   \
  X(mul, Mul, AnyType, kArithmetic, kCheap, 0)                       \
  X(div, Div, FloatType, kArithmetic, kCheap, 0)                     \
  X(maximum, Maximum, AnyTypeBoolAsByte, kBinary, kCheap, 0)         \
  X(minimum, Minimum, AnyTypeBoolAsByte, kBinary, kCheap, 0)         \
  X(neg, Neg, NumberType, kUnary, kCheap, 0)                         \
  X(abs, Abs, NumberType, kUnary, kCheap, 0)                         \
  X(sign, Sign, AnyType, kUnary, kCheap, 0)                          \
  X(square, Square, AnyType, kUnary, kCheap, 0)                      \
  X(sqrt, Sqrt, FloatType, kUnary, kCheap, 0)                        \
  X(rsqrt, Rsqrt, FloatType, kUnary, kCheap, 0)                      \
  X(reciprocal, Reciprocal, FloatType, kUnary, kCheap, 0)            \
  X(relu, Relu, NumberType, kUnary, kCheap, 0)                       \
  X(floor, Floor, NumberType, kUnary, kCheap, 0)                     \
  X(ceil, Ceil, NumberType, kUnary, kCheap, 0)                       \
  X(round, Round, NumberType, kUnary, kCheap, 0)                     \
  X(trunc, Trunc, NumberType, kUnary, kCheap, 0)                     \
  X(where, Where, AnyTypeBoolAsByte, kSelect, kCheap, 0)             \
  X(clamp, Clamp, AnyTypeBoolAsByte, kTernary, kCheap, 0)            \
  X(lerp, Lerp, FloatType, kTernary, kCheap, 0)                      \
  X(addcmul, Addcmul, NumberType, kTernary, kCheap, 1)               \
  X(addcdiv, Addcdiv, FloatType, kTernary, kCheap, 1)                \
  X(reluGrad, ReluBackward, FloatType, kBinary, kCheap, 0)           \
  X(tanhGrad, TanhBackward, FloatType, kBinary, kCheap, 0)           \
  X(sigmoidGrad, SigmoidBackward, FloatType, kBinary, kCheap, 0)     \
  X(frac, Frac, FloatType, kUnary, kCheap, 0)                        \
  X(angle, Angle, FloatType, kUnary, kCheap, 0)                      \
  X(copysign, Copysign, FloatType, kBinary, kCheap, 0)               \
  X(heaviside, Heaviside, AnyTypeBoolAsByte, kBinary, kCheap, 0)     \
  X(fmax, Fmax, AnyTypeBoolAsByte, kBinary, kCheap, 0)               \
  X(fmin, Fmin, AnyTypeBoolAsByte, kBinary, kCheap, 0)               \
  X(nextafter, Nextafter, FloatType, kBinary, kCheap, 0)             \
  X(nextafterNarrow, NextafterNarrow, FloatType, kBinary, kCheap, 3) \
  X(frexpMantissa, FrexpMantissa, FloatType, kUnary, kCheap, 0)      \
  X(frexpExponent, FrexpExponent, FloatType, kUnary, kCheap, 0)      \
  X(nanToNum, NanToNum, FloatType, kUnary, kCheap, 3)                \
  X(roundDecimals, RoundDecimals, FloatType, kUnary, kCheap, 2)

#define FLAMBEAU_ARITHMETIC_LOOPS(X)                          \
  X(add, Add, AnyType, kArithmetic, kCheap, 0)                \
  X(addScaled, AddScaled, NumberType, kArithmetic, kCheap, 1) \
  X(sub, Sub, AnyType, kArithmetic, kCheap, 0)

// Comparisons and logic, to bool.
#define FLAMBEAU_LOGIC_OPS(X)                             \
  X(eq, Eq, AnyType, kCompare, kCheap, 0)                 \
  X(ne, Ne, AnyType, kCompare, kCheap, 0)                 \
  X(lt, Lt, AnyType, kCompare, kCheap, 0)                 \
  X(le, Le, AnyType, kCompare, kCheap, 0)                 \
  X(gt, Gt, AnyType, kCompare, kCheap, 0)                 \
  X(ge, Ge, AnyType, kCompare, kCheap, 0)                 \
  X(logicalAnd, LogicalAnd, AnyType, kCompare, kCheap, 0) \
  X(logicalOr, LogicalOr, AnyType, kCompare, kCheap, 0)   \
  X(logicalXor, LogicalXor, AnyType, kCompare, kCheap, 0) \
  X(logicalNot, LogicalNot, AnyType, kTest, kCheap, 0)    \
  X(isnan, IsNan, AnyType, kTest, kCheap, 0)              \
  X(isinf, IsInf, AnyType, kTest, kCheap, 0)              \
  X(isfinite, IsFinite, AnyType, kTest, kCheap, 0)        \
  X(isposinf, IsPosInf, AnyType, kTest, kCheap, 0)        \
  X(isneginf, IsNegInf, AnyType, kTest, kCheap, 0)        \
  X(signbit, Signbit, AnyType, kTest, kCheap, 0)

// Bits, and division of whole numbers.
#define FLAMBEAU_INTEGER_OPS(X)                                      \
  X(bitwiseNot, BitwiseNot, IntegerOrBoolType, kUnary, kCheap, 0)    \
  X(bitwiseAnd, BitwiseAnd, IntegerOrBoolType, kBinary, kCheap, 0)   \
  X(bitwiseOr, BitwiseOr, IntegerOrBoolType, kBinary, kCheap, 0)     \
  X(bitwiseXor, BitwiseXor, IntegerOrBoolType, kBinary, kCheap, 0)   \
  X(leftShift, LeftShift, IntegerType, kBinary, kCheap, 0)           \
  X(rightShift, RightShift, IntegerType, kBinary, kCheap, 0)         \
  X(floorDivide, FloorDivide, NumberType, kArithmetic, kDivision, 0) \
  X(remainder, Remainder, NumberType, kBinary, kDivision, 0)         \
  X(fmod, Fmod, NumberType, kBinary, kDivision, 0)                   \
  X(truncDivide, TruncDivide, NumberType, kBinary, kDivision, 0)     \
  X(gcd, Gcd, IntegerType, kBinary, kTranscendental, 0)              \
  X(lcm, Lcm, IntegerType, kBinary, kTranscendental, 0)

// Exponentials, logarithms, powers, and the activations made of them.
#define FLAMBEAU_EXPONENTIAL_OPS(X)                                         \
  X(exp, Exp, FloatType, kUnary, kTranscendental, 0)                        \
  X(exp2, Exp2, FloatType, kUnary, kTranscendental, 0)                      \
  X(expm1, Expm1, FloatType, kUnary, kTranscendental, 0)                    \
  X(log, Log, FloatType, kUnary, kTranscendental, 0)                        \
  X(log1p, Log1p, FloatType, kUnary, kTranscendental, 0)                    \
  X(log2, Log2, FloatType, kUnary, kTranscendental, 0)                      \
  X(log10, Log10, FloatType, kUnary, kTranscendental, 0)                    \
  X(sigmoid, Sigmoid, FloatType, kUnary, kTranscendental, 0)                \
  X(tanh, Tanh, FloatType, kUnary, kTranscendental, 0)                      \
  X(erf, Erf, FloatType, kUnary, kTranscendental, 0)                        \
  X(gelu, Gelu, FloatType, kUnary, kTranscendental, 0)                      \
  X(geluTanh, GeluTanh, FloatType, kUnary, kTranscendental, 0)              \
  X(silu, Silu, FloatType, kUnary, kTranscendental, 0)                      \
  X(softplus, Softplus, FloatType, kUnary, kTranscendental, 2)              \
  X(geluGrad, GeluBackward, FloatType, kBinary, kTranscendental, 0)         \
  X(geluTanhGrad, GeluTanhBackward, FloatType, kBinary, kTranscendental, 0) \
  X(siluGrad, SiluBackward, FloatType, kBinary, kTranscendental, 0)         \
  X(softplusGrad, SoftplusBackward, FloatType, kBinary, kTranscendental, 2) \
  X(erfc, Erfc, FloatType, kUnary, kTranscendental, 0)                      \
  X(logit, Logit, FloatType, kUnary, kTranscendental, 1)                    \
  X(logaddexp, Logaddexp, FloatType, kBinary, kTranscendental, 0)           \
  X(logaddexp2, Logaddexp2, FloatType, kBinary, kTranscendental, 0)         \
  X(xlogy, Xlogy, FloatType, kBinary, kTranscendental, 0)                   \
  X(xlog1py, Xlog1py, FloatType, kBinary, kTranscendental, 0)               \
  X(entr, Entr, FloatType, kUnary, kTranscendental, 0)                      \
  X(elu, Elu, FloatType, kUnary, kTranscendental, 3)

#define FLAMBEAU_EXPONENTIAL_LOOPS(X) X(pow, Pow, NumberType, kBinary, kTranscendental, 0)

#define FLAMBEAU_TRIGONOMETRIC_OPS(X)                     \
  X(sin, Sin, FloatType, kUnary, kTranscendental, 0)      \
  X(cos, Cos, FloatType, kUnary, kTranscendental, 0)      \
  X(tan, Tan, FloatType, kUnary, kTranscendental, 0)      \
  X(asin, Asin, FloatType, kUnary, kTranscendental, 0)    \
  X(acos, Acos, FloatType, kUnary, kTranscendental, 0)    \
  X(atan, Atan, FloatType, kUnary, kTranscendental, 0)    \
  X(sinh, Sinh, FloatType, kUnary, kTranscendental, 0)    \
  X(cosh, Cosh, FloatType, kUnary, kTranscendental, 0)    \
  X(atan2, Atan2, FloatType, kBinary, kTranscendental, 0) \
  X(hypot, Hypot, FloatType, kBinary, kDivision, 0)       \
  X(asinh, Asinh, FloatType, kUnary, kTranscendental, 0)  \
  X(acosh, Acosh, FloatType, kUnary, kTranscendental, 0)  \
  X(atanh, Atanh, FloatType, kUnary, kTranscendental, 0)  \
  X(sinc, Sinc, FloatType, kUnary, kTranscendental, 0)

// Functions that branch and loop, element by element.
#define FLAMBEAU_SPECIAL_OPS(X)                           \
  X(lgamma, Lgamma, FloatType, kUnary, kSpecial, 0)       \
  X(digamma, Digamma, FloatType, kUnary, kSpecial, 0)     \
  X(polygamma, Polygamma, FloatType, kUnary, kSpecial, 1) \
  X(zeta, Zeta, FloatType, kBinary, kSpecial, 0)          \
  X(igamma, Igamma, FloatType, kBinary, kSpecial, 0)      \
  X(igammac, Igammac, FloatType, kBinary, kSpecial, 0)    \
  X(i0, I0, FloatType, kUnary, kSpecial, 0)               \
  X(i0e, I0e, FloatType, kUnary, kSpecial, 0)             \
  X(i1, I1, FloatType, kUnary, kSpecial, 0)               \
  X(i1e, I1e, FloatType, kUnary, kSpecial, 0)             \
  X(erfcx, Erfcx, FloatType, kUnary, kSpecial, 0)         \
  X(erfinv, Erfinv, FloatType, kUnary, kSpecial, 0)       \
  X(ndtr, Ndtr, FloatType, kUnary, kSpecial, 0)           \
  X(ndtri, Ndtri, FloatType, kUnary, kSpecial, 0)         \
  X(logNdtr, LogNdtr, FloatType, kUnary, kSpecial, 0)

// The loops of one operation by type; null where the type is not among the operation's.
struct LoopRow {
  Loop by_type[kLoopTypes];
};

#define FLAMBEAU_MEMBER(name, ...) LoopRow name;
struct ArithmeticTable {
  FLAMBEAU_ARITHMETIC_OPS(FLAMBEAU_MEMBER)
  FLAMBEAU_ARITHMETIC_LOOPS(FLAMBEAU_MEMBER)
};
struct LogicTable {
  FLAMBEAU_LOGIC_OPS(FLAMBEAU_MEMBER)
};
struct IntegerTable {
  FLAMBEAU_INTEGER_OPS(FLAMBEAU_MEMBER)
};
struct ExponentialTable {
  FLAMBEAU_EXPONENTIAL_OPS(FLAMBEAU_MEMBER)
  FLAMBEAU_EXPONENTIAL_LOOPS(FLAMBEAU_MEMBER)
};
struct TrigonometricTable {
  FLAMBEAU_TRIGONOMETRIC_OPS(FLAMBEAU_MEMBER)
};
struct SpecialTable {
  FLAMBEAU_SPECIAL_OPS(FLAMBEAU_MEMBER)
};
#undef FLAMBEAU_MEMBER

}  // namespace flambeau
