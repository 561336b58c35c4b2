/** Which layers let nobody else know of their input and output: what is between two may be freed. */
import { hasHooks } from '../module-hooks.ts'
import type { Module } from '../module.ts'
import * as activation from './activation.ts'
import * as activationCurves from './activation-curves.ts'
import * as adaptivePooling from './adaptive-pooling.ts'
import * as batchNorm from './batch-norm.ts'
import * as channelNorm from './channel-norm.ts'
import * as convLayers from './conv-layers.ts'
import * as convTransposed from './conv-transposed.ts'
import * as dropout from './dropout.ts'
import * as instanceNorm from './instance-norm.ts'
import * as linear from './linear.ts'
import * as normalization from './normalization.ts'
import * as padding from './padding.ts'
import * as pooling from './pooling.ts'
import * as rearranging from './rearranging.ts'
import * as softmax from './softmax.ts'
import * as upsampling from './upsampling.ts'

const classes: ReadonlySet<unknown> = new Set(
  [
    activation,
    activationCurves,
    adaptivePooling,
    batchNorm,
    channelNorm,
    convLayers,
    convTransposed,
    dropout,
    instanceNorm,
    linear,
    normalization,
    padding,
    pooling,
    rearranging,
    softmax,
    upsampling,
  ].flatMap((file) => Object.values(file)),
)

/**
 * Is `module` a layer of this package, as it came, whose input and output nobody else can get hold of?
 * Layers that users derive, change or hang hooks on are not.
 */
export function isDiscreet(module: Module): boolean {
  return classes.has(module.constructor) && !Object.hasOwn(module, 'forward') && !hasHooks(module)
}
