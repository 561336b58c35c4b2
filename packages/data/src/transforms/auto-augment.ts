/** Policies that choose among many changes of shape and colour. */
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import {
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  adjustSharpness,
  autoContrast,
  equalize,
  invert,
  posterize,
  requireColours,
  solarize,
} from './colour-changes.ts'
import { roundHalfEven } from './crop.ts'
import { affineMap } from './maps.ts'
import type { Fill, Sampling } from './options.ts'
import { drawing } from './options.ts'
import type { Draws } from './random.ts'
import { rotateScene } from './rotate.ts'
import type { Drawing, Scene } from './scene.ts'
import { Transform } from './transform.ts'

type Change = (scene: Scene, magnitude: number, how: Drawing) => void

const sheared = (magnitude: number): number => (Math.atan(magnitude) * 180) / Math.PI

function moved(
  scene: Scene,
  how: Drawing,
  translate: [number, number],
  shear: [number, number],
): void {
  const { height, width } = scene
  const centre = [width / 2, height / 2] as const
  // Shears keep the upper left corner, as in the paper.
  const about = shear[0] === 0 && shear[1] === 0 ? centre : ([0, 0] as const)
  scene.warp(affineMap(0, translate, 1, shear, about), height, width, how)
}

/** A change of the image alone. */
const colours =
  (change: (image: Scene['image'], magnitude: number) => Scene['image']): Change =>
  (scene, magnitude) => {
    scene.image = change(scene.image, magnitude)
  }

const changes = {
  Identity: () => undefined,
  ShearX: (scene, m, how) => moved(scene, how, [0, 0], [sheared(m), 0]),
  ShearY: (scene, m, how) => moved(scene, how, [0, 0], [0, sheared(m)]),
  TranslateX: (scene, m, how) => moved(scene, how, [Math.trunc(m), 0], [0, 0]),
  TranslateY: (scene, m, how) => moved(scene, how, [0, Math.trunc(m)], [0, 0]),
  Rotate: (scene, m, how) => rotateScene(scene, m, how, false, null),
  Brightness: colours((image, m) => adjustBrightness(image, 1 + m)),
  Color: colours((image, m) => adjustSaturation(image, 1 + m)),
  Contrast: colours((image, m) => adjustContrast(image, 1 + m)),
  Sharpness: colours((image, m) => adjustSharpness(image, 1 + m)),
  Posterize: colours(posterize),
  Solarize: colours(solarize),
  AutoContrast: colours(autoContrast),
  Equalize: colours(equalize),
  Invert: colours(invert),
} as const satisfies Record<string, Change>

type Name = keyof typeof changes

/** The strength of step `step` of `steps`; and whether it goes either way. */
interface Strength {
  readonly at: (step: number, steps: number, scene: Scene) => number
  readonly signed: boolean
}

const upTo = (most: number): Strength => ({
  at: (step, steps) => (most * step) / (steps - 1),
  signed: true,
})
const share = (of: (scene: Scene) => number): Strength => ({
  at: (step, steps, scene) => (of(scene) * step) / (steps - 1),
  signed: true,
})
const bits = (lost: number): Strength => ({
  at: (step, steps) => roundHalfEven(8 - step / ((steps - 1) / lost)),
  signed: false,
})
const solar: Strength = { at: (step, steps) => 1 - step / (steps - 1), signed: false }

type Space = readonly (readonly [Name, Strength | null])[]

function space(
  shear: number,
  move: (side: (scene: Scene) => number) => Strength,
  turn: number,
  colour: number,
  lost: number,
): Space {
  return [
    ['Identity', null],
    ['ShearX', upTo(shear)],
    ['ShearY', upTo(shear)],
    ['TranslateX', move((scene) => scene.width)],
    ['TranslateY', move((scene) => scene.height)],
    ['Rotate', upTo(turn)],
    ['Brightness', upTo(colour)],
    ['Color', upTo(colour)],
    ['Contrast', upTo(colour)],
    ['Sharpness', upTo(colour)],
    ['Posterize', bits(lost)],
    ['Solarize', solar],
    ['AutoContrast', null],
    ['Equalize', null],
  ]
}

