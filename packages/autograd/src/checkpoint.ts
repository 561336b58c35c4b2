/** Less memory for more time: saved tensors that are computed again when gradients need them. */
import type { Tensor } from '@flambeau/core'
import { AutogradError, getRngState, setRngState, ValueError } from '@flambeau/core'
import {
  isNamed,
  isRecording,
  native,
  outsideScopes,
  requireFunction,
  requireOneOf,
} from '@flambeau/core/internal'
import { withMode } from './grad-mode.ts'
import type { Recomputed, TapeEntry } from './tape.ts'
import { afterPasses, collecting, tape } from './tape.ts'

/** Options of {@link checkpoint}. */
export interface CheckpointOptions {
  /** Draw the same random numbers when computing again. Default true. */
  preserveRngState?: boolean
  /** `'none'` to accept other operations when computing again. Default `'default'`. */
  determinismCheck?: 'default' | 'none'
  /** Without effect: there is one way, which does what PyTorch's `use_reentrant=False` does. */
  useReentrant?: boolean | null
}

const OPTIONS = ['preserveRngState', 'determinismCheck', 'useReentrant']

interface Recorded {
  readonly slot: number
  readonly entry: TapeEntry
}

/** Runs `body` and lists what it recorded. */
function collect<T>(body: () => T): { result: T; list: Recorded[] } {
  const before = collecting.list
  const list: Recorded[] = []
  collecting.list = list
  try {
    return { result: body(), list }
  } finally {
    collecting.list = before
    if (before !== null) for (const one of list) before.push(one)
  }
}

/** One call of a function whose saved tensors were let go of. */
class Frame {
  readonly #run: () => unknown
  readonly #rngState: Tensor | null
  readonly #checked: boolean
  #recorded: readonly TapeEntry[] = []
  /** What the function recorded the second time, and its results, which keep that alive. */
  #again: { list: readonly Recorded[]; result: unknown } | null = null

  constructor(run: () => unknown, preserveRngState: boolean, checked: boolean) {
    this.#run = run
    this.#rngState = preserveRngState ? outsideScopes(getRngState) : null
    this.#checked = checked
  }

  /** Runs the function for the first time. */
  start(): unknown {
    const { result, list } = collect(this.#run)
    if (result instanceof Promise) {
      throw new ValueError(
        'checkpoint',
        [],
        'the function must not be asynchronous',
        'checkpoint the synchronous part',
      )
    }
    this.#recorded = list.map(({ entry }) => entry)
    list.forEach(({ slot, entry }, i) => {
      // An inner checkpoint computes its own part again.
      if (entry.checkpoint !== undefined) return
      entry.checkpoint = this.#place(i)
      if (tape[slot] === entry) native.dropSaved(slot)
    })
    return result
  }

  #place(i: number): Recomputed {
    return {
      slot: () => {
        const { slot, entry } = this.#recomputed()[i] as Recorded
        if (tape[slot] === entry) return slot
        throw new AutogradError(
          'checkpoint',
          [],
          `the result of ${entry.op.name} was not kept when the function was computed again`,
          'return what gradients are to flow through, in place of storing it elsewhere',
        )
      },
      release: () => {
        const place = this.#again?.list[i]
        if (place !== undefined && tape[place.slot] === place.entry) native.dropSaved(place.slot)
      },
    }
  }

