/** Backward hooks of modules: functions at the border that gradients pass on their way back. */
import { Tensor, ValueError } from '@flambeau/core'
import type { FunctionContext } from '@flambeau/autograd'
import { Function } from '@flambeau/autograd'
import type { Module } from './module.ts'
import type { BackwardHook, BackwardPreHook, Gradients } from './module-hooks.ts'

/** What happens to the gradients at a border; returns those that go on. */
type Passage = (grads: Gradients) => Gradients

/** The tensors themselves; their gradients go through a passage together. */
class Boundary extends Function {
  static override forward(ctx: FunctionContext, passage: Passage, ...tensors: Tensor[]): Tensor[] {
    ctx['passage'] = passage
    ctx.setMaterializeGrads(false)
    return tensors.map((one) => one.viewAs(one))
  }

  static override backward(ctx: FunctionContext, ...grads: (Tensor | null)[]): (Tensor | null)[] {
    return [null, ...(ctx['passage'] as Passage)(grads)]
  }
}

/** `values` with their tensors led through a border; the places of the others stay as they are. */
function through(values: readonly unknown[], passage: Passage): unknown[] {
  const tensors = values.filter((one) => one instanceof Tensor)
  const passed: readonly Tensor[] = Boundary.apply(passage, ...tensors)
  let next = 0
  return values.map((one) => (one instanceof Tensor ? passed[next++] : one))
}

function requireGradients(hook: string, given: unknown, wanted: Gradients): Gradients {
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === wanted.length && list.every((one) => one === null || one instanceof Tensor))
    return list as Gradients
  throw new ValueError(
    hook,
    [],
    `the hook must return ${wanted.length} gradients or nothing, not ${list.length}`,
    'return an array with a tensor or null for each',
  )
}

/** Calls `forward` between two borders, where the hooks see the gradients. */
export function forwardWithBackwardHooks(
  module: Module,
  args: readonly unknown[],
  hooks: { backward: readonly BackwardHook[]; backwardPre: readonly BackwardPreHook[] },
  forward: (args: readonly unknown[]) => unknown,
): unknown {
  let gradOutput: Gradients = []
  const leave: Passage = (grads) => {
    let gradInput = grads
    for (const hook of hooks.backward) {
      const changed = hook(module, gradInput, gradOutput)
      if (changed !== undefined && changed !== null)
        gradInput = requireGradients('registerFullBackwardHook', changed, gradInput)
    }
    return gradInput
  }
  const tensors = args.filter((one) => one instanceof Tensor)
  const wanted = tensors.some((one) => one.requiresGrad)
  const used = wanted && hooks.backward.length > 0 ? through(args, leave) : args
  const output = forward(used)
  const outputs: readonly unknown[] = Array.isArray(output) ? output : [output]
  if (!outputs.some((one) => one instanceof Tensor && one.requiresGrad)) return output
  const enter: Passage = (grads) => {
    gradOutput = grads
    for (const hook of hooks.backwardPre) {
      const changed = hook(module, gradOutput)
      if (changed !== undefined && changed !== null)
        gradOutput = requireGradients('registerFullBackwardPreHook', changed, gradOutput)
    }
    // Without an argument to differentiate there is no other border.
    if (!wanted) leave(tensors.map(() => null))
    return gradOutput
  }
  const passed = through(outputs, enter)
  return Array.isArray(output) ? passed : passed[0]
}
