/** Matrix products and decompositions that also take `out`. */
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'
import * as addProductsFunctions from '../ops/add-products.ts'
import * as contractionsFunctions from '../ops/contractions.ts'
import * as normsFunctions from '../ops/linalg/norms.ts'
import * as powersFunctions from '../ops/linalg/powers.ts'
import * as qrFunctions from '../ops/linalg/qr.ts'
import * as solveFunctions from '../ops/linalg/solve.ts'
import * as svdFunctions from '../ops/linalg/svd.ts'
import * as triangularFunctions from '../ops/linalg/triangular.ts'
import * as matmulFunctions from '../ops/matmul.ts'

/** {@link addProductsFunctions.addbmm}, also into `out`. */
export const addbmm: WithOut<typeof addProductsFunctions.addbmm> = withOut(
  'addbmm',
  addProductsFunctions.addbmm,
)

/** {@link addProductsFunctions.addmm}, also into `out`. */
export const addmm: WithOut<typeof addProductsFunctions.addmm> = withOut(
  'addmm',
  addProductsFunctions.addmm,
)

/** {@link addProductsFunctions.addmv}, also into `out`. */
export const addmv: WithOut<typeof addProductsFunctions.addmv> = withOut(
  'addmv',
  addProductsFunctions.addmv,
)

/** {@link addProductsFunctions.addr}, also into `out`. */
export const addr: WithOut<typeof addProductsFunctions.addr> = withOut(
  'addr',
  addProductsFunctions.addr,
)

/** {@link addProductsFunctions.baddbmm}, also into `out`. */
export const baddbmm: WithOut<typeof addProductsFunctions.baddbmm> = withOut(
  'baddbmm',
  addProductsFunctions.baddbmm,
)

/** {@link contractionsFunctions.cross}, also into `out`. */
export const cross: WithOut<typeof contractionsFunctions.cross> = withOut(
  'cross',
  contractionsFunctions.cross,
)

/** {@link contractionsFunctions.inner}, also into `out`. */
export const inner: WithOut<typeof contractionsFunctions.inner> = withOut(
  'inner',
  contractionsFunctions.inner,
)

/** {@link contractionsFunctions.kron}, also into `out`. */
export const kron: WithOut<typeof contractionsFunctions.kron> = withOut(
  'kron',
  contractionsFunctions.kron,
)

/** {@link contractionsFunctions.outer}, also into `out`. */
export const outer: WithOut<typeof contractionsFunctions.outer> = withOut(
  'outer',
  contractionsFunctions.outer,
)

/** {@link contractionsFunctions.tensordot}, also into `out`. */
export const tensordot: WithOut<typeof contractionsFunctions.tensordot> = withOut(
  'tensordot',
  contractionsFunctions.tensordot,
)

/** {@link normsFunctions.oldNorm}, also into `out`. */
export const norm: WithOut<typeof normsFunctions.oldNorm> = withOut('norm', normsFunctions.oldNorm)

/** {@link powersFunctions.matrixPower}, also into `out`. */
export const matrixPower: WithOut<typeof powersFunctions.matrixPower> = withOut(
  'matrixPower',
  powersFunctions.matrixPower,
)

/** {@link qrFunctions.oldQr}, also into `out`. */
export const qr: WithOut<typeof qrFunctions.oldQr> = withOut('qr', qrFunctions.oldQr)

/** {@link solveFunctions.inverse}, also into `out`. */
export const inverse: WithOut<typeof solveFunctions.inverse> = withOut(
  'inverse',
  solveFunctions.inverse,
)

/** {@link solveFunctions.slogdet}, also into `out`. */
export const slogdet: WithOut<typeof solveFunctions.slogdet> = withOut(
  'slogdet',
  solveFunctions.slogdet,
)

/** {@link svdFunctions.oldSvd}, also into `out`. */
export const svd: WithOut<typeof svdFunctions.oldSvd> = withOut('svd', svdFunctions.oldSvd)

/** {@link triangularFunctions.cholesky}, also into `out`. */
export const cholesky: WithOut<typeof triangularFunctions.cholesky> = withOut(
  'cholesky',
  triangularFunctions.cholesky,
)

/** {@link triangularFunctions.choleskyInverse}, also into `out`. */
export const choleskyInverse: WithOut<typeof triangularFunctions.choleskyInverse> = withOut(
  'choleskyInverse',
  triangularFunctions.choleskyInverse,
)

/** {@link triangularFunctions.choleskySolve}, also into `out`. */
export const choleskySolve: WithOut<typeof triangularFunctions.choleskySolve> = withOut(
  'choleskySolve',
  triangularFunctions.choleskySolve,
)

/** {@link matmulFunctions.bmm}, also into `out`. */
export const bmm: WithOut<typeof matmulFunctions.bmm> = withOut('bmm', matmulFunctions.bmm)

/** {@link matmulFunctions.dot}, also into `out`. */
export const dot: WithOut<typeof matmulFunctions.dot> = withOut('dot', matmulFunctions.dot)

/** {@link matmulFunctions.matmul}, also into `out`. */
export const matmul: WithOut<typeof matmulFunctions.matmul> = withOut(
  'matmul',
  matmulFunctions.matmul,
)

/** {@link matmulFunctions.mm}, also into `out`. */
export const mm: WithOut<typeof matmulFunctions.mm> = withOut('mm', matmulFunctions.mm)

/** {@link matmulFunctions.mv}, also into `out`. */
export const mv: WithOut<typeof matmulFunctions.mv> = withOut('mv', matmulFunctions.mv)

/** {@link matmulFunctions.vdot}, also into `out`. */
export const vdot: WithOut<typeof matmulFunctions.vdot> = withOut('vdot', matmulFunctions.vdot)
