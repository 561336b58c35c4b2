/**
 * Joins the compiled modules of a package into a few files, because importing hundreds of modules
 * takes longer than running them.
 *
 * The files take the places of the compiled entry points in dist/. What was there, and the compiler's
 * notes, are set aside in dist/.modules, from where `restoreModules` puts them back before the next
 * build. A compiler that is run without it finds no notes and compiles everything again, so that old
 * and new code never mix.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { filesBelow } from './fingerprint.mjs'
import { inRepo, readJson } from './repo.mjs'

/** Packages that every program imports. Nothing in them finds other modules by their paths. */
const bundledPackages = ['core', 'autograd', 'nn', 'optim']

const NOTES = '.tsbuildinfo'

/**
 * The entry points of a package, relative to dist/: what it exports, and what its programs import.
 *
 * @param {string} folder of the package
 * @returns {string[]}
 */
function entryPoints(folder) {
  const { exports, bin = {} } = readJson(join(folder, 'package.json'))
  const programs = Object.values(bin).map((path) => {
    const source = readFileSync(join(folder, path), 'utf8')
    const [, imported] = /'\.\.\/(dist\/[^']+)'/.exec(source) ?? []
    if (!imported) throw new Error(`${join(folder, path)} imports nothing from dist/`)
    return imported
  })
  return [...Object.values(exports).map((entry) => entry.default), ...programs]
    .map((path) => relative('dist', path))
    .sort()
}

/** Files that change places with their bundled forms. */
const movedFiles = (/** @type {string} */ folder) => [...entryPoints(folder), NOTES]

/** The folders of the packages that are bundled. */
const folders = () => bundledPackages.map((name) => inRepo('packages', name))

/** @param {string} from @param {string} to */
function move(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  renameSync(from, to)
}

/**
 * Makes dist/ of packages what the compiler left there.
 *
 * @param {string[]} packages their folders
 */
export function restoreModules(packages = folders()) {
  for (const folder of packages) {
    const dist = join(folder, 'dist')
    const aside = join(dist, '.modules')
    if (!existsSync(aside)) continue
    // Notes in dist/ are those of a later build, whose files are there already.
    if (!existsSync(join(dist, NOTES))) {
      for (const file of movedFiles(folder)) {
        if (existsSync(join(aside, file))) move(join(aside, file), join(dist, file))
      }
    }
    rmSync(aside, { recursive: true })
  }
}

/**
 * Are the entry points bundled, and was nothing compiled since?
 *
 * @param {string[]} packages their folders
 */
export function isBundled(packages = folders()) {
  return packages.every((folder) => {
    const dist = join(folder, 'dist')
    return existsSync(join(dist, '.modules', NOTES)) && !existsSync(join(dist, NOTES))
  })
}

/**
 * Bundles the packages that have been compiled.
 *
 * @param {string[]} packages their folders
 * @returns {Promise<number>} how many
 */
export async function bundleModules(packages = folders()) {
  // Not before the workspace is installed.
  const { build } = await import('esbuild')
  const compiled = packages.filter((folder) => existsSync(join(folder, 'dist', NOTES)))
  for (const folder of compiled) {
    const dist = join(folder, 'dist')
    const made = join(dist, '.bundle')
    rmSync(made, { recursive: true, force: true })
    const entries = entryPoints(folder)
    await build({
      entryPoints: entries.map((file) => join(dist, file)),
      outdir: made,
      outbase: dist,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      // Classes are shown by their names.
      keepNames: true,
      chunkNames: 'chunk-[hash]',
      logLevel: 'error',
    })
    const aside = join(dist, '.modules')
    rmSync(aside, { recursive: true, force: true })
    for (const file of movedFiles(folder)) move(join(dist, file), join(aside, file))
    for (const file of readdirSync(dist)) {
      if (/^chunk-\w+\.js$/.test(file)) rmSync(join(dist, file))
    }
    for (const path of filesBelow(made, /\.js$/)) move(path, join(dist, relative(made, path)))
    rmSync(made, { recursive: true })
  }
  return compiled.length
}
