/** Elementwise functions of one tensor, or of three that also take `out`. */
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'
import * as activationFunctions from '../ops/activation.ts'
import * as besselFunctions from '../ops/bessel.ts'
import * as errorFunctionsFunctions from '../ops/error-functions.ts'
import * as hyperbolicFunctions from '../ops/hyperbolic.ts'
import * as predicatesFunctions from '../ops/predicates.ts'
import * as roundingFunctions from '../ops/rounding.ts'
import * as signsFunctions from '../ops/signs.ts'
import * as ternaryFunctions from '../ops/ternary.ts'
import * as thresholdsFunctions from '../ops/thresholds.ts'
import * as transcendentalFunctions from '../ops/transcendental.ts'
import * as trigonometricFunctions from '../ops/trigonometric.ts'
import * as unaryFunctions from '../ops/unary.ts'

/** {@link activationFunctions.sigmoid}, also into `out`. */
export const sigmoid: WithOut<typeof activationFunctions.sigmoid> = withOut(
  'sigmoid',
  activationFunctions.sigmoid,
)

/** {@link besselFunctions.i0}, also into `out`. */
export const i0: WithOut<typeof besselFunctions.i0> = withOut('i0', besselFunctions.i0)

/** {@link errorFunctionsFunctions.erf}, also into `out`. */
export const erf: WithOut<typeof errorFunctionsFunctions.erf> = withOut(
  'erf',
  errorFunctionsFunctions.erf,
)

/** {@link errorFunctionsFunctions.erfc}, also into `out`. */
export const erfc: WithOut<typeof errorFunctionsFunctions.erfc> = withOut(
  'erfc',
  errorFunctionsFunctions.erfc,
)

/** {@link errorFunctionsFunctions.erfinv}, also into `out`. */
export const erfinv: WithOut<typeof errorFunctionsFunctions.erfinv> = withOut(
  'erfinv',
  errorFunctionsFunctions.erfinv,
)

/** {@link hyperbolicFunctions.acosh}, also into `out`. */
export const acosh: WithOut<typeof hyperbolicFunctions.acosh> = withOut(
  'acosh',
  hyperbolicFunctions.acosh,
)

/** {@link hyperbolicFunctions.arccosh}, also into `out`. */
export const arccosh: WithOut<typeof hyperbolicFunctions.arccosh> = withOut(
  'arccosh',
  hyperbolicFunctions.arccosh,
)

/** {@link hyperbolicFunctions.arcsinh}, also into `out`. */
export const arcsinh: WithOut<typeof hyperbolicFunctions.arcsinh> = withOut(
  'arcsinh',
  hyperbolicFunctions.arcsinh,
)

/** {@link hyperbolicFunctions.arctanh}, also into `out`. */
export const arctanh: WithOut<typeof hyperbolicFunctions.arctanh> = withOut(
  'arctanh',
  hyperbolicFunctions.arctanh,
)

/** {@link hyperbolicFunctions.asinh}, also into `out`. */
export const asinh: WithOut<typeof hyperbolicFunctions.asinh> = withOut(
  'asinh',
  hyperbolicFunctions.asinh,
)

/** {@link hyperbolicFunctions.atanh}, also into `out`. */
export const atanh: WithOut<typeof hyperbolicFunctions.atanh> = withOut(
  'atanh',
  hyperbolicFunctions.atanh,
)

/** {@link hyperbolicFunctions.cosh}, also into `out`. */
export const cosh: WithOut<typeof hyperbolicFunctions.cosh> = withOut(
  'cosh',
  hyperbolicFunctions.cosh,
)

/** {@link hyperbolicFunctions.sinh}, also into `out`. */
export const sinh: WithOut<typeof hyperbolicFunctions.sinh> = withOut(
  'sinh',
  hyperbolicFunctions.sinh,
)

/** {@link hyperbolicFunctions.tanh}, also into `out`. */
export const tanh: WithOut<typeof hyperbolicFunctions.tanh> = withOut(
  'tanh',
  hyperbolicFunctions.tanh,
)

/** {@link predicatesFunctions.bitwiseNot}, also into `out`. */
export const bitwiseNot: WithOut<typeof predicatesFunctions.bitwiseNot> = withOut(
  'bitwiseNot',
  predicatesFunctions.bitwiseNot,
)

/** {@link predicatesFunctions.isneginf}, also into `out`. */
export const isneginf: WithOut<typeof predicatesFunctions.isneginf> = withOut(
  'isneginf',
  predicatesFunctions.isneginf,
)

/** {@link predicatesFunctions.isposinf}, also into `out`. */
export const isposinf: WithOut<typeof predicatesFunctions.isposinf> = withOut(
  'isposinf',
  predicatesFunctions.isposinf,
)

/** {@link predicatesFunctions.logicalNot}, also into `out`. */
export const logicalNot: WithOut<typeof predicatesFunctions.logicalNot> = withOut(
  'logicalNot',
  predicatesFunctions.logicalNot,
)

