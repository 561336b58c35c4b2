/**
 * What an operation is made of, and how it reaches its kernel.
 *
 * A record names the inputs, the shape and dtype rule (the only place that validates) and the
 * derivative for each input, as differentiable code. Kernels have the record's name. A gradient
 * package may install a {@link Recorder}; without one, recording costs a single comparison.
 */
import { placement } from './device.ts'
import type { DTypeCode } from './dtype.ts'
import { FLOAT32, isFloatingCode } from './dtype.ts'
import { NativeError, ValueError } from './errors.ts'
import { translateError } from './native-errors.ts'
import { commands, COMMAND_CAPACITY, kernelIndex, native } from './native.ts'
import type { Scope } from './scope.ts'
import { currentScope, scopes } from './scope.ts'
import type { Shape } from './shape.ts'
import { show } from './show.ts'
import { Tensor } from './tensor.ts'

/** What an operation takes: a tensor, a number in place of one, or nothing (optional inputs). */
export type Input = Tensor | number | null

/** Shape and dtype of a result. */
export interface Spec {
  shape: Shape
  dtype: DTypeCode
}

/** What a derivative formula may ask besides the tensors it saved. */
export interface BackwardInfo<P> {
  /** The parameters of the forward call. */
  readonly params: P
  /** Shapes of the inputs; null where an input was a number or left out. */
  readonly shapes: readonly (Shape | null)[]
  /** Which inputs want a gradient. */
  readonly needed: readonly boolean[]
}

/** Tensors (or numbers) of the forward call that a formula said it needs, by name. */
export type SavedInputs = Record<string, Tensor>

/** How one input's gradient follows from the output's; null for "no gradient flows". */
export interface Rule<P> {
  /** Inputs (by name) and outputs (`out`, or `out0`, `out1`, …) that are saved for the formula. */
  readonly needs: readonly string[]
  readonly formula: (grad: Tensor, saved: SavedInputs, info: BackwardInfo<P>) => Tensor | null
  /**
   * Adds the gradient to a total of the input's shape, in place, where that is less work than a tensor
   * of its own. Used when there is a total already, of a rule that needs nothing saved.
   */
  readonly into?: (total: Tensor, grad: Tensor, info: BackwardInfo<P>) => void
}

/** A formula that needs nothing saved may stand alone; `'non-differentiable'` is said, not left out. */
export type Derivative<P> = Rule<P> | Rule<P>['formula'] | 'non-differentiable'

/** All gradients at once, for operations with many inputs or a joint backward kernel. */
export interface JointRule<P> {
  /** What is saved for the formula: for any gradient, or by the inputs that want one. */
  readonly needs: readonly string[] | Readonly<Record<string, readonly string[]>>
  readonly formula: (
    grads: readonly (Tensor | null)[],
    saved: SavedInputs,
    info: BackwardInfo<P>,
  ) => readonly (Tensor | null)[]
}

/** A rule that saves `needs` (inputs by name, `out`, `out1`, …) for its formula. */
export function needs<P>(names: readonly string[], formula: Rule<P>['formula']): Rule<P> {
  return { needs: names, formula }
}

export interface OpDefinition<I extends string, P> {
  /** Per input by name, or one joint rule. */
  readonly derivative: { readonly [K in I]: Derivative<P> } | JointRule<P>
  /** Number of outputs; 1 unless said. */
  readonly outputs?: number
  /** The kernel's name, where it is not the operation's. */
  readonly kernel?: string
}

/** A record of the registry. Made by {@link defineOp}. */
export class Op<P = unknown> {
  readonly name: string
  /** What errors call the form that writes into its first input, unless told otherwise. */
  readonly inPlaceName: string
  readonly inputs: readonly string[]
  readonly outputs: number
  readonly differentiable: boolean
  /** Per input: bits of inputs and outputs (`inputs.length + j`) to save if it wants a gradient. */
  readonly saveMasks: readonly number[]
  readonly rules: readonly (Rule<P> | null)[]
  readonly joint: JointRule<P> | null
  readonly #kernelName: string
  #kernel = -1
  #writer = 0

