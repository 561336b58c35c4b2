import type { Tensor } from '@flambeau/core'
import { manualSeed, rand, randn, tensor, zeros } from '@flambeau/core'
import { gradcheck } from '@flambeau/autograd'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

const tolerance = { rtol: 1e-9, atol: 1e-10 }
const options = { dtype: 'float64' } as const
const { functionalCall } = nn.utils.stateless

/** Images of which a share of the places is not 0. */
function images(shape: number[], density: number): Tensor {
  const [b = 1, , h = 1, w = 1] = shape
  return randn(shape, options).mul(rand([b, 1, h, w], options).lt(density))
}

/** 1 at the sites, 0 elsewhere. */
function mask(x: nn.SparseTensor2d): Tensor {
  return x.map((features) => features.mul(0).add(1).narrow(1, 0, 1)).toDense()
}

/** A dense convolution with the weights of a sparse one. */
function dense(layer: nn.SparseConv2d | nn.SubmanifoldConv2d): nn.Conv2d {
  const { inChannels, outChannels, kernelSize, stride, padding, dilation, bias } = layer
  const settings = { stride, padding, dilation, bias: bias !== null, dtype: 'float64' } as never
  const conv = new nn.Conv2d(inChannels, outChannels, kernelSize as [number, number], settings)
  conv.loadStateDict(layer.stateDict())
  return conv
}

describe('SparseTensor2d', () => {
  it('goes from dense images and back', () => {
    manualSeed(0)
    const x = images([3, 2, 5, 6], 0.3)
    const sparse = nn.SparseTensor2d.fromDense(x)
    assertClose(sparse.toDense(), x, { rtol: 0, atol: 0 }, 'images')
    const again = new nn.SparseTensor2d(sparse.features, sparse.coordinates, [5, 6], 3)
    assertClose(again.toDense(), x, { rtol: 0, atol: 0 }, 'made of coordinates')
    expect(again.density).toBeCloseTo(sparse.numSites / 90)
    expect(
      gradcheck(
        (one: Tensor) => nn.SparseTensor2d.fromDense(one).toDense(),
        [x.detach().add(1).requiresGrad_()],
      ),
    ).toBe(true)
  })

  it('says what is wrong', () => {
    const make = (f: Tensor, c: Tensor, size: number[] = [4, 4], batch?: number): unknown =>
      new nn.SparseTensor2d(f, c, size, batch ?? null)
    const one = zeros([1, 2])
    expect(() => make(one, tensor([[0, 0]]))).toThrow(/coordinates \[N, 3\]/)
    expect(() => make(one, tensor([[0, 0, 0.5]]))).toThrow(/coordinates int64/)
    expect(() => make(one, tensor([[0, 4, 0]]))).toThrow(
      /site 0 is \(0, 4, 0\), outside of 1 images/,
    )
    expect(() => make(one, tensor([[0, 0, -1]]))).toThrow(/outside/)
    expect(() => make(one, tensor([[2, 0, 0]]), [4, 4], 2)).toThrow(/outside of 2 images/)
    expect(() =>
      make(
        zeros([2, 2]),
        tensor([
          [0, 1, 2],
          [0, 1, 2],
        ]),
      ),
    ).toThrow(/\(0, 1, 2\) is there twice/)
    expect(() => make(one, tensor([[0, 0, 0]]), [0, 4])).toThrow(/spatialShape/)
    expect(() => make(one, tensor([[0, 0, 0]]), [2 ** 20, 2 ** 20])).toThrow(/2³¹/)
    expect(() => make(3 as never, one)).toThrow(/must be tensors/)
    const x = nn.SparseTensor2d.fromDense(zeros([1, 2, 4, 4]).add(1))
    expect(() => x.withFeatures(zeros([3, 2]))).toThrow(/\[16, C\]/)
    expect(() => nn.SparseTensor2d.fromDense(zeros([2, 4, 4]))).toThrow(/\[B, C, H, W\]/)
    expect(() => new nn.SparseConv2d(3, 1, 1)(x)).toThrow(/3 channels, not 2/)
    expect(() => new nn.SparseConv2d(2, 1, 5)(x)).toThrow(/does not fit into \[4, 4\]/)
    expect(() => new nn.SparseConv2d(2, 1, 5)(zeros([1, 2, 9, 9]) as never)).toThrow(
      /SparseTensor2d/,
    )
    expect(() => new nn.SubmanifoldConv2d(2, 1, 2)).toThrow(/must have a centre/)
    expect(() => new nn.SparseMaxPool2d(5)(x)).toThrow(/does not fit/)
  })
})