const partOfSide = (side: (scene: Scene) => number): Strength =>
  share((scene) => (150 / 331) * side(scene))
const randSpace = space(0.3, partOfSide, 30, 0.9, 4)
const trivialSpace = space(0.99, () => upTo(32), 135, 0.99, 6)
const strengths = new Map<Name, Strength | null>([...randSpace, ['Invert', null]])

/** One step of a policy on a scene whose image has colours. */
function act(
  scene: Scene,
  random: Draws,
  how: Drawing,
  [name, strength]: readonly [Name, Strength | null],
  step: () => number,
  steps: number,
): void {
  let magnitude = 0
  if (strength !== null) {
    magnitude = strength.at(step(), steps, scene)
    if (strength.signed && random.share() <= 0.5) magnitude = -magnitude
  }
  changes[name](scene, magnitude, how)
}

/** Pairs of changes: name, probability, strength of ten. */
const policies = {
  imagenet: `Posterize .4 8 Rotate .6 9, Solarize .6 5 AutoContrast .6 -, Equalize .8 - Equalize .6 -,
    Posterize .6 7 Posterize .6 6, Equalize .4 - Solarize .2 4, Equalize .4 - Rotate .8 8,
    Solarize .6 3 Equalize .6 -, Posterize .8 5 Equalize 1 -, Rotate .2 3 Solarize .6 8,
    Equalize .6 - Posterize .4 6, Rotate .8 8 Color .4 0, Rotate .4 9 Equalize .6 -,
    Equalize 0 - Equalize .8 -, Invert .6 - Equalize 1 -, Color .6 4 Contrast 1 8,
    Rotate .8 8 Color 1 2, Color .8 8 Solarize .8 7, Sharpness .4 7 Invert .6 -,
    ShearX .6 5 Equalize 1 -, Color .4 0 Equalize .6 -, Equalize .4 - Solarize .2 4,
    Solarize .6 5 AutoContrast .6 -, Invert .6 - Equalize 1 -, Color .6 4 Contrast 1 8,
    Equalize .8 - Equalize .6 -`,
  cifar10: `Invert .1 - Contrast .2 6, Rotate .7 2 TranslateX .3 9, Sharpness .8 1 Sharpness .9 3,
    ShearY .5 8 TranslateY .7 9, AutoContrast .5 - Equalize .9 -, ShearY .2 7 Posterize .3 7,
    Color .4 3 Brightness .6 7, Sharpness .3 9 Brightness .7 9, Equalize .6 - Equalize .5 -,
    Contrast .6 7 Sharpness .6 5, Color .7 7 TranslateX .5 8, Equalize .3 - AutoContrast .4 -,
    TranslateY .4 3 Sharpness .2 6, Brightness .9 6 Color .2 8, Solarize .5 2 Invert 0 -,
    Equalize .2 - AutoContrast .6 -, Equalize .2 - Equalize .6 -, Color .9 9 Equalize .6 -,
    AutoContrast .8 - Solarize .2 8, Brightness .1 3 Color .7 0, Solarize .4 5 AutoContrast .9 -,
    TranslateY .9 9 TranslateY .7 9, AutoContrast .9 - Solarize .8 3, Equalize .8 - Invert .1 -,
    TranslateY .7 9 AutoContrast .9 -`,
  svhn: `ShearX .9 4 Invert .2 -, ShearY .9 8 Invert .7 -, Equalize .6 - Solarize .6 6,
    Invert .9 - Equalize .6 -, Equalize .6 - Rotate .9 3, ShearX .9 4 AutoContrast .8 -,
    ShearY .9 8 Invert .4 -, ShearY .9 5 Solarize .2 6, Invert .9 - AutoContrast .8 -,
    Equalize .6 - Rotate .9 3, ShearX .9 4 Solarize .3 3, ShearY .8 8 Invert .7 -,
    Equalize .9 - TranslateY .6 6, Invert .9 - Equalize .6 -, Contrast .3 3 Rotate .8 4,
    Invert .8 - TranslateY 0 2, ShearY .7 6 Solarize .4 8, Invert .6 - Rotate .8 4,
    ShearY .3 7 TranslateX .9 3, ShearX .1 6 Invert .6 -, Solarize .7 2 TranslateY .6 7,
    ShearY .8 4 Invert .8 -, ShearX .7 9 TranslateY .8 3, ShearY .8 5 AutoContrast .7 -,
    ShearX .7 2 Invert .1 -`,
} as const

