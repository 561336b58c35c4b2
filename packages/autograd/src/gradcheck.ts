/** Checks of derivatives against finite differences. */
import {
  AutogradError,
  fromTypedArray,
  scope,
  Tensor,
  ValueError,
  zeros,
  zerosLike,
} from '@flambeau/core'
import { isNamed, requireFunction } from '@flambeau/core/internal'
import { optionsOf } from './arguments.ts'
import { enableGrad, noGrad } from './grad-mode.ts'
import { grad } from './gradients.ts'

/** What {@link gradcheck} and {@link gradgradcheck} share. */
interface CheckOptions {
  /** Step of the finite differences. Default 1e-6. */
  eps?: number
  /** Absolute tolerance. Default 1e-5. */
  atol?: number
  /** Relative tolerance. Default 1e-3. */
  rtol?: number
  /** False to return false instead of throwing where the check fails. Default true. */
  raiseException?: boolean
  /** How far two backward passes may differ. Default 0. */
  nondetTol?: number
  /** Check passes in which some outputs have no gradient. Default true. */
  checkUndefinedGrad?: boolean
  /** Check that gradients have the dtype of their inputs. Default false. */
  checkGradDtypes?: boolean
  /** Check `isGradsBatched` against single passes. Default false. */
  checkBatchedGrad?: boolean
  /**
   * Compare the products of the Jacobian with one vector in place of all of its elements: one
   * backward pass for each output in place of one for each of its elements. Default false.
   */
  fastMode?: boolean
  /** For sparse tensors, which do not exist here: without effect. */
  masked?: boolean | null
}

/** Options of {@link gradcheck}. */
export interface GradcheckOptions extends CheckOptions {
  /** Forward-mode derivatives do not exist here: must be false. */
  checkForwardAd?: boolean
  /** Must be true, since there is no other mode. */
  checkBackwardAd?: boolean
  /** Must be false, see checkForwardAd. */
  checkBatchedForwardGrad?: boolean
}

/** Options of {@link gradgradcheck}. */
export interface GradgradcheckOptions extends CheckOptions {
  /** The gradients of the outputs to start from. Default: weights that differ everywhere. */
  gradOutputs?: Tensor | readonly (Tensor | null)[] | null
  /** Make the default gradOutputs non-contiguous. Default false. */
  genNonContigGradOutputs?: boolean
  /** Must be false, since there is no forward mode. */
  checkFwdOverRev?: boolean
  /** Must be true, since there is no other mode. */
  checkRevOverRev?: boolean
}

// Tensors, and whatever else the function takes.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Checked = (...inputs: any[]) => Tensor | readonly unknown[]

/** The check failed, which `raiseException: false` turns into a result. */
class Failed extends AutogradError {}

/** Outputs that may have a gradient. */
function outputsOf(result: unknown): Tensor[] {
  const list: readonly unknown[] = Array.isArray(result) ? result : [result]
  return list.filter(
    (output): output is Tensor => output instanceof Tensor && output.isFloatingPoint(),
  )
}

/** Weights that differ from element to element, so that a wrong place shows. */
function weightsFor(shape: readonly number[], dtype: Tensor['dtype'], phase: number): Tensor {
  const count = shape.reduce((a, b) => a * b, 1)
  const values = Float64Array.from({ length: count }, (_, i) => Math.cos(0.7 * i + phase))
  return fromTypedArray(values, [...shape]).to(dtype)
}

function requireSingleMode(name: string, options: object, allowed: Record<string, boolean>): void {
  for (const [key, value] of Object.entries(allowed)) {
    if (((options as Record<string, unknown>)[key] ?? value) === value) continue
    throw new ValueError(
      name,
      [],
      `${key} must be ${value}: there is no forward mode`,
      'check the backward mode only',
    )
  }
}

function inputList(name: string, inputs: unknown): unknown[] {
  if (inputs instanceof Tensor) return [inputs]
  if (Array.isArray(inputs)) return inputs as unknown[]
  throw new ValueError(name, [], 'inputs are a tensor or an array of them', `${name}(fn, [x])`)
}

