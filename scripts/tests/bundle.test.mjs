import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundleModules, isBundled, restoreModules } from '../lib/bundle.mjs'

let folder = ''
const inDist = (/** @type {string[]} */ ...path) => join(folder, 'dist', ...path)
const text = (/** @type {string[]} */ ...path) => readFileSync(inDist(...path), 'utf8')

/** What a compiler would leave: two entry points that share a module with a state. */
function compile(/** @type {string} */ version) {
  mkdirSync(inDist('parts'), { recursive: true })
  writeFileSync(inDist('state.js'), 'export const state = { count: 0 }\n')
  writeFileSync(
    inDist('index.js'),
    `import { state } from './state.js'\nexport class Counter {}\nexport const version = '${version}'\nexport const up = () => ++state.count\n`,
  )
  writeFileSync(
    inDist('parts', 'internal.js'),
    "import { state } from '../state.js'\nexport { state }\n",
  )
  writeFileSync(inDist('.tsbuildinfo'), version)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  const exports = {
    '.': { default: './dist/index.js' },
    './internal': { default: './dist/parts/internal.js' },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', exports }))
  compile('1')
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('bundling', () => {
  it('puts few files in the places of entry points, with one state', async () => {
    expect(isBundled([folder])).toBe(false)
    expect(await bundleModules([folder])).toBe(1)
    expect(isBundled([folder])).toBe(true)
    const index = await import(pathToFileURL(inDist('index.js')).href)
    const internal = await import(pathToFileURL(inDist('parts', 'internal.js')).href)
    expect(index.up()).toBe(1)
    expect(internal.state.count).toBe(1)
    expect(index.Counter.name).toBe('Counter')
    rmSync(inDist('state.js'))
    expect(text('index.js')).not.toContain('state.js')
  })

  it('sets aside what the compiler left, and puts it back', async () => {
    const before = text('index.js')
    await bundleModules([folder])
    expect(text('index.js')).not.toBe(before)
    restoreModules([folder])
    expect(text('index.js')).toBe(before)
    expect(text('.tsbuildinfo')).toBe('1')
    expect(isBundled([folder])).toBe(false)
  })

  it('gives way to a later compilation', async () => {
    await bundleModules([folder])
    compile('2')
    expect(isBundled([folder])).toBe(false)
    restoreModules([folder])
    expect(text('index.js')).toContain("version = '2'")
    expect(text('.tsbuildinfo')).toBe('2')
  })
})
