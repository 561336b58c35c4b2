/** Files that PyTorch wrote, and modules that learn. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { noGrad } from '@flambeau/autograd'
import { fromTypedArray, manualSeed, randint, randn, tensor } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { GPT } from '@flambeau/sequence-models'
import { LeNet5, UNet } from '@flambeau/vision-models'
import { describe, expect, it } from 'vitest'
import { exportOnnx } from '../export/export.ts'
import { leavesOf } from '../export/tree.ts'
import { difference } from '../testing/cases.ts'
import { load } from '../testing/runtime.ts'
import { importOnnx } from './import.ts'
import type { OnnxModule } from './module.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int64'
  readonly data: string
}

const goldens = new URL('../../goldens/', import.meta.url)
const stored = JSON.parse(readFileSync(new URL('torch_exports.json', goldens), 'utf8')) as {
  file: string
  inputs: Numbers[]
  outputs: Numbers[]
}[]

function read({ shape, dtype, data }: Numbers): Tensor {
  const { buffer } = new Uint8Array(Buffer.from(data, 'base64'))
  return fromTypedArray(
    dtype === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer),
    shape,
  )
}

const tensorsOf = (value: unknown): Tensor[] => leavesOf(value).map(({ tensor: one }) => one)
const pathOf = (file: string): string => fileURLToPath(new URL(file, goldens))

describe('files of PyTorch', () => {
  it.each(stored.map((one) => [one.file, one] as const))(
    '%s gives its numbers',
    async (file, one) => {
      const net = await importOnnx(pathOf(file))
      const out = noGrad(() => net(...one.inputs.map(read)))
      expect(difference(tensorsOf(out), one.outputs.map(read))).toBeLessThan(1e-5)
      expect([...net.parameters()].length).toBeGreaterThan(0)
    },
  )

  it.each(['resnet_dynamo_20.onnx', 'recurrent_script_14.onnx', 'vit_dynamo_20.onnx'])(
    '%s can be trained, and exported again',
    async (file) => {
      manualSeed(0)
      const net = await importOnnx(pathOf(file))
      const inputs = (stored.find((one) => one.file === file)?.inputs ?? []).map(read)
      const optimizer = new Adam(net.parameters(), { lr: 0.01 })
      const losses = Array.from({ length: 8 }, () => {
        optimizer.zeroGrad()
        const [first] = tensorsOf(net(...inputs)) as [Tensor]
        const loss = first.sub(0.5).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()
      })
      expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.8)
      const session = await load(await exportOnnx(net, inputs))
      const want = noGrad(() => tensorsOf(net(...inputs)))
      expect(difference(await session.run(inputs), want)).toBeLessThan(1e-5)
    },
  )
})

it('can be copied, with weights of its own', async () => {
  const net = await importOnnx(await exportOnnx(new nn.Linear(3, 2), [randn([4, 3])]))
  const copy = nn.copyModule(net) as unknown as (x: Tensor) => Tensor
  const x = randn([4, 3])
  const before = copy(x).tolist()
  expect(before).toEqual(net(x).tolist())
  noGrad(() => net.getParameter('weight').zero_())
  expect(copy(x).tolist()).toEqual(before)
})

describe('modules that were exported', () => {
  const models: [string, () => nn.AnyModule, () => Tensor[]][] = [
    ['LeNet5', () => new LeNet5({ numClasses: 3 }), () => [randn([2, 1, 28, 28])]],
    ['UNet', () => new UNet({ features: [4, 8] }), () => [randn([2, 3, 16, 16])]],
    ['GRU', () => new nn.GRU(3, 4, 2, { bidirectional: true }), () => [randn([5, 2, 3])]],
    [
      'GPT',
      () => new GPT({ vocabSize: 7, dim: 8, depth: 1, heads: 2, contextLength: 8 }),
      () => [randint(0, 7, [2, 5], { dtype: 'int64' })],
    ],
  ]

  it.each(models)('%s has the same keys and gradients', async (_name, make, inputsOf) => {
    manualSeed(3)
    const model = make().eval()
    const inputs = inputsOf()
    const net = await importOnnx(await exportOnnx(model, inputs))
    const gradients = (of: nn.AnyModule): Record<string, Tensor> => {
      const call = of as unknown as (...args: Tensor[]) => unknown
      const outputs = tensorsOf(call(...inputs))
      outputs
        .map((out) => out.sin().sum())
        .reduce((a, b) => a.add(b))
        .backward()
      const named = [...of.namedParameters()].map(
        ([name, one]) => [name, one.grad as Tensor] as const,
      )
      return Object.fromEntries(named)
    }
    const [want, got] = [gradients(model), gradients(net)]
    // A tied weight has one of its names.
    expect(Object.keys(got).toSorted()).toEqual(Object.keys(want).toSorted())
    for (const [name, grad] of Object.entries(want)) {
      expect([name, difference([got[name] as Tensor], [grad]) < 1e-5]).toEqual([name, true])
    }
    const report = make().loadStateDict(net.stateDict(), { strict: false })
    expect(report.unexpectedKeys).toEqual([])
  })

  it('can be exported again with a dynamic axis', async () => {
    const net = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.Flatten(), new nn.LazyLinear(3))
    net(randn([1, 1, 6, 6]))
    const options = { inputNames: ['x'], dynamicAxes: { x: { 0: 'batch' } } }
    const first = await importOnnx(await exportOnnx(net, randn([2, 1, 6, 6]), options))
    const again = await importOnnx(await exportOnnx(first, randn([2, 1, 6, 6]), options))
    const x = randn([5, 1, 6, 6])
    expect(difference([again(x)], [net(x)])).toBeLessThan(1e-6)
    expect(again.graph.inputs[0]?.shape).toEqual(['batch', 1, 6, 6])
    expect(again.graph.outputs[0]?.shape).toEqual(['batch', 3])
  })
})

describe('the module', () => {
  const linear = async (): Promise<OnnxModule> =>
    importOnnx(
      await exportOnnx(new nn.Linear(3, 2), randn([2, 3]), {
        dynamicAxes: { input: { 0: 'batch' } },
      }),
    )

  it('prints its graph', async () => {
    const net = await linear()
    expect(String(net.graph)).toBe(
      [
        'graph Linear (opset 18)',
        '  input input: float32 [batch, 3]',
        '  /linear/Gemm_output = Gemm(input, weight, bias) {transB=1}',
        '  output = Identity(/linear/Gemm_output)',
        '  output output: float32 [batch, 2]',
      ].join('\n'),
    )
    expect(net.extraRepr()).toBe('input -> output, 2 nodes, opset 18')
  })

  it('checks its inputs', async () => {
    const net = await linear()
    expect(() => net()).toThrow(/0 inputs are given, the graph takes 1: input/)
    expect(() => net(randn([2, 4]))).toThrow(/has the shape \[batch, 3\]/)
    expect(() => net(tensor([[1, 2, 3]]))).toThrow(/is float32, not int64/)
    expect(() => net(3 as never)).toThrow(/must be a tensor/)
  })

  it('gives several outputs by place and by name', async () => {
    const net = await importOnnx(await exportOnnx(new nn.LSTM(3, 4), randn([5, 2, 3])))
    const out = net(randn([5, 2, 3]))
    expect([out.length, out[1]?.shape]).toEqual([3, [1, 2, 4]])
    expect(out['output_0']).toBe(out[0])
  })
})
