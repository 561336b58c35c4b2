/** Graph convolution from its spectrum: Laplacian, waves, Fourier transform, filter, and the formula. */
import { allclose, arange, diag, eye, linalg, manualSeed, randn, sub } from '@flambeau/core'
import { GCNConv, Graph, graphSpectrum, toDenseAdjacency } from '@flambeau/graph-models'
import { linePlot } from '@flambeau/plot'
import { outFile } from '../settings.ts'

manualSeed(0)
// A ring of twelve nodes.
const ring = Graph.fromEdges(
  12,
  Array.from({ length: 12 }, (_, i) => [i, (i + 1) % 12] as const),
  { undirected: true },
)

// 1: the Laplacian: degrees less links.
const adjacency = toDenseAdjacency(ring)
const degrees = adjacency.sum(1)
const laplacian = diag(degrees).sub(adjacency)
console.log('rows sum to 0:', laplacian.sum(1).abs().max().item() === 0)

// 2: its eigenvectors are the waves of the graph, its eigenvalues their frequencies.
const { eigenvalues, eigenvectors: waves } = linalg.eigh(laplacian)
const cosines = arange(12)
  .mul((2 * Math.PI) / 12)
  .cos()
const expected = sub(2, cosines.mul(2)).sort(0).values
console.log(
  'frequencies:',
  eigenvalues.abs().round(3),
  allclose(eigenvalues, expected, { atol: 1e-5 }),
)
console.log(
  'as the library:',
  allclose(graphSpectrum(ring).eigenvalues, eigenvalues, { atol: 1e-5 }),
)
linePlot(Object.fromEntries([0, 1, 3, 11].map((i) => [`wave ${i}`, waves.at(':', i)])), {
  xLabel: 'node',
}).save(outFile('waves.png'))

// 3: the Fourier transform: how much of each wave a signal has; and back.
const signal = randn(12)
const transformed = waves.t().matmul(signal)
console.log('and back:', allclose(waves.matmul(transformed), signal, { atol: 1e-5 }))

// 4: a filter that keeps the slow waves.
const filtered = waves.matmul(transformed.mul(eigenvalues.lt(1.5)))
console.log('smoother:', filtered.diff().abs().mean().item() < signal.diff().abs().mean().item())
linePlot({ signal, filtered }, { xLabel: 'node' }).save(outFile('filter.png'))

// 5: the first order of such filters: H' = D^-½ (A + I) D^-½ H W.
const withSelf = adjacency.add(eye(12))
const scale = diag(withSelf.sum(1).rsqrt())
const conv = new GCNConv(4, 2)
const h = randn(12, 4)
const byHand = scale.matmul(withSelf).matmul(scale).matmul(h).matmul(conv.lin.weight.t())
console.log('the formula:', byHand.shape, allclose(conv(h, ring), byHand, { atol: 1e-5 }))
