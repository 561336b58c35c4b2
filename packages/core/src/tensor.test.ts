import { describe, expect, it } from 'vitest'
import {
  cat,
  DisposedError,
  fromTypedArray,
  IndexError,
  memoryStats,
  ones,
  OutOfMemoryError,
  setMemoryLimit,
  ShapeError,
  tensor,
  Tensor,
  ValueError,
  zeros,
} from './index.ts'

describe('a tensor', () => {
  it('knows its shape, dtype, strides and size', () => {
    const x = zeros([2, 3, 4], { dtype: 'float64' })
    expect([x.shape, x.dtype, x.ndim, x.dim(), x.numel()]).toEqual([[2, 3, 4], 'float64', 3, 3, 24])
    expect([x.stride(), x.stride(-1), x.size(1), x.storageOffset()]).toEqual([[12, 4, 1], 1, 3, 0])
    expect([x.elementSize(), x.nbytes, x.device]).toEqual([8, 192, 'cpu'])
    const view = x.select(0, 1).t()
    expect([view.shape, view.stride(), view.storageOffset()]).toEqual([[4, 3], [1, 4], 12])
    expect([view.isContiguous(), x.isContiguous(), view.sharesStorageWith(x)]).toEqual([
      false,
      true,
      true,
    ])
  })

  it('has no sizes or strides to ask for without axes', () => {
    const x = tensor(3)
    expect(() => x.size(0)).toThrow(IndexError)
    expect(() => x.stride(0)).toThrow(/stride: the tensor has no axes/)
    expect(x.size()).toEqual([])
  })

  it('keeps its shape when the array it was given changes', () => {
    const sizes = [2, 3]
    const x = zeros(sizes)
    const y = zeros([6]).view(sizes)
    sizes[0] = 1000
    expect([x.shape, y.shape]).toEqual([
      [2, 3],
      [2, 3],
    ])
    expect(x.toArray().length).toBe(6)
  })
})

describe('elements as JavaScript values', () => {
  it('are not what operators for numbers get', () => {
    const x = tensor([1.5, 2]) as unknown as number
    expect(() => x * 2).toThrow(/operators such as \* and < are for numbers.*\n.*\n.*x\.mul\(2\)/)
    expect(() => x < 3).toThrow(ValueError)
    expect(() => -x).toThrow(ValueError)
    expect(() => Math.max(x, 1)).toThrow(ValueError)
    expect([`${x}`, String(x)]).toEqual(Array(2).fill('tensor([1.5000, 2.0000])'))
  })

  it('come as nested arrays, flat arrays or a number', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    expect(x.tolist()).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect([...x.t().toArray()]).toEqual([1, 3, 2, 4])
    expect(tensor(7).tolist()).toBe(7)
    expect(tensor([true, false]).tolist()).toEqual([true, false])
    expect(tensor(2.5).item()).toBe(2.5)
    expect(zeros([0, 3]).tolist()).toEqual([])
    expect(zeros([2, 0]).tolist()).toEqual([[], []])
  })

  it('keep integers beyond 2^53 exact, or say so', () => {
    const x = fromTypedArray(BigInt64Array.of(2n ** 60n + 1n))
    expect(x.toBigIntArray()[0]).toBe(2n ** 60n + 1n)
    for (const read of [() => x.item(), () => x.tolist(), () => x.toArray()]) {
      expect(read).toThrow(
        /the integer 1152921504606846977 cannot be held exactly[\s\S]*fix: use toBigIntArray\(\)/,
      )
    }
    expect(() => ones([2]).toBigIntArray()).toThrow(/toBigIntArray: float32 does not hold integers/)
    expect([...tensor([true, false]).toBigIntArray()]).toEqual([1n, 0n])
  })

  it('are read one at a time only where there is one', () => {
    expect(() => zeros([2]).item()).toThrow(/item: the tensor has 2 elements; item\(\) needs/)
    expect(() => zeros([0]).item()).toThrow(ShapeError)
    expect(zeros([1, 1, 1]).item()).toBe(0)
  })

  it('are refused where they do not fit into memory', () => {
    const huge = zeros([1]).expand([2 ** 40])
    expect(() => huge.tolist()).toThrow(
      /tolist: nested arrays of 1099511627776 elements do not fit/,
    )
    expect(() => huge.toArray()).toThrow(OutOfMemoryError)
    expect(() => huge.long().toBigIntArray()).toThrow(OutOfMemoryError)
    expect(() => huge.add(1)).toThrow(OutOfMemoryError)
    expect(() =>
      zeros([1, 0])
        .expand([2 ** 40, 0])
        .tolist(),
    ).toThrow(OutOfMemoryError)
    expect(() => huge.unbind()).toThrow(/unbind: 1099511627776 parts are more than/)
    expect(() => huge.split(1)).toThrow(ValueError)
    expect(String(huge)).toBe('tensor([0., 0., 0.,  ..., 0., 0., 0.])')
  })
})

