/** What every program of the course asks: how much to do, and where its files go. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const settings = { quick: false, out: 'runs/course' }

/** Sets both, before a program runs. */
export function configure(given: Readonly<typeof settings>): void {
  Object.assign(settings, given)
  mkdirSync(settings.out, { recursive: true })
}

/** `full`, or `small` where the program is only tried out (`--quick`). */
export const budget = (full: number, small: number): number => (settings.quick ? small : full)

/** The path of a file of the program: `outFile('loss.png')`. */
export const outFile = (name: string): string => join(settings.out, name)
