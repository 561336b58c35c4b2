/**
 * Carries out operations on tensors inside of vmap: with one call on all samples where rules.ts
 * knows how, else sample by sample. Either way the calls are recorded like any others, so that
 * gradients flow.
 */
import { ValueError } from '../errors.ts'
import { getRngState, setRngState } from '../generator.ts'
import type { Input, Interpreter, OpCall, Spec } from '../op.ts'
import { run, runInPlace, runMany } from '../op.ts'
import { stack } from '../ops/joining.ts'
import { select } from '../ops/slicing.ts'
import { unbind } from '../ops/splitting.ts'

import { zeros } from '../creation.ts'
import { dtypeName } from '../dtype.ts'
import { Tensor } from '../tensor.ts'
import type { BatchLevel } from './batch.ts'
import { Batch, batchOf } from './batch.ts'
import type { BatchedCall } from './call.ts'
import { alignedInputs } from './call.ts'
import { elementwise, isRandom, isView, rules } from './rules.ts'

/** Calls of vmap that are running, outermost first. */
const levels: BatchLevel[] = []
/** While an operation of some level is carried out, only the levels below it count. */
let active = 0

/** The innermost call of vmap that counts here. */
function currentLevel(): BatchLevel | null {
  return levels[active - 1] ?? null
}

/** All calls of vmap that count here, outermost first. */
export function currentLevels(): readonly BatchLevel[] {
  return levels.slice(0, active)
}

/** Runs `body` in a further level. */
export function inLevel<T>(level: BatchLevel, body: () => T): T {
  const before = active
  levels.length = active
  levels.push(level)
  active = levels.length
  try {
    return body()
  } finally {
    level.open = false
    levels.length = before
    active = before
  }
}

/** Runs `body` as if the levels from this one on did not exist. */
function below<T>(level: BatchLevel, body: () => T): T {
  const before = active
  active = level.level
  try {
    return body()
  } finally {
    active = before
  }
}

/** A tensor that stands for the samples of `value`: `[size, …shape]`. */
export function batched(level: BatchLevel, value: Tensor, copied = false): Tensor {
  const tensor = new Tensor(value._shape.slice(1), value._dtype)
  tensor._autograd = new Batch(level, value, copied)
  tensor._own = value._requiresGrad
  tensor._base = value
  tensor._scope = value._scope
  return tensor
}

/** The samples of a tensor at this level; null if it is the same for all of them. */
export function samplesOf(tensor: Tensor, level: BatchLevel): Tensor | null {
  const batch = batchOf(tensor)
  return batch !== null && batch.level === level ? batch.value : null
}

/** The innermost level that an input has. */
function levelOf(call: OpCall, others: readonly Tensor[] = []): BatchLevel | null {
  let found: BatchLevel | null = null
  const look = (input: Input): void => {
    if (!(input instanceof Tensor)) return
    const level = batchOf(input)?.level
    if (level === undefined) return
    if (!level.open) throw gone(call, input)
    if (found === null || level.level > found.level) found = level
  }
  call.inputs.forEach(look)
  others.forEach(look)
  return found
}

function gone(call: OpCall, input: Tensor): ValueError {
  return new ValueError(
    call.op.name,
    { input },
    'an input belongs to a call of vmap that is over',
    'return it from the function in place of storing it elsewhere',
  )
}

function at(call: OpCall, level: BatchLevel): BatchedCall {
  const samples = call.inputs.map((input) =>
    input instanceof Tensor ? samplesOf(input, level) : null,
  )
  return { ...call, level, samples }
}

function isCopied(input: Input | undefined): boolean {
  return input instanceof Tensor && (batchOf(input)?.copied ?? false)
}

/** The inputs of each sample. Those of all samples are cut apart at once, which is one node. */
function inputsOf(call: BatchedCall): (sample: number) => Input[] {
  const parts = call.inputs.map((_, i) => {
    const samples = call.samples[i] ?? null
    return samples === null ? null : unbind(samples)
  })
  return (sample) => call.inputs.map((input, i) => parts[i]?.[sample] ?? input)
}

/** Runs `body` for each sample, random numbers as the level's mode wants them. */
function eachSample<T>(call: BatchedCall, body: (sample: number) => T): T[] {
  const { randomness, size } = call.level
  const state = isRandom(call.op.name) && randomness === 'same' ? getRngState() : null
  return Array.from({ length: size }, (_, sample) => {
    if (state !== null) setRngState(state)
    return body(sample)
  })
}

function stacked(parts: readonly Tensor[], { shape, dtype }: Spec): Tensor {
  return parts.length > 0 ? stack(parts) : zeros([0, ...shape], { dtype: dtypeName(dtype) })
}

