import { inspect } from 'node:util'
import { anyDevice, deviceIndex, deviceName } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import { BOOL, dtypeName, INT64, isFloatingCode, isSignedCode, itemBytes } from './dtype.ts'
import {
  DisposedError,
  DTypeError,
  type FlambeauError,
  IndexError,
  ShapeError,
  ValueError,
} from './errors.ts'
import { show } from './show.ts'
import type { TensorMethods } from './methods.ts'
import { commands, native } from './native.ts'
import { formatTensor } from './printing.ts'
import { elementsOf, numbersOf, reading, requireHeapFor } from './reading.ts'
import type { MemoryFormat, MemoryFormatOptions } from './ops/memory-format.ts'
import { axesToCompare } from './ops/memory-format.ts'
import type { Scope } from './scope.ts'
import { currentScope } from './scope.ts'

import type { Shape } from './shape.ts'
import { batchOf } from './vmap/batch.ts'
import { normalizeAxis, numElements, sameShape } from './shape.ts'

/** A JavaScript array nested as deep as a tensor has axes; a single value for a tensor without. */
export type NestedArray = number | boolean | NestedArray[]

/** The typed array that holds a dtype's elements; `bool` comes as bytes. */
export type TypedArrayOf =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array

/**
 * A dtype that is not known before the program runs. It goes with every other one, in both
 * directions: `Tensor` alone takes tensors of all dtypes and passes for one of each.
 */
// Only `any` does both; TypeScript has no other name for "unknown, and not checked".
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyDType = any

/** `Unknown` where the dtype `D` is not known, else `Known`. */
export type IfKnown<D, Known, Unknown> = 'not a dtype' extends D ? Unknown : Known

/** What `item()` gives: a boolean for `bool`, else a number. */
export type ItemOf<D> = IfKnown<D, D extends 'bool' ? boolean : number, number>

/**
 * An array with any number of axes, all elements of one dtype.
 *
 * The type `Tensor<'int64'>` says the dtype where it is known; `Tensor` leaves it open.
 *
 * Tensors come from creation functions (`tensor`, `zeros`, `randn`, …) and from operations, which
 * exist as functions (`add(a, b)`) and as methods (`a.add(b)`). Several tensors may view the same
 * storage. Memory is reclaimed by itself; `dispose()` and `using` free it at once.
 *
 * @see torch.Tensor
 *
 * @example
 * ```ts
 * import { Tensor, tensor } from '@flambeau/core'
 * const x = tensor([[1, 2], [3, 4]])
 * console.log(x instanceof Tensor, x.shape, x.dtype) // => true [ 2, 2 ] int64
 * console.log(x.T.add(1).sum().item()) // => 14
 * ```
 */
export class Tensor<D extends DType = AnyDType> {
  /** Number of the native tensor; 0 once disposed. @internal */
  _id: number
  /** @internal */
  _shape: Shape
  /** @internal */
  _dtype: DTypeCode
  /** True if operations on it are recorded for its own sake; see `_requiresGrad`. @internal */
  _own: boolean
  /** For a view, the tensor that it views, which is none itself. @internal */
  _base: Tensor | null
  /** The scope that frees it; null when the garbage collector does. @internal */
  _scope: Scope | null
  /** What the gradient package keeps with the tensor. @internal */
  _autograd: object | null

  /** Use the creation functions. @internal */
  constructor(shape: Shape, dtype: DTypeCode) {
    this._id = 0
    this._shape = shape
    this._dtype = dtype
    this._own = false
    this._base = null
    this._scope = null
    this._autograd = null
  }

  /**
   * True if operations on it are recorded. A view is part of what its base is part of, also if a
   * write made the base so after the view was made. @internal
   */
  get _requiresGrad(): boolean {
    return this._own || (this._base !== null && this._base._own)
  }

  /** Sizes, outermost axis first; do not modify. */
  get shape(): readonly number[] {
    return this._shape
  }

  get dtype(): IfKnown<D, D, DType> {
    return dtypeName(this._dtype) as IfKnown<D, D, DType>
  }

  /**
   * The same elements without their history, as {@link detach} gives them. Setting it gives the tensor
   * the storage, shape and dtype of another one, without a trace in the graph: it stays the leaf, or
   * the result, that it was. Changes of what was read count as changes of the tensor.
   *
   * @see torch.Tensor.data
   */
  get data(): Tensor<D> {
    return this.detach()
  }
  set data(other: Tensor) {
    requireTensor('data', 'value', other)
    liveId('data', this)
    const alias = other.detach()
    if (this._own && !alias.isFloatingPoint()) {
      throw new DTypeError(
        'data',
        { input: this, value: other },
        `only floating tensors can require gradients, not ${other.dtype}`,
        'set requiresGrad to false first',
      )
    }
    become(this, alias, true)
  }

