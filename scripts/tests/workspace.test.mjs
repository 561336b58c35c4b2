import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { allTasks } from '../lib/checks.mjs'
import { inRepo, pnpmSpec, readJson, workspaceFolders } from '../lib/repo.mjs'

/** Packages that carry a compiled file and nothing else name a system. */
const foldersWithCode = () =>
  workspaceFolders().filter((folder) => !readJson(inRepo(folder, 'package.json')).os)

describe('the workspace', () => {
  test('runs turbo with the pnpm that installed it', () => {
    const catalog = readFileSync(inRepo('pnpm-workspace.yaml'), 'utf8')
    expect(catalog).toContain(`  ${pnpmSpec().replace('@', ': ')}\n`)
  })

  test('takes every version of a third-party package from the catalog', () => {
    const manifests = [
      inRepo('package.json'),
      ...workspaceFolders().map((folder) => inRepo(folder, 'package.json')),
    ]
    const other = manifests.flatMap((path) => {
      const { dependencies, devDependencies } = readJson(path)
      return Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => version !== 'catalog:' && version !== 'workspace:^')
        .map(([name, version]) => `${path}: ${name} ${version}`)
    })
    expect(other).toEqual([])
  })

  test('tests every package', () => {
    const untested = foldersWithCode().filter(
      (folder) => !readJson(inRepo(folder, 'package.json')).scripts?.test,
    )
    expect(untested).toEqual([])
    expect(allTasks).toContain('test')
  })

  test('builds every package with its own project, and all of them from the root', () => {
    const { references } = readJson(inRepo('tsconfig.json'))
    const paths = references.map((/** @type {{ path: string }} */ { path }) => path)
    expect(paths.toSorted()).toEqual(foldersWithCode())
  })

  // Who runs a single app builds that app's project, with what it refers to and nothing else.
  test('builds with every package those that it depends on', () => {
    const withCode = foldersWithCode()
    const projects = new Map(
      withCode.map((folder) => [
        readJson(inRepo(folder, 'package.json')).name,
        inRepo(folder, 'tsconfig.build.json'),
      ]),
    )
    const missing = withCode.flatMap((folder) => {
      const project = inRepo(folder, 'tsconfig.build.json')
      if (!existsSync(project)) return []
      const referred = (readJson(project).references ?? []).map(
        (/** @type {{ path: string }} */ { path }) => inRepo(folder, path),
      )
      return Object.keys(readJson(inRepo(folder, 'package.json')).dependencies ?? {})
        .filter((name) => projects.has(name) && !referred.includes(projects.get(name)))
        .map((name) => `${folder}/tsconfig.build.json does not refer to ${name}`)
    })
    expect(missing).toEqual([])
  })

  test('describes every package to whoever finds it on npm', () => {
    for (const folder of workspaceFolders().filter((path) => path.startsWith('packages/'))) {
      const manifest = readJson(inRepo(folder, 'package.json'))
      expect(manifest).toMatchObject({
        name: `@flambeau/${folder.slice('packages/'.length)}`,
        description: expect.stringMatching(/\.$/),
        license: 'MIT',
        engines: { node: '>=20' },
        files: expect.any(Array),
        publishConfig: { access: 'public' },
      })
      expect(manifest.keywords.length).toBeGreaterThan(2)
      expect(existsSync(inRepo(folder, 'README.md'))).toBe(true)
    }
  })

  test.each(['core', 'cuda-backend'])(
    'installs the addon of exactly the same version as %s',
    (name) => {
      const { optionalDependencies } = readJson(inRepo(`packages/${name}/package.json`))
      const platforms = workspaceFolders()
        .map((folder) => readJson(inRepo(folder, 'package.json')))
        .filter((manifest) => manifest.os && manifest.name.startsWith(`@flambeau/${name}-linux`))
      expect(platforms).not.toEqual([])
      expect(optionalDependencies).toEqual(
        Object.fromEntries(platforms.map((manifest) => [manifest.name, 'workspace:*'])),
      )
    },
  )

  test('keeps what packages do when they are imported', () => {
    // These add methods to tensors.
    for (const name of ['core', 'autograd', 'nn']) {
      expect(readJson(inRepo(`packages/${name}/package.json`)).sideEffects).toBeUndefined()
    }
  })
})
