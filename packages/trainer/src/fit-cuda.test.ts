/** The same training on an emulated GPU: `model.to('cuda')` and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manualSeed, randn } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { Accuracy, DataLoader, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { expect, test } from 'vitest'
import { movedTo } from './batches.ts'
import type { FitOptions, TrainingHistory } from './index.ts'
import { evaluate, fit } from './index.ts'

process.env['FLAMBEAU_CUDA_NATIVE'] ??= fileURLToPath(
  new URL('../../cuda-backend/prebuilt-emulated/flambeau_cuda.node', import.meta.url),
)
await import('@flambeau/cuda-backend')

const loss = nn.functional.crossEntropy

async function train(
  device: string,
  options: Partial<FitOptions<[Tensor, Tensor]>> = {},
  dropout = 0,
): Promise<{ history: TrainingHistory; model: nn.Module; loader: DataLoader<[Tensor, Tensor]> }> {
  manualSeed(0)
  const x = randn([64, 4])
  const loader = new DataLoader(new TensorDataset(x, x.sum(1).gt(0).long()), {
    batchSize: 16,
    shuffle: true,
  })
  const model = new nn.Sequential(
    new nn.Linear(4, 16),
    new nn.ReLU(),
    new nn.Dropout(dropout),
    new nn.Linear(16, 2),
  ).to(device)
  const history = await fit(model, loader, {
    optimizer: new Adam(model.parameters(), { lr: 0.02 }),
    loss,
    epochs: 3,
    validation: loader,
    metrics: { accuracy: new Accuracy({ numClasses: 2 }) },
    progress: false,
    ...options,
  })
  return { history, model, loader }
}

test('batches follow the model', async () => {
  const [cpu, gpu] = [await train('cpu'), await train('cuda')]
  expect([...gpu.model.parameters()].every((one) => one.device === 'cuda:0')).toBe(true)
  const [a, b] = [cpu, gpu].map(({ history }) => history.epochs.at(-1)!)
  expect(b!.loss).toBeCloseTo(a!.loss, 4)
  expect(b!.valLoss).toBeCloseTo(a!.valLoss!, 4)
  expect(b!.metrics['accuracy']).toBe(a!.metrics['accuracy'])
  const found = await evaluate(gpu.model, gpu.loader, { loss })
  expect(found.loss).toBeCloseTo(b!.valLoss!, 5)
})

test('mixed precision is that of the device', async () => {
  const seen: string[] = []
  await train('cuda', {
    autocast: true,
    epochs: 1,
    loss: (output: Tensor, target: Tensor) => {
      seen.push(output.dtype)
      return loss(output, target)
    },
  })
  expect(new Set(seen)).toEqual(new Set(['float16']))
})

test('a training goes on where it was left, its random numbers too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-fit-cuda-'))
  try {
    const trained = async (options: Partial<FitOptions<[Tensor, Tensor]>>): Promise<unknown[]> => {
      const { model } = await train('cuda', options, 0.3)
      return [...model.parameters()].map((one) => one.tolist())
    }
    const whole = await trained({ epochs: 3 })
    const checkpoints = folder
    await trained({ epochs: 2, checkpoints })
    expect(await trained({ epochs: 3, checkpoints, resume: true })).toEqual(whole)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('parts of batches are moved wherever they are', () => {
  const x = randn([2])
  const set = new Set([x])
  const batch = { image: x, boxes: [x, { label: x }], name: 'a.png', none: null, set }
  const there = movedTo(batch, 'cuda:1')
  const [box, { label }] = there.boxes as [Tensor, { label: Tensor }]
  expect([there.image, box, label].map((one) => one.device)).toEqual(Array(3).fill('cuda:1'))
  expect([there.name, there.none]).toEqual(['a.png', null])
  expect(there.set).toBe(set)
  expect(batch.image.device).toBe('cpu')
})
