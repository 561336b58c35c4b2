/** What stands between layers: sigmoid, tanh, ReLU and its relatives; softmax at the end. */
import '@flambeau/autograd'
import { linspace, stack, tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { linePlot } from '@flambeau/plot'
import { outFile } from '../settings.ts'

const F = nn.functional

// The step has no slope anywhere, so that nothing could learn through it; these have one.
const curves = { sigmoid: F.sigmoid, tanh: F.tanh, ReLU: F.relu, 'leaky ReLU': F.leakyRelu }
const x = linspace(-4, 4, 81)
const lines = Object.entries(curves).map(
  ([name, curve]) => [name, stack([x, curve(x)], 1)] as const,
)
linePlot(Object.fromEntries(lines), { title: 'Activations' }).save(outFile('activations.png'))

const places = tensor([-100, 0, 1, 100], { dtype: 'float32', requiresGrad: true })
for (const [name, curve] of Object.entries(curves)) {
  places.grad = null
  const values = curve(places)
  values.sum().backward()
  console.log(name.padEnd(10), values.detach().tolist(), 'slopes', places.grad!.tolist())
}

const scores = tensor([2, 1, 0.1], { requiresGrad: true })
const shares = F.softmax(scores, 0)
shares.at(0).backward()
console.log('softmax', shares, 'sum', shares.sum().item().toFixed(4))
console.log('slopes of the first share', scores.grad)
