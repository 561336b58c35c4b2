/** Reductions, running sums and statistics that also take `out`. */
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'
import * as compareReduceFunctions from '../ops/compare-reduce.ts'
import * as cumulativeFunctions from '../ops/cumulative.ts'
import * as histogramFunctions from '../ops/histogram.ts'
import * as nanReduceFunctions from '../ops/nan-reduce.ts'
import * as reduceFunctions from '../ops/reduce.ts'
import * as renormFunctions from '../ops/renorm.ts'
import * as runningFunctions from '../ops/running.ts'
import * as softmaxFunctions from '../ops/softmax.ts'
import * as varianceFunctions from '../ops/variance.ts'

/** {@link compareReduceFunctions.amax}, also into `out`. */
export const amax: WithOut<typeof compareReduceFunctions.amax> = withOut(
  'amax',
  compareReduceFunctions.amax,
)

/** {@link compareReduceFunctions.amin}, also into `out`. */
export const amin: WithOut<typeof compareReduceFunctions.amin> = withOut(
  'amin',
  compareReduceFunctions.amin,
)

/** {@link compareReduceFunctions.argmax}, also into `out`. */
export const argmax: WithOut<typeof compareReduceFunctions.argmax> = withOut(
  'argmax',
  compareReduceFunctions.argmax,
)

/** {@link compareReduceFunctions.argmin}, also into `out`. */
export const argmin: WithOut<typeof compareReduceFunctions.argmin> = withOut(
  'argmin',
  compareReduceFunctions.argmin,
)

/** {@link compareReduceFunctions.max}, also into `out`. */
export const max: WithOut<typeof compareReduceFunctions.max> = withOut(
  'max',
  compareReduceFunctions.max,
)

/** {@link compareReduceFunctions.min}, also into `out`. */
export const min: WithOut<typeof compareReduceFunctions.min> = withOut(
  'min',
  compareReduceFunctions.min,
)

/** {@link cumulativeFunctions.cumprod}, also into `out`. */
export const cumprod: WithOut<typeof cumulativeFunctions.cumprod> = withOut(
  'cumprod',
  cumulativeFunctions.cumprod,
)

/** {@link cumulativeFunctions.cumsum}, also into `out`. */
export const cumsum: WithOut<typeof cumulativeFunctions.cumsum> = withOut(
  'cumsum',
  cumulativeFunctions.cumsum,
)

/** {@link histogramFunctions.bincount}, also into `out`. */
export const bincount: WithOut<typeof histogramFunctions.bincount> = withOut(
  'bincount',
  histogramFunctions.bincount,
)

/** {@link histogramFunctions.histc}, also into `out`. */
export const histc: WithOut<typeof histogramFunctions.histc> = withOut(
  'histc',
  histogramFunctions.histc,
)

/** {@link histogramFunctions.histogram}, also into `out`. */
export const histogram: WithOut<typeof histogramFunctions.histogram> = withOut(
  'histogram',
  histogramFunctions.histogram,
)

/** {@link nanReduceFunctions.aminmax}, also into `out`. */
export const aminmax: WithOut<typeof nanReduceFunctions.aminmax> = withOut(
  'aminmax',
  nanReduceFunctions.aminmax,
)

/** {@link nanReduceFunctions.nanmean}, also into `out`. */
export const nanmean: WithOut<typeof nanReduceFunctions.nanmean> = withOut(
  'nanmean',
  nanReduceFunctions.nanmean,
)

/** {@link nanReduceFunctions.nansum}, also into `out`. */
export const nansum: WithOut<typeof nanReduceFunctions.nansum> = withOut(
  'nansum',
  nanReduceFunctions.nansum,
)

/** {@link reduceFunctions.all}, also into `out`. */
export const all: WithOut<typeof reduceFunctions.all> = withOut('all', reduceFunctions.all)

/** {@link reduceFunctions.any}, also into `out`. */
export const any: WithOut<typeof reduceFunctions.any> = withOut('any', reduceFunctions.any)

/** {@link reduceFunctions.logsumexp}, also into `out`. */
export const logsumexp: WithOut<typeof reduceFunctions.logsumexp> = withOut(
  'logsumexp',
  reduceFunctions.logsumexp,
)

/** {@link reduceFunctions.mean}, also into `out`. */
export const mean: WithOut<typeof reduceFunctions.mean> = withOut('mean', reduceFunctions.mean)

/** {@link reduceFunctions.prod}, also into `out`. */
export const prod: WithOut<typeof reduceFunctions.prod> = withOut('prod', reduceFunctions.prod)

/** {@link reduceFunctions.sum}, also into `out`. */
export const sum: WithOut<typeof reduceFunctions.sum> = withOut('sum', reduceFunctions.sum)

/** {@link renormFunctions.renorm}, also into `out`. */
export const renorm: WithOut<typeof renormFunctions.renorm> = withOut(
  'renorm',
  renormFunctions.renorm,
)

/** {@link runningFunctions.cummax}, also into `out`. */
export const cummax: WithOut<typeof runningFunctions.cummax> = withOut(
  'cummax',
  runningFunctions.cummax,
)

/** {@link runningFunctions.cummin}, also into `out`. */
export const cummin: WithOut<typeof runningFunctions.cummin> = withOut(
  'cummin',
  runningFunctions.cummin,
)

/** {@link runningFunctions.logcumsumexp}, also into `out`. */
export const logcumsumexp: WithOut<typeof runningFunctions.logcumsumexp> = withOut(
  'logcumsumexp',
  runningFunctions.logcumsumexp,
)

/** {@link softmaxFunctions.logSoftmax}, also into `out`. */
export const logSoftmax: WithOut<typeof softmaxFunctions.logSoftmax> = withOut(
  'logSoftmax',
  softmaxFunctions.logSoftmax,
)

/** {@link softmaxFunctions.softmax}, also into `out`. */
export const softmax: WithOut<typeof softmaxFunctions.softmax> = withOut(
  'softmax',
  softmaxFunctions.softmax,
)

/** {@link varianceFunctions.std}, also into `out`. */
export const std: WithOut<typeof varianceFunctions.std> = withOut('std', varianceFunctions.std)

/** {@link varianceFunctions.stdMean}, also into `out`. */
export const stdMean: WithOut<typeof varianceFunctions.stdMean> = withOut(
  'stdMean',
  varianceFunctions.stdMean,
)

/** {@link varianceFunctions.var}, also into `out`. */
const varianceInto: WithOut<typeof varianceFunctions.var> = withOut('var', varianceFunctions.var)
export { varianceInto as var }

/** {@link varianceFunctions.varMean}, also into `out`. */
export const varMean: WithOut<typeof varianceFunctions.varMean> = withOut(
  'varMean',
  varianceFunctions.varMean,
)
