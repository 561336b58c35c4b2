import { AutogradError, Tensor, tensor, ValueError } from '@flambeau/core'
import { optionsOf, requireFunction } from './arguments.ts'
import { grad } from './gradients.ts'
import { enableGrad, noGrad } from './grad-mode.ts'

export interface GradcheckOptions {
  /** Step of the finite differences. Default 1e-6. */
  eps?: number
  /** Default 1e-5. */
  atol?: number
  /** Default 1e-3. */
  rtol?: number
}

type Function_ = (...inputs: Tensor[]) => Tensor | readonly Tensor[]

function outputsOf(result: Tensor | readonly Tensor[]): Tensor[] {
  const list = Array.isArray(result) ? (result as Tensor[]) : [result as Tensor]
  return list.filter((output) => output.isFloatingPoint())
}

/** Weights that differ from element to element, so that a wrong place shows. */
function weightsLike(output: Tensor, phase: number): Tensor {
  const values = Float64Array.from({ length: output.numel() }, (_, i) => Math.cos(0.7 * i + phase))
  return tensor(values).reshape([...output.shape])
}

/** Sum over all outputs of output · weights, as a number. */
function weightedSum(outputs: readonly Tensor[]): number {
  let total = 0
  outputs.forEach((output, k) => {
    const values = output.toArray()
    for (let i = 0; i < values.length; i++)
      total += (values[i] as number) * Math.cos(0.7 * i + 0.3 + k)
  })
  return total
}

/**
 * Compares the gradients of `fn` with central differences, in float64, for every input that
 * requires a gradient. Returns true or throws.
 *
 * @throws {AutogradError} with the input, position and both values where they differ, or if no
 * input is a float64 tensor that requires a gradient.
 * @see torch.autograd.gradcheck
 */
export function gradcheck(
  fn: Function_,
  inputs: readonly Tensor[],
  options?: GradcheckOptions,
): boolean {
  requireFunction('gradcheck', 'fn', fn)
  if (!Array.isArray(inputs)) {
    throw new ValueError('gradcheck', [], 'inputs are an array of tensors', 'gradcheck(fn, [x])')
  }
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = optionsOf('gradcheck', options)
  const checked = inputs.filter((input) => input instanceof Tensor && input.requiresGrad)
  if (checked.length === 0 || checked.some((input) => input.dtype !== 'float64')) {
    throw new AutogradError(
      'gradcheck',
      [],
      'inputs must be float64 and at least one must require a gradient',
      "tensor(…, { dtype: 'float64', requiresGrad: true })",
    )
  }
  const outputs = outputsOf(fn(...inputs))
  const differentiable = outputs.filter((output) => output.requiresGrad)
  const analytic =
    differentiable.length === 0
      ? checked.map(() => null)
      : grad(differentiable, checked, {
          gradOutputs: differentiable.map((output) =>
            weightsLike(output, 0.3 + outputs.indexOf(output)),
          ),
          allowUnused: true,
        })
  checked.forEach((input, which) => {
    const got = analytic[which]?.toArray() ?? new Float64Array(input.numel())
    const values = Float64Array.from(input.toArray())
    const evaluate = (position: number, value: number): number =>
      noGrad(() => {
        const changed = values.slice()
        changed[position] = value
        // The same layout in memory, so that views are checked as views.
        const moved = input.detach().clone()
        moved.copy_(tensor(changed).reshape([...input.shape]))
        const replaced = inputs.map((other) => (other === input ? moved : other))
        return weightedSum(outputsOf(fn(...replaced)))
      })
    for (let i = 0; i < values.length; i++) {
      const at = values[i] as number
      const expected = (evaluate(i, at + eps) - evaluate(i, at - eps)) / (2 * eps)
      const difference = Math.abs((got[i] as number) - expected)
      if (!(difference <= atol + rtol * Math.abs(expected))) {
        throw new AutogradError(
          'gradcheck',
          { [`inputs[${inputs.indexOf(input)}]`]: input },
          `the gradient at element ${i} is ${got[i]}, finite differences give ${expected}`,
          'check the derivative of the operations in fn',
        )
      }
    }
  })
  return true
}

/**
 * {@link gradcheck} of the gradients themselves: compares second derivatives with differences of
 * first ones.
 *
 * @throws {AutogradError} as {@link gradcheck} does.
 * @see torch.autograd.gradgradcheck
 */
export function gradgradcheck(
  fn: Function_,
  inputs: readonly Tensor[],
  options?: GradcheckOptions,
): boolean {
  requireFunction('gradgradcheck', 'fn', fn)
  const first: Function_ = (...args) => {
    const leaves = args.filter(
      (input) =>
        input instanceof Tensor &&
        inputs.some((own) => own.requiresGrad && args[inputs.indexOf(own)] === input),
    )
    const wanted = leaves.map((leaf) => (leaf.requiresGrad ? leaf : leaf.detach().requiresGrad_()))
    const used = args.map((input) => {
      const place = leaves.indexOf(input)
      return place >= 0 ? (wanted[place] as Tensor) : input
    })
    const outputs = outputsOf(fn(...used)).filter((output) => output.requiresGrad)
    if (outputs.length === 0) return []
    const grads = grad(outputs, wanted, {
      gradOutputs: outputs.map((output, k) => weightsLike(output, 0.9 + k)),
      createGraph: true,
      allowUnused: true,
    })
    return grads.filter((g): g is Tensor => g !== null)
  }
  // Differences are taken inside of noGrad, but the first derivative needs recording.
  return gradcheck((...args) => enableGrad(() => first(...args)), inputs, options)
}
