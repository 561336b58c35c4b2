/**
 * How one call does an operation for all samples of vmap. Operations that are not named here are done
 * sample by sample, which gives the same: a sweep over all samples of all operations compares.
 */
import type { Input, Spec } from '../op.ts'
import { run } from '../op.ts'
import { expand } from '../ops/expand.ts'
import { reshape } from '../ops/views.ts'
import { Tensor } from '../tensor.ts'
import type { BatchedCall } from './call.ts'
import { aligned, alignedInputs } from './call.ts'

/** The samples of the result, or null where the rule does not cover the call. */
export type BatchRule = (call: BatchedCall, spec: Spec) => Tensor | null

const names = (text: string): string[] => text.trim().split(/\s+/)

/** Operations whose result at a place depends on the inputs at that place, and which broadcast. */
export const elementwise: ReadonlySet<string> = new Set(
  names(`
    cast copy clone contiguous filled fillInPlace
    add sub mul div floorDivide truncDivide flatQuotient remainder fmod pow hypot atan2
    maximum minimum fmax fmin copysign heaviside nextafter nextafterNarrow gcd lcm
    logaddexp logaddexp2 xlogy xlog1py zeta igamma igammac
    eq ne lt le gt ge logicalAnd logicalOr logicalXor logicalNot
    bitwiseAnd bitwiseOr bitwiseXor bitwiseNot bitwiseLeftShift bitwiseRightShift
    where lerp addcmul addcdiv clamp clampMin clampMax
    neg abs sign square sqrt rsqrt reciprocal floor ceil trunc round roundDecimals frac
    exp exp2 expm1 log log1p log2 log10 i0 i0e i1 i1e
    erf erfc erfinv erfcx ndtr ndtri logNdtr lgamma digamma polygamma entr logit sinc angle
    sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
    isnan isinf isposinf isneginf isfinite signbit frexpExponent frexpMantissa nanToNum
    relu sigmoid gelu geluTanh silu softplus elu
    reluGrad tanhGrad sigmoidGrad geluGrad geluTanhGrad siluGrad softplusGrad
    alias detach
  `),
)

const random: ReadonlySet<string> = new Set(
  names(`
    uniform normal randint randperm exponential cauchy logNormal geometric random bernoulli
    bernoulliEach normalEach poisson binomial multinomial dropout dropoutBits
  `),
)

const views: ReadonlySet<string> = new Set(
  names(
    'view reshape viewDtype alias detach permute expand select slice unfold diagonal at asStrided',
  ),
)

/** Does an operation give a view of its input? */
export function isView(name: string): boolean {
  return views.has(name)
}

/** Does an operation draw random numbers? */
export function isRandom(name: string): boolean {
  return random.has(name)
}

/** Runs the operation once, on these inputs, for a result with the samples first. */
function once(
  { op, level, numberDtype }: BatchedCall,
  inputs: readonly Input[],
  { shape, dtype }: Spec,
  numbers: readonly number[],
  params: unknown,
): Tensor {
  return run(op, inputs, [level.size, ...shape], dtype, numbers, params, numberDtype)
}

const broadcast: BatchRule = (call, spec) =>
  once(call, alignedInputs(call, spec.shape.length), spec, call.numbers, call.params)

/** All tensors with samples: those without get them by expansion. */
function expandedInputs({ inputs, samples, level }: BatchedCall): Input[] {
  return inputs.map((input, i) => {
    const own = samples[i] ?? null
    if (own !== null || !(input instanceof Tensor)) return own ?? input
    return expand(input, [level.size, ...input._shape])
  })
}

/** Of an operation along one axis, which leads its numbers and is named in its parameters. */
const alongAxis: BatchRule = (call, spec) => {
  const [axis, ...rest] = call.numbers
  if (axis === undefined || axis < 0 || hasScalar(call)) return null
  const params = call.params as { axis: number } | null
  const shifted = params === null ? params : { ...params, axis: params.axis + 1 }
  return once(call, expandedInputs(call), spec, [axis + 1, ...rest], shifted)
}

/** Of an operation over several axes, which are its numbers after the first `lead` ones. */
function overAxes(lead: number): BatchRule {
  return (call, spec) => {
    if (hasScalar(call)) return null
    const fixed = call.numbers.slice(0, lead)
    const axes = call.numbers.slice(lead).map((axis) => axis + 1)
    const params = call.params as { axes: readonly number[] } | null
    const shifted = params === null ? params : { ...params, axes }
    return once(call, expandedInputs(call), spec, [...fixed, ...axes], shifted)
  }
}

/** Is an input a tensor without axes, for which axis 0 is an exception? */
function hasScalar({ inputs }: BatchedCall): boolean {
  return inputs.some((input) => input instanceof Tensor && input.ndim === 0)
}

/** Of a reduction that takes no axes to mean all of them. */
const reduce: BatchRule = (call, spec) =>
  call.numbers.length === 0 ? null : overAxes(0)(call, spec)

/** Of a product over all axes, whose derivative takes all axes or one: the axes of a sample as one. */
const prod: BatchRule = (call, spec) => {
  if (call.numbers.length <= 1) return reduce(call, spec)
  const [input] = expandedInputs(call) as [Tensor]
  const { size } = call.level
  const params = { axes: [1], keepdim: false }
  const flat = reshape(input, [size, (call.inputs[0] as Tensor).numel()])
  const out = once(call, [flat], { ...spec, shape: [] }, [1], params)
  return reshape(out, [size, ...spec.shape])
}

const permute: BatchRule = (call, spec) => {
  const order = [0, ...call.numbers.map((axis) => axis + 1)]
  return once(call, expandedInputs(call), spec, order, order)
}

