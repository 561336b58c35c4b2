/** What export refuses, and how it says so. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ones, randn, ShapeError, tensor, ValueError, vmap } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { SmallSSD, VAE } from '@flambeau/vision-models'
import { expect, it } from 'vitest'
import { load } from '../testing/runtime.ts'
import { Part } from '../testing/cases.ts'
import { exportOnnx } from './export.ts'

const of = (body: (...x: never[]) => unknown): nn.AnyModule => new Part(new nn.Identity(), body)
const batch = { dynamicAxes: { input: { 0: 'batch' } } }
const x = randn([2, 3])

/** The message with which a function cannot be exported. */
async function refusal(body: (x: Tensor) => unknown, options: object = {}): Promise<string> {
  try {
    await exportOnnx(of(body as never), [x], options)
  } catch (error) {
    expect(error).toBeInstanceOf(ValueError)
    return (error as Error).message
  }
  throw new Error('it was exported')
}

it('an operation without a form is named, with its inputs', async () => {
  const message = await refusal((a) => a.lgamma())
  expect(message).toMatch(/exportOnnx: lgamma: the operation has no form in ONNX/)
  expect(message).toMatch(/input 0: float32 \[2, 3\]/)
})

it('random results are refused', async () => {
  expect(await refusal((a) => a.add(a.clone().normal_()))).toMatch(/results are random/)
})

it('a forward that reads elements is refused, unless they may be frozen', async () => {
  const body = (a: Tensor): Tensor => (a.sum().item() > 1e9 ? a.neg() : a.add(1))
  expect(await refusal(body)).toMatch(/reads elements of a tensor that follows from the inputs/)
  expect(await refusal((a) => a.nonzero())).toMatch(/reads elements/)
  const bytes = await exportOnnx(of(body as never), [x], { freezeReads: true })
  const [y] = await (await load(bytes)).run([ones([2, 3])])
  expect(y?.tolist()).toEqual(ones([2, 3]).mul(2).tolist())
})

it('detectors are refused as a whole: what they find has no fixed shape', async () => {
  const net = new SmallSSD({ numClasses: 3, size: [64, 64] })
  await expect(exportOnnx(net, [randn([1, 3, 64, 64]).sigmoid()])).rejects.toThrow(/reads elements/)
})

it('a forward that does other things for other sizes is refused', async () => {
  const loop = (a: Tensor): Tensor => {
    let sum = a.select(0, 0)
    for (let i = 1; i < (a.shape[0] as number); i++) sum = sum.add(a.select(0, i))
    return sum
  }
  expect(await refusal(loop, batch)).toMatch(/other things for other sizes/)
  expect((await exportOnnx(of(loop as never), [x])).length).toBeGreaterThan(100)
})

it('numbers that do not follow from sizes by sums and products are refused', async () => {
  const root = (a: Tensor): Tensor => a.reshape([-1]).narrow(0, 0, Math.round(Math.sqrt(a.numel())))
  expect(await refusal(root, batch)).toMatch(/in a way that cannot be followed/)
  const numbers = (a: Tensor): Tensor => a.add(tensor([a.shape[0] as number]))
  expect(await refusal(numbers, batch)).toMatch(/tensor of numbers that depend on the dynamic axes/)
})

it('numbers that are rounded are not taken for what they are of even sizes', async () => {
  const half = (a: Tensor): Tensor => a.narrow(0, 0, 2 * Math.floor((a.shape[0] as number) / 2))
  expect(await refusal(half, batch)).toMatch(/in a way that cannot be followed/)
  const even = (a: Tensor): Tensor => ((a.shape[0] as number) % 2 === 0 ? a.neg() : a.abs())
  expect(await refusal(even, batch)).toMatch(/other things for other sizes/)
  const pairs = { dynamicAxes: { input: { 0: '2*pairs' } } }
  const session = await load(await exportOnnx(of(even as never), [x], pairs))
  const [y] = await session.run([ones([6, 3])])
  expect(y?.sum().item()).toBe(-18)
})

it('what runs past the recorder is refused, not left out', async () => {
  expect(await refusal((a) => vmap((row: Tensor) => row.mul(2))(a))).toMatch(/vmap/)
  const replaced = (a: Tensor): Tensor => {
    const y = ones([1])
    y.data = a.mul(2)
    return y.add(1)
  }
  expect(await refusal(replaced)).toMatch(/takes the place of another/)
})

it('writes into a part that cannot be followed are refused', async () => {
  const body = (a: Tensor): Tensor => {
    const y = a.mul(2)
    y.view('int32').fill_(0)
    return y
  }
  expect(await refusal(body)).toMatch(/a part of another tensor is changed in place/)
})

