/** Modules without their first draw. */
import { ValueError } from '@flambeau/core'
import { withoutInitialisers } from '../init.ts'
import { Module } from '../module.ts'

/**
 * A module made without initialising its parameters and buffers, whose values are unspecified: faster
 * where weights are loaded at once. The random generator stays as it is.
 *
 * @throws {ValueError} if the first argument is not a class of modules.
 * @see torch.nn.utils.skip_init
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.skipInit(nn.Linear, 5, 1)
 * console.log(layer.weight.shape) // => [ 1, 5 ]
 * ```
 */
export function skipInit<Args extends unknown[], M>(
  moduleClass: new (...args: Args) => M,
  ...args: Args
): M {
  if (typeof moduleClass === 'function' && moduleClass.prototype instanceof Module) {
    return withoutInitialisers(() => new moduleClass(...args))
  }
  throw new ValueError('skipInit', [], 'the first argument is not a class of modules', 'nn.Linear')
}
