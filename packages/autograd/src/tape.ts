/**
 * What JavaScript knows of each node of the graph: the operation, its parameters, and its inputs'
 * shapes. Tensors are held by native code only (see core, native/runtime/graph.h): this table holds
 * none, so that it never keeps memory alive.
 */
import type { Input, Op, Recorder, Shape, StridedLayout } from '@flambeau/core/internal'
import {
  commands,
  isTensor,
  native,
  recording,
  viewOfBase,
  writeIntoBase,
} from '@flambeau/core/internal'
import type { Trace } from './anomaly.ts'
import { anomaly, traceHere } from './anomaly.ts'
import { hooks } from './hooks.ts'

export interface TapeEntry {
  readonly op: Op
  readonly params: unknown
  /** Per input: its shape, the number that stood in its place, or null. */
  readonly inputs: readonly (Shape | number | null)[]
  /** Bits of the saved inputs and outputs. */
  readonly saved: number
  /** In anomaly mode: where it was called. */
  trace?: Trace
  /** Of a node whose saved tensors are computed again when they are needed. */
  checkpoint?: Recomputed
}

/** Where a node's saved tensors are, if not with the node. */
export interface Recomputed {
  /** The slot of the node that has them. */
  slot(): number
  /** The node has no more use for them. */
  release(): void
}

/** Read at every recorded operation: keep it flat. */
export const collecting: { list: { slot: number; entry: TapeEntry }[] | null } = { list: null }

/** Called once no backward pass is running any more. */
export const afterPasses: Set<() => void> = new Set()

/** The slot of the node that has the saved tensors of the one in `slot`. */
export function savedSlot(slot: number): number {
  return tape[slot]?.checkpoint?.slot() ?? slot
}

export const tape: (TapeEntry | undefined)[] = []

const spentEntries = new Map<Op, TapeEntry>()

/** What is left of a node whose saved tensors are gone: one for all nodes of an operation. */
export function spentEntry(op: Op): TapeEntry {
  let entry = spentEntries.get(op)
  if (entry === undefined) {
    entry = { op, params: null, inputs: [], saved: 1 }
    spentEntries.set(op, entry)
  }
  return entry
}

/**
 * Ids of tensors that keep their gradient though they are not leaves. Ids only, which keep nothing
 * alive; native code knows which of them still are what they were.
 */
export const retaining: Set<number> = new Set()

let recordsUntilSweep = 4096

/** Forgets nodes that died. Their slots are used again from then on. */
export function sweepTape(): void {
  recordsUntilSweep = 4096
  for (;;) {
    native.deadNodes()
    const count = commands[0] as number
    if (count === 0) return
    for (let i = 1; i <= count; i++) {
      const slot = commands[i] as number
      tape[slot] = undefined
      hooks.delete(slot)
    }
  }
}

/**
 * The entry of a node: what was recorded, or what native code says of a node that it made by itself
 * for a view or its base. Undefined for a node that is not of this thread.
 */
export function entryOf(slot: number): TapeEntry | undefined {
  const known = tape[slot]
  if (known !== undefined) return known
  native.viewGeometry(slot)
  const kind = commands[0] as number
  if (kind === 0) return undefined
  let at = 1
  const layout = (): StridedLayout => {
    const offset = commands[at] as number
    const rank = commands[at + 1] as number
    at += 2
    const shape = Array.from(commands.subarray(at, at + rank))
    const strides = Array.from(commands.subarray(at + rank, at + 2 * rank))
    at += 2 * rank
    return { offset, shape, strides }
  }
  const params = { base: layout(), view: layout() }
  const inputs = kind === 1 ? [params.base.shape] : [params.base.shape, params.view.shape]
  const op = (kind === 1 ? viewOfBase : writeIntoBase) as Op
  return (tape[slot] = { op, params, inputs, saved: 0 })
}

/** For example `AddBackward`; `AccumulateGrad` for a leaf. */
export function nodeName(slot: number): string {
  const name = entryOf(slot)?.op.name
  if (name === undefined) return 'AccumulateGrad'
  if (name === 'copySlices') return 'CopySlices'
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Backward`
}

/** Remembers what a node means. */
export function record(slot: number, entry: TapeEntry): void {
  if (anomaly.enabled) entry.trace = traceHere()
  tape[slot] = entry
  if (collecting.list !== null) collecting.list.push({ slot, entry })
  if (--recordsUntilSweep === 0) sweepTape()
}

const recorder: Recorder = {
  record(op, slot, inputs, params, saved) {
    const metas: (Shape | number | null)[] = []
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i] as Input
      metas.push(isTensor(input) ? input._shape : input)
    }
    record(slot, { op, params, inputs: metas, saved })
  },
}

/** Connects this package to core's dispatch. */
export function installRecorder(): void {
  recording.recorder = recorder
  recording.enabled = true
}