/** Places of the inputs to differentiate by. */
function checkedPlaces(name: string, inputs: readonly unknown[]): number[] {
  const places = inputs.flatMap((input, i) =>
    input instanceof Tensor && input.requiresGrad ? [i] : [],
  )
  if (places.length === 0) {
    throw new AutogradError(
      name,
      [],
      'at least one input must require a gradient',
      "tensor(…, { dtype: 'float64', requiresGrad: true })",
    )
  }
  return places
}

/** One function to be checked, and how. */
class Check {
  readonly #name: string
  readonly #fn: Checked
  readonly #inputs: readonly unknown[]
  readonly #places: readonly number[]
  readonly #options: CheckOptions

  constructor(name: string, fn: Checked, inputs: readonly unknown[], options: CheckOptions) {
    this.#name = name
    this.#fn = fn
    this.#inputs = inputs
    this.#places = checkedPlaces(name, inputs)
    this.#options = options
  }

  run(): void {
    const outputs = outputsOf(this.#fn(...this.#inputs))
    // Rows of the Jacobian to compare: weights of the outputs' elements.
    const rows = this.#rows(outputs)
    const analytic = rows.map((row) => this.#backward(outputs, row))
    this.#compareWithDifferences(rows, analytic)
    const { checkUndefinedGrad = true, checkGradDtypes = false, checkBatchedGrad } = this.#options
    this.#checkAgain(outputs, rows, analytic)
    if (checkUndefinedGrad) this.#checkUndefined(outputs)
    if (checkGradDtypes) this.#checkDtypes(analytic)
    if (checkBatchedGrad === true) this.#checkBatched(outputs)
  }

  get #checked(): Tensor[] {
    return this.#places.map((place) => this.#inputs[place] as Tensor)
  }

  #rows(outputs: readonly Tensor[]): Tensor[][] {
    const zero = (): Tensor[] => outputs.map((output) => zerosLike(output.detach()))
    if (this.#options.fastMode === true) {
      return [outputs.map((output, k) => weightsFor(output.shape, output.dtype, 0.3 + k))]
    }
    return outputs.flatMap((output, k) =>
      Array.from({ length: output.numel() }, (_, i) => {
        const row = zero()
        const one = zeros([output.numel()], { dtype: output.dtype })
        one.select(0, i).fill_(1)
        row[k] = one.reshape([...output.shape])
        return row
      }),
    )
  }

