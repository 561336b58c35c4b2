/**
 * Tensor's methods. Each family in ops/ says which of its functions are methods too; a method is
 * its function with the tensor as first argument.
 */
import type { CreationMethods } from './creation-methods.ts'
import { creationMethods } from './creation-methods.ts'
import type { DType } from './dtype.ts'
import type { ModeMethods } from './modes.ts'
import { modeMethods } from './modes.ts'
import type { ActivationMethods } from './ops/activation.ts'
import { activationMethods } from './ops/activation.ts'
import type { AxisGetters, AxisMethods } from './ops/axes.ts'
import { axisGetters, axisMethods } from './ops/axes.ts'
import type { AddProductMethods } from './ops/add-products.ts'
import { addProductMethods } from './ops/add-products.ts'
import type { BinaryMethods } from './ops/binary.ts'
import { binaryMethods } from './ops/binary.ts'
import type { BoundsMethods } from './ops/bounds.ts'
import { boundsMethods } from './ops/bounds.ts'
import type { CastMethods } from './ops/cast.ts'
import { castMethods } from './ops/cast.ts'
import type { CompareReduceMethods } from './ops/compare-reduce.ts'
import { compareReduceMethods } from './ops/compare-reduce.ts'
import type { ComparisonMethods } from './ops/comparison.ts'
import { comparisonMethods } from './ops/comparison.ts'
import type { ContractionMethods } from './ops/contractions.ts'
import { contractionMethods } from './ops/contractions.ts'
import type { CopyMethods } from './ops/copy.ts'
import { copyMethods } from './ops/copy.ts'
import type { CovarianceMethods } from './ops/covariance.ts'
import { covarianceMethods } from './ops/covariance.ts'
import type { CumulativeMethods } from './ops/cumulative.ts'
import { cumulativeMethods } from './ops/cumulative.ts'
import type { DiagonalMethods } from './ops/diagonals.ts'
import { diagonalMethods } from './ops/diagonals.ts'
import type { DifferenceMethods } from './ops/differences.ts'
import { differenceMethods } from './ops/differences.ts'
import type { DistributionMethods } from './ops/distributions.ts'
import { distributionMethods } from './ops/distributions.ts'
import type { ExpandMethods } from './ops/expand.ts'
import { expandMethods } from './ops/expand.ts'
import type { GatheringMethods } from './ops/gathering.ts'
import { gatheringMethods } from './ops/gathering.ts'
import type { HistogramMethods } from './ops/histogram.ts'
import { histogramMethods } from './ops/histogram.ts'
import type { IndexMethods } from './ops/index-ops.ts'
import { indexMethods } from './ops/index-ops.ts'
import type { IndexingMethods } from './ops/indexing.ts'
import { indexingMethods } from './ops/indexing.ts'
import type { MatrixFunctionMethods } from './ops/linalg/powers.ts'
import { matrixFunctionMethods } from './ops/linalg/powers.ts'
import type { NormMethods } from './ops/linalg/norms.ts'
import { normMethods } from './ops/linalg/norms.ts'
import type { PseudoinverseMethods } from './ops/linalg/pseudoinverse.ts'
import { pseudoinverseMethods } from './ops/linalg/pseudoinverse.ts'
import type { QrMethods } from './ops/linalg/qr.ts'
import { qrMethods } from './ops/linalg/qr.ts'
import type { SolveMethods } from './ops/linalg/solve.ts'
import { solveMethods } from './ops/linalg/solve.ts'
import type { SvdMethods } from './ops/linalg/svd.ts'
import { svdMethods } from './ops/linalg/svd.ts'
import type { TriangularMethods } from './ops/linalg/triangular.ts'
import { triangularMethods } from './ops/linalg/triangular.ts'
import type { MaskMethods } from './ops/masking.ts'
import { maskMethods } from './ops/masking.ts'
import type { MatmulMethods } from './ops/matmul.ts'
import { matmulMethods } from './ops/matmul.ts'
import type { NanReduceMethods } from './ops/nan-reduce.ts'
import { nanReduceMethods } from './ops/nan-reduce.ts'
import type { PlacingMethods } from './ops/placing.ts'
import { placingMethods } from './ops/placing.ts'
import type { RearrangingMethods } from './ops/rearranging.ts'
import { rearrangingMethods } from './ops/rearranging.ts'
import type { ReduceMethods } from './ops/reduce.ts'
import { reduceMethods } from './ops/reduce.ts'
import type { RenormMethods } from './ops/renorm.ts'
import { renormMethods } from './ops/renorm.ts'
import type { RepeatingMethods } from './ops/repeating.ts'
import { repeatingMethods } from './ops/repeating.ts'
import type { RunningMethods } from './ops/running.ts'
import { runningMethods } from './ops/running.ts'
import type { SlicingMethods } from './ops/slicing.ts'
import { slicingMethods } from './ops/slicing.ts'
import type { RestrideMethods } from './ops/restride.ts'
import { restrideMethods } from './ops/restride.ts'
import type { SelectionMethods } from './ops/selection.ts'
import { selectionMethods } from './ops/selection.ts'
import type { SamplingMethods } from './ops/sampling.ts'
import { samplingMethods } from './ops/sampling.ts'
import type { ScatteringMethods } from './ops/scattering.ts'
import { scatteringMethods } from './ops/scattering.ts'
import type { SoftmaxMethods } from './ops/softmax.ts'
import { softmaxMethods } from './ops/softmax.ts'
import type { SortingMethods } from './ops/sorting.ts'
import { sortingMethods } from './ops/sorting.ts'
import type { SplittingMethods } from './ops/splitting.ts'
import { splittingMethods } from './ops/splitting.ts'
import type { StridedMethods } from './ops/strided.ts'
import { stridedMethods } from './ops/strided.ts'
import type { TernaryMethods } from './ops/ternary.ts'
import { ternaryMethods } from './ops/ternary.ts'
import type { TranscendentalMethods } from './ops/transcendental.ts'
import { transcendentalMethods } from './ops/transcendental.ts'
import type { BesselMethods } from './ops/bessel.ts'
import { besselMethods } from './ops/bessel.ts'
import type { ClosenessMethods } from './ops/closeness.ts'
import { closenessMethods } from './ops/closeness.ts'
import type { DivisionMethods } from './ops/division.ts'
import { divisionMethods } from './ops/division.ts'
import type { DivisorMethods } from './ops/divisors.ts'
import { divisorMethods } from './ops/divisors.ts'
import type { ErrorFunctionMethods } from './ops/error-functions.ts'
import { errorFunctionMethods } from './ops/error-functions.ts'
import type { GammaMethods } from './ops/gamma.ts'
import { gammaMethods } from './ops/gamma.ts'
import type { HyperbolicMethods } from './ops/hyperbolic.ts'
import { hyperbolicMethods } from './ops/hyperbolic.ts'
import type { LogarithmicMethods } from './ops/logarithmic.ts'
import { logarithmicMethods } from './ops/logarithmic.ts'
import type { LogicMethods } from './ops/logic.ts'
import { logicMethods } from './ops/logic.ts'
import type { PowerMethods } from './ops/powers.ts'
import { powerMethods } from './ops/powers.ts'
import type { PredicateMethods } from './ops/predicates.ts'
import { predicateMethods } from './ops/predicates.ts'
import type { RoundingMethods } from './ops/rounding.ts'
import { roundingMethods } from './ops/rounding.ts'
import type { SignMethods } from './ops/signs.ts'
import { signMethods } from './ops/signs.ts'
import type { ThresholdMethods } from './ops/thresholds.ts'
import { thresholdMethods } from './ops/thresholds.ts'
import type { TrigonometricMethods } from './ops/trigonometric.ts'
import { trigonometricMethods } from './ops/trigonometric.ts'
import type { UnaryMethods } from './ops/unary.ts'
import { unaryMethods } from './ops/unary.ts'
import type { UniqueMethods } from './ops/unique.ts'
import { uniqueMethods } from './ops/unique.ts'
import type { ViewMethods } from './ops/views.ts'
import { viewMethods } from './ops/views.ts'
import { Tensor } from './tensor.ts'

