/** Proves of each model that it learns, and keeps what came out. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setNumThreads, ValueError } from '@flambeau/core'
import { FormatError, writeFileAtomic } from '@flambeau/data'
import { findModel } from '../models.ts'
import { planOf, PLANS } from '../plans.ts'
import { MODELS } from '../registry.ts'
import { provesToClassify } from './classification.ts'
import { provesToDetect } from './detection.ts'
import { provesToGenerate } from './generation.ts'
import type { Result } from './result.ts'
import { isGood } from './result.ts'
import { provesToSegment } from './segmentation.ts'
import { tables, writeTables } from './table.ts'

export interface ZooOptions {
  readonly out: string
  readonly readme?: string
  readonly again: boolean
  readonly seed: number
  readonly threads?: number
}

const NAMES = [...Object.keys(MODELS), ...PLANS]

async function prove(
  name: string,
  options: ZooOptions,
  say: (text: string) => void,
): Promise<Result> {
  const { seed, out } = options
  switch (planOf(name)?.kind) {
    case 'detection':
      return provesToDetect(name, seed, join(out, 'scenes'))
    case 'segmentation':
      return provesToSegment(name, seed)
    case 'generation':
      return provesToGenerate(name, seed, join(out, 'judge.safetensors'), say)
    default:
      return provesToClassify(name, seed)
  }
}

/** The result by what its model must reach now. */
function judgedAnew(result: Result): Result {
  const found = planOf(result.name)
  if (found === null) return { ...result, goal: findModel(result.name).zoo.goal }
  if (found.kind !== 'detection' || found.plan.maskGoal === undefined)
    return { ...result, goal: found.plan.goal }
  const { goal, maskGoal, maskPrecisionGoal = 0 } = found.plan
  return { ...result, goal, maskGoal, maskPrecisionGoal }
}

/**
 * What came out before, of models that there are still; it is judged by today's goals.
 *
 * @throws {FormatError} if the file is damaged.
 */
function readResults(path: string): Result[] {
  if (!existsSync(path)) return []
  try {
    const list: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (Array.isArray(list)) {
      return (list as Result[])
        .filter(({ name }) => NAMES.includes(name))
        .map((one) => judgedAnew(one))
    }
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
        : `, masks ${result.maskPrecision?.toFixed(3)} (at least ${result.maskPrecisionGoal}), their IoU ${result.maskIoU.toFixed(3)} (at least ${result.maskGoal})`
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
