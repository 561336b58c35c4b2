/** What was learnt on some digits helps with others: a new head, and a body that stays as it is. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, randint } from '@flambeau/core'
import { MNIST } from '@flambeau/data'
import type * as nn from '@flambeau/nn'
import { functional as F } from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { freeze, LeNet5, replaceHead } from '@flambeau/vision-models'
import { budget } from '../settings.ts'

const [train, test] = [new MNIST({ train: true }), new MNIST({ train: false })]

/** Some images of the digits from `low` up to four more, and their labels from 0. */
function some(from: MNIST, low: number, count: number): [images: Tensor, labels: Tensor] {
  const wanted = from.labels.ge(low).logicalAnd(from.labels.lt(low + 5))
  const places = wanted.nonzero().at(`:${count}`, 0)
  return [from.images.at(places).unsqueeze(1).div(255), from.labels.at(places).sub(low)]
}

function learn(model: nn.Module, parameters: Iterable<Tensor>, [x, y]: [Tensor, Tensor]): void {
  const optimizer = new Adam(parameters, { lr: 0.003 })
  for (let step = 0; step < budget(400, 60); step++) {
    const places = randint(0, x.size(0), [64])
    const loss = F.crossEntropy(model(x.at(places)), y.at(places))
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  }
}

function accuracy(model: nn.Module, [x, y]: [Tensor, Tensor]): string {
  const right = noGrad(() => model(x).argmax(1).eq(y).float().mean().item())
  return `${(100 * right).toFixed(1)} %`
}

manualSeed(0)
const model = new LeNet5({ numClasses: 5, activation: 'relu' })
learn(model, model.parameters(), some(train, 0, budget(10_000, 2000)))
console.log('digits 0 to 4:', accuracy(model, some(test, 0, 1000)))

// The other digits, with few examples.
const few = some(train, 5, 100)
freeze(model)
const head = replaceHead(model, 5)
const learning = [...model.parameters()].filter((one) => one.requiresGrad)
console.log(
  'parameters that learn:',
  learning.reduce((sum, one) => sum + one.numel(), 0),
)
learn(model, head.parameters(), few)
console.log('digits 5 to 9, a new head on the old body:', accuracy(model, some(test, 5, 1000)))

const fresh = new LeNet5({ numClasses: 5, activation: 'relu' })
freeze(fresh)
learn(fresh, replaceHead(fresh, 5).parameters(), few)
console.log(
  'digits 5 to 9, a head on a body that learnt nothing:',
  accuracy(fresh, some(test, 5, 1000)),
)