function requireRandomness(call: OpCall, level: BatchLevel): void {
  if (level.randomness !== 'error') return
  throw new ValueError(
    call.op.name,
    [],
    'random numbers inside of vmap may be different for each sample or the same',
    "say which: vmap(fn, { randomness: 'different' }) or 'same'",
  )
}

/** The level at which an operation without tensors of vmap is random all the same; null for none. */
function randomLevel(call: OpCall): BatchLevel | null {
  if (!isRandom(call.op.name)) return null
  const level = currentLevel()
  if (level === null) return null
  requireRandomness(call, level)
  return level.randomness === 'different' ? level : null
}

/** The inputs of one sample, as they are now. */
function inputsAt(call: BatchedCall, sample: number): Input[] {
  return call.inputs.map((input, i) => {
    const samples = call.samples[i] ?? null
    return samples === null ? input : select(samples, 0, sample)
  })
}

/** The results of an operation that has no rule. */
function oneByOne(call: BatchedCall, { shape, dtype }: Spec): Tensor[] {
  const { op, numbers, params, numberDtype } = call
  const inputs = inputsOf(call)
  return eachSample(call, (sample) =>
    run(op, inputs(sample), shape, dtype, numbers, params, numberDtype),
  )
}

function runBatched(call: OpCall, spec: Spec): Tensor | null {
  const found = levelOf(call)
  const level = found ?? randomLevel(call)
  if (level === null) return null
  if (found !== null && isRandom(call.op.name)) requireRandomness(call, level)
  return below(level, () => {
    const own = at(call, level)
    const { op } = call
    const once = rules.get(op.name)?.(own, spec) ?? null
    const value = once ?? stacked(oneByOne(own, spec), spec)
    const copied = isView(op.name) && (once === null || isCopied(call.inputs[0]))
    return batched(level, value, copied)
  })
}

function runManyBatched(call: OpCall, specs: readonly Spec[]): Tensor[] | null {
  const found = levelOf(call)
  const level = found ?? randomLevel(call)
  if (level === null) return null
  if (found !== null && isRandom(call.op.name)) requireRandomness(call, level)
  return below(level, () => {
    const own = at(call, level)
    const inputs = inputsOf(own)
    const rows = eachSample(own, (sample) =>
      runMany(call.op, inputs(sample), specs, call.numbers, call.params, call.numberDtype),
    )
    return specs.map((spec, i) =>
      batched(
        level,
        stacked(
          rows.map((row) => row[i] as Tensor),
          spec,
        ),
      ),
    )
  })
}

function runInPlaceBatched(call: OpCall, targets: readonly Tensor[], name: string): boolean {
  const level = levelOf(call, targets)
  if (level === null) return randomInPlace(call)
  if (isRandom(call.op.name)) requireRandomness(call, level)
  const own = at(call, level)
  const samples = targets.map((target) => samplesOf(target, level))
  const shared = samples.indexOf(null)
  if (shared >= 0) {
    throw new ValueError(
      name,
      { input: targets[shared] as Tensor },
      'a tensor that all samples of vmap share cannot be changed by one of them',
      'use the form without underscore, or clone a tensor of the samples first',
    )
  }
  const copy = targets.find(isCopied)
  if (copy !== undefined) {
    throw new ValueError(
      name,
      { input: copy },
      'vmap had to copy the view, so that a change would not reach what it is a view of',
      'use the form without underscore',
    )
  }
  below(level, () => {
    const values = samples as Tensor[]
    const [target] = values
    const inputs =
      target !== undefined && values.length === 1 && elementwise.has(call.op.name)
        ? alignedInputs(own, target.ndim - 1)
        : null
    if (inputs !== null) {
      runInPlace(call.op, values, inputs, call.numbers, call.params, call.numberDtype, name)
    } else {
      eachSample(own, (sample) => {
        const rows = values.map((value) => select(value, 0, sample))
        const inputs = inputsAt(own, sample)
        runInPlace(call.op, rows, inputs, call.numbers, call.params, call.numberDtype, name)
      })
    }
  })
  for (const target of targets) target._own = samplesOf(target, level)?._requiresGrad ?? false
  return true
}

/** A tensor that all samples share, filled with random numbers: the same for all. */
function randomInPlace(call: OpCall): boolean {
  const level = isRandom(call.op.name) ? currentLevel() : null
  if (level === null) return false
  requireRandomness(call, level)
  if (level.randomness === 'same') return false
  throw new ValueError(
    call.op.name,
    [],
    'a tensor that all samples of vmap share cannot be filled differently by each of them',
    "make it from a tensor of the samples, or use { randomness: 'same' }",
  )
}

export const interpreter: Interpreter = {
  run: runBatched,
  runMany: runManyBatched,
  runInPlace: runInPlaceBatched,
}
