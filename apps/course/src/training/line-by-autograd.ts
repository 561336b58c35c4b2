/** A line through points: the gradients come from backward(), the steps are made by hand. */
import { noGrad } from '@flambeau/autograd'
import { cat, manualSeed, rand, randn, zeros } from '@flambeau/core'
import { scatter } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

const learningRate = 0.1
const numEpochs = budget(1000, 300)

// y = 1 + 2 x, with noise.
manualSeed(42)
const x = rand(100, 1)
const y = x.mul(2).add(1).add(randn(100, 1).mul(0.1))

const w = randn([1], { requiresGrad: true })
const b = zeros([1], { requiresGrad: true })
for (let epoch = 0; epoch < numEpochs; epoch++) {
  const loss = x.mul(w).add(b).sub(y).pow(2).mean()
  loss.backward()
  noGrad(() => {
    for (const parameter of [w, b]) {
      parameter.sub_(parameter.grad!, { alpha: learningRate })
      parameter.grad!.zero_()
    }
  })
}
console.log('w:', w.item().toFixed(4), 'b:', b.item().toFixed(4))

scatter(cat([x, y], 1), { line: { slope: w.item(), intercept: b.item() } }).save(
  outFile('line.png'),
)
