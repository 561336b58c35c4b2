/** Runs programs of the course in tests. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format } from 'node:util'
import { imageInfo } from '@flambeau/data'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { Group } from './group.ts'
import { configure } from './settings.ts'

/** What a program did. */
export interface Tried {
  /** All that it printed. */
  readonly said: string
  /** The number after a text that it printed, the first or the one so many further. */
  readonly number: (after: string, occurrence?: number) => number
  /** The names in its folder, sorted. */
  readonly files: readonly string[]
}

/**
 * Runs programs of a group on a small budget, each with a folder of its own, which is gone after the test.
 * Their pictures are pictures.
 */
export function trier<P extends Group['programs']>(group: {
  readonly programs: P
}): (name: keyof P & string) => Promise<Tried> {
  let out: string
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), 'flambeau-course-'))
  })
  afterEach(() => rmSync(out, { recursive: true }))

  return async (name) => {
    const lines: string[] = []
    const print = vi.spyOn(console, 'log')
    print.mockImplementation((...values: unknown[]) => void lines.push(format(...values)))
    configure({ quick: true, out })
    await group.programs[name]?.run()
    print.mockRestore()
    const files = readdirSync(out).sort()
    for (const file of files.filter((one) => one.endsWith('.png'))) {
      const { width, height } = await imageInfo(join(out, file))
      expect([file, Math.min(width, height) > 100]).toEqual([file, true])
    }
    const said = lines.join('\n')
    return { said, files, number: (...where) => numberIn(said, ...where) }
  }
}

function numberIn(said: string, after: string, occurrence = 0): number {
  const rest = said.split(after)[occurrence + 1]
  if (rest === undefined) throw new Error(`'${after}' was not printed so often, but:\n${said}`)
  return Number.parseFloat(rest.replace(/^[\s:=(]*/, ''))
}
