/**
 * A training with everything that a checkpoint has to keep: dropout, shuffling, running statistics, two
 * generators, mixed precision, a scaled loss, a schedule, averaged weights.
 *
 * As a program, `training.ts <folder> [workers]`, it saves every second step, goes on from what it finds
 * in the folder, and writes result.json at the end.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Tensor } from '@flambeau/core'
import { autocast, Generator, manualSeed, randn } from '@flambeau/core'
import type { Checkpoint, CheckpointRest } from '@flambeau/data'
import { CheckpointFolder, DataLoader, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { AdamW, CosineAnnealingLR, GradScaler, swaUtils } from '@flambeau/optim'

const EPOCHS = 3
/** Steps in all: 44 samples in batches of 8. */
export const STEPS: number = EPOCHS * 6

/** All that has a state, and how far it is. */
export interface Training {
  parts: {
    model: nn.Sequential
    optimizer: AdamW
    scheduler: CosineAnnealingLR
    scaler: GradScaler
    average: swaUtils.AveragedModel<nn.Sequential>
    loader: DataLoader<[Tensor, Tensor]>
    noise: Generator
  }
  epoch: number
  step: number
  losses: number[]
}

/** A training at its start; nothing depends on the seed that is set afterwards. */
export function begin(numWorkers = 0): Training {
  manualSeed(3)
  const x = randn([44, 6])
  const y = x.sum(1, true).sin()
  const model = new nn.Sequential(
    new nn.Linear(6, 16),
    new nn.BatchNorm1d(16),
    new nn.ReLU(),
    new nn.Dropout(0.3),
    new nn.Linear(16, 1),
  )
  const optimizer = new AdamW(model.parameters(), { lr: 0.02 })
  return {
    parts: {
      model,
      optimizer,
      scheduler: new CosineAnnealingLR(optimizer, STEPS),
      scaler: new GradScaler({ initScale: 2 ** 10, growthInterval: 4 }),
      average: new swaUtils.AveragedModel(model, { multiAvgFn: swaUtils.getEmaMultiAvgFn(0.9) }),
      loader: new DataLoader(new TensorDataset(x, y), { batchSize: 8, shuffle: true, numWorkers }),
      noise: new Generator().manualSeed(9),
    },
    epoch: 0,
    step: 0,
    losses: [],
  }
}

/** Takes over what a checkpoint says beside the states. */
export function continueAt(training: Training, rest: CheckpointRest): void {
  Object.assign(training, rest)
}

/** Trains to the end; `after` is called after each step. */
export async function run(
  training: Training,
  after: (training: Training) => void = () => {},
): Promise<void> {
  const { model, optimizer, scheduler, scaler, average, loader, noise } = training.parts
  for (; training.epoch < EPOCHS; training.epoch++) {
    for await (const [x, y] of loader) {
      optimizer.zeroGrad()
      const noisy = x.add(randn(x.shape, { generator: noise }).mul(0.1))
      const loss = autocast({ dtype: 'bfloat16' }, () => nn.functional.mseLoss(model(noisy), y))
      scaler.scale(loss).backward()
      scaler.step(optimizer)
      scaler.update()
      scheduler.step()
      average.updateParameters(model)
      training.losses.push(loss.item())
      training.step++
      after(training)
    }
  }
}

/** What a checkpoint of the training holds. */
export function treeOf({ parts, epoch, step, losses }: Training): Checkpoint {
  return { ...parts, epoch, step, losses }
}

/** All numbers that a training ends with. */
export function resultOf({ parts, losses }: Training): unknown {
  const { model, optimizer, scheduler, scaler, average, noise } = parts
  const lists = (state: object): unknown =>
    JSON.parse(
      JSON.stringify(state, (_key, value: unknown) =>
        typeof value === 'object' && value !== null && 'tolist' in value
          ? (value as Tensor).tolist()
          : value,
      ),
    )
  return {
    losses,
    model: lists(model.stateDict()),
    optimizer: lists(optimizer.stateDict()),
    scheduler: scheduler.stateDict(),
    scaler: scaler.stateDict(),
    average: lists(average.stateDict()),
    next: [randn([4]).tolist(), randn([4], { generator: noise }).tolist()],
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , folder = '.', workers = '0'] = process.argv
  const files = new CheckpointFolder(folder, { keepLast: 2 })
  const training = begin(Number(workers))
  const rest = files.resume(training.parts)
  if (rest !== null) continueAt(training, rest)
  await run(training, ({ step }) => {
    if (step % 2 === 0) files.save(step, treeOf(training), training.losses.at(-1) ?? null)
    process.stdout.write(`${step}\n`)
  })
  writeFileSync(join(folder, 'result.json'), JSON.stringify(resultOf(training)))
}
