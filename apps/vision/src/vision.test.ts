import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualSeed, rand, tensor, zeros } from '@flambeau/core'
import {
  generateCarvana,
  generateDetection,
  generateShapes,
  imageInfo,
  MNIST,
  saveSafetensors,
  writeImage,
} from '@flambeau/data'
import { Detector } from '@flambeau/vision-models'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { program } from './command-line.ts'
import { countsOf } from './list.ts'
import { editDistance, sizeFor } from './models.ts'
import { MODELS } from './registry.ts'
import { openSource } from './sources.ts'
import { judge } from './zoo/detection.ts'
import { scoreOf } from './zoo/generation.ts'
import { isGood } from './zoo/result.ts'
import { drawFigures } from './zoo/segmentation.ts'
import { MARKERS, tables, writeTables } from './zoo/table.ts'

const run = async (...args: string[]): Promise<string[]> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'vision', ...args])
  return said
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flambeau-vision-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the list', () => {
  test('has parameters, operations and a recipe of each model', async () => {
    const said = await run('list', 'lenet5')
    expect(said).toHaveLength(3)
    expect(said[1]).toMatch(
      /^lenet5 +1 × 28 × 28 +61\.71 k +\d+\.\d k +AdamW .*; LeNet-5 with sigmoids/,
    )
    const segmenters = await run('list', 'unet')
    expect(segmenters[1]).toMatch(
      /^unet +3 × 160 × 240 +31\.04 M +\d+\.\d+ G +train unet: AdamW .*, or npm run carvana;/,
    )
    expect(await run('list', 'ddpm')).toHaveLength(2)
    const regions = await run('list', 'fast_rcnn')
    expect(regions[1]).toMatch(/^fast_rcnn +3 × 224 × 224 +\d+\.\d k +\d\.\d+ G +train fast_rcnn: /)
    await expect(run('list', 'gpt')).rejects.toThrow(/no model has 'gpt' in its name/)
  })

  // Parameters as torchvision documents them.
  test.each([
    ['resnet18', 11_689_512],
    ['densenet121', 7_978_856],
    ['googlenet', 13_004_888],
  ] as const)('counts %s as torchvision does', (name, parameters) => {
    expect(countsOf(MODELS[name]!).parameters).toBe(parameters)
  })
})

