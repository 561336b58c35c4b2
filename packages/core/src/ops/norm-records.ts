/** The records of normalisation, and what runs them without checking. */
import type { DTypeCode } from '../dtype.ts'
import { FLOAT32, FLOAT64, INT64 } from '../dtype.ts'
import type { BackwardInfo, Op, SavedInputs } from '../op.ts'
import { defineOp, isRecording, run, runInPlace, runMany, vmapping } from '../op.ts'
import type { Shape } from '../shape.ts'
import { numElements } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import type { Frame, NormInputs } from './norm-second-order.ts'
import { channelFrame, rowFrame, secondOrder } from './norm-second-order.ts'

/** Rows: the last axes. */
export interface RowParams {
  /** How many axes make a row. */
  axes: number
  eps: number
  /** Is the mean taken off? */
  centred: boolean
}

/** Channels: the axis 1. */
export interface ChannelParams {
  /** Groups of channels that share statistics in each image; 0: each channel over all images. */
  groups: number
  eps: number
}

type Gradients = readonly (Tensor | null | undefined)[]

/** Statistics of narrow dtypes are kept in float32. */
function statisticsCode(dtype: DTypeCode): DTypeCode {
  return dtype === FLOAT64 ? FLOAT64 : FLOAT32
}

function inputsOf(saved: SavedInputs): NormInputs {
  return {
    input: saved['input'] as Tensor,
    weight: (saved['weight'] as Tensor | null | undefined) ?? null,
  }
}

/** The three outputs of a gradient kernel, empty where they are not needed. */
function gradSpecs(
  { input, weight }: NormInputs,
  parameters: Shape,
  biasCode: DTypeCode,
  needed: readonly boolean[],
): { shape: Shape; dtype: DTypeCode }[] {
  return [
    { shape: needed[0] ? input._shape : [0], dtype: input._dtype },
    { shape: needed[1] ? parameters : [0], dtype: weight?._dtype ?? input._dtype },
    { shape: needed[2] ? parameters : [0], dtype: biasCode },
  ]
}

/** Gradients that were computed only to be left away become null. */
function onlyNeeded(grads: readonly Tensor[], needed: readonly boolean[]): (Tensor | null)[] {
  return grads.map((grad, i) => {
    if (needed[i]) return grad
    grad.dispose()
    return null
  })
}

// --- rows ---

function defineRows(name: string): Op<RowParams> {
  return defineOp<'input' | 'weight' | 'bias', RowParams>(name, ['input', 'weight', 'bias'], {
    kernel: 'normRows',
    outputs: 2,
    derivative: {
      needs: ['input', 'weight', 'out1'],
      formula: ([grad], saved, info) => {
        if (!grad) return []
        const inputs = inputsOf(saved)
        return rowGrads(grad, inputs, saved['out1'] as Tensor, info)
      },
    },
  })
}

const layerNormOp = defineRows('layerNorm')
const rmsNormOp = defineRows('rmsNorm')

const rowGradOp = defineOp<'grad' | 'input' | 'weight' | 'statistics', RowParams>(
  'normRowsGrad',
  ['grad', 'input', 'weight', 'statistics'],
  {
    outputs: 3,
    derivative: {
      needs: ['grad', 'input', 'weight'],
      formula: (seconds, saved, { params }) =>
        secondOrderOf(seconds, saved, rowFrame(params.axes, params.centred), params.eps),
    },
  },
)

function rowGrads(
  grad: Tensor,
  inputs: NormInputs,
  statistics: Tensor,
  { params, needed }: Pick<BackwardInfo<RowParams>, 'params' | 'needed'>,
): (Tensor | null)[] {
  const { input, weight } = inputs
  const row = input._shape.slice(input.ndim - params.axes)
  const grads = runMany(
    rowGradOp,
    [grad, input, weight, statistics],
    gradSpecs(inputs, row, weight?._dtype ?? input._dtype, needed),
    [numElements(row), params.centred ? 1 : 0],
    params,
  )
  return onlyNeeded(grads, needed)
}

function wantsGradient(tensors: readonly (Tensor | null)[]): boolean {
  return isRecording() && tensors.some((tensor) => tensor?._requiresGrad)
}

/** Normalises the last axes. */
export function normalizeRows(
  input: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  params: RowParams,
): Tensor {
  const op = params.centred ? layerNormOp : rmsNormOp
  const n = numElements(input._shape.slice(input.ndim - params.axes))
  const numbers = [n, params.eps, params.centred ? 1 : 0]
  const inputs = [input, weight, bias]
  if (!wantsGradient(inputs)) {
    return run(op, inputs, input._shape, input._dtype, numbers, params)
  }
  const rows = n === 0 ? 0 : input.numel() / n
  const [output, statistics] = runMany(
    op,
    inputs,
    [
      { shape: input._shape, dtype: input._dtype },
      { shape: [2, rows], dtype: statisticsCode(input._dtype) },
    ],
    numbers,
    params,
  ) as [Tensor, Tensor]
  statistics.dispose() // the graph keeps them
  return output
}

