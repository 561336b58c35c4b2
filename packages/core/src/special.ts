/** Special functions under the names of torch.special. */
export { i0, i0e, i1, i1e } from './ops/bessel.ts'
export { erf, erfc, erfcx, erfinv, logNdtr, ndtr, ndtri } from './ops/error-functions.ts'
export {
  digamma,
  digamma as psi,
  igamma as gammainc,
  igammac as gammaincc,
  lgamma as gammaln,
  mvlgamma as multigammaln,
  polygamma,
  zeta,
} from './ops/gamma.ts'
export { entr, logit, xlog1py, xlogy } from './ops/logarithmic.ts'
export { logsumexp } from './ops/reduce.ts'
export { round } from './ops/rounding.ts'
export { logSoftmax, softmax } from './ops/softmax.ts'
export { sigmoid as expit } from './ops/activation.ts'
export { exp2, expm1, log1p } from './ops/transcendental.ts'
export { sinc } from './ops/trigonometric.ts'
