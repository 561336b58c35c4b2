/** Packs the packages of the workspace, and looks at what the tarballs hold. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { bundleModules } from './bundle.mjs'
import { run } from './exec.mjs'
import { filesBelow } from './fingerprint.mjs'
import { cuda, placeAddon, processor } from './platform.mjs'
import { inRepo, workspaceFolders } from './repo.mjs'
import { StepError, requireSuccess } from './steps.mjs'

/**
 * @typedef {object} Tarball
 * @property {string} name
 * @property {string} version
 * @property {string} path
 * @property {string[]} files as in the archive, below `package/`
 * @property {any} manifest the package.json inside
 */

/** What no package may contain. */
export const unwanted =
  /\.(test|bench|samples)\.|\.tsbuildinfo|\.map$|\/\.modules\/|^package\/(src|build|goldens|prebuilt|native\/tests)\/|\/test-results\//

/** What the package for a platform says of the libraries inside. */
const LICENCES = 'THIRD_PARTY_LICENSES.txt'

/** Every package but the one for a platform must have these. */
const always = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']

/**
 * Packs packages into a folder. Of those that bring an addon, the processor's is always among them, and
 * that of GPUs if it was built.
 *
 * @param {string} folder
 * @param {{ standIn?: string, only?: string[] }} [options] standIn: an addon to pack instead of the
 *   processor's own; only: names of folders below packages/, default all
 * @returns {Promise<Tarball[]>}
 */
export async function packAll(folder, { standIn, only } = {}) {
  await bundleModules()
  /** @type {Tarball[]} */
  const tarballs = []
  for (const path of packageFolders()) {
    const isProcessor = path === processor.folder
    if (only && !isProcessor && !only.includes(basename(path))) continue
    if (path === cuda.folder && !existsSync(cuda.addon)) continue
    if (isProcessor && !standIn && !existsSync(processor.addon)) {
      throw new StepError(`${processor.addon} is missing`, 'npm run build:platform')
    }
    const from = isProcessor && standIn ? await copyWith(path, standIn, folder) : inRepo(path)
    removeOrphans(from)
    const tarball = await inline(await pack(from, folder), path)
    checkFiles(path, tarball)
    tarballs.push(tarball)
  }
  return tarballs
}

/**
 * A copy of the package that brings the processor's addon, with another addon in it.
 *
 * @param {string} path of the package in the repository
 * @param {string} addon
 * @param {string} folder
 */
async function copyWith(path, addon, folder) {
  const copy = join(folder, 'platform')
  mkdirSync(copy)
  for (const name of ['package.json', 'README.md']) {
    cpSync(inRepo(path, name), join(copy, name))
  }
  cpSync(inRepo('LICENSE'), join(copy, 'LICENSE'))
  writeFileSync(join(copy, LICENCES), 'This copy is never published.\n')
  await placeAddon(addon, join(copy, 'flambeau.node'))
  return copy
}

/**
 * Deletes what the compiler made of sources that are gone: it never does so itself.
 *
 * @param {string} folder of a package
 */
function removeOrphans(folder) {
  const dist = join(folder, 'dist')
  if (!existsSync(dist)) return
  for (const file of filesBelow(dist, /\.(js|d\.ts)(\.map)?$/)) {
    const path = relative(dist, file)
    // What bundling made, and what it set aside; what a package made for its page.
    if (/^(chunk-|\.)/.test(path)) continue
    const source = path.replace(/\.(js|d\.ts)(\.map)?$/, '.ts')
    if (existsSync(join(folder, 'src', source)) || existsSync(join(folder, 'src', `${source}x`))) {
      continue
    }
    rmSync(file)
  }
}

/**
 * @param {string} folder of a package
 * @param {string} destination
 * @returns {Promise<Tarball>}
 */
async function pack(folder, destination) {
  const packed = await run('pnpm', ['pack', '--json', '--pack-destination', destination], {
    cwd: folder,
  })
  requireSuccess(packed, `pnpm pack failed in ${folder}`, 'run it there by hand')
  // What a package's `prepack` prints comes before.
  const { name, version, filename } = JSON.parse(packed.output.slice(packed.output.indexOf('{')))
  const listed = await run('tar', ['-tf', filename])
  const manifest = await run('tar', ['-xOf', filename, 'package/package.json'])
  return {
    name,
    version,
    path: filename,
    files: listed.output.trim().split('\n'),
    manifest: JSON.parse(manifest.output),
  }
}

/**
 * Libraries of which a package needs a fraction: that is copied into its compiled module, and the
 * library is not installed with it.
 *
 * @type {Record<string, { library: string, module: string }>} by the package's name
 */
const inlined = {
  // 8.7 MB, of which 0.2 MB are used.
  '@flambeau/data': { library: '@zip.js/zip.js', module: 'dist/formats/zip.js' },
}

