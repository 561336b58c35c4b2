/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones, rand, tensor } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import * as plot from './index.ts'

export const subject: FuzzSubject = {
  api: plot,
  objects: () => [
    plot.linePlot({ loss: [1, Number.NaN, 3] }),
    plot.heatmap(ones([3, 3])),
    { a: [1, 2, 3], b: [Number.POSITIVE_INFINITY, 0] },
    [
      [1, 2],
      [3, 4],
    ],
    [{ epoch: 1, trainLoss: 0.5, metrics: { accuracy: 0.5 } }],
    { x: [1, 2, 3], y: [1, Number.NaN, Number.NEGATIVE_INFINITY] },
    [],
    rand([4, 3, 8, 8]),
    tensor([Number.NaN, Number.POSITIVE_INFINITY, 0]),
  ],
  often: ['toSvg', 'save'],
  strings: ['a.svg', 'a.png', 'a.gif', 'title', 'log', 'viridis', 'gray'],
}
