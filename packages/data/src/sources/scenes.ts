/** Scenes for detectors: annotated pictures in memory, those of digits made when they are first asked for. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { ShapeError, stack, ValueError } from '@flambeau/core'
import { requireList, requireOptions, requireTensor } from '@flambeau/core/internal'
import { writeFileAtomic } from '../formats/atomic-write.ts'
import { FormatError } from '../formats/errors.ts'
import { generateDetection } from '../generators/detection.ts'
import { Resize } from '../transforms/resize.ts'
import { CocoDetection } from './coco.ts'
import type { ErrorPolicy } from './image-source.ts'
import { requirePath } from '../formats/arguments.ts'

/** A picture and what is in it, as detectors learn from it. */
export interface Scene {
  /** uint8 `[3, H, W]`. */
  readonly image: Tensor
  readonly target: SceneTarget
}

/** What is in a picture. */
export interface SceneTarget {
  /** float32 `[N, 4]`: x1, y1, x2, y2 in pixels. */
  readonly boxes: Tensor
  /** int64 `[N]`: classes from 1, as 0 is the background. */
  readonly labels: Tensor
  /** uint8 `[N, H, W]`: 1 where the object is seen. */
  readonly masks?: Tensor
}

/** Scenes with the names of their classes. */
export interface Scenes {
  readonly scenes: readonly Scene[]
  /** The background is not among them: label 1 is the first. */
  readonly classes: readonly string[]
}

/** What scenes of digits are made by. */
export interface DigitSceneOptions {
  readonly count: number
  /** Pixels a side. */
  readonly size: number
  readonly seed: number
  /** Digits of MNIST's training set, or of its test set. */
  readonly train: boolean
  /** Digits in a scene. Default [2, 5]. */
  readonly digits?: readonly [least: number, most: number]
  /** How high digits are, as shares of the scene. Default [0.2, 0.5]. */
  readonly scale?: readonly [least: number, most: number]
}

/** Batches of scenes: what {@link collateScenes} gives. */
export interface SceneBatch {
  /** `[N, 3, H, W]`, 0 to 1. */
  readonly images: Tensor
  readonly targets: readonly SceneTarget[]
}

/**
 * All pictures of a folder in COCO's layout (`images/`, `annotations.json`), read into memory.
 *
 * @param options.masks Also read masks. Default false.
 * @param options.size Pixels a side to which all are resized. Default: as they are.
 * @param options.onError Default `throw`.
 * @throws {FormatError} for a folder without images, or files that are not as they should be, see
 *   {@link CocoDetection}.
 */
export async function readScenes(
  folder: string,
  options: { readonly masks?: boolean; readonly size?: number; onError?: ErrorPolicy } = {},
): Promise<Scenes> {
  requirePath('readScenes', folder, 'folder')
  requireOptions('readScenes', options)
  const { masks = false, size, onError = 'throw' } = options
  const path = join(folder, 'annotations.json')
  const transform = size === undefined ? null : new Resize([size, size])
  const source = new CocoDetection(join(folder, 'images'), path, { masks, transform, onError })
  if (source.length === 0) {
    const fix = "list its images under 'images'"
    throw new FormatError({ format: 'COCO', path, reason: 'there is no image in it', fix })
  }
  const scenes: Scene[] = []
  for (let i = 0; i < source.length; i++) {
    const { image, boxes, labels, masks: own } = await source.getItem(i)
    const target = { boxes, labels: labels.add(1), ...(own === undefined ? {} : { masks: own }) }
    scenes.push({ image, target })
  }
  return { scenes, classes: source.classes }
}

/**
 * Makes scenes of MNIST's digits in a folder, unless it has them already: textured backgrounds, digits in
 * many sizes and colours, some behind others. See {@link generateDetection}, {@link readScenes}.
 *
 * @throws {ValueError} for bad options. @throws {FileWriteError} if a file cannot be written.
 */
export async function makeDigitScenes(folder: string, options: DigitSceneOptions): Promise<void> {
  requirePath('makeDigitScenes', folder, 'folder')
  requireOptions('makeDigitScenes', options, ['count', 'size', 'seed', 'train'])
  const { count, size, seed, train, digits = [2, 5], scale = [0.2, 0.5] } = options
  const note = join(folder, 'recipe.json')
  const text = `${JSON.stringify({ count, size, seed, train, digits, scale })}\n`
  if (existsSync(note) && readFileSync(note, 'utf8') === text) return
  await generateDetection(folder, { count, size: [size, size], seed, train, digits, scale })
  writeFileAtomic(note, [Buffer.from(text)])
}

/**
 * Scenes of one size as a batch.
 *
 * @throws {ValueError} for none. @throws {ShapeError} for pictures of different sizes.
 */
export function collateScenes(scenes: readonly Scene[]): SceneBatch {
  requireList('collateScenes', 'scenes', scenes, 'a list of scenes')
  const [first] = scenes
  if (first === undefined) {
    throw new ValueError('collateScenes', [], 'there are no scenes', 'pass one or more')
  }
  for (const [i, scene] of scenes.entries()) {
    requireTensor('collateScenes', `the image of scene ${i}`, scene?.image)
  }
  for (const [i, { image }] of scenes.entries()) {
    if (String(image.shape) === String(first.image.shape)) continue
    throw new ShapeError(
      'collateScenes',
      { first: first.image, image },
      `image ${i} of the batch has another size than image 0`,
      'bring pictures to one size, or give the detector a list of them',
    )
  }
  return {
    images: stack(scenes.map(({ image }) => image.float().div(255))),
    targets: scenes.map(({ target }) => target),
  }
}