  constructor(name: string, inputs: readonly string[], definition: OpDefinition<string, P>) {
    this.name = name
    this.inPlaceName = `${name}_`
    this.inputs = inputs
    this.outputs = definition.outputs ?? 1
    this.#kernelName = definition.kernel ?? name
    const { derivative } = definition
    if ('formula' in derivative && typeof derivative.formula === 'function') {
      this.joint = derivative as JointRule<P>
      this.rules = []
      const { needs: saved } = this.joint
      this.saveMasks = inputs.map((input) =>
        this.#mask(
          Array.isArray(saved) ? saved : ((saved as Record<string, string[]>)[input] ?? []),
        ),
      )
      this.differentiable = true
      return
    }
    this.joint = null
    this.rules = inputs.map((input) => {
      const rule = (derivative as Record<string, Derivative<P>>)[input]
      if (rule === undefined || rule === 'non-differentiable') return null
      return typeof rule === 'function' ? { needs: [], formula: rule } : rule
    })
    this.saveMasks = this.rules.map((rule) => (rule ? this.#mask(rule.needs) : 0))
    this.differentiable = this.rules.some((rule) => rule !== null)
  }

  get kernel(): number {
    if (this.#kernel < 0) this.#kernel = kernelIndex(this.#kernelName)
    return this.#kernel
  }

  /** The number under which native code knows the in-place form as the writer of a tensor. */
  get writer(): number {
    if (this.#writer === 0) this.#writer = writerNumber(this.inPlaceName)
    return this.#writer
  }

  #mask(names: readonly string[]): number {
    let mask = 0
    for (const name of names) mask |= 1 << this.position(name)
    return mask
  }

  /** Bit of a saved input or output. */
  position(name: string): number {
    const input = this.inputs.indexOf(name)
    if (input >= 0) return input
    const output = name === 'out' ? 0 : name.startsWith('out') ? Number(name.slice(3)) : Number.NaN
    if (!(output < this.outputs)) throw new Error(`${this.name} has no input or output '${name}'`)
    return this.inputs.length + output
  }
}

const writers: string[] = ['']
const writerNumbers = new Map<string, number>()

function writerNumber(name: string): number {
  let number = writerNumbers.get(name)
  if (number === undefined) {
    number = writers.push(name) - 1
    writerNumbers.set(name, number)
  }
  return number
}

/** The in-place operation that native code knows by this number; empty for none. */
export function writerName(number: number): string {
  return writers[number] ?? ''
}

const registry = new Map<string, Op>()

/** All operations by name. Sweeps over it find one that lacks samples or a kernel. */
export function operations(): ReadonlyMap<string, Op> {
  return registry
}

/** Makes and registers the record of an operation. Names are unique. */
export function defineOp<const I extends string, P = null>(
  name: string,
  inputs: readonly I[],
  definition: OpDefinition<I, P>,
): Op<P> {
  if (registry.has(name)) throw new Error(`the operation '${name}' is defined twice`)
  const op = new Op<P>(name, inputs, definition)
  registry.set(name, op as Op)
  return op
}

/** Installed by a gradient package. */
export interface Recorder {
  /** Called after an operation that native code recorded as node `slot`. */
  record(op: Op, slot: number, inputs: readonly Input[], params: unknown, saved: number): void
}

/**
 * `enabled` is false without a gradient package and inside of noGrad. While asynchronous grad modes
 * run (`asynchronous` of them), `pausedHere` decides instead: by where it is asked.
 */
export const recording: {
  recorder: Recorder | null
  enabled: boolean
  /** As `enabled`, for inference mode: what it makes never becomes part of a graph. */
  inferring: boolean
  asynchronous: number
  pausedHere: () => boolean
  inferringHere: () => boolean
  /** How views that are recorded come to be: 0, or MULTIPLE_VIEWS. */
  creation: number
} = {
  recorder: null,
  enabled: false,
  inferring: false,
  asynchronous: 0,
  pausedHere: () => false,
  inferringHere: () => false,
  creation: 0,
}

// What native code is told of a call (addon/launch.cc, Mode).
const RECORD = 1
const INFERENCE = 2
const MULTIPLE_VIEWS = 1 << 2
const VIEW_IN_NO_GRAD = 2 << 2
const VIEW_IN_INFERENCE = (3 << 2) | INFERENCE
const DETACHED = 5 << 2

/** Are operations recorded at this place? */
export function isRecording(): boolean {
  return recording.asynchronous > 0 ? !recording.pausedHere() : recording.enabled
}

/** Is inference mode on at this place? */
export function isInferring(): boolean {
  return recording.asynchronous > 0 ? recording.inferringHere() : recording.inferring
}

/**
 * Runs `body`, which makes the views that a function returns several of (split, unbind): none of
 * them may be changed in place under recording, as in PyTorch.
 */
export function asMultipleViews<T>(body: () => T): T {
  const before = recording.creation
  recording.creation = MULTIPLE_VIEWS
  try {
    return body()
  } finally {
    recording.creation = before
  }
}

/** What native code is told of a call that it does not record. */
function unrecorded(op: Op): number {
  if (isRecording()) return op.differentiable ? recording.creation : DETACHED
  if (isInferring()) return op.differentiable ? VIEW_IN_INFERENCE : DETACHED | INFERENCE
  return op.differentiable ? VIEW_IN_NO_GRAD : DETACHED
}

/** What {@link run} and its siblings are given. */
export interface OpCall {
  readonly op: Op
  readonly inputs: readonly Input[]
  readonly numbers: readonly number[]
  readonly params: unknown
  readonly numberDtype: DTypeCode
}

/** What vmap makes of calls; null, or false, if they have no tensors inside of it. */
export interface Interpreter {
  /** Does it only look at calls, as a profile does? */
  readonly watches?: boolean
  run(call: OpCall, spec: Spec): Tensor | null
  runMany(call: OpCall, specs: readonly Spec[]): Tensor[] | null
  runInPlace(call: OpCall, targets: readonly Tensor[], name: string): boolean
}

/** Set while vmap runs. */
export const vmapping: { interpreter: Interpreter | null } = { interpreter: null }

const NO_NUMBERS: readonly number[] = []
const NO_TARGETS: readonly Tensor[] = []

/** Writes inputs of the call; returns the place after them. */
function writeInputs(
  op: Op,
  inputs: readonly Input[],
  numberDtype: DTypeCode,
  start: number,
): number {
  let at = start
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as Input
    if (input === null) {
      commands[at++] = 0
    } else if (typeof input === 'number') {
      commands[at] = -1
      commands[at + 1] = numberDtype
      commands[at + 2] = input
      at += 3
    } else if (input instanceof Tensor) {
      // A disposed tensor has id 0, which would read as "left out".
      commands[at++] = input._id === 0 ? 0xffffffff : input._id
    } else {
      throw notAnInput(op, i, input)
    }
  }
  return at
}

/** Writes the kernel's parameters; returns the place after them. */
function writeNumbers(op: Op, numbers: readonly number[], start: number): number {
  let at = start
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number
    if (typeof value !== 'number') throw notANumber(op, value)
    commands[at++] = value
  }
  return at
}

