/** Element types on their way into files and back. */
import { noGrad } from '@flambeau/autograd'
import { randn, tensor } from '@flambeau/core'
import type { DType, Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { describe, expect, it } from 'vitest'
import { exportOnnx } from './export/export.ts'
import { importOnnx } from './import/import.ts'
import { load } from './testing/runtime.ts'
import { fromBrain, fromHalf, toBrain, toHalf } from './tensors.ts'

/** Adds a buffer of some dtype to what it is given. */
class Holder extends nn.Module {
  declare held: Tensor
  constructor(held: Tensor) {
    super()
    this.registerBuffer('held', held)
  }
  override forward(x: Tensor): Tensor {
    return this.held.to(x.dtype as 'float32').add(x)
  }
}

const dtypes: readonly DType[] = [
  ...(['float32', 'float64', 'float16', 'bfloat16', 'int64', 'int32'] as const),
  ...(['int16', 'int8', 'uint8', 'bool'] as const),
]

describe('initializers', () => {
  it.each(dtypes)('of %s are the same after a round trip', async (dtype) => {
    const numbers = [0, 1, 2, 100.5, 3.14159].map((x, i) => (dtype === 'bool' ? i % 2 : x))
    const holder = new Holder(tensor(numbers, { dtype: 'float64' }).to(dtype))
    const net = await importOnnx(await exportOnnx(holder, randn([5])))
    const back = [...net.parameters(), ...net.buffers()].find(
      (one) => one.dtype === dtype,
    ) as Tensor
    expect(back.tolist()).toEqual(holder.held.tolist())
    const x = randn([5])
    expect(net(x).tolist()).toEqual(holder(x).tolist())
  })
})

describe('half precision', () => {
  const numbers = [
    ...[0, -0, 1, -2.5, 65504, 65519, 65520, 1e9, -1e9, 1 / 3, 0.1],
    ...[2 ** -14, 2 ** -24, 2 ** -25, 3 * 2 ** -25, 2 ** -26, 6.1e-5, 5.9e-8],
    ...[2049, 2050, 2051, Number.POSITIVE_INFINITY, Number.NaN],
  ]

  it.each(['float16', 'bfloat16'] as const)('%s is rounded as by a cast', (dtype) => {
    const [to, from] = dtype === 'float16' ? [toHalf, fromHalf] : [toBrain, fromBrain]
    const want = tensor(numbers, { dtype: 'float32' }).to(dtype).to('float32').tolist()
    expect(numbers.map((number) => from(to(number)))).toEqual(want)
  })

  it('every float16 is read and written as it is', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const number = fromHalf(bits)
      if (Number.isNaN(number)) continue
      if (toHalf(number) !== bits) throw new Error(`${bits} became ${toHalf(number)}`)
    }
    expect(fromHalf(0x3c00)).toBe(1)
  })
})

describe('models of other precisions', () => {
  const models: [DType, number][] = [
    ['float64', 1e-12],
    ['float16', 5e-3],
  ]
  it.each(models)('%s gives the same in onnxruntime', async (dtype, tolerance) => {
    const net = new nn.Sequential(new nn.Linear(4, 8), new nn.Tanh(), new nn.Linear(8, 3))
    net.to(dtype)
    const x = randn([2, 4]).to(dtype)
    const bytes = await exportOnnx(net, x)
    const want = noGrad(() => net(x)).to('float64')
    expect((await importOnnx(bytes))(x).to('float64').tolist()).toEqual(want.tolist())
    const [got] = await (await load(bytes)).run([x])
    expect((got as Tensor).sub(want).abs().max().item()).toBeLessThan(tolerance)
  })
})
