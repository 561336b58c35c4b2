/** Reads goldens/*.json: cases of PyTorch's operator database, one file for each operator. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Case } from './cases.ts'

/** A case as it is stored: other names that mean the same share its data. */
type StoredCase = Case & { also?: [ns: string, name: string][] }

const folder = new URL('../goldens/', import.meta.url)

/** Names of the files, without .json. */
export function goldenFiles(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .sort()
}

/** The cases of a file, one for each name that they are for. */
export function readCases(file: string): Case[] {
  const text = readFileSync(new URL(`${file}.json`, folder), 'utf8')
  const { cases } = JSON.parse(text) as { cases: StoredCase[] }
  return cases.flatMap(({ also = [], ...test }) => [
    test,
    ...also.map(([ns, name]) => ({ ...test, ns, name })),
  ])
}
