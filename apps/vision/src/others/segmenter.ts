/** Trains a segmenter on digits in scenes, or on a folder of pictures with masks. */
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { stack, zeros } from '@flambeau/core'
import type { Scene } from '@flambeau/data'
import { CarvanaDataset, Compose, Normalize, Resize } from '@flambeau/data'
import type { Module } from '@flambeau/nn'
import { overlay } from '@flambeau/plot'
import { saveTrained } from '../checkpoint.ts'
import { keepCurves } from '../report.ts'
import type { Run } from '../run.ts'
import { announce, folderOf, heldBack, keeping } from '../run.ts'
import { digitScenes } from '../zoo/detection.ts'
import type { Figures, SegmenterPlan } from '../zoo/segmentation.ts'
import { learnToSegment, SIZE } from '../zoo/segmentation.ts'

/** Pictures to be judged by, at most, and how many are drawn. */
const TEST = 200
const SHOWN = 6

interface Source {
  readonly learned: Figures
  readonly test: Figures
  /** Without the background. */
  readonly classes: readonly string[]
}

/** Scenes as pictures with the class of each pixel. */
function figuresOf(scenes: readonly Scene[]): Figures {
  const masks = scenes.map(({ image, target }) => {
    let mask = zeros(image.shape.slice(1), { dtype: 'int64' })
    for (const [k, label] of (target.labels.tolist() as number[]).entries()) {
      mask = mask.maskedFill((target.masks as Tensor).select(0, k).gt(0), label)
    }
    return mask
  })
  const images = stack(scenes.map(({ image }) => image.float().div(255)))
  return { images, masks: stack(masks) }
}

async function openPictures(
  { options, out }: Run,
  size: number,
  plan: SegmenterPlan,
): Promise<Source> {
  const { data, images, testImages, skipCorrupt, seed } = options
  const [most, few] = [Math.min(images, plan.images), Math.min(testImages, TEST)]
  if (data === 'mnist') {
    const folder = join(out, 'scenes')
    return {
      learned: figuresOf(await digitScenes(folder, { train: true, count: most, size })),
      test: figuresOf(await digitScenes(folder, { train: false, count: few, size })),
      classes: Array.from('0123456789'),
    }
  }
  const root = folderOf(data, 'pictures and masks as Carvana has them: a.jpg, a_mask.gif')
  const source = new CarvanaDataset(root, {
    transform: new Compose([new Resize([size, size]), new Normalize([0, 0, 0], [1, 1, 1])]),
    onError: skipCorrupt ? 'skip' : 'throw',
    shrinkTo: [size, size],
  })
  const [learned, test] = heldBack([...source.pairs.keys()], root, seed)
  const read = async (places: readonly number[]): Promise<Figures> => {
    const samples = []
    for (const at of places) samples.push(await source.getItem(at))
    return {
      images: stack(samples.map((one) => one.image)),
      masks: stack(samples.map((one) => one.mask.squeeze(0).to('int64'))),
    }
  }
  return {
    learned: await read(learned.slice(0, most)),
    test: await read(test.slice(0, few)),
    classes: ['object'],
  }
}

/** Leaves model.safetensors, metrics.json, curves.png and mask-1.png, … */
export async function trainSegmenter(run: Run, plan: SegmenterPlan): Promise<void> {
  const { name, out, options, say } = run
  const { size = plan.size ?? SIZE } = options
  const { learned, test, classes } = await openPictures(run, size, plan)
  const numClasses = classes.length + 1
  const model = plan.build(numClasses, size)
  const recipe = announce(run, [model])
  const [many, few] = [learned, test].map(({ images }) => images.shape[0] as number)
  say(
    `${many} pictures of ${size} × ${size} to learn from and ${few} to be judged by, ${classes.length} classes beside the background, from ${options.data}`,
  )
  const history = await learnToSegment(model, { learned, test, numClasses }, run, {
    ...keeping(run, size),
    callbacks: [
      {
        onEpochEnd: (_record, so) =>
          keepCurves(out, name, recipe, so, {
            lossName: 'cross-entropy',
            label: 'Mean IoU on other pictures, the background counted in',
            points: so.epochs.map(({ metrics }) => metrics['iou'] ?? Number.NaN),
          }),
      },
    ],
  })
  const view = { channels: 3, size, mean: [0, 0, 0], std: [1, 1, 1] } as const
  saveTrained(join(out, 'model.safetensors'), model.stateDict(), { name, classes, view })
  draw(model, test.images.narrow(0, 0, Math.min(SHOWN, few as number)), out)
  const iou = history.epochs.at(-1)?.metrics['iou'] ?? Number.NaN
  say(
    `mean IoU ${iou.toFixed(3)}; in ${out}: model.safetensors, curves.png, mask-1.png and on, metrics.json`,
  )
}

/** Pictures with the classes of their pixels over them. */
function draw(model: Module, images: Tensor, out: string): void {
  model.eval()
  const found = noGrad(() => model(images).argmax(1))
  for (let i = 0; i < (images.shape[0] as number); i++) {
    overlay(images.select(0, i), { mask: found.select(0, i) }).save(join(out, `mask-${i + 1}.png`))
  }
}