const geometries = [
  { kernelSize: 3, padding: 1 },
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: [2, 3], stride: [2, 1] },
  { kernelSize: 3, dilation: 2, padding: 2, bias: false },
  { kernelSize: 1 },
  { kernelSize: [4, 1], stride: 3, padding: [2, 0], dilation: [1, 2] },
] as const

describe('SparseConv2d', () => {
  it.each(geometries)(
    'equals Conv2d at its sites, and there is nothing elsewhere: %j',
    (geometry) => {
      manualSeed(1)
      for (const density of [0.05, 0.5, 1]) {
        const x = images([2, 3, 9, 8], density)
        const layer = new nn.SparseConv2d({
          inChannels: 3,
          outChannels: 4,
          ...geometry,
          ...options,
        })
        const out = layer(nn.SparseTensor2d.fromDense(x))
        const wanted = dense(layer)(x)
        assertClose(out.toDense(), wanted.mul(mask(out)), tolerance, 'at the sites')
        // What the kernel does not see is the bias alone.
        const bias = layer.bias?.reshape([1, -1, 1, 1]) ?? 0
        const rest = wanted.sub(bias).mul(mask(out).neg().add(1))
        expect(rest.abs().max().item()).toBeLessThan(1e-12)
      }
    },
  )

  it('has exact gradients', () => {
    manualSeed(2)
    const x = images([1, 2, 5, 4], 0.5)
    const { coordinates, features } = nn.SparseTensor2d.fromDense(x)
    const layers = [
      new nn.SparseConv2d(2, 3, 3, { stride: 2, padding: 1, ...options }),
      new nn.SubmanifoldConv2d(2, 3, 3, options),
    ]
    for (const layer of layers) {
      const run = (values: Tensor, weight: Tensor, bias: Tensor): Tensor => {
        const input = new nn.SparseTensor2d(values, coordinates, [5, 4])
        return functionalCall(layer, { weight, bias }, [input]).features
      }
      const inputs = [features, layer.weight, layer.bias as Tensor]
      expect(
        gradcheck(
          run,
          inputs.map((one) => one.detach().requiresGrad_()),
        ),
      ).toBe(true)
    }
  })

  it('works without sites and for coordinates in any order', () => {
    const none = nn.SparseTensor2d.fromDense(zeros([2, 3, 4, 4]))
    for (const layer of [new nn.SparseConv2d(3, 5, 3), new nn.SubmanifoldConv2d(3, 5, 3)]) {
      const out = layer(none)
      expect([out.numSites, out.channels]).toEqual([0, 5])
      expect(out.toDense().abs().sum().item()).toBe(0)
    }
    manualSeed(3)
    const x = nn.SparseTensor2d.fromDense(images([1, 2, 4, 4], 0.6))
    const turned = new nn.SparseTensor2d(x.features.flip(0), x.coordinates.flip(0), [4, 4], 1)
    const layer = new nn.SparseConv2d(2, 3, 3, options)
    assertClose(layer(turned).toDense(), layer(x).toDense(), tolerance, 'turned round')
    const same = new nn.SubmanifoldConv2d(2, 3, 3, options)
    assertClose(same(turned).toDense(), same(x).toDense(), tolerance, 'turned round')
  })

  it('draws the weights that Conv2d draws', () => {
    manualSeed(4)
    const a = new nn.SparseConv2d(2, 3, 3).stateDict()
    manualSeed(4)
    const b = new nn.Conv2d(2, 3, 3).stateDict()
    expect(Object.keys(a)).toEqual(Object.keys(b))
    expect(a['weight']?.equal(b['weight'] as Tensor)).toBe(true)
    expect(String(new nn.SparseConv2d(2, 3, 3, 2, 1, { bias: false }))).toBe(
      'SparseConv2d(2, 3, kernelSize=[3, 3], stride=[2, 2], padding=[1, 1], bias=false)',
    )
  })
})

