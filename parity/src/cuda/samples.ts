/**
 * Samples of core's operations on a GPU and on the processor: outputs, gradients, and what is refused, in
 * all floating dtypes. Random numbers are others on a GPU: of those only dtype and shape are compared.
 */
import { grad } from '@flambeau/autograd'
import type { DType } from '@flambeau/core'
import { DeviceError, FlambeauError, manualSeed, setDefaultDevice, Tensor } from '@flambeau/core'
import type { Sample, Tolerance } from '@flambeau/core/testing'
import {
  allSamples,
  assertClose,
  defaultTolerance,
  goldenCase,
  goldenInputs,
  makeInput,
  upstream,
} from '@flambeau/core/testing'

type Input = Tensor | number | null

/** A comparison to be made. */
export interface SampleCase {
  readonly op: string
  readonly name: string
  /** @throws what is wrong. */
  readonly run: () => void
}

const OTHER_DTYPES: readonly DType[] = ['float64', 'float16', 'bfloat16']

/** Contents are what was in memory before, or random numbers. */
const UNSPECIFIED: ReadonlySet<string> = new Set([
  ...['empty', 'emptyLike', 'emptyStrided', 'newEmpty', 'newEmptyStrided'],
  ...['bernoulli', 'bernoulliEach', 'binomial', 'cauchy', 'dropout', 'dropoutBits', 'dropoutGrad'],
  ...['exponential', 'geometric', 'logNormal', 'multinomial', 'normal', 'normalEach', 'poisson'],
  ...['randint', 'random', 'uniform'],
])

/** The same, by what samples are called. */
const RANDOM = /^the numbers of PyTorch|dropout/

/** Which of equal elements is named, and their order if it was not asked for, is open. */
const TIES: ReadonlySet<string> = new Set(['kthvalue', 'mode', 'topk'])

/** What does not hold where there is a GPU. */
const WITHOUT: ReadonlySet<string> = new Set(['to: a device that is not there'])

/** What moves tensors to the processor. */
const MOVES: ReadonlySet<string> = new Set(['cpu', 'to', 'transfer'])

