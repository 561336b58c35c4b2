/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones, tensor } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import { oneOfEach } from '@flambeau/core/testing'
import * as nn from '@flambeau/nn'
import * as graphs from './index.ts'

const graph = (): graphs.Graph =>
  new graphs.Graph({
    x: ones([4, 8]),
    edgeIndex: tensor([
      [0, 1, 2, 3],
      [1, 2, 3, 0],
    ]),
  })

export const subject: FuzzSubject = {
  api: graphs,
  objects: () => [
    graph(),
    ...oneOfEach(
      graphs,
      () => [
        [8, 4],
        [8, 4, 2],
        [new nn.Linear(8, 4)],
        [8],
        [graph(), { fanOuts: [2, 2] }],
        [{ inChannels: 8, hiddenChannels: 4, outChannels: 2, numLayers: 2 }],
        [graph()],
      ],
      (kind) => kind !== graphs.MessagePassing,
    ),
    graphs.batchGraphs([graph(), graph()]),
    graphs.graphSpectrum(graphs.toUndirected(graph())),
    tensor([
      [0, 1, 2, 3],
      [1, 2, 3, 0],
    ]),
    [graph(), graph()],
  ],
  except: { 'new MessagePassing': 'is abstract' },
  // A layer calls these in propagate().
  protects: ['message', 'aggregate', 'update', 'propagate']
    // Private methods.
    .concat(['additive', 'dynamic', 'graphOf']),
  often: ['forward'],
  strings: ['sum', 'mean', 'max', 'sym', 'rw', 'relu'],
}
