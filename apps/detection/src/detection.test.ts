import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tensor, zeros } from '@flambeau/core'
import type { Scene } from '@flambeau/data'
import { imageInfo } from '@flambeau/data'
import type { DetectionTarget } from '@flambeau/vision-models'
import { Detector } from '@flambeau/vision-models'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from './command-line.ts'
import { meanAveragePrecision } from './judge.ts'

const run = async (...args: string[]): Promise<string[]> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'detection', ...args])
  return said
}

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-detection-'))
})
afterAll(() => rmSync(out, { recursive: true }))

describe('a small run', () => {
  test('trains, is judged, goes on, and finds', { timeout: 240_000 }, async () => {
    const small = ['--images', '16', '--test-images', '3', '--size', '64', '--batch-size', '8']
    const places = ['--out', out, '--data', join(out, 'scenes')]
    for (const model of ['ssd', 'yolo', 'faster-rcnn']) {
      const said = await run('train', '--model', model, ...places, ...small, '--epochs', '1')
      expect(said.join('\n')).toMatch(/parameters, 16 scenes of 64 × 64\n {2}mAP@0\.5 \d+\.\d\d %/)
      for (const file of ['model.safetensors', 'metrics.json', 'loss.png', 'scene-3.png']) {
        expect([file, existsSync(join(out, model, file))]).toEqual([file, true])
      }
    }
    await run('train', '--model', 'ssd', ...places, ...small, '--epochs', '2', '--resume')
    const metrics = JSON.parse(readFileSync(join(out, 'ssd', 'metrics.json'), 'utf8')) as object[]
    expect(metrics.map((one) => (one as { epoch: number }).epoch)).toEqual([1, 2])

    const picture = join(out, 'scenes', 'test', 'images', '000000.jpg')
    const [told] = await run('find', '--model', 'ssd', '--out', out, '--sure', '0', picture)
    expect(told).toMatch(/000000\.jpg: (\d ?)+ -> .*found.000000\.png/)
    const drawn = await imageInfo(join(out, 'ssd', 'found', '000000.png'))
    expect(drawn.width).toBe(drawn.height)

    // What cannot be read is named after the rest is done.
    const broken = join(out, 'broken.jpg')
    writeFileSync(broken, readFileSync(picture).subarray(0, 200))
    await expect(run('find', '--model', 'ssd', '--out', out, broken, picture)).rejects.toThrow(
      /^1 of 2 pictures done\n[^]*broken\.jpg/,
    )
  })

  test('stops at a loss that is no number, and at scenes that are damaged', async () => {
    const data = join(out, 'damaged')
    const training = ['--model', 'ssd', '--out', join(out, 'bad'), '--data', data, '--epochs', '2']
    const small = ['--images', '16', '--test-images', '2', '--size', '64', '--batch-size', '4']
    const mad = run('train', ...training, ...small, '--lr', '1e30')
    await expect(mad).rejects.toThrow(/the loss became (NaN|-?Infinity)/)
    // A run that learned for an epoch goes on from there, with another rate.
    await run('train', ...training, ...small, '--epochs', '1')
    const again = ['train', ...training, ...small, '--resume', '--lr']
    await expect(run(...again, '1e30')).rejects.toThrow(/the last good state is in/)
    const said = await run(...again, '1e-3')
    expect(said.join('\n')).toMatch(/mAP@0\.5/)
    const picture = join(data, 'train', 'images', '000003.jpg')
    const whole = readFileSync(picture)
    writeFileSync(picture, whole.subarray(0, 200))
    await expect(run('train', ...training, ...small)).rejects.toThrow(/000003\.jpg/)
    writeFileSync(picture, whole)
    const annotations = join(data, 'train', 'annotations.json')
    writeFileSync(
      annotations,
      readFileSync(annotations, 'utf8').replace('"image_id":0', '"image_id":99'),
    )
    await expect(run('train', ...training, ...small)).rejects.toThrow(/of image 99, which is none/)
  })

  test('refuses what it cannot do', async () => {
    await expect(run('find', '--out', join(out, 'nowhere'), 'x.png')).rejects.toThrow(
      /there is no trained model[^]*model\.safetensors[^]*npm run detect -- --model yolo/,
    )
    await expect(run('--model', 'magic')).rejects.toThrow(/Allowed choices/)
    await expect(run('--size', '100')).rejects.toThrow(/multiple of 32 from 64 up/)
    await expect(run('--mosaic', '2')).rejects.toThrow(/number from 0 to 1/)
  })
})

/** Says for each image what it was told. */
class Oracle extends Detector {
  readonly numClasses = 11
  #next = 0

  constructor(readonly answers: readonly DetectionTarget[]) {
    super()
  }

  protected override computeLosses(): never {
    throw new Error('it knows')
  }

  protected override find(images: readonly unknown[]): ReturnType<Detector['detect']> {
    return images.map(() => {
      const { boxes, labels } = this.answers[this.#next++] as DetectionTarget
      return { boxes, labels, scores: zeros(labels.shape).add(0.9) }
    })
  }
}

test('the judge gives all for what is right, and half if half of it is', () => {
  const scenes = Array.from({ length: 30 }, (_, i): Scene => {
    const boxes = tensor([[4, 4, 20, 24]]).float()
    return {
      image: zeros([3, 32, 32], { dtype: 'uint8' }),
      target: { boxes, labels: tensor([1 + (i % 2)]) },
    }
  })
  const truths = scenes.map((one) => one.target)
  expect(meanAveragePrecision(new Oracle(truths), scenes)).toBe(1)
  const half = truths.map(({ boxes, labels }) => {
    return { labels, boxes: labels.select(0, 0).item() === 1 ? boxes : boxes.add(9) }
  })
  expect(meanAveragePrecision(new Oracle(half), scenes)).toBeCloseTo(0.5, 6)
})
