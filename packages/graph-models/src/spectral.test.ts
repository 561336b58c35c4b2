import type { Tensor } from '@flambeau/core'
import {
  eye,
  linalg,
  manualSeed,
  ones,
  rand,
  randn,
  ShapeError,
  tensor,
  ValueError,
} from '@flambeau/core'
import { describe, expect, it, test } from 'vitest'
import * as gm from './index.ts'
import { Graph } from './index.ts'

const expectClose = (a: Tensor, b: Tensor, tolerance = 1e-5): void => {
  expect(a.shape).toEqual(b.shape)
  expect(a.sub(b).abs().amax().item()).toBeLessThan(tolerance)
}
const club = gm.karateClub()

/** Two triangles and a node of its own. */
const parts = Graph.fromEdges(
  7,
  [
    [0, 1],
    [1, 2],
    [2, 0],
    [3, 4],
    [4, 5],
    [5, 3],
  ],
  { undirected: true },
)

describe('the Laplacian', () => {
  it('measures how much a signal changes along links', () => {
    manualSeed(0)
    const weights = rand([78])
    const half = club.with({ edgeWeight: null })
    const pairs = half.source.lt(half.target).nonzero().squeeze(1)
    const once = gm.selectEdges(half, pairs).with({ edgeWeight: weights })
    const graph = gm.toUndirected(once)
    const x = randn([34])
    const energy = x.at(once.source).sub(x.at(once.target)).square().mul(weights).sum()
    expectClose(x.dot(gm.laplacian(graph).matmul(x)), energy, 1e-3)
  })
  it('has as many zeros as the graph has parts', () => {
    const { eigenvalues } = gm.graphSpectrum(parts)
    expect(eigenvalues.lt(1e-5).sum().item()).toBe(3)
    expect(gm.laplacian(parts).at(6).abs().sum().item()).toBe(0)
    expect(gm.laplacian(parts, 'symmetric').at(6).tolist()).toEqual([0, 0, 0, 0, 0, 0, 1])
  })
  it('is what its name says', () => {
    const a = gm.toDenseAdjacency(club)
    const d = a.sum(1)
    expectClose(gm.laplacian(club, 'randomWalk'), eye(34).sub(a.div(d.unsqueeze(1))))
    const root = d.rsqrt()
    expectClose(gm.laplacian(club, 'symmetric'), eye(34).sub(a.mul(root).mul(root.unsqueeze(1))))
    const spectrum = gm.graphSpectrum(club, 'symmetric').eigenvalues
    expect(spectrum.amin().item()).toBeGreaterThan(-1e-5)
    expect(spectrum.amax().item()).toBeLessThan(2)
  })
  it('is of undirected graphs', () => {
    expect(() => gm.laplacian(Graph.fromEdges(2, [[0, 1]]))).toThrow(/toUndirected/)
    expect(() => gm.laplacian(club, 'other' as 'symmetric')).toThrow(ValueError)
    expect(() => gm.scaledLaplacian(ones([2, 3]), 2)).toThrow(ShapeError)
    expect(() => gm.scaledLaplacian(eye(2), 0)).toThrow(ValueError)
  })
  it('of nothing is nothing', () => {
    expect(gm.laplacian(new Graph({ numNodes: 0 })).shape).toEqual([0, 0])
    expect(gm.laplacian(new Graph({ numNodes: 2 })).tolist()).toEqual([
      [0, 0],
      [0, 0],
    ])
  })
})