// Converting a value to a number could run other operations (a tensor's toString does), which use
// the command buffer too: whatever is neither a tensor nor a number is refused before.
function notANumber(op: Op, value: unknown): ValueError {
  return new ValueError(
    op.name,
    [],
    `a parameter must be a number, not ${show(value)}`,
    'check the arguments beside the tensors',
  )
}

function notAnInput(op: Op, i: number, value: unknown): ValueError {
  return new ValueError(
    op.name,
    [],
    `${op.inputs[i] ?? `input ${i}`} must be a tensor or a number, not ${show(value)}`,
    'make a tensor of it with tensor(…)',
  )
}

function writeSpec(shape: Shape, dtype: DTypeCode, start: number): number {
  let at = start
  commands[at] = 0
  commands[at + 1] = dtype
  commands[at + 2] = shape.length
  at += 3
  for (let i = 0; i < shape.length; i++) commands[at++] = shape[i] as number
  return at
}

// In place of what is to be saved, of a call that is not recorded: because no input wants a gradient,
// or because nothing is recorded here, or the operation never is.
const UNWANTED = -1
const UNRECORDED = -2

/** Which inputs and outputs must be saved; negative if the call is not recorded. */
function savesFor(op: Op, inputs: readonly Input[]): number {
  if (!op.differentiable || !isRecording()) return UNRECORDED
  let mask = UNWANTED
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]
    if (input instanceof Tensor && input._requiresGrad) {
      if (op.joint === null && op.rules[i] === null) continue
      mask = (mask === UNWANTED ? 0 : mask) | (op.saveMasks[i] as number)
    }
  }
  return mask
}

