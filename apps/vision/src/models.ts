/** Finding models, and what they can be given. */
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { OTHERS } from './others.ts'
import { PLANS } from './plans.ts'
import type { Entry } from './registry.ts'
import { MODELS } from './registry.ts'

/** How many letters must change to make one of the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** The model of that name. @throws {ValueError} with the nearest name if there is none. */
export function findModel(name: string): Entry {
  if (Object.hasOwn(MODELS, name)) return MODELS[name] as Entry
  const other = Object.hasOwn(OTHERS, name) ? OTHERS[name] : undefined
  if (other !== undefined) {
    const rule = `${name} is no classifier`
    throw new ValueError('vision', [], rule, 'list says what each model is for')
  }
  const names = [...Object.keys(MODELS), ...PLANS]
  const distance = (other: string): number => editDistance(plain(name), plain(other))
  const nearest = names.reduce((a, b) => (distance(b) < distance(a) ? b : a))
  const close = distance(nearest) <= Math.max(2, name.length / 3)
  throw new ValueError(
    'vision',
    [],
    `there is no model '${name}'`,
    close ? `did you mean ${nearest}?` : `one of ${names.join(', ')}`,
  )
}

/** The side of the images: the model's own, or another that it takes. @throws {ValueError} */
export function sizeFor(name: string, asked?: number): number {
  const { input, sizes } = findModel(name)
  if (asked === undefined || asked === input.size) return input.size
  const fail = (rule: string): ValueError =>
    new ValueError('vision', [], `${name} does not take images of ${asked} pixels a side`, rule)
  if (sizes === 'fixed') throw fail(`leave --size out: it takes ${input.size} only`)
  if (asked < sizes.least) throw fail(`--size ${sizes.least} or more`)
  if (asked % sizes.step !== 0) throw fail(`a multiple of ${sizes.step}`)
  return asked
}

/** The loss of a batch, and the logits. */
export function lossOf(
  { loss }: Entry,
  model: nn.Module,
  images: Tensor,
  labels: Tensor,
): readonly [Tensor, Tensor] {
  if (loss !== undefined) return loss(model, images, labels)
  const logits = model(images)
  return [nn.functional.crossEntropy(logits, labels), logits]
}