describe('SubmanifoldConv2d', () => {
  it.each([
    { kernelSize: 3 },
    { kernelSize: [5, 1], dilation: [1, 2] },
    { kernelSize: 3, dilation: 3, bias: false },
  ] as const)('equals Conv2d at the sites of its input: %j', (geometry) => {
    manualSeed(5)
    const x = images([2, 3, 9, 8], 0.3)
    const sparse = nn.SparseTensor2d.fromDense(x)
    const layer = new nn.SubmanifoldConv2d({
      inChannels: 3,
      outChannels: 4,
      ...geometry,
      ...options,
    })
    const out = layer(sparse)
    expect(out.coordinates).toBe(sparse.coordinates)
    assertClose(out.toDense(), dense(layer)(x).mul(mask(sparse)), tolerance, 'at the sites')
  })
})

describe('sparse layers', () => {
  it('normalise and pool the sites', () => {
    manualSeed(6)
    const x = nn.SparseTensor2d.fromDense(images([2, 3, 6, 7], 0.4).abs())
    const norm = new nn.SparseBatchNorm2d(3).double()
    const plain = new nn.BatchNorm1d(3).double()
    assertClose(norm(x).features, plain(x.features), tolerance, 'norm')
    expect(Object.keys(norm.stateDict())).toEqual(Object.keys(new nn.BatchNorm2d(3).stateDict()))
    expect(norm.num_batches_tracked?.item()).toBe(1)
    // Where values are not negative, places without a site change no maximum.
    for (const settings of [{ kernelSize: 2 }, { kernelSize: 3, stride: 2, padding: 1 }] as const) {
      const out = new nn.SparseMaxPool2d(settings)(x)
      assertClose(out.toDense(), new nn.MaxPool2d(settings)(x.toDense()), tolerance, 'pool')
    }
    const { coordinates } = x
    const pool = (features: Tensor): Tensor =>
      new nn.SparseMaxPool2d(3, { stride: 2 })(new nn.SparseTensor2d(features, coordinates, [6, 7]))
        .features
    expect(gradcheck(pool, [x.features.detach().requiresGrad_()])).toBe(true)
    expect(
      new nn.SparseReLU()(x.map((one) => one.neg()))
        .features.sum()
        .item(),
    ).toBe(0)
  })

  it('learn, among ordinary ones', () => {
    manualSeed(7)
    const net = new nn.SparseSequential(
      new nn.SubmanifoldConv2d(1, 4, 3),
      new nn.SparseBatchNorm2d(4),
      new nn.ReLU(),
      new nn.SparseSequential(new nn.SubmanifoldConv2d(4, 4, 3)),
      new nn.SparseMaxPool2d(2),
      new nn.Linear(4, 2),
    )
    const x = nn.SparseTensor2d.fromDense(images([4, 1, 8, 8], 0.2).float())
    const losses = Array.from({ length: 8 }, () => {
      const loss = net(x).features.sub(1).square().mean()
      net.zeroGrad()
      loss.backward()
      for (const one of net.parameters()) one.data = one.sub((one.grad as Tensor).mul(0.1)).detach()
      return loss.item()
    })
    expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] as number))
  })
})
