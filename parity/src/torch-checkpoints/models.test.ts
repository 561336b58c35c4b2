import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tensor } from '@flambeau/core'
import { allclose } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { loadTorch, saveTorch } from '@flambeau/data'
import type { StateDict } from '@flambeau/nn'
import type { OptimizerState } from '@flambeau/optim'
import { afterAll, describe, expect, it } from 'vitest'
import { models, trainStep } from './models.ts'

/** What checkpoints/make.py saved. */
interface Training {
  model: StateDict
  optimizer: OptimizerState
  epoch: number
  inputs: Tensor[]
  output: Tensor
  next_loss: number
  next_output: Tensor
}

const folder = mkdtempSync(join(tmpdir(), 'torch-checkpoints-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const golden = (name: string): string =>
  fileURLToPath(new URL(`../../checkpoints/${name}.pt`, import.meta.url))

const close = (a: Tensor, b: Tensor): boolean => allclose(a, b, { rtol: 1e-4, atol: 1e-4 })

describe.each(Object.keys(models))('%s of PyTorch', (name) => {
  const maker = models[name] as (typeof models)[string]
  const load = async (): Promise<Training> =>
    (await loadTorch(golden(`${name}-training`))) as unknown as Training

  it('gives the same outputs here', async () => {
    const { inputs, output } = await load()
    const model = maker.model().eval()
    const report = model.loadStateDict(await loadTorch<StateDict>(golden(name)))
    expect(report).toMatchObject({ missingKeys: [], unexpectedKeys: [] })
    expect(
      close(
        noGrad(() => model(...inputs)),
        output,
      ),
    ).toBe(true)
  })

  it('goes on training as there, with the optimizer’s state', async () => {
    const saved = await load()
    const model = maker.model()
    const optimizer = maker.optimizer(model.parameters())
    model.loadStateDict(saved.model)
    optimizer.loadStateDict(saved.optimizer)
    expect(saved.epoch).toBe(2)
    expect(trainStep(model, optimizer, saved.inputs)).toBeCloseTo(saved.next_loss, 4)
    expect(
      close(
        noGrad(() => model.eval()(...saved.inputs)),
        saved.next_output,
      ),
    ).toBe(true)
  })

  it('is the same after it was written here and read again', async () => {
    const saved = await load()
    const model = maker.model()
    const optimizer = maker.optimizer(model.parameters())
    model.loadStateDict(saved.model)
    optimizer.loadStateDict(saved.optimizer)
    const path = join(folder, `${name}.pt`)
    const tree = { model: model.stateDict(), optimizer: optimizer.stateDict() }
    await saveTorch(tree, path)
    const again = (await loadTorch(path)) as unknown as Training
    expect(Object.keys(again.model)).toEqual(Object.keys(saved.model))
    for (const [key, value] of Object.entries(saved.model))
      expect(again.model[key]?.tolist()).toEqual(value.tolist())
    const { state, param_groups: groups } = saved.optimizer
    expect(again.optimizer.param_groups).toEqual(
      groups.map((group) => expect.objectContaining(group) as unknown),
    )
    for (const [number, values] of Object.entries(state)) {
      for (const [key, value] of Object.entries(values)) {
        const own = again.optimizer.state[number]?.[key] as Tensor
        expect([key, own.dtype, own.tolist()]).toEqual([
          key,
          (value as Tensor).dtype,
          (value as Tensor).tolist(),
        ])
      }
    }
  })
})
