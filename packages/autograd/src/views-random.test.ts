/** Random programs of views and writes against the same programs without either. */
import type { Tensor } from '@flambeau/core'
import { arange, fromTypedArray } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { grad } from './index.ts'

/** Numbers of [0, 1) that depend on the seed only. */
function randomOf(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}

const SHAPE = [3, 4, 2]
const SIZE = 24

/** A view, and the positions in the base that it shows. */
interface View {
  tensor: Tensor
  places: Tensor
}

class Program {
  readonly #random: () => number
  readonly leaves: readonly Tensor[]
  /** What the views share. */
  readonly #base: Tensor
  readonly #views: View[]
  /** The same elements as a vector that is never written to. */
  #flat: Tensor
  readonly outputs: Tensor[] = []
  readonly expected: Tensor[] = []
  readonly steps: string[] = []

  constructor(seed: number) {
    this.#random = randomOf(seed)
    const leaf = (): Tensor =>
      fromTypedArray(
        Float64Array.from({ length: SIZE }, () => this.#random() - 0.5),
        SHAPE,
      ).requiresGrad_()
    const x = leaf()
    this.leaves = [x, leaf()]
    // Sometimes the base gets its history from a write only.
    const fromLeaf = this.#random() < 0.7
    this.#base = fromLeaf ? x.mul(1.5) : x.detach().mul(1.5)
    this.#flat = (fromLeaf ? x.mul(1.5) : x.detach().mul(1.5)).reshape([SIZE])
    this.#views = [{ tensor: this.#base, places: arange(SIZE).reshape(SHAPE) }]
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  #view(): View {
    return this.#views[this.#below(this.#views.length)] as View
  }

  #addView(): void {
    const { tensor, places } = this.#view()
    const { ndim, shape } = tensor
    if (ndim === 0) return
    const axis = this.#below(ndim)
    const size = shape[axis] as number
    const kinds: [string, (t: Tensor) => Tensor][] = [
      ['select', (t) => t.select(axis, size - 1)],
      ['narrow', (t) => t.narrow(axis, Math.min(1, size - 1), Math.max(1, size - 1))],
      ['slice', (t) => t.slice(axis, 0, null, 2)],
      ['transpose', (t) => t.transpose(axis, 0)],
      ['unsqueeze', (t) => t.unsqueeze(axis)],
      ['squeeze', (t) => t.squeeze()],
      ['reshape', (t) => (t.isContiguous() ? t.view(-1) : t)],
      ['diagonal', (t) => (ndim > 1 ? t.diagonal() : t)],
      ['asStrided', (t) => (ndim === 1 ? t.asStrided([Math.min(size, 2)], t.stride()) : t)],
      ['all of it', (t) => t.narrow(axis, 0, size)],
    ]
    const [name, make] = kinds[this.#below(kinds.length)] as (typeof kinds)[number]
    this.steps.push(name)
    this.#views.push({ tensor: make(tensor), places: make(places) })
  }

  #read({ places }: View): Tensor {
    return this.#flat.indexSelect(0, places.reshape([-1])).reshape([...places.shape])
  }

  #replace({ places }: View, value: Tensor): void {
    this.#flat = this.#flat.scatter(
      0,
      places.reshape([-1]),
      value.expand(places.shape).reshape([-1]),
    )
  }

  #write(): void {
    const view = this.#view()
    const { tensor } = view
    const other = this.#view()
    const before = this.#read(view)
    const fits = other.tensor.shape.join() === tensor.shape.join()
    const weight = (this.leaves[1] as Tensor)
      .reshape([-1])
      .narrow(0, 0, tensor.numel())
      .reshape([...tensor.shape])
    const kinds: [string, () => void, () => Tensor][] = [
      ['add_ number', () => tensor.add_(0.25), () => before.add(0.25)],
      ['mul_ number', () => tensor.mul_(1.25), () => before.mul(1.25)],
      ['mul_ leaf', () => tensor.mul_(weight), () => before.mul(weight)],
      ['sin_', () => tensor.sin_(), () => before.sin()],
      ['square_', () => tensor.square_(), () => before.square()],
      ['copy_ leaf', () => tensor.copy_(weight), () => weight],
      ['zero_', () => tensor.zero_(), () => before.mul(0)],
      ['fill_', () => tensor.fill_(0.5), () => before.mul(0).add(0.5)],
      [
        'add_ view',
        () => tensor.add_(fits ? other.tensor : 1),
        () => before.add(fits ? this.#read(other) : 1),
      ],
      [
        'mul_ view',
        () => tensor.mul_(fits ? other.tensor.clone() : 2),
        () => before.mul(fits ? this.#read(other) : 2),
      ],
    ]
    const [name, act, value] = kinds[this.#below(kinds.length)] as (typeof kinds)[number]
    this.steps.push(`${name} at ${tensor.shape.join('×')}`)
    const after = value()
    act()
    this.#replace(view, after)
  }

  #output(view: View): void {
    this.outputs.push(view.tensor.clone())
    this.expected.push(this.#read(view))
  }

  run(): void {
    const steps = 6 + this.#below(12)
    for (let i = 0; i < steps; i++) {
      const choice = this.#random()
      if (choice < 0.4) this.#addView()
      else if (choice < 0.85) this.#write()
      else this.#output(this.#view())
    }
    for (const view of this.#views) this.#output(view)
  }
}

/** First gradients, and those of the sum of their squares. */
function derivatives(outputs: readonly Tensor[], leaves: readonly Tensor[]): (Tensor | null)[] {
  const total = outputs
    .map((output, i) =>
      output
        .cos()
        .sum()
        .mul(1 + i),
    )
    .reduce((sum, term) => sum.add(term))
  const none = leaves.map(() => null)
  if (!total.requiresGrad) return [...none, ...none]
  const first = grad(total, leaves, { createGraph: true, allowUnused: true })
  const squares = first.filter((g) => g?.requiresGrad).map((g) => (g as Tensor).square().sum())
  if (squares.length === 0) return [...first, ...none]
  return [
    ...first,
    ...grad(
      squares.reduce((a, b) => a.add(b)),
      leaves,
      { allowUnused: true },
    ),
  ]
}

const TOLERANCE = { rtol: 1e-9, atol: 1e-11 }

describe('500 random programs of views and writes', () => {
  it.each(Array.from({ length: 10 }, (_, i) => i * 50))('from seed %i', (start) => {
    for (let seed = start; seed < start + 50; seed++) {
      const program = new Program(seed)
      program.run()
      const what = `seed ${seed}: ${program.steps.join(', ')}`
      program.outputs.forEach((output, i) => {
        assertClose(output, program.expected[i] as Tensor, TOLERANCE, `${what}: output ${i}`)
      })
      const got = derivatives(program.outputs, program.leaves)
      const wanted = derivatives(program.expected, program.leaves)
      expect(got).toHaveLength(4)
      got.forEach((one, i) => {
        const other = wanted[i] ?? null
        const leaf = program.leaves[i % 2] as Tensor
        // No gradient and one of zeros say the same.
        const zeros = leaf.detach().mul(0)
        assertClose(one ?? zeros, other ?? zeros, TOLERANCE, `${what}: derivative ${i}`)
      })
    }
  })
})
