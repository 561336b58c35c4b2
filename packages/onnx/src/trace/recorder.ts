/**
 * Recording what a module does: every operation that reaches core's dispatch, with the tensors it
 * takes and gives. It uses the place in dispatch where vmap and profiles stand, so that nothing is
 * paid while nobody records.
 */
import { Tensor, ValueError } from '@flambeau/core'
import type { Input, OpCall } from '@flambeau/core/internal'
import { compounds, native, run, runInPlace, runMany, vmapping } from '@flambeau/core/internal'
import { dtypeName } from '../dtypes.ts'
import type { Call, Source, Trace, Value } from './values.ts'
import { elementsOf } from './values.ts'
import { placesOf, scattered, writtenWindow } from './writes.ts'

const OP = 'exportOnnx'

/** What runs past the recorder would be missing in the file. */
function passed(what: string): ValueError {
  const fix = 'write forward without it'
  return new ValueError(OP, [], `forward cannot be followed: ${what} in it`, fix)
}

/** Listens from its making until `stop`. */
export class Recorder {
  readonly calls: Call[] = []
  readonly values: Value[] = []
  readonly #values = new WeakMap<Tensor, { value: Value; version: number }>()
  /** What views are of, and by which operation. */
  readonly #origins = new WeakMap<Tensor, { from: Tensor; call: OpCall }>()
  /** How often the storage of a tensor that is no view was written to. */
  readonly #writes = new WeakMap<Tensor, number>()
  /** Which tensors follow from inputs, by native number: their elements must not be read. */
  readonly #live = new Map<number, Value>()
  /** The addon's functions as they were. */
  readonly #before: typeof native = { ...native }
  readonly #names: ReadonlyMap<Tensor, { source: 'input' | 'state'; name: string }>
  #paused = 0

