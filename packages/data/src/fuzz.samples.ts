/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { arange, ones, tensor, zeros } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import { oneOfEach } from '@flambeau/core/testing'
import * as data from './index.ts'

const pairs = (): data.Dataset =>
  new data.TensorDataset(ones([6, 4]), arange(6, { dtype: 'int64' }))

/** Arguments that one class or another takes. */
const LISTS = (): unknown[][] => [
  [pairs(), 2, false],
  [pairs()],
  [[pairs(), pairs()]],
  [[new data.HorizontalFlip(), new data.Resize(8)]],
  [{ numClasses: 5, task: 'multiclass' }],
  [5],
  [0.5],
  [
    [0.5, 0.5, 0.5],
    [0.5, 0.5, 0.5],
  ],
  [],
  [(x: unknown) => x],
  [[1, 2, 3]],
]

const EXCEPT = {
  'new SafetensorsFile': 'is made by openSafetensors()',
  'new Table': 'is made by parseCsv()',
  'new Transform': 'is abstract',
  'new Metric': 'is abstract',
  'new Sampler': 'is abstract',
  recipeOf: 'is for datasets that workers make again',
  workerDataset: 'imports any module',
}

export const subject: FuzzSubject = {
  api: data,
  objects: () => [
    ...oneOfEach(data, LISTS, (kind) => !Object.hasOwn(EXCEPT, `new ${kind.name}`)),
    new data.DataLoader(pairs(), { batchSize: 2, shuffle: true }),
    new data.Subset(pairs(), [0, 2]),
    data.parseCsv('a,b\n1,x\n2,y\n'),
    data.defaultCollate([
      [1, 2],
      [3, 4],
    ]),
    { image: zeros([3, 8, 8]), boxes: tensor([[0, 0, 4, 4]]), labels: tensor([1]) },
    data.serializeNpy(ones([2, 3])),
    data.encodeImage(zeros([3, 4, 4], { dtype: 'uint8' }), 'PNG'),
    new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]),
  ],
  except: EXCEPT,
  // Transforms get the scene from apply().
  protects: [
    'counts',
    'divide',
    'score',
    'state',
    'change',
    'run',
    'mix',
    'boxOptions',
    'image',
  ].concat(['mask', 'windows', 'draw', 'sizeOf', 'inputs']),
  often: ['get', 'getItems', 'update', 'compute', 'apply', '[Symbol.asyncIterator]'],
  strings: ['multiclass', 'binary', 'macro', 'png', 'jpeg', 'a,b\n1,2\n', 'xyxy', 'RGB', 'reflect'],
}