/** The same for a write: what cannot be differentiated still changes what its target was. */
function savesInPlace(op: Op, targets: readonly Tensor[], inputs: readonly Input[]): number {
  const mask = savesFor(op, inputs)
  if (mask >= 0 || !isRecording()) return mask
  for (const target of targets) if (target._requiresGrad && isFloatingCode(target._dtype)) return 0
  return mask
}

/** What native code is told of a call, see Mode in addon/launch.cc. */
function modeOf(op: Op, mask: number): number {
  if (mask >= 0) return recording.creation | RECORD | placement.bits
  return (mask === UNWANTED ? recording.creation : unrecorded(op)) | placement.bits
}

/** Writes the saved list: bits that are tensors, inputs first. Returns how many. */
function writeSaves(mask: number, inputs: readonly Input[], start: number): number {
  let count = 0
  for (let bit = 0, rest = mask; rest !== 0; bit++, rest >>>= 1) {
    if ((rest & 1) === 0) continue
    if (bit < inputs.length && !(inputs[bit] instanceof Tensor)) continue
    commands[start + count++] = bit
  }
  return count
}

function checkLength(op: Op, numbers: number): void {
  if (numbers > COMMAND_CAPACITY - 4096) {
    throw new NativeError(
      op.name,
      [],
      `the operation has too many inputs or parameters (${numbers})`,
      'split it into several calls',
    )
  }
}

/** An output as native code hands it over: the id of a view is negative. */
function takeOutput(out: Tensor, id: number, inputs: readonly Input[]): void {
  if (id >= 0) {
    out._id = id
    return
  }
  const from = inputs[0] as Tensor
  out._id = -id
  out._base = from._base ?? from
}

/**
 * Runs an operation with one output. `numbers` are the kernel's parameters, `params` what the
 * derivative sees; `numberDtype` is the dtype that plain numbers among the inputs take.
 */
export function run<P>(
  op: Op<P>,
  inputs: readonly Input[],
  shape: Shape,
  dtype: DTypeCode,
  numbers: readonly number[] = NO_NUMBERS,
  params: P = null as P,
  numberDtype: DTypeCode = dtype,
): Tensor {
  if (vmapping.interpreter !== null) {
    const call = { op: op as Op, inputs, numbers, params, numberDtype }
    const result = vmapping.interpreter.run(call, { shape, dtype })
    if (result !== null) return result
  }
  if (inputs.length > 64 || numbers.length > 64)
    checkLength(op as Op, inputs.length * 3 + numbers.length)
  const mask = savesFor(op as Op, inputs)
  commands[0] = op.kernel
  commands[1] = inputs.length
  commands[2] = 1
  commands[3] = numbers.length
  commands[4] = modeOf(op as Op, mask)
  let at = writeSpec(shape, dtype, writeInputs(op as Op, inputs, numberDtype, 6))
  at = writeNumbers(op as Op, numbers, at)
  commands[5] = mask > 0 ? writeSaves(mask, inputs, at) : 0

  const out = new Tensor(shape, dtype)
  const scope =
    scopes.current !== null || scopes.asynchronous === 0 ? scopes.current : currentScope()
  try {
    if (scope === null) native.launch(out)
    else native.launch()
  } catch (error) {
    throw translateError(error, op as Op, inputs)
  }
  takeOutput(out, commands[0], inputs)
  if (scope !== null) {
    out._scope = scope
    scope.tensors.push(out)
  }
  if (mask >= 0 && isFloatingCode(dtype)) {
    out._own = true
    recording.recorder?.record(op as Op, commands[1], inputs, params, mask)
  }
  return out
}

/** Writes tensors that the call changes, as outputs; returns the place after them. */
function writeTargets(targets: readonly Tensor[], writer: number, start: number): number {
  let at = start
  for (const target of targets) {
    commands[at++] = target._id === 0 ? 0xffffffff : target._id
    commands[at++] = writer
  }
  return at
}

