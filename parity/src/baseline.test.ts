import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Names } from './cases.ts'
import type { Baseline } from './document.ts'
import { lost } from './document.ts'
import { report } from './report.ts'

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

it('no name goes backwards: what passed (baseline.json) still does', () => {
  const reports = report(read('../names.json') as Names)
  expect(lost(read('../baseline.json') as Baseline, reports)).toEqual([])
}, 300_000)
