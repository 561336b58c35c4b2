/** Programs of views and in-place operations against PyTorch (goldens/views.py says what they are). */
import { readFileSync } from 'node:fs'
import {
  AutogradError,
  fromTypedArray,
  memoryStats,
  tensor,
  type Tensor,
  ValueError,
} from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { grad, noGrad } from './index.ts'

interface Stored {
  shape: number[]
  data: number[]
}
type Step = ['noGrad', Step[]] | [string | string[] | null, string, string, ...unknown[]]
interface Program {
  name: string
  inputs: Record<string, Stored & { requiresGrad: boolean }>
  steps: Step[]
  loss: string
  values?: Record<string, Stored>
  requiresGrad?: Record<string, boolean>
  isLeaf?: Record<string, boolean>
  gradients?: Record<string, Stored | null>
  second?: Record<string, Stored | null>
  raises?: { step: number; rule: string }
}

const file = new URL('../goldens/views.json', import.meta.url)
const { programs } = JSON.parse(readFileSync(file, 'utf8')) as { programs: Program[] }

/** What must be said where a rule is broken. */
const RULES: Record<string, [RegExp, new (...args: never[]) => Error]> = {
  leaf: [/_: a leaf that requires a gradient cannot be changed in place/, AutogradError],
  'view of a leaf': [/_: a view of a leaf that requires a gradient cannot be/, AutogradError],
  'multiple views': [/mul_: one of several views that a function returned cannot/, AutogradError],
  'base of multiple views': [
    /mul: an input is one of several views .* and its base, .* was changed in place since/,
    AutogradError,
  ],
  'noGrad view': [/mul_: a view that was made inside of noGrad cannot be changed/, AutogradError],
  'base of noGrad view': [
    /mul: an input is a view that was made inside of noGrad, and its base/,
    AutogradError,
  ],
  overlap: [/mul_: .*share one place in memory/, ValueError],
  detach_: [/detach_: a view cannot be cut off from its history/, AutogradError],
  modified: [
    /needed for its gradient, was modified by an in-place operation \((add|fill|tanh)_\): it is at version \d+, expected \d+/,
    AutogradError,
  ],
}

class Machine {
  readonly variables = new Map<string, Tensor>()
  step = 0

  constructor(program: Program) {
    for (const [name, { shape, data, requiresGrad }] of Object.entries(program.inputs)) {
      const value = fromTypedArray(Float64Array.from(data), shape)
      this.variables.set(name, requiresGrad ? value.requiresGrad_() : value)
    }
  }

  get(name: string): Tensor {
    return this.variables.get(name) as Tensor
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      this.step++
      if (step[0] === 'noGrad') {
        noGrad(() => this.run(step[1] as Step[]))
        continue
      }
      const [out, receiver, method, ...given] = step as [string, string, string, ...unknown[]]
      const values = given.map((value) =>
        typeof value === 'string' && value.startsWith('$') ? this.get(value.slice(1)) : value,
      )
      const target = this.get(receiver) as unknown as Record<string, (...a: unknown[]) => unknown>
      const result = (target[method] as (...a: unknown[]) => unknown).apply(target, values)
      const names = Array.isArray(out) ? (out as string[]) : out === null ? [] : [out]
      const results = Array.isArray(result) ? (result as Tensor[]) : [result as Tensor]
      names.forEach((name, i) => this.variables.set(name, results[i] as Tensor))
    }
  }
}

function weighted(y: Tensor): Tensor {
  const weights = Float64Array.from({ length: y.numel() }, (_, i) => Math.cos(0.7 * i + 0.3))
  return y.mul(fromTypedArray(weights, y.shape)).sum()
}

function compare(actual: Tensor | null, expected: Stored | null, what: string): void {
  const isZero = (values: ArrayLike<number>): boolean => Array.from(values).every((v) => v === 0)
  // No gradient and one of zeros say the same.
  if (expected === null || (actual === null && isZero(expected.data))) {
    expect(actual === null ? [] : Array.from(actual.toArray()).filter((v) => v !== 0)).toEqual([])
    return
  }
  if (actual === null) throw new Error(`${what} is missing`)
  assertClose(actual, { dtype: 'float64', ...expected }, { rtol: 1e-10, atol: 1e-12 }, what)
}

