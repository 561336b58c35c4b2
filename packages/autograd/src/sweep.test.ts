import { operations } from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import { zerosLike } from '@flambeau/core'
import type { GoldenCase, Sample } from '@flambeau/core/testing'
import {
  allSamples,
  assertClose,
  defaultTolerance,
  goldenCase,
  goldenInputs,
  makeInput,
  upstream,
} from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { grad, gradcheck, gradgradcheck } from './index.ts'

type Input = Tensor | number | null

function list(result: Tensor | readonly Tensor[]): readonly Tensor[] {
  return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]
}

function isFloating(input: Input): input is Tensor {
  return typeof input === 'object' && input !== null && input.isFloatingPoint()
}

/** The sample's inputs in float64, floating ones as leaves that require a gradient. */
function leaves(sample: Sample): Input[] {
  const made =
    sample.golden === undefined
      ? (sample.inputs ?? []).map((spec, i) => makeInput(spec, i, 'float64'))
      : goldenInputs(goldenCase(sample.golden), 'float64')
  for (const input of made) if (isFloating(input)) input.requiresGrad_()
  return made
}

/** Differentiates `run` with respect to its tensor inputs; numbers and null stay where they are. */
function check(
  sample: Sample,
  inputs: readonly Input[],
  by: (fn: (...tensors: Tensor[]) => Tensor | readonly Tensor[], tensors: Tensor[]) => boolean,
): boolean {
  const places = inputs.flatMap((input, i) => (isFloating(input) ? [i] : []))
  const fn = (...tensors: Tensor[]): Tensor | readonly Tensor[] => {
    const full = [...inputs]
    places.forEach((place, k) => (full[place] = tensors[k] as Tensor))
    return sample.run(...full)
  }
  return by(
    fn,
    places.map((place) => inputs[place] as Tensor),
  )
}

/** Operations whose samples were checked. */
const checked = new Set<string>()
// Second differences multiply the work: small inputs are enough for them.
const SMALL = 40
// One product with the Jacobian, whose weights differ everywhere, shows a wrong place as well.
const FAST = { fastMode: true }

interface Check {
  name: string
  /** True, or an error. */
  run: () => boolean
}

function compareWithGolden(sample: Sample, golden: GoldenCase): boolean {
  const inputs = goldenInputs(golden)
  const wanted = inputs.filter((input, i) => isFloating(input) && golden.grads?.[i])
  for (const input of wanted) (input as Tensor).requiresGrad_()
  const outputs = list(sample.run(...inputs)).filter((output) => output.requiresGrad)
  const got =
    outputs.length === 0
      ? wanted.map(() => null)
      : grad(outputs, wanted as Tensor[], {
          gradOutputs: outputs.map((output) => upstream(output.detach())),
          allowUnused: true,
        })
  const expected = golden.grads?.filter((one) => one !== null) ?? []
  expect(got).toHaveLength(expected.length)
  // What went through float32 on its way has its precision.
  const dtypes = [...expected.map((one) => one.dtype), ...golden.outputs.map((one) => one.dtype)]
  const coarsest = dtypes.includes('float32') ? 'float32' : 'float64'
  const { rtol, atol } = sample.tolerance ?? defaultTolerance(coarsest)
  expected.forEach((one, i) => {
    // No gradient is a gradient of zero.
    const actual = got[i] ?? zerosLike(wanted[i] as Tensor)
    assertClose(actual, one, { rtol: rtol * 4, atol: atol * 4 }, `gradient ${i}`)
  })
  return true
}

function checksOf(op: string, sample: Sample): Check[] {
  const checks: Check[] = []
  const golden = sample.golden === undefined ? undefined : goldenCase(sample.golden)
  if (golden?.grads !== undefined) {
    checks.push({
      name: `has PyTorch's gradients: ${sample.name}`,
      run: () => compareWithGolden(sample, golden),
    })
  }
  if (operations().get(op)?.differentiable === false) return checks
  const inputs = leaves(sample)
  if (!inputs.some((input) => isFloating(input) && input.numel() > 0)) return checks
  if (sample.gradcheck === false) return checks
  checks.push({
    name: `agrees with finite differences: ${sample.name}`,
    run: () => {
      const agrees = check(sample, inputs, (fn, tensors) => gradcheck(fn, tensors, FAST))
      checked.add(op)
      return agrees
    },
  })
  const elements = inputs.reduce((sum: number, x) => sum + (isFloating(x) ? x.numel() : 0), 0)
  if (elements <= SMALL) {
    checks.push({
      name: `agrees twice: ${sample.name}`,
      run: () => check(sample, inputs, (fn, tensors) => gradgradcheck(fn, tensors, FAST)),
    })
  }
  return checks
}

const checksByOperation = [...allSamples()].map(([op, samples]) => ({
  op,
  checks: samples
    .filter(({ throws }) => throws === undefined)
    .flatMap((sample) => checksOf(op, sample)),
}))

describe.each(checksByOperation.filter(({ checks }) => checks.length > 0))('$op', ({ checks }) => {
  it.each(checks)('$name', ({ run }) => {
    expect(run()).toBe(true)
  })
})

it('every differentiable operation was checked', () => {
  const differentiable = [...operations().values()].filter((op) => op.differentiable)
  const missing = differentiable.map((op) => op.name).filter((name) => !checked.has(name))
  expect(missing).toEqual([])
})