  /** @throws {ValueError} inside of vmap or a profile. */
  constructor(
    names: ReadonlyMap<Tensor, { source: 'input' | 'state'; name: string }>,
    freezeReads: boolean,
    /** Is a call of a compound function one operation? Else those that it is made of are. */
    isWhole: (name: string, inputs: readonly Input[], params: unknown) => boolean,
  ) {
    if (vmapping.interpreter !== null || compounds.watcher !== null) {
      throw new ValueError(OP, [], 'vmap, a profile or another trace is running', 'call it outside')
    }
    this.#names = names
    vmapping.interpreter = {
      run: (call, spec) => {
        const inputs = this.#inputs(call.inputs)
        const out = this.#aside(() =>
          run(
            call.op,
            call.inputs,
            spec.shape,
            spec.dtype,
            call.numbers,
            call.params,
            call.numberDtype,
          ),
        )
        const [from] = call.inputs
        // Also what is detached, or of another dtype, has the elements of what it was made of.
        if (from instanceof Tensor && native.sameStorage(out._id, from._id)) {
          this.#origins.set(out, { from, call })
        }
        this.#add(call, inputs, [out])
        return out
      },
      runMany: (call, specs) => {
        const inputs = this.#inputs(call.inputs)
        const outs = this.#aside(() =>
          runMany(call.op, call.inputs, specs, call.numbers, call.params, call.numberDtype),
        )
        this.#add(call, inputs, outs)
        return outs
      },
      runInPlace: (call, targets, name) => {
        this.#write(call, targets, name)
        return true
      },
    }
    compounds.watcher = (name, inputs, params, body) => {
      if (this.#paused > 0 || !isWhole(name, inputs, params)) return body()
      const values = this.#inputs(inputs)
      const out = this.#aside(body)
      this.#record(name, values, [], params, 0, [out])
      return out
    }
    native.launch = (...wrappers) => {
      if (this.#paused === 0)
        throw passed('vmap, or something else that stands before dispatch, runs')
      this.#before.launch(...wrappers)
    }
    native.become = (from, to, keepHistory) => {
      const live = [from, to].some((id) => this.#live.get(id)?.fixed === false)
      if (live) throw passed('a tensor takes the place of another (out of another shape, or data)')
      this.#before.become(from, to, keepHistory)
    }
    if (freezeReads) return
    native.item = (id) => {
      this.#refuseRead(id)
      return this.#before.item(id)
    }
    native.read = (id, array) => {
      this.#refuseRead(id)
      this.#before.read(id, array)
    }
  }

  /** Makes an input known, whether it is used or not. */
  introduce(tensor: Tensor): void {
    this.#valueOf(tensor)
  }

  /** Ends the recording. */
  stop(): void {
    vmapping.interpreter = null
    compounds.watcher = null
    Object.assign(native, this.#before)
  }

  /** What was recorded, with these results. */
  finish(outputs: readonly Tensor[]): Trace {
    const results = outputs.map((one) => this.#valueOf(one))
    return { values: this.values, calls: this.calls, outputs: results }
  }

  /** Runs `body` as if nobody listened. */
  #aside<T>(body: () => T): T {
    const { interpreter } = vmapping
    vmapping.interpreter = null
    this.#paused++
    try {
      return body()
    } finally {
      this.#paused--
      vmapping.interpreter = interpreter
    }
  }

  #refuseRead(id: number): void {
    const value = this.#live.get(id)
    if (this.#paused > 0 || value === undefined) return
    throw new ValueError(
      OP,
      [{ name: 'tensor', description: `${dtypeName(value.dtype)} [${value.shape.join(', ')}]` }],
      'forward reads elements of a tensor that follows from the inputs (item, tolist, nonzero …): what it does with them would be the same for every input',
      'if it only checks arguments, pass { freezeReads: true }; else export the part of the model before that, or write it with operations (where, gather)',
    )
  }

  #new(tensor: Tensor, source: Source, name: string, fixed: boolean): Value {
    const elements = fixed ? this.#aside(() => elementsOf(tensor)) : null
    const value: Value = {
      id: this.values.length,
      source,
      name,
      shape: [...tensor.shape],
      dtype: tensor._dtype,
      fixed,
      elements,
    }
    this.values.push(value)
    const version = this.#writes.get(this.#root(tensor)) ?? 0
    this.#values.set(tensor, { value, version })
    if (fixed) this.#live.delete(tensor._id)
    else if (source !== 'state') this.#live.set(tensor._id, value)
    return value
  }

  #valueOf(tensor: Tensor): Value {
    const known = this.#values.get(tensor)
    const version = this.#writes.get(this.#root(tensor)) ?? 0
    if (known !== undefined && known.version >= version) return known.value
    const base = this.#root(tensor)
    if (known !== undefined && base !== tensor && !this.#valueOf(base).fixed) {
      // It was changed through another view: it is what it views of the tensor as it is now.
      const again = this.#replay(tensor, base, base)
      if (again === null) throw this.#unknownView(tensor)
      return this.#rename(tensor, this.#valueOf(again))
    }
    const named = this.#names.get(tensor)
    if (named !== undefined) return this.#new(tensor, named.source, named.name, false)
    return this.#new(tensor, 'constant', '', true)
  }

  #inputs(inputs: readonly Input[]): (Value | number | null)[] {
    return inputs.map((one) => (one instanceof Tensor ? this.#valueOf(one) : one))
  }

  #add(call: OpCall, inputs: readonly (Value | number | null)[], outs: readonly Tensor[]): void {
    this.#record(call.op.name, inputs, call.numbers, call.params, call.numberDtype, outs)
  }

  #record(
    op: string,
    inputs: readonly (Value | number | null)[],
    numbers: readonly number[],
    params: unknown,
    numberDtype: number,
    outs: readonly Tensor[],
  ): void {
    // What is empty is filled from JavaScript, or by a write: it counts when it is used.
    if (op === 'empty') {
      for (const out of outs) this.#live.delete(out._id)
      return
    }
    const fixed = inputs.every((one) => one === null || typeof one === 'number' || one.fixed)
    const outputs = outs.map((out) => this.#new(out, 'call', '', fixed))
    this.calls.push({ op, inputs, numbers: [...numbers], params, numberDtype, outputs })
  }

  /** The tensor that a view is of in the end; the tensor itself if it is none. */
  #root(tensor: Tensor): Tensor {
    let root = tensor
    for (let origin = this.#origins.get(root); origin !== undefined;) {
      root = origin.from
      origin = this.#origins.get(root)
    }
    return root
  }

  /** Says what a tensor is from now on. */
  #rename(tensor: Tensor, value: Value): Value {
    const version = this.#writes.get(this.#root(tensor)) ?? 0
    this.#values.set(tensor, { value, version })
    if (!value.fixed) this.#live.set(tensor._id, value)
    return value
  }

  /** The operations that made `view` of `base`, on another tensor of its shape; null if unknown. */
  #replay(view: Tensor, base: Tensor, start: Tensor): Tensor | null {
    const chain: { shape: readonly number[]; call: OpCall }[] = []
    for (let at = view; at !== base;) {
      const origin = this.#origins.get(at)
      if (origin === undefined || origin.call.op.name === 'viewDtype') return null
      chain.unshift({ shape: at.shape, call: origin.call })
      at = origin.from
    }
    return chain.reduce((x, { shape, call }) => {
      const inputs = [x, ...call.inputs.slice(1)]
      return run(call.op, inputs, shape, x._dtype, call.numbers, call.params, call.numberDtype)
    }, start)
  }

  #unknownView(tensor: Tensor): ValueError {
    return new ValueError(
      OP,
      { tensor },
      'a part of another tensor is changed in place, and which part cannot be followed',
      'use the forms without underscore in forward: where, cat, indexPut, selectScatter',
    )
  }

  /** A write: the target is another value afterwards, and so is everything that shares its storage. */
  #write(call: OpCall, targets: readonly Tensor[], name: string): void {
    const inputs = this.#inputs(call.inputs)
    const before = targets.map((target) => this.#valueOf(target))
    const fixed = [...inputs, ...before].every(
      (one) => one === null || typeof one === 'number' || one.fixed,
    )
    const [target] = targets as [Tensor]
    const [base, window] = [this.#root(target), call.op.name === 'setAt']
    if (!fixed && base !== target) {
      this.#writePart(call, targets, name, base)
    } else if (!fixed && window) {
      const written = writtenWindow(call, target)
      this.#carryOut(call, targets, name)
      this.#rename(target, this.#valueOf(written))
    } else {
      this.#carryOut(call, targets, name)
      this.#add(call, inputs, targets)
    }
  }

  #carryOut(call: OpCall, targets: readonly Tensor[], name: string): void {
    this.#aside(() =>
      runInPlace(call.op, targets, call.inputs, call.numbers, call.params, call.numberDtype, name),
    )
    for (const target of targets) {
      const base = this.#root(target)
      this.#writes.set(base, (this.#writes.get(base) ?? 0) + 1)
    }
  }

  /** A write into a view: the same of a copy, which is then scattered to the places of the view. */
  #writePart(call: OpCall, targets: readonly Tensor[], name: string, base: Tensor): void {
    const [target] = targets as [Tensor]
    const places = this.#replay(target, base, placesOf(base))
    if (places === null || targets.length > 1) throw this.#unknownView(target)
    const part = target.clone()
    const inputs = call.inputs.map((input) => (input === target ? part : input))
    runInPlace(call.op, [part], inputs, call.numbers, call.params, call.numberDtype, name)
    const written = scattered(base, places, part, false)
    this.#carryOut(call, targets, name)
    this.#rename(base, this.#valueOf(written))
    this.#rename(target, this.#valueOf(part))
  }
}
