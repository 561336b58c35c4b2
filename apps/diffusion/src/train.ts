/** Trains the network, and looks at what it draws after each epoch. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import { manualSeed, setNumThreads } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import {
  DataLoader,
  MNIST,
  Normalize,
  Compose,
  saveSafetensors,
  Subset,
  ToTensor,
  writeFileAtomic,
} from '@flambeau/data'
import { AdamW, swaUtils } from '@flambeau/optim'
import { imageGrid, trainingCurves } from '@flambeau/plot'
import { fit, formatPercent, warmCosine } from '@flambeau/trainer'
import { Diffusion, DiffusionUNet, hideLabels } from '@flambeau/vision-models'
import type { Denoiser } from '@flambeau/vision-models'
import { draw, everyDigit } from './drawing.ts'
import type { Verdict } from './judge.ts'
import { Judge } from './judge.ts'

export interface TrainOptions {
  readonly out: string
  readonly epochs: number
  readonly images: number
  readonly judgeImages: number
  readonly batchSize: number
  readonly lr: number
  readonly width: number
  readonly steps: number
  readonly guidance: number
  readonly seed: number
  readonly threads?: number
  readonly resume: boolean
}

/** What metrics.json says of an epoch. */
interface EpochMetrics extends Verdict {
  readonly epoch: number
  readonly loss: number
  readonly seconds: number
}

/** The network and the process of a run, as `sample` builds them again. */
export function build(width: number, steps: number): { net: DiffusionUNet; diffusion: Diffusion } {
  return {
    net: new DiffusionUNet({ width, numClasses: 10, multipliers: [1, 2, 4] }),
    diffusion: new Diffusion({ steps, schedule: 'cosine' }),
  }
}

export async function train(options: TrainOptions, say: (text: string) => void): Promise<void> {
  const { out, epochs, batchSize, lr, width, steps, guidance, seed } = options
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  const judge = await Judge.at(join(out, 'judge.safetensors'), options.judgeImages, say)
  say(`the judge reads ${formatPercent(judge.accuracy).trim()} of real test digits`)

  manualSeed(seed)
  const { net, diffusion } = build(width, steps)
  const digits = new MNIST({
    transform: new Compose([new ToTensor(), new Normalize([0.5], [0.5])]),
  })
  const part = Array.from({ length: Math.min(options.images, digits.length) }, (_, i) => i)
  const loader = new DataLoader(new Subset(digits, part), {
    batchSize,
    shuffle: true,
    dropLast: true,
  })
  const average = new swaUtils.AveragedModel(net, { multiAvgFn: swaUtils.getEmaMultiAvgFn(0.995) })
  const parameters = [...net.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  say(
    `${parameters.toLocaleString('en')} parameters, ${part.length.toLocaleString('en')} digits, ${steps} steps of noise`,
  )

  const denoiser: Denoiser = (x, t, label) => net(x, t, label)
  const optimizer = new AdamW(net.parameters(), { lr })
  const { callback, ...rate } = warmCosine(optimizer, lr, epochs * loader.length)
  const found: EpochMetrics[] = []
  const labels = everyDigit(20)
  await fit(net, loader, {
    optimizer,
    ...rate,
    forward: ([x, y]: [Tensor, Tensor]) => diffusion(x, denoiser, hideLabels(y, 0.1)),
    epochs,
    clipGradNorm: 1,
    checkpoints: join(out, 'checkpoints'),
    resume: options.resume,
    state: { average, found: { stateDict: () => found, loadStateDict: restore } },
    callbacks: [
      callback,
      {
        onStep: () => average.updateParameters(net),
        onEpochEnd: ({ epoch, loss, seconds }, history) => {
          const drawn = noGrad(() =>
            draw(average.module, diffusion, labels, {
              method: 'ddim',
              steps: Math.min(25, steps),
              guidance,
              seed,
            }),
          )
          const verdict = judge.judge(drawn, labels)
          say(
            `  recognised ${formatPercent(verdict.recognised).trim()}, distance ${verdict.distance.toFixed(1)}`,
          )
          found.push({ epoch, loss, seconds, ...verdict })
          keepPictures(out, epoch, drawn, labels, judge, verdict)
          keepCurves(out, history.stepLosses, found)
          saveSafetensors(join(out, 'model.safetensors'), average.module.stateDict(), {
            width: String(width),
            steps: String(steps),
          })
        },
      },
    ],
  })
  const last = found.at(-1)
  if (last === undefined) return
  say(
    `recognised ${formatPercent(last.recognised).trim()} of ${labels.numel()} drawn digits; in ${out}: model.safetensors, metrics.json, loss.png, epoch-*.png`,
  )

  function restore(before: EpochMetrics[]): void {
    found.push(...before)
  }
}

function keepPictures(
  out: string,
  epoch: number,
  drawn: Tensor,
  labels: Tensor,
  judge: Judge,
  verdict: Verdict,
): void {
  // Ten of each digit, a digit in each row.
  const places = labels.reshape([10, -1]).narrow(1, 0, 10)
  const shown = drawn.reshape([10, -1, 1, 28, 28]).narrow(1, 0, 10).reshape([100, 1, 28, 28])
  const seen = judge.read(shown)
  const wanted = places.reshape([-1]).tolist() as number[]
  imageGrid(shown.clamp(-1, 1), {
    title: `Digits drawn after epoch ${epoch}`,
    subtitle: `${(verdict.recognised * 100).toFixed(1)} % of ${labels.numel()} are recognised; framed: taken for another digit`,
    columns: 10,
    range: [-1, 1],
    invert: true,
    marked: (seen.tolist() as number[]).map((digit, i) => digit !== wanted[i]),
  }).save(join(out, `epoch-${String(epoch).padStart(3, '0')}.png`))
}

function keepCurves(out: string, losses: readonly number[], found: readonly EpochMetrics[]): void {
  const perEpoch = losses.length / Math.max(found.length, 1)
  trainingCurves({
    title: 'Diffusion on MNIST',
    lossName: 'squared error of the noise',
    train: losses.map((y, i) => ({ x: (i + 1) / perEpoch, y })),
    epochLoss: found.map(({ loss }) => loss),
    metrics: [
      { name: 'Drawn digits that are recognised', points: found.map((one) => one.recognised) },
      {
        name: 'Fréchet distance from real digits',
        points: found.map((one) => one.distance),
        percent: false,
      },
    ],
  }).save(join(out, 'loss.png'))
  const json = new TextEncoder().encode(`${JSON.stringify(found, null, 2)}\n`)
  writeFileAtomic(join(out, 'metrics.json'), [json])
}
