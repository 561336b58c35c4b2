/** How models that are no classifiers are trained, by name. */
import { OTHERS } from './others.ts'
import type { DetectorPlan } from './zoo/detection.ts'
import { DETECTORS } from './zoo/detection.ts'
import type { GeneratorPlan } from './zoo/generation.ts'
import { GENERATORS } from './zoo/generation.ts'
import type { SegmenterPlan } from './zoo/segmentation.ts'
import { SEGMENTERS } from './zoo/segmentation.ts'

/** A plan with its name, which is that of the small form. */
export type NamedPlan = { readonly name: string } & (
  | { readonly kind: 'detection'; readonly plan: DetectorPlan }
  | { readonly kind: 'segmentation'; readonly plan: SegmenterPlan }
  | { readonly kind: 'generation'; readonly plan: GeneratorPlan }
)

const own = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined

/** The plan of that name, or of a model of the list; null if it is no detector, segmenter or generator. */
export function planOf(asked: string): NamedPlan | null {
  const name = own(OTHERS, asked)?.trainedAs ?? asked
  const [detector, segmenter] = [own(DETECTORS, name), own(SEGMENTERS, name)]
  if (detector !== undefined) return { name, kind: 'detection', plan: detector }
  if (segmenter !== undefined) return { name, kind: 'segmentation', plan: segmenter }
  const generator = own(GENERATORS, name)
  return generator === undefined ? null : { name, kind: 'generation', plan: generator }
}

/** The names of all plans. */
export const PLANS: readonly string[] = [DETECTORS, SEGMENTERS, GENERATORS].flatMap((all) =>
  Object.keys(all),
)