  /** The row's product with the Jacobian, per checked input; null for zeros. */
  #backward(outputs: readonly Tensor[], row: readonly Tensor[]): (Tensor | null)[] {
    const used = outputs.flatMap((output, k) => (output.requiresGrad ? [k] : []))
    if (used.length === 0) return this.#places.map(() => null)
    return grad(
      used.map((k) => outputs[k] as Tensor),
      this.#checked,
      { gradOutputs: used.map((k) => row[k] as Tensor), retainGraph: true, allowUnused: true },
    )
  }

  /** Values of all outputs where one element of one input is another one. */
  #evaluate(place: number, position: number, value: number): Float64Array[] {
    const input = this.#inputs[place] as Tensor
    return scope(() =>
      noGrad(() => {
        const values = Float64Array.from(input.toArray())
        values[position] = value
        // The same layout in memory, so that views are checked as views.
        const moved = input.detach().clone()
        moved.copy_(fromTypedArray(values, [...input.shape]))
        const changed = this.#inputs.map((other) => (other === input ? moved : other))
        return outputsOf(this.#fn(...changed)).map((out) => Float64Array.from(out.toArray()))
      }),
    )
  }

  #compareWithDifferences(
    rows: readonly (readonly Tensor[])[],
    analytic: readonly (readonly (Tensor | null)[])[],
  ): void {
    const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, fastMode = false } = this.#options
    const weights = rows.map((row) => row.map((one) => Float64Array.from(one.toArray())))
    this.#places.forEach((place, which) => {
      const input = this.#inputs[place] as Tensor
      const values = Float64Array.from(input.toArray())
      const got = analytic.map((grads) => grads[which]?.toArray() ?? null)
      values.forEach((at, i) => {
        const high = this.#evaluate(place, i, at + eps)
        const low = this.#evaluate(place, i, at - eps)
        weights.forEach((row, r) => {
          let expected = 0
          row.forEach((weight, k) => {
            weight.forEach((w, j) => {
              if (w === 0) return
              const difference = ((high[k]?.[j] ?? 0) - (low[k]?.[j] ?? 0)) / (2 * eps)
              expected += w * difference
            })
          })
          const actual = got[r]?.[i] ?? 0
          if (Math.abs(actual - expected) <= atol + rtol * Math.abs(expected)) return
          throw new Failed(
            this.#name,
            { [`inputs[${place}]`]: input },
            `the gradient ${fastMode ? '' : `of output element ${r} `}at element ${i} is ${actual}, finite differences give ${expected}`,
            'check the derivative of the operations in fn',
          )
        })
      })
    })
  }

  #checkAgain(
    outputs: readonly Tensor[],
    rows: readonly (readonly Tensor[])[],
    analytic: readonly (readonly (Tensor | null)[])[],
  ): void {
    const { nondetTol = 0 } = this.#options
    rows.forEach((row, r) => {
      this.#backward(outputs, row).forEach((again, i) => {
        const before = analytic[r]?.[i]?.toArray()
        again?.toArray().forEach((value, j) => {
          const difference = Math.abs(Number(value) - Number(before?.[j]))
          // NaN differs from itself; it is the comparison above that finds it.
          if (!(difference > nondetTol)) return
          throw new Failed(
            this.#name,
            { [`inputs[${this.#places[i]}]`]: this.#checked[i] as Tensor },
            `two backward passes differ by ${difference}, more than ${nondetTol}`,
            'make the backward pass repeatable, or raise nondetTol',
          )
        })
      })
    })
  }

  /** Each output alone: the others' gradients are missing then. */
  #checkUndefined(outputs: readonly Tensor[]): void {
    const used = outputs.filter((output) => output.requiresGrad)
    if (used.length < 2) return
    for (const output of used) {
      grad(output, this.#checked, {
        gradOutputs: weightsFor(output.shape, output.dtype, 0.5),
        retainGraph: true,
        allowUnused: true,
      })
    }
  }

  #checkDtypes(analytic: readonly (readonly (Tensor | null)[])[]): void {
    for (const grads of analytic) {
      grads.forEach((one, i) => {
        const input = this.#checked[i] as Tensor
        if (one === null || one.dtype === input.dtype) return
        throw new Failed(
          this.#name,
          { [`inputs[${this.#places[i]}]`]: input, gradient: one },
          'a gradient does not have the dtype of its input',
          'cast it in the backward pass',
        )
      })
    }
  }

  #checkBatched(outputs: readonly Tensor[]): void {
    for (const output of outputs.filter((one) => one.requiresGrad)) {
      const options = { retainGraph: true, allowUnused: true }
      const batch = [0.3, 1.1].map((phase) => weightsFor(output.shape, output.dtype, phase))
      const together = grad(output, this.#checked, {
        ...options,
        gradOutputs: (batch[0] as Tensor).unsqueeze(0).expand(1, ...output.shape),
        isGradsBatched: true,
      })
      const alone = grad(output, this.#checked, { ...options, gradOutputs: batch[0] as Tensor })
      alone.forEach((one, i) => {
        const difference =
          one
            ?.sub((together[i] as Tensor).select(0, 0))
            .abs()
            .max()
            .item() ?? 0
        if (Number(difference) <= 1e-12) return
        throw new Failed(
          this.#name,
          { [`inputs[${this.#places[i]}]`]: this.#checked[i] as Tensor },
          `a batched backward pass differs from a single one by ${difference}`,
          'make the backward pass independent of what else is computed',
        )
      })
    }
  }
}

