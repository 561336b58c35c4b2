import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualSeed, randn, ValueError, zeros } from '@flambeau/core'
import { Accuracy, DataLoader, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam, GradScaler, SGD } from '@flambeau/optim'
import { EventAccumulator, SummaryWriter } from '@flambeau/tensorboard'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FitOptions } from './index.ts'
import { boardLogger, DivergedError, fit } from './index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flambeau-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

type Batch = [ReturnType<typeof randn>, ReturnType<typeof randn>]

/** Trains 3 epochs of 4 steps. */
async function train(options: Partial<FitOptions<Batch>>): Promise<nn.Module> {
  manualSeed(0)
  const x = randn([64, 4])
  const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2))
  const loader = new DataLoader(new TensorDataset(x, x.sum(1).gt(0).long()), { batchSize: 16 })
  await fit(model, loader, {
    optimizer: new Adam(model.parameters(), { lr: 0.01 }),
    loss: nn.functional.crossEntropy,
    epochs: 3,
    progress: false,
    validation: [[x, x.sum(1).gt(0).long()]],
    metrics: { accuracy: new Accuracy({ numClasses: 2 }) },
    ...options,
  })
  return model
}

const read = (): EventAccumulator => new EventAccumulator(folder).reload()

describe('a training that logs for the board', () => {
  test('has its losses, metrics, learning rate, settings, graph and load there', async () => {
    await train({ board: folder })
    const run = read()
    expect(run.scalars('train/loss').map(({ step }) => step)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    )
    expect(run.scalars('train/lr')[0]?.value).toBeCloseTo(0.01)
    for (const tag of [
      'val/loss',
      'val/accuracy',
      'train/epoch_loss',
      'speed/examples_per_second',
    ]) {
      expect({ [tag]: run.scalars(tag).map(({ step }) => step) }).toMatchObject({
        [tag]: expect.arrayContaining([4, 8, 12]),
      })
    }
    expect(run.hparams).toMatchObject({ optimizer: 'Adam', lr: 0.01, batchSize: 16 })
    expect(run.graph()?.find(({ op }) => op === 'linear')?.shape).toEqual([16, 8])
    expect(run.scalars('system/process_memory_mb').length).toBeGreaterThan(0)
    expect(run.tags().histograms).toEqual([])
  })

  test('learns the same as one that does not', async () => {
    const weights = async (options: Partial<FitOptions<Batch>>): Promise<unknown[]> =>
      [...(await train(options)).parameters()].map((parameter) => parameter.tolist())
    const images = (): { zeros: ReturnType<typeof zeros> } => ({ zeros: zeros([1, 2, 2]) })
    expect(await weights({ board: { run: folder, histograms: true, images } })).toEqual(
      await weights({}),
    )
  })

  test('logs histograms of weights and gradients once an epoch, pictures, and what it is told', async () => {
    const images = (epoch: number): Record<string, ReturnType<typeof zeros>> => ({
      one: zeros([3, 4, 4]),
      many: zeros([epoch, 1, 4, 4]),
    })
    const hparams = { model: 'mlp' }
    await train({
      board: { run: folder, histograms: true, images, hparams, every: 5, systemLoadSecs: 0 },
    })
    const run = read()
    const names = ['0.bias', '0.weight', '2.bias', '2.weight']
    expect(run.tags().histograms).toEqual(
      ['gradients', 'weights'].flatMap((kind) => names.map((name) => `${kind}/${name}`)),
    )
    expect(run.histograms('gradients/0.weight').map(({ num }) => num)).toEqual([32, 32, 32])
    expect(run.histograms('gradients/0.weight')[0]?.sumSquares).toBeGreaterThan(0)
    expect(run.images('many').map(({ width }) => width)).toEqual([4, 8, 12])
    expect(run.scalars('train/loss').map(({ step }) => step)).toEqual([5, 10])
    expect(run.hparams).toMatchObject({ model: 'mlp' })
    expect(run.tags().scalars.some((tag) => tag.startsWith('system/'))).toBe(false)
  })

  test('shows gradients as they are, not as a scaler made them', async () => {
    const norms: number[] = []
    for (const scaler of [undefined, new GradScaler({ initScale: 1024 })]) {
      const run = join(folder, String(norms.length))
      await train({ board: { run, histograms: true }, scaler, epochs: 1 })
      const [found] = new EventAccumulator(run).reload().histograms('gradients/0.weight')
      norms.push(found?.sumSquares ?? Number.NaN)
    }
    expect(norms[1]).toBeCloseTo(norms[0] as number, 6)
  })

  test('goes on if its model cannot be traced, and says why', async () => {
    class Moody extends nn.Linear {
      override forward(input: ReturnType<typeof randn>): ReturnType<typeof randn> {
        if (!this.training) throw new ValueError('Moody', [], 'it only trains')
        return super.forward(input)
      }
    }
    const model = new Moody(4, 2)
    await fit(model, [[randn([8, 4]), zeros([8, 2])]], {
      optimizer: new SGD(model.parameters(), { lr: 0.1 }),
      loss: nn.functional.mseLoss,
      epochs: 1,
      progress: false,
      board: folder,
    })
    expect(read().graph()).toBeNull()
    expect(read().texts('graph')[0]?.text).toMatch(/was not logged.*it only trains/s)
  })

  test('goes on where it was resumed, and what came after is gone', async () => {
    const checkpoints = folder // beside the events
    await train({ board: folder, checkpoints, epochs: 2 })
    const writer = new SummaryWriter(folder)
    writer.addScalar('train/loss', 99, 10) // a step that was not saved
    writer.close()
    await train({ board: folder, checkpoints, resume: true })
    const steps = read()
      .scalars('train/loss')
      .map(({ step }) => step)
    expect(steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(
      read()
        .scalars('train/loss')
        .every(({ value }) => value < 2),
    ).toBe(true)
  })

  test('takes the place of an earlier run in the same folder', async () => {
    await train({ board: folder })
    await train({ board: folder, epochs: 1 })
    expect(read().scalars('train/loss')).toHaveLength(4)
  })

  test('closes its own run also when it fails, and leaves a writer open', async () => {
    const model = new nn.Linear(2, 1)
    const failing = fit(model, [[randn([2, 2]), randn([2, 1]).div(0)]], {
      optimizer: new SGD(model.parameters(), { lr: 1 }),
      loss: nn.functional.mseLoss,
      epochs: 1,
      progress: false,
      board: folder,
    })
    await expect(failing).rejects.toThrow(DivergedError)
    using writer = new SummaryWriter(folder)
    await train({ board: writer, epochs: 1 })
    await train({ callbacks: [boardLogger(writer)], epochs: 1 })
    writer.addScalar('mine', 1)
    writer.flush()
    expect(read().scalars('train/loss')).toHaveLength(8) // 4 each, beside each other
    expect(read().scalars('mine')).toHaveLength(1)
  })
})

test('others get their turn while it trains, and the delay is told', async () => {
  manualSeed(0)
  const x = randn([512, 64])
  const model = new nn.Sequential(new nn.Linear(64, 256), new nn.ReLU(), new nn.Linear(256, 64))
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const { eventLoopDelay } = await fit(
    model,
    Array.from({ length: 100 }, () => [x, x]),
    {
      optimizer: new SGD(model.parameters(), { lr: 0.01 }),
      loss: nn.functional.mseLoss,
      epochs: 2,
      progress: false,
    },
  )
  clearInterval(timer)
  expect(turns).toBeGreaterThan(5)
  const { p50, p99, max } = eventLoopDelay
  expect(max).toBeGreaterThan(0)
  expect(p50).toBeLessThanOrEqual(p99)
  expect(p99).toBeLessThanOrEqual(max)
})
