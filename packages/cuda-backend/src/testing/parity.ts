/** Runs samples of core's operations on a GPU and on the processor, and compares them. */
import type { DType } from '@flambeau/core'
import { DeviceError, setDefaultDevice, Tensor } from '@flambeau/core'
import type { Sample, Tolerance } from '@flambeau/core/testing'
import {
  assertClose,
  defaultTolerance,
  goldenCase,
  goldenInputs,
  makeInput,
  upstream,
} from '@flambeau/core/testing'
import { grad } from '@flambeau/autograd'

export type SampleInput = Tensor | number | null

/** The inputs of a sample; floating ones in `dtype` if given. */
export function inputsOf(sample: Sample, dtype?: DType): SampleInput[] {
  if (sample.inputs !== undefined) return sample.inputs.map((spec, i) => makeInput(spec, i, dtype))
  return goldenInputs(goldenCase(sample.golden as string), dtype)
}

/** The same inputs on the GPU. */
export function onDevice(inputs: readonly SampleInput[]): SampleInput[] {
  return inputs.map((input) => (input instanceof Tensor ? input.detach().to('cuda') : input))
}

const list = (result: unknown): Tensor[] =>
  (Array.isArray(result) ? result : [result]).filter((value) => value instanceof Tensor)

/** What a sample gives where its inputs are. */
export function outputsOf(sample: Sample, inputs: readonly SampleInput[]): Tensor[] {
  return list(sample.run(...inputs))
}

// Functions by which a sample may make tensors of its own, on the default device.
const CREATES =
  /\b(tensor|zeros|ones|full|arange|linspace|eye|rand\w*|fromTypedArray|scalarTensor|empty|Generator)\)?\(/

/** Does a sample make tensors itself, which are on the default device? */
export function makesTensors(sample: Sample): boolean {
  return CREATES.test(sample.run.toString())
}

/** Does a sample choose its random numbers by a seed? They are others on a GPU. */
export function seedsItself(sample: Sample): boolean {
  return /\b(manualSeed|seeded|Generator)\)?\(/.test(sample.run.toString())
}

/**
 * The same on the GPU. A sample that makes tensors itself makes them on the default device, which then
 * is the GPU.
 */
export function deviceOutputsOf(sample: Sample, inputs: readonly SampleInput[]): Tensor[] {
  try {
    return outputsOf(sample, inputs)
  } catch (error) {
    const mixed = error instanceof DeviceError && error.message.includes('same device')
    if (!mixed || !makesTensors(sample)) throw error
  }
  setDefaultDevice('cuda')
  try {
    return outputsOf(sample, inputs)
  } finally {
    setDefaultDevice(null)
  }
}

/** The larger tolerance of the two, by parts. */
export function looser(a: Tolerance, b: Tolerance): Tolerance {
  return { rtol: Math.max(a.rtol, b.rtol), atol: Math.max(a.atol, b.atol) }
}

/** What rounding in another order explains, by dtype. */
export function parityTolerance(sample: Sample, dtype: string): Tolerance {
  const usual = defaultTolerance(dtype)
  const wider = { rtol: 4 * usual.rtol, atol: usual.atol === 0 ? 0 : 2e-5 }
  return sample.tolerance === undefined ? wider : looser(wider, sample.tolerance)
}

export function compare(
  sample: Sample,
  actual: readonly Tensor[],
  expected: readonly Tensor[],
  what: string,
  tolerance?: Tolerance,
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}s: got ${actual.length}, expected ${expected.length}`)
  }
  expected.forEach((tensor, i) => {
    const bound = tolerance ?? parityTolerance(sample, tensor.dtype)
    assertClose((actual[i] as Tensor).cpu(), tensor, bound, `${what} ${i}`)
  })
}

const inOrder = (tensor: Tensor): Tensor => tensor.cpu().reshape(-1).sort()[0]

/**
 * Compares elements that were chosen of `input`, with their places. Which of several equal ones it is,
 * and in which order they come unless asked for, is open.
 */
export function compareChoices(
  sample: Sample,
  input: Tensor,
  actual: readonly Tensor[],
  expected: readonly Tensor[],
): void {
  compare(sample, actual.slice(0, 1).map(inOrder), expected.slice(0, 1).map(inOrder), 'elements')
  const [values, places] = actual.map((tensor) => tensor.cpu()) as [Tensor, Tensor | undefined]
  if (places === undefined) return
  const from = input.detach().cpu()
  const names = (axis: number): boolean => {
    const kept = places.ndim === from.ndim
    const around = kept || from.ndim === 0 ? places : places.unsqueeze(axis)
    const fits = around.shape.every((size, i) => i === axis || size === from.shape[i])
    if (!fits) return false
    const named = from.gather(axis, around).reshape(values.shape)
    return named.toArray().join() === values.toArray().join()
  }
  const axes = Array.from({ length: Math.max(1, from.ndim) }, (_, axis) => axis)
  if (!axes.some(names)) throw new Error('the places are not those of the elements')
}

/** Compares gradients of what was chosen: each weight arrives at one of several equal elements. */
export function compareChosenGradients(sample: Sample, actual: Tensor, expected: Tensor): void {
  compare(sample, [inOrder(actual)], [inOrder(expected)], 'gradients of chosen elements')
}

/** Gradients of the weighted sum of the floating outputs with respect to the floating inputs. */
export function gradientsOf(
  inputs: readonly SampleInput[],
  run: (inputs: readonly SampleInput[]) => Tensor[],
): (Tensor | null)[] {
  const leaves = inputs.map((input) =>
    input instanceof Tensor && input.isFloatingPoint() ? input.detach().requiresGrad_() : input,
  )
  const wanted = leaves.filter(
    (leaf): leaf is Tensor => leaf instanceof Tensor && leaf.requiresGrad,
  )
  const outputs = run(leaves).filter((output) => output.requiresGrad)
  if (wanted.length === 0 || outputs.length === 0) return []
  const gradOutputs = outputs.map((output) => upstream(output).to(output.device))
  return [...grad(outputs, wanted, { gradOutputs, allowUnused: true })]
}
