import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualSeed, ones, randn, tensor, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { Accuracy, DataLoader, Dataset, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam, ReduceLROnPlateau, SGD, StepLR } from '@flambeau/optim'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DivergedError, EarlyStopping, evaluate, fit } from './index.ts'
import type { FitOptions, TrainingHistory } from './index.ts'

type Batch = [Tensor, Tensor]
const F = nn.functional

/** Two classes on either side of a line. */
function data(count: number, seed = 0): TensorDataset<[Tensor, Tensor]> {
  manualSeed(seed)
  const x = randn([count, 4])
  return new TensorDataset(x, x.sum(1).gt(0).long())
}

function net(): nn.Module {
  manualSeed(1)
  return new nn.Sequential(
    new nn.Linear(4, 16),
    new nn.ReLU(),
    new nn.Dropout(0.2),
    new nn.Linear(16, 2),
  )
}

interface Run {
  model: nn.Module
  history: TrainingHistory
}

async function run(options: Partial<FitOptions<Batch>> = {}): Promise<Run> {
  const model = net()
  const loader = new DataLoader(data(100), { batchSize: 16, shuffle: true })
  const history = await fit(model, loader, {
    optimizer: new Adam(model.parameters(), { lr: 0.01 }),
    loss: F.crossEntropy,
    epochs: 3,
    progress: false,
    ...options,
  })
  return { model, history }
}

