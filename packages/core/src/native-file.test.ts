import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import {
  addonPlaces,
  brokenAddon,
  findAddon,
  missingAddon,
  platformFacts,
  platformTrouble,
} from './native-file.ts'
import type { AddonPlace, PlatformFacts } from './native-file.ts'

afterEach(() => vi.unstubAllEnvs())

const good: PlatformFacts = {
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  node: '22.1.0',
  engine: null,
}
const packaged: AddonPlace = { kind: 'package', path: '/somewhere/flambeau.node' }

test('the environment decides alone; then comes what was compiled here, then the package', () => {
  vi.stubEnv('FLAMBEAU_NATIVE', 'mine/flambeau.node')
  expect(addonPlaces(good)).toEqual([{ kind: 'environment', path: resolve('mine/flambeau.node') }])
  vi.stubEnv('FLAMBEAU_NATIVE', '')
  const kinds = addonPlaces(good).map((place) => place.kind)
  expect(kinds).toEqual(['source build', 'package'])
  expect(addonPlaces({ ...good, arch: 's390x' })).toHaveLength(1)
})

test('the first place that has a file is taken', () => {
  const here: AddonPlace = { kind: 'package', path: import.meta.filename }
  expect(findAddon([{ kind: 'source build', path: '/nowhere/flambeau.node' }, here])).toBe(here)
  expect(findAddon([packaged])).toBeUndefined()
})

test('this process is described as it is', () => {
  const facts = platformFacts()
  expect(facts.node).toBe(process.versions.node)
  expect(facts.platform === 'linux' ? facts.glibc : '2.0').toMatch(/^\d+\.\d+/)
  expect(platformTrouble(good)).toBeNull()
})

test.each([
  [{ node: '18.20.1' }, /Node\.js 18\.20\.1 is too old/, /nodejs\.org/],
  [{ platform: 'darwin', arch: 'arm64', glibc: null }, /no native addon.*darwin-arm64/, /-build/],
  [{ platform: 'win32', glibc: null }, /win32-x64 \(only for linux-x64\)/, /Subsystem for Linux/],
  [{ glibc: null }, /another C library \(musl/, /node:22-slim/],
  [{ glibc: '2.31' }, /needs glibc 2\.34, and this system has 2\.31/, /newer system/],
  [{}, /core-linux-x64-gnu has no file \(looked at \/somewhere/, /--omit=optional/],
])('where %o there is no addon, and it is said why', (facts, rule, fix) => {
  const advice = missingAddon({ ...good, ...facts }, [packaged])
  expect(advice.rule).toMatch(rule)
  expect(advice.fix).toMatch(fix)
})

test('a package that was left out of the installation', () => {
  const places: AddonPlace[] = [{ kind: 'source build', path: '/core/prebuilt/flambeau.node' }]
  expect(missingAddon(good, places).rule).toMatch(/core-linux-x64-gnu is not installed/)
})

test('a file that the environment names wrongly', () => {
  const advice = missingAddon(good, [{ kind: 'environment', path: '/no/such.node' }])
  expect(advice.rule).toContain('/no/such.node')
  expect(advice.fix).toContain('unset')
})

test('an addon that is there and cannot be loaded', () => {
  const missing = 'libdnnl.so.2: cannot open shared object file: No such file or directory'
  const built: AddonPlace = { kind: 'source build', path: '/here/flambeau.node' }
  expect(brokenAddon(good, built, missing).fix).toContain('compile again')
  expect(brokenAddon(good, packaged, missing).fix).toContain('system library libdnnl.so.2')
  const old = brokenAddon({ ...good, glibc: '2.28' }, packaged, "version `GLIBC_2.34' not found")
  expect(old.rule).toContain('this system has 2.28')
  expect(brokenAddon(good, packaged, 'invalid ELF header').fix).toContain('install again')
})

test('a program says what is wrong in one error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-addon-'))
  try {
    const noAddon = join(folder, 'text.node')
    writeFileSync(noAddon, 'not an addon')
    for (const [path, words] of [
      [join(folder, 'none.node'), 'there is no file'],
      [noAddon, 'could not be loaded'],
    ] as const) {
      const run = spawnSync(
        process.execPath,
        [
          '--conditions=@flambeau/source',
          '--import',
          import.meta.resolve('tsx'),
          '--input-type=module',
          '--eval',
          `await import(${JSON.stringify(import.meta.resolve('./index.ts'))}).catch((error) => console.log(error.code, error.message))`,
        ],
        { encoding: 'utf8', env: { ...process.env, FLAMBEAU_NATIVE: path } },
      )
      expect(run.stdout + run.stderr).toMatch(/^ERR_NATIVE flambeau/)
      expect(run.stdout).toContain(words)
      expect(run.stdout).toContain('npx flambeau-doctor')
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
