/** A forecast of a day, with and without what is known beforehand of it. */
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, randint, randn, stack, tensor } from '@flambeau/core'
import { linePlot } from '@flambeau/plot'
import { Forecaster, slidingWindows } from '@flambeau/sequence-models'
import type { Result, Say, TaskOptions } from './training.ts'
import { stepsOf, train } from './training.ts'

const DAY = 24
const DAYS = 140
/** Days that no model is trained on. */
const UNSEEN = 28

/**
 * The hourly demand for power of a town, by a known rule: a daily and a weekly rhythm, more in the cold,
 * and noise.
 *
 * @returns Demand `[T, 1]` and what is known beforehand, `[T, 4]`: the weather, the weekend, the hour.
 */
function town(): { demand: Tensor; known: Tensor } {
  const hours = DAY * DAYS
  const chance = randn([hours]).tolist() as number[]
  const noise = randn([hours]).tolist() as number[]
  const rows: number[][] = []
  const demand: number[] = []
  let cold = 0
  for (let t = 0; t < hours; t++) {
    const angle = (2 * Math.PI * (t % DAY)) / DAY
    const weekend = Math.floor(t / DAY) % 7 >= 5 ? 1 : 0
    cold = 0.98 * cold + 0.2 * (chance[t] as number)
    const heating = Math.max(0, cold + 0.4 * Math.cos(angle))
    const rhythm = (1 - 0.5 * weekend) * (0.8 * Math.sin(angle - 1.8) + 0.3 * Math.sin(2 * angle))
    demand.push(rhythm + 0.9 * heating - 0.4 * weekend + 0.08 * (noise[t] as number))
    rows.push([cold, weekend, Math.sin(angle), Math.cos(angle)])
  }
  return { demand: tensor(demand).unsqueeze(1), known: tensor(rows) }
}

/** The root of the mean squared error. */
const rootError = (found: Tensor, wanted: Tensor): number =>
  found.sub(wanted).square().mean().sqrt().item()

/** The error over the next day of a forecaster with and without knowledge, and of yesterday. */
export function forecasting({ out, seed, effort }: TaskOptions, say: Say): Result[] {
  manualSeed(seed)
  const { demand, known } = town()
  const whole = { history: DAY, horizon: DAY }
  const { inputs, targets } = slidingWindows(demand, whole)
  // What a window knows: from its second hour to the last one.
  const beforehand = slidingWindows(known, whole)
  const knowledge = stack(
    [...beforehand.inputs.unbind(1).slice(1), ...beforehand.targets.unbind(1)],
    1,
  )
  const first = (DAYS - UNSEEN) * DAY - 2 * DAY
  const count = inputs.shape[0] as number
  const rest = count - first
  const unseen = (x: Tensor): Tensor => x.narrow(0, first, rest)

  const errors: Record<string, number> = {
    'the same as yesterday': rootError(unseen(inputs), unseen(targets)),
  }
  const drawn: Record<string, number[]> = {}
  const day = 8 * DAY
  for (const [model, exogenous] of [
    ['GRU', 0],
    ['GRU with weather and calendar', 4],
  ] as const) {
    manualSeed(seed + 1)
    const net = new Forecaster({ exogenous, hiddenSize: 32, kind: 'gru' })
    const given = (x: Tensor): Tensor | null => (exogenous === 0 ? null : x)
    train(net, 0.01, stepsOf(500, effort), () => {
      const rows = randint(0, first, [64])
      const [x, y] = [inputs.indexSelect(0, rows), targets.indexSelect(0, rows)]
      return net(x, DAY, given(knowledge.indexSelect(0, rows)))
        .sub(y)
        .square()
        .mean()
    })
    const found = noGrad(() => net(unseen(inputs), DAY, given(unseen(knowledge))))
    errors[model] = rootError(found, unseen(targets))
    // Forecasts of a week, each at midnight.
    const week = Array.from({ length: 7 }, (_, i) =>
      found.select(0, Math.min(day + i * DAY, rest - 1)),
    )
    drawn[model] = week.flatMap((one) => one.squeeze(1).tolist() as number[])
  }
  const truth = Array.from({ length: 7 }, (_, i) =>
    unseen(targets).select(0, Math.min(day + i * DAY, rest - 1)),
  )
  const wanted = truth.flatMap((one) => one.squeeze(1).tolist() as number[])
  linePlot(
    { demand: wanted, ...drawn },
    {
      title: 'Forecasts of a day each, for a week',
      subtitle: 'Made at midnight; the weather and the calendar are known beforehand, or not',
      xLabel: 'hour',
      yLabel: 'demand',
    },
  ).save(join(out, 'forecast.png'))
  const best = errors['GRU with weather and calendar'] as number
  const nextBest = Math.min(...Object.values(errors).filter((error) => error !== best))
  return Object.entries(errors).map(([model, error]): Result => {
    const figure = `error ${error.toFixed(3)}`
    say(`forecast of 24 hours: ${model} has a root mean squared ${figure}`)
    // Others are there to be compared with.
    const shown = error === best ? best <= 0.5 * nextBest : true
    return { task: 'forecast of 24 hours', model, figure, shown }
  })
}