/**
 * Copies what a package uses of a library into its tarball, with the library's licence.
 *
 * @param {Tarball} tarball
 * @param {string} path of the package in the repository
 * @returns {Promise<Tarball>}
 */
async function inline(tarball, path) {
  const plan = inlined[tarball.name]
  if (!plan) return tarball
  const { library, module } = plan
  const unpacked = `${tarball.path}.unpacked`
  mkdirSync(unpacked)
  requireSuccess(await run('tar', ['-xf', tarball.path, '-C', unpacked]), 'tar failed', 'see above')
  const target = join(unpacked, 'package')
  const { build } = await import('esbuild')
  await build({
    entryPoints: [inRepo(path, module)],
    outfile: join(target, module),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    logLevel: 'error',
    plugins: [
      {
        name: 'only-the-library',
        setup(bundler) {
          bundler.onResolve({ filter: /.*/ }, ({ path: specifier, kind, importer }) =>
            kind === 'entry-point' || specifier === library || importer.includes(library)
              ? undefined
              : { path: specifier, external: true },
          )
        },
      },
    ],
  })
  const source = dirname(realpathSync(inRepo(path, 'node_modules', library, 'package.json')))
  const notice = `${module} contains code of ${library}:\n\n${readFileSync(join(source, 'LICENSE'), 'utf8')}`
  writeFileSync(join(target, LICENCES), notice)
  const { [library]: _, ...dependencies } = tarball.manifest.dependencies
  const manifest = { ...tarball.manifest, dependencies }
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const packed = ['--sort=name', '--owner=0', '--group=0', '-czf', tarball.path, 'package']
  requireSuccess(await run('tar', packed, { cwd: unpacked }), 'tar failed', 'see above')
  rmSync(unpacked, { recursive: true })
  return { ...tarball, manifest, files: [...tarball.files, `package/${LICENCES}`] }
}

/**
 * The files that a package's manifest names: exported, declared, run.
 *
 * @param {any} manifest
 * @returns {string[]} relative to the package
 */
export function namedFiles({ exports = {}, bin = {}, main, types }) {
  /** @type {string[]} */
  const found = []
  const visit = (/** @type {unknown} */ value, /** @type {string} */ key) => {
    if (typeof value === 'string') {
      if (key !== '@flambeau/source') found.push(value)
    } else if (value && typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) visit(inner, name)
    }
  }
  visit(exports, '')
  visit(bin, '')
  visit([main, types].filter(Boolean), '')
  return [...new Set(found.map((path) => path.replace(/^\.\//, '')))]
}

/**
 * What the entry points import from beside them.
 *
 * @param {string} path of the package in the repository
 * @param {any} manifest
 * @returns {string[]} as in the archive
 */
function importedFiles(path, manifest) {
  return namedFiles(manifest)
    .filter((file) => file.endsWith('.js') && existsSync(inRepo(path, file)))
    .flatMap((file) => {
      const source = readFileSync(inRepo(path, file), 'utf8')
      return [...source.matchAll(/^(?:import|export|\})[^'"\n]*['"](\.{1,2}\/[^'"]+)['"]/gm)].map(
        ([, target]) => join('package', dirname(file), target ?? ''),
      )
    })
}

/**
 * @param {string} path of the package in the repository
 * @param {Tarball} tarball
 */
export function checkFiles(path, { name, files, manifest }) {
  const own = manifest.os ? ['package.json', 'README.md', 'LICENSE', LICENCES] : always
  const wanted = [...new Set([...own, ...namedFiles(manifest)])].map((file) => `package/${file}`)
  const missing = [...wanted, ...importedFiles(path, manifest)].filter(
    (file) => !files.includes(file),
  )
  const extra = files.filter((file) => unwanted.test(file))
  if (missing.length > 0 || extra.length > 0) {
    throw new StepError(
      `the tarball of ${name} lacks [${few(missing)}] and should not contain [${few(extra)}]`,
      `mend "files" in ${path}/package.json, or build first: npm run setup`,
    )
  }
}

/** @param {string[]} names */
const few = (names) => names.slice(0, 6).join(', ') + (names.length > 6 ? ', …' : '')

/** @param {Tarball} tarball @returns {string} one line */
export function describeTarball({ name, path, files }) {
  return `${name}: ${Math.ceil(statSync(path).size / 1024)} kB, ${files.length} files`
}

/** The folders of all packages, relative to the repository. */
const packageFolders = () => workspaceFolders().filter((path) => path.startsWith('packages/'))

/** Names of the packages that a program can import, of those that were packed. */
export const importable = (/** @type {Tarball[]} */ tarballs) =>
  tarballs.filter(({ manifest }) => !manifest.os).map(({ name }) => name)

/** The packages that the command line names with --only; nothing where it names none. */
export function onlySome(args = process.argv.slice(2)) {
  const at = args.indexOf('--only')
  return at < 0 ? {} : { only: (args[at + 1] ?? '').split(',') }
}
