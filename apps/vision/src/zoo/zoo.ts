/** Proves of each model that it learns, and keeps what came out. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setNumThreads, ValueError } from '@flambeau/core'
import { FormatError, writeFileAtomic } from '@flambeau/data'
import { findModel } from '../models.ts'
import { MODELS } from '../registry.ts'
import { provesToClassify } from './classification.ts'
import { DETECTORS, provesToDetect } from './detection.ts'
import { GENERATORS, provesToGenerate } from './generation.ts'
import type { Result } from './result.ts'
import { isGood } from './result.ts'
import { provesToSegment, SEGMENTERS } from './segmentation.ts'
import { tables, writeTables } from './table.ts'

export interface ZooOptions {
  readonly out: string
  readonly readme?: string
  readonly again: boolean
  readonly seed: number
  readonly threads?: number
}

const NAMES = [MODELS, DETECTORS, SEGMENTERS, GENERATORS].flatMap((all) => Object.keys(all))

async function prove(
  name: string,
  options: ZooOptions,
  say: (text: string) => void,
): Promise<Result> {
  if (Object.hasOwn(SEGMENTERS, name)) return provesToSegment(name, options.seed)
  if (Object.hasOwn(GENERATORS, name)) {
    return provesToGenerate(name, options.seed, join(options.out, 'judge.safetensors'), say)
  }
  if (Object.hasOwn(DETECTORS, name)) {
    return provesToDetect(name, options.seed, join(options.out, 'scenes'))
  }
  return provesToClassify(name, options.seed)
}

/** What came out before. @throws {FormatError} if the file is damaged. */
function readResults(path: string): Result[] {
  if (!existsSync(path)) return []
  try {
    const list: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (Array.isArray(list)) return list as Result[]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new FormatError({
    format: 'results',
    path,
    reason: 'it is not a list in JSON',
    fix: 'remove it, or choose another --out folder',
  })
}

/**
 * Trains each model at a small size, one after the other. Results are kept as they come, so that a zoo that
 * was stopped goes on.
 *
 * @throws {ValueError} in the end, if a model did not reach its goal.
 */
export async function zoo(
  asked: readonly string[],
  options: ZooOptions,
  say: (text: string) => void,
): Promise<void> {
  for (const name of asked) if (!NAMES.includes(name)) findModel(name)
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(options.out, { recursive: true })
  const file = join(options.out, 'results.json')
  const results = new Map(readResults(file).map((one) => [one.name, one]))
  const inOrder = (): Result[] => NAMES.flatMap((name) => results.get(name) ?? [])

  for (const name of asked.length > 0 ? asked : NAMES) {
    if (results.has(name) && !options.again) continue
    say(`${name} …`)
    const result = await prove(name, options, say)
    results.set(name, result)
    const heart =
      result.overfitSteps === null ? '' : `a batch by heart in ${result.overfitSteps} steps, `
    const masks =
      result.maskIoU === undefined
        ? ''
        : `, masks ${result.maskIoU.toFixed(3)} (at least ${result.maskGoal})`
    say(
      `${name}: ${heart}${result.value.toFixed(3)} (at least ${result.goal})${masks}, ${Math.round(result.cpuSeconds)} s of processor time${isGood(result) ? '' : ': NOT REACHED'}`,
    )
    const json = new TextEncoder().encode(`${JSON.stringify(inOrder(), null, 2)}\n`)
    writeFileAtomic(file, [json])
    writeFileAtomic(join(options.out, 'table.md'), [
      new TextEncoder().encode(`${tables(inOrder())}\n`),
    ])
  }
  if (options.readme !== undefined) writeTables(options.readme, inOrder())
  const failed = inOrder().filter((one) => !isGood(one))
  if (failed.length === 0) return
  const names = failed.map(({ name }) => name).join(', ')
  throw new ValueError('zoo', [], `not all models reached their goals: ${names}`, `see ${file}`)
}
