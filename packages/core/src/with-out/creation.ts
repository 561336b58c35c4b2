/** Creation and random numbers that also take `out`. */
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'
import * as creationFunctions from '../creation.ts'
import * as distributionsFunctions from '../ops/distributions.ts'
import * as samplingFunctions from '../ops/sampling.ts'
import * as randomFunctions from '../random.ts'
import * as rangesFunctions from '../ranges.ts'

/** {@link creationFunctions.empty}, also into `out`. */
export const empty: WithOut<typeof creationFunctions.empty> = withOut(
  'empty',
  creationFunctions.empty,
)

/** {@link creationFunctions.eye}, also into `out`. */
export const eye: WithOut<typeof creationFunctions.eye> = withOut('eye', creationFunctions.eye)

/** {@link creationFunctions.full}, also into `out`. */
export const full: WithOut<typeof creationFunctions.full> = withOut('full', creationFunctions.full)

/** {@link creationFunctions.ones}, also into `out`. */
export const ones: WithOut<typeof creationFunctions.ones> = withOut('ones', creationFunctions.ones)

/** {@link creationFunctions.onesLike}, also into `out`. */
export const onesLike: WithOut<typeof creationFunctions.onesLike> = withOut(
  'onesLike',
  creationFunctions.onesLike,
)

/** {@link creationFunctions.zeros}, also into `out`. */
export const zeros: WithOut<typeof creationFunctions.zeros> = withOut(
  'zeros',
  creationFunctions.zeros,
)

/** {@link creationFunctions.zerosLike}, also into `out`. */
export const zerosLike: WithOut<typeof creationFunctions.zerosLike> = withOut(
  'zerosLike',
  creationFunctions.zerosLike,
)

/** {@link distributionsFunctions.multinomial}, also into `out`. */
export const multinomial: WithOut<typeof distributionsFunctions.multinomial> = withOut(
  'multinomial',
  distributionsFunctions.multinomial,
)

/** {@link distributionsFunctions.poisson}, also into `out`. */
export const poisson: WithOut<typeof distributionsFunctions.poisson> = withOut(
  'poisson',
  distributionsFunctions.poisson,
)

/** {@link samplingFunctions.bernoulli}, also into `out`. */
export const bernoulli: WithOut<typeof samplingFunctions.bernoulli> = withOut(
  'bernoulli',
  samplingFunctions.bernoulli,
)

/** {@link samplingFunctions.normal}, also into `out`. */
export const normal: WithOut<typeof samplingFunctions.normal> = withOut(
  'normal',
  samplingFunctions.normal,
)

/** {@link randomFunctions.rand}, also into `out`. */
export const rand: WithOut<typeof randomFunctions.rand> = withOut('rand', randomFunctions.rand)

/** {@link randomFunctions.randint}, also into `out`. */
export const randint: WithOut<typeof randomFunctions.randint> = withOut(
  'randint',
  randomFunctions.randint,
)

/** {@link randomFunctions.randn}, also into `out`. */
export const randn: WithOut<typeof randomFunctions.randn> = withOut('randn', randomFunctions.randn)

/** {@link randomFunctions.randperm}, also into `out`. */
export const randperm: WithOut<typeof randomFunctions.randperm> = withOut(
  'randperm',
  randomFunctions.randperm,
)

/** {@link rangesFunctions.arange}, also into `out`. */
export const arange: WithOut<typeof rangesFunctions.arange> = withOut(
  'arange',
  rangesFunctions.arange,
)

/** {@link rangesFunctions.linspace}, also into `out`. */
export const linspace: WithOut<typeof rangesFunctions.linspace> = withOut(
  'linspace',
  rangesFunctions.linspace,
)

/** {@link rangesFunctions.logspace}, also into `out`. */
export const logspace: WithOut<typeof rangesFunctions.logspace> = withOut(
  'logspace',
  rangesFunctions.logspace,
)