const weights = (model: nn.Module): unknown[] => [...model.parameters()].map((p) => p.tolist())

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flambeau-fit-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('fit', () => {
  test('trains, and says how it went', async () => {
    const validation = new DataLoader(data(50, 7), { batchSize: 20 })
    const seen: number[] = []
    const { history } = await run({
      epochs: 12,
      validation,
      metrics: { accuracy: new Accuracy({ numClasses: 2 }) },
      callbacks: [{ onStep: ({ step }) => seen.push(step) }],
    })
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ])
    expect(history.stepLosses).toHaveLength(12 * 7)
    expect(seen).toEqual(Array.from({ length: 84 }, (_, i) => i + 1))
    const last = history.epochs.at(-1)
    expect(last?.metrics['accuracy']).toBeGreaterThan(0.85)
    expect(last?.valLoss).toBeLessThan(history.epochs[0]?.valLoss ?? 0)
    expect(history.ended).toBe('done')
  })

  test('gives the bits of the loop that one would write', async () => {
    const { model } = await run()
    const mine = net()
    const loader = new DataLoader(data(100), { batchSize: 16, shuffle: true })
    const optimizer = new Adam(mine.parameters(), { lr: 0.01 })
    for (let epoch = 0; epoch < 3; epoch++) {
      for await (const [x, y] of loader) {
        const loss = F.crossEntropy(mine(x), y)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
      }
    }
    expect(weights(model)).toEqual(weights(mine))
  })

  test('sums gradients up as if small batches were one', async () => {
    const set = data(32)
    const [x, y] = set.tensors as Batch
    const plain = new nn.Linear(4, 2)
    const summed = new nn.Linear(4, 2)
    summed.loadStateDict(plain.stateDict())
    const common = { loss: F.crossEntropy, epochs: 2, progress: false }
    const halves: Batch[] = [
      [x.narrow(0, 0, 16), y.narrow(0, 0, 16)],
      [x.narrow(0, 16, 16), y.narrow(0, 16, 16)],
    ]
    await fit(plain, [[x, y]] as Batch[], {
      ...common,
      optimizer: new SGD(plain.parameters(), { lr: 1 }),
    })
    const optimizer = new SGD(summed.parameters(), { lr: 1 })
    const history = await fit(summed, halves, { ...common, optimizer, accumulate: 2 })
    expect(summed.weight.sub(plain.weight).abs().max().item()).toBeLessThan(1e-6)
    expect(history.stepLosses).toHaveLength(2)
  })

  test('clips, schedules, and computes in mixed precision', async () => {
    const model = net()
    const optimizer = new SGD(model.parameters(), { lr: 1 })
    const before = weights(model) as number[][][]
    await fit(model, [[randn([8, 4]).mul(100), tensor([0, 1, 0, 1, 0, 1, 0, 1])]] as Batch[], {
      optimizer,
      scheduler: new StepLR(optimizer, 1, { gamma: 0.1 }),
      loss: F.crossEntropy,
      clipGradNorm: 0.01,
      autocast: true,
      epochs: 2,
      progress: false,
    })
    expect(optimizer.paramGroups[0]?.lr).toBeCloseTo(0.01)
    const after = weights(model) as number[][][]
    const moved = Math.hypot(...after.flat(3).map((w, i) => w - (before.flat(3)[i] as number)))
    expect(moved).toBeLessThan(0.0111 + 1e-5)
    expect(moved).toBeGreaterThan(0.005)
  })

  test('clips every number of a gradient', async () => {
    const model = net()
    const before = weights(model)
    const step = { optimizer: new SGD(model.parameters(), { lr: 1 }), loss: F.crossEntropy }
    const batch = [randn([8, 4]).mul(100), tensor([0, 1, 0, 1, 0, 1, 0, 1])] as Batch
    await fit(model, [batch], { ...step, clipGradValue: 0.25, epochs: 1, progress: false })
    const flat = (list: unknown[]): number[] => (list as number[][][]).flat(3)
    const moves = flat(weights(model)).map((w, i) => Math.abs(w - (flat(before)[i] as number)))
    expect(Math.max(...moves)).toBeCloseTo(0.25, 5)
  })

  test('hands plateaus the monitored value', async () => {
    const model = net()
    const optimizer = new SGD(model.parameters(), { lr: 0.5 })
    await fit(model, [[randn([4, 4]), tensor([0, 1, 0, 1])]] as Batch[], {
      optimizer,
      scheduler: new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.1, threshold: 100 }),
      loss: F.crossEntropy,
      epochs: 3,
      progress: false,
    })
    expect(optimizer.paramGroups[0]?.lr).toBeLessThan(0.5)
  })

  test('stops early, and keeps the best', async () => {
    const values = [0.5, 0.7, 0.6, 0.6, 0.9]
    let at = 0
    const metric = new Accuracy({ numClasses: 2 })
    metric.compute = () => values[at++] as number
    const { history } = await run({
      epochs: 5,
      metrics: { accuracy: metric },
      earlyStopping: 1,
      checkpoints: folder,
    })
    expect(history.ended).toBe('early')
    expect(history.epochs).toHaveLength(4)
    expect(history.bestCheckpoint).toMatch(/checkpoint-0*14\.safetensors$/)
  })

  test('stops when a callback says so', async () => {
    const { history } = await run({ callbacks: [{ onEpochEnd: ({ epoch }) => epoch < 2 }] })
    expect([history.ended, history.epochs.length]).toEqual(['stopped', 2])
  })

  test.each([5, 7, 9])('goes on to the same bits after it was left in step %i', async (leave) => {
    const whole = await run({ metrics: { accuracy: new Accuracy({ numClasses: 2 }) } })
    const stop = new AbortController()
    const common = { checkpoints: folder, metrics: { accuracy: new Accuracy({ numClasses: 2 }) } }
    const callbacks = [{ onStep: ({ step }: { step: number }) => step === leave && stop.abort() }]
    const first = await run({ ...common, signal: stop.signal, callbacks })
    expect(first.history.ended).toBe('interrupted')
    const second = await run({ ...common, resume: true })
    expect(weights(second.model)).toEqual(weights(whole.model))
    expect(second.history.stepLosses).toEqual(whole.history.stepLosses)
    expect(second.history.epochs.map(({ loss, metrics }) => ({ loss, metrics }))).toEqual(
      whole.history.epochs.map(({ loss, metrics }) => ({ loss, metrics })),
    )
  })

  test.each([0, 3, 9])(
    'saves what it learned before a batch that cannot be read, the %i-th',
    async (place) => {
      const whole = await run()
      let reads = 0
      class Damaged extends Dataset<[Tensor, Tensor], Batch> {
        readonly all: ReturnType<typeof data> = data(100)
        override readonly length = 100
        override getItem(index: number): [Tensor, Tensor] {
          if (reads++ === 16 * place) throw new RangeError('the file is damaged')
          return this.all.getItem(index)
        }
      }
      const attempt = async (resume: boolean): Promise<Run> => {
        const model = net()
        const loader = new DataLoader(new Damaged(), { batchSize: 16, shuffle: true })
        const history = await fit(model, loader, {
          optimizer: new Adam(model.parameters(), { lr: 0.01 }),
          loss: F.crossEntropy,
          epochs: 3,
          progress: false,
          checkpoints: folder,
          resume,
        })
        return { model, history }
      }
      await expect(attempt(false)).rejects.toThrow(/the file is damaged/)
      // The file is sound now.
      const second = await attempt(place > 0)
      expect(second.history.stepLosses).toEqual(whole.history.stepLosses)
      expect(weights(second.model)).toEqual(weights(whole.model))
    },
  )

  test('does not take the checkpoints of another training for its own', async () => {
    await run({ epochs: 5, checkpoints: folder })
    const lines: string[] = []
    const stop = new AbortController()
    const left = await run({
      checkpoints: folder,
      progress: { write: (text: string) => lines.push(text) },
      signal: stop.signal,
      callbacks: [{ onStep: ({ step }) => step === 9 && stop.abort() }],
    })
    expect(left.history.bestCheckpoint).toMatch(/checkpoint-0*7\.safetensors$/)
    expect(lines.join('')).toMatch(/checkpoints of an earlier training are in .*earlier now/)
    const { history } = await run({ checkpoints: folder, resume: true })
    expect(history.stepLosses).toHaveLength(21)
    expect(readdirSync(join(folder, 'earlier'))).toContain('checkpoint-0000000035.safetensors')
    const nothing = await run({ epochs: 0, checkpoints: folder })
    expect(nothing.history.bestCheckpoint).toBeNull()
  })

  test('saves what callbacks kept of the epoch', async () => {
    const kept = (): {
      seen: number[]
      stateDict(): number[]
      loadStateDict(old: number[]): void
    } => ({
      seen: [],
      stateDict() {
        return this.seen
      },
      loadStateDict(old) {
        this.seen = old
      },
    })
    const [first, second] = [kept(), kept()]
    const common = { checkpoints: folder, resume: true }
    const push = (to: { seen: number[] }) => [
      { onEpochEnd: ({ epoch }: { epoch: number }) => void to.seen.push(epoch) },
    ]
    await run({ ...common, epochs: 2, state: { first }, callbacks: push(first) })
    await run({ ...common, epochs: 3, state: { first: second }, callbacks: push(second) })
    expect(second.seen).toEqual([1, 2, 3])
  })

  test('says what to do when the loss is no number, or leaves such steps out', async () => {
    const bad = (): Batch[] => [
      [randn([2, 4]), tensor([0, 1])],
      [randn([2, 4]).mul(Number.NaN), tensor([0, 1])],
      [randn([2, 4]), tensor([0, 1])],
    ]
    const model = net()
    const options = {
      optimizer: new Adam(model.parameters(), { lr: 0.01 }),
      loss: F.crossEntropy,
      epochs: 1,
      progress: false,
      checkpoints: folder,
    }
    await expect(fit(model, bad(), options)).rejects.toThrow(DivergedError)
    await expect(fit(model, bad(), options)).rejects.toThrow(/became NaN in step 2; try a smaller/)
    const history = await fit(model, bad(), { ...options, onDivergence: 'skip' })
    expect(history.stepLosses.map(Number.isFinite)).toEqual([true, false, true])
    expect([...model.parameters()].every((p) => p.isfinite().all().item())).toBe(true)
    // What it saved has the NaN in it, and is read again.
    const again = await fit(model, bad(), { ...options, resume: true })
    expect(again.stepLosses.map(Number.isFinite)).toEqual([true, false, true])
  })

  test('lets others have their turn', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const start = performance.now()
    await run({ epochs: 60 })
    clearInterval(timer)
    // On a quiet machine one every 12 ms.
    expect(turns).toBeGreaterThan((performance.now() - start) / 100)
  })

  test('shows progress with figures', async () => {
    const lines: string[] = []
    await run({
      epochs: 1,
      progress: { write: (text: string) => lines.push(text) },
      metrics: { accuracy: new Accuracy({ numClasses: 2 }) },
    })
    expect(lines[0]).toMatch(/^epoch 1\/1 +14 % {2}loss \d\.\d{4} /)
    expect(lines.at(-1)).toMatch(
      /^epoch 1\/1 {2}loss \d\.\d{4} {2}accuracy 0\.\d{4} .* examples\/s/,
    )
  })

  test('counts batches where they differ in size', async () => {
    const lines: string[] = []
    const batches = [1, 5, 2, 8].map((rows): Batch => [randn([rows, 2]), ones([rows]).long()])
    const model = new nn.Linear(2, 2)
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    const progress = { write: (text: string) => lines.push(text) }
    await fit(model, batches, { optimizer, loss: F.crossEntropy, epochs: 1, progress })
    const shares = lines.slice(0, -1).map((line) => /(\d+) %/.exec(line)?.[1])
    expect(shares).toEqual(['25', '50', '75'])
    expect(lines.at(-1)).toMatch(/batches\/s/)
  })

  test('refuses options and batches that do not go together', async () => {
    const cases: [Partial<FitOptions<Batch>>, RegExp][] = [
      [{ epochs: -1 }, /epochs must be a whole number ≥ 0, not -1/],
      [{ accumulate: 0 }, /accumulate must be a whole number ≥ 1, not 0/],
      [{ forward: ([x]: Batch) => x.sum() }, /one of \{ loss \} and \{ forward \}/],
      [{ resume: true }, /resume needs a folder/],
      [{ monitor: 'nothing' }, /no 'nothing' to monitor/],
      [{ loss: (x: Tensor) => x }, /one number/],
    ]
    for (const [options, message] of cases) {
      await expect(run({ ...options, epochs: options.epochs ?? 1 })).rejects.toThrow(message)
    }
    const model = net()
    const optimizer = new SGD(model.parameters(), { lr: 1 })
    const options = { optimizer, loss: F.crossEntropy, epochs: 1, progress: false }
    await expect(fit(model, [randn([2, 4])], options)).rejects.toThrow(/not \[input, target\]/)
  })
})

