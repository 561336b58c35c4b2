/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { rand } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import * as nn from '@flambeau/nn'
import * as tensorboard from './index.ts'

export const subject: FuzzSubject = {
  api: tensorboard,
  objects: () => [new nn.Linear(4, 2), rand([3, 8, 8]), rand([2, 100])],
  except: {
    'new EventLoopDelay': 'measures the process',
    'new SystemLoad': 'measures the machine',
  },
  // What the file system throws says itself what is wrong with a path.
  accepts: (error) => (error as NodeJS.ErrnoException).syscall !== undefined,
  often: ['addScalar', 'addHistogram', 'addImage'],
  strings: ['runs', 'loss/train', 'events.out.tfevents.1'],
}
