/** Small programs that an installed flambeau must run. Each ends with an error if something is wrong. */

/** Tensors alone; a matrix is solved, so that LAPACK is used too. */
export const tensors = `
import assert from 'node:assert'
import { allclose, linalg, tensor } from '@flambeau/core'

const a = tensor([[4, 1], [1, 3]], { dtype: 'float64' })
const b = tensor([1, 2], { dtype: 'float64' })
assert(allclose(a.matmul(linalg.solve(a, b)), b))
assert.deepStrictEqual(a.sum(0).tolist(), [5, 4])
`

/** The engine collects what loops without a pause leave behind: 12 GB of results, 30,000 training steps. */
export const memory = `
import assert from 'node:assert'
import { memoryStats, ones, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'

const x = ones([1000, 1000])
function loop() {
  for (let i = 0; i < 1500; i += 1) x.add(i).mul(2)
}
loop()
const { peakBytes } = memoryStats()
assert(peakBytes < 300e6, 'as much as ' + peakBytes + ' bytes were live')
await null
loop()
assert(memoryStats().peakBytes < 300e6)

const model = new nn.Sequential(new nn.Linear(16, 16), new nn.Tanh(), new nn.Linear(16, 1))
const optimizer = new SGD(model.parameters(), { lr: 0.01 })
const input = randn([4, 16])
for (let step = 0; step < 30_000; step += 1) {
  const loss = model(input).square().mean()
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
}
const { tensors, graphNodes } = memoryStats()
assert(tensors + graphNodes < 3000, tensors + ' tensors and ' + graphNodes + ' nodes were left')
`

/** Loads everything that computes, and fails if a library of the system was loaded that few have. */
export const libraries = (/** @type {Set<string>} */ basic) => `
import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { basename, resolve, sep } from 'node:path'
import { randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const images = randn([8, 64, 14, 14])
assert.deepStrictEqual(new nn.Conv2d(64, 32, 3, { stride: 2 })(images).shape, [8, 32, 6, 6])
assert.deepStrictEqual(randn([64, 64]).matmul(randn([64, 64])).shape, [64, 64])
const basic = ${JSON.stringify([...basic])}
const isBasic = (path) => basic.some((name) => \`\${basename(path)}.\`.startsWith(\`\${name}.\`))
const inside = resolve('node_modules') + sep
const mapped = new Set(readFileSync('/proc/self/maps', 'utf8').match(/\\/\\S+\\.(?:so[.\\d]*|node)$/gm))
const foreign = [...mapped].filter((path) => !path.startsWith(inside) && !isBasic(path))
assert.deepStrictEqual(foreign, [], 'these libraries come from the system')
assert([...mapped].some((path) => path.endsWith('core-linux-x64-gnu/flambeau.node')))
`

/** The addon of GPUs is loaded: it computes, or says what this machine lacks. */
export const cudaAddon = `
import assert from 'node:assert'
import { ones } from '@flambeau/core'
import { cuda } from '@flambeau/cuda-backend'

if (cuda.isAvailable()) assert.strictEqual(ones([3], { device: 'cuda' }).sum().item(), 3)
else assert.match(cuda.unavailableReason(), /driver/)
`

const training = `
const x = tensor([[1], [2]])
const y = tensor([[2], [4]])
const model = new nn.Sequential(new nn.Linear(1, 4), new nn.Tanh(), new nn.Linear(4, 1))
const optimizer = new Adam(model.parameters(), { lr: 0.05 })
const losses = []
for (let step = 0; step < 200; step += 1) {
  const loss = nn.functional.mseLoss(model(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  losses.push(loss.item())
}
assert(losses.at(-1) < losses[0] / 100, losses.join(' '))
`

/** Trains a network, as an ES module. */
export const trainingModule = `
import assert from 'node:assert'
import { tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
${training}
`

/** The same in CommonJS, with require() of ES modules: Node 20.19, 22.12 and later. */
export const trainingCommonJs = `
const assert = require('node:assert')
const { tensor } = require('@flambeau/core')
const nn = require('@flambeau/nn')
const { Adam } = require('@flambeau/optim')
${training}
`

/** The same in CommonJS, with import(): any Node 20. */
export const trainingImport = `
const assert = require('node:assert')
async function main() {
  const { tensor } = await import('@flambeau/core')
  const nn = await import('@flambeau/nn')
  const { Adam } = await import('@flambeau/optim')
  ${training}
}
main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
`