describe('training', () => {
  test('learns digits, and leaves what it found', { timeout: 120_000 }, async () => {
    const out = join(folder, 'digits')
    const few = ['--images', '1500', '--test-images', '300', '--epochs', '2', '--out', out]
    const said = await run('train', 'lenet5_relu', ...few)
    const accuracy = Number(/accuracy (\d+\.\d+) % of 300 test images/.exec(said.at(-1) ?? '')?.[1])
    expect(accuracy).toBeGreaterThan(70)
    for (const file of ['curves.png', 'confusion.png', 'wrong.png']) {
      expect((await imageInfo(join(out, file))).width).toBeGreaterThan(100)
    }
    const { epochs } = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')) as {
      epochs: unknown[]
    }
    expect(epochs).toHaveLength(2)

    const digits = new MNIST({ train: false })
    const paths = [0, 1].map((i) => join(folder, `digit-${i}.png`))
    for (const [i, path] of paths.entries()) await writeImage(path, digits.images.narrow(0, i, 1))
    const checkpoint = ['--checkpoint', join(out, 'model.safetensors')]
    const read = await run('predict', 'lenet5_relu', ...paths, ...checkpoint)
    expect(read[0]).toMatch(/digit-0\.png: 7 \d+\.\d %, \d \d+\.\d %, \d \d+\.\d %$/)

    await expect(run('predict', 'lenet5', ...paths, ...checkpoint)).rejects.toThrow(
      /it is of lenet5_relu, not of lenet5/,
    )
    const other = run('train', 'lenet5_relu', ...few, '--batch-size', '32', '--resume')
    await expect(other).rejects.toThrow(/the checkpoint is of another run/)
  })

  test('goes on after a damaged image, and with another rate after NaN', async () => {
    const data = join(folder, 'shaky')
    await generateShapes(data, { count: 24, size: [32, 32], seed: 0 })
    const image = join(data, 'star', readdirSync(join(data, 'star'))[0] as string)
    const whole = readFileSync(image)
    writeFileSync(image, whole.subarray(0, whole.length - 40))
    const out = join(folder, 'shaken')
    const few = ['--data', `folder:${data}`, '--epochs', '3', '--batch-size', '2', '--out', out]
    await expect(run('train', 'mlp', ...few)).rejects.toThrow(/star/)
    const saved = readdirSync(join(out, 'checkpoints'))
    expect(saved.some((name) => name.endsWith('.safetensors'))).toBe(true)
    writeFileSync(image, whole)
    const again = ['train', 'mlp', ...few, '--resume', '--lr']
    await expect(run(...again, '1e35')).rejects.toThrow(/the last good state is in .*checkpoint-/)
    expect((await run(...again, '1e-3')).at(-1)).toMatch(/accuracy \d/)
    const { epochs } = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')) as {
      epochs: { lr: number }[]
    }
    expect(epochs).toHaveLength(3)
    expect(Math.max(...epochs.map(({ lr }) => lr))).toBeLessThanOrEqual(1e-3)
  })

  test('learns pictures of a folder, at a size of your choice', { timeout: 120_000 }, async () => {
    const shapes = join(folder, 'shapes')
    await generateShapes(shapes, { count: 36, size: [40, 40], seed: 0 })
    const out = join(folder, 'run')
    const small = ['--size', '32', '--epochs', '1', '--batch-size', '8', '--out', out]
    const said = await run('train', 'resnet18_cifar', '--data', `folder:${shapes}`, ...small)
    expect(said[1]).toMatch(/^30 images to learn from and 6 to test on, 6 classes/)

    const good = join(shapes, 'circle', '00000.jpg')
    const broken = join(folder, 'broken.jpg')
    writeFileSync(broken, readFileSync(good).subarray(0, 300))
    const checkpoint = ['--checkpoint', join(out, 'model.safetensors'), '--top', '6']
    const read: string[] = []
    const predicting = program((text) => read.push(text)).parseAsync(
      ['predict', 'resnet18_cifar', broken, good, ...checkpoint],
      { from: 'user' },
    )
    await expect(predicting).rejects.toThrow(/^1 of 2 pictures done\nJPEG[^]*broken\.jpg/)
    expect(read).toHaveLength(1)
    expect(read[0]).toMatch(/circle/)

    // A corrupt picture stops a training, or is left out.
    writeFileSync(good, readFileSync(good).subarray(0, 300))
    const source = ['--data', `folder:${shapes}`]
    await expect(run('train', 'resnet18_cifar', ...source, ...small)).rejects.toThrow(/00000\.jpg/)
  })

  test('holds back some of each class, or takes what is divided already', async () => {
    const data = join(folder, 'divided')
    for (const side of ['train', 'val']) {
      await generateShapes(join(data, side), { count: 6, size: [32, 32], seed: 1 })
    }
    const options = {
      channels: 1,
      size: 28,
      images: 5,
      testImages: 100,
      seed: 0,
      skipCorrupt: false,
    } as const
    const source = openSource(`folder:${data}`, options)
    expect([source.train.length, source.test.length]).toEqual([5, 6])
    const [image] = (await source.test.getItem(0)) as [{ shape: readonly number[] }, number]
    expect(image.shape).toEqual([1, 28, 28])
    mkdirSync(join(data, 'val', 'zebra'))
    expect(() => openSource(`folder:${data}`, options)).toThrow(/there is no image in it/)
  })
})

