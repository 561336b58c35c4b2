import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualSeed, rand, zeros } from '@flambeau/core'
import { imageInfo, readImage, saveSafetensors, writeImage } from '@flambeau/data'
import { DivergedError } from '@flambeau/trainer'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { complete, program } from './command-line.ts'
import { openData } from './data.ts'
import { covered } from './pictures.ts'

const run = async (...args: string[]): Promise<string[]> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'carvana', ...args])
  return said
}

const SMALL = ['--images', '20', '--size', '32x48', '--width', '4', '--batch-size', '8']

let folder: string
let out: string
/** A fresh copy of the rendered pictures. */
const copied = (name: string): string => {
  const copy = join(folder, name)
  cpSync(join(out, 'data'), copy, { recursive: true })
  return copy
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flambeau-carvana-'))
  out = join(folder, 'run')
  await run('train', '--out', out, ...SMALL, '--epochs', '1', '--schedule', 'constant')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a small run', () => {
  test('renders pictures in the layout of Kaggle', () => {
    const pictures = readdirSync(join(out, 'data', 'train'))
    expect(pictures).toHaveLength(20)
    expect(pictures[0]).toMatch(/^[0-9a-f]{12}_\d\d\.jpg$/)
    const masks = readdirSync(join(out, 'data', 'train_masks'))
    expect(masks).toEqual(pictures.map((name) => name.replace('.jpg', '_mask.gif')))
  })

  test('leaves a model, curves, metrics and pictures', async () => {
    for (const file of ['epoch-001.png', 'masks.png', 'curves.png']) {
      expect((await imageInfo(join(out, file))).width).toBeGreaterThan(300)
    }
    const { epochs } = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')) as {
      epochs: { metrics: Record<string, number> }[]
    }
    expect(Object.keys(epochs[0]?.metrics ?? {})).toEqual(['dice', 'accuracy'])
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true)
  })

  test('goes on, in 16 bits too, and predicts masks of the size of the photographs', async () => {
    const more = ['--epochs', '2', '--schedule', 'constant', '--resume']
    const again = join(folder, 'again')
    cpSync(out, again, { recursive: true })
    const said = await run(
      'train',
      '--out',
      again,
      ...SMALL,
      ...more,
      '--mixed-precision',
      'bfloat16',
    )
    expect(said.at(-1)).toMatch(
      /best Dice 0\.\d{4} and \d+\.\d\d % of pixels right, in epoch [12];/,
    )
    expect(existsSync(join(again, 'epoch-002.png'))).toBe(true)

    const other = ['train', '--out', again, ...SMALL, '--epochs', '3', '--resume']
    await expect(run(...other)).rejects.toThrow(/this one asks for .*cycle/)

    const broken = join(folder, 'photographs')
    mkdirSync(broken)
    const [name = ''] = readdirSync(join(out, 'data', 'train'))
    cpSync(join(out, 'data', 'train', name), join(broken, 'good.jpg'))
    writeFileSync(join(broken, 'bad.jpg'), readFileSync(join(broken, 'good.jpg')).subarray(0, 200))
    const to = join(folder, 'masks')
    const predicting = run(
      'predict',
      broken,
      '--checkpoint',
      join(again, 'model.safetensors'),
      '--to',
      to,
    )
    await expect(predicting).rejects.toThrow(/^1 of 2 pictures done\n[^]*bad\.jpg/)
    const info = await imageInfo(join(to, 'good_mask.gif'))
    expect([info.height, info.width]).toEqual([160, 240])
    expect(readdirSync(to)).toEqual(['good_mask.gif', 'good_overlay.jpg'])
    const values = await readImage(join(to, 'good_mask.gif'), { mode: 'gray' })
    expect(values.gt(0).logicalAnd(values.lt(255)).any().item()).toBe(false)
  })
})

