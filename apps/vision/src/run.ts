/** What runs of all kinds of models have in common. */
import { join } from 'node:path'
import { Generator, randperm, ValueError } from '@flambeau/core'
import { FormatError } from '@flambeau/data'
import type { Module } from '@flambeau/nn'
import type { Stateful } from '@flambeau/trainer'
import { passes } from './registry.ts'

/** What a training is told on the command line. */
export interface TrainOptions {
  readonly data: string
  readonly out?: string
  readonly epochs?: number
  readonly batchSize?: number
  readonly lr?: number
  readonly size?: number
  readonly images: number
  readonly testImages: number
  readonly workers: number
  readonly mixedPrecision: boolean
  readonly skipCorrupt: boolean
  readonly seed: number
  readonly threads?: number
  readonly resume: boolean
}

/** A run of a model that is no classifier. */
export interface Run {
  readonly name: string
  readonly options: TrainOptions
  readonly out: string
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly say: (text: string) => void
}

/** Says what is trained and how; the recipe in one line. */
export function announce(run: Run, networks: Iterable<Module<never, unknown>>): string {
  let parameters = 0
  for (const net of networks) for (const one of net.parameters()) parameters += one.numel()
  const recipe = `AdamW ${run.lr}, batch ${run.batchSize}, ${passes(run.epochs)}`
  run.say(`${run.name}: ${parameters.toLocaleString('en')} parameters, ${recipe}`)
  return recipe
}

/** A checkpoint's note of what run it is of: it refuses that of another. */
export function sameRun(decided: object): Stateful {
  const text = JSON.stringify(decided)
  return {
    stateDict: () => ({ decided: text }),
    loadStateDict: (before: { decided: string }) => {
      if (before.decided === text) return
      const rule = `the checkpoint is of another run: ${before.decided}`
      throw new ValueError('resume', [], rule, 'pass the same options, or another --out folder')
    },
  }
}

/** What `fit` does beside the loop. */
export function keeping(
  { out, options, name, epochs, batchSize }: Run,
  size: number,
): {
  readonly checkpoints: string
  readonly resume: boolean
  readonly autocast: boolean
  readonly state: { readonly run: Stateful }
} {
  const { data, images, seed, resume, mixedPrecision } = options
  return {
    checkpoints: join(out, 'checkpoints'),
    resume,
    autocast: mixedPrecision,
    state: { run: sameRun({ name, data, size, images, seed, epochs, batchSize }) },
  }
}

/** @throws {ValueError} for an option that would do nothing. */
export function refuse(given: boolean, flag: string, why: string): void {
  if (given) throw new ValueError('vision', [], `${flag} does nothing here: ${why}`, 'leave it out')
}

/** The folder of a source `folder:DIR`. @throws {ValueError} for another source. */
export function folderOf(source: string, layout: string): string {
  if (source.startsWith('folder:')) return source.slice('folder:'.length)
  const fix = `--data mnist, or --data folder:DIR with ${layout}`
  throw new ValueError('vision', [], `there is no source '${source}'`, fix)
}

/** Samples in random order, a fifth of which is held back. @throws {FormatError} for fewer than two. */
export function heldBack<T>(all: readonly T[], path: string, seed: number): [T[], T[]] {
  if (all.length < 2) {
    const reason = `there is ${all.length} picture in it, and some are held back to be judged by`
    throw new FormatError({ format: 'pictures', path, reason, fix: 'give two or more' })
  }
  const generator = new Generator().manualSeed(seed)
  const order = (randperm(all.length, { generator }).tolist() as number[]).map((at) => all[at] as T)
  const kept = Math.max(1, Math.round(all.length / 5))
  return [order.slice(kept), order.slice(0, kept)]
}
