/** Where images come from, made to fit a model's input. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Generator, randperm, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import type { Dataset, ImageFolderOptions } from '@flambeau/data'
import {
  Compose,
  FormatError,
  Grayscale,
  ImageFolder,
  MNIST,
  Normalize,
  Resize,
  Subset,
  ToTensor,
} from '@flambeau/data'

/** What a network sees of an image: kept with its weights, so that `predict` does the same. */
export interface View {
  readonly channels: 1 | 3
  readonly size: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** Batches of images `[N, C, size, size]` and labels `[N]`. */
export type Images = Dataset<[Tensor, Tensor | number], [Tensor, Tensor]>

export interface Source {
  readonly train: Images
  readonly test: Images
  readonly classes: readonly string[]
  readonly view: View
}

export interface SourceOptions {
  readonly channels: 1 | 3
  readonly size: number
  /** How many to learn from and to test on, at most. */
  readonly images: number
  readonly testImages: number
  readonly seed: number
  readonly skipCorrupt: boolean
  /** Pixels stay in [0, 1]. Default false: they are normalised. */
  readonly plain?: boolean
}

/** Bytes of any image become what a network takes. */
function viewTransform({ channels, size, mean, std }: View): Compose {
  return new Compose([
    new Grayscale(channels === 1 ? 1 : 3),
    new Resize([size, size]),
    new ToTensor(),
    new Normalize(mean, std),
  ])
}

/** As {@link viewTransform}, and with the colours of images that have some. */
export function colourTransform(view: View): Compose {
  if (view.channels === 1) return viewTransform(view)
  const { size, mean, std } = view
  return new Compose([new Resize([size, size]), new ToTensor(), new Normalize(mean, std)])
}

const first = (data: Images, most: number): Images =>
  new Subset(
    data,
    Array.from({ length: Math.min(most, data.length) }, (_, i) => i),
  )

/** MNIST: the mean and standard deviation of its pixels. */
function mnist({ channels, size, images, testImages, plain }: SourceOptions): Source {
  const all = (value: number): number[] => Array.from({ length: channels }, () => value)
  const [mean, std] = plain === true ? [0, 1] : [0.1307, 0.3081]
  const view: View = { channels, size, mean: all(mean), std: all(std) }
  const transform = viewTransform(view)
  return {
    train: first(new MNIST({ train: true, transform }), images),
    test: first(new MNIST({ train: false, transform }), testImages),
    classes: Array.from('0123456789'),
    view,
  }
}

/**
 * Images in one folder for each class; `train/` and `val/` (or `test/`) below it if they are there, else a
 * fifth of each class is held back.
 */
function folder(path: string, options: SourceOptions): Source {
  const { channels, size, images, testImages, seed, skipCorrupt, plain = false } = options
  const view: View =
    channels === 1
      ? { channels, size, mean: [plain ? 0 : 0.5], std: [plain ? 1 : 0.5] }
      : { channels, size, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
  const rest: ImageFolderOptions = {
    transform: colourTransform(view),
    mode: channels === 1 ? 'gray' : 'rgb',
    onError: skipCorrupt ? 'skip' : 'throw',
    shrinkTo: [size, size],
  }
  const order = (count: number): number[] => {
    const generator = new Generator().manualSeed(seed)
    return randperm(count, { generator }).tolist() as number[]
  }
  const held = ['val', 'test'].find((name) => existsSync(join(path, name)))
  if (held !== undefined && existsSync(join(path, 'train'))) {
    const train = new ImageFolder(join(path, 'train'), rest)
    const test = new ImageFolder(join(path, held), rest)
    if (train.classes.join('\n') !== test.classes.join('\n')) {
      throw new FormatError({
        format: 'ImageFolder',
        path,
        reason: `train/ and ${held}/ have different classes: ${train.classes.join(', ')} and ${test.classes.join(', ')}`,
        fix: 'give both the same folders',
      })
    }
    const { classes } = train
    const part = (data: ImageFolder, most: number): Images =>
      new Subset(data as Images, order(data.length).slice(0, most))
    return { train: part(train, images), test: part(test, testImages), classes, view }
  }
  const data = new ImageFolder(path, rest)
  const seen = new Map<number, number>()
  const [learnt, kept]: [number[], number[]] = [[], []]
  for (const at of order(data.length)) {
    const { label } = data.samples[at] as { label: number }
    const before = seen.get(label) ?? 0
    seen.set(label, before + 1)
    // Of each class the second, seventh, twelfth, … is held back.
    ;(before % 5 === 1 ? kept : learnt).push(at)
  }
  if (kept.length === 0) {
    throw new FormatError({
      format: 'ImageFolder',
      path,
      reason: `its ${data.length} images are too few to hold some back`,
      fix: 'put two or more into each class',
    })
  }
  return {
    train: new Subset(data as Images, learnt.slice(0, images)),
    test: new Subset(data as Images, kept.slice(0, testImages)),
    classes: data.classes,
    view,
  }
}

/** The source that `text` names: `mnist`, or `folder:DIR`. @throws {ValueError, FormatError} */
export function openSource(text: string, options: SourceOptions): Source {
  if (text === 'mnist') return mnist(options)
  if (text.startsWith('folder:')) return folder(text.slice('folder:'.length), options)
  throw new ValueError(
    'vision',
    [],
    `there is no source '${text}'`,
    '--data mnist, or --data folder:DIR with a folder of images for each class',
  )
}