describe('training what is no classifier', () => {
  const few = ['--epochs', '1', '--test-images', '4']

  test('finds and outlines digits in scenes', { timeout: 120_000 }, async () => {
    for (const [name, file, told] of [
      [
        'mask_rcnn',
        'scene-4.png',
        /mAP@0\.5 \d+\.\d+ %, of masks \d+\.\d+ % \(mAP \d+\.\d+ %, IoU \d\.\d{3}\)/,
      ],
      ['pspnet50', 'mask-4.png', /mean IoU \d\.\d{3}/],
    ] as const) {
      const out = join(folder, name)
      const sizes = ['--images', '8', '--size', '64', '--batch-size', '4', '--out', out]
      const said = await run('train', name, ...few, ...sizes)
      expect(said.at(-1)).toMatch(told)
      expect((await imageInfo(join(out, file))).width).toBeGreaterThan(100)
      expect((await imageInfo(join(out, 'curves.png'))).width).toBeGreaterThan(100)
      const again = run('train', name, ...few, ...sizes, '--seed', '5', '--resume')
      await expect(again).rejects.toThrow(/the checkpoint is of another run/)
    }
  })

  test(
    'takes folders in the layouts of COCO, Carvana and classes',
    { timeout: 120_000 },
    async () => {
      const [coco, cars, shapes] = ['coco', 'cars', 'figures'].map((name) =>
        join(folder, name),
      ) as [string, string, string]
      await generateDetection(coco, { count: 10, size: [48, 64], seed: 0, digits: [1, 2] })
      await generateCarvana(cars, { count: 10, size: [48, 64], seed: 0 })
      await generateShapes(shapes, { count: 12, size: [32, 32], seed: 0 })
      const small = [...few, '--size', '64', '--batch-size', '4']
      const out = (name: string): string[] => ['--out', join(folder, `run-${name}`)]
      const detector = await run(
        'train',
        'ssd',
        '--data',
        `folder:${coco}`,
        ...small,
        ...out('ssd'),
      )
      expect(detector[1]).toMatch(
        /^8 scenes of 64 × 64 to learn from and 2 to be judged by, 10 classes/,
      )
      const unet = ['train', 'unet', '--data', `folder:${cars}`, ...small, ...out('unet')]
      expect((await run(...unet))[1]).toMatch(
        /^8 pictures of 64 × 64 to learn from and 2 to be judged by, 1 classes beside/,
      )
      const said = await run('train', 'vae', '--data', `folder:${shapes}`, ...few, ...out('vae'))
      expect(said[0]).toMatch(/^6 images of 28 × 28 to learn from/)
      expect((await imageInfo(join(folder, 'run-vae', 'drawn.png'))).width).toBeGreaterThan(100)

      // A corrupt picture stops a training, or is left out.
      const picture = join(coco, 'images', '000001.jpg')
      writeFileSync(picture, readFileSync(picture).subarray(0, 200))
      const broken = ['train', 'ssd', '--data', `folder:${coco}`, ...small, ...out('broken')]
      await expect(run(...broken)).rejects.toThrow(/000001\.jpg/)
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      expect((await run(...broken, '--skip-corrupt'))[1]).toMatch(/^8 scenes/)
      expect(warned).toHaveBeenCalledWith(expect.stringMatching(/000001\.jpg/), 'FlambeauWarning')
      warned.mockRestore()
    },
  )
})