test('evaluate weighs examples alike whatever the batches, and puts the mode back', async () => {
  const model = net()
  const [x, y] = data(10).tensors as Batch
  model.eval()
  const all = F.crossEntropy(model(x), y).item()
  model.train()
  const parts = [
    [x.narrow(0, 0, 7), y.narrow(0, 0, 7)],
    [x.narrow(0, 7, 3), y.narrow(0, 7, 3)],
  ] as Batch[]
  const { loss } = await evaluate(model, parts, { loss: F.crossEntropy })
  expect(loss).toBeCloseTo(all, 5)
  expect(model.training).toBe(true)
})

test('evaluate says before the first batch what it needs, in its own name', async () => {
  const forward = ([x]: Batch): Tensor => x.mean()
  const batches: Iterable<Batch> = {
    [Symbol.iterator]() {
      throw new Error('a batch was asked for')
    },
  }
  const one = /^evaluate: one of \{ loss \} and \{ forward \}/
  const cases: [object, RegExp][] = [
    [{}, one],
    [{ loss: F.crossEntropy, forward }, one],
    [{ loss: 'crossEntropy' }, /^evaluate: loss must be a function/],
  ]
  for (const [options, message] of cases) {
    const refused = evaluate(net(), batches, options)
    await expect(refused).rejects.toThrow(ValueError)
    await expect(refused).rejects.toThrow(message)
  }
  const loss = F.crossEntropy
  await expect(evaluate(net(), [randn([2, 4])], { loss })).rejects.toThrow(/^evaluate: a batch/)
  const nothing = (() => null) as never
  await expect(evaluate(net(), [1], { forward: nothing })).rejects.toThrow(/^evaluate: the loss/)
})

