/** Trains detectors, segmenters and generators, in a small form that learns from scratch. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { manualSeed, setNumThreads } from '@flambeau/core'
import { trainDetector } from './others/detector.ts'
import { trainGenerator } from './others/generator.ts'
import { trainSegmenter } from './others/segmenter.ts'
import { planOf } from './plans.ts'
import type { Run, TrainOptions } from './run.ts'
import { refuse } from './run.ts'

/**
 * Trains a model that is no classifier; leaves its weights, its curves and pictures of what it does. False
 * for names of others.
 *
 * @throws {ValueError} for options that it does not take. @throws {FormatError} for bad data.
 */
export async function trainOther(
  asked: string,
  options: TrainOptions,
  say: (text: string) => void,
): Promise<boolean> {
  const found = planOf(asked)
  if (found === null) return false
  const { name, kind, plan } = found
  const { out = join('runs', 'vision', name), seed, threads, epochs = plan.epochs } = options
  const { batchSize = plan.batchSize, lr = plan.lr } = options
  refuse(options.workers > 0, '--workers', 'its pictures are in memory')
  if (threads !== undefined) setNumThreads(threads)
  mkdirSync(out, { recursive: true })
  manualSeed(seed)
  const run: Run = { name, options, out, epochs, batchSize, lr, say }
  if (kind === 'detection') await trainDetector(run, plan)
  else if (kind === 'segmentation') await trainSegmenter(run, plan)
  else await trainGenerator(run, plan)
  return true
}
