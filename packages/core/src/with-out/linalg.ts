/** Linear algebra: those with a result of a known size also take `out`. */
import * as plain from '../linalg.ts'
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'

export * from '../linalg.ts'

/** {@link plain.cholesky}, also into `out`. */
export const cholesky: WithOut<typeof plain.cholesky> = withOut('linalg.cholesky', plain.cholesky)

/** {@link plain.cross}, also into `out`. */
export const cross: WithOut<typeof plain.cross> = withOut('linalg.cross', plain.cross)

/** {@link plain.det}, also into `out`. */
export const det: WithOut<typeof plain.det> = withOut('linalg.det', plain.det)

/** {@link plain.eigh}, also into `out`. */
export const eigh: WithOut<typeof plain.eigh> = withOut('linalg.eigh', plain.eigh)

/** {@link plain.eigvals}, also into `out`. */
export const eigvals: WithOut<typeof plain.eigvals> = withOut('linalg.eigvals', plain.eigvals)

/** {@link plain.eigvalsh}, also into `out`. */
export const eigvalsh: WithOut<typeof plain.eigvalsh> = withOut('linalg.eigvalsh', plain.eigvalsh)

/** {@link plain.householderProduct}, also into `out`. */
export const householderProduct: WithOut<typeof plain.householderProduct> = withOut(
  'linalg.householderProduct',
  plain.householderProduct,
)

/** {@link plain.inv}, also into `out`. */
export const inv: WithOut<typeof plain.inv> = withOut('linalg.inv', plain.inv)

/** {@link plain.luFactor}, also into `out`. */
export const luFactor: WithOut<typeof plain.luFactor> = withOut('linalg.luFactor', plain.luFactor)

/** {@link plain.matmul}, also into `out`. */
export const matmul: WithOut<typeof plain.matmul> = withOut('linalg.matmul', plain.matmul)

/** {@link plain.matrixNorm}, also into `out`. */
export const matrixNorm: WithOut<typeof plain.matrixNorm> = withOut(
  'linalg.matrixNorm',
  plain.matrixNorm,
)

/** {@link plain.matrixPower}, also into `out`. */
export const matrixPower: WithOut<typeof plain.matrixPower> = withOut(
  'linalg.matrixPower',
  plain.matrixPower,
)

/** {@link plain.matrixRank}, also into `out`. */
export const matrixRank: WithOut<typeof plain.matrixRank> = withOut(
  'linalg.matrixRank',
  plain.matrixRank,
)

/** {@link plain.multiDot}, also into `out`. */
export const multiDot: WithOut<typeof plain.multiDot> = withOut('linalg.multiDot', plain.multiDot)

/** {@link plain.norm}, also into `out`. */
export const norm: WithOut<typeof plain.norm> = withOut('linalg.norm', plain.norm)

/** {@link plain.pinv}, also into `out`. */
export const pinv: WithOut<typeof plain.pinv> = withOut('linalg.pinv', plain.pinv)

/** {@link plain.qr}, also into `out`. */
export const qr: WithOut<typeof plain.qr> = withOut('linalg.qr', plain.qr)

/** {@link plain.slogdet}, also into `out`. */
export const slogdet: WithOut<typeof plain.slogdet> = withOut('linalg.slogdet', plain.slogdet)

/** {@link plain.solve}, also into `out`. */
export const solve: WithOut<typeof plain.solve> = withOut('linalg.solve', plain.solve)

/** {@link plain.solveTriangular}, also into `out`. */
export const solveTriangular: WithOut<typeof plain.solveTriangular> = withOut(
  'linalg.solveTriangular',
  plain.solveTriangular,
)

/** {@link plain.svd}, also into `out`. */
export const svd: WithOut<typeof plain.svd> = withOut('linalg.svd', plain.svd)

/** {@link plain.svdvals}, also into `out`. */
export const svdvals: WithOut<typeof plain.svdvals> = withOut('linalg.svdvals', plain.svdvals)

/** {@link plain.tensorinv}, also into `out`. */
export const tensorinv: WithOut<typeof plain.tensorinv> = withOut(
  'linalg.tensorinv',
  plain.tensorinv,
)

/** {@link plain.tensorsolve}, also into `out`. */
export const tensorsolve: WithOut<typeof plain.tensorsolve> = withOut(
  'linalg.tensorsolve',
  plain.tensorsolve,
)

/** {@link plain.vecdot}, also into `out`. */
export const vecdot: WithOut<typeof plain.vecdot> = withOut('linalg.vecdot', plain.vecdot)

/** {@link plain.vectorNorm}, also into `out`. */
export const vectorNorm: WithOut<typeof plain.vectorNorm> = withOut(
  'linalg.vectorNorm',
  plain.vectorNorm,
)