function attempt(check: () => void, raiseException: boolean | undefined): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (raiseException === false && error instanceof Failed) return false
    throw error
  }
}

/**
 * Compares the gradients of `fn` with central differences, for every input that requires a gradient,
 * which should be float64. Returns true or throws.
 *
 * @throws {AutogradError} with the input, position and both values where they differ, or if no
 * input requires a gradient.
 * @see torch.autograd.gradcheck
 */
export function gradcheck(
  fn: Checked,
  inputs: Tensor | readonly unknown[],
  options?: GradcheckOptions,
): boolean {
  requireFunction('gradcheck', 'fn', fn)
  const given = optionsOf('gradcheck', options)
  requireSingleMode('gradcheck', given, {
    checkForwardAd: false,
    checkBatchedForwardGrad: false,
    checkBackwardAd: true,
  })
  const list = inputList('gradcheck', inputs)
  return attempt(() => new Check('gradcheck', fn, list, given).run(), given.raiseException)
}

/** The gradients of `fn` as a function of its inputs and of its outputs' gradients. */
function gradientOf(fn: Checked, places: readonly number[], count: number): Checked {
  return (...args: unknown[]) =>
    // Differences are taken inside of noGrad, but the first derivative needs recording.
    enableGrad(() => {
      const inputs = args.slice(0, count)
      const weights = args.slice(count) as Tensor[]
      const wanted = places.map((place) => {
        const input = inputs[place] as Tensor
        return input.requiresGrad ? input : input.detach().requiresGrad_()
      })
      places.forEach((place, i) => (inputs[place] = wanted[i]))
      const outputs = outputsOf(fn(...inputs))
      const used = outputs.flatMap((output, k) => (output.requiresGrad ? [k] : []))
      if (used.length === 0) return []
      const grads = grad(
        used.map((k) => outputs[k] as Tensor),
        wanted,
        {
          gradOutputs: used.map((k) => weights[k] as Tensor),
          createGraph: true,
          allowUnused: true,
        },
      )
      return grads.filter((one): one is Tensor => one !== null)
    })
}

/** Each second element of something larger. */
function nonContiguous(weights: Tensor): Tensor {
  return weights
    .unsqueeze(-1)
    .expand(...weights.shape, 2)
    .contiguous()
    .select(-1, 0)
}

/**
 * {@link gradcheck} of the gradients themselves: compares second derivatives with differences of
 * first ones, by the inputs and by the gradients of the outputs.
 *
 * @throws {AutogradError} as {@link gradcheck} does.
 * @see torch.autograd.gradgradcheck
 */
export function gradgradcheck(
  fn: Checked,
  inputs: Tensor | readonly unknown[],
  gradOutputs?: GradgradcheckOptions['gradOutputs'] | GradgradcheckOptions,
  options?: GradgradcheckOptions,
): boolean {
  const name = 'gradgradcheck'
  requireFunction(name, 'fn', fn)
  const last = isNamed(gradOutputs) ? (gradOutputs as GradgradcheckOptions) : options
  const given = optionsOf(name, last)
  const { gradOutputs: named, genNonContigGradOutputs } = given
  requireSingleMode(name, given, { checkFwdOverRev: false, checkRevOverRev: true })
  const list = inputList(name, inputs)
  const places = checkedPlaces(name, list)
  const outputs = outputsOf(fn(...list))
  const start = isNamed(gradOutputs) ? named : (gradOutputs ?? named)
  const starts = start === null || start === undefined ? [] : inputList(name, start)
  const weights = outputs.map((output, k) => {
    const own = starts[k] as Tensor | null | undefined
    if (own) return own
    const made = weightsFor(output.shape, output.dtype, 0.9 + k)
    const laid = genNonContigGradOutputs === true ? nonContiguous(made) : made
    return output.requiresGrad ? laid.requiresGrad_() : laid
  })
  const first = gradientOf(fn, places, list.length)
  const check = new Check(name, first, [...list, ...weights], given)
  return attempt(() => check.run(), given.raiseException)
}
