/** What the tests of export run on, and how they compare. */
import { noGrad } from '@flambeau/autograd'
import { manualSeed, randn } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import type { AnyModule } from '@flambeau/nn'
import * as nn from '@flambeau/nn'
import { exportOnnx } from '../export/export.ts'
import type { ExportOptions } from '../export/export.ts'
import { leavesOf } from '../export/tree.ts'
import { importOnnx } from '../import/import.ts'
import { load } from './runtime.ts'

/** A model by name, how to make it, its inputs for a batch of this size, and how to export it. */
export interface Case {
  readonly name: string
  readonly model: () => AnyModule
  readonly inputs: (batch: number) => readonly unknown[]
  /** The dynamic axes of each tensor among the inputs. Default: axis 0, called batch. */
  readonly axes?: readonly Readonly<Record<number, string>>[]
  readonly options?: ExportOptions
  /** The batch sizes to run with. Default 2 and 5. */
  readonly batches?: readonly number[]
}

/** A part of a model, or a function of it, as a module. */
export class Part extends nn.Module<never, unknown> {
  readonly of: AnyModule
  readonly #body: (...args: never[]) => unknown

  constructor(of: AnyModule, body: (...args: never[]) => unknown) {
    super()
    this.of = of
    this.#body = body
  }

  override forward(...args: never[]): unknown {
    return this.#body(...args)
  }
}

/** `body` of the model, as a module that has the model's parameters. */
export function part<M extends AnyModule>(
  model: M,
  body: (model: M, ...args: never[]) => unknown,
): AnyModule {
  return new Part(model, (...args) => body(model, ...args))
}

/** Statistics as training leaves them, and no parameter of equal numbers, so that all do something. */
function settle(model: AnyModule): void {
  noGrad(() => {
    for (const parameter of model.parameters()) {
      if (parameter.numel() > 4096) continue
      const numbers = parameter.toArray()
      if (numbers.every((number) => number === numbers[0])) {
        parameter.add_(randn(parameter.shape).mul(0.1))
      }
    }
    for (const [name, buffer] of model.namedBuffers()) {
      if (name.endsWith('running_mean')) buffer.normal_(0, 0.3)
      if (name.endsWith('running_var')) buffer.uniform_(0.5, 2)
    }
  })
}

function tensorsOf(value: unknown): Tensor[] {
  return leavesOf(value).map(({ tensor }) => tensor)
}

/** The largest difference relative to the size of what is compared. */
export function difference(got: readonly Tensor[], want: readonly Tensor[]): number {
  if (got.length !== want.length) throw new Error(`${got.length} outputs, expected ${want.length}`)
  return Math.max(
    ...got.map((a, i) => {
      const b = want[i] as Tensor
      if (a.shape.join() !== b.shape.join())
        throw new Error(`[${a.shape.join()}] is not [${b.shape.join()}]`)
      if (a.dtype !== b.dtype) throw new Error(`${a.dtype} is not ${b.dtype}`)
      if (b.numel() === 0) return 0
      const [x, y] = [a.to('float64'), b.to('float64')]
      const unlike = x.isnan().ne(y.isnan()).any().item()
      if (unlike === true) return Number.POSITIVE_INFINITY
      const apart = x.sub(y).where(x.ne(y), 0).nanToNum(0).abs().max().item()
      return apart / Math.max(1, y.nanToNum(0).abs().max().item())
    }),
  )
}

/** The largest differences, of another runtime and of the imported module. */
export interface Differences {
  readonly elsewhere: number
  readonly imported: number
}

/** Exports the model, runs the file elsewhere and imported, with two batch sizes. */
export async function exported(one: Case): Promise<Differences> {
  manualSeed(1)
  const model = one.model()
  settle(model)
  const example = one.inputs(2)
  const tensors = tensorsOf(example)
  const inputNames = tensors.map((_, i) => `x${i}`)
  const axes = one.axes ?? tensors.map(() => ({ 0: 'batch' }))
  const dynamicAxes = Object.fromEntries(axes.map((list, i) => [`x${i}`, list]))
  const bytes = await exportOnnx(model, example, { inputNames, dynamicAxes, ...one.options })
  const session = await load(bytes)
  model.eval()
  const imported = (await importOnnx(bytes)) as unknown as (...args: Tensor[]) => unknown
  let [elsewhere, back] = [0, 0]
  for (const batch of one.batches ?? [2, 5]) {
    const inputs = one.inputs(batch)
    const result = noGrad(() => (model as unknown as (...args: unknown[]) => unknown)(...inputs))
    const all = tensorsOf(inputs)
    const want = tensorsOf(result)
    back = Math.max(back, difference(tensorsOf(noGrad(() => imported(...all))), want))
    // Inputs that nothing uses are no inputs of the session.
    const given = all.filter((_, i) => session.inputs.includes(`x${i}`))
    elsewhere = Math.max(elsewhere, difference(await session.run(given), want))
  }
  return { elsewhere, imported: back }
}