describe('the graph Fourier transform', () => {
  const x = randn([34, 3])
  test.each(['combinatorial', 'symmetric', 'randomWalk'] as const)(
    'of the %s Laplacian',
    (kind) => {
      const spectrum = gm.graphSpectrum(club, kind)
      expectClose(gm.inverseGraphFourier(gm.graphFourier(x, spectrum), spectrum), x, 1e-4)
      // Multiplying by the frequencies is multiplying by the Laplacian.
      expectClose(
        gm.spectralFilter(x, spectrum, (f) => f),
        gm.laplacian(club, kind).matmul(x),
        1e-3,
      )
      expectClose(
        gm.spectralFilter(x.select(1, 0), spectrum, (f) => f.mul(0).add(1)),
        x.select(1, 0),
        1e-4,
      )
    },
  )
  it('of the random walk has isolated nodes too', () => {
    const spectrum = gm.graphSpectrum(parts, 'randomWalk')
    const signal = randn([7])
    expectClose(
      gm.spectralFilter(signal, spectrum, (f) => f),
      gm.laplacian(parts, 'randomWalk').matmul(signal),
      1e-4,
    )
  })
  it('keeps the length of a signal', () => {
    const spectrum = gm.graphSpectrum(club)
    expectClose(gm.graphFourier(x, spectrum).norm(), x.norm(), 1e-4)
  })
  it('refuses signals of other graphs', () => {
    expect(() => gm.graphFourier(ones([3]), gm.graphSpectrum(club))).toThrow(ShapeError)
    expect(() => gm.spectralFilter(x, gm.graphSpectrum(club), () => ones([2]))).toThrow(ShapeError)
  })
})

describe('from spectral filters to GCN', () => {
  const x = randn([34, 2])
  const matrix = gm.laplacian(club, 'symmetric')
  const scaled = gm.scaledLaplacian(matrix, 2)
  test('polynomials come as close to a filter as one likes', () => {
    const exact = gm.spectralFilter(x, gm.graphSpectrum(club, 'symmetric'), (f) => f.mul(-3).exp())
    const error = (count: number): number => {
      const c = gm.chebyshevCoefficients((f) => Math.exp(-3 * f), count)
      return gm.chebyshevFilter(scaled, x, c).sub(exact).abs().amax().item()
    }
    expect(error(3)).toBeGreaterThan(error(6))
    expect(error(6)).toBeGreaterThan(error(12))
    expect(error(12)).toBeLessThan(1e-5)
  })
  test('a polynomial of degree k sees k steps', () => {
    const path = Graph.fromEdges(
      5,
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ],
      { undirected: true },
    )
    const t = gm.chebyshevPolynomials(
      gm.scaledLaplacian(gm.laplacian(path, 'symmetric'), 2),
      tensor([1, 0, 0, 0, 0]),
      4,
    )
    const reach = t.map((term) => term.ne(0).nonzero().amax().item())
    expect(reach).toEqual([0, 1, 2, 3])
  })
  test('ChebConv is the polynomial, with a matrix for each coefficient', () => {
    const layer = new gm.ChebConv(2, 4, 3, { bias: false })
    const terms = gm.chebyshevPolynomials(scaled, x, 3)
    const weights = [...layer.parameters()]
    const wanted = terms
      .map((t, k) => t.matmul((weights[k] as Tensor).T))
      .reduce((a, b) => a.add(b))
    expectClose(layer(x, club), wanted, 1e-4)
  })
  test('two terms, one coefficient, and the renormalisation', () => {
    const a = gm.toDenseAdjacency(club)
    const root = a.sum(1).rsqrt()
    const spread = a.mul(root).mul(root.unsqueeze(1))
    expectClose(
      gm.firstOrderFilter(club, x, [0.7, -0.4]),
      x.mul(0.7).add(spread.matmul(x).mul(0.4)),
    )
    const single = gm.singleCoefficientPropagation(club)
    expectClose(single, eye(34).add(spread))
    expectClose(gm.firstOrderFilter(club, x, [1, -1]), single.matmul(x))
    const renormalised = gm.renormalizedPropagation(club)
    const looped = a.add(eye(34))
    const factor = looped.sum(1).rsqrt()
    expectClose(renormalised, looped.mul(factor).mul(factor.unsqueeze(1)))
    const largest = (m: Tensor): number => linalg.eigvalsh(m).abs().amax().item()
    expect(largest(single)).toBeCloseTo(2, 4)
    expect(largest(renormalised)).toBeCloseTo(1, 4)
    const layer = new gm.GCNConv(2, 3, { bias: false })
    expectClose(layer(x, club), renormalised.matmul(x).matmul(layer.lin.weight.T))
  })
  it('refuses what it cannot do', () => {
    expect(() => gm.chebyshevPolynomials(scaled, x, 0)).toThrow(ValueError)
    expect(() => gm.chebyshevPolynomials(scaled, ones([3]), 2)).toThrow(ShapeError)
    expect(() => gm.chebyshevCoefficients(Math.exp, 3, 0)).toThrow(ValueError)
  })
})