describe('data', () => {
  const quiet = (): void => {}
  const options = (data: string): Parameters<typeof openData>[0] => ({
    ...complete({ full: false, seed: 0, out: folder }),
    data,
    size: [32, 48],
  })

  test('of a car are all on one side', async () => {
    const { train, validation } = await openData(options(join(out, 'data')), quiet)
    expect([train.length, validation.length]).toEqual([16, 4])
    const { image, mask } = await validation.getItem(0)
    expect([image.shape, mask.shape]).toEqual([
      [3, 32, 48],
      [1, 32, 48],
    ])
    expect([image.max().item() <= 1, mask.unique().tolist()]).toEqual([true, [0, 1]])
  })

  test('may be divided already', async () => {
    const data = copied('divided')
    const [picture = ''] = readdirSync(join(data, 'train'))
    const mask = picture.replace('.jpg', '_mask.gif')
    for (const side of ['val_images', 'val_mask']) mkdirSync(join(data, side))
    renameSync(join(data, 'train', picture), join(data, 'val_images', picture))
    renameSync(join(data, 'train_masks', mask), join(data, 'val_mask', mask))
    renameSync(join(data, 'train'), join(data, 'train_images'))
    renameSync(join(data, 'train_masks'), join(data, 'train_mask'))
    const { train, validation } = await openData(options(data), quiet)
    expect([train.length, validation.length]).toEqual([19, 1])
  })

  test('without a mask, or with one of another size, are named', async () => {
    const data = copied('masks')
    const [first = '', second = ''] = readdirSync(join(data, 'train_masks'))
    const small = zeros([1, 50, 60], { dtype: 'uint8' })
    await writeImage(join(data, 'train_masks', first), small)
    const training = ['train', '--data', data, '--out', join(folder, 'bad'), ...SMALL]
    await expect(run(...training)).rejects.toThrow(
      /the mask of 50 × 60 does not fit .*_01\.jpg of 160/,
    )
    const said = await run(...training, '--epochs', '1', '--skip-corrupt')
    expect(said[0]).toMatch(/^left out: [^]*_01_mask\.gif/)
    rmSync(join(data, 'train_masks', second))
    await expect(run(...training)).rejects.toThrow(/1 of 20 images have no mask: .*\.jpg/)
  })

  test('without a car in any mask are refused', async () => {
    const data = copied('black')
    const black = zeros([1, 160, 240], { dtype: 'uint8' })
    for (const name of readdirSync(join(data, 'train_masks')))
      await writeImage(join(data, 'train_masks', name), black)
    const training = run('train', '--data', data, '--out', join(folder, 'black-run'), ...SMALL)
    await expect(training).rejects.toThrow(/no car is in the masks of the 4 pictures/)
  })

  test('that are corrupt stop the training, or are left out', async () => {
    const data = copied('corrupt')
    const name = readdirSync(join(data, 'train')).at(1) as string
    const path = join(data, 'train', name)
    writeFileSync(path, readFileSync(path).subarray(0, 500))
    const bad = join(folder, 'corrupt-run')
    const training = ['train', '--data', data, '--out', bad, ...SMALL, '--epochs', '1']
    await expect(run(...training)).rejects.toThrow(new RegExp(`cannot be decoded[^]*${name}`))
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await run(...training, '--skip-corrupt')
    const [[warning] = []] = warn.mock.calls
    warn.mockRestore()
    expect(String(warning)).toMatch(new RegExp(`skips a sample[^]*${name}`))
    // Without a header it is not counted at all.
    writeFileSync(path, 'no picture')
    const said = await run(...training, '--skip-corrupt')
    expect(said[0]).toMatch(new RegExp(`^left out: [^]*${name}`))
    expect(said[1]).toMatch(/1[56] pictures to learn from and [34] of other cars/)
  })

  test('that are not there are missed', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await expect(run('train', '--data', empty)).rejects.toThrow(/there are no \.jpg files/)
    await expect(run('train', '--data', join(folder, 'nowhere'))).rejects.toThrow(/does not exist/)
    await expect(
      run('predict', empty, '--checkpoint', join(out, 'model.safetensors')),
    ).rejects.toThrow(/there is no picture in/)
    const one = copied('one')
    const [keep = ''] = readdirSync(join(one, 'train'))
    for (const name of readdirSync(join(one, 'train'))) {
      if (name !== keep) rmSync(join(one, 'train', name))
    }
    await expect(run('train', '--data', one)).rejects.toThrow(/1 pictures show 1 car/)
  })
})

describe('a loss that is no number', () => {
  test('stops the run and says where the last good state is', async () => {
    const mad = join(folder, 'mad')
    cpSync(out, mad, { recursive: true })
    const training = ['train', '--out', mad, ...SMALL, '--epochs', '3', '--schedule', 'constant']
    const diverging = run(...training, '--resume', '--lr', '1e38')
    await expect(diverging).rejects.toThrow(DivergedError)
    await expect(diverging).rejects.toThrow(
      /the loss became NaN in step \d+; the last good state is in/,
    )
    const said = await run(...training, '--resume', '--lr', '1e-3')
    expect(said.at(-1)).toMatch(/best Dice/)
  })

  test('in a cycle too: the run goes on at a constant rate', async () => {
    const cycled = join(folder, 'cycled')
    const training = ['train', '--out', cycled, ...SMALL]
    await run(...training, '--epochs', '1')
    const said = await run(
      ...training,
      '--epochs',
      '2',
      '--resume',
      '--schedule',
      'constant',
      '--lr',
      '1e-3',
    )
    expect(said.at(-1)).toMatch(/best Dice/)
    const { epochs } = JSON.parse(readFileSync(join(cycled, 'metrics.json'), 'utf8')) as {
      epochs: { lr: number }[]
    }
    expect(epochs.map(({ lr }) => lr === 1e-3)).toEqual([false, true])
  })
})

describe('the command line', () => {
  test('has a small and a full preset', () => {
    const given = { full: false, seed: 0, out: 'x' }
    expect(complete(given)).toMatchObject({ width: 16, size: [80, 120], schedule: 'cycle' })
    const full = complete({ ...given, full: true, epochs: 3 })
    expect(full).toMatchObject({ width: 64, size: [160, 240], lr: 1e-4, epochs: 3, batchSize: 16 })
    expect([complete(given).images, complete({ ...given, data: 'cars' }).images]).toEqual([
      640, 1e9,
    ])
    expect([complete(given).lrGiven, complete({ ...given, lr: 1 }).lrGiven]).toEqual([false, true])
  })

  test.each([
    [['--size', '160'], /HEIGHTxWIDTH/],
    [['--lr', '0'], /number above 0/],
    [['--images', '3'], /whole number from 10 up/],
    [['--val-share', '1'], /between 0 and 1/],
    [['predict', 'a.jpg', '--checkpoint', 'nowhere.safetensors'], /nowhere\.safetensors/],
  ])('answers %j', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message)
  })

  test('refuses other models', async () => {
    const other = join(folder, 'other.safetensors')
    saveSafetensors(other, { weight: zeros([1]) })
    await expect(run('predict', 'a.jpg', '--checkpoint', other)).rejects.toThrow(
      /it is not a model of this app/,
    )
  })
})

test('a mask tints what it covers, and nothing else', () => {
  manualSeed(0)
  const image = rand([3, 4, 4])
  const mask = zeros([4, 4])
  mask.select(0, 0).fill_(1)
  const shown = covered(image, mask, [1, 1, 1])
  expect(shown.narrow(1, 1, 3).equal(image.narrow(1, 1, 3))).toBe(true)
  expect(shown.select(1, 0).gt(image.select(1, 0)).all().item()).toBe(true)
})
