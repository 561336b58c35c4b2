import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// Every class that a package exports has an example in its doc comment; the examples themselves are run
// by examples.test.ts.

const packages = join(import.meta.dirname, '../../packages')

/** All sources of a package that are not tests. */
function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|samples)\.ts$|testing\//.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

/** Names of classes with whether the comment above each has an example. */
function classes(source: string): [name: string, hasExample: boolean][] {
  const found: [string, boolean][] = []
  for (const match of source.matchAll(/^export (?:abstract )?class (\w+)/gm)) {
    const above = source.slice(0, match.index).replace(/(\/\/[^\n]*\n)+$/, '')
    const comment = above.trimEnd().endsWith('*/') ? above.slice(above.lastIndexOf('/**')) : ''
    found.push([match[1] as string, comment.includes('```ts')])
  }
  return found
}

/** What a namespace exports, and what its namespaces export. */
function exported(namespace: object, into = new Set<string>()): Set<string> {
  for (const [name, value] of Object.entries(namespace) as [string, unknown][]) {
    if (typeof value === 'function') into.add(name)
    else if (typeof value === 'object' && value !== null && Symbol.toStringTag in value) {
      exported(value, into)
    }
  }
  return into
}

/** Packages with code; others carry a compiled file only. */
const withCode = readdirSync(packages).filter((name) => existsSync(join(packages, name, 'src')))

test.each(withCode)('every class of %s has an example', async (name) => {
  const namespace = (await import(`@flambeau/${name}`)) as object
  const names = exported(namespace)
  const all = sources(join(packages, name, 'src')).flatMap(classes)
  // A class that is not exported may have the name of one that is.
  const shown = new Set(all.filter(([, hasExample]) => hasExample).map(([one]) => one))
  expect(all.map(([one]) => one).filter((one) => names.has(one) && !shown.has(one))).toEqual([])
  if (name === 'nn') expect(all.filter(([one]) => names.has(one)).length).toBeGreaterThan(150)
})