  /** Where the elements are: `'cpu'`, or such as `'cuda:0'`. */
  get device(): string {
    return anyDevice() ? deviceName(ordinal(this)) : 'cpu'
  }

  /** Number of axes. */
  get ndim(): number {
    return this._shape.length
  }

  /** True once `dispose()` was called or the tensor's scope ended. */
  get isDisposed(): boolean {
    return this._id === 0 && (batchOf(this)?.value.isDisposed ?? true)
  }

  /** Number of axes. @see torch.Tensor.dim */
  dim(): number {
    return this._shape.length
  }

  /** Number of elements. */
  numel(): number {
    return numElements(this._shape)
  }

  /** All sizes, or that of one axis. @throws {IndexError} if there is no such axis. */
  size(dim?: null): readonly number[]
  size(dim: number | { dim: number }): number
  size(dim?: number | { dim: number } | null): number | readonly number[] {
    if (dim === undefined || dim === null) return this._shape
    return this._shape[axisOf('size', dim, this)] as number
  }

  /** Number of elements. @see torch.Tensor.nelement */
  nelement(): number {
    return this.numel()
  }

  /** Number of axes. @see torch.Tensor.ndimension */
  ndimension(): number {
    return this._shape.length
  }

  /** Bytes of one element. */
  elementSize(): number {
    return itemBytes(this._dtype)
  }

  /** Bytes of one element. @see torch.Tensor.itemsize */
  get itemsize(): number {
    return itemBytes(this._dtype)
  }

  /** Bytes of all elements (a view counts its elements, not its storage). */
  get nbytes(): number {
    return this.numel() * itemBytes(this._dtype)
  }

  /** Distances between neighbours of each axis, in elements; or that of one axis. */
  stride(dim?: null): number[]
  stride(dim: number | { dim: number }): number
  stride(dim?: number | { dim: number } | null): number | number[] {
    const strides = stridesOf(this)
    if (dim === undefined || dim === null) return strides
    return strides[axisOf('stride', dim, this)] as number
  }

  /** Place of the first element in the storage, in elements. */
  storageOffset(): number {
    native.info(liveId('storageOffset', this))
    return commands[6] as number
  }

  /**
   * Is the order in memory row-major (or that of `memoryFormat`), without gaps? Results of
   * convolutions need not be.
   *
   * @see torch.Tensor.is_contiguous
   */
  isContiguous(options?: MemoryFormat | MemoryFormatOptions): boolean {
    const strides = this.stride()
    const axes = options === undefined ? null : axesToCompare('isContiguous', this, options)
    if (axes === false) return false
    if (this.numel() === 0) return true
    let expected = 1
    for (let i = this.ndim - 1; i >= 0; i--) {
      const axis = axes === null ? i : (axes[i] as number)
      const size = this._shape[axis] as number
      if (size !== 1 && strides[axis] !== expected) return false
      expected *= size
    }
    return true
  }

  /** Is the dtype float16, bfloat16, float32 or float64? @see torch.Tensor.is_floating_point */
  isFloatingPoint(): boolean {
    return isFloatingCode(this._dtype)
  }

  /** Has the dtype negative numbers? @see torch.Tensor.is_signed */
  isSigned(): boolean {
    return isSignedCode(this._dtype)
  }

  /**
   * Is the only element not zero?
   *
   * @throws {ShapeError} if there is not exactly one element.
   * @see torch.is_nonzero
   */
  isNonzero(): boolean {
    return Number(this.item()) !== 0
  }

  /** Have both tensors the same shape? @see torch.Tensor.is_same_size */
  isSameSize(other: Tensor | { other: Tensor }): boolean {
    const compared = named('isSameSize', 'other', other)
    requireTensor('isSameSize', 'other', compared)
    return sameShape(this._shape, compared._shape)
  }

  /** Is the tensor in the processor's memory? @see torch.Tensor.is_cpu */
  get isCpu(): boolean {
    return this.device === 'cpu'
  }

  /** Is the tensor on an NVIDIA GPU? @see torch.Tensor.is_cuda */
  get isCuda(): boolean {
    return this.device.startsWith('cuda')
  }

  /** The number of the device that holds the tensor; -1 for the processor. @see torch.Tensor.get_device */
  getDevice(): number {
    return anyDevice() ? deviceIndex(ordinal(this)) : -1
  }

  /** Do both tensors view the same storage? */
  sharesStorageWith(other: Tensor): boolean {
    requireTensor('sharesStorageWith', 'other', other)
    const own = batchOf(this)?.value ?? this
    const others = batchOf(other)?.value ?? other
    if (own !== this || others !== other) return own.sharesStorageWith(others)
    return native.sameStorage(liveId('sharesStorageWith', this), liveId('sharesStorageWith', other))
  }

