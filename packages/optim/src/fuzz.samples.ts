/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import { oneOfEach } from '@flambeau/core/testing'
import * as nn from '@flambeau/nn'
import * as optim from './index.ts'

/** A parameter with a gradient. */
function parameter(shape: number[]): nn.Parameter {
  const made = new nn.Parameter(ones(shape))
  made.grad = ones(shape)
  return made
}

const sgd = (): optim.SGD => new optim.SGD([parameter([2, 4])], { lr: 0.1, momentum: 0.9 })

export const subject: FuzzSubject = {
  api: optim,
  objects: () => [
    ...oneOfEach(
      optim,
      () => [[[parameter([2, 4]), parameter([4, 4])]], [[parameter([4, 4])]]],
      (kind) => kind.prototype instanceof optim.Optimizer,
    ),
    ...oneOfEach(
      optim,
      () => [
        [sgd(), 10],
        [sgd(), 0.1, { totalSteps: 10 }],
        [sgd(), 0.1, 1],
        [sgd(), [2, 4]],
        [sgd(), () => 0.5],
        [sgd()],
      ],
      (kind) => kind.prototype instanceof optim.LRScheduler,
    ),
    new optim.GradScaler(),
    new optim.ReduceLROnPlateau(sgd()),
    new optim.swaUtils.AveragedModel(new nn.Linear(8, 4)),
    new optim.swaUtils.SWALR(sgd(), 0.1),
    new nn.Sequential(new nn.Linear(8, 4), new nn.BatchNorm1d(4)),
    [parameter([2, 4])],
    sgd().stateDict(),
  ],
  except: {
    'new Optimizer': 'is abstract',
    'new ElementwiseOptimizer': 'is abstract',
    'new LRScheduler': 'is abstract',
  },
  protects: ['advance', 'checkOptions', 'closedForm', 'decayOf', 'extras', 'fits', 'isInitial']
    .concat(['numbersOf', 'ownNumbers', 'prepare', 'rateOf', 'requireReplays', 'ruleOf', 'start'])
    .concat(['stateOf', 'stepGroup', 'switches', 'takeStep', 'setRates']),
  often: ['step', 'loadStateDict', 'addParamGroup'],
  strings: ['lr', 'min', 'max', 'cos', 'linear', 'triangular', 'rel', 'abs', 'strong_wolfe'],
}
