import { inspect } from 'node:util'
import type { DType, DTypeCode } from './dtype.ts'
import { BOOL, dtypeName, INT64, itemBytes } from './dtype.ts'
import { DisposedError, PrecisionError, ShapeError } from './errors.ts'
import type { TensorMethods } from './methods.ts'
import { commands, native } from './native.ts'
import { formatTensor } from './printing.ts'
import type { Scope } from './scope.ts'
import { currentScope } from './scope.ts'

import type { Shape } from './shape.ts'
import { normalizeAxis, numElements } from './shape.ts'

/** A JavaScript array nested as deep as a tensor has axes; a single value for a tensor without. */
export type NestedArray = number | boolean | NestedArray[]

/** The typed array that holds a dtype's elements; `bool` comes as bytes. */
export type TypedArrayOf = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array

/**
 * An array with any number of axes, all elements of one dtype.
 *
 * Tensors come from creation functions (`tensor`, `zeros`, `randn`, …) and from operations, which
 * exist as functions (`add(a, b)`) and as methods (`a.add(b)`). Several tensors may view the same
 * storage. Memory is reclaimed by itself; `dispose()` and `using` free it at once.
 *
 * @see torch.Tensor
 */
export class Tensor {
  /** Number of the native tensor; 0 once disposed. @internal */
  _id: number
  /** @internal */
  _shape: Shape
  /** @internal */
  _dtype: DTypeCode
  /** True if operations on it are recorded. @internal */
  _requiresGrad: boolean
  /** The scope that frees it; null when the garbage collector does. @internal */
  _scope: Scope | null
  /** What the gradient package keeps with the tensor. @internal */
  _autograd: object | null

  /** Use the creation functions. @internal */
  constructor(shape: Shape, dtype: DTypeCode) {
    this._id = 0
    this._shape = shape
    this._dtype = dtype
    this._requiresGrad = false
    this._scope = null
    this._autograd = null
  }

  /** Sizes, outermost axis first; do not modify. */
  get shape(): readonly number[] {
    return this._shape
  }

  get dtype(): DType {
    return dtypeName(this._dtype)
  }

  /** Where the elements are. */
  get device(): string {
    return 'cpu'
  }

  /** Number of axes. */
  get ndim(): number {
    return this._shape.length
  }

