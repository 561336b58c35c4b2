import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { onPath, outputOf, run } from './exec.mjs'
import { readStamp, toolchainFingerprint, writeStamp } from './fingerprint.mjs'
import { inRepo, root } from './repo.mjs'
import { StepError, requireSuccess } from './steps.mjs'

/**
 * The native builds: of core's addon, and of the CUDA backend's.
 *
 * @typedef {'release' | 'platform' | 'sanitize' | 'cuda' | 'cuda-platform' | 'cuda-emulated' | 'cuda-sanitize' | 'cuda-races'} Variant
 *
 * @typedef {object} Build
 * @property {string} sources the folder of CMakeLists.txt
 * @property {string} folder where it is built
 * @property {string[]} options for CMake
 * @property {string} addon the target that makes the addon
 * @property {string} [tests] the target that makes the unit tests, and their program's name
 */

const core = {
  sources: inRepo('packages/core/native'),
  addon: 'flambeau',
  tests: 'flambeau_native_tests',
}
const cuda = { sources: inRepo('packages/cuda-backend/native'), addon: 'flambeau_cuda' }
const emulated = { ...cuda, tests: 'flambeau_cuda_tests' }

/** @type {Record<Variant, Build>} */
const variants = {
  release: {
    ...core,
    folder: inRepo('packages/core/build/native'),
    options: ['-DCMAKE_BUILD_TYPE=Release'],
  },
  // What is published: with every library inside.
  platform: {
    ...core,
    folder: inRepo('packages/core/build/native-platform'),
    options: [
      '-DCMAKE_BUILD_TYPE=Release',
      `-DFLAMBEAU_ADDON_DIR=${inRepo('packages/core/build/native-platform/addon')}`,
    ],
  },
  sanitize: {
    ...core,
    folder: inRepo('packages/core/build/native-sanitize'),
    options: ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DFLAMBEAU_SANITIZE=ON'],
  },
  // For GPUs, by nvcc.
  cuda: {
    ...cuda,
    folder: inRepo('packages/cuda-backend/build/cuda'),
    options: ['-DCMAKE_BUILD_TYPE=Release', '-DFLAMBEAU_CUDA_FLAVOUR=cuda'],
  },
  // What is published: for every GPU that is supported, and small.
  'cuda-platform': {
    ...cuda,
    folder: inRepo('packages/cuda-backend/build/cuda-platform'),
    options: [
      '-DCMAKE_BUILD_TYPE=Release',
      '-DFLAMBEAU_CUDA_FLAVOUR=cuda',
      '-DFLAMBEAU_CUDA_ARCHITECTURES=75-real;80-real;80-virtual;90-real;100-real;120-real',
      '-DFLAMBEAU_CUDA_COMPRESS=ON',
      `-DFLAMBEAU_ADDON_DIR=${inRepo('packages/cuda-backend/build/cuda-platform/addon')}`,
    ],
  },
  // For tests on machines without a GPU, by the C++ compiler.
  'cuda-emulated': {
    ...emulated,
    folder: inRepo('packages/cuda-backend/build/emulated'),
    options: ['-DCMAKE_BUILD_TYPE=Release', '-DFLAMBEAU_CUDA_FLAVOUR=emulated'],
  },
  'cuda-sanitize': {
    ...emulated,
    folder: inRepo('packages/cuda-backend/build/emulated-sanitize'),
    options: [
      '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
      '-DFLAMBEAU_CUDA_FLAVOUR=emulated',
      '-DFLAMBEAU_SANITIZE=ON',
    ],
  },
  // Accesses of device code are watched.
  'cuda-races': {
    ...emulated,
    folder: inRepo('packages/cuda-backend/build/emulated-races'),
    options: [
      '-DCMAKE_BUILD_TYPE=Release',
      '-DFLAMBEAU_CUDA_FLAVOUR=emulated',
      '-DFLAMBEAU_RACES=ON',
    ],
  },
}

/**
 * The folder with oneDNN's sources, which the published addon is built with.
 *
 * @throws {StepError} if FLAMBEAU_ONEDNN does not name one.
 */
export function onednnSources() {
  const folder = process.env['FLAMBEAU_ONEDNN']
  if (folder !== undefined && existsSync(join(folder, 'src/cpu/cpu_convolution_list.cpp')))
    return folder
  throw new StepError(
    folder === undefined
      ? 'FLAMBEAU_ONEDNN is not set: where are the sources of oneDNN?'
      : `FLAMBEAU_ONEDNN is ${folder}, where no sources of oneDNN are`,
    'packages/core/native/onednn/README.md says where to get them',
  )
}

/** @param {Variant} variant */
export const buildFolder = (variant) => variants[variant].folder

/** @param {Variant} variant */
export const nativeSources = (variant) => variants[variant].sources

