/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones, rand, tensor } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import { oneOfEach } from '@flambeau/core/testing'
import * as sequences from './index.ts'

const sizes = {
  ...{ vocabSize: 12, contextLength: 8, blockSize: 8, maxLength: 8, dModel: 8, dim: 8, hidden: 8 },
  ...{ hiddenSize: 8, embeddingSize: 8, embedSize: 8, numHeads: 2, heads: 2, numLayers: 1 },
  ...{ layers: 1, depth: 1, numTags: 3, tags: 3, numClasses: 3, inputSize: 4, outputSize: 2 },
  ...{ sourceVocab: 12, targetVocab: 12, channels: [8], kernelSize: 3, dropout: 0 },
}

const EXCEPT = {
  'new Encoding': 'is made by a tokenizer',
  'new HMMSegmenter': 'is made by fit()',
  'new HMMTagger': 'is made by fit()',
}

export const subject: FuzzSubject = {
  api: sequences,
  objects: () => [
    ...oneOfEach(
      sequences,
      () => [[sizes], [12, 8], [8, 8, 8], [4, 8, 2], [3], [8], []],
      (kind) => !Object.hasOwn(EXCEPT, `new ${kind.name}`),
    ),
    tensor([
      [1, 2, 3, 0],
      [4, 5, 0, 0],
    ]),
    ones([2, 4, 8]),
    rand([2, 12]),
    ['the cat', 'sat \ud800 on'],
    new Map([['the', 1]]),
  ],
  except: EXCEPT,
  protects: ['setTerms', 'table', 'requireCache', 'requireTags', 'scores', 'lengths', 'cacheShape'],
  often: ['forward', 'encode', 'decode', 'train', 'tokenize'],
  strings: ['the cat sat on the mat', '\ud800', 'a\0b', '<unk>', '\n\n', '1\tthe\tDET\n', 'é'],
}
