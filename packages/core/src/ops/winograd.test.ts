import { expect, it } from 'vitest'
import type { Tensor } from '../index.ts'
import { conv2d, convTranspose2d, manualSeed, randn } from '../index.ts'

/** The largest error, in root mean squares of what is expected. */
function error(got: Tensor, wanted: Tensor): number {
  const scale = wanted.square().mean().sqrt().item()
  return got.to('float64').sub(wanted).abs().max().item() / scale
}

// Large enough for the short way, with tiles that are cut off at the edges.
const cases = [
  { shape: [2, 32, 30, 37], out: 64, padding: 1 },
  { shape: [1, 64, 41, 18], out: 96, padding: 0 },
  { shape: [1, 48, 33, 34], out: 64, padding: 2 },
  { shape: [1, 256, 24, 25], out: 240, padding: 1 },
] as const

it.each(cases)('3×3 kernels over $shape agree with sums of doubles', ({ shape, out, padding }) => {
  manualSeed(1)
  const x = randn([...shape])
  const weight = randn([out, shape[1], 3, 3])
  const bias = randn([out])
  const doubles = [x, weight, bias].map((t) => t.to('float64')) as [Tensor, Tensor, Tensor]
  expect(error(conv2d(x, weight, bias, { padding }), conv2d(...doubles, { padding }))).toBeLessThan(
    1e-4,
  )
  // A transposed convolution is the gradient of the input.
  const turned = conv2d(x, weight, null, { padding })
  expect(
    error(
      convTranspose2d(turned, weight, null, { padding }),
      convTranspose2d(turned.to('float64'), doubles[1], null, { padding }),
    ),
  ).toBeLessThan(2e-4)
})
