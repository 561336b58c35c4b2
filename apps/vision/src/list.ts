/** The table of all models. */
import * as nn from '@flambeau/nn'
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import type { Entry } from './registry.ts'
import { inWords, MODELS } from './registry.ts'

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

/** Parameters and operations of a model at its own input, with 1000 classes, or 10 for one channel. */
export function countsOf({ build, input }: Entry): { parameters: number; flops: number } {
  const classes = input.size === 224 && input.channels === 3 ? 1000 : 10
  const { model } = nn.utils.skipInit(Counted, () => build({ classes, size: input.size }))
  return nn.summary(model, [1, input.channels, input.size, input.size])
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

/** Prints the models whose name or family has `filter` in it. @throws {ValueError} if none has. */
export function list(filter: string, say: (text: string) => void): void {
  const has = (text: string): boolean => text.toLowerCase().includes(filter.toLowerCase())
  const chosen = Object.entries(MODELS).filter(([name, { family }]) => has(name) || has(family))
  if (chosen.length === 0) {
    throw new ValueError('vision', [], `no model has '${filter}' in its name`, 'list them all')
  }
  const line = (name: string, ...columns: readonly string[]): string => {
    const [input = '', parameters = '', flops = '', rest = ''] = columns
    return `${name.padEnd(16)}${input.padEnd(13)}${parameters.padStart(10)}${flops.padStart(10)}  ${rest}`
  }
  say(line('model', 'input', 'parameters', 'FLOPs', 'recipe'))
  for (const [name, entry] of chosen) {
    const { channels, size } = entry.input
    const { parameters, flops } = countsOf(entry)
    const input = `${channels} × ${size} × ${size}`
    const rest = `${inWords(entry.recipe)}; ${entry.summary}`
    say(line(name, input, short(parameters), short(flops), rest))
  }
}
