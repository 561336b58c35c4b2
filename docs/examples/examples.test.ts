import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { format, promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isExpected, readExpectations } from './expectations.ts'
import { examplesInMarkdown, examplesInSource } from './extract.ts'
import type { Example } from './extract.ts'

// Every example of the repository is written to a file of its own, compiled together with the others,
// and imported with console.log captured. It resolves packages as this folder's package.json says.

const root = join(import.meta.dirname, '../..')
const workshop = join(import.meta.dirname, '../.examples', String(process.pid))

interface Prepared extends Example {
  name: string
  path: string
}

interface Complaint {
  line: number
  message: string
}

const examples: Prepared[] = findExamples().map((example, index) => ({
  ...example,
  name: `${example.file}:${example.line}`,
  path: join(workshop, `example-${index}.ts`),
}))

/** What the example being run has printed, by line. */
let printed: Map<number, string[]>
/** The compiler's complaints, by path of the example. */
let complaints: Map<string, Complaint[]>

beforeAll(async () => {
  rmSync(workshop, { recursive: true, force: true })
  mkdirSync(workshop, { recursive: true })
  for (const { path, code } of examples) {
    // An empty export makes a module of an example that imports nothing.
    writeFileSync(path, `${readExpectations(code).code}\nexport {}\n`)
  }
  complaints = await compile()
})

beforeEach(() => {
  printed = new Map()
})

afterAll(() => rmSync(workshop, { recursive: true, force: true }))

describe('the example at', () => {
  for (const example of examples) {
    test(example.name, () => expectToHold(example))
  }
})

test('the repository and every package have a README with a runnable example', () => {
  const readmes = readdirSync(join(root, 'packages'))
    // Others carry a compiled file only.
    .filter((name) => existsSync(join(root, 'packages', name, 'src')))
    .map((name) => `packages/${name}/README.md`)
  const without = ['README.md', ...readmes].filter(
    (readme) => !examples.some((example) => example.file === readme && example.runs),
  )
  expect(without).toEqual([])
})

/** Compiles, runs, and prints what it says. */
async function expectToHold({ path, code, runs, line }: Prepared): Promise<void> {
  const errors = complaints.get(path) ?? []
  expect(errors.map((error) => `line ${line - 1 + error.line}: ${error.message}`)).toEqual([])
  if (!runs) return
  const log = console.log
  const folder = process.cwd()
  const scratch = mkdtempSync(join(tmpdir(), 'flambeau-example-'))
  console.log = () => {}
  process.chdir(scratch) // for examples that write files
  try {
    await import(/* @vite-ignore */ path)
  } finally {
    console.log = log
    process.chdir(folder)
    rmSync(scratch, { recursive: true, force: true })
  }
  for (const expectation of readExpectations(code).expectations) {
    const text = (printed.get(expectation.line) ?? ['(nothing)']).join('\n')
    if (isExpected(text, expectation.text)) continue
    expect.soft(text, `line ${line - 1 + expectation.line}`).toBe(expectation.text)
  }
}

/** Called by the examples in place of console.log where they state what is printed. */
globalThis.printed = (line, ...values) => {
  printed.set(line, [...(printed.get(line) ?? []), format(...values)])
}

declare global {
  function printed(line: number, ...values: unknown[]): void
}

/** Type-checks all examples at once. */
async function compile(): Promise<Map<string, Complaint[]>> {
  writeFileSync(
    join(workshop, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tsconfig.tests.json',
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, incremental: false },
      include: ['*.ts'],
    }),
  )
  writeFileSync(
    join(workshop, 'printed.d.ts'),
    'declare function printed(line: number, ...values: unknown[]): void\n',
  )
  const tsc = join(root, 'node_modules/.bin/tsc')
  const output: string = await promisify(execFile)(tsc, ['-p', workshop, '--pretty', 'false'], {
    cwd: workshop,
  }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
  const found = new Map<string, Complaint[]>()
  for (const [, name = '', at = '', message = ''] of output.matchAll(
    /^(\S+)\((\d+),\d+\): (.*)$/gm,
  )) {
    const path = join(workshop, name)
    found.set(path, [...(found.get(path) ?? []), { line: Number(at), message }])
  }
  return found
}

function findExamples(): Example[] {
  const read = (path: string): string => readFileSync(path, 'utf8')
  return [
    ...[join(root, 'README.md')].filter((path) => existsSync(path)),
    ...filesBelow(join(root, 'docs'), '.md'),
    ...filesBelow(join(root, 'packages'), 'README.md'),
    ...filesBelow(join(root, 'apps'), 'README.md'),
    ...filesBelow(join(root, 'packages'), '.ts').filter((path) => path.includes('/src/')),
  ].flatMap((path) => {
    const find = path.endsWith('.md') ? examplesInMarkdown : examplesInSource
    return find(relative(root, path), read(path))
  })
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (/^(node_modules|dist|build|prebuilt|\..*)$/.test(entry.name)) return []
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesBelow(path, ending) : [path]
    })
    .filter((path) => path.endsWith(ending))
    .sort()
}