  #recomputed(): readonly Recorded[] {
    if (this.#again === null) {
      this.#again = this.#compute()
      afterPasses.add(() => (this.#again = null))
      if (this.#checked) this.#compare(this.#again.list)
    }
    return this.#again.list
  }

  #compute(): { list: Recorded[]; result: unknown } {
    // The user's code: its tensors are its own.
    const run = (): { list: Recorded[]; result: unknown } =>
      outsideScopes(() => withMode(true, () => collect(this.#run)))
    if (this.#rngState === null) return run()
    const now = getRngState()
    setRngState(this.#rngState)
    try {
      return run()
    } finally {
      setRngState(now)
    }
  }

  #compare(list: readonly Recorded[]): void {
    const first = this.#recorded
    const at = first.findIndex((entry, i) => entry.op !== list[i]?.entry.op)
    if (at < 0 && first.length === list.length) return
    const names = (entry: TapeEntry | undefined): string => entry?.op.name ?? 'none'
    this.#again = null
    throw new AutogradError(
      'checkpoint',
      [],
      at < 0
        ? `the function recorded ${list.length} operations when it was computed again, ${first.length} before`
        : `operation ${at} was ${names(first[at])} at first, ${names(list[at]?.entry)} when the function was computed again`,
      'let the function depend on its arguments only, and on nothing that changes',
    )
  }
}

function isOptions(value: unknown): value is CheckpointOptions {
  return isNamed(value) && Object.keys(value).every((key) => OPTIONS.includes(key))
}

/**
 * Calls `fn` with the arguments and lets go of the tensors that it saved for the backward pass, which
 * calls `fn` again when it needs them: memory for its results only, for the price of a second forward
 * pass. Works with `grad`, `backward` and gradients of gradients; checkpoints may be nested.
 *
 * Options come last, in one object: `checkpoint(fn, x, { preserveRngState: false })`.
 *
 * @throws {AutogradError} in the backward pass, if `fn` does something else the second time.
 * @see torch.utils.checkpoint.checkpoint
 *
 * @example
 * ```ts
 * import { tensor, type Tensor } from '@flambeau/core'
 * import { checkpoint } from '@flambeau/autograd'
 * const block = (x: Tensor) => x.sin().exp().mul(x)
 * const x = tensor([0, 1], { dtype: 'float32', requiresGrad: true })
 * checkpoint(block, x).sum().backward()
 * console.log(x.grad) // => tensor([1.0000, 3.5732])
 * ```
 */
export function checkpoint<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): R
export function checkpoint<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: readonly [...A, CheckpointOptions]
): R
export function checkpoint<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: A | readonly [...A, CheckpointOptions]
): R {
  requireFunction('checkpoint', 'fn', fn)
  const last = args.at(-1)
  const options: CheckpointOptions = isOptions(last) ? last : {}
  const own = (isOptions(last) ? args.slice(0, -1) : args) as unknown as A
  const { preserveRngState = true, determinismCheck = 'default' } = options
  requireOneOf('checkpoint', 'determinismCheck', determinismCheck, ['default', 'none'])
  if (!isRecording()) return fn(...own)
  const frame = new Frame(() => fn(...own), preserveRngState, determinismCheck === 'default')
  return frame.start() as R
}

/** A part of a model: a module or a function of one tensor. */
export type Stage = (input: Tensor) => Tensor

/**
 * Calls stages one after the other in `segments` checkpoints of about as many stages each; the last
 * segment keeps what it saved.
 *
 * @throws {ValueError} unless `segments` is a whole number from 1 to the number of stages.
 * @see torch.utils.checkpoint.checkpoint_sequential
 */
export function checkpointSequential(
  functions: readonly Stage[],
  segments: number,
  input: Tensor,
  options: CheckpointOptions = {},
): Tensor {
  if (!Array.isArray(functions)) {
    throw new ValueError(
      'checkpointSequential',
      [],
      'the stages are an array of functions',
      'checkpointSequential([first, second], 2, x)',
    )
  }
  for (const stage of functions as unknown[]) {
    requireFunction('checkpointSequential', 'each stage', stage)
  }
  if (!Number.isInteger(segments) || segments < 1 || segments > functions.length) {
    throw new ValueError(
      'checkpointSequential',
      [{ name: 'stages', description: String(functions.length) }],
      `segments must be a whole number from 1 to ${functions.length}`,
      'use fewer segments than stages',
    )
  }
  const size = Math.floor(functions.length / segments)
  const through = (stages: readonly Stage[]) => (x: Tensor) =>
    stages.reduce((value, stage) => stage(value), x)
  let value = input
  for (let i = 0; i < segments - 1; i++) {
    value = checkpoint(through(functions.slice(i * size, (i + 1) * size)), value, options)
  }
  return through(functions.slice((segments - 1) * size))(value)
}
