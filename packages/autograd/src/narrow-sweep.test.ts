/**
 * float16 and bfloat16: every sample of every operation gives nearly what float32 gives for the same
 * numbers, and so do its gradients. Kernels that do not know these types get float32 copies, so this
 * sees that each rule lets them through and keeps the dtype.
 */
import type { Tensor } from '@flambeau/core'
import { DTypeError, manualSeed } from '@flambeau/core'
import type { Sample } from '@flambeau/core/testing'
import { allSamples, goldenCase, goldenInputs, makeInput, upstream } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { grad } from './index.ts'

type Input = Tensor | number | null
type Narrow = 'float16' | 'bfloat16'

const WORDS = 'fewer words are drawn for 16-bit floats, as in PyTorch'
const ROUNDED = 'the gradient is made of the rounded result, as in PyTorch'

const FOUND = 'whether all were finite is float32, as in PyTorch'

/** Samples that are not compared, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'adamStep: adam': 'squares of gradients are below what float16 holds in full',
  'atan2: both broadcast': 'sums of gradients that cancel',
  'bincount: weights': 'the result is float64, as in PyTorch',
  'binomial: operands that the inputs do not change: no gradient flows': 'another probability',
  'corrcoef: a variable': 'the gradient is zero but for rounding',
  'corrcoef: three variables': 'sums of gradients that cancel',
  'float: a method': 'the result is float32',
  'i1: infinite, NaN and other special values': 'beyond what float16 holds',
  'i1e: values and gradients': 'the gradient is a difference of nearly equal numbers',
  'logcumsumexp: large numbers': ROUNDED,
  'logsumexp: large numbers': ROUNDED,
  'ndtri: infinite, NaN and other special values': ROUNDED,
  'normal: in place': WORDS,
  'normal_: the numbers of PyTorch': WORDS,
  'random: floating, over all whole numbers that it holds': 'the dtype holds others',
  'randnLike: the numbers of PyTorch': WORDS,
  'unscaleAll: two dtypes, gaps, and none': FOUND,
  'unscaleAll: unscale': FOUND,
  'unscaleAll: unscale infinite': FOUND,
  'unscaleAll: unscale nan': FOUND,
  'var: a large mean': 'the mean has no room for what varies',
  'viewDtype: the bits of floats': 'the bits are others',
}

/** Decompositions are for float32 and float64, as in PyTorch; pixels for uint8 and float32. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof DTypeError)) return false
  return /takes float32 and float64|^image(Warp|Resize|Table|Recolour):/.test(error.message)
}

// Half the distance between neighbours, relative to them.
const ROUNDING: Record<Narrow, number> = { float16: 2 ** -11, bfloat16: 2 ** -8 }
// Roundings that may add up in an operation that is made of others, in its gradient.
const STEPS = 12

function list(result: Tensor | readonly Tensor[]): readonly Tensor[] {
  return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]
}

function isNarrowed(input: Input): input is Tensor {
  return typeof input === 'object' && input !== null && input.dtype === 'float32'
}

function made(sample: Sample): Input[] {
  return sample.golden === undefined
    ? (sample.inputs ?? []).map((spec, i) => makeInput(spec, i))
    : goldenInputs(goldenCase(sample.golden))
}

/** Outputs and gradients for inputs of `used`, whose values `dtype` holds exactly. */
function outcome(
  sample: Sample,
  dtype: Narrow,
  used: Narrow | 'float32',
): { outputs: readonly Tensor[]; grads: readonly (Tensor | null)[] } {
  const inputs = made(sample).map((input) =>
    isNarrowed(input) ? input.to(dtype).to(used).requiresGrad_() : input,
  )
  manualSeed(0)
  const outputs = list(sample.run(...inputs))
  const leaves = inputs.filter(
    (input): input is Tensor =>
      typeof input === 'object' && input !== null && input.requiresGrad && input.isLeaf,
  )
  const roots = outputs.filter((output) => output.requiresGrad)
  const grads =
    roots.length === 0 || leaves.length === 0
      ? []
      : grad(roots, leaves, {
          gradOutputs: roots.map((root) => upstream(root.detach()).to(dtype).to(root.dtype)),
          allowUnused: true,
        })
  return { outputs, grads }
}

function compare(actual: Tensor | null, wanted: Tensor | null, dtype: Narrow, what: string): void {
  if (actual === null || wanted === null) {
    expect([what, actual === null]).toEqual([what, wanted === null])
    return
  }
  expect([what, actual.dtype, ...actual.shape]).toEqual([
    what,
    wanted.dtype === 'float32' ? dtype : wanted.dtype,
    ...wanted.shape,
  ])
  const a = actual.detach().to('float64').toArray()
  const b = wanted.detach().to('float64').toArray()
  const finite = Array.from(b, Math.abs).filter((size) => Number.isFinite(size))
  const scale = finite.reduce((x, y) => Math.max(x, y), 0)
  const tolerance = actual.isFloatingPoint() ? STEPS * ROUNDING[dtype] : 0
  for (let i = 0; i < b.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    if (Object.is(x, y) || x === y) continue
    // What float32 holds may be too large for float16.
    if (dtype === 'float16' && Math.abs(y) >= 65000 && Math.abs(x) >= 65000) continue
    if (Math.abs(x - y) <= tolerance * scale + 2 ** -24) continue
    throw new Error(`${what}: element ${i} is ${x}, in float32 ${y}`)
  }
}

const cases = [...allSamples()].flatMap(([op, samples]) =>
  samples
    .filter((sample) => sample.throws === undefined)
    .filter((sample) => made(sample).some(isNarrowed))
    .map((sample) => ({ name: `${op}: ${sample.name}`, sample })),
)

describe.each(['float16', 'bfloat16'] as const)('%s', (dtype) => {
  it.each(cases.filter(({ name }) => EXCEPTIONS[name] === undefined))('$name', ({ sample }) => {
    const wanted = outcome(sample, dtype, 'float32')
    let actual: typeof wanted
    try {
      actual = outcome(sample, dtype, dtype)
    } catch (error) {
      if (isRefused(error)) return
      throw error
    }
    expect(actual.outputs.length).toBe(wanted.outputs.length)
    wanted.outputs.forEach((output, i) => {
      compare(actual.outputs[i] as Tensor, output, dtype, `output ${i}`)
    })
    expect(actual.grads.length).toBe(wanted.grads.length)
    wanted.grads.forEach((one, i) => {
      compare(actual.grads[i] ?? null, one ?? null, dtype, `gradient ${i}`)
    })
  })
})

it('has no exception that is not needed', () => {
  const names = new Set(cases.map(({ name }) => name))
  expect(Object.keys(EXCEPTIONS).filter((name) => !names.has(name))).toEqual([])
})