describe('making tensors', () => {
  it('refuses arrays that contain themselves, and lengths without elements', () => {
    const loop: unknown[] = []
    loop.push(loop)
    expect(() => tensor(loop as never)).toThrow(/at most 16 axes/)
    expect(() => tensor(new Array(2 ** 32 - 1) as never)).toThrow(
      /do not fit into memory|values must be numbers/,
    )
    expect(() => fromTypedArray(undefined as never)).toThrow(/undefined has no dtype/)
  })

  it('refuses sizes whose product overflows, also beside a 0', () => {
    expect(() => zeros([2 ** 40, 2 ** 40, 0])).toThrow(/more elements than memory can hold/)
    expect(() => zeros([-1])).toThrow(/sizes are whole numbers ≥ 0, but one is -1/)
    expect(() => zeros([1.5])).toThrow(ShapeError)
    expect(() => zeros('3' as never)).toThrow(/a shape is an array of sizes, not "3"/)
  })

  it('refuses what is not a dtype or device, whatever it is', () => {
    for (const dtype of ['float8', 3n, Symbol('x'), Object.create(null), ['float32']]) {
      expect(() => zeros([1], { dtype })).toThrow(/is not a dtype/)
    }
    expect(() => zeros([1], { device: 'cuda' })).toThrow(/there is no device "cuda"/)
    expect(() => zeros([1], { device: Object.create(null) })).toThrow(/no device/)
  })
})

describe('a disposed tensor', () => {
  const gone = zeros([2, 3])
  gone.dispose()

  it('says so wherever it is used', () => {
    expect(gone.isDisposed).toBe(true)
    expect(() => gone.add(1)).toThrow(DisposedError)
    expect(() => ones([2, 3]).add(gone)).toThrow(
      /add: other was disposed and can no longer be used[\s\S]*input: float32 \[2, 3\] {3}other: float32 \[2, 3\][\s\S]*fix: dispose a tensor after its last use/,
    )
    for (const use of [
      () => gone.item(),
      () => gone.tolist(),
      () => gone.toArray(),
      () => gone.stride(),
      () => gone.storageOffset(),
      () => gone.sharesStorageWith(gone),
      () => gone.mul_(2),
      () => gone.view(6),
      () => cat([ones([1, 3]), gone]),
    ]) {
      expect(use).toThrow(DisposedError)
    }
  })

  it('still prints, with its shape and dtype', () => {
    expect(String(gone)).toBe('tensor(<disposed>, dtype=float32, shape=[2, 3])')
  })

  it('may be disposed again', () => {
    gone.dispose()
    gone[Symbol.dispose]()
    expect(gone.isDisposed).toBe(true)
  })

  it('leaves others on its storage alive', () => {
    const x = ones([2, 3])
    const row = x.select(0, 0)
    x.dispose()
    expect(row.tolist()).toEqual([1, 1, 1])
  })

  it('is freed by using at the end of its block', () => {
    const before = memoryStats().tensors
    {
      using x = ones([4])
      expect(x.isDisposed).toBe(false)
      expect(memoryStats().tensors).toBe(before + 1)
    }
    expect(memoryStats().tensors).toBe(before)
  })
})

describe('arguments of the wrong kind', () => {
  it('are refused before they reach native code', () => {
    const x = ones([2])
    for (const wrong of [undefined, null, 'x', {}, [], 3n, Symbol('x'), () => 1, new Date(0)]) {
      expect(() => x.add(wrong as never)).toThrow(/must be a tensor or a number/)
    }
    // A tensor in place of a number would print itself, which runs operations of its own.
    expect(() => x.add(1, { alpha: ones([1]) as never })).toThrow(ValueError)
    expect(x.add(1).tolist()).toEqual([2, 2])
  })

  it('that are tensors of no storage are disposed ones', () => {
    expect(() => new Tensor([2, 3], 0).add(1)).toThrow(DisposedError)
  })
})

describe('the memory limit', () => {
  it('gives an error that names the largest tensors, after which all goes on', () => {
    const before = memoryStats().limitBytes
    const big = zeros([1024, 1024])
    setMemoryLimit(memoryStats().liveBytes + (2 << 20))
    try {
      expect(() => big.add(1)).toThrow(OutOfMemoryError)
      expect(() => big.add(1)).toThrow(
        /add: 4 MB more does not fit: .* of at most .* are live, the largest: 4 MB float32 \[1024, 1024\][\s\S]*fix: use smaller batches/,
      )
      expect(() => zeros([1 << 20])).toThrow(OutOfMemoryError)
      expect(() => cat([big, big])).toThrow(OutOfMemoryError)
      expect(big.narrow(0, 0, 2).add(1).sum().item()).toBe(2048)
    } finally {
      setMemoryLimit(before)
    }
    expect(big.add(1).mean().item()).toBe(1)
    expect(() => setMemoryLimit(-1)).toThrow(/a limit is a number of bytes ≥ 0/)
    expect(() => setMemoryLimit('1' as never)).toThrow(ValueError)
  })

  it('collects garbage before it gives up', () => {
    const before = memoryStats().limitBytes
    setMemoryLimit(memoryStats().liveBytes + (16 << 20))
    try {
      for (let i = 0; i < 200; i++) expect(zeros([1024, 1024]).numel()).toBe(1 << 20)
    } finally {
      setMemoryLimit(before)
    }
  })
})
