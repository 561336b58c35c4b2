/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { tensor } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import { oneOfEach } from '@flambeau/core/testing'
import * as nn from './index.ts'

/** Arguments that layers are made with, one or another. */
const ARGUMENTS: readonly (readonly unknown[])[] = [
  [4, 8, 3],
  [4, 8],
  [4, 2],
  [4],
  [2],
  [],
  [[2, 2]],
  [2, [2, 2]],
  [4, 8, 1],
  [8, 8, [2, 4]],
]

export const subject: FuzzSubject = {
  api: nn,
  objects: () => [
    ...oneOfEach(
      nn,
      () => ARGUMENTS,
      (kind) => kind.prototype instanceof nn.Module,
    ),
    new nn.Sequential(new nn.Linear(8, 4), new nn.ReLU()),
    new nn.ModuleList([new nn.Linear(8, 4)]),
    new nn.TransformerEncoder(new nn.TransformerEncoderLayer(8, 2), 2),
    nn.utils.rnn.packSequence([tensor([1, 2, 3]), tensor([4])]),
    new nn.Linear(8, 4).stateDict(),
  ],
  except: {
    'new SparseModule': 'is abstract',
    'new ModelSummary': 'is made by summary()',
  },
  protects: [
    'takeChannels',
    'waitForChannels',
    'outputPaddingFor',
    'pooled',
    'unpooled',
    'layers',
    'run',
  ]
    .concat(['requireRank', 'addParameters', 'dropped', 'rulesFor', 'padded', 'rows', 'axisOf'])
    .concat(['weightShape', 'windows', 'cell', 'ranks']),
  often: ['forward'],
  strings: ['weight', 'bias', 'fanIn', 'relu', 'bilinear', 'nearest', 'reflect', 'zeros', 'sum'],
}
