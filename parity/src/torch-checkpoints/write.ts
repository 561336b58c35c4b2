/**
 * Writes files for checkpoints/verify.py, which reads them with PyTorch:
 * `node --conditions=@flambeau/source --import tsx src/torch-checkpoints/write.ts <folder>`
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { TorchValue } from '@flambeau/data'
import { loadTorch, saveTorch } from '@flambeau/data'
import { models, trainStep } from './models.ts'
import { advance, optimizers, problem, scheduled, schedulers, takeSteps } from './optimizers.ts'

const folder = process.argv[2] ?? 'written'
mkdirSync(folder, { recursive: true })
const save = async (value: unknown, name: string): Promise<void> =>
  saveTorch(value as TorchValue, join(folder, `${name}.pt`))
const copies = (...tensors: Tensor[]): Tensor[] => tensors.map((one) => one.detach().clone())

/** A copy of a state, whose tensors training goes on to change. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('clone' in value) return (value as Tensor).detach().clone()
  if (Array.isArray(value)) return value.map(copyOf)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]))
}

for (const [name, maker] of Object.entries(models)) {
  manualSeed(5)
  const file = fileURLToPath(new URL(`../../checkpoints/${name}-training.pt`, import.meta.url))
  const { inputs } = (await loadTorch(file)) as unknown as { inputs: Tensor[] }
  const model = maker.model()
  const optimizer = maker.optimizer(model.parameters())
  for (let i = 0; i < 2; i++) trainStep(model, optimizer, inputs)
  await save(model.stateDict(), name)
  const training = {
    model: copyOf(model.stateDict()),
    optimizer: copyOf(optimizer.stateDict()),
    output: noGrad(() => model.eval()(...inputs)),
  }
  const loss = trainStep(model, optimizer, inputs)
  const next = noGrad(() => model.eval()(...inputs))
  await save({ ...training, next_loss: loss, next_output: next }, `${name}-training`)
}

const trained: Record<string, unknown> = {}
for (const name of Object.keys(optimizers)) {
  const here = problem(name)
  takeSteps(here, 0, 3)
  const [state, before] = [copyOf(here.optimizer.stateDict()), copies(here.p, here.q)]
  takeSteps(here, 3, 6)
  trained[name] = { state, before, after: copies(here.p, here.q) }
}
await save(trained, 'optimizers')

const curves: Record<string, unknown> = {}
for (const [name, make] of Object.entries(schedulers)) {
  const optimizer = scheduled()
  const scheduler = make(optimizer)
  const first = advance(optimizer, scheduler, 0, 5)
  const state = { optimizer: copyOf(optimizer.stateDict()), scheduler: scheduler.stateDict() }
  curves[name] = { ...state, curve: [...first, ...advance(optimizer, scheduler, 5, 10)] }
}
await save(curves, 'schedulers')