/**
 * Runs an operation with several outputs. Behind them its kernel may change `targets`, of which the
 * graph learns nothing: an interpreter that does more than watch must not be installed then.
 */
export function runMany<P>(
  op: Op<P>,
  inputs: readonly Input[],
  specs: readonly Spec[],
  numbers: readonly number[] = NO_NUMBERS,
  params: P = null as P,
  numberDtype: DTypeCode = FLOAT32,
  targets: readonly Tensor[] = NO_TARGETS,
): Tensor[] {
  if (vmapping.interpreter !== null) {
    const call = { op: op as Op, inputs, numbers, params, numberDtype }
    const results = vmapping.interpreter.runMany(call, specs)
    if (results !== null) return results
  }
  checkLength(op as Op, inputs.length * 3 + numbers.length + specs.length * 20)
  const mask = savesFor(op as Op, inputs)
  commands[0] = op.kernel
  commands[1] = inputs.length
  commands[2] = specs.length + targets.length
  commands[3] = numbers.length
  commands[4] = modeOf(op as Op, mask)
  let at = writeInputs(op as Op, inputs, numberDtype, 6)
  for (const spec of specs) at = writeSpec(spec.shape, spec.dtype, at)
  if (targets.length > 0) at = writeTargets(targets, op.writer, at)
  at = writeNumbers(op as Op, numbers, at)
  commands[5] = mask > 0 ? writeSaves(mask, inputs, at) : 0

  const outs = specs.map((spec) => new Tensor(spec.shape, spec.dtype))
  const scope: Scope | null = currentScope()
  // A call passes at most 8 wrappers; more results are taken over one by one.
  const tracked = scope === null && outs.length <= 8
  try {
    if (tracked) native.launch(...outs)
    else native.launch()
  } catch (error) {
    throw translateError(error, op as Op, inputs)
  }
  const slot = commands[specs.length + targets.length] as number
  for (let i = 0; i < outs.length; i++) {
    takeOutput(outs[i] as Tensor, commands[i] as number, inputs)
  }
  for (const out of outs) {
    if (scope !== null) {
      out._scope = scope
      scope.tensors.push(out)
    } else if (!tracked) {
      out._id = native.track(out._id, out)
    }
    if (mask >= 0 && isFloatingCode(out._dtype)) out._own = true
  }
  if (mask >= 0) recording.recorder?.record(op as Op, slot, inputs, params, mask)
  return outs
}

/**
 * Runs an operation that writes its result into `targets` (usually among the inputs). `name` is what
 * errors call it.
 */
export function runInPlace<P>(
  op: Op<P>,
  targets: readonly Tensor[],
  inputs: readonly Input[],
  numbers: readonly number[] = NO_NUMBERS,
  params: P = null as P,
  numberDtype: DTypeCode = FLOAT32,
  name: string = op.inPlaceName,
): void {
  if (vmapping.interpreter !== null) {
    const call = { op: op as Op, inputs, numbers, params, numberDtype }
    if (vmapping.interpreter.runInPlace(call, targets, name)) return
  }
  checkLength(op as Op, (inputs.length + targets.length) * 3 + numbers.length)
  const mask = savesInPlace(op as Op, targets, inputs)
  commands[0] = op.kernel
  commands[1] = inputs.length
  commands[2] = targets.length
  commands[3] = numbers.length
  commands[4] = modeOf(op as Op, mask)
  let at = writeInputs(op as Op, inputs, numberDtype, 6)
  at = writeTargets(targets, name === op.inPlaceName ? op.writer : writerNumber(name), at)
  at = writeNumbers(op as Op, numbers, at)
  commands[5] = mask > 0 ? writeSaves(mask, inputs, at) : 0
  try {
    native.launch()
  } catch (error) {
    throw translateError(error, op as Op, inputs.length > 0 ? inputs : targets, name)
  }
  if (mask < 0) return
  const slot = commands[targets.length] as number
  for (const target of targets) {
    if (!isFloatingCode(target._dtype)) continue
    target._own = true
    if (target._base !== null) target._base._own = true
  }
  recording.recorder?.record(op as Op, slot, inputs, params, mask)
}
