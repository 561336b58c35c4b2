/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import * as trainer from './index.ts'

export const subject: FuzzSubject = {
  api: trainer,
  objects: () => {
    const model = new nn.Linear(4, 2)
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    return [
      model,
      optimizer,
      [[ones([2, 4]), ones([2, 2])]],
      { model, optimizer, lossFn: new nn.MSELoss(), trainLoader: [[ones([2, 4]), ones([2, 2])]] },
      new trainer.EarlyStopping(),
      trainer.warmCosine(optimizer, 0.1, 10),
    ]
  },
  except: { createProgress: 'writes to the terminal' },
  protects: ['checkOptions', 'fits', 'stepGroup', 'switches', 'takeStep'],
  strings: ['loss', 'valLoss', 'min', 'max'],
  accepts: (error) => error instanceof trainer.DivergedError,
}
