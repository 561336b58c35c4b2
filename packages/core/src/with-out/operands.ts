/** Elementwise functions of two operands that also take `out`. */
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'
import * as binaryFunctions from '../ops/binary.ts'
import * as boundsFunctions from '../ops/bounds.ts'
import * as comparisonFunctions from '../ops/comparison.ts'
import * as divisionFunctions from '../ops/division.ts'
import * as divisorsFunctions from '../ops/divisors.ts'
import * as gammaFunctions from '../ops/gamma.ts'
import * as logarithmicFunctions from '../ops/logarithmic.ts'
import * as logicFunctions from '../ops/logic.ts'
import * as powersFunctions from '../ops/powers.ts'

/** {@link binaryFunctions.add}, also into `out`. */
export const add: WithOut<typeof binaryFunctions.add> = withOut('add', binaryFunctions.add)

/** {@link binaryFunctions.hypot}, also into `out`. */
export const hypot: WithOut<typeof binaryFunctions.hypot> = withOut('hypot', binaryFunctions.hypot)

/** {@link binaryFunctions.mul}, also into `out`. */
export const mul: WithOut<typeof binaryFunctions.mul> = withOut('mul', binaryFunctions.mul)

/** {@link binaryFunctions.multiply}, also into `out`. */
export const multiply: WithOut<typeof binaryFunctions.multiply> = withOut(
  'multiply',
  binaryFunctions.multiply,
)

/** {@link binaryFunctions.sub}, also into `out`. */
export const sub: WithOut<typeof binaryFunctions.sub> = withOut('sub', binaryFunctions.sub)

/** {@link binaryFunctions.subtract}, also into `out`. */
export const subtract: WithOut<typeof binaryFunctions.subtract> = withOut(
  'subtract',
  binaryFunctions.subtract,
)

/** {@link boundsFunctions.clamp}, also into `out`. */
export const clamp: WithOut<typeof boundsFunctions.clamp> = withOut('clamp', boundsFunctions.clamp)

/** {@link boundsFunctions.clampMax}, also into `out`. */
export const clampMax: WithOut<typeof boundsFunctions.clampMax> = withOut(
  'clampMax',
  boundsFunctions.clampMax,
)

/** {@link boundsFunctions.clampMin}, also into `out`. */
export const clampMin: WithOut<typeof boundsFunctions.clampMin> = withOut(
  'clampMin',
  boundsFunctions.clampMin,
)

/** {@link boundsFunctions.clip}, also into `out`. */
export const clip: WithOut<typeof boundsFunctions.clip> = withOut('clip', boundsFunctions.clip)

/** {@link boundsFunctions.fmax}, also into `out`. */
export const fmax: WithOut<typeof boundsFunctions.fmax> = withOut('fmax', boundsFunctions.fmax)

/** {@link boundsFunctions.fmin}, also into `out`. */
export const fmin: WithOut<typeof boundsFunctions.fmin> = withOut('fmin', boundsFunctions.fmin)

/** {@link boundsFunctions.maximum}, also into `out`. */
export const maximum: WithOut<typeof boundsFunctions.maximum> = withOut(
  'maximum',
  boundsFunctions.maximum,
)

/** {@link boundsFunctions.minimum}, also into `out`. */
export const minimum: WithOut<typeof boundsFunctions.minimum> = withOut(
  'minimum',
  boundsFunctions.minimum,
)

/** {@link comparisonFunctions.eq}, also into `out`. */
export const eq: WithOut<typeof comparisonFunctions.eq> = withOut('eq', comparisonFunctions.eq)

/** {@link comparisonFunctions.ge}, also into `out`. */
export const ge: WithOut<typeof comparisonFunctions.ge> = withOut('ge', comparisonFunctions.ge)

/** {@link comparisonFunctions.greater}, also into `out`. */
export const greater: WithOut<typeof comparisonFunctions.greater> = withOut(
  'greater',
  comparisonFunctions.greater,
)

