import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { manualSeed, randn, tensor } from '@flambeau/core'
import { assertClose, upstream } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

interface Stored {
  shape: number[]
  data: number[]
}
interface LayerCase {
  state: Record<string, Stored>
  input: Stored
  output: Stored
  inputGrad: Stored
  grads: Record<string, Stored>
}

// Written by goldens/layers.py with PyTorch.
const { cases } = JSON.parse(
  readFileSync(new URL('../goldens/layers.json', import.meta.url), 'utf8'),
) as { cases: Record<string, LayerCase> & { losses: never } }

function stored({ shape, data }: Stored): Tensor {
  return tensor(data, { dtype: 'float32' }).reshape(shape)
}

const tolerance = { rtol: 1e-5, atol: 2e-6 }
const exact = { rtol: 0, atol: 0 }

const layers: Record<string, () => nn.Module> = {
  linear: () => new nn.Linear(5, 3),
  conv: () => new nn.Conv2d(2, 4, 3, { stride: 2, padding: 1 }),
  grouped: () => new nn.Conv2d(4, 4, [3, 1], { groups: 2, bias: false, dilation: [2, 1] }),
  pool: () => new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
  mlp: () => new nn.Sequential(new nn.Linear(6, 8), new nn.ReLU(), new nn.Linear(8, 4)),
  cnn: () =>
    new nn.Sequential(
      new nn.Conv2d(1, 4, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(64, 5),
    ),
}

describe.each(Object.entries(layers))('%s', (name, make) => {
  const golden = cases[name] as LayerCase
  manualSeed(7)
  const layer = make()
  const x = randn(golden.input.shape, { requiresGrad: true })

  it('starts from the weights that PyTorch starts from', () => {
    const state = layer.stateDict()
    expect(Object.keys(state)).toEqual(Object.keys(golden.state))
    for (const [key, value] of Object.entries(golden.state)) {
      assertClose(state[key] as Tensor, stored(value), exact, key)
    }
    assertClose(x.detach(), stored(golden.input), exact, 'input')
  })

  it('has its outputs and gradients', () => {
    const y = layer(x)
    assertClose(y.detach(), stored(golden.output), tolerance, 'output')
    y.backward(upstream(y.detach()))
    assertClose(x.grad as Tensor, stored(golden.inputGrad), tolerance, 'gradient of the input')
    for (const [key, parameter] of layer.namedParameters()) {
      assertClose(parameter.grad as Tensor, stored(golden.grads[key] as Stored), tolerance, key)
    }
  })
})

describe('layers that arrange axes by name', () => {
  it('do what rearrange and reduce do, and say it', () => {
    const x = randn(2, 3, 4, 6)
    const patches = new nn.Rearrange('b c (h p) (w q) -> b (h w) (c p q)', { p: 2, q: 3 })
    const unfolded = nn.functional.unfold(x, [2, 3], { stride: [2, 3] }).transpose(1, 2)
    expect(patches(x).equal(unfolded)).toBe(true)
    const mean = new nn.Reduce('b c h w -> b c', 'mean')
    assertClose(mean(x), x.mean([2, 3]))
    const net = new nn.Sequential(
      patches,
      new nn.Linear(18, 5),
      new nn.Reduce('b n d -> b d', 'max'),
    )
    expect(net(x).shape).toEqual([2, 5])
    expect(String(patches)).toBe("Rearrange('b c (h p) (w q) -> b (h w) (c p q)', p=2, q=3)")
    expect(String(mean)).toBe("Reduce('b c h w -> b c', 'mean')")
    expect(nn.copyModule(patches)(x).equal(unfolded)).toBe(true)
    expect(() => patches(randn(2, 3, 5, 6))).toThrow(/axis 2 of size 5 cannot be divided/)
    expect(() => new nn.Rearrange(3 as never)).toThrow(/pattern/)
  })
})

describe('losses', () => {
  const golden = cases.losses as {
    logits: Stored
    labels: number[]
    soft: Stored
    crossEntropy: number
    smoothed: number
    mse: number
  }
  const logits = stored(golden.logits)
  const labels = tensor(golden.labels)

  it('agree with PyTorch', () => {
    expect(new nn.CrossEntropyLoss()(logits, labels).item()).toBeCloseTo(golden.crossEntropy, 5)
    const smoothed = new nn.CrossEntropyLoss({ labelSmoothing: 0.1, reduction: 'sum' })
    expect(smoothed(logits, labels).item()).toBeCloseTo(golden.smoothed, 4)
    expect(new nn.MSELoss()(logits, stored(golden.soft)).item()).toBeCloseTo(golden.mse, 5)
  })

  it('name a label that is out of range', () => {
    expect(() => new nn.CrossEntropyLoss()(logits, tensor([0, 1, 9, 2]))).toThrow(/9/)
  })
})

it('running statistics move outside of the graph, and batches are counted', () => {
  const norm = new nn.BatchNorm2d(2)
  const x = randn([3, 2, 4, 4]).requiresGrad_()
  for (let i = 0; i < 2; i++) norm(x).sum().backward()
  expect(norm.running_mean?.requiresGrad).toBe(false)
  expect(norm.running_var?.requiresGrad).toBe(false)
  expect(norm.num_batches_tracked?.item()).toBe(2)
  const mean = x.mean([0, 2, 3])
  assertClose(norm.running_mean as Tensor, mean.mul(0.19).detach())
  const before = norm.running_mean?._version as number
  norm(x)
  expect(norm.running_mean?._version).toBe(before + 1)
})