/** A training set-up with data: batches, an image that sharp decodes, a checkpoint. */
export const withData = `
import assert from 'node:assert'
import { manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import { DataLoader, TensorDataset, decodeImage, loadCheckpoint, loadNpz, saveCheckpoint, saveNpz } from '@flambeau/data'

manualSeed(0)
const inputs = randn([64, 3])
const loader = new DataLoader(new TensorDataset(inputs, inputs.sum(1, true)), { batchSize: 16, shuffle: true })
const model = new nn.Linear(3, 1)
const optimizer = new SGD(model.parameters(), { lr: 0.1 })
let last = 0
for (let epoch = 0; epoch < 20; epoch += 1) {
  for await (const [x, y] of loader) {
    const loss = nn.functional.mseLoss(model(x), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    last = loss.item()
  }
}
assert(last < 1e-3, String(last))
saveCheckpoint('model.safetensors', { model })
const again = new nn.Linear(3, 1)
loadCheckpoint('model.safetensors', { model: again })
assert.deepStrictEqual(again.weight.tolist(), model.weight.tolist())
await saveNpz('arrays.npz', { weight: model.weight }, { compressed: true })
assert.deepStrictEqual((await loadNpz('arrays.npz')).weight.tolist(), model.weight.tolist())
// Two red pixels, as a PNG.
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAD0lEQVQI12P4z8Dwn4EBAAj+Af9AGHAgAAAAAElFTkSuQmCC'
const workers = new DataLoader(new TensorDataset(inputs), { batchSize: 16, numWorkers: 2 })
let rows = 0
for await (const [batch] of workers) rows += batch.shape[0]
assert.strictEqual(rows, 64)
const image = await decodeImage(Buffer.from(png, 'base64'), { mode: 'rgb' })
assert.deepStrictEqual(image.shape, [3, 1, 2])
assert.deepStrictEqual(image.select(0, 0).tolist(), [[255, 255]])
`

/** The loop written: checkpoints, a run for the board, going on. */
export const withTrainer = `
import assert from 'node:assert'
import { rmSync } from 'node:fs'
import { manualSeed, randn } from '@flambeau/core'
import { Accuracy, DataLoader, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { EventAccumulator } from '@flambeau/tensorboard'
import { fit } from '@flambeau/trainer'

manualSeed(0)
rmSync('runs', { recursive: true, force: true })
const x = randn([256, 2])
const loader = new DataLoader(new TensorDataset(x, x.sum(1).gt(0).long()), { batchSize: 32 })
const model = new nn.Linear(2, 2)
const options = {
  optimizer: new Adam(model.parameters(), { lr: 0.05 }),
  loss: nn.functional.crossEntropy,
  metrics: { accuracy: new Accuracy({ numClasses: 2 }) },
  checkpoints: 'runs/first',
  board: 'runs/first',
  progress: false,
}
await fit(model, loader, { ...options, epochs: 5 })
const history = await fit(model, loader, { ...options, epochs: 10, resume: true })
assert.strictEqual(history.epochs.length, 10)
assert(history.epochs.at(-1).metrics.accuracy > 0.95)
const run = new EventAccumulator('runs/first').reload()
assert.deepStrictEqual(run.problems, [])
assert.strictEqual(run.scalars('train/loss').at(-1).step, 80)
`

/**
 * The program of the guide that begins with nothing.
 *
 * @param {string} guide its text
 * @returns {Promise<string>} as an ES module
 */
export async function firstProgram(guide) {
  const [, source] = /```ts\n(import .*?)```/s.exec(guide) ?? []
  if (source === undefined) throw new Error('docs/guide/getting-started.md has no program')
  const { transform } = await import('esbuild')
  const { code } = await transform(source, { loader: 'ts', target: 'node20' })
  return code
}

/** Imports packages, and fails if one brings nothing. */
export const imports = (/** @type {string[]} */ names) => `
import assert from 'node:assert'
for (const name of ${JSON.stringify(names)}) {
  assert(Object.keys(await import(name)).length > 0, name)
}
`

/** A typed program; @ts-expect-error makes wrong types an error as well. */
export const typed = `
import type { Tensor } from '@flambeau/core'
import { ones, tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'

class Net extends nn.Module {
  readonly layer: nn.Linear = new nn.Linear(2, 3)

  override forward(x: Tensor): Tensor {
    return this.layer(x).relu()
  }
}

const net = new Net()
const loss: Tensor = nn.functional.crossEntropy(net(ones([4, 2])), tensor([0, 1, 2, 0]))
loss.backward()
new SGD(net.parameters(), { lr: 0.1 }).step()
const shape: readonly number[] = net.layer.weight.shape
if (shape.length !== 2 || net.layer.weight.grad === null) throw new Error('no gradient')
// @ts-expect-error: a name that sum() does not know
if (false as boolean) ones([2]).sum({ axis: 0 })
console.log('typed')
`

/** Names everything of some packages, so that all of their declarations are compiled. */
export const typedImports = (/** @type {string[]} */ names) => `
${names.map((name, i) => `import * as package${i} from '${name}'`).join('\n')}
console.log([${names.map((_, i) => `package${i}`).join(', ')}].map((one) => Object.keys(one).length))
`

/** Reports the error of a core without its addon. */
export const withoutAddon = `
await import('@flambeau/core')
`