  /**
   * The only element as a number; of `bool` as a boolean.
   *
   * @throws {ShapeError} if there is not exactly one element.
   * @throws {PrecisionError} if an int64 exceeds 2^53.
   * @see torch.Tensor.item
   */
  item(): ItemOf<D> {
    const id = liveId('item', this)
    if (this.numel() !== 1) {
      throw new ShapeError(
        'item',
        { input: this },
        `the tensor has ${this.numel()} elements; item() needs exactly one`,
        'use tolist() or toArray(), or select one element first',
      )
    }
    const value = reading('item', this, () => native.item(id))
    return (this._dtype === BOOL ? value !== 0 : value) as ItemOf<D>
  }

  /**
   * A copy of the elements as nested arrays of numbers (booleans for `bool`); a tensor without axes
   * gives a single value.
   *
   * @throws {PrecisionError} if an int64 exceeds 2^53; see {@link toBigIntArray}.
   * @throws {OutOfMemoryError} if the arrays do not fit into JavaScript's heap.
   * @see torch.Tensor.tolist
   */
  tolist(): NestedArray {
    liveId('tolist', this)
    requireHeapFor('tolist', this)
    const flat = elementsOf('tolist', this, Float64Array)
    const bool = this._dtype === BOOL
    let at = 0
    const build = (axis: number): NestedArray => {
      if (axis === this.ndim) {
        const value = flat[at++] as number
        return bool ? value !== 0 : value
      }
      return Array.from({ length: this._shape[axis] as number }, () => build(axis + 1))
    }
    return build(0)
  }

  /**
   * A copy of the elements in row-major order as numbers: the typed array of the dtype, except for
   * int64, which comes as a Float64Array of whole numbers, and float16 and bfloat16, which come as a
   * Float32Array.
   *
   * @throws {PrecisionError} if an int64 exceeds 2^53; see {@link toBigIntArray}.
   * @throws {OutOfMemoryError} if the copy does not fit into the memory limit.
   */
  toArray(): Float32Array | Float64Array | Int32Array | Uint8Array | Int8Array | Int16Array {
    liveId('toArray', this)
    return elementsOf('toArray', this, numbersOf(this._dtype))
  }

  /**
   * A copy of the elements in row-major order as 64-bit integers, of any integer dtype or bool.
   *
   * @throws {DTypeError} for floating tensors.
   * @throws {OutOfMemoryError} if the copy does not fit into the memory limit.
   */
  toBigIntArray(): BigInt64Array {
    liveId('toBigIntArray', this)
    if (this.isFloatingPoint()) {
      throw new DTypeError(
        'toBigIntArray',
        { input: this },
        `${this.dtype} does not hold integers`,
        "use toArray(), or cast with to('int64')",
      )
    }
    if (this._dtype === INT64) return elementsOf('toBigIntArray', this, BigInt64Array)
    return BigInt64Array.from(this.toArray() as Int32Array, (value) => BigInt(value))
  }

