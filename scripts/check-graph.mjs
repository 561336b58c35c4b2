/**
 * Checks that imports follow the architecture: node scripts/check-graph.mjs
 *
 * - packages import each other in one direction only (the table below); a test may import any package
 *   that does not import the one it tests;
 * - a package declares what it imports, and imports what it declares;
 * - no relative import leaves its package, and files of a package do not import each other in a circle;
 * - `@flambeau/core/internal` is for packages, `@flambeau/core/testing` for tests, samples and parity/.
 */
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesBelow } from './lib/fingerprint.mjs'
import { importsOf } from './lib/imports.mjs'
import { readJson, root, workspaceFolders } from './lib/repo.mjs'

/** @type {Record<string, string[]>} for each package, the packages that its sources may import */
const mayImport = {
  '@flambeau/core': [],
  '@flambeau/core-linux-x64-gnu': [],
  '@flambeau/cuda-backend': ['@flambeau/core'],
  '@flambeau/cuda-backend-linux-x64-gnu': [],
  '@flambeau/autograd': ['@flambeau/core'],
  '@flambeau/nn': ['@flambeau/core', '@flambeau/autograd'],
  '@flambeau/optim': ['@flambeau/core', '@flambeau/autograd', '@flambeau/nn'],
  '@flambeau/data': ['@flambeau/core'],
  '@flambeau/plot': ['@flambeau/core'],
  '@flambeau/tensorboard': ['@flambeau/core', '@flambeau/nn'],
  '@flambeau/board': ['@flambeau/core', '@flambeau/tensorboard'],
  '@flambeau/trainer': [
    '@flambeau/core',
    '@flambeau/autograd',
    '@flambeau/nn',
    '@flambeau/optim',
    '@flambeau/data',
    '@flambeau/tensorboard',
  ],
  '@flambeau/command-line': ['@flambeau/core', '@flambeau/cuda-backend', '@flambeau/trainer'],
  '@flambeau/onnx': ['@flambeau/core', '@flambeau/autograd', '@flambeau/nn'],
  '@flambeau/vision-models': ['@flambeau/core', '@flambeau/autograd', '@flambeau/nn'],
  '@flambeau/graph-models': ['@flambeau/core', '@flambeau/autograd', '@flambeau/nn'],
  '@flambeau/sequence-models': ['@flambeau/core', '@flambeau/autograd', '@flambeau/nn'],
}

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} folder absolute
 * @property {boolean} isLibrary below packages/; anything else is an end point that may import all of them
 * @property {Set<string>} dependencies what its sources may import: dependencies and peers
 * @property {Set<string>} devDependencies
 *
 * @typedef {{ file: string, line: number, message: string }} Problem
 */

/**
 * All breaches of the rules, in the workspace below `top`.
 *
 * @param {string} top
 * @param {string[]} folders of the packages, relative to `top`
 * @returns {Problem[]}
 */
export function checkGraph(top, folders) {
  return folders.flatMap((folder) => {
    const manifest = readJson(join(top, folder, 'package.json'))
    const names = (/** @type {string} */ field) => Object.keys(manifest[field] ?? {})
    return checkPackage({
      name: manifest.name,
      folder: join(top, folder),
      isLibrary: folder.startsWith('packages/'),
      dependencies: new Set([...names('dependencies'), ...names('peerDependencies')]),
      devDependencies: new Set(names('devDependencies')),
    })
  })
}

/**
 * @param {Package} pkg
 * @returns {Problem[]}
 */
function checkPackage(pkg) {
  /** @type {Problem[]} */
  const problems = []
  const manifest = join(pkg.folder, 'package.json')
  if (pkg.isLibrary) {
    if (!mayImport[pkg.name]) {
      problems.push({
        file: manifest,
        line: 1,
        message: `${pkg.name} has no row in scripts/check-graph.mjs: add what it may import`,
      })
      return problems
    }
    for (const name of pkg.dependencies) {
      const message = breachOfDirection(pkg, name)
      if (message) problems.push({ file: manifest, line: 1, message })
    }
  }
  /** @type {Set<string>} */
  const used = new Set()
  /** @type {Map<string, { to: string, line: number }[]>} */
  const edges = new Map()
  for (const file of filesBelow(pkg.folder, /\.ts$/).filter(isSource)) {
    /** @type {{ to: string, line: number }[]} */
    const targets = []
    const source = readFileSync(file, 'utf8')
    for (const name of pkg.dependencies) {
      if (source.includes(`'${name}`)) used.add(name) // also when it is only resolved, not imported
    }
    for (const found of importsOf(file, source)) {
      if (found.specifier.startsWith('.')) {
        const to = resolve(dirname(file), found.specifier)
        const isConfig = file.endsWith('vitest.config.ts')
        if (!isConfig && relative(pkg.folder, to).startsWith('..')) {
          problems.push({
            file,
            line: found.line,
            message: `'${found.specifier}' leaves ${pkg.name}: import the other package by its name`,
          })
        } else if (!found.typeOnly) {
          targets.push({ to, line: found.line })
        }
        continue
      }
      const message = checkBareImport(pkg, file, found.specifier)
      if (message) problems.push({ file, line: found.line, message })
    }
    edges.set(file, targets)
  }
  for (const name of pkg.dependencies) {
    if (pkg.isLibrary && edges.size > 1 && !used.has(name)) {
      problems.push({
        file: manifest,
        line: 1,
        message: `${pkg.name} declares ${name} and never uses it`,
      })
    }
  }
  return [...problems, ...findCycles(edges)]
}