const flip: BatchRule = (call, spec) => {
  const axes = call.numbers.map((axis) => axis + 1)
  return hasScalar(call) ? null : once(call, expandedInputs(call), spec, axes, axes)
}

/** Of tensors joined along an axis, which is the only parameter. */
const join: BatchRule = (call, spec) => {
  const axis = (call.params as number) + 1
  return once(call, expandedInputs(call), spec, [axis], axis)
}

const diagonal: BatchRule = (call, spec) => {
  const { a, b, offset } = call.params as { a: number; b: number; offset: number }
  const params = { a: a + 1, b: b + 1, offset }
  return once(call, expandedInputs(call), spec, [a + 1, b + 1, offset], params)
}

/** Of an operation on the last axes, to which leading ones are no different. */
const trailing: BatchRule = (call, spec) =>
  once(call, expandedInputs(call), spec, call.numbers, call.params)

/** Samples lead; the bits of dropout are drawn for each sample. */
const attention: BatchRule = (call, spec) => (call.inputs[4] === null ? trailing(call, spec) : null)

/** Products broadcast over all axes but the last two; a vector is a row, or a column. */
const product: BatchRule = (call, spec) => {
  const [row, column] = call.inputs.map((input) => (input as Tensor).ndim === 1)
  const rank = Math.max(2, ...call.inputs.map((input) => (input as Tensor).ndim))
  const inputs = call.inputs.map((input, i) => {
    const samples = call.samples[i] ?? null
    const own = samples ?? (input as Tensor)
    const lead = own._shape.slice(0, -1)
    const size = own._shape.at(-1) as number
    const isVector = (input as Tensor).ndim === 1
    const matrix = isVector ? reshape(own, [...lead, ...(i === 0 ? [1, size] : [size, 1])]) : own
    return samples === null ? matrix : aligned(matrix, rank)
  })
  const { shape } = spec
  const batch = shape.slice(0, shape.length - (row ? 0 : 1) - (column ? 0 : 1))
  const rows = row ? 1 : (shape[batch.length] as number)
  const columns = column ? 1 : (shape.at(-1) as number)
  const full = { ...spec, shape: [...batch, rows, columns] }
  const out = once(call, inputs, full, call.numbers, call.params)
  return row || column ? reshape(out, [call.level.size, ...shape]) : out
}

/** The part of the samples that a window of one describes: all of them, and the window. */
function windowed(
  { level, params }: BatchedCall,
  tokens: readonly number[],
): {
  tokens: readonly number[]
  params: unknown
} {
  const own = [0, 0, 1, level.size, ...tokens]
  const { shape, ...rest } = params as { shape: readonly number[] }
  return { tokens: own, params: { ...rest, tokens: own, shape: [level.size, ...shape] } }
}

const window: BatchRule = (call, spec) => {
  const { tokens, params } = windowed(call, call.numbers)
  return once(call, expandedInputs(call), spec, tokens, params)
}

/** Of a map of the last axis: one weight for all samples, or a product. */
const linear: BatchRule = (call, spec) => {
  const [input, weight, bias] = call.samples
  const rank = (call.inputs[0] as Tensor).ndim
  if (rank < 1 || call.inputs[1] === null) return null
  if (weight === null && bias === null) {
    return once(call, [input as Tensor, ...call.inputs.slice(1)], spec, call.numbers, call.params)
  }
  return null
}

/** Rows of one table for all samples' indices. */
const rowsOfTable: BatchRule = (call, spec) => {
  const [table, indices] = call.samples
  if (table !== null || indices === null) return null
  return once(call, [call.inputs[0] as Tensor, indices as Tensor], spec, call.numbers, call.params)
}

/** Samples as further items of the batch axis that the operation has anyway. */
function folded(weights: number): BatchRule {
  return (call, spec) => {
    const [input] = call.samples
    for (let i = 1; i <= weights; i++) if (call.samples[i]) return null
    if (!input) return null
    const [size, items, ...rest] = input._shape as [number, number, ...number[]]
    const flat = reshape(input, [size * items, ...rest])
    const [outItems, ...outRest] = spec.shape as [number, ...number[]]
    const out = run(
      call.op,
      [flat, ...call.inputs.slice(1)],
      [size * outItems, ...outRest],
      spec.dtype,
      call.numbers,
      call.params,
      call.numberDtype,
    )
    return reshape(out, [size, outItems, ...outRest])
  }
}

const table: readonly [BatchRule, string][] = [
  [broadcast, [...elementwise].join(' ')],
  [broadcast, 'expand'],
  [trailing, 'view reshape tril triu'],
  [attention, 'scaledDotProductAttention'],
  [permute, 'permute'],
  [alongAxis, 'select slice unfold windowGrad unfoldGrad softmax logSoftmax cumsum cumprod'],
  [alongAxis, 'softmaxGrad logSoftmaxGrad'],
  [prod, 'prod'],
  [reduce, 'sum mean amax amin logsumexp'],
  [overAxes(1), 'norm var std'],
  [flip, 'flip'],
  [join, 'cat stack'],
  [diagonal, 'diagonal diagEmbed'],
  [product, 'matmul'],
  [window, 'at atGrad'],
  [linear, 'linear'],
  [rowsOfTable, 'embedding'],
  [folded(2), 'conv2d conv3d'],
  [folded(0), 'avgPool2d'],
]

/** Rules by operation. */
export const rules: ReadonlyMap<string, BatchRule> = new Map(
  table.flatMap(([rule, list]) => names(list).map((name) => [name, rule] as const)),
)
