/** AdaGrad: steps get smaller the more a parameter has moved. */
import { grad, noGrad } from '@flambeau/autograd'
import { allclose, manualSeed, randn, zeros } from '@flambeau/core'
import { Adagrad } from '@flambeau/optim'
import { linePlot } from '@flambeau/plot'
import { outFile } from '../settings.ts'

manualSeed(0)
const x = randn(100, 1)
const y = x.mul(2).add(3).add(randn(100, 1))

const w = zeros([1], { requiresGrad: true })
const b = zeros([1], { requiresGrad: true })
const optimizer = new Adagrad([w, b], { lr: 0.01 })
const losses: number[] = []
for (let epoch = 0; epoch < 100; epoch++) {
  const loss = x.mul(w).add(b).sub(y).pow(2).mean()
  losses.push(loss.item())
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
}
console.log(`loss ${losses[0]!.toFixed(4)} -> ${losses.at(-1)!.toFixed(4)}`)

// By hand: the sum of all squared gradients divides the step.
const v = zeros([1], { requiresGrad: true })
const c = zeros([1], { requiresGrad: true })
const sums = [zeros(1), zeros(1)]
for (let epoch = 0; epoch < 100; epoch++) {
  const loss = x.mul(v).add(c).sub(y).pow(2).mean()
  const slopes = grad(loss, [v, c])
  noGrad(() => {
    for (const [i, parameter] of [v, c].entries()) {
      const sum = sums[i]!.addcmul_(slopes[i]!, slopes[i]!)
      parameter.addcdiv_(slopes[i]!, sum.sqrt().add(1e-10), { value: -0.01 })
    }
  })
}
console.log('by hand the same:', allclose(v, w), allclose(c, b))
linePlot({ loss: losses }, { xLabel: 'epoch', yLabel: 'loss' }).save(outFile('loss.png'))