/** {@link predicatesFunctions.signbit}, also into `out`. */
export const signbit: WithOut<typeof predicatesFunctions.signbit> = withOut(
  'signbit',
  predicatesFunctions.signbit,
)

/** {@link roundingFunctions.ceil}, also into `out`. */
export const ceil: WithOut<typeof roundingFunctions.ceil> = withOut('ceil', roundingFunctions.ceil)

/** {@link roundingFunctions.fix}, also into `out`. */
export const fix: WithOut<typeof roundingFunctions.fix> = withOut('fix', roundingFunctions.fix)

/** {@link roundingFunctions.floor}, also into `out`. */
export const floor: WithOut<typeof roundingFunctions.floor> = withOut(
  'floor',
  roundingFunctions.floor,
)

/** {@link roundingFunctions.frac}, also into `out`. */
export const frac: WithOut<typeof roundingFunctions.frac> = withOut('frac', roundingFunctions.frac)

/** {@link roundingFunctions.round}, also into `out`. */
export const round: WithOut<typeof roundingFunctions.round> = withOut(
  'round',
  roundingFunctions.round,
)

/** {@link roundingFunctions.trunc}, also into `out`. */
export const trunc: WithOut<typeof roundingFunctions.trunc> = withOut(
  'trunc',
  roundingFunctions.trunc,
)

/** {@link signsFunctions.copysign}, also into `out`. */
export const copysign: WithOut<typeof signsFunctions.copysign> = withOut(
  'copysign',
  signsFunctions.copysign,
)

/** {@link signsFunctions.heaviside}, also into `out`. */
export const heaviside: WithOut<typeof signsFunctions.heaviside> = withOut(
  'heaviside',
  signsFunctions.heaviside,
)

/** {@link signsFunctions.nanToNum}, also into `out`. */
export const nanToNum: WithOut<typeof signsFunctions.nanToNum> = withOut(
  'nanToNum',
  signsFunctions.nanToNum,
)

/** {@link signsFunctions.nextafter}, also into `out`. */
export const nextafter: WithOut<typeof signsFunctions.nextafter> = withOut(
  'nextafter',
  signsFunctions.nextafter,
)

/** {@link ternaryFunctions.addcdiv}, also into `out`. */
export const addcdiv: WithOut<typeof ternaryFunctions.addcdiv> = withOut(
  'addcdiv',
  ternaryFunctions.addcdiv,
)

/** {@link ternaryFunctions.addcmul}, also into `out`. */
export const addcmul: WithOut<typeof ternaryFunctions.addcmul> = withOut(
  'addcmul',
  ternaryFunctions.addcmul,
)

/** {@link ternaryFunctions.lerp}, also into `out`. */
export const lerp: WithOut<typeof ternaryFunctions.lerp> = withOut('lerp', ternaryFunctions.lerp)

/** {@link ternaryFunctions.where}, also into `out`. */
export const where: WithOut<typeof ternaryFunctions.where> = withOut(
  'where',
  ternaryFunctions.where,
)

/** {@link thresholdsFunctions.hardshrink}, also into `out`. */
export const hardshrink: WithOut<typeof thresholdsFunctions.hardshrink> = withOut(
  'hardshrink',
  thresholdsFunctions.hardshrink,
)

/** {@link thresholdsFunctions.threshold}, also into `out`. */
export const threshold: WithOut<typeof thresholdsFunctions.threshold> = withOut(
  'threshold',
  thresholdsFunctions.threshold,
)

/** {@link transcendentalFunctions.exp}, also into `out`. */
export const exp: WithOut<typeof transcendentalFunctions.exp> = withOut(
  'exp',
  transcendentalFunctions.exp,
)

/** {@link transcendentalFunctions.exp2}, also into `out`. */
export const exp2: WithOut<typeof transcendentalFunctions.exp2> = withOut(
  'exp2',
  transcendentalFunctions.exp2,
)

/** {@link transcendentalFunctions.expm1}, also into `out`. */
export const expm1: WithOut<typeof transcendentalFunctions.expm1> = withOut(
  'expm1',
  transcendentalFunctions.expm1,
)

/** {@link transcendentalFunctions.log}, also into `out`. */
export const log: WithOut<typeof transcendentalFunctions.log> = withOut(
  'log',
  transcendentalFunctions.log,
)

/** {@link transcendentalFunctions.log10}, also into `out`. */
export const log10: WithOut<typeof transcendentalFunctions.log10> = withOut(
  'log10',
  transcendentalFunctions.log10,
)

/** {@link transcendentalFunctions.log1p}, also into `out`. */
export const log1p: WithOut<typeof transcendentalFunctions.log1p> = withOut(
  'log1p',
  transcendentalFunctions.log1p,
)

/** {@link transcendentalFunctions.log2}, also into `out`. */
export const log2: WithOut<typeof transcendentalFunctions.log2> = withOut(
  'log2',
  transcendentalFunctions.log2,
)

/** {@link trigonometricFunctions.acos}, also into `out`. */
export const acos: WithOut<typeof trigonometricFunctions.acos> = withOut(
  'acos',
  trigonometricFunctions.acos,
)