it('writes into whole tensors and into constants are followed', async () => {
  const body = (a: Tensor): Tensor => {
    const mask = ones([2, 3])
    mask.select(0, 1).fill_(5)
    return a.mul(2).add_(1).relu_().mul(mask)
  }
  const bytes = await exportOnnx(of(body as never), [x])
  const [y] = await (await load(bytes)).run([ones([2, 3])])
  expect(y?.tolist()).toEqual([
    [3, 3, 3],
    [15, 15, 15],
  ])
})

it('training modes are restored, and dropout is left out', async () => {
  const net = new nn.Sequential(new nn.Linear(3, 3), new nn.Dropout(), new nn.BatchNorm1d(3))
  const bytes = await exportOnnx(net, x)
  expect([...net.modules()].every((module) => module.training)).toBe(true)
  expect(Buffer.from(bytes).includes('Dropout')).toBe(false)
  expect(Buffer.from(bytes).includes('BatchNormalization')).toBe(true)
})

it('a batch norm without statistics is refused', async () => {
  const net = new nn.BatchNorm1d(3, { trackRunningStats: false })
  await expect(exportOnnx(net, x)).rejects.toThrow(/would mix the examples of a batch/)
})

it('arguments are checked', async () => {
  const net = new nn.Linear(3, 2)
  const bad = async (options: object, rule: RegExp, inputs: unknown = [x]): Promise<void> => {
    await expect(exportOnnx(net, inputs as Tensor[], options)).rejects.toThrow(rule)
  }
  await bad({ opset: 16 }, /opset 16 is not one of 17 to 23/)
  await bad({ dynamicAxes: { x: [0] } }, /names 'x', which is no input[\s\S]*inputs are: input/)
  await bad({ dynamicAxes: { input: [2] } }, /names axis 2 of 'input', which has 2/)
  await bad({ dynamicAxes: { input: { 0: '' } } }, /needs a name/)
  await bad({ dynamicAxes: { input: { 0: '4*n' } } }, /has size 2, which is no multiple of 4/)
  await bad({ inputNames: ['a', 'b'] }, /inputNames has 2 names for 1 tensors/)
  await bad({ outputNames: ['input'] }, /the name 'input' twice/)
  await bad({ inputNames: ['weight'] }, /name of the parameter 'weight'/)
  await bad({}, /tensor or a list/, 'x')
  await expect(exportOnnx((() => x) as never, [x])).rejects.toThrow(/must be a module/)
  await expect(
    exportOnnx(
      of(() => 3),
      [x],
    ),
  ).rejects.toThrow(/returns no tensor/)
  const two = { dynamicAxes: { input_0: { 0: 'n' }, input_1: { 0: 'n' } } }
  const sum = of(((a: Tensor, b: Tensor) => a.sum().add(b.sum())) as never)
  await expect(exportOnnx(sum, [x, ones([3])], two)).rejects.toThrow(ShapeError)
  let inside: Promise<unknown> = Promise.resolve()
  vmap((row: Tensor) => {
    inside = exportOnnx(net, [x])
    return row
  })(x)
  await expect(inside).rejects.toThrow(/vmap, a profile or another trace is running/)
})

it('outputs are named by their keys, inputs of objects too', async () => {
  const vae = new VAE({ inFeatures: 4, hidden: [4], latent: 2 })
  const session = await load(await exportOnnx(vae, [randn([2, 4])]))
  expect(session.inputs).toEqual(['input'])
  expect(session.outputs).toEqual(['reconstruction', 'mean', 'logVar'])
  const sum = of(((a: { left: Tensor; right: Tensor }) => [a.left.add(a.right), a.left]) as never)
  const parts = await load(await exportOnnx(sum, [{ left: x, right: x.mul(2) }]))
  expect([parts.inputs, parts.outputs]).toEqual([
    ['left', 'right'],
    ['output_0', 'output_1'],
  ])
})

it('one example may stand for several inputs, and an input may be an output', async () => {
  const body = (a: Tensor, b: Tensor): Tensor[] => [a.sub(b), b]
  const session = await load(
    await exportOnnx(of(body as never), [x, x], { inputNames: ['a', 'b'] }),
  )
  const [difference, same] = await session.run([x, x.mul(3)])
  expect(session.inputs).toEqual(['a', 'b'])
  expect(difference?.add(x.mul(2)).abs().max().item()).toBeLessThan(1e-6)
  expect(same?.tolist()).toEqual(x.mul(3).tolist())
})

it('files are written whole or not at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'))
  try {
    const path = join(folder, 'net.onnx')
    const bytes = await exportOnnx(new nn.Linear(3, 2), x, { path })
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(readdirSync(folder)).toEqual(['net.onnx'])
    const nowhere = join(folder, 'none', 'net.onnx')
    await expect(exportOnnx(new nn.Linear(3, 2), x, { path: nowhere })).rejects.toThrow(/ENOENT/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