/** {@link comparisonFunctions.greaterEqual}, also into `out`. */
export const greaterEqual: WithOut<typeof comparisonFunctions.greaterEqual> = withOut(
  'greaterEqual',
  comparisonFunctions.greaterEqual,
)

/** {@link comparisonFunctions.gt}, also into `out`. */
export const gt: WithOut<typeof comparisonFunctions.gt> = withOut('gt', comparisonFunctions.gt)

/** {@link comparisonFunctions.le}, also into `out`. */
export const le: WithOut<typeof comparisonFunctions.le> = withOut('le', comparisonFunctions.le)

/** {@link comparisonFunctions.less}, also into `out`. */
export const less: WithOut<typeof comparisonFunctions.less> = withOut(
  'less',
  comparisonFunctions.less,
)

/** {@link comparisonFunctions.lessEqual}, also into `out`. */
export const lessEqual: WithOut<typeof comparisonFunctions.lessEqual> = withOut(
  'lessEqual',
  comparisonFunctions.lessEqual,
)

/** {@link comparisonFunctions.lt}, also into `out`. */
export const lt: WithOut<typeof comparisonFunctions.lt> = withOut('lt', comparisonFunctions.lt)

/** {@link comparisonFunctions.ne}, also into `out`. */
export const ne: WithOut<typeof comparisonFunctions.ne> = withOut('ne', comparisonFunctions.ne)

/** {@link comparisonFunctions.notEqual}, also into `out`. */
export const notEqual: WithOut<typeof comparisonFunctions.notEqual> = withOut(
  'notEqual',
  comparisonFunctions.notEqual,
)

/** {@link divisionFunctions.div}, also into `out`. */
export const div: WithOut<typeof divisionFunctions.div> = withOut('div', divisionFunctions.div)

/** {@link divisionFunctions.divide}, also into `out`. */
export const divide: WithOut<typeof divisionFunctions.divide> = withOut(
  'divide',
  divisionFunctions.divide,
)

/** {@link divisionFunctions.floorDivide}, also into `out`. */
export const floorDivide: WithOut<typeof divisionFunctions.floorDivide> = withOut(
  'floorDivide',
  divisionFunctions.floorDivide,
)

/** {@link divisionFunctions.fmod}, also into `out`. */
export const fmod: WithOut<typeof divisionFunctions.fmod> = withOut('fmod', divisionFunctions.fmod)

/** {@link divisionFunctions.remainder}, also into `out`. */
export const remainder: WithOut<typeof divisionFunctions.remainder> = withOut(
  'remainder',
  divisionFunctions.remainder,
)

/** {@link divisionFunctions.trueDivide}, also into `out`. */
export const trueDivide: WithOut<typeof divisionFunctions.trueDivide> = withOut(
  'trueDivide',
  divisionFunctions.trueDivide,
)

/** {@link divisorsFunctions.gcd}, also into `out`. */
export const gcd: WithOut<typeof divisorsFunctions.gcd> = withOut('gcd', divisorsFunctions.gcd)

/** {@link divisorsFunctions.lcm}, also into `out`. */
export const lcm: WithOut<typeof divisorsFunctions.lcm> = withOut('lcm', divisorsFunctions.lcm)

/** {@link gammaFunctions.digamma}, also into `out`. */
export const digamma: WithOut<typeof gammaFunctions.digamma> = withOut(
  'digamma',
  gammaFunctions.digamma,
)

/** {@link gammaFunctions.igamma}, also into `out`. */
export const igamma: WithOut<typeof gammaFunctions.igamma> = withOut(
  'igamma',
  gammaFunctions.igamma,
)

/** {@link gammaFunctions.igammac}, also into `out`. */
export const igammac: WithOut<typeof gammaFunctions.igammac> = withOut(
  'igammac',
  gammaFunctions.igammac,
)

/** {@link gammaFunctions.lgamma}, also into `out`. */
export const lgamma: WithOut<typeof gammaFunctions.lgamma> = withOut(
  'lgamma',
  gammaFunctions.lgamma,
)

