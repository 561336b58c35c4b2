/** The table of all models. */
import * as nn from '@flambeau/nn'
import type { Tensor } from '@flambeau/core'
import { manualSeed, ValueError, zeros } from '@flambeau/core'
import type { Other } from './others.ts'
import { OTHERS } from './others.ts'
import type { Entry } from './registry.ts'
import type { NamedPlan } from './plans.ts'
import { planOf } from './plans.ts'
import { inWords, MODELS, passes } from './registry.ts'

/** A network that is only counted: its weights need no values. */
class Counted extends nn.Module {
  readonly model: nn.Module

  constructor(build: () => nn.Module) {
    super()
    this.model = build()
  }

  override forward(x: Tensor): Tensor {
    return this.model(x)
  }
}

interface Counts {
  readonly parameters: number
  readonly flops: number
}

function count(build: () => unknown, args: readonly Tensor[]): Counts {
  const { model } = nn.utils.skipInit(Counted, () => build() as nn.Module)
  return nn.summary(model, args)
}

/** Parameters and operations of a model at its own input, with 1000 classes, or 10 for small images. */
export function countsOf({ build, input }: Entry): Counts {
  const { channels, size } = input
  const classes = size === 224 && channels === 3 ? 1000 : 10
  return count(() => build({ classes, size }), [zeros([1, channels, size, size])])
}

/** Parameters and operations of a model that is no classifier. */
function countsOfOther({ build, input, rest, family }: Other): Counts {
  const args = [zeros([1, ...input]), ...(rest?.() ?? [])]
  // Which boxes a detector goes on with depends on its weights.
  if (family === 'detection') {
    manualSeed(0)
    return nn.summary(build(), args)
  }
  return count(build, args)
}

/** 11689512 becomes `11.69 M`. */
export function short(value: number): string {
  const units = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const
  for (const [unit, letter] of units) {
    if (value >= unit) return `${(value / unit).toPrecision(4)} ${letter}`
  }
  return String(value)
}

/** How it is trained, in one line. */
function recipeOf({ trainedAs, app }: Other): string {
  const { plan } = planOf(trainedAs) as NamedPlan
  const small = `train ${trainedAs}: AdamW ${plan.lr}, batch ${plan.batchSize}, ${passes(plan.epochs)}`
  return app === undefined ? small : `${small}, or ${app}`
}

/** Prints the models whose name or family has `filter` in it. @throws {ValueError} if none has. */
export function list(filter: string, say: (text: string) => void): void {
  const has = (text: string): boolean => text.toLowerCase().includes(filter.toLowerCase())
  const of = <T extends { readonly family: string }>(all: Readonly<Record<string, T>>) =>
    Object.entries(all).filter(([name, { family }]) => has(name) || has(family))
  const [classifiers, others] = [of(MODELS), of(OTHERS)]
  if (classifiers.length + others.length === 0) {
    throw new ValueError('vision', [], `no model has '${filter}' in its name`, 'list them all')
  }
  const line = (name: string, ...columns: readonly string[]): string => {
    const [input = '', parameters = '', flops = '', rest = ''] = columns
    return `${name.padEnd(23)}${input.padEnd(13)}${parameters.padStart(10)}${flops.padStart(10)}  ${rest}`
  }
  const row = (name: string, input: readonly number[], counts: Counts, rest: string): void =>
    say(line(name, input.join(' × '), short(counts.parameters), short(counts.flops), rest))
  say(line('model', 'input', 'parameters', 'FLOPs', 'recipe'))
  for (const [name, entry] of classifiers) {
    const { channels, size } = entry.input
    const rest = `${inWords(entry.recipe)}; ${entry.summary}`
    row(name, [channels, size, size], countsOf(entry), rest)
  }
  for (const [name, other] of others) {
    row(name, other.input, countsOfOther(other), `${recipeOf(other)}; ${other.summary}`)
  }
}