interface Step {
  readonly name: Name
  readonly chance: number
  readonly strength: number
}

function parsePolicy(text: string): Step[][] {
  return text.split(',').map((pair) => {
    const words = pair.trim().split(/\s+/)
    return [0, 3].map((at) => ({
      name: words[at] as Name,
      chance: Number(words[at + 1]),
      strength: words[at + 2] === '-' ? 0 : Number(words[at + 2]),
    }))
  })
}

/** Options of {@link AutoAugment}. */
export interface AutoAugmentOptions {
  /** What the policy was learnt on. Default `imagenet`. */
  policy?: keyof typeof policies
  /** Default `nearest`. */
  interpolation?: Sampling
  /** Default 0. */
  fill?: Fill | null
}

const AUTO_NAMES = ['policy', 'interpolation', 'fill'] as const
const readAuto = parameters<[keyof typeof policies, Sampling, Fill | null]>(
  'AutoAugment',
  AUTO_NAMES,
)

/**
 * One of 25 pairs of changes that were found by search for a data set.
 *
 * Shapes: `[1 or 3, H, W]` -> same. Dtype: uint8, or float32 in [0, 1]; stays. Masks, boxes and points
 * follow the changes of shape.
 *
 * @throws {ValueError} for an unknown policy. @throws {ShapeError, DTypeError} for images without colours.
 * @see Cubuk et al. 2019, https://arxiv.org/abs/1805.09501; torchvision.transforms.v2.AutoAugment
 *
 * @example
 * ```ts
 * import { Generator, randint } from '@flambeau/core'
 * import { AutoAugment } from '@flambeau/data'
 * const image = randint(0, 256, [3, 32, 32], { dtype: 'uint8' })
 * const augment = new AutoAugment({ policy: 'cifar10' })
 * console.log(augment.apply(image, new Generator()).shape) // => [ 3, 32, 32 ]
 * ```
 */
export class AutoAugment extends Transform {
  readonly policy: keyof typeof policies
  readonly #pairs: readonly (readonly Step[])[]
  readonly #drawing: Drawing