  /** True once `dispose()` was called or the tensor's scope ended. */
  get isDisposed(): boolean {
    return this._id === 0
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
  size(): readonly number[]
  size(dim: number): number
  size(dim?: number): number | readonly number[] {
    if (dim === undefined) return this._shape
    if (this._shape.length === 0) normalizeAxis('size', Number.NaN, 0, this)
    return this._shape[normalizeAxis('size', dim, this.ndim, this)] as number
  }

  /** Bytes of one element. */
  elementSize(): number {
    return itemBytes(this._dtype)
  }

  /** Bytes of all elements (a view counts its elements, not its storage). */
  get nbytes(): number {
    return this.numel() * itemBytes(this._dtype)
  }

  /** Distances between neighbours of each axis, in elements; or that of one axis. */
  stride(): number[]
  stride(dim: number): number
  stride(dim?: number): number | number[] {
    native.info(liveId('stride', this))
    const rank = commands[1] as number
    const strides = Array.from(commands.subarray(9 + rank, 9 + 2 * rank))
    return dim === undefined
      ? strides
      : (strides[normalizeAxis('stride', dim, this.ndim, this)] as number)
  }

  /** Place of the first element in the storage, in elements. */
  storageOffset(): number {
    native.info(liveId('storageOffset', this))
    return commands[6] as number
  }

  /** Is the order in memory row-major, without gaps? Results of convolutions need not be. */
  isContiguous(): boolean {
    const strides = this.stride()
    let expected = 1
    if (this.numel() === 0) return true
    for (let i = this.ndim - 1; i >= 0; i--) {
      const size = this._shape[i] as number
      if (size !== 1 && strides[i] !== expected) return false
      expected *= size
    }
    return true
  }

  isFloatingPoint(): boolean {
    return this._dtype <= 1
  }

  /** Do both tensors view the same storage? */
  sharesStorageWith(other: Tensor): boolean {
    return native.sameStorage(liveId('sharesStorageWith', this), liveId('sharesStorageWith', other))
  }

  /**
   * The only element as a number (of `bool`: 0 or 1 as `number`; use `Boolean()`).
   *
   * @throws {ShapeError} if there is not exactly one element.
   * @throws {PrecisionError} if an int64 exceeds 2^53.
   * @see torch.Tensor.item
   */
  item(): number {
    const id = liveId('item', this)
    if (this.numel() !== 1) {
      throw new ShapeError(
        'item',
        { input: this },
        `the tensor has ${this.numel()} elements; item() needs exactly one`,
        'use tolist() or toArray(), or select one element first',
      )
    }
    return withPrecision('item', this, () => native.item(id))
  }

  /**
   * A copy of the elements as nested arrays of numbers (booleans for `bool`); a tensor without axes
   * gives a single value.
   *
   * @throws {PrecisionError} if an int64 exceeds 2^53; see {@link toBigIntArray}.
   * @see torch.Tensor.tolist
   */
  tolist(): NestedArray {
    const flat = new Float64Array(this.numel())
    const id = liveId('tolist', this)
    withPrecision('tolist', this, () => native.read(id, flat))
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
   * int64, which comes as a Float64Array of whole numbers.
   *
   * @throws {PrecisionError} if an int64 exceeds 2^53; see {@link toBigIntArray}.
   */
  toArray(): Float32Array | Float64Array | Int32Array | Uint8Array {
    const id = liveId('toArray', this)
    const n = this.numel()
    if (this._dtype === INT64) {
      const numbers = new Float64Array(n)
      withPrecision('toArray', this, () => native.read(id, numbers))
      return numbers
    }
    const out = [Float32Array, Float64Array, Float64Array, Int32Array, Uint8Array, Uint8Array]
    const array = new (out[this._dtype] ?? Uint8Array)(n)
    native.read(id, array)
    return array
  }

  /** A copy of the elements in row-major order as 64-bit integers, of any integer dtype or bool. */
  toBigIntArray(): BigInt64Array {
    const id = liveId('toBigIntArray', this)
    if (this._dtype === INT64) {
      const array = new BigInt64Array(this.numel())
      native.read(id, array)
      return array
    }
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
    return formatTensor(this)
  }

  get [Symbol.toStringTag](): string {
    return 'Tensor'
  }
}

export interface Tensor extends TensorMethods {}

Object.defineProperties(Tensor.prototype, {
  [Symbol.for('flambeau.tensor')]: { value: true },
  // `console.log(x)` prints what `String(x)` gives.
  [inspect.custom]: {
    value(this: Tensor): string {
      return formatTensor(this)
    },
  },
})

/** The id of a tensor that is about to be used by `op`. @throws {DisposedError} */
export function liveId(op: string, tensor: Tensor): number {
  if (tensor._id === 0) throw disposed(op, 'input', tensor)
  return tensor._id
}

export function disposed(op: string, name: string, tensor: Tensor): DisposedError {
  return new DisposedError(
    op,
    { [name]: tensor },
    `${name} was disposed and can no longer be used`,
    'dispose a tensor after its last use; keep() or return what must outlive a scope',
  )
}

function withPrecision<T>(op: string, tensor: Tensor, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_PRECISION') throw error
    throw new PrecisionError(
      op,
      { input: tensor },
      `the integer ${(error as Error).message} cannot be held exactly by a JavaScript number`,
      'use toBigIntArray()',
    )
  }
}

/**
 * A wrapper for a native tensor of which the caller holds one count. It belongs to `scope`; null
 * hands it to the garbage collector. @internal
 */
export function wrap(id: number, scope: Scope | null): Tensor {
  native.info(id)
  const rank = commands[1] as number
  const tensor = new Tensor(Array.from(commands.subarray(9, 9 + rank)), commands[0] as number)
  tensor._requiresGrad = commands[2] === 1
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
  copy._requiresGrad = tensor._requiresGrad
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
