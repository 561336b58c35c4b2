/**
 * Makes a fresh clone ready to run: node scripts/setup.mjs [--tests] [--cuda] [--verbose]
 *
 * It needs nothing but Node itself, finds out what is missing or stale, and does only that: system
 * libraries, the pinned pnpm and the workspace's packages, the native addon, the TypeScript build. With
 * --tests also the CUDA backend on an emulation of a GPU, with --cuda the one for real GPUs.
 */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { bundleModules, isBundled, restoreModules } from './lib/bundle.mjs'
import { run } from './lib/exec.mjs'
import { hashFiles, readStamp, writeStamp } from './lib/fingerprint.mjs'
import { withLock } from './lib/lock.mjs'
import { buildNative, findNvcc } from './lib/native.mjs'
import { inRepo, pnpmSpec, workspaceFolders } from './lib/repo.mjs'
import { StepError, requireSuccess, runMain, runSteps } from './lib/steps.mjs'
import { installPackages, missingPackages, requirements } from './lib/system.mjs'

/**
 * @typedef {object} SetupOptions
 * @property {boolean} [tests] also what only the tests need: linters, native unit tests
 * @property {string | null} [build] the TypeScript project to build, with all that it imports
 * @property {boolean} [cuda] the addon for GPUs, where nvcc is found
 * @property {boolean} [native] what runs tensors: the addon, and the system libraries it is compiled with
 * @property {boolean} [verbose] show every tool's output
 */

/** @param {SetupOptions} options */
export function setup({
  tests = false,
  build = 'tsconfig.json',
  cuda = false,
  native = true,
  verbose = false,
} = {}) {
  /** @param {Parameters<typeof buildNative>[0]['progress']} progress */
  const nativeBuild = (progress) => buildNative({ tests, verbose, progress })
  /** @param {Parameters<typeof buildNative>[0]['progress']} progress */
  const emulatedBuild = (progress) =>
    buildNative({ tests, verbose, variant: 'cuda-emulated', progress })
  /** @param {Parameters<typeof buildNative>[0]['progress']} progress */
  const cudaBuild = (progress) =>
    findNvcc() === null
      ? 'left out: nvcc, the compiler of the CUDA toolkit, was not found (CUDA_HOME may name its folder)'
      : buildNative({ tests: false, verbose, variant: 'cuda', progress })
  /** @type {Parameters<typeof runSteps>[1]} */
  const steps = [
    { name: 'node', run: () => checkNode(tests) },
    ...(native ? [{ name: 'system libraries', run: () => systemLibraries(tests, verbose) }] : []),
    { name: 'workspace install', run: () => workspaceInstall(verbose) },
    ...(native ? [{ name: 'native build', run: nativeBuild }] : []),
    ...(tests ? [{ name: 'emulated GPU', run: emulatedBuild }] : []),
    ...(cuda ? [{ name: 'CUDA build', run: cudaBuild }] : []),
    ...(build ? [{ name: 'TypeScript build', run: () => typescriptBuild(build, verbose) }] : []),
  ]
  return withLock(() => runSteps('set-up', steps, { verbose }))
}

/** @param {boolean} tests */
function checkNode(tests) {
  // vitest and the linters need a later Node 20 than flambeau itself.
  const [major, minor] = process.versions.node.split('.').map(Number)
  const wanted = tests ? [20, 19] : [20, 0]
  if (major > wanted[0] || (major === wanted[0] && minor >= wanted[1])) return null
  throw new StepError(
    `Node ${process.versions.node} is too old${tests ? ' for the tests' : ''}`,
    `install Node ${wanted.join('.')} or newer, for example from https://nodejs.org`,
  )
}

/**
 * @param {boolean} tests
 * @param {boolean} verbose
 */
async function systemLibraries(tests, verbose) {
  const missing = missingPackages(requirements({ tests }))
  if (missing.length === 0) return null
  await installPackages(missing, { verbose })
  const still = missingPackages(requirements({ tests }))
  if (still.length > 0) {
    throw new StepError(
      `still not found after the installation: ${still.join(', ')}`,
      'look at what apt-get says with --verbose',
    )
  }
  return `installed ${missing.join(', ')}`
}

/** @param {boolean} verbose */
async function workspaceInstall(verbose) {
  const manifests = workspaceFolders().map((folder) => inRepo(folder, 'package.json'))
  const inputs = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml'].map((name) =>
    inRepo(name),
  )
  const fingerprint = hashFiles([...inputs, ...manifests])
  const isInstalled = existsSync(inRepo('node_modules/.modules.yaml'))
  if (isInstalled && readStamp('install') === fingerprint) return null
  const result = await run(
    'npx',
    ['--yes', pnpmSpec(), 'install', '--frozen-lockfile', '--reporter=append-only'],
    {
      verbose,
      env: { CI: 'true' },
    },
  )
  requireSuccess(
    result,
    `${pnpmSpec()} could not install the workspace`,
    'check that the npm registry is reachable; after a change to a package.json, run pnpm install and commit pnpm-lock.yaml',
  )
  writeStamp('install', fingerprint)
  return `installed the workspace with ${pnpmSpec()}`
}

/**
 * @param {string} project
 * @param {boolean} verbose
 */
async function typescriptBuild(project, verbose) {
  const wasBundled = isBundled()
  let emitted = 0
  restoreModules()
  const result = await run(
    inRepo('node_modules/.bin/tsc'),
    ['-b', project, '--pretty', 'false', '--listEmittedFiles'],
    {
      verbose,
      onLine: (line) => {
        if (line.endsWith('.js')) emitted += 1
      },
    },
  )
  if (result.code !== 0) {
    const errors = result.output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('TSFILE:'))
    throw new StepError(
      ['tsc found errors', ...errors.slice(0, 20)].join('\n'),
      'mend the errors named above, then run this command again',
    )
  }
  await bundleModules()
  await buildBoardPage()
  return emitted > 0 || !wasBundled ? `compiled ${emitted} TypeScript files` : null
}

/** The page that flambeau-board serves, if that package has been compiled. */
async function buildBoardPage() {
  if (!existsSync(inRepo('packages/board/dist/index.js'))) return
  // Not before the workspace is installed.
  const { buildPage } = await import('../packages/board/scripts/build-page.mjs')
  await buildPage()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    await setup({
      tests: process.argv.includes('--tests'),
      cuda: process.argv.includes('--cuda'),
      verbose: process.argv.includes('--verbose'),
    })
    process.stderr.write('ready\n')
    return 0
  })
}
