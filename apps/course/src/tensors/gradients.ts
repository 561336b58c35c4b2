/** Where a function of two variables falls fastest: down from four starts to its lowest places. */
import { grad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { linspace, meshgrid, tensor } from '@flambeau/core'
import { Adam } from '@flambeau/optim'
import { heatmap } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

/** Himmelblau's function, which is 0 at four places. */
function himmelblau(x: Tensor, y: Tensor): Tensor {
  const [a, b] = [x.pow(2).add(y).sub(11), x.add(y.pow(2)).sub(7)]
  return a.pow(2).add(b.pow(2))
}

const at = tensor([1, 1], { dtype: 'float32', requiresGrad: true })
const [slope] = grad(himmelblau(at.at(0), at.at(1)), [at])
console.log('slope at (1, 1):', slope)

for (const start of [
  [0, 0],
  [-1, 0],
  [-4, 0],
  [4, 0],
]) {
  const place = tensor(start, { dtype: 'float32', requiresGrad: true })
  const optimizer = new Adam([place], { lr: 0.05 })
  let value = himmelblau(place.at(0), place.at(1))
  for (let step = 0; step < budget(2000, 500); step++) {
    optimizer.zeroGrad()
    value.backward()
    optimizer.step()
    value = himmelblau(place.at(0), place.at(1))
  }
  const found = (place.tolist() as number[]).map((one) => one.toFixed(3))
  console.log(`from (${start.join(', ')}) to (${found.join(', ')}): ${value.item().toFixed(5)}`)
}

const side = linspace(-6, 6, 25)
const [x, y] = meshgrid([side, side], { indexing: 'xy' }) as [Tensor, Tensor]
heatmap(himmelblau(x, y).log1p().flip(0), { title: 'log(1 + f)' }).save(outFile('himmelblau.png'))