/** The program's gradients: first ones, and those of the sum of their squares. */
function differentiate(program: Program, machine: Machine): void {
  const names = Object.keys(program.gradients ?? { x: null })
  const leaves = names.map((name) => machine.get(name))
  machine.step++
  const first = grad(weighted(machine.get(program.loss)), leaves, {
    createGraph: true,
    allowUnused: true,
  })
  names.forEach((name, i) => {
    compare(first[i] as Tensor | null, program.gradients?.[name] ?? null, `gradient of ${name}`)
  })
  const squares = first.filter((g) => g?.requiresGrad).map((g) => (g as Tensor).square().sum())
  expect(squares.length > 0).toBe(program.second !== undefined)
  if (program.second === undefined) return
  const total = squares.reduce((sum, term) => sum.add(term))
  const second = grad(total, leaves, { allowUnused: true })
  names.forEach((name, i) => {
    compare(second[i] as Tensor | null, program.second?.[name] ?? null, `second of ${name}`)
  })
}

describe('as in PyTorch', () => {
  it.each(programs.filter(({ raises }) => raises === undefined))('$name', (program) => {
    const machine = new Machine(program)
    machine.run(program.steps)
    for (const [name, expected] of Object.entries(program.values ?? {})) {
      compare(machine.get(name), expected, `value of ${name}`)
      expect(machine.get(name).requiresGrad, `requiresGrad of ${name}`).toBe(
        program.requiresGrad?.[name],
      )
    }
    for (const [name, leaf] of Object.entries(program.isLeaf ?? {})) {
      expect(machine.get(name).isLeaf, `isLeaf of ${name}`).toBe(leaf)
    }
    differentiate(program, machine)
  })
})

describe('refused, as in PyTorch', () => {
  it.each(programs.filter(({ raises }) => raises !== undefined))('$name', (program) => {
    const { step, rule } = program.raises as { step: number; rule: string }
    const [text, type] = RULES[rule] as (typeof RULES)[string]
    const machine = new Machine(program)
    const attempt = (): void => {
      machine.run(program.steps)
      differentiate(program, machine)
    }
    expect(attempt).toThrow(text)
    expect(machine.step).toBe(step)
    expect(() => {
      new Machine(program).run(program.steps)
      if (rule === 'modified') differentiate(program, machine)
    }).toThrow(type)
  })
})

describe('data', () => {
  const x = (): Tensor => tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true })

  it('shares the storage without the history', () => {
    const leaf = x()
    expect([leaf.data.requiresGrad, leaf.data.isLeaf]).toEqual([false, true])
    leaf.data.mul_(2)
    expect(leaf.tolist()).toEqual([2, 4, 6])
  })

  it('gives a leaf other contents, and leaves it the leaf that it was', () => {
    const leaf = x()
    leaf.mul(leaf).sum().backward()
    const before = leaf.mul(leaf)
    const other = tensor([5, 6], { dtype: 'float32' })
    leaf.data = other
    expect([leaf.shape, leaf.dtype, leaf.requiresGrad, leaf.isLeaf]).toEqual([
      [2],
      'float32',
      true,
      true,
    ])
    expect(leaf.grad?.tolist()).toEqual([2, 4, 6])
    expect(leaf.sharesStorageWith(other)).toBe(true)
    expect(grad(leaf.mul(leaf).sum(), [leaf])[0]?.tolist()).toEqual([10, 12])
    // What was recorded before goes by the contents of that time.
    expect(grad(before.sum(), [leaf])[0]?.tolist()).toEqual([2, 4, 6])
  })

  it('gives a result other contents, and leaves it its history', () => {
    const leaf = x()
    const y = leaf.mul(2)
    y.data = tensor([7, 8, 9], { dtype: 'float64' })
    expect(y.gradFn?.name).toBe('MulBackward')
    y.mul(y).sum().backward()
    expect(leaf.grad?.tolist()).toEqual([28, 32, 36])
  })

  it('is a tensor of floats where gradients are required', () => {
    const leaf = x()
    expect(() => (leaf.data = tensor([1]))).toThrow(
      /data: only floating tensors can require gradients, not int64/,
    )
    expect(() => (leaf.data = 3 as never)).toThrow(ValueError)
  })

  it('frees what it replaces', () => {
    const leaf = x()
    const other = tensor([1, 2, 3], { dtype: 'float64' })
    const before = memoryStats().tensors
    for (let i = 0; i < 100; i++) leaf.data = other
    expect(memoryStats().tensors).toBe(before)
  })
})