describe('mistakes', () => {
  test.each([
    [['train', 'resnet-18'], /there is no model 'resnet-18'[^]*did you mean resnet18\?/],
    [['predict', 'unet', 'a.png', '--checkpoint', 'a'], /unet is no classifier/],
    [['train', 'yolo'], /there is no model 'yolo'[^]*did you mean yolo_v1\?/],
    [['train', 'ssd', '--data', 'cifar'], /there is no source 'cifar'[^]*COCO's layout/],
    [['train', 'unet', '--data', 'folder:/nowhere'], /the folder does not exist/],
    [['train', 'unet', '--workers', '2'], /--workers does nothing here/],
    [['train', 'vae', '--size', '32'], /generators draw 28 × 28 pixels/],
    [['train', 'LeNet'], /did you mean lenet5\?/],
    [['train', 'transmogrifier'], /one of perceptron, mlp/],
    [
      ['train', 'lenet5', '--size', '32'],
      /lenet5 does not take images of 32 pixels[^]*it takes 28 only/,
    ],
    [['train', 'vit_tiny', '--size', '100'], /a multiple of 16/],
    [['train', 'mlp', '--data', 'cifar'], /there is no source 'cifar'/],
    [['train', 'mlp', '--data', 'folder:/nowhere'], /the folder does not exist/],
    [['train', 'mlp', '--epochs', '0'], /whole number from 1 up/],
    [['zoo', 'resnet19'], /did you mean resnet18\?/],
    [['predict', 'mlp', 'a.png'], /--checkpoint/],
  ])('of %j get an answer', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message)
  })

  test('of checkpoints and folders too', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await expect(run('train', 'mlp', '--data', `folder:${empty}`)).rejects.toThrow(
      /no folders in it/,
    )
    const alone = join(folder, 'alone')
    mkdirSync(join(alone, 'cat'), { recursive: true })
    for (const name of ['a', 'b'])
      await writeImage(join(alone, 'cat', `${name}.png`), zeros([3, 8, 8]))
    await expect(run('train', 'mlp', '--data', `folder:${alone}`)).rejects.toThrow(
      /all of its images are of one class, cat/,
    )
    const bare = join(folder, 'bare')
    await generateDetection(bare, { count: 4, size: [48, 64], seed: 0, digits: [1, 2] })
    const path = join(bare, 'annotations.json')
    const notes = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    writeFileSync(path, JSON.stringify({ ...notes, annotations: [] }))
    await expect(run('train', 'ssd', '--data', `folder:${bare}`)).rejects.toThrow(
      /no object is in the 3 scenes to learn from/,
    )
    const other = join(folder, 'other.safetensors')
    saveSafetensors(other, { weight: zeros([2]) })
    const predicting = ['predict', 'mlp', 'a.png', '--checkpoint', other]
    await expect(run(...predicting)).rejects.toThrow(/does not say which model it is of/)
    saveSafetensors(other, { weight: zeros([2]) }, { 'flambeau-vision': '{"name":' })
    await expect(run(...predicting)).rejects.toThrow(/what it says of its model is damaged/)
    writeFileSync(join(empty, 'results.json'), '[')
    await expect(run('zoo', 'mlp', '--out', empty)).rejects.toThrow(/it is not a list in JSON/)
  })

  test('names are compared by the letters that differ', () => {
    expect(editDistance('resnet', 'resnet')).toBe(0)
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(sizeFor('alexnet', 96)).toBe(96)
  })
})