/** {@link gammaFunctions.mvlgamma}, also into `out`. */
export const mvlgamma: WithOut<typeof gammaFunctions.mvlgamma> = withOut(
  'mvlgamma',
  gammaFunctions.mvlgamma,
)

/** {@link gammaFunctions.polygamma}, also into `out`. */
export const polygamma: WithOut<typeof gammaFunctions.polygamma> = withOut(
  'polygamma',
  gammaFunctions.polygamma,
)

/** {@link logarithmicFunctions.logaddexp}, also into `out`. */
export const logaddexp: WithOut<typeof logarithmicFunctions.logaddexp> = withOut(
  'logaddexp',
  logarithmicFunctions.logaddexp,
)

/** {@link logarithmicFunctions.logaddexp2}, also into `out`. */
export const logaddexp2: WithOut<typeof logarithmicFunctions.logaddexp2> = withOut(
  'logaddexp2',
  logarithmicFunctions.logaddexp2,
)

/** {@link logarithmicFunctions.logit}, also into `out`. */
export const logit: WithOut<typeof logarithmicFunctions.logit> = withOut(
  'logit',
  logarithmicFunctions.logit,
)

/** {@link logarithmicFunctions.xlogy}, also into `out`. */
export const xlogy: WithOut<typeof logarithmicFunctions.xlogy> = withOut(
  'xlogy',
  logarithmicFunctions.xlogy,
)

/** {@link logicFunctions.bitwiseAnd}, also into `out`. */
export const bitwiseAnd: WithOut<typeof logicFunctions.bitwiseAnd> = withOut(
  'bitwiseAnd',
  logicFunctions.bitwiseAnd,
)

/** {@link logicFunctions.bitwiseLeftShift}, also into `out`. */
export const bitwiseLeftShift: WithOut<typeof logicFunctions.bitwiseLeftShift> = withOut(
  'bitwiseLeftShift',
  logicFunctions.bitwiseLeftShift,
)

/** {@link logicFunctions.bitwiseOr}, also into `out`. */
export const bitwiseOr: WithOut<typeof logicFunctions.bitwiseOr> = withOut(
  'bitwiseOr',
  logicFunctions.bitwiseOr,
)

/** {@link logicFunctions.bitwiseRightShift}, also into `out`. */
export const bitwiseRightShift: WithOut<typeof logicFunctions.bitwiseRightShift> = withOut(
  'bitwiseRightShift',
  logicFunctions.bitwiseRightShift,
)

/** {@link logicFunctions.bitwiseXor}, also into `out`. */
export const bitwiseXor: WithOut<typeof logicFunctions.bitwiseXor> = withOut(
  'bitwiseXor',
  logicFunctions.bitwiseXor,
)

/** {@link logicFunctions.logicalAnd}, also into `out`. */
export const logicalAnd: WithOut<typeof logicFunctions.logicalAnd> = withOut(
  'logicalAnd',
  logicFunctions.logicalAnd,
)

/** {@link logicFunctions.logicalOr}, also into `out`. */
export const logicalOr: WithOut<typeof logicFunctions.logicalOr> = withOut(
  'logicalOr',
  logicFunctions.logicalOr,
)

/** {@link logicFunctions.logicalXor}, also into `out`. */
export const logicalXor: WithOut<typeof logicFunctions.logicalXor> = withOut(
  'logicalXor',
  logicFunctions.logicalXor,
)

/** {@link powersFunctions.floatPower}, also into `out`. */
export const floatPower: WithOut<typeof powersFunctions.floatPower> = withOut(
  'floatPower',
  powersFunctions.floatPower,
)

/** {@link powersFunctions.frexp}, also into `out`. */
export const frexp: WithOut<typeof powersFunctions.frexp> = withOut('frexp', powersFunctions.frexp)

/** {@link powersFunctions.ldexp}, also into `out`. */
export const ldexp: WithOut<typeof powersFunctions.ldexp> = withOut('ldexp', powersFunctions.ldexp)

/** {@link powersFunctions.pow}, also into `out`. */
export const pow: WithOut<typeof powersFunctions.pow> = withOut('pow', powersFunctions.pow)
