/** Picking, joining, ordering and the rest that also take `out`. */
import type { WithOut } from './out.ts'
import { withOut } from './out.ts'
import * as diagonalsFunctions from '../ops/diagonals.ts'
import * as differencesFunctions from '../ops/differences.ts'
import * as gatheringFunctions from '../ops/gathering.ts'
import * as indexOpsFunctions from '../ops/index-ops.ts'
import * as joiningFunctions from '../ops/joining.ts'
import * as maskingFunctions from '../ops/masking.ts'
import * as scatteringFunctions from '../ops/scattering.ts'
import * as searchingFunctions from '../ops/searching.ts'
import * as selectionFunctions from '../ops/selection.ts'
import * as sortingFunctions from '../ops/sorting.ts'

/** {@link diagonalsFunctions.diag}, also into `out`. */
export const diag: WithOut<typeof diagonalsFunctions.diag> = withOut(
  'diag',
  diagonalsFunctions.diag,
)

/** {@link diagonalsFunctions.tril}, also into `out`. */
export const tril: WithOut<typeof diagonalsFunctions.tril> = withOut(
  'tril',
  diagonalsFunctions.tril,
)

/** {@link diagonalsFunctions.triu}, also into `out`. */
export const triu: WithOut<typeof diagonalsFunctions.triu> = withOut(
  'triu',
  diagonalsFunctions.triu,
)

/** {@link differencesFunctions.diff}, also into `out`. */
export const diff: WithOut<typeof differencesFunctions.diff> = withOut(
  'diff',
  differencesFunctions.diff,
)

/** {@link gatheringFunctions.gather}, also into `out`. */
export const gather: WithOut<typeof gatheringFunctions.gather> = withOut(
  'gather',
  gatheringFunctions.gather,
)

/** {@link gatheringFunctions.indexSelect}, also into `out`. */
export const indexSelect: WithOut<typeof gatheringFunctions.indexSelect> = withOut(
  'indexSelect',
  gatheringFunctions.indexSelect,
)

/** {@link gatheringFunctions.take}, also into `out`. */
export const take: WithOut<typeof gatheringFunctions.take> = withOut(
  'take',
  gatheringFunctions.take,
)

/** {@link gatheringFunctions.takeAlongDim}, also into `out`. */
export const takeAlongDim: WithOut<typeof gatheringFunctions.takeAlongDim> = withOut(
  'takeAlongDim',
  gatheringFunctions.takeAlongDim,
)

/** {@link indexOpsFunctions.indexAdd}, also into `out`. */
export const indexAdd: WithOut<typeof indexOpsFunctions.indexAdd> = withOut(
  'indexAdd',
  indexOpsFunctions.indexAdd,
)

/** {@link indexOpsFunctions.indexCopy}, also into `out`. */
export const indexCopy: WithOut<typeof indexOpsFunctions.indexCopy> = withOut(
  'indexCopy',
  indexOpsFunctions.indexCopy,
)

/** {@link indexOpsFunctions.indexReduce}, also into `out`. */
export const indexReduce: WithOut<typeof indexOpsFunctions.indexReduce> = withOut(
  'indexReduce',
  indexOpsFunctions.indexReduce,
)

/** {@link joiningFunctions.cat}, also into `out`. */
export const cat: WithOut<typeof joiningFunctions.cat> = withOut('cat', joiningFunctions.cat)

/** {@link joiningFunctions.columnStack}, also into `out`. */
export const columnStack: WithOut<typeof joiningFunctions.columnStack> = withOut(
  'columnStack',
  joiningFunctions.columnStack,
)

/** {@link joiningFunctions.concat}, also into `out`. */
export const concat: WithOut<typeof joiningFunctions.concat> = withOut(
  'concat',
  joiningFunctions.concat,
)

/** {@link joiningFunctions.concatenate}, also into `out`. */
export const concatenate: WithOut<typeof joiningFunctions.concatenate> = withOut(
  'concatenate',
  joiningFunctions.concatenate,
)

/** {@link joiningFunctions.dstack}, also into `out`. */
export const dstack: WithOut<typeof joiningFunctions.dstack> = withOut(
  'dstack',
  joiningFunctions.dstack,
)