  /**
   * Frees the tensor now. Other tensors on the same storage keep it alive. Using the tensor
   * afterwards throws a {@link DisposedError}; disposing it again does nothing.
   */
  dispose(): void {
    const id = this._id
    if (id === 0) return
    this._id = 0
    if (this._scope === null) native.dispose(id)
    else native.release(id)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Printed as PyTorch prints it. */
  toString(): string {
    const batch = batchOf(this)
    if (batch !== null) {
      const shape = this._shape.join(', ')
      return `tensor(<one of ${batch.level.size} in vmap>, dtype=${this.dtype}, shape=[${shape}])`
    }
    return formatTensor(this)
  }

  /**
   * Its text, in templates and beside strings. JavaScript's operators for numbers know no tensors.
   *
   * @throws {ValueError} for `x * 2` and `x < y`, which would otherwise be NaN and false.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint !== 'number') return this.toString()
    throw new ValueError(
      'tensor',
      { input: this },
      'operators such as * and < are for numbers, not for tensors',
      'use methods: x.mul(2), x.lt(y); or x.item() of a tensor with one element',
    )
  }

  get [Symbol.toStringTag](): string {
    return 'Tensor'
  }
}

export interface Tensor<D extends DType = AnyDType> extends TensorMethods<D> {}

Object.defineProperties(Tensor.prototype, {
  [Symbol.for('flambeau.tensor')]: { value: true },
  // `console.log(x)` prints what `String(x)` gives.
  [inspect.custom]: {
    value(this: Tensor): string {
      return this.toString()
    },
  },
})

/** The ordinal of the device that holds a tensor. */
function ordinal(tensor: Tensor): number {
  const own = batchOf(tensor)?.value ?? tensor
  return own._id === 0 ? 0 : native.deviceOf(own._id)
}

/** The id of a tensor that is about to be used by `op`. @throws {DisposedError} */
export function liveId(op: string, tensor: Tensor): number {
  if (tensor._id === 0) throw disposed(op, 'input', tensor)
  return tensor._id
}

/** @throws {ValueError} unless `value` is a tensor. */
export function requireTensor(op: string, name: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor) return
  throw new ValueError(
    op,
    [{ name, description: show(value) }],
    `${name} must be a tensor`,
    'make a tensor of it with tensor(…)',
  )
}

/** The value of the only parameter, which may come by name. @throws {ValueError} for another name. */
function named(op: string, name: string, given: unknown): unknown {
  if (typeof given !== 'object' || given === null || given instanceof Tensor) return given
  if (Array.isArray(given)) return given
  const wrong = Object.keys(given).find((key) => key !== name)
  if (wrong === undefined) return (given as Record<string, unknown>)[name]
  throw new ValueError(op, [], `there is no option '${wrong}'`, `options: ${name}`)
}

/** An axis that the tensor has, counted from the front. @throws {IndexError} */
function axisOf(op: string, given: number | { dim: number }, tensor: Tensor): number {
  const dim = named(op, 'dim', given) as number
  if (tensor.ndim > 0) return normalizeAxis(op, dim, tensor.ndim, tensor)
  throw new IndexError(op, { input: tensor }, 'the tensor has no axes', 'leave the axis out')
}

export function disposed(op: string, name: string, tensor: Tensor): FlambeauError {
  const batch = batchOf(tensor)
  if (batch !== null) {
    const { open, size } = batch.level
    return new ValueError(
      op,
      { [name]: tensor },
      open
        ? `${name} stands for ${size} samples inside of vmap, which cannot be looked into there`
        : `${name} belongs to a call of vmap that is over`,
      open
        ? 'do it outside of vmap, or write it with operations on tensors'
        : 'return it from the function in place of storing it elsewhere',
    )
  }
  return new DisposedError(
    op,
    { [name]: tensor },
    `${name} was disposed and can no longer be used`,
    'dispose a tensor after its last use; keep() or return what must outlive a scope',
  )
}

function stridesOf(tensor: Tensor): number[] {
  const batch = batchOf(tensor)
  if (batch !== null) return stridesOf(batch.value).slice(1)
  native.info(liveId('stride', tensor))
  const rank = commands[1] as number
  return Array.from(commands.subarray(9 + rank, 9 + 2 * rank))
}

/**
 * A wrapper for a native tensor of which the caller holds one count. It belongs to `scope`; null
 * hands it to the garbage collector. @internal
 */
export function wrap(id: number, scope: Scope | null): Tensor {
  native.info(id)
  const rank = commands[1] as number
  const shape: number[] = []
  for (let i = 0; i < rank; i++) shape.push(commands[9 + i] as number)
  const tensor = new Tensor(shape, commands[0] as number)
  tensor._own = commands[2] === 1
  tensor._id = id
  if (scope === null) {
    tensor._id = native.track(id, tensor)
  } else {
    tensor._scope = scope
    scope.tensors.push(tensor)
  }
  return tensor
}

/** Another wrapper of the same native tensor, with a count of its own. @internal */
export function share(tensor: Tensor): Tensor {
  const id = liveId('share', tensor)
  native.retain(id)
  const copy = new Tensor(tensor._shape, tensor._dtype)
  copy._own = tensor._own
  copy._base = tensor._base
  copy._id = id
  const scope = currentScope()
  if (scope === null) {
    copy._id = native.track(id, copy)
  } else {
    copy._scope = scope
    scope.tensors.push(copy)
  }
  return copy
}

/**
 * Makes `tensor` the native tensor that `other` is, which is disposed. `keepHistory` says that it
 * stays what it was for the graph; else it becomes what `other` was. @internal
 */
export function become(tensor: Tensor, other: Tensor, keepHistory: boolean): void {
  if (batchOf(tensor) !== null && batchOf(other) !== null) {
    tensor._autograd = other._autograd
    tensor._shape = other._shape
    tensor._base = other._base
    return
  }
  const before = tensor._id
  const id = other._id
  native.become(before, id, keepHistory ? 1 : 0)
  if (other._scope === null) native.untrack(id)
  other._id = 0
  tensor._id = id
  if (tensor._scope === null) {
    native.untrack(before)
    tensor._id = native.track(id, tensor)
  }
  native.release(before)
  tensor._shape = other._shape
  tensor._dtype = other._dtype
  tensor._base = keepHistory ? null : other._base
  if (!keepHistory) tensor._own = other._own
}