export interface TensorMethods<D extends DType>
  extends
    ActivationMethods,
    AxisGetters<D>,
    AxisMethods<D>,
    AddProductMethods,
    BinaryMethods,
    BoundsMethods,
    CastMethods<D>,
    CompareReduceMethods,
    ComparisonMethods,
    ContractionMethods,
    CopyMethods<D>,
    CreationMethods<D>,
    CovarianceMethods,
    CumulativeMethods,
    GatheringMethods<D>,
    IndexMethods<D>,
    IndexingMethods<D>,
    DiagonalMethods<D>,
    ExpandMethods<D>,
    PlacingMethods<D>,
    RearrangingMethods<D>,
    RepeatingMethods<D>,
    SlicingMethods<D>,
    SplittingMethods<D>,
    MaskMethods<D>,
    MatmulMethods,
    ModeMethods,
    MatrixFunctionMethods,
    NormMethods,
    PseudoinverseMethods,
    QrMethods,
    SolveMethods,
    SvdMethods,
    TriangularMethods,
    ReduceMethods<D>,
    RestrideMethods,
    RunningMethods,
    NanReduceMethods,
    UniqueMethods,
    HistogramMethods,
    DifferenceMethods,
    RenormMethods,
    SelectionMethods,
    ScatteringMethods<D>,
    SoftmaxMethods,
    SortingMethods,
    StridedMethods,
    TernaryMethods,
    TranscendentalMethods,
    BesselMethods,
    ClosenessMethods,
    DivisionMethods,
    DivisorMethods,
    ErrorFunctionMethods,
    GammaMethods,
    HyperbolicMethods,
    LogarithmicMethods,
    LogicMethods,
    PowerMethods,
    PredicateMethods<D>,
    RoundingMethods<D>,
    SignMethods,
    ThresholdMethods,
    TrigonometricMethods,
    UnaryMethods<D>,
    ViewMethods<D>,
    DistributionMethods,
    SamplingMethods<D> {}