/** {@link trigonometricFunctions.angle}, also into `out`. */
export const angle: WithOut<typeof trigonometricFunctions.angle> = withOut(
  'angle',
  trigonometricFunctions.angle,
)

/** {@link trigonometricFunctions.arccos}, also into `out`. */
export const arccos: WithOut<typeof trigonometricFunctions.arccos> = withOut(
  'arccos',
  trigonometricFunctions.arccos,
)

/** {@link trigonometricFunctions.arcsin}, also into `out`. */
export const arcsin: WithOut<typeof trigonometricFunctions.arcsin> = withOut(
  'arcsin',
  trigonometricFunctions.arcsin,
)

/** {@link trigonometricFunctions.arctan}, also into `out`. */
export const arctan: WithOut<typeof trigonometricFunctions.arctan> = withOut(
  'arctan',
  trigonometricFunctions.arctan,
)

/** {@link trigonometricFunctions.arctan2}, also into `out`. */
export const arctan2: WithOut<typeof trigonometricFunctions.arctan2> = withOut(
  'arctan2',
  trigonometricFunctions.arctan2,
)

/** {@link trigonometricFunctions.asin}, also into `out`. */
export const asin: WithOut<typeof trigonometricFunctions.asin> = withOut(
  'asin',
  trigonometricFunctions.asin,
)

/** {@link trigonometricFunctions.atan}, also into `out`. */
export const atan: WithOut<typeof trigonometricFunctions.atan> = withOut(
  'atan',
  trigonometricFunctions.atan,
)

/** {@link trigonometricFunctions.atan2}, also into `out`. */
export const atan2: WithOut<typeof trigonometricFunctions.atan2> = withOut(
  'atan2',
  trigonometricFunctions.atan2,
)

/** {@link trigonometricFunctions.cos}, also into `out`. */
export const cos: WithOut<typeof trigonometricFunctions.cos> = withOut(
  'cos',
  trigonometricFunctions.cos,
)

/** {@link trigonometricFunctions.deg2rad}, also into `out`. */
export const deg2rad: WithOut<typeof trigonometricFunctions.deg2rad> = withOut(
  'deg2rad',
  trigonometricFunctions.deg2rad,
)

/** {@link trigonometricFunctions.rad2deg}, also into `out`. */
export const rad2deg: WithOut<typeof trigonometricFunctions.rad2deg> = withOut(
  'rad2deg',
  trigonometricFunctions.rad2deg,
)

/** {@link trigonometricFunctions.sin}, also into `out`. */
export const sin: WithOut<typeof trigonometricFunctions.sin> = withOut(
  'sin',
  trigonometricFunctions.sin,
)

/** {@link trigonometricFunctions.sinc}, also into `out`. */
export const sinc: WithOut<typeof trigonometricFunctions.sinc> = withOut(
  'sinc',
  trigonometricFunctions.sinc,
)

/** {@link trigonometricFunctions.tan}, also into `out`. */
export const tan: WithOut<typeof trigonometricFunctions.tan> = withOut(
  'tan',
  trigonometricFunctions.tan,
)

/** {@link unaryFunctions.abs}, also into `out`. */
export const abs: WithOut<typeof unaryFunctions.abs> = withOut('abs', unaryFunctions.abs)

/** {@link unaryFunctions.absolute}, also into `out`. */
export const absolute: WithOut<typeof unaryFunctions.absolute> = withOut(
  'absolute',
  unaryFunctions.absolute,
)

/** {@link unaryFunctions.neg}, also into `out`. */
export const neg: WithOut<typeof unaryFunctions.neg> = withOut('neg', unaryFunctions.neg)

/** {@link unaryFunctions.negative}, also into `out`. */
export const negative: WithOut<typeof unaryFunctions.negative> = withOut(
  'negative',
  unaryFunctions.negative,
)

/** {@link unaryFunctions.reciprocal}, also into `out`. */
export const reciprocal: WithOut<typeof unaryFunctions.reciprocal> = withOut(
  'reciprocal',
  unaryFunctions.reciprocal,
)

/** {@link unaryFunctions.rsqrt}, also into `out`. */
export const rsqrt: WithOut<typeof unaryFunctions.rsqrt> = withOut('rsqrt', unaryFunctions.rsqrt)

/** {@link unaryFunctions.sgn}, also into `out`. */
export const sgn: WithOut<typeof unaryFunctions.sgn> = withOut('sgn', unaryFunctions.sgn)

/** {@link unaryFunctions.sign}, also into `out`. */
export const sign: WithOut<typeof unaryFunctions.sign> = withOut('sign', unaryFunctions.sign)

/** {@link unaryFunctions.sqrt}, also into `out`. */
export const sqrt: WithOut<typeof unaryFunctions.sqrt> = withOut('sqrt', unaryFunctions.sqrt)

/** {@link unaryFunctions.square}, also into `out`. */
export const square: WithOut<typeof unaryFunctions.square> = withOut(
  'square',
  unaryFunctions.square,
)