/**
 * @param {Package} pkg
 * @param {string} file
 * @param {string} specifier not relative
 * @returns {string | null} what is wrong with it
 */
function checkBareImport(pkg, file, specifier) {
  const name = packageName(specifier)
  if (specifier.startsWith('node:') || name === pkg.name) return null
  if (isBuiltin(specifier)) return `write 'node:${specifier}'`
  const isTest = isTestFile(file)
  const beside = isTest && mayImport[name] && !reaches(name, pkg.name)
  const direction = beside ? null : breachOfDirection(pkg, name)
  if (direction) return direction
  if (specifier === '@flambeau/core/internal' && !pkg.isLibrary) {
    return `'${specifier}' is for the packages of this repository, ${pkg.name} is to use the public API`
  }
  if (specifier === '@flambeau/core/testing' && !isTest) {
    return `'${specifier}' is for tests (*.test.ts, *.samples.ts, testing/, parity/)`
  }
  if (pkg.dependencies.has(name) || (isTest && pkg.devDependencies.has(name))) return null
  if (!pkg.isLibrary && pkg.devDependencies.has(name)) return null
  const field = isTest ? 'devDependencies' : 'dependencies'
  const declared = [...pkg.dependencies].join(', ') || 'none'
  return `'${specifier}' is not declared in the ${field} of ${pkg.name} (declared: ${declared})`
}

/**
 * Does a package import another, by itself or through others?
 *
 * @param {string} from
 * @param {string} to
 * @returns {boolean}
 */
function reaches(from, to) {
  return (mayImport[from] ?? []).some((name) => name === to || reaches(name, to))
}

/**
 * @param {Package} pkg
 * @param {string} name of a package that it wants to import
 * @returns {string | null}
 */
function breachOfDirection(pkg, name) {
  if (!name.startsWith('@flambeau/') || name === pkg.name) return null
  if (!mayImport[name]) return `${pkg.name} must not import ${name}: nothing imports an app`
  const allowed = pkg.isLibrary ? mayImport[pkg.name] : Object.keys(mayImport)
  if (allowed.includes(name)) return null
  return `${pkg.name} must not import ${name} (allowed: ${allowed.join(', ') || 'none'})`
}

/**
 * Circles of imports that remain at run time, each reported once, at the file that closes it.
 *
 * @param {Map<string, { to: string, line: number }[]>} edges
 * @returns {Problem[]}
 */
function findCycles(edges) {
  /** @type {Problem[]} */
  const problems = []
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map()
  /** @type {string[]} */
  const path = []
  const visit = (/** @type {string} */ file) => {
    state.set(file, 'open')
    path.push(file)
    for (const { to, line } of edges.get(file) ?? []) {
      if (state.get(to) === 'open') {
        const circle = [...path.slice(path.indexOf(to)), to].map(
          (name) => relative(dirname(file), name) || name,
        )
        problems.push({ file, line, message: `imports in a circle: ${circle.join(' -> ')}` })
      } else if (!state.has(to)) {
        visit(to)
      }
    }
    path.pop()
    state.set(file, 'done')
  }
  for (const file of edges.keys()) if (!state.has(file)) visit(file)
  return problems
}

const ignored = /\/(node_modules|dist|build|prebuilt|\.[^/]+)\//
const isSource = (/** @type {string} */ file) => !ignored.test(file)
const isTestFile = (/** @type {string} */ file) =>
  /(\.(test|samples)\.ts|vitest\.config\.ts)$|\/testing\/|\/parity\//.test(file)

/** @param {string} specifier */
const packageName = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = checkGraph(root, workspaceFolders())
  for (const { file, line, message } of problems) {
    process.stdout.write(`${relative(root, file)}:${line}: ${message}\n`)
  }
  process.exitCode = problems.length > 0 ? 1 : 0
}
