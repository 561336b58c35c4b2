/**
 * What is known of each name of PyTorch in scope: does it exist here, do its cases of PyTorch's
 * operator database pass, and do its gradients agree with finite differences, also the second ones.
 */
import { readFileSync } from 'node:fs'
import * as autograd from '@flambeau/autograd'
import { Tensor } from '@flambeau/core'
import { allSamples } from '@flambeau/core/testing'
import type { Case, Names } from './cases.ts'
import { callOf, exists, runCase } from './cases.ts'
import { goldenFiles, readCases } from './goldens.ts'

/** The outcome of a check: passed, failed (with the first reason), or nothing to check. */
export type Check = { done: true; why?: undefined } | { done: false; why: string } | null

export interface NameReport {
  readonly namespace: string
  /** PyTorch's name. */
  readonly torch: string
  /** The name here. */
  readonly name: string
  exists: boolean
  /** Values against PyTorch's, from the operator database. */
  values: Check
  cases: number
  /** Samples with a golden of their own in the packages. */
  samples: number
  /** The test file that is about this name, where there is no golden. */
  test: string | null
  gradcheck: Check
  gradgradcheck: Check
  /** Dtypes of the passing cases. */
  readonly dtypes: Set<string>
}

/** Elements of the tensors that want a gradient; finite differences take two calls for each. */
function leafElements(test: Case): number {
  let total = 0
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null) {
      const { t, g, d, kw } = value as { t?: string; g?: number; d?: unknown[]; kw?: object }
      if (t !== undefined && g === 1) total += d?.length ?? 0
      else if (kw !== undefined) Object.values(kw).forEach(visit)
    }
  }
  visit(test.args)
  visit(Object.values(test.kwargs))
  return total
}

/** Gradients by finite differences where the case has some: they are exact up to 1e-3. */
function checkGradients(names: Names, test: Case, second: boolean): Check {
  const call = callOf(names, test)
  if (call === null || call.leaves.length === 0) return null
  const { run, leaves } = call
  try {
    const check = second ? autograd.gradgradcheck : autograd.gradcheck
    check((...inputs: Tensor[]) => run(inputs).filter(isFloating), leaves, { fastMode: true })
    return { done: true }
  } catch (error) {
    return { done: false, why: (error as Error).message.split('\n')[0] ?? '' }
  }
}

function isFloating(value: unknown): value is Tensor {
  return value instanceof Tensor && value.isFloatingPoint()
}

/** A check of several parts: the first failure counts. */
function both(a: Check, b: Check): Check {
  if (a === null) return b
  return a.done && b !== null ? b : a
}

const MOST_ELEMENTS = 40

/** tested.json: names whose tests are elsewhere. A file that does not name them does not count. */
function testFiles(names: Names): Record<string, string> {
  const root = new URL('../../', import.meta.url)
  const table = JSON.parse(readFileSync(new URL('parity/tested.json', root), 'utf8')) as Record<
    string,
    string
  >
  for (const [key, file] of Object.entries(table)) {
    const [namespace, torch] = key.split('.') as [string, string]
    const text = readFileSync(new URL(file, root), 'utf8')
    if (!text.includes(names[namespace]?.[torch] ?? key)) {
      throw new Error(`${file} has no test of ${key}: correct parity/tested.json`)
    }
  }
  return table
}

/** Runs all cases. `only` restricts to some operators (file names without .json). */
export function report(names: Names, only: readonly string[] = []): NameReport[] {
  const reports = new Map<string, NameReport>()
  const tested = testFiles(names)
  const samples = allSamples()
  for (const [namespace, entries] of Object.entries(names)) {
    for (const [torch, name] of Object.entries(entries)) {
      const withGolden = (samples.get(name) ?? []).filter((s) => s.golden !== undefined)
      reports.set(`${namespace}.${torch}`, {
        namespace,
        torch,
        name,
        exists: exists(names, namespace, torch),
        values: null,
        cases: 0,
        samples: withGolden.length,
        test: tested[`${namespace}.${torch}`] ?? null,
        gradcheck: null,
        gradgradcheck: null,
        dtypes: new Set(),
      })
    }
  }
  for (const file of goldenFiles()) {
    if (only.length > 0 && !only.includes(file)) continue
    for (const test of readCases(file)) {
      const entry = reports.get(`${test.ns}.${test.name}`)
      if (entry === undefined) continue
      entry.cases++
      const outcome = runCase(names, test)
      const passed = outcome.status === 'pass'
      if (passed && test.raises === undefined) entry.dtypes.add(test.dtype)
      const why = outcome.status === 'fail' ? outcome.why : outcome.status
      entry.values = both(entry.values, passed ? { done: true } : { done: false, why })
      if (test.grads === undefined || test.fd === 0 || leafElements(test) > MOST_ELEMENTS) continue
      entry.gradcheck = both(entry.gradcheck, checkGradients(names, test, false))
      entry.gradgradcheck = both(entry.gradgradcheck, checkGradients(names, test, true))
    }
  }
  return [...reports.values()]
}
