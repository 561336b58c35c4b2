/** Trains a detector on scenes of digits, or on a folder in COCO's layout. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { zeros } from '@flambeau/core'
import type { Scene } from '@flambeau/data'
import { collateScenes, FormatError, readScenes } from '@flambeau/data'
import { overlay } from '@flambeau/plot'
import { formatPercent } from '@flambeau/trainer'
import type { Detection, Detector } from '@flambeau/vision-models'
import { saveTrained } from '../checkpoint.ts'
import { keepCurves } from '../report.ts'
import type { Run } from '../run.ts'
import { announce, folderOf, heldBack, keeping } from '../run.ts'
import type { DetectorPlan } from '../zoo/detection.ts'
import { digitScenes, judge, learnToDetect, SIZE } from '../zoo/detection.ts'

/** Scenes of digits to be judged by, at most. */
const TEST = 100
/** Scenes that are drawn in the end. */
const SHOWN = 6

interface Source {
  readonly learned: readonly Scene[]
  readonly test: readonly Scene[]
  readonly classes: readonly string[]
}

async function openScenes(
  { options, out }: Run,
  size: number,
  most: number,
  masks: boolean,
): Promise<Source> {
  const { data, images, testImages, skipCorrupt, seed } = options
  if (data === 'mnist') {
    const [folder, count] = [join(out, 'scenes'), Math.min(images, most)]
    return {
      learned: await digitScenes(folder, { train: true, count, size }),
      test: await digitScenes(folder, { train: false, count: Math.min(testImages, TEST), size }),
      classes: Array.from('0123456789'),
    }
  }
  const root = folderOf(data, "pictures in COCO's layout: images/ and annotations.json")
  const read = (path: string) =>
    readScenes(path, { masks, size, onError: skipCorrupt ? 'skip' : 'throw' })
  const [train, val] = [join(root, 'train'), join(root, 'val')]
  const isDivided = existsSync(train) && existsSync(val)
  const { scenes, classes } = await read(isDivided ? train : root)
  const [learned, test] = isDivided
    ? [scenes, (await read(val)).scenes]
    : heldBack(scenes, root, seed)
  return {
    learned: withObjects(learned.slice(0, images), root, 'learn from'),
    test: withObjects(test.slice(0, testImages), root, 'be judged by'),
    classes,
  }
}

/** @throws {FormatError} if there is nothing to find in any of the scenes. */
function withObjects(scenes: readonly Scene[], path: string, purpose: string): readonly Scene[] {
  if (scenes.some(({ target }) => target.boxes.shape[0] !== 0)) return scenes
  const reason = `no object is in the ${scenes.length} scenes to ${purpose}`
  throw new FormatError({
    format: 'COCO',
    path,
    reason,
    fix: 'annotate objects; boxes outside of their image do not count',
  })
}

/** Leaves model.safetensors, metrics.json, curves.png and scene-1.png, … */
export async function trainDetector(run: Run, plan: DetectorPlan): Promise<void> {
  const { name, out, options, say } = run
  const { size = SIZE } = options
  const { learned, test, classes } = await openScenes(
    run,
    size,
    plan.images,
    plan.maskGoal !== undefined,
  )
  const net = plan.build(classes.length + 1, size)
  const recipe = announce(run, [net])
  say(
    `${learned.length.toLocaleString('en')} scenes of ${size} × ${size} to learn from and ${test.length} to be judged by, ${classes.length} classes, from ${options.data}`,
  )
  const precisions: number[] = []
  await learnToDetect(net, learned, run, {
    ...keeping(run, size),
    callbacks: [
      {
        onEpochEnd: (_record, so) => {
          precisions[so.epochs.length - 1] = judge(net, test).meanAveragePrecision
          keepCurves(out, name, recipe, so, {
            lossName: 'sum of the losses',
            label: 'Mean average precision at an overlap of one half',
            points: so.epochs.map((_, i) => precisions[i] ?? Number.NaN),
          })
        },
      },
    ],
  })
  const view = { channels: 3, size, mean: [0, 0, 0], std: [1, 1, 1] } as const
  saveTrained(join(out, 'model.safetensors'), net.stateDict(), { name, classes, view })
  draw(net, test.slice(0, SHOWN), classes, out)
  const { meanAveragePrecision, masks } = judge(net, test)
  const share = (value: number): string => formatPercent(value).trim()
  const outlined =
    masks === null
      ? ''
      : `, of masks ${share(masks.precision50)} (mAP ${share(masks.precision)}, IoU ${masks.iou.toFixed(3)})`
  say(
    `mAP@0.5 ${share(meanAveragePrecision)}${outlined}; in ${out}: model.safetensors, curves.png, scene-1.png and on, metrics.json`,
  )
}

/** Scenes with what is found in them, if it is sure enough. */
function draw(
  net: Detector,
  scenes: readonly Scene[],
  classes: readonly string[],
  out: string,
): void {
  const found = net.detect(collateScenes(scenes).images)
  for (const [i, { image }] of scenes.entries()) {
    const { boxes, labels, scores, masks } = found[i] as Detection
    const odds = (scores.tolist() as number[]).filter((score) => score >= 0.3)
    const own = (labels.tolist() as number[]).slice(0, odds.length)
    const captions = own.map(
      (label, k) => `${classes[label - 1]}  ${Math.round((odds[k] as number) * 100)} %`,
    )
    // The surest last: its caption lies above others.
    overlay(image, {
      boxes: boxes.narrow(0, 0, odds.length).flip([0]),
      labels: own.toReversed(),
      captions: captions.toReversed(),
      ...(masks === undefined ? {} : { mask: together(masks.narrow(0, 0, odds.length), own) }),
    }).save(join(out, `scene-${i + 1}.png`))
  }
}

/** Masks `[K, 1, H, W]` as the class of each pixel `[H, W]`; that of the surest where some overlap. */
function together(masks: Tensor, labels: readonly number[]): Tensor {
  let map = zeros(masks.shape.slice(2), { dtype: 'int64' })
  for (let k = labels.length - 1; k >= 0; k--) {
    map = map.maskedFill(masks.select(0, k).select(0, 0).gt(0.5), labels[k] as number)
  }
  return map
}
