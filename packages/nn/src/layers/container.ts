import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { Module } from '../module.ts'

/**
 * Modules one after another: each gets the output of the one before.
 *
 * Its modules are named `0`, `1`, … as in PyTorch, also in the state dict.
 *
 * @throws {ValueError} if something other than a module is given.
 * @see torch.nn.Sequential
 */
export class Sequential extends Module {
  [index: number]: Module

  constructor(...modules: Module[]) {
    super()
    modules.forEach((module, i) => {
      if (!(module instanceof Module)) {
        throw new ValueError(
          'Sequential',
          [],
          `argument ${i} is not a module`,
          'pass modules one by one: new Sequential(a, b)',
        )
      }
      this[i] = module
    })
  }

  /** Number of modules. */
  get size(): number {
    return [...this.children()].length
  }

  *[Symbol.iterator](): Generator<Module> {
    yield* this.children() as Generator<Module>
  }

  override forward(input: Tensor): Tensor {
    let output = input
    for (const module of this.children()) output = (module as unknown as Module)(output)
    return output
  }
}