/** Functions by which a sample may make tensors of its own, on the default device. */
const CREATES =
  /\b(column|layout|newTensor|special|tensor|zeros|ones|full|arange|linspace|eye|rand\w*|fromTypedArray|scalarTensor|empty|Generator)\)?\(/

function inputsOf(sample: Sample, dtype?: DType): Input[] {
  if (sample.inputs !== undefined) return sample.inputs.map((spec, i) => makeInput(spec, i, dtype))
  return goldenInputs(goldenCase(sample.golden as string), dtype)
}

function onDevice(inputs: readonly Input[]): Input[] {
  return inputs.map((input) => (input instanceof Tensor ? input.detach().to('cuda') : input))
}

function outputsOf(sample: Sample, inputs: readonly Input[]): Tensor[] {
  const result = sample.run(...inputs)
  const list: readonly unknown[] = Array.isArray(result) ? result : [result]
  return list.filter((value) => value instanceof Tensor)
}

const makesTensors = (sample: Sample): boolean => CREATES.test(sample.run.toString())

/** On the GPU. A sample that makes tensors itself makes them on the default device, which then is that. */
function deviceOutputsOf(sample: Sample, inputs: readonly Input[]): Tensor[] {
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

/** On the processor, from a seed; null where inputs of another dtype than the sample's are refused. */
function expectedOf(sample: Sample, seed: number, dtype?: DType): Tensor[] | null {
  manualSeed(seed)
  try {
    return outputsOf(sample, inputsOf(sample, dtype))
  } catch (error) {
    if (dtype !== undefined && error instanceof FlambeauError) return null
    throw error
  }
}

const numbers = (tensors: readonly Tensor[]): string =>
  tensors.map((tensor) => tensor.toArray().join()).join(';')

function requireSameKind(actual: readonly Tensor[], expected: readonly Tensor[]): void {
  const kinds = (tensors: readonly Tensor[]): string =>
    tensors.map((tensor) => `${tensor.dtype} [${tensor.shape.join(', ')}]`).join('; ')
  if (kinds(actual) === kinds(expected)) return
  throw new Error(`got ${kinds(actual)}, expected ${kinds(expected)}`)
}

/** Operations whose 16-bit results are rounded at every step on a GPU, and once on the processor. */
const STEPPED: ReadonlySet<string> = new Set(['recurrent'])

/** The sample, with what those roundings explain: weights of the goldens make them grow from step to step. */
function stepped(sample: Sample, dtype: DType): Sample {
  const { rtol } = defaultTolerance(dtype)
  return { ...sample, tolerance: { rtol: 8 * rtol, atol: 8 * rtol } }
}

/**
 * What rounding in another order explains; in 16 bits, of sums that cancel, a step of what was summed. Products
 * and sums that are joined, and a C library that is as far off as CUDA's documentation says, stay within it.
 */
function tolerance(sample: Sample, expected: Tensor): Tolerance {
  const { dtype } = expected
  const usual = defaultTolerance(dtype)
  const narrow = dtype === 'float16' || dtype === 'bfloat16'
  const largest = narrow && expected.numel() > 0 ? finiteMaximum(expected) : 0
  const wider = {
    rtol: (dtype === 'bfloat16' ? 2 : 4) * usual.rtol,
    atol: Math.max(2 * usual.atol, usual.rtol * largest),
  }
  // That of a sample is for float32 in general: float64 has no need of it.
  if (sample.tolerance === undefined || dtype === 'float64') return wider
  const { rtol, atol } = sample.tolerance
  return { rtol: Math.max(rtol, wider.rtol), atol: Math.max(atol, wider.atol) }
}

const finiteMaximum = (tensor: Tensor): number =>
  Number(tensor.float().abs().nanToNum(0, 0, 0).max().item())

function requireClose(
  sample: Sample,
  actual: readonly (Tensor | null)[],
  expected: readonly (Tensor | null)[],
  what: string,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} ${what}s, not ${expected.length}`)
  expected.forEach((tensor, i) => {
    const other = actual[i] ?? null
    if (tensor === null || other === null) {
      if (tensor !== other)
        throw new Error(`${what} ${i} is ${other === null ? 'missing' : 'given'}`)
      return
    }
    assertClose(other.cpu(), tensor, tolerance(sample, tensor), `${what} ${i}`)
  })
}

/** Gradients of the weighted sum of the floating outputs with respect to the floating inputs. */
function gradientsOf(
  inputs: readonly Input[],
  run: (inputs: readonly Input[]) => Tensor[],
): (Tensor | null)[] {
  const leaves = inputs.map((input) =>
    input instanceof Tensor && input.isFloatingPoint() ? input.detach().requiresGrad_() : input,
  )
  const wanted = leaves.filter((leaf) => leaf instanceof Tensor && leaf.requiresGrad) as Tensor[]
  const outputs = run(leaves).filter((output) => output.requiresGrad)
  if (wanted.length === 0 || outputs.length === 0) return []
  const gradOutputs = outputs.map((output) => upstream(output).to(output.device))
  return [...grad(outputs, wanted, { gradOutputs, allowUnused: true })]
}

function compare(op: string, asked: Sample, dtype?: DType): void {
  const narrow = dtype === 'float16' || dtype === 'bfloat16'
  const sample = narrow && STEPPED.has(op) ? stepped(asked, dtype) : asked
  const expected = expectedOf(sample, 0, dtype)
  if (expected === null) return
  const inputs = onDevice(inputsOf(sample, dtype))
  const actual = deviceOutputsOf(sample, inputs)
  const away = actual.findIndex((output) => output.numel() > 0 && !output.isCuda)
  const given = inputs.some((input) => input instanceof Tensor)
  if (away >= 0 && given && !makesTensors(sample) && !MOVES.has(op))
    throw new Error(`output ${away} is on ${(actual[away] as Tensor).device}`)
  const again = expectedOf(sample, 1, dtype) ?? []
  if (UNSPECIFIED.has(op) || RANDOM.test(sample.name) || numbers(again) !== numbers(expected))
    return requireSameKind(actual, expected)
  if (TIES.has(op)) {
    const sorted = ([values]: readonly Tensor[]): Tensor[] =>
      values === undefined ? [] : [values.cpu().flatten().sort().values]
    return requireClose(sample, sorted(actual), sorted(expected), 'values')
  }
  requireClose(sample, actual, expected, 'output')
  if (sample.gradcheck === false || narrow) return
  const gradients = gradientsOf(inputsOf(sample, dtype), (leaves) => outputsOf(sample, leaves))
  const there = gradientsOf(inputs, (leaves) => deviceOutputsOf(sample, leaves))
  requireClose(sample, there, gradients, 'gradient')
}

function requireRefused(sample: Sample, rule: RegExp): void {
  try {
    // What depends on contents is found out when they are looked at.
    for (const output of deviceOutputsOf(sample, onDevice(inputsOf(sample)))) output.toArray()
  } catch (error) {
    // What was found late is said with the kernel's name, and without the arguments of the call.
    const late = error instanceof FlambeauError && error.message.includes('found it in an earlier')
    if (late || rule.test((error as Error).message)) return
    throw error
  }
  throw new Error(`nothing was thrown, expected ${rule}`)
}

/** All comparisons; of one operation if it is named. */
export function* sampleCases(only?: string): Generator<SampleCase> {
  for (const [op, samples] of allSamples()) {
    if (only !== undefined && only !== op) continue
    for (const sample of samples) {
      const { name, throws } = sample
      if (WITHOUT.has(`${op}: ${name}`)) continue
      if (throws !== undefined) {
        yield { op, name: `${name}: is refused`, run: () => requireRefused(sample, throws) }
        continue
      }
      yield { op, name, run: () => compare(op, sample) }
      const floating = inputsOf(sample).some(
        (input) => input instanceof Tensor && input.dtype === 'float32',
      )
      for (const dtype of floating ? OTHER_DTYPES : [])
        yield { op, name: `${name}: ${dtype}`, run: () => compare(op, sample, dtype) }
    }
  }
}