test('early stopping counts what is better by enough', () => {
  const stopping = new EarlyStopping({ patience: 1, minDelta: 0.1, mode: 'max' })
  expect([1, 1.05, 1.2, Number.NaN, 1.25].map((v) => stopping.update(v))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ])
  expect(() => new EarlyStopping({ patience: -1 })).toThrow(ValueError)
})

test('Ctrl-C stops after the step, saves, and says how to go on', async () => {
  const program = `
    import { manualSeed, randn } from '@flambeau/core'
    import * as nn from '@flambeau/nn'
    import { SGD } from '@flambeau/optim'
    import { fit } from '@flambeau/trainer'
    manualSeed(0)
    const model = new nn.Linear(4, 1)
    const batches = Array.from({ length: 1e5 }, () => [randn([64, 4]), randn([64, 1])])
    const history = await fit(model, batches, {
      optimizer: new SGD(model.parameters(), { lr: 0.01 }),
      loss: nn.functional.mseLoss,
      epochs: 1000,
      checkpoints: ${JSON.stringify(folder)},
      callbacks: [{ onStep: ({ step }) => step === 20 && process.kill(process.pid, 'SIGINT') }],
    })
    console.log(history.ended, history.stepLosses.length >= 20)`
  const args = [
    '--conditions=@flambeau/source',
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    program,
  ]
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += String(text)))
  child.stderr.on('data', (text) => (err += String(text)))
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([code, out.trim()]).toEqual([0, 'interrupted true'])
  expect(err).toMatch(/saved .*checkpoint-\d+\.safetensors; \{ resume: true \} goes on/)
}, 60_000)