/**
 * The program with the unit tests of a variant.
 *
 * @param {Variant} variant
 */
export const testProgram = (variant) =>
  join(variants[variant].folder, variants[variant].tests ?? 'there are none')

/** The compiler of CUDA; null where there is none. */
export function findNvcc() {
  if (onPath('nvcc')) return outputOf('sh', ['-c', 'command -v nvcc'])
  const { CUDA_HOME, CUDA_PATH } = process.env
  const toolkits = [CUDA_HOME, CUDA_PATH, '/usr/local/cuda', ...newestToolkits()]
  const places = toolkits.map((toolkit) => join(toolkit || '/usr', 'bin/nvcc'))
  return places.find((place) => existsSync(place)) ?? null
}

function newestToolkits() {
  if (!existsSync('/usr/local')) return []
  const names = readdirSync('/usr/local').filter((name) => /^cuda-[\d.]+$/.test(name))
  const version = (/** @type {string} */ name) => Number.parseFloat(name.slice('cuda-'.length))
  return names.sort((a, b) => version(b) - version(a)).map((name) => join('/usr/local', name))
}

/**
 * Builds an addon, and its native unit tests where asked. The build tool finds out what is stale; a
 * changed compiler, CMake or library starts the folder afresh.
 *
 * @param {{ tests: boolean, verbose: boolean, variant?: Variant, progress?: import('./steps.mjs').Progress }} options
 * @returns {Promise<string | null>} what was built, null if nothing was stale
 */
export async function buildNative({ tests, verbose, variant = 'release', progress = () => {} }) {
  const { sources, folder, options, addon, tests: testTarget } = variants[variant]
  const stamp = `native-${variant}`
  const nvcc = variant === 'cuda' || variant === 'cuda-platform' ? findNvcc() : null
  const toolchain = toolchainFingerprint(nvcc ? [outputOf(nvcc, ['--version'])] : [])
  const known = readStamp(stamp)
  if (known !== null && known.split(' ')[0] !== toolchain)
    rmSync(folder, { recursive: true, force: true })

  const withTests = testTarget !== undefined && (tests || (known?.endsWith('tests') ?? false))
  const configured = `${toolchain} ${withTests ? 'tests' : 'addon'}`
  const isNew = !existsSync(join(folder, 'CMakeCache.txt'))
  if (isNew || known !== configured) {
    const result = await run(
      'cmake',
      [
        '-S',
        sources,
        '-B',
        folder,
        ...(isNew && onPath('ninja') ? ['-G', 'Ninja'] : []),
        `-DNODE_API_HEADERS_DIR=${nodeApiHeaders()}`,
        `-DFLAMBEAU_TESTS=${withTests ? 'ON' : 'OFF'}`,
        ...options,
        ...(variant === 'platform' ? [`-DFLAMBEAU_ONEDNN=${onednnSources()}`] : []),
        ...(nvcc ? [`-DCMAKE_CUDA_COMPILER=${nvcc}`] : []),
      ],
      { verbose },
    )
    requireSuccess(
      result,
      `CMake could not configure ${relative(root, sources)}`,
      'install what CMake names above',
    )
    writeStamp(stamp, configured)
  }
  let compiled = 0
  const targets = tests && testTarget ? [addon, testTarget] : [addon]
  const build = await run(
    'cmake',
    ['--build', folder, '--parallel', String(availableParallelism()), '--target', ...targets],
    {
      verbose,
      onLine: (line) => {
        if (!/Building (CXX|CUDA) object/.test(line)) return
        compiled += 1
        progress(`compiling C++ ${line.match(/^\[\s*(.+?)\]/)?.[1] ?? ''}`) // [12/88] or [ 14%]
      },
    },
  )
  if (build.code !== 0) {
    throw new StepError(
      `the native sources do not compile (exit ${build.code})\n${compilerErrors(build.output)}`,
      'mend the source named above, then run this command again',
    )
  }
  return compiled > 0 ? `compiled ${compiled} C++ files` : null
}

/** The include folder of the npm package node-api-headers, as core's own node_modules has it. */
function nodeApiHeaders() {
  const link = inRepo('packages/core/node_modules/node-api-headers')
  if (!existsSync(link)) {
    throw new StepError(
      'packages/core/node_modules/node-api-headers is missing',
      'run npm run setup',
    )
  }
  return join(realpathSync(link), 'include')
}

/**
 * The compiler's errors without the noise of the build tool; everything if there is none.
 *
 * @param {string} output
 */
function compilerErrors(output) {
  const lines = output.split('\n')
  const first = lines.findIndex((line) =>
    /\berror:|undefined reference|No rule to make/i.test(line),
  )
  return lines.slice(Math.max(0, first)).slice(0, 30).join('\n')
}