// --- channels ---

function defineChannels(name: string): Op<ChannelParams> {
  return defineOp<'input' | 'weight' | 'bias', ChannelParams>(name, ['input', 'weight', 'bias'], {
    kernel: 'normChannels',
    outputs: 2,
    derivative: {
      needs: ['input', 'weight', 'out1'],
      formula: ([grad], saved, info) => {
        if (!grad) return []
        return channelGrads(grad, inputsOf(saved), saved['out1'] as Tensor, info)
      },
    },
  })
}

const batchNormOp = defineChannels('batchNorm')
const groupNormOp = defineChannels('groupNorm')

const channelGradOp = defineOp<'grad' | 'input' | 'weight' | 'statistics', ChannelParams>(
  'normChannelsGrad',
  ['grad', 'input', 'weight', 'statistics'],
  {
    outputs: 3,
    derivative: {
      needs: ['grad', 'input', 'weight'],
      formula: (seconds, saved, { params }) => {
        const { _shape } = saved['input'] as Tensor
        return secondOrderOf(seconds, saved, channelFrame(_shape, params.groups), params.eps)
      },
    },
  },
)

function channelGrads(
  grad: Tensor,
  inputs: NormInputs,
  statistics: Tensor,
  { params, needed }: Pick<BackwardInfo<ChannelParams>, 'params' | 'needed'>,
): (Tensor | null)[] {
  const { input, weight } = inputs
  const channels = [input._shape[1] as number]
  const grads = runMany(
    channelGradOp,
    [grad, input, weight, statistics],
    gradSpecs(inputs, channels, weight?._dtype ?? input._dtype, [true, ...needed.slice(1)]),
    [params.groups, 0],
    params,
  )
  return onlyNeeded(grads, needed)
}

/** What a training call moves in place, beside its result. */
export interface Running {
  readonly mean: Tensor
  readonly variance: Tensor
  /** Counts the calls, int64; null where nobody counts. */
  readonly batches: Tensor | null
  /** The share of the new statistics. */
  readonly momentum: number
  /** By what the variance is multiplied to be unbiased. */
  readonly correction: number
}

/** Can the kernel that takes the statistics of `input` move these itself? */
export function movesWith(input: Tensor, { mean, variance, batches }: Running): boolean {
  const { interpreter } = vmapping
  if (interpreter !== null && interpreter.watches !== true) return false
  const code = statisticsCode(input._dtype)
  const fits = [mean, variance].every((one) => one._dtype === code && !one._requiresGrad)
  const counted = batches === null || (batches._dtype === INT64 && batches.ndim === 0)
  return fits && counted && (batches === null || batches.device === input.device)
}

/** The result of batch normalisation; moves the running statistics, which {@link movesWith} allows. */
export function normalizeAndMove(
  input: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
  { mean, variance, batches, momentum, correction }: Running,
): Tensor {
  const inputs = [input, weight, bias]
  // Only the graph needs the statistics themselves.
  const kept = wantsGradient(inputs) ? [3, input._shape[1] as number] : [0]
  const [output, statistics] = runMany(
    batchNormOp,
    inputs,
    [
      { shape: input._shape, dtype: input._dtype },
      { shape: kept, dtype: statisticsCode(input._dtype) },
    ],
    [0, eps, momentum, correction],
    { groups: 0, eps },
    FLOAT32,
    batches === null ? [mean, variance] : [mean, variance, batches],
  ) as [Tensor, Tensor]
  statistics.dispose() // the graph keeps them
  return output
}

/** The result, and if asked for the means, 1 / sqrt(variance + eps) and variances, `[3, sets]`. */
export function normalizeChannels(
  input: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  params: ChannelParams,
  wantsStatistics: boolean,
): [output: Tensor, statistics: Tensor | null] {
  const op = params.groups === 0 ? batchNormOp : groupNormOp
  const numbers = [params.groups, params.eps]
  const inputs = [input, weight, bias]
  const recorded = wantsGradient(inputs)
  if (!recorded && !wantsStatistics) {
    return [run(op, inputs, input._shape, input._dtype, numbers, params), null]
  }
  const [n, channels] = input._shape as readonly [number, number]
  const sets = params.groups === 0 ? channels : n * params.groups
  const [output, statistics] = runMany(
    op,
    inputs,
    [
      { shape: input._shape, dtype: input._dtype },
      { shape: [3, sets], dtype: statisticsCode(input._dtype) },
    ],
    numbers,
    params,
  ) as [Tensor, Tensor]
  if (wantsStatistics) return [output, statistics]
  statistics.dispose() // the graph keeps them
  return [output, null]
}