  constructor(...given: Arguments<AutoAugmentOptions, typeof AUTO_NAMES>) {
    super(AutoAugment, given)
    const [policy = 'imagenet', interpolation = 'nearest', fill] = readAuto(given)
    if (!Object.hasOwn(policies, policy)) {
      throw new ValueError(
        'AutoAugment',
        [],
        `policy must be one of ${Object.keys(policies).join(', ')}, not ${show(policy)}`,
        "{ policy: 'imagenet' }",
      )
    }
    this.policy = policy
    this.#pairs = parsePolicy(policies[policy])
    this.#drawing = drawing('AutoAugment', interpolation, 'constant', fill ?? 0)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    requireColours('AutoAugment', scene.image)
    const pair = random.pick(this.#pairs)
    for (const { name, chance, strength } of pair) {
      if (random.share() > chance) continue
      const item = [name, strengths.get(name) ?? null] as const
      act(scene, random, this.#drawing, item, () => strength, 10)
    }
  }
}

function checkSteps(op: string, steps: number): number {
  if (Number.isInteger(steps) && steps >= 2) return steps
  throw new ValueError(
    op,
    [],
    `numMagnitudeBins must be a whole number ≥ 2, not ${show(steps)}`,
    '{ numMagnitudeBins: 31 }',
  )
}

/** Options of {@link RandAugment}. */
export interface RandAugmentOptions {
  /** Changes one after another. Default 2. */
  numOps?: number
  /** Their strength, from 0 up to numMagnitudeBins - 1. Default 9. */
  magnitude?: number
  /** Default 31. */
  numMagnitudeBins?: number
  /** Default `nearest`. */
  interpolation?: Sampling
  /** Default 0. */
  fill?: Fill | null
}

const RAND_NAMES = ['numOps', 'magnitude', 'numMagnitudeBins', 'interpolation', 'fill'] as const
const readRand = parameters<[number, number, number, Sampling, Fill | null]>(
  'RandAugment',
  RAND_NAMES,
)

/**
 * Some changes of one strength, chosen at random among 14.
 *
 * Shapes: `[1 or 3, H, W]` -> same. Dtype: uint8, or float32 in [0, 1]; stays.
 *
 * @throws {ValueError} for bad options.
 * @see Cubuk et al. 2020, https://arxiv.org/abs/1909.13719; torchvision.transforms.v2.RandAugment
 *
 * @example
 * ```ts
 * import { Generator, randint } from '@flambeau/core'
 * import { RandAugment } from '@flambeau/data'
 * const image = randint(0, 256, [3, 32, 32], { dtype: 'uint8' })
 * console.log(new RandAugment(2, 9).apply(image, new Generator()).shape) // => [ 3, 32, 32 ]
 * ```
 */
export class RandAugment extends Transform {
  readonly numOps: number
  readonly magnitude: number
  readonly numMagnitudeBins: number
  readonly #drawing: Drawing

  constructor(...given: Arguments<RandAugmentOptions, typeof RAND_NAMES>) {
    super(RandAugment, given)
    const [numOps = 2, magnitude = 9, steps = 31, interpolation = 'nearest', fill] = readRand(given)
    this.numMagnitudeBins = checkSteps('RandAugment', steps)
    const whole = Number.isInteger(numOps) && numOps >= 0 && Number.isInteger(magnitude)
    if (!whole || magnitude < 0 || magnitude >= steps) {
      throw new ValueError(
        'RandAugment',
        [],
        `numOps must be a whole number ≥ 0 and magnitude one from 0 to ${steps - 1}, not ${show(numOps)} and ${show(magnitude)}`,
        'new RandAugment(2, 9)',
      )
    }
    this.numOps = numOps
    this.magnitude = magnitude
    this.#drawing = drawing('RandAugment', interpolation, 'constant', fill ?? 0)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    requireColours('RandAugment', scene.image)
    for (let i = 0; i < this.numOps; i++) {
      const item = random.pick(randSpace)
      act(scene, random, this.#drawing, item, () => this.magnitude, this.numMagnitudeBins)
    }
  }
}

/** Options of {@link TrivialAugmentWide}. */
export interface TrivialAugmentWideOptions {
  /** Default 31. */
  numMagnitudeBins?: number
  /** Default `nearest`. */
  interpolation?: Sampling
  /** Default 0. */
  fill?: Fill | null
}

const TRIVIAL_NAMES = ['numMagnitudeBins', 'interpolation', 'fill'] as const
const readTrivial = parameters<[number, Sampling, Fill | null]>('TrivialAugmentWide', TRIVIAL_NAMES)

/**
 * One change of any strength.
 *
 * Shapes: `[1 or 3, H, W]` -> same. Dtype: uint8, or float32 in [0, 1]; stays.
 *
 * @throws {ValueError} for bad options.
 * @see Müller, Hutter 2021, https://arxiv.org/abs/2103.10158; torchvision.transforms.v2.TrivialAugmentWide
 *
 * @example
 * ```ts
 * import { Generator, randint } from '@flambeau/core'
 * import { TrivialAugmentWide } from '@flambeau/data'
 * const image = randint(0, 256, [3, 32, 32], { dtype: 'uint8' })
 * console.log(new TrivialAugmentWide().apply(image, new Generator()).shape) // => [ 3, 32, 32 ]
 * ```
 */
export class TrivialAugmentWide extends Transform {
  readonly numMagnitudeBins: number
  readonly #drawing: Drawing

  constructor(...given: Arguments<TrivialAugmentWideOptions, typeof TRIVIAL_NAMES>) {
    super(TrivialAugmentWide, given)
    const [steps = 31, interpolation = 'nearest', fill] = readTrivial(given)
    this.numMagnitudeBins = checkSteps('TrivialAugmentWide', steps)
    this.#drawing = drawing('TrivialAugmentWide', interpolation, 'constant', fill ?? 0)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    requireColours('TrivialAugmentWide', scene.image)
    const item = random.pick(trivialSpace)
    const steps = this.numMagnitudeBins
    act(scene, random, this.#drawing, item, () => random.integer(0, steps), steps)
  }
}
