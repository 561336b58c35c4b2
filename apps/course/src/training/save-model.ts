/** A model in a file three ways: its parameters, the model with its class, a training to go on with. */
import { manualSeed, randn } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { load, loadCheckpoint, save, saveCheckpoint } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { outFile } from '../settings.ts'

class MLP extends nn.Module {
  fc1: nn.Linear
  fc2: nn.Linear

  constructor(
    readonly inputSize: number,
    readonly hiddenSize: number,
    readonly numClasses: number,
  ) {
    super()
    this.fc1 = new nn.Linear(inputSize, hiddenSize)
    this.fc2 = new nn.Linear(hiddenSize, numClasses)
  }

  override forward(x: Tensor): Tensor {
    return this.fc2(this.fc1(x).relu())
  }
}

manualSeed(0)
const x = randn(8, 784)
const model = new MLP(784, 64, 10)

// 1: the parameters, in a file that PyTorch reads too.
await save(model.stateDict(), outFile('state.pt'))
const first = new MLP(784, 64, 10)
first.loadStateDict(await load(outFile('state.pt')))
console.log('parameters:', first(x).equal(model(x)))

// 2: the whole model. Files hold no code here, and so nothing in a file can run: the sizes go along,
// and the class is the program's.
const { inputSize, hiddenSize, numClasses } = model
await save(
  { sizes: [inputSize, hiddenSize, numClasses], state: model.stateDict() },
  outFile('model.pt'),
)
interface Saved {
  readonly sizes: [number, number, number]
  readonly state: nn.StateDict
}
const whole = await load<Saved>(outFile('model.pt'))
const second = new MLP(...whole.sizes)
second.loadStateDict(whole.state)
console.log('whole model:', second(x).equal(model(x)))

// 3: a checkpoint. Every object gets its state back, and the training goes on to the same bits.
const optimizer = new Adam(model.parameters(), { lr: 0.001 })
function step(net: MLP, by: Adam): number {
  const loss = net(x).pow(2).mean()
  by.zeroGrad()
  loss.backward()
  by.step()
  return loss.item()
}
const loss = step(model, optimizer)
saveCheckpoint(outFile('checkpoint.safetensors'), { epoch: 1, model, optimizer, loss })

const third = new MLP(784, 64, 10)
const itsOptimizer = new Adam(third.parameters(), { lr: 0.001 })
const restored = loadCheckpoint(outFile('checkpoint.safetensors'), {
  model: third,
  optimizer: itsOptimizer,
})
console.log('checkpoint: epoch', restored.epoch, 'the same loss', restored.loss === loss)
console.log('goes on alike:', step(third, itsOptimizer) === step(model, optimizer))
third.eval()