/** {@link joiningFunctions.hstack}, also into `out`. */
export const hstack: WithOut<typeof joiningFunctions.hstack> = withOut(
  'hstack',
  joiningFunctions.hstack,
)

/** {@link joiningFunctions.rowStack}, also into `out`. */
export const rowStack: WithOut<typeof joiningFunctions.rowStack> = withOut(
  'rowStack',
  joiningFunctions.rowStack,
)

/** {@link joiningFunctions.stack}, also into `out`. */
export const stack: WithOut<typeof joiningFunctions.stack> = withOut(
  'stack',
  joiningFunctions.stack,
)

/** {@link joiningFunctions.vstack}, also into `out`. */
export const vstack: WithOut<typeof joiningFunctions.vstack> = withOut(
  'vstack',
  joiningFunctions.vstack,
)

/** {@link maskingFunctions.maskedSelect}, also into `out`. */
export const maskedSelect: WithOut<typeof maskingFunctions.maskedSelect> = withOut(
  'maskedSelect',
  maskingFunctions.maskedSelect,
)

/** {@link maskingFunctions.nonzero}, also into `out`. */
export const nonzero: WithOut<typeof maskingFunctions.nonzero> = withOut(
  'nonzero',
  maskingFunctions.nonzero,
)

/** {@link scatteringFunctions.scatter}, also into `out`. */
export const scatter: WithOut<typeof scatteringFunctions.scatter> = withOut(
  'scatter',
  scatteringFunctions.scatter,
)

/** {@link scatteringFunctions.scatterAdd}, also into `out`. */
export const scatterAdd: WithOut<typeof scatteringFunctions.scatterAdd> = withOut(
  'scatterAdd',
  scatteringFunctions.scatterAdd,
)

/** {@link scatteringFunctions.scatterReduce}, also into `out`. */
export const scatterReduce: WithOut<typeof scatteringFunctions.scatterReduce> = withOut(
  'scatterReduce',
  scatteringFunctions.scatterReduce,
)

/** {@link searchingFunctions.bucketize}, also into `out`. */
export const bucketize: WithOut<typeof searchingFunctions.bucketize> = withOut(
  'bucketize',
  searchingFunctions.bucketize,
)

/** {@link searchingFunctions.isin}, also into `out`. */
export const isin: WithOut<typeof searchingFunctions.isin> = withOut(
  'isin',
  searchingFunctions.isin,
)

/** {@link searchingFunctions.searchsorted}, also into `out`. */
export const searchsorted: WithOut<typeof searchingFunctions.searchsorted> = withOut(
  'searchsorted',
  searchingFunctions.searchsorted,
)

/** {@link selectionFunctions.kthvalue}, also into `out`. */
export const kthvalue: WithOut<typeof selectionFunctions.kthvalue> = withOut(
  'kthvalue',
  selectionFunctions.kthvalue,
)

/** {@link selectionFunctions.median}, also into `out`. */
export const median: WithOut<typeof selectionFunctions.median> = withOut(
  'median',
  selectionFunctions.median,
)

/** {@link selectionFunctions.mode}, also into `out`. */
export const mode: WithOut<typeof selectionFunctions.mode> = withOut(
  'mode',
  selectionFunctions.mode,
)

/** {@link selectionFunctions.nanmedian}, also into `out`. */
export const nanmedian: WithOut<typeof selectionFunctions.nanmedian> = withOut(
  'nanmedian',
  selectionFunctions.nanmedian,
)

/** {@link selectionFunctions.topk}, also into `out`. */
export const topk: WithOut<typeof selectionFunctions.topk> = withOut(
  'topk',
  selectionFunctions.topk,
)

/** {@link sortingFunctions.argsort}, also into `out`. */
export const argsort: WithOut<typeof sortingFunctions.argsort> = withOut(
  'argsort',
  sortingFunctions.argsort,
)

/** {@link sortingFunctions.msort}, also into `out`. */
export const msort: WithOut<typeof sortingFunctions.msort> = withOut(
  'msort',
  sortingFunctions.msort,
)

/** {@link sortingFunctions.sort}, also into `out`. */
export const sort: WithOut<typeof sortingFunctions.sort> = withOut('sort', sortingFunctions.sort)
