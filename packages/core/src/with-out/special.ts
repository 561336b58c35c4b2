/** Special functions: those with a result of a known size also take `out`. */
import * as plain from '../special.ts'
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'

export * from '../special.ts'

/** {@link plain.digamma}, also into `out`. */
export const digamma: WithOut<typeof plain.digamma> = withOut('special.digamma', plain.digamma)

/** {@link plain.entr}, also into `out`. */
export const entr: WithOut<typeof plain.entr> = withOut('special.entr', plain.entr)

/** {@link plain.erf}, also into `out`. */
export const erf: WithOut<typeof plain.erf> = withOut('special.erf', plain.erf)

/** {@link plain.erfc}, also into `out`. */
export const erfc: WithOut<typeof plain.erfc> = withOut('special.erfc', plain.erfc)

/** {@link plain.erfcx}, also into `out`. */
export const erfcx: WithOut<typeof plain.erfcx> = withOut('special.erfcx', plain.erfcx)

/** {@link plain.erfinv}, also into `out`. */
export const erfinv: WithOut<typeof plain.erfinv> = withOut('special.erfinv', plain.erfinv)

/** {@link plain.exp2}, also into `out`. */
export const exp2: WithOut<typeof plain.exp2> = withOut('special.exp2', plain.exp2)

/** {@link plain.expit}, also into `out`. */
export const expit: WithOut<typeof plain.expit> = withOut('special.expit', plain.expit)

/** {@link plain.expm1}, also into `out`. */
export const expm1: WithOut<typeof plain.expm1> = withOut('special.expm1', plain.expm1)

/** {@link plain.gammainc}, also into `out`. */
export const gammainc: WithOut<typeof plain.gammainc> = withOut('special.gammainc', plain.gammainc)

/** {@link plain.gammaincc}, also into `out`. */
export const gammaincc: WithOut<typeof plain.gammaincc> = withOut(
  'special.gammaincc',
  plain.gammaincc,
)

/** {@link plain.gammaln}, also into `out`. */
export const gammaln: WithOut<typeof plain.gammaln> = withOut('special.gammaln', plain.gammaln)

/** {@link plain.i0}, also into `out`. */
export const i0: WithOut<typeof plain.i0> = withOut('special.i0', plain.i0)

/** {@link plain.i0e}, also into `out`. */
export const i0e: WithOut<typeof plain.i0e> = withOut('special.i0e', plain.i0e)

/** {@link plain.i1}, also into `out`. */
export const i1: WithOut<typeof plain.i1> = withOut('special.i1', plain.i1)

/** {@link plain.i1e}, also into `out`. */
export const i1e: WithOut<typeof plain.i1e> = withOut('special.i1e', plain.i1e)

/** {@link plain.log1p}, also into `out`. */
export const log1p: WithOut<typeof plain.log1p> = withOut('special.log1p', plain.log1p)

/** {@link plain.logNdtr}, also into `out`. */
export const logNdtr: WithOut<typeof plain.logNdtr> = withOut('special.logNdtr', plain.logNdtr)

/** {@link plain.logit}, also into `out`. */
export const logit: WithOut<typeof plain.logit> = withOut('special.logit', plain.logit)

/** {@link plain.logsumexp}, also into `out`. */
export const logsumexp: WithOut<typeof plain.logsumexp> = withOut(
  'special.logsumexp',
  plain.logsumexp,
)

/** {@link plain.multigammaln}, also into `out`. */
export const multigammaln: WithOut<typeof plain.multigammaln> = withOut(
  'special.multigammaln',
  plain.multigammaln,
)

/** {@link plain.ndtr}, also into `out`. */
export const ndtr: WithOut<typeof plain.ndtr> = withOut('special.ndtr', plain.ndtr)

/** {@link plain.ndtri}, also into `out`. */
export const ndtri: WithOut<typeof plain.ndtri> = withOut('special.ndtri', plain.ndtri)

/** {@link plain.polygamma}, also into `out`. */
export const polygamma: WithOut<typeof plain.polygamma> = withOut(
  'special.polygamma',
  plain.polygamma,
)

/** {@link plain.psi}, also into `out`. */
export const psi: WithOut<typeof plain.psi> = withOut('special.psi', plain.psi)

/** {@link plain.round}, also into `out`. */
export const round: WithOut<typeof plain.round> = withOut('special.round', plain.round)

/** {@link plain.sinc}, also into `out`. */
export const sinc: WithOut<typeof plain.sinc> = withOut('special.sinc', plain.sinc)

/** {@link plain.xlog1py}, also into `out`. */
export const xlog1py: WithOut<typeof plain.xlog1py> = withOut('special.xlog1py', plain.xlog1py)

/** {@link plain.xlogy}, also into `out`. */
export const xlogy: WithOut<typeof plain.xlogy> = withOut('special.xlogy', plain.xlogy)

/** {@link plain.zeta}, also into `out`. */
export const zeta: WithOut<typeof plain.zeta> = withOut('special.zeta', plain.zeta)
