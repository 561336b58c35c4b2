/** The same start, the same problem, many optimizers: how each of them goes down. */
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'
import type { Optimizer } from '@flambeau/optim'
import { Adadelta, Adagrad, Adam, AdamW, NAdam, RMSprop, SGD } from '@flambeau/optim'
import { linePlot } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

const numSteps = budget(200, 100)

/** A long valley: steep across (y), flat along (x). */
const valley = (place: Tensor): Tensor => place.at(0).pow(2).div(20).add(place.at(1).pow(2))

const kinds: Record<string, (params: Tensor[]) => Optimizer> = {
  SGD: (params) => new SGD(params, { lr: 0.5 }),
  momentum: (params) => new SGD(params, { lr: 0.1, momentum: 0.9 }),
  Nesterov: (params) => new SGD(params, { lr: 0.1, momentum: 0.9, nesterov: true }),
  AdaGrad: (params) => new Adagrad(params, { lr: 1.5 }),
  AdaDelta: (params) => new Adadelta(params, { lr: 20 }),
  RMSprop: (params) => new RMSprop(params, { lr: 0.1 }),
  Adam: (params) => new Adam(params, { lr: 0.3 }),
  AdamW: (params) => new AdamW(params, { lr: 0.3 }),
  NAdam: (params) => new NAdam(params, { lr: 0.3 }),
}

const curves: Record<string, number[]> = {}
for (const [name, make] of Object.entries(kinds)) {
  const place = tensor([-7, 2], { dtype: 'float32', requiresGrad: true })
  const optimizer = make([place])
  const values: number[] = []
  for (let step = 0; step < numSteps; step++) {
    optimizer.zeroGrad()
    const value = valley(place)
    value.backward()
    optimizer.step()
    values.push(value.item())
  }
  curves[name] = values
  console.log(`${name.padEnd(9)} ${values[0]!.toFixed(3)} -> ${values.at(-1)!.toExponential(1)}`)
}
linePlot(curves, { xLabel: 'step', yLabel: 'height', yRange: [0, 8] }).save(outFile('ways.png'))