/** A family's table: every method of its interface, as a function of the tensor. */
export type MethodTable<Methods> = {
  readonly [K in keyof Methods]: Methods[K] extends (...args: infer A) => infer R
    ? (self: Tensor, ...args: A) => R
    : never
}

function bind(table: object): void {
  for (const [name, body] of Object.entries(table) as [string, (...args: unknown[]) => unknown][]) {
    if (name in Tensor.prototype) throw new Error(`the method '${name}' is defined twice`)
    // By number of arguments: a rest array would be allocated at each call.
    const method = {
      [name](this: Tensor, a: unknown, b: unknown, c: unknown): unknown {
        switch (arguments.length) {
          case 0:
            return body(this)
          case 1:
            return body(this, a)
          case 2:
            return body(this, a, b)
          case 3:
            return body(this, a, b, c)
          default:
            return body(this, ...arguments)
        }
      },
    }[name]
    Object.defineProperty(Tensor.prototype, name, {
      value: method,
      writable: true,
      configurable: true,
    })
  }
}

for (const table of [
  activationMethods,
  axisMethods,
  addProductMethods,
  binaryMethods,
  boundsMethods,
  castMethods,
  compareReduceMethods,
  comparisonMethods,
  contractionMethods,
  copyMethods,
  creationMethods,
  covarianceMethods,
  cumulativeMethods,
  gatheringMethods,
  indexMethods,
  indexingMethods,
  diagonalMethods,
  expandMethods,
  placingMethods,
  rearrangingMethods,
  repeatingMethods,
  slicingMethods,
  splittingMethods,
  maskMethods,
  matmulMethods,
  modeMethods,
  matrixFunctionMethods,
  normMethods,
  pseudoinverseMethods,
  qrMethods,
  solveMethods,
  svdMethods,
  triangularMethods,
  reduceMethods,
  restrideMethods,
  runningMethods,
  nanReduceMethods,
  uniqueMethods,
  histogramMethods,
  differenceMethods,
  renormMethods,
  selectionMethods,
  scatteringMethods,
  softmaxMethods,
  sortingMethods,
  stridedMethods,
  ternaryMethods,
  transcendentalMethods,
  besselMethods,
  closenessMethods,
  divisionMethods,
  divisorMethods,
  errorFunctionMethods,
  gammaMethods,
  hyperbolicMethods,
  logarithmicMethods,
  logicMethods,
  powerMethods,
  predicateMethods,
  roundingMethods,
  signMethods,
  thresholdMethods,
  trigonometricMethods,
  unaryMethods,
  viewMethods,
  distributionMethods,
  samplingMethods,
])
  bind(table)

for (const [name, get] of Object.entries(axisGetters) as [string, (self: Tensor) => Tensor][]) {
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor): Tensor {
      return get(this)
    },
    configurable: true,
  })
}
