/** Transfer learning: bodies without their heads, new heads, freezing, learning rates by depth. */
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import {
  requireInstance,
  requireList,
  requireNumber,
  requireOptions,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/** Where each kind of head stands, in the order in which they are looked for. */
const HEADS = ['fc', 'heads', 'head', 'classifier', 'linear'] as const

/** The last linear layer of a model: its name, and the module that holds it. */
function headOf(op: string, model: nn.Module): { path: string[]; layer: nn.Linear } {
  let found: { path: string[]; layer: nn.Linear } | null = null
  requireInstance(op, 'model', model, nn.Module, 'pass a model')
  for (const [name, module] of model.namedModules()) {
    const isHead = HEADS.some((head) => name === head || name.startsWith(`${head}.`))
    if (isHead && module instanceof nn.Linear) found = { path: name.split('.'), layer: module }
  }
  if (found !== null) return found
  throw new ValueError(
    op,
    [],
    `no linear layer stands at ${HEADS.join(', ')} of the model`,
    'replace the layer by its field instead',
  )
}

function put(model: nn.Module, path: readonly string[], module: nn.Module): void {
  const owner = model.getSubmodule(path.slice(0, -1).join('.')) as nn.Module
  owner.registerModule(path.at(-1) as string, module)
}

/**
 * Puts a new linear layer in the place of the last one, for other classes; everything else stays.
 *
 * @param numClasses Outputs of the new layer.
 * @returns The new layer, for an optimizer of its own.
 * @throws {ValueError} if the model has no linear head under one of the usual names.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { replaceHead, ResNet } from '@flambeau/vision-models'
 * const net = new ResNet(18)
 * replaceHead(net, 2)
 * console.log(net(ones([1, 3, 64, 64]).expand(2, -1, -1, -1)).shape) // => [ 2, 2 ]
 * ```
 */
export function replaceHead(model: nn.Module, numClasses: number): nn.Linear {
  const { path, layer } = headOf('replaceHead', model)
  const head = new nn.Linear(layer.inFeatures, numClasses, { dtype: layer.weight.dtype })
  put(model, path, head)
  return head
}

/**
 * Makes a model give its features in place of logits: the last linear layer becomes the identity.
 *
 * @returns The number of features.
 * @throws {ValueError} if the model has no linear head under one of the usual names.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { backbone, ResNet } from '@flambeau/vision-models'
 * const { model, features } = backbone(new ResNet(18))
 * console.log(features, model.eval()(ones([1, 3, 64, 64])).shape) // => 512 [ 1, 512 ]
 * ```
 */
export function backbone<M extends nn.Module>(model: M): { model: M; features: number } {
  const { path, layer } = headOf('backbone', model)
  put(model, path, new nn.Identity())
  return { model, features: layer.inFeatures }
}

/** Which parameters {@link freeze} leaves alone. */
export interface FreezeOptions {
  /** Names of parameters, or of modules that hold them, which go on learning. Default none. */
  readonly except?: readonly string[]
}

/**
 * Stops a model's parameters from learning.
 *
 * Batch norm still follows its batches in training mode: call `eval()` on the frozen part, as in
 * PyTorch.
 *
 * @throws {ValueError} if a name of `except` names nothing.
 *
 * @example
 * ```ts
 * import { freeze, ResNet } from '@flambeau/vision-models'
 * const net = new ResNet(18)
 * freeze(net, { except: ['layer4', 'fc'] })
 * console.log([...net.parameters()].filter((p) => p.requiresGrad).length) // => 17
 * ```
 */
export function freeze(model: nn.Module, options: FreezeOptions = {}): void {
  requireInstance('freeze', 'model', model, nn.Module, 'pass a model')
  requireOptions('freeze', options)
  const except = options.except ?? []
  requireList('freeze', 'except', except, 'a list of names')
  const unused = new Set(except)
  for (const [name, parameter] of model.namedParameters()) {
    const kept = except.filter((one) => name === one || name.startsWith(`${one}.`))
    for (const one of kept) unused.delete(one)
    parameter.requiresGrad_(kept.length > 0)
  }
  if (unused.size === 0) return
  throw new ValueError(
    'freeze',
    [],
    `no parameter is called or lies below ${[...unused].map((one) => `'${one}'`).join(', ')}`,
    'see model.namedParameters()',
  )
}

/** A group of parameters with its learning rate, as optimizers take it. */
export interface LearningRateGroup {
  readonly params: Tensor[]
  readonly lr: number
}

/**
 * Groups for an optimizer in which each child module learns more slowly than the one after it:
 * the last at `lr`, the one before at `lr · decay`, and so on. Frozen parameters are left out.
 *
 * @param lr Learning rate of the last child.
 * @param decay Factor from a child to the one before it. Default 0.5.
 * @throws {ValueError} if the model has no parameters that learn.
 * @see Howard and Ruder 2018, https://arxiv.org/abs/1801.06146
 *
 * @example
 * ```ts
 * import { discriminativeGroups, ResNet } from '@flambeau/vision-models'
 * const groups = discriminativeGroups(new ResNet(18), 0.1, 0.5)
 * console.log(groups.slice(-3).map((group) => group.lr)) // => [ 0.025, 0.05, 0.1 ]
 * ```
 */
export function discriminativeGroups(
  model: nn.Module,
  lr: number,
  decay: number = 0.5,
): LearningRateGroup[] {
  const byChild = new Map<string, Tensor[]>()
  requireInstance('discriminativeGroups', 'model', model, nn.Module, 'pass a model')
  requireNumber('discriminativeGroups', 'lr', lr)
  requireNumber('discriminativeGroups', 'decay', decay)
  for (const [name, parameter] of model.namedParameters()) {
    if (!parameter.requiresGrad) continue
    const child = name.split('.', 1)[0] as string
    byChild.set(child, [...(byChild.get(child) ?? []), parameter])
  }
  if (byChild.size === 0) {
    throw new ValueError('discriminativeGroups', [], 'no parameter learns', 'unfreeze a part')
  }
  const all = [...byChild.values()]
  return all.map((params, i) => ({ params, lr: lr * decay ** (all.length - 1 - i) }))
}
