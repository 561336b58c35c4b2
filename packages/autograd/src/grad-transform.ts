/** From functions to gradient functions: `grad(fn)`, also for each sample inside of vmap. */
import { DTypeError, onesLike, ShapeError, Tensor, ValueError, zerosLike } from '@flambeau/core'
import { batched, currentLevels, isNamed, isRecording, samplesOf } from '@flambeau/core/internal'
import { enableGrad } from './grad-mode.ts'
import { grad as gradOfTensors } from './gradients.ts'

/** Options of `grad(fn)`. */
export interface GradTransformOptions {
  /** Which arguments to differentiate by: one, or several in an array. Default 0. */
  argnums?: number | readonly number[]
  /** The function returns `[output, anything]`, and its gradient `[gradient, anything]`. */
  hasAux?: boolean
}

/** Calls `visit` for each tensor in arrays and plain objects; the result has the same structure. */
function mapTensors(value: unknown, visit: (tensor: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return visit(value)
  if (Array.isArray(value)) return value.map((one) => mapTensors(one, visit))
  if (!isNamed(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, one]) => [key, mapTensors(one, visit)]))
}

/**
 * The tensor of all samples of every vmap that runs: `[outer, …, inner, …shape]`. What samples share
 * is repeated, so that a gradient by it is that of each sample alone.
 */
function wholeOf(tensor: Tensor): Tensor {
  return currentLevels().reduceRight(
    (whole, level) =>
      samplesOf(whole, level) ?? whole.unsqueeze(0).expand(level.size, ...whole.shape),
    tensor,
  )
}

/** What stands for one sample of a tensor of all samples. */
function sampleOf(whole: Tensor): Tensor {
  return currentLevels().reduce((own, level) => batched(level, own), whole)
}

/** Gradient functions that are running: inner ones are differentiated by outer ones. */
let depth = 0

/** A tensor to differentiate by, as part of a graph. */
function variable(tensor: Tensor): Tensor {
  if (!tensor.isFloatingPoint()) {
    throw new DTypeError(
      'grad',
      { input: tensor },
      `gradients are by floating tensors, not ${tensor.dtype}`,
      'name the arguments to differentiate by with argnums',
    )
  }
  const whole = wholeOf(tensor)
  return whole.requiresGrad ? whole.view([...whole.shape]) : whole.detach().requiresGrad_()
}

function placesOf(argnums: number | readonly number[], count: number): number[] {
  const list = typeof argnums === 'number' ? [argnums] : [...argnums]
  return list.map((place) => {
    const at = Number.isInteger(place) && place < 0 ? place + count : place
    if (Number.isInteger(at) && at >= 0 && at < count) return at
    throw new ValueError(
      'grad',
      [],
      `argnums name argument ${String(place)} of ${count}`,
      'count the arguments from 0',
    )
  })
}

function outputOf(result: unknown, hasAux: boolean): { output: Tensor; aux: unknown } {
  const [output, aux] = hasAux ? (result as [unknown, unknown]) : [result, undefined]
  if (!(output instanceof Tensor)) {
    throw new ValueError(
      'grad',
      [],
      'the function must return a tensor',
      hasAux ? 'return [output, anything else]' : 'use { hasAux: true } to return more',
    )
  }
  if (output.numel() === 1) return { output, aux }
  throw new ShapeError(
    'grad',
    { output },
    `the output has ${output.numel()} elements; it must have exactly one`,
    'reduce it with sum() or mean()',
  )
}

/** The gradients of a call by all tensors in some of its arguments, and what it returned. */
function differentiate(
  fn: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  argnums: number | readonly number[],
  hasAux: boolean,
): { gradients: unknown; output: Tensor; aux: unknown } {
  const places = placesOf(argnums, args.length)
  const createGraph = depth > 0 || (isRecording() && requiresGrad(args))
  depth++
  try {
    return enableGrad(() => {
      const variables: Tensor[] = []
      const own = args.map((arg, i) =>
        places.includes(i)
          ? mapTensors(arg, (tensor) => {
              const made = variable(tensor)
              variables.push(made)
              return sampleOf(made)
            })
          : arg,
      )
      const { output, aux } = outputOf(fn(...own), hasAux)
      const whole = wholeOf(output)
      const results =
        whole.requiresGrad && variables.length > 0
          ? gradOfTensors(whole, variables, {
              gradOutputs: onesLike(whole.detach()),
              createGraph,
              allowUnused: true,
            })
          : variables.map(() => null)
      let at = 0
      const next = (): Tensor => {
        const made = results[at] ?? zerosLike((variables[at] as Tensor).detach())
        at++
        return sampleOf(made)
      }
      const perArgument = new Map(
        // In the order in which the variables were made.
        args.flatMap((arg, i) => (places.includes(i) ? [[i, mapTensors(arg, next)] as const] : [])),
      )
      const list = places.map((place) => perArgument.get(place))
      const gradients = typeof argnums === 'number' ? list[0] : list
      const outside = createGraph ? output : sampleOf(whole.detach())
      return { gradients, output: outside, aux }
    })
  } finally {
    depth--
  }
}

function requiresGrad(value: unknown): boolean {
  let found = false
  mapTensors(value, (tensor) => {
    found ||= tensor.requiresGrad
    return tensor
  })
  return found
}

/** See {@link GradTransformOptions}. */
export type GradTransformArguments = readonly [
  argnums?: number | readonly number[] | GradTransformOptions,
  hasAux?: boolean | GradTransformOptions,
]

function settingsOf(given: GradTransformArguments): Required<GradTransformOptions> {
  const [first, second] = given
  const named = (isNamed(first) ? first : isNamed(second) ? second : {}) as GradTransformOptions
  const argnums = isNamed(first) ? undefined : (first as number | undefined)
  const hasAux = isNamed(second) ? undefined : (second as boolean | undefined)
  return {
    argnums: argnums ?? named.argnums ?? 0,
    hasAux: hasAux ?? named.hasAux ?? false,
  }
}

/** The function that computes the gradient of `fn`; see `grad`. */
export function gradFunction(
  fn: (...args: unknown[]) => unknown,
  given: GradTransformArguments,
): (...args: unknown[]) => unknown {
  const { argnums, hasAux } = settingsOf(given)
  return (...args) => {
    const { gradients, aux } = differentiate(fn, args, argnums, hasAux)
    return hasAux ? [gradients, aux] : gradients
  }
}

/**
 * As `grad(fn)`, but the function returns the gradient and what `fn` returned: `[gradient, output]`,
 * or `[gradient, [output, anything]]` with `hasAux`.
 *
 * @see torch.func.grad_and_value
 */
export function gradAndValue<A extends unknown[], R, G = A[0]>(
  fn: (...args: A) => R,
  ...given: GradTransformArguments
): (...args: A) => [gradient: G, value: R] {
  const { argnums, hasAux } = settingsOf(given)
  return (...args) => {
    const call = differentiate(fn as (...args: unknown[]) => unknown, args, argnums, hasAux)
    const value = hasAux ? [call.output, call.aux] : call.output
    return [call.gradients as G, value as R]
  }
}
