import { existsSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { onPath, run } from './exec.mjs'
import { readStamp, toolchainFingerprint, writeStamp } from './fingerprint.mjs'
import { inRepo } from './repo.mjs'
import { StepError, requireSuccess } from './steps.mjs'

const sources = inRepo('packages/core/native')

/**
 * The variants of the native build, each with a folder of its own.
 *
 * @typedef {'release' | 'platform' | 'sanitize'} Variant
 * @type {Record<Variant, { folder: string, options: string[] }>}
 */
const variants = {
  release: {
    folder: inRepo('packages/core/build/native'),
    options: ['-DCMAKE_BUILD_TYPE=Release'],
  },
  // What is published: with every library inside.
  platform: {
    folder: inRepo('packages/core/build/native-platform'),
    options: [
      '-DCMAKE_BUILD_TYPE=Release',
      `-DFLAMBEAU_ADDON_DIR=${inRepo('packages/core/build/native-platform/addon')}`,
    ],
  },
  sanitize: {
    folder: inRepo('packages/core/build/native-sanitize'),
    options: ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DFLAMBEAU_SANITIZE=ON'],
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

/**
 * Builds the addon, and the native unit tests where asked. The build tool finds out what is stale; a
 * changed compiler, CMake or library starts the folder afresh.
 *
 * @param {{ tests: boolean, verbose: boolean, variant?: Variant, progress?: import('./steps.mjs').Progress }} options
 * @returns {Promise<string | null>} what was built, null if nothing was stale
 */
export async function buildNative({ tests, verbose, variant = 'release', progress = () => {} }) {
  const { folder, options } = variants[variant]
  const stamp = `native-${variant}`
  const toolchain = toolchainFingerprint()
  const known = readStamp(stamp)
  if (known !== null && known.split(' ')[0] !== toolchain)
    rmSync(folder, { recursive: true, force: true })

  const withTests = tests || (known?.endsWith('tests') ?? false)
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
      ],
      { verbose },
    )
    requireSuccess(
      result,
      'CMake could not configure packages/core/native',
      'install what CMake names above',
    )
    writeStamp(stamp, configured)
  }
  let compiled = 0
  const targets = tests ? ['flambeau', 'flambeau_native_tests'] : ['flambeau']
  const build = await run(
    'cmake',
    ['--build', folder, '--parallel', String(availableParallelism()), '--target', ...targets],
    {
      verbose,
      onLine: (line) => {
        if (!/Building CXX object/.test(line)) return
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