// --- channels, by statistics that are constants ---

type Fixed = Pick<ChannelParams, 'eps'>

const fixedOp = defineOp<'input' | 'weight' | 'bias' | 'mean' | 'variance', Fixed>(
  'batchNormEvaluated',
  ['input', 'weight', 'bias', 'mean', 'variance'],
  {
    kernel: 'normChannels',
    outputs: 2,
    derivative: {
      needs: ['input', 'weight', 'out1'],
      formula: ([grad], saved, { needed }) => {
        if (!grad) return []
        const inputs = inputsOf(saved)
        const { input, weight } = inputs
        const code = weight?._dtype ?? input._dtype
        const grads = runMany(
          fixedGradOp,
          [grad, input, weight, saved['out1'] as Tensor],
          gradSpecs(inputs, [input._shape[1] as number], code, [true, ...needed.slice(1)]),
          [0, 1],
        )
        return onlyNeeded(grads, needed)
      },
    },
  },
)

const fixedGradOp = defineOp<'grad' | 'input' | 'weight' | 'statistics'>(
  'batchNormEvaluatedGrad',
  ['grad', 'input', 'weight', 'statistics'],
  {
    kernel: 'normChannelsGrad',
    outputs: 3,
    derivative: {
      needs: ['grad', 'input', 'weight', 'statistics'],
      formula: (seconds, saved) => fixedSecondOrder(seconds, saved),
    },
  },
)

/** What gradients of dx = dy · w · r, dw = Σ dy · (x - μ) · r and db = Σ dy give. */
function fixedSecondOrder([vx, vw, vb]: Gradients, saved: SavedInputs): (Tensor | null)[] {
  const { input, weight } = inputsOf(saved)
  const grad = saved['grad'] as Tensor
  const sizes = input._shape.map((_, axis) => (axis === 1 ? -1 : 1))
  const others = input._shape.map((_, axis) => axis).filter((axis) => axis !== 1)
  const channels = (t: Tensor): Tensor => t.reshape(sizes)
  const [mean, r] = [0, 1].map((row) =>
    channels((saved['statistics'] as Tensor).detach().select(0, row)),
  ) as [Tensor, Tensor]
  const forGrad: Tensor[] = []
  if (vx) forGrad.push(weight ? vx.mul(channels(weight).mul(r)) : vx.mul(r))
  if (vw) forGrad.push(input.sub(mean).mul(channels(vw).mul(r)))
  if (vb) forGrad.push(channels(vb).expand(input._shape))
  return [
    forGrad.length === 0 ? null : forGrad.reduce((sum, term) => sum.add(term)),
    vw ? grad.mul(channels(vw).mul(r)) : null,
    vx && weight ? vx.mul(grad).mul(r).sum(others) : null,
  ]
}

/** Normalises channels by a mean and a variance that are given. */
export function normalizeChannelsBy(
  input: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  mean: Tensor,
  variance: Tensor,
  eps: number,
): Tensor {
  const inputs = [input, weight, bias, mean, variance]
  const params = { eps }
  if (!wantsGradient(inputs)) {
    return run(fixedOp, inputs, input._shape, input._dtype, [0, eps], params)
  }
  const [output, statistics] = runMany(
    fixedOp,
    inputs,
    [
      { shape: input._shape, dtype: input._dtype },
      { shape: [3, input._shape[1] as number], dtype: statisticsCode(input._dtype) },
    ],
    [0, eps],
    params,
  ) as [Tensor, Tensor]
  statistics.dispose() // the graph keeps them
  return output
}

const runningOp = defineOp<'mean' | 'variance' | 'statistics'>(
  'normRunning',
  ['mean', 'variance', 'statistics'],
  {
    outputs: 2,
    derivative: {
      mean: 'non-differentiable',
      variance: 'non-differentiable',
      statistics: 'non-differentiable',
    },
  },
)

/** Moves running statistics towards new ones, `[3, channels]`, by the share `momentum`. */
export function updateRunning(
  mean: Tensor,
  variance: Tensor,
  statistics: Tensor,
  momentum: number,
  correction: number,
): void {
  runInPlace(
    runningOp,
    [mean, variance],
    [mean, variance, statistics],
    [momentum, correction],
    null,
    statistics._dtype,
  )
}

function secondOrderOf(
  [v, vw, vb]: Gradients,
  saved: SavedInputs,
  frame: Frame,
  eps: number,
): (Tensor | null)[] {
  const grad = saved['grad'] as Tensor
  return secondOrder([v ?? null, vw ?? null, vb ?? null], grad, inputsOf(saved), frame, eps)
}