describe('the zoo', () => {
  test('proves that a model learns, and goes on where it was', { timeout: 120_000 }, async () => {
    const out = join(folder, 'zoo')
    const readme = join(folder, 'README.md')
    writeFileSync(readme, `# Models\n\n${MARKERS.join('\n')}\n\nafter\n`)
    const said = await run('zoo', 'perceptron', '--out', out, '--readme', readme)
    expect(said.at(-1)).toMatch(/^perceptron: a batch by heart in \d+ steps, 0\.8\d+/)
    const text = readFileSync(readme, 'utf8')
    expect(text).toMatch(/\| `perceptron` +\| +7,850 \| 1 × 28 × 28 \|/)
    expect(text).toMatch(/\n\nafter\n$/)
    expect(await run('zoo', 'perceptron', '--out', out)).toEqual([])
    // What was found is judged by the goals of now.
    const file = join(out, 'results.json')
    const [found] = JSON.parse(readFileSync(file, 'utf8')) as [{ value: number }]
    writeFileSync(file, JSON.stringify([{ ...found, value: 0.5, goal: 0.1 }]))
    await expect(run('zoo', 'perceptron', '--out', out)).rejects.toThrow(
      /not all models reached their goals: perceptron/,
    )
  })

  test('says of results below their goal that they are', () => {
    const result = {
      name: 'mlp',
      kind: 'classification',
      parameters: 1,
      input: '1 × 28 × 28',
      training: '1 digits, 1 epochs',
      overfitSteps: 3,
      value: 0.9,
      goal: 0.9,
      cpuSeconds: 1.2,
    } as const
    expect(isGood(result)).toBe(true)
    expect(isGood({ ...result, value: 0.89 })).toBe(false)
    expect(isGood({ ...result, overfitSteps: null })).toBe(false)
    expect(tables([result])).toContain('90.0 %')
    const bare = join(folder, 'bare.md')
    writeFileSync(bare, '# Nothing\n')
    expect(() => writeTables(bare, [result])).toThrow(/has no lines/)
  })

  test('wants masks from detectors that find some', () => {
    const result = {
      name: 'mask_rcnn',
      kind: 'detection',
      parameters: 1,
      input: '3 × 96 × 96',
      training: '1 scenes, 1 epochs',
      overfitSteps: null,
      value: 0.7,
      goal: 0.6,
      maskPrecision: 0.6,
      maskPrecisionGoal: 0.6,
      maskIoU: 0.4,
      maskGoal: 0.5,
      cpuSeconds: 1,
    } as const
    expect(isGood(result)).toBe(false)
    expect(isGood({ ...result, maskIoU: 0.5 })).toBe(true)
    expect(isGood({ ...result, maskIoU: 0.5, maskPrecision: 0.5 })).toBe(false)
    expect(tables([result])).toMatch(
      /\| +70\.0 % \| +60\.0 % \| +60\.0 % \| +60\.0 % \| +0\.400 \| +0\.500 \|/,
    )
  })

  test('judges what is found, and how well it is outlined', () => {
    const masks = zeros([2, 16, 16], { dtype: 'uint8' })
    masks.narrow(0, 0, 1).narrow(1, 0, 8).narrow(2, 0, 8).fill_(1)
    masks.narrow(0, 1, 1).narrow(1, 8, 8).narrow(2, 8, 8).fill_(1)
    const boxes = tensor([
      [0, 0, 8, 8],
      [8, 8, 16, 16],
    ]).float()
    const labels = tensor([1, 2])
    const scene = {
      image: zeros([3, 16, 16], { dtype: 'uint8' }),
      target: { boxes, labels, masks },
    }
    // Knows the first object, the upper half of its mask, and nothing of the second.
    class Half extends Detector {
      readonly numClasses = 3
      override readonly needsMasks = true
      protected override computeLosses(): never {
        throw new Error('it knows')
      }
      protected override find(): ReturnType<Detector['detect']> {
        const half = masks.narrow(0, 0, 1).unsqueeze(1).float()
        half.narrow(2, 4, 12).fill_(0)
        const found = { boxes: boxes.narrow(0, 0, 1), labels: tensor([1]), scores: tensor([0.9]) }
        return [{ ...found, masks: half }]
      }
    }
    const judged = judge(new Half(), [scene])
    expect(judged.meanAveragePrecision).toBeCloseTo(0.5)
    // One of two classes, at the first of ten overlaps.
    expect(judged.masks?.precision50).toBeCloseTo(0.5)
    expect(judged.masks?.precision).toBeCloseTo(0.05)
    expect(judged.masks?.iou).toBeCloseTo(0.25)
  })

  test('scores what generators draw from 1 to the number of classes', () => {
    const score = (...odds: number[][]): number => scoreOf(tensor(odds, { dtype: 'float64' }))
    expect(score([1, 0], [0, 1])).toBeCloseTo(2)
    expect(score([1, 0], [1, 0])).toBeCloseTo(1)
    expect(score([0.5, 0.5], [0.5, 0.5])).toBeCloseTo(1)
  })

  test('draws figures of every class, the same for the same seed', () => {
    manualSeed(5)
    rand([3])
    const { images, masks } = drawFigures(8, 1)
    expect(images.shape).toEqual([8, 3, 48, 48])
    expect(images.equal(drawFigures(8, 1).images)).toBe(true)
    for (let label = 0; label < 4; label++) expect(masks.eq(label).any().item()).toBe(true)
  })
})
